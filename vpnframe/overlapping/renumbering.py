"""Suggest which on-premises sites to renumber so that the fewest connections change."""

from __future__ import annotations

import heapq
import ipaddress
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from vpnframe import schema
from vpnframe.inventory import Inventory
from vpnframe.overlapping.asked import as_category
from vpnframe.overlapping.encoded import EncodedFleet
from vpnframe.overlapping.free import Avoid, find_free_space
from vpnframe.overlapping.meaning import CASES, KINDS, SEVERITIES, find_cases
from vpnframe.overlapping.nat import Network, is_inside, moved
from vpnframe.overlapping.pairing import FleetPairs, pairs_within
from vpnframe.overlapping.rows import KnownFleet
from vpnframe.overlapping.scopes import ROUTING_DOMAIN, connected
from vpnframe.overlapping.settings import OverlapSettings
from vpnframe.schema.codes import Codes, Mask

_ONE_SITE = ("duplicate", "ecmp", "ha_pair")
_BAD = ("medium", "high")
EXACT_UP_TO = 30  # larger groups of sites are not solved exactly, but greedily

Graph = dict[int, set[int]]


def suggest_renumbering(
    subnets: pd.DataFrame | Inventory,
    *,
    within: str | Iterable[str] = "10.0.0.0/8",
    avoid: Avoid = None,
    scope: str | None = ROUTING_DOMAIN,
    settings: OverlapSettings | None = None,
) -> pd.DataFrame:
    """Suggest new blocks for on-premises blocks, so that the fewest connections change.

    Overlaps of severity medium and high are resolved, except duplicate connections: one of these
    should be deleted instead. Connections with the same on-premises block are one site if they are
    duplicates, an ECMP pair or an HA pair.

    If a site's block collides with a VPC's block, the site is renumbered, since a change to the
    VPC's block affects everything in the VPC. If two sites collide, sites are chosen so that the
    fewest connections change. The choice is optimal for groups of up to 30 sites that collide with
    each other; in larger groups, sites with the most conflicts per connection are chosen first. A
    block changes on all connections of its site, together with the site's smaller blocks inside it.

    Parameters
    ----------
    subnets : DataFrame or Inventory
        Table ``subnets``, or an inventory, whose VPCs and coverage are used too.
    within : str or iterable of str
        Blocks to take new blocks from. To renumber IPv6 blocks, include an IPv6 block.
    avoid : str, Path, iterable of str or DataFrame, optional
        More blocks to avoid, as for :func:`vpnframe.free_subnets`.
    scope, settings : str or None, OverlapSettings
        As for :func:`vpnframe.overlaps`, with the same errors and warnings.

    Returns
    -------
    DataFrame
        Table ``renumbering``: ``vpn_connection_id``, ``side``, ``cidr``, ``new_cidr`` (null if
        ``within`` has no room left) and ``n_conflicts``, the number of pairs that are resolved.

    Raises
    ------
    ValueError
        If there are more than 10,000,000 overlapping pairs.

    Examples
    --------
    >>> subnets = pd.DataFrame({
    ...     "account_id": "1", "region_id": "cn-hangzhou", "vpn_connection_id": ["a", "b", "c"],
    ...     "vpn_gateway_id": "vpn-1", "vpc_id": None, "transit_router_id": None, "side": "onprem",
    ...     "cidr": ["10.0.0.0/24", "10.0.0.0/24", "10.0.0.0/24"],
    ... })
    >>> suggest_renumbering(subnets)[["vpn_connection_id", "cidr", "new_cidr", "n_conflicts"]]
      vpn_connection_id         cidr     new_cidr  n_conflicts
    0                 a  10.0.0.0/24  10.0.1.0/24            2
    1                 b  10.0.0.0/24  10.0.2.0/24            2
    """
    known, settings = KnownFleet.of(subnets), settings or OverlapSettings()
    fleet = known.encode(scope, settings)
    faults = _Faults.of(fleet)
    free = find_free_space(known, within=within, avoid=avoid, settings=settings)
    new: dict[int, str | None] = {}  # None if there is no room left
    for change in faults.changes():
        old = next(iter(change.values()))
        cut = free.take(old.prefixlen, version=old.version)
        for row, block in change.items():
            new[row] = None if cut is None else moved(block, old, cut[0])
    known.warn_of_gaps()
    rows = np.array(sorted(new), np.int64)
    ends = np.concatenate([faults.pairs.left, faults.pairs.right])
    values = {
        **fleet.columns(rows),
        "side": as_category(np.zeros(len(rows), np.int64), ["onprem"]),
        "new_cidr": [new[row] for row in rows.tolist()],
        "n_conflicts": np.bincount(ends, minlength=len(fleet.cidr))[rows],
    }
    return schema.build("renumbering", values)


@dataclass(frozen=True, slots=True)
class _Faults:
    """The pairs of overlapping blocks to resolve, and the site of each connection."""

    pairs: FleetPairs
    # The number of each connection's site. Connections that share a block as a duplicate, an ECMP
    # or an HA pair are one site: they are renumbered together or not at all.
    site: Codes

    @classmethod
    def of(cls, fleet: EncodedFleet) -> _Faults:
        pairs = pairs_within(fleet).all()
        cases = find_cases(pairs)
        is_passed = np.isin(CASES.kinds, [KINDS.index(kind) for kind in _ONE_SITE])[cases]
        is_bad = np.isin(CASES.severities, [SEVERITIES.index(word) for word in _BAD])[cases]
        is_one = is_passed & pairs.is_equal  # of nested blocks, one may change without the other
        joined = np.unique(np.stack([pairs.one[is_one], pairs.other[is_one]], axis=1), axis=0)
        site = connected(len(fleet.connections.identity), joined.tolist())
        return cls(pairs.take(is_bad & ~is_passed), site)

    def changed(self, site: Codes) -> Mask:
        """Mark the on-premises blocks to renumber, on all connections of their site.

        These are all blocks that conflict with a VPC block, and at least one block of each conflict
        between two sites.
        """
        pairs, fleet = self.pairs, self.pairs.fleet
        key = site * len(fleet.cidr_words) + fleet.cidr

        def on_all_connections(blocks: Codes) -> Mask:
            """Mark on-premises blocks with the site and CIDR of one of ``blocks``."""
            return np.isin(key, key[blocks]) & ~fleet.is_vpc

        left, right, across = pairs.left, pairs.right, pairs.is_across
        changed = on_all_connections(pairs.onprem[across])
        one, other = site[left], site[right]
        is_open = ~across & (one != other) & ~changed[left] & ~changed[right]
        chosen = self._chosen_sites(site[changed], one[is_open], other[is_open])
        is_one_chosen = is_open & (chosen[one] != chosen[other])
        changed |= on_all_connections(np.where(chosen[one], left, right)[is_one_chosen])
        changed |= on_all_connections(right[is_open & ~changed[left] & ~changed[right]])
        return changed

    def _chosen_sites(self, forced: Codes, one: Codes, other: Codes) -> Mask:
        """Mark the sites to change: all in ``forced``, and at least one site of each pair."""
        chosen = np.isin(np.arange(len(self.site)), forced)
        left = ~chosen[one] & ~chosen[other]
        edges = np.unique(np.stack([one[left], other[left]], axis=1), axis=0)
        weights = dict(enumerate(np.bincount(self.site).tolist()))
        chosen[list(find_cover(edges.tolist(), weights))] = True
        return chosen

    def changes(self) -> list[dict[int, Network]]:
        """Return, largest first, each outermost changed block with the site's blocks inside it."""
        fleet = self.pairs.fleet
        site = self.site[fleet.connection]
        changed = self.changed(site)
        rows = np.flatnonzero(np.isin(site, site[changed]) & ~fleet.is_vpc)
        blocks = map(ipaddress.ip_network, fleet.cidr_texts(rows).to_pylist())
        by_site: defaultdict[int, dict[int, Network]] = defaultdict(dict)
        named = zip(rows.tolist(), blocks, strict=True)
        for row, block in sorted(named, key=lambda each: each[1].prefixlen):
            by_site[site[row]][row] = block
        found = []
        for open_blocks in by_site.values():
            for row, block in list(open_blocks.items()):
                if changed[row] and row in open_blocks:
                    found.append({r: b for r, b in open_blocks.items() if is_inside(b, block)})
                    for gone in found[-1]:
                        del open_blocks[gone]
        return sorted(found, key=lambda change: next(iter(change.values())).prefixlen)


def find_cover(edges: Collection[tuple[int, int]], weights: Mapping[int, int]) -> set[int]:
    """Find a set of nodes of small total weight that includes at least one end of every edge.

    R. M. Karp, Reducibility among combinatorial problems (1972), shows that finding the smallest
    weight is hard (NP-complete). V. Chvatal, A greedy heuristic for the set-covering problem
    (1979), shows how far a greedy choice can be from it.
    """
    graph: Graph = defaultdict(set)
    for one, other in edges:
        graph[one].add(other)
        graph[other].add(one)
    root = connected(max(graph, default=-1) + 1, edges).tolist()
    parts: defaultdict[int, Graph] = defaultdict(dict)
    for node in sorted(graph):
        parts[root[node]][node] = graph[node]
    cover: set[int] = set()
    for part in parts.values():
        cover |= (_exact if len(part) <= EXACT_UP_TO else _greedy)(part, weights)
    return cover


def _exact(graph: Graph, weights: Mapping[int, int]) -> set[int]:
    """Find the lightest vertex cover: try it with and without the node with most edges."""
    busiest = max(sorted(graph), key=lambda node: len(graph[node]), default=None)
    if busiest is None or not graph[busiest]:
        return set()
    neighbours = graph[busiest]
    with_it = {busiest} | _exact(_without(graph, {busiest}), weights)
    if len(neighbours) == 1 and weights[busiest] <= min(weights[n] for n in neighbours):
        return with_it  # no node has more than one edge, so the lighter end is best
    without_it = neighbours | _exact(_without(graph, neighbours), weights)
    return min(with_it, without_it, key=lambda cover: sum(weights[node] for node in cover))


def _without(graph: Graph, gone: set[int]) -> Graph:
    return {node: ends - gone for node, ends in graph.items() if node not in gone}


def _greedy(graph: Graph, weights: Mapping[int, int]) -> set[int]:
    """Find a cover by repeatedly taking the node with the most uncovered edges per weight."""
    left = {node: set(ends) for node, ends in graph.items()}
    queue = [(-len(ends) / weights[node], node) for node, ends in left.items()]
    heapq.heapify(queue)
    taken = []
    while queue:
        worth, node = heapq.heappop(queue)
        now = -len(left[node]) / weights[node]
        if now != worth:  # edges of the node were covered since it was queued
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
