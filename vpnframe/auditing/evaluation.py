"""Apply all rules and profiles to one fleet, and find which findings explain other findings."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from vpnframe.auditing.drafts import Draft, draft, single
from vpnframe.auditing.fleet import READ, Fleet
from vpnframe.auditing.logic import NO, UNKNOWN, YES, Mask, equals, flags, marked
from vpnframe.auditing.profiles.profiles import COLUMNS, Profile
from vpnframe.auditing.profiling import Opinion, cite, opinions, profile_drafts
from vpnframe.auditing.rules import RULES
from vpnframe.auditing.texts import texts
from vpnframe.auditing.verdicts import COVERAGE, NO_KEY, VALUE_UNKNOWN, Rule, Verdicts, judged

_ENOUGH_BITS, _CEILING_BITS = 112, 128
_BEST_GROUP = 14

Counts = tuple[int, int, int]  # rows that pass, rows that fail, and rows that cannot be judged


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The results of all rules and profiles for a fleet."""

    # The findings of each rule, and the numbers of rows that pass, fail and cannot be judged
    results: tuple[tuple[Draft, Counts], ...]
    opinions: tuple[Opinion, ...]  # in the order of the profiles
    # Findings of profiles, on tunnels at the ceiling, and on regions that were not read
    others: tuple[Draft, ...]

    def drafts(self) -> list[Draft]:
        """Return all findings; the findings of rules come first."""
        return [*(made for made, _ in self.results), *self.others]

    def adjusted(self, disabled: Container[str], severities: Mapping[str, int]) -> Evaluation:
        """Drop findings of rules in ``disabled``; set the severity of rules in ``severities``."""

        def ranked(made: Draft) -> Draft:
            rank = severities.get(made.text.rule_id)
            if rank is None:
                return made
            return replace(made, severity=np.full_like(made.severity, rank))

        return replace(
            self,
            results=tuple((ranked(made), counts) for made, counts in self.results),
            others=tuple(ranked(made) for made in self.others if made.text.rule_id not in disabled),
        )


def evaluate(
    fleet: Fleet, *, profiles: Sequence[Profile] = (), rules: Sequence[Rule] = RULES
) -> Evaluation:
    """Judge a fleet by the given rules and profiles."""
    judged_by = opinions(fleet, profiles)
    covered = {column: np.zeros(len(fleet.tunnels), bool) for column in COLUMNS}
    made, counts = {}, {}
    failing: dict[str, Mask] = {}
    unknown: dict[str, Mask] = {}
    for rule in rules:
        name, one = rule.rule_id, rule.judge(fleet)
        failing[name], unknown[name] = (_by_connection(fleet, one, of) for of in (YES, UNKNOWN))
        cited = cite(judged_by, rule.columns, one.position) if rule.columns else None
        made[name], counts[name] = draft(fleet, one, texts()[name], cited=cited), one.counts()
        _cover(fleet, rule, one, covered)
    results = []
    for rule in rules:
        told = _with_causes(made.pop(rule.rule_id), rule, failing, unknown)
        results.append((_at_once(told, rule, counts[rule.rule_id]), counts[rule.rule_id]))
    others = [one for opinion in judged_by for one in profile_drafts(fleet, opinion, covered)]
    others += [*_ceiling(fleet), *_coverage(fleet)]
    return Evaluation(tuple(results), tuple(judged_by), tuple(others))


def _by_connection(fleet: Fleet, verdicts: Verdicts, wanted: int) -> Mask:
    """Mark the connections that have at least one row with the result ``wanted``."""
    if verdicts.table in ("gateways", "coverage"):
        return np.zeros(fleet.n_connections, bool)
    rows = verdicts.position[verdicts.result == wanted]
    return marked(fleet.n_connections, fleet.subjects_of(verdicts.table)[rows])


def _with_causes(
    made: Draft, rule: Rule, failing: Mapping[str, Mask], unknown: Mapping[str, Mask]
) -> Draft:
    """Set the cause of open findings; drop unknown findings that another rule explains.

    The cause is the first rule in ``implied_by`` that the same connection fails. An unknown finding
    is dropped if a rule in ``implied_by`` is also unknown for the connection.
    """
    known = [name for name in rule.implied_by if name in failing]
    if made.kind != "connections" or not known:
        return made
    for name in reversed(known):
        made.cause[made.is_open & failing[name][made.subject]] = name
    is_implied = np.any([unknown[name][made.subject] for name in known], axis=0)
    return made.keep(made.is_open | ~is_implied)


def _at_once(made: Draft, rule: Rule, counts: Counts) -> Draft:
    """Merge a rule's findings into one on the whole fleet if the rule could judge no row."""
    n_passed, n_failed, n_unknown = counts
    if n_passed or n_failed or len(made) < 2:
        return made
    evidence = f"{made.evidence[0]} (all {n_unknown:,} {rule.table})"
    return single(made.text, column=rule.column, evidence=evidence, is_open=False)


def _cover(fleet: Fleet, rule: Rule, found: Verdicts, covered: Mapping[str, Mask]) -> None:
    """Mark tunnels whose values a rule reports, so that profiles do not report them again."""
    for column in rule.columns:
        covered[column][found.position[found.result != NO]] = True
    missing = {NO_KEY: ["psk_bits"], VALUE_UNKNOWN: COLUMNS.keys() - {"psk_bits"}}
    rows = found.position[found.result == UNKNOWN]
    for column in missing.get(rule.rule_id, ()):
        table = fleet.keys if column == "psk_bits" else fleet.tunnels
        covered[column][rows] |= flags(table[column].isna())[rows]


def is_at_ceiling(fleet: Fleet) -> Mask:
    """Mark non-SM tunnels that the cloud's best DH group limits to 112 to 127 bits."""
    bits, weakest = fleet.strength["effective_bits"], fleet.strength["weakest_component"]
    is_between = flags((bits >= _ENOUGH_BITS) & (bits < _CEILING_BITS))
    is_best = equals(fleet.tunnels["ike_dh_group"], _BEST_GROUP)
    is_held = equals(weakest, "ike_dh_group")
    found: Mask = is_between & is_best & is_held & ~fleet.is_sm
    return found


def _ceiling(fleet: Fleet) -> list[Draft]:
    """Return one finding on all tunnels that :func:`is_at_ceiling` marks, if there are any."""
    at = is_at_ceiling(fleet)
    if not at.any():
        return []
    n = len(np.unique(fleet.of_tunnel[at]))
    told = f"112 to 127 effective bits: DH group 14 is the cloud's best group; connections: {n:,}"
    return [single(texts()["platform-ceiling"], column="effective_bits", evidence=told)]


def _coverage(fleet: Fleet) -> list[Draft]:
    """Return a finding for each region that was not read completely."""
    text = texts()[COVERAGE]
    if not len(fleet.coverage):
        return [single(text, column="status", evidence="nothing was read", is_open=False)]
    is_read = flags(fleet.coverage["status"].isin(READ))
    verdicts = judged(np.where(is_read, NO, UNKNOWN))
    made = draft(fleet, replace(verdicts, table="coverage", column="status"), text)
    return [made] if len(made) else []
