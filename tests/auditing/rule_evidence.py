"""The evidence of every rule's cases, as it is and as it must be."""

from __future__ import annotations

from functools import cache

from audit_helpers import BY_ID, fleet_of
from rule_cases import CASES, SPECS

from vpnframe.auditing.drafts import draft
from vpnframe.auditing.fleet import Fleet
from vpnframe.auditing.texts import Text, texts
from vpnframe.auditing.verdicts import Verdicts

Told = list[tuple[str, str]]  # of what case, and the evidence


@cache
def judged(rule_id: str) -> tuple[tuple[str, Fleet, Verdicts], ...]:
    """The verdicts on the cases that do not pass."""
    case = CASES[rule_id]
    fleets = [
        (word, fleet_of(make()))
        for word, make in (("fail", case.fails), ("unknown", case.unknown))
        if make is not None
    ]
    return tuple((word, fleet, BY_ID[rule_id].judge(fleet)) for word, fleet in fleets)


def evidence_of(rule_id: str, *, text: Text | None = None) -> Told:
    """What is said of those cases."""
    told: Told = []
    for word, fleet, verdicts in judged(rule_id):
        found = draft(fleet, verdicts, text or texts()[rule_id])
        is_meant = found.is_open == (word == "fail")
        told += [(word, evidence) for evidence in found.evidence[is_meant]]
    return told


def told_of(rule_id: str) -> Told:
    """What must be said."""
    spec = SPECS[rule_id]
    return [("fail", text) for text in spec.fail] + [("unknown", text) for text in spec.unknown]
