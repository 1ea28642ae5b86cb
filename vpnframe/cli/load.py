"""``vpnframe load``."""

from __future__ import annotations

from typing import Annotated

import typer

from vpnframe.cli.inventories import write_and_report
from vpnframe.cli.options import KeyOptions, OutOption
from vpnframe.inventory.loading import load


def run(
    *,
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILES...", help="Files, folders, patterns, or - for stdin."),
    ],
    out: OutOption,
    keys: KeyOptions,
) -> None:
    """Read saved answers, JSON or XML, into an inventory folder.

    Answers of DownloadVpnConnectionConfig, of the list calls and of those for one connection or
    gateway are read, one or more a file. A download's connection id is its file's name without
    ending, its region the folder's name where that can be a region.
    """
    write_and_report(load(files, **keys.arguments()), out)
