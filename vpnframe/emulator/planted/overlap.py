"""Planted overlaps, one of each kind, and the look-alikes that are no defect."""

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
from vpnframe.emulator.planted.planting import Garden, is_policy, is_static


def plant_own_sides(garden: Garden) -> None:
    """Let the two sides of one connection overlap: equal, inside, containing."""
    if connection := garden.take(is_policy):
        block = _held_block(garden, connection)
        garden.set_blocks(connection, vpc=[block], onprem=[block])
        garden.record("own-sides-equal", connection)
    if connection := garden.take(lambda one: _has_room(garden, one)):
        outer_block = _held_block(garden, connection)
        inner = draw_inside(garden.draw, outer_block, ip_network(outer_block).prefixlen + 4)
        garden.set_blocks(connection, vpc=[outer_block], onprem=[inner])
        garden.record("own-sides-onprem-inside-vpc", connection)
    if connection := garden.take(lambda one: _has_room(garden, one)):
        block = _held_block(garden, connection)
        outer = ip_network(block).supernet(prefixlen_diff=4)
        garden.set_blocks(connection, vpc=[block], onprem=[str(outer)])
        garden.record("own-sides-onprem-contains-vpc", connection)


def plant_on_one_gateway(garden: Garden) -> None:
    """Let two connections of one gateway meet on the on-premises side."""
    if pair := take_gateway_pair(garden):
        for connection in pair:
            garden.set_blocks(connection, vpc=[EVERYTHING], onprem=["10.201.0.0/24"])
        garden.record("onprem-equal-on-one-gateway", *pair)
    if pair := take_gateway_pair(garden):
        garden.set_blocks(pair[0], vpc=[vpc_cidr(garden, pair[0])], onprem=["10.202.0.0/16"])
        garden.set_blocks(pair[1], vpc=[vpc_cidr(garden, pair[1])], onprem=["10.202.7.0/24"])
        garden.record("onprem-nested-on-one-gateway", *pair)
    if pair := take_gateway_pair(garden):
        lower, upper = halves(vpc_cidr(garden, pair[0]))
        garden.set_blocks(pair[0], vpc=[lower], onprem=["192.168.203.0/24"])
        garden.set_blocks(pair[1], vpc=[upper], onprem=["192.168.203.0/24"])
        garden.record("onprem-split-by-vpc-block", *pair)
    if pair := take_gateway_pair(garden):
        lower, _ = halves(cidr := vpc_cidr(garden, pair[0]))
        garden.set_blocks(pair[0], vpc=[cidr], onprem=["172.29.4.0/22"])
        garden.set_blocks(pair[1], vpc=[lower], onprem=["172.29.4.0/24", "192.168.99.0/24"])
        garden.record("selector-pair", *pair)


def plant_twins(garden: Garden) -> None:
    """Give two connections the same blocks: a leftover, a pair for failover, a shared router."""
    if pair := take_gateway_pair(garden):
        _copy_blocks(garden, *pair)
        share_customer(garden, *pair)
        garden.record("duplicate-connection", *pair)
    if pair := take_gateway_pair(garden, n_tunnels=1):
        _copy_blocks(garden, *pair)
        for connection in pair:
            check = HealthCheck(True, "10.0.0.11", "192.168.0.11", "success")
            garden.put(replace(garden.get(connection.vpn_connection_id), health_check=check))
        garden.record("ha-pair", *pair)
    if pair := take_router_pair(garden):
        for connection in pair:
            garden.set_blocks(connection, vpc=["10.33.0.0/16"], onprem=["192.168.208.0/24"])
        garden.record("ecmp-on-one-router", *pair)


def plant_other_vpc(garden: Garden) -> None:
    """Let a site's block meet what the VPC holds beside its selectors, or another VPC's block."""
    if pair := take_gateway_pair(garden):
        lower, upper = halves(vpc_cidr(garden, pair[0]))
        garden.set_blocks(pair[0], vpc=[lower], onprem=[upper])
        garden.set_blocks(pair[1], vpc=[upper], onprem=["192.168.204.0/24"])
        garden.record("onprem-equals-rest-of-own-vpc", *pair)
    if pair := take_gateway_pair(garden):
        lower, upper = halves(vpc_cidr(garden, pair[0]))
        inner = draw_inside(garden.draw, upper, 28)
        garden.set_blocks(pair[0], vpc=[lower], onprem=[inner])
        garden.set_blocks(pair[1], vpc=[upper], onprem=["192.168.205.0/24"])
        garden.record("onprem-inside-rest-of-own-vpc", *pair)
    if pair := take_router_pair(garden):
        garden.set_blocks(pair[0], vpc=["172.20.0.0/16"], onprem=["10.64.0.0/12"])
        garden.set_blocks(pair[1], vpc=["10.77.0.0/16"], onprem=["192.168.206.0/24"])
        garden.record("onprem-contains-other-vpc", *pair)


def plant_across_gateways(garden: Garden) -> None:
    """Let equal blocks stand behind two gateways of one VPC, which is one routing domain."""
    if pair := take_vpc_pair(garden):
        for connection in pair:
            cidr = vpc_cidr(garden, connection)
            garden.set_blocks(connection, vpc=[cidr], onprem=["192.168.207.0/24"])
            garden.put(replace(garden.get(connection.vpn_connection_id), health_check=None))
        garden.record("onprem-equal-behind-gateways-of-one-vpc", *pair)


def plant_mirror(garden: Garden) -> None:
    """Join two VPCs: each gateway is the other's customer gateway, selectors crossed."""
    for _ in range(2):
        pair = garden.take_pair(
            lambda c: c.attach_type == "VPNGW" and is_static(c),
            lambda left, right: _can_mirror(garden, left, right),
        )
        if pair:
            cidrs = [vpc_cidr(garden, connection) for connection in pair]
            mirror(garden, pair)
            for position, connection in enumerate(pair):
                now = garden.get(connection.vpn_connection_id)
                garden.set_blocks(now, vpc=[cidrs[position]], onprem=[cidrs[1 - position]])
            garden.record("mirrored-vpc-to-vpc", *pair)


def plant_odd_blocks(garden: Garden) -> None:
    """Plant blocks that are special wherever they stand."""
    for plant_id, blocks in (
        ("selector-cloud-services", ["100.64.0.0/10"]),
        ("selector-documentation", ["198.51.100.0/24"]),
        ("selector-public", ["9.0.0.0/8"]),
        ("selector-redundant", ["10.210.0.0/16", "10.210.3.0/24"]),
        ("selector-repeated", ["10.211.3.0/24", "192.168.211.0/24", "10.211.3.0/24"]),
    ):
        if connection := garden.take(is_policy):
            garden.set_blocks(connection, vpc=connection.vpc_subnets, onprem=blocks)
            garden.record(plant_id, connection)


def plant_peer_in_two_regions(garden: Garden) -> None:
    """Let one site's address be a customer gateway in two regions."""
    pair = garden.take_pair(
        lambda c: c.network_type == "public" and is_static(c),
        lambda left, right: (
            left.account_id == right.account_id and left.region_id != right.region_id
        ),
    )
    if pair:
        address = pair[0].tunnels[0].customer_ip
        gateway = add_customer_gateway(garden.draft, garden.place_of(pair[1]), ip_address=address)
        garden.set_tunnels(pair[1], lambda tunnel: with_customer(tunnel, gateway))
        garden.record("peer-in-two-regions", *pair)


def _held_block(garden: Garden, connection: EmulatedConnection) -> str:
    """The block of the connection's VPC; its first selector, where it is on a transit router."""
    if connection.vpn_gateway_id:
        return vpc_cidr(garden, connection)
    return connection.vpc_subnets[0]


def _has_room(garden: Garden, connection: EmulatedConnection) -> bool:
    """Whether the block of its VPC can be both split and widened by four bits."""
    if not is_policy(connection):
        return False
    return 12 <= ip_network(_held_block(garden, connection)).prefixlen <= 26


def _copy_blocks(garden: Garden, source: EmulatedConnection, target: EmulatedConnection) -> None:
    garden.set_blocks(target, vpc=source.vpc_subnets, onprem=source.onprem_subnets)


def _can_mirror(garden: Garden, left: EmulatedConnection, right: EmulatedConnection) -> bool:
    """Whether two connections stand on different VPCs of clear blocks with as many tunnels."""
    if left.vpn_gateway_id == right.vpn_gateway_id or len(left.tunnels) != len(right.tunnels):
        return False
    if left.account_id != right.account_id:
        return False
    cidrs = [ip_network(vpc_cidr(garden, connection)) for connection in (left, right)]
    return not cidrs[0].overlaps(cidrs[1])
