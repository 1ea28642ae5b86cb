"""Options that are of no use here: which values strongSwan takes, and that it is told so."""

from __future__ import annotations

import pytest
from charon import charon, namespace, starter
from peer_spellings import (
    charon_loads,
    ipsec_conf,
    ipsec_conf_of,
    quoted,
    read_all,
    starter_told,
)
from system_tools import find_tool

from vpnframe.peers import options

BATCH = 250
WORDS = """
yes Yes no true 1 0 5 0x5 05 09 -1 +1 5s 5S 1k 1G 111 2 x % 5% 5%% -5% any %any %forever %unique
%same %unique-dir %mtu mtu never always ifasked keep replace force accept allow auto none clear
restart start trap route hold add trap|start route|x in out push pull server client system simple
strict ifuri relaxed 0xff/0xff 5/3 5/ /5 99999999999 default
"""
VALUES = [*WORDS.split(), "", "5 s", "1 k", "5 ", " 5", "trap | start", "trap|", "\u00e9"]


def checked(checks):
    """Options that do not take any text; a text may also name something that is not there."""
    return sorted(name for name, check in checks.items() if check("x") is False)


def taken(checks, name):
    """Values that our check takes, and those of which it does not know."""
    answers = {value: checks[name](value) for value in VALUES}
    return (
        {value for value, answer in answers.items() if answer},
        {value for value, answer in answers.items() if answer is None},
    )


@pytest.mark.system_tool("charon")
def test_charon_takes_what_the_checks_take(tmp_path_factory):
    """Option by option of swanctl.conf."""
    for tool in ("charon", "swanctl"):
        find_tool(tool)
    with namespace() as inside, charon(tmp_path_factory.mktemp("charon"), inside) as daemon:
        for checks, place in ((options.CONNECTION_OTHERS, ""), (options.CHILD_OTHERS, "child.")):
            for name in checked(checks):
                loaded = charon_loads(daemon, place + name, VALUES)
                ours, unknown = taken(checks, name)
                theirs = {value for value, is_taken in zip(VALUES, loaded, strict=True) if is_taken}
                assert ours == theirs - unknown, name


@pytest.mark.system_tool("starter")
def test_the_starter_takes_what_the_checks_take(tmp_path_factory):
    """Keyword by keyword of ipsec.conf."""
    for tool in ("charon", "starter", "swanctl"):
        find_tool(tool)
    names = [name for name in checked(options.CONN_OTHERS) if not name.startswith("right")]
    cases = [(name, value) for name in names for value in VALUES]
    with namespace() as inside, starter(tmp_path_factory.mktemp("starter"), inside) as daemon:
        for start in range(0, len(cases), BATCH):
            batch = cases[start : start + BATCH]
            conf = ipsec_conf_of([f"{name}={quoted(value)}" for name, value in batch])
            told = starter_told(daemon, conf, len(batch))
            for (name, value), one in zip(batch, told, strict=True):
                assert options.CONN_OTHERS[name](value) == (one is not None), (name, value)


def test_a_value_of_such_an_option_is_looked_at_and_dropped(tmp_path):
    """What is kept is whether it can be read."""
    found = read_all(ipsec_conf("keyingtries", ["%forever", "Canary"]), tmp_path, 2)
    assert [one.refused for one in found] == [None, "line 12: keyingtries cannot be read"]
    assert "Canary" not in repr(found)


def test_words_of_newer_versions_are_doubt():
    """Neither accepted nor rejected."""
    check = options.one_of("tunnel ?iptfs")
    assert [check(word) for word in ("tunnel", "iptfs", "magic")] == [True, None, False]
