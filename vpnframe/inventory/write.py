"""Write a snapshot to disk: first its Parquet files, then its commit record."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import secrets
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from vpnframe import schema
from vpnframe._version import __version__
from vpnframe.errors import ClockWarning, InventoryError
from vpnframe.inventory import layout
from vpnframe.inventory.inventory import Inventory, checked_inventory
from vpnframe.inventory.layout import CommitRecord, Part
from vpnframe.inventory.read import newest_after
from vpnframe.model.files import create_file
from vpnframe.schema.memory import give_back_memory
from vpnframe.schema.tables import RESTRICTED

# Errors of file systems without hard links.
_NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS}
Positions = npt.NDArray[np.int64]


def write_inventory(
    inventory: Inventory,
    folder: str | Path,
    *,
    now: datetime | None = None,
    supersedes: str | None = None,
) -> str:
    """Write an inventory as a new snapshot of a folder.

    Parameters
    ----------
    inventory : Inventory
        Its tables are cast to their schemas; columns that are not in a schema are left out. Key
        facts, if any, are written to a folder and a file that only their owner may read.
    folder : str or Path
        Created if it does not exist. Its existing files are never changed.
    now : datetime, optional
        The time in UTC for the snapshot's id; default: the current time.
    supersedes : str, optional
        The id of an older snapshot that this one replaces; readers no longer list the older one.

    Returns
    -------
    str
        The snapshot's id. It exists for readers as soon as its commit record does.

    Raises
    ------
    SchemaError
        ``inventory`` is not an Inventory, or a table does not match its schema; nothing is written.
    InventoryError
        The folder cannot be written.

    Warns
    -----
    ClockWarning
        The folder has a snapshot that is dated after ``now`` and therefore stays the newest one.
    """
    inventory = checked_inventory(inventory)
    held = inventory.tables(with_key_facts=not inventory.key_facts.empty)
    tables = {name: table[[*schema.find(name).names]] for name, table in held.items()}
    for name, table in tables.items():
        schema.validate(name, table)
    target = Path(folder)
    now = datetime.now(UTC) if now is None else now
    snapshot = layout.snapshot_id(now, suffix=secrets.token_hex(3))
    try:
        written = {
            name: _write_table(target, snapshot, name, table) for name, table in tables.items()
        }
        record = _commit_record(inventory, snapshot, written, now)
        _commit(target, msgspec.structs.replace(record, supersedes=supersedes))
    except OSError as error:
        raise InventoryError(f"{target} cannot be written: {error.strerror or error}") from error
    newest = newest_after(target, now)
    if newest is not None:
        warnings.warn(
            f"snapshot {newest} is dated in the future and stays the newest, not the one "
            "just written: set this machine's clock if it is wrong; if it is right, remove "
            f"{target / layout.RECORDS / newest}.json",
            ClockWarning,
            stacklevel=2,
        )
    return snapshot


def _write_table(
    folder: Path, snapshot: str, name: str, table: pd.DataFrame
) -> list[tuple[Part, Positions]]:
    """Write a table as files; return each file's ``Part`` and the positions of its rows."""
    if name in RESTRICTED:
        path = Path(name, f"snapshot={snapshot}", "part-0.parquet")
        return [(_write_part(folder, path, name, table), np.arange(len(table)))]
    used: Counter[str] = Counter()
    written = []
    for region, account, rows in _parts(table):
        # Case-insensitive, as on some file systems.
        key = str(layout.part_path(name, snapshot, region, account)).lower()
        path = layout.part_path(name, snapshot, region, account, number=used[key])
        used[key] += 1
        written.append((_write_part(folder, path, name, table.iloc[rows]), rows))
    give_back_memory()
    return written


def _parts(table: pd.DataFrame) -> Iterator[tuple[str | None, str | None, Positions]]:
    """Yield each combination of region and account in a table, with the positions of its rows.

    An empty table yields one combination, None and None, without rows.
    """
    if table.empty:
        yield None, None, np.arange(0)
        return
    keys = table[["region_id", "account_id"]].reset_index(drop=True)
    for key, part in keys.groupby(list(keys.columns), dropna=False, sort=False):
        region, account = (None if pd.isna(value) else str(value) for value in key)
        yield region, account, part.index.to_numpy()


def _write_part(folder: Path, path: Path, name: str, part: pd.DataFrame) -> Part:
    """Write one Parquet file and sync it to disk; return its entry for the commit record."""
    arrow = schema.arrow_schema(name)
    columns = []
    for field in arrow:
        values = part[field.name]
        values = values.astype("str") if values.dtype == "category" else values
        columns.append(pa.array(values, type=field.type, from_pandas=True))
    buffer = io.BytesIO()
    with pq.ParquetWriter(
        buffer, arrow, compression="zstd", compression_level=1, store_schema=False
    ) as writer:
        writer.write_table(pa.Table.from_arrays(columns, schema=arrow))
        writer.add_key_value_metadata(arrow.metadata)
    body = buffer.getvalue()
    # Modes before the umask is applied; every folder has its own from the start.
    folder_mode, file_mode = (0o700, 0o600) if name in RESTRICTED else (0o777, 0o666)
    folder.mkdir(parents=True, exist_ok=True)
    for parent in reversed(path.parents[:-1]):
        (folder / parent).mkdir(exist_ok=True, mode=folder_mode)
    create_file(folder / path, body, mode=file_mode)
    return Part(
        path=path.as_posix(), table=name, n_rows=len(part), sha256=hashlib.sha256(body).hexdigest()
    )


def _commit_record(
    inventory: Inventory,
    snapshot: str,
    written: Mapping[str, list[tuple[Part, Positions]]],
    now: datetime,
) -> CommitRecord:
    orders = {name: np.concatenate([rows for _, rows in parts]) for name, parts in written.items()}
    return CommitRecord(
        snapshot=snapshot,
        layout_version=layout.LAYOUT_VERSION,
        tool_version=__version__,
        written_at=now.isoformat(timespec="seconds"),
        is_complete=inventory.is_complete,
        coverage=inventory.coverage_sentence(),
        n_rows={name: sum(part.n_rows for part, _ in parts) for name, parts in written.items()},
        parts=[part for parts in written.values() for part, _ in parts],
        orders={
            name: order.tolist() for name, order in orders.items() if (np.diff(order) < 0).any()
        },
    )


def _commit(folder: Path, record: CommitRecord) -> None:
    """Write the commit record in one atomic step; an existing record is never replaced."""
    records = folder / layout.RECORDS
    records.mkdir(parents=True, exist_ok=True)
    temporary, final = records / f".{record.snapshot}.tmp", records / f"{record.snapshot}.json"
    body = msgspec.json.format(msgspec.json.encode(record), indent=1)
    create_file(temporary, body)
    try:
        os.link(temporary, final)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        create_file(final, body)
    finally:
        temporary.unlink()
