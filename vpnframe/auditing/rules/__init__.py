"""All rules: their ids, the functions that judge, and their relations to each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from vpnframe.auditing.fleet import Fleet
from vpnframe.auditing.rules import (
    availability,
    crypto,
    identity,
    keys,
    lifetimes,
    overlap,
    paths,
    ranges,
    routing,
    selectors,
    states,
)
from vpnframe.auditing.verdicts import Verdicts


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: its id, its judging function, and its relations to profiles and other rules."""

    rule_id: str  # its id, under which its text is found
    judge: Callable[[Fleet], Verdicts]  # maps a fleet to verdicts
    # The columns that it judges as profiles do: what both report is one finding
    columns: tuple[str, ...] = ()
    # Rules that imply it if they fail, or cannot judge, on the same connection
    implied_by: tuple[str, ...] = ()


_VALUE = "vpn-value-unknown"
_DEFAULTS = "vpn-all-defaults"
_ZERO = "vpn-lifetime-zero"
_NO_KEY = "vpn-psk-unavailable"
# Rules on outages, causes first: a prefix without a path, then a tunnel.
_DEAD = "vpn-no-live-path"
_DOWN = (_DEAD, "vpn-not-established", "vpn-standby-down")
_GROUPS = ("vpn-ike-dh-1", "vpn-ike-dh-2", "vpn-ike-dh-5", "vpn-ike-dh-24")
_NO_ROUTES = "vpn-overlap-not-judged"
_NO_BLOCK = "vpn-selector-invalid"
_IKE, _IPSEC = "ike_lifetime_s", "ipsec_lifetime_s"

RULES = (
    Rule("vpn-ike-aggressive-mode", crypto.ike_aggressive_mode, ("ike_mode",), (_VALUE,)),
    Rule(
        "vpn-ike-version-1",
        crypto.ike_version_1,
        ("ike_version",),
        ("vpn-ike-aggressive-mode", _VALUE),
    ),
    Rule(
        "vpn-encryption-none",
        crypto.encryption_none,
        ("ike_encryption", "ipsec_encryption"),
        (_VALUE,),
    ),
    Rule("vpn-ike-des", crypto.ike_des, ("ike_encryption",), (_VALUE,)),
    Rule("vpn-ipsec-des", crypto.ipsec_des, ("ipsec_encryption",), (_VALUE,)),
    Rule("vpn-ike-3des", crypto.ike_3des, ("ike_encryption",), (_VALUE,)),
    Rule("vpn-ipsec-3des", crypto.ipsec_3des, ("ipsec_encryption",), (_VALUE,)),
    Rule(
        "vpn-ipsec-block-limit",
        lifetimes.ipsec_block_limit,
        implied_by=("vpn-ipsec-des", "vpn-ipsec-3des", _ZERO, _VALUE),
    ),
    Rule("vpn-ike-md5", crypto.ike_md5, ("ike_integrity",), (_DEFAULTS, _VALUE)),
    Rule("vpn-ipsec-md5", crypto.ipsec_md5, ("ipsec_integrity",), (_DEFAULTS, _VALUE)),
    Rule("vpn-ike-sha1", crypto.ike_sha1, ("ike_integrity",), (_VALUE,)),
    Rule("vpn-ipsec-sha1", crypto.ipsec_sha1, ("ipsec_integrity",), (_VALUE,)),
    Rule("vpn-ike-dh-1", crypto.ike_dh_1, ("ike_dh_group",), (_VALUE,)),
    Rule("vpn-ike-dh-2", crypto.ike_dh_2, ("ike_dh_group",), (_DEFAULTS, _VALUE)),
    Rule("vpn-ike-dh-5", crypto.ike_dh_5, ("ike_dh_group",), (_VALUE,)),
    Rule("vpn-ike-dh-24", crypto.ike_dh_24, ("ike_dh_group",), (_VALUE,)),
    Rule("vpn-ipsec-pfs-off", crypto.ipsec_pfs_off, ("ipsec_pfs_group",), (_VALUE,)),
    Rule(
        "vpn-ipsec-pfs-weak",
        crypto.ipsec_pfs_weak,
        ("ipsec_pfs_group",),
        (_DEFAULTS, *_GROUPS, _VALUE),
    ),
    Rule("vpn-lifetime-zero", lifetimes.lifetime_zero, (_IKE, _IPSEC), (_VALUE,)),
    Rule(
        "vpn-ipsec-lifetime-long",
        lifetimes.ipsec_lifetime_long,
        (_IPSEC,),
        (_DEFAULTS, _ZERO, _VALUE),
    ),
    Rule("vpn-lifetime-order", lifetimes.lifetime_order, implied_by=(_ZERO, _VALUE)),
    Rule("vpn-rekey-storm", lifetimes.rekey_storm, (_IKE, _IPSEC), (_ZERO, _VALUE)),
    Rule("vpn-value-unknown", crypto.value_unknown),
    Rule("vpn-all-defaults", crypto.all_defaults, implied_by=(_VALUE,)),
    Rule("vpn-tunnels-differ", crypto.tunnels_differ, implied_by=(_VALUE,)),
    Rule("vpn-sm-profile", crypto.sm_profile, implied_by=(_VALUE,)),
    Rule("vpn-psk-published", keys.psk_published, implied_by=(_NO_KEY,)),
    Rule(
        "vpn-psk-weak",
        keys.psk_weak,
        ("psk_bits",),
        ("vpn-psk-published", "vpn-psk-derived", _NO_KEY),
    ),
    Rule("vpn-psk-reused", keys.psk_reused, implied_by=(_NO_KEY,)),
    Rule("vpn-psk-derived", keys.psk_derived, implied_by=(_NO_KEY,)),
    Rule("vpn-psk-unavailable", keys.psk_unavailable),
    Rule("vpn-id-any", identity.id_any),
    Rule(
        "vpn-ike-shared-peer-mismatch",
        identity.ike_shared_peer_mismatch,
        implied_by=(_VALUE, _NO_KEY),
    ),
    Rule("vpn-id-equal", identity.id_equal),
    Rule("vpn-bgp-no-auth", routing.bgp_no_auth),
    Rule("vpn-bgp-parameters", routing.bgp_parameters),
    Rule("vpn-no-live-path", paths.no_live_path, implied_by=(_NO_ROUTES,)),
    Rule("vpn-bgp-down", routing.bgp_down, implied_by=_DOWN),
    Rule("vpn-health-check-failing", availability.health_check_failing, implied_by=_DOWN),
    Rule("vpn-gateway-expiring", states.gateway_expiring),
    Rule("vpn-gateway-locked", states.gateway_locked),
    Rule("vpn-gateway-not-active", states.gateway_not_active),
    Rule("vpn-state-not-active", states.state_not_active),
    Rule("vpn-gateway-unused", states.gateway_unused),
    Rule("vpn-gateway-connections-quota", states.gateway_connections_near_quota),
    Rule("vpn-gateway-routes-quota", states.gateway_routes_near_quota),
    Rule("vpn-subnets-quota", states.subnets_near_quota),
    Rule("vpn-orphan", availability.orphan),
    Rule("vpn-single-tunnel", availability.single_tunnel, implied_by=(_NO_ROUTES,)),
    Rule("vpn-one-zone", availability.one_zone),
    Rule("vpn-dpd-off", availability.dpd_off),
    Rule("vpn-health-check-off", availability.health_check_off, implied_by=(_NO_ROUTES,)),
    Rule("vpn-natt-off", availability.natt_off),
    Rule(
        "vpn-id-fqdn-main-mode",
        identity.id_fqdn_main_mode,
        implied_by=(_DEAD, _VALUE, _NO_KEY),
    ),
    Rule(
        "vpn-not-established",
        paths.not_established,
        implied_by=(_DEAD, "vpn-id-fqdn-main-mode"),
    ),
    Rule("vpn-standby-down", paths.standby_down),
    Rule("vpn-route-unpublished", routing.route_unpublished, implied_by=(_NO_ROUTES,)),
    Rule(
        "vpn-route-next-hop-down",
        paths.route_next_hop_down,
        implied_by=(*_DOWN, _NO_ROUTES),
    ),
    Rule("vpn-witness-conflict", identity.witness_conflict),
    Rule("vpn-overlap-own-sides", overlap.overlap_own_sides, implied_by=(_NO_ROUTES,)),
    Rule("vpn-overlap-onprem", overlap.overlap_onprem, implied_by=(_NO_ROUTES,)),
    Rule("vpn-overlap-selector-pair", overlap.overlap_selector_pair, implied_by=(_NO_ROUTES,)),
    Rule("vpn-overlap-duplicate", overlap.overlap_duplicate, implied_by=(_NO_ROUTES,)),
    Rule("vpn-overlap-route-domain", overlap.overlap_route_domain, implied_by=(_NO_ROUTES,)),
    Rule("vpn-overlap-other-vpc", overlap.overlap_other_vpc, implied_by=(_NO_ROUTES,)),
    Rule("vpn-overlap-not-judged", overlap.overlap_not_judged),
    Rule("vpn-selector-wide", selectors.selector_wide, implied_by=(_NO_BLOCK,)),
    Rule("vpn-selector-redundant", selectors.selector_redundant, implied_by=(_NO_BLOCK,)),
    Rule("vpn-selector-ikev1-multi", selectors.selector_ikev1_multi, implied_by=(_VALUE,)),
    Rule("vpn-selector-multi-ts", selectors.selector_multi_ts, implied_by=(_VALUE,)),
    Rule("vpn-selector-reserved", ranges.selector_reserved, implied_by=(_NO_BLOCK,)),
    Rule("vpn-selector-documentation", ranges.selector_documentation, implied_by=(_NO_BLOCK,)),
    Rule("vpn-selector-public", ranges.selector_public, implied_by=(_NO_BLOCK,)),
    Rule("vpn-selector-invalid", selectors.selector_invalid),
)

__all__ = ["RULES", "Rule"]
