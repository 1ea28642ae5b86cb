"""Plant overlaps of CIDR blocks, one of each kind, and similar cases that are not defects."""

from __future__ import annotations

from ipaddress import ip_network

from vpnframe.emulator.fleet.model import EmulatedConnection, HealthCheck
from vpnframe.emulator.fleet.networks import EVERYTHING, draw_inside
from vpnframe.emulator.planted.planter import Pair, Planter, halves, is_policy, is_static

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
    """Plant every overlap, first those that need a pair of connections on one resource."""
    if pair := planter.take_vpc_pair():
        for connection in pair:
            planter.set_blocks(connection, [planter.vpc_cidr(connection)], ["192.168.207.0/24"])
            planter.change(connection, health_check=None)
        planter.record("onprem-equal-behind-gateways-of-one-vpc", *pair)
    for plant_id, *sides in _ON_ONE_GATEWAY:
        if pair := planter.take_gateway_pair():
            _set_sides(planter, pair, sides)
            planter.record(plant_id, *pair)
    if pair := planter.take_router_pair():
        planter.set_blocks(pair[0], ["172.20.0.0/16"], ["10.64.0.0/12"])
        planter.set_blocks(pair[1], ["10.77.0.0/16"], ["192.168.206.0/24"])
        planter.record("onprem-contains-other-vpc", *pair)
    _plant_twins(planter)
    for _ in range(2):
        _plant_mirror(planter)
    _plant_own_sides(planter)
    for plant_id, blocks in _ODD_BLOCKS.items():
        if one := planter.take(is_policy):
            planter.set_blocks(one, one.vpc_subnets, blocks)
            planter.record(plant_id, one)


def _set_sides(planter: Planter, pair: Pair, sides: list[tuple[str, str]]) -> None:
    """Set the CIDR blocks of two connections of one gateway; words stand for blocks of its VPC."""
    cidr = planter.vpc_cidr(pair[0])
    lower, upper = halves(cidr)
    words = {"vpc": cidr, "lower": lower, "upper": upper}
    if any("inside" in side for side in sides):
        words["inside"] = draw_inside(planter.draw, upper, 28)
    for connection, (vpc, onprem) in zip(pair, sides, strict=True):
        blocks = [words.get(one, one) for one in onprem.split()]
        planter.set_blocks(connection, [words.get(vpc, vpc)], blocks)


def _plant_twins(planter: Planter) -> None:
    """Set equal CIDR blocks on pairs: a duplicate, a failover pair, and a pair on one router."""
    if pair := planter.take_gateway_pair():
        planter.set_blocks(pair[1], pair[0].vpc_subnets, pair[0].onprem_subnets)
        planter.share_customer(*pair)
        planter.record("duplicate-connection", *pair)
    if pair := planter.take_gateway_pair(n_tunnels=1):
        planter.set_blocks(pair[1], pair[0].vpc_subnets, pair[0].onprem_subnets)
        for connection in pair:
            check = HealthCheck(True, "10.0.0.11", "192.168.0.11", "success")
            planter.change(connection, health_check=check)
        planter.record("ha-pair", *pair)
    if pair := planter.take_router_pair():
        for connection in pair:
            planter.set_blocks(connection, ["10.33.0.0/16"], ["192.168.208.0/24"])
        planter.record("ecmp-on-one-router", *pair)


def _plant_mirror(planter: Planter) -> None:
    """Connect two VPCs: each VPN gateway is the other's peer, and the selectors are mirrored."""

    def can_mirror(left: EmulatedConnection, right: EmulatedConnection) -> bool:
        """Check for different gateways, one account, equal tunnel counts and separate VPCs."""
        cidrs = [ip_network(planter.vpc_cidr(connection)) for connection in (left, right)]
        return (
            left.vpn_gateway_id != right.vpn_gateway_id
            and len(left.tunnels) == len(right.tunnels)
            and left.account_id == right.account_id
            and not cidrs[0].overlaps(cidrs[1])
        )

    if pair := planter.take_pair(lambda c: c.attach_type == "VPNGW" and is_static(c), can_mirror):
        planter.mirror(pair)
        cidrs = [planter.vpc_cidr(connection) for connection in pair]
        for connection, vpc, onprem in zip(pair, cidrs, cidrs[::-1], strict=True):
            planter.set_blocks(connection, [vpc], [onprem])
        planter.record("mirrored-vpc-to-vpc", *pair)


def _plant_own_sides(planter: Planter) -> None:
    """Plant on-premises blocks that equal the VPC's block, are inside it, or contain it."""

    def block_of(connection: EmulatedConnection) -> str:
        """Return the block of the VPC, or on a transit router the first VPC-side selector."""
        is_on_router = connection.vpn_gateway_id is None
        return connection.vpc_subnets[0] if is_on_router else planter.vpc_cidr(connection)

    def has_room(connection: EmulatedConnection) -> bool:
        """Check for a policy connection whose block's prefix can grow and shrink by 4 bits."""
        return is_policy(connection) and 12 <= ip_network(block_of(connection)).prefixlen <= 26

    if connection := planter.take(is_policy):
        block = block_of(connection)
        planter.set_blocks(connection, [block], [block])
        planter.record("own-sides-equal", connection)
    if connection := planter.take(has_room):
        block = block_of(connection)
        inner = draw_inside(planter.draw, block, ip_network(block).prefixlen + 4)
        planter.set_blocks(connection, [block], [inner])
        planter.record("own-sides-onprem-inside-vpc", connection)
    if connection := planter.take(has_room):
        block = block_of(connection)
        outer = ip_network(block).supernet(prefixlen_diff=4)
        planter.set_blocks(connection, [block], [str(outer)])
        planter.record("own-sides-onprem-contains-vpc", connection)
