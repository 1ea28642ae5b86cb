"""What a VPC holds decides what collides with it: its own blocks, not the selectors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from fleet_helpers import found, inventory_with, site, subnets_of, vpcs, vpcs_of

import vpnframe as vf
from vpnframe.overlapping import OverlapSettings, free_subnets, overlaps, would_conflict
from vpnframe.overlapping.nat import Nat

CASES = Path(__file__).parents[1] / "data" / "cases"
ROUTE = {"routing_mode": "route", "has_known_routes": True}
HA = {"has_ha_evidence": True}
OTHER_PEER = {"peer_addresses": ["198.51.100.2"]}
HELD = vpcs("vpc-1", "10.1.0.0/16", "172.20.0.0/16")
ORIGINS = ("selector", "policy", "destination", "bgp")


def meant(*sites: Any, held: pd.DataFrame = HELD, **options: Any) -> list[tuple[Any, ...]]:
    """Kind, severity and number of pairs of every row."""
    table = overlaps(inventory_with(subnets_of(*sites), vpcs=held), **options)
    return found(table, "kind", "severity", "n_pairs")


def route_based(name: str, cidr: str, origin: str, **known: Any) -> list[dict[str, Any]]:
    """A connection whose prefix stands in a route, or in its selectors."""
    return site(name, vpc=["0.0.0.0/0"], onprem=[{"cidr": cidr, "origin": origin}], **ROUTE | known)


@pytest.mark.parametrize("origin", ORIGINS)
@pytest.mark.parametrize("cidr", ["10.1.0.0/16", "10.1.7.0/24", "172.20.9.0/24"])
def test_what_leads_to_a_block_inside_the_vpc_is_a_black_hole(cidr: str, origin: str) -> None:
    """By selector or any route, into the primary block or a further one."""
    one = route_based("a", cidr, origin)
    assert meant(one) == [("own_sides", "high", 1)]
    assert meant(one, held=HELD.head(0)) == []


def test_a_block_around_the_vpc_is_hub_and_spoke() -> None:
    """The VPC's own route is the longer prefix."""
    assert meant(route_based("a", "10.0.0.0/8", "destination")) == [("own_sides", "low", 1)]


def test_an_aggregate_as_the_clouds_selector_is_no_block_of_the_vpc() -> None:
    """Case of a hub: a branch inside the aggregate, but outside the VPC, is reached."""
    inv = vf.load(CASES / "27-hub-aggregate" / "answers")
    assert overlaps(inv).empty
    assert vf.trace(inv, source="10.1.0.5", destination="10.66.0.9")["verdict"].tolist() == [
        "tunnel"
    ]
    hits = would_conflict(inv, ["10.77.0.0/16", "10.1.9.0/24"])
    assert found(hits, "cidr", "severity") == [
        ("10.77.0.0/16", "info"),
        ("10.1.9.0/24", "high"),
        ("10.1.9.0/24", "info"),
    ]
    free = free_subnets(inv, within="10.64.0.0/14", prefix_length=16, count=9)["cidr"]
    assert sorted(free) == ["10.64.0.0/16", "10.65.0.0/16", "10.67.0.0/16"]


def test_a_route_into_the_vpc_is_found_in_saved_answers() -> None:
    """The black hole of a route-based connection: overlaps, audit, conflicts and trace agree."""
    inv = vf.load(CASES / "38-route-inside-vpc" / "answers")
    assert found(overlaps(inv), "left_cidr", "right_cidr", "kind", "severity") == [
        ("10.1.7.0/24", "10.1.0.0/16", "own_sides", "high")
    ]
    findings = vf.audit(inv).set_index("rule_id")
    assert findings.loc["vpn-overlap-own-sides", "severity"] == "high"
    assert vf.trace(inv, source="10.1.0.5", destination="10.1.7.9")["verdict"].tolist() == ["local"]


def test_a_selector_outside_the_vpc_is_no_local_route() -> None:
    """On both sides it is odd, and no black hole; of another connection it is spoke to spoke."""
    odd = site("a", vpc=["192.168.5.0/24"], onprem=["192.168.5.0/24"])
    assert meant(odd) == [("own_sides", "low", 1)]
    spokes = (
        site("a", vpc=["10.1.0.0/16", "10.2.0.0/16"], onprem=["10.3.0.0/16"]),
        site("b", vpc=["10.1.0.0/16", "10.3.0.0/16"], onprem=["10.2.0.0/16"], **OTHER_PEER),
    )
    assert meant(*spokes) == []


def test_where_the_vpc_was_not_read_the_sentence_says_so() -> None:
    """The selector stands for it."""
    one = site("a", vpc=["10.1.0.0/16"], onprem=["10.1.7.0/24"])
    for held, is_said in ((HELD, False), (HELD.head(0), True), (vpcs("vpc-9", "10.0.0.0/8"), True)):
        (reason,) = overlaps(inventory_with(subnets_of(one), vpcs=held))["reason"]
        assert ("the VPC was not read, so its selector is used instead" in reason) is is_said


def test_a_vpc_with_a_block_that_is_not_readable_counts_as_not_read() -> None:
    """What is readable stands for it, and so do the selectors."""
    one = site("a", vpc=["172.16.0.0/16"], onprem=["10.1.7.0/24", "172.16.1.0/24"])
    table = overlaps(inventory_with(subnets_of(one), vpcs=vpcs("vpc-1", "10.1.0.0/16", "x")))
    assert table["severity"].tolist() == ["high", "high"]
    assert table["reason"].str.contains("was not read").all()


def test_one_bad_block_of_ten_connections_in_one_vpc_is_one_row() -> None:
    """With the ten; and of one connection among ten it is one row, too."""
    ten = [route_based(f"c{i}", "10.1.7.0/24", "destination", **HA) for i in range(10)]
    for i, rows in enumerate(ten):
        rows[1]["peer_addresses"] = rows[0]["peer_addresses"] = [f"198.51.100.{i}"]
    table = overlaps(inventory_with(subnets_of(*ten), vpcs=HELD))
    own = table[table["kind"] == "own_sides"]
    assert found(own, "severity", "n_pairs", "n_connections") == [("high", 10, 10)]
    assert own["vpn_connection_ids"].tolist() == [",".join(f"c{i}" for i in range(10))]
    for held in (HELD, HELD.head(0)):
        nine = [site(f"c{i}", vpc=["10.1.0.0/16"], onprem=[f"192.168.{i}.0/24"]) for i in range(9)]
        bad = site("c9", vpc=["10.1.0.0/16"], onprem=["10.1.7.0/24"])
        assert meant(*nine, bad, held=held) == [("own_sides", "high", 1)]


def test_a_user_cidr_is_used_but_has_no_local_route() -> None:
    """No black hole; but neither free for a new site, nor without a word."""
    held = vpcs_of([{"vpc_id": "vpc-1", "cidrs": ["10.1.0.0/16"], "user_cidrs": ["9.0.0.0/8"]}])
    one = route_based("a", "9.9.0.0/16", "destination")
    assert meant(one, held=held) == [("user_cidr", "info", 1)]
    inv = inventory_with(subnets_of(site("a", onprem=["10.66.0.0/16"])), vpcs=held)
    assert free_subnets(inv, within="8.0.0.0/7", prefix_length=8)["cidr"].tolist() == ["8.0.0.0/8"]
    hits = would_conflict(inv, ["9.9.0.0/16"])
    assert found(hits, "kind", "severity") == [("user_cidr", "medium")]


def test_a_pair_for_failover_may_have_a_nested_list() -> None:
    """Both have the larger block: the smaller one is redundant, and no ambiguous policy."""
    lists = {"vpc": ["10.0.0.0/16"], "onprem": ["192.168.0.0/20", "192.168.0.0/24"]}
    pair = (site("a", **lists, **HA), site("b", **lists, **HA, **OTHER_PEER))
    assert {kind for kind, *_ in meant(*pair)} == {"ha_pair"}
    apart = site("b", **lists | {"onprem": ["192.168.0.0/24"]}, **HA, **OTHER_PEER)
    assert ("selector_pair", "high", 1) in meant(site("a", **lists, **HA), apart)


@pytest.mark.parametrize("second", [{}, {"vpn_gateway_id": "vpn-2"}])
def test_disjoint_vpc_blocks_cannot_fail_over(second: dict[str, Any]) -> None:
    """Neither admits what the other carries: a legal split, or two that claim one block."""
    one = site("a", vpc=["10.1.0.0/24"], onprem=["192.168.0.0/24"], **HA)
    other = site("b", vpc=["10.1.1.0/24"], onprem=["192.168.0.0/24"], **HA, **OTHER_PEER, **second)
    wanted = ("route_domain", "high", 1) if second else ("selector_pair", "low", 1)
    assert meant(one, other) == [wanted]
    (reason,) = overlaps(subnets_of(one, other))["reason"]
    assert "fail over" not in reason
    assert ("each drops packets that are meant for the other" in reason) is bool(second)


def test_what_both_admit_must_lie_in_the_vpc() -> None:
    """Selectors that share what the VPC does not hold, or an aggregate alone, admit nothing."""
    for first, second in (
        (["10.1.0.0/17", "172.31.0.0/16"], ["10.1.128.0/17", "172.31.0.0/16"]),
        (["10.0.0.0/8"], ["10.2.0.0/16", "10.1.0.0/17"]),
    ):
        pair = [
            site(name, vpc=blocks, onprem=["192.168.0.0/20"], **HA, **more)
            for name, blocks, more in (("a", first, {}), ("b", second, OTHER_PEER))
        ]
        is_disjoint = "172.31.0.0/16" in first
        wanted = ("selector_pair", "low", 1) if is_disjoint else ("ha_pair", "info", 1)
        assert meant(*pair, held=vpcs("vpc-1", "10.1.0.0/16")) == [wanted]


def test_what_a_vpc_holds_is_never_set_aside() -> None:
    """An aggregate that is routed may be; the VPC's own block and its user CIDRs stay."""
    held = vpcs_of([{"vpc_id": "vpc-1", "cidrs": ["10.1.0.0/16"], "user_cidrs": ["9.0.0.0/8"]}])
    one = route_based("a", "10.0.0.0/8", "destination")
    inv = inventory_with(subnets_of(one, route_based("b", "10.1.0.0/16", "bgp")), vpcs=held)
    aside = OverlapSettings(ignore=("10.0.0.0/8",), ignore_shorter_than=9)
    hits = would_conflict(inv, ["10.1.0.0/24", "9.1.0.0/16"], settings=aside)
    assert set(found(hits, "kind", "severity")) >= {("other_vpc", "high"), ("user_cidr", "medium")}
    free = free_subnets(inv, within="10.0.0.0/15", prefix_length=16, settings=aside)
    assert free["cidr"].tolist() == ["10.0.0.0/16"]
    with pytest.raises(vf.SettingsError, match="no selector and no route"):
        overlaps(inv, settings=OverlapSettings(ignore=("9.0.0.0/8",)))


def test_another_vpc_of_the_domain_holds_its_own_blocks_alone() -> None:
    """Its selectors are no blocks of it; a VPC without connections counts where it is joined."""
    far = {"vpn_gateway_id": "vpn-2", "vpc_id": "vpc-2", "vpn_gateway_ip": "47.0.0.2"}
    other = site("b", vpc=["10.0.0.0/8"], onprem=["192.168.9.0/24"], **far)
    held = pd.concat([HELD, vpcs("vpc-2", "10.2.0.0/16"), vpcs("vpc-3", "10.3.0.0/16")])
    joined = vf.Topology((vf.Domain("core", ("vpc-1", "vpc-2", "vpc-3")),))
    for cidr, wanted in (
        ("10.2.1.0/24", [("other_vpc", "high", 1)]),
        ("10.3.1.0/24", [("other_vpc", "high", 1)]),
        ("10.4.1.0/24", []),
    ):
        one = site("a", vpc=["10.1.0.0/16"], onprem=[cidr])
        settings = OverlapSettings(topology=joined)
        assert meant(one, other, held=held, settings=settings) == wanted


def test_translation_on_the_vpc_side_covers_what_the_vpc_holds() -> None:
    """Declared for the connection whose site overlaps, and for no other."""
    nat = Nat(connection="a", side="vpc", real="10.1.0.0/16", mapped="100.65.0.0/16")
    sites = [
        site(name, vpc=["10.1.0.0/16"], onprem=[cidr], **OTHER_PEER)
        for name, cidr in (("a", "10.1.7.0/24"), ("b", "10.1.8.0/24"))
    ]
    table = overlaps(
        inventory_with(subnets_of(*sites), vpcs=HELD), settings=OverlapSettings(nat=(nat,))
    )
    assert found(table, "left_vpn_connection_id", "kind") == [("a", "natted"), ("b", "own_sides")]


def test_two_ends_of_a_vpc_to_vpc_tunnel_pass_where_both_vpcs_were_read() -> None:
    """Each leads to the other's VPC, and each gateway is the other's peer."""
    far = {"vpn_gateway_id": "vpn-2", "vpc_id": "vpc-2", "vpn_gateway_ip": "47.0.0.9"}
    here = site("a", vpc=["10.1.0.0/16"], onprem=["10.2.0.0/16"], peer_addresses=["47.0.0.9"])
    there = site(
        "b", vpc=["10.2.0.0/16"], onprem=["10.1.0.0/16"], peer_addresses=["47.0.0.1"], **far
    )
    held = pd.concat([vpcs("vpc-1", "10.1.0.0/16"), vpcs("vpc-2", "10.2.0.0/16")])
    settings = OverlapSettings(topology=vf.Topology((vf.Domain("core", ("vpc-1", "vpc-2")),)))
    assert {kind for kind, *_ in meant(here, there, held=held, settings=settings)} == {"mirrored"}
