"""Texts for a terminal: nothing in them acts, counts and lists read well."""

from __future__ import annotations

import pytest

from vpnframe.model.display import counted, json_text, listed, printable, printable_lines


def test_controls_are_replaced() -> None:
    """Escape sequences and marks of direction; a wide space stays."""
    assert printable("a\x1b[2J\u202eb\u3000c") == "a\ufffd[2J\ufffdb\u3000c"


def test_lines_stay_and_colours_go() -> None:
    """So do tabs; any other sequence is made visible."""
    assert printable_lines("a\x1b[31mb\x1b[2Jc\n\td") == "ab\ufffd[2Jc\n\td"


def test_json_is_escaped_and_keeps_its_values() -> None:
    """Letters of any language stay readable."""
    assert json_text({"name": "\u4e2d\x9b\u202e"}) == '{"name": "\u4e2d\\u009b\\u202e"}'


@pytest.mark.parametrize(
    ("n", "noun", "text"),
    [(1, "region", "1 region"), (0, "region", "0 regions"), (1200, "tunnel", "1,200 tunnels")],
)
def test_counts(n: int, noun: str, text: str) -> None:
    """One is singular; thousands have commas."""
    assert counted(n, noun) == text


@pytest.mark.parametrize(
    ("n", "text"),
    [
        (0, ""),
        (1, "vco-1"),
        (2, "vco-1 and vco-2"),
        (4, "vco-1, vco-2, vco-3 and vco-4"),
        (5, "vco-1, vco-2, vco-3 and 2 more"),
    ],
)
def test_lists(n: int, text: str) -> None:
    """Up to four names, or three and the number of the others."""
    assert listed(f"vco-{i}" for i in range(1, n + 1)) == text
