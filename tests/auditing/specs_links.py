"""The rules of ``rules/links.py``: cases, edges, evidence and severities."""

from __future__ import annotations

from audit_helpers import FIRST, NEXT, SECOND, pair
from rule_fleets import (
    BGP,
    DOWN,
    FIVE,
    LOOSE,
    OTHER_PEER,
    ROUTER,
    SAME,
    Case,
    Edge,
    F,
    P,
    Spec,
    U,
    bgp,
    blocks,
    linked,
    of,
    one,
    unread,
)

SPECS = {
    "vpn-bgp-no-auth": Spec(
        "info",
        Case(
            bgp(bgp_auth_state="absent"),
            "info",
            bgp(bgp_auth_state="masked"),
            bgp(bgp_auth_state=None),
        ),
        fail=["neither the tunnel nor the customer gateway has a BGP key"],
        unknown=["not judged: bgp_auth_state is missing or unknown"],
        edges=[
            Edge(one(bgp_enabled=False, bgp_auth_state="absent"), ""),
            Edge(one(bgp_enabled=None, bgp_auth_state="absent"), U),
            Edge(bgp(bgp_auth_state="odd"), U),
            Edge(of(*pair(**BGP | {"bgp_auth_state": None}), gateways=[{}]), f"{U} {U}"),
            Edge(of(*pair(**BGP | {"bgp_auth_state": "absent"}), gateways=[{}]), f"{U} {U}"),
            Edge(
                of(
                    *pair(**BGP | {"bgp_auth_state": "absent"}),
                    gateways=[{}, {"kind": "customer", "bgp_auth_state": "masked"}],
                ),
                f"{P} {P}",
            ),
            Edge(
                of(
                    BGP | {"bgp_auth_state": "absent"},
                    gateways=[{}, {"kind": "customer", "bgp_auth_state": "present"}],
                ),
                F,
                "info",
            ),
        ],
    ),
    "vpn-bgp-parameters": Spec(
        "medium",
        Case(
            bgp(customer_gateway_asn=45104, bgp_status="failed"),
            "medium",
            bgp(),
            bgp(bgp_tunnel_cidr=None),
        ),
        fail=[
            "the customer gateway has the cloud's own AS 45104; the AS number is 45104, "
            "the BGP block is 169.254.10.0/30"
        ],
        unknown=["not judged: customer_gateway_asn, bgp_tunnel_cidr is missing or unknown"],
        edges=[
            Edge(linked("169.254.255.252/30"), P),
            Edge(linked("169.254.0.0/30"), P),
            Edge(
                linked("169.255.0.0/30"),
                F,
                told=[
                    "the tunnel's block is not a /30 inside 169.254.0.0/16; the AS number is "
                    "65001, the BGP block is "
                    "169.255.0.0/30",
                ],
            ),
            Edge(linked("169.253.255.252/30"), F),
            Edge(linked("169.254.10.0/29"), F),
            Edge(linked("fe80::/30"), F),
            Edge(
                linked("169.254.1.0/30", "169.254.1.0/30"),
                f"{F} {F}",
                told=[
                    "the tunnel's block is used twice on the gateway; the AS number is 65001, the "
                    "BGP block is "
                    "169.254.1.0/30",
                ]
                * 2,
            ),
            Edge(linked("169.254.1.0/30", "169.254.1.4/30"), f"{P} {P}"),
            Edge(linked("169.254.1.0/30", "169.254.1.0/30", bgp_enabled=False), P),
            Edge(linked("169.254.1.0/30", "169.254.1.0/30", bgp_enabled=None), f"{P} {P}"),
            Edge(
                of(
                    *(
                        {**BGP, **ROUTER, **more, "bgp_tunnel_cidr": "169.254.1.0/30"}
                        for more in ({}, NEXT | OTHER_PEER)
                    )
                ),
                f"{P} {P}",
            ),
            Edge(
                of({**BGP, "customer_gateway_asn": 45104, "bgp_tunnel_cidr": "10.0.0.0/30"}),
                F,
                "info",
                [
                    "the customer gateway has the cloud's own AS 45104, the tunnel's block is "
                    "not a /30 "
                    "inside 169.254.0.0/16; the AS number is 45104, the BGP block is 10.0.0.0/30"
                ],
            ),
        ],
        is_verified=True,
    ),
    "vpn-no-live-path": Spec(
        "high",
        Case(one(tunnel_status="ike_sa_established"), "high", one(), one(tunnel_status=None)),
        fail=["no tunnel that is up carries 192.168.7.0/24"],
        unknown=["not judged: the prefixes, or the state of a tunnel, are not known"],
        edges=[
            Edge(unread, P),
            Edge(of(FIRST, SECOND | DOWN), P),
            Edge(
                of(FIRST | DOWN, SECOND | DOWN),
                F,
                "high",
                ["no tunnel that is up carries 192.168.7.0/24"],
            ),
            Edge(of(FIRST | DOWN, SECOND | {"tunnel_status": "odd"}), U),
            Edge(of(DOWN, NEXT | OTHER_PEER | SAME), f"{P} {P}"),
            Edge(of(DOWN, NEXT | OTHER_PEER | SAME | DOWN), f"{F} {F}"),
            Edge(of(DOWN, NEXT | OTHER_PEER | SAME | {"tunnel_status": "odd"}), f"{U} {U}"),
            Edge(of(DOWN, NEXT | OTHER_PEER | {"onprem_subnets": ["192.168.9.0/24"]}), f"{F} {P}"),
            Edge(
                of(DOWN, NEXT | OTHER_PEER | SAME | {"vpc_subnets": ["10.77.0.0/16"]}), f"{F} {P}"
            ),
            Edge(of(DOWN, NEXT | OTHER_PEER | SAME | {"vpc_subnets": ["0.0.0.0/0"]}), f"{P} {P}"),
            *(
                Edge(
                    blocks(["10.0.0.0/16"], [f"10.{i}.0.0/16" for i in range(10, 10 + n)], **DOWN),
                    F,
                    "high",
                    [f"no tunnel that is up carries {FIVE}{more}"],
                )
                for n, more in ((5, ""), (6, " and 1 more"), (7, " and 2 more"))
            ),
            Edge(one(**LOOSE | DOWN), ""),
        ],
    ),
    "vpn-bgp-down": Spec(
        "high",
        Case(bgp(bgp_status="failed"), "high", bgp(bgp_status="success"), bgp(bgp_status="odd")),
        fail=["bgp_status is failed"],
        unknown=["not judged: bgp_status is missing or unknown"],
        edges=[
            *(Edge(bgp(bgp_status=word), F) for word in ("false", "DOWN", "idle")),
            Edge(bgp(bgp_status="Established"), P),
            Edge(bgp(bgp_status=None), U),
            Edge(bgp(bgp_status="idle", tunnel_status=None), F, "high"),
            Edge(bgp(bgp_status="idle", **DOWN), F, "medium"),
            Edge(of(FIRST | BGP, SECOND | BGP | {"bgp_status": "idle"}), f"{P} {F}", "medium"),
            Edge(one(bgp_enabled=False, bgp_status="false"), ""),
        ],
    ),
    "vpn-health-check-failing": Spec(
        "medium",
        Case(
            one(health_check_status="failed"),
            "medium",
            one(health_check_status="success"),
            one(health_check_status=None),
        ),
        fail=["health_check_status is failed"],
        unknown=["not judged: health_check_status is missing or unknown"],
        edges=[
            Edge(one(health_check_enabled=None, health_check_status="failed"), ""),
            Edge(one(health_check_status="odd"), U),
            Edge(one(health_check_status="Failed"), F, "medium", ["health_check_status is Failed"]),
        ],
    ),
}
