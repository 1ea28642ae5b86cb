"""Compute overlapping blocks within a routing domain, without code of the package.

Deliberately simple: union-find, then every pair of a domain, with the standard library's
``ipaddress``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import combinations

from expected_meaning import judge_held, judge_sites
from expected_parties import (
    AnswerBlock,
    BlockEnd,
    Party,
    blocks_of,
    held_blocks,
    list_parties,
)

from vpnframe.emulator.fleet.model import EmulatedConnection, EmulatedFleet, EmulatedVpc


def find_overlaps(fleet: EmulatedFleet) -> list[dict[str, object]]:
    """Return every relevant overlap of a fleet, with its kind and severity.

    The blocks of a VPC come from the fleet's VPCs; if the VPC is unknown, the selectors of the VPC
    side replace them.

    Parameters
    ----------
    fleet : EmulatedFleet
        Finished, with all planted defects.

    Returns
    -------
    list of dict
        ``left`` and ``right`` (account_id, region_id, vpn_connection_id, side, cidr), the
        ``relation`` of left to right (equal, contains or within), ``kind`` and ``severity``. Of
        two sites, left is the one that sorts first; of a site and a VPC, left is the site.
    """
    return [row for domain in _by_domain(fleet) for row in domain]


def find_groups(fleet: EmulatedFleet) -> list[list[dict[str, object]]]:
    """Return the overlaps of two sites, grouped by equal blocks, kind and severity."""
    found = []
    for rows in _by_domain(fleet):
        groups: defaultdict[tuple[object, ...], list[dict[str, object]]] = defaultdict(list)
        for row in rows:
            if {_cell(row, end, "side") for end in ("left", "right")} == {"onprem"}:
                cidrs = [_cell(row, end, "cidr") for end in ("left", "right")]
                groups[(*cidrs, row["kind"], row["severity"])].append(row)
        found += list(groups.values())
    return found


def _cell(row: Mapping[str, object], end: str, name: str) -> object:
    half = row[end]
    return half[name] if isinstance(half, dict) else None


def _by_domain(fleet: EmulatedFleet) -> Iterator[list[dict[str, object]]]:
    parties, vpcs = list_parties(fleet), {vpc.vpc_id: vpc for vpc in fleet.vpcs}
    for domain in routing_domains(fleet):
        its = sorted((parties[c.vpn_connection_id] for c in domain), key=lambda p: p.ident)
        yield [*_of_sites(its), *_of_vpcs(its, vpcs)]


def _of_sites(parties: Iterable[Party]) -> Iterator[dict[str, object]]:
    """Yield the overlaps of two connections that lead to the same addresses."""
    blocks = [block for party in parties for block in blocks_of(party, "onprem")]
    for left, right in combinations(sorted(blocks, key=lambda block: block.end), 2):
        if left.party is not right.party and _meet(left, right):
            yield _as_row(left, right, *judge_sites(left, right))


def _of_vpcs(parties: list[Party], vpcs: Mapping[str, EmulatedVpc]) -> Iterator[dict[str, object]]:
    """Yield the overlaps of a site with its own VPC or another VPC of the routing domain."""
    clouds: defaultdict[str, list[Party]] = defaultdict(list)
    for party in parties:
        clouds[party.cloud].append(party)
    for cloud, members in clouds.items():
        held = held_blocks(members, vpcs.get(cloud))
        for party in parties:
            for block in blocks_of(party, "onprem"):
                for how, other in held:
                    if (how != "outside" or other.party is party) and _meet(block, other):
                        verdict = judge_held(block, other, how=how, members=members)
                        is_own = party.cloud == cloud
                        yield _as_row(block, _named(other, party) if is_own else other, *verdict)


def _named(held: AnswerBlock, party: Party) -> AnswerBlock:
    """Attribute a block of its own VPC to the connection, if read from the VPC or a selector."""
    is_known = held.is_read or held.end.cidr in party.cidrs("vpc")
    ident = dict(zip(("account_id", "region_id", "vpn_connection_id"), party.ident, strict=True))
    return replace(held, end=replace(held.end, **ident)) if is_known else held


def routing_domains(fleet: EmulatedFleet) -> list[list[EmulatedConnection]]:
    """Group connections by routing domain: packets can pass between its members.

    Gateways are joined to their VPC, connections to their gateway or transit router. A connection
    that is attached to neither is alone.
    """
    parent: dict[str, str] = {}
    for gateway in fleet.vpn_gateways:
        parent[_root(parent, gateway.vpn_gateway_id)] = _root(parent, gateway.vpc_id)
    domains: defaultdict[str, list[EmulatedConnection]] = defaultdict(list)
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


def _meet(left: AnswerBlock, right: AnswerBlock) -> bool:
    """Check whether two blocks share addresses."""
    return left.version == right.version and left.first <= right.last and right.first <= left.last


def _as_row(left: AnswerBlock, right: AnswerBlock, kind: str, severity: str) -> dict[str, object]:
    return {
        "left": _as_dict(left.end),
        "right": _as_dict(right.end),
        "relation": _relation(left, right),
        "kind": kind,
        "severity": severity,
    }


def _relation(left: AnswerBlock, right: AnswerBlock) -> str:
    if (left.first, left.last) == (right.first, right.last):
        return "equal"
    return "contains" if left.last - left.first > right.last - right.first else "within"


def _as_dict(end: BlockEnd) -> dict[str, str]:
    return {
        "account_id": end.account_id,
        "region_id": end.region_id,
        "vpn_connection_id": end.vpn_connection_id,
        "side": end.side,
        "cidr": end.cidr,
    }
