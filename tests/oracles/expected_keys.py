"""Compute the expected findings on pre-shared keys, and the strength of tunnels."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator

from expected_overlaps import routing_domains
from expected_parties import list_parties
from expected_sightings import Sighting, sm_gateways, tunnels_of

from vpnframe.emulator.fleet.model import EmulatedConnection, EmulatedFleet, EmulatedTunnel

_PUBLISHED = frozenset({"pgw6dy7d1i8in7x5", "tf-testvpn1", "tf-testvpn2", "Test@123", "12345678"})
_GUESSED = {"key-derived-from-name": "derived", "key-dictionary": "words", "key-short": "short"}
_EVERYTHING = ("0.0.0.0/0", "::/0")
# Security strength in bits of the parts that can be the weakest.
_CIPHER_BITS = {"des": 56, "3des": 112, "aes": 128, "aes192": 192, "aes256": 256}
_GROUP_BITS = {"group1": 70, "group2": 80, "group5": 97, "group14": 112, "group24": 112}


def key_faults(fleet: EmulatedFleet) -> Iterator[Sighting]:
    """Yield every fault of a pre-shared key, and every key whose hash is sent unencrypted."""
    planted = _planted(fleet)
    for connection, tunnel in tunnels_of(fleet):
        if tunnel.psk is None:
            continue
        origin = planted.get(connection.vpn_connection_id, "")
        bits = _bits(tunnel.psk, origin)
        is_open = tunnel.proposal.ike_version == "ikev1" and tunnel.proposal.ike_mode != "main"
        faults = []
        if tunnel.psk in _PUBLISHED:
            faults.append(("vpn-psk-published", "critical"))
        if origin == "derived":
            faults.append(("vpn-psk-derived", "critical"))
        if bits < 80:
            faults.append(("vpn-psk-weak", _severity(bits, is_open=is_open)))
        elif bits < 112:  # below the baseline: a recommendation, not a risk
            faults.append(("profile-psk-bits", "info"))
        if is_open:
            faults.append(("vpn-ike-aggressive-mode", "critical" if bits < 80 else "high"))
        for rule_id, severity in faults:
            yield Sighting(
                rule_id, connection.vpn_connection_id, severity, tunnel_id=tunnel.tunnel_id
            )
    yield from _reused(fleet)


def at_ceiling(fleet: EmulatedFleet) -> bool:
    """Check whether only the Diffie-Hellman group 14 keeps a tunnel below 128 bits."""
    planted, sm = _planted(fleet), sm_gateways(fleet)
    return any(
        connection.vpn_gateway_id not in sm
        and tunnel.psk is not None
        and tunnel.proposal.ike_pfs == "group14"
        and _worth(tunnel) == 112
        and _bits(tunnel.psk, planted.get(connection.vpn_connection_id, "")) > 112
        for connection, tunnel in tunnels_of(fleet)
    )


def _planted(fleet: EmulatedFleet) -> dict[str, str]:
    """Return, by connection id, how the pre-shared key was weakened."""
    return {
        connection_id: _GUESSED[plant.plant_id]
        for plant in fleet.planted
        if plant.plant_id in _GUESSED
        for connection_id in plant.vpn_connection_ids
    }


def _bits(key: str, origin: str) -> float:
    """Estimate the strength of a pre-shared key in bits; keys without plant are random."""
    if key in _PUBLISHED:
        return 0
    if origin:
        return 40
    kinds = (str.isdigit, str.islower, str.isupper)
    sizes = [size for is_kind, size in zip(kinds, (10, 26, 26), strict=True) if _any(is_kind, key)]
    return min(256, math.floor(len(key) * math.log2(sum(sizes))))


def _any(is_kind: object, key: str) -> bool:
    assert callable(is_kind)
    return any(map(is_kind, key))


def _severity(bits: float, *, is_open: bool) -> str:
    if bits < 64:
        return "critical" if is_open else "high"
    return "medium"


def _worth(tunnel: EmulatedTunnel) -> int:
    """Return the strength in bits of a tunnel's cipher and Diffie-Hellman groups."""
    cipher = _CIPHER_BITS.get(tunnel.proposal.ipsec_enc, 128)
    return min(cipher, _GROUP_BITS[tunnel.proposal.ike_pfs], 128)


def _reused(fleet: EmulatedFleet) -> Iterator[Sighting]:
    """Yield the tunnels that share a pre-shared key, except the two ends of one tunnel."""
    holders: defaultdict[str, list[tuple[EmulatedConnection, EmulatedTunnel]]] = defaultdict(list)
    for connection, tunnel in tunnels_of(fleet):
        if tunnel.psk is not None:
            holders[tunnel.psk].append((connection, tunnel))
    sites = _sites(fleet)
    for group in holders.values():
        severity = _spread(group, sites)
        if severity:
            for connection, tunnel in group:
                yield Sighting(
                    "vpn-psk-reused",
                    connection.vpn_connection_id,
                    severity,
                    tunnel_id=tunnel.tunnel_id,
                )


def _spread(
    group: list[tuple[EmulatedConnection, EmulatedTunnel]], sites: dict[str, object]
) -> str:
    """Return the severity of a pre-shared key that tunnels share; empty if this is no fault."""
    if len({tunnel.customer_ip for _, tunnel in group}) == 1:
        return ""
    ids = {connection.vpn_connection_id for connection, _ in group}
    links = [(c.vpn_connection_id, t, u, d.vpn_connection_id) for c, t in group for d, u in group]
    mirrored = {(c, d) for c, t, u, d in links if _are_ends(t, u)}
    is_all_mirrored = all(any(_are_ends(t, u) for _, u in group) for _, t in group)
    joined = _components(ids, mirrored)
    same_site = {
        (c, d) for c in ids for d in ids if c in sites and sites[c] == sites.get(d) and c != d
    }
    if len(_components(ids, mirrored | same_site)) > 1:
        return "high"
    peers: defaultdict[str, set[str]] = defaultdict(set)
    for connection, tunnel in group:
        peers[connection.vpn_connection_id].add(tunnel.customer_ip)
    if len(joined) == 1 and is_all_mirrored and all(len(own) == 1 for own in peers.values()):
        return ""
    return "low"


def _are_ends(one: EmulatedTunnel, other: EmulatedTunnel) -> bool:
    """Check by address or identity whether two tunnels are the two ends of one tunnel."""
    by_address = (one.cloud_ip, one.customer_ip) == (other.customer_ip, other.cloud_ip)
    by_id = (one.cloud_ike_id, one.customer_ike_id) == (other.customer_ike_id, other.cloud_ike_id)
    return (by_address and one.cloud_ip != one.customer_ip) or (
        by_id and one.cloud_ike_id != one.customer_ike_id
    )


def _components(nodes: set[str], edges: set[tuple[str, str]]) -> list[set[str]]:
    parts: list[set[str]] = [{node} for node in sorted(nodes)]
    for one, other in edges:
        touched = [part for part in parts if one in part or other in part]
        parts = [part for part in parts if part not in touched] + [set().union(*touched)]
    return parts


def _sites(fleet: EmulatedFleet) -> dict[str, object]:
    """Return the routing domain and the on-premises blocks by connection id, if there are any."""
    parties = list_parties(fleet)
    found: dict[str, object] = {}
    for number, domain in enumerate(routing_domains(fleet)):
        for connection in domain:
            reached = parties[connection.vpn_connection_id].cidrs("onprem").difference(_EVERYTHING)
            if reached and connection.attach_type != "NO_ASSOCIATED":
                found[connection.vpn_connection_id] = (number, reached)
    return found
