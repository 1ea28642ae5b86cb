"""Compute which addresses a set of blocks covers, as merged blocks, free blocks and counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vpnframe.addresses.forest import Forest, find_depths, find_forest
from vpnframe.addresses.ordering import Blocks, Rows, join_blocks
from vpnframe.addresses.wide import Mask, Positions, Wide, where


@dataclass(frozen=True, slots=True)
class _Spans:
    """Address intervals, sorted by group and address."""

    first: Wide
    last: Wide
    group: Positions

    def at(self, chosen: Mask | Positions) -> _Spans:
        return _Spans(self.first.at(chosen), self.last.at(chosen), self.group[chosen])


@dataclass(frozen=True, slots=True)
class AddressCounts:
    """The number of addresses that each of g groups of blocks covers."""

    group: Positions  # the groups that occur, ascending; only 0 if the blocks have no groups
    n_blocks: Positions  # number of blocks; equal blocks count separately
    n_addresses: tuple[int, ...]  # number of addresses in at least one block, up to 2**128
    n_shared: tuple[int, ...]  # number of addresses in at least two blocks


def merge_blocks(blocks: Blocks) -> Blocks:
    """Find the fewest blocks that cover the same addresses as the given blocks of one family.

    The result is sorted by group and address; no two of its blocks overlap or can be merged.

    Examples
    --------
    >>> first = np.array([0x0A800000, 0x0A000000, 0x0A010000], np.uint64)
    >>> merged = merge_blocks(Blocks(first, np.array([9, 9, 16], np.uint8)))
    >>> merged.first.tolist(), merged.prefix_length.tolist()
    ([167772160], [8])
    """
    forest = find_forest(blocks)
    return _cut(_joined(_spans(blocks, forest, find_depths(forest) == 0)), like=blocks)


def find_gaps(blocks: Blocks, within: Blocks) -> Blocks:
    """Find the fewest blocks that cover the addresses in ``within`` that are not in ``blocks``.

    Parameters
    ----------
    blocks : Blocks
        n blocks that are in use.
    within : Blocks
        Blocks of the same family in which to find free space. Each group is searched separately.

    Returns
    -------
    Blocks
        Disjoint free blocks, no two of which can be merged, sorted by group and address.

    Raises
    ------
    ValueError
        If only one argument has groups, or if the arguments are of different families.

    Examples
    --------
    >>> taken = Blocks(np.array([0x0A400000], np.uint64), np.array([10], np.uint8))
    >>> space = Blocks(np.array([0x0A000000], np.uint64), np.array([8], np.uint8))
    >>> gaps = find_gaps(taken, space)
    >>> [f"{first:x}/{length}" for first, length in zip(gaps.first, gaps.prefix_length)]
    ['a000000/10', 'a800000/9']
    """
    both, n_within = join_blocks(within, blocks), len(within.first)
    forest = find_forest(both)
    # The rows of a node ascend, and the rows of `within` come before those of `blocks`.
    is_taken = forest.rows[forest.starts[1:] - 1] >= n_within
    is_within = forest.rows[forest.starts[:-1]] < n_within
    is_outer_taken = is_taken & (find_depths(forest, among=is_taken) == 0)
    depth_within = find_depths(forest, among=is_within)
    is_edge = is_within & ~is_taken & (depth_within == 0)
    is_edge &= find_depths(forest, among=is_taken) == 0
    is_chosen = is_edge | (is_outer_taken & (depth_within > 0))
    chosen = _spans(both, forest, is_chosen)
    return _cut(_joined(_between(chosen, is_edge[is_chosen])), like=both)


def count_addresses(blocks: Blocks) -> AddressCounts:
    """Count per group the addresses in one or more blocks, and those in two or more blocks."""
    forest = find_forest(blocks)
    depth, sizes = find_depths(forest), forest.sizes
    is_shared = (sizes > 1) | (depth > 0)
    is_outer_shared = is_shared & (find_depths(forest, among=is_shared) == 0)
    rows = forest.first_rows
    found, code = np.unique(blocks.group_codes(), return_inverse=True)
    host_bits = _bits(blocks) - blocks.prefix_length.astype(np.int64)
    return AddressCounts(
        group=found,
        n_blocks=np.bincount(code, minlength=len(found)),
        n_addresses=_sum_sizes(code, host_bits, rows[depth == 0], len(found)),
        n_shared=_sum_sizes(code, host_bits, rows[is_outer_shared], len(found)),
    )


def _bits(blocks: Blocks) -> int:
    return 32 if blocks.family == 4 else 128


def _sum_sizes(code: Positions, host_bits: Positions, rows: Rows, n: int) -> tuple[int, ...]:
    """Sum the number of addresses of the blocks in ``rows`` by group, as exact integers."""
    keys, counts = np.unique(code[rows] * 129 + host_bits[rows], return_counts=True)
    sums = [0] * n
    for key, count in zip(keys.tolist(), counts.tolist(), strict=True):
        sums[key // 129] += count << key % 129
    return tuple(sums)


def _spans(blocks: Blocks, forest: Forest, is_chosen: Mask) -> _Spans:
    """Return the address interval of each chosen node; a node precedes the nodes inside it."""
    rows = forest.first_rows[is_chosen]
    first = blocks.addresses().at(rows)
    host_bits = _bits(blocks) - blocks.prefix_length[rows].astype(np.int64)
    return _Spans(first, first.filled(host_bits), blocks.group_codes()[rows])


def _joined(spans: _Spans) -> _Spans:
    """Merge intervals of the same group that follow each other without a gap."""
    if len(spans.group) == 0:
        return spans
    before, after = spans.at(np.arange(len(spans.group) - 1)), spans.first.at(slice(1, None))
    touches = before.last.successor().equals(after) & (before.group == spans.group[1:])
    starts = np.concatenate([[True], ~touches])
    ends = np.concatenate([~touches, [True]])
    return _Spans(spans.first.at(starts), spans.last.at(ends), spans.group[starts])


def _between(spans: _Spans, is_edge: Mask) -> _Spans:
    """Return the free address intervals inside the outer intervals that ``is_edge`` marks.

    In ``spans``, each outer interval is followed directly by the used intervals inside it.
    """
    if len(is_edge) == 0:
        return spans
    edge = np.maximum.accumulate(np.where(is_edge, np.arange(len(is_edge)), 0))
    # A free interval runs from the edge's start or a used span to the next one or the edge's end.
    first = where(is_edge, spans.first, spans.last.successor())
    next_hole = Wide(np.roll(spans.first.high, -1), np.roll(spans.first.low, -1))
    edge_end = spans.last.at(edge)
    is_last = np.concatenate([is_edge[1:], [True]])
    last = where(is_last, edge_end, next_hole.predecessor())
    is_empty = np.where(is_last, ~is_edge & spans.last.equals(edge_end), first.equals(next_hole))
    return _Spans(first, last, spans.group).at(~is_empty)


def _cut(spans: _Spans, *, like: Blocks) -> Blocks:
    """Split each interval into the fewest CIDR blocks."""
    owner, first, last = np.arange(len(spans.group)), spans.first, spans.last
    owners, firsts, lengths = [owner[:0]], [first.at(slice(0))], [owner[:0]]
    while len(owner):
        extent = last.minus(first)
        room = extent.bit_length()
        room -= ~extent.equals(extent.minus(extent).filled(room))
        host_bits = np.minimum(first.trailing_zeros(), room)
        owners.append(owner)
        firsts.append(first)
        lengths.append(_bits(like) - host_bits)
        end = first.filled(host_bits)
        is_open = ~end.equals(last)
        owner, first, last = owner[is_open], end.successor().at(is_open), last.at(is_open)
    order = np.argsort(np.concatenate(owners), kind="stable")
    high, low = (np.concatenate(words)[order] for words in zip(*firsts, strict=True))
    return Blocks(
        low,
        np.concatenate(lengths)[order].astype(np.uint8),
        None if like.high is None else high,
        None if like.groups is None else spans.group[np.concatenate(owners)[order]],
    )
