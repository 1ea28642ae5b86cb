"""Values as strongSwan writes them, and what is wrong with them; a value is never shown."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from vpnframe.peers.model import Proposal, Protocol
from vpnframe.peers.tokens import parse_proposal

T = TypeVar("T")
D = TypeVar("D")
# What stands in a section: value and line by name; None where a setting was emptied.
Settings = Mapping[str, tuple[str | None, int]]

_YES = frozenset({"yes", "true", "enabled", "1"})
_NO = frozenset({"no", "false", "disabled", "0"})
_TIME = re.compile(r"([0-9]{1,9}) *([smhd]?)", re.IGNORECASE | re.ASCII)
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}


def split_list(text: str) -> tuple[str, ...]:
    """Split a comma list; empty items are left out.

    Parameters
    ----------
    text : str
        Items with commas between them.

    Returns
    -------
    tuple of str
        In order, without blanks around them.

    Examples
    --------
    >>> split_list("10.0.0.0/8 , 10.1.0.0/16,")
    ('10.0.0.0/8', '10.1.0.0/16')
    """
    return tuple(item.strip() for item in text.split(",") if item.strip())


def parse_switch(text: str) -> bool | None:
    """Read yes or no.

    Parameters
    ----------
    text : str
        In any of the spellings.

    Returns
    -------
    bool or None
        None for anything else.

    Examples
    --------
    >>> parse_switch("Yes"), parse_switch("0"), parse_switch("perhaps")
    (True, False, None)
    """
    word = text.lower()
    return True if word in _YES else False if word in _NO else None


def parse_number(text: str) -> int | None:
    """Read a whole number.

    Parameters
    ----------
    text : str
        Decimal digits.

    Returns
    -------
    int or None
        None for anything else.

    Examples
    --------
    >>> parse_number("2"), parse_number("two")
    (2, None)
    """
    return int(text) if re.fullmatch(r"0|[1-9][0-9]{0,8}", text, re.ASCII) else None


def parse_time(text: str) -> int | None:
    """Read a time in seconds.

    Parameters
    ----------
    text : str
        A number, and ``s``, ``m``, ``h`` or ``d`` if it is not in seconds.

    Returns
    -------
    int or None
        Seconds; None for anything else.

    Examples
    --------
    >>> parse_time("1h"), parse_time("90"), parse_time("1 d"), parse_time("1w")
    (3600, 90, 86400, None)
    """
    found = _TIME.fullmatch(text)
    return int(found[1]) * _SECONDS[found[2].lower()] if found else None


@dataclass(frozen=True, slots=True)
class Doubts:
    """What is wrong with one connection.

    Parameters
    ----------
    refusals : list of str
        Why strongSwan does not load it.
    notes : list of str
        What was not followed or not understood.
    """

    refusals: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Values:
    """The settings of one section, read one by one.

    Parameters
    ----------
    settings : mapping of str to (str or None, int)
        What may be kept of it: value and line by name.
    doubts : Doubts
        Where it is noted that a value cannot be read.
    """

    settings: Settings
    doubts: Doubts

    def text(self, name: str) -> str | None:
        """Give a value as it stands; None without one."""
        return self.settings.get(name, (None, 0))[0]

    def read(self, name: str, parse: Callable[[str], T | None], default: D) -> T | D:
        """Read a value; without one that can be read, give what strongSwan takes."""
        text = self.text(name)
        found = None if text is None else parse(text)
        if found is not None:
            return found
        if text is not None:
            self.refuse(name, "cannot be read")
        return default

    def proposals(self, text: str, name: str, protocol: Protocol) -> tuple[Proposal, ...]:
        """Read proposals, none of which strongSwan lets be wrong."""
        found = tuple(parse_proposal(one, protocol=protocol) for one in split_list(text))
        for one in found:
            if one.problem:
                self.refuse(name, f"has {one.problem}")
            if one.unknown:
                self.note(name, "has a word that strongSwan 5.9 does not know: it loads none such")
        return found

    def refuse(self, name: str, why: str) -> None:
        """Note why strongSwan does not load the connection."""
        self.doubts.refusals.append(self._sentence(name, why))

    def note(self, name: str, what: str) -> None:
        """Note what is not as it seems."""
        self.doubts.notes.append(self._sentence(name, what))

    def _sentence(self, name: str, what: str) -> str:
        line = self.settings.get(name, (None, 0))[1]
        return f"line {line}: {name} {what}" if line else f"{name} {what}"
