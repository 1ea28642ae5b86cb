"""Whole fleets of the emulator, read call by call, against plain loops over the fleet itself."""

from __future__ import annotations

import warnings
from collections import Counter
from ipaddress import ip_network
from random import Random

import pytest
from helpers import inventory_of, slow_after
from test_tracing_oracle import as_fate
from trace_helpers import Row
from trace_oracle import Plain, is_block

from vpnframe.emulator import EmulatedFleet, make_fleet, make_state
from vpnframe.errors import IncompleteWarning
from vpnframe.fetching.crawl import Plan
from vpnframe.tracing.trace import trace

ROLES = {"master": "active", "slave": "standby"}
N_PACKETS = 150


def plain_of(fleet: EmulatedFleet, *, has_routes: bool = True) -> Plain:
    """What the first account holds, as the oracle takes it."""
    account = fleet.accounts[0].account_id
    vpc_of = {gateway.vpn_gateway_id: gateway.vpc_id for gateway in fleet.vpn_gateways}
    connections: list[Row] = []
    for one in fleet.connections:
        by_id = sorted(one.tunnels, key=lambda tunnel: tunnel.tunnel_id or "")
        tunnels = sorted(one.tunnels, key=lambda t: t.index or by_id.index(t) + 1)
        check = one.health_check
        connections.append(
            {
                "name": one.vpn_connection_id, "gateway": one.vpn_gateway_id,
                "router": one.transit_router_id, "vpc": vpc_of.get(one.vpn_gateway_id or ""),
                "tunnels": [(ROLES.get(t.role, t.role), t.status) for t in tunnels],
                "tunnel_ids": [tunnel.tunnel_id for tunnel in tunnels],
                "health": check.status if check and check.is_enabled else None,
                "vpc_side": list(one.vpc_subnets), "onprem_side": list(one.onprem_subnets),
                "is_known": has_routes, "account": one.account_id,
            }
        )  # fmt: skip
    routes: list[Row] = [
        {
            "vpn_connection_id": one.vpn_connection_id, "destination_cidr": one.destination,
            "route_type": one.kind.replace("custom", "destination"), "source_cidr": one.source,
            "vpn_gateway_id": one.vpn_gateway_id, "priority": one.priority, "state": one.state,
            "transit_router_id": None, "weight": one.weight, "as_path": one.as_path,
            "tunnel_ids": list(one.tunnel_ids),
        }
        for one in fleet.routes
        if has_routes and one.account_id == account and one.learned_from != "CLOUD"
    ]  # fmt: skip
    ours = [one for one in connections if one["account"] == account]
    router_of = {one["name"]: one["router"] for one in ours}
    for one in routes:
        one["transit_router_id"] = router_of[one["vpn_connection_id"]]
    vpcs = {
        vpc.vpc_id: [vpc.cidr, *vpc.secondary_cidrs]
        for vpc in fleet.vpcs
        if has_routes and vpc.account_id == account
    }
    return Plain(ours, routes, vpcs)


def packets_of(plain: Plain, seed: int) -> list[tuple[str, str]]:
    """From VPCs, sources and anywhere to what routes, selectors and VPCs hold, and anywhere."""
    draw = Random(seed)
    sides = [
        one[side] for one in plain.connections.values() for side in ("vpc_side", "onprem_side")
    ]
    here = [block for blocks in plain.vpcs.values() for block in blocks]
    here += [r["source_cidr"] for r in plain.routes if r["source_cidr"]]
    there = [r["destination_cidr"] for r in plain.routes]
    sides = [one["vpc_side"] + one["onprem_side"] for one in plain.connections.values()]
    both = [block for blocks in sides for block in blocks if is_block(block)]
    pairs = []
    while len(pairs) < N_PACKETS:
        one = draw.choice([*plain.connections.values()])
        ends = draw.choice(
            [
                (one["vpc_side"], one["onprem_side"]),
                (draw.choice((here, both)), draw.choice((there, there, here, both))),
            ]
        )
        texts = [draw.choice(blocks or both) for blocks in ends]
        blocks = [ip_network(text) for text in texts if is_block(text)]
        if len({block.version for block in blocks}) == 1 and len(blocks) == 2:
            source, destination = (str(one[draw.randrange(one.num_addresses)]) for one in blocks)
            pairs.append((source, destination))
    return pairs


@pytest.mark.parametrize("seed", slow_after(1, range(5)))
@pytest.mark.parametrize("has_routes", [True, False])
def test_every_packet_of_a_fleet_goes_where_plain_loops_send_it(seed, has_routes):
    """With routes, and from selectors alone; several verdicts occur in each."""
    fleet = make_fleet(seed=seed)
    plain = plain_of(fleet, has_routes=has_routes)
    pairs = packets_of(plain, seed)
    inv = inventory_of(make_state(fleet, quotas=False), plan=Plan(routes=has_routes))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IncompleteWarning)
        found = trace(inv, source=[s for s, _ in pairs], destination=[d for _, d in pairs])
    verdicts = Counter()
    for n, pair in enumerate(pairs):
        expected = plain.answer(*pair)
        expected.pop("source")
        verdicts[expected["verdict"]] += 1
        assert as_fate(found.iloc[n]) == expected, f"{pair}: {found['reason'][n]}"
    assert len(verdicts) >= (4 if has_routes else 3)
    assert verdicts["tunnel"] > 10
