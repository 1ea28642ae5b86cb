"""Plant overlaps that are visible only in routes, and similar situations that are not defects."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from vpnframe.emulator.fleet.model import EmulatedConnection
from vpnframe.emulator.fleet.networks import EVERYTHING, draw_inside
from vpnframe.emulator.fleet.routes import STANDBY, has_priorities, make_route
from vpnframe.emulator.planted.planter import Planter, Taken, halves, is_static


def plant_routes(planter: Planter) -> None:
    """Plant all overlaps that are visible only in routes, in connections without a defect."""
    _plant_across_vpc(planter)
    _plant_by_destination(planter)
    _plant_by_policy(planter)
    _plant_into_vpcs(planter)
    _plant_mirror_on_one_router(planter)


def _plant_across_vpc(planter: Planter) -> None:
    """Plant two pairs of connections with equal routes on two VPN gateways of one VPC.

    The first pair has different peers, which is a defect. The second pair has the same peers, as
    during a migration from one gateway to the other.
    """
    for connection in planter.take_vpc_pair(
        "routes-equal-behind-gateways-of-one-vpc",
        lambda c: is_static(c) and len(c.tunnels) == 1,
        is_one_peer_fine=False,
    ):
        planter.change(connection, health_check=None)
        _lead(planter, connection, "192.168.225.0/24")
    if pair := planter.take_vpc_pair("migration-between-gateways"):
        planter.share_peers(*pair)
        for connection in pair:
            _lead(planter, connection, "192.168.226.0/24")


def _plant_by_destination(planter: Planter) -> None:
    """Plant three connection pairs, with equal, active-and-standby and nested routes."""
    for connection in _take_plain_pair(planter, "routes-equal-on-one-gateway"):
        _lead(planter, connection, "10.221.0.0/24")
    if pair := _take_plain_pair(planter, "routes-active-and-standby"):
        _lead(planter, pair[0], "192.168.222.0/24")
        _lead(planter, pair[1], "192.168.222.0/24", weight=STANDBY)
    if pair := _take_plain_pair(planter, "routes-aggregate-and-branches"):
        _lead(planter, pair[0], "10.223.0.0/16")
        _lead(planter, pair[1], "10.223.1.0/24", "10.223.2.0/24")


def _plant_by_policy(planter: Planter) -> None:
    """Plant policy routes to one destination that are equal or differ in priority or source."""
    for connection in _take_plain_pair(planter, "policies-of-one-priority"):
        _lead(planter, connection, "172.28.1.0/24", source=planter.vpc_cidr(connection))
    pair = _take_plain_pair(planter, "policies-ranked", is_ranked=True)
    for priority, connection in zip((10, 20), pair, strict=False):
        source = planter.vpc_cidr(connection)
        _lead(planter, connection, "172.28.2.0/24", source=source, priority=priority)
    for half, connection in enumerate(_take_plain_pair(planter, "policies-split-by-source")):
        source = halves(planter.vpc_cidr(connection))[half]
        _lead(planter, connection, "172.28.3.0/24", source=source)


def _plant_into_vpcs(planter: Planter) -> None:
    """Plant a policy route and a destination route that lead into their VPN gateway's own VPC."""
    for connection in planter.take("policy-into-own-vpc", _is_on_gateway):
        cidr = planter.vpc_cidr(connection)
        _lead(planter, connection, draw_inside(planter.draw, cidr, 28), source=cidr)
    if pair := planter.take_gateway_pair("route-into-own-vpc", _is_on_gateway):
        lower, _ = halves(planter.vpc_cidr(pair[0]))
        _lead(planter, pair[0], "172.28.4.0/24", source=lower)
        _lead(planter, pair[1], draw_inside(planter.draw, lower, 28))


def _plant_mirror_on_one_router(planter: Planter) -> None:
    """Make two connections of one transit router each other's peer."""

    def take_pair(n_tunnels: int) -> Taken:
        return planter.take_router_pair(
            "mirrored-on-one-router",
            lambda c: c.network_type == "public" and is_static(c) and len(c.tunnels) == n_tunnels,
        )

    blocks = ("172.27.0.0/17", "172.27.128.0/17")
    if pair := take_pair(1) or take_pair(2):
        planter.mirror(pair, blocks)
        for connection, onprem in zip(pair, blocks[::-1], strict=True):
            route = make_route(planter.draw, connection, "custom", onprem)
            planter.draft.routes[connection.vpn_connection_id] = [route]


def _is_on_gateway(connection: EmulatedConnection) -> bool:
    return connection.attach_type == "VPNGW" and is_static(connection)


def _take_plain_pair(planter: Planter, plant_id: str, *, is_ranked: bool = False) -> Taken:
    """Choose two single-tunnel connections of one VPN gateway, and remove their health checks.

    If ``is_ranked``, the policy routes of the gateway must have priorities.
    """
    pair = planter.take_gateway_pair(
        plant_id,
        lambda c: (
            _is_on_gateway(c)
            and len(c.tunnels) == 1
            and (not is_ranked or has_priorities(c.vpn_gateway_id or ""))
        ),
    )
    for connection in pair:
        planter.change(connection, health_check=None)
    return pair


def _lead(
    planter: Planter, connection: EmulatedConnection, *destinations: str, **fields: Any
) -> None:
    """Set the selectors of a connection to 0.0.0.0/0, and replace its routes.

    There is one new route to each of the ``destinations``, with ``fields`` set on it. The new
    routes are policy routes if ``fields`` contains ``source``, else destination routes.
    """
    planter.set_blocks(connection, [EVERYTHING], [EVERYTHING])
    kind = "policy" if "source" in fields else "custom"
    planter.draft.routes[connection.vpn_connection_id] = [
        replace(make_route(planter.draw, connection, kind, block), **fields)
        for block in destinations
    ]
