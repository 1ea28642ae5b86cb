"""Evaluate all rules and profiles on one fleet: faults, their causes, and unknown results."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from vpnframe.auditing.drafts import Cited, Draft, draft, single
from vpnframe.auditing.fleet import Fleet
from vpnframe.auditing.logic import NO, UNKNOWN, YES, Mask, Truth, flags
from vpnframe.auditing.profiles.profiles import COLUMNS, Profile
from vpnframe.auditing.profiling import Opinion, cite, opinions, profile_drafts
from vpnframe.auditing.rules import RULES
from vpnframe.auditing.texts import texts
from vpnframe.auditing.verdicts import PASS, Rule, Verdicts
from vpnframe.auditing.worth import is_at_ceiling

_READ = ("complete", "absent", "skipped")


@dataclass(frozen=True, slots=True)
class Result:
    """The result of one rule."""

    rule: Rule  # the rule
    counts: tuple[int, int, int]  # numbers of rows that pass, fail, and cannot be judged
    # Its findings, without unjudgeable ones whose cause has a finding
    draft: Draft


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The results of all rules and profiles for a fleet."""

    results: tuple[Result, ...]  # in the order of the rules
    opinions: tuple[Opinion, ...]  # in the order of the profiles
    others: tuple[Draft, ...]  # findings of profiles, ceilings, and regions that were not read

    def drafts(self) -> list[Draft]:
        """Return all findings, those of rules first."""
        return [*(result.draft for result in self.results), *self.others]


def evaluate(
    fleet: Fleet, *, profiles: Sequence[Profile] = (), rules: Sequence[Rule] = RULES
) -> Evaluation:
    """Judge a fleet by all given rules and profiles."""
    heard = opinions(fleet, profiles)
    verdicts = {rule.rule_id: rule.judge(fleet) for rule in rules}
    failing = {name: _by_connection(fleet, one, YES) for name, one in verdicts.items()}
    unknown = {name: _by_connection(fleet, one, UNKNOWN) for name, one in verdicts.items()}
    results = []
    for rule in rules:
        one = verdicts[rule.rule_id]
        made = draft(fleet, one, texts()[rule.rule_id], cited=_cited(heard, rule, one))
        made = _with_causes(made, rule, failing)
        made = _without_implied(made, rule, unknown)
        results.append(Result(rule, one.counts(), _at_once(made, one)))
    covered = _covered(fleet, rules, verdicts)
    others = [one for opinion in heard for one in profile_drafts(fleet, opinion, covered)]
    others += [*_ceiling(fleet), *_coverage(fleet)]
    return Evaluation(tuple(results), tuple(heard), tuple(others))


def _cited(heard: Sequence[Opinion], rule: Rule, verdicts: Verdicts) -> Cited | None:
    """Return the profiles' verdicts on the values that a rule judges."""
    return cite(heard, rule.columns, verdicts.position) if rule.columns else None


def _by_connection(fleet: Fleet, verdicts: Verdicts, wanted: int) -> Mask:
    """Return the mask of connections that have a row with the wanted result."""
    owners = {
        "tunnels": fleet.of_tunnel,
        "subnets": fleet.of_subnet,
        "overlaps": fleet.of_overlap,
        "connections": np.arange(fleet.n_connections),
    }
    found = np.zeros(fleet.n_connections, bool)
    if verdicts.table in owners:
        found[owners[verdicts.table][verdicts.position[verdicts.result == wanted]]] = True
    return found


def _with_causes(made: Draft, rule: Rule, failing: Mapping[str, Mask]) -> Draft:
    """Set the cause of each fault: the first implying rule that fails on the same connection."""
    cause = made.cause.copy()
    is_bare = made.is_open & (made.connection >= 0)
    for name in rule.implied_by:
        if name in failing:
            is_named = np.array([one is None for one in cause], bool)
            cause[is_bare & is_named & failing[name][made.connection]] = name
    return replace(made, cause=cause)


def _without_implied(made: Draft, rule: Rule, unknown: Mapping[str, Mask]) -> Draft:
    """Drop findings that cannot be judged if a rule that implies them is also unknown there."""
    is_implied = np.zeros(len(made), bool)
    for name in rule.implied_by:
        if name in unknown:
            is_implied |= unknown[name][made.connection]
    return made.keep(made.is_open | ~is_implied | (made.connection < 0))


def _at_once(made: Draft, verdicts: Verdicts) -> Draft:
    """Merge the findings into one if the rule could not be judged anywhere."""
    n_passed, n_failed, _ = verdicts.counts()
    if n_passed or n_failed or len(made) < 2:
        return made
    evidence = f"{made.evidence[0]} (all {len(verdicts.position):,} {verdicts.table})"
    return single(made.text, column=verdicts.column, evidence=evidence, is_open=False)


def _covered(
    fleet: Fleet, rules: Iterable[Rule], verdicts: Mapping[str, Verdicts]
) -> dict[str, Mask]:
    """Map each column to the tunnels whose value a rule already reports."""
    covered = {column: np.zeros(len(fleet.tunnels), bool) for column in COLUMNS}
    for rule in rules:
        one = verdicts[rule.rule_id]
        rows = one.position[one.result != PASS]
        for column in rule.columns:
            covered[column][rows] = True
    nobody_knows = {
        "psk_bits": verdicts.get("vpn-psk-unavailable"),
        **{column: verdicts.get("vpn-value-unknown") for column in COLUMNS if column != "psk_bits"},
    }
    for column, unknown in nobody_knows.items():
        if unknown is not None:
            rows = unknown.position[unknown.result == UNKNOWN]
            covered[column][rows] |= _is_null(fleet, column)[rows]
    return covered


def _is_null(fleet: Fleet, column: str) -> Mask:
    table = fleet.keys if column == "psk_bits" else fleet.tunnels
    return flags(table[column].isna())


def _ceiling(fleet: Fleet) -> list[Draft]:
    """Return one finding if the best group on offer limits tunnels to under 128 bits."""
    at = is_at_ceiling(fleet)
    if not at.any():
        return []
    n = len(np.unique(fleet.of_tunnel[at]))
    told = f"112 to 127 effective bits: group 14 is the best on offer; connections: {n:,}"
    return [single(texts()["platform-ceiling"], column="effective_bits", evidence=told)]


def _coverage(fleet: Fleet) -> list[Draft]:
    """Return a finding for each region that was not read completely."""
    is_read = flags(fleet.coverage["status"].isin(_READ))
    result: Truth = np.where(is_read, NO, UNKNOWN).astype(np.uint8)
    verdicts = Verdicts(
        table="coverage",
        position=np.arange(len(result), dtype=np.int64),
        result=result,
        column="status",
    )
    made = draft(fleet, verdicts, texts()["vpn-coverage"])
    if len(fleet.coverage):
        return [made] if len(made) else []
    nothing = "nothing was read"
    return [single(texts()["vpn-coverage"], column="status", evidence=nothing, is_open=False)]
