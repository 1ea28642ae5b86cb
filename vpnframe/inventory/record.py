"""The commit record of a snapshot: what was written, so that a reader can verify it."""

from __future__ import annotations

import msgspec


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One file of one table."""

    path: str  # inside the inventory folder, with forward slashes
    table: str  # for example ``tunnels``
    n_rows: int  # rows in it
    sha256: str  # of the whole file, in hex


class Layout(msgspec.Struct, frozen=True, kw_only=True):
    """The one field that every version of the commit record has."""

    layout_version: int  # see :data:`vpnframe.inventory.layout.LAYOUT_VERSION`


class Completion(msgspec.Struct, frozen=True, kw_only=True):
    """The one field of the record that decides which snapshots count."""

    supersedes: str | None = None  # the snapshot that this one completes


class CommitRecord(Layout, frozen=True, kw_only=True):
    """The commit record: a snapshot exists if and only if its record exists."""

    snapshot: str  # its id
    tool_version: str  # of the package that wrote it
    written_at: str  # ISO 8601, UTC
    is_complete: bool  # whether everything that exists was read
    coverage: str  # the coverage as a sentence
    n_rows: dict[str, int]  # rows of each table
    parts: list[Part]  # all files
    # For a table whose rows were not sorted by part: the original position of each written row
    orders: dict[str, list[int]] = {}
    supersedes: str | None = None  # the snapshot that this one completes; readers skip it
