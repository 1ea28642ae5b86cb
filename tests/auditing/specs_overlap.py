"""The rules of ``rules/overlap.py``: cases, edges, evidence and severities."""

from __future__ import annotations

from rule_fleets import (
    APART,
    ELSEWHERE,
    OTHER_PEER,
    SPOKE,
    Case,
    Edge,
    P,
    Spec,
    blocks,
    meeting,
    one,
    two,
    unread,
)

SPECS = {
    "vpn-overlap-own-sides": Spec(
        "high",
        Case(blocks(["10.0.0.0/16"], ["10.0.7.0/24"]), "high", one(), unread),
        fail=[
            "on-premises 10.0.7.0/24 within VPC 10.0.0.0/16 of vco-1. The on-premises block "
            "10.0.7.0/24 lies within 10.0.0.0/16, a block of the VPC: the VPC's own route wins, so "
            "the tunnel gets no traffic for these addresses (the VPC was not read, so its selector "
            "is used instead)."
        ],
        unknown=["not judged: the prefixes behind the connection are not known"],
    ),
    "vpn-overlap-onprem": Spec(
        "high",
        meeting(SPOKE, SPOKE, "high"),
        fail=[
            "on-premises 192.168.7.0/24 is equal to on-premises 192.168.7.0/24 of vco-2. Both "
            "connections lead from vpn-1 to 192.168.7.0/24, and nothing shows that they are a "
            "failover pair: one of the two sites gets no traffic."
        ],
        unknown=["not judged: the prefixes behind the connection are not known"],
    ),
    "vpn-overlap-selector-pair": Spec(
        "high",
        meeting({}, {}, "high"),
        fail=[
            "on-premises 192.168.7.0/24 is equal to on-premises 192.168.7.0/24 of vco-2. Both "
            "connections use policies of vpn-1 with overlapping VPC blocks, and at least one "
            "priority is not known: it is unclear which policy a packet takes."
        ],
        unknown=["not judged: the prefixes behind the connection are not known"],
        is_verified=True,
    ),
    "vpn-overlap-duplicate": Spec(
        "medium",
        meeting({}, {"customer_gateway_ip": "91.1.2.3", "customer_gateway_id": "cgw-1"}, "medium"),
        fail=[
            "on-premises 192.168.7.0/24 is equal to on-premises 192.168.7.0/24 of vco-2. Both "
            "connections lead from vpn-1 to 91.1.2.3 with the same blocks: one of them is not "
            "needed."
        ],
        unknown=["not judged: the prefixes behind the connection are not known"],
    ),
    "vpn-overlap-route-domain": Spec(
        "high",
        meeting({}, {"vpn_gateway_id": "vpn-2"}, "high"),
        fail=[
            "on-premises 192.168.7.0/24 is equal to on-premises 192.168.7.0/24 of vco-2. vpn-1 "
            "and vpn-2 in the routing domain vpc-1 both lead to 192.168.7.0/24, and nothing shows "
            "that they are a failover pair: one of the two sites gets no traffic."
        ],
        unknown=["not judged: the prefixes behind the connection are not known"],
    ),
    "vpn-overlap-other-vpc": Spec(
        "high",
        meeting(
            {"transit_router_id": "tr-1"},
            {"vpc_subnets": ["192.168.0.0/16"], "transit_router_id": "tr-1"} | APART | ELSEWHERE,
            "high",
        ),
        fail=[
            "on-premises 192.168.7.0/24 within VPC 192.168.0.0/16 of vco-2. The "
            "on-premises block 192.168.7.0/24 is equal to or inside 192.168.0.0/16, a block of "
            "vpc-2 in the same routing domain: the VPC's own route wins, so the tunnel gets no "
            "traffic for these addresses (the VPC was not read, so its selector is used instead)."
        ],
        unknown=["not judged: the prefixes behind the connection are not known"],
    ),
    "vpn-overlap-not-judged": Spec(
        "info",
        Case(None, None, one(), unread),
        unknown=["routing_mode is route, and its routes were not read"],
        edges=[Edge(two({}, OTHER_PEER), f"{P} {P}")],
        never="fail",
    ),
}
