"""The syntax of strongswan.conf and swanctl.conf: nested sections of settings.

Read by an allow-list: of a setting that is not asked for nothing is kept, neither value nor name,
and of some sections nothing at all. A file that cannot be read gives a :class:`Problem`, no
exception: a traceback would hold the text, and with it the keys.

References
----------
strongswan.conf(5) of strongSwan 5.9, "Syntax", "Referencing other sections", "Including files".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from vpnframe.peers.model import Problem
from vpnframe.peers.option_values import Check

MAX_DEPTH = 32

# Possessive, so that a string without an end costs one look at each character.
_BLANK = re.compile(r"(?:[\t\r\n ]++|#[^\n]*+)*+")
_INLINE_BLANK = re.compile(r"[\t\r ]*")
_INCLUDE = re.compile(
    r'include[\t ]+(?=[^=])(?:"(?:[^"\\]++|\\.)*+"|(?:\\[\\"#} ]?|[^"\\#}\r\n\t ])*+)'
)
_NAME = re.compile(r'[^#{}:.,="\r\n\t ]+')
_WORD = re.compile(r'[^#}"\r\n\t ]+')
_PATH = re.compile(rf"{_NAME.pattern}(?:\.{_NAME.pattern})*")
_STRING = re.compile(r'"((?:[^"\\]++|\\.)*+)"', re.DOTALL)
_ESCAPE = re.compile(r"\\(\r?\n|.)", re.DOTALL)
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", "\n": "", "\r\n": ""}


@dataclass(frozen=True, slots=True)
class Section:
    """A section, reduced to what may be kept of it."""

    # Value and line; None where a setting was emptied, so that nothing is inherited either
    settings: dict[str, tuple[str | None, int]] = field(default_factory=dict)
    sections: dict[str, Section] = field(default_factory=dict)  # sections inside it, in order
    # Paths of the sections that it inherits from, the first before the second
    parents: list[tuple[str, ...]] = field(default_factory=list)
    # Settings of strongSwan that are of no use here: whether it takes the value, None where that
    # depends on its version, and the line
    others: dict[str, tuple[bool | None, int]] = field(default_factory=dict)
    # Lines with a setting that strongSwan does not have
    unknown_lines: list[int] = field(default_factory=list)
    included_lines: list[int] = field(default_factory=list)  # lines that include another file


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What may be kept of a file."""

    kept: frozenset[str]  # settings to keep
    # Settings that strongSwan has besides: their values are checked, and dropped
    known: Mapping[str, Check] = field(default_factory=dict)
    skipped: frozenset[str] = frozenset()  # top-level sections of which nothing is kept


def parse_settings(text: str, vocabulary: Vocabulary) -> Section | Problem:
    r"""Read a file's sections.

    Examples
    --------
    >>> words = Vocabulary(kept=frozenset({"id"}), skipped=frozenset({"secrets"}))
    >>> root = parse_settings("a {\n id = x y # z\n psk = 1\n}\nsecrets {\n id = q\n}", words)
    >>> root.sections["a"].settings, root.sections["a"].unknown_lines, list(root.sections)
    ({'id': ('x y', 2)}, [3], ['a'])
    """
    root = Section()
    return _SettingsReader(text, vocabulary).read_body(root, 0) or root


class _SettingsReader:
    """A text, and how far it was read; each step gives what is wrong, or None."""

    def __init__(self, text: str, vocabulary: Vocabulary) -> None:
        self.text = text
        self.at = 0
        self.line = 1
        self.vocabulary = vocabulary

    def read_body(self, section: Section | None, depth: int) -> Problem | None:
        """Read statements up to the section's end; into nothing where nothing may be kept."""
        opening_line = self.line
        while True:
            self._skip(_BLANK)
            mark = self.text[self.at : self.at + 1]
            if not mark:
                return (
                    self._problem("a section without its }", line=opening_line) if depth else None
                )
            if mark == "}":
                if not depth:
                    return self._problem("a } too many")
                self.at += 1
                return None
            problem = self._read_statement(section, depth)
            if problem is not None:
                return problem

    def _read_statement(self, section: Section | None, depth: int) -> Problem | None:
        line = self.line
        if self._take(_INCLUDE) is not None:
            if section is not None:
                section.included_lines.append(line)
            return None
        name = self._take(_NAME)
        if name is None:
            return self._problem("neither a section nor a setting")
        self._skip(_BLANK)
        if self.text.startswith("=", self.at):
            self.at += 1
            return self._read_value(section, name, line)
        parents = self._read_parents()
        if parents is None or not self.text.startswith("{", self.at):
            return self._problem("a name without = or {", line=line)
        if depth == MAX_DEPTH:
            return self._problem(f"more than {MAX_DEPTH} sections inside each other")
        self.at += 1
        is_skipped = section is None or (depth == 0 and name in self.vocabulary.skipped)
        return self.read_body(None if is_skipped else _open(section, name, parents), depth + 1)

    def _read_parents(self) -> list[tuple[str, ...]] | None:
        """Read the sections that one inherits from; None where there ought to be some."""
        if not self.text.startswith(":", self.at):
            return []
        found = []
        while self.text.startswith((":", ","), self.at):
            self.at += 1
            self._skip(_BLANK)
            path = self._take(_PATH)
            if path is None:
                return None
            found.append(tuple(path.split(".")))
            self._skip(_BLANK)
        return found

    def _read_value(self, section: Section | None, name: str, line: int) -> Problem | None:
        """Read a value: its parts with one space between them, None where there are none."""
        parts = []
        while True:
            self._skip(_INLINE_BLANK)
            if self.text.startswith('"', self.at):
                part = self._take(_STRING)
                if part is None:
                    return self._problem('a string without its "')
                parts.append(_unescape(part[1:-1]))
                continue
            part = self._take(_WORD)
            if part is None:
                break
            parts.append(part)
        if section is not None:
            _keep(section, name, " ".join(parts) if parts else None, line, self.vocabulary)
        return None

    def _take(self, pattern: re.Pattern[str]) -> str | None:
        found = pattern.match(self.text, self.at)
        if found is None:
            return None
        self.at = found.end()
        self.line += found[0].count("\n")
        return found[0]

    def _skip(self, pattern: re.Pattern[str]) -> None:
        self._take(pattern)

    def _problem(self, message: str, *, line: int | None = None) -> Problem:
        return Problem(line or self.line, message)


def _keep(
    section: Section, name: str, value: str | None, line: int, vocabulary: Vocabulary
) -> None:
    """Keep of a setting what may be kept."""
    if name in vocabulary.kept:
        section.settings[name] = value, line
    elif name in vocabulary.known:
        check = vocabulary.known[name]
        section.others[name] = value is None or check(value), line
    else:
        section.unknown_lines.append(line)


def _open(section: Section | None, name: str, parents: list[tuple[str, ...]]) -> Section:
    """Open a section, or go on with the one of that name."""
    opened = Section() if section is None else section.sections.setdefault(name, Section())
    opened.parents.extend(path for path in parents if path not in opened.parents)
    return opened


def _unescape(text: str) -> str:
    return _ESCAPE.sub(lambda found: _ESCAPED.get(found[1], found[1]), text.replace("\r", ""))
