"""Generate the proposals of tunnels, many of them outdated, as in published configurations."""

from __future__ import annotations

from dataclasses import replace

from vpnframe.emulator.fleet.drawing import Draw
from vpnframe.emulator.fleet.model import EmulatedProposal

API_DEFAULTS = EmulatedProposal()
SM_PROPOSAL = EmulatedProposal(ike_enc="sm4", ike_auth="sm3", ipsec_enc="sm4", ipsec_auth="sm3")

_VERSION = {"ikev1": 55.0, "ikev2": 45.0}
_MODE = {"main": 80.0, "aggressive": 20.0}
_ENC = {"aes": 52.0, "aes256": 20.0, "aes192": 8.0, "3des": 10.0, "des": 10.0}
_AUTH = {"md5": 28.0, "sha1": 44.0, "MD5": 6.0, "sha256": 17.0, "sha384": 2.0, "sha512": 3.0}
_IKE_GROUP = {"group2": 66.0, "group1": 8.0, "group5": 9.0, "group14": 16.0, "group24": 1.0}
_PFS = {"group2": 62.0, "disabled": 10.0, "group1": 5.0, "group5": 8.0, "group14": 15.0}
_IKE_LIFETIME = {86400: 76.0, 28800: 14.0, 3600: 5.0, 43200: 3.0, 14400: 2.0}
_IPSEC_LIFETIME = {86400: 74.0, 3600: 12.0, 28800: 9.0, 7200: 3.0, 1800: 2.0}


def draw_proposal(draw: Draw) -> EmulatedProposal:
    """Generate a proposal; both phases usually have the same cipher and hash."""
    enc, auth = draw.weighted(_ENC), draw.weighted(_AUTH)
    return EmulatedProposal(
        ike_version=draw.weighted(_VERSION),
        ike_mode=draw.weighted(_MODE),
        ike_enc=enc,
        ike_auth=auth,
        ike_pfs=draw.weighted(_IKE_GROUP),
        ike_lifetime=draw.weighted(_IKE_LIFETIME),
        ipsec_enc=enc if draw.chance(0.7) else draw.weighted(_ENC),
        ipsec_auth=auth if draw.chance(0.7) else draw.weighted(_AUTH),
        ipsec_pfs=draw.weighted(_PFS),
        ipsec_lifetime=draw.weighted(_IPSEC_LIFETIME),
    )


def draw_second_proposal(draw: Draw, first: EmulatedProposal) -> EmulatedProposal:
    """Generate the second tunnel's proposal, which equals ``first`` in about half of all calls."""
    if draw.chance(0.52):
        return first
    if draw.chance(0.4):
        return replace(first, ipsec_lifetime=3600 if first.ipsec_lifetime != 3600 else 28800)
    return draw_proposal(draw)
