"""Find all pairs of overlapping CIDR blocks with one sort."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from vpnframe.addresses.ordering import Blocks, Rows, join_blocks, row_dtype, sort_blocks
from vpnframe.addresses.wide import Mask, Positions

CONTAINS, EQUAL, WITHIN = 0, 1, 2
RELATIONS = ("contains", "equal", "within")
DEFAULT_MAX_PAIRS = 10_000_000

_CHUNK = 2**15  # pairs built at a time, so that temporary arrays stay in the processor's cache


@dataclass(frozen=True, slots=True)
class Runs:
    """Overlapping blocks as runs; the run of a block is a range of blocks inside it.

    The run of the block ``outer[i]`` is ``inner[starts[i] : stops[i]]``.
    """

    outer: Rows  # shape (m,): rows of the blocks that contain others
    # Shape (n,): rows of all blocks in nesting order; each run is a slice of this array. If the
    # runs are between two sets, the rows of the first set come before those of the second set.
    inner: Rows
    starts: Positions  # shape (m,)
    stops: Positions  # shape (m,)
    equal_stops: Positions  # shape (m,): the blocks of run i before this position equal outer[i]

    @property
    def n_pairs(self) -> int:
        """Number of overlapping pairs."""
        return int((self.stops - self.starts).sum())


@dataclass(frozen=True, slots=True)
class Pairs:
    """k pairs of overlapping blocks, in no particular order; all arrays have shape (k,)."""

    left: Rows  # rows of blocks; left < right if all blocks are from one set
    right: Rows
    relation: npt.NDArray[np.uint8]  # of left to right: CONTAINS, EQUAL or WITHIN


def find_pairs_between(a: Blocks, b: Blocks, *, max_pairs: int = DEFAULT_MAX_PAIRS) -> Pairs:
    """Find every overlapping pair of a block from one set and a block from another set.

    Pairs of two blocks from the same set are never built.

    Parameters
    ----------
    a, b : Blocks
        Blocks of one family, both with groups or both without.
    max_pairs : int
        Maximum number of pairs.

    Returns
    -------
    Pairs
        ``left`` has rows of ``a``, and ``right`` has rows of ``b``.

    Raises
    ------
    ValueError
        If there are more than ``max_pairs`` pairs, if only one set has groups, or if the sets are
        of different families.

    Examples
    --------
    >>> a = Blocks(np.array([0x0A000000], np.uint64), np.array([8], np.uint8))
    >>> b = Blocks(np.array([0x0B000000, 0x0A010000], np.uint64), np.array([8, 16], np.uint8))
    >>> pairs = find_pairs_between(a, b)
    >>> pairs.left.tolist(), pairs.right.tolist(), pairs.relation.tolist()
    ([0], [1], [0])
    """
    n_a, both = len(a.first), join_blocks(a, b)
    runs = find_runs_between(both, np.arange(len(both.first)) >= n_a)
    check_pair_count(runs.n_pairs, max_pairs=max_pairs)
    pairs = make_pairs(runs)
    return Pairs(pairs.left, pairs.right - pairs.right.dtype.type(n_a), pairs.relation)


def find_runs(blocks: Blocks) -> Runs:
    """Find the blocks inside each block of one family, as slices of one array; no pairs are built.

    The result has a run for each block that contains another block, or equals the next block in
    nesting order.

    Examples
    --------
    >>> first = np.zeros(50_000, np.uint64)
    >>> find_runs(Blocks(first, np.full(50_000, 8, np.uint8))).n_pairs
    1249975000
    """
    order = sort_blocks(blocks)
    starts = order.holders + 1
    return Runs(order.rows[order.holders], order.rows, starts, order.stops, order.equal_stops)


def find_runs_between(blocks: Blocks, is_second: Mask) -> Runs:
    """Find for each block of one set the blocks of the other set that lie inside it.

    No pairs are built: the blocks inside one block are a slice of an array.

    Parameters
    ----------
    blocks : Blocks
        n blocks of one family: the blocks of both sets in one array.
    is_second : ndarray of bool, shape (n,)
        Which blocks belong to the second set.

    Returns
    -------
    Runs
        For each block of the first set, the blocks of the second set inside it; and for each block
        of the second set, the blocks of the first set inside it.
    """
    order = sort_blocks(blocks)
    is_late = is_second[order.rows]
    inner = np.concatenate([order.rows[~is_late], order.rows[is_late]])
    # Convert the bounds of the runs from positions among all blocks to positions in ``inner``.
    bounds = np.stack([order.holders + 1, order.stops, order.equal_stops])
    n_late_before = np.concatenate([[0], np.cumsum(is_late)])[bounds]
    n_first = len(is_late) - int(is_late.sum())
    late = is_late[order.holders]
    bounds = np.where(late, bounds - n_late_before, n_first + n_late_before)
    keep = np.flatnonzero(bounds[1] > bounds[0])
    return Runs(order.rows[order.holders[keep]], inner, *bounds[:, keep])


class TooManyPairsError(ValueError):
    """The number of overlapping pairs exceeds the limit."""


def check_pair_count(n_pairs: int, *, max_pairs: int) -> None:
    """Raise TooManyPairsError if ``n_pairs`` exceeds ``max_pairs``."""
    if n_pairs > max_pairs:
        raise TooManyPairsError(
            f"{n_pairs:,} overlapping pairs, over the limit of {max_pairs:,}: count the pairs with "
            f"overlap_counts, compare fewer blocks or smaller groups, or raise max_pairs (each "
            f"pair takes at least 9 bytes of memory)"
        )


def make_pairs(runs: Runs) -> Pairs:
    """Convert runs to pairs of overlapping blocks, with left < right."""
    counts = runs.stops - runs.starts
    equal_counts = runs.equal_stops - runs.starts
    ends = np.cumsum(counts)
    total = int(ends[-1]) if len(ends) else 0
    left, right = np.empty((2, total), row_dtype(len(runs.inner)))
    relation = np.empty(total, np.uint8)
    offsets = ends - counts
    shifts = runs.starts - offsets
    # Build the pairs of some runs at a time: about ``_CHUNK`` pairs.
    cuts = np.searchsorted(ends, np.arange(_CHUNK, total, _CHUNK)) + 1
    for a, b in pairwise(np.unique([0, *cuts.tolist(), len(ends)]).tolist()):
        here = slice(offsets[a], ends[b - 1])
        position = np.repeat(shifts[a:b], counts[a:b])
        position += np.arange(here.start, here.stop)
        outer = np.repeat(runs.outer[a:b], counts[a:b])
        inner = runs.inner.take(position)
        np.minimum(outer, inner, out=left[here])
        np.maximum(outer, inner, out=right[here])
        np.multiply(outer > inner, np.uint8(WITHIN), out=relation[here])
        _mark_equal(relation, offsets[a:b], equal_counts[a:b])
    return Pairs(left, right, relation)


def _mark_equal(
    relation: npt.NDArray[np.uint8], offsets: Positions, equal_counts: Positions
) -> None:
    """Set the relation of the pairs of equal blocks, which are the first pairs of each run."""
    some = np.flatnonzero(equal_counts)
    counts = equal_counts[some]
    position = np.repeat(offsets[some] - (np.cumsum(counts) - counts), counts)
    position += np.arange(len(position))
    relation[position] = EQUAL
