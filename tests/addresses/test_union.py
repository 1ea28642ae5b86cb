"""Merging, gaps and sums against ipaddress, block by block."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from itertools import combinations

import numpy as np
import pytest
from address_helpers import Listed, Network, any_blocks, as_blocks, as_listed, bits_of, two_sets
from hypothesis import given

from vpnframe.addresses.ordering import Blocks
from vpnframe.addresses.union import count_addresses, find_gaps, merge_blocks


def by_group(listed: Listed, make: Callable[[list[Network], int], list[Network]]) -> Listed:
    """What is made of each group's blocks, by group and address."""
    groups = sorted({group for _, group in listed})
    return [
        (block, group)
        for group in groups
        for block in sorted(make([b for b, g in listed if g == group], group))
    ]


def merged(blocks: list[Network], _: int = 0) -> list[Network]:
    return list(ipaddress.collapse_addresses(blocks))


def without(space: list[Network], taken: list[Network]) -> list[Network]:
    """What is left of some blocks when others are cut out, one after the other."""
    left = merged(space)
    for hole in taken:
        left = [part for block in left for part in cut(block, hole)]
    return merged(left)


def cut(block: Network, hole: Network) -> list[Network]:
    if block.subnet_of(hole):
        return []
    return list(block.address_exclude(hole)) if hole.subnet_of(block) else [block]


@given(any_blocks)
def test_merged_blocks_are_those_of_collapse_addresses(listed):
    """The fewest blocks that cover the same, in each group, sorted."""
    assert as_listed(merge_blocks(as_blocks(listed))) == by_group(listed, merged)


@given(two_sets)
def test_gaps_are_what_is_left_when_each_block_is_cut_out(two):
    """In each group, the largest free blocks within the space asked for."""
    taken, space = two
    bits = bits_of(taken, space)
    found = find_gaps(as_blocks(taken, bits=bits), as_blocks(space, bits=bits))

    def left(blocks: list[Network], group: int) -> list[Network]:
        return without(blocks, [block for block, other in taken if other == group])

    assert as_listed(found) == by_group(space, left)


@given(any_blocks)
def test_addresses_are_counted_once_and_shared_ones_apart(listed):
    """Sums are exact, whatever their size."""
    counts = count_addresses(as_blocks(listed))
    groups = sorted({group for _, group in listed})
    assert counts.group.tolist() == groups
    for i, group in enumerate(groups):
        own = [block for block, other in listed if other == group]
        shared = [max(pair, key=lambda block: block.prefixlen) for pair in overlapping(own)]
        assert counts.n_blocks[i] == len(own)
        assert counts.n_addresses[i] == sum(block.num_addresses for block in merged(own))
        assert counts.n_shared[i] == sum(block.num_addresses for block in merged(shared))


def overlapping(blocks: list[Network]) -> list[tuple[Network, Network]]:
    return [pair for pair in combinations(blocks, 2) if pair[0].overlaps(pair[1])]


@pytest.mark.parametrize("bits", [32, 128])
def test_the_whole_space_has_no_end_to_run_over(bits):
    """/0 merges with itself, leaves nothing free, and without it everything is free."""
    kind = ipaddress.IPv4Network if bits == 32 else ipaddress.IPv6Network
    whole, halves = [(kind((0, 0)), 0)], [(kind((0, 1)), 0), (kind((2 ** (bits - 1), 1)), 0)]
    none = as_blocks([], bits=bits)
    assert as_listed(merge_blocks(as_blocks(halves))) == whole
    assert as_listed(find_gaps(as_blocks(whole), as_blocks(halves))) == []
    assert as_listed(find_gaps(none, as_blocks(halves))) == whole
    assert as_listed(find_gaps(as_blocks(halves[1:]), as_blocks(whole))) == halves[:1]
    assert count_addresses(as_blocks(halves * 2)).n_shared == (2**bits,)


@pytest.mark.parametrize("bits", [32, 128])
def test_around_one_address_every_size_is_free(bits):
    """One address taken leaves one free block of each prefix length."""
    kind = ipaddress.IPv4Network if bits == 32 else ipaddress.IPv6Network
    taken, space = as_blocks([(kind(2**bits - 2), 0)]), as_blocks([(kind((0, 0)), 0)])
    assert find_gaps(taken, space).prefix_length.tolist() == [*range(1, bits), bits]


def test_groups_come_back_only_where_there_were_some():
    """Blocks without groups merge without groups."""
    blocks = Blocks(np.zeros(1, np.uint64), np.array([8], np.uint8))
    assert merge_blocks(blocks).groups is None
    assert merge_blocks(blocks).high is None
    assert count_addresses(blocks).group.tolist() == [0]


def test_no_blocks_cover_nothing():
    """Empty in, empty out; no group occurs."""
    none = as_blocks([])
    assert as_listed(merge_blocks(none)) == as_listed(find_gaps(none, none)) == []
    assert count_addresses(none).n_addresses == ()


def test_a_million_neighbours_are_one_block():
    """Joining takes one pass, not one for each level."""
    first = np.arange(2**20, dtype=np.uint64)[::-1].copy()
    joined = merge_blocks(Blocks(first, np.full(2**20, 32, np.uint8)))
    assert (joined.first.tolist(), joined.prefix_length.tolist()) == ([0], [12])
