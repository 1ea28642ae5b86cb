"""Take two related connections, and connect them to a common peer or to each other."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network

from vpnframe.emulator.fleet.gateways import add_customer_gateway
from vpnframe.emulator.fleet.model import CustomerGateway, EmulatedConnection, EmulatedTunnel
from vpnframe.emulator.planted.planting import Planter, Wanted, is_gateway_policy, is_static

Pair = tuple[EmulatedConnection, EmulatedConnection]


def take_gateway_pair(
    planter: Planter, wanted: Wanted = is_gateway_policy, *, n_tunnels: int | None = None
) -> Pair | None:
    """Take two connections of one VPN gateway with different peers."""
    return planter.take_pair(
        lambda c: wanted(c) and n_tunnels in (None, len(c.tunnels)),
        lambda left, right: left.tunnels[0].customer_ip != right.tunnels[0].customer_ip,
        group=lambda connection: connection.vpn_gateway_id,
    )


def take_router_pair(planter: Planter, wanted: Wanted = is_static) -> Pair | None:
    """Take two connections of one transit router with different peers."""
    return planter.take_pair(
        lambda c: c.attach_type == "CEN" and wanted(c),
        lambda left, right: left.tunnels[0].customer_ip != right.tunnels[0].customer_ip,
        group=lambda connection: connection.transit_router_id,
    )


def take_vpc_pair(
    planter: Planter, wanted: Wanted = is_static, *, is_one_peer_fine: bool = True
) -> Pair | None:
    """Take two connections of different VPN gateways in one VPC."""
    vpc_of = {gateway.vpn_gateway_id: gateway.vpc_id for gateway in planter.draft.vpn_gateways}
    return planter.take_pair(
        lambda c: c.attach_type == "VPNGW" and wanted(c),
        lambda left, right: (
            left.vpn_gateway_id != right.vpn_gateway_id
            and (is_one_peer_fine or left.tunnels[0].customer_ip != right.tunnels[0].customer_ip)
        ),
        group=lambda connection: vpc_of[connection.vpn_gateway_id or ""],
    )


def vpc_cidr(planter: Planter, connection: EmulatedConnection) -> str:
    """Return the block of the VPC of the connection's gateway."""
    gateways = {gateway.vpn_gateway_id: gateway for gateway in planter.draft.vpn_gateways}
    vpcs = {vpc.vpc_id: vpc for vpc in planter.draft.vpcs}
    return vpcs[gateways[connection.vpn_gateway_id or ""].vpc_id].cidr


def halves(cidr: str) -> tuple[str, str]:
    """Split a block in two.

    Examples
    --------
    >>> halves("10.0.0.0/8")
    ('10.0.0.0/9', '10.128.0.0/9')
    """
    lower, upper = ip_network(cidr).subnets(prefixlen_diff=1)
    return str(lower), str(upper)


def share_customer(
    planter: Planter, source: EmulatedConnection, target: EmulatedConnection
) -> None:
    """Set the peers of the source's tunnels on the target's; repeat the last one if needed."""
    gateways = {gateway.customer_gateway_id: gateway for gateway in planter.draft.customer_gateways}
    peers = [gateways[tunnel.customer_gateway_id] for tunnel in source.tunnels]
    peers += peers[-1:] * len(target.tunnels)
    now = planter.get(target.vpn_connection_id)
    tunnels = zip(now.tunnels, peers, strict=False)
    planter.put(replace(now, tunnels=tuple(with_customer(*pair) for pair in tunnels)))


def with_customer(tunnel: EmulatedTunnel, gateway: CustomerGateway) -> EmulatedTunnel:
    """Return a tunnel that ends at the given customer gateway."""
    return replace(
        tunnel,
        customer_gateway_id=gateway.customer_gateway_id,
        customer_ip=gateway.ip_address,
        customer_ike_id=gateway.ip_address,
    )


def mirror(planter: Planter, pair: Pair) -> None:
    """Make each connection the other one's peer, tunnel by tunnel, with the same key."""
    for here, there in (pair, pair[::-1]):
        _point_at(planter, here, there)


def _point_at(planter: Planter, here: EmulatedConnection, there: EmulatedConnection) -> None:
    """Make the tunnels of one connection end at the addresses of the other one's gateway."""
    place = planter.place_of(here)
    tunnels = []
    for mine, theirs in zip(here.tunnels, there.tunnels, strict=True):
        gateway = add_customer_gateway(planter.draft, place, ip_address=theirs.cloud_ip)
        tunnel = replace(with_customer(mine, gateway), cloud_ike_id=mine.cloud_ip)
        # Both ends of one tunnel hold one key and one proposal: those of the first end.
        first = mine if here.vpn_connection_id < there.vpn_connection_id else theirs
        tunnels.append(replace(tunnel, psk=first.psk, proposal=first.proposal))
    planter.put(replace(here, tunnels=tuple(tunnels)))
