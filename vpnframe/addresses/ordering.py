"""CIDR blocks in nesting order: each block is followed at once by all that lies within it.

Blocks nest or are disjoint. Sorted by group, first address and prefix length, whatever a block
contains is therefore one unbroken run right after it, and finding overlaps is one sort.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from vpnframe.addresses.wide import Mask, Positions, Wide, Words

Rows = npt.NDArray[np.signedinteger[Any]]
Within = Callable[[Positions | slice, Positions | slice], Mask]

_LENGTH_BITS = 6  # an IPv4 prefix length, 0 to 32
_BLOCK_BITS = 32 + _LENGTH_BITS


@dataclass(frozen=True, slots=True)
class Blocks:
    """CIDR blocks of one address family as numbers; no block may have host bits set.

    Parameters
    ----------
    first : ndarray of unsigned integers, shape (n,)
        First address: all of it for IPv4, the lower 64 bits for IPv6.
    prefix_length : ndarray of uint8, shape (n,)
        0 to 32 for IPv4, 0 to 128 for IPv6.
    high : ndarray of uint64, shape (n,), optional
        The upper 64 bits of the first address. Given for IPv6 alone.
    groups : ndarray of int64, shape (n,), optional
        Codes from 0 to 2**31 - 1; blocks of different groups have nothing to do with each other.
    """

    first: npt.NDArray[np.unsignedinteger[Any]]
    prefix_length: npt.NDArray[np.uint8]
    high: Words | None = None
    groups: npt.NDArray[np.integer[Any]] | None = None


@dataclass(frozen=True, slots=True)
class NestingOrder:
    """Rows in nesting order, and the runs of those blocks that contain others.

    ``rows`` holds the row of each sorted block. ``holders`` are the sorted positions of blocks
    with at least one other block inside; the run of ``holders[i]`` is
    ``rows[holders[i] + 1 : stops[i]]``, of which those before ``equal_stops[i]`` are equal to it.
    """

    rows: Rows
    holders: Positions
    stops: Positions
    equal_stops: Positions


def join_blocks(a: Blocks, b: Blocks) -> Blocks:
    """Put two sets of blocks into one, the second after the first.

    Parameters
    ----------
    a, b : Blocks
        Blocks of one family, both with groups or both without.

    Returns
    -------
    Blocks
        The rows of ``a``, then those of ``b``.

    Raises
    ------
    ValueError
        If one alone has groups, or they are of two families.

    Examples
    --------
    >>> one = Blocks(np.zeros(1, np.uint64), np.array([8], np.uint8))
    >>> join_blocks(one, one).prefix_length.tolist()
    [8, 8]
    """
    if (a.high is None) != (b.high is None):
        raise ValueError("one set is IPv4, the other IPv6: look at each family by itself")
    if (a.groups is None) != (b.groups is None):
        raise ValueError("one set alone has groups: give groups to both or to neither")
    return Blocks(
        np.concatenate([a.first, b.first]),
        np.concatenate([a.prefix_length, b.prefix_length]),
        None if a.high is None or b.high is None else np.concatenate([a.high, b.high]),
        None if a.groups is None or b.groups is None else np.concatenate([a.groups, b.groups]),
    )


def sort_blocks(blocks: Blocks) -> NestingOrder:
    """Sort blocks so that each is followed by all that lies within it.

    Parameters
    ----------
    blocks : Blocks
        n blocks of one family.

    Returns
    -------
    NestingOrder
        The sorted rows (int32 below 2**31 rows) and the runs.

    Examples
    --------
    >>> first = np.array([0x0A010000, 0x0A000000, 0xC0A80000], np.uint64)
    >>> order = sort_blocks(Blocks(first, np.array([16, 8, 16], np.uint8)))
    >>> order.rows.tolist(), order.holders.tolist(), order.stops.tolist()
    ([1, 0, 2], [0], [2])
    """
    if len(blocks.first) == 0:
        none = np.empty(0, np.int64)
        return NestingOrder(none.astype(np.int32), none, none, none)
    if blocks.high is not None:
        return _sort_wide(blocks)
    group_bits = 0 if blocks.groups is None else int(blocks.groups.max()).bit_length()
    if group_bits + _BLOCK_BITS > 64:
        return _sort_wide(_as_wide(blocks))
    return _sort_narrow(blocks, group_bits)


def _as_wide(blocks: Blocks) -> Blocks:
    """IPv4 blocks as the uppermost 32 bits of an IPv6 address: they nest the same way."""
    high = blocks.first.astype(np.uint64) << np.uint64(32)
    return Blocks(np.zeros_like(high), blocks.prefix_length, high, blocks.groups)


def _sort_narrow(blocks: Blocks, group_bits: int) -> NestingOrder:
    """Order of IPv4 blocks: group, address and length are one 64-bit key."""
    key = blocks.first.astype(np.uint64)
    key <<= np.uint64(_LENGTH_BITS)
    key |= blocks.prefix_length
    if blocks.groups is not None and group_bits:
        key |= blocks.groups.astype(np.uint64) << np.uint64(_BLOCK_BITS)
    key, rows, row_bits = _sort_with_rows(key, _BLOCK_BITS + group_bits)
    last = _last_keys(key, row_bits)
    holders = np.flatnonzero(key[1:] <= last[:-1])
    stops = np.searchsorted(key, last[holders], side="right")
    return NestingOrder(rows, holders, stops, _equal_stops(key, row_bits, holders))


def _last_keys(key: Words, row_bits: int) -> Words:
    """Largest key that still lies within each block."""
    shift = key >> np.uint64(row_bits)
    shift &= np.uint64(2**_LENGTH_BITS - 1)
    np.subtract(np.uint64(_BLOCK_BITS + row_bits), shift, out=shift)
    last: Words = np.left_shift(np.uint64(1), shift, out=shift)
    last -= np.uint64(1)
    last |= key
    return last


def _sort_with_rows(key: Words, key_bits: int) -> tuple[Words, Rows, int]:
    """Sorted keys, their rows, and how many low bits of the sorted keys hold the row."""
    n = len(key)
    row_bits = (n - 1).bit_length()
    dtype = row_dtype(n)
    if key_bits + row_bits > 64:
        order = np.argsort(key, kind="stable")  # equal blocks stay by row
        return key[order], order.astype(dtype), 0
    # Sorting plain uint64 is several times faster than argsort: the row rides in the low bits.
    packed = key << np.uint64(row_bits)
    packed |= np.arange(n, dtype=np.uint64)
    packed.sort()
    if dtype == np.int32:  # the narrow copy first: half the memory to go through
        return packed, (packed.astype(np.uint32) & np.uint32(2**row_bits - 1)).view(dtype), row_bits
    return packed, (packed & np.uint64(2**row_bits - 1)).view(dtype), row_bits


def row_dtype(n: int) -> type[np.signedinteger[Any]]:
    """Return the dtype that holds n rows: int32 where it suffices, for half the memory."""
    return np.int32 if n < 2**31 else np.int64


def _equal_stops(key: Words, row_bits: int, holders: Positions) -> Positions:
    """End of the equal blocks right after each holder."""
    stops = holders + 1
    differs = key[holders] ^ key[stops]
    repeated = np.flatnonzero(differs < np.uint64(2**row_bits))
    if len(repeated):
        position = holders[repeated]
        # Equal blocks are neighbours, and each but the last of them is a holder itself.
        is_last = np.append(np.diff(position) > 1, True)
        lasts = np.flatnonzero(is_last)
        stops[repeated] = position[lasts[np.cumsum(is_last) - is_last]] + 2
    return stops


def _sort_wide(blocks: Blocks) -> NestingOrder:
    """Order of IPv6 blocks: dense ranks stand for what does not fit one 64-bit key."""
    assert blocks.high is not None  # noqa: S101  the caller chose this path by it
    length = blocks.prefix_length
    start = _dense_ranks(blocks.high)
    if blocks.groups is not None:
        start = _dense_ranks(blocks.groups.astype(np.uint64) << np.uint64(32) | start)
    low = _dense_ranks(blocks.first.astype(np.uint64))
    if low.any():
        start = _dense_ranks(start << np.uint64(32) | low)
    key = start << np.uint64(8) | length
    key, rows, row_bits = _sort_with_rows(key, 8 + int(start.max()).bit_length())
    within = _containment(blocks, rows)
    holders = np.flatnonzero(within(slice(None, -1), slice(1, None)))
    stops = _gallop(holders, len(rows), within)
    return NestingOrder(rows, holders, stops, _equal_stops(key, row_bits, holders))


def _dense_ranks(values: Words) -> Words:
    """Rank of each value among the distinct ones."""
    ranks = np.zeros(len(values), np.uint64)
    if values.min() == values.max():
        return ranks
    order = np.argsort(values)
    ordered = values[order]
    ranks[order[1:]] = np.cumsum(ordered[1:] != ordered[:-1])
    return ranks


def _containment(blocks: Blocks, rows: Rows) -> Within:
    """Make the predicate on sorted positions: the later block lies within the earlier one."""
    assert blocks.high is not None  # noqa: S101  the caller chose this path by it
    first = Wide(blocks.high[rows], blocks.first.astype(np.uint64)[rows])
    last = first.filled(128 - blocks.prefix_length[rows].astype(np.int64))
    groups = np.zeros(1, np.int64) if blocks.groups is None else blocks.groups[rows]

    def within(earlier: Positions | slice, later: Positions | slice) -> Mask:
        above, bound = first.high[later], last.high[earlier]
        is_low_inside = first.low[later] <= last.low[earlier]
        inside: Mask = (above < bound) | ((above == bound) & is_low_inside)
        if blocks.groups is not None:
            inside &= groups[later] == groups[earlier]
        return inside

    return within


def _gallop(holders: Positions, n: int, within: Within) -> Positions:
    """End of each holder's run: doubling steps, then halving, all holders at once."""
    inside, outside = holders + 1, np.full(len(holders), n)
    active, step = np.arange(len(holders)), 1
    while len(active):
        probe = inside[active] + step
        is_in = probe < n
        is_in[is_in] = within(holders[active[is_in]], probe[is_in])
        inside[active[is_in]] = probe[is_in]
        outside[active[~is_in]] = np.minimum(probe[~is_in], n)
        active, step = active[is_in], step * 2
    active = np.flatnonzero(outside - inside > 1)
    while len(active):
        middle = (inside[active] + outside[active]) // 2
        is_in = within(holders[active], middle)
        inside[active[is_in]] = middle[is_in]
        outside[active[~is_in]] = middle[~is_in]
        active = active[outside[active] - inside[active] > 1]
    return outside
