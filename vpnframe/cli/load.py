"""``vpnframe load``."""

from __future__ import annotations

from typing import Annotated

import typer

from vpnframe.cli.options import OutOption
from vpnframe.cli.report import write_and_report
from vpnframe.loading import load


def run(
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILES...", help="Files, folders, patterns, or - for stdin."),
    ],
    out: OutOption,
) -> None:
    """Read saved answers, JSON or XML, into an inventory folder.

    Answers of DownloadVpnConnectionConfig and of the list calls are read. A download's connection
    id is its file's name without ending, its region the folder's name where that is a region.
    """
    write_and_report(load(files), out)
