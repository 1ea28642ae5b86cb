"""Traffic selectors: read, narrowed, and what of ours no child SA carries.

References
----------
RFC 7296, section 2.9: the responder narrows to a subset of what was proposed. RFC 2409, section
5.5: under IKEv1 the other end takes the identities of phase 2 as they are, or refuses.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Networks = tuple[Network, ...]
Rectangle = tuple[Network, Network]

MAX_PIECES = 2_000

_RESTRICTED = re.compile(r"([^\[]*)\[([^\[\]]*)\]")
_ANY_PORT = re.compile(r"(%?any)?(/(%?any)?)?")


@dataclass(frozen=True, slots=True)
class Selector:
    """One traffic selector.

    Parameters
    ----------
    networks : tuple of network
        The addresses, as blocks; none where it is dynamic.
    is_dynamic : bool
        Whether it stands for the end's own address.
    is_restricted : bool
        Whether it is for one protocol or port alone.
    """

    networks: Networks = ()
    is_dynamic: bool = False
    is_restricted: bool = False


def parse_selector(text: str) -> Selector | None:
    """Read a traffic selector.

    Parameters
    ----------
    text : str
        A block, an address, a range ``a-b`` or ``dynamic``, and ``[protocol/port]`` if it is
        restricted.

    Returns
    -------
    Selector or None
        None for anything else. Host bits are masked, as strongSwan does.

    Examples
    --------
    >>> parse_selector("10.1.2.3/16").networks
    (IPv4Network('10.1.0.0/16'),)
    >>> parse_selector("dynamic[tcp/80]")
    Selector(networks=(), is_dynamic=True, is_restricted=True)
    """
    found = _RESTRICTED.fullmatch(text)
    block = (found[1] if found else text).strip()
    is_restricted = found is not None and _ANY_PORT.fullmatch(found[2].strip()) is None
    if block.lower() in {"dynamic", "%dynamic"}:
        return Selector(is_dynamic=True, is_restricted=is_restricted)
    networks = parse_block(block)
    return None if networks is None else Selector(networks, is_restricted=is_restricted)


@lru_cache(maxsize=4096)  # a fleet names the same addresses again and again
def parse_block(text: str) -> Networks | None:
    """Read a block, an address or a range.

    Parameters
    ----------
    text : str
        For example ``10.0.0.0/8``, ``10.1.2.3`` or ``10.0.0.1-10.0.0.9``.

    Returns
    -------
    tuple of network or None
        None for anything else.

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
    """Give the same addresses by as few blocks as possible, sorted.

    Parameters
    ----------
    networks : iterable of network
        IPv4 and IPv6 mixed at will.

    Returns
    -------
    tuple of network
        IPv4 first.

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
    """Give what two sets of blocks have in common.

    Parameters
    ----------
    left, right : iterable of network
        The selectors of both ends.

    Returns
    -------
    tuple of network
        As :func:`collapse` gives them.

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
    """Find the pairs of blocks that nothing carries.

    Parameters
    ----------
    ours : sequence of (network, network)
        Pairs of blocks, one of each side, that ought to reach each other.
    carried : iterable of (network, network)
        Pairs that child SAs carry.

    Returns
    -------
    list of (network, network) or None
        What is left; None where that falls into more than :data:`MAX_PIECES` pieces.

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
    """Blocks nest or are disjoint: the smaller of two that overlap."""
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
