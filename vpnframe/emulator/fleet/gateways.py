"""Draw both ends: VPCs with their VPN gateways, and customer gateways."""

from __future__ import annotations

from dataclasses import dataclass, field

from vpnframe.emulator.fleet.drawing import Draw
from vpnframe.emulator.fleet.model import (
    CustomerGateway,
    EmulatedAccount,
    EmulatedConnection,
    EmulatedRegion,
    EmulatedRoute,
    EmulatedVpc,
    Planted,
    Tag,
    VpnGateway,
)
from vpnframe.emulator.fleet.networks import draw_vpc_cidr
from vpnframe.emulator.fleet.places import CITIES, ENVIRONMENTS, NATIVE_NAMES, OWNERS, ROLES

_BANDWIDTHS = {5: 10.0, 10: 25.0, 50: 15.0, 100: 20.0, 200: 20.0, 500: 5.0, 1000: 5.0}


@dataclass
class DrawnFleet:
    """The fleet while it is being drawn; routes are keyed by connection or gateway id."""

    vpcs: list[EmulatedVpc] = field(default_factory=list)
    vpn_gateways: list[VpnGateway] = field(default_factory=list)
    customer_gateways: list[CustomerGateway] = field(default_factory=list)
    connections: list[EmulatedConnection] = field(default_factory=list)
    planted: list[Planted] = field(default_factory=list)
    routes: dict[str, tuple[EmulatedRoute, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class DrawnPlace:
    """One account in one region, shared by all resources drawn there."""

    account: EmulatedAccount
    region: EmulatedRegion
    draw: Draw

    def new_id(self, kind: str) -> str:
        """Draw an id of this region."""
        return self.draw.resource_id(kind, self.region.id_prefix)


def draw_tags(draw: Draw) -> tuple[Tag, ...]:
    """Draw tags for owner and environment; about a third of all resources has no tags."""
    if draw.chance(0.35):
        return ()
    tags = (Tag("owner", draw.rng.choice(OWNERS)), Tag("env", draw.rng.choice(ENVIRONMENTS)))
    note = Tag("cost center", f"{draw.rng.randint(1000, 9999)}/华东")
    return (*tags, note) if draw.chance(0.15) else tags


def draw_name(draw: Draw) -> str:
    """Draw the name of a site, sometimes in a local language."""
    if draw.chance(0.12):
        return draw.rng.choice(NATIVE_NAMES)
    return f"{draw.rng.choice(CITIES)}-{draw.rng.choice(ROLES)}"


def draw_resource_group(draw: Draw) -> str:
    """Draw the default resource group, or one of two others."""
    return draw.weighted(
        {"rg-acfmdefault000": 80.0, "rg-acfmnetwork001": 14.0, "rg-acfmretail0002": 6.0}
    )


def add_vpc(draft: DrawnFleet, place: DrawnPlace) -> EmulatedVpc:
    """Draw a VPC."""
    draw = place.draw
    vpc = EmulatedVpc(
        account_id=place.account.account_id,
        region_id=place.region.region_id,
        vpc_id=place.new_id("vpc"),
        name=f"vpc-{draw.rng.choice(OWNERS)}-{draw.rng.choice(ENVIRONMENTS)}",
        cidr=draw_vpc_cidr(draw),
    )
    draft.vpcs.append(vpc)
    return vpc


def add_vpn_gateway(
    draft: DrawnFleet,
    place: DrawnPlace,
    vpc: EmulatedVpc,
    *,
    is_sm: bool = False,
    is_dual: bool = True,
) -> VpnGateway:
    """Draw a VPN gateway in a VPC."""
    draw = place.draw
    is_prepaid, created_ms = draw.chance(0.35), draw.created_ms()
    gateway = VpnGateway(
        account_id=place.account.account_id,
        region_id=place.region.region_id,
        vpn_gateway_id=place.new_id("vpn"),
        vpc_id=vpc.vpc_id,
        name=f"vpngw-{draw_name(draw)}",
        internet_ip=draw.cloud_address(),
        second_ip=draw.cloud_address() if is_dual else None,
        vpn_type="NationalStandard" if is_sm else "Normal",
        bandwidth_mbps=draw.weighted(_BANDWIDTHS),
        charge_type="PREPAY" if is_prepaid else "POSTPAY",
        created_ms=created_ms,
        end_ms=draw.end_ms() if is_prepaid else None,
        business_status="Normal",
        enable_bgp=draw.chance(0.4) and not is_sm,
        auto_propagate=draw.chance(0.5),
        resource_group_id=draw_resource_group(draw),
        tags=draw_tags(draw),
    )
    draft.vpn_gateways.append(gateway)
    return gateway


def add_customer_gateway(
    draft: DrawnFleet, place: DrawnPlace, *, ip_address: str | None = None
) -> CustomerGateway:
    """Draw a customer gateway, at a given address or at a new one."""
    draw = place.draw
    asn = draw.rng.choice((65530, 65001, 64512, 4_200_000_123)) if draw.chance(0.35) else None
    gateway = CustomerGateway(
        account_id=place.account.account_id,
        region_id=place.region.region_id,
        customer_gateway_id=place.new_id("cgw"),
        name=draw_name(draw),
        ip_address=ip_address or draw.site_address(),
        asn=asn,
        auth_key=draw.pre_shared_key() if asn and draw.chance(0.5) else None,
        created_ms=draw.created_ms(),
        resource_group_id=draw_resource_group(draw),
        tags=draw_tags(draw),
    )
    draft.customer_gateways.append(gateway)
    return gateway
