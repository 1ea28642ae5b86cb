"""Draw connections and their tunnels between two given ends."""

from __future__ import annotations

from dataclasses import dataclass, replace

from vpnframe.emulator.fleet.drawing import Draw
from vpnframe.emulator.fleet.gateways import (
    DrawnFleet,
    DrawnPlace,
    add_customer_gateway,
    draw_name,
    draw_resource_group,
    draw_tags,
)
from vpnframe.emulator.fleet.model import (
    Bgp,
    CustomerGateway,
    EmulatedConnection,
    EmulatedProposal,
    EmulatedTunnel,
    HealthCheck,
    VpnGateway,
)
from vpnframe.emulator.fleet.networks import (
    EVERYTHING,
    draw_ipv6_pair,
    draw_onprem_subnets,
    draw_vpc_cidr,
    draw_vpc_subnets,
    host_in,
)
from vpnframe.emulator.fleet.places import zone_of
from vpnframe.emulator.fleet.proposals import SM_PROPOSAL, draw_proposal, draw_second_proposal

CLOUD_ASN = 45104

_STATUSES = {
    "ipsec_sa_established": 74.0,
    "ike_sa_not_established": 12.0,
    "ipsec_sa_not_established": 9.0,
    "ike_sa_established": 5.0,
}
# Without a VPN gateway: the two specifications of a tunnel.
_BANDWIDTHS = {1000: 11.0, 3000: 4.0}


@dataclass(frozen=True)
class Seat:
    """What a connection is attached to: a VPN gateway, a transit router, or nothing."""

    attach_type: str
    is_dual: bool
    vpn_gateway: VpnGateway | None = None
    vpc_cidr: str | None = None
    transit_router_id: str | None = None
    transit_router_name: str | None = None

    @property
    def is_sm(self) -> bool:
        """Whether the gateway supports only the SM suite."""
        return self.vpn_gateway is not None and self.vpn_gateway.vpn_type == "NationalStandard"


@dataclass(frozen=True)
class _Ends:
    """The addresses and kinds that the tunnels of one connection share."""

    is_private: bool
    has_bgp: bool
    customers: tuple[CustomerGateway, ...]


def add_connection(draft: DrawnFleet, place: DrawnPlace, seat: Seat) -> EmulatedConnection:
    """Draw a connection on a seat, with the customer gateways it needs."""
    draw = place.draw
    ends = _draw_ends(draft, place, seat)
    vpc_subnets, onprem_subnets = _draw_subnets(draw, seat, has_bgp=ends.has_bgp)
    tunnels = _draw_tunnels(place, seat, ends)
    gateway = seat.vpn_gateway
    connection = EmulatedConnection(
        account_id=place.account.account_id,
        region_id=place.region.region_id,
        vpn_connection_id=place.new_id("vco"),
        name=None if draw.chance(0.06) else f"to-{draw_name(draw)}",
        attach_type=seat.attach_type,
        vpn_gateway_id=gateway.vpn_gateway_id if gateway else None,
        transit_router_id=seat.transit_router_id,
        transit_router_name=seat.transit_router_name,
        network_type="private" if ends.is_private else "public",
        bandwidth_mbps=gateway.bandwidth_mbps if gateway else draw.weighted(_BANDWIDTHS),
        resource_group_id=draw_resource_group(draw),
        created_ms=draw.created_ms(),
        is_effective_at_once=draw.chance(0.4),
        vpc_subnets=vpc_subnets,
        onprem_subnets=onprem_subnets,
        tunnels=tunnels,
        health_check=None if seat.is_dual or ends.has_bgp else _draw_health_check(draw),
        tags=draw_tags(draw),
    )
    draft.connections.append(connection)
    return connection


def _draw_ends(draft: DrawnFleet, place: DrawnPlace, seat: Seat) -> _Ends:
    draw = place.draw
    is_private = seat.attach_type == "CEN" and draw.chance(0.1)
    can_bgp = seat.vpn_gateway.enable_bgp if seat.vpn_gateway else seat.attach_type == "CEN"
    customers = [_draw_customer(draft, place, is_private=is_private)]
    if seat.is_dual:
        is_one_box = draw.chance(0.6)
        customers.append(
            customers[0] if is_one_box else _draw_customer(draft, place, is_private=is_private)
        )
    return _Ends(is_private, can_bgp and draw.chance(0.5), tuple(customers))


def _draw_customer(draft: DrawnFleet, place: DrawnPlace, *, is_private: bool) -> CustomerGateway:
    """Draw a new customer gateway, or an existing one of this account in the region."""
    draw = place.draw
    if is_private:
        return add_customer_gateway(draft, place, ip_address=_private_address(draw, "172.31"))
    known = [
        gateway
        for gateway in draft.customer_gateways[-6:]
        if gateway.region_id == place.region.region_id
        and gateway.account_id == place.account.account_id
        and not gateway.ip_address.startswith("172.31.")
    ]
    if known and draw.chance(0.2):
        return draw.rng.choice(known)
    return add_customer_gateway(draft, place)


def _private_address(draw: Draw, stem: str) -> str:
    return f"{stem}.{draw.rng.randint(0, 255)}.{draw.rng.randint(1, 254)}"


def _draw_subnets(
    draw: Draw, seat: Seat, *, has_bgp: bool
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Draw the selectors of a connection: everything in route mode, else blocks per side."""
    if seat.attach_type == "NO_ASSOCIATED":
        # An unattached connection is not compared with others; its two sides must not overlap.
        return (f"10.{draw.rng.randint(1, 250)}.0.0/16",), ("172.24.0.0/24",)
    is_route_mode = has_bgp or draw.chance(0.28 if seat.vpn_gateway else 0.36)
    if is_route_mode:
        both = (EVERYTHING, "::/0") if draw.chance(0.04) else (EVERYTHING,)
        return both, both
    vpc = draw_vpc_subnets(draw, seat.vpc_cidr or draw_vpc_cidr(draw))
    onprem = draw_onprem_subnets(draw, vpc)
    if draw.chance(0.05):
        return ((EVERYTHING,), onprem) if draw.chance(0.7) else (vpc, (EVERYTHING,))
    if draw.chance(0.05):
        vpc6, onprem6 = draw_ipv6_pair(draw)
        return (*vpc, vpc6), (*onprem, onprem6)
    return vpc, onprem


def _draw_tunnels(place: DrawnPlace, seat: Seat, ends: _Ends) -> tuple[EmulatedTunnel, ...]:
    """Draw one tunnel or two; the second often repeats the first's key and proposal."""
    draw = place.draw
    first = SM_PROPOSAL if seat.is_sm else draw_proposal(draw)
    key = None if seat.is_sm else draw.pre_shared_key()
    if not seat.is_dual:
        return (_draw_tunnel(place, seat, ends, position=0, phase=(first, key)),)
    second = SM_PROPOSAL if seat.is_sm else draw_second_proposal(draw, first)
    second_key = key if seat.is_sm or draw.chance(0.6) else draw.pre_shared_key()
    pair = (
        _draw_tunnel(place, seat, ends, position=0, phase=(first, key)),
        _draw_tunnel(place, seat, ends, position=1, phase=(second, second_key)),
    )
    return pair if draw.chance(0.8) else pair[::-1]


def _draw_tunnel(
    place: DrawnPlace,
    seat: Seat,
    ends: _Ends,
    *,
    position: int,
    phase: tuple[EmulatedProposal, str | None],
) -> EmulatedTunnel:
    draw = place.draw
    customer = ends.customers[position]
    cloud_ip = _cloud_ip(draw, seat, position=position, is_private=ends.is_private)
    proposal, key = phase
    return EmulatedTunnel(
        tunnel_id=place.new_id("tun") if seat.is_dual else None,
        index=position + 1,
        role="slave" if position and not draw.chance(0.05) else "master",
        zone=zone_of(place.region.region_id, "hi"[position] if draw.chance(0.85) else "h"),
        customer_gateway_id=customer.customer_gateway_id,
        cloud_ip=cloud_ip,
        customer_ip=customer.ip_address,
        cloud_ike_id=f"cloud{position}.vpn.example.com" if draw.chance(0.06) else cloud_ip,
        customer_ike_id=(
            f"{customer.name.encode('ascii', 'ignore').decode().strip('-') or 'site'}.example.com"
            if draw.chance(0.12)
            else customer.ip_address
        ),
        proposal=proposal,
        psk=key,
        status=draw.weighted(_STATUSES),
        is_dpd_on=draw.chance(0.85),
        is_natt_on=draw.chance(0.88),
        peer_ca=draw.certificate() if seat.is_sm else None,
        bgp=_draw_bgp(draw, customer) if ends.has_bgp else None,
    )


def _cloud_ip(draw: Draw, seat: Seat, *, position: int, is_private: bool) -> str:
    """Return the gateway's own address, or a new one if there is no gateway."""
    gateway = seat.vpn_gateway
    if gateway is None:
        return _private_address(draw, "10.254") if is_private else draw.cloud_address()
    return gateway.second_ip if position and gateway.second_ip else gateway.internet_ip


def _draw_bgp(draw: Draw, customer: CustomerGateway) -> Bgp:
    block, cloud_ip, customer_ip = draw.link()
    return Bgp(
        cloud_asn=CLOUD_ASN,
        customer_asn=customer.asn or 65530,
        cloud_ip=cloud_ip,
        customer_ip=customer_ip,
        tunnel_cidr=block,
        status="success" if draw.chance(0.85) else "failed",
        auth_key=customer.auth_key,
    )


def _draw_health_check(draw: Draw) -> HealthCheck | None:
    """Draw a health check for half of the connections that can have one, some disabled."""
    if draw.chance(0.5):
        return None
    is_enabled = draw.chance(0.8)
    status = ("success" if draw.chance(0.8) else "failed") if is_enabled else ""
    return HealthCheck(is_enabled, "10.0.0.10", "192.168.0.10", status)


def probed(connection: EmulatedConnection) -> EmulatedConnection:
    """Set the health check's addresses to one of the VPC's blocks and one of the site's."""
    check = connection.health_check
    if check is None:
        return connection
    moved = replace(
        check,
        source_ip=host_in(connection.vpc_subnets) or check.source_ip,
        destination_ip=host_in(connection.onprem_subnets) or check.destination_ip,
    )
    return replace(connection, health_check=moved)
