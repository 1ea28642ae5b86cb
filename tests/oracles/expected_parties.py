"""Collect facts about single connections and their blocks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from ipaddress import ip_network

from vpnframe.emulator.fleet.model import (
    EmulatedConnection,
    EmulatedFleet,
    EmulatedRoute,
    EmulatedVpc,
)

_DEFAULT_ROUTES = frozenset(("0.0.0.0/0", "::/0"))

Entry = tuple[str, str, str, int | None]


@dataclass(frozen=True, order=True)
class BlockEnd:
    """One block of one side of a connection, which is one half of an overlap."""

    account_id: str
    region_id: str
    vpn_connection_id: str
    side: str
    cidr: str


@dataclass(frozen=True)
class Party:
    """One connection, reduced to what decides the kind of an overlap.

    ``entries`` are side, block, origin and priority of every selector and every route;
    ``own_cidrs`` are the blocks of its VPC, if the VPC is known.
    """

    connection: EmulatedConnection
    vpc_id: str | None
    entries: tuple[Entry, ...]
    has_evidence: bool
    own_cidrs: tuple[str, ...] = ()

    @property
    def ident(self) -> tuple[str, str, str]:
        """Account, region and id."""
        connection = self.connection
        return connection.account_id, connection.region_id, connection.vpn_connection_id

    @property
    def cloud(self) -> str:
        """The id of the VPC; if there is none, the id of the gateway or of the connection."""
        connection = self.connection
        return self.vpc_id or connection.vpn_gateway_id or connection.vpn_connection_id

    @property
    def peers(self) -> frozenset[str]:
        """The addresses of the customer's end."""
        return frozenset(tunnel.customer_ip for tunnel in self.connection.tunnels)

    @property
    def address(self) -> str:
        """The cloud's address of the first tunnel."""
        tunnels = self.connection.tunnels
        return min(tunnels, key=lambda one: (one.index or 0, one.tunnel_id or "")).cloud_ip

    @property
    def has_selectors(self) -> bool:
        """Whether neither side contains a default route."""
        named = self.connection.vpc_subnets + self.connection.onprem_subnets
        return not _DEFAULT_ROUTES.intersection(named)

    def cidrs(self, side: str) -> frozenset[str]:
        """Return all blocks of a side, including default routes."""
        return frozenset(cidr for at, cidr, _, _ in self.entries if at == side)

    def meets_vpc_side(self, other: Party) -> bool:
        """Check whether a packet of the VPC can match both; a default route matches everything."""
        mine, theirs = self._vpc_blocks(), other._vpc_blocks()
        if not mine or not theirs:
            return True
        networks = [(ip_network(a), ip_network(b)) for a in mine for b in theirs]
        return any(a.version == b.version and a.overlaps(b) for a, b in networks)

    def _vpc_blocks(self) -> frozenset[str]:
        """Return the named blocks of the VPC side; an empty set means everything."""
        policies = {c for side, c, origin, _ in self.entries if (side, origin) == ("vpc", "policy")}
        if policies & _DEFAULT_ROUTES:
            return frozenset()
        named = self.cidrs("vpc") - _DEFAULT_ROUTES
        return frozenset(_inside(named, self.own_cidrs)) or named


def _inside(blocks: Iterable[str], own: Iterable[str]) -> Iterator[str]:
    """Yield the smaller block of each overlap of a block with a block of the VPC."""
    for block, held in [(block, held) for block in blocks for held in own]:
        a, b = ip_network(block), ip_network(held)
        if a.version == b.version and a.overlaps(b):
            yield block if a.prefixlen >= b.prefixlen else held


@dataclass(frozen=True)
class AnswerBlock:
    """A block with its numeric range; origins and priority are collected from all its entries."""

    end: BlockEnd
    party: Party
    version: int
    first: int
    last: int
    origins: frozenset[str]
    priority: int | None
    is_read: bool = False

    @property
    def is_by_policy(self) -> bool:
        """Whether selectors or a policy route direct packets to this block."""
        return self.party.has_selectors or "policy" in self.origins


def list_parties(fleet: EmulatedFleet) -> dict[str, Party]:
    """Return the facts about each connection, by connection id."""
    vpc_of = {gateway.vpn_gateway_id: gateway.vpc_id for gateway in fleet.vpn_gateways}
    own_of = {vpc.vpc_id: _own_cidrs(vpc) for vpc in fleet.vpcs}
    leading: defaultdict[str, list[EmulatedRoute]] = defaultdict(list)
    for route in fleet.routes:
        if route.vpn_connection_id and route.learned_from != "CLOUD":
            leading[route.vpn_connection_id].append(route)
    weighed = _weighed(route for routes in leading.values() for route in routes)
    return {
        connection.vpn_connection_id: Party(
            connection=connection,
            vpc_id=vpc_of.get(connection.vpn_gateway_id or ""),
            entries=tuple(_entries(connection, leading[connection.vpn_connection_id])),
            has_evidence=connection.vpn_connection_id in weighed or _can_fail_over(connection),
            own_cidrs=own_of.get(vpc_of.get(connection.vpn_gateway_id or "") or "", ()),
        )
        for connection in fleet.connections
    }


def blocks_of(party: Party, wanted: str) -> Iterator[AnswerBlock]:
    """Yield the distinct blocks of one side, without default routes."""
    gathered: defaultdict[tuple[str, str], list[tuple[str, int | None]]] = defaultdict(list)
    for side, cidr, origin, priority in party.entries:
        if side == wanted and cidr not in _DEFAULT_ROUTES:
            gathered[side, cidr].append((origin, priority))
    for (side, cidr), sources in sorted(gathered.items()):
        known = [priority for _, priority in sources if priority is not None]
        origins = frozenset(origin for origin, _ in sources)
        yield replace(_block(party, side, cidr), origins=origins, priority=min(known, default=None))


def held_blocks(members: list[Party], vpc: EmulatedVpc | None) -> list[tuple[str, AnswerBlock]]:
    """Return the blocks of a VPC, each with its source: selector, read, user or outside."""
    told = [block for party in members for block in blocks_of(party, "vpc")]
    if vpc is None:
        return [("selector", block) for block in {b.end.cidr: b for b in told[::-1]}.values()]
    own = [_block(members[0], "vpc", cidr) for cidr in dict.fromkeys(_own_cidrs(vpc))]
    user = [_block(members[0], "vpc", cidr) for cidr in dict.fromkeys(vpc.user_cidrs)]
    networks = [ip_network(block.end.cidr) for block in own]
    outside = [
        block
        for block in told
        if not any(
            one.version == block.version and one.overlaps(ip_network(block.end.cidr))
            for one in networks
        )
    ]
    return [
        *(("read", replace(block, is_read=True)) for block in own),
        *(("user", replace(block, is_read=True)) for block in user),
        *(("outside", block) for block in outside),
    ]


def _own_cidrs(vpc: EmulatedVpc) -> tuple[str, ...]:
    return (vpc.cidr, *vpc.secondary_cidrs)


def _block(party: Party, side: str, cidr: str) -> AnswerBlock:
    network = ip_network(cidr)
    return AnswerBlock(
        end=BlockEnd(*party.ident, side, cidr),
        party=party,
        version=network.version,
        first=int(network.network_address),
        last=int(network.broadcast_address),
        origins=frozenset(),
        priority=None,
    )


def _entries(connection: EmulatedConnection, routes: Iterable[EmulatedRoute]) -> Iterator[Entry]:
    for cidr in connection.vpc_subnets:
        yield "vpc", cidr, "selector", None
    for cidr in connection.onprem_subnets:
        yield "onprem", cidr, "selector", None
    for route in routes:
        origin = "destination" if route.kind == "custom" else route.kind
        if route.source is not None:
            yield "vpc", route.source, origin, route.priority
        yield "onprem", route.destination, origin, route.priority


def _can_fail_over(connection: EmulatedConnection) -> bool:
    """Check for failover in the connection itself: two tunnels, BGP or a health check."""
    check = connection.health_check
    has_bgp = any(tunnel.bgp is not None for tunnel in connection.tunnels)
    return len(connection.tunnels) > 1 or has_bgp or (check is not None and check.is_enabled)


def _weighed(routes: Iterable[EmulatedRoute]) -> set[str]:
    """Return the connections that share a route of one gateway with different weights."""
    shared: defaultdict[tuple[str | None, ...], list[EmulatedRoute]] = defaultdict(list)
    for route in routes:
        if route.vpn_gateway_id is not None and route.weight is not None:
            key = (route.vpn_gateway_id, route.kind, route.source, route.destination)
            shared[key].append(route)
    return {
        route.vpn_connection_id or ""
        for group in shared.values()
        if len({route.vpn_connection_id for route in group}) > 1
        if len({route.weight for route in group}) > 1
        for route in group
    }
