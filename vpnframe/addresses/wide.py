"""Arithmetic on addresses of up to 128 bits, stored as two arrays of 64-bit words."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Words = npt.NDArray[np.uint64]
Positions = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_ONE = np.uint64(1)
_FULL = np.uint64(2**64 - 1)


class Wide(NamedTuple):
    """Numbers from 0 to 2**128 - 1; sums and differences wrap around."""

    high: Words  # upper 64 bits
    low: Words  # lower 64 bits

    def at(self, where: Positions | Mask | slice) -> Wide:
        """Select numbers by an index array, a mask or a slice."""
        return Wide(self.high[where], self.low[where])

    def equals(self, other: Wide) -> Mask:
        """Return a mask that is true at the positions where both numbers are equal."""
        same: Mask = (self.high == other.high) & (self.low == other.low)
        return same

    def minus(self, other: Wide) -> Wide:
        """Return these numbers minus the numbers of ``other``, position by position."""
        borrow = self.low < other.low
        return Wide(self.high - other.high - borrow.astype(np.uint64), self.low - other.low)

    def successor(self) -> Wide:
        """Add 1 to each number; 2**128 - 1 becomes 0."""
        return Wide(self.high + (self.low == _FULL), self.low + _ONE)

    def predecessor(self) -> Wide:
        """Subtract 1 from each number; 0 becomes 2**128 - 1."""
        return Wide(self.high - (self.low == 0), self.low - _ONE)

    def filled(self, bits: npt.NDArray[np.int64]) -> Wide:
        """Set the lowest ``bits`` bits (0 to 128) of each number."""
        return Wide(
            self.high | host_mask(np.maximum(bits - 64, 0)),
            self.low | host_mask(np.minimum(bits, 64)),
        )

    def cleared(self, bits: npt.NDArray[np.int64]) -> Wide:
        """Clear the lowest ``bits`` bits (0 to 128) of each number."""
        high, low = host_mask(np.maximum(bits - 64, 0)), host_mask(np.minimum(bits, 64))
        return Wide(self.high & ~high, self.low & ~low)

    def trailing_zeros(self) -> Positions:
        """Return the number of zero bits below the lowest set bit; 128 for 0."""
        low = _trailing_zeros(self.low)
        return np.where(low == 64, 64 + _trailing_zeros(self.high), low)

    def bit_length(self) -> Positions:
        """Return the position of the highest set bit, counted from 1; 0 for 0."""
        high = _bit_length(self.high)
        return np.where(high > 0, 64 + high, _bit_length(self.low))


def where(mask: Mask, chosen: Wide, other: Wide) -> Wide:
    """Return the numbers of ``chosen`` where the mask is true, and those of ``other`` elsewhere."""
    return Wide(np.where(mask, chosen.high, other.high), np.where(mask, chosen.low, other.low))


def host_mask(bits: npt.NDArray[np.integer[Any]]) -> Words:
    """Return 64-bit numbers of which only the lowest ``bits`` bits (0 to 64) are set."""
    # Shifting a 64-bit number by 64 is undefined: 0 bits are a special case.
    shift = np.minimum(64 - bits, 63).astype(np.uint64)
    return np.where(bits == 0, np.uint64(0), _FULL >> shift)


def _trailing_zeros(words: Words) -> Positions:
    # x - 1 sets exactly the zero bits below the lowest set bit of x; 0 gives 64.
    below: Words = (words - _ONE) & ~words
    return np.bitwise_count(below).astype(np.int64)


def _bit_length(words: Words) -> Positions:
    # Set all bits below the highest set bit, then count the set bits.
    if not words.any():
        return np.zeros(len(words), np.int64)
    filled = words.copy()
    for shift in (1, 2, 4, 8, 16, 32):
        filled |= filled >> np.uint64(shift)
    return np.bitwise_count(filled).astype(np.int64)
