"""Generate the CIDR blocks of VPCs and sites."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network

from vpnframe.emulator.fleet.drawing import Draw

HOT_SPOTS = ("192.168.0.0/24", "192.168.1.0/24", "10.0.0.0/16")
EVERYTHING = "0.0.0.0/0"

# The cloud proposes 192.168.0.0/16, 172.16.0.0/12 and 10.0.0.0/8 when a VPC is created.
_VPC_DEFAULTS = ("192.168.0.0/16", "172.16.0.0/12", "10.0.0.0/8")
_PREFIX_LENGTHS = {24: 50, 16: 16, 22: 8, 20: 6, 23: 4, 27: 3, 28: 3, 32: 4, 19: 2}
_N_BLOCKS = {1: 74.0, 2: 14.0, 3: 6.0, 4: 3.0, 6: 2.0, 19: 1.0}
_TRIES = 41


def draw_vpc_cidr(draw: Draw) -> str:
    """Generate the CIDR block of a VPC, usually a /16, sometimes a default block of the cloud."""
    if draw.chance(0.12):
        return draw.rng.choice(_VPC_DEFAULTS)
    if draw.chance(0.7):
        return f"10.{draw.rng.randint(0, 255)}.0.0/16"
    return f"172.{draw.rng.randint(16, 31)}.0.0/16"


def draw_vpc_subnets(draw: Draw, vpc_cidr: str) -> tuple[str, ...]:
    """Generate a connection's VPC-side CIDR blocks, either the whole VPC or /24 blocks in it."""
    if draw.chance(0.55):
        return (vpc_cidr,)
    n_blocks = min(draw.weighted(_N_BLOCKS), 6)
    return tuple(dict.fromkeys(draw_inside(draw, vpc_cidr, 24) for _ in range(n_blocks)))


def draw_inside(draw: Draw, cidr: str, prefix_length: int) -> str:
    """Choose a random CIDR block with this prefix length inside the block ``cidr``."""
    outer = ip_network(cidr)
    step = 1 << (outer.max_prefixlen - prefix_length)
    offset = draw.rng.randrange(outer.num_addresses // step) * step
    return str(ip_network((int(outer.network_address) + offset, prefix_length)))


def draw_onprem_subnets(draw: Draw, avoided: Sequence[str]) -> tuple[str, ...]:
    """Generate the CIDR blocks of a site, if possible without overlap with ``avoided``."""
    others = [ip_network(cidr) for cidr in avoided]
    n_blocks = draw.weighted(_N_BLOCKS)
    return tuple(dict.fromkeys(_draw_clear(draw, others) for _ in range(n_blocks)))


def draw_further_blocks(draw: Draw, vpc_cidr: str) -> tuple[str, ...]:
    """Generate up to two secondary CIDR blocks of a VPC that do not overlap ``vpc_cidr``."""
    n_blocks = draw.weighted({0: 84.0, 1: 11.0, 2: 5.0})
    outer = "172.16.0.0/12" if vpc_cidr.startswith("10.") else "10.0.0.0/8"
    return tuple(dict.fromkeys(draw_inside(draw, outer, 20) for _ in range(n_blocks)))


def draw_user_cidrs(draw: Draw) -> tuple[str, ...]:
    """Choose at most one public CIDR block that a VPC treats as private; most VPCs get none."""
    if draw.chance(0.93):
        return ()
    return (draw.rng.choice(("9.0.0.0/8", "30.0.0.0/12", "192.16.0.0/16")),)


def draw_ipv6_pair(draw: Draw) -> tuple[str, str]:
    """Generate a public IPv6 /56 block for a VPC and a unique local /48 block for a site."""
    vpc = ip_network(((0x24084002 << 96) | (draw.rng.getrandbits(24) << 72), 56))
    site = ip_network(((0xFD << 120) | (draw.rng.getrandbits(40) << 80), 48))
    return str(vpc), str(site)


def host_in(blocks: Sequence[str]) -> str | None:
    """Return a host address in the first IPv4 block except 0.0.0.0/0, or None if there is none."""
    for block in blocks:
        if ":" not in block and block != EVERYTHING:
            network = ip_network(block, strict=False)
            return str(network[min(10, network.num_addresses - 1)])
    return None


def _draw_clear(draw: Draw, others: Sequence[IPv4Network | IPv6Network]) -> str:
    """Generate a block without overlap with ``others``; accept any block on try ``_TRIES``."""
    for _ in range(_TRIES):
        block = _draw_block(draw)
        network = ip_network(block)
        if not any(one.version == network.version and one.overlaps(network) for one in others):
            break
    return block


def _draw_block(draw: Draw) -> str:
    if draw.chance(0.25):
        return draw.rng.choice(HOT_SPOTS)
    prefix_length = draw.weighted(_PREFIX_LENGTHS)
    outer = draw.weighted({"10.0.0.0/8": 5.0, "172.16.0.0/12": 2.0, "192.168.0.0/16": 3.0})
    return draw_inside(draw, outer, max(prefix_length, int(outer.split("/")[1])))
