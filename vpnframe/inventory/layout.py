"""The file paths of a snapshot, and its commit record, with which a reader verifies the files.

::

    <folder>/
      <table>/snapshot=<id>/region=<region_id>/part-<account_id>-<n>.parquet
      key_facts/snapshot=<id>/part-0.parquet     for its owner only; exists only if it has rows
      _snapshots/<id>.json        the commit record: a snapshot exists when this file does

No column has the name of a partition key, so ``region_id`` and ``account_id`` stay in the files
and every engine can read the folder.
"""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import msgspec

LAYOUT_VERSION = 1
RECORDS = "_snapshots"
SNAPSHOT_ID = re.compile(r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{6}")


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One Parquet file of a snapshot, as described in the commit record."""

    path: str  # inside the inventory folder, with forward slashes
    table: str  # for example ``tunnels``
    n_rows: int  # number of its rows
    sha256: str  # of the whole file, in hex


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of a commit record that are the same in every layout version."""

    layout_version: int  # see LAYOUT_VERSION
    supersedes: str | None = None  # id of the snapshot that this one replaces


class CommitRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The commit record of a snapshot; the snapshot exists if and only if this record exists."""

    layout_version: int
    snapshot: str  # its id
    tool_version: str  # of the package that wrote it
    written_at: str  # ISO 8601, UTC
    is_complete: bool  # whether everything that exists was read
    coverage: str  # the coverage as a sentence
    n_rows: dict[str, int]  # rows of each table
    parts: list[Part]  # all files
    # For a table whose rows are not written in their order: the original position of each row
    orders: dict[str, list[int]] = {}
    supersedes: str | None = None


def snapshot_id(now: datetime, *, suffix: str) -> str:
    """Return the id of a snapshot that is written at the UTC time ``now``."""
    return f"{now:%Y%m%dT%H%M%SZ}-{suffix}"


def part_path(
    table: str, snapshot: str, region: str | None, account: str | None, *, number: int = 0
) -> Path:
    """Return the path of a Parquet file, relative to the inventory folder.

    Examples
    --------
    >>> part_path("tunnels", "S", "cn-shanghai", "1234").as_posix()
    'tunnels/snapshot=S/region=cn-shanghai/part-1234-0.parquet'
    """
    # A word, as pyarrow and pandas reject a folder whose only partition is Hive's null.
    safe_region, safe_account = (
        re.sub(r"[^A-Za-z0-9_-]", "_", text or "") or "none" for text in (region, account)
    )
    name = f"part-{safe_account}-{number}.parquet"
    return Path(table, f"snapshot={snapshot}", f"region={safe_region}", name)
