"""Text as numbers and back, against Python's own sets and sorting."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from vpnframe.schema import codes as coding
from vpnframe.schema.codes import code_sets, encode, encode_lists, expand, rank_rows, sort_rows
from vpnframe.schema.joined import join_texts

texts = st.lists(st.sampled_from(["a", "b", "ab", "é", "\U0001f600", "Z", "", None]), max_size=12)
numbers = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 5)), max_size=20)


@given(texts)
def test_codes_sort_as_texts_do(values):
    """They are positions among the sorted distinct texts, -1 for null."""
    coded = encode(pd.Series(values, dtype="str"))
    words = sorted({value for value in values if value is not None})
    assert coded.words.to_pylist() == words
    assert coded.codes.tolist() == [-1 if v is None else words.index(v) for v in values]
    assert coded.all().to_pylist() == values


@given(texts)
def test_any_dtype_does(values):
    """Categories and objects have the codes of the texts."""
    wanted = encode(pd.Series(values, dtype="str")).codes.tolist()
    for dtype in ("object", "category"):
        assert encode(pd.Series(values, dtype=dtype)).codes.tolist() == wanted


@given(st.lists(texts | st.none(), max_size=5))
def test_lists_are_written_out(lists):
    """Each text with the row it stands in, in order; a null list has none."""
    joined = [None if one is None else join_texts(filter(None, one)) for one in lists]
    for dtype in ("str", "object"):
        rows, coded = encode_lists(pd.Series(joined, dtype=dtype))
        wanted = [(i, text) for i, one in enumerate(lists) for text in one or () if text]
        assert list(zip(rows.tolist(), coded.all().to_pylist(), strict=True)) == wanted


@given(st.lists(st.tuples(st.integers(-1, 3), st.integers(-1, 3)), max_size=12))
def test_ranks_are_those_of_sorted_tuples(rows):
    """Nulls last, no gaps."""
    columns = [np.array([row[i] for row in rows], np.int64) for i in range(2)]
    keys = [tuple(9 if code < 0 else code for code in row) for row in rows]
    assert rank_rows(columns).tolist() == [sorted(set(keys)).index(key) for key in keys]


def test_a_small_column_shows_the_codes():
    """One example of each: of texts, of joined texts, of sets and of ranges."""
    assert encode(pd.Series(["b", None, "a"])).codes.tolist() == [1, -1, 0]
    rows, coded = encode_lists(pd.Series(["b,a", None, "a"]))
    assert (rows.tolist(), coded.codes.tolist()) == ([0, 0, 2], [1, 0, 0])
    sets = code_sets(np.array([0, 1, 0, 1]), np.array([7, 8, 8, 7]), n_owners=3)
    assert (sets.codes.tolist(), sets.members.tolist()) == ([0, 0, -1], [7, 8])
    parts = expand(np.array([7, 3]), np.array([2, 1]))
    assert [part.tolist() for part in parts] == [[0, 0, 1], [7, 8, 3]]


def test_sorted_rows_tell_where_equal_ones_begin():
    """As positions in the sorted row numbers; equal rows keep their order."""
    assert [part.tolist() for part in sort_rows([np.array([7, 3, 7])])] == [[1, 0, 2], [0, 1]]


def test_ranks_do_not_overflow():
    """Many wide columns are ranked in between."""
    rng = np.random.default_rng(1)
    columns = [rng.integers(-1, 2**31 - 2, 50) for _ in range(4)]
    keys = [tuple(2**31 if c < 0 else c for c in row) for row in zip(*columns, strict=True)]
    ranks = [sorted(set(keys)).index(key) for key in keys]
    assert rank_rows([column.astype(np.int64) for column in columns]).tolist() == ranks


@given(numbers)
def test_equal_sets_have_equal_numbers(members):
    """As frozensets compare, the empty one is -1; their elements come back sorted."""
    owner, member = (np.array([row[i] for row in members], np.int64) for i in range(2))
    sets = code_sets(owner, member, n_owners=5)
    wanted = [frozenset(m for o, m in members if o == i) for i in range(5)]
    for i in range(5):
        assert (sets.codes[i] < 0) == (not wanted[i])
        for j in range(5):
            assert (sets.codes[i] == sets.codes[j]) == (wanted[i] == wanted[j])
    known = np.flatnonzero(sets.codes >= 0)
    which, element = sets.elements(sets.codes[known])
    for position, i in enumerate(known.tolist()):
        assert element[which == position].tolist() == sorted(wanted[i])


@given(numbers, st.integers(-1, 7))
def test_a_set_holds_its_members_alone(members, number):
    """-1 holds nothing, and is held by none."""
    owner, member = (np.array([row[i] for row in members], np.int64) for i in range(2))
    sets = code_sets(owner, member, n_owners=5)
    held = sets.hold(sets.codes, np.full(5, number))
    assert held.tolist() == [(i, number) in members for i in range(5)]


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 3)), max_size=6))
def test_ranges_are_written_out(ranges):
    """One after the other, empty ones too."""
    starts, counts = (np.array([row[i] for row in ranges], np.int64) for i in range(2))
    which, element = expand(starts, counts)
    wanted = [(i, a + k) for i, (a, n) in enumerate(ranges) for k in range(n)]
    assert list(zip(which.tolist(), element.tolist(), strict=True)) == wanted
    assert coding.NULL == -1
