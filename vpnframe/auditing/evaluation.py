"""Evaluate all rules and profiles on one fleet: faults, their causes, and unknown results."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from vpnframe.auditing.drafts import Draft, draft, single
from vpnframe.auditing.fleet import READ, Fleet
from vpnframe.auditing.logic import NO, UNKNOWN, YES, Mask, equals, flags, marked
from vpnframe.auditing.profiles.profiles import COLUMNS, Profile
from vpnframe.auditing.profiling import Opinion, cite, opinions, profile_drafts
from vpnframe.auditing.rules import RULES
from vpnframe.auditing.texts import texts
from vpnframe.auditing.verdicts import NO_KEY, VALUE_UNKNOWN, Rule, Verdicts, judged

_ENOUGH_BITS, _CEILING_BITS = 112, 128
_BEST_GROUP = 14


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The results of all rules and profiles for a fleet."""

    # The findings of each rule, and the numbers of rows that pass, fail and cannot be judged
    results: tuple[tuple[Draft, tuple[int, int, int]], ...]
    opinions: tuple[Opinion, ...]  # in the order of the profiles
    others: tuple[Draft, ...]  # findings of profiles, on ceilings, and on unread regions

    def drafts(self) -> list[Draft]:
        """Return all findings, those of rules first."""
        return [*(made for made, _ in self.results), *self.others]


def evaluate(
    fleet: Fleet, *, profiles: Sequence[Profile] = (), rules: Sequence[Rule] = RULES
) -> Evaluation:
    """Judge a fleet by all given rules and profiles."""
    judged_by = opinions(fleet, profiles)
    verdicts = {rule.rule_id: rule.judge(fleet) for rule in rules}
    failing = {name: _by_connection(fleet, one, YES) for name, one in verdicts.items()}
    unknown = {name: _by_connection(fleet, one, UNKNOWN) for name, one in verdicts.items()}
    results = []
    for rule in rules:
        one = verdicts[rule.rule_id]
        cited = cite(judged_by, rule.columns, one.position) if rule.columns else None
        made = draft(fleet, one, texts()[rule.rule_id], cited=cited)
        if made.kind == "connections":
            made = _without_implied(_with_causes(made, rule, failing), rule, unknown)
        results.append((_at_once(made, one), one.counts()))
    covered = _covered(fleet, rules, verdicts)
    others = [one for opinion in judged_by for one in profile_drafts(fleet, opinion, covered)]
    others += [*_ceiling(fleet), *_coverage(fleet)]
    return Evaluation(tuple(results), tuple(judged_by), tuple(others))


def _by_connection(fleet: Fleet, verdicts: Verdicts, wanted: int) -> Mask:
    """Mark the connections that have a row with the wanted result."""
    if verdicts.table in ("gateways", "coverage"):
        return np.zeros(fleet.n_connections, bool)
    rows = verdicts.position[verdicts.result == wanted]
    return marked(fleet.n_connections, fleet.subjects_of(verdicts.table)[rows])


def _with_causes(made: Draft, rule: Rule, failing: Mapping[str, Mask]) -> Draft:
    """Set each fault's cause: the first rule in ``implied_by`` that fails on its connection."""
    cause = made.cause.copy()
    for name in reversed(rule.implied_by):
        if name in failing:
            cause[made.is_open & failing[name][made.subject]] = name
    return replace(made, cause=cause)


def _without_implied(made: Draft, rule: Rule, unknown: Mapping[str, Mask]) -> Draft:
    """Drop unknown findings on connections for which a rule in ``implied_by`` is unknown too."""
    is_implied = np.zeros(len(made), bool)
    for name in rule.implied_by:
        if name in unknown:
            is_implied |= unknown[name][made.subject]
    return made.keep(made.is_open | ~is_implied)


def _at_once(made: Draft, verdicts: Verdicts) -> Draft:
    """Merge the findings of a rule into one if the rule could not judge any row."""
    n_passed, n_failed, _ = verdicts.counts()
    if n_passed or n_failed or len(made) < 2:
        return made
    evidence = f"{made.evidence[0]} (all {len(verdicts.position):,} {verdicts.table})"
    return single(made.text, column=verdicts.column, evidence=evidence, is_open=False)


def _covered(
    fleet: Fleet, rules: Iterable[Rule], verdicts: Mapping[str, Verdicts]
) -> dict[str, Mask]:
    """Map each column to a mask of the tunnels whose value in it a rule already reports."""
    covered = {column: np.zeros(len(fleet.tunnels), bool) for column in COLUMNS}
    for rule in rules:
        one = verdicts[rule.rule_id]
        for column in rule.columns:
            covered[column][one.position[one.result != NO]] = True
    for column, mask in covered.items():
        is_of_key = column == "psk_bits"
        unknown = verdicts.get(NO_KEY if is_of_key else VALUE_UNKNOWN)
        if unknown is not None:
            table = fleet.keys if is_of_key else fleet.tunnels
            rows = unknown.position[unknown.result == UNKNOWN]
            mask[rows] |= flags(table[column].isna())[rows]
    return covered


def is_at_ceiling(fleet: Fleet) -> Mask:
    """Mark tunnels that have under 128 bits only because the cloud offers no stronger DH group."""
    bits, weakest = fleet.strength["effective_bits"], fleet.strength["weakest_component"]
    is_between = flags((bits >= _ENOUGH_BITS) & (bits < _CEILING_BITS))
    is_best = equals(fleet.tunnels["ike_dh_group"], _BEST_GROUP)
    is_held = equals(weakest, "ike_dh_group")
    found: Mask = is_between & is_best & is_held & ~fleet.is_sm
    return found


def _ceiling(fleet: Fleet) -> list[Draft]:
    """Return one finding if tunnels have under 128 bits because no stronger group is offered."""
    at = is_at_ceiling(fleet)
    if not at.any():
        return []
    n = len(np.unique(fleet.of_tunnel[at]))
    told = f"112 to 127 effective bits: group 14 is the best on offer; connections: {n:,}"
    return [single(texts()["platform-ceiling"], column="effective_bits", evidence=told)]


def _coverage(fleet: Fleet) -> list[Draft]:
    """Return a finding for each region that was not read completely."""
    text = texts()["vpn-coverage"]
    if not len(fleet.coverage):
        return [single(text, column="status", evidence="nothing was read", is_open=False)]
    is_read = flags(fleet.coverage["status"].isin(READ))
    verdicts = judged(np.where(is_read, NO, UNKNOWN))
    made = draft(fleet, replace(verdicts, table="coverage", column="status"), text)
    return [made] if len(made) else []
