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
            "on-premises 10.0.7.0/24 within VPC 10.0.0.0/16 of vco-1. 10.0.7.0/24 on premises "
            "lies within 10.0.0.0/16 of the VPC: the VPC's own route wins, and the tunnel gets "
            "nothing (the VPC was not read: its selector stands for it)."
        ],
        unknown=["not judged: the prefixes behind the connection are not known"],
    ),
    "vpn-overlap-onprem": Spec(
        "high",
        meeting(SPOKE, SPOKE, "high"),
        fail=[
            "on-premises 192.168.7.0/24 is equal to on-premises 192.168.7.0/24 of vco-2. Both "
            "lead from vpn-1 to 192.168.7.0/24, and nothing marks them as a pair: one of them "
            "gets nothing."
        ],
        unknown=["not judged: the prefixes behind the connection are not known"],
    ),
    "vpn-overlap-selector-pair": Spec(
        "high",
        meeting({}, {}, "high"),
        fail=[
            "on-premises 192.168.7.0/24 is equal to on-premises 192.168.7.0/24 of vco-2. Both "
            "are policies of vpn-1 with overlapping VPC blocks, and their order is not known: "
            "which one takes a packet is not determined."
        ],
        unknown=["not judged: the prefixes behind the connection are not known"],
        is_verified=True,
    ),
    "vpn-overlap-duplicate": Spec(
        "medium",
        meeting({}, {"customer_gateway_ip": "91.1.2.3", "customer_gateway_id": "cgw-1"}, "medium"),
        fail=[
            "on-premises 192.168.7.0/24 is equal to on-premises 192.168.7.0/24 of vco-2. Both "
            "lead from vpn-1 to 91.1.2.3 with the same blocks: one of them is a leftover."
        ],
        unknown=["not judged: the prefixes behind the connection are not known"],
    ),
    "vpn-overlap-route-domain": Spec(
        "high",
        meeting({}, {"vpn_gateway_id": "vpn-2"}, "high"),
        fail=[
            "on-premises 192.168.7.0/24 is equal to on-premises 192.168.7.0/24 of vco-2. vpn-1 "
            "and vpn-2 in vpc-1 both lead to 192.168.7.0/24, and nothing marks them as a pair."
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
            "on-premises 192.168.7.0/24 within VPC 192.168.0.0/16 of vco-2. 192.168.7.0/24 on "
            "premises is inside 192.168.0.0/16 of vpc-2 in the same domain: there the VPC's own "
            "route wins (the VPC was not read: its selector stands for it)."
        ],
        unknown=["not judged: the prefixes behind the connection are not known"],
    ),
    "vpn-overlap-not-judged": Spec(
        "info",
        Case(None, None, one(), unread),
        unknown=["routing_mode is route, and its routes were not read"],
        edges=[Edge(two({}, OTHER_PEER), f"{P} {P}")],
    ),
}
