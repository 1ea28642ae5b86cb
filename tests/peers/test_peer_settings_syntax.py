"""The syntax of swanctl.conf: what is read, what is kept, and what is wrong where."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpnframe.peers.sections import Problem, Section, Setting
from vpnframe.peers.swanctl import MAX_DEPTH, parse_swanctl


def read(text):
    """The root section."""
    found = parse_swanctl(text)
    assert isinstance(found, Section)
    return found


def values(section):
    """Values without their lines."""
    return {name: value for name, (value, *_) in section.settings.items()}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("id = a", "a"),
        ("id=a", "a"),
        ("id = a b\tc", "a b c"),
        ("id = a # b", "a"),
        ("id = a#b", "a"),
        ('id = "a # b"', "a # b"),
        ('id = "a" b', "a b"),
        ('id = a"b"', "a b"),
        (r'id = "a\"b\\c\n"', 'a"b\\c\n'),
        ('id = "a\\\n  b"', "a  b"),
        ("id = a = b { c", "a = b { c"),
        ("id =", None),
        ('id = ""', ""),
        ("id = a\nid = b", "b"),
        ("id = a\nid =", None),
        ("id\n= a", "a"),
        ("id = a\r\n", "a"),
    ],
)
def test_values_are_read_as_written(text, value):
    """Parts are joined by one blank, strings hold anything, the last one counts."""
    assert values(read(text)) == {"id": value}


def test_sections_nest_and_are_put_together():
    """One that is opened again goes on."""
    root = read("a { b { id = 1 } id = 2\n}\na\n{\n b { auth = 3 }\n}")
    assert values(root.sections["a"]) == {"id": "2"}
    assert values(root.sections["a"].sections["b"]) == {"id": "1", "auth": "3"}


def test_references_are_absolute_paths():
    """Several, in order, each once."""
    root = read("a : x, y.z { }\na : x { }")
    assert list(root.sections["a"].parents) == ["x", "y.z"]


def test_nothing_else_is_kept():
    """Neither the value of another option, nor the name of an unknown one, nor a secret."""
    root = read(
        "a {\n id = 1\n revocation = Canary\n Canary = 2\n}\nsecrets { ike { id = Canary } }"
    )
    assert "Canary" not in repr(root)
    assert root.sections["a"].settings["revocation"] == Setting("", 3, is_valid=False)
    assert root.sections["a"].unknown_lines == [4]
    assert list(root.sections) == ["a"]
    root = read("a {\n id = x y # z\n psk = 1\n}\nsecrets {\n id = q\n}")
    assert root.sections["a"].settings == {"id": Setting("x y", 2)}
    assert root.sections["a"].unknown_lines == [3]
    assert list(root.sections) == ["a"]


def test_includes_are_noted_where_they_stand():
    """With blanks or strings in their patterns; a setting of that name is none."""
    root = read('include a*.conf\na {\n include "b c"\n include d\\ e\n}\n')
    assert root.included_lines == [1]
    assert root.sections["a"].included_lines == [3, 4]


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ("a {\n b {\n }\n", 1, "no closing }"),
        ("}\n", 1, "closes no section"),
        ("\n\na b", 3, "neither = nor {"),
        ('"a" {', 1, "neither"),
        ("a . b = c", 1, "neither = nor {"),
        ('\na = "b\n\n', 2, 'no closing "'),
        ("a : { }", 1, "neither = nor {"),
        ("a : b c { }", 1, "neither = nor {"),
        ("a", 1, "neither = nor {"),
        ("= b", 1, "neither"),
    ],
)
def test_what_cannot_be_read_is_named_by_line(text, line, word):
    """As a value, not as an exception, and without showing the text."""
    found = parse_swanctl(text)
    assert isinstance(found, Problem)
    assert found.line == line
    assert word in found.message


def test_sections_nest_to_a_limit():
    """A file of braces ends in a sentence, not in a stack."""
    assert isinstance(read("a {" * MAX_DEPTH + "}" * MAX_DEPTH), Section)
    found = parse_swanctl("a {" * 5000)
    assert isinstance(found, Problem)
    assert str(MAX_DEPTH) in found.message


@pytest.mark.parametrize("text", ['a = "' + "x" * 200_000, "a = " + '"\\' * 100_000, "{" * 10**5])
def test_a_hostile_text_takes_no_time(text):
    """A million steps at most: an open string must not be tried in every way."""
    assert isinstance(parse_swanctl(text), Problem)


@given(st.text(alphabet='ab={}:.,#" \\\n\tinclude') | st.text())
def test_any_text_is_read_or_named(text):
    """Nothing is raised, and a problem lies inside the text."""
    found = parse_swanctl(text)
    if isinstance(found, Problem):
        assert 1 <= found.line <= text.count("\n") + 1
