"""Suggest which sites to renumber so that the fewest connections change."""

from __future__ import annotations

import heapq
import ipaddress
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
EXACT_UP_TO = 30  # most sites of a connected part that is solved exactly; larger parts: greedily

Graph = dict[int, set[int]]


def suggest_renumbering(
    subnets: pd.DataFrame | Inventory,
    *,
    within: str | Iterable[str] = "10.0.0.0/8",
    avoid: Avoid = None,
    scope: str | None = ROUTING_DOMAIN,
    settings: OverlapSettings | None = None,
) -> pd.DataFrame:
    """Suggest on-premises blocks to renumber, on the fewest connections, and their new blocks.

    Overlaps of severity medium and high are resolved, except duplicate connections: delete one of
    the two. If a site's block collides with a VPC's block, the site is renumbered, since a change
    to the VPC's block affects everything in the VPC. If two sites collide, sites are chosen so that
    the fewest connections change: exactly in connected groups of at most 30 sites, greedily (most
    conflicts per connection first) in larger groups. All connections of a site are renumbered
    together, and so are a site's blocks inside a block that changes.

    Parameters
    ----------
    subnets : DataFrame or Inventory
        Table ``subnets``, or an inventory, whose VPCs and coverage are used too.
    within : str or iterable of str
        Blocks to take new blocks from; IPv6 blocks need an IPv6 block here.
    avoid : str, Path, iterable of str or DataFrame, optional
        As for :func:`vpnframe.free_subnets`: more blocks to avoid.
    scope, settings : str or None, OverlapSettings
        As for :func:`vpnframe.overlaps`, with the same errors and warnings.

    Returns
    -------
    DataFrame
        Table ``renumbering``: ``vpn_connection_id``, ``side``, ``cidr``, ``new_cidr`` (null
        if ``within`` has no room left) and ``n_conflicts``, the number of pairs resolved.

    Raises
    ------
    ValueError
        If there are more than 10,000,000 pairs.

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
    """Overlapping pairs to resolve, and the site of each connection."""

    pairs: FleetPairs
    # Connections that share a block on purpose or as a leftover (duplicate, ECMP, HA pair) are one
    # site: the blocks that they share are renumbered together or not at all.
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

    @property
    def site_of_block(self) -> Codes:
        """Site of each block of the fleet."""
        return self.site[self.pairs.fleet.connection]

    def changed(self) -> Mask:
        """Return the mask of blocks to change: at least one of each faulty pair."""
        pairs, site = self.pairs, self.site_of_block
        changed = np.zeros(len(site), bool)
        left, right, across = pairs.left, pairs.right, pairs.is_across
        self._mark(changed, pairs.onprem[across])
        one, other = site[left], site[right]
        is_open = ~across & (one != other) & ~changed[left] & ~changed[right]
        chosen = self._chosen_sites(site[changed], one[is_open], other[is_open])
        self._mark(changed, left[is_open & chosen[one] & ~chosen[other]])
        self._mark(changed, right[is_open & chosen[other] & ~chosen[one]])
        self._mark(changed, right[is_open & ~changed[left] & ~changed[right]])
        return changed

    def _chosen_sites(self, forced: Codes, one: Codes, other: Codes) -> Mask:
        """Return the sites that change: ``forced`` ones, and those that resolve other pairs."""
        chosen = np.isin(np.arange(len(self.site)), forced)
        left = ~chosen[one] & ~chosen[other]
        edges = np.unique(np.stack([one[left], other[left]], axis=1), axis=0)
        weights = dict(enumerate(np.bincount(self.site).tolist()))
        chosen[list(find_cover(edges.tolist(), weights))] = True
        return chosen

    def _mark(self, changed: Mask, blocks: Codes) -> None:
        """Mark the given blocks, and the equal blocks on every connection of the same site."""
        fleet = self.pairs.fleet
        key = self.site_of_block * len(fleet.cidrs.words) + fleet.cidr
        changed |= np.isin(key, key[blocks]) & ~fleet.is_vpc

    def changes(self) -> list[dict[int, Network]]:
        """Return the blocks that change, each with its site's blocks inside it, largest first."""
        fleet, site, changed = self.pairs.fleet, self.site_of_block, self.changed()
        rows = np.flatnonzero(np.isin(site, site[changed]) & ~fleet.is_vpc)
        texts = fleet.cidr_texts(rows).to_pylist()
        blocks = dict(zip(rows.tolist(), map(ipaddress.ip_network, texts), strict=True))
        by_site: dict[int, list[int]] = {}
        for row in sorted(blocks, key=lambda row: blocks[row].prefixlen):
            by_site.setdefault(int(site[row]), []).append(row)
        found: list[dict[int, Network]] = []
        for open_rows in by_site.values():
            for row in list(open_rows):
                if changed[row] and row in open_rows:
                    inside = [r for r in open_rows if is_inside(blocks[r], blocks[row])]
                    open_rows[:] = [r for r in open_rows if r not in inside]
                    found.append({r: blocks[r] for r in inside})
        return sorted(found, key=lambda change: next(iter(change.values())).prefixlen)


def find_cover(edges: Collection[tuple[int, int]], weights: Mapping[int, int]) -> set[int]:
    """Find a set of nodes of small total weight such that every edge has at least one of them.

    The exact problem is NP-complete: R. M. Karp, Reducibility among combinatorial problems (1972).
    The greedy bound: V. Chvatal, A greedy heuristic for the set-covering problem (1979).
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
    """Find the lightest cover: it has the node with the most edges, or all its neighbours."""
    busiest = max(sorted(graph), key=lambda node: len(graph[node]), default=None)
    if busiest is None or not graph[busiest]:
        return set()
    neighbours = graph[busiest]
    with_it = {busiest} | _exact(_without(graph, {busiest}), weights)
    if len(neighbours) == 1 and weights[busiest] <= min(weights[n] for n in neighbours):
        return with_it  # no node has more than one edge: take the lighter end
    without_it = neighbours | _exact(_without(graph, neighbours), weights)
    return min(with_it, without_it, key=lambda cover: sum(weights[node] for node in cover))


def _without(graph: Graph, gone: set[int]) -> Graph:
    return {node: ends - gone for node, ends in graph.items() if node not in gone}


def _greedy(graph: Graph, weights: Mapping[int, int]) -> set[int]:
    """Find a cover: repeatedly take the node with the most uncovered edges per weight."""
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
