"""Sections of settings, which both of strongSwan's files consist of: their text and their values.

Settings are filtered by an allow-list: of other settings neither value nor name is stored. Errors
are returned as a :class:`Problem`, not raised: a traceback would contain the text, and with it the
keys.
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

# Returns True or False, or None if that depends on the version.
Check = Callable[[str], bool | None]

_NOT_LOADED = ": where it is not known, the connection is not loaded"
NO_TUNNEL = frozenset({"pass", "drop"})  # modes of a child SA that carry nothing
_KEY_AUTHS = ("ike:", "pubkey", "rsa", "ecdsa", "bliss")
# Possessive, so that an unterminated string takes linear time.
_STRING = re.compile(r'"((?:[^"\\]++|\\.)*+)"', re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", "\n": ""}


class Problem(NamedTuple):
    """Why a file cannot be read: a line, and a message that quotes nothing from the file."""

    line: int
    message: str


class Vocabulary(NamedTuple):
    """The settings of a file that may be stored."""

    kept: frozenset[str]  # settings to store
    # Other settings that strongSwan knows: their values are checked, and dropped
    known: Mapping[str, Check] = {}
    skipped: frozenset[str] = frozenset()  # top-level sections that are dropped entirely


@dataclass(frozen=True, slots=True)
class Section:
    """One section, reduced to the settings that may be stored."""

    # Value and line; None if the setting is empty, which also prevents inheritance
    settings: dict[str, tuple[str | None, int]] = field(default_factory=dict)
    sections: dict[str, Section] = field(default_factory=dict)  # subsections, in order
    parents: dict[str, int] = field(default_factory=dict)  # inherited sections, with the line
    # Settings that are not used here: whether strongSwan accepts the value, and the line
    others: dict[str, tuple[bool | None, int]] = field(default_factory=dict)
    unknown_lines: list[int] = field(default_factory=list)  # settings that strongSwan lacks
    included_lines: list[int] = field(default_factory=list)  # lines that include another file

    def keep(self, name: str, value: str | None, line: int, vocabulary: Vocabulary) -> None:
        """Store a setting if the vocabulary permits it, else only its line or validity."""
        if name in vocabulary.kept:
            self.settings[name] = value, line
        elif name in vocabulary.known:
            self.others[name] = value is None or vocabulary.known[name](value), line
        else:
            self.unknown_lines.append(line)

    def over(self, lower: Section) -> Section:
        """Merge two sections: the settings of this one take precedence."""
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

    blank: re.Pattern[str]  # within a line
    word: re.Pattern[str]
    ignored = ""  # what strings leave out

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.line = 1

    def take(self, pattern: re.Pattern[str]) -> str | None:
        """Read what matches a pattern here; None if nothing does."""
        found = pattern.match(self.text, self.at)
        if found is None:
            return None
        self.at = found.end()
        self.line += found[0].count("\n")
        return found[0]

    def sees(self, mark: str) -> bool:
        """Check whether a mark is next."""
        return self.text.startswith(mark, self.at)

    def skips(self, mark: str) -> bool:
        """Read a mark if it is next."""
        is_next = self.sees(mark)
        self.at += len(mark) * is_next
        return is_next

    def take_text(self) -> str | None:
        """Read a string, without its quotes and escapes, or a word."""
        quoted = self.take(_STRING)
        if quoted is None:
            return self.take(self.word)
        text = quoted[1:-1].replace(self.ignored, "")
        return _ESCAPE.sub(lambda found: _ESCAPED.get(found[1], found[1]), text)

    def take_value(self) -> str | None:
        """Read a value: its parts joined by spaces; None if there are none."""
        parts = []
        self.take(self.blank)
        while (part := self.take_text()) is not None:
            parts.append(part)
            self.take(self.blank)
        return " ".join(parts) if parts else None


@dataclass(frozen=True, slots=True)
class Values:
    """The settings of one section, and what is wrong with its connection; no value is shown."""

    settings: Mapping[str, tuple[str | None, int]] = field(default_factory=dict)
    refusals: list[str] = field(default_factory=list)  # why the daemon does not load it
    notes: list[str] = field(default_factory=list)

    def of(self, section: Section) -> Values:
        """Return the values of a section of the same connection."""
        lines = {name: (None, line) for name, (_, line) in section.others.items()}
        return replace(self, settings=section.settings | lines)

    @property
    def may_not_load(self) -> bool:
        """Whether some versions or machines do not load it."""
        return any(note.endswith(_NOT_LOADED) for note in self.notes)

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

    def proposals(self, name: str, protocol: Protocol, texts: Iterable[str]) -> Proposals:
        """Parse proposals; strongSwan loads no connection with an invalid one."""
        found = tuple(parse_proposal(one, protocol=protocol) for one in texts)
        for one in found:
            if one.problem:
                self.refuse(name, f"has {one.problem}")
            elif set(one.unknown) - set(ESN):
                self.doubt(name, "has a word that not every version of strongSwan knows")
        return found

    def refuse(self, subject: str, why: str) -> None:
        """Record why strongSwan does not load the connection; the subject is mostly an option."""
        self.refusals.append(self._sentence(subject, why))

    def doubt(self, subject: str, why: str) -> None:
        """Record why some daemons do not load the connection."""
        self.note(subject, why + _NOT_LOADED)

    def note(self, subject: str, what: str) -> None:
        """Record a note."""
        self.notes.append(self._sentence(subject, what))

    def _sentence(self, subject: str, what: str) -> str:
        line = self.settings.get(subject, (None, 0))[1]
        return f"line {line}: {subject} {what}" if line else f"{subject} {what}"


def auth_class(text: str, word: str) -> str | None:
    """Return the class of an authentication, without its constraints; None if unknown.

    ``word`` is the text as the daemon compares it with the methods of IKEv1 and EAP.
    """
    if text.startswith(_KEY_AUTHS):
        return "pubkey"
    return next((known for known in ("xauth", "eap") if word.startswith(known)), None)
