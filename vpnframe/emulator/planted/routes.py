"""Planted overlaps that only routes show, and look-alikes that are not defects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from vpnframe.emulator.fleet.model import EmulatedConnection, EmulatedRoute
from vpnframe.emulator.fleet.networks import EVERYTHING, draw_inside
from vpnframe.emulator.fleet.routes import STANDBY, has_priorities, make_route
from vpnframe.emulator.planted.pairing import (
    Pair,
    halves,
    mirror,
    share_customer,
    take_gateway_pair,
    take_router_pair,
    take_vpc_pair,
    vpc_cidr,
)
from vpnframe.emulator.planted.planting import Planter, is_static


def plant_by_destination(planter: Planter) -> None:
    """Make destination routes of one gateway overlap: equal, nested, and as a failover pair."""
    if pair := _plain_pair(planter):
        for connection in pair:
            _lead(planter, connection, ["10.221.0.0/24"])
        planter.record("routes-equal-on-one-gateway", *pair)
    if pair := _plain_pair(planter):
        _lead(planter, pair[0], ["192.168.222.0/24"])
        _lead(planter, pair[1], ["192.168.222.0/24"], weight=STANDBY)
        planter.record("routes-active-and-standby", *pair)
    if pair := _plain_pair(planter):
        _lead(planter, pair[0], ["10.223.0.0/16"])
        _lead(planter, pair[1], ["10.223.1.0/24", "10.223.2.0/24"])
        planter.record("routes-aggregate-and-branches", *pair)


def plant_by_policy(planter: Planter) -> None:
    """Make policy routes of one gateway overlap: equal priority, ranked, and split by source."""
    if pair := _plain_pair(planter):
        for connection in pair:
            _steer(planter, connection, vpc_cidr(planter, connection), "172.28.1.0/24")
        planter.record("policies-of-one-priority", *pair)
    if pair := take_gateway_pair(planter, _is_ranked, n_tunnels=1):
        for priority, connection in zip((10, 20), pair, strict=True):
            _make_plain(planter, connection)
            source = vpc_cidr(planter, connection)
            _steer(planter, connection, source, "172.28.2.0/24", priority=priority)
        planter.record("policies-ranked", *pair)
    if pair := _plain_pair(planter):
        for source, connection in zip(halves(vpc_cidr(planter, pair[0])), pair, strict=True):
            _steer(planter, connection, source, "172.28.3.0/24")
        planter.record("policies-split-by-source", *pair)


def plant_into_vpcs(planter: Planter) -> None:
    """Make a policy route, and a destination route, lead into the connection's own VPC."""
    if connection := planter.take(_is_on_gateway):
        cidr = vpc_cidr(planter, connection)
        _steer(planter, connection, cidr, draw_inside(planter.draw, cidr, 28))
        planter.record("policy-into-own-vpc", connection)
    if pair := take_gateway_pair(planter, _is_on_gateway):
        lower, _ = halves(vpc_cidr(planter, pair[0]))
        _steer(planter, pair[0], lower, "172.28.4.0/24")
        _lead(planter, pair[1], [draw_inside(planter.draw, lower, 28)])
        planter.record("route-into-own-vpc", *pair)


def plant_across_vpc(planter: Planter) -> None:
    """Make routes of two gateways of one VPC overlap: by mistake, and during a migration."""
    if pair := take_vpc_pair(planter, _is_single, is_one_peer_fine=False):
        for connection in pair:
            _make_plain(planter, connection)
            _lead(planter, connection, ["192.168.225.0/24"])
        planter.record("routes-equal-behind-gateways-of-one-vpc", *pair)
    if pair := take_vpc_pair(planter):
        share_customer(planter, *pair)
        for connection in pair:
            _lead(planter, connection, ["192.168.226.0/24"])
        planter.record("migration-between-gateways", *pair)


def plant_mirror_on_one_router(planter: Planter) -> None:
    """Join two attachments of one router: each is the other's peer."""
    for n_tunnels in (1, 2):
        if pair := take_router_pair(planter, partial(_can_mirror, n_tunnels=n_tunnels)):
            mirror(planter, pair)
            blocks = ("172.27.0.0/17", "172.27.128.0/17")
            for connection, vpc, onprem in zip(pair, blocks, blocks[::-1], strict=True):
                now = planter.get(connection.vpn_connection_id)
                planter.set_blocks(now, vpc=[vpc], onprem=[onprem])
                planter.set_routes(now, [make_route(planter.draw, now, "custom", onprem)])
            planter.record("mirrored-on-one-router", *pair)
            return


def _is_on_gateway(connection: EmulatedConnection) -> bool:
    return connection.attach_type == "VPNGW" and is_static(connection)


def _is_single(connection: EmulatedConnection) -> bool:
    return is_static(connection) and len(connection.tunnels) == 1


def _is_ranked(connection: EmulatedConnection) -> bool:
    """Check whether it is on a gateway whose policy routes have priorities."""
    return _is_on_gateway(connection) and has_priorities(connection.vpn_gateway_id or "")


def _can_mirror(connection: EmulatedConnection, *, n_tunnels: int) -> bool:
    is_public = connection.network_type == "public"
    return is_public and is_static(connection) and len(connection.tunnels) == n_tunnels


def _plain_pair(planter: Planter) -> Pair | None:
    """Take two single-tunnel connections of one gateway, and remove their health checks."""
    pair = take_gateway_pair(planter, _is_on_gateway, n_tunnels=1)
    for connection in pair or ():
        _make_plain(planter, connection)
    return pair


def _make_plain(planter: Planter, connection: EmulatedConnection) -> None:
    planter.put(replace(planter.get(connection.vpn_connection_id), health_check=None))


def _lead(
    planter: Planter,
    connection: EmulatedConnection,
    destinations: Sequence[str],
    *,
    weight: int = 100,
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
    planter: Planter, connection: EmulatedConnection, routes: Sequence[EmulatedRoute]
) -> None:
    now = planter.get(connection.vpn_connection_id)
    planter.set_blocks(now, vpc=[EVERYTHING], onprem=[EVERYTHING])
    planter.set_routes(now, routes)
