"""Apply profiles to a fleet: their objections to each value, next to the rules' findings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from vpnframe.auditing.drafts import VERDICTS as AGAINST
from vpnframe.auditing.drafts import Cited, Draft, draft, single
from vpnframe.auditing.fleet import Fleet
from vpnframe.auditing.logic import NO, UNKNOWN, YES, Mask, Truth, codes_of
from vpnframe.auditing.profiles.judging import (
    CEILING,
    NOT_JUDGED,
    VERDICTS,
    Judged,
    ceilings,
    judge,
)
from vpnframe.auditing.profiles.judging import SEVERITIES as OF_VERDICT
from vpnframe.auditing.profiles.judging import UNKNOWN as NOT_IN_TABLE
from vpnframe.auditing.profiles.profiles import BASELINE, Profile, ProfileLine
from vpnframe.auditing.texts import SEPARATOR, Text, texts
from vpnframe.auditing.verdicts import SEVERITIES, Severities, Verdicts

_PASSED = ("must", "should", "may", "default")
# By verdict code: the result and its severity.
_RESULTS = np.array(
    [YES if one in OF_VERDICT else UNKNOWN if one == "unknown" else NO for one in VERDICTS],
    np.uint8,
)
_BADNESS = np.array([SEVERITIES.index(OF_VERDICT.get(one, "info")) for one in VERDICTS], np.uint8)


@dataclass(frozen=True, slots=True)
class Opinion:
    """The verdicts of one profile on a fleet."""

    profile: Profile  # the profile
    judged: Mapping[str, Judged]  # by column that the profile judges, one code per tunnel
    n_tunnels: int  # number of tunnels

    def results(self, column: str) -> Truth:
        """Return which tunnels' values the profile rejects; none if it does not judge them."""
        if column not in self.judged:
            return np.zeros(self.n_tunnels, np.uint8)
        return _RESULTS[self.judged[column].verdict]


def opinions(fleet: Fleet, profiles: Iterable[Profile]) -> list[Opinion]:
    """Judge a fleet by several profiles."""
    found = []
    for profile in profiles:
        judged = judge(fleet.tunnels, profile=profile, key_facts=fleet.key_facts)
        spoken = {column: one for column, one in judged.items() if profile.of(column)}
        found.append(Opinion(profile, spoken, len(fleet.tunnels)))
    return found


def cite(heard: Sequence[Opinion], columns: Iterable[str], rows: npt.NDArray[np.int64]) -> Cited:
    """Collect the profiles' objections to the values of some columns."""
    pairs = [(one, column) for one in heard for column in columns if column in one.judged]
    if not pairs or not len(rows):
        return Cited(np.zeros(len(rows), np.int64), (None,), (None,), (-1,))
    entries = [
        np.where(opinion.results(column)[rows] == YES, opinion.judged[column].entry[rows], -1)
        for opinion, column in pairs
    ]
    code = codes_of([pd.Series(entry) for entry in entries])
    _, first = np.unique(code, return_index=True)
    names, clauses, verdicts = [], [], []
    for row in first.tolist():
        against = [
            (opinion.profile, opinion.profile.entries[entry[row]])
            for (opinion, _), entry in zip(pairs, entries, strict=True)
            if entry[row] >= 0
        ]
        names.append(", ".join(dict.fromkeys(profile.name for profile, _ in against)) or None)
        words = [f"{profile.name} {entry.verdict}{clause_of(entry)}" for profile, entry in against]
        clauses.append(SEPARATOR.join(words) or None)
        verdicts.append(max((AGAINST.index(entry.verdict) for _, entry in against), default=-1))
    return Cited(code, tuple(names), tuple(clauses), tuple(verdicts))


def clause_of(entry: ProfileLine) -> str:
    """Format an entry's clause; one that was not verified is marked with "see"."""
    if not entry.clause:
        return ""
    word = "" if entry.basis == "verified" else "see "
    return f" ({word}{entry.clause}; {entry.basis})"


def profile_drafts(fleet: Fleet, opinion: Opinion, covered: Mapping[str, Mask]) -> list[Draft]:
    """Return findings for values that only the profile rejects, and for its ceilings."""
    best = ceilings(opinion.profile)
    drafts = []
    for column in opinion.judged:
        text = texts()[rule_of(column)]
        result = np.where(covered[column], NO, opinion.results(column)).astype(np.uint8)
        if result.any():
            drafts.append(_draft(fleet, opinion, column, result, text))
        at_ceiling = opinion.judged[column].verdict == CEILING
        if at_ceiling.any():
            drafts.append(_ceiling(fleet, opinion.profile, column, best[column], at_ceiling))
    return drafts


def rule_of(column: str) -> str:
    """Return the id of the rule for profile findings on a column.

    Examples
    --------
    >>> rule_of("ike_dh_group")
    'profile-ike-dh-group'
    """
    return f"profile-{column.replace('_', '-')}"


def matrix_of(fleet: Fleet, opinion: Opinion) -> npt.NDArray[np.object_]:
    """Return each connection's standing under a profile: its worst value decides."""
    rank = np.array([_RANKS[_STANDING.get(one, "pass")] for one in VERDICTS], np.uint8)
    worst = np.zeros(fleet.n_connections, np.uint8)
    for judged in opinion.judged.values():
        np.maximum.at(worst, fleet.of_tunnel, rank[judged.verdict])
    return np.array(list(_RANKS), dtype=object)[worst]


def standing_columns(fleet: Fleet, opinion: Opinion) -> dict[str, Mask]:
    """Return for each column the connections on which it fails, is legacy, or is unknown."""
    flagged = {}
    for column in opinion.judged:
        is_bad = np.zeros(fleet.n_connections, bool)
        is_bad[fleet.of_tunnel[opinion.results(column) != NO]] = True
        flagged[column] = is_bad
    return flagged


_RANKS = {
    name: rank
    for rank, name in enumerate(("not-judged", "pass", "ceiling", "legacy", "unknown", "fail"))
}
_STANDING = {
    "not-judged": "not-judged",
    "n/a": "not-judged",
    "default": "not-judged",
    "unknown": "unknown",
    "ceiling": "ceiling",
    "legacy": "legacy",
    "should-not": "fail",
    "must-not": "fail",
}


def _draft(fleet: Fleet, opinion: Opinion, column: str, result: Truth, text: Text) -> Draft:
    """Return the findings on one column under one profile."""
    judged = opinion.judged[column]
    entries = opinion.profile.entries
    words = np.array([*(entry.verdict for entry in entries), "not in the profile"], dtype=object)
    shown = np.array([*(_range_of(entry) for entry in entries), "a missing value"], dtype=object)
    facts = {"verdict": words[judged.entry]}
    if column == "psk_bits":  # the number itself is not shown
        facts["value"] = shown[judged.entry]
    verdicts = Verdicts(
        table="tunnels",
        position=np.arange(len(result), dtype=np.int64),
        result=result,
        column=column,
        severity=_badness(opinion.profile)[judged.verdict],
        facts=facts,
    )
    basis = [entry.basis for entry in entries if entry.column == column]
    expected = ", ".join(
        _range_of(entry) for entry in entries if entry.column == column and entry.verdict in _PASSED
    )
    told = replace(
        text,
        expected=expected or text.expected,
        basis=basis[0] if basis else "own",
    )
    cited = cite([opinion], [column], np.arange(len(result)))
    made = draft(fleet, verdicts, told, cited=cited)
    name = opinion.profile.name
    return replace(made, profile=np.full(len(made), name, dtype=object), of_profile=name)


def _badness(profile: Profile) -> Severities:
    """Return the severity of each verdict for values that no rule reports.

    The baseline has no standard behind it: what it demands beyond the rules is info.
    """
    return np.zeros_like(_BADNESS) if profile.name == BASELINE else _BADNESS


def _range_of(entry: ProfileLine) -> str:
    """Return the value or range that an entry judges, as text."""
    if entry.value is not None:
        return entry.value
    if entry.largest is None:
        return f"{entry.smallest} or more"
    return f"{entry.smallest} to {entry.largest}" if entry.largest > entry.smallest else "0"


def _ceiling(fleet: Fleet, profile: Profile, column: str, best: str, at: Mask) -> Draft:
    """Return the finding that no better value is on offer."""
    n = len(np.unique(fleet.of_tunnel[at]))
    told = f"{column} is {best}, the best that the cloud offers; connections: {n:,}"
    (entry,) = (one for one in profile.of(column) if one.value == best)
    cited = f"{profile.name} {entry.verdict}{clause_of(entry)}"
    text = texts()["platform-ceiling"]
    one = single(text, column=column, evidence=told, profile=profile.name, value=best)
    return replace(one, references=np.array([cited], dtype=object))


__all__ = [
    "NOT_IN_TABLE",
    "NOT_JUDGED",
    "Opinion",
    "cite",
    "matrix_of",
    "opinions",
    "profile_drafts",
]
