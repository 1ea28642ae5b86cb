"""``vpnframe doctor``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vpnframe.cli.exit_codes import ExitCode
from vpnframe.cli.options import CloudOptions, flag, option
from vpnframe.cli.output import TableOptions
from vpnframe.cli.streams import note
from vpnframe.cloud.permissions import REVELATION, assuming_policy, policy, trust_policy
from vpnframe.fetching.doctor import doctor
from vpnframe.fetching.settings import read_accounts

_WHO = "acs:ram::ACCOUNT_ID:user/NAME"


def run(
    *,
    options: CloudOptions,
    policy_only: Annotated[
        bool,
        flag(
            "--policy",
            "Print the RAM policy that a fetch needs, without a call; with --accounts also "
            "who may assume their roles, and the policy that allows it.",
        ),
    ] = False,
    sample_out: Annotated[
        Path | None,
        option(
            "DIR",
            "Write the shape of each answer to this new folder: fields and types, without "
            "keys, names, ids, addresses or numbers. You may share them with us.",
        ),
    ] = None,
    printed: TableOptions,
) -> None:
    """Check credentials, permissions, clock and regions, and estimate a fetch's duration.

    Each line is ok, missing or unknown, with a remedy. The exit code is 1 if anything is missing.
    """
    if policy_only:
        _print_policies(options.accounts)
        return
    table = doctor(
        regions=options.region or None,
        endpoint=options.endpoint,
        settings=options.settings(),
        sample_out=sample_out,
    )
    if sample_out is not None:
        n_files = len(list(sample_out.iterdir()))
        note(f"shapes of answers, {n_files} in all, are in {sample_out}")
    printed.print(table, brief=("status", "check", "region_id", "detail", "account_id"))
    for row in table[table["status"] != "ok"].itertuples():
        where = f" in {row.region_id}" if isinstance(row.region_id, str) else ""
        note(f"{row.check}{where}: {row.detail}\n  {row.remedy}")
    if (table["status"] == "missing").any():
        raise typer.Exit(ExitCode.ERROR)


def _print_policies(accounts: Path | None) -> None:
    """Print the policy that a fetch needs; if roles are assumed, also the policies for that."""
    named = read_accounts(accounts) if accounts else ()
    roles = [account.role_arn for account in named if account.role_arn]
    print(policy(), flush=True)
    for role in roles:
        note(f"the trust policy of {role}; replace {_WHO} with the RAM user that runs the fetch:")
        print(trust_policy(_WHO), flush=True)
    if roles:
        note("the policy of that user, to assume them:")
        print(assuming_policy(roles), flush=True)
    note(REVELATION)
