"""List, verify and remove the snapshots of an inventory folder."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd

from vpnframe import schema
from vpnframe.errors import InventoryError, SettingsError
from vpnframe.inventory import layout
from vpnframe.inventory.layout import SnapshotRecord, files_of, folder_of
from vpnframe.inventory.read import check_folder, read_file_of, records_of
from vpnframe.inventory.write import remove_snapshot


def snapshots(folder: str | Path) -> pd.DataFrame:
    """Return the snapshots of an inventory folder.

    Parameters
    ----------
    folder : str or Path
        A folder written by :func:`write_inventory`.

    Returns
    -------
    DataFrame
        Table ``snapshots``, one row per snapshot, oldest first.

    Raises
    ------
    InventoryError
        The folder is not an inventory.
    """
    check_folder(folder)
    records = records_of(Path(folder))
    rows: dict[str, list[object]] = {
        "snapshot": [one.snapshot for one in records],
        "kind": [one.kind for one in records],
        "is_complete": [one.is_complete for one in records],
        "started_at": [one.started_ms for one in records],
        "finished_at": [one.finished_ms for one in records],
        "n_connections": [_n_rows(one, "connections") for one in records],
        "n_tunnels": [_n_rows(one, "tunnels") for one in records],
        "coverage": [one.coverage for one in records],
        "tool_version": [one.tool_version for one in records],
    }
    return schema.build("snapshots", rows)


def _n_rows(record: SnapshotRecord, table: str) -> int:
    return sum(file.n_rows for file in record.tables.get(table, ()))


def verify(folder: str | Path) -> pd.DataFrame:
    """Check every file of every snapshot against its checksum.

    Parameters
    ----------
    folder : str or Path
        A folder written by :func:`write_inventory`.

    Returns
    -------
    DataFrame
        Table ``damages``, one row per snapshot and damaged file; a file that several snapshots
        share has a row for each of them. It is empty if nothing is damaged.

    Raises
    ------
    InventoryError
        The folder is not an inventory.
    """
    target = Path(folder)
    check_folder(target)
    found = [
        (snapshot, *one)
        for snapshot in sorted(layout.find_ids(target))
        if (folder_of(target, snapshot) / layout.RECORD).exists()
        for one in _damages(target, snapshot)
    ]
    return schema.cast("damages", pd.DataFrame(found, columns=[*schema.find("damages").names]))


def _damages(folder: Path, snapshot: str) -> Iterator[tuple[str, str]]:
    """Yield the file and the problem of each damage in one snapshot."""
    try:
        record = layout.read_record(folder, snapshot)
        for table in record.tables:
            for path, file in files_of(folder, record, table):
                try:
                    read_file_of(path, file)
                except InventoryError as error:
                    yield str(path.relative_to(folder)), str(error)
    except InventoryError as error:
        yield str((folder_of(folder, snapshot) / layout.RECORD).relative_to(folder)), str(error)


def prune(
    folder: str | Path,
    *,
    keep_last: int | None = None,
    keep_days: int | None = None,
    dry_run: bool = False,
    now: datetime | None = None,
) -> list[str]:
    """Remove old snapshots, but never the newest one and never the newest complete one.

    Parameters
    ----------
    folder : str or Path
        A folder written by :func:`write_inventory`.
    keep_last : int, optional
        Keep this many of the newest snapshots.
    keep_days : int, optional
        Keep the snapshots of this many days.
    dry_run : bool
        Whether to remove nothing.
    now : datetime, optional
        The time in UTC from which days are counted; default: the current time.

    Returns
    -------
    list of str
        The ids of the removed snapshots, oldest first.

    Raises
    ------
    SettingsError
        Neither ``keep_last`` nor ``keep_days`` is given, or one is negative.
    InventoryError
        The folder is not an inventory, or a snapshot cannot be removed.
    """
    if keep_last is None and keep_days is None:
        raise SettingsError("say what to keep: keep_last or keep_days")
    if min(keep_last or 0, keep_days or 0) < 0:
        raise SettingsError("keep_last and keep_days must not be negative")
    target = Path(folder)
    check_folder(target)
    known = records_of(target)
    whole = [one.snapshot for one in known if one.is_complete and one.kind == "full"]
    kept = {*whole[-1:], *(one.snapshot for one in known[-max(1, keep_last or 0) :])}
    if keep_days is not None:
        since = (datetime.now(UTC) if now is None else now) - timedelta(days=keep_days)
        kept |= {one.snapshot for one in known if one.finished >= since}
    removed = [one.snapshot for one in known if one.snapshot not in kept]
    try:
        for snapshot in removed if not dry_run else ():
            remove_snapshot(target, snapshot)
    except OSError as error:
        raise InventoryError(f"{target} cannot be changed: {error.strerror or error}") from error
    return removed
