"""Parse the syntax of strongswan.conf and swanctl.conf: nested sections of settings.

Settings are filtered by an allow-list: of other settings neither value nor name is stored, and
some sections are dropped entirely. Errors are returned as a :class:`Problem`, not raised: a
traceback would contain the text, and with it the keys.

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

# Possessive, so that an unterminated string takes linear time.
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
    """One section, reduced to the settings that may be stored."""

    # Value and line; None if the setting is empty, which also prevents inheritance
    settings: dict[str, tuple[str | None, int]] = field(default_factory=dict)
    sections: dict[str, Section] = field(default_factory=dict)  # subsections, in order
    # Paths of the sections that it inherits from; the first takes precedence
    parents: list[tuple[str, ...]] = field(default_factory=list)
    # Settings that are not used here: whether strongSwan accepts the value (None if that depends
    # on its version), and the line
    others: dict[str, tuple[bool | None, int]] = field(default_factory=dict)
    # Lines with a setting that strongSwan does not know
    unknown_lines: list[int] = field(default_factory=list)
    included_lines: list[int] = field(default_factory=list)  # lines that include another file


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The settings of a file that may be stored."""

    kept: frozenset[str]  # settings to store
    # Other settings that strongSwan knows: their values are checked, and dropped
    known: Mapping[str, Check] = field(default_factory=dict)
    skipped: frozenset[str] = frozenset()  # top-level sections that are dropped entirely


def parse_settings(text: str, vocabulary: Vocabulary) -> Section | Problem:
    r"""Parse a file's sections.

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
    """A text with a read position; each step returns a Problem, or None."""

    def __init__(self, text: str, vocabulary: Vocabulary) -> None:
        self.text = text
        self.at = 0
        self.line = 1
        self.vocabulary = vocabulary

    def read_body(self, section: Section | None, depth: int) -> Problem | None:
        """Read statements up to the section's end; ``section`` is None if nothing may be stored."""
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
                    return self._problem("a } without its section")
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
        """Read the paths of inherited sections; None if a path is missing."""
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
        """Read a value: its parts joined by spaces, None if there are none."""
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
    """Store a setting if the vocabulary permits it, else only its line or validity."""
    if name in vocabulary.kept:
        section.settings[name] = value, line
    elif name in vocabulary.known:
        check = vocabulary.known[name]
        section.others[name] = value is None or check(value), line
    else:
        section.unknown_lines.append(line)


def _open(section: Section | None, name: str, parents: list[tuple[str, ...]]) -> Section:
    """Open a new section, or continue the section of that name."""
    opened = Section() if section is None else section.sections.setdefault(name, Section())
    opened.parents.extend(path for path in parents if path not in opened.parents)
    return opened


def _unescape(text: str) -> str:
    return _ESCAPE.sub(lambda found: _ESCAPED.get(found[1], found[1]), text.replace("\r", ""))
