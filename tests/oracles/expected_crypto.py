"""Compute the expected findings on proposals, in the vendor's terms."""

from __future__ import annotations

from collections.abc import Iterator

from expected_sightings import Sighting, sm_gateways, tunnels_of

from vpnframe.emulator.fleet.model import EmulatedConnection, EmulatedFleet, EmulatedProposal

_CIPHERS = {
    ("ike", "des"): ("vpn-ike-des", "critical"),
    ("ike", "3des"): ("vpn-ike-3des", "medium"),
    ("ipsec", "des"): ("vpn-ipsec-des", "critical"),
    ("ipsec", "3des"): ("vpn-ipsec-3des", "high"),
}
_HASHES = {"md5": "medium", "sha1": "info"}
_GROUPS = {"group1": "critical", "group2": "medium", "group5": "medium", "group24": "medium"}
# DH groups ranked by strength; 14 and 24 are equally strong.
_RANKS = {"group1": 1, "group2": 2, "group5": 3, "group14": 4, "group24": 4}
_DAY = 86400
_HOURS_8 = 8 * 3600


def crypto_faults(fleet: EmulatedFleet) -> Iterator[Sighting]:
    """Yield every fault of each tunnel's proposal, and every connection whose tunnels differ."""
    sm = sm_gateways(fleet)
    for connection, tunnel in tunnels_of(fleet):
        faults = list(_lifetime_faults(tunnel.proposal))
        if connection.vpn_gateway_id in sm:
            faults += [("vpn-sm-profile", "high")] * _is_other_suite(tunnel.proposal)
            faults += [("vpn-sm-profile", "high")] * (tunnel.peer_ca is None)
        else:
            faults += _weaknesses(tunnel.proposal, connection.bandwidth_mbps)
        for rule_id, severity in faults:
            status = "unknown" if rule_id == "vpn-lifetime-zero" else "open"
            yield Sighting(
                rule_id,
                connection.vpn_connection_id,
                severity,
                tunnel_id=tunnel.tunnel_id,
                status=status,
            )
    for connection in fleet.connections:
        if _differ(connection, is_sm=connection.vpn_gateway_id in sm):
            yield Sighting("vpn-tunnels-differ", connection.vpn_connection_id, "medium")


def _weaknesses(proposal: EmulatedProposal, mbps: int) -> Iterator[tuple[str, str]]:
    if proposal.ike_version == "ikev1":
        yield "vpn-ike-version-1", "medium"
    for phase, cipher in (("ike", proposal.ike_enc), ("ipsec", proposal.ipsec_enc)):
        if (phase, cipher.lower()) in _CIPHERS:
            yield _CIPHERS[phase, cipher.lower()]
    for phase, digest in (("ike", proposal.ike_auth), ("ipsec", proposal.ipsec_auth)):
        if digest.lower() in _HASHES:
            yield f"vpn-{phase}-{digest.lower()}", _HASHES[digest.lower()]
    if proposal.ike_pfs in _GROUPS:
        yield f"vpn-ike-dh-{proposal.ike_pfs.removeprefix('group')}", _GROUPS[proposal.ike_pfs]
    if proposal.ipsec_pfs == "disabled":
        yield "vpn-ipsec-pfs-off", "medium"
    elif proposal.ipsec_pfs != "group14":
        is_less = _RANKS[proposal.ipsec_pfs] < _RANKS[proposal.ike_pfs]
        yield "vpn-ipsec-pfs-weak", "low" if is_less else "info"
    if proposal.ipsec_enc in ("des", "3des"):
        bits = mbps * 10**6 * proposal.ipsec_lifetime
        if bits >= 8 * 32 * 2**30:
            yield "vpn-ipsec-block-limit", "high"
    if _is_default(proposal):
        yield "vpn-all-defaults", "medium"


def _lifetime_faults(proposal: EmulatedProposal) -> Iterator[tuple[str, str]]:
    ike, ipsec = proposal.ike_lifetime, proposal.ipsec_lifetime
    if 0 in (ike, ipsec):
        yield "vpn-lifetime-zero", "info"
    if ipsec > _HOURS_8:
        has_large_blocks = proposal.ipsec_enc in ("aes", "aes192", "aes256", "sm4")
        yield "vpn-ipsec-lifetime-long", "info" if has_large_blocks else "medium"
    if 0 < ike < ipsec:
        yield "vpn-lifetime-order", "info"
    if 0 < ike < 900 or 0 < ipsec < 300:
        yield "vpn-rekey-storm", "low"


def _is_default(proposal: EmulatedProposal) -> bool:
    """Check for the API's defaults. The IKE version is ignored: documents disagree on it."""
    return (
        (proposal.ike_version == "ikev2" or proposal.ike_mode == "main")
        and (proposal.ike_enc, proposal.ipsec_enc) == ("aes", "aes")
        and (proposal.ike_auth.lower(), proposal.ipsec_auth.lower()) == ("md5", "md5")
        and (proposal.ike_pfs, proposal.ipsec_pfs) == ("group2", "group2")
        and (proposal.ike_lifetime, proposal.ipsec_lifetime) == (_DAY, _DAY)
    )


def _is_other_suite(proposal: EmulatedProposal) -> bool:
    wanted = ("ikev1", "main", "sm4", "sm3", "sm4", "sm3")
    return wanted != (
        proposal.ike_version,
        proposal.ike_mode,
        proposal.ike_enc,
        proposal.ike_auth,
        proposal.ipsec_enc,
        proposal.ipsec_auth,
    )


def _differ(connection: EmulatedConnection, *, is_sm: bool) -> bool:
    return len({_comparable(tunnel.proposal, is_sm) for tunnel in connection.tunnels}) > 1


def _comparable(proposal: EmulatedProposal, is_sm: bool) -> tuple[object, ...]:
    return (
        proposal.ike_version,
        proposal.ike_mode if proposal.ike_version == "ikev1" else "",
        *(proposal.ike_enc, proposal.ipsec_enc),
        *(proposal.ike_auth.lower(), proposal.ipsec_auth.lower()),
        *(("", "") if is_sm else (proposal.ike_pfs, proposal.ipsec_pfs)),
        *(proposal.ike_lifetime, proposal.ipsec_lifetime),
    )
