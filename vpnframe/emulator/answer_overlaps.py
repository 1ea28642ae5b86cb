"""Which blocks of a fleet overlap inside what can carry both: the answer key's own reckoning.

Plain on purpose: union of sets, then every pair of a domain, with the standard library's
``ipaddress``.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import combinations

from vpnframe.emulator.answer_meaning import judge
from vpnframe.emulator.answer_parties import Block, End, blocks_of, list_parties
from vpnframe.emulator.model import Connection, Fleet


def find_overlaps(fleet: Fleet) -> list[dict[str, object]]:
    """Find every overlap of a fleet that can matter, and say what it means.

    Parameters
    ----------
    fleet : Fleet
        Finished, with all that was planted.

    Returns
    -------
    list of dict
        ``left`` and ``right`` (account_id, region_id, vpn_connection_id, side, cidr) in sorted
        order, the ``relation`` of left to right (equal, contains or within), ``kind`` and
        ``severity``. Each unordered pair stands once.
    """
    parties = list_parties(fleet)
    found = []
    for domain in routing_domains(fleet):
        blocks = [b for c in domain for b in blocks_of(parties[c.vpn_connection_id])]
        found += [_order(*pair) for pair in combinations(blocks, 2) if _counts(*pair)]
    found.sort(key=lambda pair: (pair[0].end, pair[1].end))
    return [_as_row(left, right) for left, right in found]


def routing_domains(fleet: Fleet) -> list[list[Connection]]:
    """Group connections by what can carry packets between them.

    Gateways are joined to their VPC, connections to their gateway or transit router. A connection
    that hangs on nothing is alone.

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
        holder = connection.vpn_gateway_id or connection.transit_router_id
        domains[_root(parent, holder or connection.vpn_connection_id)].append(connection)
    return list(domains.values())


def _root(parent: dict[str, str], node: str) -> str:
    while parent.setdefault(node, node) != node:
        node = parent[node]
    return node


def _counts(left: Block, right: Block) -> bool:
    """Say whether two blocks share addresses and are of sides that are compared at all."""
    if left.version != right.version or left.last < right.first or right.last < left.first:
        return False
    sides = {left.end.side, right.end.side}
    if left.end.vpn_connection_id == right.end.vpn_connection_id:
        return sides == {"vpc", "onprem"}
    return "onprem" in sides


def _order(left: Block, right: Block) -> tuple[Block, Block]:
    return (left, right) if left.end <= right.end else (right, left)


def _as_row(left: Block, right: Block) -> dict[str, object]:
    kind, severity = judge(left, right)
    return {
        "left": _as_dict(left.end),
        "right": _as_dict(right.end),
        "relation": _relation(left, right),
        "kind": kind,
        "severity": severity,
    }


def _relation(left: Block, right: Block) -> str:
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
