"""The last value on either side of every line that a rule draws, and what is said there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
from rule_cases import (
    OTHER_PEER,
    bgp,
    blocks,
    gateway,
    key,
    many_routes,
    no_key,
    one,
    routed,
    two,
    unread,
)

from vpnframe.inventory import Inventory

P, F, U = "pass", "fail", "unknown"
LOOSE = {"attach_type": "NO_ASSOCIATED", "vpn_gateway_id": None, "vpc_id": None}
ROUTER = {"attach_type": "CEN", "vpn_gateway_id": None, "transit_router_id": "tr-1"}
DOWN = {"tunnel_status": "ike_sa_not_established"}
EVERYTHING = {"vpc_subnets": ["0.0.0.0/0"], "onprem_subnets": ["0.0.0.0/0"]}


class Edge(NamedTuple):
    """A fleet, what the rule says row by row, and how bad, why and from what what it says is."""

    make: Callable[[], Inventory]
    results: str  # the words, with spaces between them
    severities: str | None = None  # of the rows that fail
    told: Sequence[str] | None = None  # the evidence of each finding
    causes: Sequence[str | None] | None = None  # the rule that each finding follows from


def of(*tunnels: dict[str, Any], **tables: Any) -> Callable[[], Inventory]:
    """A fleet of some tunnels and rows of other tables."""
    return lambda: inventory(*(tunnels or ({},)), **tables)


def linked(cidr: str | None, other: str | None = None, **changes: Any) -> Callable[[], Inventory]:
    """BGP on a link, and on a second connection, of the same gateway unless it says otherwise."""
    rows = [{**BGP, "bgp_tunnel_cidr": cidr}]
    if other is not None:
        rows.append({**BGP, **NEXT, **OTHER_PEER, "bgp_tunnel_cidr": other, **changes})
    return of(*rows)


BGP = {
    "bgp_enabled": True, "bgp_status": "success", "bgp_auth_state": "present",
    "customer_gateway_asn": 65001,
}  # fmt: skip


def prepaid(charge_type: str | None, days: int | None) -> Callable[[], Inventory]:
    """A gateway whose subscription ends in so many days."""
    ends = None if days is None else NOW_MS + days * DAY_MS
    return gateway(charge_type=charge_type, expires_at=ends)


def gone(n_calls: int, others: int = 0, **changes: Any) -> Callable[[], Inventory]:
    """A connection of a gateway that is not there, in a region that so many calls were made to."""
    gateways = [{"gateway_id": f"vpn-{9 + i}"} for i in range(others)]
    return of(
        {"vpn_gateway_id": "vpn-8"} | changes, gateways=gateways, coverage=[{"n_calls": n_calls}]
    )


def to_tunnels(*statuses: str | None, ids: list[str], **route: Any) -> Callable[[], Inventory]:
    """A pair of tunnels with these states, and a route that names some."""
    first, second = pair()
    given = {"vpn_gateway_id": "vpn-1", "vpn_connection_id": "vco-1", "route_type": "bgp"}
    given |= {"destination_cidr": "192.168.7.0/24", "tunnel_ids": ids} | route
    return of(
        first | {"tunnel_status": statuses[0]},
        second | {"tunnel_status": statuses[1]},
        routes=[given],
    )


def same_peer(*changes: dict[str, Any], prints: Sequence[str] = ("f", "f")) -> Any:
    """Two connections between one pair of addresses."""
    rows = [{"onprem_subnets": [f"10.9.{i}.0/24"], **one} for i, one in enumerate(changes)]
    rows[1] = NEXT | rows[1]
    return of(*rows, keys=[{"psk_fingerprint": text} for text in prints])


def of_key(psk_class: str, bits: int = 190) -> Callable[[], Inventory]:
    """A key of a class."""
    return key(psk_class=psk_class, psk_bits=bits)


def listed(cidr: str, side: str = "onprem", **changes: Any) -> Callable[[], Inventory]:
    """One block alone."""
    return of({}, subnets=[block(GOOD, side, cidr, **changes)])


SHARED = "2 connections between 47.1.2.3 and 91.1.2.3 differ in "
UP = "ipsec_sa_established"
AVAILABILITY: dict[str, list[Edge]] = {
    "vpn-health-check-failing": [
        Edge(one(health_check_enabled=None, health_check_status="failed"), ""),
        Edge(one(health_check_status="odd"), U),
        Edge(one(health_check_status="Failed"), F, "medium", ["health_check_status is Failed"]),
    ],
    "vpn-gateway-expiring": [
        Edge(prepaid("prepaid", 30), F, "medium"),
        Edge(prepaid("prepaid", 8), F, "medium"),
        Edge(prepaid("prepaid", 7), F, "high", [
            "prepaid, ends on 2026-03-08; auto-renewal is not visible in this API; connections: 1",
        ]),
        Edge(prepaid("prepaid", -1), F, "high", [
            "prepaid, has ended on 2026-02-28; auto-renewal is not visible in this API; "
            "connections: 1",
        ]),
        Edge(prepaid("prepaid", 0), F, "high", [
            "prepaid, ends on 2026-03-01; auto-renewal is not visible in this API; connections: 1",
        ]),
        Edge(prepaid("Postpay", 3), P),
        Edge(prepaid("PostPaid", 3), P),
        Edge(prepaid("odd", 3), U),
        Edge(prepaid(None, 31), P),
        Edge(of({}, gateways=[{"kind": "customer", "charge_type": "PREPAY"}]), ""),
    ],
    "vpn-gateway-locked": [
        Edge(gateway(business_status="odd"), U),
        Edge(gateway(business_status="FINANCIALLOCKED"), F, "high"),
    ],
    "vpn-gateway-unused": [
        Edge(of({}, gateways=[{"n_connections": 0}], coverage=[{"status": "denied"}]), U),
        Edge(gateway(n_connections=0, created_at=NOW_MS - 7 * DAY_MS), F, "low"),
        Edge(gateway(n_connections=0, created_at=NOW_MS - 7 * DAY_MS + 1000), P),
        Edge(gateway(n_connections=0, created_at=None), U),
        Edge(
            of({}, gateways=[{"kind": "customer", "n_connections": 0, "gateway_id": "cgw-7"}]),
            F,
            told=["customer gateway cgw-7 has no connection"],
        ),
    ],
    "vpn-orphan": [
        Edge(one(), P),
        Edge(one(attach_type="NO_ASSOCIATED"), P),
        Edge(one(attach_type="odd"), P),
        Edge(one(attach_type="odd", vpn_gateway_id=None), U),
        Edge(one(attach_type=None, vpn_gateway_id=None), U),
        Edge(one(attach_type="no_associated", vpn_gateway_id=None), F),
        Edge(gone(1), F, told=["attach_type is VPNGW, vpn_gateway_id is vpn-8"]),
        Edge(gone(0), U),
        Edge(gone(0, others=1), F),
        Edge(gone(0, attach_type="NO_ASSOCIATED"), F),
        Edge(of({"vpn_gateway_id": "vpn-8"}, coverage=[{"status": "partial"}]), U),
    ],
    "vpn-single-tunnel": [
        Edge(unread, F),
        Edge(of(*pair()), ""),
        Edge(of(LOOSE, NEXT | OTHER_PEER | LOOSE), f"{F} {F}"),
        Edge(of({}, NEXT), f"{F} {F}"),
        Edge(of({}, NEXT | OTHER_PEER | {"vpc_id": "vpc-2", "vpn_gateway_id": "vpn-2"}),
             f"{F} {F}"),
        Edge(of(EVERYTHING, NEXT | OTHER_PEER | EVERYTHING), f"{F} {F}"),
        Edge(of({}, NEXT | OTHER_PEER, subnets=[]), f"{U} {U}"),
        Edge(of({}, subnets=[]), F),
        Edge(one(tunnel_count=2), ""),
        Edge(one(tunnel_count=None), F),
    ],
    "vpn-one-zone": [Edge(one(), "")],
    "vpn-health-check-off": [
        Edge(of(*pair(health_check_enabled=False)), ""),
        Edge(one(health_check_enabled=False), P),
        Edge(of(*({**more, "health_check_enabled": False} for more in ({}, NEXT | OTHER_PEER))),
             f"{F} {F}", told=["health_check_enabled is false"] * 2),
        Edge(of(*({**more, "health_check_enabled": False} for more in ({}, NEXT))),
             f"{P} {P}"),
    ],
    "vpn-not-established": [
        Edge(of(FIRST, SECOND | DOWN), f"{P} {P}"),
        Edge(of(FIRST | DOWN, SECOND), f"{F} {P}", told=["the tunnel is ike_sa_not_established"]),
        Edge(one(**LOOSE | DOWN), ""),
        Edge(one(tunnel_status="odd"), U),
        Edge(one(tunnel_status=None, connection_status=UP), P),
    ],
    "vpn-standby-down": [
        Edge(one(tunnel_role=None, **DOWN), ""),
        Edge(of(FIRST, SECOND | {"tunnel_role": None} | DOWN), U),
        Edge(of(FIRST | {"tunnel_role": None}, SECOND | {"tunnel_role": None}), f"{P} {P}"),
        Edge(of(FIRST | {"tunnel_status": None}, SECOND | DOWN), P),
        Edge(of(FIRST, SECOND | {"tunnel_role": "active"} | DOWN), ""),
    ],
}  # fmt: skip
ROUTING: dict[str, list[Edge]] = {
    "vpn-bgp-no-auth": [
        Edge(one(bgp_enabled=False, bgp_auth_state="absent"), ""),
        Edge(one(bgp_enabled=None, bgp_auth_state="absent"), U),
        Edge(bgp(bgp_auth_state="odd"), U),
        Edge(of(*pair(**BGP | {"bgp_auth_state": None}), gateways=[{}]), f"{U} {U}"),
        Edge(of(*pair(**BGP | {"bgp_auth_state": "absent"}), gateways=[{}]), f"{U} {U}"),
        Edge(
            of(*pair(**BGP | {"bgp_auth_state": "absent"}),
               gateways=[{}, {"kind": "customer", "bgp_auth_state": "masked"}]),
            f"{P} {P}",
        ),
        Edge(
            of(BGP | {"bgp_auth_state": "absent"},
               gateways=[{}, {"kind": "customer", "bgp_auth_state": "present"}]),
            F,
            "info",
        ),
    ],
    "vpn-bgp-parameters": [
        Edge(linked("169.254.255.252/30"), P),
        Edge(linked("169.254.0.0/30"), P),
        Edge(linked("169.255.0.0/30"), F, told=[
            "the tunnel's block is not a /30 inside 169.254.0.0/16: AS 65001, link 169.255.0.0/30",
        ]),
        Edge(linked("169.253.255.252/30"), F),
        Edge(linked("169.254.10.0/29"), F),
        Edge(linked("fe80::/30"), F),
        Edge(linked("169.254.1.0/30", "169.254.1.0/30"), f"{F} {F}", told=[
            "the tunnel's block is used twice on the gateway: AS 65001, link 169.254.1.0/30",
        ] * 2),
        Edge(linked("169.254.1.0/30", "169.254.1.4/30"), f"{P} {P}"),
        Edge(linked("169.254.1.0/30", "169.254.1.0/30", bgp_enabled=False), P),
        Edge(linked("169.254.1.0/30", "169.254.1.0/30", bgp_enabled=None), f"{P} {P}"),
        Edge(of(*({**BGP, **ROUTER, **more, "bgp_tunnel_cidr": "169.254.1.0/30"}
                  for more in ({}, NEXT | OTHER_PEER))), f"{P} {P}"),
        Edge(
            of({**BGP, "customer_gateway_asn": 45104, "bgp_tunnel_cidr": "10.0.0.0/30"}),
            F,
            "info",
            ["the customer gateway has the cloud's own AS 45104, the tunnel's block is not a /30 "
             "inside 169.254.0.0/16: AS 45104, link 10.0.0.0/30"],
        ),
    ],
    "vpn-bgp-down": [
        *(Edge(bgp(bgp_status=word), F) for word in ("false", "DOWN", "idle")),
        Edge(bgp(bgp_status="Established"), P),
        Edge(bgp(bgp_status=None), U),
        Edge(bgp(bgp_status="idle", tunnel_status=None), F, "high"),
        Edge(bgp(bgp_status="idle", **DOWN), F, "medium"),
        Edge(of(FIRST | BGP, SECOND | BGP | {"bgp_status": "idle"}), f"{P} {F}", "medium"),
        Edge(one(bgp_enabled=False, bgp_status="false"), ""),
    ],
    "vpn-route-unpublished": [
        Edge(routed(route_type="policy", state="unpublished"), F, told=[
            "not published to the VPC: 192.168.7.0/24",
        ]),
        Edge(routed(route_type="policy", state="Published"), P),
        Edge(routed(route_type="policy", state="odd"), U),
        Edge(routed(route_type="destination", state="normal"), P),
        Edge(routed(route_type="policy", state="normal", vpn_connection_id="vco-9"), P),
    ],
    "vpn-route-next-hop-down": [
        Edge(to_tunnels("ike_sa_not_established", UP, ids=["tun-2"]), P),
        Edge(to_tunnels("ike_sa_not_established", UP, ids=["tun-1"]), F, told=[
            "the tunnel is down behind 192.168.7.0/24",
        ]),
        Edge(to_tunnels("ike_sa_not_established", UP, ids=["tun-1", "tun-2"]), P),
        Edge(to_tunnels("ike_sa_not_established", None, ids=["tun-1", "tun-2"]), U),
        Edge(to_tunnels("ike_sa_not_established", UP, ids=["tun-9"]), U),
        Edge(to_tunnels("ike_sa_not_established", UP, ids=[]), P),
        Edge(to_tunnels("ike_sa_not_established", None, ids=[]), U),
        Edge(to_tunnels("ike_sa_not_established", "ike_sa_established", ids=[]), F),
    ],
}  # fmt: skip
IDENTITY: dict[str, list[Edge]] = {
    "vpn-id-fqdn-main-mode": [
        Edge(one(ike_version=1, customer_gateway_ike_id="lima.example"), F, "info"),
        Edge(one(ike_version=1, customer_gateway_ike_id="lima.example", **DOWN), F, "medium"),
    ],
    "vpn-id-any": [
        *(Edge(one(customer_gateway_ike_id=text), F, "medium")
          for text in ("%ANY", " 0.0.0.0", "::")),
        Edge(one(customer_gateway_ike_id="%any", ike_version=1, ike_mode="aggressive"), F, "high"),
        Edge(one(customer_gateway_ike_id="%any", ike_version=1), F, "medium"),
    ],
    "vpn-id-equal": [
        Edge(one(vpn_gateway_ike_id="", customer_gateway_ike_id=" "), P),
        Edge(one(vpn_gateway_ike_id="a ", customer_gateway_ike_id="a"), F),
    ],
    "vpn-ike-shared-peer-mismatch": [
        Edge(of(FIRST, SECOND | {"ike_integrity": "hmac-sha512"}), f"{P} {P}"),
        Edge(one(customer_gateway_ip=None), U),
        Edge(one(vpn_gateway_ip=None), U),
        Edge(same_peer({}, {"ike_mode": "aggressive"}), f"{P} {P}"),
        Edge(same_peer({}, {"vpn_gateway_ike_id": "47.1.2.3"}), f"{P} {P}"),
        Edge(same_peer({}, {"vpn_gateway_ike_id": "b"}), f"{F} {F}", "info"),
        Edge(same_peer(DOWN, DOWN | {"vpn_gateway_ike_id": "a"}), f"{F} {F}", "high", [
            f"{SHARED}vpn_gateway_ike_id",
        ] * 2),
        Edge(same_peer({}, {"ike_dh_group": 5, "ike_encryption": "des-cbc"}), f"{F} {F}", "info", [
            f"{SHARED}ike_encryption, ike_dh_group",
        ] * 2),
        Edge(same_peer(DOWN, DOWN, prints=("f", "g")), f"{F} {F}", "high", [
            f"{SHARED}psk_fingerprint",
        ] * 2),
        Edge(same_peer({"auth_method": "certificate"}, {"auth_method": "certificate"}),
             f"{P} {P}"),
    ],
    "vpn-witness-conflict": [
        Edge(one(perspective="conflict"), F, "medium", [
            "download and list row differ in perspective",
        ]),
        Edge(one(perspective="assumed"), P),
        Edge(one(witnesses="download"), U),
        Edge(
            of({}, disagreements=[
                {**PLACE, "vpn_connection_id": name, "field": field}
                for name in ("vco-9", "vco-1")
                for field in ("ike_mode", "ike_mode", "ike_dh_group")
            ]),
            F,
            told=["download and list row differ in ike_mode, ike_dh_group"],
        ),
        Edge(
            of({"perspective": "conflict"}, disagreements=[
                {**PLACE, "vpn_connection_id": "vco-1", "field": "ike_mode"},
            ]),
            F,
            told=["download and list row differ in ike_mode"],
        ),
    ],
}  # fmt: skip
KEYS: dict[str, list[Edge]] = {
    "vpn-psk-published": [
        *(Edge(of_key(word), P) for word in ("derived", "dictionary", "patterned", "random")),
        Edge(of_key("odd"), U),
        Edge(one(auth_method="certificate"), ""),
        Edge(of({"auth_method": "unknown"}, keys=[{"psk_class": "published"}]), U),
    ],
    "vpn-psk-weak": [
        Edge(of_key("random", 64), F, "medium", ["the key has 64 to 79 bits by estimate"]),
        Edge(of_key("random", 63), F, "high", ["the key has under 64 bits by estimate"]),
        Edge(of_key("random", 79), F, "medium"),
        Edge(of_key("random", 80), P),
        Edge(of_key("random", 111), P),
    ],
    "vpn-psk-derived": [
        *(Edge(of_key(word, 20), P) for word in ("published", "dictionary", "patterned", "random")),
        Edge(of_key("odd", 20), U),
    ],
    "vpn-psk-unavailable": [
        Edge(one(psk_state="absent"), U, told=["the key is absent"]),
        Edge(one(psk_state="masked"), U, told=["the key is masked"]),
        Edge(one(psk_state=None), U, told=["the key is not known"]),
        Edge(no_key, U, told=["the key is present, but no facts about it were kept"]),
        *(Edge(one(auth_method=word), U, told=["the key is not known, nor whether there is one"])
          for word in (None, "unknown", "eap")),
    ],
}  # fmt: skip
CRYPTO: dict[str, list[Edge]] = {
    "vpn-ike-aggressive-mode": [
        Edge(of({"ike_version": 1, "ike_mode": "aggressive"}, keys=[{"psk_bits": 79}]), F,
             "critical", ["IKEv1 runs in aggressive mode"]),
        Edge(of({"ike_version": 1, "ike_mode": "aggressive"}, keys=[{"psk_bits": 80}]), F, "high"),
    ],
    "vpn-value-unknown": [
        Edge(one(ike_encryption="rot13", ipsec_lifetime_s=None), U, told=[
            "ike_encryption is rot13, ipsec_lifetime_s is missing",
        ]),
        Edge(one(ike_lifetime_s=86400), P),
        Edge(one(ike_lifetime_s=86401), U),
        Edge(one(**SM), P),
    ],
    "vpn-tunnels-differ": [
        Edge(one(), ""),
        Edge(of(FIRST, SECOND | {"ike_dh_group": 5, "ipsec_pfs_group": 0}), F, "medium", [
            "ike_dh_group 14 and 5, ipsec_pfs_group 14 and 0",
        ]),
        Edge(
            of(FIRST, SECOND | {"ike_encryption": "des-cbc", "ike_integrity": None}), F, "medium",
            ["ike_encryption aes-256-cbc and des-cbc"],
        ),
    ],
    "vpn-sm-profile": [
        Edge(one(**SM | {"has_peer_ca": False, "ike_mode": "aggressive"}), F, "high", [
            "not as the SM suite requires: ike_mode, has_peer_ca",
        ]),
        Edge(one(), ""),
    ],
    "vpn-ipsec-block-limit": [
        Edge(one(ipsec_encryption="3des-cbc", bandwidth_mbps=4, ipsec_lifetime_s=68719), P),
        Edge(one(ipsec_encryption="3des-cbc", bandwidth_mbps=4, ipsec_lifetime_s=68720), F),
    ],
    "vpn-ipsec-lifetime-long": [
        *(Edge(one(ipsec_lifetime_s=28801, ipsec_encryption=word), F, "info")
          for word in ("aes-128-cbc", "aes-192-cbc", "sm4-cbc")),
        Edge(one(ipsec_lifetime_s=28801, ipsec_encryption="3des-cbc"), F, "medium"),
    ],
    "vpn-rekey-storm": [
        Edge(one(ipsec_lifetime_s=299), F),
        Edge(one(ike_lifetime_s=0), U),
    ],
}  # fmt: skip
# What a tunnel is, and whether the best group on offer alone holds it under 128 bits.
CEILINGS: list[tuple[dict[str, Any], dict[str, Any], bool]] = [
    ({}, {}, True),
    ({}, {"psk_bits": 112}, False),
    ({"ike_dh_group": 24}, {}, False),
    ({"ike_dh_group": 5}, {}, False),
    ({"ipsec_encryption": "3des-cbc"}, {"psk_bits": 111}, False),
    ({}, {"psk_bits": 111}, False),
    (SM | {"auth_method": "psk", "ike_dh_group": 14}, {}, False),
    ({"ike_encryption": "des-cbc"}, {}, True),
]
SELECTORS: dict[str, list[Edge]] = {
    "vpn-selector-wide": [
        Edge(blocks(["0.0.0.0/0"], ["10.0.0.0/16"]), f"{F} {P}", "info", ["VPC 0.0.0.0/0"]),
        Edge(listed("10.0.0.0/8"), F, "low", ["on-premises 10.0.0.0/8"]),
        Edge(listed("0.0.0.0/0"), F, "medium"),
        Edge(listed("10.0.0.0/8", origin="bgp"), ""),
        *(
            Edge(of({}, subnets=[block(GOOD, "onprem", cidr) for cidr in cidrs]),
                 " ".join([P] * len(cidrs)))
            for cidrs in (
                ["10.0.0.0/9", "172.16.0.0/12", "192.168.0.0/16"],
                ["10.0.0.0/9", "10.128.0.0/9", "172.16.0.0/13", "192.168.0.0/16"],
                ["10.0.0.0/9", "10.128.0.0/9", "192.168.0.0/16"],
                ["10.0.0.0/9", "10.128.0.0/9", "172.16.0.0/12"],
            )
        ),
        Edge(
            of({}, subnets=[block(GOOD, "onprem", cidr) for cidr in (
                "10.0.0.0/9", "10.128.0.0/9", "172.16.0.0/12", "192.168.0.0/16", "9.1.0.0/16")]),
            f"{F} {F} {F} {F} {P}",
        ),
        Edge(
            of({}, subnets=[
                *(block(GOOD, "onprem", cidr) for cidr in ("10.0.0.0/9", "10.128.0.0/9")),
                *(block(GOOD, "vpc", cidr) for cidr in ("172.16.0.0/12", "192.168.0.0/16")),
            ]),
            f"{P} {P} {P} {P}",
        ),
        Edge(
            of({}, subnets=[
                block(GOOD, "onprem", "0.0.0.0/0", origin="bgp"), block(GOOD, "vpc", "0.0.0.0/0"),
            ]),
            F,
            "info",
        ),
    ],
    "vpn-selector-redundant": [
        Edge(blocks(["10.1.0.0/16", "10.1.2.0/24"], ["10.2.0.0/16"]), F, "low", [
            "VPC 10.1.0.0/16, 10.1.2.0/24",
        ]),
        Edge(blocks(["10.2.0.0/16", "10.3.0.0/16"], ["10.8.0.0/16", "10.8.0.0/16"]), F, "low", [
            "VPC 10.2.0.0/16, 10.3.0.0/16; on-premises 10.8.0.0/16, 10.8.0.0/16",
        ]),
        Edge(of({"onprem_subnets": ["10.2.0.0/16"]}, subnets=[
            block(GOOD, "onprem", "10.2.0.0/16"),
            block(GOOD, "onprem", "10.2.1.0/24", origin="bgp"),
        ]), P),
        Edge(of({"vpc_subnets": ["10.0.0.0"], "onprem_subnets": ["10.2.0.0/16", "10.3.0.0/16"]},
                subnets=[no_block(GOOD, "vpc", "10.0.0.0"), block(GOOD, "onprem", "10.2.0.0/16"),
                         block(GOOD, "onprem", "10.3.0.0/16")]), F),
    ],
    "vpn-selector-invalid": [
        Edge(listed("10.0.0.0/16", cidr_raw="10.0.0.1/16"), U, told=["on-premises 10.0.0.1/16"]),
        Edge(listed("10.0.0.0/16", cidr_raw="010.0.0.0/16"), U),
        Edge(listed("2001:db8::/32", cidr_raw="2001:DB8::/32"), P),
        Edge(listed("10.0.0.0/16", cidr_raw="10.0.0.1/16", origin="bgp"), ""),
        Edge(of({}, subnets=[no_block(GOOD, "vpc", "10.0.0.0")]), U, told=["VPC 10.0.0.0"]),
    ],
    "vpn-selector-ikev1-multi": [
        Edge(blocks(["10.0.0.0/16", "10.2.0.0/16"], ["10.7.0.0/24"], ike_version=1, **DOWN), F,
             "high", ["IKEv1 with 2 VPC and 1 on-premises blocks"]),
        Edge(blocks(["10.0.0.0/16", "10.2.0.0/16"], ["10.7.0.0/24"], ike_version=1), F, "info", [
            "IKEv1 with 2 VPC and 1 on-premises blocks: a tunnel is up, but at most one pair of "
            "blocks is negotiated",
        ]),
        Edge(blocks(["10.0.0.0/16"], ["10.7.0.0/24"], ike_version=1), P),
        Edge(of(*({**one, "ike_version": version, "onprem_subnets": ["10.7.0.0/24", "10.9.0.0/24"]}
                  for one, version in ((FIRST, None), (SECOND, 1)))), F),
    ],
    "vpn-selector-reserved": [
        Edge(listed("255.255.255.255/32"), F, "high"),
        Edge(listed("224.1.0.0/16"), F, "high"),
        Edge(listed("169.254.10.0/30", origin="bgp"), P),
        Edge(listed("10.1.0.0/16", origin="bgp"), P),
        Edge(listed("127.1.0.0/16", origin="bgp"), F, "high"),
        Edge(listed("100.65.0.0/16", origin="bgp"), F, "high", ["on-premises 100.65.0.0/16"]),
    ],
    "vpn-selector-documentation": [
        *(Edge(listed(cidr), F, "low") for cidr in (
            "198.18.0.0/16", "192.0.2.0/25", "203.0.113.0/24", "2001:db8:7::/48")),
    ],
    "vpn-selector-public": [
        Edge(listed("9.0.0.0/16"), F, "info", ["on-premises 9.0.0.0/16"]),
        Edge(listed("0.0.0.0/0"), P),
    ],
}  # fmt: skip
FIVE = "10.10.0.0/16, 10.11.0.0/16, 10.12.0.0/16, 10.13.0.0/16, 10.14.0.0/16"
SAME = {"onprem_subnets": GOOD["onprem_subnets"], "vpc_subnets": GOOD["vpc_subnets"]}
IN_CHANGE = ("init", "Provisioning", "updating", "upgrading", "deleting", "deleted")
LOCKED = ("locked", "FinancialLocked", "SecurityLocked")
STATES: dict[str, list[Edge]] = {
    "vpn-gateway-not-active": [
        *(Edge(gateway(status=word), F, "medium") for word in IN_CHANGE),
        *(Edge(gateway(status=word), F, "high") for word in LOCKED),
        Edge(gateway(status="odd"), U),
        Edge(of({}, gateways=[{"kind": "customer", "status": "updating"}]), ""),
    ],
    "vpn-state-not-active": [
        *(Edge(one(tunnel_state=word), F, "medium") for word in (*IN_CHANGE, "attaching")),
        *(Edge(one(connection_state=word), F, "medium") for word in (*IN_CHANGE, "detaching")),
        *(Edge(one(tunnel_state=word), F, "high") for word in LOCKED),
        *(Edge(one(connection_state=word), F, "high") for word in LOCKED),
        *(Edge(one(connection_state=word, tunnel_state=None), P)
          for word in ("Active", "detached")),
        Edge(one(connection_state="odd", tunnel_state="active"), U),
        Edge(one(connection_state="odd", tunnel_state="updating"), F, "medium"),
    ],
    "vpn-no-live-path": [
        Edge(of(FIRST, SECOND | DOWN), P),
        Edge(of(FIRST | DOWN, SECOND | DOWN), F, "high", ["no live tunnel carries 192.168.7.0/24"]),
        Edge(of(FIRST | DOWN, SECOND | {"tunnel_status": "odd"}), U),
        Edge(of(DOWN, NEXT | OTHER_PEER | SAME), f"{P} {P}"),
        Edge(of(DOWN, NEXT | OTHER_PEER | SAME | DOWN), f"{F} {F}"),
        Edge(of(DOWN, NEXT | OTHER_PEER | SAME | {"tunnel_status": "odd"}), f"{U} {U}"),
        Edge(of(DOWN, NEXT | OTHER_PEER | {"onprem_subnets": ["192.168.9.0/24"]}), f"{F} {P}"),
        Edge(of(DOWN, NEXT | OTHER_PEER | SAME | {"vpc_subnets": ["10.77.0.0/16"]}), f"{F} {P}"),
        Edge(of(DOWN, NEXT | OTHER_PEER | SAME | {"vpc_subnets": ["0.0.0.0/0"]}), f"{P} {P}"),
        *(Edge(blocks(["10.0.0.0/16"], [f"10.{i}.0.0/16" for i in range(10, 10 + n)], **DOWN), F,
               "high", [f"no live tunnel carries {FIVE}{more}"])
          for n, more in ((5, ""), (6, " and 1 more"), (7, " and 2 more"))),
        Edge(one(**LOOSE | DOWN), ""),
    ],
    "vpn-gateway-connections-quota": [
        Edge(gateway(n_connections=9), F, "info", ["9 of 10 connections (default quota)"]),
        Edge(of({}, gateways=[{"kind": "customer", "n_connections": 90}]), ""),
    ],
    "vpn-gateway-routes-quota": [
        *(Edge(lambda n=n, kind=kind: many_routes(n, kind), F, "info", [
            f"{n} of {quota} {kind} routes (default quota)",
        ]) for kind, n, quota in (("policy", 17, 20), ("destination", 17, 20), ("bgp", 41, 50))),
        *(Edge(lambda n=n, kind=kind: many_routes(n, kind), P)
          for kind, n in (("policy", 16), ("bgp", 40))),
    ],
    "vpn-subnets-quota": [
        Edge(blocks([f"10.{i}.0.0/16" for i in (1, 3, 5, 7, 9)], ["172.16.0.0/16"]), F, "info", [
            "5 VPC and 1 on-premises blocks of 5 a side",
        ]),
    ],
}  # fmt: skip
EDGES = {
    **STATES,
    **AVAILABILITY, **ROUTING, **IDENTITY, **KEYS, **CRYPTO, **SELECTORS,
    "vpn-overlap-not-judged": [Edge(two({}, OTHER_PEER), f"{P} {P}")],
}  # fmt: skip
