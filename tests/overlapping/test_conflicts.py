"""What a new site would collide with: by example, and against plain loops."""

from __future__ import annotations

import ipaddress
import warnings

import pandas as pd
import pytest
from fleet_helpers import few, found, inventory_with, site, subnets_of, vpcs
from hypothesis import given
from hypothesis import strategies as st

from vpnframe import schema
from vpnframe.errors import AddressError, IncompleteWarning, SettingsError
from vpnframe.overlapping import Domain, Nat, OverlapSettings, Topology, would_conflict

HERE = site("a", onprem=["10.1.0.0/16"], vpc=["172.16.0.0/24"])
THERE = site("b", onprem=["10.2.0.0/16"], vpc=["172.16.1.0/24"], vpn_gateway_id="g2", vpc_id="v2")
FLEET = subnets_of(HERE, THERE)
LOST = dict.fromkeys(["vpn_gateway_id", "vpc_id"])
HIT = ("cidr", "relation", "hit_cidr", "kind", "severity")


@pytest.mark.parametrize(
    ("asked", "hit"),
    [
        ("10.1.0.0/16", ("equal", "10.1.0.0/16", "onprem", "high")),
        ("10.1.2.0/24", ("within", "10.1.0.0/16", "onprem", "medium")),
        ("10.0.0.0/15", ("contains", "10.1.0.0/16", "onprem", "medium")),
        ("172.16.0.0/24", ("equal", "172.16.0.0/24", "other_vpc", "high")),
        ("172.16.0.0/28", ("within", "172.16.0.0/24", "other_vpc", "high")),
        ("172.16.0.0/23", ("contains", "172.16.0.0/24", "other_vpc", "low")),
    ],
)
def test_a_hit_is_as_bad_as_it_may_be(asked: str, hit: tuple[str, ...]) -> None:
    """What is open of the new site is taken to be the worst."""
    assert found(would_conflict(subnets_of(HERE), [asked]), *HIT) == [(asked, *hit)]


def test_a_free_block_hits_nothing() -> None:
    """And the table has its columns all the same."""
    answer = would_conflict(FLEET, ["10.3.0.0/16", "2001:db8::/32"])
    assert answer.empty
    schema.validate("conflicts", answer)


def test_a_hit_names_connection_scope_and_reason() -> None:
    """All that one needs to ask its owner."""
    answer = would_conflict(FLEET, ["10.2.3.0/24"])
    schema.validate("conflicts", answer)
    columns = ("region_id", "vpn_connection_id", "vpc_id", "side", "scope", "scope_id", "reason")
    assert found(answer, *columns) == [
        (
            *("cn-hangzhou", "b", "v2", "onprem", "routing_domain", "g2"),
            "The new block lies within 10.2.0.0/16, which is in use on premises behind g2: this is "
            "correct only if the new site is a branch of that site.",
        )
    ]


def test_hits_come_by_asked_block_and_worst_first() -> None:
    """In the order in which the blocks were given, also when spelt otherwise."""
    answer = would_conflict(FLEET, ["172.16.0.0/255.255.254.0", "10.2.0.0/16", "10.0.0.0/8"])
    assert found(answer, "cidr", "severity", "hit_cidr") == [
        ("172.16.0.0/23", "low", "172.16.0.0/24"),
        ("172.16.0.0/23", "low", "172.16.1.0/24"),
        ("10.2.0.0/16", "high", "10.2.0.0/16"),
        ("10.0.0.0/8", "medium", "10.1.0.0/16"),
        ("10.0.0.0/8", "medium", "10.2.0.0/16"),
    ]


@pytest.mark.parametrize(
    ("only", "hits"), [("g2", ["b"]), ("v2", ["b"]), ("vpc-1", ["a"]), (None, ["a", "b"])]
)
@pytest.mark.parametrize("scope", ["routing_domain", "region_id", None])
def test_one_routing_domain_can_be_looked_into(
    scope: str | None, only: str | None, hits: list[str]
) -> None:
    """By its name, or by whatever is in it; the scope says no more than what a hit is in."""
    settings = OverlapSettings(only=only)
    answer = would_conflict(FLEET, ["10.0.0.0/8"], scope=scope, settings=settings)
    assert answer["vpn_connection_id"].tolist() == hits


def test_a_domain_that_is_not_there_is_named() -> None:
    """A slip of the pen must not look like a free block."""
    with pytest.raises(SettingsError, match="no routing domain 'vpn-77' in this fleet"):
        would_conflict(FLEET, ["10.0.0.0/8"], settings=OverlapSettings(only="vpn-77"))


def test_a_topology_names_the_scope() -> None:
    """What is joined is looked into together."""
    topology = Topology((Domain("core", ("vpc-1", "v2")),))
    settings = OverlapSettings(topology=topology, only="core")
    answer = would_conflict(FLEET, ["10.0.0.0/8"], settings=settings)
    assert found(answer, "vpn_connection_id", "scope_id") == [("a", "core"), ("b", "core")]


def test_a_translated_block_is_no_collision_but_its_mapped_one_is() -> None:
    """As in overlaps."""
    nat = Nat(connection="a", side="onprem", real="10.1.0.0/16", mapped="100.65.0.0/16")
    settings = OverlapSettings(nat=(nat,))
    answer = would_conflict(FLEET, ["10.1.0.0/16", "100.65.0.0/24"], settings=settings)
    assert found(answer, "kind", "severity") == [("natted", "info"), ("onprem", "medium")]


def test_what_hangs_on_nothing_is_no_collision() -> None:
    """It is in use, but nothing carries both."""
    table = subnets_of(site("a", onprem=["10.1.0.0/16"], **LOST))
    assert found(would_conflict(table, ["10.1.0.0/16"]), "kind", "severity") == [
        ("unrelated", "info")
    ]


def test_the_vpcs_of_an_inventory_count() -> None:
    """Blocks that no selector names; of a VPC without a VPN as no collision."""
    near, far = vpcs("vpc-1", "172.16.0.0/24", "10.9.0.0/16"), vpcs("vpc-far", "10.9.0.0/16")
    for table, meaning in ((near, ("other_vpc", "high")), (far, ("unrelated", "info"))):
        answer = would_conflict(inventory_with(FLEET, vpcs=table), ["10.9.1.0/24"])
        assert found(answer, "kind", "severity") == [meaning]
        assert answer["vpn_connection_id"].isna().all()


def test_an_incomplete_inventory_is_no_base_for_a_no() -> None:
    """Coverage and connections that are not judged are both said, to the caller."""
    silent = site("c", onprem=["0.0.0.0/0"], vpc=["0.0.0.0/0"], routing_mode="route")
    partial = inventory_with(subnets_of(HERE, silent), status="partial")
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        would_conflict(partial, ["10.7.0.0/16"])
    assert ["NOT COMPLETE" in str(w.message) for w in said] == [True, False]
    assert all((w.filename, w.category) == (__file__, IncompleteWarning) for w in said)


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        (["10.0.0.0/8", "10.0.0.0/33"], r"'10.0.0.0/33' at position 1"),
        (["10.0.0.1/8"], "host bits set"),
        (["0.0.0.0/0"], "is a default route"),
        ("::/0", "is a default route"),
    ],
)
def test_what_is_no_block_of_a_site_is_refused(asked: object, problem: str) -> None:
    """Bad text by its position; a default route says nothing."""
    with pytest.raises(AddressError, match=problem):
        would_conflict(FLEET, asked)  # type: ignore[arg-type]


def test_a_column_or_a_single_text_does_as_well() -> None:
    """Whatever the index of the column is."""
    column = pd.Series(["10.1.0.0/16"], index=[9])
    assert len(would_conflict(FLEET, column)) == len(would_conflict(FLEET, "10.1.0.0/16")) == 1
    assert len(would_conflict(FLEET, column.to_frame("cidr"))) == 1


cidrs = st.builds(
    lambda number, length: str(ipaddress.ip_network((number, length), strict=False)),
    st.integers(0, 3).map(lambda n: 0x0A000000 + (n << 20)) | st.integers(0, 2**32 - 1),
    st.sampled_from([8, 10, 11, 12, 13, 24, 32]),
)


@few
@given(st.lists(st.tuples(cidrs, st.sampled_from(["onprem", "vpc"])), max_size=8), cidrs)
def test_hits_are_those_of_a_plain_loop(blocks, asked):
    """Every block in use that has an address in common, and no other."""
    table = subnets_of(*(site(f"c{i}", **{side: [c]}) for i, (c, side) in enumerate(blocks)))
    wanted = [
        f"c{i}"
        for i, (cidr, side) in enumerate(blocks)
        if ipaddress.ip_network(cidr).overlaps(ipaddress.ip_network(asked))
        if side == "onprem" or (cidr, side) not in blocks[:i]  # one VPC holds a block once
    ]
    answer = would_conflict(table, [asked])
    assert sorted(answer["vpn_connection_id"]) == sorted(wanted)
