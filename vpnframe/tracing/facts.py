"""Facts about routers, routes and tunnels, and the outcome of a packet."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, TypeVar

import msgspec

K = TypeVar("K")
V = TypeVar("V")
RouteKind = Literal["policy", "selector", "destination", "bgp"]
POLICY_KINDS = ("policy", "selector")  # matched on the source and the destination
Verdict = Literal["tunnel", "local", "dropped", "none", "ambiguous", "unknown"]


def grouped(pairs: Iterable[tuple[K, V]]) -> dict[K, list[V]]:
    """Collect the values of each key in a list; return the lists in a dictionary by key."""
    groups: dict[K, list[V]] = {}
    for key, value in pairs:
        groups.setdefault(key, []).append(value)
    return groups


class TracedTunnel(msgspec.Struct, frozen=True, gc=False):
    """One tunnel; ``is_up`` is None if the status is unknown."""

    index: int
    tunnel_id: str | None
    role: str | None
    status: str | None
    is_up: bool | None


class TracedConnection(msgspec.Struct, frozen=True, eq=False, gc=False):
    """One connection; it has no tunnels if only a route names it."""

    vpn_connection_id: str
    name: str | None = None
    tunnels: tuple[TracedTunnel, ...] = ()
    # vpc_blocks, onprem_blocks: ids of its traffic selectors' blocks, -1 for an invalid text
    vpc_blocks: tuple[int, ...] = ()
    onprem_blocks: tuple[int, ...] = ()

    @property
    def has_known_selectors(self) -> bool:
        """Whether the selectors of both sides are known, and all are valid blocks."""
        return min(self.vpc_blocks, default=-1) >= 0 <= min(self.onprem_blocks, default=-1)

    def admits(self, source: set[int], destination: set[int]) -> bool | None:
        """Check whether the selectors admit a packet; None if this is not known.

        ``source`` has the ids of all blocks that contain the source, ``destination`` likewise.
        """
        if source.isdisjoint(self.vpc_blocks) or destination.isdisjoint(self.onprem_blocks):
            return False if self.has_known_selectors else None
        return True


class TracedRoute(msgspec.Struct, frozen=True, eq=False, gc=False):
    """One route entry, or a pair of selectors used in place of routes that were not read."""

    kind: RouteKind
    connection: TracedConnection
    source: str | None
    destination: str
    source_block: int = -1  # id of the source block
    # source_length, length: prefix length of the source and of the destination
    source_length: int = 0
    length: int = 0
    priority: int | None = None
    weight: int | None = None
    n_hops: int | None = None  # autonomous systems on the path of a BGP route
    is_published: bool = False  # whether the VPC received it; always true for selectors
    state: str | None = None
    tunnel_ids: tuple[str, ...] = ()

    @property
    def connection_id(self) -> str:
        """The id of the connection that the route leads into."""
        return self.connection.vpn_connection_id

    @property
    def tunnels(self) -> tuple[TracedTunnel, ...]:
        """The tunnels that the route leads into; for BGP, those over which it was learned."""
        tunnels = self.connection.tunnels
        if self.kind != "bgp" or not self.tunnel_ids:
            return tunnels
        return tuple(t for t in tunnels if t.tunnel_id in self.tunnel_ids) or tunnels

    @property
    def is_up(self) -> bool | None:
        """Whether at least one of the route's ``tunnels`` is up; None if unknown."""
        states = [tunnel.is_up for tunnel in self.tunnels]
        if any(states):
            return True
        return None if None in states or not states else False


class Router(msgspec.Struct, frozen=True, eq=False, gc=False):
    """A VPN gateway or transit router, and the connections on it whose routes are unknown."""

    router_id: str
    is_transit: bool
    vpc_id: str | None
    account_id: str | None
    region_id: str | None
    unjudged: tuple[str, ...] = ()
    is_free: bool = False  # any packet may reach it: its VPC was not read, or it has no VPC
    is_unread: bool = False  # its VPC was not read, or no VPC of the fleet was read

    @property
    def vpn_gateway_id(self) -> str | None:
        """The router's id if it is a VPN gateway, else None."""
        return None if self.is_transit else self.router_id

    @property
    def transit_router_id(self) -> str | None:
        """The router's id if it is a transit router, else None."""
        return self.router_id if self.is_transit else None


class Outcome(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What happens to a packet at one router or in the whole fleet, and whether that is certain.

    ``connection`` is the connection that takes or drops the packet. If several connections may take
    it, ``connection`` is None and ``rivals`` are their ids. ``tunnel`` is None if no tunnel takes
    the packet, or if it is not known which one does. ``standby`` contains connection ids, each
    followed by a slash and the tunnel index if the tunnel is known.
    """

    verdict: Verdict
    reason: str
    certainty: Literal["certain", "unknown"] = "certain"
    vpc_id: str | None = None
    router: Router | None = None
    route: TracedRoute | None = None
    connection: TracedConnection | None = None
    tunnel: TracedTunnel | None = None
    standby: tuple[str, ...] = ()
    rivals: tuple[str, ...] = ()
    place: str | None = None  # where the packet starts in this outcome
    tier: int = 0  # smaller if the packet more likely starts here
    reach: int = -1  # length of the router's longest published route to the destination

    @property
    def connection_id(self) -> str | None:
        """The connection's id; None if no connection or several take or drop the packet."""
        return self.connection.vpn_connection_id if self.connection else None

    @property
    def is_carrying(self) -> bool:
        """Whether the verdict is tunnel, ambiguous, dropped or local, and not none or unknown."""
        return self.verdict in ("tunnel", "ambiguous", "dropped", "local")
