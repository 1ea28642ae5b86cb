"""The texts of every rule (such as title, reason and remedy), read once from TOML files."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from vpnframe.auditing.verdicts import SEVERITIES
from vpnframe.schema.tables.declaring import FAMILIES

_FILES = ("crypto", "operation", "overlap", "profile")
SEPARATOR = " | "  # between clauses, which may contain commas and semicolons
_UNKNOWN = "not judged: {column} is missing or unknown"
_OF_PROFILE = {
    "severity": "medium",
    "severity_reason": (
        "The severity is high for the profile's verdict must-not, medium for should-not and low for"
        " legacy. It is info if the profile is the baseline, which is not a standard."
    ),
    "why": "The profile rejects this value, or does not know it, and no other rule reports it.",
    "expected": "a value that the profile allows",
    "evidence": "the profile's verdict on {value} is {verdict}",
    "remediation": "Choose a value that the profile allows, on both ends.",
    "basis": "own",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """The texts of one rule, such as title, reason and remedy, and its severity."""

    # rule_id, family: the rule's id, and one of ``FAMILIES``
    rule_id: str
    family: str
    title: str  # a short description of the fault
    severity: str  # one of ``SEVERITIES``; a finding may have a different one
    # severity_reason, why, expected, remediation: sentences or phrases
    severity_reason: str
    why: str
    expected: str
    remediation: str
    # console, api: the console field and the API parameter in which to change the value
    console: str
    api: str
    basis: str  # how well the references are known: verified, secondary, unverified or own
    # evidence, unknown: templates for a row that fails, and for one that cannot be judged
    evidence: str = "{column} is {value}"
    unknown: str = _UNKNOWN
    references: tuple[str, ...] = ()  # clauses of standards

    @property
    def advice(self) -> str:
        """The remediation, followed by the console field and the API parameter if there are any."""
        if self.console == "-":
            return self.remediation
        return f"{self.remediation} Console: {self.console}. API: {self.api}."

    @property
    def cited(self) -> str:
        """The references as one string; each one that was not verified begins with "see"."""
        word = "" if self.basis == "verified" else "see "
        return SEPARATOR.join(f"{word}{reference}" for reference in self.references)


@cache
def texts() -> Mapping[str, Text]:
    """Return the texts of every rule, by rule id."""
    folder = files(__package__)
    sources = (folder.joinpath(f"{name}.toml").read_text(encoding="utf-8") for name in _FILES)
    found = [text for source in sources for text in parse_texts(source)]
    return MappingProxyType({text.rule_id: text for text in found})


def parse_texts(source: str) -> list[Text]:
    """Parse the content of one TOML file; an unknown severity or family is an error."""
    found = []
    for rule_id, table in tomllib.loads(source).items():
        filled = _OF_PROFILE | table if rule_id.startswith("profile-") else table
        references = tuple(filled.get("references", ()))
        text = Text(**filled | {"rule_id": rule_id, "references": references})
        if text.severity not in SEVERITIES:
            raise ValueError(f"{rule_id} has the unknown severity {text.severity!r}")
        if text.family not in FAMILIES:
            raise ValueError(f"{rule_id} has the unknown family {text.family!r}")
        found.append(text)
    return found
