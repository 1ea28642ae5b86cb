"""Planted overlaps, one of each kind, and look-alikes that are not defects."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network

from vpnframe.emulator.fleet.gateways import add_customer_gateway
from vpnframe.emulator.fleet.model import EmulatedConnection, HealthCheck
from vpnframe.emulator.fleet.networks import EVERYTHING, draw_inside
from vpnframe.emulator.planted.pairing import (
    halves,
    mirror,
    share_customer,
    take_gateway_pair,
    take_router_pair,
    take_vpc_pair,
    vpc_cidr,
    with_customer,
)
from vpnframe.emulator.planted.planting import Planter, is_policy, is_static


def plant_own_sides(planter: Planter) -> None:
    """Make the two sides of one connection overlap: equal, inside, containing."""
    if connection := planter.take(is_policy):
        block = _held_block(planter, connection)
        planter.set_blocks(connection, vpc=[block], onprem=[block])
        planter.record("own-sides-equal", connection)
    if connection := planter.take(lambda one: _has_room(planter, one)):
        outer_block = _held_block(planter, connection)
        inner = draw_inside(planter.draw, outer_block, ip_network(outer_block).prefixlen + 4)
        planter.set_blocks(connection, vpc=[outer_block], onprem=[inner])
        planter.record("own-sides-onprem-inside-vpc", connection)
    if connection := planter.take(lambda one: _has_room(planter, one)):
        block = _held_block(planter, connection)
        outer = ip_network(block).supernet(prefixlen_diff=4)
        planter.set_blocks(connection, vpc=[block], onprem=[str(outer)])
        planter.record("own-sides-onprem-contains-vpc", connection)


def plant_on_one_gateway(planter: Planter) -> None:
    """Set equal or nested on-premises blocks on two connections of one gateway."""
    if pair := take_gateway_pair(planter):
        for connection in pair:
            planter.set_blocks(connection, vpc=[EVERYTHING], onprem=["10.201.0.0/24"])
        planter.record("onprem-equal-on-one-gateway", *pair)
    if pair := take_gateway_pair(planter):
        planter.set_blocks(pair[0], vpc=[vpc_cidr(planter, pair[0])], onprem=["10.202.0.0/16"])
        planter.set_blocks(pair[1], vpc=[vpc_cidr(planter, pair[1])], onprem=["10.202.7.0/24"])
        planter.record("onprem-nested-on-one-gateway", *pair)
    if pair := take_gateway_pair(planter):
        lower, upper = halves(vpc_cidr(planter, pair[0]))
        planter.set_blocks(pair[0], vpc=[lower], onprem=["192.168.203.0/24"])
        planter.set_blocks(pair[1], vpc=[upper], onprem=["192.168.203.0/24"])
        planter.record("onprem-split-by-vpc-block", *pair)
    if pair := take_gateway_pair(planter):
        lower, _ = halves(cidr := vpc_cidr(planter, pair[0]))
        planter.set_blocks(pair[0], vpc=[cidr], onprem=["172.29.4.0/22"])
        planter.set_blocks(pair[1], vpc=[lower], onprem=["172.29.4.0/24", "192.168.99.0/24"])
        planter.record("selector-pair", *pair)


def plant_twins(planter: Planter) -> None:
    """Set equal blocks on two connections: a leftover, a failover pair, a shared router."""
    if pair := take_gateway_pair(planter):
        _copy_blocks(planter, *pair)
        share_customer(planter, *pair)
        planter.record("duplicate-connection", *pair)
    if pair := take_gateway_pair(planter, n_tunnels=1):
        _copy_blocks(planter, *pair)
        for connection in pair:
            check = HealthCheck(True, "10.0.0.11", "192.168.0.11", "success")
            planter.put(replace(planter.get(connection.vpn_connection_id), health_check=check))
        planter.record("ha-pair", *pair)
    if pair := take_router_pair(planter):
        for connection in pair:
            planter.set_blocks(connection, vpc=["10.33.0.0/16"], onprem=["192.168.208.0/24"])
        planter.record("ecmp-on-one-router", *pair)


def plant_other_vpc(planter: Planter) -> None:
    """Make a site's block overlap the rest of its own VPC, or another VPC's block."""
    if pair := take_gateway_pair(planter):
        lower, upper = halves(vpc_cidr(planter, pair[0]))
        planter.set_blocks(pair[0], vpc=[lower], onprem=[upper])
        planter.set_blocks(pair[1], vpc=[upper], onprem=["192.168.204.0/24"])
        planter.record("onprem-equals-rest-of-own-vpc", *pair)
    if pair := take_gateway_pair(planter):
        lower, upper = halves(vpc_cidr(planter, pair[0]))
        inner = draw_inside(planter.draw, upper, 28)
        planter.set_blocks(pair[0], vpc=[lower], onprem=[inner])
        planter.set_blocks(pair[1], vpc=[upper], onprem=["192.168.205.0/24"])
        planter.record("onprem-inside-rest-of-own-vpc", *pair)
    if pair := take_router_pair(planter):
        planter.set_blocks(pair[0], vpc=["172.20.0.0/16"], onprem=["10.64.0.0/12"])
        planter.set_blocks(pair[1], vpc=["10.77.0.0/16"], onprem=["192.168.206.0/24"])
        planter.record("onprem-contains-other-vpc", *pair)


def plant_across_gateways(planter: Planter) -> None:
    """Set equal blocks behind two gateways of one VPC, which is one routing domain."""
    if pair := take_vpc_pair(planter):
        for connection in pair:
            cidr = vpc_cidr(planter, connection)
            planter.set_blocks(connection, vpc=[cidr], onprem=["192.168.207.0/24"])
            planter.put(replace(planter.get(connection.vpn_connection_id), health_check=None))
        planter.record("onprem-equal-behind-gateways-of-one-vpc", *pair)


def plant_mirror(planter: Planter) -> None:
    """Join two VPCs: each gateway is the other's customer gateway, with mirrored selectors."""
    for _ in range(2):
        pair = planter.take_pair(
            lambda c: c.attach_type == "VPNGW" and is_static(c),
            lambda left, right: _can_mirror(planter, left, right),
        )
        if pair:
            cidrs = [vpc_cidr(planter, connection) for connection in pair]
            mirror(planter, pair)
            for position, connection in enumerate(pair):
                now = planter.get(connection.vpn_connection_id)
                planter.set_blocks(now, vpc=[cidrs[position]], onprem=[cidrs[1 - position]])
            planter.record("mirrored-vpc-to-vpc", *pair)


def plant_odd_blocks(planter: Planter) -> None:
    """Plant blocks that are unusual in any connection."""
    for plant_id, blocks in (
        ("selector-cloud-services", ["100.64.0.0/10"]),
        ("selector-documentation", ["198.51.100.0/24"]),
        ("selector-public", ["9.0.0.0/8"]),
        ("selector-redundant", ["10.210.0.0/16", "10.210.3.0/24"]),
        ("selector-repeated", ["10.211.3.0/24", "192.168.211.0/24", "10.211.3.0/24"]),
    ):
        if connection := planter.take(is_policy):
            planter.set_blocks(connection, vpc=connection.vpc_subnets, onprem=blocks)
            planter.record(plant_id, connection)


def plant_peer_in_two_regions(planter: Planter) -> None:
    """Use one site's address for customer gateways in two regions."""
    pair = planter.take_pair(
        lambda c: c.network_type == "public" and is_static(c),
        lambda left, right: (
            left.account_id == right.account_id and left.region_id != right.region_id
        ),
    )
    if pair:
        address = pair[0].tunnels[0].customer_ip
        gateway = add_customer_gateway(planter.draft, planter.place_of(pair[1]), ip_address=address)
        planter.set_tunnels(pair[1], lambda tunnel: with_customer(tunnel, gateway))
        planter.record("peer-in-two-regions", *pair)


def _held_block(planter: Planter, connection: EmulatedConnection) -> str:
    """Return the block of the connection's VPC, or its first selector on a transit router."""
    if connection.vpn_gateway_id:
        return vpc_cidr(planter, connection)
    return connection.vpc_subnets[0]


def _has_room(planter: Planter, connection: EmulatedConnection) -> bool:
    """Check whether the block of its VPC can be both split and widened by four bits."""
    if not is_policy(connection):
        return False
    return 12 <= ip_network(_held_block(planter, connection)).prefixlen <= 26


def _copy_blocks(planter: Planter, source: EmulatedConnection, target: EmulatedConnection) -> None:
    planter.set_blocks(target, vpc=source.vpc_subnets, onprem=source.onprem_subnets)


def _can_mirror(planter: Planter, left: EmulatedConnection, right: EmulatedConnection) -> bool:
    """Check for equal account and number of tunnels, and for VPCs that do not overlap."""
    if left.vpn_gateway_id == right.vpn_gateway_id or len(left.tunnels) != len(right.tunnels):
        return False
    if left.account_id != right.account_id:
        return False
    cidrs = [ip_network(vpc_cidr(planter, connection)) for connection in (left, right)]
    return not cidrs[0].overlaps(cidrs[1])
