"""What stands still, is about to, or has nothing to fall back on."""

from __future__ import annotations

from collections.abc import Iterator

from vpnframe.emulator.answer_overlaps import routing_domains
from vpnframe.emulator.answer_parties import Party, list_parties
from vpnframe.emulator.answer_sightings import UP, Sighting
from vpnframe.emulator.model import Connection, Fleet

_EVERYTHING = frozenset({"0.0.0.0/0", "::/0"})
_NOTICE_MS = 30 * 24 * 3600 * 1000


def service_faults(fleet: Fleet, *, now_ms: int, are_routes_known: bool) -> Iterator[Sighting]:
    """Give every fault of gateways, of tunnels that are down, and of what has no second way."""
    yield from _gateway_faults(fleet, now_ms)
    for connection in fleet.connections:
        yield from _state_faults(connection)
        yield from _switch_faults(connection)
        if connection.attach_type == "NO_ASSOCIATED":
            yield Sighting("vpn-orphan", connection.vpn_connection_id, "low")
    parties = list_parties(fleet)
    for domain in routing_domains(fleet):
        mine = [parties[connection.vpn_connection_id] for connection in domain]
        for party in mine:
            yield from _alone(party, mine, are_routes_known=are_routes_known)


def _gateway_faults(fleet: Fleet, now_ms: int) -> Iterator[Sighting]:
    used = {connection.vpn_gateway_id for connection in fleet.connections}
    used |= {t.customer_gateway_id for c in fleet.connections for t in c.tunnels}
    for gateway in fleet.vpn_gateways:
        if gateway.charge_type == "PREPAY" and (gateway.end_ms or 0) <= now_ms + _NOTICE_MS:
            yield Sighting("vpn-gateway-expiring", gateway.vpn_gateway_id, "high")
        if gateway.business_status == "FinancialLocked":
            yield Sighting("vpn-gateway-locked", gateway.vpn_gateway_id, "high")
        if gateway.vpn_gateway_id not in used:
            yield Sighting("vpn-gateway-unused", gateway.vpn_gateway_id, "low")
    for customer in fleet.customer_gateways:
        if customer.customer_gateway_id not in used:
            yield Sighting("vpn-gateway-unused", customer.customer_gateway_id, "low")


def _state_faults(connection: Connection) -> Iterator[Sighting]:
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


def _switch_faults(connection: Connection) -> Iterator[Sighting]:
    name, check = connection.vpn_connection_id, connection.health_check
    for tunnel in connection.tunnels:
        if not tunnel.is_dpd_on:
            yield Sighting("vpn-dpd-off", name, "low", tunnel_id=tunnel.tunnel_id)
        if not tunnel.is_natt_on:
            yield Sighting("vpn-natt-off", name, "low", tunnel_id=tunnel.tunnel_id)
    if check is not None and check.is_enabled and check.status == "failed":
        yield Sighting("vpn-health-check-failing", name, "medium")
    if len(connection.tunnels) > 1:
        if len({tunnel.zone for tunnel in connection.tunnels}) == 1:
            yield Sighting("vpn-one-zone", name, "low")
    elif check is None:
        yield Sighting("vpn-health-check-off", name, "low", status="unknown")
    elif not check.is_enabled:
        yield Sighting("vpn-health-check-off", name, "low")


def _alone(party: Party, domain: list[Party], *, are_routes_known: bool) -> Iterator[Sighting]:
    """Say whether a connection of one tunnel has no second way; and what can't be said."""
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


def _says_nothing(connection: Connection) -> bool:
    """Whether the selectors leave open what is carried: everything on both sides, or on theirs."""
    sides = (set(connection.vpc_subnets), set(connection.onprem_subnets))
    return all(side <= _EVERYTHING for side in sides) or bool(sides[1] & _EVERYTHING)


def _blocks(party: Party) -> set[tuple[str, str]]:
    return {(side, cidr) for side, cidr, _, _ in party.entries if cidr not in _EVERYTHING}
