"""The overlap kernel against a brute force with ipaddress."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from address_helpers import Network, any_blocks, as_blocks, bits_of, find_pairs, two_sets
from hypothesis import given, settings

from vpnframe.addresses import nesting
from vpnframe.addresses.nesting import (
    RELATIONS,
    Pairs,
    Runs,
    find_pairs_between,
    find_runs,
    make_pairs,
)
from vpnframe.addresses.ordering import Blocks


def relation(left: Network, right: Network) -> str | None:
    """What left is to right, by ipaddress."""
    if left == right:
        return "equal"
    if right.subnet_of(left):
        return "contains"
    return "within" if left.subnet_of(right) else None


def as_list(pairs: Pairs) -> list[tuple[int, int, str]]:
    """Pairs in order, in words."""
    words = [RELATIONS[code] for code in pairs.relation.tolist()]
    return sorted(zip(pairs.left.tolist(), pairs.right.tolist(), words, strict=True))


@settings(deadline=None)
@given(any_blocks)
def test_pairs__equal_brute_force(listed):
    """Every overlapping pair is found once, with its relation, and nothing else."""
    blocks = as_blocks(listed)
    wanted = [
        (i, j, word)
        for (i, (a, _)), (j, (b, _)) in combinations(enumerate(listed), 2)
        if (word := relation(a, b))
    ]
    found = find_pairs(blocks.first, blocks.prefix_length, high=blocks.high)
    assert as_list(found) == wanted


@pytest.mark.parametrize("offset", [0, 60, 2**20, 2**31 - 3])
@settings(deadline=None)
@given(listed=any_blocks)
def test_pairs__stay_inside_groups(offset, listed):
    """Groups keep blocks apart, however large their codes."""
    blocks = as_blocks(listed, offset=offset)
    wanted = [
        (i, j, word)
        for (i, (a, group)), (j, (b, other)) in combinations(enumerate(listed), 2)
        if group == other and (word := relation(a, b))
    ]
    found = find_pairs(blocks.first, blocks.prefix_length, high=blocks.high, groups=blocks.groups)
    assert as_list(found) == wanted


@settings(deadline=None)
@given(two_sets)
def test_pairs_between__equal_brute_force(two):
    """Between two sets, only pairs of one block from each are found."""
    wanted = [
        (i, j, word)
        for (i, (a, group)), (j, (b, other)) in product(*map(enumerate, two))
        if group == other and (word := relation(a, b))
    ]
    found = find_pairs_between(*(as_blocks(listed, bits=bits_of(*two)) for listed in two))
    assert as_list(found) == wanted


@settings(deadline=None)
@given(any_blocks)
def test_pairs__are_what_the_runs_count(listed):
    """The number of pairs is known from the runs, before any is made."""
    runs = find_runs(as_blocks(listed))
    assert runs.n_pairs == len(make_pairs(runs).left)


def random_ipv4(n: int, *, shortest: int) -> tuple[np.ndarray, np.ndarray]:
    """Random IPv4 blocks as numbers."""
    rng = np.random.default_rng(3)
    length = rng.integers(shortest, 33, n).astype(np.uint8)
    shift = (32 - length).astype(np.uint64)
    return rng.integers(0, 2**32, n, dtype=np.uint64) >> shift << shift, length


@pytest.mark.parametrize("chunk", [1, 7, 2**15])
def test_pairs__do_not_depend_on_the_chunk(monkeypatch, chunk):
    """Pairs made in pieces are those made at once."""
    first, length = random_ipv4(2_000, shortest=2)
    whole = as_list(find_pairs(first, length))
    monkeypatch.setattr(nesting, "_CHUNK", chunk)
    assert as_list(find_pairs(first, length)) == whole


def test_pairs__are_the_same_by_the_wide_path():
    """IPv4 blocks read as the top of an IPv6 address have the same pairs."""
    first, length = random_ipv4(20_000, shortest=6)
    wide = find_pairs(np.zeros_like(first), length, high=first << np.uint64(32))
    assert as_list(find_pairs(first, length)) == as_list(wide)


@pytest.mark.parametrize("n", [300, 20_000])
def test_pairs__are_the_same_across_the_words(n):
    """Blocks in the middle of an IPv6 address, under few and under wide prefixes."""
    first, length = random_ipv4(n, shortest=2)
    groups = np.random.default_rng(5).integers(0, 5, n)
    prefixes = np.random.default_rng(6).integers(0, 2**48, 5, dtype=np.uint64)[groups]
    high = prefixes << np.uint64(16) | first >> np.uint64(16)
    low = first << np.uint64(48)
    wide = find_pairs(low, length + np.uint8(48), high=high)
    assert as_list(find_pairs(first, length, groups=groups)) == as_list(wide)


def test_pairs__take_narrow_numbers():
    """Addresses as uint32 are as good as uint64, and rows come as int32."""
    first, length = random_ipv4(1_000, shortest=4)
    narrow = find_pairs(first.astype(np.uint32), length)
    assert as_list(narrow) == as_list(find_pairs(first, length))
    assert narrow.left.dtype == narrow.right.dtype == np.int32
    assert narrow.relation.dtype == np.uint8


@pytest.mark.parametrize("n", [0, 1])
def test_pairs__of_too_few_blocks_are_none(n):
    """Neither no block nor a single one overlaps anything."""
    first, length = np.zeros(n, np.uint64), np.zeros(n, np.uint8)
    assert (
        as_list(find_pairs(first, length)) == as_list(find_pairs(first, length, high=first)) == []
    )


def test_cap__names_the_count_and_the_remedy():
    """Too many pairs are counted and refused, not made."""
    first, length = np.zeros(50_000, np.uint64), np.full(50_000, 8, np.uint8)
    with pytest.raises(ValueError, match=r"1,249,975,000 overlapping pairs.*raise max_pairs"):
        find_pairs(first, length)
    blocks = Blocks(first, length)
    with pytest.raises(ValueError, match=r"2,500,000,000 overlapping pairs"):
        find_pairs_between(blocks, blocks)


def test_cap__allows_exactly_that_many():
    """The cap is the most pairs allowed, not one more than that."""
    first, length = np.zeros(3, np.uint64), np.full(3, 8, np.uint8)
    assert len(find_pairs(first, length, max_pairs=3).left) == 3
    with pytest.raises(ValueError, match=r"3 overlapping pairs, over the limit of 2"):
        find_pairs(first, length, max_pairs=2)


def test_runs__hold_what_each_block_contains():
    """A run lists the rows inside a block, equals first."""
    first = np.array([0x0A010000, 0x0A000000, 0x0A000000, 0xC0A80000], np.uint64)
    runs: Runs = find_runs(Blocks(first, np.array([16, 8, 8, 16], np.uint8)))
    insides = [
        runs.inner[start:stop].tolist() for start, stop in zip(runs.starts, runs.stops, strict=True)
    ]
    assert dict(zip(runs.outer.tolist(), insides, strict=True)) == {1: [2, 0], 2: [0]}
    assert (runs.equal_stops - runs.starts).tolist() == [1, 0]
