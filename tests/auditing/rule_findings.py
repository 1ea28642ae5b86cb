"""What a rule's verdicts come to, in words: for the tests of rules, and for those of mutants."""

from __future__ import annotations

from audit_helpers import WORDS

from vpnframe.auditing.drafts import Draft, draft
from vpnframe.auditing.fleet import Fleet
from vpnframe.auditing.texts import texts
from vpnframe.auditing.verdicts import SEVERITIES, Verdicts


def words_of(verdicts: Verdicts) -> list[str]:
    """The results row by row."""
    return [WORDS[result] for result in verdicts.result.tolist()]


def severities_of(verdicts: Verdicts, rule_id: str) -> set[str]:
    """How bad what fails is."""
    failing = verdicts.result == 1
    if verdicts.severity is None:
        return {texts()[rule_id].severity} if failing.any() else set()
    return {SEVERITIES[code] for code in verdicts.severity[failing]}


def findings_of(fleet: Fleet, verdicts: Verdicts, rule_id: str) -> Draft:
    """The findings that are made of verdicts."""
    return draft(fleet, verdicts, texts()[rule_id])
