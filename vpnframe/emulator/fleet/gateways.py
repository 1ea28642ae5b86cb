"""Generate VPCs, VPN gateways and customer gateways."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from vpnframe.emulator.fleet import model
from vpnframe.emulator.fleet.drawing import Draw
from vpnframe.emulator.fleet.networks import draw_vpc_cidr
from vpnframe.emulator.fleet.places import ENVIRONMENTS, OWNERS

_BANDWIDTHS = {5: 10.0, 10: 25.0, 50: 15.0, 100: 20.0, 200: 20.0, 500: 5.0, 1000: 5.0}


@dataclass
class DrawnFleet:
    """A fleet that is still being generated. The keys of its dicts are ids of resources.

    A key of ``routes`` is the id of the connection that the routes lead to, or of the VPN gateway
    that announces the routes to its BGP peers.
    """

    vpcs: dict[str, model.EmulatedVpc] = field(default_factory=dict)
    vpn_gateways: dict[str, model.VpnGateway] = field(default_factory=dict)
    customer_gateways: list[model.CustomerGateway] = field(default_factory=list)
    connections: dict[str, model.EmulatedConnection] = field(default_factory=dict)
    planted: list[model.Planted] = field(default_factory=list)
    routes: dict[str, Sequence[model.EmulatedRoute]] = field(default_factory=dict)

    def vpc_of(self, vpn_gateway_id: str | None) -> model.EmulatedVpc:
        """Return the VPC of a VPN gateway."""
        return self.vpcs[self.vpn_gateways[vpn_gateway_id or ""].vpc_id]


@dataclass(frozen=True)
class DrawnPlace:
    """Generates resources of one account in one region, and adds them to ``draft``."""

    draft: DrawnFleet
    account: model.EmulatedAccount
    region: model.EmulatedRegion
    draw: Draw

    @property
    def owner(self) -> tuple[str, str]:
        """The account id and the region id, which are the first two fields of every resource."""
        return self.account.account_id, self.region.region_id

    def new_id(self, kind: str) -> str:
        """Generate an id for a new resource in this region."""
        return self.draw.resource_id(kind, self.region.id_prefix)

    def add_vpc(self) -> model.EmulatedVpc:
        """Generate a VPC and add it to ``draft``."""
        choice = self.draw.rng.choice
        vpc = model.EmulatedVpc(
            *self.owner,
            vpc_id=self.new_id("vpc"),
            name=f"vpc-{choice(OWNERS)}-{choice(ENVIRONMENTS)}",
            cidr=draw_vpc_cidr(self.draw),
        )
        self.draft.vpcs[vpc.vpc_id] = vpc
        return vpc

    def add_vpn_gateway(
        self, vpc: model.EmulatedVpc, *, is_sm: bool = False, is_dual: bool = True
    ) -> model.VpnGateway:
        """Generate a VPN gateway in a VPC and add it to ``draft``."""
        draw = self.draw
        is_prepaid, created_ms = draw.chance(0.35), draw.created_ms()
        gateway = model.VpnGateway(
            *self.owner,
            vpn_gateway_id=self.new_id("vpn"),
            vpc_id=vpc.vpc_id,
            name=f"vpngw-{draw.name()}",
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
            resource_group_id=draw.resource_group(),
            tags=draw.tags(),
        )
        self.draft.vpn_gateways[gateway.vpn_gateway_id] = gateway
        return gateway

    def add_customer_gateway(self, ip_address: str | None = None) -> model.CustomerGateway:
        """Add a customer gateway to ``draft``, with a new address if ``ip_address`` is None."""
        draw = self.draw
        asn = draw.rng.choice((65530, 65001, 64512, 4_200_000_123)) if draw.chance(0.35) else None
        gateway = model.CustomerGateway(
            *self.owner,
            customer_gateway_id=self.new_id("cgw"),
            name=draw.name(),
            ip_address=ip_address or draw.site_address(),
            asn=asn,
            auth_key=draw.pre_shared_key() if asn and draw.chance(0.5) else None,
            created_ms=draw.created_ms(),
            resource_group_id=draw.resource_group(),
            tags=draw.tags(),
        )
        self.draft.customer_gateways.append(gateway)
        return gateway
