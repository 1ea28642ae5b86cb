"""Overlaps as tables, against nested loops with ipaddress."""

from __future__ import annotations

import ipaddress
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vpnframe.errors import AddressError
from vpnframe.overlapping import find_overlaps, overlaps

CIDRS = [
    *["0.0.0.0/0", "10.0.0.0/8", "10.1.0.0/16", "10.1.2.0/24", "10.1.2.3/32", "192.168.0.0/24"],
    *["::/0", "2001:db8::/32", "2001:db8:1::/48", "2001:db8::1/128", "fd00::/8", "fd00:1::/64"],
]
ROUTERS = ["vpn_gateway_id", "vpc_id", "transit_router_id"]
CONNECTION = ["account_id", "region_id", "vpn_connection_id"]
BLOCK = [*CONNECTION, "side", "cidr"]
RESULT = [*(f"{half}_{name}" for half in ("left", "right") for name in BLOCK)]
RESULT += ["relation", "scope", "scope_id"]

cidrs = st.sampled_from([*CIDRS, None])
rows = st.fixed_dictionaries(
    {
        "account_id": st.sampled_from(["1", "2"]),
        "region_id": st.sampled_from(["cn-beijing", "cn-hangzhou", None]),
        "vpn_connection_id": st.sampled_from(["vco-a", "vco-b"]),
        "vpn_gateway_id": st.sampled_from(["vpn-1", "vpn-2", "vpn-3", None]),
        "vpc_id": st.sampled_from(["vpc-1", "vpc-2", None]),
        "transit_router_id": st.sampled_from(["tr-1", None, None]),
        "side": st.sampled_from(["vpc", "onprem"]),
        "cidr": cidrs,
    }
)
scopes = st.sampled_from(["routing_domain", None, "vpn_gateway_id", "vpc_id", "region_id"])


def subnets_table(records: list[dict[str, str | None]]) -> pd.DataFrame:
    """A subnets table with the columns that overlaps reads."""
    columns = [*CONNECTION, *ROUTERS, "side", "cidr"]
    return pd.DataFrame(records, columns=columns).astype("str")


def relation(left: str, right: str) -> str | None:
    """What left is to right, by ipaddress."""
    a, b = ipaddress.ip_network(left), ipaddress.ip_network(right)
    if a.version != b.version:
        return None
    if a == b:
        return "equal"
    return "contains" if b.subnet_of(a) else "within" if a.subnet_of(b) else None


def mirrored(word: str) -> str:
    """The relation seen from the other block."""
    return {"contains": "within", "within": "contains"}.get(word, word)


def domain_of(record, records):
    """The smallest id that can be reached from a record's routers, step by step."""
    reached = {record[name] for name in ROUTERS} - {None}
    while True:
        touching = [{row[name] for name in ROUTERS} - {None} for row in records]
        grown = reached.union(*(ids for ids in touching if ids & reached))
        if grown == reached:
            return min(reached, default=None)
        reached = grown


def oracle(records, scope):
    """Rows of overlaps by nested loops: a set of tuples, left the smaller."""
    found = set()
    for a, b in combinations(
        [row for row in records if row["cidr"] and "/0" not in row["cidr"]], 2
    ):
        scope_a, scope_b = (
            domain_of(row, records) if scope == "routing_domain" else row.get(scope, "everything")
            for row in (a, b)
        )
        is_one = all(a[name] == b[name] for name in CONNECTION)
        sides = {a["side"], b["side"]}
        word = relation(a["cidr"], b["cidr"])
        if scope_a is None or scope_a != scope_b or not word or sides == {"vpc"}:
            continue
        if is_one and sides == {"onprem"}:
            continue
        key_a, key_b = (tuple(row[name] or "~" for name in BLOCK) for row in (a, b))
        ends = (*key_a, *key_b, word) if key_a < key_b else (*key_b, *key_a, mirrored(word))
        found.add((*ends, scope or "all", scope_a if scope else "~"))
    return sorted(found)


@settings(deadline=None)
@given(st.lists(cidrs, max_size=25))
def test_find_overlaps__equals_brute_force(values):
    """Every pair of a list is found once, in order, and nothing else; nulls match nothing."""
    wanted = [
        (i, j, word)
        for (i, a), (j, b) in combinations(enumerate(values), 2)
        if a and b and (word := relation(a, b))
    ]
    assert list(find_overlaps(values).itertuples(index=False, name=None)) == wanted


@settings(deadline=None)
@given(st.lists(st.tuples(cidrs, st.sampled_from(["x", "y", None])), max_size=25))
def test_find_overlaps__stays_inside_groups(listed):
    """Only blocks with one key are compared, and a null key equals nothing."""
    wanted = [
        (i, j, word)
        for (i, (a, group)), (j, (b, other)) in combinations(enumerate(listed), 2)
        if a and b and group and group == other and (word := relation(a, b))
    ]
    found = find_overlaps([a for a, _ in listed], groups=[group for _, group in listed])
    assert list(found.itertuples(index=False, name=None)) == wanted


@pytest.mark.parametrize("values", [[], [None], ["10.0.0.0/8"], pd.Series([], dtype="str")])
def test_find_overlaps__keeps_dtypes_when_empty(values):
    """A table without rows has its columns and dtypes, and sorted categories."""
    found = find_overlaps(values)
    assert found.dtypes.astype(str).to_dict() == {
        "left": "Int64",
        "right": "Int64",
        "relation": "category",
    }
    assert found["relation"].cat.categories.tolist() == ["contains", "equal", "within"]


def test_find_overlaps__takes_a_series_by_position():
    """Positions are counted from 0, whatever the index; groups may be a Series too."""
    values = pd.Series(["10.0.0.0/8", "10.0.0.0/8", None], index=[7, 7, 9])
    found = find_overlaps(values, groups=pd.Series([1, 1, pd.NA], dtype="Int64"))
    assert found[["left", "right"]].to_numpy().tolist() == [[0, 1]]


def test_find_overlaps__names_the_first_bad_text():
    """Bad text is refused with its value, position, reason, number and the remedy."""
    with pytest.raises(AddressError) as caught:
        find_overlaps(["10.0.0.0/8", "172.17.0.0/12", None, ""])
    assert caught.value.value == "172.17.0.0/12"
    assert str(caught.value) == (
        "'172.17.0.0/12' at position 1 is no CIDR block: host bits set: did you mean "
        "172.16.0.0/12? (2 bad of 4). Correct it, or replace it by None to leave it out"
    )


def test_find_overlaps__wants_a_group_for_each_block():
    """Groups of another length are a wrong argument."""
    with pytest.raises(ValueError, match="1 groups for 2 blocks: give one for each"):
        find_overlaps(["10.0.0.0/8", "10.0.0.0/8"], groups=["x"])


def test_find_overlaps__caps_both_families_together():
    """The cap counts IPv4 and IPv6 pairs in one sum, before making any."""
    values = ["10.0.0.0/8"] * 3 + ["::/0"] * 3
    assert len(find_overlaps(values, max_pairs=6)) == 6
    with pytest.raises(ValueError, match="6 overlapping pairs, over the limit of 5"):
        find_overlaps(values, max_pairs=5)


@settings(deadline=None)
@given(st.lists(rows, max_size=12), scopes)
def test_overlaps__equals_nested_loops(records, scope):
    """On any table and scope, exactly the pairs of a plain nested loop are found, in order."""
    found = overlaps(subnets_table(records), scope=scope)
    assert found.columns.tolist() == RESULT
    texts = found.astype("str").fillna("~")
    assert list(texts.itertuples(index=False, name=None)) == oracle(records, scope)


def test_overlaps__joins_gateways_through_a_vpc():
    """Two gateways on one VPC are one routing domain, named by its smallest id."""
    base = {"account_id": "1", "region_id": "cn-beijing", "side": "onprem", "cidr": "10.0.0.0/8"}
    table = subnets_table(
        [
            {**base, "vpn_connection_id": "vco-a", "vpn_gateway_id": "vpn-1", "vpc_id": "vpc-9"},
            {**base, "vpn_connection_id": "vco-b", "vpn_gateway_id": "vpn-2", "vpc_id": "vpc-9"},
            {**base, "vpn_connection_id": "vco-c", "vpn_gateway_id": "vpn-3", "vpc_id": "vpc-8"},
        ]
    )
    found = overlaps(table)
    assert found[
        ["left_vpn_connection_id", "right_vpn_connection_id", "scope_id"]
    ].to_numpy().tolist() == [["vco-a", "vco-b", "vpc-9"]]


def test_overlaps__dtypes_are_the_same_when_empty():
    """Text stays str and enumerations category, with rows and without."""
    base = dict.fromkeys([*CONNECTION, *ROUTERS], "x")
    table = subnets_table(
        [{**base, "side": side, "cidr": "10.0.0.0/8"} for side in ("vpc", "onprem")]
    )
    full, empty = overlaps(table), overlaps(table.head(0))
    assert (len(full), len(empty)) == (1, 0)
    assert full.dtypes.equals(empty.dtypes)
    is_category = full.dtypes == "category"
    assert set(full.columns[is_category]) == {"left_side", "right_side", "relation", "scope"}
    assert set(full.dtypes[~is_category].astype(str)) == {"str"}


def test_overlaps__counts_repeated_rows_once():
    """A block that stands twice, in whatever spelling or index, is one block."""
    base = {**dict.fromkeys([*CONNECTION, *ROUTERS], "x"), "side": "onprem"}
    table = subnets_table(
        [
            {**base, "cidr": "10.0.0.0/8"},
            {**base, "cidr": "10.0.0.0/255.0.0.0"},
            {**base, "cidr": "10.1.0.0/16", "side": "vpc"},
        ]
    ).set_axis([0, 0, 0])
    found = overlaps(table)
    assert found[["left_cidr", "relation", "right_cidr"]].to_numpy().tolist() == [
        ["10.0.0.0/8", "contains", "10.1.0.0/16"]
    ]


def test_overlaps__never_makes_vpc_pairs():
    """Many connections into one VPC do not run into the cap."""
    connections = [f"vco-{i}" for i in range(10_000)]
    table = pd.DataFrame(
        {
            **dict.fromkeys([*CONNECTION, *ROUTERS], "x"),
            "vpn_connection_id": connections,
            "side": "vpc",
            "cidr": "10.0.0.0/8",
        }
    )
    assert overlaps(table, max_pairs=0).empty


def test_overlaps__names_a_wrong_scope():
    """An unknown scope is refused with the columns there are."""
    with pytest.raises(ValueError, match=r"no column 'gateway' to take as scope.*vpn_gateway_id"):
        overlaps(subnets_table([]), scope="gateway")


def test_overlaps__names_missing_columns():
    """A table of another kind is refused by what it lacks."""
    with pytest.raises(ValueError, match="no column side, cidr: is this a subnets table"):
        overlaps(subnets_table([]).drop(columns=["side", "cidr"]))


def test_overlaps__refuses_bad_text():
    """Text that is no block is an error here too; null is what tables hold for it."""
    base = {**dict.fromkeys([*CONNECTION, *ROUTERS], "x"), "side": "onprem"}
    with pytest.raises(AddressError, match=r"'10.0.0.0/33' at position 0"):
        overlaps(subnets_table([{**base, "cidr": "10.0.0.0/33"}]))


def test_overlaps__takes_categories_and_plain_objects():
    """Columns of other dtypes give the same result."""
    base = dict.fromkeys([*CONNECTION, *ROUTERS], "x")
    table = subnets_table(
        [{**base, "side": side, "cidr": "10.0.0.0/8"} for side in ("vpc", "onprem")]
    )
    pd.testing.assert_frame_equal(overlaps(table.astype("category")), overlaps(table))
    pd.testing.assert_frame_equal(overlaps(table.astype(object)), overlaps(table))
    assert np.array_equal(overlaps(table)["relation"], ["equal"])
