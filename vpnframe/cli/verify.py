"""Implement the command ``vpnframe verify``, which checks the files of an inventory."""

from __future__ import annotations

from vpnframe.cli.exit_codes import ExitCode
from vpnframe.cli.inventories import FolderOptions
from vpnframe.cli.output import TableOptions
from vpnframe.inventory.housekeeping import snapshots, verify
from vpnframe.model.display import counted


def run(*, stored: FolderOptions, printed: TableOptions) -> ExitCode:
    """Check every file of an inventory folder against its checksum.

    A file that several snapshots share is listed for each of them.
    """
    found = verify(stored.folder)
    if found.empty and printed.style == "table" and printed.output is None:
        print(f"{counted(len(snapshots(stored.folder)), 'snapshot')}: no file is damaged")
    else:
        printed.print(found)
    return ExitCode.DONE if found.empty else ExitCode.ERROR
