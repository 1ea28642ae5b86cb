"""Traffic selectors: parse blocks, narrow them, and find pairs that no child SA carries.

References
----------
RFC 7296, section 2.9: the responder narrows to a subset of what was proposed. RFC 2409, section
5.5: under IKEv1 the responder accepts the phase 2 identities unchanged, or rejects them.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Networks = tuple[Network, ...]
Rectangle = tuple[Network, Network]

MAX_PIECES = 2_000


@dataclass(frozen=True, slots=True)
class Selector:
    """One traffic selector; ``networks=None`` means that the addresses are unknown.

    ``is_dynamic``: it is the end's own address. ``is_restricted``: it is limited to one protocol or
    some ports. ``has_unknown_name``: it has a name that only the peer's machine may know.
    ``is_cut``: the daemon reads only a part of the text.
    """

    networks: Networks | None = ()
    is_dynamic: bool = False
    is_restricted: bool = False
    has_unknown_name: bool = False
    is_cut: bool = False


DYNAMIC = Selector(is_dynamic=True)


@lru_cache(maxsize=4096)  # a fleet repeats the same addresses
def parse_block(text: str) -> Networks | None:
    """Parse a block, an address or a range; None if it is invalid.

    Examples
    --------
    >>> parse_block("10.0.0.1-10.0.0.3")
    (IPv4Network('10.0.0.1/32'), IPv4Network('10.0.0.2/31'))
    """
    first, dash, last = (part.strip() for part in text.partition("-"))
    try:
        if not dash:
            return (ipaddress.ip_network(text.strip(), strict=False),)
        low, high = ipaddress.ip_address(first), ipaddress.ip_address(last)
        return tuple(ipaddress.summarize_address_range(low, high))
    except (ValueError, TypeError):
        return None


def collapse(networks: Iterable[Network]) -> Networks:
    """Merge blocks into the fewest that cover the same addresses, sorted.

    Examples
    --------
    >>> collapse(map(ipaddress.ip_network, ["10.0.1.0/24", "10.0.0.0/24", "10.0.0.0/25"]))
    (IPv4Network('10.0.0.0/23'),)
    """
    listed = list(networks)
    v4 = [one for one in listed if isinstance(one, ipaddress.IPv4Network)]
    v6 = [one for one in listed if isinstance(one, ipaddress.IPv6Network)]
    return (*ipaddress.collapse_addresses(v4), *ipaddress.collapse_addresses(v6))


def narrow(left: Iterable[Network], right: Iterable[Network]) -> Networks:
    """Return the intersection of two sets of blocks.

    Examples
    --------
    >>> narrow([ipaddress.ip_network("10.0.0.0/8")], [ipaddress.ip_network("10.1.0.0/16")])
    (IPv4Network('10.1.0.0/16'),)
    """
    others = list(right)
    return collapse(
        inner for one in left for other in others if (inner := _inner(one, other)) is not None
    )


def find_uncovered(
    ours: Sequence[Rectangle], carried: Iterable[Rectangle]
) -> list[Rectangle] | None:
    """Find the parts of our pairs of blocks that are not carried; None if there are too many.

    Examples
    --------
    >>> whole, half, far = map(ipaddress.ip_network, ["10.0.0.0/24", "10.0.0.0/25", "192.0.2.0/24"])
    >>> find_uncovered([(whole, far)], [(half, far)])
    [(IPv4Network('10.0.0.128/25'), IPv4Network('192.0.2.0/24'))]
    """
    left = list(ours)
    for rectangle in carried:
        left = [piece for one in left for piece in _subtract(one, rectangle)]
        if len(left) > MAX_PIECES:
            return None
    return left


def _inner(left: Network, right: Network) -> Network | None:
    """Return the smaller of two overlapping blocks, which always nest; None if disjoint."""
    if left.version != right.version or not left.overlaps(right):
        return None
    return max(left, right, key=lambda one: one.prefixlen)


def _subtract(one: Rectangle, other: Rectangle) -> list[Rectangle]:
    inner = (_inner(one[0], other[0]), _inner(one[1], other[1]))
    if inner[0] is None or inner[1] is None:
        return [one]
    beside = [(rest, one[1]) for rest in _exclude(one[0], inner[0])]
    return [*beside, *((inner[0], rest) for rest in _exclude(one[1], inner[1]))]


def _exclude(outer: Network, inner: Network) -> list[Network]:
    if outer == inner:
        return []
    return list(outer.address_exclude(inner))  # type: ignore[arg-type]
