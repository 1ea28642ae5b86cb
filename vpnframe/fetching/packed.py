"""Many records in little room.

As objects, the rows and downloads of a connection take more than ten KiB; a fleet of 100,000 would
fill a laptop. So whatever a crawl reads is packed at once: msgpack, compressed in blocks of some
dozens of records, a twentieth of the room. It is unpacked part by part, in the order of the ids,
when records become tables: objects of one part stand at a time.
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
# Enough for the columns that are made of a part to be worth their overhead.
_PART = 1000
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(dict[str, Row]).decode
_decode_raw = msgspec.msgpack.Decoder(dict[str, msgspec.Raw]).decode


class PackedRecords:
    """Records by id, packed: put in one by one, looked through part by part.

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
        """Put in a record, or one that is encoded already."""
        self._open[key] = msgspec.Raw(_encode(record))
        if len(self._open) == _BLOCK:
            self._blocks.append(zlib.compress(_encode(self._open), 1))
            self._n_packed += _BLOCK
            self._open = {}

    def parts(self) -> Iterator[dict[str, Row]]:
        """Unpack part by part, in the order in which the records came."""
        part: dict[str, Row] = {}
        for body in self._bodies():
            part |= _decode(body)
            if len(part) >= _PART:
                yield part
                part = {}
        if part:
            yield part

    def ids(self) -> Iterator[str]:
        """Give the ids, in the order in which the records came."""
        for key, _ in self.raw():
            yield key

    def raw(self) -> Iterator[tuple[str, msgspec.Raw]]:
        """Give every id with its record as it is encoded."""
        for body in self._bodies():
            yield from _decode_raw(body).items()

    def in_order(self) -> PackedRecords:
        """Give a shelf of the same records in the order of their ids."""
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
    """Look through two shelves together, part by part.

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
