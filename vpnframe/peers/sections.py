"""Read the sections of settings that make up swanctl.conf and ipsec.conf.

Only settings on an allow-list are stored; of unknown settings only the line number is stored.
Errors are returned as a :class:`Problem`, not raised: a traceback would contain the file's text,
and so its pre-shared keys.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple, TypeVar

from vpnframe.peers.model import Proposals, Protocol
from vpnframe.peers.tokens import ESN, parse_proposal

T = TypeVar("T")
D = TypeVar("D")

# Returns whether strongSwan accepts a value; None if that depends on its version.
Check = Callable[[str], bool | None]

_NOT_LOADED = ": where it is not known, the connection is not loaded"
NO_TUNNEL = frozenset({"pass", "drop"})  # modes of a child SA that has no tunnel
_KEY_AUTHS = ("ike:", "pubkey", "rsa", "ecdsa", "bliss")
# Possessive quantifiers, so that the search for the end of a string takes linear time.
_STRING = re.compile(r'"((?:[^"\\]++|\\.)*+)"', re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", "\n": ""}


class Problem(NamedTuple):
    """Why a file cannot be read: a line, and a message that quotes nothing from the file."""

    line: int
    message: str


class Vocabulary(NamedTuple):
    """The settings of a file that may be stored."""

    kept: frozenset[str]  # names of the settings whose values are stored
    # Other settings that strongSwan knows: their values are checked, but not stored
    known: Mapping[str, Check] = {}
    skipped: frozenset[str] = frozenset()  # top-level sections that are not stored


@dataclass(frozen=True, slots=True)
class Section:
    """One section of a file, with only the settings that may be stored."""

    # Value and line; None if the setting is empty, which also prevents inheritance
    settings: dict[str, tuple[str | None, int]] = field(default_factory=dict)
    sections: dict[str, Section] = field(default_factory=dict)  # subsections, in order
    parents: dict[str, int] = field(default_factory=dict)  # inherited sections: name and line
    # Settings that are not compared: whether strongSwan accepts the value, and the line
    others: dict[str, tuple[bool | None, int]] = field(default_factory=dict)
    unknown_lines: list[int] = field(default_factory=list)  # lines of unknown settings
    included_lines: list[int] = field(default_factory=list)  # lines that include another file

    def keep(self, name: str, value: str | None, line: int, vocabulary: Vocabulary) -> None:
        """Store a setting if the vocabulary permits it, else its line and whether it is valid."""
        if name in vocabulary.kept:
            self.settings[name] = value, line
        elif name in vocabulary.known:
            self.others[name] = value is None or vocabulary.known[name](value), line
        else:
            self.unknown_lines.append(line)

    def over(self, lower: Section) -> Section:
        """Merge two sections; this section's settings take precedence over those of ``lower``."""
        sections = dict(self.sections)
        for name, one in lower.sections.items():
            sections[name] = sections[name].over(one) if name in sections else one
        return Section(
            settings=lower.settings | self.settings,
            sections=sections,
            others=lower.others | self.others,
            unknown_lines=[*self.unknown_lines, *lower.unknown_lines],
            included_lines=[*self.included_lines, *lower.included_lines],
        )


class TextReader:
    """A text with a read position; the subclasses define what blanks and words are."""

    blank: re.Pattern[str]  # blanks within a line
    word: re.Pattern[str]
    ignored = ""  # text that is removed from strings

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.line = 1

    def take(self, pattern: re.Pattern[str]) -> str | None:
        """Read the text that matches a pattern at the read position; None if nothing matches."""
        found = pattern.match(self.text, self.at)
        if found is None:
            return None
        self.at = found.end()
        self.line += found[0].count("\n")
        return found[0]

    def sees(self, mark: str) -> bool:
        """Check whether a mark follows at the read position."""
        return self.text.startswith(mark, self.at)

    def skips(self, mark: str) -> bool:
        """Move past a mark if it follows; return whether it does."""
        is_next = self.sees(mark)
        self.at += len(mark) * is_next
        return is_next

    def take_text(self) -> str | None:
        """Read a string (without quotes and escapes) or a word; None if neither follows."""
        quoted = self.take(_STRING)
        if quoted is None:
            return self.take(self.word)
        text = quoted[1:-1].replace(self.ignored, "")
        return _ESCAPE.sub(lambda found: _ESCAPED.get(found[1], found[1]), text)

    def take_value(self) -> str | None:
        """Read the words and strings of a value, joined by spaces; None if there are none."""
        parts = []
        self.take(self.blank)
        while (part := self.take_text()) is not None:
            parts.append(part)
            self.take(self.blank)
        return " ".join(parts) if parts else None


@dataclass(frozen=True, slots=True)
class Values:
    """The settings of one section, and messages about its connection, which quote no value."""

    settings: Mapping[str, tuple[str | None, int]] = field(default_factory=dict)
    refusals: list[str] = field(default_factory=list)  # why the daemon does not load the connection
    notes: list[str] = field(default_factory=list)

    def of(self, section: Section) -> Values:
        """Return the values of a section of this connection; both objects share the messages."""
        lines = {name: (None, line) for name, (_, line) in section.others.items()}
        return replace(self, settings=section.settings | lines)

    @property
    def may_not_load(self) -> bool:
        """Whether some versions of strongSwan, or some machines, do not load the connection."""
        return any(note.endswith(_NOT_LOADED) for note in self.notes)

    def text(self, name: str) -> str | None:
        """Return the text of a setting; None if it is not set."""
        return self.settings.get(name, (None, 0))[0]

    def read(self, name: str, parse: Callable[[str], T | None], default: D) -> T | D:
        """Return a setting's parsed value; the default if it is missing or cannot be parsed."""
        text = self.text(name)
        found = None if text is None else parse(text)
        if found is not None:
            return found
        if text is not None:
            self.refuse(name, "cannot be read")
        return default

    def proposals(self, name: str, protocol: Protocol, texts: Iterable[str]) -> Proposals:
        """Parse proposals; strongSwan does not load a connection that has an invalid proposal."""
        found = tuple(parse_proposal(one, protocol=protocol) for one in texts)
        for one in found:
            if one.problem:
                self.refuse(name, f"has {one.problem}")
            elif set(one.unknown) - set(ESN):
                self.doubt(name, "has a word that not every version of strongSwan knows")
        return found

    def refuse(self, subject: str, why: str) -> None:
        """Record why strongSwan does not load the connection; ``subject``: an option or a line."""
        self.refusals.append(self._sentence(subject, why))

    def doubt(self, subject: str, why: str) -> None:
        """Record why some versions or machines do not load the connection."""
        self.note(subject, why + _NOT_LOADED)

    def note(self, subject: str, what: str) -> None:
        """Record a note about an option or a line."""
        self.notes.append(self._sentence(subject, what))

    def _sentence(self, subject: str, what: str) -> str:
        line = self.settings.get(subject, (None, 0))[1]
        return f"line {line}: {subject} {what}" if line else f"{subject} {what}"


def auth_class(text: str, word: str) -> str | None:
    """Return the class of an authentication method, without its constraints; None if unknown.

    ``word`` is ``text`` in the form that the daemon compares with names of XAuth and EAP methods.
    """
    if text.startswith(_KEY_AUTHS):
        return "pubkey"
    return next((known for known in ("xauth", "eap") if word.startswith(known)), None)
