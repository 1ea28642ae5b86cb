"""Check whether strongSwan accepts the values of options that are not used otherwise.

strongSwan loads no connection with an invalid value, so each is checked once and dropped.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from vpnframe.peers.c_numbers import leading_int
from vpnframe.peers.values import parse_number, parse_switch, starter_time, swanctl_time

# Returns True or False, or None if that depends on the version.
Check = Callable[[str], bool | None]

_PRINTABLE = re.compile(r"[ -~]*")
_BYTES = re.compile(r" *[kmg]?", re.IGNORECASE)
_ACTIONS = frozenset({"none", "clear", "start", "restart", "trap", "route", ""})


def is_printable(text: str) -> bool:
    """Check whether a value is printable ASCII: charon accepts no other in swanctl.conf."""
    return _PRINTABLE.fullmatch(text) is not None


def one_of(words: str) -> Check:
    """Return the check for a list of words; those marked with ``?`` exist in newer versions only.

    Examples
    --------
    >>> check = one_of("tunnel ?iptfs")
    >>> check("tunnel"), check("iptfs"), check("magic")
    (True, None, False)
    """
    known = {word.removeprefix("?"): None if word[0] == "?" else True for word in words.split()}
    return lambda text: known.get(text, False)


def swanctl_checks(names_by_kind: Mapping[str, str]) -> dict[str, Check]:
    """Return the check of each swanctl.conf option; a kind without a name is a list of words."""
    return {
        name: _printable(_SWANCTL.get(kind) or _any_case(one_of(kind)))
        for kind, names in names_by_kind.items()
        for name in names.split()
    }


def starter_checks(names_by_kind: Mapping[str, str]) -> dict[str, Check]:
    """Return the check of each ipsec.conf keyword; words are case-sensitive."""
    return {
        name: _STARTER.get(kind) or one_of(kind)
        for kind, names in names_by_kind.items()
        for name in names.split()
    }


def _printable(check: Check) -> Check:
    return lambda text: is_printable(text) and check(text)


def _any_case(check: Check) -> Check:
    return lambda text: check(text.lower())


def _is_text(text: str) -> bool:
    return True


def _or_word(word: str, check: Check) -> Check:
    return lambda text: text == word or check(text)


def _or_unique(check: Check) -> Check:
    return _or_word("%unique", _or_word("%unique-dir", check))


def _is_swanctl_number(text: str) -> bool:
    return parse_number(text) is not None


def _is_bytes(text: str) -> bool:
    return _BYTES.fullmatch(leading_int(text[:15], 0)[1]) is not None


def _is_actions(text: str) -> bool:
    return all(word.strip(" ").lower() in _ACTIONS for word in text.split("|"))


def _is_mark(text: str) -> bool:
    """Check whether a text is a mark: a number, or two separated by a slash."""
    value, slash, mask = text.partition("/")
    return not (leading_int(value, 0)[1] or (slash and leading_int(mask, 0)[1]))


def _is_starter_number(text: str) -> bool:
    return not leading_int(text)[1]


def _is_percent(text: str) -> bool:
    return leading_int(text)[1] == "%" != text


_SWANCTL: dict[str, Check] = {
    "text": _is_text,
    "switch": lambda text: parse_switch(text) is not None,
    "number": _is_swanctl_number,
    "binary": lambda text: parse_number(text, 2) is not None,
    "time": lambda text: swanctl_time(text) is not None,
    "bytes": _is_bytes,
    "actions": _is_actions,
    "mark": _or_unique(_is_mark),
    "set mark": _or_word("%same", _is_mark),
    "interface": _or_unique(_is_swanctl_number),
    "padding": _or_word("mtu", _is_swanctl_number),
}
_STARTER: dict[str, Check] = {
    "text": _is_text,
    "number": _is_starter_number,
    "binary": lambda text: not leading_int(text, 2)[1],
    "time": lambda text: starter_time(text) is not None,
    "percent": _is_percent,
    "mark": _or_unique(_is_mark),
    "tries": _or_word("%forever", _is_starter_number),
    "padding": _or_word("%mtu", _is_starter_number),
}
