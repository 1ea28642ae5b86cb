"""Counts, depth, clusters and holders against plain loops with ipaddress."""

from __future__ import annotations

import ipaddress

import numpy as np
import pytest
from address_helpers import Listed, any_blocks, as_blocks
from hypothesis import given
from hypothesis import strategies as st

from vpnframe.addresses.forest import (
    count_overlaps,
    find_depths,
    find_forest,
    find_holders,
    find_roots,
)
from vpnframe.addresses.ordering import Blocks


def around(listed: Listed, i: int) -> list[int]:
    """Rows of the strictly larger blocks of the same group that hold block i."""
    block, group = listed[i]
    return [
        j
        for j, (other, its_group) in enumerate(listed)
        if its_group == group and other != block and block.subnet_of(other)
    ]


def equals(listed: Listed, i: int) -> list[int]:
    """Rows of the blocks that are the same, i among them."""
    return [j for j, other in enumerate(listed) if other == listed[i]]


@given(any_blocks)
def test_counts_equal_brute_force(listed):
    """What each block equals, contains and lies within is counted, strictly."""
    counts = count_overlaps(as_blocks(listed))
    rows = range(len(listed))
    assert counts.n_equal.tolist() == [len(equals(listed, i)) - 1 for i in rows]
    assert counts.n_within.tolist() == [len(around(listed, i)) for i in rows]
    assert counts.n_contains.tolist() == [sum(i in around(listed, j) for j in rows) for i in rows]


@given(any_blocks)
def test_nodes_are_the_distinct_blocks(listed):
    """Each node stands for the rows of one block, ascending, and each row is in one node."""
    forest = find_forest(as_blocks(listed))
    nodes = [part.tolist() for part in np.split(forest.rows, forest.starts[1:-1])]
    wanted = {tuple(equals(listed, i)) for i in range(len(listed))}
    assert {tuple(node) for node in nodes if node} == wanted
    assert forest.first_rows.tolist() == [node[0] for node in nodes if node]


@given(any_blocks)
def test_depth_is_how_many_distinct_blocks_lie_around(listed):
    """Repeated blocks are one level, not two."""
    forest = find_forest(as_blocks(listed))
    depth = forest.by_row(find_depths(forest)).tolist()
    assert depth == [len({listed[j] for j in around(listed, i)}) for i in range(len(listed))]


@given(any_blocks)
def test_the_root_is_the_largest_block_around(listed):
    """A block under no other is its own root."""
    forest = find_forest(as_blocks(listed))
    roots = forest.by_row(forest.first_rows[find_roots(forest)]).tolist()
    for i, root in enumerate(roots):
        wider = [*around(listed, i), *equals(listed, i)]
        assert root == min(wider, key=lambda j: (listed[j][0].prefixlen, j))


@given(any_blocks, st.data())
def test_the_holder_is_the_smallest_block_around(listed, data):
    """Among all blocks, and among some of them."""
    forest = find_forest(as_blocks(listed))
    m = len(forest.stops)
    among = data.draw(st.none() | st.lists(st.booleans(), min_size=m, max_size=m))
    chosen = [True] * m if among is None else among
    allowed = {listed[row] for row, is_in in zip(forest.first_rows, chosen, strict=True) if is_in}
    holders = find_holders(forest, among=None if among is None else np.array(among, bool))
    for i, node in enumerate(forest.by_row(holders).tolist()):
        wider = [j for j in around(listed, i) if listed[j] in allowed]
        found = None if node < 0 else listed[forest.first_rows[node]]
        wanted = max((listed[j] for j in wider), key=lambda b: b[0].prefixlen, default=None)
        assert found == wanted


@pytest.mark.parametrize("bits", [32, 128])
def test_the_deepest_chain(bits):
    """Every prefix length from /0 to a single address, in any order, is one cluster."""
    kind = ipaddress.IPv4Network if bits == 32 else ipaddress.IPv6Network
    order = np.random.default_rng(1).permutation(bits + 1).tolist()
    forest = find_forest(as_blocks([(kind((0, length)), 0) for length in order]))
    assert forest.by_row(find_depths(forest)).tolist() == order
    assert find_roots(forest).tolist() == [0] * (bits + 1)
    assert find_holders(forest).tolist() == list(range(-1, bits))


def test_a_fleet_made_to_explode_is_counted():
    """Two thousand million pairs take no memory of their own."""
    counts = count_overlaps(Blocks(np.zeros(50_000, np.uint64), np.full(50_000, 8, np.uint8)))
    assert (counts.n_equal == 49_999).all()
    assert not counts.n_contains.any()
    assert not counts.n_within.any()


def test_no_blocks_no_nodes():
    """Nothing in, nothing out, of the promised dtype."""
    forest = find_forest(as_blocks([]))
    parts = (find_depths(forest), find_roots(forest), find_holders(forest), forest.sizes)
    assert [(len(part), part.dtype) for part in parts] == [(0, np.int64)] * 4
    assert len(count_overlaps(as_blocks([])).n_equal) == 0
