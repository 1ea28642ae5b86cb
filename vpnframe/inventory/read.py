"""Read a snapshot from disk into the tables of an inventory."""

from __future__ import annotations

import hashlib
import logging
import warnings
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from vpnframe import schema
from vpnframe.errors import ClockWarning, InventoryError, SchemaError
from vpnframe.inventory import layout
from vpnframe.inventory.inventory import Inventory
from vpnframe.inventory.layout import CommitRecord, Header, Part
from vpnframe.model.files import MIB, open_regular, read_file
from vpnframe.schema.tables import RESTRICTED, STORED

log = logging.getLogger("vpnframe")
_MAX_BYTES = 1024 * MIB  # a part holds at most one account's table of one region


def read_inventory(
    folder: str | Path,
    *,
    snapshot: str = "latest",
    tables: Collection[str] | None = None,
    now: datetime | None = None,
) -> Inventory:
    """Read one snapshot of an inventory folder.

    Parameters
    ----------
    folder : str or Path
        A folder written by :func:`write_inventory`.
    snapshot : str, default "latest"
        A snapshot id, or ``latest`` for the newest.
    tables : collection of str, optional
        Names of the tables to read, which saves time; all other tables are empty, except
        ``coverage``. Default: all tables.
    now : datetime, optional
        The time in UTC at which the snapshot is read; default: the current time.

    Returns
    -------
    Inventory
        An inventory equal to the one that was written, including dtypes. If the file with the key
        facts no longer exists, or the user may not read it, ``key_facts`` is empty and a warning is
        logged.

    Raises
    ------
    InventoryError
        The folder is not an inventory, has no such snapshot, or a file of the snapshot is missing
        or damaged.
    SchemaError
        A name in ``tables`` is not the name of a stored table.

    Warns
    -----
    ClockWarning
        The newest snapshot was requested, and it is dated after ``now``.
    """
    target = Path(folder)
    if snapshot == "latest":
        _warn_of_future(target, datetime.now(UTC) if now is None else now)
    record = _read_record(target, _pick(target, snapshot))
    known = (*STORED, *RESTRICTED)
    wanted = set(known) if tables is None else {"coverage", *tables}
    if unknown := sorted(wanted.difference(known)):
        raise SchemaError(f"no table {unknown[0]!r} is stored: the tables are {', '.join(known)}")
    read = {name: _read_table(target, record, name) for name in STORED if name in wanted}
    read |= {name: _read_restricted(target, record, name) for name in RESTRICTED if name in wanted}
    empty = {name: schema.empty(name) for name in known if name not in read}
    return Inventory(**read, **empty, snapshot=record.snapshot)


def list_snapshots(folder: str | Path) -> list[str]:
    """Return the ids of the snapshots in an inventory folder, oldest first."""
    records = Path(folder, layout.RECORDS)
    if not records.is_dir():
        raise InventoryError(
            f"the folder {folder} is not an inventory: it has no _snapshots folder; "
            f"create one with `vpnframe fetch --out {folder}` or vf.write_inventory"
        )
    found = [path for path in records.glob("*.json") if layout.SNAPSHOT_ID.fullmatch(path.stem)]
    passed_over = {_superseded_by(path) for path in found}
    # Ids of the same second are ordered by the modification time of their records.
    found.sort(key=lambda path: (path.stem.partition("-")[0], path.stat().st_mtime_ns, path.stem))
    return [path.stem for path in found if path.stem not in passed_over]


def newest_after(folder: Path, now: datetime) -> str | None:
    """Return the id of the newest snapshot if it is dated after ``now``, else None."""
    known = list_snapshots(folder) if (folder / layout.RECORDS).is_dir() else []
    return known[-1] if known and known[-1] > layout.snapshot_id(now, suffix="~") else None


def _warn_of_future(folder: Path, now: datetime) -> None:
    newest = newest_after(folder, now)
    if newest is None:
        return
    before = [one for one in list_snapshots(folder) if one <= layout.snapshot_id(now, suffix="~")]
    others = f"read another one such as {before[-1]}" if before else "write a new one"
    warnings.warn(
        f"snapshot {newest} is dated in the future (now {now:%Y-%m-%d %H:%M:%S} UTC) and counts as "
        f"the newest until then: if this machine's clock is right, {others}, and remove "
        f"{folder / layout.RECORDS / newest}.json",
        ClockWarning,
        stacklevel=3,
    )


def _superseded_by(path: Path) -> str | None:
    """Return the id of the snapshot that a commit record replaces, if it replaces one."""
    try:
        body = read_file(path, limit=_MAX_BYTES)
        return msgspec.json.decode(body, type=Header).supersedes
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None


def _pick(folder: Path, snapshot: str) -> str:
    known = list_snapshots(folder)
    if not known:
        raise InventoryError(
            f"{folder} has no committed snapshot; a write may have been interrupted: fetch again"
        )
    if snapshot == "latest":
        return known[-1]
    if snapshot not in known:
        newest = ", ".join(known[-3:])
        raise InventoryError(
            f"{folder} has no snapshot {snapshot!r}: the newest snapshots are {newest}"
        )
    return snapshot


def _read_record(folder: Path, snapshot: str) -> CommitRecord:
    path = folder / layout.RECORDS / f"{snapshot}.json"
    try:
        body = read_file(path, limit=_MAX_BYTES)
        version = msgspec.json.decode(body, type=Header).layout_version
        if version > layout.LAYOUT_VERSION:
            raise InventoryError(f"{path} was written by a newer vpnframe: update vpnframe")
        record = msgspec.json.decode(body, type=CommitRecord)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        raise InventoryError(f"{path} is damaged: read another snapshot") from None
    if record.snapshot != snapshot:
        raise InventoryError(
            f"{path} belongs to snapshot {record.snapshot!r}: rename it to {record.snapshot}.json"
        )
    return record


def _read_restricted(folder: Path, record: CommitRecord, name: str) -> pd.DataFrame:
    """Read a table with restricted access; if its file cannot be read, warn and return no rows."""
    for part in record.parts:
        if part.table == name:
            try:
                with open_regular(folder / part.path):
                    pass
            except OSError as error:
                problem = "%s of snapshot %s cannot be read (%s): results that need it are unknown"
                log.warning(problem, name, record.snapshot, error.strerror)
                return schema.empty(name)
    return _read_table(folder, record, name)


def _read_table(folder: Path, record: CommitRecord, name: str) -> pd.DataFrame:
    tables = [_read_part(folder, part) for part in record.parts if part.table == name]
    n_rows, n_written = sum(table.num_rows for table in tables), record.n_rows.get(name, 0)
    if n_rows != n_written:
        raise InventoryError(
            f"{name} of snapshot {record.snapshot} has {n_rows} rows, but {n_written} were "
            "written: read another snapshot"
        )
    wanted = schema.arrow_schema(name)
    if not tables:
        return schema.empty(name)
    joined = pa.concat_tables(
        [table.select([n for n in wanted.names if n in table.column_names]) for table in tables],
        promote_options="default",
    )
    # Parquet names list items differently: equal for arrow, a different dtype for pandas.
    joined = joined.cast(pa.schema([wanted.field(column) for column in joined.column_names]))
    # With arrow dtypes no value passes through floats or objects.
    frame = schema.cast(name, joined.to_pandas(types_mapper=pd.ArrowDtype))
    order = record.orders.get(name)
    return frame if order is None else _in_order(frame, order, record)


def _in_order(frame: pd.DataFrame, order: list[int], record: CommitRecord) -> pd.DataFrame:
    """Return the rows in the order that the table had before it was written."""
    if sorted(order) != list(range(len(frame))):
        raise InventoryError(
            f"the record of snapshot {record.snapshot} is damaged: read another snapshot"
        )
    return frame.iloc[np.argsort(order)].reset_index(drop=True)


def _read_part(folder: Path, part: Part) -> pa.Table:
    path = folder / part.path
    try:
        body = read_file(path, limit=_MAX_BYTES)
    except OSError as error:
        raise InventoryError(
            f"{path} is missing or cannot be read ({error.strerror}): read another snapshot"
        ) from None
    if hashlib.sha256(body).hexdigest() != part.sha256:
        raise InventoryError(f"{path} has changed since it was written: read another snapshot")
    return pq.ParquetFile(pa.BufferReader(body)).read()
