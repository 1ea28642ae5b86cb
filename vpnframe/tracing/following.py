"""Find each packet's outcome, which depends only on the blocks that contain its two addresses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import msgspec

from vpnframe.errors import SettingsError
from vpnframe.schema.codes import Codes
from vpnframe.tracing.facts import POLICY_KINDS, Outcome, Router, TracedRoute
from vpnframe.tracing.one_router import RouterCase
from vpnframe.tracing.prefixes import Prefixes
from vpnframe.tracing.whole_fleet import choose, choose_idle


@dataclass(frozen=True, slots=True)
class RoutedFleet:
    """A fleet's routers, routes and VPCs, and the blocks that contain the packets' addresses."""

    blocks: Prefixes  # every block that an address of a packet is compared with
    # start_of, end_of: ids of the smallest blocks that contain each packet's source, destination
    start_of: Codes
    end_of: Codes
    vpcs_at: dict[int, list[str]]  # VPCs whose blocks were read, by block id
    # VPN gateways and transit routers that have a connection or a route
    routers: list[Router]
    serving: dict[str | None, list[Router]]  # the routers of each VPC
    # Routes to destinations of the packets, by id of the destination block, then by router
    routes_at: dict[int, dict[Router | None, list[TracedRoute]]]
    start: str | None = None  # the VPC where all packets start, regardless of their sources

    def start_at(self, start: str) -> RoutedFleet:
        """Let every packet start in one VPC or at one router, regardless of its source."""
        vpcs = {*self.serving, *(vpc_id for some in self.vpcs_at.values() for vpc_id in some)}
        serving = [one for one in self.routers if start in (one.router_id, one.vpc_id)]
        if start not in vpcs and not serving:
            raise SettingsError(
                f"{start!r} is not a VPC, VPN gateway or transit router of this fleet"
            )
        vpc_id = start if start in vpcs else serving[0].vpc_id or start
        return replace(self, start=vpc_id, serving={vpc_id: serving})


class _Source(msgspec.Struct, frozen=True, gc=False):
    """Facts about the source addresses that are inside one block, but in no smaller one."""

    blocks: set[int]  # ids of all blocks that contain the sources
    # Routers and VPCs where the packets may start, and the outcome if no route leads further
    places: list[tuple[Router | None, str, Outcome]]


class _Destination(msgspec.Struct, frozen=True, gc=False):
    """Facts about the destination addresses that are inside one block, but in no smaller one."""

    blocks: set[int]  # ids of all blocks that contain the destinations
    vpcs: list[str]  # VPCs that contain them, the VPC with the smallest block last
    # The routes of each router to the destinations, the longest last
    routes: dict[Router | None, list[TracedRoute]]


class Follower:
    """Finds the outcomes of packets in a fleet, and reuses what it found for earlier packets."""

    def __init__(self, fleet: RoutedFleet) -> None:
        self.fleet = fleet
        # Connections whose unknown routes may take a packet; by whether it starts in a known VPC
        routers = fleet.routers if fleet.start is None else []
        self.unread = {
            is_placed: [n for one in routers if one.is_free or not is_placed for n in one.unjudged]
            for is_placed in (False, True)
        }
        self.judge = cache(RouterCase.judge)
        self.source = cache(self._source)
        self.destination = cache(self._destination)

    def follow(self, source: int, destination: int) -> tuple[Outcome, list[Outcome]]:
        """Return the outcome of a packet, and its outcome at each router that could carry it.

        ``source`` and ``destination`` are the ids of the smallest blocks that contain the packet's
        source and its destination.
        """
        fleet, start, end = self.fleet, self.source(source), self.destination(destination)
        outcomes = [
            idle
            if router not in end.routes and home not in end.vpcs
            else self._at_router(router, start, end, home)
            for router, home, idle in start.places
        ]
        if fleet.start is None:  # any packet may reach a free router
            free = [one for one in end.routes if one and one.is_free]
            others = [] if start.places else [one for one in end.routes if one and not one.is_free]
            outcomes += [self._at_router(router, start, end) for router in (*free, *others)]
        answer = choose(outcomes)
        if answer is None:
            idle = [one for one in outcomes if one.tier == 0]
            unread = self.unread[bool(start.places)]
            answer = choose_idle(idle, unread, end.vpcs[-1] if end.vpcs else None)
        return answer, outcomes

    def _source(self, block: int) -> _Source:
        around = self.fleet.blocks.around(block)
        vpcs = dict.fromkeys(vpc for one in around for vpc in self.fleet.vpcs_at.get(one, ()))
        homes = vpcs if self.fleet.start is None else [self.fleet.start]
        places = [
            (router, home, self.judge(RouterCase(router, home)))
            for home in homes
            for router in self.fleet.serving.get(home) or (None,)
        ]
        return _Source({*around}, places)

    def _destination(self, block: int) -> _Destination:
        around = self.fleet.blocks.around(block)
        parts = [self.fleet.routes_at[one] for one in around if one in self.fleet.routes_at]
        routes = parts[0] if parts else {}
        for part in parts[1:]:
            every = (*routes, *(router for router in part if router not in routes))
            routes = {one: [*routes.get(one, ()), *part.get(one, ())] for one in every}
        vpcs = [vpc for one in around for vpc in self.fleet.vpcs_at.get(one, ())]
        return _Destination({*around}, vpcs, routes)

    def _at_router(
        self, router: Router | None, start: _Source, end: _Destination, home: str | None = None
    ) -> Outcome:
        """Return the outcome of a packet at one router, or in a VPC that has no router."""
        routes = end.routes.get(router, [])
        is_placed, is_local = bool(start.places), home in end.vpcs
        found = _possible(routes, start.blocks)
        reach = max([route.length for route in routes if route.is_published], default=-1)
        admits = tuple([route.connection.admits(start.blocks, end.blocks) for route in found])
        return self.judge(RouterCase(router, home, is_placed, is_local, reach, found, admits))


def _possible(routes: Sequence[TracedRoute], source: set[int]) -> tuple[TracedRoute, ...]:
    """Return the routes that can win for packets whose source is in the blocks ``source``.

    All ``routes`` must match the packets' destination and be sorted by prefix length, with the
    longest prefix last.
    """
    policies = [r for r in routes if r.kind in POLICY_KINDS and r.source_block in source]
    if policies:
        first = min((r.priority for r in policies if r.priority is not None), default=None)
        return tuple(r for r in policies if r.priority in (None, first))
    others = [[r for r in routes if r.kind == kind] for kind in ("destination", "bgp")]
    return tuple(r for of_kind in others for r in of_kind if r.length == of_kind[-1].length)
