"""Implement the command ``vpnframe stats``, which prints statistics of a fleet."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from vpnframe import stats
from vpnframe.cli.inventories import SnapshotOptions
from vpnframe.cli.output import TableOptions

_STATISTICS = {one.__name__: one for one in (stats.summary, stats.algorithms, stats.lifetimes)}
_NAMES = ", ".join(_STATISTICS)
# A statistic is not the folder, which can be left out.
is_after_folder = _STATISTICS.__contains__


def run(
    *,
    stored: SnapshotOptions,
    which: Annotated[
        Literal["summary", "algorithms", "lifetimes"] | None,
        typer.Argument(metavar="NAME", help=f"One of {_NAMES}."),
    ] = None,
    printed: TableOptions,
) -> None:
    """Print the size of a fleet, and how many tunnels use each algorithm and lifetime."""
    if which is not None:
        printed.print(_STATISTICS[which](stored.read_table("tunnels")))
        return
    if printed.output is not None or printed.style not in ("table", "markdown"):
        raise typer.BadParameter(
            f"this output can contain only one table: choose it with one of {_NAMES}"
        )
    tunnels = stored.read_table("tunnels")
    for name, function in _STATISTICS.items():
        if name != "summary":
            print()
        print(name.upper())
        if printed.style == "markdown":
            print()
        printed.print(function(tunnels))
