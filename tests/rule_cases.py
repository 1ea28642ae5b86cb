"""Cases for every rule: a fleet that fails, one that passes, and one that nobody can judge."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from audit_helpers import (
    DAY_MS,
    FIRST,
    GOOD,
    NEXT,
    NOW_MS,
    PLACE,
    SECOND,
    SM,
    block,
    inventory,
    no_block,
    pair,
)

from vpnframe.inventory import Inventory

Make = Callable[[], Inventory]


class Case(NamedTuple):
    """Fleets on which a rule fails, with what severity; passes; and can't tell."""

    fails: Make | None
    severity: str | None
    passes: Make
    unknown: Make | None


def one(**changes: Any) -> Make:
    """A fleet of one good tunnel with changes."""
    return lambda: inventory(changes)


def two(*changes: Mapping[str, Any]) -> Make:
    """A fleet of several tunnels with changes each, of connections of their own."""
    return lambda: inventory(
        *({"vpn_connection_id": f"vco-{i}", **change} for i, change in enumerate(changes, 1))
    )


def key(**changes: Any) -> Make:
    """A fleet of one good tunnel, of whose key something else is known."""
    return lambda: inventory({}, keys=[changes])


def no_key() -> Inventory:
    """A fleet of whose key nothing is known."""
    return inventory({}, keys=[None])


def gateway(**changes: Any) -> Make:
    """A fleet whose VPN gateway is another one."""
    return lambda: inventory({}, gateways=[changes])


def blocks(vpc: list[str], onprem: list[str], **changes: Any) -> Make:
    """A fleet of one tunnel with other selectors."""
    return lambda: inventory({"vpc_subnets": vpc, "onprem_subnets": onprem, **changes})


def bgp(**changes: Any) -> Make:
    """A fleet of one tunnel with BGP."""
    good = {"bgp_enabled": True, "bgp_status": "success", "bgp_auth_state": "present"}
    link = {"customer_gateway_asn": 65001, "bgp_tunnel_cidr": "169.254.10.0/30"}
    return one(**good | link | changes)


def routed(*, known: bool | None = True, status: str | None = None, **route: Any) -> Make:
    """A fleet of one tunnel with a route, or with routes that nobody read."""

    def make() -> Inventory:
        changes = {} if status is None else {"tunnel_status": status}
        rows = [block(GOOD, "vpc", "10.0.0.0/16", has_known_routes=known)]
        given = {
            "vpn_gateway_id": "vpn-1",
            "vpn_connection_id": "vco-1",
            "destination_cidr": "192.168.7.0/24",
            "tunnel_ids": [],
            **route,
        }
        return inventory(changes, subnets=rows, routes=[given] if route else [])

    return make


def two_ways(**changes: Any) -> Inventory:
    """Two connections with the same blocks to two addresses."""
    return inventory(changes, NEXT | OTHER_PEER | changes)


def many_routes(n: int, kind: str = "destination") -> Inventory:
    """A gateway with so many routes of a kind."""
    rows = [block(GOOD, "vpc", "10.0.0.0/16")]
    routes = [
        {
            "vpn_gateway_id": "vpn-1",
            "vpn_connection_id": "vco-1",
            "route_type": kind,
            "destination_cidr": f"192.168.{i}.0/24",
            "tunnel_ids": [],
        }
        for i in range(n)
    ]
    return inventory({}, subnets=rows, routes=routes)


def of_value(column: str, bad: Any, good: Any, severity: str) -> Case:
    """The case of a rule that looks at one value."""
    return Case(one(**{column: bad}), severity, one(**{column: good}), one(**{column: None}))


def shared_ike(*changes: Mapping[str, Any]) -> Make:
    """Connections of one gateway to one peer."""
    return two(*({"onprem_subnets": [f"10.9.{i}.0/24"], **one} for i, one in enumerate(changes)))


def unread() -> Inventory:
    """A route-based connection whose routes nobody read."""
    row = block(GOOD, "onprem", "0.0.0.0/0", has_known_routes=None, routing_mode="route")
    return inventory({"routing_mode": "route", "onprem_subnets": ["0.0.0.0/0"]}, subnets=[row])


def meeting(left: Mapping[str, Any], right: Mapping[str, Any], severity: str) -> Case:
    """The case of a rule on pairs: these two fail, disjoint ones pass, unread ones are open."""
    apart = two({}, OTHER_PEER | {"onprem_subnets": ["10.9.0.0/24"]})
    return Case(two(left, OTHER_PEER | right), severity, apart, unread)


DOWN = {"tunnel_status": "ike_sa_established"}
SPOKE = {"vpc_subnets": ["0.0.0.0/0"], "routing_mode": "mixed"}
APART = {"onprem_subnets": ["172.16.9.0/24"]}
ELSEWHERE = {"vpn_gateway_id": "vpn-2", "vpc_id": "vpc-2"}
OTHER_PEER = {"customer_gateway_ip": "91.9.9.9", "customer_gateway_id": "cgw-2"}
CASES = {
    "vpn-ike-aggressive-mode": Case(
        one(ike_version=1, ike_mode="aggressive"),
        "high",
        one(ike_version=2, ike_mode="aggressive"),
        one(ike_version=1, ike_mode=None),
    ),
    "vpn-ike-version-1": of_value("ike_version", 1, 2, "medium"),
    "vpn-ike-des": of_value("ike_encryption", "des-cbc", "3des-cbc", "critical"),
    "vpn-ipsec-des": of_value("ipsec_encryption", "des-cbc", "3des-cbc", "critical"),
    "vpn-ike-3des": of_value("ike_encryption", "3des-cbc", "des-cbc", "medium"),
    "vpn-ipsec-3des": of_value("ipsec_encryption", "3des-cbc", "aes-128-cbc", "high"),
    "vpn-ipsec-block-limit": Case(
        one(ipsec_encryption="3des-cbc", bandwidth_mbps=4, ipsec_lifetime_s=86400),
        "high",
        one(ipsec_encryption="3des-cbc", bandwidth_mbps=3, ipsec_lifetime_s=86400),
        one(ipsec_encryption="3des-cbc", bandwidth_mbps=None),
    ),
    "vpn-ike-md5": of_value("ike_integrity", "hmac-md5", "hmac-sha1", "medium"),
    "vpn-ipsec-md5": of_value("ipsec_integrity", "hmac-md5", "hmac-sha1", "medium"),
    "vpn-ike-sha1": of_value("ike_integrity", "hmac-sha1", "hmac-md5", "info"),
    "vpn-ipsec-sha1": of_value("ipsec_integrity", "hmac-sha1", "hmac-sha256", "info"),
    "vpn-ike-dh-1": of_value("ike_dh_group", 1, 2, "critical"),
    "vpn-ike-dh-2": of_value("ike_dh_group", 2, 14, "medium"),
    "vpn-ike-dh-5": of_value("ike_dh_group", 5, 14, "medium"),
    "vpn-ike-dh-24": of_value("ike_dh_group", 24, 14, "medium"),
    "vpn-encryption-none": of_value("ipsec_encryption", "none", "aes-128-cbc", "critical"),
    "vpn-ipsec-pfs-off": of_value("ipsec_pfs_group", 0, 14, "medium"),
    "vpn-ipsec-pfs-weak": of_value("ipsec_pfs_group", 5, 0, "low"),
    "vpn-lifetime-zero": Case(None, None, one(), one(ipsec_lifetime_s=0)),
    "vpn-ipsec-lifetime-long": of_value("ipsec_lifetime_s", 28801, 28800, "info"),
    "vpn-lifetime-order": Case(
        one(ike_lifetime_s=3600, ipsec_lifetime_s=3601),
        "info",
        one(ike_lifetime_s=3600, ipsec_lifetime_s=3600),
        one(ike_lifetime_s=None),
    ),
    "vpn-rekey-storm": Case(
        one(ike_lifetime_s=899),
        "low",
        one(ike_lifetime_s=900, ipsec_lifetime_s=300),
        one(ipsec_lifetime_s=None),
    ),
    "vpn-value-unknown": Case(None, None, one(), one(ike_encryption="kuznyechik")),
    "vpn-all-defaults": Case(
        one(
            ike_version=1,
            ike_encryption="aes-128-cbc",
            ike_integrity="hmac-md5",
            ike_dh_group=2,
            ike_lifetime_s=86400,
            ipsec_encryption="aes-128-cbc",
            ipsec_integrity="hmac-md5",
            ipsec_pfs_group=2,
            ipsec_lifetime_s=86400,
        ),
        "medium",
        one(),
        one(
            ike_version=1,
            ike_encryption="aes-128-cbc",
            ike_integrity="hmac-md5",
            ike_dh_group=None,
            ike_lifetime_s=86400,
            ipsec_encryption="aes-128-cbc",
            ipsec_integrity="hmac-md5",
            ipsec_pfs_group=2,
            ipsec_lifetime_s=86400,
        ),
    ),
    "vpn-tunnels-differ": Case(
        lambda: inventory(FIRST, SECOND | {"ipsec_lifetime_s": 7200}),
        "medium",
        lambda: inventory(*pair()),
        lambda: inventory(FIRST, SECOND | {"ike_integrity": None}),
    ),
    "vpn-sm-profile": Case(
        one(**SM | {"has_peer_ca": False}), "high", one(**SM), one(**SM | {"has_peer_ca": None})
    ),
    "vpn-psk-published": Case(
        key(psk_class="published", psk_bits=0), "critical", key(psk_class="random"), no_key
    ),
    "vpn-psk-weak": Case(key(psk_bits=63), "high", key(psk_bits=80), no_key),
    "vpn-psk-reused": Case(
        lambda: inventory(
            {},
            NEXT | OTHER_PEER | {"onprem_subnets": ["10.9.0.0/24"]},
            keys=[{"psk_fingerprint": "same"}] * 2,
        ),
        "high",
        lambda: inventory({}, NEXT | OTHER_PEER),
        no_key,
    ),
    "vpn-psk-derived": Case(
        key(psk_class="derived", psk_bits=63),
        "critical",
        key(psk_class="derived", psk_bits=64),
        no_key,
    ),
    "vpn-psk-unavailable": Case(None, None, one(), one(psk_state="masked")),
    "vpn-id-any": Case(
        one(customer_gateway_ike_id="%any"), "medium", one(customer_gateway_ike_id=None), None
    ),
    "vpn-ike-shared-peer-mismatch": Case(
        shared_ike(DOWN, DOWN | {"ike_integrity": "hmac-sha512"}),
        "high",
        lambda: inventory(
            {"ike_version": 1},
            NEXT | {"ike_version": 1, "onprem_subnets": ["10.9.0.0/24"]},
            keys=[{"psk_fingerprint": "same"}] * 2,
        ),
        lambda: inventory({}, NEXT, keys=[{"psk_fingerprint": "same"}, None]),
    ),
    "vpn-id-equal": Case(
        one(vpn_gateway_ike_id="a.example", customer_gateway_ike_id="a.example"),
        "medium",
        one(vpn_gateway_ike_id=None, customer_gateway_ike_id=None),
        None,
    ),
    "vpn-bgp-no-auth": Case(
        bgp(bgp_auth_state="absent"), "info", bgp(bgp_auth_state="masked"), bgp(bgp_auth_state=None)
    ),
    "vpn-bgp-parameters": Case(
        bgp(customer_gateway_asn=45104, bgp_status="failed"),
        "medium",
        bgp(),
        bgp(bgp_tunnel_cidr=None),
    ),
    "vpn-bgp-down": Case(
        bgp(bgp_status="failed"), "high", bgp(bgp_status="success"), bgp(bgp_status="odd")
    ),
    "vpn-health-check-failing": Case(
        one(health_check_status="failed"),
        "medium",
        one(health_check_status="success"),
        one(health_check_status=None),
    ),
    "vpn-gateway-expiring": Case(
        gateway(charge_type="PREPAY", expires_at=NOW_MS + 30 * DAY_MS),
        "medium",
        gateway(charge_type="PREPAY", expires_at=NOW_MS + 31 * DAY_MS),
        gateway(charge_type="PREPAY", expires_at=None),
    ),
    "vpn-gateway-locked": Case(
        gateway(business_status="FinancialLocked"),
        "high",
        gateway(business_status="Normal"),
        gateway(business_status=None),
    ),
    "vpn-gateway-unused": Case(
        gateway(n_connections=0),
        "low",
        gateway(n_connections=1),
        lambda: inventory(
            {}, gateways=[{"n_connections": 0}], coverage=[{"status": "partial", "n_failed": 1}]
        ),
    ),
    "vpn-gateway-not-active": Case(
        gateway(status="updating"), "medium", gateway(status="Active"), gateway(status=None)
    ),
    "vpn-state-not-active": Case(
        one(tunnel_state="updating"),
        "medium",
        one(connection_state="attached"),
        one(connection_state=None, tunnel_state=None),
    ),
    "vpn-gateway-connections-quota": Case(
        gateway(n_connections=9), "info", gateway(n_connections=8), None
    ),
    "vpn-gateway-routes-quota": Case(
        lambda: many_routes(17), "info", lambda: many_routes(16), routed(known=None)
    ),
    "vpn-subnets-quota": Case(
        blocks(["10.0.0.0/16"], [f"10.{i}.0.0/16" for i in (1, 3, 5, 7, 9)]),
        "info",
        blocks(["10.0.0.0/16"], [f"10.{i}.0.0/16" for i in (1, 3, 5, 7)]),
        None,
    ),
    "vpn-no-live-path": Case(
        one(tunnel_status="ike_sa_established"), "high", one(), one(tunnel_status=None)
    ),
    "vpn-id-fqdn-main-mode": Case(
        one(ike_version=1, customer_gateway_ike_id="lima.example", tunnel_status="down"),
        "medium",
        one(ike_version=1, customer_gateway_ike_id="91.1.2.3"),
        one(ike_version=1, ike_mode=None, customer_gateway_ike_id="lima.example"),
    ),
    "vpn-orphan": Case(
        one(attach_type="NO_ASSOCIATED", vpn_gateway_id=None),
        "low",
        one(attach_type="CEN", vpn_gateway_id=None, transit_router_id="tr-1"),
        lambda: inventory({}, gateways=[], coverage=[{"n_calls": 0}]),
    ),
    "vpn-single-tunnel": Case(
        one(),
        "medium",
        lambda: inventory({}, NEXT | OTHER_PEER),
        lambda: inventory(
            {"routing_mode": "route"},
            NEXT | OTHER_PEER | {"routing_mode": "route"},
            subnets=[block(GOOD, "onprem", "0.0.0.0/0", has_known_routes=False)],
        ),
    ),
    "vpn-one-zone": Case(
        lambda: inventory(*pair(zone_id="cn-beijing-h")),
        "low",
        lambda: inventory(*pair()),
        lambda: inventory(*pair(zone_id=None)),
    ),
    "vpn-dpd-off": of_value("dpd_enabled", False, True, "low"),
    "vpn-health-check-off": Case(
        lambda: two_ways(health_check_enabled=False),
        "low",
        one(health_check_enabled=False),
        lambda: two_ways(health_check_enabled=None),
    ),
    "vpn-natt-off": Case(
        one(nat_traversal_enabled=False, customer_gateway_ike_id="192.168.1.2"),
        "low",
        one(nat_traversal_enabled=False),
        one(nat_traversal_enabled=None, customer_gateway_ike_id="192.168.1.2"),
    ),
    "vpn-not-established": of_value(
        "tunnel_status", "ike_sa_established", "ipsec_sa_established", "medium"
    ),
    "vpn-standby-down": Case(
        lambda: inventory(FIRST, SECOND | {"tunnel_status": "ike_sa_not_established"}),
        "medium",
        lambda: inventory(*pair()),
        lambda: inventory(FIRST, SECOND | {"tunnel_status": None}),
    ),
    "vpn-route-unpublished": Case(
        routed(route_type="policy", state="normal"),
        "medium",
        routed(route_type="policy", state="published"),
        routed(known=None),
    ),
    "vpn-route-next-hop-down": Case(
        routed(route_type="destination", status="ike_sa_established"),
        "medium",
        routed(route_type="destination"),
        routed(known=False),
    ),
    "vpn-witness-conflict": Case(
        lambda: inventory(
            {},
            disagreements=[
                {**PLACE, "vpn_connection_id": "vco-1", "field": "ike_mode"},
            ],
        ),
        "medium",
        one(),
        one(witnesses="describe", perspective=None),
    ),
    "vpn-overlap-own-sides": Case(blocks(["10.0.0.0/16"], ["10.0.7.0/24"]), "high", one(), unread),
    "vpn-overlap-onprem": meeting(SPOKE, SPOKE, "high"),
    "vpn-overlap-selector-pair": meeting({}, {}, "high"),
    "vpn-overlap-duplicate": meeting(
        {}, {"customer_gateway_ip": "91.1.2.3", "customer_gateway_id": "cgw-1"}, "medium"
    ),
    "vpn-overlap-route-domain": meeting({}, {"vpn_gateway_id": "vpn-2"}, "high"),
    "vpn-overlap-other-vpc": meeting(
        {"transit_router_id": "tr-1"},
        {"vpc_subnets": ["192.168.0.0/16"], "transit_router_id": "tr-1"} | APART | ELSEWHERE,
        "high",
    ),
    "vpn-overlap-not-judged": Case(None, None, one(), unread),
    "vpn-selector-wide": Case(
        blocks(["10.0.0.0/16"], ["0.0.0.0/0"]),
        "medium",
        blocks(["0.0.0.0/0"], ["0.0.0.0/0"]),
        lambda: inventory({}, subnets=[no_block(GOOD, "vpc", "10.0.0.0")]),
    ),
    "vpn-selector-redundant": Case(
        blocks(["10.0.0.0/16"], ["10.210.0.0/16", "10.210.3.0/24"]),
        "low",
        blocks(["10.0.0.0/16"], ["10.1.0.0/16", "10.2.0.0/16"]),
        lambda: inventory({}, subnets=[no_block(GOOD, "vpc", "10.0.0.0")]),
    ),
    "vpn-selector-ikev1-multi": Case(
        blocks(
            ["10.0.0.0/16"],
            ["10.7.0.0/24", "10.9.0.0/24"],
            ike_version=1,
            tunnel_status="ike_sa_established",
        ),
        "high",
        blocks(["10.0.0.0/16"], ["10.7.0.0/24", "10.9.0.0/24"], ike_version=2),
        blocks(["10.0.0.0/16"], ["10.7.0.0/24", "10.9.0.0/24"], ike_version=None),
    ),
    "vpn-selector-multi-ts": Case(
        blocks(["10.0.0.0/16"], ["10.7.0.0/24", "10.9.0.0/24"], ike_version=2),
        "info",
        blocks(["10.0.0.0/16"], ["10.7.0.0/24"], ike_version=2),
        blocks(["10.0.0.0/16"], ["10.7.0.0/24", "10.9.0.0/24"], ike_version=None),
    ),
    "vpn-selector-reserved": Case(
        blocks(["10.0.0.0/16"], ["100.64.0.0/10"]),
        "critical",
        blocks(["100.64.0.0/16"], ["0.0.0.0/0"]),
        lambda: inventory({}, subnets=[no_block(GOOD, "vpc", "10.0.0.0")]),
    ),
    "vpn-selector-documentation": Case(
        blocks(["10.0.0.0/16"], ["198.51.100.0/25"]),
        "low",
        blocks(["10.0.0.0/16"], ["198.50.0.0/16"]),
        lambda: inventory({}, subnets=[no_block(GOOD, "vpc", "10.0.0.0")]),
    ),
    "vpn-selector-public": Case(
        blocks(["9.0.0.0/16"], ["10.0.0.0/16"]),
        "medium",
        blocks(["10.0.0.0/16", "2408:4002::/56"], ["192.168.0.0/16"]),
        lambda: inventory({}, subnets=[no_block(GOOD, "vpc", "10.0.0.0")]),
    ),
    "vpn-selector-invalid": Case(
        None,
        None,
        one(),
        lambda: inventory({}, subnets=[no_block(GOOD, "vpc", "172.25.0.0/12")]),
    ),
}
# Nothing given is the default there, so that nothing is ever unknown.
NEVER_UNKNOWN = {
    *("vpn-id-any", "vpn-id-equal", "vpn-gateway-connections-quota", "vpn-subnets-quota"),
}
NEVER_FAIL = {
    *("vpn-lifetime-zero", "vpn-value-unknown", "vpn-psk-unavailable"),
    *("vpn-overlap-not-judged", "vpn-selector-invalid"),
}
