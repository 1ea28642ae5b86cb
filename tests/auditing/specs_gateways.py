"""The rules of ``rules/gateways.py``: cases, edges, evidence and severities."""

from __future__ import annotations

from audit_helpers import DAY_MS, NOW_MS, inventory
from rule_fleets import (
    IN_CHANGE,
    LOCKED,
    Case,
    Edge,
    F,
    P,
    Spec,
    U,
    blocks,
    gateway,
    many_routes,
    of,
    one,
    prepaid,
    routed,
)

SPECS = {
    "vpn-gateway-expiring": Spec(
        "high",
        Case(
            gateway(charge_type="PREPAY", expires_at=NOW_MS + 30 * DAY_MS),
            "medium",
            gateway(charge_type="PREPAY", expires_at=NOW_MS + 31 * DAY_MS),
            gateway(charge_type="PREPAY", expires_at=None),
        ),
        fail=[
            "the prepaid subscription ends on 2026-03-31; this API does not show auto-renewal; "
            "connections: 1"
        ],
        unknown=["not judged: charge_type, expires_at is missing or unknown"],
        edges=[
            Edge(prepaid("prepaid", 30), F, "medium"),
            Edge(prepaid("prepaid", 8), F, "medium"),
            Edge(
                prepaid("prepaid", 7),
                F,
                "high",
                [
                    "the prepaid subscription ends on 2026-03-08; this API does not show "
                    "auto-renewal; "
                    "connections: 1",
                ],
            ),
            Edge(
                prepaid("prepaid", -1),
                F,
                "high",
                [
                    "the prepaid subscription ended on 2026-02-28; this API does not show "
                    "auto-renewal; "
                    "connections: 1",
                ],
            ),
            Edge(
                prepaid("prepaid", 0),
                F,
                "high",
                [
                    "the prepaid subscription ends on 2026-03-01; this API does not show "
                    "auto-renewal; "
                    "connections: 1",
                ],
            ),
            Edge(prepaid("Postpay", 3), P),
            Edge(prepaid("PostPaid", 3), P),
            Edge(prepaid("odd", 3), U),
            Edge(prepaid(None, 31), P),
            Edge(of({}, gateways=[{"kind": "customer", "charge_type": "PREPAY"}]), ""),
        ],
    ),
    "vpn-gateway-locked": Spec(
        "high",
        Case(
            gateway(business_status="FinancialLocked"),
            "high",
            gateway(business_status="Normal"),
            gateway(business_status=None),
        ),
        fail=["business_status is FinancialLocked; connections: 1"],
        unknown=["not judged: business_status is missing or unknown"],
        edges=[
            Edge(gateway(business_status="odd"), U),
            Edge(gateway(business_status="FINANCIALLOCKED"), F, "high"),
        ],
    ),
    "vpn-gateway-not-active": Spec(
        "medium",
        Case(gateway(status="updating"), "medium", gateway(status="Active"), gateway(status=None)),
        fail=["status is updating; connections: 1"],
        unknown=["not judged: status is missing or unknown"],
        edges=[
            *(Edge(gateway(status=word), F, "medium") for word in IN_CHANGE),
            *(Edge(gateway(status=word), F, "high") for word in LOCKED),
            Edge(gateway(status="odd"), U),
            Edge(of({}, gateways=[{"kind": "customer", "status": "updating"}]), ""),
        ],
    ),
    "vpn-state-not-active": Spec(
        "medium",
        Case(
            one(tunnel_state="updating"),
            "medium",
            one(connection_state="attached"),
            one(connection_state=None, tunnel_state=None),
        ),
        fail=["connection_state is active, tunnel_state is updating"],
        unknown=["not judged: connection_state, tunnel_state is missing or unknown"],
        edges=[
            *(Edge(one(tunnel_state=word), F, "medium") for word in (*IN_CHANGE, "attaching")),
            *(Edge(one(connection_state=word), F, "medium") for word in (*IN_CHANGE, "detaching")),
            *(Edge(one(tunnel_state=word), F, "high") for word in LOCKED),
            *(Edge(one(connection_state=word), F, "high") for word in LOCKED),
            *(
                Edge(one(connection_state=word, tunnel_state=None), P)
                for word in ("Active", "detached")
            ),
            Edge(one(connection_state="odd", tunnel_state="active"), U),
            Edge(one(connection_state="odd", tunnel_state="updating"), F, "medium"),
        ],
    ),
    "vpn-gateway-unused": Spec(
        "low",
        Case(
            gateway(n_connections=0),
            "low",
            gateway(n_connections=1),
            lambda: inventory(
                {}, gateways=[{"n_connections": 0}], coverage=[{"status": "partial", "n_failed": 1}]
            ),
        ),
        fail=["vpn gateway vpn-1 has no connection"],
        unknown=[
            "not judged: not all connections of the region were read, or the gateway's age is "
            "unknown"
        ],
        edges=[
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
    ),
    "vpn-gateway-connections-quota": Spec(
        "info",
        Case(gateway(n_connections=9), "info", gateway(n_connections=8), None),
        fail=["9 of 10 connections (default quota)"],
        edges=[
            Edge(gateway(n_connections=9), F, "info", ["9 of 10 connections (default quota)"]),
            Edge(of({}, gateways=[{"kind": "customer", "n_connections": 90}]), ""),
        ],
        never="unknown",
    ),
    "vpn-gateway-routes-quota": Spec(
        "info",
        Case(lambda: many_routes(17), "info", lambda: many_routes(16), routed(known=None)),
        fail=["17 of 20 destination routes (default quota)"],
        unknown=["not judged: the routes were not read"],
        edges=[
            *(
                Edge(
                    lambda n=n, kind=kind: many_routes(n, kind),
                    F,
                    "info",
                    [
                        f"{n} of {quota} {kind} routes (default quota)",
                    ],
                )
                for kind, n, quota in (("policy", 17, 20), ("destination", 17, 20), ("bgp", 41, 50))
            ),
            *(
                Edge(lambda n=n, kind=kind: many_routes(n, kind), P)
                for kind, n in (("policy", 16), ("bgp", 40))
            ),
        ],
    ),
    "vpn-subnets-quota": Spec(
        "info",
        Case(
            blocks(["10.0.0.0/16"], [f"10.{i}.0.0/16" for i in (1, 3, 5, 7, 9)]),
            "info",
            blocks(["10.0.0.0/16"], [f"10.{i}.0.0/16" for i in (1, 3, 5, 7)]),
            None,
        ),
        fail=["1 VPC and 5 on-premises blocks; the quota is 5 blocks per side"],
        edges=[
            Edge(
                blocks([f"10.{i}.0.0/16" for i in (1, 3, 5, 7, 9)], ["172.16.0.0/16"]),
                F,
                "info",
                [
                    "5 VPC and 1 on-premises blocks; the quota is 5 blocks per side",
                ],
            ),
        ],
        never="unknown",
    ),
}
