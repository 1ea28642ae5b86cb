"""Store many records in little memory.

As objects, the rows and downloads of a connection take more than ten KiB; a fleet of 100,000 would
fill a laptop's memory. Records are therefore packed as soon as they are read: as msgpack,
compressed in blocks of 64 records, a twentieth of the size. They are unpacked part by part, in
order of their ids, when records become tables: only one part exists as objects at a time.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

import msgspec

from vpnframe.model.records import Row

A = TypeVar("A")
B = TypeVar("B")

_BLOCK = 64
# Large enough that the overhead of making columns from each part is small.
_PART = 1000
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(dict[str, Row]).decode
_decode_raw = msgspec.msgpack.Decoder(dict[str, msgspec.Raw]).decode


class PackedRecords:
    """Packed records by id: added one by one, iterated part by part.

    Examples
    --------
    >>> from vpnframe.model.records import Region
    >>> packed = PackedRecords()
    >>> for name in ("cn-shanghai", "cn-beijing"):
    ...     packed.put(name, Region(region_id=name))
    >>> len(packed), list(packed.in_order().ids())
    (2, ['cn-beijing', 'cn-shanghai'])
    """

    def __init__(self) -> None:
        self._blocks: list[bytes] = []
        self._open: dict[str, msgspec.Raw] = {}
        self._n_packed = 0

    def __len__(self) -> int:
        return self._n_packed + len(self._open)

    def put(self, key: str, record: Row | msgspec.Raw) -> None:
        """Add a record, or one that is already encoded."""
        self._open[key] = msgspec.Raw(_encode(record))
        if len(self._open) == _BLOCK:
            self._blocks.append(zlib.compress(_encode(self._open), 1))
            self._n_packed += _BLOCK
            self._open = {}

    def parts(self) -> Iterator[dict[str, Row]]:
        """Yield the records part by part, in the order in which they were added."""
        part: dict[str, Row] = {}
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
        shelf, rows = PackedRecords(), dict(self.raw())
        for key in sorted(rows):
            shelf.put(key, rows[key])
        return shelf

    def _bodies(self) -> Iterator[bytes]:
        yield from map(zlib.decompress, self._blocks)
        if self._open:
            yield _encode(self._open)


def side_by_side(
    left: Iterable[Mapping[str, A]], right: Iterable[Mapping[str, B]]
) -> Iterator[tuple[dict[str, A], dict[str, B]]]:
    """Iterate over two sorted sequences of parts together, aligned by id.

    Examples
    --------
    >>> list(side_by_side([{"b": 1}, {"d": 2}], [{"a": 3, "d": 4, "e": 5}]))
    [({'b': 1}, {'a': 3}), ({'d': 2}, {'d': 4}), ({}, {'e': 5})]
    """
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
    if waiting:
        yield {}, waiting
    for more in coming:
        yield {}, dict(more)
