"""Draw route entries: the routes to each connection, and the announcements of each gateway.

A separate random stream draws them, so that routes do not change the connections of a seed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice, product

from vpnframe.emulator.fleet.drawing import Draw
from vpnframe.emulator.fleet.gateways import DrawnFleet
from vpnframe.emulator.fleet.model import EmulatedConnection, EmulatedRoute, VpnGateway
from vpnframe.emulator.fleet.networks import (
    EVERYTHING,
    draw_further_blocks,
    draw_onprem_subnets,
    draw_user_cidrs,
)
from vpnframe.emulator.fleet.quirks import pick

DEFAULT_PRIORITY = 10
ACTIVE, STANDBY = 100, 0

# Maximum number of policy routes to draw per connection; a gateway accepts no more.
_MOST_POLICIES = 60
_POLICY_MODE = {"policy": 75.0, "custom": 15.0, "none": 10.0}
_ROUTE_MODE = {"custom": 88.0, "policy": 12.0}
_STATES = {"published": 85.0, "normal": 15.0}


def lay_routes(draft: DrawnFleet, draw: Draw) -> None:
    """Draw the secondary and user CIDR blocks of every VPC, and all routes of the fleet."""
    for at, vpc in enumerate(draft.vpcs):
        further = draw_further_blocks(draw, vpc.cidr)
        draft.vpcs[at] = replace(vpc, secondary_cidrs=further, user_cidrs=draw_user_cidrs(draw))
    planted = {i for plant in draft.planted for i in plant.vpn_connection_ids}
    surveyor = _Surveyor(draft, draw)
    for connection in draft.connections:
        name, routes = connection.vpn_connection_id, surveyor.routes_of(connection)
        varied = routes if name in planted else _vary(draw, connection, tuple(routes))
        draft.routes[name] = tuple(varied)
    for gateway in draft.vpn_gateways:
        draft.routes[gateway.vpn_gateway_id] = tuple(surveyor.announced_by(gateway))


def make_route(
    draw: Draw, connection: EmulatedConnection, kind: str, destination: str
) -> EmulatedRoute:
    """Return a published route that leads to a connection."""
    is_on_gateway = connection.vpn_gateway_id is not None
    is_ranked = kind == "policy" and has_priorities(connection.vpn_gateway_id or "")
    tunnel_ids = tuple(tunnel.tunnel_id for tunnel in connection.tunnels if tunnel.tunnel_id)
    return EmulatedRoute(
        account_id=connection.account_id,
        region_id=connection.region_id,
        kind=kind,
        vpn_gateway_id=connection.vpn_gateway_id,
        vpn_connection_id=connection.vpn_connection_id,
        next_hop=connection.vpn_connection_id,
        destination=destination,
        weight=None if kind == "bgp" else ACTIVE,
        priority=DEFAULT_PRIORITY if is_ranked else None,
        tunnel_ids=tunnel_ids[:1] if is_on_gateway else tunnel_ids,
        learned_from="VPN_BGP" if kind == "bgp" else None,
        created_ms=draw.created_ms(),
    )


def has_priorities(gateway_id: str) -> bool:
    """Check whether a gateway is new enough for policy routes with priorities."""
    return pick(gateway_id, "priorities", 4) != 0


class _Surveyor:
    """Draws the routes of the connections and VPN gateways of a fleet."""

    def __init__(self, draft: DrawnFleet, draw: Draw) -> None:
        self._draft = draft
        self._draw = draw
        vpcs = {vpc.vpc_id: vpc for vpc in draft.vpcs}
        self._vpc_cidr = {
            gateway.vpn_gateway_id: vpcs[gateway.vpc_id].cidr for gateway in draft.vpn_gateways
        }
        self._speaking = {
            c.vpn_gateway_id: c.vpn_connection_id for c in draft.connections if c.tunnels[0].bgp
        }

    def routes_of(self, connection: EmulatedConnection) -> Iterator[EmulatedRoute]:
        """Draw the routes of a connection; an unattached connection has none."""
        if connection.attach_type == "NO_ASSOCIATED":
            return
        destinations = self._destinations(connection)
        if connection.tunnels[0].bgp is not None:
            for destination in destinations:
                yield from self._learned(connection, destination)
            if connection.vpn_gateway_id is None:
                yield self._announced_on_router(connection)
            return
        kind = self._kind_of(connection)
        if kind == "custom":
            for destination in destinations:
                yield make_route(self._draw, connection, kind, destination)
        elif kind == "policy":
            pairs = product(self._sources(connection), destinations)
            for source, destination in islice(pairs, _MOST_POLICIES):
                route = make_route(self._draw, connection, kind, destination)
                yield replace(route, source=source)

    def announced_by(self, gateway: VpnGateway) -> Iterator[EmulatedRoute]:
        """Draw the route to its VPC's block that a gateway with BGP announces to its peers."""
        speaker = self._speaking.get(gateway.vpn_gateway_id)
        if speaker is None:
            return
        # The next hop of such a route is not documented, so every variant occurs.
        hops = ("", gateway.vpc_id, gateway.vpn_gateway_id, speaker)
        yield EmulatedRoute(
            account_id=gateway.account_id,
            region_id=gateway.region_id,
            kind="bgp",
            vpn_gateway_id=gateway.vpn_gateway_id,
            next_hop=hops[pick(gateway.vpn_gateway_id, "cloud-hop", len(hops))],
            destination=self._vpc_cidr[gateway.vpn_gateway_id],
            as_path="45104",
            learned_from="CLOUD",
            created_ms=self._draw.created_ms(),
        )

    def _destinations(self, connection: EmulatedConnection) -> Sequence[str]:
        """Return the on-premises IPv4 selectors; if one is 0.0.0.0/0, draw other blocks instead."""
        blocks = list(dict.fromkeys(b for b in connection.onprem_subnets if ":" not in b))
        if EVERYTHING not in blocks:
            return blocks
        gateway_id = connection.vpn_gateway_id
        avoided = [self._vpc_cidr[gateway_id]] if gateway_id else []
        return draw_onprem_subnets(self._draw, avoided)

    def _sources(self, connection: EmulatedConnection) -> Sequence[str]:
        blocks = [block for block in connection.vpc_subnets if ":" not in block]
        if EVERYTHING not in blocks:
            return blocks
        return [self._vpc_cidr[connection.vpn_gateway_id or ""]]

    def _kind_of(self, connection: EmulatedConnection) -> str:
        """Draw the kind of a connection's routes: mostly policy if no selector is 0.0.0.0/0."""
        if connection.vpn_gateway_id is None:
            return "custom"
        is_everything = EVERYTHING in connection.vpc_subnets + connection.onprem_subnets
        return self._draw.weighted(_ROUTE_MODE if is_everything else _POLICY_MODE)

    def _learned(self, connection: EmulatedConnection, destination: str) -> Iterator[EmulatedRoute]:
        """Yield a route that the peer announces: one per tunnel on a gateway, one on a router."""
        route = make_route(self._draw, connection, "bgp", destination)
        bgp = connection.tunnels[0].bgp
        asn = bgp.customer_asn if bgp else 0
        paths = [f"{asn}", f"{asn},{asn}", f"{asn},65010,65020"]
        path = self._draw.rng.choice(paths)
        community = f"{asn % 65536}:1000" if self._draw.chance(0.3) else None
        route = replace(route, as_path=path, community=community)
        if connection.vpn_gateway_id is None:
            yield replace(route, as_path=f"[{route.as_path}]", state="Active")
            return
        for tunnel in connection.tunnels:
            yield replace(route, tunnel_ids=(tunnel.tunnel_id,) if tunnel.tunnel_id else ())

    def _announced_on_router(self, connection: EmulatedConnection) -> EmulatedRoute:
        """Return a route that a transit router announces to the peer of a connection."""
        block = f"10.{self._draw.rng.randint(0, 255)}.0.0/16"
        route = make_route(self._draw, connection, "bgp", block)
        # A transit router shows the AS path in brackets.
        path, community = "[45104]", "45104:1000"
        return replace(
            route, learned_from="CLOUD", as_path=path, community=community, state="Active"
        )


def _vary(
    draw: Draw, connection: EmulatedConnection, routes: Sequence[EmulatedRoute]
) -> Iterator[EmulatedRoute]:
    """Vary the state, weight and priority of routes; BGP routes stay unchanged."""
    priority = draw.rng.choice((5, 20, 100)) if draw.chance(0.12) else None
    weight = STANDBY if draw.chance(0.06) and not connection.is_dual else ACTIVE
    for route in routes:
        if route.kind == "bgp":
            yield route
            continue
        ranked = route.priority and (priority or route.priority)
        yield replace(route, priority=ranked, weight=weight, state=draw.weighted(_STATES))
