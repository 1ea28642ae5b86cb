"""Plant weak settings: proposals, pre-shared keys, IKE ids, certificates and BGP."""

from __future__ import annotations

from dataclasses import replace

from vpnframe.emulator.fleet.connections import CLOUD_ASN
from vpnframe.emulator.fleet.model import EmulatedConnection, EmulatedProposal
from vpnframe.emulator.fleet.proposals import API_DEFAULTS
from vpnframe.emulator.planted.planter import Planter, is_psk, is_static

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
_PROPOSALS = {
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
# This pre-shared key is printed in the vendor's public documentation.
_PUBLISHED_KEY = "pgw6dy7d1i8in7x5"


def plant_settings(planter: Planter) -> None:
    """Plant all weak settings, starting with those that few connections can have."""
    for _ in range(3):
        planter.plant("tunnel-index-missing", lambda c: c.is_dual, index=None)
    for connection in planter.take("tunnels-differ", lambda c: is_psk(c) and c.is_dual):
        first, second = connection.tunnels
        weak = replace(API_DEFAULTS, ike_mode="aggressive", ike_enc="3des", ipsec_enc="des")
        pair = (replace(first, proposal=_STRONG), replace(second, proposal=weak))
        planter.change(connection, tunnels=pair)
    _plant_peer_in_two_regions(planter)
    name = "ipsec.corp.example.com"
    planter.plant("ids-equal", is_psk, cloud_ike_id=name, customer_ike_id=name)
    planter.plant("id-any", is_psk, customer_ike_id="0.0.0.0")  # noqa: S104
    _plant_reused_key(planter)
    _plant_keys(planter)
    for plant_id, proposal in _PROPOSALS.items():
        planter.plant(plant_id, is_psk, proposal=proposal)
    for connection in planter.take("gateway-locked", lambda c: c.attach_type == "VPNGW"):
        gateways, gateway_id = planter.draft.vpn_gateways, connection.vpn_gateway_id or ""
        gateways[gateway_id] = replace(gateways[gateway_id], business_status="FinancialLocked")
    planter.plant(
        "sm-without-certificate", lambda c: c.tunnels[0].peer_ca is not None, peer_ca=None
    )
    for connection in planter.take("bgp-own-asn", lambda c: c.tunnels[0].bgp is not None):
        tunnels = (
            replace(tunnel, bgp=tunnel.bgp and replace(tunnel.bgp, customer_asn=CLOUD_ASN))
            for tunnel in connection.tunnels
        )
        planter.change(connection, tunnels=tuple(tunnels))


def _plant_peer_in_two_regions(planter: Planter) -> None:
    """Give customer gateways in two regions the same address."""
    if pair := planter.take_pair(
        "peer-in-two-regions",
        lambda c: c.network_type == "public" and is_static(c),
        lambda left, right: (
            left.account_id == right.account_id and left.region_id != right.region_id
        ),
    ):
        peer = planter.add_peer(pair[1], pair[0].tunnels[0].customer_ip)
        planter.set_tunnels(pair[1], **peer)


def _plant_reused_key(planter: Planter) -> None:
    """Set the same pre-shared key on three connections with different customer gateways."""
    key = planter.draw.pre_shared_key()
    chosen: list[EmulatedConnection] = []
    peers: set[str] = set()
    for connection in planter.find(is_psk):
        if len(chosen) < 3 and peers.isdisjoint(connection.customer_gateway_ids):
            chosen.append(connection)
            peers.update(connection.customer_gateway_ids)
            planter.set_tunnels(connection, psk=key)
    if chosen:
        planter.record("key-reused", *chosen)


def _plant_keys(planter: Planter) -> None:
    """Plant several weak pre-shared keys and one strong pre-shared key."""
    draw = planter.draw
    for plant_id, key in (
        ("key-published", _PUBLISHED_KEY),
        ("key-derived-from-name", f"Shanghai-Office!{draw.rng.randint(2001, 2026)}"),
        ("key-dictionary", f"Sunshine#Dragon{draw.rng.randint(10, 99)}"),
        ("key-short", draw.pre_shared_key()[:9]),
        ("key-long-random", draw.pre_shared_key() + draw.pre_shared_key()),
    ):
        for connection in planter.plant(plant_id, is_psk, psk=key):
            if plant_id == "key-derived-from-name":
                planter.change(connection, name="to-shanghai-office")
