"""The rules of ``rules/selectors.py``: cases, edges, evidence and severities."""

from __future__ import annotations

from audit_helpers import FIRST, GOOD, SECOND, block, inventory, no_block
from rule_fleets import DOWN, Case, Edge, F, P, Spec, U, blocks, listed, of, one

SPECS = {
    "vpn-selector-wide": Spec(
        "low",
        Case(
            blocks(["10.0.0.0/16"], ["0.0.0.0/0"]),
            "medium",
            blocks(["0.0.0.0/0"], ["0.0.0.0/0"]),
            lambda: inventory({}, subnets=[no_block(GOOD, "vpc", "10.0.0.0")]),
        ),
        fail=["on-premises 0.0.0.0/0"],
        unknown=["not judged: cidr is missing or unknown"],
        edges=[
            Edge(blocks(["0.0.0.0/0"], ["10.0.0.0/16"]), f"{F} {P}", "info", ["VPC 0.0.0.0/0"]),
            Edge(listed("10.0.0.0/8"), F, "low", ["on-premises 10.0.0.0/8"]),
            Edge(listed("0.0.0.0/0"), F, "medium"),
            Edge(listed("10.0.0.0/8", origin="bgp"), ""),
            *(
                Edge(
                    of({}, subnets=[block(GOOD, "onprem", cidr) for cidr in cidrs]),
                    " ".join([P] * len(cidrs)),
                )
                for cidrs in (
                    ["10.0.0.0/9", "172.16.0.0/12", "192.168.0.0/16"],
                    ["10.0.0.0/9", "10.128.0.0/9", "172.16.0.0/13", "192.168.0.0/16"],
                    ["10.0.0.0/9", "10.128.0.0/9", "192.168.0.0/16"],
                    ["10.0.0.0/9", "10.128.0.0/9", "172.16.0.0/12"],
                )
            ),
            Edge(
                of(
                    {},
                    subnets=[
                        block(GOOD, "onprem", cidr)
                        for cidr in (
                            "10.0.0.0/9",
                            "10.128.0.0/9",
                            "172.16.0.0/12",
                            "192.168.0.0/16",
                            "9.1.0.0/16",
                        )
                    ],
                ),
                f"{F} {F} {F} {F} {P}",
            ),
            Edge(
                of(
                    {},
                    subnets=[
                        *(block(GOOD, "onprem", cidr) for cidr in ("10.0.0.0/9", "10.128.0.0/9")),
                        *(block(GOOD, "vpc", cidr) for cidr in ("172.16.0.0/12", "192.168.0.0/16")),
                    ],
                ),
                f"{P} {P} {P} {P}",
            ),
            Edge(
                of(
                    {},
                    subnets=[
                        block(GOOD, "onprem", "0.0.0.0/0", origin="bgp"),
                        block(GOOD, "vpc", "0.0.0.0/0"),
                    ],
                ),
                F,
                "info",
            ),
        ],
    ),
    "vpn-selector-redundant": Spec(
        "low",
        Case(
            blocks(["10.0.0.0/16"], ["10.210.0.0/16", "10.210.3.0/24"]),
            "low",
            blocks(["10.0.0.0/16"], ["10.1.0.0/16", "10.2.0.0/16"]),
            lambda: inventory({}, subnets=[no_block(GOOD, "vpc", "10.0.0.0")]),
        ),
        fail=["on-premises 10.210.0.0/16, 10.210.3.0/24"],
        unknown=["not judged: vpc_subnets, onprem_subnets is missing or unknown"],
        edges=[
            Edge(
                blocks(["10.1.0.0/16", "10.1.2.0/24"], ["10.2.0.0/16"]),
                F,
                "low",
                [
                    "VPC 10.1.0.0/16, 10.1.2.0/24",
                ],
            ),
            Edge(
                blocks(["10.2.0.0/16", "10.3.0.0/16"], ["10.8.0.0/16", "10.8.0.0/16"]),
                F,
                "low",
                [
                    "VPC 10.2.0.0/16, 10.3.0.0/16; on-premises 10.8.0.0/16, 10.8.0.0/16",
                ],
            ),
            Edge(
                of(
                    {"onprem_subnets": ["10.2.0.0/16"]},
                    subnets=[
                        block(GOOD, "onprem", "10.2.0.0/16"),
                        block(GOOD, "onprem", "10.2.1.0/24", origin="bgp"),
                    ],
                ),
                P,
            ),
            Edge(
                of(
                    {"vpc_subnets": ["10.0.0.0"], "onprem_subnets": ["10.2.0.0/16", "10.3.0.0/16"]},
                    subnets=[
                        no_block(GOOD, "vpc", "10.0.0.0"),
                        block(GOOD, "onprem", "10.2.0.0/16"),
                        block(GOOD, "onprem", "10.3.0.0/16"),
                    ],
                ),
                F,
            ),
        ],
    ),
    "vpn-selector-ikev1-multi": Spec(
        "high",
        Case(
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
        fail=["IKEv1 with 1 VPC and 2 on-premises blocks"],
        unknown=["not judged: ike_version, vpc_subnets, onprem_subnets is missing or unknown"],
        edges=[
            Edge(
                blocks(["10.0.0.0/16", "10.2.0.0/16"], ["10.7.0.0/24"], ike_version=1, **DOWN),
                F,
                "high",
                ["IKEv1 with 2 VPC and 1 on-premises blocks"],
            ),
            Edge(
                blocks(["10.0.0.0/16", "10.2.0.0/16"], ["10.7.0.0/24"], ike_version=1),
                F,
                "info",
                [
                    "IKEv1 with 2 VPC and 1 on-premises blocks: a tunnel is up, but at most one "
                    "pair of "
                    "blocks is negotiated",
                ],
            ),
            Edge(blocks(["10.0.0.0/16"], ["10.7.0.0/24"], ike_version=1), P),
            Edge(
                of(
                    *(
                        {
                            **one,
                            "ike_version": version,
                            "onprem_subnets": ["10.7.0.0/24", "10.9.0.0/24"],
                        }
                        for one, version in ((FIRST, None), (SECOND, 1))
                    )
                ),
                F,
            ),
        ],
        is_verified=True,
    ),
    "vpn-selector-multi-ts": Spec(
        "info",
        Case(
            blocks(["10.0.0.0/16"], ["10.7.0.0/24", "10.9.0.0/24"], ike_version=2),
            "info",
            blocks(["10.0.0.0/16"], ["10.7.0.0/24"], ike_version=2),
            blocks(["10.0.0.0/16"], ["10.7.0.0/24", "10.9.0.0/24"], ike_version=None),
        ),
        fail=["IKEv2 with 1 VPC and 2 on-premises blocks"],
        unknown=["not judged: ike_version, vpc_subnets, onprem_subnets is missing or unknown"],
    ),
    "vpn-selector-reserved": Spec(
        "high",
        Case(
            blocks(["10.0.0.0/16"], ["100.64.0.0/10"]),
            "critical",
            blocks(["100.64.0.0/16"], ["0.0.0.0/0"]),
            lambda: inventory({}, subnets=[no_block(GOOD, "vpc", "10.0.0.0")]),
        ),
        fail=["on-premises 100.64.0.0/10"],
        unknown=["not judged: cidr is missing or unknown"],
        edges=[
            Edge(listed("255.255.255.255/32"), F, "high"),
            Edge(listed("224.1.0.0/16"), F, "high"),
            Edge(listed("169.254.10.0/30", origin="bgp"), P),
            Edge(listed("10.1.0.0/16", origin="bgp"), P),
            Edge(listed("127.1.0.0/16", origin="bgp"), F, "high"),
            Edge(listed("100.65.0.0/16", origin="bgp"), F, "high", ["on-premises 100.65.0.0/16"]),
        ],
    ),
    "vpn-selector-documentation": Spec(
        "low",
        Case(
            blocks(["10.0.0.0/16"], ["198.51.100.0/25"]),
            "low",
            blocks(["10.0.0.0/16"], ["198.50.0.0/16"]),
            lambda: inventory({}, subnets=[no_block(GOOD, "vpc", "10.0.0.0")]),
        ),
        fail=["on-premises 198.51.100.0/25"],
        unknown=["not judged: cidr is missing or unknown"],
        edges=[
            *(
                Edge(listed(cidr), F, "low")
                for cidr in ("198.18.0.0/16", "192.0.2.0/25", "203.0.113.0/24", "2001:db8:7::/48")
            ),
        ],
    ),
    "vpn-selector-public": Spec(
        "info",
        Case(
            blocks(["9.0.0.0/16"], ["10.0.0.0/16"]),
            "medium",
            blocks(["10.0.0.0/16", "2408:4002::/56"], ["192.168.0.0/16"]),
            lambda: inventory({}, subnets=[no_block(GOOD, "vpc", "10.0.0.0")]),
        ),
        fail=["VPC 9.0.0.0/16"],
        unknown=["not judged: cidr is missing or unknown"],
        edges=[
            Edge(listed("9.0.0.0/16"), F, "info", ["on-premises 9.0.0.0/16"]),
            Edge(listed("0.0.0.0/0"), P),
        ],
    ),
    "vpn-selector-invalid": Spec(
        "info",
        Case(
            None,
            None,
            one(),
            lambda: inventory({}, subnets=[no_block(GOOD, "vpc", "172.25.0.0/12")]),
        ),
        unknown=["VPC 172.25.0.0/12"],
        edges=[
            Edge(
                listed("10.0.0.0/16", cidr_raw="10.0.0.1/16"), U, told=["on-premises 10.0.0.1/16"]
            ),
            Edge(listed("10.0.0.0/16", cidr_raw="010.0.0.0/16"), U),
            Edge(listed("2001:db8::/32", cidr_raw="2001:DB8::/32"), P),
            Edge(listed("10.0.0.0/16", cidr_raw="10.0.0.1/16", origin="bgp"), ""),
            Edge(of({}, subnets=[no_block(GOOD, "vpc", "10.0.0.0")]), U, told=["VPC 10.0.0.0"]),
        ],
        never="fail",
    ),
}
