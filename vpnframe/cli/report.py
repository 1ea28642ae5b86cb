"""Report the result of fetch, load and demo."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import typer

from vpnframe.cli.reading import NOT_COMPLETE, mark, saying
from vpnframe.cloud.permissions import refused_sentence
from vpnframe.errors import ClockWarning
from vpnframe.inventory import Inventory, write_inventory
from vpnframe.model.display import counted, printable

_MOST_TOLD = 5


def write_and_report(inventory: Inventory, out: Path) -> None:
    """Write a snapshot and report it."""
    with saying(ClockWarning):
        snapshot = write_inventory(inventory, out)
    report(replace(inventory, snapshot=snapshot), out)


def report(inventory: Inventory, out: Path) -> None:
    """Print what a snapshot contains, and exit by its coverage."""
    print(
        f"{counted(len(inventory.connections), 'connection')}, "
        f"{counted(len(inventory.tunnels), 'tunnel')}, "
        f"{counted(inventory.coverage['region_id'].nunique(), 'region')}"
    )
    print(printable(inventory.coverage_sentence()))
    print(printable(f"written to {out} as snapshot {inventory.snapshot}"))
    _mention_problems(inventory, out)
    _say_what_to_correct(inventory)
    if refused := refused_sentence(inventory.failures["message"]):
        print(f"vpnframe: {refused}", file=sys.stderr)
    mark(inventory)
    if not inventory.is_complete:
        raise typer.Exit(NOT_COMPLETE)


def _mention_problems(inventory: Inventory, out: Path) -> None:
    for name, what in (("failures", "failure"), ("disagreements", "disagreement")):
        n_rows = len(inventory.tables()[name])
        if n_rows:
            print(f"{counted(n_rows, what)}: vpnframe show {out} {name}", file=sys.stderr)


def _say_what_to_correct(inventory: Inventory) -> None:
    """Print accounts with refused or missing credentials, and settings that fail."""
    failures = inventory.failures
    ours = failures[failures["kind"].isin(["credentials", "settings"])]
    for row in ours.head(_MOST_TOLD).itertuples():
        whose = f"account {row.account_id}: " if isinstance(row.account_id, str) else ""
        print(f"vpnframe: {whose}{row.message}", file=sys.stderr)
