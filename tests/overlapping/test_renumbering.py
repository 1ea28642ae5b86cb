"""Renumbering ends the faults, with the fewest connections, by blocks that are free."""

from __future__ import annotations

import ipaddress
from itertools import combinations
from typing import Any

import pandas as pd
import pytest
from fleet_helpers import few, found, site, subnets_of
from hypothesis import given
from hypothesis import strategies as st

from vpnframe import schema
from vpnframe.errors import IncompleteWarning
from vpnframe.overlapping import OverlapSettings, overlaps, suggest_renumbering

KEY = ["vpn_connection_id", "side", "cidr"]
CIDRS = ["10.0.0.0/24", "10.0.0.0/25", "10.0.0.0/26", "10.0.0.64/26", "10.0.1.0/24", "10.0.0.0/16"]
ONE_SITE = {"ha_pair", "ecmp", "duplicate"}
HA = {"has_ha_evidence": True, "vpc": ["172.16.0.0/24"]}

sites = st.fixed_dictionaries(
    {
        "onprem": st.lists(st.sampled_from(CIDRS), max_size=2),
        "vpc": st.sampled_from([[], [], ["10.0.0.0/25"], ["172.16.0.0/24"]]),
        "vpn_gateway_id": st.sampled_from(["vpn-1", "vpn-2"]),
        "peer_addresses": st.sampled_from([["198.51.100.1"], ["198.51.100.2"], []]),
        "routing_mode": st.sampled_from(["policy", None]),
        "has_ha_evidence": st.booleans(),
    }
)
fleets = st.lists(sites, max_size=6)


def table_of(made: list[dict[str, Any]]) -> pd.DataFrame:
    """The table of generated sites."""
    return subnets_of(*(site(f"c{i}", **one) for i, one in enumerate(made)))


def applied(table: pd.DataFrame, changes: pd.DataFrame) -> pd.DataFrame:
    """The fleet after what is suggested was done."""
    new = {tuple(row[:3]): row[3] for row in found(changes, *KEY, "new_cidr")}
    keys = table[KEY].astype(str).itertuples(index=False, name=None)
    return table.assign(cidr=[new.get(key, key[2]) for key in keys])


def sites_of(pairs: pd.DataFrame, names: list[str]) -> dict[str, str]:
    """A name for the site of each connection: those that lead to one block are one."""
    home = {name: name for name in names}
    columns = ("left_vpn_connection_id", "right_vpn_connection_id", "kind", "relation")
    for left, right, kind, relation in found(pairs, *columns):
        if kind in ONE_SITE and relation == "equal":
            old, new = home[left], home[right]
            home = {name: new if place == old else place for name, place in home.items()}
    return home


def faults(pairs: pd.DataFrame, names: list[str]) -> list[tuple[str, ...]]:
    """The ends of the pairs that should end: (left, right), or the one that has to change."""
    home = sites_of(pairs, names)
    columns = [f"{half}_{name}" for half in ("left", "right") for name in KEY[:2]]
    ends = []
    for left, left_side, right, right_side, kind, severity in found(
        pairs, *columns, "kind", "severity"
    ):
        if severity not in ("medium", "high") or kind in ONE_SITE:
            continue
        if left_side != right_side:
            ends.append((home[left if left_side == "onprem" else right],))
        elif home[left] != home[right]:
            ends.append((home[left], home[right]))
    return ends


@few
@given(fleets)
def test_after_it_the_faults_are_gone(made):
    """No pair of medium or high severity is left between two sites, and none is new."""
    table = table_of(made)
    changes = suggest_renumbering(table)
    schema.validate("renumbering", changes)
    assert changes["new_cidr"].notna().all()
    names = [f"c{i}" for i in range(len(made))]
    assert faults(overlaps(applied(table, changes), expand=True), names) == []


@few
@given(fleets)
def test_no_fewer_connections_would_do(made):
    """By trying all sets of sites, with as many connections as each has."""
    table, names = table_of(made), [f"c{i}" for i in range(len(made))]
    pairs = overlaps(table, expand=True)
    home, ends = sites_of(pairs, names), faults(pairs, names)
    every = sorted(set(home.values()))
    costs = [
        sum(home[name] in chosen for name in names)
        for n in range(len(every) + 1)
        for chosen in map(set, combinations(every, n))
        if all(chosen & set(end) for end in ends)
    ]
    assert suggest_renumbering(table)["vpn_connection_id"].nunique() <= min(costs, default=0)


@few
@given(fleets)
def test_new_blocks_are_of_the_old_size_and_used_by_nobody(made):
    """They overlap no block of the fleet, old or new, but those of their own site."""
    table = table_of(made)
    changes = suggest_renumbering(table)
    old = [ipaddress.ip_network(cidr) for cidr in table["cidr"]]
    new = [ipaddress.ip_network(cidr) for cidr in changes["new_cidr"]]
    for block, before in zip(new, changes["cidr"], strict=True):
        assert block.prefixlen == ipaddress.ip_network(before).prefixlen
        assert not any(block.overlaps(one) for one in old)


def test_the_site_that_collides_most_changes():
    """One for three, instead of three for one."""
    table = subnets_of(
        site("big", onprem=["10.0.0.0/24"], peer_addresses=["198.51.100.9"]),
        *(
            site(f"s{i}", onprem=[f"10.0.0.{64 * i}/26"], peer_addresses=[f"198.51.100.{i}"])
            for i in range(3)
        ),
    )
    assert found(suggest_renumbering(table), *KEY, "new_cidr", "n_conflicts") == [
        ("big", "onprem", "10.0.0.0/24", "10.0.1.0/24", 3)
    ]


def test_two_connections_of_one_site_change_together_or_not_at_all():
    """A pair for failover stays a pair; being two, it is the other that changes."""
    pair = [
        site(name, onprem=["10.0.0.0/24"], peer_addresses=[f"198.51.100.{name}"], **HA)
        for name in "12"
    ]
    other = site("3", onprem=["10.0.0.0/24"], peer_addresses=["198.51.100.3"], **HA | {
        "has_ha_evidence": False
    })  # fmt: skip
    answer = suggest_renumbering(subnets_of(*pair, other))
    assert found(answer, "vpn_connection_id") == [("3",)]
    vpc = site("4", vpc=["10.0.0.0/16"])
    answer = suggest_renumbering(subnets_of(*pair, vpc))
    assert found(answer, "vpn_connection_id", "new_cidr") == [
        ("1", "10.1.0.0/24"),
        ("2", "10.1.0.0/24"),
    ]


def test_a_duplicate_is_removed_not_renumbered():
    """A leftover is no second site."""
    sites = [site(name, onprem=["10.0.0.0/24"], vpc=["172.16.0.0/24"]) for name in "ab"]
    assert overlaps(subnets_of(*sites))["severity"].tolist() == ["medium"]
    assert suggest_renumbering(subnets_of(*sites)).empty


def test_the_on_premises_side_changes_where_a_vpc_is_hit():
    """A VPC's block is shared by all in it."""
    table = subnets_of(site("a", onprem=["10.0.0.0/24"], vpc=["10.0.0.0/16"]))
    assert found(suggest_renumbering(table), *KEY, "new_cidr") == [
        ("a", "onprem", "10.0.0.0/24", "10.1.0.0/24")
    ]


def test_blocks_inside_a_block_that_changes_go_with_it():
    """Each address keeps its place: they are the same addresses."""
    table = subnets_of(
        site("a", onprem=["10.0.0.0/23", "10.0.1.64/26"], vpc=["10.0.0.0/16"]),
    )
    assert found(suggest_renumbering(table), "cidr", "new_cidr") == [
        ("10.0.0.0/23", "10.1.0.0/23"),
        ("10.0.1.64/26", "10.1.1.64/26"),
    ]


def test_no_room_is_a_null():
    """The row stands all the same; an IPv6 block needs IPv6 room."""
    six = site("b", onprem=["2001:db8::/64"], vpc=["2001:db8::/64"])
    table = subnets_of(site("a", onprem=["10.0.0.0/24"], vpc=["10.0.0.0/24"]), six)
    full = suggest_renumbering(table, within="10.0.0.0/24")
    assert found(full, "cidr", "new_cidr") == [("10.0.0.0/24", None), ("2001:db8::/64", None)]
    both = suggest_renumbering(table, within=["10.1.0.0/16", "fd00::/48"])
    assert both["new_cidr"].tolist() == ["10.1.0.0/24", "fd00::/64"]


def test_what_is_to_be_avoided_is_not_suggested():
    """As for free_subnets."""
    table = subnets_of(site("a", onprem=["10.0.0.0/24"], vpc=["10.0.0.0/24"]))
    answer = suggest_renumbering(table, avoid=["10.0.0.0/9"])
    assert answer["new_cidr"].tolist() == ["10.128.0.0/24"]


def test_what_is_not_known_is_said():
    """A block that looks free may not be."""
    table = subnets_of(site("a", onprem=["0.0.0.0/0"], routing_mode="route"))
    with pytest.warns(IncompleteWarning, match="1 of 1 connections is not judged"):
        assert suggest_renumbering(table).empty


def test_an_aggregate_that_is_set_aside_leaves_room():
    """It neither takes what lies in it nor counts as a fault."""
    table = subnets_of(
        site("hub", onprem=["10.0.0.0/8"]),
        site("a", onprem=["10.1.0.0/24"]),
        site("b", onprem=["10.1.0.0/24"], peer_addresses=["198.51.100.2"]),
    )
    full = suggest_renumbering(table)
    assert len(full)
    assert full["new_cidr"].isna().all()
    changes = suggest_renumbering(table, settings=OverlapSettings(ignore=["10.0.0.0/8"]))
    assert found(changes, "cidr", "new_cidr") == [("10.1.0.0/24", "10.1.1.0/24")]
