"""Strings that are joined into one, and split again."""

from __future__ import annotations

import pandas as pd
import pytest

from vpnframe.schema.joined import count_texts, join_lists, join_texts, split_column, split_text


def test_commas_and_backslashes_survive() -> None:
    """Each is marked by a backslash; empty strings are left out."""
    joined = join_texts(["env=prod", "", "team=a,b", "c\\"])
    assert joined == "env=prod,team=a\\,b,c\\\\"
    assert split_text(joined) == ("env=prod", "team=a,b", "c\\")
    assert split_text(None) == split_text("") == ()


@pytest.mark.parametrize("last", ["c", "c,d"])
def test_columns_are_split_and_joined(last: str) -> None:
    """With and without a string that has a comma; a null stays null."""
    column = ["a,b", None, "", join_texts([last])]
    lists = split_column(column)
    assert lists.to_pylist() == [["a", "b"], None, [], [last]]
    assert join_lists(lists).to_pylist() == column
    assert count_texts(column).tolist() == [2, 0, 0, 1]


@pytest.mark.parametrize("texts", [["a,b", None, "a"], [None, None], []])
def test_a_category_is_split_as_text_is(texts: list[str | None]) -> None:
    """Also one without words."""
    values = pd.Series(texts, dtype="category")
    assert split_column(values).to_pylist() == split_column(texts).to_pylist()
