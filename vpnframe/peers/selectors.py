"""Parse traffic selectors as strongSwan does, which accepts unusual forms; intersect CIDR blocks.

strongSwan ignores everything after a prefix length, so that ``10.0.0.0/16 10.1.0.0/16`` means only
the first block. It does not support netmasks: of ``10.0.0.0/255.255.0.0`` it reads the first
number, 255, as the prefix length, and reduces it to 32. :class:`Dialect` describes how selectors in
swanctl.conf and in ipsec.conf differ.

``tests/data/peer_selectors.csv`` lists examples of selectors, and how strongSwan reads each of
them.

References
----------
RFC 7296, section 2.9: the responder narrows the selectors to a subset. RFC 2409, section
5.5: under IKEv1 the responder accepts the phase 2 identities unchanged, or rejects them.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from vpnframe.peers.values import leading_int

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Networks = tuple[Network, ...]
Rectangle = tuple[Network, Network]

MAX_PIECES = 2_000


@dataclass(frozen=True, slots=True)
class Selector:
    """The addresses of one end's traffic selector, and whether protocol or ports are limited."""

    networks: Networks | None = ()  # None if the addresses are unknown
    is_dynamic: bool = False  # whether it means the end's own address
    is_restricted: bool = False  # whether it is limited to one protocol or some ports
    # Whether it names a protocol or port that only the peer's machine may know
    has_unknown_name: bool = False
    is_cut: bool = False  # whether the daemon reads only the beginning of its value


_ANY_HOSTS = {"%any": "0.0.0.0", "%any4": "0.0.0.0", "%any6": "::"}  # noqa: S104  no socket
_PREFIX = re.compile(r"[0-9]{1,3}", re.ASCII)
_ALL_PORTS = (0, 0xFFFF)
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9.+_-]*", re.ASCII)
# Names of protocols and services that every system knows.
_LOWER = frozenset({"icmp", "tcp", "udp", "gre", "esp", "ah", "sctp"})
_PROTOCOLS = _LOWER | {name.upper() for name in _LOWER} | {"ipv6-icmp"}
_SERVICES = {
    "ftp": 21, "ssh": 22, "telnet": 23, "smtp": 25, "domain": 53, "http": 80, "ntp": 123,
    "snmp": 161, "bgp": 179, "https": 443, "isakmp": 500, "ipsec-nat-t": 4500,
}  # fmt: skip


class Dialect(NamedTuple):
    """The words and rules in which the selectors of swanctl.conf and of ipsec.conf differ."""

    dynamic: str
    any_word: str
    opaque: str
    has_ranges: bool
    skips_invalid: bool  # if not, the daemon does not load a connection with an invalid selector


SWANCTL = Dialect("dynamic", "any", "opaque", has_ranges=True, skips_invalid=False)
IPSEC = Dialect("%dynamic", "%any", "%opaque", has_ranges=False, skips_invalid=True)


class Traffic(NamedTuple):
    """Protocol and ports of a selector.

    ``has_protocol`` says whether the selector is limited to one protocol; it is None if the name of
    the protocol is unknown. ``ports`` has the first and the last port; it is empty if the name of
    the port is unknown.
    """

    has_protocol: bool | None = False
    ports: tuple[int, ...] = _ALL_PORTS

    @property
    def is_restricted(self) -> bool:
        """Whether the selector is limited to one protocol or some ports."""
        return self.has_protocol is not False or self.ports != _ALL_PORTS

    @property
    def has_unknown_name(self) -> bool:
        """Whether the protocol or the port has a name that this module does not know."""
        return self.has_protocol is None or not self.ports


DYNAMIC = Selector(is_dynamic=True)
ALL_TRAFFIC = Traffic()


def read_selector(text: str, dialect: Dialect, traffic: Traffic = ALL_TRAFFIC) -> Selector | None:
    """Parse a traffic selector as strongSwan does; return None if strongSwan rejects it."""
    block, bracket, restriction = text.partition("[")
    tail = ""
    if bracket:
        inside, closing, tail = restriction.rpartition("]")
        found = read_traffic(inside, dialect, traffic) if closing else None
        if found is None:
            return None
        traffic = found
    is_dynamic, is_range = block == dialect.dynamic, dialect.has_ranges and "-" in block
    networks = () if is_dynamic else _read_range(block) if is_range else _read_block(block)
    if networks is None:
        return None
    # The text after the slash is a prefix length; the daemon ignores what follows the length.
    host, slash, prefix = block.rstrip(" ").partition("/")
    longest = 32 if "." in host else 128
    is_length = _PREFIX.fullmatch(prefix) and int(prefix) <= longest
    has_rest = bool(slash) and not is_range and not is_length
    # A machine that does not know the name skips the selector: its addresses are unknown.
    is_unknown = dialect.skips_invalid and traffic.has_unknown_name
    return Selector(
        networks=None if is_unknown else networks,
        is_dynamic=is_dynamic,
        is_restricted=traffic.is_restricted,
        has_unknown_name=traffic.has_unknown_name,
        is_cut=not is_dynamic and (bool(tail) or has_rest),
    )


def read_traffic(text: str, dialect: Dialect, default: Traffic = ALL_TRAFFIC) -> Traffic | None:
    """Parse ``protocol/port``, where either can be missing; None if strongSwan rejects it."""
    protocol, _, port = text.partition("/")
    ports = _read_ports(port, dialect) if port else default.ports
    if ports is None:
        return None
    if protocol == dialect.any_word:
        return Traffic(False, ports)
    if _is_name(protocol):
        return Traffic(protocol in _PROTOCOLS or None, ports)
    number, rest = leading_int(protocol, 0)
    return None if rest or not 0 <= number <= 0xFF else Traffic(number != 0, ports)


@lru_cache(maxsize=4096)  # a fleet repeats the same addresses
def read_address(text: str) -> Networks | None:
    """Parse an address, block or range like strongSwan; None for host names and ``%any``."""
    found = _read_block(text) if "/" in text else None
    if found is None and "-" in text:
        found = _read_range(text)
    return found if found is not None or text.startswith("%") else _read_block(text)


def _read_ports(text: str, dialect: Dialect) -> tuple[int, ...] | None:
    """Parse a port or a range; return () for an unknown port name, None for an invalid string."""
    if text in (dialect.any_word, dialect.opaque):
        return _ALL_PORTS if text == dialect.any_word else (0xFFFF, 0)
    if text in _SERVICES:
        return (_SERVICES[text],) * 2
    if _is_name(text):
        return ()
    low, rest = leading_int(text, 0)
    high, rest = leading_int(rest[1:], 0) if rest.startswith("-") else (low, rest)
    is_right = not rest and 0 <= low <= 0xFFFF and 0 <= high <= 0xFFFF
    return (low, high) if is_right else None


def _is_name(text: str) -> bool:
    """Check whether a string can be the name of a protocol or port, and is not a keyword."""
    return bool(_NAME.fullmatch(text)) and text not in {"any", "opaque", "dynamic"}


def read_host(text: str, version: int | None = None) -> Address | None:
    """Parse an IP address, by default IPv4 if it contains a dot, else IPv6; None if invalid."""
    if version is None:
        version = 4 if "." in _ANY_HOSTS.get(text, text) else 6
    text = _ANY_HOSTS.get(f"%any{version}" if text == "%any" else text, text)
    try:
        if version == 4:
            return ipaddress.IPv4Address(text)
        return None if "%" in text else ipaddress.IPv6Address(text)
    except ValueError:
        return None


def _read_block(text: str) -> Networks | None:
    host, slash, prefix = text.partition("/")
    address = read_host(host)
    if address is None:
        return None
    longest = address.max_prefixlen
    # The daemon stores the prefix length, which it parses with atoi, in an octet.
    number = max(-(2**63), min(leading_int(prefix)[0], 2**63 - 1)) & 0xFF
    length = min(number, longest) if slash else longest
    return (ipaddress.ip_network((address, length), strict=False),)


def _read_range(text: str) -> Networks | None:
    """Parse an address range; None if an address is invalid or the IP versions differ."""
    first, _, last = text.partition("-")
    high = read_host(last.lstrip(" "))  # a blank before a bracket belongs to the address
    low = None if high is None else read_host(first.strip(" "), high.version)
    if low is None or high is None:
        return None
    # A range from a higher to a lower address is loaded, but is empty.
    return () if int(low) > int(high) else tuple(ipaddress.summarize_address_range(low, high))


@lru_cache(maxsize=4096)  # a fleet repeats the same addresses
def parse_block(text: str) -> Networks | None:
    """Return the networks in a CIDR block, an address or a range; None if it is invalid."""
    first, dash, last = (part.strip() for part in text.partition("-"))
    try:
        if not dash:
            return (ipaddress.ip_network(text.strip(), strict=False),)
        low, high = ipaddress.ip_address(first), ipaddress.ip_address(last)
        return tuple(ipaddress.summarize_address_range(low, high))
    except (ValueError, TypeError):
        return None


def collapse(networks: Iterable[Network]) -> Networks:
    """Return the fewest blocks that cover the same addresses; they are sorted, with IPv4 first."""
    listed = list(networks)
    v4 = [one for one in listed if isinstance(one, ipaddress.IPv4Network)]
    v6 = [one for one in listed if isinstance(one, ipaddress.IPv6Network)]
    return (*ipaddress.collapse_addresses(v4), *ipaddress.collapse_addresses(v6))


def narrow(left: Iterable[Network], right: Iterable[Network]) -> Networks:
    """Return the blocks that cover the addresses which both lists of blocks have in common."""
    others = list(right)
    return collapse(
        inner for one in left for other in others if (inner := _inner(one, other)) is not None
    )


def find_uncovered(
    ours: Sequence[Rectangle], carried: Iterable[Rectangle]
) -> list[Rectangle] | None:
    """Return the parts of the pairs ``ours`` that no pair in ``carried`` covers.

    A pair is a VPC block and an on-premises block. The result is None if the subtraction makes more
    than ``MAX_PIECES`` parts.
    """
    left = list(ours)
    for rectangle in carried:
        left = [piece for one in left for piece in _subtract(one, rectangle)]
        if len(left) > MAX_PIECES:
            return None
    return left


def _inner(left: Network, right: Network) -> Network | None:
    """Return the smaller of two overlapping blocks; None if the blocks do not overlap."""
    if left.version != right.version or not left.overlaps(right):
        return None
    return max(left, right, key=lambda one: one.prefixlen)


def _subtract(one: Rectangle, other: Rectangle) -> list[Rectangle]:
    inner = (_inner(one[0], other[0]), _inner(one[1], other[1]))
    if inner[0] is None or inner[1] is None:
        return [one]
    beside = [(rest, one[1]) for rest in one[0].address_exclude(inner[0])]  # type: ignore[arg-type]
    within = [(inner[0], rest) for rest in one[1].address_exclude(inner[1])]  # type: ignore[arg-type]
    return [*beside, *within]
