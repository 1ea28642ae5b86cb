"""Findings laid out for a terminal."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from vpnframe.cli.text import FindingText, as_entries

ENTRIES = [
    FindingText("high", [["10.0.0.0/8", "onprem", "vco-1", "to-lima-office"]], "Because it is so."),
    FindingText(
        "low", [["10.1.0.0/16", "vpc", "vco-22", "to-oslo"], ["10.1.0.0/17", "x", "y", "z"]]
    ),
]


def test_cells_are_aligned_over_all_entries():
    """A blank line stands between two entries, the note below its rows."""
    assert as_entries(ENTRIES, width=None).splitlines() == [
        "high",
        "  10.0.0.0/8   onprem  vco-1   to-lima-office",
        "  Because it is so.",
        "",
        "low",
        "  10.1.0.0/16  vpc     vco-22  to-oslo",
        "  10.1.0.0/17  x       y       z",
    ]


@pytest.mark.parametrize("width", [30, 36, 40, 80, 120])
def test_no_line_is_wider_than_the_terminal(width):
    """Notes are wrapped, the last cell that is shown is cut, others are left out."""
    note = "A sentence that is much longer than any of these terminals is wide. " * 3
    entries = [FindingText("high", ENTRIES[0].rows, note)]
    lines = as_entries(entries, width=width).splitlines()
    assert max(map(cell_len, lines)) <= width
    assert lines[1].startswith("  10.0.0.0/8")


def test_the_last_cell_is_cut_where_there_is_some_room():
    """Ids that come before it stay whole."""
    row = as_entries(ENTRIES[:1], width=38).splitlines()[1]
    assert row == "  10.0.0.0/8  onprem  vco-1  to-lima-…"


def test_east_asian_names_take_two_columns():
    """What stands after them stays aligned."""
    rows = [["深圳", "x"], ["lima", "x"]]
    lines = as_entries([FindingText("h", rows)], width=80).splitlines()[1:]
    assert len({cell_len(line) for line in lines}) == 1


def test_control_characters_do_not_reach_the_terminal():
    """Neither from a name nor from a note."""
    assert "\x1b" not in as_entries([FindingText("h", [["a\x1b[2J"]], "b\x1b[2J")], width=80)
