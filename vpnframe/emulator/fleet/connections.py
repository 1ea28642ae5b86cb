"""Draw connections with their tunnels and customer gateways."""

from __future__ import annotations

from dataclasses import dataclass, replace

from vpnframe.emulator.fleet.drawing import Draw
from vpnframe.emulator.fleet.gateways import DrawnPlace
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
from vpnframe.emulator.fleet.proposals import SM_PROPOSAL, draw_proposal, draw_second_proposal

CLOUD_ASN = 45104

_STATUSES = {
    "ipsec_sa_established": 74.0,
    "ike_sa_not_established": 12.0,
    "ipsec_sa_not_established": 9.0,
    "ike_sa_established": 5.0,
}
# Bandwidth in Mbit/s of a tunnel without a VPN gateway -> weight.
_BANDWIDTHS = {1000: 11.0, 3000: 4.0}


@dataclass(frozen=True)
class Seat:
    """What connections are attached to: a VPN gateway, a transit router, or nothing."""

    place: DrawnPlace
    attach_type: str
    is_dual: bool
    vpn_gateway: VpnGateway | None = None
    vpc_cidr: str | None = None
    transit_router_id: str | None = None
    transit_router_name: str | None = None

    @property
    def is_sm(self) -> bool:
        """Whether the VPN gateway supports only SM algorithms (the Chinese standard)."""
        return self.vpn_gateway is not None and self.vpn_gateway.vpn_type == "NationalStandard"

    def add_connection(self) -> None:
        """Draw a connection and its customer gateways, and add them to the fleet."""
        draw, gateway = self.place.draw, self.vpn_gateway
        is_private = self.attach_type == "CEN" and draw.chance(0.1)
        can_bgp = gateway.enable_bgp if gateway else self.attach_type == "CEN"
        customers = self._draw_customers(is_private=is_private)
        has_bgp = can_bgp and draw.chance(0.5)
        vpc_subnets, onprem_subnets = self._draw_subnets(has_bgp=has_bgp)
        proposals = self._draw_proposals()
        tunnels = tuple(
            self._draw_tunnel(position, customer, phase, has_bgp=has_bgp, is_private=is_private)
            for position, (customer, phase) in enumerate(zip(customers, proposals, strict=True))
        )
        if self.is_dual and not draw.chance(0.8):
            tunnels = tunnels[::-1]
        connection = EmulatedConnection(
            *self.place.owner,
            vpn_connection_id=self.place.new_id("vco"),
            name=None if draw.chance(0.06) else f"to-{draw.name()}",
            attach_type=self.attach_type,
            vpn_gateway_id=gateway.vpn_gateway_id if gateway else None,
            transit_router_id=self.transit_router_id,
            transit_router_name=self.transit_router_name,
            network_type="private" if is_private else "public",
            bandwidth_mbps=gateway.bandwidth_mbps if gateway else draw.weighted(_BANDWIDTHS),
            resource_group_id=draw.resource_group(),
            created_ms=draw.created_ms(),
            is_effective_at_once=draw.chance(0.4),
            vpc_subnets=vpc_subnets,
            onprem_subnets=onprem_subnets,
            tunnels=tunnels,
            health_check=None if self.is_dual or has_bgp else _draw_health_check(draw),
            tags=draw.tags(),
        )
        self.place.draft.connections.append(connection)

    def _draw_customers(self, *, is_private: bool) -> list[CustomerGateway]:
        """Draw one customer gateway per tunnel, often the same one for both tunnels."""
        first = self._draw_customer(is_private=is_private)
        if not self.is_dual:
            return [first]
        is_one_box = self.place.draw.chance(0.6)
        return [first, first if is_one_box else self._draw_customer(is_private=is_private)]

    def _draw_customer(self, *, is_private: bool) -> CustomerGateway:
        """Draw a new customer gateway, or an existing one of this account in the region."""
        place, draw = self.place, self.place.draw
        if is_private:
            return place.add_customer_gateway(_private_address(draw, "172.31"))
        known = [
            gateway
            for gateway in place.draft.customer_gateways[-6:]
            if (gateway.account_id, gateway.region_id) == place.owner
            and not gateway.ip_address.startswith("172.31.")
        ]
        if known and draw.chance(0.2):
            return draw.rng.choice(known)
        return place.add_customer_gateway()

    def _draw_subnets(self, *, has_bgp: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Draw the selectors of both sides: often 0.0.0.0/0 on both, else CIDR blocks."""
        draw = self.place.draw
        if self.attach_type == "NO_ASSOCIATED":
            # An unattached connection is compared with no other; its two sides must not overlap.
            return (f"10.{draw.rng.randint(1, 250)}.0.0/16",), ("172.24.0.0/24",)
        if has_bgp or draw.chance(0.28 if self.vpn_gateway else 0.36):
            both = (EVERYTHING, "::/0") if draw.chance(0.04) else (EVERYTHING,)
            return both, both
        vpc = draw_vpc_subnets(draw, self.vpc_cidr or draw_vpc_cidr(draw))
        onprem = draw_onprem_subnets(draw, vpc)
        if draw.chance(0.05):
            return ((EVERYTHING,), onprem) if draw.chance(0.7) else (vpc, (EVERYTHING,))
        if draw.chance(0.05):
            vpc6, onprem6 = draw_ipv6_pair(draw)
            return (*vpc, vpc6), (*onprem, onprem6)
        return vpc, onprem

    def _draw_proposals(self) -> list[tuple[EmulatedProposal, str | None]]:
        """Draw a proposal and a pre-shared key per tunnel; both tunnels often have equal ones."""
        draw = self.place.draw
        if self.is_sm:
            return [(SM_PROPOSAL, None)] * (2 if self.is_dual else 1)
        first, key = draw_proposal(draw), draw.pre_shared_key()
        if not self.is_dual:
            return [(first, key)]
        second = draw_second_proposal(draw, first)
        return [(first, key), (second, key if draw.chance(0.6) else draw.pre_shared_key())]

    def _draw_tunnel(
        self,
        position: int,
        customer: CustomerGateway,
        phase: tuple[EmulatedProposal, str | None],
        *,
        has_bgp: bool,
        is_private: bool,
    ) -> EmulatedTunnel:
        place, draw = self.place, self.place.draw
        cloud_ip = self._cloud_ip(position, is_private=is_private)
        proposal, key = phase
        site = customer.name.encode("ascii", "ignore").decode().strip("-") or "site"
        return EmulatedTunnel(
            tunnel_id=place.new_id("tun") if self.is_dual else None,
            index=position + 1,
            role="slave" if position and not draw.chance(0.05) else "master",
            zone=place.region.zone("hi"[position] if draw.chance(0.85) else "h"),
            customer_gateway_id=customer.customer_gateway_id,
            cloud_ip=cloud_ip,
            customer_ip=customer.ip_address,
            cloud_ike_id=f"cloud{position}.vpn.example.com" if draw.chance(0.06) else cloud_ip,
            customer_ike_id=f"{site}.example.com" if draw.chance(0.12) else customer.ip_address,
            proposal=proposal,
            psk=key,
            status=draw.weighted(_STATUSES),
            is_dpd_on=draw.chance(0.85),
            is_natt_on=draw.chance(0.88),
            peer_ca=draw.certificate() if self.is_sm else None,
            bgp=_draw_bgp(draw, customer) if has_bgp else None,
        )

    def _cloud_ip(self, position: int, *, is_private: bool) -> str:
        """Return an address of the VPN gateway, or a new address if there is no VPN gateway."""
        gateway, draw = self.vpn_gateway, self.place.draw
        if gateway is None:
            return _private_address(draw, "10.254") if is_private else draw.cloud_address()
        return gateway.second_ip if position and gateway.second_ip else gateway.internet_ip


def _private_address(draw: Draw, stem: str) -> str:
    return f"{stem}.{draw.rng.randint(0, 255)}.{draw.rng.randint(1, 254)}"


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
    """Draw a health check, which is sometimes disabled, or in half of all cases None."""
    if draw.chance(0.5):
        return None
    is_enabled = draw.chance(0.8)
    status = ("success" if draw.chance(0.8) else "failed") if is_enabled else ""
    return HealthCheck(is_enabled, "10.0.0.10", "192.168.0.10", status)


def probed(connection: EmulatedConnection) -> EmulatedConnection:
    """Set the health check's addresses to hosts in the connection's CIDR blocks, if possible."""
    check = connection.health_check
    if check is None:
        return connection
    moved = replace(
        check,
        source_ip=host_in(connection.vpc_subnets) or check.source_ip,
        destination_ip=host_in(connection.onprem_subnets) or check.destination_ip,
    )
    return replace(connection, health_check=moved)
