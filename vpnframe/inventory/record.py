"""The commit record of a snapshot: what was written, so that a reader can tell that it is whole."""

from __future__ import annotations

import msgspec


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One file of one table.

    Parameters
    ----------
    path : str
        Inside the inventory folder, with forward slashes.
    table : str
        For example ``tunnels``.
    n_rows : int
        Rows in it.
    sha256 : str
        Of the whole file, in hex.
    """

    path: str
    table: str
    n_rows: int
    sha256: str


class Layout(msgspec.Struct, frozen=True, kw_only=True):
    """The one field that every version of the record has.

    Parameters
    ----------
    layout_version : int
        See :data:`vpnframe.inventory.layout.LAYOUT_VERSION`.
    """

    layout_version: int


class Completion(msgspec.Struct, frozen=True, kw_only=True):
    """The one field of the record that tells which snapshots count.

    Parameters
    ----------
    supersedes : str or None
        A snapshot that this one completes.
    """

    supersedes: str | None = None


class CommitRecord(Layout, frozen=True, kw_only=True):
    """A snapshot exists when its commit record does.

    Parameters
    ----------
    snapshot : str
        Its id.
    tool_version : str
        Of the package that wrote it.
    written_at : str
        ISO 8601, UTC.
    is_complete : bool
        Whether everything that there is was read.
    coverage : str
        The same as a sentence.
    n_rows : dict of str to int
        Rows of each table.
    parts : list of Part
        All files.
    orders : dict of str to list of int
        For a table whose rows were not sorted by part: the position of each row in turn.
    supersedes : str or None
        A snapshot that this one completes, and that readers pass over.
    """

    snapshot: str
    tool_version: str
    written_at: str
    is_complete: bool
    coverage: str
    n_rows: dict[str, int]
    parts: list[Part]
    orders: dict[str, list[int]] = {}
    supersedes: str | None = None
