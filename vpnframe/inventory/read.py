"""Read a snapshot from disk into the tables of an inventory."""

from __future__ import annotations

import hashlib
import logging
import re
import warnings
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from vpnframe import schema
from vpnframe.errors import ClockWarning, IncompleteWarning, InventoryError, SchemaError
from vpnframe.inventory import layout
from vpnframe.inventory.inventory import Inventory
from vpnframe.inventory.layout import SnapshotRecord, TableFile, files_of, folder_of
from vpnframe.model.files import MIB, open_regular, read_file
from vpnframe.schema.tables import RESTRICTED, STORED

log = logging.getLogger("vpnframe")
_MAX_BYTES = 4096 * MIB  # of one file, which has at most a million rows
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def read_inventory(
    folder: str | Path,
    *,
    snapshot: str = "latest",
    tables: Collection[str] | None = None,
    regions: Collection[str] | None = None,
    now: datetime | None = None,
) -> Inventory:
    """Read one snapshot of an inventory folder.

    Parameters
    ----------
    folder : str or Path
        A folder written by :func:`write_inventory`.
    snapshot : str, default "latest"
        A snapshot id, ``latest`` for the newest that is not a sample, or a date such as
        ``2026-11-30`` for the newest at the end of that day in UTC.
    tables : collection of str, optional
        Names of the tables to read, which saves time; all other tables are empty, except
        ``coverage``. Default: all tables.
    regions : collection of str, optional
        Keep only the rows of these regions, and what is said about whole accounts. Default: all
        regions.
    now : datetime, optional
        The time in UTC at which the snapshot is read; default: the current time.

    Returns
    -------
    Inventory
        The inventory that was written, including dtypes, each table sorted by account, region and
        connection. If the file with the key facts no longer exists, or the user may not read it,
        ``key_facts`` is empty and a warning is logged.

    Raises
    ------
    InventoryError
        The folder is not an inventory, has no such snapshot or region, or a file of the snapshot is
        missing or damaged.
    SchemaError
        A name in ``tables`` is not the name of a stored table.

    Warns
    -----
    ClockWarning
        The newest snapshot was requested, and it is dated after ``now``.
    IncompleteWarning
        The chosen snapshot is not complete although an older one is, or it is a sample.
    """
    target = Path(folder)
    check_folder(target)
    records = records_of(target)
    if snapshot == "latest":
        _warn_of_future(target, records, datetime.now(UTC) if now is None else now)
    record = _pick(target, records, snapshot)
    known = (*STORED, *RESTRICTED)
    wanted = set(known) if tables is None else {"coverage", *tables}
    if unknown := sorted(wanted.difference(known)):
        raise SchemaError(f"no table {unknown[0]!r} is stored: the tables are {', '.join(known)}")
    read = {
        name: read_table(target, record, name) if name in wanted else schema.empty(name)
        for name in known
    }
    if regions is not None:
        read = {name: _of_regions(name, table, regions) for name, table in read.items()}
        if unknown := sorted({*regions}.difference(read["coverage"]["region_id"])):
            raise InventoryError(
                f"snapshot {record.snapshot} says nothing about the region {unknown[0]!r}"
            )
    return Inventory(**read, snapshot=record.snapshot)


def _of_regions(name: str, table: pd.DataFrame, regions: Collection[str]) -> pd.DataFrame:
    """Return the rows of some regions; a row about a whole account may concern each of them."""
    is_wanted = table["region_id"].isin([*regions])
    if name in ("coverage", "failures"):
        is_wanted |= table["region_id"].isna()
    return schema.cast(name, table[is_wanted])


def records_of(folder: Path) -> list[SnapshotRecord]:
    """Return all readable snapshot records, oldest first; log the damaged ones."""
    found = []
    for snapshot in layout.find_ids(folder):
        path = folder_of(folder, snapshot) / layout.RECORD
        if path.exists():
            try:
                record = layout.read_record(folder, snapshot)
            except InventoryError as error:
                log.warning("%s", error)
            else:
                found.append((record.finished_ms, path.stat().st_mtime_ns, snapshot, record))
    return [record for *_, record in sorted(found, key=itemgetter(0, 1, 2))]


def list_snapshots(folder: str | Path) -> list[str]:
    """Return the ids of the snapshots in an inventory folder, oldest first."""
    check_folder(folder)
    return [one.snapshot for one in records_of(Path(folder))]


def check_folder(folder: str | Path) -> None:
    """Raise InventoryError if a folder is not an inventory."""
    if not Path(folder, "snapshots").is_dir():
        raise InventoryError(
            f"the folder {folder} is not an inventory: it has no folder snapshots; "
            f"create one with `vpnframe fetch --out {folder}` or vf.write_inventory"
        )


def newest_after(records: Sequence[SnapshotRecord], now: datetime) -> str | None:
    """Return the id of the newest of the ``records`` if it is dated after ``now``, else None."""
    return records[-1].snapshot if records and records[-1].finished > now else None


def _warn_of_future(folder: Path, records: Sequence[SnapshotRecord], now: datetime) -> None:
    newest = newest_after(records, now)
    if newest is None:
        return
    before = [one.snapshot for one in records if one.finished <= now]
    others = f"read another one such as {before[-1]}" if before else "write a new one"
    warnings.warn(
        f"snapshot {newest} is dated in the future (now {now:%Y-%m-%d %H:%M:%S} UTC) and counts as "
        f"the newest until then: if this machine's clock is right, {others}, and remove "
        f"{folder_of(folder, newest)}",
        ClockWarning,
        stacklevel=3,
    )


def _pick(folder: Path, every: Sequence[SnapshotRecord], snapshot: str) -> SnapshotRecord:
    """Return the record of the snapshot that an id, a date or ``latest`` selects."""
    if layout.SNAPSHOT_ID.fullmatch(snapshot) and (
        (folder_of(folder, snapshot) / layout.RECORD).exists()
    ):
        return layout.read_record(folder, snapshot)
    records = [one for one in every if one.kind != "sample"] or every
    if _DATE.fullmatch(snapshot):
        end = datetime.fromisoformat(f"{snapshot}T00:00:00+00:00") + timedelta(days=1)
        records = [one for one in records if one.finished < end]
    elif snapshot != "latest":
        newest = ", ".join(one.snapshot for one in every[-3:])
        raise InventoryError(
            f"{folder} has no snapshot {snapshot!r}: the newest snapshots are {newest}"
        )
    else:
        _refuse_damaged(folder, after=records[-1].snapshot if records else "")
    if not every:
        raise InventoryError(
            f"{folder} has no snapshot; a write may have been interrupted: fetch again"
        )
    if not records:
        oldest = every[0].snapshot
        raise InventoryError(f"{folder} has no snapshot for {snapshot!r}: its oldest is {oldest}")
    chosen, whole = records[-1], [one for one in records if _is_whole(one)]
    if chosen.kind == "sample" or (whole and not _is_whole(chosen)):
        kinds = {"lists": "has only the lists", "sample": "is a sample of the downloads"}
        newest = f"the newest complete one is {whole[-1].snapshot}" if whole else "no other exists"
        warnings.warn(
            f"snapshot {chosen.snapshot} {kinds.get(chosen.kind, 'is not complete')}: {newest}",
            IncompleteWarning,
            stacklevel=3,
        )
    return chosen


def _refuse_damaged(folder: Path, *, after: str) -> None:
    """Raise InventoryError if a snapshot with a later id than ``after`` has a damaged record."""
    for snapshot in sorted(layout.find_ids(folder)):
        if snapshot > after and (folder_of(folder, snapshot) / layout.RECORD).exists():
            layout.read_record(folder, snapshot)


def _is_whole(record: SnapshotRecord) -> bool:
    return record.is_complete and record.kind == "full"


def read_table(folder: Path, record: SnapshotRecord, name: str) -> pd.DataFrame:
    """Read one table of a snapshot; a private table that cannot be read becomes empty."""
    files = [*files_of(folder, record, name)]
    if name in RESTRICTED:
        for path, _ in files:
            try:
                with open_regular(path):
                    pass
            except OSError as error:
                problem = "%s of snapshot %s cannot be read (%s): results that need it are unknown"
                log.warning(problem, name, record.snapshot, error.strerror)
                return schema.empty(name)
    if not files:
        return schema.empty(name)
    wanted = schema.arrow_schema(name)
    parts = []
    for table in (read_file_of(path, file) for path, file in files):
        names = [one for one in wanted.names if one in table.column_names]
        kept = table.select(names)
        parts.append(kept.cast(pa.schema([wanted.field(n) for n in names], kept.schema.metadata)))
    frame = schema.cast(name, pa.concat_tables(parts).to_pandas())
    for problem in _problems(name, frame):
        raise InventoryError(
            f"{name} of snapshot {record.snapshot} {problem}: read another snapshot"
        )
    return frame


def _problems(name: str, frame: pd.DataFrame) -> Iterator[str]:
    """Yield what is wrong with a table: forbidden nulls, else two rows with equal keys."""
    table = schema.find(name)
    needed = [column.name for column in table.columns if not column.is_nullable]
    if len(frame) and frame[needed].isna().to_numpy().any():
        yield "has nulls where there must be none"
    elif table.key and frame.duplicated([*table.key]).any():
        yield "has two rows with one key"


def read_file_of(path: Path, file: TableFile) -> pa.Table:
    """Read one Parquet file, and check its checksum and its number of rows."""
    try:
        body = read_file(path, limit=_MAX_BYTES)
    except OSError as error:
        raise InventoryError(
            f"{path} is missing or cannot be read ({error.strerror}): read another snapshot"
        ) from None
    if hashlib.sha256(body).hexdigest() != file.sha256:
        raise InventoryError(f"{path} has changed since it was written: read another snapshot")
    table = pq.read_table(pa.BufferReader(body))
    if table.num_rows != file.n_rows:
        raise InventoryError(
            f"{path} has {table.num_rows} rows, but {file.n_rows} were written: read another "
            "snapshot"
        )
    return table
