"""Records of a fleet's routers and routes, and of the outcome of a packet."""

from __future__ import annotations

from enum import IntEnum
from typing import Literal

import msgspec

RouteKind = Literal["policy", "selector", "destination", "bgp"]
PUBLISHED = ("published", "active")  # the latter of a BGP route on a transit router
POLICY_KINDS = ("policy", "selector")  # matched on the source, too
Verdict = Literal["tunnel", "local", "dropped", "none", "ambiguous", "unknown"]


class TracedTunnel(msgspec.Struct, frozen=True, gc=False):
    """One tunnel; ``is_up`` is None if its status is unknown."""

    index: int
    tunnel_id: str | None
    role: str | None
    status: str | None
    is_up: bool | None


class TracedConnection(msgspec.Struct, frozen=True, gc=False):
    """One connection; it has no tunnels if only a route names it."""

    vpn_connection_id: str
    name: str | None = None
    account_id: str | None = None
    region_id: str | None = None
    tunnels: tuple[TracedTunnel, ...] = ()


class TracedRoute(msgspec.Struct, frozen=True, gc=False):
    """One route entry, or a pair of selectors used in place of routes that were not read."""

    kind: RouteKind
    connection: TracedConnection
    source: str | None
    destination: str
    prefix_length: int  # of the destination
    priority: int | None = None
    weight: int | None = None
    n_hops: int | None = None  # autonomous systems on the path of a BGP route
    state: str | None = None
    tunnel_ids: tuple[str, ...] = ()

    @property
    def is_published(self) -> bool:
        """Whether the VPC knows the route; always True for selectors."""
        return self.kind == "selector" or (self.state or "").lower() in PUBLISHED


class Router(msgspec.Struct, frozen=True, gc=False):
    """A VPN gateway or transit router, and the connections on it whose routes are unknown."""

    router_id: str
    is_transit: bool
    vpc_id: str | None
    account_id: str | None
    region_id: str | None
    unjudged: tuple[str, ...] = ()

    @property
    def vpn_gateway_id(self) -> str | None:
        """The router's id if it is a VPN gateway, else None."""
        return None if self.is_transit else self.router_id

    @property
    def transit_router_id(self) -> str | None:
        """The router's id if it is a transit router, else None."""
        return self.router_id if self.is_transit else None


class Placing(IntEnum):
    """Evidence about whether a packet starts where this router serves."""

    INSIDE = 0  # its source lies in a VPC of the router's domain
    UNREAD = 1  # the blocks of the router's VPC were not read
    OUTSIDE = 2  # its source lies in no VPC that was read
    ELSEWHERE = 3  # its source lies in a VPC of which it is unknown whether it reaches the router


class MatchedRoute(msgspec.Struct, frozen=True, gc=False):
    """A route that matches a packet, and whether its connection's selectors admit the packet."""

    route: TracedRoute
    admits: bool | None


class RouterCase(msgspec.Struct, frozen=True, gc=False):
    """A packet at a router: everything that the outcome depends on.

    ``reach`` is the longest prefix length of the router's published routes to the destination, -1
    without one. ``found`` are the routes that can win: the policy routes with the smallest priority
    or without one; else the longest destination and the longest BGP match.
    """

    router: Router | None
    vpc_id: str | None  # in which the source lies
    placing: Placing
    is_local: bool
    reach: int
    found: tuple[MatchedRoute, ...]


class Outcome(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """The outcome of a packet, and its rank.

    ``connection`` takes the packet, by ``tunnel`` (None: several or unknown), or drops it;
    ``rivals`` may take it as well. ``standby`` are connections with the tunnel index after a slash.
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
    tier: int = 0  # smaller is likelier to be where it starts
    reach: int = -1

    @property
    def is_carrying(self) -> bool:
        """Whether something takes, keeps or drops the packet there, or might."""
        return self.verdict in ("tunnel", "ambiguous", "dropped", "local")


class Journey(msgspec.Struct, frozen=True, gc=False):
    """A packet at every router that could carry it: everything that the answer depends on.

    ``unread`` are connections elsewhere whose unknown routes might lead there too.
    """

    outcomes: tuple[Outcome, ...]
    is_placed: bool  # its source lies in a VPC that was read
    destination_vpc: str | None
    unread: tuple[str, ...] = ()
