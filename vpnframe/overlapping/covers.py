"""The lightest set of nodes that touches every edge: a minimum vertex cover."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Mapping

from vpnframe.overlapping.scopes import connected

Graph = dict[int, set[int]]

EXACT_UP_TO = 30
"""Parts of the graph with so many nodes are solved exactly, larger ones greedily."""


def find_cover(edges: Collection[tuple[int, int]], weights: Mapping[int, int]) -> set[int]:
    """Find a light set of nodes such that every edge has at least one of them.

    References
    ----------
    R. M. Karp, Reducibility among combinatorial problems (1972): node cover is NP-complete.
    V. Chvatal, A greedy heuristic for the set-covering problem (1979): the greedy bound.

    Examples
    --------
    >>> sorted(find_cover([(0, 1), (0, 2), (2, 3)], {0: 1, 1: 1, 2: 1, 3: 1}))
    [0, 2]
    """
    graph: Graph = {}
    for one, other in edges:
        graph.setdefault(one, set()).add(other)
        graph.setdefault(other, set()).add(one)
    root = connected(max(graph, default=-1) + 1, edges).tolist()
    parts: dict[int, Graph] = {}
    for node in sorted(graph):
        parts.setdefault(root[node], {})[node] = set(graph[node])
    cover: set[int] = set()
    for part in parts.values():
        cover |= (_exact if len(part) <= EXACT_UP_TO else _greedy)(part, weights)
    return cover


def _exact(graph: Graph, weights: Mapping[int, int]) -> set[int]:
    """Branch on the node with the most edges: it is in the cover, or all its neighbours are."""
    busiest = max(sorted(graph), key=lambda node: len(graph[node]), default=None)
    if busiest is None or not graph[busiest]:
        return set()
    neighbours = graph[busiest]
    with_it = {busiest} | _exact(_without(graph, {busiest}), weights)
    if len(neighbours) == 1 and weights[busiest] <= min(weights[n] for n in neighbours):
        return with_it  # no node has more than one edge: the lighter end of each will do
    without_it = neighbours | _exact(_without(graph, neighbours), weights)
    return min(with_it, without_it, key=lambda cover: sum(weights[node] for node in cover))


def _without(graph: Graph, gone: set[int]) -> Graph:
    return {node: ends - gone for node, ends in graph.items() if node not in gone}


def _greedy(graph: Graph, weights: Mapping[int, int]) -> set[int]:
    """Take the node with the most uncovered edges per weight until every edge is covered."""
    left = {node: set(ends) for node, ends in graph.items()}
    queue = [(-len(ends) / weights[node], node) for node, ends in left.items()]
    heapq.heapify(queue)
    taken = []
    while queue:
        worth, node = heapq.heappop(queue)
        now = -len(left[node]) / weights[node]
        if now != worth:  # it has lost edges since it was queued
            heapq.heappush(queue, (now, node))
        elif now < 0:
            taken.append(node)
            for other in left.pop(node):
                left[other].discard(node)
            left[node] = set()
    cover = set(taken)
    for node in sorted(taken, key=lambda node: -weights[node]):
        if graph[node] <= cover:
            cover.discard(node)
    return cover
