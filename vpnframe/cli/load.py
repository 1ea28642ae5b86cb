"""Read saved answers: the command ``vpnframe load``."""

from __future__ import annotations

from typing import Annotated

import typer

from vpnframe.cli.cloud_options import KeyOptions
from vpnframe.cli.exit_codes import ExitCode
from vpnframe.cli.inventories import write_and_report
from vpnframe.cli.options import DEFAULT_FOLDER, OutOption
from vpnframe.cli.settings_file import ConfigOption
from vpnframe.inventory.loading import load


def run(
    *,
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE", help="Files, folders, patterns, or - for stdin."),
    ],
    out: OutOption = DEFAULT_FOLDER,
    keys: KeyOptions,
    config: ConfigOption = None,
) -> ExitCode:
    """Read saved answers, JSON or XML, into an inventory folder.

    A file contains one or more answers of DownloadVpnConnectionConfig, of the list calls, or of
    the calls for one connection or gateway. The file's name without its ending is the connection
    id of a download; its folder's name is the region, if a region can have that name.
    """
    return write_and_report(load(files, **keys.arguments()), out)
