"""``vpnframe doctor``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from vpnframe.cli.options import (
    AccountsOption,
    CaFileOption,
    EndpointOption,
    FormatOption,
    OutputOption,
    QuotaOption,
    QuotaShareOption,
    RegionOption,
    SkipRegionOption,
    VerboseOption,
    log_to_stderr,
    make_settings,
)
from vpnframe.cli.output import Format, print_table
from vpnframe.cloud.permissions import REVELATION, assuming_policy, policy, trust_policy
from vpnframe.fetching.doctor import doctor
from vpnframe.fetching.settings import read_accounts

_WHO = "acs:ram::ACCOUNT_ID:user/NAME"


def run(
    accounts: AccountsOption = None,
    region: RegionOption = None,
    skip_region: SkipRegionOption = None,
    endpoint: EndpointOption = None,
    ca_file: CaFileOption = None,
    quota: QuotaOption = None,
    quota_share: QuotaShareOption = 0.5,
    policy_only: Annotated[
        bool,
        typer.Option(
            "--policy",
            envvar="VPNFRAME_POLICY",
            help="Print the RAM policy that a fetch needs, ask nothing; with --accounts also who "
            "may assume their roles, and what allows it.",
        ),
    ] = False,
    sample_out: Annotated[
        Path | None,
        typer.Option(
            envvar="VPNFRAME_SAMPLE_OUT",
            metavar="DIR",
            help="Write the shape of each answer to this new folder: fields and types, without "
            "keys, names, ids, addresses or numbers. What you may send us.",
        ),
    ] = None,
    style: FormatOption = Format.TABLE,
    output: OutputOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Check that a fetch can work: credentials, permissions, clock, regions; and how long it takes.

    Each line is ok, missing or unknown, with a remedy. The exit code is 1 where something is
    missing.
    """
    if policy_only:
        _print_policies(accounts)
        return
    log_to_stderr(verbose)
    settings = make_settings(
        accounts=accounts,
        quota=quota,
        quota_share=quota_share,
        ca_file=ca_file,
        skip_region=skip_region,
    )
    table = doctor(
        regions=region or None, endpoint=endpoint, settings=settings, sample_out=sample_out
    )
    if sample_out is not None:
        n_files = len(list(sample_out.iterdir()))
        print(f"shapes of answers, {n_files} in all, are in {sample_out}", file=sys.stderr)
    columns = ["status", "check", "region_id", "detail", "account_id"]
    print_table(table[columns] if style is Format.TABLE else table, style, output=output)
    for row in table[table["status"] != "ok"].itertuples():
        where = f" in {row.region_id}" if isinstance(row.region_id, str) else ""
        print(f"{row.check}{where}: {row.detail}\n  {row.remedy}", file=sys.stderr)
    if (table["status"] == "missing").any():
        raise typer.Exit(1)


def _print_policies(accounts: Path | None) -> None:
    """Print the policy for reading; for assumed roles also their trust and assuming policies."""
    named = read_accounts(accounts) if accounts else ()
    roles = [account.role_arn for account in named if account.role_arn]
    _print_policy("", policy())
    for role in roles:
        _print_policy(
            f"the trust policy of {role}, with whoever fetches in place of {_WHO}:",
            trust_policy(_WHO),
        )
    if roles:
        _print_policy("the policy of whoever fetches, to assume them:", assuming_policy(roles))
    print(REVELATION, file=sys.stderr)


def _print_policy(heading: str, text: str) -> None:
    if heading:
        print(heading, file=sys.stderr, flush=True)
    print(text, flush=True)
