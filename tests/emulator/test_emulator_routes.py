"""The routes of a drawn fleet: where they lead, what they carry, and what was planted in them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from ipaddress import ip_network

import pytest

from vpnframe.emulator import EmulatedConnection, make_fleet
from vpnframe.emulator.fleet.drawing import Draw
from vpnframe.emulator.fleet.model import EmulatedRoute
from vpnframe.emulator.fleet.routes import has_priorities, make_route

FLEET = make_fleet()
BY_ID = {c.vpn_connection_id: c for c in FLEET.connections}
EVERYTHING = "0.0.0.0/0"
INTO = [route for route in FLEET.routes if route.learned_from != "CLOUD"]


def routes_into(connection: EmulatedConnection) -> list[EmulatedRoute]:
    return [route for route in INTO if route.vpn_connection_id == connection.vpn_connection_id]


def test_every_route_leads_into_a_connection_of_its_own_gateway() -> None:
    """The next hop is a connection that stands where the route stands."""
    for route in INTO:
        connection = BY_ID[route.vpn_connection_id or ""]
        assert route.next_hop == connection.vpn_connection_id
        assert route.vpn_gateway_id == connection.vpn_gateway_id
        assert (route.account_id, route.region_id) == (connection.account_id, connection.region_id)
        assert set(route.tunnel_ids) <= {tunnel.tunnel_id for tunnel in connection.tunnels}


def test_route_based_connections_have_their_prefixes_in_routes() -> None:
    """Who says everything on premises has at least one block in a route."""
    for connection in FLEET.connections:
        if EVERYTHING in connection.onprem_subnets:
            assert {r.destination for r in routes_into(connection)} - {EVERYTHING}


def test_routes_of_selectors_carry_the_selectors() -> None:
    """Where selectors say what they carry, routes lead to those blocks and to no other."""
    for connection in FLEET.connections:
        if EVERYTHING not in connection.onprem_subnets:
            for route in routes_into(connection):
                assert route.destination in connection.onprem_subnets


def test_policy_routes_alone_have_a_source() -> None:
    """The source is a block of the VPC side; older gateways know no priority."""
    for route in FLEET.routes:
        assert (route.source is not None) == (route.kind == "policy")
        if route.kind == "policy":
            assert (route.priority is not None) == has_priorities(route.vpn_gateway_id or "")
            assert ip_network(route.source or "").version == 4


def test_nothing_leads_into_a_connection_that_hangs_on_nothing() -> None:
    """No route without a gateway or a router."""
    alone = [c for c in FLEET.connections if c.attach_type == "NO_ASSOCIATED"]
    assert alone
    assert not [route for connection in alone for route in routes_into(connection)]


def test_bgp_connections_learn_over_every_tunnel() -> None:
    """On a gateway each prefix comes over each tunnel; on a router once, over all of them."""
    for connection in FLEET.connections:
        if connection.tunnels[0].bgp is None:
            continue
        learned = Counter(route.destination for route in routes_into(connection))
        times = len(connection.tunnels) if connection.vpn_gateway_id else 1
        assert set(learned.values()) == {times}
        assert all(route.as_path for route in routes_into(connection))


def test_the_cloud_announces_what_leads_nowhere() -> None:
    """A gateway with BGP tells its peers the block of its VPC, by whatever next hop."""
    cidr_of = {vpc.vpc_id: vpc.cidr for vpc in FLEET.vpcs}
    gateways = {g.vpn_gateway_id: g for g in FLEET.vpn_gateways}
    announced = [r for r in FLEET.routes if r.learned_from == "CLOUD" and r.vpn_gateway_id]
    assert len({route.next_hop.partition("-")[0] for route in announced}) > 2
    for route in announced:
        assert route.destination == cidr_of[gateways[route.vpn_gateway_id or ""].vpc_id]
        assert route.vpn_connection_id is None


@pytest.mark.parametrize(
    ("wanted", "low", "high"),
    [
        (lambda r: r.kind == "policy", 0.1, 0.6),
        (lambda r: r.kind == "custom", 0.1, 0.6),
        (lambda r: r.kind == "bgp", 0.1, 0.6),
        (lambda r: r.state == "normal", 0.02, 0.3),
        (lambda r: r.weight == 0, 0.001, 0.2),
        (lambda r: r.kind == "policy" and r.priority is None, 0.01, 0.4),
        (lambda r: r.priority not in (None, 10), 0.003, 0.2),
    ],
)
def test_mix(wanted: object, low: float, high: float) -> None:
    """Every kind, state, weight and priority occurs."""
    assert callable(wanted)
    assert low < sum(map(wanted, FLEET.routes)) / len(FLEET.routes) < high


def test_vpcs_have_further_blocks_now_and_then() -> None:
    """Secondary blocks are clear of the primary one; user CIDRs are public."""
    assert any(vpc.secondary_cidrs for vpc in FLEET.vpcs)
    assert any(vpc.user_cidrs for seed in range(3) for vpc in make_fleet(seed=seed).vpcs)
    for vpc in FLEET.vpcs:
        for cidr in vpc.secondary_cidrs:
            assert not ip_network(cidr).overlaps(ip_network(vpc.cidr))


def test_a_standby_is_a_single_tunnel() -> None:
    """Weights mean nothing where a connection has two tunnels: all are 100 there."""
    for route in INTO:
        if BY_ID[route.vpn_connection_id or ""].is_dual:
            assert route.weight in (None, 100)


def planted(plant_id: str) -> tuple[EmulatedConnection, ...]:
    (plant,) = [plant for plant in FLEET.planted if plant.plant_id == plant_id]
    return tuple(BY_ID[i] for i in plant.vpn_connection_ids)


@pytest.mark.parametrize(
    "plant_id",
    [
        "routes-equal-on-one-gateway",
        "routes-active-and-standby",
        "policies-of-one-priority",
        "policies-ranked",
        "policies-split-by-source",
        "routes-equal-behind-gateways-of-one-vpc",
    ],
)
def test_planted_pairs_share_a_destination_and_nothing_else_speaks_of_failover(
    plant_id: str,
) -> None:
    """Both are route-based, single, without health check and BGP, to different peers."""
    left, right = planted(plant_id)
    assert {r.destination for r in routes_into(left)} == {r.destination for r in routes_into(right)}
    for connection in (left, right):
        assert connection.vpc_subnets == connection.onprem_subnets == (EVERYTHING,)
        assert (len(connection.tunnels), connection.health_check) == (1, None)
    assert left.tunnels[0].customer_ip != right.tunnels[0].customer_ip


def test_planted_weights_and_priorities() -> None:
    """The standby has weight 0, the active one 100; ranked policies differ in priority."""
    weights = [
        route.weight for c in planted("routes-active-and-standby") for route in routes_into(c)
    ]
    assert weights == [100, 0]
    ranks = [route.priority for c in planted("policies-ranked") for route in routes_into(c)]
    assert ranks == [10, 20]


def test_planted_migration() -> None:
    """Two gateways of one VPC lead to one peer."""
    left, right = planted("migration-between-gateways")
    assert left.vpn_gateway_id != right.vpn_gateway_id
    assert {t.customer_ip for t in left.tunnels} & {t.customer_ip for t in right.tunnels}


def test_planted_mirror() -> None:
    """Two attachments of one router are each other's peer, blocks crossed."""
    left, right = planted("mirrored-on-one-router")
    assert left.transit_router_id == right.transit_router_id
    assert (left.vpc_subnets, left.onprem_subnets) == (right.onprem_subnets, right.vpc_subnets)
    for mine, theirs in zip(left.tunnels, right.tunnels, strict=True):
        assert (mine.cloud_ip, mine.customer_ip) == (theirs.customer_ip, theirs.cloud_ip)


def test_a_route_is_bound_to_tunnels_with_an_id() -> None:
    """A single tunnel has no id, so its route names none."""
    single = next(c for c in FLEET.connections if not c.is_dual)
    dual = next(c for c in FLEET.connections if c.is_dual and c.vpn_gateway_id)
    draw = Draw.from_seed(1)
    assert make_route(draw, single, "custom", "10.0.0.0/8").tunnel_ids == ()
    assert make_route(draw, dual, "custom", "10.0.0.0/8").tunnel_ids == (dual.tunnels[0].tunnel_id,)
    on_router = replace(dual, vpn_gateway_id=None)
    assert len(make_route(draw, on_router, "custom", "10.0.0.0/8").tunnel_ids) == 2
