"""Whether a key was shown."""

from __future__ import annotations

import pytest

from vpnframe.psk.states import best_state, key_state


@pytest.mark.parametrize("value", ["a", "123456", "qhv3mz9k4e5bt2w8", "xxx", "xxxxa", 123456])
def test_a_shown_key_is_present(value: object) -> None:
    """Three trailing x, or x before other letters, mask nothing."""
    assert key_state(value) == "present"


@pytest.mark.parametrize("value", ["****", "qhv3****", "qh****mz", "qhvxxxx", "XXXX", "ab xxxx "])
def test_a_masked_key_is_masked(value: str) -> None:
    """Four stars anywhere, or four and more trailing x of either case."""
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
