"""Check the tunnels of a fleet against profiles, which say which values are acceptable."""

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
from vpnframe.auditing.logic import NO, YES, Mask, Texts, Truth, by_kind, codes_of, marked, objects
from vpnframe.auditing.profiles.judging import CEILING, MEANINGS, Judged, ceilings, judge
from vpnframe.auditing.profiles.profiles import BASELINE, Profile
from vpnframe.auditing.texts import SEPARATOR, texts
from vpnframe.auditing.verdicts import SEVERITIES, judged

_PASSED = ("must", "should", "may", "default")
_STANDINGS = ("not-judged", "pass", "ceiling", "legacy", "unknown", "fail")  # the worst last
# The result, the severity and the standing of each verdict, by the verdict's code.
_RESULTS = np.array([one.result for one in MEANINGS.values()], np.uint8)
_BADNESS = np.array([SEVERITIES.index(one.severity) for one in MEANINGS.values()], np.uint8)
_RANKS = np.array([_STANDINGS.index(one.standing) for one in MEANINGS.values()], np.uint8)


@dataclass(frozen=True, slots=True)
class Opinion:
    """The verdicts of one profile on all tunnels of a fleet."""

    profile: Profile
    judged: Mapping[str, Judged]  # verdicts of all tunnels, by judged column

    def results(self, column: str) -> Truth:
        """Return for each tunnel whether the profile rejects its value in one column."""
        return _RESULTS[self.judged[column].verdict]

    def standing(self, fleet: Fleet) -> Texts:
        """Return each connection's standing (such as ``pass``), which its worst value decides."""
        worst = np.zeros(fleet.n_connections, np.uint8)
        for one in self.judged.values():
            np.maximum.at(worst, fleet.of_tunnel, _RANKS[one.verdict])
        return objects(_STANDINGS)[worst]

    def poor_columns(self, fleet: Fleet) -> Texts:
        """Return for each connection the columns with a rejected or unknown value."""
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
        found.append(Opinion(profile, {name: judged[name] for name in judged if profile.of(name)}))
    return found


def cite(heard: Sequence[Opinion], columns: Iterable[str], rows: npt.NDArray[np.int64]) -> Cited:
    """Return which profiles reject values of the tunnels at ``rows``, with verdicts and clauses."""
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
    """Return a profile's findings on the tunnels that ``covered`` does not mark.

    ``covered`` marks for each column the tunnels that a rule already reports. A column gets one
    more finding if tunnels use the best value that the cloud offers, but the profile does not
    accept it.
    """
    best = ceilings(opinion.profile)
    drafts = []
    for column in opinion.judged:
        result = np.where(covered[column], NO, opinion.results(column)).astype(np.uint8)
        if result.any():
            drafts.append(_draft(fleet, opinion, column, result))
        at_ceiling = opinion.judged[column].verdict == CEILING
        if at_ceiling.any():
            drafts.append(_ceiling(fleet, opinion.profile, column, best[column], at_ceiling))
    return drafts


def _draft(fleet: Fleet, opinion: Opinion, column: str, result: Truth) -> Draft:
    """Return the findings on values of one column that a profile rejects or cannot judge."""
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
    text = texts()[f"profile-{column.replace('_', '-')}"]
    text = replace(text, expected=expected or text.expected, basis=own[0].basis)
    cited = cite([opinion], [column], verdicts.position)
    made = draft(fleet, replace(verdicts, table="tunnels", column=column), text, cited=cited)
    return replace(made, profile=np.full(len(made), name, dtype=object), of_profile=name)


def _ceiling(fleet: Fleet, profile: Profile, column: str, best: str, at: Mask) -> Draft:
    """Return a finding which says that the cloud offers no better value for a column."""
    n = len(np.unique(fleet.of_tunnel[at]))
    told = f"{column} is {best}, the best that the cloud offers; connections: {n:,}"
    (entry,) = (one for one in profile.of(column) if one.value == best)
    cited = f"{profile.name} {entry.objection}"
    text = texts()["platform-ceiling"]
    one = single(text, column=column, evidence=told, profile=profile.name, value=best)
    return replace(one, references=np.array([cited], dtype=object))
