"""strongSwan's spelling of values, and what is noted of those that cannot be read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpnframe.peers.values import (
    Doubts,
    Values,
    parse_number,
    parse_switch,
    parse_time,
    split_list,
)


@given(st.integers(0, 10**8), st.sampled_from(["", "s", "m", "h", "d"]))
def test_a_time_is_its_number_of_units(number, unit):
    """In seconds, whatever the unit."""
    size = {"": 1, "s": 1, "m": 60, "h": 60 * 60, "d": 24 * 60 * 60}[unit]
    assert parse_time(f"{number}{unit}") == number * size


@given(st.text())
def test_no_text_is_refused_with_an_exception(text):
    """What cannot be read gives None."""
    for parse in (parse_time, parse_number, parse_switch):
        assert parse(text) is None or text.strip()
    assert all(item == item.strip() != "" for item in split_list(text))


@pytest.mark.parametrize("text", ["1w", "-1", "h", "1.5h", "٣"])
def test_what_is_no_time_is_none(text):
    """Among it digits of other scripts."""
    assert parse_time(text) is None


def test_a_value_that_cannot_be_read_is_noted_by_name_and_line_alone():
    """The value itself is not shown: it may be anything."""
    doubts = Doubts()
    values = Values({"rekey_time": ("Canary", 7), "encap": (None, 9)}, doubts)
    assert values.read("rekey_time", parse_time, 60) == 60
    assert values.read("encap", parse_switch, False) is False
    assert values.read("mobike", parse_switch, True) is True
    assert doubts.refusals == ["line 7: rekey_time cannot be read"]


def test_proposals_note_what_is_refused_and_what_nobody_knows():
    """A refusal for what is wrong, a note for a word."""
    doubts = Doubts()
    values = Values({"proposals": ("", 3)}, doubts)
    found = values.proposals("aes128-sha256, aes128-sha256-modp2048-new", "proposals", "ike")
    assert len(found) == 2
    assert "Diffie-Hellman" in doubts.refusals[0]
    assert "does not know" in doubts.notes[0]
