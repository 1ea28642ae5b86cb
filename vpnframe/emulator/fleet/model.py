"""Define the emulated cloud's resources; names say "cloud" and "customer", not "local"."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class EmulatedAccount:
    """One Alibaba Cloud account with its permanent access key."""

    account_id: str
    user_id: str
    access_key_id: str
    access_key_secret: str = field(repr=False)

    @property
    def arn(self) -> str:
        """The Alibaba Cloud resource name (ARN) of the RAM user that the access key belongs to."""
        return f"acs:ram::{self.account_id}:user/inventory"


@dataclass(frozen=True, slots=True)
class EmulatedRegion:
    """A region; ``id_prefix`` follows the hyphen in ids of its resources, as in ``vpc-bp1...``."""

    region_id: str
    local_name: str
    id_prefix: str

    @property
    def endpoint(self) -> str:
        """The host name of the region's API endpoint."""
        return f"vpc.{self.region_id}.aliyuncs.com"

    def zone(self, letter: str) -> str:
        """Return a zone id of the region, such as ``cn-hangzhou-h`` or ``eu-central-1a``."""
        return f"{self.region_id}{'' if self.region_id[-1].isdigit() else '-'}{letter}"


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource of one account in one region."""

    account_id: str
    region_id: str

    @property
    def owner(self) -> tuple[str, str]:
        """The account id and the region id."""
        return self.account_id, self.region_id


@dataclass(frozen=True, slots=True)
class Tag:
    """One tag of a resource."""

    key: str
    value: str


@dataclass(frozen=True, slots=True)
class ManagedResource(Resource):
    """A resource with a creation time, a resource group and tags."""

    created_ms: int
    resource_group_id: str
    tags: tuple[Tag, ...]


@dataclass(frozen=True, slots=True)
class EmulatedVpc(Resource):
    """A VPC; ``user_cidrs`` are mostly public blocks that the VPC treats as private."""

    id_name: ClassVar[str] = "vpc_id"
    vpc_id: str
    name: str
    cidr: str
    secondary_cidrs: tuple[str, ...] = ()
    user_cidrs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class VpnGateway(ManagedResource):
    """The cloud's endpoint of tunnels. A gateway with ``second_ip`` is a dual-tunnel gateway."""

    id_name: ClassVar[str] = "vpn_gateway_id"
    vpn_gateway_id: str
    vpc_id: str
    name: str
    internet_ip: str
    second_ip: str | None
    vpn_type: str
    bandwidth_mbps: int
    charge_type: str
    end_ms: int | None
    business_status: str
    enable_bgp: bool
    auto_propagate: bool


@dataclass(frozen=True, slots=True)
class CustomerGateway(ManagedResource):
    """The customer's endpoint of tunnels. ``auth_key`` authenticates its BGP sessions."""

    id_name: ClassVar[str] = "customer_gateway_id"
    customer_gateway_id: str
    name: str
    ip_address: str
    asn: int | None
    auth_key: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class EmulatedProposal:
    """The algorithms and lifetimes of a tunnel in both IKE phases, spelled as in the API."""

    ike_version: str = "ikev1"
    ike_mode: str = "main"
    ike_enc: str = "aes"
    ike_auth: str = "md5"
    ike_pfs: str = "group2"
    ike_lifetime: int = 86400
    ipsec_enc: str = "aes"
    ipsec_auth: str = "md5"
    ipsec_pfs: str = "group2"
    ipsec_lifetime: int = 86400


@dataclass(frozen=True, slots=True)
class Bgp:
    """The BGP session inside one tunnel."""

    cloud_asn: int
    customer_asn: int
    cloud_ip: str
    customer_ip: str
    tunnel_cidr: str
    status: str
    auth_key: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """The health check of a single-tunnel connection, which sends probes through the tunnel."""

    is_enabled: bool
    source_ip: str
    destination_ip: str
    status: str


@dataclass(frozen=True, slots=True)
class EmulatedTunnel:
    """A tunnel of an emulated connection."""

    tunnel_id: str | None  # None in a single-tunnel connection
    index: int | None  # None if the API does not report it
    role: str
    zone: str
    customer_gateway_id: str
    cloud_ip: str
    customer_ip: str
    cloud_ike_id: str
    customer_ike_id: str
    proposal: EmulatedProposal
    psk: str | None = field(repr=False)
    status: str
    is_dpd_on: bool
    is_natt_on: bool
    peer_ca: str | None = field(repr=False)
    bgp: Bgp | None


@dataclass(frozen=True, slots=True)
class EmulatedConnection(ManagedResource):
    """One IPsec connection with its one or two tunnels."""

    id_name: ClassVar[str] = "vpn_connection_id"
    vpn_connection_id: str
    name: str | None
    attach_type: str  # VPNGW (VPN gateway), CEN (transit router) or NO_ASSOCIATED (unattached)
    vpn_gateway_id: str | None
    transit_router_id: str | None
    transit_router_name: str | None
    network_type: str
    bandwidth_mbps: int
    is_effective_at_once: bool
    vpc_subnets: tuple[str, ...]
    onprem_subnets: tuple[str, ...]
    tunnels: tuple[EmulatedTunnel, ...]
    health_check: HealthCheck | None

    @property
    def is_dual(self) -> bool:
        """Whether the connection has two tunnels."""
        return self.tunnels[0].tunnel_id is not None

    @property
    def customer_gateway_ids(self) -> tuple[str, ...]:
        """The ids of the customer gateways, one for each tunnel."""
        return tuple(tunnel.customer_gateway_id for tunnel in self.tunnels)


@dataclass(frozen=True, slots=True, kw_only=True)
class EmulatedRoute(Resource):
    """One route of a VPN gateway, or of a connection on a transit router."""

    kind: str  # policy, bgp, or custom, which is the API's word for a destination route
    vpn_gateway_id: str | None
    vpn_connection_id: str | None = None
    next_hop: str
    source: str | None = None
    destination: str
    weight: int | None = None
    priority: int | None = None
    state: str = "published"
    tunnel_ids: tuple[str, ...] = ()
    as_path: str | None = None
    community: str | None = None
    # CLOUD or VPN_BGP for a BGP route that the cloud or the peer announces, None for other routes
    learned_from: str | None = None
    created_ms: int


@dataclass(frozen=True, slots=True)
class Planted:
    """A planted defect, or a harmless situation that resembles one, and its connections."""

    plant_id: str
    vpn_connection_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EmulatedFleet:
    """All accounts, regions and resources of the emulated cloud at its current time ``now_ms``."""

    seed: int
    accounts: tuple[EmulatedAccount, ...]
    regions: tuple[EmulatedRegion, ...]
    vpcs: tuple[EmulatedVpc, ...]
    vpn_gateways: tuple[VpnGateway, ...]
    customer_gateways: tuple[CustomerGateway, ...]
    connections: tuple[EmulatedConnection, ...]
    planted: tuple[Planted, ...]
    routes: tuple[EmulatedRoute, ...] = ()
    now_ms: int = 0

    def __repr__(self) -> str:
        return (
            f"Fleet(seed={self.seed}, {len(self.accounts)} accounts, "
            f"{len(self.regions)} regions, {len(self.connections)} connections)"
        )
