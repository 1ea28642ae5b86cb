"""The data model of a fleet, as frozen records. No record has a field for a secret."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

KeyState = Literal["present", "masked", "absent"]
KeyClass = Literal["published", "derived", "dictionary", "patterned", "random"]
Witness = Literal["download", "describe"]
Perspective = Literal["verified", "assumed", "conflict"]
FailureKind = Literal[
    "throttled", "server", "network", "timeout", "malformed", "empty", "denied", "credentials",
    "gone", "unavailable", "unsupported", "parameter", "settings", "file", "address",
]  # fmt: skip
RouteType = Literal["policy", "destination", "bgp"]
CoverageStatus = Literal["complete", "partial", "denied", "unreachable", "absent", "skipped"]


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base class of all records, which are immutable; encoding leaves out default values."""


class Located(Record, frozen=True, kw_only=True):
    """Base class of records that belong to one region of one account."""

    account_id: str | None = None
    region_id: str | None = None


class KeyFacts(Record, frozen=True, kw_only=True, array_like=True):
    """Facts about a pre-shared key, all None for an unknown key. ``repr`` hides them."""

    length: int | None = None
    key_class: KeyClass | None = None
    bits: int | None = None
    fingerprint: str | None = None
    fingerprint_key_id: str | None = None

    def __repr__(self) -> str:
        return "KeyFacts(...)"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return []


class Proposal(Record, frozen=True, kw_only=True):
    """The algorithms and the lifetime of one phase; a value that the API did not send is None."""

    encryption: str | None = None
    integrity: str | None = None
    dh_group: int | None = None
    lifetime_s: int | None = None


class Phases(Record, frozen=True, kw_only=True):
    """The proposals of phase 1 (the IKE SA) and of phase 2 (the child SAs)."""

    ike_version: int | None = None
    ike_mode: str | None = None
    ike: Proposal = Proposal()
    ipsec: Proposal = Proposal()


class End(Record, frozen=True, kw_only=True):
    """One end of a tunnel: its address, its IKE identity and its BGP parameters."""

    address: str | None = None
    ike_id: str | None = None
    asn: int | None = None
    bgp_ip: str | None = None


class TunnelValues(Record, frozen=True, kw_only=True):
    """The values of a tunnel that mean the same in the connection list and in the download."""

    tunnel_id: str | None = None
    role: str | None = None
    status: str | None = None
    state: str | None = None
    zone_id: str | None = None
    customer_gateway_id: str | None = None
    dpd_enabled: bool | None = None
    nat_traversal_enabled: bool | None = None
    has_peer_ca: bool | None = None
    psk_state: KeyState | None = None
    key_facts: KeyFacts | None = None  # None if not requested
    phases: Phases = Phases()
    bgp_status: str | None = None
    bgp_tunnel_cidr: str | None = None
    bgp_auth_state: KeyState | None = None


class TunnelStatement(TunnelValues, frozen=True, kw_only=True):
    """The values of one tunnel in one API response; the tunnel of a single-tunnel VPN has no id."""

    tunnel_index: int | None = None
    gateway_address: str | None = None
    local: End = End()
    remote: End = End()


class Note(Record, frozen=True, kw_only=True):
    """A note on a field whose value could not be interpreted."""

    field: str
    message: str
    kind: FailureKind = "malformed"
    action: str = ""  # the API action that sent the value


class ConnectionValues(Record, frozen=True, kw_only=True):
    """The values of a connection that mean the same in every API response about it."""

    vpn_connection_id: str
    name: str | None = None
    status: str | None = None
    state: str | None = None
    created_ms: int | None = None
    effect_immediately: bool | None = None
    attach_type: str | None = None
    vpn_gateway_id: str | None = None
    customer_gateway_id: str | None = None
    transit_router_id: str | None = None
    network_type: str | None = None
    bandwidth_mbps: int | None = None
    has_unknown_bandwidth: bool | None = None  # whether the API sent an unknown name
    resource_group_id: str | None = None
    bgp_enabled: bool | None = None
    health_check_enabled: bool | None = None
    health_check_status: str | None = None
    tags: tuple[str, ...] = ()
    request_id: str | None = None
    fetched_ms: int | None = None


class Statement(ConnectionValues, frozen=True, kw_only=True, tag=True):
    """What one API response says about one connection; local and remote are not swapped."""

    witness: Witness
    tunnels: tuple[TunnelStatement, ...] = ()
    stray_tunnel: TunnelStatement | None = None  # settings of the connection itself
    is_dual: bool = False
    local_subnets: tuple[str, ...] = ()
    remote_subnets: tuple[str, ...] = ()
    gateway_address: str | None = None
    notes: tuple[Note, ...] = ()

    @property
    def is_unattached(self) -> bool:
        """Whether the connection is attached to no gateway, so that it has no download."""
        return (self.attach_type or "").upper() == "NO_ASSOCIATED"


class Attachment(ConnectionValues, frozen=True, kw_only=True, tag=True):
    """A row of DescribeVpnAttachments, which describes a connection on a transit router."""

    notes: tuple[Note, ...] = ()


class Region(Record, frozen=True, kw_only=True, tag=True):
    """A row of DescribeRegions: a region and its API endpoint."""

    region_id: str
    endpoint: str | None = None


class Gateway(Located, frozen=True, kw_only=True, tag=True):
    """A VPN gateway (the cloud's end) or a customer gateway (the customer's end)."""

    gateway_id: str
    kind: Literal["vpn", "customer"]
    name: str | None = None
    ip_address: str | None = None
    second_ip_address: str | None = None
    status: str | None = None
    business_status: str | None = None
    vpn_type: str | None = None
    vpc_id: str | None = None
    asn: int | None = None
    charge_type: str | None = None
    created_ms: int | None = None
    expires_ms: int | None = None
    bandwidth_mbps: int | None = None
    auto_propagate: bool | None = None
    bgp_enabled: bool | None = None
    bgp_auth_state: KeyState | None = None  # of a customer gateway
    tags: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()


class Vpc(Located, frozen=True, kw_only=True, tag=True):
    """A VPC with its CIDR blocks, written as in the API response."""

    vpc_id: str
    name: str | None = None
    cidrs: tuple[str, ...] = ()
    secondary_cidrs: tuple[str, ...] = ()
    user_cidrs: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()


class RouteEntry(Located, frozen=True, kw_only=True, tag=True):
    """A route entry of a VPN gateway, or of a connection on a transit router."""

    route_type: RouteType
    destination_cidr: str
    vpn_gateway_id: str | None = None
    vpn_connection_id: str | None = None  # None if the route leads to no connection
    source_cidr: str | None = None
    weight: int | None = None
    priority: int | None = None
    state: str | None = None
    next_hop: str | None = None
    tunnel_ids: tuple[str, ...] = ()
    as_path: str | None = None
    learned_from: str | None = None
    fetched_ms: int | None = None
    notes: tuple[Note, ...] = ()

    @property
    def entry_id(self) -> str:
        """A string that identifies the route entry in its list, whatever the entry's state is."""
        parts = (
            *(self.route_type, self.source_cidr, self.destination_cidr, self.next_hop),
            *(",".join(self.tunnel_ids), self.as_path, self.learned_from),
            *(self.weight, self.priority),
        )
        return "|".join("" if part is None else str(part) for part in parts)


class RoutesInto(Record, frozen=True, kw_only=True, tag=True):
    """The routes that lead to one connection."""

    entries: tuple[RouteEntry, ...] = ()
    is_weighed: bool = False  # another connection has one of these routes with another weight


# The record types of rows in API responses.
Row = Statement | Attachment | Gateway | Region | Vpc | RouteEntry | RoutesInto


class Rows(Record, frozen=True, kw_only=True, tag=True):
    """All rows of a list call, each row serialized separately."""

    rows: tuple[msgspec.Raw, ...]
    n_expected: int
    is_stable: bool
    notes: tuple[Note, ...] = ()


class Tunnel(TunnelValues, frozen=True, kw_only=True):
    """One tunnel and its two ends, with values from the connection list and from the download."""

    tunnel_index: int
    vpn_gateway: End = End()
    customer_gateway: End = End()


class Connection(ConnectionValues, frozen=True, kw_only=True):
    """An IPsec connection; ``witnesses`` says whether its list row and its download were read."""

    tunnels: tuple[Tunnel, ...]
    account_id: str | None = None
    region_id: str | None = None
    vpc_subnets: tuple[str, ...] = ()
    onprem_subnets: tuple[str, ...] = ()
    has_known_routes: bool | None = None  # None if routes were not requested or saved
    has_weighed_routes: bool = False
    witnesses: Literal["download", "describe", "both"] = "describe"
    perspective: Perspective | None = None  # None without a download


class Failure(Located, frozen=True, kw_only=True):
    """A failure to read data: its kind, a message, and the API call."""

    kind: FailureKind
    message: str
    action: str | None = None
    vpn_connection_id: str | None = None
    code: str | None = None
    http_status: int | None = None
    request_id: str | None = None
    attempts: int = 1
    at_ms: int | None = None


class Coverage(Located, frozen=True, kw_only=True):
    """How many connections of one region a fetch read, and how many the region has."""

    status: CoverageStatus
    n_expected: int = 0
    n_read: int = 0
    n_failed: int = 0
    n_unattached: int = 0
    n_calls: int = 0
    n_throttled: int = 0
    is_stable: bool = True
    elapsed_s: float = 0.0


class Disagreement(Located, frozen=True, kw_only=True):
    """A field that has different values in a connection's download and in its list row."""

    vpn_connection_id: str
    field: str
    tunnel_id: str | None = None
    download_value: str | None = None
    describe_value: str | None = None


class Records(Record, frozen=True, kw_only=True):
    """All records of a fleet, from one fetch or from one set of saved API responses."""

    connections: tuple[Connection, ...] = ()
    gateways: tuple[Gateway, ...] = ()
    routes: tuple[RouteEntry, ...] = ()
    vpcs: tuple[Vpc, ...] = ()
    failures: tuple[Failure, ...] = ()
    coverage: tuple[Coverage, ...] = ()
    disagreements: tuple[Disagreement, ...] = ()
