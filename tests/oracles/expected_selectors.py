"""Compute the expected findings on the blocks of single connections."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_address, ip_network

from expected_parties import Party, list_parties
from expected_sightings import UP, Sighting

from vpnframe.emulator.fleet.model import EmulatedConnection, EmulatedFleet

Network = IPv4Network | IPv6Network

_EVERYTHING = ("0.0.0.0/0", "::/0")
_PRIVATE = [ip_network(cidr) for cidr in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")]
_CLOUD, _METADATA = ip_network("100.64.0.0/10"), ip_address("100.100.100.200")
_UNUSABLE = [
    ip_network(cidr)
    for cidr in (
        *("127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4"),
        *("::1/128", "fe80::/10", "fec0::/10", "ff00::/8"),
    )
]
_OF_TEXTS = [
    ip_network(cidr)
    for cidr in (
        *("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "198.18.0.0/15"),
        *("2001:db8::/32", "3fff::/20", "2001:2::/48"),
    )
]
_NOT_PUBLIC = [
    *_PRIVATE,
    *(network for network in _UNUSABLE + _OF_TEXTS if network.version == 4),
    *(_CLOUD, ip_network("0.0.0.0/8"), ip_network("192.0.0.0/24"), ip_network("192.88.99.0/24")),
]


def selector_faults(fleet: EmulatedFleet) -> Iterator[Sighting]:
    """Yield every fault of a connection's blocks."""
    for party in list_parties(fleet).values():
        connection = party.connection
        for rule_id, severity in (
            *_width_faults(connection),
            *_list_faults(connection),
            *_place_faults(party),
        ):
            yield Sighting(rule_id, connection.vpn_connection_id, severity)


def _width_faults(connection: EmulatedConnection) -> Iterator[tuple[str, str]]:
    vpc, onprem = connection.vpc_subnets, connection.onprem_subnets
    has = [any(cidr in _EVERYTHING for cidr in side) for side in (vpc, onprem)]
    if has[1] and not has[0]:
        yield "vpn-selector-wide", "medium"
    if has[0] and not has[1]:
        yield "vpn-selector-wide", "info"
    for side in (vpc, onprem):
        named = [ip_network(cidr) for cidr in side if cidr not in _EVERYTHING]
        if any(network.prefixlen <= 8 for network in named) or _is_all_private(named):
            yield "vpn-selector-wide", "low"


def _is_all_private(networks: Sequence[Network]) -> bool:
    merged = list(collapse_addresses(n for n in networks if isinstance(n, IPv4Network)))
    return all(any(space.subnet_of(one) for one in merged) for space in _PRIVATE)  # type: ignore[arg-type]


def _list_faults(connection: EmulatedConnection) -> Iterator[tuple[str, str]]:
    sides = (connection.vpc_subnets, connection.onprem_subnets)
    if any(len(side) > _n_needed(side) for side in sides):
        yield "vpn-selector-redundant", "low"
    if any(len(side) > 4 for side in sides):
        yield "vpn-subnets-quota", "info"
    if any(len(set(side)) > 1 for side in sides):
        versions = {tunnel.proposal.ike_version for tunnel in connection.tunnels}
        if "ikev1" in versions:
            is_up = any(tunnel.status == UP for tunnel in connection.tunnels)
            yield "vpn-selector-ikev1-multi", "info" if is_up else "high"
        if "ikev2" in versions:
            yield "vpn-selector-multi-ts", "info"


def _n_needed(side: Sequence[str]) -> int:
    """Return how many blocks are needed to cover the same addresses."""
    networks = [ip_network(cidr) for cidr in side]
    fours = collapse_addresses(n for n in networks if isinstance(n, IPv4Network))
    sixes = collapse_addresses(n for n in networks if isinstance(n, IPv6Network))
    return len(list(fours)) + len(list(sixes))


def _place_faults(party: Party) -> Iterator[tuple[str, str]]:
    """Yield faults of the address ranges that the blocks of selectors and routes belong to."""
    for side, cidr, origin, _ in party.entries:
        if cidr in _EVERYTHING:
            continue
        network = ip_network(cidr)
        if any(_is_within(network, outer) for outer in _OF_TEXTS):
            yield "vpn-selector-documentation", "low"
        if network.version == 4 and not any(_is_within(network, outer) for outer in _NOT_PUBLIC):
            yield "vpn-selector-public", "medium" if side == "vpc" else "info"
        severity = _reserved(network, side, origin)
        if severity:
            yield "vpn-selector-reserved", severity


def _reserved(network: Network, side: str, origin: str) -> str:
    """Return the severity of using a reserved block; empty if the block is not reserved."""
    if _METADATA in network:
        return "critical"
    if side == "onprem" and _meets(network, _CLOUD):
        return "high"
    if str(network) == "169.254.169.254/32":
        return "medium"
    if origin == "bgp" and _is_within(network, _UNUSABLE[1]):
        return ""
    return "high" if any(_meets(network, one) for one in _UNUSABLE) else ""


def _is_within(inner: Network, outer: Network) -> bool:
    return inner.version == outer.version and inner.subnet_of(outer)  # type: ignore[arg-type]


def _meets(one: Network, other: Network) -> bool:
    return one.version == other.version and one.overlaps(other)
