"""Overlaps as tables, against nested loops with ipaddress."""

from __future__ import annotations

import ipaddress
from itertools import combinations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vpnframe.errors import AddressError
from vpnframe.overlapping import find_overlaps

CIDRS = [
    *["0.0.0.0/0", "10.0.0.0/8", "10.1.0.0/16", "10.1.2.0/24", "10.1.2.3/32", "192.168.0.0/24"],
    *["::/0", "2001:db8::/32", "2001:db8:1::/48", "2001:db8::1/128", "fd00::/8", "fd00:1::/64"],
]

cidrs = st.sampled_from([*CIDRS, None])


def relation(left: str, right: str) -> str | None:
    """What left is to right, by ipaddress."""
    a, b = ipaddress.ip_network(left), ipaddress.ip_network(right)
    if a.version != b.version:
        return None
    if a == b:
        return "equal"
    return "contains" if b.subnet_of(a) else "within" if a.subnet_of(b) else None


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
        "'172.17.0.0/12' at position 1 is not a CIDR block: host bits set: did you mean "
        "172.16.0.0/12? (2 of 4 are invalid). Correct it, or replace it by None to leave it out"
    )


def test_find_overlaps__wants_a_group_for_each_block():
    """Groups of another length are a wrong argument."""
    with pytest.raises(ValueError, match="1 groups for 2 blocks: give one group for each"):
        find_overlaps(["10.0.0.0/8", "10.0.0.0/8"], groups=["x"])


def test_find_overlaps__caps_both_families_together():
    """The cap counts IPv4 and IPv6 pairs in one sum, before making any."""
    values = ["10.0.0.0/8"] * 3 + ["::/0"] * 3
    assert len(find_overlaps(values, max_pairs=6)) == 6
    with pytest.raises(ValueError, match="6 overlapping pairs, over the limit of 5"):
        find_overlaps(values, max_pairs=5)
