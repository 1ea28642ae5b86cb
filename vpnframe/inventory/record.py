"""The commit record of a snapshot: what was written, so that a reader can tell that it is whole."""

from __future__ import annotations

import msgspec


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One file of one table."""

    path: str  # inside the inventory folder, with forward slashes
    table: str  # for example ``tunnels``
    n_rows: int  # rows in it
    sha256: str  # of the whole file, in hex


class Layout(msgspec.Struct, frozen=True, kw_only=True):
    """The one field that every version of the record has."""

    layout_version: int  # see :data:`vpnframe.inventory.layout.LAYOUT_VERSION`


class Completion(msgspec.Struct, frozen=True, kw_only=True):
    """The one field of the record that tells which snapshots count."""

    supersedes: str | None = None  # a snapshot that this one completes


class CommitRecord(Layout, frozen=True, kw_only=True):
    """A snapshot exists when its commit record does."""

    snapshot: str  # its id
    tool_version: str  # of the package that wrote it
    written_at: str  # ISO 8601, UTC
    is_complete: bool  # whether everything that there is was read
    coverage: str  # the same as a sentence
    n_rows: dict[str, int]  # rows of each table
    parts: list[Part]  # all files
    # For a table whose rows were not sorted by part: the position of each row in turn
    orders: dict[str, list[int]] = {}
    supersedes: str | None = None  # a snapshot that this one completes, and that readers pass over
