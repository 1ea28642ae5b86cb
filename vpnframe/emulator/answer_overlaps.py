"""Which blocks of a fleet overlap inside what can carry both: the answer key's own reckoning.

Plain on purpose: union of sets, then every pair of a domain, with the standard library's
``ipaddress``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_network
from itertools import combinations

from vpnframe.emulator.model import Connection, Fleet

_DEFAULT_ROUTES = ("0.0.0.0/0", "::/0")


@dataclass(frozen=True, order=True)
class End:
    """One block of one side of one connection: one end of an overlap."""

    account_id: str
    region_id: str
    vpn_connection_id: str
    side: str
    cidr: str


@dataclass(frozen=True)
class _Block:
    """An end with the numbers that say what it covers."""

    end: End
    version: int
    first: int
    last: int


def find_overlaps(fleet: Fleet) -> list[dict[str, object]]:
    """Find every overlap of a fleet that can matter.

    Parameters
    ----------
    fleet : Fleet
        Finished, with all that was planted.

    Returns
    -------
    list of dict
        ``left`` and ``right`` (account_id, region_id, vpn_connection_id, side, cidr) in sorted
        order and the ``relation`` of left to right: equal, contains or within. Each unordered
        pair stands once.
    """
    found = [
        _order(left, right)
        for domain in routing_domains(fleet)
        for left, right in combinations(_blocks(domain), 2)
        if _counts(left, right)
    ]
    found.sort(key=lambda pair: (pair[0].end, pair[1].end))
    return [
        {
            "left": _as_dict(left.end),
            "right": _as_dict(right.end),
            "relation": _relation(left, right),
        }
        for left, right in found
    ]


def routing_domains(fleet: Fleet) -> list[list[Connection]]:
    """Group connections by what can carry packets between them.

    Gateways are joined to their VPC, connections to their gateway or transit router. A connection
    that hangs on nothing is in no domain.

    Returns
    -------
    list of list of Connection
        In the order of the fleet.
    """
    parent: dict[str, str] = {}
    for gateway in fleet.vpn_gateways:
        parent[_root(parent, gateway.vpn_gateway_id)] = _root(parent, gateway.vpc_id)
    domains: defaultdict[str, list[Connection]] = defaultdict(list)
    for connection in fleet.connections:
        if connection.vpn_gateway_id and connection.transit_router_id:
            router = _root(parent, connection.transit_router_id)
            parent[router] = _root(parent, connection.vpn_gateway_id)
    for connection in fleet.connections:
        if holder := connection.vpn_gateway_id or connection.transit_router_id:
            domains[_root(parent, holder)].append(connection)
    return list(domains.values())


def _root(parent: dict[str, str], node: str) -> str:
    while parent.setdefault(node, node) != node:
        node = parent[node]
    return node


def _blocks(domain: list[Connection]) -> list[_Block]:
    return [block for connection in domain for block in _blocks_of(connection)]


def _blocks_of(connection: Connection) -> Iterator[_Block]:
    """Give the distinct blocks of both sides; default routes say nothing."""
    for side, cidrs in (("vpc", connection.vpc_subnets), ("onprem", connection.onprem_subnets)):
        for cidr in sorted(set(cidrs) - set(_DEFAULT_ROUTES)):
            network = ip_network(cidr)
            end = End(
                connection.account_id,
                connection.region_id,
                connection.vpn_connection_id,
                side,
                cidr,
            )
            first, last = int(network.network_address), int(network.broadcast_address)
            yield _Block(end, network.version, first, last)


def _counts(left: _Block, right: _Block) -> bool:
    """Say whether two blocks share addresses and are of sides that are compared at all."""
    if left.version != right.version or left.last < right.first or right.last < left.first:
        return False
    sides = {left.end.side, right.end.side}
    if left.end.vpn_connection_id == right.end.vpn_connection_id:
        return sides == {"vpc", "onprem"}
    return "onprem" in sides


def _order(left: _Block, right: _Block) -> tuple[_Block, _Block]:
    return (left, right) if left.end <= right.end else (right, left)


def _relation(left: _Block, right: _Block) -> str:
    if (left.first, left.last) == (right.first, right.last):
        return "equal"
    return "contains" if left.last - left.first > right.last - right.first else "within"


def _as_dict(end: End) -> dict[str, str]:
    return {
        "account_id": end.account_id,
        "region_id": end.region_id,
        "vpn_connection_id": end.vpn_connection_id,
        "side": end.side,
        "cidr": end.cidr,
    }
