"""Columns from values and from pieces."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_series_equal

from vpnframe.schema.columns import DTYPES, join_columns, make_column, take_rows
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


@pytest.mark.parametrize("kind", ["text", "texts"])
def test_joined_text_lies_in_one_block(kind: Kind) -> None:
    """A column of many chunks would be slow to look into."""
    piece = ["a"] if kind == "text" else [["a", "b"]]
    joined = join_columns(kind, [make_column(kind, piece) for _ in range(5)])
    assert pa.chunked_array(pa.array(joined)).num_chunks == 1
