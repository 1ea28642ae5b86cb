"""128-bit arithmetic against Python's own integers."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from vpnframe.addresses.wide import Wide, host_mask, where

EDGES = [0, 1, 2**32, 2**63, 2**64 - 1, 2**64, 2**64 + 1, 2**127, 2**128 - 1]
numbers = st.sampled_from(EDGES) | st.integers(0, 2**128 - 1)
pairs = st.lists(st.tuples(numbers, numbers, st.integers(0, 128)), min_size=1)
WORD = 2**64


def wide(values: list[int]) -> Wide:
    """Python integers as words."""
    return Wide(
        np.array([value // WORD for value in values], np.uint64),
        np.array([value % WORD for value in values], np.uint64),
    )


def plain(values: Wide) -> list[int]:
    """Words as Python integers."""
    words = zip(values.high.tolist(), values.low.tolist(), strict=True)
    return [high * WORD + low for high, low in words]


@given(pairs)
def test_arithmetic_is_that_of_integers(listed):
    """Differences, neighbours, filled and cleared bits, modulo 2**128."""
    a, b, bits = (list(column) for column in zip(*listed, strict=True))
    assert plain(wide(a).minus(wide(b))) == [(x - y) % 2**128 for x, y in zip(a, b, strict=True)]
    assert plain(wide(a).successor()) == [(x + 1) % 2**128 for x in a]
    assert plain(wide(a).predecessor()) == [(x - 1) % 2**128 for x in a]
    filled = wide(a).filled(np.array(bits))
    assert plain(filled) == [x | 2**n - 1 for x, n in zip(a, bits, strict=True)]
    cleared = wide(a).cleared(np.array(bits))
    assert plain(cleared) == [x >> n << n for x, n in zip(a, bits, strict=True)]


@given(pairs)
def test_questions_are_answered_as_of_integers(listed):
    """Equality, length in bits, trailing zeros and choice."""
    a, b, _ = (list(column) for column in zip(*listed, strict=True))
    same = wide(a).equals(wide(b))
    assert same.tolist() == [x == y for x, y in zip(a, b, strict=True)]
    assert plain(where(same, wide(a), wide(b))) == b
    assert wide(a).bit_length().tolist() == [x.bit_length() for x in a]
    zeros = [128 if x == 0 else (x & -x).bit_length() - 1 for x in a]
    assert wide(a).trailing_zeros().tolist() == zeros
    assert plain(wide(a).at(np.array([0]))) == a[:1]


def test_masks_of_every_length():
    """0 to 64 bits, both ends included."""
    assert host_mask(np.arange(65)).tolist() == [2**bits - 1 for bits in range(65)]
