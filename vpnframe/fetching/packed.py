"""Store many records in little memory.

As Python objects, the rows and downloads of one connection take over ten KiB: 100,000 connections
would fill a laptop's memory. Records are packed once they are read: compressed batches of msgpack
take a twentieth of that. They are unpacked part by part when they become tables.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, TypeVar

import msgspec

from vpnframe.model.records import Row

A = TypeVar("A")
B = TypeVar("B")

_BLOCK = 64
_PART = 1000  # records; if there were fewer, making columns of each part would take longer
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(dict[str, Row]).decode
_decode_raw = msgspec.msgpack.Decoder(dict[str, msgspec.Raw]).decode


class PackedRecords:
    """Packed records by id: added one by one, iterated part by part."""

    def __init__(self) -> None:
        self._blocks: list[bytes] = []
        self._open: dict[str, msgspec.Raw] = {}

    def __len__(self) -> int:
        return len(self._blocks) * _BLOCK + len(self._open)

    def put(self, key: str, record: Row | msgspec.Raw) -> None:
        """Add a record, which may already be encoded."""
        self._open[key] = msgspec.Raw(_encode(record))
        if len(self._open) == _BLOCK:
            self._blocks.append(zlib.compress(_encode(self._open), 1))
            self._open = {}

    def parts(self) -> Iterator[dict[str, Any]]:
        """Yield the records part by part, in the order in which they were added."""
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
        for key, _ in self.raw():
            yield key

    def raw(self) -> Iterator[tuple[str, msgspec.Raw]]:
        """Yield every id with its encoded record."""
        for body in self._bodies():
            yield from _decode_raw(body).items()

    def in_order(self) -> PackedRecords:
        """Return a copy with the records in order of their ids."""
        ordered, rows = PackedRecords(), dict(self.raw())
        for key in sorted(rows):
            ordered.put(key, rows[key])
        return ordered

    def _bodies(self) -> Iterator[bytes]:
        yield from map(zlib.decompress, self._blocks)
        if self._open:
            yield _encode(self._open)


def side_by_side(
    left: Iterable[Mapping[str, A]], right: Iterable[Mapping[str, B]]
) -> Iterator[tuple[dict[str, A], dict[str, B]]]:
    """Yield pairs of parts, with the same ids in both, from two sequences of parts sorted by id."""
    coming, waiting = iter(right), dict[str, B]()
    for part in left:
        last = max(part, default="")
        while not waiting or max(waiting) <= last:
            more = next(coming, None)
            if more is None:
                break
            waiting |= more
        due = {key: waiting.pop(key) for key in sorted(waiting) if key <= last}
        yield dict(part), due
    for rest in chain([waiting], coming):
        if rest:
            yield {}, dict(rest)
