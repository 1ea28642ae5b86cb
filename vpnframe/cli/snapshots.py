"""Implement the command ``vpnframe snapshots``, which lists the snapshots of an inventory."""

from __future__ import annotations

from vpnframe.cli.inventories import FolderOptions
from vpnframe.cli.options import LimitOption
from vpnframe.cli.output import TableOptions
from vpnframe.inventory.housekeeping import snapshots

_BRIEF = ["snapshot", "kind", "finished_at", "n_connections", "coverage"]


def run(*, stored: FolderOptions, limit: LimitOption = None, printed: TableOptions) -> None:
    """List the snapshots of an inventory folder.

    The oldest comes first.
    """
    printed.print(snapshots(stored.folder), brief=_BRIEF, limit=limit)
