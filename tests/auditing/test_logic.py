"""Three-valued logic and comparisons: a null is neither yes nor no."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from vpnframe.auditing import logic
from vpnframe.auditing.logic import NO, UNKNOWN, YES

ALL = (NO, YES, UNKNOWN)
KLEENE = pd.array([False, True, None], dtype="boolean")


def codes(values: pd.api.extensions.ExtensionArray) -> list[int]:
    """Nullable flags as truth values."""
    return [UNKNOWN if value is pd.NA else int(value) for value in values]


@pytest.mark.parametrize("other", ALL)
def test_and_or_and_not_are_those_of_kleene(other: int) -> None:
    """As pandas' nullable flags have them, on all nine pairs."""
    one, two = np.array(ALL, np.uint8), np.full(3, other, np.uint8)
    assert logic.both(one, two).tolist() == codes(KLEENE & KLEENE[other])
    assert logic.either(one, two).tolist() == codes(KLEENE | KLEENE[other])
    assert logic.opposite(one).tolist() == codes(~KLEENE) == [1, 0, 2]
    assert logic.both(one, two).dtype == logic.either(one, two).dtype == np.uint8


def test_a_null_equals_nothing_and_is_no_flag() -> None:
    """A comparison with it is False, and a flag that is null is unknown."""
    assert logic.equals(pd.Series([1, None], dtype="Int16"), 1).tolist() == [True, False]
    assert logic.is_on(pd.Series([True, False, None], dtype="boolean")).tolist() == [1, 0, 2]


def test_a_group_is_yes_before_it_is_unknown() -> None:
    """One row that holds is enough, whatever is not known of the others."""
    groups, rows = np.array([0, 0, 1, 1, 2]), np.array([2, 1, 2, 0, 0], np.uint8)
    assert logic.any_of(groups, rows, 4).tolist() == [YES, UNKNOWN, NO, NO]


def test_words_are_listed_by_owner() -> None:
    """In their order, the first few by name; an owner without one has an empty text."""
    owners, words = np.array([2, 0, 2, 2]), ["a", "b", "c", "d"]
    assert logic.listed_by(owners, words, 3).tolist() == ["b", "", "a, c, d"]
    assert logic.listed_by(owners, words, 3, most=2).tolist() == ["b", "", "a, c and 1 more"]
