"""Planted weaknesses of proposals, keys and identities."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from vpnframe.emulator.fleet.model import EmulatedConnection, EmulatedProposal, EmulatedTunnel
from vpnframe.emulator.fleet.proposals import API_DEFAULTS
from vpnframe.emulator.planted.planting import Planter, is_psk

_STRONG = EmulatedProposal(
    ike_version="ikev2",
    ike_enc="aes256",
    ike_auth="sha256",
    ike_pfs="group14",
    ike_lifetime=28800,
    ipsec_enc="aes256",
    ipsec_auth="sha256",
    ipsec_pfs="group14",
    ipsec_lifetime=3600,
)
_PROPOSALS: Mapping[str, EmulatedProposal] = MappingProxyType(
    {
        "all-defaults": API_DEFAULTS,
        "best-offered": _STRONG,
        "weak-des": replace(_STRONG, ike_enc="des", ipsec_enc="des"),
        "weak-3des": replace(_STRONG, ike_enc="3des", ipsec_enc="3des"),
        "weak-md5": replace(_STRONG, ike_auth="MD5", ipsec_auth="MD5"),
        "weak-dh-group1": replace(_STRONG, ike_pfs="group1", ipsec_pfs="group1"),
        "weak-dh-group24": replace(_STRONG, ike_pfs="group24", ipsec_pfs="group24"),
        "aggressive-ikev1": replace(_STRONG, ike_version="ikev1", ike_mode="aggressive"),
        "aggressive-ikev2": replace(_STRONG, ike_mode="aggressive"),
        "pfs-disabled": replace(_STRONG, ipsec_pfs="disabled"),
        "lifetime-zero": replace(_STRONG, ipsec_lifetime=0),
        "lifetime-order": replace(_STRONG, ike_lifetime=3600, ipsec_lifetime=86400),
        "lifetime-rekey-storm": replace(_STRONG, ike_lifetime=600, ipsec_lifetime=180),
    }
)
# Printed in the vendor's public documentation.
_PUBLISHED_KEY = "pgw6dy7d1i8in7x5"


def plant_proposals(planter: Planter) -> None:
    """Plant one weak proposal, or one strong one, per connection."""
    for plant_id, proposal in _PROPOSALS.items():
        if connection := planter.take(is_psk):
            planter.set_proposals(connection, _always(proposal))
            planter.record(plant_id, connection)


def plant_mismatch(planter: Planter) -> None:
    """Plant different proposals on the two tunnels of one connection."""
    if connection := planter.take(lambda c: is_psk(c) and c.is_dual):
        first, second = connection.tunnels
        weak = replace(API_DEFAULTS, ike_mode="aggressive", ike_enc="3des", ipsec_enc="des")
        pair = (replace(first, proposal=_STRONG), replace(second, proposal=weak))
        planter.put(replace(connection, tunnels=pair))
        planter.record("tunnels-differ", connection)


def plant_keys(planter: Planter) -> None:
    """Plant keys that are reused, published, derived from a name, or short."""
    _plant_reused_key(planter)
    draw = planter.draw
    for plant_id, key in (
        ("key-published", _PUBLISHED_KEY),
        ("key-derived-from-name", f"Shanghai-Office!{draw.rng.randint(2001, 2026)}"),
        ("key-dictionary", f"Sunshine#Dragon{draw.rng.randint(10, 99)}"),
        ("key-short", draw.pre_shared_key()[:9]),
        ("key-long-random", draw.pre_shared_key() + draw.pre_shared_key()),
    ):
        if connection := planter.take(is_psk):
            _set_key(planter, connection, key)
            if plant_id == "key-derived-from-name":
                now = planter.get(connection.vpn_connection_id)
                planter.put(replace(now, name="to-shanghai-office"))
            planter.record(plant_id, connection)


def plant_identities(planter: Planter) -> None:
    """Plant equal identities, and a wildcard identity."""
    if connection := planter.take(is_psk):
        planter.set_tunnels(connection, _with_equal_ids)
        planter.record("ids-equal", connection)
    if connection := planter.take(is_psk):
        planter.set_tunnels(connection, lambda t: replace(t, customer_ike_id="0.0.0.0"))  # noqa: S104
        planter.record("id-any", connection)


def plant_nameless_tunnels(planter: Planter) -> None:
    """Remove the tunnel index from three dual-tunnel connections."""
    for _ in range(3):
        if connection := planter.take(lambda c: c.is_dual):
            planter.set_tunnels(connection, lambda t: replace(t, index=None))
            planter.record("tunnel-index-missing", connection)


def plant_locked_gateway(planter: Planter) -> None:
    """Lock one VPN gateway for unpaid bills."""
    if connection := planter.take(lambda c: c.attach_type == "VPNGW"):
        gateways = planter.draft.vpn_gateways
        for position, gateway in enumerate(gateways):
            if gateway.vpn_gateway_id == connection.vpn_gateway_id:
                gateways[position] = replace(gateway, business_status="FinancialLocked")
        planter.record("gateway-locked", connection)


def _plant_reused_key(planter: Planter) -> None:
    """Set one key on three connections of three customer gateways."""
    key = planter.draw.pre_shared_key()
    taken: list[EmulatedConnection] = []
    for _ in range(3):
        peers = {tunnel.customer_gateway_id for other in taken for tunnel in other.tunnels}
        connection = planter.take(_has_other_peers(peers))
        if connection:
            _set_key(planter, connection, key)
            taken.append(connection)
    if taken:
        planter.record("key-reused", *taken)


def _has_other_peers(peers: set[str]) -> Callable[[EmulatedConnection], bool]:
    return lambda connection: (
        is_psk(connection)
        and not any(tunnel.customer_gateway_id in peers for tunnel in connection.tunnels)
    )


def _always(proposal: EmulatedProposal) -> Callable[[EmulatedProposal], EmulatedProposal]:
    return lambda _: proposal


def _set_key(planter: Planter, connection: EmulatedConnection, key: str) -> None:
    planter.set_tunnels(connection, lambda tunnel: replace(tunnel, psk=key))


def _with_equal_ids(tunnel: EmulatedTunnel) -> EmulatedTunnel:
    return replace(
        tunnel, cloud_ike_id="ipsec.corp.example.com", customer_ike_id="ipsec.corp.example.com"
    )
