"""Read and write inventories for the commands, and report what is missing in an inventory."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from vpnframe.cli.exit_codes import ExitCode
from vpnframe.cli.options import DEFAULT_FOLDER, INVENTORY_VARIABLE, option
from vpnframe.cli.settings_file import ConfigOption
from vpnframe.cli.streams import note, warn
from vpnframe.cloud.permissions import refused_sentence
from vpnframe.errors import ClockWarning, IncompleteWarning
from vpnframe.inventory import Inventory, read_inventory, write_inventory
from vpnframe.model.display import counted, printable
from vpnframe.schema.tables import RESTRICTED

_MOST_REPORTED = 5


@dataclass(frozen=True, kw_only=True)
class FolderOptions:
    """Options that select the inventory folder that a command reads."""

    folder: Annotated[
        Path,
        typer.Argument(
            metavar="DIR",
            envvar=INVENTORY_VARIABLE,
            help="An inventory folder, written by the command fetch or load.",
        ),
    ] = DEFAULT_FOLDER
    config: ConfigOption = None


@dataclass(frozen=True, kw_only=True)
class SnapshotOptions(FolderOptions):
    """Options that select the inventory and the snapshot that a command reads."""

    snapshot: Annotated[
        str,
        option("ID", "The snapshot to read, or a date such as 2026-11-30; default: the newest."),
    ] = "latest"

    def read(self, tables: Collection[str] | None = None) -> Inventory:
        """Read the inventory; print a warning if the newest snapshot has a future date."""
        with printing_warnings(ClockWarning), printing_warnings(IncompleteWarning):
            return read_inventory(self.folder, snapshot=self.snapshot, tables=tables)

    def read_table(self, name: str) -> pd.DataFrame:
        """Read one table of the inventory; print a warning if the inventory is not complete."""
        inventory = self.read([name])
        _exit_code_of(inventory)
        return inventory.tables(with_key_facts=name in RESTRICTED)[name]


@contextmanager
def printing_warnings(category: type[Warning]) -> Iterator[list[str]]:
    """Print each warning of a category once after the block, and add it to the yielded list."""
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


def write_and_report(inventory: Inventory, out: Path) -> ExitCode:
    """Write the inventory as a snapshot, print what it contains, and return the exit code."""
    with printing_warnings(ClockWarning):
        snapshot = write_inventory(inventory, out)
    return report(replace(inventory, snapshot=snapshot), out)


def report(inventory: Inventory, out: Path) -> ExitCode:
    """Print what an inventory contains; return INCOMPLETE if something was not read."""
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
            note(f"{counted(len(rows), what)}: for details, run vpnframe show {out} {what}s")
    correctable = failures[failures["kind"].isin(["credentials", "settings"])]
    for row in correctable.head(_MOST_REPORTED).itertuples():
        whose = f"account {row.account_id}: " if isinstance(row.account_id, str) else ""
        warn(f"{whose}{row.message}")
    if refused := refused_sentence(failures["message"]):
        warn(refused)
    return _exit_code_of(inventory)


def _exit_code_of(inventory: Inventory) -> ExitCode:
    """Return DONE; if something was not read, print a warning and return INCOMPLETE."""
    if inventory.is_complete:
        return ExitCode.DONE
    warn(inventory.coverage_sentence())
    return ExitCode.INCOMPLETE
