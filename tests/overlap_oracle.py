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
        told = {row.get("vpc_id") for row in everyone if row.get("vpn_gateway_id") == self.gateway}
        of_gateway = min(told - {None}, default=self.gateway) if self.gateway else None
        self.cloud = self.vpc or of_gateway or self.ident
        self.own: list[str] = []  # what its VPC holds, where it was read

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


def site_kind(a: Link, b: Link, cidrs: Sequence[str], tag: str | None) -> tuple[str, str]:
    """Kind and severity of a pair of on-premises blocks."""
    if a.ip in b.peers and b.ip in a.peers:
        return "mirrored", "info"
    if a.domain is None or a.domain != b.domain:
        return "unrelated", "info"
    ends = [("onprem", cidr) for cidr in cidrs]
    return passed(a, b, cidrs) or claimed(a, b, ends, tag)


class Held:
    """A block that a VPC holds, or that stands for one: whose it is, and how that is known."""

    def __init__(self, cloud: Any, cidr: str, how: str, links: Sequence[Link], row: Row) -> None:
        self.cloud, self.cidr, self.how, self.row = cloud, cidr, how, row
        self.links = links  # connections of the VPC, in order

    def named_for(self, link: Link, scope: str | None) -> Link | None:
        """The connection that the right end names: the asking one of its own VPC's block."""
        is_own = link.cloud == self.cloud
        if is_own and (self.how != "selector" or self.cidr in link.blocks("vpc")):
            return link
        if self.how != "selector":
            return self.links[0] if self.links else None
        ours = scope_of(link.first, link.domain, scope)
        telling = [one for one in self.links if self.cidr in one.blocks("vpc")]
        same = [one for one in telling if scope_of(one.first, one.domain, scope) == ours]
        return telling[0] if is_own else same[0]


def held_blocks(links: Sequence[Link], vpcs: Sequence[Row]) -> list[Held]:
    """What each VPC holds: its own blocks where it was read, else the selectors of its side."""
    read = {vpc["vpc_id"]: vpc for vpc in vpcs}
    clouds: dict[Any, list[Link]] = {vpc_id: [] for vpc_id in read}
    for link in links:
        clouds.setdefault(link.cloud, []).append(link)
    found = []
    for cloud, its in clouds.items():
        if cloud in read:
            row = read[cloud]
            own = {*row["cidrs"], *row.get("secondary_cidrs", ())}
            found += [Held(cloud, cidr, "read", its, row) for cidr in own]
            found += [Held(cloud, cidr, "user", its, row) for cidr in row.get("user_cidrs", ())]
        else:
            told = {cidr for link in its for cidr in link.blocks("vpc") if not is_default(cidr)}
            found += [Held(cloud, cidr, "selector", its, its[0].first) for cidr in told]
    return found


def held_kind(link: Link, held: Held, cidr: str, everyone: Sequence[Row]) -> tuple[str, str]:
    """Kind and severity of an on-premises block and a block that a VPC holds."""
    is_around = relation(cidr, held.cidr) == "contains"
    if link.cloud == held.cloud:
        kind = "own_sides"
    elif any(link.ip in o.peers and o.ip in link.peers for o in held.links):
        return "mirrored", "info"
    else:
        domains = [link.domain, domain_of({"vpc_id": None, **held.row}, everyone)]
        if None in domains or domains[0] != domains[1]:
            return "unrelated", "info"
        kind = "other_vpc"
    return ("user_cidr", "info") if held.how == "user" else (kind, "low" if is_around else "high")


def passed(a: Link, b: Link, cidrs: Sequence[str]) -> tuple[str, str] | None:
    """Two connections that lead to one place on purpose, or by oversight."""
    one_gateway = a.gateway is not None and a.gateway == b.gateway
    two_gateways = None not in (a.gateway, b.gateway) and a.gateway != b.gateway
    one_vpc = a.vpc is not None and a.vpc == b.vpc
    one_router = a.router is not None and a.router == b.router
    same_blocks = all(a.blocks(side) == b.blocks(side) for side in ("vpc", "onprem"))
    if one_gateway and a.peers and a.peers == b.peers and same_blocks:
        return "duplicate", "medium"
    outer = cidrs[1] if relation(*cidrs) == "within" else cidrs[0]
    is_one_block = outer in a.blocks("onprem") and outer in b.blocks("onprem")
    admit_both = vpcs_overlap(a, b)
    if one_router and not a.gateway and not b.gateway and is_one_block and admit_both:
        return "ecmp", "info"
    is_other = bool(a.peers and b.peers and a.peers != b.peers) or two_gateways
    is_near = one_gateway or one_vpc or one_router
    has_evidence = a.has_ha and b.has_ha and is_near and is_other
    has_moved = one_vpc and two_gateways and a.peers & b.peers
    if admit_both and ((has_evidence and is_one_block) or has_moved):
        return "ha_pair", "info"
    return None


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
    return any(relation(x, y) for x in admitted(a) for y in admitted(b))


def admitted(link: Link) -> list[str]:
    """What of its VPC a connection admits; its selectors, where nothing of the VPC is known."""
    selectors = [cidr for cidr in link.blocks("vpc") if not is_default(cidr)]
    inside = [
        held if relation(cidr, held) == "contains" else cidr
        for cidr in selectors
        for held in link.own
        if relation(cidr, held)
    ]
    return inside or selectors


def blocks_of(link: Link, side: str) -> list[str]:
    """Its blocks on a side, default routes left out."""
    return [cidr for cidr in link.blocks(side) if not is_default(cidr)]


def scope_of(row: Row, domain: str | None, scope: str | None) -> Any:
    """What a row shares with others."""
    return domain if scope == "routing_domain" else row.get(scope) if scope else "all"


def oracle(
    rows: Sequence[Row],
    scope: str | None,
    *,
    owner_tag: str | None = None,
    vpcs: Sequence[Row] = (),
) -> list[tuple[str | None, ...]]:
    """Every pair as a row of overlaps, sorted."""
    links, everyone = links_of(rows), [*rows, *({"vpc_id": vpc["vpc_id"]} for vpc in vpcs)]
    read = {vpc["vpc_id"]: [*vpc["cidrs"], *vpc.get("secondary_cidrs", ())] for vpc in vpcs}
    for link in links:
        link.own = read.get(link.cloud, [])
    found = [
        *_of_sites(links, scope, owner_tag),
        *_of_vpcs(links, scope, vpcs, everyone),
        *_of_outsiders(links, scope),
    ]
    return sorted(found, key=lambda row: [cell or "~" for cell in row[:10]])


def _of_sites(
    links: Sequence[Link], scope: str | None, owner_tag: str | None
) -> Iterator[tuple[str | None, ...]]:
    for a, b in combinations(sorted(links, key=lambda one: [x or "~" for x in one.ident]), 2):
        scope_a, scope_b = (scope_of(link.first, link.domain, scope) for link in (a, b))
        if scope_a is None or scope_a != scope_b:
            continue
        for cidr in blocks_of(a, "onprem"):
            for other in blocks_of(b, "onprem"):
                if word := relation(cidr, other):
                    ends = (*a.ident, "onprem", cidr, *b.ident, "onprem", other)
                    where = (scope or "all", scope_a if scope else None)
                    yield *ends, word, *where, *site_kind(a, b, (cidr, other), owner_tag)


def _of_vpcs(
    links: Sequence[Link], scope: str | None, vpcs: Sequence[Row], everyone: Sequence[Row]
) -> Iterator[tuple[str | None, ...]]:
    for held in held_blocks(sorted(links, key=lambda o: [x or "~" for x in o.ident]), vpcs):
        for link in links:
            ours = scope_of(link.first, link.domain, scope)
            theirs = _scopes_of(held, scope, everyone)
            is_own = link.cloud == held.cloud
            if not is_own and (ours is None or ours not in theirs):
                continue
            for cidr in blocks_of(link, "onprem"):
                if word := relation(cidr, held.cidr):
                    named = held.named_for(link, scope)
                    ident = named.ident if named else _vpc_ident(held.row)
                    where = (scope or "all", ours if scope else None)
                    kind = held_kind(link, held, cidr, everyone)
                    ends = (*link.ident, "onprem", cidr, *ident, "vpc", held.cidr)
                    yield *ends, word, *where, *kind


def _vpc_ident(row: Row) -> tuple[str | None, ...]:
    return row.get("account_id"), row.get("region_id"), None


def _scopes_of(held: Held, scope: str | None, everyone: Sequence[Row]) -> list[Any]:
    """The scopes that a held block stands in: its VPC's, or those of the connections that tell."""
    if held.how != "selector":
        row = held.row | {"vpn_gateway_id": None, "transit_router_id": None}
        return [scope_of(row, domain_of({"vpc_id": row["vpc_id"]}, everyone), scope)]
    telling = [link for link in held.links if held.cidr in link.blocks("vpc")]
    return [scope_of(link.first, link.domain, scope) for link in telling]


def _of_outsiders(links: Sequence[Link], scope: str | None) -> Iterator[tuple[str | None, ...]]:
    """Selectors that have nothing in common with the VPC that was read, and their own site."""
    for link in links:
        outside = [
            cidr
            for cidr in blocks_of(link, "vpc")
            if link.own and not any(relation(cidr, own) for own in link.own)
        ]
        for cidr in blocks_of(link, "onprem"):
            for other in outside:
                if word := relation(cidr, other):
                    where = (scope or "all", scope_of(link.first, link.domain, scope))
                    ends = (*link.ident, "onprem", cidr, *link.ident, "vpc", other)
                    yield *ends, word, where[0], where[1] if scope else None, "own_sides", "low"


def grouped(pairs: Sequence[tuple[str | None, ...]]) -> list[tuple[Any, ...]]:
    """Pairs of equal blocks that mean the same as one: the first, and how many there are."""
    groups: dict[tuple[Any, ...], list[tuple[str | None, ...]]] = {}
    for pair in pairs:
        groups.setdefault((*pair[3:5], *pair[8:]), []).append(pair)
    return [(*group[0], len(group)) for group in groups.values()]
