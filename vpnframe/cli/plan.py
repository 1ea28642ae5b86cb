"""Implement the command ``vpnframe plan``, which estimates the duration of a fetch."""

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
    """Estimate how many calls a fetch makes and how long it takes; only lists are read.

    Regions are read in parallel, so that the slowest region determines the duration.
    """
    table = plan(**options.arguments())
    printed.print(table, brief=_BRIEF.split())
    note(
        f"a fetch of {table['n_connections'].sum():,} connections makes "
        f"{table['n_downloads'].sum():,} downloads and takes about "
        f"{duration(table['estimated_s'].max())}; with --downloads none it makes "
        f"{table['n_list_calls'].sum():,} calls and takes {table['lists_s'].max():.1f} s"
    )
    if table["status"].isin(["complete", "absent", "skipped"]).all():
        return ExitCode.DONE
    warn("some lists could not be read: run `vpnframe doctor` to find out why")
    return ExitCode.INCOMPLETE
