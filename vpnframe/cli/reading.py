"""Read an inventory for a command, and report if it is not complete."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vpnframe.errors import ClockWarning
from vpnframe.inventory import Inventory, read_inventory

NOT_COMPLETE = 4


@contextmanager
def saying(category: type[Warning]) -> Iterator[list[str]]:
    """Print warnings of a category on standard error, one line each; re-issue all others."""
    said: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield said
    for warning in caught:
        text = str(warning.message)
        if not issubclass(warning.category, category):
            warnings.warn_explicit(
                warning.message, warning.category, warning.filename, warning.lineno
            )
        elif text not in said:
            said.append(text)
            print(f"vpnframe: {text}", file=sys.stderr)


def read_snapshot(folder: Path, snapshot: str) -> Inventory:
    """Read an inventory; print a warning if the newest snapshot is from the future."""
    with saying(ClockWarning):
        return read_inventory(folder, snapshot=snapshot)


def read_marked(folder: Path, snapshot: str) -> Inventory:
    """Read an inventory; print on standard error if it is not complete."""
    inventory = read_snapshot(folder, snapshot)
    mark(inventory)
    return inventory


def mark(inventory: Inventory) -> None:
    """Print on standard error what is missing, if anything is."""
    if not inventory.is_complete:
        print(f"vpnframe: {inventory.coverage_sentence()}", file=sys.stderr)
