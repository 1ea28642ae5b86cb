"""Generate the routes to each connection, and the routes that VPN gateways announce by BGP."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice, product

from vpnframe.emulator.fleet import networks
from vpnframe.emulator.fleet.drawing import Draw
from vpnframe.emulator.fleet.gateways import DrawnFleet
from vpnframe.emulator.fleet.model import EmulatedConnection, EmulatedRoute, VpnGateway
from vpnframe.emulator.fleet.networks import EVERYTHING
from vpnframe.emulator.fleet.quirks import pick

DEFAULT_PRIORITY = 10
ACTIVE, STANDBY = 100, 0

# Maximum number of policy routes per connection; a gateway accepts no more.
_MOST_POLICIES = 60
_POLICY_MODE = {"policy": 75.0, "custom": 15.0, "none": 10.0}
_ROUTE_MODE = {"custom": 88.0, "policy": 12.0}
_STATES = {"published": 85.0, "normal": 15.0}


def lay_routes(draft: DrawnFleet, draw: Draw) -> None:
    """Generate all routes of the fleet, and the secondary and user CIDR blocks of every VPC."""
    for vpc_id, vpc in draft.vpcs.items():
        further, user = networks.draw_further_blocks(draw, vpc.cidr), networks.draw_user_cidrs(draw)
        draft.vpcs[vpc_id] = replace(vpc, secondary_cidrs=further, user_cidrs=user)
    planted = {i for plant in draft.planted for i in plant.vpn_connection_ids}
    surveyor = _Surveyor(draft, draw)
    for name, connection in draft.connections.items():
        routes = tuple(surveyor.routes_of(connection))
        draft.routes[name] = routes if name in planted else _vary(draw, connection, routes)
    # The last connection with BGP on each VPN gateway.
    speakers = {c.vpn_gateway_id: name for name, c in draft.connections.items() if c.tunnels[0].bgp}
    for name, gateway in draft.vpn_gateways.items():
        if name in speakers:
            draft.routes[name] = [surveyor.announced_by(gateway, speakers[name])]


def make_route(
    draw: Draw, connection: EmulatedConnection, kind: str, destination: str
) -> EmulatedRoute:
    """Return a route to ``destination`` that leads to a connection. Its state is ``published``."""
    is_ranked = kind == "policy" and has_priorities(connection.vpn_gateway_id or "")
    tunnel_ids = tuple(tunnel.tunnel_id for tunnel in connection.tunnels if tunnel.tunnel_id)
    return EmulatedRoute(
        *connection.owner,
        kind=kind,
        vpn_gateway_id=connection.vpn_gateway_id,
        vpn_connection_id=connection.vpn_connection_id,
        next_hop=connection.vpn_connection_id,
        destination=destination,
        weight=None if kind == "bgp" else ACTIVE,
        priority=DEFAULT_PRIORITY if is_ranked else None,
        tunnel_ids=tunnel_ids if connection.vpn_gateway_id is None else tunnel_ids[:1],
        learned_from="VPN_BGP" if kind == "bgp" else None,
        created_ms=draw.created_ms(),
    )


def has_priorities(gateway_id: str) -> bool:
    """Check whether a VPN gateway is new enough to have policy routes with priorities."""
    return pick(gateway_id, "priorities", 4) != 0


@dataclass(frozen=True)
class _Surveyor:
    """Generates the routes of the connections and VPN gateways of a fleet."""

    draft: DrawnFleet
    draw: Draw

    def routes_of(self, connection: EmulatedConnection) -> Iterator[EmulatedRoute]:
        """Yield the routes of a connection; an unattached connection has none."""
        if connection.attach_type == "NO_ASSOCIATED":
            return
        destinations = self._destinations(connection)
        if bgp := connection.tunnels[0].bgp:
            for destination in destinations:
                yield from self._learned(connection, destination, bgp.customer_asn)
            if connection.vpn_gateway_id is None:
                yield self._announced_on_router(connection)
            return
        kind = self._kind_of(connection)
        if kind == "custom":
            for destination in destinations:
                yield make_route(self.draw, connection, kind, destination)
        elif kind == "policy":
            pairs = product(self._sources(connection), destinations)
            for source, destination in islice(pairs, _MOST_POLICIES):
                route = make_route(self.draw, connection, kind, destination)
                yield replace(route, source=source)

    def announced_by(self, gateway: VpnGateway, speaker: str) -> EmulatedRoute:
        """Return the BGP route to the gateway's own VPC that it announces through ``speaker``."""
        # The next hop of such a route is not documented, so every variant occurs.
        hops = ("", gateway.vpc_id, gateway.vpn_gateway_id, speaker)
        return EmulatedRoute(
            *gateway.owner,
            kind="bgp",
            vpn_gateway_id=gateway.vpn_gateway_id,
            next_hop=hops[pick(gateway.vpn_gateway_id, "cloud-hop", len(hops))],
            destination=self.draft.vpcs[gateway.vpc_id].cidr,
            as_path="45104",
            learned_from="CLOUD",
            created_ms=self.draw.created_ms(),
        )

    def _destinations(self, connection: EmulatedConnection) -> Sequence[str]:
        """Return a connection's on-premises IPv4 blocks, or random blocks if one is 0.0.0.0/0."""
        blocks = list(dict.fromkeys(b for b in connection.onprem_subnets if ":" not in b))
        if EVERYTHING not in blocks:
            return blocks
        gateway_id = connection.vpn_gateway_id
        avoided = [self.draft.vpc_of(gateway_id).cidr] if gateway_id else []
        return networks.draw_onprem_subnets(self.draw, avoided)

    def _sources(self, connection: EmulatedConnection) -> Sequence[str]:
        blocks = [block for block in connection.vpc_subnets if ":" not in block]
        if EVERYTHING not in blocks:
            return blocks
        return [self.draft.vpc_of(connection.vpn_gateway_id).cidr]

    def _kind_of(self, connection: EmulatedConnection) -> str:
        """Choose whether a connection has policy routes, destination routes or no routes."""
        if connection.vpn_gateway_id is None:
            return "custom"
        is_everything = EVERYTHING in connection.vpc_subnets + connection.onprem_subnets
        return self.draw.weighted(_ROUTE_MODE if is_everything else _POLICY_MODE)

    def _learned(
        self, connection: EmulatedConnection, destination: str, asn: int
    ) -> Iterator[EmulatedRoute]:
        """Yield the peer's BGP route once per tunnel, but only once on a transit router."""
        route = make_route(self.draw, connection, "bgp", destination)
        path = self.draw.rng.choice([f"{asn}", f"{asn},{asn}", f"{asn},65010,65020"])
        community = f"{asn % 65536}:1000" if self.draw.chance(0.3) else None
        if connection.vpn_gateway_id is None:
            # A transit router shows the AS path in brackets.
            yield replace(route, as_path=f"[{path}]", community=community, state="Active")
            return
        route = replace(route, as_path=path, community=community)
        for tunnel in connection.tunnels:
            yield replace(route, tunnel_ids=(tunnel.tunnel_id,) if tunnel.tunnel_id else ())

    def _announced_on_router(self, connection: EmulatedConnection) -> EmulatedRoute:
        """Return a BGP route that a transit router announces to the peer of a connection."""
        block = f"10.{self.draw.rng.randint(0, 255)}.0.0/16"
        return replace(
            make_route(self.draw, connection, "bgp", block),
            learned_from="CLOUD",
            as_path="[45104]",
            community="45104:1000",
            state="Active",
        )


def _vary(
    draw: Draw, connection: EmulatedConnection, routes: Sequence[EmulatedRoute]
) -> Sequence[EmulatedRoute]:
    """Return the routes with random state, weight and priority; BGP routes stay unchanged."""
    priority = draw.rng.choice((5, 20, 100)) if draw.chance(0.12) else None
    weight = STANDBY if draw.chance(0.06) and not connection.is_dual else ACTIVE
    return [
        route
        if route.kind == "bgp"
        else replace(
            route,
            priority=route.priority and (priority or route.priority),
            weight=weight,
            state=draw.weighted(_STATES),
        )
        for route in routes
    ]
