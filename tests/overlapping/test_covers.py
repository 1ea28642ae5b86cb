"""The lightest cover, against all subsets; above the limit, a cover without a node too many."""

from __future__ import annotations

from itertools import combinations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpnframe.overlapping import renumbering
from vpnframe.overlapping.renumbering import find_cover

nodes = st.integers(0, 8)
edge_lists = st.lists(st.tuples(nodes, nodes).filter(lambda e: e[0] != e[1]), max_size=16)
weight_lists = st.lists(st.integers(1, 4), min_size=9, max_size=9)


def is_cover(chosen: set[int], edges: list[tuple[int, int]]) -> bool:
    """Whether every edge has an end in it."""
    return all(one in chosen or other in chosen for one, other in edges)


def lightest(edges: list[tuple[int, int]], weights: dict[int, int]) -> int:
    """The weight of the lightest cover, by trying every subset."""
    subsets = (set(s) for n in range(len(weights) + 1) for s in combinations(weights, n))
    return min(sum(weights[n] for n in s) for s in subsets if is_cover(s, edges))


@given(edge_lists, weight_lists)
def test_small_graphs_are_covered_with_the_least_weight(edges, listed):
    """No subset of the nodes is a lighter cover."""
    weights = dict(enumerate(listed))
    cover = find_cover(edges, weights)
    assert is_cover(cover, edges)
    assert sum(weights[node] for node in cover) == lightest(edges, weights)


@given(edge_lists, weight_lists)
def test_the_greedy_cover_has_no_node_too_many(edges, listed):
    """It is a cover, and is none without any of its nodes."""
    weights = dict(enumerate(listed))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(renumbering, "EXACT_UP_TO", 0)
        cover = find_cover(edges, weights)
    assert is_cover(cover, edges)
    assert not any(is_cover(cover - {node}, edges) for node in cover)


def test_the_greedy_cover_is_near_the_lightest():
    """Over 200 graphs of nine nodes it is at most a tenth heavier altogether."""
    random, found, best = Random(1), 0, 0
    for _ in range(200):
        weights = {node: random.randint(1, 3) for node in range(9)}
        edges = [e for e in combinations(range(9), 2) if random.random() < 0.3]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(renumbering, "EXACT_UP_TO", 0)
            found += sum(weights[node] for node in find_cover(edges, weights))
        best += lightest(edges, weights)
    assert best <= found <= 1.1 * best


def test_a_hub_is_taken_before_its_many_spokes():
    """One site that collides with a thousand: it is the one to change, greedily too."""
    edges = [(0, spoke) for spoke in range(1, 1000)]
    assert find_cover(edges, dict.fromkeys(range(1000), 1)) == {0}


def test_no_edges_need_no_cover():
    """Nothing to do."""
    assert find_cover([], {0: 1}) == set()
