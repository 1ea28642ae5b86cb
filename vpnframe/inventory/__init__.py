"""An inventory, which is the set of tables that one fetch makes, in memory and on disk."""

from __future__ import annotations

from vpnframe.inventory.inventory import Inventory, checked_inventory
from vpnframe.inventory.read import list_snapshots, read_inventory
from vpnframe.inventory.write import write_inventory

__all__ = ["Inventory", "checked_inventory", "list_snapshots", "read_inventory", "write_inventory"]
