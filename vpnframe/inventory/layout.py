"""Paths in an inventory folder.

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

LAYOUT_VERSION = 1
SNAPSHOT_ID = re.compile(r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{6}")
# A word, because pyarrow and pandas reject a folder whose only partition is Hive's null. The column
# region_id is null nevertheless.
NO_REGION = "none"


def snapshot_id(now: datetime, *, suffix: str) -> str:
    """Return the id of a snapshot.

    Examples
    --------
    >>> from datetime import UTC
    >>> snapshot_id(datetime(2026, 11, 23, 6, 24, tzinfo=UTC), suffix="3f9a1c")
    '20261123T062400Z-3f9a1c'
    """
    return f"{now:%Y%m%dT%H%M%SZ}-{suffix}"


def records_folder(folder: Path) -> Path:
    """Return the folder of the commit records."""
    return folder / "_snapshots"


def part_path(
    table: str, snapshot: str, region: str | None, account: str | None, *, number: int = 0
) -> Path:
    """Return a part's path, relative to the inventory folder.

    Examples
    --------
    >>> part_path("tunnels", "S", "cn-shanghai", "1234").as_posix()
    'tunnels/snapshot=S/region=cn-shanghai/part-1234-0.parquet'
    """
    place = f"region={_safe(region) or NO_REGION}"
    name = f"part-{_safe(account) or 'none'}-{number}.parquet"
    return Path(table, f"snapshot={snapshot}", place, name)


def restricted_path(table: str, snapshot: str) -> Path:
    """Return the path of a restricted table, relative to the inventory folder.

    Examples
    --------
    >>> restricted_path("key_facts", "S").as_posix()
    'key_facts/snapshot=S/part-0.parquet'
    """
    return Path(table, f"snapshot={snapshot}", "part-0.parquet")


def _safe(text: str | None) -> str:
    """Return text from an answer as a safe part of a file name: no separators, not hidden."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", text or "")
