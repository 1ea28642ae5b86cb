"""Estimate a fetch: the command ``vpnframe plan``."""

from __future__ import annotations

from vpnframe.cli.cloud_options import FetchOptions
from vpnframe.cli.exit_codes import ExitCode
from vpnframe.cli.output import TableOptions
from vpnframe.cli.streams import note, warn
from vpnframe.fetching.plan import plan
from vpnframe.fetching.progress import duration

_BRIEF = (
    "region_id n_connections n_downloads estimated_s longest_wait_s allowed_per_window "
    "n_list_calls lists_s status account_id"
)


def run(*, options: FetchOptions, printed: TableOptions) -> ExitCode:
    """Count the calls that a fetch makes and estimate its duration, from the lists alone.

    Regions are read in parallel: the slowest one determines the duration.
    """
    table = plan(**options.arguments())
    printed.print(table, brief=_BRIEF.split())
    note(
        f"{table['n_connections'].sum():,} connections, {table['n_downloads'].sum():,} downloads: "
        f"about {duration(table['estimated_s'].max())}; --downloads none: "
        f"{table['n_list_calls'].sum():,} calls, {table['lists_s'].max():.1f} s"
    )
    if table["status"].isin(["complete", "absent", "skipped"]).all():
        return ExitCode.DONE
    warn("not every list was read: run `vpnframe doctor` to find out why")
    return ExitCode.INCOMPLETE
