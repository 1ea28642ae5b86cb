"""``vpnframe stats``."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from vpnframe import stats
from vpnframe.cli.inventories import SnapshotOptions
from vpnframe.cli.output import TableOptions

_STATISTICS = {
    "summary": stats.summary,
    "algorithms": stats.algorithms,
    "lifetimes": stats.lifetimes,
}
_NAMES = ", ".join(_STATISTICS)


def run(
    *,
    stored: SnapshotOptions,
    which: Annotated[
        Literal["summary", "algorithms", "lifetimes"] | None,
        typer.Argument(metavar="[NAME]", help=f"One of {_NAMES}."),
    ] = None,
    printed: TableOptions,
) -> None:
    """Count a fleet: its size, the algorithms in use, the lifetimes."""
    is_for_reading = printed.output is None and printed.style in ("table", "markdown")
    if which is None and not is_for_reading:
        raise typer.BadParameter(f"name one statistic: {_NAMES}")
    tunnels = stored.read_marked().tunnels
    if which is not None:
        printed.print(_STATISTICS[which](tunnels))
        return
    for position, (name, function) in enumerate(_STATISTICS.items()):
        if position:
            print()
        print(name.upper())
        if printed.style == "markdown":
            print()
        printed.print(function(tunnels))
