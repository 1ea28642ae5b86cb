"""Sections with what they inherit."""

from __future__ import annotations

import pytest

from vpnframe.errors import SettingsError
from vpnframe.peers.swanctl import MAX_REFERENCES, Inheritance, parse_swanctl


def resolved(text, *path):
    """The section at a path, with all that it inherits."""
    root = parse_swanctl(text)
    section = root
    for name in path:
        section = section.sections[name]
    return Inheritance(root).resolve(section)


def values(section):
    """Values without their lines."""
    return {name: value for name, (value, *_) in section.settings.items()}


def test_its_own_come_first_then_the_first_reference():
    """Left to right."""
    text = "x { id = x\n auth = x\n }\ny { id = y\n auth = y\n }\na : x, y { id = a\n }"
    assert values(resolved(text, "a")) == {"id": "a", "auth": "x"}


def test_an_emptied_setting_inherits_nothing():
    """It stands as empty, so that the default applies."""
    assert values(resolved("x { id = x\n }\na : x { id =\n }", "a")) == {"id": None}


def test_subsections_are_laid_over_each_other():
    """And those that are not there come along."""
    text = "x { b { id = x\n auth = x\n }\n c { id = x\n } }\na : x { b { id = a\n } }"
    found = resolved(text, "a")
    assert values(found.sections["b"]) == {"id": "a", "auth": "x"}
    assert values(found.sections["c"]) == {"id": "x"}


def test_references_lead_on_and_into_sections():
    """Through what the sections on the way inherit."""
    text = "x { b { id = x\n } }\ny : x { }\na : y.b { }"
    assert values(resolved(text, "a")) == {"id": "x"}


def test_a_section_that_is_not_there_is_nothing():
    """As strongSwan takes it."""
    assert values(resolved("a : no.such { id = a\n }", "a")) == {"id": "a"}


@pytest.mark.parametrize("text", ["a : a { }", "a : b { }\nb : a { }", "a { c : a { } }"])
def test_a_circle_is_an_error(text):
    """It is named, and nothing runs forever."""
    with pytest.raises(SettingsError, match="circle"):
        resolved(text, "a")


def test_a_long_chain_is_an_error():
    """After so many steps."""
    text = "\n".join(f"a{n} : a{n + 1} {{ }}" for n in range(MAX_REFERENCES + 5))
    with pytest.raises(SettingsError, match=str(MAX_REFERENCES)):
        resolved(text, "a0")


def test_references_that_double_are_resolved_once():
    """Thirty levels of two each would be a thousand million sections."""
    text = "\n".join(f"a{n} : a{n + 1}, b{n + 1} {{ }}\nb{n} : a{n + 1} {{ }}" for n in range(30))
    assert values(resolved(f"{text}\na30 {{ id = x\n }}", "a0")) == {"id": "x"}
