"""Sections of settings, which both of strongSwan's files consist of, and a reader of their text.

Settings are filtered by an allow-list: of other settings neither value nor name is stored. Errors
are returned as a :class:`Problem`, not raised: a traceback would contain the text, and with it the
keys.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

# Returns True or False, or None if that depends on the version.
Check = Callable[[str], bool | None]

# Possessive, so that an unterminated string takes linear time.
_STRING = re.compile(r'"((?:[^"\\]++|\\.)*+)"', re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", "\n": ""}


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a file cannot be read: a line, and a message that quotes nothing from the file."""

    line: int
    message: str


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The settings of a file that may be stored."""

    kept: frozenset[str]  # settings to store
    # Other settings that strongSwan knows: their values are checked, and dropped
    known: Mapping[str, Check] = field(default_factory=dict)
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
