"""Free blocks: never one that collides, always one where there is one, tightest fit first."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import pandas as pd
import pytest
from fleet_helpers import few, inventory_with, site, subnets_of, vpcs
from hypothesis import given
from hypothesis import strategies as st

from vpnframe import schema
from vpnframe.errors import AddressError, IncompleteWarning, SettingsError
from vpnframe.overlapping import Nat, OverlapSettings, free_subnets, would_conflict

SPACE = {4: ipaddress.ip_network("10.9.0.0/26"), 6: ipaddress.ip_network("fd00::/122")}


def blocks_in(version: int) -> st.SearchStrategy[str]:
    """Blocks in a small space, now and then one around it."""
    space, bits = SPACE[version], 32 if version == 4 else 128
    inside = st.builds(
        lambda number, length: ipaddress.ip_network(
            (int(space.network_address) + number, bits - length), strict=False
        ),
        st.integers(0, 63),
        st.integers(0, 5),
    )
    around = st.just(space.supernet(4))
    return st.integers(0, 30).flatmap(lambda n: around if n == 30 else inside).map(str)


def table_of(cidrs: list[str]) -> pd.DataFrame:
    """One connection for each block, on alternating sides."""
    return subnets_of(
        *(site(f"c{i}", **{("onprem", "vpc")[i % 2]: [c]}) for i, c in enumerate(cidrs))
    )


def brute(cidrs: list[str], space: ipaddress.IPv4Network, prefix_length: int) -> list[str]:
    """Every block of that length that overlaps none."""
    used = [ipaddress.ip_network(cidr) for cidr in cidrs]
    return [
        str(block)
        for block in space.subnets(new_prefix=prefix_length)
        if not any(block.version == u.version and block.overlaps(u) for u in used)
    ]


def gap_around(block: str, cidrs: list[str], space: ipaddress.IPv4Network) -> str:
    """The largest free block around a free one, by trying."""
    gap = ipaddress.ip_network(block)
    used = [ipaddress.ip_network(cidr) for cidr in cidrs]
    while gap != space and not any(gap.supernet().overlaps(u) for u in used):
        gap = gap.supernet()
    return str(gap)


families = st.sampled_from([4, 6]).flatmap(
    lambda v: st.tuples(st.just(v), st.lists(blocks_in(v), max_size=8), st.integers(0, 6))
)


@few
@given(families, st.integers(1, 70))
def test_it_finds_all_that_are_free_and_nothing_else(drawn, count):
    """As many as there are, up to count; every one of them is free by plain loops."""
    version, cidrs, longer = drawn
    space = SPACE[version]
    answer = free_subnets(
        table_of(cidrs), within=str(space), prefix_length=space.prefixlen + longer, count=count
    )
    wanted = brute(cidrs, space, space.prefixlen + longer)
    assert set(answer["cidr"]) <= set(wanted)
    assert len(set(answer["cidr"])) == len(answer) == min(count, len(wanted))


@few
@given(families)
def test_the_tightest_gap_is_used_first(drawn):
    """Each block with the largest free one around it, of which the smallest come first."""
    version, cidrs, longer = drawn
    space = SPACE[version]
    answer = free_subnets(
        table_of(cidrs), within=str(space), prefix_length=space.prefixlen + longer, count=99
    )
    gaps = [gap_around(block, cidrs, space) for block in answer["cidr"]]
    assert answer["gap"].tolist() == gaps
    lengths = [ipaddress.ip_network(gap).prefixlen for gap in gaps]
    assert lengths == sorted(lengths, reverse=True)


@few
@given(families)
def test_what_it_finds_would_not_conflict(drawn):
    """The two verbs agree."""
    version, cidrs, longer = drawn
    space, table = SPACE[version], table_of(cidrs)
    answer = free_subnets(table, within=str(space), prefix_length=space.prefixlen + longer)
    assert would_conflict(table, answer["cidr"]).empty


def test_the_clouds_and_dockers_blocks_are_avoided():
    """By default and always: nothing there, though nobody uses it."""
    for block in ("100.64.0.0/10", "172.17.0.0/16"):
        assert free_subnets(table_of([]), within=block).empty
    assert free_subnets(table_of([]), within="172.16.0.0/15")["cidr"].tolist()[0] == "172.16.0.0/24"


def test_default_routes_take_nothing():
    """Otherwise nothing would ever be free."""
    assert len(free_subnets(table_of(["0.0.0.0/0", "::/0"]))) == 5


def test_more_can_be_avoided(tmp_path: Path):
    """A file, a list, a column or a table."""
    path = tmp_path / "avoid.txt"
    path.write_text("10.0.0.0/9, 10.128.0.0/10 # the lab\n10.192.0.0/11\n")
    blocks = ["10.0.0.0/9", "10.128.0.0/10", "10.192.0.0/11"]
    for avoid in (path, str(path), blocks, pd.Series(blocks), pd.DataFrame({"cidr": blocks})):
        assert free_subnets(table_of([]), avoid=avoid)["gap"].tolist() == ["10.224.0.0/11"] * 5


def test_the_vpcs_of_an_inventory_are_taken():
    """Also blocks that no selector names, and VPCs without a VPN; bad text is no block."""
    known = inventory_with(table_of([]), vpcs=vpcs("vpc-far", "10.0.0.0/9", "10.128.0.0/10", "bad"))
    assert free_subnets(known, count=1)["gap"].tolist() == ["10.192.0.0/10"]


def test_what_is_translated_is_taken_as_others_see_it():
    """And as it is: the site itself uses it."""
    nat = Nat(connection="c0", side="onprem", real="10.0.0.0/9", mapped="10.128.0.0/9")
    table = table_of(["10.0.0.0/9"])
    assert len(free_subnets(table)) == 5
    assert free_subnets(table, settings=OverlapSettings(nat=(nat,))).empty


def test_one_routing_domain_can_be_looked_at():
    """There a block may be free that is in use elsewhere."""
    far = site("b", onprem=["10.0.0.0/8"], vpn_gateway_id="vpn-2", vpc_id="vpc-2")
    table = subnets_of(site("a", onprem=["10.0.0.0/9"]), far)
    assert free_subnets(table).empty
    near = free_subnets(table, settings=OverlapSettings(only="vpn-1"), count=1)
    assert near["gap"].tolist() == ["10.128.0.0/9"]


def aside(**options: object) -> OverlapSettings:
    return OverlapSettings(**options)  # type: ignore[arg-type]


def test_an_aggregate_can_be_set_aside():
    """By itself or by its length; what lies in it, and on other connections, stays."""
    table = table_of(["10.0.0.0/8", "10.0.0.0/9", "10.128.0.0/10"])
    assert free_subnets(table).empty
    for settings in (aside(ignore=["10.0.0.0/8"]), aside(ignore_shorter_than=9)):
        assert set(free_subnets(table, settings=settings)["gap"]) == {"10.192.0.0/10"}
    both = aside(ignore=["10.0.0.0/9"], ignore_shorter_than=9)
    assert free_subnets(table, prefix_length=9, settings=both)["cidr"].tolist() == ["10.0.0.0/9"]
    assert free_subnets(table, settings=aside(ignore_shorter_than=8)).empty


def test_both_sides_are_set_aside_but_never_the_vpcs_own_blocks():
    """Every selector and route that is equal, whoever has it, however it is spelt."""
    table = table_of(["fd00::/16", "fd00::/16", "10.0.0.0/8"])
    known = inventory_with(table, vpcs=vpcs("vpc-far", "10.0.0.0/8"))
    settings = aside(ignore=["10.0.0.0/8", "FD00:0::/16"])
    assert free_subnets(known, settings=settings).empty
    assert len(free_subnets(table, settings=settings)) == 5
    assert len(free_subnets(known, within="fd00::/16", prefix_length=64, settings=settings)) == 5


@few
@given(st.lists(blocks_in(4), min_size=1, max_size=6), st.data())
def test_set_aside_is_as_if_it_were_not_there(cidrs, data):
    """For what is free, and for what would conflict; by plain removal."""
    some = data.draw(st.sets(st.sampled_from(cidrs), min_size=1))
    length = data.draw(st.integers(22, 32))
    settings = aside(ignore=sorted(some), ignore_shorter_than=length)
    rest = [c for c in cidrs if c not in some and int(c.partition("/")[2]) >= length]
    options = {"within": str(SPACE[4]), "prefix_length": 30, "count": 99}
    got = free_subnets(table_of(cidrs), settings=settings, **options)
    pd.testing.assert_frame_equal(got, free_subnets(table_of(rest), **options))
    hits = would_conflict(table_of(cidrs), [str(SPACE[4])], settings=settings)
    assert set(hits["hit_cidr"]) == set(rest)


def test_what_is_asked_is_never_set_aside():
    """A new site that is as large as the aggregate meets what lies in it."""
    table = table_of(["10.0.0.0/8", "10.1.0.0/16"])
    settings = aside(ignore=["10.0.0.0/8"])
    hits = would_conflict(table, ["10.0.0.0/8"], settings=settings)
    assert hits["hit_cidr"].tolist() == ["10.1.0.0/16"]


@pytest.mark.parametrize(
    ("options", "error", "problem"),
    [
        ({"ignore": ["10.9.0.0/16"]}, SettingsError, "10.9.0.0/16 is to be ignored, but no "),
        (
            {"ignore": ["10.1.0.0/8"]},
            SettingsError,
            "ignore: '10.1.0.0/8' is not a CIDR block: .*host",
        ),
        ({"ignore": "10.0.0.0/8"}, TypeError, "give a list of blocks"),
        ({"ignore_shorter_than": 129}, SettingsError, "must be from 0 to 128, not 129"),
    ],
)
def test_a_block_that_cannot_be_set_aside_is_named(options, error, problem):
    """One that nobody has, one that is none, one text, a length that there is not."""
    table = table_of(["10.0.0.0/8"])
    with pytest.raises(error, match=problem):
        free_subnets(table, settings=aside(**options))
    with pytest.raises(error, match=problem):
        would_conflict(table, ["10.9.0.0/16"], settings=aside(**options))


def test_an_empty_answer_is_a_table():
    """With its columns."""
    answer = free_subnets(table_of(["10.0.0.0/8"]))
    assert answer.empty
    schema.validate("free_subnets", answer)


def test_what_is_not_known_is_said():
    """A free block among connections that are not judged may not be free."""
    table = subnets_of(site("a", onprem=["0.0.0.0/0"], routing_mode="route"))
    with pytest.warns(IncompleteWarning, match="1 of 1 connections is not judged"):
        free_subnets(table)


@pytest.mark.parametrize(
    ("options", "error", "problem"),
    [
        ({"within": "10.0.0.0/33"}, AddressError, "'10.0.0.0/33' at position 0"),
        ({"within": "10.1.0.0/8"}, AddressError, "host bits"),
        ({"within": "10.0.0.0/16", "prefix_length": 8}, ValueError, "no block of /8 fits into"),
        ({"prefix_length": 33}, ValueError, "give a prefix length from 8 to 32"),
        ({"count": 0}, ValueError, "count must be from 1 to"),
        ({"avoid": ["10.0.0.0/33"]}, AddressError, "10.0.0.0/33"),
        ({"avoid": "no-such-file.txt"}, SettingsError, "no-such-file.txt cannot be read"),
    ],
)
def test_a_wrong_argument_is_named(options, error, problem):
    """With the value, and the remedy where there is one."""
    with pytest.raises(error, match=problem):
        free_subnets(table_of([]), **options)


def test_another_table_is_refused():
    """One without blocks."""
    with pytest.raises(ValueError, match="no column side"):
        free_subnets(pd.DataFrame({"x": [1]}))
