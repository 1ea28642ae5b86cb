"""What the overlaps of a fleet are and mean, once more: plain loops and ipaddress, no arrays."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

ROUTERS = ("vpn_gateway_id", "vpc_id", "transit_router_id")
CONNECTION = ("account_id", "region_id", "vpn_connection_id")
Row = dict[str, Any]


def relation(left: str, right: str) -> str | None:
    """What left is to right, by ipaddress."""
    a, b = ipaddress.ip_network(left), ipaddress.ip_network(right)
    if a.version != b.version:
        return None
    if a == b:
        return "equal"
    return "contains" if b.subnet_of(a) else "within" if a.subnet_of(b) else None


def turned(word: str) -> str:
    """The relation seen from the other block."""
    return {"contains": "within", "within": "contains"}.get(word, word)


def is_default(cidr: str) -> bool:
    """0.0.0.0/0 or ::/0."""
    return ipaddress.ip_network(cidr).prefixlen == 0


class Link:
    """One connection: its rows, and what they say together."""

    def __init__(self, rows: Sequence[Row], everyone: Sequence[Row]) -> None:
        self.rows, self.first = rows, rows[0]
        self.ident = tuple(self.first[name] for name in CONNECTION)
        self.gateway, self.vpc, self.router = (self.first.get(name) for name in ROUTERS)
        self.peers = set(self.first.get("peer_addresses") or ())
        self.ip = self.first.get("vpn_gateway_ip")
        self.has_ha = self.first.get("has_ha_evidence") is True
        self.domain = domain_of(self.first, everyone)

    def owner(self, tag: str | None) -> str | None:
        """The value of its owner tag."""
        for text in self.first.get("tags") or ():
            if tag is not None and text.startswith(f"{tag}="):
                return str(text[len(tag) + 1 :])
        return None

    def blocks(self, side: str) -> set[str]:
        """Its blocks on one side, default routes among them."""
        return {row["cidr"] for row in self.rows if row["side"] == side and row["cidr"]}

    def is_policy(self, side: str, cidr: str) -> bool:
        """Whether a block is by policy."""
        rows = [row for row in self.rows if (row["side"], row["cidr"]) == (side, cidr)]
        mode = self.first.get("routing_mode") == "policy"
        return mode or any(row.get("origin") == "policy" for row in rows)

    def priority(self, side: str, cidr: str) -> int | None:
        """The smallest known priority of a block."""
        rows = [row for row in self.rows if (row["side"], row["cidr"]) == (side, cidr)]
        known = [row["priority"] for row in rows if row.get("priority") is not None]
        return min(known, default=None)

    def vpc_is_any(self) -> bool:
        """Whether its VPC side is everything, or not known."""
        defaults = [
            r for r in self.rows if r["side"] == "vpc" and r["cidr"] and is_default(r["cidr"])
        ]
        others = [cidr for cidr in self.blocks("vpc") if not is_default(cidr)]
        return not others or any(row.get("origin") == "policy" for row in defaults)


def domain_of(row: Row, everyone: Sequence[Row]) -> str | None:
    """The smallest id that can be reached from a row's routers, step by step."""
    reached = {row.get(name) for name in ROUTERS} - {None}
    while True:
        touching = [{other.get(name) for name in ROUTERS} - {None} for other in everyone]
        grown = reached.union(*(ids for ids in touching if ids & reached))
        if grown == reached:
            return min(reached, default=None)
        reached = grown


def links_of(rows: Sequence[Row]) -> list[Link]:
    """The connections of a table, in order."""
    idents = dict.fromkeys(tuple(row[name] for name in CONNECTION) for row in rows)
    return [
        Link([row for row in rows if tuple(row[n] for n in CONNECTION) == ident], rows)
        for ident in idents
    ]


def kind_of(
    a: Link, b: Link, ends: Sequence[tuple[str, str]], owner_tag: str | None
) -> tuple[str, str]:
    """Kind and severity of a pair of blocks; ends are (side, cidr) of a and of b."""
    (side_a, cidr_a), (side_b, cidr_b) = ends
    word = relation(cidr_a, cidr_b)
    assert word is not None
    from_onprem = turned(word) if side_a == "vpc" else word
    if a is b:
        return "own_sides", "low" if from_onprem == "contains" else "high"
    if a.ip in b.peers and b.ip in a.peers:
        return "mirrored", "info"
    if a.domain is None or a.domain != b.domain:
        return "unrelated", "info"
    if side_a != side_b:
        return "other_vpc", "low" if from_onprem == "contains" else "high"
    return passed(a, b, word) or claimed(a, b, ends, owner_tag)


def passed(a: Link, b: Link, word: str) -> tuple[str, str] | None:
    """Two connections that lead to one place on purpose, or by oversight."""
    one_gateway = a.gateway is not None and a.gateway == b.gateway
    two_gateways = None not in (a.gateway, b.gateway) and a.gateway != b.gateway
    one_vpc = a.vpc is not None and a.vpc == b.vpc
    one_router = a.router is not None and a.router == b.router
    same_blocks = all(a.blocks(side) == b.blocks(side) for side in ("vpc", "onprem"))
    if one_gateway and a.peers and a.peers == b.peers and same_blocks:
        return "duplicate", "medium"
    if one_router and a.gateway is None and b.gateway is None and word == "equal":
        return "ecmp", "info"
    is_other = bool(a.peers and b.peers and a.peers != b.peers) or two_gateways
    is_near = one_gateway or one_vpc or one_router
    if word == "equal" and a.has_ha and b.has_ha and is_near and is_other:
        return "ha_pair", "info"
    return ("ha_pair", "info") if one_vpc and two_gateways and a.peers & b.peers else None


def claimed(
    a: Link, b: Link, ends: Sequence[tuple[str, str]], owner_tag: str | None
) -> tuple[str, str]:
    """Two sites that claim the same addresses."""
    one_gateway = a.gateway is not None and a.gateway == b.gateway
    is_equal = relation(ends[0][1], ends[1][1]) == "equal"
    policies = [link.is_policy(*end) for link, end in ((a, ends[0]), (b, ends[1]))]
    if one_gateway and all(policies):
        priorities = [link.priority(*end) for link, end in ((a, ends[0]), (b, ends[1]))]
        is_split = None not in priorities and priorities[0] != priorities[1]
        return "selector_pair", "low" if is_split or not vpcs_overlap(a, b) else "high"
    if not one_gateway:
        return "route_domain", "high" if is_equal else "low"
    if is_equal:
        return "onprem", "high"
    owners = a.owner(owner_tag), b.owner(owner_tag)
    if None not in owners:
        return "onprem", "low" if owners[0] == owners[1] else "medium"
    return "onprem", "medium" if any(policies) else "low"


def vpcs_overlap(a: Link, b: Link) -> bool:
    """Whether the VPC sides of two connections have an address in common."""
    if a.vpc_is_any() or b.vpc_is_any():
        return True
    return any(
        relation(x, y)
        for x in a.blocks("vpc")
        for y in b.blocks("vpc")
        if not is_default(x) and not is_default(y)
    )


def ends_of(link: Link) -> Iterator[tuple[str, str]]:
    """Its blocks with their sides, default routes left out."""
    for side in ("onprem", "vpc"):
        yield from ((side, cidr) for cidr in link.blocks(side) if not is_default(cidr))


def oracle(
    rows: Sequence[Row], scope: str | None, *, owner_tag: str | None = None
) -> list[tuple[str | None, ...]]:
    """Rows of overlaps, left the smaller, sorted."""
    links = links_of(rows)
    found = []
    for a, b in [*combinations(links, 2), *((link, link) for link in links)]:
        scope_a, scope_b = (
            link.domain if scope == "routing_domain" else link.first[scope] if scope else "all"
            for link in (a, b)
        )
        if a is not b and (scope_a is None or scope_a != scope_b):
            continue
        for end_a in ends_of(a):
            for end_b in ends_of(b):
                word = relation(end_a[1], end_b[1])
                if not word or {end_a[0], end_b[0]} == {"vpc"}:
                    continue
                if a is b and (end_a[0], end_b[0]) != ("onprem", "vpc"):
                    continue
                kind, severity = kind_of(a, b, (end_a, end_b), owner_tag)
                left, right = (*a.ident, *end_a), (*b.ident, *end_b)
                if [x or "~" for x in left] > [x or "~" for x in right]:
                    left, right, word = right, left, turned(word)
                where = (scope or "all", scope_a if scope else None)
                found.append((*left, *right, word, *where, kind, severity))
    return sorted(found, key=lambda row: [cell or "~" for cell in row[:10]])
