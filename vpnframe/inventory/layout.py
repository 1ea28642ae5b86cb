"""The files of an inventory folder, and the record of a snapshot.

::

    <folder>/
      snapshots/snapshot=<id>/<table>.parquet     a file per table, plain for every engine
      snapshots/snapshot=<id>/snapshot.json       the record, written last
      private/snapshot=<id>/key_facts.parquet     for its owner only; exists only if it has rows
      latest -> snapshots/snapshot=<id>           a convenience for other tools

A snapshot exists if its record does. A table that equals the table of the snapshot before is a hard
link to its file, if the file system has hard links. A table of more than a million rows has several
files: ``tunnels-00001.parquet`` and so on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import msgspec

from vpnframe.errors import InventoryError
from vpnframe.model.files import MIB, read_file
from vpnframe.schema.tables import RESTRICTED

SCHEMA_VERSION = 2
RECORD, LATEST, LOCK = "snapshot.json", "latest", ".lock"
SNAPSHOT_ID = re.compile(r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{6}")
MOST_ROWS = 1_000_000  # of one file
Kind = Literal["full", "lists", "sample"]
_FOLDER = re.compile(f"snapshot=({SNAPSHOT_ID.pattern})")
_FILE = re.compile(r"([a-z_]+)(-[0-9]{5})?\.parquet")


class TableFile(msgspec.Struct, frozen=True, kw_only=True):
    """One Parquet file of a snapshot."""

    name: str  # without a folder
    n_rows: int
    sha256: str  # of the whole file, in hex


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """The field of a record that is the same in every version."""

    schema_version: int


class SnapshotRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The record of a snapshot. Without this record, the snapshot does not exist."""

    schema_version: int
    snapshot: str  # its id
    tool_version: str  # of the package that wrote it
    kind: Kind  # what was asked for: everything, the lists alone, or a sample of downloads
    started_ms: int | None = None  # when the fetch began
    finished_ms: int  # when the snapshot was written
    is_complete: bool  # whether everything that exists was read
    coverage: str  # the coverage as a sentence
    tables: dict[str, list[TableFile]]

    @property
    def finished(self) -> datetime:
        """When the snapshot was written, in UTC."""
        return datetime.fromtimestamp(self.finished_ms / 1000, UTC)


def folder_of(folder: Path, snapshot: str, table: str = "") -> Path:
    """Return the folder that has the files of a snapshot, or of one table of the snapshot."""
    return folder / ("private" if table in RESTRICTED else "snapshots") / f"snapshot={snapshot}"


def files_of(folder: Path, record: SnapshotRecord, table: str) -> Iterator[tuple[Path, TableFile]]:
    """Yield a table's files: path and entry in ``record``. A folder must not be a link."""
    home = folder_of(folder, record.snapshot, table)
    for link in (one for one in (home, home.parent) if one.is_symlink()):
        raise InventoryError(f"{link} is a symbolic link: replace it by the folder itself")
    for file in record.tables.get(table, ()):
        yield home / file.name, file


def find_ids(folder: Path) -> set[str]:
    """Return the ids of all snapshot folders, with or without a snapshot record."""
    paths = [path for kind in ("snapshots", "private") for path in (folder / kind).glob("*")]
    return {found[1] for path in paths if (found := _FOLDER.fullmatch(path.name))}


def read_record(folder: Path, snapshot: str) -> SnapshotRecord:
    """Read the record of a snapshot, and check that it names only files of its own folder."""
    path = folder_of(folder, snapshot) / RECORD
    try:
        body = read_file(path, limit=64 * MIB)
        version = msgspec.json.decode(body, type=Header).schema_version
        if version > SCHEMA_VERSION:
            raise InventoryError(f"{path} was written by a newer vpnframe: update vpnframe")
        record = msgspec.json.decode(body, type=SnapshotRecord)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        raise InventoryError(f"{path} is damaged: read another snapshot") from None
    named = [(table, file.name) for table, files in record.tables.items() for file in files]
    strange = [name for table, name in named if _table_of(name) != table]
    if record.snapshot != snapshot or strange:
        what = strange[0] if strange else f"snapshot {record.snapshot!r}"
        raise InventoryError(f"{path} names {what}, which is not of its folder")
    return record


def _table_of(name: str) -> str | None:
    found = _FILE.fullmatch(name)
    return found[1] if found else None
