"""Convert the source and destination addresses of packets to numbers."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from vpnframe.errors import AddressError
from vpnframe.tracing.prefixes import Addresses

_FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}
_SINGLE = (str, bytes, ipaddress.IPv4Network, ipaddress.IPv6Network)


@dataclass(frozen=True, slots=True)
class Packets:
    """A batch of packets: one source and one destination address per packet."""

    source: Addresses
    destination: Addresses
    index: pd.Index | None  # index of the Series that contained the addresses

    def __len__(self) -> int:
        return len(self.source.texts)


def read_packets(source: object, destination: object) -> Packets:
    """Read the addresses of packets; a single address is paired with each of the other side."""
    listed = [_texts(source), _texts(destination)]
    n = max(map(len, listed)) if all(listed) else 0
    one_each = [
        texts * n if len(texts) == 1 and not _is_many(side) else texts
        for texts, side in zip(listed, (source, destination), strict=True)
    ]
    if len(one_each[0]) != len(one_each[1]):
        raise ValueError(
            f"{len(listed[0])} sources and {len(listed[1])} destinations: give one, or as many"
        )
    sources, destinations = map(_addresses, one_each, ("source", "destination"))
    families = sources.family, destinations.family
    mixed = np.flatnonzero((families[0] != families[1]) & (np.minimum(*families) > 0))
    if len(mixed):
        i = int(mixed[0])
        raise AddressError(
            f"packet {i} goes from {one_each[0][i]} to {one_each[1][i]}: both have to be IPv4, or "
            f"both IPv6",
            value=str(one_each[1][i]),
        )
    return Packets(sources, destinations, _index(source, destination))


def _is_many(value: object) -> bool:
    """Check whether a value is a collection of addresses, rather than one address or block."""
    return isinstance(value, Iterable) and not isinstance(value, _SINGLE)


def _texts(value: object) -> list[str | None]:
    if isinstance(value, pd.DataFrame):
        raise TypeError("this is a whole table: give one of its columns")
    if isinstance(value, pd.Series | np.ndarray):
        values = value.tolist()
    else:
        values = list(value) if isinstance(value, Iterable) and _is_many(value) else [value]
    if {*map(type, values)} == {str}:
        return list(values)
    missing = pd.Series(values, dtype=object).isna().tolist()
    pairs = zip(values, missing, strict=True)
    return [None if is_missing else str(one) for one, is_missing in pairs]


def _index(source: object, destination: object) -> pd.Index | None:
    indexes = [side.index for side in (source, destination) if isinstance(side, pd.Series)]
    if len(indexes) == 2 and not indexes[0].equals(indexes[1]):
        raise ValueError("source and destination have different indexes: align them first")
    return indexes[0] if indexes else None


def _addresses(texts: list[str | None], name: str) -> Addresses:
    """Convert address texts to numbers; ``name`` is source or destination, for error messages."""
    families = np.array([0 if text is None else 6 if ":" in text else 4 for text in texts], "u1")
    high, low = np.zeros((2, len(texts)), np.uint64)
    for family, size in ((4, 4), (6, 16)):
        rows = np.flatnonzero(families == family)
        packed = _packed([str(texts[i]) for i in rows.tolist()], family)
        if packed is None:
            raise _no_address(texts, name)
        words = np.frombuffer(packed, ">u4").reshape(len(rows), size // 4).astype(np.uint64)
        low[rows] = words[:, -1]
        if family == 6:
            low[rows] |= words[:, 2] << np.uint64(32)
            high[rows] = words[:, 0] << np.uint64(32) | words[:, 1]
    return Addresses(texts, families, high, low)


def _packed(texts: list[str], family: int) -> bytes | None:
    """Return the addresses in network byte order, joined; None if any is invalid.

    This is twenty times as fast as ipaddress, with the same result.
    """
    try:
        return b"".join(map(partial(socket.inet_pton, _FAMILIES[family]), texts))
    except (OSError, ValueError):
        return None


def _no_address(texts: list[str | None], name: str) -> AddressError:
    """Return the error that names the first text that is not an address."""
    position, text = next(
        (i, text)
        for i, text in enumerate(texts)
        if text is not None and _packed([text], 6 if ":" in text else 4) is None
    )
    hint = ": trace takes single addresses" if "/" in text else ""
    return AddressError(
        f"{name} {text!r} at position {position} is no IPv4 or IPv6 address{hint}", value=text
    )
