"""Compute the expected findings on outages, expiry, changes and missing redundancy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from ipaddress import ip_address, ip_network

from expected_overlaps import routing_domains
from expected_parties import Party, list_parties
from expected_sightings import UP, Sighting

from vpnframe.emulator.fleet.model import EmulatedConnection, EmulatedFleet, EmulatedTunnel
from vpnframe.emulator.fleet.quirks import pick

_EVERYTHING = frozenset({"0.0.0.0/0", "::/0"})
_DAY_MS = 24 * 3600 * 1000
_INSIDE = [
    ip_network(cidr)
    for cidr in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
]
_MOST_ROUTES = {"policy": 16, "custom": 16, "bgp": 40}


def service_faults(
    fleet: EmulatedFleet, *, now_ms: int, are_routes_known: bool
) -> Iterator[Sighting]:
    """Yield every fault of gateways, of tunnels that are down, and of missing redundancy."""
    yield from _gateway_faults(fleet, now_ms)
    if are_routes_known:
        yield from _many_routes(fleet)
    for connection in fleet.connections:
        yield from _state_faults(connection)
        yield from _switch_faults(connection)
        yield from _in_change(connection)
        if connection.attach_type == "NO_ASSOCIATED":
            yield Sighting("vpn-orphan", connection.vpn_connection_id, "low")
    parties = list_parties(fleet)
    for domain in routing_domains(fleet):
        mine = [parties[connection.vpn_connection_id] for connection in domain]
        for party in mine:
            yield from _alone(party, mine, are_routes_known=are_routes_known)
            yield from _cut_off(party, mine)


def _gateway_faults(fleet: EmulatedFleet, now_ms: int) -> Iterator[Sighting]:
    used = Counter(connection.vpn_gateway_id for connection in fleet.connections)
    named = {t.customer_gateway_id for c in fleet.connections for t in c.tunnels}
    for gateway in fleet.vpn_gateways:
        if gateway.charge_type == "PREPAY":
            days_left = ((gateway.end_ms or 0) - now_ms) / _DAY_MS
            if days_left <= 30:
                severity = "high" if days_left <= 7 else "medium"
                yield Sighting("vpn-gateway-expiring", gateway.vpn_gateway_id, severity)
        if gateway.business_status == "FinancialLocked":
            yield Sighting("vpn-gateway-locked", gateway.vpn_gateway_id, "high")
        if not used[gateway.vpn_gateway_id] and now_ms - gateway.created_ms >= 7 * _DAY_MS:
            yield Sighting("vpn-gateway-unused", gateway.vpn_gateway_id, "low")
        if used[gateway.vpn_gateway_id] > 8:
            yield Sighting("vpn-gateway-connections-quota", gateway.vpn_gateway_id, "info")
    for customer in fleet.customer_gateways:
        is_old = now_ms - customer.created_ms >= 7 * _DAY_MS
        if customer.customer_gateway_id not in named and is_old:
            yield Sighting("vpn-gateway-unused", customer.customer_gateway_id, "low")


def _many_routes(fleet: EmulatedFleet) -> Iterator[Sighting]:
    """Yield the gateways with more than 80 % of the allowed number of routes of a kind."""
    counts = Counter(
        (route.vpn_gateway_id, route.kind)
        for route in fleet.routes
        if route.vpn_gateway_id is not None and route.learned_from != "CLOUD"
    )
    for (gateway_id, kind), n in counts.items():
        if n > _MOST_ROUTES[kind]:
            yield Sighting("vpn-gateway-routes-quota", str(gateway_id), "info")


def _in_change(connection: EmulatedConnection) -> Iterator[Sighting]:
    """Yield the tunnels that are not active, by the state of their connection or their own."""
    name, at = connection.vpn_connection_id, pick(connection.vpn_connection_id, "state", 60)
    is_attached = connection.attach_type == "VPNGW"
    is_changing, is_locked = at < 3 if is_attached else at == 0, is_attached and at == 2
    for tunnel in connection.tunnels:
        is_own = bool(tunnel.tunnel_id) and pick(tunnel.tunnel_id or "", "state", 25) == 0
        if is_changing or is_own:
            severity = "high" if is_locked else "medium"
            yield Sighting("vpn-state-not-active", name, severity, tunnel_id=tunnel.tunnel_id)


def _cut_off(party: Party, domain: list[Party]) -> Iterator[Sighting]:
    """Yield a finding if a prefix of a connection that is down has no connection that is up."""
    if _is_up(party) or party.connection.attach_type == "NO_ASSOCIATED":
        return
    sources = party.cidrs("vpc") - _EVERYTHING
    others = [one for one in domain if one is not party and _is_up(one)]
    for cidr in _prefixes(party):
        ways = [
            one
            for one in others
            if cidr in _prefixes(one)
            and (not sources or (one.cidrs("vpc") - _EVERYTHING) in (frozenset(), sources))
        ]
        if not ways:
            yield Sighting("vpn-no-live-path", party.connection.vpn_connection_id, "high")
            return


def _prefixes(party: Party) -> frozenset[str]:
    """Return the remote prefixes, without default routes if all selectors are default routes."""
    connection = party.connection
    named = frozenset(connection.vpc_subnets + connection.onprem_subnets)
    return party.cidrs("onprem") - (_EVERYTHING if named <= _EVERYTHING else frozenset())


def _is_up(party: Party) -> bool:
    return any(tunnel.status == UP for tunnel in party.connection.tunnels)


def _state_faults(connection: EmulatedConnection) -> Iterator[Sighting]:
    if connection.attach_type == "NO_ASSOCIATED":
        return
    for tunnel in connection.tunnels:
        if tunnel.status == UP:
            continue
        others = [one for one in connection.tunnels if one is not tunnel]
        is_spare = (
            connection.is_dual
            and tunnel.role == "slave"
            and connection.vpn_gateway_id is not None
            and any(one.status == UP for one in others)
        )
        rule_id = "vpn-standby-down" if is_spare else "vpn-not-established"
        yield Sighting(rule_id, connection.vpn_connection_id, "medium", tunnel_id=tunnel.tunnel_id)


def _switch_faults(connection: EmulatedConnection) -> Iterator[Sighting]:
    name, check = connection.vpn_connection_id, connection.health_check
    for tunnel in connection.tunnels:
        if not tunnel.is_dpd_on:
            yield Sighting("vpn-dpd-off", name, "low", tunnel_id=tunnel.tunnel_id)
        if not tunnel.is_natt_on and _is_behind_nat(tunnel):
            yield Sighting("vpn-natt-off", name, "low", tunnel_id=tunnel.tunnel_id)
    if check is not None and check.is_enabled and check.status == "failed":
        yield Sighting("vpn-health-check-failing", name, "medium")
    if len(connection.tunnels) > 1 and len({tunnel.zone for tunnel in connection.tunnels}) == 1:
        yield Sighting("vpn-one-zone", name, "low")


def _is_inside(address: str) -> bool:
    return any(ip_address(address) in network for network in _INSIDE)


def _is_behind_nat(tunnel: EmulatedTunnel) -> bool:
    """Check whether the peer's address is translated, by its IKE id or a private address."""
    if _is_inside(tunnel.customer_ip) and not _is_inside(tunnel.cloud_ip):
        return True
    try:
        other = ip_address(tunnel.customer_ike_id)
    except ValueError:
        return False
    return other != ip_address(tunnel.customer_ip) and not other.is_unspecified


def _alone(party: Party, domain: list[Party], *, are_routes_known: bool) -> Iterator[Sighting]:
    """Yield findings on a tunnel without redundancy, and on connections that cannot be judged."""
    name = party.connection.vpn_connection_id
    is_silent = not are_routes_known and _says_nothing(party.connection)
    if is_silent:
        yield Sighting("vpn-overlap-not-judged", name, "info", status="unknown")
    if len(party.connection.tunnels) > 1 or (is_silent and len(domain) > 1):
        return
    wanted = _blocks(party)
    others = [one for one in domain if one is not party and _blocks(one) == wanted]
    if is_silent or not wanted or not any(one.peers - party.peers for one in others):
        yield Sighting("vpn-single-tunnel", name, "medium")
    elif party.connection.health_check is None:
        yield Sighting("vpn-health-check-off", name, "low", status="unknown")
    elif not party.connection.health_check.is_enabled:
        yield Sighting("vpn-health-check-off", name, "low")


def _says_nothing(connection: EmulatedConnection) -> bool:
    """Check whether the selectors are default routes, which name no prefixes."""
    sides = (set(connection.vpc_subnets), set(connection.onprem_subnets))
    return all(side <= _EVERYTHING for side in sides) or bool(sides[1] & _EVERYTHING)


def _blocks(party: Party) -> set[tuple[str, str]]:
    return {(side, cidr) for side, cidr, _, _ in party.entries if cidr not in _EVERYTHING}
