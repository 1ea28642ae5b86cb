"""Generate connections with their tunnels and customer gateways."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeAlias

from vpnframe.emulator.fleet import model, networks, proposals
from vpnframe.emulator.fleet.drawing import Draw
from vpnframe.emulator.fleet.gateways import DrawnPlace
from vpnframe.emulator.fleet.networks import EVERYTHING

# Proposal and pre-shared key of a tunnel.
_Phase: TypeAlias = tuple[model.EmulatedProposal, str | None]

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
    """The place of new connections: a VPN gateway, a transit router, or neither."""

    place: DrawnPlace
    attach_type: str
    is_dual: bool
    vpn_gateway: model.VpnGateway | None = None
    vpc_cidr: str | None = None
    transit_router: tuple[str, str] | tuple[None, None] = (None, None)  # id and name

    def add_connection(self) -> None:
        """Generate a connection and its customer gateways, and add them to the fleet."""
        draw, gateway = self.place.draw, self.vpn_gateway
        is_private = self.attach_type == "CEN" and draw.chance(0.1)
        can_bgp = gateway.enable_bgp if gateway else self.attach_type == "CEN"
        customers = [self._draw_customer(is_private=is_private)]
        if self.is_dual:  # often one customer gateway for both tunnels
            is_one_box = draw.chance(0.6)
            customers += customers if is_one_box else [self._draw_customer(is_private=is_private)]
        has_bgp = can_bgp and draw.chance(0.5)
        vpc_subnets, onprem_subnets = self._draw_subnets(has_bgp=has_bgp)
        phases = self._draw_phases()
        cloud_ips = [gateway.internet_ip, gateway.second_ip] if gateway else [None, None]
        tunnels = []
        for position, (customer, phase) in enumerate(zip(customers, phases, strict=True)):
            cloud_ip = cloud_ips[position] or (
                _private_address(draw, "10.254") if is_private else draw.cloud_address()
            )
            tunnels.append(self._draw_tunnel(position, cloud_ip, customer, phase, has_bgp=has_bgp))
        if self.is_dual and not draw.chance(0.8):
            tunnels.reverse()
        connection = model.EmulatedConnection(
            *self.place.owner,
            vpn_connection_id=self.place.new_id("vco"),
            name=None if draw.chance(0.06) else f"to-{draw.name()}",
            attach_type=self.attach_type,
            vpn_gateway_id=gateway.vpn_gateway_id if gateway else None,
            transit_router_id=self.transit_router[0],
            transit_router_name=self.transit_router[1],
            network_type="private" if is_private else "public",
            bandwidth_mbps=gateway.bandwidth_mbps if gateway else draw.weighted(_BANDWIDTHS),
            resource_group_id=draw.resource_group(),
            created_ms=draw.created_ms(),
            is_effective_at_once=draw.chance(0.4),
            vpc_subnets=vpc_subnets,
            onprem_subnets=onprem_subnets,
            tunnels=tuple(tunnels),
            health_check=None if self.is_dual or has_bgp else _draw_health_check(draw),
            tags=draw.tags(),
        )
        self.place.draft.connections[connection.vpn_connection_id] = connection

    def _draw_customer(self, *, is_private: bool) -> model.CustomerGateway:
        """Generate a customer gateway, or choose an existing one in the same account and region."""
        place, draw = self.place, self.place.draw
        if is_private:
            return place.add_customer_gateway(_private_address(draw, "172.31"))
        known = [
            gateway
            for gateway in place.draft.customer_gateways[-6:]
            if gateway.owner == place.owner and not gateway.ip_address.startswith("172.31.")
        ]
        if known and draw.chance(0.2):
            return draw.rng.choice(known)
        return place.add_customer_gateway()

    def _draw_subnets(self, *, has_bgp: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Generate the VPC-side and the on-premises CIDR blocks, which are often both 0.0.0.0/0."""
        draw = self.place.draw
        if self.attach_type == "NO_ASSOCIATED":
            # An unattached connection is compared with no other; its two sides must not overlap.
            return (f"10.{draw.rng.randint(1, 250)}.0.0/16",), ("172.24.0.0/24",)
        if has_bgp or draw.chance(0.28 if self.vpn_gateway else 0.36):
            both = (EVERYTHING, "::/0") if draw.chance(0.04) else (EVERYTHING,)
            return both, both
        vpc = networks.draw_vpc_subnets(draw, self.vpc_cidr or networks.draw_vpc_cidr(draw))
        onprem = networks.draw_onprem_subnets(draw, vpc)
        if draw.chance(0.05):
            return ((EVERYTHING,), onprem) if draw.chance(0.7) else (vpc, (EVERYTHING,))
        if draw.chance(0.05):
            vpc6, onprem6 = networks.draw_ipv6_pair(draw)
            return (*vpc, vpc6), (*onprem, onprem6)
        return vpc, onprem

    def _draw_phases(self) -> list[_Phase]:
        """Generate each tunnel's proposal and pre-shared key, which two tunnels often share."""
        draw = self.place.draw
        if self.vpn_gateway is not None and self.vpn_gateway.vpn_type == "NationalStandard":
            return [(proposals.SM_PROPOSAL, None)] * (2 if self.is_dual else 1)
        first, key = proposals.draw_proposal(draw), draw.pre_shared_key()
        if not self.is_dual:
            return [(first, key)]
        second = proposals.draw_second_proposal(draw, first)
        return [(first, key), (second, key if draw.chance(0.6) else draw.pre_shared_key())]

    def _draw_tunnel(
        self,
        position: int,
        cloud_ip: str,
        customer: model.CustomerGateway,
        phase: _Phase,
        *,
        has_bgp: bool,
    ) -> model.EmulatedTunnel:
        place, draw = self.place, self.place.draw
        proposal, key = phase
        site = customer.name.encode("ascii", "ignore").decode().strip("-") or "site"
        return model.EmulatedTunnel(
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
            peer_ca=None if key else draw.certificate(),
            bgp=_draw_bgp(draw, customer) if has_bgp else None,
        )


def _private_address(draw: Draw, stem: str) -> str:
    return f"{stem}.{draw.rng.randint(0, 255)}.{draw.rng.randint(1, 254)}"


def _draw_bgp(draw: Draw, customer: model.CustomerGateway) -> model.Bgp:
    block, cloud_ip, customer_ip = draw.link()
    return model.Bgp(
        cloud_asn=CLOUD_ASN,
        customer_asn=customer.asn or 65530,
        cloud_ip=cloud_ip,
        customer_ip=customer_ip,
        tunnel_cidr=block,
        status="success" if draw.chance(0.85) else "failed",
        auth_key=customer.auth_key,
    )


def _draw_health_check(draw: Draw) -> model.HealthCheck | None:
    """Generate a health check; return None in half of all calls."""
    if draw.chance(0.5):
        return None
    is_enabled = draw.chance(0.8)
    status = ("success" if draw.chance(0.8) else "failed") if is_enabled else ""
    return model.HealthCheck(is_enabled, "10.0.0.10", "192.168.0.10", status)


def probed(connection: model.EmulatedConnection) -> model.EmulatedConnection:
    """Replace health check addresses by addresses in the connection's IPv4 blocks, if possible."""
    check = connection.health_check
    if check is None:
        return connection
    source = networks.host_in(connection.vpc_subnets) or check.source_ip
    destination = networks.host_in(connection.onprem_subnets) or check.destination_ip
    moved = replace(check, source_ip=source, destination_ip=destination)
    return replace(connection, health_check=moved)
