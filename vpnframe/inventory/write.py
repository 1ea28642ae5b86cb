"""Write a snapshot to disk: first its Parquet files, then its record."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import secrets
import shutil
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from vpnframe import schema
from vpnframe._version import __version__
from vpnframe.errors import ClockWarning, InventoryError
from vpnframe.inventory import layout
from vpnframe.inventory.inventory import Inventory, checked_inventory
from vpnframe.inventory.layout import SnapshotRecord, TableFile, folder_of
from vpnframe.inventory.read import newest_after, records_of
from vpnframe.model.files import create_file
from vpnframe.schema.columns import are_sorted
from vpnframe.schema.memory import give_back_memory
from vpnframe.schema.tables import RESTRICTED

_ROW_GROUP = 100_000  # rows
_ABANDONED_S = 24 * 3600.0  # age after which an unfinished snapshot is removed without a lock


def write_inventory(
    inventory: Inventory,
    folder: str | Path,
    *,
    kind: layout.Kind = "full",
    started: datetime | None = None,
    now: datetime | None = None,
) -> str:
    """Write an inventory as a new snapshot of a folder.

    Parameters
    ----------
    inventory : Inventory
        Its tables are cast to their schemas; columns that are not in a schema are left out. Key
        facts, if any, are written to a folder and a file that only their owner may read.
    folder : str or Path
        Created if it does not exist. Its existing snapshots are never changed.
    kind : {"full", "lists", "sample"}
        What the fetch asked for: everything, the lists alone, or downloads of a sample. Readers
        take a sample as the latest snapshot only if there is no other.
    started : datetime, optional
        When the fetch began, in UTC.
    now : datetime, optional
        The time in UTC at which the snapshot is written; default: the current time.

    Returns
    -------
    str
        The snapshot's id. It exists for readers as soon as its record does.

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
    snapshot = f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
    try:
        for link in (one for one in ("snapshots", "private") if (target / one).is_symlink()):
            raise OSError(errno.ELOOP, f"{link} is a symbolic link: put a folder there")
        (target / "snapshots").mkdir(parents=True, exist_ok=True)
        with _locked(target) as has_lock:
            _sweep(target, has_lock=has_lock)
            written = _write_tables(target, snapshot, tables)
            record = SnapshotRecord(
                schema_version=layout.SCHEMA_VERSION,
                snapshot=snapshot,
                tool_version=__version__,
                kind=kind,
                started_ms=None if started is None else int(started.timestamp() * 1000),
                finished_ms=int(now.timestamp() * 1000),
                is_complete=inventory.is_complete,
                coverage=inventory.coverage_sentence(),
                tables=written,
            )
            _commit(target, record)
    except OSError as error:
        raise InventoryError(f"{target} cannot be written: {error.strerror or error}") from error
    newest = newest_after(records_of(target), now)
    if newest is not None:
        warnings.warn(
            f"snapshot {newest} is dated in the future and stays the newest, not the one "
            "just written: set this machine's clock if it is wrong; if it is right, remove "
            f"{folder_of(target, newest)}",
            ClockWarning,
            stacklevel=2,
        )
    return snapshot


def remove_snapshot(folder: Path, snapshot: str) -> None:
    """Remove a snapshot, its record first. Other snapshots keep the files that they share."""
    (folder_of(folder, snapshot) / layout.RECORD).unlink(missing_ok=True)
    for home in (folder_of(folder, snapshot, table) for table in ("", *RESTRICTED)):
        if home.exists():
            shutil.rmtree(home)


@contextmanager
def _locked(folder: Path) -> Iterator[bool]:
    """Wait until no other process writes to the folder; yield False if it cannot be locked."""
    with ExitStack() as stack:
        has_lock = False
        with suppress(ImportError, OSError):
            import fcntl  # noqa: PLC0415  not on every system

            fcntl.flock(stack.enter_context((folder / layout.LOCK).open("ab")), fcntl.LOCK_EX)
            has_lock = True
        yield has_lock


def _sweep(folder: Path, *, has_lock: bool) -> None:
    """Remove temporary links and unfinished snapshots; without a lock, keep new snapshots."""
    for snapshot in layout.find_ids(folder):
        home = folder_of(folder, snapshot)
        if (home / layout.RECORD).exists():
            continue
        with suppress(FileNotFoundError):
            age_s = time.time() - home.stat().st_mtime
            if not has_lock and age_s < _ABANDONED_S:
                continue
        with suppress(OSError):  # the next writer tries again
            remove_snapshot(folder, snapshot)
    for link in folder.glob(f".{layout.LATEST}-*"):
        link.unlink(missing_ok=True)


def _write_tables(
    folder: Path, snapshot: str, tables: Mapping[str, pd.DataFrame]
) -> dict[str, list[TableFile]]:
    """Write all tables. Hard-link the files that are unchanged since the previous snapshot."""
    before = next(iter(records_of(folder)[::-1]), None)
    known = before.tables if before else {}
    folder_of(folder, snapshot).mkdir()
    written = {}
    for name, table in tables.items():
        files = [_encode(part) for part in _parts(name, table)]
        home = folder_of(folder, snapshot, name)
        if name in RESTRICTED:
            home.parent.mkdir(exist_ok=True, mode=0o700)
            home.parent.chmod(0o700)
            home.mkdir(mode=0o700)
        entries = []
        for number, (n_rows, body) in enumerate(files, 1):
            file = f"{name}.parquet" if len(files) == 1 else f"{name}-{number:05}.parquet"
            digest = hashlib.sha256(body).hexdigest()
            same = [one.name for one in known.get(name, ()) if one.sha256 == digest]
            old = folder_of(folder, before.snapshot, name) / same[0] if before and same else None
            if old is None or not _link(old, home / file, body):
                create_file(home / file, body, mode=0o600 if name in RESTRICTED else 0o666)
            entries.append(TableFile(name=file, n_rows=n_rows, sha256=digest))
        if name in RESTRICTED:
            _sync(home)
        written[name] = entries
        give_back_memory()
    return written


def _link(old: Path, new: Path, body: bytes) -> bool:
    """Link a new file to an old one with the same bytes; return whether this was possible."""
    try:
        if old.is_symlink() or old.read_bytes() != body:
            return False
        os.link(old, new)
    except OSError:
        return False
    return True


def _parts(name: str, table: pd.DataFrame) -> Iterator[pa.Table]:
    """Yield a table, sorted by the place of its rows, in parts of at most ``MOST_ROWS`` rows."""
    plain, own = pa.Table.from_pandas(table, preserve_index=False), schema.arrow_schema(name)
    # A file has our own types, and the metadata from which pandas restores its dtypes.
    metadata = {**own.metadata, b"pandas": plain.schema.metadata[b"pandas"]}
    found = _sorted(plain.cast(own.with_metadata(metadata)), schema.find(name).key[:3])
    for start in range(0, max(len(found), 1), layout.MOST_ROWS):
        yield found.slice(start, layout.MOST_ROWS)


def _sorted(table: pa.Table, key: tuple[str, ...]) -> pa.Table:
    """Sort the rows by the columns in ``key``, nulls first; equal rows stay in order."""
    columns = [table[name] for name in key]
    plain = [one.cast(pa.string()) if pa.types.is_dictionary(one.type) else one for one in columns]
    filled = [pc.fill_null(one, "" if one.type == pa.string() else -1) for one in plain]
    if are_sorted(filled):
        return table
    keys = pa.table(dict(zip(key, filled, strict=True)))
    return table.take(pc.sort_indices(keys, sort_keys=[(name, "ascending") for name in key]))


def _encode(part: pa.Table) -> tuple[int, bytes]:
    """Return the number of rows of a part, and the bytes of its Parquet file."""
    buffer = io.BytesIO()
    pq.write_table(part, buffer, compression="zstd", compression_level=1, row_group_size=_ROW_GROUP)
    return len(part), buffer.getvalue()


def _commit(folder: Path, record: SnapshotRecord) -> None:
    """Write the record in one atomic step, then let ``latest`` lead to the snapshot."""
    home = folder_of(folder, record.snapshot)
    body = msgspec.json.format(msgspec.json.encode(record), indent=1)
    create_file(home / f".{layout.RECORD}", body)
    (home / f".{layout.RECORD}").rename(home / layout.RECORD)
    _sync(home)
    _sync(home.parent)
    newest = next((one for one in records_of(folder)[::-1] if one.kind != "sample"), None)
    if newest is not None:
        link = folder / f".{layout.LATEST}-{secrets.token_hex(4)}"
        with suppress(OSError):  # a file system without symbolic links
            link.symlink_to(folder_of(Path(), newest.snapshot))
            link.replace(folder / layout.LATEST)
    _sync(folder)


def _sync(folder: Path) -> None:
    """Sync a folder to disk, where the system allows this."""
    with suppress(OSError):
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
