"""Parse the syntax of ipsec.conf: sections of settings, one per line, inherited by ``also=``.

Keywords are filtered by an allow-list, as in :mod:`vpnframe.peers.settings_syntax`. Errors are
returned, not raised: a traceback would contain the text.

References
----------
ipsec.conf(5) of strongSwan 5.9.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from vpnframe.peers import options
from vpnframe.peers.model import Problem

DEFAULT = "%default"
MAX_STEPS = 64

_IGNORED = re.compile(r"[\t ]*(?:#[^\n]*)?(?:\n|\Z)|[\t ]*version[^\n]*(?:\n|\Z)")
_HEADER = re.compile(r"(config setup|conn|ca)(?![^\t\n \"#=])")
_INCLUDE = re.compile(r"[\t ]*include[\t ]+(?=[^=\t ])[^\n]*(?:\n|\Z)")
_BLANK = re.compile(r"[\t ]*")
_LINE_END = re.compile(r"[\t ]*(?:#[^\n]*)?(?:\n|\Z)")
_WORD = re.compile(r'(?:@#)?[^"#= \t\n]+')
# Possessive, so that an unterminated string takes linear time.
_STRING = re.compile(r'"((?:[^"\\]++|\\.)*+)"', re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", "\n": ""}


@dataclass(frozen=True, slots=True)
class ConnSection:
    """One section, reduced to the settings that may be stored."""

    # Value and line; None if the setting is empty, which is the system's default
    settings: dict[str, tuple[str | None, int]] = field(default_factory=dict)
    # Sections that it inherits from, and the lines of also=; the last takes precedence
    also: list[tuple[str, int]] = field(default_factory=list)
    # Keywords that are not used here: whether strongSwan accepts the value, and the line
    others: dict[str, tuple[bool | None, int]] = field(default_factory=dict)
    # Lines with a keyword that strongSwan does not have and ignores
    unknown_lines: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ConnFile:
    """The conn sections of a file, in order, and the lines that include another file."""

    conns: dict[str, ConnSection] = field(default_factory=dict)
    included_lines: list[int] = field(default_factory=list)


def parse_ipsec_conf(text: str) -> ConnFile | Problem:
    r"""Parse the conn sections of an ipsec.conf.

    Examples
    --------
    >>> found = parse_ipsec_conf("conn a\n\tleft=192.0.2.1\nconn b\n\talso=a\n\tpsk=x\n")
    >>> found.conns["b"].settings
    {'left': ('192.0.2.1', 2)}
    """
    reader = _IpsecConfReader(text.replace("\r\n", "\n"))
    problem = reader.read()
    return problem or _inherited(reader.found)


class _IpsecConfReader:
    """A text with a read position; each step returns an error message, or None."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.line = 1
        self.found = ConnFile()
        # Target of settings: config setup and ca sections are not stored.
        self.section: ConnSection | None = None

    def read(self) -> Problem | None:
        """Read every line."""
        while self.at < len(self.text):
            line = self.line
            if self._take(_IGNORED) is not None:
                continue
            if self._take(_INCLUDE) is not None:
                self.found.included_lines.append(line)
                continue
            kind = self._take(_HEADER)
            if kind is not None:
                problem = self._read_header(kind)
            elif self.text.startswith(("\t", " "), self.at):
                problem = self._read_setting()
            else:
                problem = "neither a section nor a setting, which begins with a blank"
            if problem is None and self._take(_LINE_END) is None:
                problem = "more than one name, or a value with = outside of quotes"
            if problem is not None:
                return Problem(line, problem)
        return None

    def _read_header(self, kind: str) -> str | None:
        self._take(_BLANK)
        name = self._take_text()
        if kind != "config setup" and not name:
            return "a section without a name"
        self.section = None
        if kind == "conn" and name:
            self.section = self.found.conns.setdefault(name, ConnSection())
        return None

    def _read_setting(self) -> str | None:
        line = self.line
        self._take(_BLANK)
        name = self._take_text()
        self._take(_BLANK)
        if not name or not self.text.startswith("=", self.at):
            return "a setting without ="
        self.at += 1
        parts = []
        while True:
            self._take(_BLANK)
            part = self._take_text()
            if part is None:
                break
            parts.append(part)
        if self.text.startswith('"', self.at):
            return 'a string without its "'
        if self.section is not None:
            _keep(self.section, name, " ".join(parts) if parts else None, line)
        return None

    def _take_text(self) -> str | None:
        quoted = self._take(_STRING)
        if quoted is not None:
            return _ESCAPE.sub(lambda one: _ESCAPED.get(one[1], one[1]), quoted[1:-1])
        return self._take(_WORD)

    def _take(self, pattern: re.Pattern[str]) -> str | None:
        found = pattern.match(self.text, self.at)
        if found is None:
            return None
        self.at = found.end()
        self.line += found[0].count("\n")
        return found[0]


def _keep(section: ConnSection, name: str, value: str | None, line: int) -> None:
    """Store a setting if the allow-list permits it, else only its line or validity."""
    name = options.CONN_SYNONYMS.get(name, name)
    if name == "also":
        if value and value != DEFAULT:
            section.also.append((value, line))
    elif name in options.CONN:
        section.settings[name] = (value, line)
    elif name in options.CONN_OTHERS:
        section.others[name] = value is None or options.CONN_OTHERS[name](value), line
    else:
        section.unknown_lines.append(line)


def _inherited(file: ConnFile) -> ConnFile | Problem:
    """Return every section with what it inherits, after resolving precedence."""
    found, orders = {}, dict[str, list[str]]()
    for name in file.conns:
        problem = _linearise(name, file.conns, (), orders)
        if problem is not None:
            return problem
        sections = [file.conns[one] for one in orders[name]]
        inherited = ConnSection()
        for section in reversed(sections):
            inherited.settings.update(section.settings)
            inherited.others.update(section.others)
        inherited.unknown_lines.extend(
            sorted(line for section in sections for line in section.unknown_lines)
        )
        found[name] = inherited
    found.pop(DEFAULT, None)
    return ConnFile(found, file.included_lines)


def _linearise(
    name: str,
    conns: dict[str, ConnSection],
    below: tuple[str, ...],
    orders: dict[str, list[str]],
) -> Problem | None:
    """Record the order of a section and its ancestors, highest precedence first."""
    if name in orders:
        return None
    order = [name]
    for parent, line in reversed(conns[name].also if name != DEFAULT else []):
        if parent not in conns:
            return Problem(line, "also= names a section that is not there")
        if parent in (*below, name) or len(below) >= MAX_STEPS:
            return Problem(line, f"also= leads in a circle, or over more than {MAX_STEPS} steps")
        problem = _linearise(parent, conns, (*below, name), orders)
        if problem is not None:
            return problem
        order += orders[parent]
    if DEFAULT in conns and name != DEFAULT:
        order.append(DEFAULT)
    last = {one: position for position, one in enumerate(order)}
    orders[name] = sorted(last, key=last.__getitem__)
    return None
