"""Implement the command ``vpnframe load``, which reads saved API responses."""

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
        typer.Argument(
            metavar="FILE", help="Files, folders or glob patterns; - is standard input."
        ),
    ],
    out: OutOption = DEFAULT_FOLDER,
    keys: KeyOptions,
    config: ConfigOption = None,
) -> ExitCode:
    """Read saved API responses, in JSON or XML, into an inventory folder.

    A file contains one or more responses of DownloadVpnConnectionConfig, of the calls that return
    lists, or of the calls that describe one connection or gateway. For a response of
    DownloadVpnConnectionConfig, the connection id is the name of the file without the ending, and
    the region is the name of the folder, if it is a valid region id.
    """
    return write_and_report(load(files, **keys.arguments()), out)
