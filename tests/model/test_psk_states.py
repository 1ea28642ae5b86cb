"""Whether a key was shown."""

from __future__ import annotations

import pytest

from vpnframe.model.masked import best_state, is_masked_value, key_state


@pytest.mark.parametrize(
    "value",
    [
        *("a", "123456", "qhv3mz9k4e5bt2w8", "xxx", "xxxxa", 123456),
        *("qhv3mz9k4e5bxxxx", "Tr1al-Key-4-XXXX", "qhv3*mz9", "*qhv3mz9*", "qhv3mz9k*", "qh**mz9k"),
    ],
)
def test_a_shown_key_is_present(value: object) -> None:
    """A star, two inside, three trailing x, x that are the lesser part of it: they mask nothing."""
    assert key_state(value) == "present"


@pytest.mark.parametrize(
    "value",
    [
        *("****", "***", "**", "qhv3****", "qh****mz", "123456****", "**hidden**", "qhv3***"),
        *("qhvxxxx", "XXXX", "ab xxxx ", "pgw6dyxxxxxxxx", "pskXXXXXX", "abcdxxxx"),
    ],
)
def test_a_masked_key_is_masked(value: str) -> None:
    """Three stars anywhere, two at both ends, or trailing x that are at least half of it."""
    assert key_state(value) == "masked"


@pytest.mark.parametrize("value", [None, "", "  ", {}, []])
def test_no_key_is_absent(value: object) -> None:
    """Missing, null, empty and blank are one state."""
    assert key_state(value) == "absent"


def test_present_beats_masked_beats_absent() -> None:
    """The best of what several answers show."""
    assert best_state("absent", "masked") == "masked"
    assert best_state("masked", "present", None) == "present"
    assert best_state(None, None) is None


@pytest.mark.parametrize(
    ("value", "is_masked"),
    [
        *(("116.XX.XX.6", True), ("vco-bp1w3m1p23iftycv****", True), ("x.org", False)),
        *((None, False), (("10.0.0.0/8", "10.x.x.0/24"), True), (("10.0.0.0/8",), False)),
    ],
)
def test_masked_addresses_and_ids(value: object, is_masked: bool) -> None:
    """Also in one of several."""
    assert is_masked_value(value) is is_masked
