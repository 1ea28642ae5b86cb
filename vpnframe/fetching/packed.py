"""Store records as compressed batches, in a twentieth of the memory of Python objects."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping, Set
from itertools import chain
from typing import Any

import msgspec

from vpnframe.model.records import Row

Part = Mapping[str, Any]  # records by id
_BLOCK = 64
_PART = 1000  # records; if there were fewer, making columns of each part would take longer
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(dict[str, Row]).decode
_decode_raw = msgspec.msgpack.Decoder(dict[str, msgspec.Raw]).decode


class PackedRecords:
    """A compressed store of records by id; records are added one by one and read in parts."""

    def __init__(self) -> None:
        self._blocks: list[bytes] = []
        self._open: dict[str, msgspec.Raw] = {}

    def __len__(self) -> int:
        return len(self._blocks) * _BLOCK + len(self._open)

    def put(self, key: str, record: Row | msgspec.Raw) -> None:
        """Add a record, which may already be encoded in msgpack."""
        self._open[key] = msgspec.Raw(_encode(record))
        if len(self._open) == _BLOCK:
            self._blocks.append(zlib.compress(_encode(self._open), 1))
            self._open = {}

    def parts(self) -> Iterator[dict[str, Any]]:
        """Yield dicts of about 1,000 records by id, in the order in which they were added."""
        part: dict[str, Any] = {}
        for body in self._bodies():
            part |= _decode(body)
            if len(part) >= _PART:
                yield part
                part = {}
        if part:
            yield part

    def ids(self) -> Iterator[str]:
        """Yield the ids, in the order in which the records were added."""
        return (key for key, _ in self.raw())

    def raw(self) -> Iterator[tuple[str, msgspec.Raw]]:
        """Yield the id of each record with the record in its encoded form."""
        for body in self._bodies():
            yield from _decode_raw(body).items()

    def in_order(self, only: Set[str] | None = None) -> PackedRecords:
        """Return a copy that is sorted by record id and, with ``only``, has only these ids."""
        ordered, rows = PackedRecords(), dict(self.raw())
        for key in sorted(rows if only is None else rows.keys() & only):
            ordered.put(key, rows[key])
        return ordered

    def _bodies(self) -> Iterator[bytes]:
        yield from map(zlib.decompress, self._blocks)
        if self._open:
            yield _encode(self._open)


def side_by_side(
    first: Iterable[Part], *others: Iterable[Part]
) -> Iterator[tuple[dict[str, Any], ...]]:
    """Join sequences sorted by id to tuples: a part per sequence, all in one range of ids."""
    following = [(iter(parts), dict[str, Any]()) for parts in others]
    for part in first:
        last, due = max(part, default=""), []
        for coming, waiting in following:
            while not waiting or max(waiting) <= last:
                more = next(coming, None)
                if more is None:
                    break
                waiting.update(more)
            due.append({key: waiting.pop(key) for key in sorted(waiting) if key <= last})
        yield dict(part), *due
    for n, (coming, waiting) in enumerate(following):
        for rest in filter(None, chain([waiting], coming)):
            yield {}, *(dict(rest) if at == n else {} for at in range(len(following)))
