"""Plant overlaps of CIDR blocks, and similar situations that are not defects."""

from __future__ import annotations

from ipaddress import ip_network

from vpnframe.emulator.fleet.model import EmulatedConnection, HealthCheck
from vpnframe.emulator.fleet.networks import EVERYTHING, draw_inside
from vpnframe.emulator.planted.planter import (
    Planter,
    halves,
    is_gateway_policy,
    is_policy,
    is_static,
)

# Plant id, and VPC-side and on-premises CIDR blocks of each connection of a pair. Words stand for
# the block of the VPC (vpc), its halves (lower, upper), and a block in the upper half (inside).
_ON_ONE_GATEWAY = (
    ("onprem-equal-on-one-gateway", (EVERYTHING, "10.201.0.0/24"), (EVERYTHING, "10.201.0.0/24")),
    ("onprem-nested-on-one-gateway", ("vpc", "10.202.0.0/16"), ("vpc", "10.202.7.0/24")),
    ("onprem-split-by-vpc-block", ("lower", "192.168.203.0/24"), ("upper", "192.168.203.0/24")),
    ("selector-pair", ("vpc", "172.29.4.0/22"), ("lower", "172.29.4.0/24 192.168.99.0/24")),
    ("onprem-equals-rest-of-own-vpc", ("lower", "upper"), ("upper", "192.168.204.0/24")),
    ("onprem-inside-rest-of-own-vpc", ("lower", "inside"), ("upper", "192.168.205.0/24")),
)
_ODD_BLOCKS = {
    "selector-cloud-services": ["100.64.0.0/10"],
    "selector-documentation": ["198.51.100.0/24"],
    "selector-public": ["9.0.0.0/8"],
    "selector-redundant": ["10.210.0.0/16", "10.210.3.0/24"],
    "selector-repeated": ["10.211.3.0/24", "192.168.211.0/24", "10.211.3.0/24"],
}


def plant_overlaps(planter: Planter) -> None:
    """Plant all overlaps, first those that need two connections of one VPC, gateway or router."""
    for connection in planter.take_vpc_pair("onprem-equal-behind-gateways-of-one-vpc"):
        planter.set_blocks(connection, [planter.vpc_cidr(connection)], ["192.168.207.0/24"])
        planter.change(connection, health_check=None)
    for plant_id, *sides in _ON_ONE_GATEWAY:
        pair = planter.take_gateway_pair(plant_id)
        for connection, side in zip(pair, sides, strict=False):
            vpc, onprem = (_blocks(planter, connection, words) for words in side)
            planter.set_blocks(connection, vpc, onprem)
    if pair := planter.take_router_pair("onprem-contains-other-vpc"):
        planter.set_blocks(pair[0], ["172.20.0.0/16"], ["10.64.0.0/12"])
        planter.set_blocks(pair[1], ["10.77.0.0/16"], ["192.168.206.0/24"])
    _plant_twins(planter)
    for _ in range(2):
        _plant_mirror(planter)
    _plant_own_sides(planter)
    for plant_id, blocks in _ODD_BLOCKS.items():
        for connection in planter.take(plant_id, is_policy):
            planter.set_blocks(connection, connection.vpc_subnets, blocks)


def _blocks(planter: Planter, connection: EmulatedConnection, words: str) -> list[str]:
    """Return the CIDR blocks that ``words`` stands for, such as ``vpc`` for the VPC's block."""
    cidr = planter.vpc_cidr(connection)
    lower, upper = halves(cidr)
    if words == "inside":
        return [draw_inside(planter.draw, upper, 28)]
    named = {"vpc": cidr, "lower": lower, "upper": upper}
    return [named.get(word, word) for word in words.split()]


def _plant_twins(planter: Planter) -> None:
    """Plant three pairs of connections; the two connections of a pair have equal blocks."""
    if pair := planter.take_gateway_pair("duplicate-connection"):
        planter.set_blocks(pair[1], pair[0].vpc_subnets, pair[0].onprem_subnets)
        planter.share_peers(*pair)
    pair = planter.take_gateway_pair(
        "ha-pair", lambda c: is_gateway_policy(c) and len(c.tunnels) == 1
    )
    for connection in pair:
        planter.set_blocks(connection, pair[0].vpc_subnets, pair[0].onprem_subnets)
        check = HealthCheck(True, "10.0.0.11", "192.168.0.11", "success")
        planter.change(connection, health_check=check)
    for connection in planter.take_router_pair("ecmp-on-one-router"):
        planter.set_blocks(connection, ["10.33.0.0/16"], ["192.168.208.0/24"])


def _plant_mirror(planter: Planter) -> None:
    """Connect two VPCs by two connections whose VPN gateways are each other's peer."""

    def can_mirror(left: EmulatedConnection, right: EmulatedConnection) -> bool:
        """Check whether the gateways of two connections can be each other's peer."""
        cidrs = [ip_network(planter.vpc_cidr(connection)) for connection in (left, right)]
        return (
            left.vpn_gateway_id != right.vpn_gateway_id
            and len(left.tunnels) == len(right.tunnels)
            and left.account_id == right.account_id
            and not cidrs[0].overlaps(cidrs[1])
        )

    if pair := planter.take_pair(
        "mirrored-vpc-to-vpc", lambda c: c.attach_type == "VPNGW" and is_static(c), can_mirror
    ):
        planter.mirror(pair, [planter.vpc_cidr(connection) for connection in pair])


def _plant_own_sides(planter: Planter) -> None:
    """Plant on-premises blocks that equal the VPC's block, are inside it, or contain it."""

    def block_of(connection: EmulatedConnection) -> str:
        """Return the VPC's block, or on a transit router the connection's first VPC-side block."""
        is_on_router = connection.vpn_gateway_id is None
        return connection.vpc_subnets[0] if is_on_router else planter.vpc_cidr(connection)

    def has_room(connection: EmulatedConnection) -> bool:
        """Check whether the prefix length of the VPC-side block can change by 4 bits."""
        return is_policy(connection) and 12 <= ip_network(block_of(connection)).prefixlen <= 26

    for connection in planter.take("own-sides-equal", is_policy):
        planter.set_blocks(connection, [block_of(connection)], [block_of(connection)])
    for connection in planter.take("own-sides-onprem-inside-vpc", has_room):
        block = block_of(connection)
        inner = draw_inside(planter.draw, block, ip_network(block).prefixlen + 4)
        planter.set_blocks(connection, [block], [inner])
    for connection in planter.take("own-sides-onprem-contains-vpc", has_room):
        block = block_of(connection)
        outer = ip_network(block).supernet(prefixlen_diff=4)
        planter.set_blocks(connection, [block], [str(outer)])
