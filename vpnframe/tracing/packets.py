"""Convert the source and destination addresses of packets to numbers."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from vpnframe.addresses.cidr import ParsedCidrs, parse_cidrs
from vpnframe.errors import AddressError
from vpnframe.schema.codes import Mask

_SINGLE = (str, bytes, ipaddress.IPv4Network, ipaddress.IPv6Network)


@dataclass(frozen=True, slots=True)
class Packets:
    """A batch of packets: one source and one destination address per packet."""

    # sources, destinations: the addresses as strings; None for a missing address
    sources: list[str | None]
    destinations: list[str | None]
    # source, destination: the addresses as blocks of one address each
    source: ParsedCidrs
    destination: ParsedCidrs
    is_missing: Mask  # whether the source or the destination is missing
    index: pd.Index | None  # index of the Series that contained the addresses


def read_packets(source: object, destination: object) -> Packets:
    """Read each packet's source and destination; a single address applies to all packets."""
    listed = [_texts(source), _texts(destination)]
    n = max(map(len, listed)) if all(listed) else 0
    sources, destinations = (
        texts * n if len(texts) == 1 and not _is_many(side) else texts
        for texts, side in zip(listed, (source, destination), strict=True)
    )
    if len(sources) != len(destinations):
        raise ValueError(
            f"there are {len(listed[0])} sources and {len(listed[1])} destinations: give a single "
            f"address on one of the sides, or as many sources as destinations"
        )
    parsed = _addresses(sources, "source"), _addresses(destinations, "destination")
    families = np.zeros((2, len(sources)), np.uint8)
    for side, addresses in zip(families, parsed, strict=True):
        side[addresses.row] = addresses.family
    is_missing = families.min(axis=0) == 0
    for i in np.flatnonzero((families[0] != families[1]) & ~is_missing).tolist():
        raise AddressError(
            f"packet {i} goes from {sources[i]} to {destinations[i]}: both addresses have to be "
            f"IPv4, or both IPv6",
            value=str(destinations[i]),
        )
    indexes = [side.index for side in (source, destination) if isinstance(side, pd.Series)]
    if len(indexes) == 2 and not indexes[0].equals(indexes[1]):
        raise ValueError("source and destination have different indexes: align them first")
    return Packets(sources, destinations, *parsed, is_missing, indexes[0] if indexes else None)


def _is_many(value: object) -> bool:
    """Check whether a value is a collection of addresses, rather than one address or block."""
    return isinstance(value, Iterable) and not isinstance(value, _SINGLE)


def _texts(value: object) -> list[str | None]:
    """Convert one address or a collection of addresses to strings, missing addresses to None."""
    if isinstance(value, pd.DataFrame):
        raise TypeError("source and destination cannot be a whole table: give one of its columns")
    if isinstance(value, pd.Series | np.ndarray):
        values = value.tolist()
    else:
        values = list(value) if isinstance(value, Iterable) and _is_many(value) else [value]
    if {*map(type, values)} == {str}:
        return list(values)
    missing = pd.Series(values, dtype=object).isna().tolist()
    pairs = zip(values, missing, strict=True)
    return [None if is_missing else str(one) for one, is_missing in pairs]


def _addresses(texts: list[str | None], side: str) -> ParsedCidrs:
    """Parse addresses; raise an AddressError that names the first invalid address and its side."""
    parsed = parse_cidrs(texts)
    # A slash makes a block, a percent sign an address on one interface of one machine.
    is_odd = [text is not None and ("/" in text or "%" in text) for text in texts]
    invalid = [*parsed.failed_rows.tolist(), *np.flatnonzero(is_odd).tolist()]
    if not invalid:
        return parsed
    text = str(texts[min(invalid)])
    hint = ": trace takes single addresses, not blocks" if "/" in text else ""
    raise AddressError(
        f"{side} {text!r} at position {min(invalid)} is not an IPv4 or IPv6 address{hint}",
        value=text,
    )
