"""Rules on blocks and pairs over random fleets, against the answer key's plain loops."""

from __future__ import annotations

import os
import random
import re
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from audit_helpers import NOW, NOW_MS, table
from expected_findings import find_findings
from expected_parties import Party, list_parties

from vpnframe import schema
from vpnframe.auditing.evaluation import evaluate
from vpnframe.auditing.findings import assemble
from vpnframe.auditing.fleet import gather
from vpnframe.auditing.rules import RULES
from vpnframe.emulator import EmulatedConnection, EmulatedFleet, make_fleet
from vpnframe.emulator.fleet.model import (
    EmulatedRoute,
    EmulatedTunnel,
    EmulatedVpc,
    HealthCheck,
    VpnGateway,
)
from vpnframe.inventory import Inventory

FLEETS_AT_ONCE = 50
N_BATCHES = max(4, int(os.environ.get("VPNFRAME_EXAMPLES", "100")) // FLEETS_AT_ONCE)
JUDGED = tuple(
    rule
    for rule in RULES
    if rule.rule_id.startswith(("vpn-overlap-", "vpn-selector-"))
    or rule.rule_id == "vpn-single-tunnel"
)
DRAWN = make_fleet(connections=40, regions=1)
SINGLE = next(c for c in DRAWN.connections if not c.is_dual and c.tunnels[0].psk)
DUAL = next(c for c in DRAWN.connections if c.is_dual and c.tunnels[0].psk)
BLOCKS = (
    *("10.0.0.0/8", "10.1.0.0/16", "10.1.2.0/24", "10.1.3.0/24", "10.2.0.0/16", "10.3.0.0/16"),
    *("192.168.0.0/24", "192.168.1.0/24", "192.168.1.0/24", "172.16.0.0/12", "192.168.0.0/16"),
    *("0.0.0.0/0", "0.0.0.0/0", "9.0.0.0/16", "0.0.0.0/1", "198.51.100.0/25", "198.18.0.0/16"),
    *("100.64.0.0/16", "100.64.0.0/10", "169.254.0.0/24", "169.254.169.254/32", "224.0.0.0/3"),
    *("fd00::/8", "fd00:1::/32", "2408:4002::/56", "2001:db8::/48", "::/0", "fe80::/64"),
)
EVERYTHING = {"0.0.0.0/0", "::/0"}
CLOUD_IPS, PEERS = ("47.1.1.1", "47.1.1.2", "47.1.1.3"), ("91.1.1.1", "91.1.1.2", "91.1.1.3")


def random_blocks(rng: random.Random) -> tuple[str, ...]:
    """A list of blocks as somebody may have typed it."""
    return tuple(rng.choices(BLOCKS, k=rng.choice((1, 1, 1, 2, 2, 3, 4))))


def random_tunnel(
    rng: random.Random, tunnel: EmulatedTunnel, connection_id: str, place: int
) -> EmulatedTunnel:
    """A tunnel between some two addresses."""
    return replace(
        tunnel,
        tunnel_id=f"tun-{connection_id}-{place}" if tunnel.tunnel_id else None,
        index=place,
        cloud_ip=rng.choice(CLOUD_IPS),
        customer_ip=rng.choice((*PEERS, *CLOUD_IPS[:1])),
        proposal=replace(tunnel.proposal, ike_version=rng.choice(("ikev1", "ikev2"))),
    )


def random_connection(rng: random.Random, number: int, account: str) -> EmulatedConnection:
    """A connection on one of three gateways, on a router, or on nothing."""
    connection_id = f"vco-{account}-{number}"
    base = rng.choice((SINGLE, DUAL))
    holder = rng.choice(("vpn-1", "vpn-1", "vpn-1", "vpn-2", "vpn-3", "tr-1", "tr-1", ""))
    is_on_gateway = holder.startswith("vpn")
    check = rng.choice((None, HealthCheck(True, "10.0.0.1", "10.9.9.9", "success")))
    return replace(
        base,
        account_id=account,
        vpn_connection_id=connection_id,
        attach_type="VPNGW" if is_on_gateway else "CEN" if holder else "NO_ASSOCIATED",
        vpn_gateway_id=f"{holder}-{account}" if is_on_gateway else None,
        transit_router_id=f"{holder}-{account}" if holder and not is_on_gateway else None,
        vpc_subnets=random_blocks(rng),
        onprem_subnets=random_blocks(rng),
        health_check=None if base is DUAL else check,
        tunnels=tuple(
            random_tunnel(rng, tunnel, connection_id, place)
            for place, tunnel in enumerate(base.tunnels, 1)
        ),
        tags=(),
    )


def leftover(connection: EmulatedConnection) -> EmulatedConnection:
    """The same connection once more, under another id."""
    connection_id = f"{connection.vpn_connection_id}x"
    tunnels = tuple(
        replace(tunnel, tunnel_id=tunnel.tunnel_id and f"{tunnel.tunnel_id}x")
        for tunnel in connection.tunnels
    )
    return replace(connection, vpn_connection_id=connection_id, tunnels=tunnels)


def random_routes(rng: random.Random, connection: EmulatedConnection) -> list[EmulatedRoute]:
    """Some routes into a connection; none where it hangs on nothing."""
    if connection.attach_type == "NO_ASSOCIATED":
        return []
    base = DRAWN.routes[0]
    kinds = ("policy", "custom", "bgp") if connection.vpn_gateway_id else ("custom", "bgp")
    routes = []
    for _ in range(rng.choice((0, 0, 1, 2))):
        kind = rng.choice(kinds)
        routes.append(
            replace(
                base,
                account_id=connection.account_id,
                region_id=connection.region_id,
                kind=kind,
                vpn_gateway_id=connection.vpn_gateway_id,
                vpn_connection_id=connection.vpn_connection_id,
                next_hop=connection.vpn_connection_id,
                source=rng.choice(BLOCKS) if kind == "policy" else None,
                destination=rng.choice(BLOCKS),
                weight=None if kind == "bgp" else rng.choice((0, 100)),
                priority=rng.choice((None, 10, 20)) if kind == "policy" else None,
                learned_from="VPN_BGP" if kind == "bgp" else None,
                tunnel_ids=(),
            )
        )
    return routes


def random_gateways(account: str) -> list[VpnGateway]:
    """Two gateways in one VPC and one in another."""
    return [
        replace(
            DRAWN.vpn_gateways[0],
            account_id=account,
            vpn_gateway_id=f"vpn-{number}-{account}",
            vpc_id=f"vpc-{number // 3}-{account}",
            vpn_type="Normal",
        )
        for number in (1, 2, 3)
    ]


def random_vpcs(rng: random.Random, account: str) -> list[EmulatedVpc]:
    """The VPCs of these gateways, as far as they were read."""
    blocks = [cidr for cidr in BLOCKS if cidr not in EVERYTHING]
    return [
        replace(
            DRAWN.vpcs[0],
            account_id=account,
            vpc_id=f"vpc-{number}-{account}",
            cidr=rng.choice(blocks),
            secondary_cidrs=tuple(rng.sample(blocks, rng.choice((0, 0, 1)))),
            user_cidrs=tuple(rng.sample(blocks, rng.choice((0, 0, 1)))),
        )
        for number in range(2)
        if rng.random() < 0.5
    ]


def random_fleet(seed: int) -> EmulatedFleet:
    """Many small fleets in one, each in an account of its own: they have nothing in common."""
    rng = random.Random(seed)
    connections, gateways, routes, vpcs = [], [], [], []
    for number in range(FLEETS_AT_ONCE):
        account = f"{seed}-{number}"
        own = [random_connection(rng, i, account) for i in range(rng.randint(1, 5))]
        own += [leftover(rng.choice(own))] * (rng.random() < 0.15)
        connections += own
        gateways += random_gateways(account)
        vpcs += random_vpcs(rng, account)
        routes += [route for connection in own for route in random_routes(rng, connection)]
    return replace(
        DRAWN,
        vpn_gateways=tuple(gateways),
        customer_gateways=(),
        connections=tuple(connections),
        routes=tuple(routes),
        vpcs=tuple(vpcs),
        planted=(),
    )


def routing_mode(connection: EmulatedConnection) -> str:
    """Route: everything on both sides; policy: on none."""
    sides = [set(connection.vpc_subnets), set(connection.onprem_subnets)]
    if all(side <= EVERYTHING for side in sides):
        return "route"
    return "mixed" if any(side & EVERYTHING for side in sides) else "policy"


def rows_of(party: Party) -> tuple[list[dict[str, Any]], dict[str, Any], list[dict[str, Any]]]:
    """A connection as rows of tunnels, connections and subnets."""
    connection = party.connection
    shared = {
        name: getattr(connection, name)
        for name in (
            *("account_id", "region_id", "vpn_connection_id", "attach_type"),
            *("vpn_gateway_id", "transit_router_id"),
        )
    } | {"vpc_id": party.vpc_id, "routing_mode": routing_mode(connection), "tags": []}
    lists = {
        "vpc_subnets": list(connection.vpc_subnets),
        "onprem_subnets": list(connection.onprem_subnets),
    }
    tunnels = [
        shared
        | lists
        | {
            "tunnel_index": tunnel.index,
            "tunnel_id": tunnel.tunnel_id,
            "tunnel_count": len(connection.tunnels),
            "vpn_gateway_ip": tunnel.cloud_ip,
            "customer_gateway_ip": tunnel.customer_ip,
            "ike_version": 1 if tunnel.proposal.ike_version == "ikev1" else 2,
        }
        for tunnel in connection.tunnels
    ]
    block = shared | {
        "vpn_gateway_ip": connection.tunnels[0].cloud_ip,
        "peer_addresses": list(dict.fromkeys(t.customer_ip for t in connection.tunnels)),
        "has_ha_evidence": party.has_evidence,
        "has_known_routes": True,
    }
    smallest: dict[tuple[str, str, str], int | None] = {}
    for side, cidr, origin, priority in party.entries:
        known = {smallest.get((side, cidr, origin)), priority} - {None}
        smallest[side, cidr, origin] = min(known, default=None)  # type: ignore[type-var]
    subnets = [
        block
        | {
            "side": side,
            "origin": origin,
            "priority": priority,
            "cidr": cidr,
            "cidr_raw": cidr,
            "family": 6 if ":" in cidr else 4,
            "prefix_length": int(cidr.partition("/")[2]),
            "is_default_route": cidr in EVERYTHING,
        }
        for (side, cidr, origin), priority in smallest.items()
    ]
    return tunnels, shared | lists | {"n_tunnels": len(tunnels)}, subnets


def inventory_from(fleet: EmulatedFleet) -> Inventory:
    """The tables that a crawl of the fleet would make, as far as these rules look at them."""
    rows = [rows_of(party) for party in list_parties(fleet).values()]
    empty = {name: schema.empty(name) for name in ("tags", "gateways", "routes", "failures")}
    vpcs = [
        {
            "account_id": vpc.account_id,
            "region_id": vpc.region_id,
            "vpc_id": vpc.vpc_id,
            "cidrs": [vpc.cidr],
            "secondary_cidrs": list(vpc.secondary_cidrs),
            "user_cidrs": list(vpc.user_cidrs),
        }
        for vpc in fleet.vpcs
    ]
    return Inventory(
        **empty,
        vpcs=table("vpcs", vpcs),
        tunnels=table("tunnels", [tunnel for tunnels, _, _ in rows for tunnel in tunnels]),
        connections=table("connections", [connection for _, connection, _ in rows]),
        subnets=table("subnets", [block for _, _, blocks in rows for block in blocks]),
        coverage=table("coverage", [{"status": "complete"}]),
        disagreements=schema.empty("disagreements"),
    )


def found_in(inv: Inventory) -> Counter[tuple[str, str, str, str]]:
    """Rule, connection, the other one of a pair, and severity, as the audit finds them."""
    fleet = gather(inv, now=NOW)
    findings = assemble(fleet, evaluate(fleet, rules=JUDGED).drafts(), owner_tag=None)
    findings = findings[findings["vpn_connection_id"].notna()]
    found: Counter[tuple[str, str, str, str]] = Counter()
    for row in findings.to_dict("records"):
        subject, value = row["vpn_connection_id"], row["value"]
        is_pair = row["rule_id"].startswith("vpn-overlap-")
        named = set(re.findall(r"vco-[\w-]+", value)) if is_pair else set()
        other = ",".join(sorted(named - {subject}))
        found[row["rule_id"], subject, other, row["severity"]] += 1
    return found


@pytest.mark.proof
@pytest.mark.parametrize("seed", range(N_BATCHES))
def test_random_fleets_are_judged_as_the_plain_loops_judge_them(seed: int) -> None:
    """Fifty fleets at once: every finding on blocks and pairs, and no other."""
    fleet = random_fleet(seed)
    wanted = Counter(
        (
            str(one["rule_id"]),
            str(one["subject"]),
            "" if one["other"] == one["subject"] else str(one["other"]),
            str(one["severity"]),
        )
        for one in find_findings(fleet, now_ms=NOW_MS)
        if any(rule.rule_id == one["rule_id"] for rule in JUDGED)
    )
    found = found_in(inventory_from(fleet))
    assert wanted - found == Counter()
    assert found - wanted == Counter()


def test_random_fleets_show_every_fault() -> None:
    """What is compared is there: each rule fails somewhere."""
    fleets = [random_fleet(seed) for seed in range(4)]
    ids = {one["rule_id"] for fleet in fleets for one in find_findings(fleet, now_ms=NOW_MS)}
    never = {"vpn-overlap-not-judged", "vpn-selector-invalid"}
    assert {rule.rule_id for rule in JUDGED} - never <= ids
