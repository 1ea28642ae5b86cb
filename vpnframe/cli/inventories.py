"""Read or write the inventory of a command, and report what is missing in it."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer

from vpnframe.cli.exit_codes import ExitCode
from vpnframe.cli.options import option
from vpnframe.cli.streams import note, warn
from vpnframe.cloud.permissions import refused_sentence
from vpnframe.errors import ClockWarning
from vpnframe.inventory import Inventory, read_inventory, write_inventory
from vpnframe.model.display import counted, printable

_MOST_REPORTED = 5
FOLDER_HELP = "An inventory folder, as fetch and load write it."
SnapshotOption = Annotated[str, option("ID", "Which snapshot; the newest by default.")]


@dataclass(frozen=True, kw_only=True)
class SnapshotOptions:
    """Options for which snapshot a command reads."""

    folder: Annotated[Path, typer.Argument(metavar="DIR", help=FOLDER_HELP)]
    snapshot: SnapshotOption = "latest"

    def read(self) -> Inventory:
        """Read the inventory; print a warning if the newest snapshot has a future date."""
        with printing_warnings(ClockWarning):
            return read_inventory(self.folder, snapshot=self.snapshot)

    def read_marked(self) -> Inventory:
        """Read the inventory; print a warning if it is not complete."""
        inventory = self.read()
        _mark(inventory)
        return inventory


@contextmanager
def printing_warnings(category: type[Warning]) -> Iterator[list[str]]:
    """Print each warning of a category once, and add it to the yielded list; reissue all others."""
    texts: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield texts
    for one in caught:
        text = str(one.message)
        if not issubclass(one.category, category):
            warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)
        elif text not in texts:
            texts.append(text)
            warn(text)


def write_and_report(inventory: Inventory, out: Path) -> None:
    """Write a snapshot and report it."""
    with printing_warnings(ClockWarning):
        snapshot = write_inventory(inventory, out)
    report(replace(inventory, snapshot=snapshot), out)


def report(inventory: Inventory, out: Path) -> None:
    """Print what a snapshot contains; exit with INCOMPLETE if something was not read."""
    print(
        f"{counted(len(inventory.connections), 'connection')}, "
        f"{counted(len(inventory.tunnels), 'tunnel')}, "
        f"{counted(inventory.coverage['region_id'].nunique(), 'region')}"
    )
    print(printable(inventory.coverage_sentence()))
    print(printable(f"written to {out} as snapshot {inventory.snapshot}"))
    failures = inventory.failures
    for what, rows in (("failure", failures), ("disagreement", inventory.disagreements)):
        if len(rows):
            note(f"{counted(len(rows), what)}: vpnframe show {out} {what}s")
    correctable = failures[failures["kind"].isin(["credentials", "settings"])]
    for row in correctable.head(_MOST_REPORTED).itertuples():
        whose = f"account {row.account_id}: " if isinstance(row.account_id, str) else ""
        warn(f"{whose}{row.message}")
    if refused := refused_sentence(failures["message"]):
        warn(refused)
    _mark(inventory)
    if not inventory.is_complete:
        raise typer.Exit(ExitCode.INCOMPLETE)


def _mark(inventory: Inventory) -> None:
    """Print a warning if an inventory is not complete."""
    if not inventory.is_complete:
        warn(inventory.coverage_sentence())
