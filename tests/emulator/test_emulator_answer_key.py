"""The answer key: known answers on a tiny fleet, and a brute force over whole ones."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from ipaddress import ip_network
from itertools import combinations
from typing import Any

import pytest
from expected_answers import full_answer_key

from vpnframe.emulator import EmulatedConnection, EmulatedFleet, answer_key, make_fleet

DRAWN = make_fleet(connections=60, regions=1)


def connection(name: str, vpc: list[str], onprem: list[str], **changes: Any) -> EmulatedConnection:
    """Take any drawn connection and make it the wanted one."""
    return replace(
        DRAWN.connections[0],
        vpn_connection_id=name,
        vpc_subnets=tuple(vpc),
        onprem_subnets=tuple(onprem),
        **({"vpn_gateway_id": None, "transit_router_id": None} | changes),
    )


def fleet_of(*connections: EmulatedConnection) -> EmulatedFleet:
    """Make a fleet of two gateways in one VPC, one in another, and some connections."""
    base = DRAWN.vpn_gateways[0]
    gateways = tuple(
        replace(base, vpn_gateway_id=gateway, vpc_id=vpc)
        for gateway, vpc in (("g1", "v1"), ("g2", "v1"), ("g3", "v2"))
    )
    return replace(DRAWN, vpn_gateways=gateways, connections=connections, planted=(), routes=())


def pairs_of(fleet: EmulatedFleet) -> set[tuple[str, str, str]]:
    """Write the overlaps of the key in short."""
    overlaps: Any = full_answer_key(fleet)["overlaps"]
    return {(short(o["left"]), o["relation"], short(o["right"])) for o in overlaps}


def short(end: dict[str, str]) -> str:
    return f"{end['vpn_connection_id']}/{end['side']}/{end['cidr']}"


def test_onprem_of_two_connections_on_one_gateway() -> None:
    """Equal and nested on-premises blocks of two connections are found, once each."""
    fleet = fleet_of(
        connection("a", ["172.16.0.0/16"], ["10.1.0.0/16", "10.9.0.0/24"], vpn_gateway_id="g1"),
        connection("b", ["172.16.0.0/16"], ["10.1.2.0/24", "10.9.0.0/24"], vpn_gateway_id="g1"),
    )
    assert pairs_of(fleet) == {
        ("a/onprem/10.1.0.0/16", "contains", "b/onprem/10.1.2.0/24"),
        ("a/onprem/10.9.0.0/24", "equal", "b/onprem/10.9.0.0/24"),
    }


def test_gateways_of_one_vpc_are_one_domain() -> None:
    """Two gateways of a VPC share a domain; a third one elsewhere does not."""
    blocks = (["172.16.0.0/16"], ["10.1.0.0/16"])
    fleet = fleet_of(
        connection("a", *blocks, vpn_gateway_id="g1"),
        connection("b", *blocks, vpn_gateway_id="g2"),
        connection("c", *blocks, vpn_gateway_id="g3"),
    )
    assert pairs_of(fleet) == {("a/onprem/10.1.0.0/16", "equal", "b/onprem/10.1.0.0/16")}


def test_onprem_meets_the_vpc_of_another_connection() -> None:
    """An on-premises block inside another connection's VPC block counts."""
    fleet = fleet_of(
        connection("a", ["172.16.0.0/16"], ["10.1.3.0/24"], transit_router_id="t1"),
        connection("b", ["10.1.0.0/16"], ["192.168.0.0/24"], transit_router_id="t1"),
    )
    assert pairs_of(fleet) == {("a/onprem/10.1.3.0/24", "within", "b/vpc/10.1.0.0/16")}


def test_own_sides() -> None:
    """The two sides of one connection are compared, blocks of one side are not."""
    own = connection("a", ["10.0.0.0/8"], ["10.1.0.0/16", "10.1.1.0/24"], vpn_gateway_id="g1")
    assert pairs_of(fleet_of(own)) == {
        ("a/onprem/10.1.0.0/16", "within", "a/vpc/10.0.0.0/8"),
        ("a/onprem/10.1.1.0/24", "within", "a/vpc/10.0.0.0/8"),
    }


def test_vpc_sides_are_never_compared() -> None:
    """Two connections of one VPC naturally carry the same VPC block."""
    fleet = fleet_of(
        connection("a", ["172.16.0.0/16"], ["10.1.0.0/16"], vpn_gateway_id="g1"),
        connection("b", ["172.16.0.0/16"], ["10.2.0.0/16"], vpn_gateway_id="g1"),
    )
    assert pairs_of(fleet) == set()


def test_default_routes_say_nothing() -> None:
    """Everything is no block, in either family."""
    everything = ["0.0.0.0/0", "::/0"]
    fleet = fleet_of(
        connection("a", everything, everything, vpn_gateway_id="g1"),
        connection("b", everything, ["10.1.0.0/16", "fd00::/8"], vpn_gateway_id="g1"),
    )
    assert pairs_of(fleet) == set()


def test_families_do_not_meet() -> None:
    """An IPv4 block and an IPv6 block of the same numbers have nothing in common."""
    fleet = fleet_of(
        connection("a", ["172.16.0.0/16"], ["0.0.0.0/1"], vpn_gateway_id="g1"),
        connection("b", ["172.17.0.0/16"], ["::a00:0/104", "fd00::/48"], vpn_gateway_id="g1"),
        connection("c", ["172.17.0.0/16"], ["fd00:0:0:1::/64"], vpn_gateway_id="g1"),
    )
    assert pairs_of(fleet) == {("b/onprem/fd00::/48", "contains", "c/onprem/fd00:0:0:1::/64")}


def test_no_scope_equals_nothing() -> None:
    """A connection that hangs on nothing is compared with itself alone."""
    blocks = (["10.1.0.0/16"], ["10.1.0.0/16"])
    assert pairs_of(fleet_of(connection("a", *blocks), connection("b", *blocks))) == {
        ("a/onprem/10.1.0.0/16", "equal", "a/vpc/10.1.0.0/16"),
        ("b/onprem/10.1.0.0/16", "equal", "b/vpc/10.1.0.0/16"),
    }


def test_repeated_block_counts_once() -> None:
    """A block that stands twice on one side gives one pair."""
    fleet = fleet_of(
        connection("a", ["172.16.0.0/16"], ["10.1.0.0/16", "10.1.0.0/16"], vpn_gateway_id="g1"),
        connection("b", ["172.16.0.0/16"], ["10.1.0.0/16"], vpn_gateway_id="g1"),
    )
    overlaps: Any = full_answer_key(fleet)["overlaps"]
    assert len(overlaps) == 1


def blocks_by_side(fleet: EmulatedFleet) -> set[tuple[str, str, str]]:
    """Every block of every connection: of its selectors, and of the routes that lead into it."""
    blocks = {
        (c.vpn_connection_id, side, cidr)
        for c in fleet.connections
        for side, cidrs in (("vpc", c.vpc_subnets), ("onprem", c.onprem_subnets))
        for cidr in cidrs
    }
    for route in fleet.routes:
        if route.learned_from != "CLOUD":
            blocks.add((route.next_hop, "onprem", route.destination))
            blocks |= {(route.next_hop, "vpc", route.source)} if route.source else set()
    return {block for block in blocks if not block[2].endswith("/0")}


def brute_force(fleet: EmulatedFleet) -> set[frozenset[tuple[str, str, str]]]:
    """Compare everything with everything, the domain being a fixed point of shared holders.

    A block of a VPC stands for the asking connection where it is that one's own VPC, else for the
    first connection of the VPC.
    """
    vpc_of = {g.vpn_gateway_id: g.vpc_id for g in fleet.vpn_gateways}
    blocks_of_vpc = {v.vpc_id: {v.cidr, *v.secondary_cidrs, *v.user_cidrs} for v in fleet.vpcs}
    own = {v.vpc_id: {v.cidr, *v.secondary_cidrs} for v in fleet.vpcs}
    scope_of, cloud_of, first_of = {}, {}, {}
    for c in sorted(
        fleet.connections, key=lambda c: (c.account_id, c.region_id, c.vpn_connection_id)
    ):
        vpc = vpc_of.get(c.vpn_gateway_id or "")
        scope_of[c.vpn_connection_id] = vpc or c.transit_router_id
        cloud_of[c.vpn_connection_id] = vpc or c.vpn_connection_id
        first_of.setdefault(cloud_of[c.vpn_connection_id], c.vpn_connection_id)
    sides = blocks_by_side(fleet)
    sites = [(i, cidr) for i, side, cidr in sides if side == "onprem"]
    told = [(i, cidr) for i, side, cidr in sides if side == "vpc"]
    found = {
        frozenset({(i, "onprem", cidr), (j, "onprem", other)})
        for (i, cidr), (j, other) in combinations(sorted(sites), 2)
        if i != j and scope_of[i] and scope_of[i] == scope_of[j] and meet(cidr, other)
    }
    for i, cidr in sites:
        for cloud in {cloud_of[j] for j in cloud_of if is_near(i, j, scope_of, cloud_of)}:
            for other in blocks_of_vpc.get(cloud, ()):
                name = i if cloud == cloud_of[i] else first_of[cloud]
                found |= (
                    {frozenset({(i, "onprem", cidr), (name, "vpc", other)})}
                    if meet(cidr, other)
                    else set()
                )
        for j, other in told:
            is_outside = i == j and not any(meet(other, one) for one in own.get(cloud_of[j], ()))
            is_near_and_unread = cloud_of[j] not in own and is_near(i, j, scope_of, cloud_of)
            if meet(cidr, other) and (is_near_and_unread or is_outside):
                found.add(frozenset({(i, "onprem", cidr), (j, "vpc", other)}))
    return found


def place_of(connection: EmulatedConnection) -> tuple[str, str, str]:
    """Account, region and id."""
    return connection.account_id, connection.region_id, connection.vpn_connection_id


def is_near(i: str, j: str, scope_of: dict[str, Any], cloud_of: dict[str, Any]) -> bool:
    """Whether one VPC or one domain has both."""
    return cloud_of[i] == cloud_of[j] or (scope_of[i] is not None and scope_of[i] == scope_of[j])


def meet(one: str, other: str) -> bool:
    """Whether two blocks share addresses."""
    left, right = ip_network(one), ip_network(other)
    return left.version == right.version and left.overlaps(right)  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", range(4))
def test_equals_brute_force(seed: int) -> None:
    """Over whole fleets the key holds what comparing everything finds, each pair once."""
    fleet = make_fleet(connections=150, seed=seed)
    overlaps: Any = full_answer_key(fleet)["overlaps"]
    found = Counter(
        frozenset(
            (o[end]["vpn_connection_id"], o[end]["side"], o[end]["cidr"])
            for end in ("left", "right")
        )
        for o in overlaps
    )
    assert found == Counter(brute_force(fleet))


@pytest.mark.parametrize(
    ("plant_id", "n_pairs"),
    [
        ("own-sides-equal", 1),
        ("own-sides-onprem-inside-vpc", 1),
        ("own-sides-onprem-contains-vpc", 1),
        ("onprem-equal-on-one-gateway", 1),
        ("onprem-nested-on-one-gateway", 1),
        ("onprem-split-by-vpc-block", 1),
        ("selector-pair", 1),
        ("ecmp-on-one-router", 1),
        ("onprem-equals-rest-of-own-vpc", 1),
        ("onprem-inside-rest-of-own-vpc", 1),
        ("onprem-contains-other-vpc", 1),
        ("onprem-equal-behind-gateways-of-one-vpc", 1),
    ],
)
def test_planted_overlaps_are_in_the_key(plant_id: str, n_pairs: int) -> None:
    """Each planted overlap is among the pairs, between the connections it was planted on."""
    key: Any = full_answer_key(make_fleet())
    (plant,) = [p for p in key["planted"] if p["plant_id"] == plant_id]
    ids = set(plant["vpn_connection_ids"])
    inside = [
        o
        for o in key["overlaps"]
        if {o["left"]["vpn_connection_id"], o["right"]["vpn_connection_id"]} <= ids
    ]
    assert len(inside) >= n_pairs


def test_counts_of_tunnels() -> None:
    """Every column counts each tunnel once, in our words; the mode under IKEv1 alone."""
    key: Any = full_answer_key(make_fleet())
    n_tunnels = key["counts"]["tunnels"]
    for column, counts in (key["algorithms"] | key["lifetimes"]).items():
        n_left_out = key["algorithms"]["ike_version"][2] if column == "ike_mode" else 0
        assert sum(counts.values()) == n_tunnels - n_left_out, column
    assert set(key["algorithms"]["ike_encryption"]) == {
        *("aes-128-cbc", "aes-192-cbc", "aes-256-cbc", "des-cbc", "3des-cbc", "sm4-cbc"),
    }
    assert 0 in key["algorithms"]["ipsec_pfs_group"]
    assert "hmac-md5" in key["algorithms"]["ike_integrity"]


def test_the_emulator_writes_no_verdict() -> None:
    """Its own key is what was planted where, the tunnels and counts; the rest is the oracle's."""
    key = answer_key(make_fleet())
    assert list(key) == ["seed", "planted", "tunnels", "counts"]
    assert key.items() <= full_answer_key(make_fleet()).items()


def test_tunnels_are_numbered() -> None:
    """Tunnels are 1 and 2; where the cloud names no order, by their sorted ids."""
    fleet = make_fleet()
    rows: Any = full_answer_key(fleet)["tunnels"]
    keys = [(row["vpn_connection_id"], row["tunnel_index"]) for row in rows]
    assert len(keys) == len(set(keys))
    nameless = next(c for c in fleet.connections if c.is_dual and c.tunnels[0].index is None)
    mine = [row for row in rows if row["vpn_connection_id"] == nameless.vpn_connection_id]
    by_index = sorted(mine, key=lambda row: int(row["tunnel_index"]))
    assert [row["tunnel_id"] for row in by_index] == sorted(row["tunnel_id"] for row in mine)


def test_routes_and_vpcs_are_in_the_key() -> None:
    """Every route and VPC as the answers hold them; what the cloud announces leads nowhere."""
    fleet = make_fleet()
    key: Any = full_answer_key(fleet)
    assert len(key["routes"]) == len(fleet.routes)
    assert {row["route_type"] for row in key["routes"]} == {"policy", "destination", "bgp"}
    for row in key["routes"]:
        assert (row["vpn_connection_id"] is None) == (row["learned_from"] == "CLOUD")
    assert {row["vpc_id"]: row["cidrs"] for row in key["vpcs"]} == {
        vpc.vpc_id: [vpc.cidr] for vpc in fleet.vpcs
    }


def test_evidence_of_failover() -> None:
    """Two tunnels, BGP, a health check that is on, or weights that differ."""
    fleet = make_fleet()
    key: Any = full_answer_key(fleet)
    weights = next(p for p in key["planted"] if p["plant_id"] == "routes-active-and-standby")
    expected = {
        c.vpn_connection_id
        for c in fleet.connections
        if c.is_dual or c.tunnels[0].bgp or (c.health_check and c.health_check.is_enabled)
    }
    assert set(key["ha_evidence"]) - expected == set(weights["vpn_connection_ids"])
    assert expected < set(key["ha_evidence"])


def test_shared_keys() -> None:
    """Connections of one key are one group; every other connection is in none."""
    fleet = make_fleet()
    key: Any = full_answer_key(fleet)
    holders = Counter(psk for c in fleet.connections for psk in {t.psk for t in c.tunnels} if psk)
    assert sum(n > 1 for n in holders.values()) >= len(key["shared_keys"]) > 1
    reused = next(p for p in key["planted"] if p["plant_id"] == "key-reused")
    assert sorted(reused["vpn_connection_ids"]) in key["shared_keys"]


def test_key_can_be_written_and_holds_no_secret() -> None:
    """The key is JSON without a pre-shared key, an AuthKey or an access key secret."""
    fleet = make_fleet(accounts=2)
    text = json.dumps(full_answer_key(fleet))
    secrets = {t.psk for c in fleet.connections for t in c.tunnels}
    secrets |= {g.auth_key for g in fleet.customer_gateways}
    secrets |= {account.access_key_secret for account in fleet.accounts}
    secrets.discard(None)
    assert len(secrets) > 300
    assert not [secret for secret in secrets if secret and secret in text]
