"""Sections of swanctl.conf and ipsec.conf. Errors are returned: tracebacks would show secrets."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, TypeVar

from vpnframe.peers.model import PeerChild, PeerConnection, Proposals, Protocol
from vpnframe.peers.selectors import ALL_TRAFFIC, DYNAMIC, Dialect, Selector, Traffic, read_selector
from vpnframe.peers.tokens import ESN, parse_proposal

T = TypeVar("T")
D = TypeVar("D")

# Returns whether strongSwan accepts a value; None if that depends on its version.
Check = Callable[[str], bool | None]

_NOT_LOADED = ": a daemon that does not know it does not load the connection"
_NO_TUNNEL = frozenset({"pass", "drop"})  # modes of a child SA that has no tunnel
_KEY_AUTHS = ("ike:", "pubkey", "rsa", "ecdsa", "bliss")
# Possessive quantifiers, so that the search for the end of a string takes linear time.
_STRING = re.compile(r'"((?:[^"\\]++|\\.)*+)"', re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", "\n": ""}


class Problem(NamedTuple):
    """An error in a file: its line, and a message that quotes no value of the file."""

    line: int
    message: str


class Vocabulary(NamedTuple):
    """Which settings of a file are stored with their values, and which are only checked."""

    kept: frozenset[str]  # names of the settings whose values are stored
    # Other settings that strongSwan knows: their values are checked, but not stored
    known: Mapping[str, Check] = {}


class Setting(NamedTuple):
    """A setting in a section: its value, its line, and whether strongSwan accepts the value."""

    text: str | None  # the value; "" if it must not be stored; None if the setting has no value
    line: int
    is_valid: bool | None = True  # whether strongSwan accepts it; None if this depends on a version


_UNSET = Setting(None, 0)


@dataclass(frozen=True, slots=True)
class Section:
    """A section of a file, without the values of settings that are not on the allow-list."""

    # A setting without a value is stored too, because it does not inherit a value
    settings: dict[str, Setting] = field(default_factory=dict)
    sections: dict[str, Section] = field(default_factory=dict)  # subsections, in order
    parents: dict[str, int] = field(default_factory=dict)  # inherited sections: name and line
    unknown_lines: list[int] = field(default_factory=list)  # lines of unknown settings
    included_lines: list[int] = field(default_factory=list)  # lines that include another file

    def keep(self, name: str, value: str | None, line: int, vocabulary: Vocabulary) -> None:
        """Add a setting, without its value if the setting is not on the allow-list."""
        if name in vocabulary.kept or (name in vocabulary.known and value is None):
            self.settings[name] = Setting(value, line)
        elif value is not None and name in vocabulary.known:
            self.settings[name] = Setting("", line, vocabulary.known[name](value))
        else:
            self.unknown_lines.append(line)

    def over(self, lower: Section) -> Section:
        """Merge this section with ``lower``; this section's value of a setting is preferred."""
        sections = dict(self.sections)
        for name, one in lower.sections.items():
            sections[name] = sections[name].over(one) if name in sections else one
        return Section(
            settings=lower.settings | self.settings,
            sections=sections,
            unknown_lines=[*self.unknown_lines, *lower.unknown_lines],
            included_lines=[*self.included_lines, *lower.included_lines],
        )


class TextReader:
    """Base class of the parsers: a string, and the position up to which it was parsed."""

    blank: re.Pattern[str]  # blanks within a line
    word: re.Pattern[str]
    ignored = ""  # text that is removed from strings

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.line = 1

    def take(self, pattern: re.Pattern[str]) -> str | None:
        """Return the match of a pattern at the current position, and move past it; else None."""
        found = pattern.match(self.text, self.at)
        if found is None:
            return None
        self.at = found.end()
        self.line += found[0].count("\n")
        return found[0]

    def sees(self, mark: str) -> bool:
        """Check whether a string is at the current position."""
        return self.text.startswith(mark, self.at)

    def skips(self, mark: str) -> bool:
        """Move past a string if it is at the current position; return whether it is there."""
        is_next = self.sees(mark)
        self.at += len(mark) * is_next
        return is_next

    def take_text(self) -> str | None:
        """Parse a word or quoted string, without quotes and escapes; None if there is neither."""
        quoted = self.take(_STRING)
        if quoted is None:
            return self.take(self.word)
        text = quoted[1:-1].replace(self.ignored, "")
        return _ESCAPE.sub(lambda found: _ESCAPED.get(found[1], found[1]), text)

    def take_value(self) -> str | None:
        """Parse a value, and join its words and strings by spaces; None if it is empty."""
        parts = []
        self.take(self.blank)
        while (part := self.take_text()) is not None:
            parts.append(part)
            self.take(self.blank)
        return " ".join(parts) if parts else None


@dataclass(frozen=True, slots=True)
class Values:
    """The settings of a section, and messages about its connection, which quote no value."""

    settings: Mapping[str, Setting] = field(default_factory=dict)
    refusals: list[str] = field(default_factory=list)  # why the daemon does not load the connection
    notes: list[str] = field(default_factory=list)

    def of(self, section: Section, allowed: Container[str]) -> Values:
        """Check a section; return its settings in an object that shares the lists of messages."""
        values = replace(self, settings=section.settings)
        for name, (text, line, is_valid) in section.settings.items():
            if text is not None and name not in allowed:
                values.refuse(f"line {line}:", "an option in the wrong section")
            elif is_valid is False:
                values.refuse(name, "cannot be read")
            elif is_valid is None:
                values.doubt(name, "has a value that only newer versions know")
        return values

    def connection(self, children: Iterable[PeerChild], **fields: Any) -> PeerConnection:
        """Create a connection, and give it the messages that were recorded so far."""
        return PeerConnection(
            children=tuple(one for one in children if one.mode not in _NO_TUNNEL),
            refused="; ".join(self.refusals) or None,
            may_not_load=any(note.endswith(_NOT_LOADED) for note in self.notes),
            notes=tuple(self.notes),
            **fields,
        )

    def text(self, name: str) -> str | None:
        """Return the value of a setting as a string; None if the setting is missing or empty."""
        return self.settings.get(name, _UNSET).text

    def read(self, name: str, parse: Callable[[str], T | None], default: D) -> T | D:
        """Parse a setting; return the default if it is missing, or invalid (which is recorded)."""
        text = self.text(name)
        found = None if text is None else parse(text)
        if found is not None:
            return found
        if text is not None:
            self.refuse(name, "cannot be read")
        return default

    def proposals(self, name: str, protocol: Protocol, texts: Iterable[str]) -> Proposals:
        """Parse proposals, and record those for which strongSwan would not load the connection."""
        found = tuple(parse_proposal(one, protocol=protocol) for one in texts)
        for one in found:
            if one.problem:
                self.refuse(name, f"has {one.problem}")
            elif set(one.unknown) - set(ESN):
                self.doubt(name, "has a keyword that not every version of strongSwan knows")
        return found

    def selectors(
        self, name: str, texts: Iterable[str], dialect: Dialect, traffic: Traffic = ALL_TRAFFIC
    ) -> tuple[Selector, ...]:
        """Parse the traffic selectors of one end of a connection.

        If none can be parsed, the result is one selector, the end's own address. ``traffic`` is the
        protocol and the ports of selectors that state neither.
        """
        parsed = [read_selector(text, dialect, traffic) for text in texts]
        found = tuple(one for one in parsed if one)
        if len(found) < len(parsed):
            if dialect.skips_invalid:
                self.note(name, "has a block that cannot be read: strongSwan skips it")
            else:
                self.refuse(name, "has a selector that cannot be read")
        if any(one.has_unknown_name for one in found):
            record = self.note if dialect.skips_invalid else self.doubt
            record(name, "names a protocol or a port that not every machine knows")
        return found or (DYNAMIC,)

    def refuse(self, subject: str, why: str) -> None:
        """Record why an option or a line prevents strongSwan from loading the connection."""
        self.refusals.append(self._sentence(subject, why))

    def doubt(self, subject: str, why: str) -> None:
        """Record why some daemons, depending on version or machine, do not load the connection."""
        self.note(subject, why + _NOT_LOADED)

    def note(self, subject: str, what: str) -> None:
        """Record a remark on an option or a line that does not prevent loading the connection."""
        self.notes.append(self._sentence(subject, what))

    def _sentence(self, subject: str, what: str) -> str:
        line = self.settings.get(subject, _UNSET).line
        return f"line {line}: {subject} {what}" if line else f"{subject} {what}"


def auth_class(text: str, word: str) -> str | None:
    """Return the kind of an authentication method: pubkey, xauth or eap; None for other methods."""
    if text.startswith(_KEY_AUTHS):
        return "pubkey"
    return next((known for known in ("xauth", "eap") if word.startswith(known)), None)
