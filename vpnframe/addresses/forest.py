"""Arrange distinct CIDR blocks as a forest: the parent of a block is the smallest block around it.

The number of pairs among n blocks can grow with n squared, but the forest has at most n nodes.
Counts, depths, clusters, smallest enclosing blocks and longest-prefix matches are computed from the
forest, without pairs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vpnframe.addresses.ordering import Blocks, Rows, join_blocks, sort_blocks
from vpnframe.addresses.wide import Mask, Positions


@dataclass(frozen=True, slots=True)
class Forest:
    """The distinct blocks among n blocks; each of these m distinct blocks is a node.

    The nodes are in nesting order, in which each node is followed directly by all nodes inside it.
    """

    rows: Rows  # shape (n,): rows in nesting order; equal blocks are adjacent and sorted by row
    starts: Positions  # shape (m + 1,): blocks equal to node i are rows[starts[i] : starts[i + 1]]
    stops: Positions  # shape (m,): nodes i + 1 to stops[i] - 1 lie strictly within node i

    @property
    def sizes(self) -> Positions:
        """For each node, the number of input blocks that are equal to it, shape (m,)."""
        return np.diff(self.starts)

    @property
    def first_rows(self) -> Rows:
        """For each node, the row of the first input block that is equal to it, shape (m,)."""
        return self.rows[self.starts[:-1]]

    def by_row(self, values: npt.NDArray[np.int64]) -> Positions:
        """Return for each input block the value of its node; ``values`` has one per node."""
        spread = np.empty(len(self.rows), np.int64)
        spread[self.rows] = np.repeat(values, self.sizes)
        return spread


def find_forest(blocks: Blocks) -> Forest:
    """Find the distinct blocks of one family, and for each of them the blocks that lie inside it.

    Blocks of different groups are never equal and never nest.

    Examples
    --------
    >>> first = np.array([0x0A010000, 0x0A000000, 0x0A010000, 0xC0A80000], np.uint64)
    >>> forest = find_forest(Blocks(first, np.array([16, 8, 16, 16], np.uint8)))
    >>> forest.rows.tolist(), forest.starts.tolist(), forest.stops.tolist()
    ([1, 0, 2, 3], [0, 1, 3, 4], [2, 2, 3])
    """
    order = sort_blocks(blocks)
    is_start = np.ones(len(order.rows) + 1, bool)
    is_start[order.holders[order.equal_stops > order.holders + 1] + 1] = False
    starts = np.flatnonzero(is_start)
    node = np.cumsum(is_start) - 1
    stops = np.arange(1, len(starts))
    stops[node[order.holders]] = node[order.stops]
    return Forest(order.rows, starts, stops)


@dataclass(frozen=True, slots=True)
class Counts:
    """For each input block, the number of other blocks equal to it, inside it, or around it."""

    n_equal: Positions
    n_contains: Positions
    n_within: Positions


def count_overlaps(blocks: Blocks) -> Counts:
    """Count the overlaps of each block of one family, in row order, without building pairs."""
    forest = find_forest(blocks)
    starts, stops = forest.starts, forest.stops
    n_closed = np.bincount(stops, weights=forest.sizes, minlength=len(starts)).astype(np.int64)
    return Counts(
        n_equal=forest.by_row(forest.sizes - 1),
        n_contains=forest.by_row(starts[stops] - starts[1:]),
        n_within=forest.by_row(starts[:-1] - np.cumsum(n_closed)[:-1]),
    )


def find_depths(forest: Forest, *, among: Mask | None = None) -> Positions:
    """Count the nodes that strictly contain each node: int64, shape (m,).

    Only nodes in the mask ``among``, of shape (m,), are counted; all by default.
    """
    m = len(forest.stops)
    stops = forest.stops if among is None else forest.stops[among]
    n_opened = np.arange(m) if among is None else np.cumsum(among) - among
    # A node is inside each earlier node whose run has not ended before it.
    depth: Positions = n_opened - np.cumsum(np.bincount(stops, minlength=m + 1))[:m]
    return depth


def find_roots(forest: Forest) -> Positions:
    """Return the outermost node that contains each node, or the node itself: int64, shape (m,)."""
    is_root = find_depths(forest) == 0
    return np.maximum.accumulate(np.where(is_root, np.arange(len(is_root)), 0))


def find_holders(forest: Forest, *, among: Mask | None = None) -> Positions:
    """Return the smallest node that strictly contains each node; -1 if there is none.

    The result is int64, of shape (m,). Only nodes in the mask ``among``, of shape (m,), count.

    Examples
    --------
    >>> blocks = Blocks(np.zeros(3, np.uint64), np.array([8, 16, 24], np.uint8))
    >>> forest = find_forest(blocks)
    >>> find_holders(forest).tolist()
    [-1, 0, 1]
    >>> find_holders(forest, among=np.array([True, False, True])).tolist()
    [-1, 0, 0]
    """
    m = len(forest.stops)
    nodes = np.arange(m)
    depth = find_depths(forest, among=among)
    # The holder of a node is the last candidate before it whose depth is smaller by one.
    by_level = np.argsort(depth.astype(np.uint8), kind="stable")
    level = depth * m + nodes
    levels = level[by_level if among is None else by_level[among[by_level]]]
    inside = by_level[np.count_nonzero(depth == 0) :]
    held = np.full(m, -1)
    held[inside] = levels[np.searchsorted(levels, level[inside] - m) - 1] - (depth[inside] - 1) * m
    return held


def find_longest(prefixes: Blocks, addresses: Blocks) -> Positions:
    """Find the longest prefix that matches each address.

    To find all matching prefixes instead, use
    :func:`vpnframe.addresses.nesting.find_pairs_between`.

    Parameters
    ----------
    prefixes : Blocks
        n prefixes in any order; prefixes can be repeated.
    addresses : Blocks
        m addresses of the same family, as blocks of prefix length 32 or 128. A larger block is
        matched by the longest prefix that contains all of it. If ``addresses`` and ``prefixes``
        have groups (for example routing tables), an address is matched only inside its group.

    Returns
    -------
    ndarray of int64, shape (m,)
        For each address, the row of the longest prefix that matches it; if the prefix is repeated,
        its first row. The row is -1 if no prefix matches.

    Raises
    ------
    ValueError
        If only one argument has groups, or if the arguments are of different families.

    Examples
    --------
    >>> routes = Blocks(
    ...     np.array([0x0A000000, 0x0A010000, 0x0A010000], np.uint64),
    ...     np.array([8, 16, 16], np.uint8),
    ... )
    >>> hosts = Blocks(
    ...     np.array([0x0A010203, 0x0A020304, 0x0B000001], np.uint64), np.full(3, 32, np.uint8)
    ... )
    >>> find_longest(routes, hosts).tolist()
    [1, 0, -1]
    """
    n = len(prefixes.first)
    forest = find_forest(join_blocks(prefixes, addresses))
    # The rows of prefixes are smaller than the rows of addresses, so they come first in each node.
    first = forest.first_rows
    is_prefix = first < n
    holders = find_holders(forest, among=is_prefix)
    nodes = np.where(is_prefix, np.arange(len(first)), holders)
    # The last entry is -1: the node -1, for addresses without a prefix, selects it.
    return forest.by_row(np.append(first, -1)[nodes])[n:]
