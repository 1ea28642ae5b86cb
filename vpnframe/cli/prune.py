"""Implement the command ``vpnframe prune``, which removes old snapshots of an inventory."""

from __future__ import annotations

from typing import Annotated

import typer

from vpnframe.cli.inventories import FolderOptions
from vpnframe.cli.options import flag, option
from vpnframe.inventory.housekeeping import prune
from vpnframe.model.display import counted


def run(
    *,
    stored: FolderOptions,
    keep_last: Annotated[int | None, option("N", "Keep the N newest snapshots.", min=0)] = None,
    keep_days: Annotated[
        int | None, option("N", "Keep the snapshots of the last N days.", min=0)
    ] = None,
    dry_run: Annotated[bool, flag("--dry-run", "Print what would be removed; change nothing.")] = (
        False
    ),
) -> None:
    """Remove old snapshots; the newest and the newest complete one always stay."""
    if keep_last is None and keep_days is None:
        raise typer.BadParameter("say what to keep: add --keep-last N or --keep-days N")
    removed = prune(stored.folder, keep_last=keep_last, keep_days=keep_days, dry_run=dry_run)
    for snapshot in removed:
        print(snapshot)
    verb = "would be removed" if dry_run else "removed"
    print(f"{counted(len(removed), 'snapshot')} {verb}")
