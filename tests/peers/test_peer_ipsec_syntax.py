"""The syntax of ipsec.conf: sections, inheritance, and what is wrong where."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpnframe.peers.ipsec_conf import MAX_STEPS, parse_ipsec_conf
from vpnframe.peers.sections import Problem, Section, Setting


def read(text):
    """The settings of each section, without their lines."""
    found = parse_ipsec_conf(text)
    assert isinstance(found, Section), found
    return {
        name: {key: value for key, (value, *_) in section.settings.items()}
        for name, section in found.sections.items()
    }


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("\tleft=a", "a"),
        ("  left = a", "a"),
        ("\tleft=a b\t c", "a b c"),
        ("\tleft=a # b", "a"),
        ('\tleft="a # = b"', "a # = b"),
        ('\tleft="a\\"b"', 'a"b'),
        ('\tleft="a\\\nb"', "ab"),
        ("\tleft=@#0a", "@#0a"),
        ("\tleft=", None),
        ("\tleft=a\n\tleft=b", "b"),
        ("\tleft=a\r", "a"),
    ],
)
def test_values_are_read_as_written(text, value):
    """Blanks are one, strings hold anything, the last one counts."""
    assert read(f"conn a\n{text}\n") == {"a": {"left": value}}


def test_lines_are_kept_with_inherited_values():
    """The line is that of the section that sets them; unknown keywords are not kept."""
    found = parse_ipsec_conf("conn a\n\tleft=192.0.2.1\nconn b\n\talso=a\n\tpsk=x\n")
    assert found.sections["b"].settings == {"left": Setting("192.0.2.1", 2)}


def test_sections_of_one_name_are_one_and_others_are_not_kept():
    """The kinds config setup and ca have nothing that is needed, nor has a version line."""
    text = (
        "version 2\nconfig setup\n\tleft=x\nca b\n\tleft=x\nconn a\n\tleft=1\n# c\n\n"
        "conn a\n\tright=2\n"
    )
    assert read(text) == {"a": {"left": "1", "right": "2"}}


def test_nothing_else_is_kept():
    """Neither the value of another keyword nor the name of an unknown one."""
    found = parse_ipsec_conf("conn a\n\tmark=Canary\n\tCanary=1\n\tleft=2\n")
    assert "Canary" not in repr(found)
    assert found.sections["a"].unknown_lines == [3]


def test_synonyms_are_one():
    """The older words of two keywords."""
    assert read("conn a\n\tkeylife=1h\n\trekeymargin=1m\n") == {
        "a": {"lifetime": "1h", "margintime": "1m"}
    }


def test_also_inherits_the_last_one_first_and_default_last():
    """What stands in the section itself beats all."""
    text = (
        "conn %default\n\tleft=0\n\tright=0\n\tike=0\n\tesp=0\n"
        "conn x\n\tleft=x\n\tright=x\n\tike=x\n"
        "conn y\n\tright=y\n\tleft=y\n"
        "conn a\n\talso=x\n\talso=y\n\tleft=a\n"
    )
    assert read(text)["a"] == {"left": "a", "right": "y", "ike": "x", "esp": "0"}


def test_also_in_a_diamond_counts_where_it_stands_last():
    """A comes after both that lead to it."""
    text = (
        "conn A\n\tleft=A\n\tright=A\nconn B\n\talso=A\n\tleft=B\nconn C\n\talso=A\n\tright=C\n"
        "conn D\n\talso=C\n\talso=B\n"
    )
    assert read(text)["D"] == {"left": "B", "right": "C"}


def test_an_emptied_setting_inherits_nothing():
    """It is the system's default again."""
    assert read("conn x\n\tleft=1\nconn a\n\talso=x\n\tleft=\n")["a"] == {"left": None}


def test_includes_are_noted():
    """Wherever they stand."""
    found = parse_ipsec_conf("include a.conf\nconn a\n\tleft=1\n\tinclude b.conf\n")
    assert found.included_lines == [1, 4]


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ("conn a\nleft=1\n", 2, "begins with a blank"),
        ('conn a\n: PSK "Canary"\n', 2, "begins with a blank"),
        ("conn\n", 1, "has no name"),
        ("conn a b\n", 1, "more than one name"),
        ("conn a\n\tleft\n", 2, "has no ="),
        ("conn a\n\tleft=a=b\n", 2, "outside of quotes"),
        ('conn a\n\tleft="a\n', 2, 'no closing "'),
        ("conn a\n\talso=b\n", 2, "does not exist"),
        ("conn a\n\talso=b\nconn b\n\talso=a\n", 4, "circle"),
        ("conn a\n\talso=a\n", 2, "circle"),
    ],
)
def test_what_cannot_be_read_is_named_by_line(text, line, word):
    """As a value, not as an exception, and without showing the text."""
    found = parse_ipsec_conf(text)
    assert isinstance(found, Problem)
    assert found.line == line
    assert word in found.message
    assert "Canary" not in found.message


def test_long_chains_end_in_a_sentence_and_doubled_ones_are_quick():
    """Neither a stack nor an afternoon."""
    chain = "".join(f"conn a{n}\n\talso=a{n + 1}\n" for n in range(MAX_STEPS + 5))
    assert isinstance(parse_ipsec_conf(f"{chain}conn a{MAX_STEPS + 5}\n"), Problem)
    doubled = "".join(
        f"conn a{n}\n\talso=a{n + 1}\n\talso=b{n + 1}\nconn b{n}\n\talso=a{n + 1}\n"
        for n in range(30)
    )
    assert read(f"{doubled}conn a30\n\tleft=1\nconn b30\n")["a0"] == {"left": "1"}


@pytest.mark.parametrize("text", ['\tleft="' + "x" * 200_000, "\tleft=" + '"\\' * 100_000])
def test_a_hostile_text_takes_no_time(text):
    """An open string must not be tried in every way."""
    assert isinstance(parse_ipsec_conf(f"conn a\n{text}"), Problem)


@given(st.text(alphabet='\t\n =#"ac\\onn') | st.text())
def test_any_text_is_read_or_named(text):
    """Nothing is raised, and a problem lies inside the text."""
    found = parse_ipsec_conf(f"conn a\n{text}")
    if isinstance(found, Problem):
        assert 1 <= found.line <= text.count("\n") + 2
