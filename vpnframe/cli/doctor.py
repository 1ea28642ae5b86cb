"""Implement the command ``vpnframe doctor``, which checks credentials and permissions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from vpnframe.cli.cloud_options import CloudOptions
from vpnframe.cli.exit_codes import ExitCode
from vpnframe.cli.options import flag, option
from vpnframe.cli.output import TableOptions
from vpnframe.cli.streams import note
from vpnframe.cloud.permissions import REVELATION, assuming_policy, policy, trust_policy
from vpnframe.fetching.doctor import doctor

_WHO = "acs:ram::ACCOUNT_ID:user/NAME"


def run(
    *,
    options: CloudOptions,
    policy_only: Annotated[
        bool,
        flag(
            "--policy",
            "Print the RAM policy that a fetch needs, and exit without calling the API. With "
            "--accounts, also print the policies that allow a user to assume the accounts' roles.",
        ),
    ] = False,
    sample_out: Annotated[
        Path | None,
        option(
            "DIR",
            "Write the shape of each API response to this new folder. A shape has fields and their "
            "types, but no keys, names, ids, addresses or numbers, so that you can share it.",
        ),
    ] = None,
    printed: TableOptions,
) -> ExitCode:
    """Check credentials, permissions, clock and regions; estimate how long a fetch takes.

    The status of each check is ok, missing or unknown; a check that is not ok has a remedy. The
    exit code is 1 if the status of a check is missing.
    """
    settings = options.settings()
    if policy_only:
        _print_policies([account.role_arn for account in settings.accounts if account.role_arn])
        return ExitCode.DONE
    table = doctor(
        regions=options.region or None,
        endpoint=options.endpoint,
        settings=settings,
        sample_out=sample_out,
    )
    if sample_out is not None:
        n_files = len(list(sample_out.iterdir()))
        note(f"the shapes of API responses are in {sample_out} (files: {n_files})")
    printed.print(table, brief=("status", "check", "region_id", "detail", "account_id"))
    for row in table[table["status"] != "ok"].itertuples():
        where = f" in {row.region_id}" if isinstance(row.region_id, str) else ""
        note(f"{row.check}{where}: {row.detail}\n  {row.remedy}")
    return ExitCode.ERROR if (table["status"] == "missing").any() else ExitCode.DONE


def _print_policies(roles: list[str]) -> None:
    """Print the RAM policy that a fetch needs, and the policies to assume ``roles``."""
    print(policy(), flush=True)
    for role in roles:
        note(
            f"trust policy for the role {role}; replace {_WHO} with the RAM user that runs "
            "the fetch:"
        )
        print(trust_policy(_WHO), flush=True)
    if roles:
        note("policy for this RAM user, to assume these roles:")
        print(assuming_policy(roles), flush=True)
    note(REVELATION)
