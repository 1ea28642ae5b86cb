"""strongSwan's spelling of values, and what is noted of those that cannot be read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpnframe.peers.sections import Setting, Values
from vpnframe.peers.values import (
    leading_int,
    parse_number,
    parse_switch,
    split_list,
    starter_time,
    swanctl_time,
)


@given(st.integers(0, 10**8), st.sampled_from(["", "s", "m", "h", "d"]))
def test_a_time_is_its_number_of_units(number, unit):
    """In seconds, whatever the unit."""
    size = {"": 1, "s": 1, "m": 60, "h": 60 * 60, "d": 24 * 60 * 60}[unit]
    assert swanctl_time(f"{number}{unit}") == number * size
    assert swanctl_time(f"{number} {unit.upper()}") == number * size
    assert starter_time(f"{number}{unit}") == number * size


@given(st.text())
def test_no_text_is_refused_with_an_exception(text):
    """What cannot be read gives None."""
    for parse in (swanctl_time, starter_time, parse_number):
        assert parse(text) is None or parse(text) >= 0
    assert parse_switch(text) is None or text.strip()
    assert all(item == item.strip(" ") != "" for item in split_list(text))


@pytest.mark.parametrize("text", ["1w", "1.5h", "1h30m", "5 min", "5s ", "5ss", "3600;", "٣"])
def test_what_is_no_time_is_none(text):
    """Among it digits of other scripts."""
    assert swanctl_time(text) is None
    assert starter_time(text) is None


@pytest.mark.parametrize(
    ("text", "swanctl", "starter"),
    [
        ("86400S", 86400, None),
        ("8H", 28800, None),
        ("86400 s", 86400, None),
        ("5 ", 5, None),
        ("0x10", 16, None),
        ("010", 8, 10),
        ("08", None, 8),
        ("+5", 5, 5),
        (" 5", 5, 5),
        ("h", 0, 0),
        ("", 0, 0),
        ("1234567890123456", 123456789012345, 1234567890123456),
        ("9" * 30, 999999999999999, 2**64 - 1),
        ("-1", 2**64 - 1, 2**64 - 1),
    ],
)
def test_the_two_files_have_two_grammars_of_times(text, swanctl, starter):
    """Seconds that charon has of each, asked of it."""
    assert (swanctl_time(text), starter_time(text)) == (swanctl, starter)


def test_a_value_that_cannot_be_read_is_noted_by_name_and_line_alone():
    """The value itself is not shown: it may be anything."""
    values = Values({"rekey_time": Setting("Canary", 7), "encap": Setting(None, 9)})
    assert values.read("rekey_time", swanctl_time, 60) == 60
    assert values.read("encap", parse_switch, False) is False
    assert values.read("mobike", parse_switch, True) is True
    assert values.refusals == ["line 7: rekey_time cannot be read"]


def test_proposals_note_what_is_refused_and_what_nobody_knows():
    """A refusal for what is wrong, a note for a word."""
    values = Values({"proposals": Setting("", 3)})
    texts = ["aes128-sha256", "aes128-sha256-modp2048-mlkem768", "aes128-sha256-modp2048-new"]
    assert len(values.proposals("proposals", "ike", texts)) == 3
    assert "Diffie-Hellman" in values.refusals[0]
    assert "does not know" in values.refusals[1]
    assert "not every version" in values.notes[0]
    assert values.connection([], name="a").may_not_load


def test_values_are_split_and_parsed():
    """Lists, switches and numbers, among them those of C with a rest."""
    assert split_list("10.0.0.0/8 , 10.1.0.0/16,") == ("10.0.0.0/8", "10.1.0.0/16")
    assert [parse_switch(text) for text in ("Yes", "0", "perhaps")] == [True, False, None]
    assert [parse_number(text) for text in ("2", "0x10", "two")] == [2, 16, None]
    assert leading_int("16 and more") == (16, " and more")
    assert leading_int("0x10s", 0) == (16, "s")
    assert leading_int("x") == (0, "x")
    assert [swanctl_time(text) for text in ("1h", "90", "1 D", "1w")] == [3600, 90, 86400, None]
    assert [starter_time(text) for text in ("1h", "90", "1 d", "1H")] == [3600, 90, None, None]
