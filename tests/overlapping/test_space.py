"""Addresses covered and blocks merged, as tables, against ipaddress."""

from __future__ import annotations

import ipaddress
from itertools import combinations

import pandas as pd
import pytest
from hypothesis import given
from verb_helpers import Rows, network, rows_of_blocks

from vpnframe import schema
from vpnframe.overlapping import address_usage, merge


def gathered(rows: Rows) -> dict[tuple[str, int], list]:
    """Blocks by group and family, the missing ones left out; "~" for a missing group."""
    found: dict[tuple[str, int], list] = {}
    for text, group in rows:
        if text is not None:
            block = network(text)
            found.setdefault((group or "~", block.version), []).append(block)
    return found


def n_addresses(blocks: list) -> int:
    return sum(block.num_addresses for block in ipaddress.collapse_addresses(blocks))


@given(rows_of_blocks)
def test_usage_equals_brute_force(rows):
    """Blocks, addresses and shared addresses by group and family; null groups share nothing."""
    found = address_usage([text for text, _ in rows], groups=[group for _, group in rows])
    schema.validate("address_usage", found)
    wanted = []
    for (group, family), blocks in sorted(gathered(rows).items()):
        shared = [
            max(pair, key=lambda b: b.prefixlen)
            for pair in combinations(blocks, 2)
            if pair[0].overlaps(pair[1])
        ]
        both = n_addresses(blocks), n_addresses(shared) if group != "~" else 0
        wanted.append([group, family, len(blocks), *map(float, both), both[1] / both[0]])
    assert found.assign(group=found["group"].fillna("~")).to_numpy().tolist() == wanted


@given(rows_of_blocks)
def test_merged_blocks_equal_collapse_addresses(rows):
    """The fewest blocks by group, IPv4 first, by address; null groups stay as they are."""
    found = merge([text for text, _ in rows], groups=[group for _, group in rows])
    schema.validate("merged", found)
    wanted = []
    for (group, _), blocks in sorted(gathered(rows).items()):
        if group != "~":
            merged = sorted(ipaddress.collapse_addresses(blocks))
            wanted += [[group, str(block)] for block in merged]
    has_group = found["group"].notna()
    assert found[has_group].to_numpy().tolist() == wanted
    alone = [block for key, blocks in gathered(rows).items() if key[0] == "~" for block in blocks]
    assert sorted(found.loc[~has_group, "cidr"]) == sorted(map(str, alone))


def test_without_groups_everything_is_merged():
    """The group is null, and is no group of its own."""
    table = pd.DataFrame({"cidr": ["10.0.1.0/24", "10.0.0.0/24", None], "site": ["a", "b", "a"]})
    assert merge(table)["cidr"].tolist() == ["10.0.0.0/23"]
    assert merge(table)["group"].isna().all()
    assert merge(table, groups="site").to_numpy().tolist() == [
        ["a", "10.0.1.0/24"],
        ["b", "10.0.0.0/24"],
    ]


@pytest.mark.parametrize(("verb", "name"), [(address_usage, "address_usage"), (merge, "merged")])
def test_no_blocks(verb, name):
    """The table stands, with its dtypes."""
    schema.validate(name, verb([None]))
    assert verb([]).empty


def test_many_groups_take_no_memory_each():
    """A group for each block is no matrix of groups by sizes."""
    blocks = [f"10.{i // 256 % 256}.{i % 256}.0/24" for i in range(20_000)]
    found = address_usage(blocks, groups=range(20_000))
    assert found["n_addresses"].eq(256).all()
    assert len(found) == 20_000
