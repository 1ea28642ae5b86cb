"""``vpnframe plan``."""

from __future__ import annotations

import sys
from dataclasses import replace

import pandas as pd
import typer

from vpnframe.cli.options import (
    AccountsOption,
    CaFileOption,
    DownloadsOption,
    EndpointOption,
    FormatOption,
    OutputOption,
    QuotaOption,
    QuotaShareOption,
    RegionOption,
    RoutesOption,
    SkipRegionOption,
    VerboseOption,
    log_to_stderr,
    make_settings,
)
from vpnframe.cli.output import Format, print_table
from vpnframe.cli.reading import NOT_COMPLETE
from vpnframe.fetching.plan import plan
from vpnframe.fetching.progress import duration

_BRIEF = [
    "region_id",
    "n_connections",
    "n_downloads",
    "estimated_s",
    "longest_wait_s",
    "allowed_per_window",
    "n_list_calls",
    "lists_s",
    "status",
    "account_id",
]


def run(
    accounts: AccountsOption = None,
    region: RegionOption = None,
    skip_region: SkipRegionOption = None,
    downloads: DownloadsOption = "all",
    routes: RoutesOption = True,
    endpoint: EndpointOption = None,
    ca_file: CaFileOption = None,
    quota: QuotaOption = None,
    quota_share: QuotaShareOption = 0.5,
    style: FormatOption = Format.TABLE,
    output: OutputOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Say how many calls a fetch takes and how long, after the lists alone.

    Regions run beside each other: the slowest says when all is done.
    """
    log_to_stderr(verbose)
    settings = make_settings(
        accounts=accounts,
        quota=quota,
        quota_share=quota_share,
        ca_file=ca_file,
        skip_region=skip_region,
    )
    table = plan(
        regions=region or None,
        downloads=downloads,
        endpoint=endpoint,
        settings=replace(settings, routes=routes),
    )
    print_table(table[_BRIEF] if style is Format.TABLE else table, style, output=output)
    print(_summary(table), file=sys.stderr)
    if not table["status"].isin(["complete", "absent", "skipped"]).all():
        print("vpnframe: not every list was read: see vpnframe doctor", file=sys.stderr)
        raise typer.Exit(NOT_COMPLETE)


def _summary(table: pd.DataFrame) -> str:
    return (
        f"{table['n_connections'].sum():,} connections, {table['n_downloads'].sum():,} downloads: "
        f"about {duration(table['estimated_s'].max())}; --downloads none: "
        f"{table['n_list_calls'].sum():,} calls, {table['lists_s'].max():.1f} s"
    )
