"""Convert notes on unreadable values to rows of the table ``failures``."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from vpnframe.cloud.actions import LISTS
from vpnframe.model.records import Failure, Note, RouteEntry, Row, Statement


def note_failure(note: Note, *, action: str, at_ms: int | None = None) -> Failure:
    """Convert a note on an unreadable value to a row of the table ``failures``."""
    message = f"{note.field} {note.message}"
    return Failure(kind=note.kind, message=message, action=action, at_ms=at_ms)


def odd_count(note: Note) -> Note:
    """Extend the note on an implausible row count: say that the count was ignored."""
    so = "it makes no sense, so pages were read until one had no new rows"
    return msgspec.structs.replace(note, message=f"{note.message}: {so}")


def record_failures(*records: Row) -> Iterator[Failure]:
    """Yield a row of the table ``failures`` for each unreadable value noted in the records."""
    for record in records:
        for note in getattr(record, "notes", ()):
            yield Failure(
                kind=note.kind,
                message=f"{_subject(record, note)}{note.field} {note.message}",
                action=note.action,
                vpn_connection_id=getattr(record, "vpn_connection_id", None),
                request_id=getattr(record, "request_id", None),
                at_ms=getattr(record, "fetched_ms", None),
            )


def _subject(record: Row, note: Note) -> str:
    """Return words that name the resource, or "" if a column of the row already names it."""
    if isinstance(record, Statement):
        return ""
    if isinstance(record, RouteEntry):
        return f"the route to {record.destination_cidr[:80]}: "
    return f"{getattr(record, LISTS[note.action].record_id)} "
