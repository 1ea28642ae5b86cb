"""Sort CIDR blocks so that each block is followed directly by all blocks inside it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from vpnframe.addresses.wide import Mask, Positions, Wide, Words

Rows = npt.NDArray[np.signedinteger[Any]]

_LENGTH_BITS = 6  # an IPv4 prefix length, 0 to 32
_BLOCK_BITS = 32 + _LENGTH_BITS


@dataclass(frozen=True, slots=True)
class Blocks:
    """n CIDR blocks of one family as numbers, without host bits; all arrays have shape (n,)."""

    # First address of an IPv4 block; lower 64 bits of the first address of an IPv6 block
    first: npt.NDArray[np.unsignedinteger[Any]]
    prefix_length: npt.NDArray[np.uint8]  # 0 to 32, or 0 to 128 for IPv6
    high: Words | None = None  # upper 64 bits of the first address; only for IPv6
    # Group codes from 0 to 2**31 - 1; blocks of different groups never overlap
    groups: npt.NDArray[np.integer[Any]] | None = None

    @property
    def family(self) -> int:
        """Address family: 4 or 6."""
        return 4 if self.high is None else 6

    def addresses(self) -> Wide:
        """Return the first address of each block as a number of 128 bits."""
        low = self.first.astype(np.uint64, copy=False)
        return Wide(np.zeros_like(low) if self.high is None else self.high, low)

    def group_codes(self) -> Positions:
        """Return the group of each block; 0 if the blocks have no groups."""
        if self.groups is None:
            return np.zeros(len(self.first), np.int64)
        return self.groups.astype(np.int64, copy=False)


@dataclass(frozen=True, slots=True)
class NestingOrder:
    """Blocks in nesting order, and the blocks inside each block, called the block's run.

    ``rows`` are the input rows of the blocks in nesting order. ``holders`` are the positions in
    ``rows`` of the blocks that contain or equal the block after them; all other blocks have no run.
    The run of ``holders[i]`` is ``rows[holders[i] + 1 : stops[i]]``, and the blocks of the run
    before position ``equal_stops[i]`` are equal to the holder.
    """

    rows: Rows
    holders: Positions
    stops: Positions
    equal_stops: Positions


def join_blocks(a: Blocks, b: Blocks) -> Blocks:
    """Concatenate two sets of blocks of one family.

    Raise ValueError if only one set has groups, or if the families differ.
    """
    if (a.high is None) != (b.high is None):
        raise ValueError("one set is IPv4 and the other IPv6: compare IPv4 and IPv6 separately")
    if (a.groups is None) != (b.groups is None):
        raise ValueError("only one set has groups: pass groups for both sets or for neither")
    return Blocks(
        np.concatenate([a.first, b.first]),
        np.concatenate([a.prefix_length, b.prefix_length]),
        None if a.high is None or b.high is None else np.concatenate([a.high, b.high]),
        None if a.groups is None or b.groups is None else np.concatenate([a.groups, b.groups]),
    )


def sort_blocks(blocks: Blocks) -> NestingOrder:
    """Sort blocks of one family so that each is followed directly by all blocks inside it.

    The sorted rows are int32 for less than 2**31 rows, otherwise int64.

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
    group_bits = 0 if blocks.groups is None else int(blocks.groups.max()).bit_length()
    if blocks.family == 4 and group_bits + _BLOCK_BITS <= 64:
        return _sort_narrow(blocks, group_bits)
    return _sort_wide(blocks)


def _sort_narrow(blocks: Blocks, group_bits: int) -> NestingOrder:
    """Sort IPv4 blocks by one 64-bit sort key: group, first address and prefix length."""
    key = blocks.first.astype(np.uint64)
    key <<= np.uint64(_LENGTH_BITS)
    key |= blocks.prefix_length
    if blocks.groups is not None and group_bits:
        key |= blocks.groups.astype(np.uint64) << np.uint64(_BLOCK_BITS)
    key, rows, row_bits = _sort_with_rows(key, _BLOCK_BITS + group_bits)
    last = _last_keys(key, row_bits)
    holders = np.flatnonzero(key[1:] <= last[:-1])
    stops = np.searchsorted(key, last[holders], side="right")
    is_repeated = key[holders] ^ key[holders + 1] < np.uint64(2**row_bits)
    return NestingOrder(rows, holders, stops, _equal_stops(holders, is_repeated))


def _last_keys(key: Words, row_bits: int) -> Words:
    """Return for each block the largest sort key that a block inside it can have."""
    shift = key >> np.uint64(row_bits)
    shift &= np.uint64(2**_LENGTH_BITS - 1)
    np.subtract(np.uint64(_BLOCK_BITS + row_bits), shift, out=shift)
    last: Words = np.left_shift(np.uint64(1), shift, out=shift)
    last -= np.uint64(1)
    last |= key
    return last


def _sort_with_rows(key: Words, key_bits: int) -> tuple[Words, Rows, int]:
    """Return the sorted keys, the row of each key, and how many low bits of a key store its row."""
    n = len(key)
    row_bits, dtype = (n - 1).bit_length(), row_dtype(n)
    if key_bits + row_bits > 64:
        order = np.argsort(key, kind="stable")  # equal keys stay in row order
        return key[order], order.astype(dtype), 0
    # Sorting plain uint64 is several times faster than argsort: store the row in the low bits.
    packed = key << np.uint64(row_bits)
    packed |= np.arange(n, dtype=np.uint64)
    packed.sort()
    if dtype == np.int32:  # a 32-bit copy first: this halves the memory traffic
        return packed, (packed.astype(np.uint32) & np.uint32(2**row_bits - 1)).view(dtype), row_bits
    return packed, (packed & np.uint64(2**row_bits - 1)).view(dtype), row_bits


def row_dtype(n: int) -> type[np.signedinteger[Any]]:
    """Return the dtype for the numbers of n rows: int32 if they fit, to save memory, else int64."""
    return np.int32 if n < 2**31 else np.int64


def _equal_stops(holders: Positions, is_repeated: Mask) -> Positions:
    """Return for each holder the position after its run of equal blocks.

    A holder is a block whose next block equals it or is inside it. ``is_repeated`` is true if the
    next block equals the holder.
    """
    stops = holders + 1
    repeated = np.flatnonzero(is_repeated)
    if len(repeated):
        position = holders[repeated]
        # Equal blocks are neighbours, and each but the last of them is a holder itself.
        is_last = np.append(np.diff(position) > 1, True)
        lasts = np.flatnonzero(is_last)
        stops[repeated] = position[lasts[np.cumsum(is_last) - is_last]] + 2
    return stops


def _sort_wide(blocks: Blocks) -> NestingOrder:
    """Sort blocks whose sort keys are wider than 64 bits: IPv6, or IPv4 in many groups."""
    addresses = blocks.addresses()
    fields = [blocks.prefix_length.astype(np.uint64), addresses.low, addresses.high]
    if blocks.groups is not None:
        fields.append(blocks.groups.astype(np.uint64))
    rows = _sort_fields(fields)
    length = blocks.prefix_length[rows].astype(np.int16)
    length += 96 if blocks.family == 4 else 0  # an IPv4 address is in the lowest 32 of 128 bits
    before, after = addresses.at(rows[:-1]), addresses.at(rows[1:])
    differs = Wide(before.high ^ after.high, before.low ^ after.low)
    # The number of leading bits, 0 to 128, that each address shares with the next address.
    shared = (128 - differs.bit_length()).astype(np.int16)
    if blocks.groups is not None:
        groups = blocks.groups[rows]
        shared[groups[1:] != groups[:-1]] = -1
    holders = np.flatnonzero(shared >= length[:-1])
    # A block inside a block of the same prefix length is equal to it.
    is_repeated = length[holders] == length[holders + 1]
    stops = _run_stops(shared, holders, length[holders])
    return NestingOrder(rows, holders, stops, _equal_stops(holders, is_repeated))


def _sort_fields(fields: list[Words]) -> Rows:
    """Sort rows by several fields with a radix sort; the last field is the most significant."""
    n = len(fields[0])
    stripped = [_stripped(field) for field in fields]
    total = sum(bits for _, bits in stripped)
    width = 64 if total <= 64 else 64 - (n - 1).bit_length()
    rows = np.arange(n, dtype=row_dtype(n))
    for digit, bits in _digits(stripped, width):
        rows = rows[_sort_with_rows(digit[rows], bits)[1]]
    return rows


def _stripped(field: Words) -> tuple[Words, int]:
    """Remove the high and low bits that all numbers share; return the rest and its bit count."""
    varying = int(np.bitwise_or.reduce(field ^ field[0]))
    if not varying:
        return field, 0
    n_below = (varying & -varying).bit_length() - 1
    bits = varying.bit_length() - n_below
    return field >> np.uint64(n_below) & np.uint64(2**bits - 1), bits


def _digits(fields: list[tuple[Words, int]], width: int) -> Iterator[tuple[Words, int]]:
    """Pack fields into digits; yield each digit and its number of bits, lowest digit first.

    All digits have ``width`` bits, but the last can have fewer.
    """
    digit, used = np.zeros(len(fields[0][0]), np.uint64), 0
    for field, bits in fields:
        n_taken = 0
        while n_taken < bits:
            n = min(bits - n_taken, width - used)
            part = field >> np.uint64(n_taken) & np.uint64(2**n - 1)
            digit |= part << np.uint64(used)
            n_taken, used = n_taken + n, used + n
            if used == width:
                yield digit, used
                digit, used = np.zeros_like(digit), 0
    if used:
        yield digit, used


def _run_stops(
    shared: npt.NDArray[np.int16], holders: Positions, length: npt.NDArray[np.int16]
) -> Positions:
    """Return for each containing block the position of the first later block outside it."""
    stops = np.empty_like(holders)
    for prefix_length in np.unique(length):
        ends = np.flatnonzero(shared < prefix_length)
        chosen = np.flatnonzero(length == prefix_length)
        end = np.searchsorted(ends, holders[chosen])
        stops[chosen] = np.append(ends, len(shared))[end] + 1
    return stops
