"""Check a fleet against profiles: cite them in the findings of rules, or add separate findings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import compress
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from vpnframe.auditing.drafts import VERDICTS as AGAINST
from vpnframe.auditing.drafts import Cited, Draft, draft, single
from vpnframe.auditing.fleet import Fleet
from vpnframe.auditing.logic import (
    NO,
    UNKNOWN,
    YES,
    Mask,
    Texts,
    Truth,
    by_kind,
    codes_of,
    marked,
    objects,
)
from vpnframe.auditing.profiles.judging import CEILING, VERDICTS, Judged, ceilings, judge
from vpnframe.auditing.profiles.judging import SEVERITIES as OF_VERDICT
from vpnframe.auditing.profiles.profiles import BASELINE, Profile
from vpnframe.auditing.texts import SEPARATOR, Text, texts
from vpnframe.auditing.verdicts import SEVERITIES, judged

_PASSED = ("must", "should", "may", "default")
# The result and the severity of each verdict, in the order of ``VERDICTS``.
_RESULTS = np.array(
    [YES if one in OF_VERDICT else UNKNOWN if one == "unknown" else NO for one in VERDICTS],
    np.uint8,
)
_BADNESS = np.array([SEVERITIES.index(OF_VERDICT.get(one, "info")) for one in VERDICTS], np.uint8)


_STANDINGS = ("not-judged", "pass", "ceiling", "legacy", "unknown", "fail")
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


@dataclass(frozen=True, slots=True)
class Opinion:
    """The verdicts of one profile on a fleet."""

    profile: Profile  # the profile
    judged: Mapping[str, Judged]  # verdicts of all tunnels, by judged column
    n_tunnels: int  # number of tunnels

    def results(self, column: str) -> Truth:
        """Return in which tunnels the profile rejects a column's value; NO if not judged."""
        if column not in self.judged:
            return np.zeros(self.n_tunnels, np.uint8)
        return _RESULTS[self.judged[column].verdict]

    def standing(self, fleet: Fleet) -> Texts:
        """Return each connection's standing, which its worst value determines."""
        rank = [_STANDINGS.index(_STANDING.get(one, "pass")) for one in VERDICTS]
        worst = np.zeros(fleet.n_connections, np.int64)
        for one in self.judged.values():
            np.maximum.at(worst, fleet.of_tunnel, np.array(rank)[one.verdict])
        return objects(_STANDINGS)[worst]

    def poor_columns(self, fleet: Fleet) -> Texts:
        """Return for each connection the columns whose value is rejected or unknown."""
        is_poor = [
            pd.Series(marked(fleet.n_connections, fleet.of_tunnel[self.results(column) != NO]))
            for column in self.judged
        ]
        return by_kind(is_poor, lambda *flags: list(compress(self.judged, flags)))


def opinions(fleet: Fleet, profiles: Iterable[Profile]) -> list[Opinion]:
    """Judge a fleet by several profiles."""
    found = []
    for profile in profiles:
        judged = judge(fleet.tunnels, profile=profile, key_bits=fleet.keys["psk_bits"])
        spoken = {column: one for column, one in judged.items() if profile.of(column)}
        found.append(Opinion(profile, spoken, len(fleet.tunnels)))
    return found


def cite(heard: Sequence[Opinion], columns: Iterable[str], rows: npt.NDArray[np.int64]) -> Cited:
    """Collect the profiles' objections to the values of ``columns`` in the tunnels ``rows``."""
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
        words = [f"{profile.name} {entry.objection}" for profile, entry in against]
        clauses.append(SEPARATOR.join(words) or None)
        verdicts.append(max((AGAINST.index(entry.verdict) for _, entry in against), default=-1))
    return Cited(code, tuple(names), tuple(clauses), tuple(verdicts))


def profile_drafts(fleet: Fleet, opinion: Opinion, covered: Mapping[str, Mask]) -> list[Draft]:
    """Return findings on values that only the profile rejects, and on columns at their ceiling."""
    best = ceilings(opinion.profile)
    drafts = []
    for column in opinion.judged:
        text = texts()[f"profile-{column.replace('_', '-')}"]
        result = np.where(covered[column], NO, opinion.results(column)).astype(np.uint8)
        if result.any():
            drafts.append(_draft(fleet, opinion, column, result, text))
        at_ceiling = opinion.judged[column].verdict == CEILING
        if at_ceiling.any():
            drafts.append(_ceiling(fleet, opinion.profile, column, best[column], at_ceiling))
    return drafts


def _draft(fleet: Fleet, opinion: Opinion, column: str, result: Truth, text: Text) -> Draft:
    """Return the findings on one column under one profile."""
    name, judged_values = opinion.profile.name, opinion.judged[column]
    entries = opinion.profile.entries
    words = objects([*(entry.verdict for entry in entries), "not in the profile"])
    facts: dict[str, Any] = {"verdict": words[judged_values.entry]}
    if column == "psk_bits":  # show the range, never the bits
        shown = objects([*(entry.range for entry in entries), "a missing value"])
        facts["value"] = shown[judged_values.entry]
    # The baseline is not a standard: all that it finds beyond the rules has severity info.
    badness = np.zeros_like(_BADNESS) if name == BASELINE else _BADNESS
    verdicts = judged(result, severity=badness[judged_values.verdict], **facts)
    own = opinion.profile.of(column)
    expected = ", ".join(entry.range for entry in own if entry.verdict in _PASSED)
    basis = own[0].basis if own else "own"
    text = replace(text, expected=expected or text.expected, basis=basis)
    cited = cite([opinion], [column], verdicts.position)
    made = draft(fleet, replace(verdicts, table="tunnels", column=column), text, cited=cited)
    return replace(made, profile=np.full(len(made), name, dtype=object), of_profile=name)


def _ceiling(fleet: Fleet, profile: Profile, column: str, best: str, at: Mask) -> Draft:
    """Return the finding that the cloud offers no better value for a column."""
    n = len(np.unique(fleet.of_tunnel[at]))
    told = f"{column} is {best}, the best that the cloud offers; connections: {n:,}"
    (entry,) = (one for one in profile.of(column) if one.value == best)
    cited = f"{profile.name} {entry.objection}"
    text = texts()["platform-ceiling"]
    one = single(text, column=column, evidence=told, profile=profile.name, value=best)
    return replace(one, references=np.array([cited], dtype=object))
