"""Reading an inventory for a command, and marking what is not complete."""

from __future__ import annotations

import sys
from pathlib import Path

from vpnframe.inventory import Inventory, read_inventory

NOT_COMPLETE = 4


def read_marked(folder: Path, snapshot: str) -> Inventory:
    """Read an inventory; one that is not complete says so on standard error.

    Parameters
    ----------
    folder : Path
        The inventory folder.
    snapshot : str
        An id, or ``latest``.

    Returns
    -------
    Inventory
        As read.
    """
    inventory = read_inventory(folder, snapshot=snapshot)
    mark(inventory)
    return inventory


def mark(inventory: Inventory) -> None:
    """Say on standard error what is missing, if anything is."""
    if not inventory.is_complete:
        print(f"vpnframe: {inventory.coverage_sentence()}", file=sys.stderr)
