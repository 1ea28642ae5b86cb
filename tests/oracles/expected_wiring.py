"""Compute the expected findings on IKE identities, BGP and routes."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from ipaddress import ip_address, ip_network

from expected_sightings import UP, Sighting, sm_gateways, tunnels_of

from vpnframe.emulator.fleet.model import EmulatedConnection, EmulatedFleet, EmulatedTunnel

_ANYBODY = ("%any", "0.0.0.0", "::")  # noqa: S104  identities
_LINKS = ip_network("169.254.0.0/16")


def wiring_faults(fleet: EmulatedFleet, *, are_routes_known: bool) -> Iterator[Sighting]:
    """Yield every fault of identities, BGP and routes."""
    links = Counter(
        (c.vpn_gateway_id, t.bgp.tunnel_cidr) for c, t in tunnels_of(fleet) if t.bgp is not None
    )
    keyed = {g.customer_gateway_id for g in fleet.customer_gateways if g.auth_key}
    for connection, tunnel in tunnels_of(fleet):
        faults = list(_identity_faults(tunnel))
        if tunnel.bgp is not None:
            has_key = tunnel.bgp.auth_key if not connection.is_dual else None
            if not has_key and not (connection.is_dual and tunnel.customer_gateway_id in keyed):
                faults.append(("vpn-bgp-no-auth", "info"))
            if tunnel.bgp.status != "success":
                is_outage = tunnel.status == UP and not _is_any_bgp_up(connection)
                faults.append(("vpn-bgp-down", "high" if is_outage else "medium"))
            link = (connection.vpn_gateway_id, tunnel.bgp.tunnel_cidr)
            is_twice = connection.vpn_gateway_id is not None and links[link] > 1
            if is_twice or tunnel.bgp.customer_asn == 45104 or _is_odd(tunnel.bgp.tunnel_cidr):
                is_up = tunnel.bgp.status == "success"
                faults.append(("vpn-bgp-parameters", "info" if is_up else "medium"))
        for rule_id, severity in faults:
            yield Sighting(
                rule_id, connection.vpn_connection_id, severity, tunnel_id=tunnel.tunnel_id
            )
    yield from _shared_peers(fleet)
    if are_routes_known:
        yield from _route_faults(fleet)


def _identity_faults(tunnel: EmulatedTunnel) -> Iterator[tuple[str, str]]:
    if tunnel.customer_ike_id in _ANYBODY:
        proposal = tunnel.proposal
        is_open = (proposal.ike_version, proposal.ike_mode) == ("ikev1", "aggressive")
        yield "vpn-id-any", "high" if is_open else "medium"
    if tunnel.customer_ike_id == tunnel.cloud_ike_id:
        yield "vpn-id-equal", "medium"
    proposal = tunnel.proposal
    if tunnel.psk is not None and (proposal.ike_version, proposal.ike_mode) == ("ikev1", "main"):
        names = [one for one in (tunnel.cloud_ike_id, tunnel.customer_ike_id) if _is_name(one)]
        if names:
            yield "vpn-id-fqdn-main-mode", "info" if tunnel.status == UP else "medium"


def _is_any_bgp_up(connection: EmulatedConnection) -> bool:
    sessions = [tunnel.bgp for tunnel in connection.tunnels if tunnel.bgp is not None]
    return any(bgp.status == "success" for bgp in sessions)


def _is_name(identity: str) -> bool:
    """Check whether an identity is neither an address nor a wildcard."""
    if not identity or identity in _ANYBODY:
        return False
    try:
        ip_address(identity)
    except ValueError:
        return True
    return False


def _is_odd(cidr: str) -> bool:
    network = ip_network(cidr)
    return network.prefixlen != 30 or not network.overlaps(_LINKS)


def _shared_peers(fleet: EmulatedFleet) -> Iterator[Sighting]:
    """Yield tunnels between the same two addresses whose settings differ."""
    sm = sm_gateways(fleet)
    groups: defaultdict[tuple[object, ...], list[tuple[EmulatedConnection, EmulatedTunnel]]] = (
        defaultdict(list)
    )
    for connection, tunnel in tunnels_of(fleet):
        place = (connection.account_id, connection.region_id, connection.vpn_gateway_id)
        groups[(*place, tunnel.cloud_ip, tunnel.customer_ip)].append((connection, tunnel))
    for group in groups.values():
        if len({connection.vpn_connection_id for connection, _ in group}) < 2:
            continue
        if len({_settings(tunnel, c.vpn_gateway_id in sm) for c, tunnel in group}) > 1:
            for connection, tunnel in group:
                yield Sighting(
                    "vpn-ike-shared-peer-mismatch",
                    connection.vpn_connection_id,
                    "info" if tunnel.status == UP else "high",
                    tunnel_id=tunnel.tunnel_id,
                )


def _settings(tunnel: EmulatedTunnel, is_sm: bool) -> tuple[object, ...]:
    proposal = tunnel.proposal
    return (
        proposal.ike_version,
        proposal.ike_mode if proposal.ike_version == "ikev1" else "",
        proposal.ike_enc,
        proposal.ike_auth.lower(),
        "" if is_sm else proposal.ike_pfs,
        tunnel.cloud_ike_id,
        tunnel.customer_ike_id,
        tunnel.psk,
    )


def _route_faults(fleet: EmulatedFleet) -> Iterator[Sighting]:
    by_id = {connection.vpn_connection_id: connection for connection in fleet.connections}
    for route in fleet.routes:
        connection = by_id.get(route.vpn_connection_id or "")
        if connection is None or route.learned_from == "CLOUD":
            continue
        if route.kind == "policy" and route.state != "published":
            yield Sighting("vpn-route-unpublished", connection.vpn_connection_id, "medium")
        bound = [t for t in connection.tunnels if t.tunnel_id in route.tunnel_ids]
        if not any(tunnel.status == UP for tunnel in bound or connection.tunnels):
            yield Sighting("vpn-route-next-hop-down", connection.vpn_connection_id, "medium")
