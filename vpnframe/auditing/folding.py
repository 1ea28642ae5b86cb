"""Find the root cause of each finding, if it has one.

A root cause is a rule. The rule has an open finding on the same connection or on the whole fleet.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import union_categoricals

from vpnframe import schema
from vpnframe.auditing.joining import CONNECTION
from vpnframe.auditing.logic import Mask, Positions, codes_of, equals, flags, grouped
from vpnframe.schema.columns import SEVERITY
from vpnframe.schema.tables.declaring import VERDICTS

_FAILS = "fails on "
SMALLEST_FLEET = 5  # connections; in a smaller fleet, common faults are not folded


def is_folded(findings: pd.DataFrame) -> Mask:
    """Mark open findings that have a root cause; counts by severity leave them out."""
    return equals(findings["status"], "open") & _has_cause(findings)


def is_counted(findings: pd.DataFrame) -> Mask:
    """Mark open findings without ``root_cause``; counts by severity contain only these."""
    return equals(findings["status"], "open") & ~_has_cause(findings)


def is_share(findings: pd.DataFrame) -> Mask:
    """Mark open findings on the whole fleet which say that most connections fail a rule."""
    is_of_none = flags(findings["vpn_connection_id"].isna() & findings["vpn_gateway_id"].isna())
    is_said = findings["evidence"].astype("str").str.startswith(_FAILS).fillna(False)
    return is_of_none & flags(is_said) & equals(findings["status"], "open")


def _has_cause(findings: pd.DataFrame) -> Mask:
    if "root_cause" not in findings.columns:
        return np.zeros(len(findings), bool)
    return flags(findings["root_cause"].notna())


def fold(findings: pd.DataFrame, *, n_connections: int) -> pd.DataFrame:
    """Set root causes, and add a finding on the whole fleet for each widespread rule.

    In a fleet of at least five connections, a rule is widespread if more than half of the
    connections fail it and some of its open findings have no other root cause. The new finding has
    the most frequent severity of these open findings. It becomes their root cause, but not that of
    more severe findings.
    """
    if findings.empty:
        return findings
    connection = codes_of([findings[name] for name in CONNECTION])
    causes = _live_causes(findings, connection)
    rules = findings["rule_id"].cat.categories
    rows, firsts = [], []
    for members, head in _widespread(findings, causes, connection, n_connections):
        causes[members] = rules.get_loc(head["rule_id"])
        rows.append(head)
        firsts.append(int(members[0]))
    findings = findings.assign(root_cause=_named(causes, rules))
    if not rows:
        return findings
    # Findings are sorted, the worst first: each new one is inserted before the first it explains.
    order = np.argsort(firsts)
    made = schema.build("findings", {n: [rows[i][n] for i in order] for n in findings.columns})
    ends = np.array(firsts)[order]
    columns = {name: _inserted(made[name], findings[name], ends) for name in findings}
    return pd.DataFrame(columns, copy=False)


def _named(causes: Positions, rules: pd.Index) -> pd.Categorical:
    """Convert ``causes``, which are positions in ``rules``, to rule ids; -1 becomes null."""
    used = np.unique(causes[causes >= 0])
    places = np.full(len(rules) + 1, -1, np.int64)
    places[used] = np.arange(len(used))
    return pd.Categorical.from_codes(places[causes], categories=rules[used])


def _inserted(new: pd.Series, column: pd.Series, ends: Positions) -> Any:
    """Insert each value ``new[i]`` into ``column``, before row ``ends[i]`` of ``column``."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        whole = union_categoricals([new, column], sort_categories=column.dtype != SEVERITY)
        codes = np.insert(whole.codes[len(new) :], ends, whole.codes[: len(new)])
        return pd.Categorical.from_codes(codes, dtype=whole.dtype)
    bounds = [0, *ends.tolist(), len(column)]
    parts = [column.iloc[: bounds[1]]]
    for row, (start, end) in enumerate(pairwise(bounds[1:])):
        parts += [new.iloc[row : row + 1], column.iloc[start:end]]
    return pd.concat(parts, ignore_index=True).array


def _live_causes(findings: pd.DataFrame, connection: Positions) -> Positions:
    """Return the position in ``rule_id.cat.categories`` of each finding's cause, or -1.

    A cause is a rule. It is used only if the rule has an open finding on the same connection that
    is at least as severe.
    """
    rules, given = findings["rule_id"].cat, findings["root_cause"].cat
    rule, severity = rules.codes.to_numpy(np.int64), findings["severity"].cat.codes.to_numpy()
    is_open = equals(findings["status"], "open")
    n = len(rules.categories)
    worst = np.full((int(connection.max()) + 1) * n, -1, np.int8)
    key = connection * n
    np.maximum.at(worst, (key + rule)[is_open], severity[is_open])
    places = np.append(rules.categories.get_indexer(given.categories), -1)
    causes: Positions = places[given.codes].astype(np.int64)
    is_live = (causes >= 0) & (worst[key + np.maximum(causes, 0)] >= severity) & is_open
    causes[~is_live] = -1
    return causes


def _widespread(
    findings: pd.DataFrame, causes: Positions, connection: Positions, n_connections: int
) -> Iterator[tuple[Positions, dict[str, Any]]]:
    """Yield a finding on the whole fleet for each rule that most connections fail.

    A profile's rules are counted for that profile alone. Each tuple has the positions of the
    findings that the new finding explains, and then the new finding.
    """
    if n_connections < SMALLEST_FLEET:
        return
    is_of_one = flags(findings["vpn_connection_id"].notna())
    is_failing = is_of_one & ~equals(findings["status"], "unknown")
    is_free = is_failing & equals(findings["status"], "open") & (causes < 0)
    severity = findings["severity"].cat.codes.to_numpy()
    profiles = findings["profile"].cat
    of_profile = np.where(is_of_profile(findings), profiles.codes.to_numpy(np.int64) + 1, 0)
    check = findings["rule_id"].cat.codes.to_numpy(np.int64) * (len(profiles.categories) + 1)
    check += of_profile
    failing = np.flatnonzero(is_failing)
    for rows in grouped(check[failing], failing):
        n = len(np.unique(connection[rows]))
        free = rows[is_free[rows]]
        if 2 * n <= n_connections or not len(free):
            continue
        counts = np.bincount(severity[free])
        common = int(len(counts) - 1 - counts[::-1].argmax())
        members = free[severity[free] <= common]
        yield members, _head(findings, members, common, f"{n:,} of {n_connections:,} connections")


def is_of_profile(findings: pd.DataFrame) -> Mask:
    """Mark the findings that result from a profile, not those of rules that only cite profiles."""
    known = findings["rule_id"].cat.categories
    own = known[known.str.startswith("profile-") | (known == "platform-ceiling")]
    return flags(findings["rule_id"].isin(own))


def _head(findings: pd.DataFrame, members: Positions, severity: int, share: str) -> dict[str, Any]:
    """Return a finding on the whole fleet that summarizes the findings in the rows ``members``."""
    first = findings.iloc[int(members[0])].to_dict()
    profiles, verdicts = (
        findings[name].iloc[members].dropna().unique() for name in ("profile", "verdict")
    )
    named = dict.fromkeys(name for text in profiles for name in text.split(", "))
    kept = ("rule_id", "family", "title", "column", "expected", "remediation", "references")
    own = first["profile"] if str(first["rule_id"]).startswith("profile-") else ""
    digest = hashlib.sha256(f"{first['rule_id']}\x1f{own}\x1ffleet".encode()).hexdigest()
    return {
        **dict.fromkeys(findings.columns),
        **{name: None if pd.isna(first[name]) else first[name] for name in kept},
        "finding_id": digest[:16],
        "profile": ", ".join(named) or None,
        "verdict": next((one for one in reversed(VERDICTS) if one in verdicts), None),
        "severity": SEVERITY.categories[severity],
        "status": "open",
        "basis": first["basis"],
        "tunnel_ids": "",
        "value": share,
        "evidence": f"{_FAILS}{share}",
    }
