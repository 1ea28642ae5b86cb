"""Plant overlaps that only routes show, and similar cases that are not defects."""

from __future__ import annotations

from dataclasses import replace

from vpnframe.emulator.fleet.model import EmulatedConnection, EmulatedRoute
from vpnframe.emulator.fleet.networks import EVERYTHING, draw_inside
from vpnframe.emulator.fleet.routes import STANDBY, has_priorities, make_route
from vpnframe.emulator.planted.planter import Pair, Planter, halves, is_static


def plant_routes(planter: Planter) -> None:
    """Plant the defects that only routes show, on connections without an earlier defect."""
    _plant_across_vpc(planter)
    _plant_by_destination(planter)
    _plant_by_policy(planter)
    _plant_into_vpcs(planter)
    _plant_mirror_on_one_router(planter)


def _plant_across_vpc(planter: Planter) -> None:
    """Set equal routes on two VPN gateways of one VPC: once a mistake, once a migration."""
    if pair := planter.take_vpc_pair(
        lambda c: is_static(c) and len(c.tunnels) == 1, is_one_peer_fine=False
    ):
        for connection in pair:
            planter.change(connection, health_check=None)
            _lead(planter, connection, "192.168.225.0/24")
        planter.record("routes-equal-behind-gateways-of-one-vpc", *pair)
    if pair := planter.take_vpc_pair():
        planter.share_customer(*pair)
        for connection in pair:
            _lead(planter, connection, "192.168.226.0/24")
        planter.record("migration-between-gateways", *pair)


def _plant_by_destination(planter: Planter) -> None:
    """Make destination routes of one gateway overlap: equal, nested, and as a failover pair."""
    if pair := _take_plain_pair(planter):
        for connection in pair:
            _lead(planter, connection, "10.221.0.0/24")
        planter.record("routes-equal-on-one-gateway", *pair)
    if pair := _take_plain_pair(planter):
        _lead(planter, pair[0], "192.168.222.0/24")
        _lead(planter, pair[1], "192.168.222.0/24", weight=STANDBY)
        planter.record("routes-active-and-standby", *pair)
    if pair := _take_plain_pair(planter):
        _lead(planter, pair[0], "10.223.0.0/16")
        _lead(planter, pair[1], "10.223.1.0/24", "10.223.2.0/24")
        planter.record("routes-aggregate-and-branches", *pair)


def _plant_by_policy(planter: Planter) -> None:
    """Plant pairs of policy routes to one destination: equal, by priority, and by source."""
    if pair := _take_plain_pair(planter):
        for connection in pair:
            _steer(planter, connection, planter.vpc_cidr(connection), "172.28.1.0/24")
        planter.record("policies-of-one-priority", *pair)
    if pair := _take_plain_pair(planter, is_ranked=True):
        for priority, connection in zip((10, 20), pair, strict=True):
            source = planter.vpc_cidr(connection)
            _steer(planter, connection, source, "172.28.2.0/24", priority=priority)
        planter.record("policies-ranked", *pair)
    if pair := _take_plain_pair(planter):
        for source, connection in zip(halves(planter.vpc_cidr(pair[0])), pair, strict=True):
            _steer(planter, connection, source, "172.28.3.0/24")
        planter.record("policies-split-by-source", *pair)


def _plant_into_vpcs(planter: Planter) -> None:
    """Plant a policy route and a destination route that lead into the gateway's own VPC."""
    if connection := planter.take(_is_on_gateway):
        cidr = planter.vpc_cidr(connection)
        _steer(planter, connection, cidr, draw_inside(planter.draw, cidr, 28))
        planter.record("policy-into-own-vpc", connection)
    if pair := planter.take_gateway_pair(_is_on_gateway):
        lower, _ = halves(planter.vpc_cidr(pair[0]))
        _steer(planter, pair[0], lower, "172.28.4.0/24")
        _lead(planter, pair[1], draw_inside(planter.draw, lower, 28))
        planter.record("route-into-own-vpc", *pair)


def _plant_mirror_on_one_router(planter: Planter) -> None:
    """Make two connections of one transit router each other's peer, with equal tunnel counts."""
    blocks = ("172.27.0.0/17", "172.27.128.0/17")
    pair = planter.take_router_pair(lambda c: _can_mirror(c, 1)) or planter.take_router_pair(
        lambda c: _can_mirror(c, 2)
    )
    if pair:
        planter.mirror(pair)
        for connection, vpc, onprem in zip(pair, blocks, blocks[::-1], strict=True):
            planter.set_blocks(connection, [vpc], [onprem])
            route = make_route(planter.draw, connection, "custom", onprem)
            planter.set_routes(connection, [route])
        planter.record("mirrored-on-one-router", *pair)


def _can_mirror(connection: EmulatedConnection, n_tunnels: int) -> bool:
    is_public = connection.network_type == "public"
    return is_public and is_static(connection) and len(connection.tunnels) == n_tunnels


def _is_on_gateway(connection: EmulatedConnection) -> bool:
    return connection.attach_type == "VPNGW" and is_static(connection)


def _take_plain_pair(planter: Planter, *, is_ranked: bool = False) -> Pair | None:
    """Take two single-tunnel connections of one gateway, and remove their health checks.

    If ``is_ranked``, take only a gateway whose policy routes have priorities.
    """
    pair = planter.take_gateway_pair(
        lambda c: _is_on_gateway(c) and (not is_ranked or has_priorities(c.vpn_gateway_id or "")),
        n_tunnels=1,
    )
    for connection in pair or ():
        planter.change(connection, health_check=None)
    return pair


def _lead(
    planter: Planter, connection: EmulatedConnection, *destinations: str, weight: int = 100
) -> None:
    """Make a connection route-based, with destination routes only."""
    routes = [make_route(planter.draw, connection, "custom", block) for block in destinations]
    _set_routes(planter, connection, [replace(route, weight=weight) for route in routes])


def _steer(
    planter: Planter,
    connection: EmulatedConnection,
    source: str,
    destination: str,
    *,
    priority: int | None = None,
) -> None:
    """Make a connection route-based, with one policy route."""
    route = make_route(planter.draw, connection, "policy", destination)
    ranked = replace(route, source=source, priority=priority or route.priority)
    _set_routes(planter, connection, [ranked])


def _set_routes(
    planter: Planter, connection: EmulatedConnection, routes: list[EmulatedRoute]
) -> None:
    planter.set_blocks(connection, [EVERYTHING], [EVERYTHING])
    planter.set_routes(connection, routes)
