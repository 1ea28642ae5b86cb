"""The answer key's kinds: known answers on hand-made fleets, and the named non-faults."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from expected_answers import full_answer_key
from helpers import slow_after

from vpnframe.emulator import EmulatedConnection, EmulatedFleet, make_fleet
from vpnframe.emulator.fleet.drawing import Draw
from vpnframe.emulator.fleet.model import EmulatedRoute, HealthCheck
from vpnframe.emulator.fleet.routes import make_route

DRAWN = make_fleet(connections=60, regions=1)
SINGLE = next(c for c in DRAWN.connections if not c.is_dual and c.tunnels[0].bgp is None)
DUAL = next(c for c in DRAWN.connections if c.is_dual and c.tunnels[0].bgp is None)
ALL = ("0.0.0.0/0",)
VPC, SITE = ("172.16.0.0/16",), ("10.1.0.0/16",)


def connection(name: str, vpc: Any = VPC, onprem: Any = SITE, **changes: Any) -> EmulatedConnection:
    """A connection on gateway g1, to a peer of its own; by default nothing speaks of failover."""
    like: EmulatedConnection = changes.pop("like", SINGLE)
    peer, own = changes.pop("peer", f"peer-of-{name}"), changes.pop("own", f"own-of-{name}")
    peer, own = (f"203.0.113.{sum(end.encode()) % 251}" for end in (peer, own))
    tunnels = tuple(replace(t, customer_ip=peer, cloud_ip=own) for t in like.tunnels)
    settings = {"vpn_gateway_id": "g1", "transit_router_id": None, "health_check": None}
    return replace(
        like,
        vpn_connection_id=name,
        vpc_subnets=tuple(vpc),
        onprem_subnets=tuple(onprem),
        tunnels=tunnels,
        **(settings | changes),
    )


def route(
    leading: EmulatedConnection, destination: str, kind: str = "custom", **changes: Any
) -> EmulatedRoute:
    return replace(make_route(Draw.from_seed(1), leading, kind, destination), **changes)


def fleet_of(
    connections: list[EmulatedConnection], routes: list[EmulatedRoute] | None = None
) -> EmulatedFleet:
    """Gateways g1 and g2 stand in one VPC, g3 in another one."""
    base = DRAWN.vpn_gateways[0]
    gateways = tuple(
        replace(base, vpn_gateway_id=gateway, vpc_id=vpc)
        for gateway, vpc in (("g1", "v1"), ("g2", "v1"), ("g3", "v2"))
    )
    return replace(
        DRAWN,
        vpn_gateways=gateways,
        connections=tuple(connections),
        routes=tuple(routes or ()),
        planted=(),
    )


def verdicts(
    connections: list[EmulatedConnection], routes: list[EmulatedRoute] | None = None
) -> list[str]:
    """Kind, severity and relation of each pair, in the key's order."""
    overlaps: Any = full_answer_key(fleet_of(connections, routes))["overlaps"]
    return [f"{o['kind']} {o['severity']} {o['relation']}" for o in overlaps]


ROUTED = {"vpc": ALL, "onprem": ALL}
CHECK = HealthCheck(True, "10.0.0.1", "10.0.0.2", "success")


def test_own_sides_where_the_site_lies_in_the_vpc() -> None:
    """Equal or inside, the local route wins."""
    assert verdicts([connection("a", VPC, VPC)]) == ["own_sides high equal"]
    assert verdicts([connection("a", VPC, ["172.16.9.0/24"])]) == ["own_sides high within"]


def test_own_sides_where_the_site_contains_the_vpc() -> None:
    """Hub and spoke."""
    assert verdicts([connection("a", ["10.1.0.0/16"], ["10.0.0.0/8"])]) == [
        "own_sides low contains"
    ]


def test_own_sides_of_a_connection_that_hangs_on_nothing() -> None:
    """Outside every domain the two sides of one connection are compared all the same."""
    alone = [connection(name, VPC, VPC, vpn_gateway_id=None) for name in "ab"]
    assert verdicts(alone) == ["own_sides high equal"] * 2


def test_own_sides_by_a_policy_route() -> None:
    """Its source and its destination are the two sides."""
    a = connection("a", **ROUTED)
    into = route(a, "10.1.2.0/24", "policy", source="10.1.0.0/16")
    assert verdicts([a], [into]) == ["own_sides high within"]


def test_mirrored() -> None:
    """Each one's address is the other one's peer, on whatever sides they meet."""
    a = connection("a", VPC, SITE, own="x", peer="y", vpn_gateway_id="g1")
    b = connection("b", VPC, SITE, own="y", peer="x", vpn_gateway_id="g2")
    assert verdicts([a, b]) == ["mirrored info equal"]
    on_router = {"vpn_gateway_id": None, "transit_router_id": "tr"}
    a = connection("a", VPC, SITE, own="x", peer="y", **on_router)
    b = connection("b", SITE, VPC, own="y", peer="x", **on_router)
    assert verdicts([a, b]) == ["mirrored info equal"] * 2


def test_one_sided_is_not_mirrored() -> None:
    """One address among the other's peers is not enough."""
    a = connection("a", own="x", peer="y", vpn_gateway_id="g1")
    b = connection("b", own="y", peer="z", vpn_gateway_id="g2")
    assert verdicts([a, b]) == ["route_domain high equal"]


def test_duplicate() -> None:
    """One gateway, one peer, the same blocks: each pair of sites' blocks says so."""
    blocks = ["10.1.0.0/16", "10.1.1.0/24"]
    twins = [connection(name, VPC, blocks, peer="p") for name in "ab"]
    assert verdicts(twins) == [
        *("duplicate medium equal", "duplicate medium contains"),
        *("duplicate medium within", "duplicate medium equal"),
    ]


def test_another_block_is_no_duplicate() -> None:
    """One block more on the VPC side, and it is a pair of selectors."""
    a, b = connection("a", peer="p"), connection("b", [*VPC, "172.17.0.0/16"], peer="p")
    assert verdicts([a, b]) == ["selector_pair high equal"]


def test_ecmp() -> None:
    """Equal blocks of one transit router, whatever else; nested ones are not."""
    on_router = {"vpn_gateway_id": None, "transit_router_id": "t1"}
    a, b = connection("a", **on_router), connection("b", **on_router)
    c = connection("c", VPC, ["10.1.1.0/24"], **on_router)
    assert verdicts([a, b]) == ["ecmp info equal"]
    assert verdicts([a, c]) == ["route_domain low contains"]


@pytest.mark.parametrize(
    "evidence",
    [
        {"like": DUAL},
        {"health_check": CHECK},
        {"like": next(c for c in DRAWN.connections if c.tunnels[0].bgp)},
    ],
    ids=["two tunnels", "health check", "bgp"],
)
def test_ha_pair(evidence: dict[str, Any]) -> None:
    """Different peers, the same block, and something on both that speaks of failover."""
    a, b = connection("a", **evidence), connection("b", **evidence)
    assert verdicts([a, b]) == ["ha_pair info equal"]


def test_ha_pair_needs_evidence_on_both() -> None:
    """A health check that is off, or on one end alone, is no evidence."""
    off = replace(CHECK, is_enabled=False)
    a, b = connection("a", health_check=CHECK), connection("b", health_check=off)
    assert verdicts([a, b]) == ["selector_pair high equal"]


def test_ha_pair_by_weights() -> None:
    """Weights 100 and 0 on one route are evidence for both; two of 100 are not."""
    a, b = connection("a", **ROUTED), connection("b", **ROUTED)
    active, standby = route(a, "10.1.0.0/16"), route(b, "10.1.0.0/16", weight=0)
    assert verdicts([a, b], [active, standby]) == ["ha_pair info equal"]
    assert verdicts([a, b], [active, replace(standby, weight=100)]) == ["onprem high equal"]
    assert verdicts([a, b], [active, replace(standby, weight=None)]) == ["onprem high equal"]


def test_weights_of_one_connection_are_no_evidence() -> None:
    """It takes two to fail over."""
    a = connection("a", **ROUTED)
    twice = [route(a, "10.1.0.0/16", weight=weight) for weight in (100, 0)]
    assert full_answer_key(fleet_of([a], twice))["ha_evidence"] == []


def test_weights_of_two_gateways_are_no_evidence() -> None:
    """A standby stands by on its own gateway."""
    a, b = connection("a", **ROUTED), connection("b", **ROUTED, vpn_gateway_id="g2")
    routes = [route(a, "10.1.0.0/16"), route(b, "10.1.0.0/16", weight=0)]
    assert verdicts([a, b], routes) == ["route_domain high equal"]


def test_migration_from_one_gateway_to_another() -> None:
    """Two gateways of one VPC to one peer: no evidence is needed, and blocks may be nested."""
    a = connection("a", peer="p")
    b = connection("b", VPC, ["10.1.1.0/24"], peer="p", vpn_gateway_id="g2")
    assert verdicts([a, b]) == ["ha_pair info contains"]


@pytest.mark.parametrize("onprem", [SITE, ["10.1.1.0/24"]], ids=["equal", "nested"])
def test_selector_pair(onprem: Any) -> None:
    """Both sides overlap under policy: which one takes a packet is not said."""
    relation = "equal" if onprem == SITE else "contains"
    a, b = connection("a"), connection("b", ["172.16.8.0/24"], onprem)
    assert verdicts([a, b]) == [f"selector_pair high {relation}"]


def test_selector_pair_split_by_the_vpc_side() -> None:
    """Disjoint blocks of the VPC are a legal split."""
    a, b = connection("a"), connection("b", ["172.17.0.0/16"])
    assert verdicts([a, b]) == ["selector_pair low equal"]


@pytest.mark.parametrize(
    ("priorities", "severity"), [((10, 20), "low"), ((10, 10), "high"), ((10, None), "high")]
)
def test_selector_pair_by_priority(priorities: tuple[Any, Any], severity: str) -> None:
    """Known and different priorities say which is looked at first."""
    pair = [connection(name, **ROUTED) for name in "ab"]
    policies = [
        route(c, "10.1.0.0/16", "policy", source=VPC[0], priority=priority)
        for c, priority in zip(pair, priorities, strict=True)
    ]
    assert verdicts(pair, policies) == [f"selector_pair {severity} equal"]


def test_the_smallest_priority_counts() -> None:
    """A block of several policy routes is looked at by the first of them."""
    pair = [connection(name, **ROUTED) for name in "ab"]
    policies = [
        route(c, "10.1.0.0/16", "policy", source=source, priority=priority)
        for c, source, priority in (
            (pair[0], "172.16.0.0/16", 30),
            (pair[0], "172.17.0.0/16", 10),
            (pair[1], "172.16.0.0/16", 10),
        )
    ]
    assert verdicts(pair, policies) == ["selector_pair high equal"]


def test_policy_from_everywhere_meets_every_vpc_block() -> None:
    """A policy route whose source is everything leaves no split."""
    pair = [connection(name, **ROUTED) for name in "ab"]
    policies = [
        route(pair[0], "10.1.0.0/16", "policy", source=ALL[0], priority=10),
        route(pair[0], "10.1.0.0/16", "policy", source="172.17.0.0/16", priority=10),
        route(pair[1], "10.1.0.0/16", "policy", source="172.16.0.0/16", priority=10),
    ]
    assert verdicts(pair, policies) == ["selector_pair high equal"]


def test_onprem_by_destination() -> None:
    """Equal destinations collide; an aggregate and its branches do not."""
    a, b = connection("a", **ROUTED), connection("b", **ROUTED)
    equal = [route(a, "10.1.0.0/16"), route(b, "10.1.0.0/16")]
    nested = [route(a, "10.1.0.0/16"), route(b, "10.1.1.0/24")]
    assert verdicts([a, b], equal) == ["onprem high equal"]
    assert verdicts([a, b], nested) == ["onprem low contains"]


def test_onprem_where_one_is_by_policy() -> None:
    """A policy is looked at before the longer prefix: medium."""
    a, b = connection("a"), connection("b", **ROUTED)
    assert verdicts([a, b], [route(b, "10.1.1.0/24")]) == ["onprem medium contains"]


def test_onprem_learned_by_bgp() -> None:
    """What a peer announces stands on its side; what the cloud announces stands on none."""
    a, b = connection("a", **ROUTED), connection("b", **ROUTED)
    learned = [route(a, "10.1.0.0/16", "bgp"), route(b, "10.1.0.0/16", "bgp")]
    assert verdicts([a, b], learned) == ["onprem high equal"]
    announced = [learned[0], replace(learned[1], learned_from="CLOUD")]
    assert verdicts([a, b], announced) == []


@pytest.mark.parametrize(
    ("onprem", "verdict"),
    [(SITE, "route_domain high equal"), (["10.1.1.0/24"], "route_domain low contains")],
)
def test_route_domain(onprem: Any, verdict: str) -> None:
    """Behind two gateways of one VPC."""
    a, b = connection("a"), connection("b", ["172.17.0.0/16"], onprem, vpn_gateway_id="g2")
    assert verdicts([a, b]) == [verdict]


@pytest.mark.parametrize(
    ("vpc", "verdict"),
    [
        (SITE, "other_vpc high equal"),
        (["10.0.0.0/8"], "other_vpc high within"),
        (["10.1.1.0/24"], "other_vpc low contains"),
    ],
)
def test_other_vpc(vpc: Any, verdict: str) -> None:
    """A site against the VPC block of another connection of the router."""
    on_router = {"vpn_gateway_id": None, "transit_router_id": "tr"}
    a = connection("a", **on_router)
    assert verdicts([a, connection("b", vpc, ["192.168.0.0/24"], **on_router)]) == [verdict]


def test_a_selector_of_another_connection_tells_of_the_own_vpc() -> None:
    """It is one VPC, whoever names its block."""
    a, b = connection("a"), connection("b", SITE, ["192.168.0.0/24"], vpn_gateway_id="g2")
    assert verdicts([a, b]) == ["own_sides high equal"]


def test_what_a_vpc_holds_decides_where_it_is_known() -> None:
    """Not the selectors: an aggregate is no block, and a route into the VPC is a black hole."""
    vpc = replace(DRAWN.vpcs[0], vpc_id="v1", cidr="10.1.0.0/16", secondary_cidrs=())
    vpc = replace(vpc, user_cidrs=("9.0.0.0/8",))
    hub = connection("hub", ["10.0.0.0/8", "192.168.1.0/24"], ["10.66.0.0/16", "9.9.0.0/16"])
    routed = connection("routed", **ROUTED)
    fleet = fleet_of([hub, routed], [route(routed, "10.1.7.0/24")])
    overlaps: Any = full_answer_key(replace(fleet, vpcs=(vpc,)))["overlaps"]
    assert {(o["kind"], o["severity"], o["left"]["cidr"]) for o in overlaps} == {
        ("own_sides", "high", "10.1.7.0/24"),
        ("user_cidr", "info", "9.9.0.0/16"),
    }


def test_a_nested_list_on_both_of_a_pair_is_one_pair() -> None:
    """The larger block leads to both: the smaller one is redundant, and no fault."""
    lists = ["192.168.0.0/20", "192.168.0.0/24"]
    pair = [connection(name, VPC, lists, health_check=CHECK) for name in "ab"]
    assert {v.rpartition(" ")[0] for v in verdicts(pair)} == {"ha_pair info"}


def test_disjoint_vpc_blocks_are_no_pair_for_failover() -> None:
    """Neither admits what the other carries."""
    a = connection("a", ["172.16.0.0/24"], SITE, health_check=CHECK)
    b = connection("b", ["172.16.1.0/24"], SITE, health_check=CHECK)
    assert verdicts([a, b]) == ["selector_pair low equal"]


def test_a_block_of_several_origins_is_one_block() -> None:
    """Selector, policy and destination of one block give one pair, and the policy counts."""
    a, b = connection("a"), connection("b", **ROUTED)
    routes = [
        route(a, "10.1.0.0/16", "policy", source=VPC[0]),
        route(a, "10.1.0.0/16"),
        route(b, "10.1.0.0/16", "policy", source=VPC[0]),
        route(b, "10.1.0.0/16"),
    ]
    assert verdicts([a, b], routes) == ["selector_pair high equal"]


def test_tunnels_of_one_connection_are_no_overlap() -> None:
    """Two tunnels carry one connection's blocks."""
    assert verdicts([connection("a", like=DUAL)]) == []


def test_everything_is_no_overlap() -> None:
    """0.0.0.0/0 against anything, in selectors and in routes."""
    a, b = connection("a", **ROUTED), connection("b", ALL, SITE)
    assert verdicts([a, b], [route(a, "0.0.0.0/0", "bgp")]) == []


def test_one_customer_gateway_in_two_regions_is_no_overlap() -> None:
    """Equal blocks behind gateways of two VPCs meet nowhere."""
    a, b = connection("a", peer="p"), connection("b", peer="p", vpn_gateway_id="g3")
    assert verdicts([a, b]) == []


def test_one_connection_per_tunnel_of_the_peer_is_an_ha_pair() -> None:
    """Identical selectors by design: two addresses of one peer, with health checks."""
    pair = [connection(name, health_check=CHECK) for name in "ab"]
    assert verdicts(pair) == ["ha_pair info equal"]


EXPECTED = {
    "own-sides-equal": "own_sides high",
    "own-sides-onprem-inside-vpc": "own_sides high",
    "own-sides-onprem-contains-vpc": "own_sides low",
    "onprem-nested-on-one-gateway": "selector_pair high",
    "selector-pair": "selector_pair high",
    "duplicate-connection": "duplicate medium",
    "ha-pair": "ha_pair info",
    "ecmp-on-one-router": "ecmp info",
    "onprem-equals-rest-of-own-vpc": "own_sides high",
    "onprem-inside-rest-of-own-vpc": "own_sides high",
    "onprem-contains-other-vpc": "other_vpc low",
    "routes-equal-on-one-gateway": "onprem high",
    "routes-active-and-standby": "ha_pair info",
    "routes-aggregate-and-branches": "onprem low",
    "policies-of-one-priority": "selector_pair high",
    "policies-ranked": "selector_pair low",
    "policies-split-by-source": "selector_pair low",
    "policy-into-own-vpc": "own_sides high",
    "route-into-own-vpc": "own_sides high",
    "routes-equal-behind-gateways-of-one-vpc": "route_domain high",
    "migration-between-gateways": "ha_pair info",
    "mirrored-on-one-router": "mirrored info",
}


@pytest.mark.parametrize("seed", slow_after(4, range(20)))
def test_what_was_planted_means_what_it_was_planted_for(seed: int) -> None:
    """In every fleet each planted pair has its verdict among those between its connections."""
    key: Any = full_answer_key(make_fleet(seed=seed))
    found: dict[frozenset[str], set[str]] = {}
    for o in key["overlaps"]:
        ids = frozenset(o[end]["vpn_connection_id"] for end in ("left", "right"))
        found.setdefault(ids, set()).add(f"{o['kind']} {o['severity']}")
    planted = [p for p in key["planted"] if p["plant_id"] in EXPECTED]
    assert len(planted) > 18
    for plant in planted:
        ids = frozenset(plant["vpn_connection_ids"])
        its = set().union(*(verdicts for ends, verdicts in found.items() if ends <= ids))
        assert EXPECTED[plant["plant_id"]] in its, plant["plant_id"]


def test_every_kind_of_the_default_scope_is_in_the_default_fleet() -> None:
    """All but natted and unrelated, which need files and scopes of the user's."""
    key: Any = full_answer_key(make_fleet())
    assert {o["kind"] for o in key["overlaps"]} == {
        *("own_sides", "mirrored", "duplicate", "ecmp", "ha_pair", "selector_pair", "onprem"),
        *("route_domain", "other_vpc"),
    }
