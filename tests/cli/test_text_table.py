"""Tables as text: aligned, fitting, and saying what they leave out."""

from __future__ import annotations

import pandas as pd

from vpnframe.cli.text import as_markdown, as_text


def test_numbers_stand_right_and_text_left():
    """Columns line up."""
    table = pd.DataFrame({"name": ["a", "long name"], "n": [1, 1000]})
    assert as_text(table, width=None) == "name          n\na             1\nlong name  1000\n"


def test_wide_characters_take_two_columns():
    """East Asian names do not push the next column."""
    lines = as_text(pd.DataFrame({"name": ["上海", "abcd"], "x": ["1", "1"]}), width=None)
    assert lines.splitlines()[1:] == ["上海  1", "abcd  1"]


def test_what_does_not_fit_is_named():
    """Columns beyond the terminal's width are left out and named."""
    table = pd.DataFrame({name: ["x" * 10] for name in ("first", "second", "third")})
    assert as_text(table, width=25).splitlines()[-1] == ("(no room for third)")


def test_the_last_column_that_does_not_fit_shows_its_beginning():
    """Room for some of it is not wasted."""
    table = pd.DataFrame({"first": ["x" * 10], "second": ["y" * 40]})
    assert as_text(table, width=30).splitlines()[-1] == "x" * 10 + "  " + "y" * 17 + "…"


def test_columns_without_values_are_named_not_shown():
    """A column that is null in every row takes no room."""
    text = as_text(pd.DataFrame({"a": [1], "b": pd.array([None], dtype="str")}), width=None)
    assert text.splitlines()[-1] == "(empty: b)"
    assert text.splitlines()[0] == "a"


def test_long_values_are_cut_only_where_they_must():
    """A pipe gets every value whole; a narrow terminal gets the beginning."""
    table = pd.DataFrame({"text": ["x" * 200]})
    assert "x" * 200 in as_text(table, width=None)
    assert max(map(len, as_text(table, width=80).splitlines())) <= 80


def test_control_characters_do_not_reach_the_terminal():
    """A connection's name cannot clear the screen."""
    text = as_text(pd.DataFrame({"name": ["\x1b[2Jgone\nnext"]}), width=None)
    assert "\x1b" not in text
    assert len(text.splitlines()) == 2


def test_markdown_escapes_what_would_break_its_table():
    """Pipes and line breaks stay in their cell."""
    text = as_markdown(pd.DataFrame({"name": ["a|b\nc"]}))
    assert text == "| name |\n| --- |\n| a\\|b\ufffdc |\n"


def test_a_table_without_rows_says_so():
    """Nothing is not silence."""
    assert as_text(pd.DataFrame({"a": []}), width=80) == "no rows\n"
