"""Load saved answers into an inventory, without a network."""

from vpnframe.inventory.loading.saved_files import load

__all__ = ["load"]
