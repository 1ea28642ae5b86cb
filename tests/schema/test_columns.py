"""Columns from values and from pieces."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal, assert_series_equal

from vpnframe.schema.columns import (
    DTYPES,
    as_words,
    cast_column,
    join_columns,
    make_column,
    take_rows,
    with_plain_index,
)
from vpnframe.schema.tables import Kind

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
VALUES: dict[Kind, st.SearchStrategy[Any]] = {
    "text": texts,
    "category": texts,
    "severity": st.sampled_from(["info", "low", "medium", "high", "critical"]),
    "int16": st.integers(-(2**15), 2**15 - 1),
    "int32": st.integers(-(2**31), 2**31 - 1),
    "int64": st.integers(-(2**63), 2**63 - 1),
    "float": st.floats(allow_nan=False),
    "flag": st.booleans(),
    "time": st.integers(0, 4_000_000_000_000),
    "texts": st.lists(texts, max_size=3),
}
PIECES = [
    (
        kind,
        st.lists(
            st.lists(values if kind == "float" else st.none() | values, max_size=5),
            min_size=1,
            max_size=4,
        ),
    )
    for kind, values in VALUES.items()
]


def test_every_kind_has_values_to_try() -> None:
    """A new kind is not forgotten."""
    assert VALUES.keys() == DTYPES.keys()


@pytest.mark.parametrize(("kind", "pieces"), PIECES, ids=list(VALUES))
@given(data=st.data())
def test_pieces_join_to_the_column_of_all_values(kind: Kind, pieces: Any, data: Any) -> None:
    """Whatever is in which of them; dtype and categories included."""
    drawn = data.draw(pieces)
    joined = pd.Series(join_columns(kind, [make_column(kind, piece) for piece in drawn]))
    whole = pd.Series(make_column(kind, [value for piece in drawn for value in piece]))
    assert_series_equal(joined, whole)
    assert joined.dtype == whole.dtype


@pytest.mark.parametrize(("kind", "values"), VALUES.items(), ids=list(VALUES))
@given(data=st.data())
def test_taken_rows_are_the_column_of_their_values(kind: Kind, values: Any, data: Any) -> None:
    """In any order and repeated; -1 is a null, and categories that no row has are gone."""
    held = data.draw(st.lists(values, min_size=1, max_size=5))
    rows = data.draw(st.lists(st.integers(-1, len(held) - 1), max_size=6))
    taken = take_rows(make_column(kind, held), np.array(rows, np.intp))
    expected = make_column(kind, [None if i < 0 else held[i] for i in rows])
    assert_series_equal(pd.Series(taken), pd.Series(expected))


def test_small_columns_are_made_taken_and_joined() -> None:
    """One example of each; categories are sorted anew."""
    column = make_column("int16", [5, 6])
    assert column.dtype == "Int16"
    assert take_rows(column, np.array([1, -1, 1])).tolist() == [6, pd.NA, 6]
    joined = join_columns("category", [make_column("category", [word]) for word in ("b", "a")])
    assert (joined.categories.tolist(), joined.codes.tolist()) == (["a", "b"], [1, 0])


def test_columns_of_other_dtypes_are_cast() -> None:
    """Whole floats to integers, words to flags."""
    assert cast_column("int16", pd.Series([14.0, None])).tolist() == [14, pd.NA]
    flags = pd.Series(["True", None, False], dtype="object")
    assert cast_column("flag", flags).tolist() == [True, pd.NA, False]


def test_whole_floats_are_words_without_a_fraction() -> None:
    """As pandas makes floats of integers beside nulls."""
    assert as_words(pd.Series([14.0, None])).fillna("-").tolist() == ["14", "-"]
    assert as_words(pd.Series([14])).tolist() == ["14"]


def test_index_levels_of_a_table_become_columns() -> None:
    """Rows are numbered from 0."""
    held = pd.DataFrame({"a": [1], "b": [2]}, index=[7]).set_index("a")
    assert_frame_equal(with_plain_index(held, ["a", "b"]), pd.DataFrame({"a": [1], "b": [2]}))


@pytest.mark.parametrize("kind", ["text", "texts"])
def test_joined_text_lies_in_one_block(kind: Kind) -> None:
    """A column of many chunks would be slow to look into."""
    piece = ["a"] if kind == "text" else [["a", "b"]]
    joined = join_columns(kind, [make_column(kind, piece) for _ in range(5)])
    assert pa.chunked_array(pa.array(joined)).num_chunks == 1
