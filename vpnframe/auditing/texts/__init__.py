"""What every rule says, as data: TOML files, read once and checked."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from vpnframe.auditing.verdicts import SEVERITIES
from vpnframe.schema.tables.parts import FAMILIES

_FILES = ("crypto", "operation", "overlap", "profile")
SEPARATOR = " | "  # between clauses, which hold every other mark themselves
_UNKNOWN = "not judged: {column} is not told, or not known"
_OF_PROFILE = {
    "severity": "medium",
    "severity_reason": "must-not is high, should-not medium, legacy low.",
    "why": "The profile has a verdict on the value, and no rule of its own speaks of it.",
    "expected": "a value that the profile allows",
    "evidence": "{value} is {verdict}",
    "remediation": "Choose a value that the profile allows, on both ends.",
    "basis": "own",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """What one rule says."""

    # rule_id, family: its name, and one of ``FAMILIES``
    rule_id: str
    family: str
    title: str  # in a few words, what is wrong
    severity: str  # one of ``SEVERITIES``; a row may have another one
    # severity_reason, why, expected, remediation: in sentences
    severity_reason: str
    why: str
    expected: str
    remediation: str
    # console, api: where to change it: the console's field, the API's parameter
    console: str
    api: str
    basis: str  # how well those are known: verified, secondary, unverified or own
    # evidence, unknown: templates for a row that fails, and for one that can't be judged
    evidence: str = "{column} is {value}"
    unknown: str = _UNKNOWN
    references: tuple[str, ...] = field(default=())  # clauses

    @property
    def advice(self) -> str:
        """What to do and where, in one text."""
        if self.console == "-":
            return self.remediation
        return f"{self.remediation} Console: {self.console}. API: {self.api}."

    @property
    def cited(self) -> str:
        """The references in one text; those that were not checked are to be seen, not proof."""
        word = "" if self.basis == "verified" else "see "
        return SEPARATOR.join(f"{word}{reference}" for reference in self.references)


@cache
def texts() -> Mapping[str, Text]:
    """Give what every rule says.

    Examples
    --------
    >>> texts()["vpn-ike-des"].severity
    'critical'
    """
    found = [text for name in _FILES for text in parse_texts(_read(name))]
    return MappingProxyType({text.rule_id: text for text in found})


def parse_texts(source: str) -> list[Text]:
    """Read the texts of one file, and check them."""
    read = [_text(name, table) for name, table in tomllib.loads(source).items()]
    for text in read:
        if text.severity not in SEVERITIES:
            raise ValueError(f"{text.rule_id} has the severity {text.severity!r}")
        if text.family not in FAMILIES:
            raise ValueError(f"{text.rule_id} has the family {text.family!r}")
    return read


def _read(name: str) -> str:
    return files(__package__).joinpath(f"{name}.toml").read_text(encoding="utf-8")


def _text(rule_id: str, table: Mapping[str, Any]) -> Text:
    filled = {**_OF_PROFILE, **table} if rule_id.startswith("profile-") else dict(table)
    filled["references"] = tuple(filled.get("references", ()))
    return Text(rule_id=rule_id, **filled)
