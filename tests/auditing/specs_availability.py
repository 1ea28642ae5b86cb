"""The rules of ``rules/availability.py``: cases, edges, evidence and severities."""

from __future__ import annotations

from audit_helpers import FIRST, GOOD, NEXT, PLACE, SECOND, block, inventory, pair
from rule_fleets import (
    DOWN,
    EVERYTHING,
    LOOSE,
    OTHER_PEER,
    UP,
    Case,
    Edge,
    F,
    P,
    Spec,
    U,
    gone,
    of,
    of_value,
    one,
    routed,
    to_tunnels,
    two_ways,
    unread,
)

SPECS = {
    "vpn-orphan": Spec(
        "low",
        Case(
            one(attach_type="NO_ASSOCIATED", vpn_gateway_id=None),
            "low",
            one(attach_type="CEN", vpn_gateway_id=None, transit_router_id="tr-1"),
            lambda: inventory({}, gateways=[], coverage=[{"n_calls": 0}]),
        ),
        fail=["attach_type is NO_ASSOCIATED, vpn_gateway_id is missing"],
        unknown=["not judged: the VPN gateways of the region were not read"],
        edges=[
            Edge(one(), P),
            Edge(one(attach_type="NO_ASSOCIATED"), P),
            Edge(one(attach_type="odd"), P),
            Edge(one(attach_type="odd", vpn_gateway_id=None), U),
            Edge(one(attach_type="VPNGW", vpn_gateway_id=None), P),
            Edge(one(attach_type=None, vpn_gateway_id=None), U),
            Edge(one(attach_type="no_associated", vpn_gateway_id=None), F),
            Edge(gone(1), F, told=["attach_type is VPNGW, vpn_gateway_id is vpn-8"]),
            Edge(gone(0), U),
            Edge(gone(0, others=1), F),
            Edge(gone(0, attach_type="NO_ASSOCIATED"), F),
            Edge(of({"vpn_gateway_id": "vpn-8"}, coverage=[{"status": "partial"}]), U),
        ],
    ),
    "vpn-single-tunnel": Spec(
        "medium",
        Case(
            one(),
            "medium",
            lambda: inventory({}, NEXT | OTHER_PEER),
            lambda: inventory(
                {"routing_mode": "route"},
                NEXT | OTHER_PEER | {"routing_mode": "route"},
                subnets=[block(GOOD, "onprem", "0.0.0.0/0", has_known_routes=False)],
            ),
        ),
        fail=["the only tunnel leads to 91.1.2.3"],
        unknown=[
            "not judged: the prefixes that the connection carries are not known",
            "not judged: the prefixes that the connection carries are not known",
        ],
        edges=[
            Edge(unread, F),
            Edge(of(*pair()), ""),
            Edge(of(LOOSE, NEXT | OTHER_PEER | LOOSE), f"{F} {F}"),
            Edge(of({}, NEXT), f"{F} {F}"),
            Edge(
                of({}, NEXT | OTHER_PEER | {"vpc_id": "vpc-2", "vpn_gateway_id": "vpn-2"}),
                f"{F} {F}",
            ),
            Edge(of(EVERYTHING, NEXT | OTHER_PEER | EVERYTHING), f"{F} {F}"),
            Edge(of({}, NEXT | OTHER_PEER, subnets=[]), f"{U} {U}"),
            Edge(of({}, subnets=[]), F),
            Edge(one(tunnel_count=2), ""),
            Edge(one(tunnel_count=None), F),
        ],
    ),
    "vpn-one-zone": Spec(
        "low",
        Case(
            lambda: inventory(*pair(zone_id="cn-beijing-h")),
            "low",
            lambda: inventory(*pair()),
            lambda: inventory(*pair(zone_id=None)),
        ),
        fail=["both tunnels are in cn-beijing-h"],
        unknown=["not judged: zone_id is missing or unknown"],
        edges=[Edge(one(), "")],
    ),
    "vpn-dpd-off": Spec(
        "low",
        of_value("dpd_enabled", False, True, "low"),
        fail=["dpd_enabled is false"],
        unknown=["not judged: dpd_enabled is missing or unknown"],
    ),
    "vpn-health-check-off": Spec(
        "low",
        Case(
            lambda: two_ways(health_check_enabled=False),
            "low",
            one(health_check_enabled=False),
            lambda: two_ways(health_check_enabled=None),
        ),
        fail=["health_check_enabled is false", "health_check_enabled is false"],
        unknown=[
            "not judged: the health check setting, or the prefixes of the connection, are not "
            "known",
            "not judged: the health check setting, or the prefixes of the connection, are not "
            "known",
        ],
        edges=[
            Edge(of(*pair(health_check_enabled=False)), ""),
            Edge(one(health_check_enabled=False), P),
            Edge(
                of(*({**more, "health_check_enabled": False} for more in ({}, NEXT | OTHER_PEER))),
                f"{F} {F}",
                told=["health_check_enabled is false"] * 2,
            ),
            Edge(of(*({**more, "health_check_enabled": False} for more in ({}, NEXT))), f"{P} {P}"),
        ],
    ),
    "vpn-natt-off": Spec(
        "low",
        Case(
            one(nat_traversal_enabled=False, customer_gateway_ike_id="192.168.1.2"),
            "low",
            one(nat_traversal_enabled=False),
            one(nat_traversal_enabled=None, customer_gateway_ike_id="192.168.1.2"),
        ),
        fail=["nat_traversal_enabled is false; the peer's id is 192.168.1.2, its address 91.1.2.3"],
        unknown=[
            "not judged: nat_traversal_enabled, customer_gateway_ike_id, customer_gateway_ip is "
            "missing or unknown"
        ],
    ),
    "vpn-id-fqdn-main-mode": Spec(
        "medium",
        Case(
            one(ike_version=1, customer_gateway_ike_id="lima.example", tunnel_status="down"),
            "medium",
            one(ike_version=1, customer_gateway_ike_id="91.1.2.3"),
            one(ike_version=1, ike_mode=None, customer_gateway_ike_id="lima.example"),
        ),
        fail=["the local id is missing, the remote id is lima.example"],
        unknown=["not judged: the IKE version, the mode or the authentication method is not known"],
        edges=[
            Edge(one(ike_version=1, customer_gateway_ike_id="lima.example"), F, "info"),
            Edge(one(ike_version=1, customer_gateway_ike_id="lima.example", **DOWN), F, "medium"),
            Edge(
                one(ike_version=1, customer_gateway_ike_id="lima.example", auth_method="unknown"), U
            ),
            Edge(one(customer_gateway_ike_id="lima.example", auth_method="unknown"), P),
        ],
    ),
    "vpn-not-established": Spec(
        "medium",
        of_value("tunnel_status", "ike_sa_established", "ipsec_sa_established", "medium"),
        fail=["the tunnel is ike_sa_established"],
        unknown=["not judged: tunnel_status, connection_status is missing or unknown"],
        edges=[
            Edge(of(FIRST, SECOND | DOWN), f"{P} {P}"),
            Edge(
                of(FIRST | DOWN, SECOND), f"{F} {P}", told=["the tunnel is ike_sa_not_established"]
            ),
            Edge(one(**LOOSE | DOWN), ""),
            Edge(one(tunnel_status="odd"), U),
            Edge(one(tunnel_status=None, connection_status=UP), P),
        ],
    ),
    "vpn-standby-down": Spec(
        "medium",
        Case(
            lambda: inventory(FIRST, SECOND | {"tunnel_status": "ike_sa_not_established"}),
            "medium",
            lambda: inventory(*pair()),
            lambda: inventory(FIRST, SECOND | {"tunnel_status": None}),
        ),
        fail=["the standby tunnel is ike_sa_not_established while the other tunnel is up"],
        unknown=["not judged: tunnel_status, tunnel_role is missing or unknown"],
        edges=[
            Edge(one(tunnel_role=None, **DOWN), ""),
            Edge(of(FIRST, SECOND | {"tunnel_role": None} | DOWN), U),
            Edge(of(FIRST | {"tunnel_role": None}, SECOND | {"tunnel_role": None}), f"{P} {P}"),
            Edge(of(FIRST | {"tunnel_status": None}, SECOND | DOWN), P),
            Edge(of(FIRST, SECOND | {"tunnel_role": "active"} | DOWN), ""),
        ],
    ),
    "vpn-route-unpublished": Spec(
        "medium",
        Case(
            routed(route_type="policy", state="normal"),
            "medium",
            routed(route_type="policy", state="published"),
            routed(known=None),
        ),
        fail=["policy routes that are not published to the VPC: 192.168.7.0/24"],
        unknown=["not judged: the routes were not read"],
        edges=[
            Edge(
                routed(route_type="policy", state="unpublished"),
                F,
                told=[
                    "policy routes that are not published to the VPC: 192.168.7.0/24",
                ],
            ),
            Edge(routed(route_type="policy", state="Published"), P),
            Edge(routed(route_type="policy", state="odd"), U),
            Edge(routed(route_type="destination", state="normal"), P),
            Edge(routed(route_type="policy", state="normal", vpn_connection_id="vco-9"), P),
        ],
        is_verified=True,
    ),
    "vpn-route-next-hop-down": Spec(
        "medium",
        Case(
            routed(route_type="destination", status="ike_sa_established"),
            "medium",
            routed(route_type="destination"),
            routed(known=False),
        ),
        fail=["the tunnel is down behind the routes to 192.168.7.0/24"],
        unknown=["not judged: the routes were not read, or the state of the tunnel is unknown"],
        edges=[
            Edge(to_tunnels("ike_sa_not_established", UP, ids=["tun-2"]), P),
            Edge(
                to_tunnels("ike_sa_not_established", UP, ids=["tun-1"]),
                F,
                told=[
                    "the tunnel is down behind the routes to 192.168.7.0/24",
                ],
            ),
            Edge(to_tunnels("ike_sa_not_established", UP, ids=["tun-1", "tun-2"]), P),
            Edge(to_tunnels("ike_sa_not_established", None, ids=["tun-1", "tun-2"]), U),
            Edge(to_tunnels("ike_sa_not_established", UP, ids=["tun-9"]), U),
            Edge(to_tunnels("ike_sa_not_established", UP, ids=[]), P),
            Edge(to_tunnels("ike_sa_not_established", None, ids=[]), U),
            Edge(to_tunnels("ike_sa_not_established", "ike_sa_established", ids=[]), F),
        ],
    ),
    "vpn-witness-conflict": Spec(
        "medium",
        Case(
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
        fail=["the downloaded configuration and the list of connections differ in ike_mode"],
        unknown=["not judged: only one of the two API responses was read"],
        edges=[
            Edge(
                one(perspective="conflict"),
                F,
                "medium",
                [
                    "the downloaded configuration and the list of connections differ in "
                    "perspective",
                ],
            ),
            Edge(one(perspective="assumed"), P),
            Edge(one(witnesses="download"), U),
            Edge(one(**LOOSE, witnesses="describe", perspective=None), ""),
            Edge(
                of(
                    {},
                    disagreements=[
                        {**PLACE, "vpn_connection_id": name, "field": field}
                        for name in ("vco-9", "vco-1")
                        for field in ("ike_mode", "ike_mode", "ike_dh_group")
                    ],
                ),
                F,
                told=[
                    "the downloaded configuration and the list of connections differ in ike_mode, "
                    "ike_dh_group"
                ],
            ),
            Edge(
                of(
                    {"perspective": "conflict"},
                    disagreements=[
                        {**PLACE, "vpn_connection_id": "vco-1", "field": "ike_mode"},
                    ],
                ),
                F,
                told=[
                    "the downloaded configuration and the list of connections differ in ike_mode"
                ],
            ),
        ],
    ),
}
