"""``vpnframe stats``."""

from __future__ import annotations

import enum
from typing import Annotated

import typer

from vpnframe import stats
from vpnframe.cli.options import FolderArgument, FormatOption, OutputOption, SnapshotOption
from vpnframe.cli.output import Format, print_table
from vpnframe.cli.reading import read_marked


class Statistic(enum.StrEnum):
    """A statistic by name."""

    SUMMARY = "summary"
    ALGORITHMS = "algorithms"
    LIFETIMES = "lifetimes"


_FUNCTIONS = {
    Statistic.SUMMARY: stats.summary,
    Statistic.ALGORITHMS: stats.algorithms,
    Statistic.LIFETIMES: stats.lifetimes,
}


def run(
    folder: FolderArgument,
    which: Annotated[
        Statistic | None, typer.Argument(metavar="[NAME]", help=f"One of {', '.join(Statistic)}.")
    ] = None,
    style: FormatOption = Format.TABLE,
    output: OutputOption = None,
    snapshot: SnapshotOption = "latest",
) -> None:
    """Count a fleet: its size, the algorithms in use, the lifetimes."""
    if which is None and (output is not None or style not in (Format.TABLE, Format.MARKDOWN)):
        raise typer.BadParameter(f"name one statistic: {', '.join(Statistic)}")
    tunnels = read_marked(folder, snapshot).tunnels
    if which is not None:
        print_table(_FUNCTIONS[which](tunnels), style, output=output)
        return
    for position, (name, function) in enumerate(_FUNCTIONS.items()):
        print(f"{'' if position == 0 else chr(10)}{name.upper()}")
        if style is Format.MARKDOWN:
            print()
        print_table(function(tunnels), style)
