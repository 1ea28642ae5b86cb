"""Parse strongSwan's values and record what is wrong with them; a value is never shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from vpnframe.peers.c_numbers import UINT64_MAX, as_unsigned, leading_int
from vpnframe.peers.model import PeerProposal, Protocol
from vpnframe.peers.tokens import ESN, parse_proposal

T = TypeVar("T")
D = TypeVar("D")
# The content of a section: value and line by name; None if a setting is empty.
Settings = Mapping[str, tuple[str | None, int]]

_YES = frozenset({"yes", "true", "enabled", "1"})
_NO = frozenset({"no", "false", "disabled", "0"})
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}
# charon reads at most this number of characters of a number or a time, and ignores the rest.
_NUMBER_LENGTH = 15


def split_list(text: str) -> tuple[str, ...]:
    """Split a comma list; spaces around items and empty items are left out.

    Examples
    --------
    >>> split_list("10.0.0.0/8 , 10.1.0.0/16,")
    ('10.0.0.0/8', '10.1.0.0/16')
    """
    return tuple(item.strip(" ") for item in text.split(",") if item.strip(" "))


def parse_switch(text: str) -> bool | None:
    """Parse yes or no of swanctl.conf; None for anything else.

    Examples
    --------
    >>> parse_switch("Yes"), parse_switch("0"), parse_switch("perhaps")
    (True, False, None)
    """
    word = text.lower()
    return True if word in _YES else False if word in _NO else None


def parse_number(text: str, base: int = 0) -> int | None:
    """Parse an integer of swanctl.conf; None for anything else.

    Examples
    --------
    >>> parse_number("2"), parse_number("0x10"), parse_number("two")
    (2, 16, None)
    """
    number, rest = leading_int(text[:_NUMBER_LENGTH], base)
    return None if rest else as_unsigned(number) & 0xFFFFFFFF


def swanctl_time(text: str) -> int | None:
    """Parse a time of swanctl.conf in seconds; None for anything else.

    Examples
    --------
    >>> swanctl_time("1h"), swanctl_time("90"), swanctl_time("1 D"), swanctl_time("1w")
    (3600, 90, 86400, None)
    """
    number, rest = leading_int(text[:_NUMBER_LENGTH], 0)
    size = _SECONDS.get(rest.lstrip(" ").lower())
    return None if size is None else as_unsigned(number) * size & UINT64_MAX


def starter_time(text: str) -> int | None:
    """Parse a time of ipsec.conf in seconds: units are lower case, without a space before.

    Examples
    --------
    >>> starter_time("1h"), starter_time("90"), starter_time("1 d"), starter_time("1H")
    (3600, 90, None, None)
    """
    number, rest = leading_int(text)
    return None if rest not in _SECONDS else as_unsigned(number) * _SECONDS[rest] & UINT64_MAX


@dataclass(slots=True)
class Doubts:
    """Problems of one connection: why its daemon does not load it, and notes."""

    refusals: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    # Whether some versions or machines do not load it.
    may_not_load: bool = False

    def doubt(self, sentence: str) -> None:
        """Record why some daemons do not load the connection."""
        self.may_not_load = True
        self.notes.append(f"{sentence}: where it is not known, the connection is not loaded")


@dataclass(frozen=True, slots=True)
class Values:
    """The settings of one section, read one by one; problems are recorded in ``doubts``."""

    settings: Settings
    doubts: Doubts

    def text(self, name: str) -> str | None:
        """Return a value as written; None if there is none."""
        return self.settings.get(name, (None, 0))[0]

    def read(self, name: str, parse: Callable[[str], T | None], default: D) -> T | D:
        """Return a parsed value; the default if it is missing or cannot be parsed."""
        text = self.text(name)
        found = None if text is None else parse(text)
        if found is not None:
            return found
        if text is not None:
            self.refuse(name, "cannot be read")
        return default

    def proposals(
        self, texts: Iterable[str], name: str, protocol: Protocol
    ) -> tuple[PeerProposal, ...]:
        """Parse proposals; strongSwan loads no connection with an invalid one."""
        found = tuple(parse_proposal(one, protocol=protocol) for one in texts)
        for one in found:
            if one.problem:
                self.refuse(name, f"has {one.problem}")
            elif set(one.unknown) - set(ESN):
                self.doubt(name, "has a word that not every version of strongSwan knows")
        return found

    def refuse(self, name: str, why: str) -> None:
        """Record why strongSwan does not load the connection."""
        self.doubts.refusals.append(self._sentence(name, why))

    def doubt(self, name: str, why: str) -> None:
        """Record why some daemons do not load the connection."""
        self.doubts.doubt(self._sentence(name, why))

    def note(self, name: str, what: str) -> None:
        """Record a note on a setting."""
        self.doubts.notes.append(self._sentence(name, what))

    def _sentence(self, name: str, what: str) -> str:
        line = self.settings.get(name, (None, 0))[1]
        return f"line {line}: {name} {what}" if line else f"{name} {what}"
