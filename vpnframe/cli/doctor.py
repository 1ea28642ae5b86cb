"""``vpnframe doctor``."""

from __future__ import annotations

import sys
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
from vpnframe.fetching import doctor
from vpnframe.permissions import REVELATION, policy


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
            help="Print the RAM policy that a fetch needs, ask nothing.",
        ),
    ] = False,
    style: FormatOption = Format.TABLE,
    output: OutputOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Check that a fetch can work: credentials, permissions, clock, regions; and how long it takes.

    Each line is ok, missing or unknown, with a remedy. The exit code is 1 where something is
    missing.
    """
    if policy_only:
        print(policy())
        print(REVELATION, file=sys.stderr)
        return
    log_to_stderr(verbose)
    settings = make_settings(
        accounts=accounts,
        quota=quota,
        quota_share=quota_share,
        ca_file=ca_file,
        skip_region=skip_region,
    )
    table = doctor(regions=region or None, endpoint=endpoint, settings=settings)
    columns = ["status", "check", "region_id", "detail", "account_id"]
    print_table(table[columns] if style is Format.TABLE else table, style, output=output)
    for row in table[table["status"] != "ok"].itertuples():
        where = f" in {row.region_id}" if isinstance(row.region_id, str) else ""
        print(f"{row.check}{where}: {row.detail}\n  {row.remedy}", file=sys.stderr)
    if (table["status"] == "missing").any():
        raise typer.Exit(1)
