"""Count the results of an audit: by rule, by connection and profile, and what was not read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from vpnframe import schema
from vpnframe.auditing.drafts import Draft
from vpnframe.auditing.evaluation import Evaluation
from vpnframe.auditing.fleet import Fleet
from vpnframe.auditing.folding import is_counted, is_folded, is_of_profile
from vpnframe.auditing.joining import CONNECTION, positions_of
from vpnframe.auditing.logic import Mask, codes_of, equals
from vpnframe.auditing.profiling import Opinion, matrix_of, standing_columns
from vpnframe.auditing.verdicts import SEVERITIES
from vpnframe.auditing.worth import strength_facts
from vpnframe.inventory import Inventory
from vpnframe.schema.columns import SEVERITY


def checks(fleet: Fleet, found: Evaluation) -> list[dict[str, Any]]:
    """Count the rows that pass, fail and cannot be judged, for every rule and profile."""
    rows = [
        _row(result.draft, fleet) | dict(zip(_COUNTS, result.counts, strict=True))
        for result in found.results
    ]
    return rows + _once(_row(draft, fleet) | _drafted(draft) for draft in found.others)


def summary(checks: Sequence[dict[str, Any]], findings: pd.DataFrame) -> pd.DataFrame:
    """Add the counts of findings to those of the checks: table ``audit_summary``."""
    counted = _counted(findings)
    rows = []
    for check in checks:
        own = counted.get((check["rule_id"], check["profile"] or ""), {})
        rows.append(check | {name: own.get(name, 0) for name in COUNTED})
    columns = schema.find("audit_summary").names
    return schema.build("audit_summary", {name: [row[name] for row in rows] for name in columns})


def _counted(findings: pd.DataFrame) -> dict[Any, dict[str, int]]:
    """Count findings by rule and profile."""
    keys = [findings["rule_id"], _own_profile(findings)]
    table = _numbers(findings)
    found: dict[Any, dict[str, int]] = table.groupby(keys, observed=True).sum().to_dict("index")
    return found


def _numbers(findings: pd.DataFrame) -> pd.DataFrame:
    """Return for each finding 1 in the columns that count it, else 0."""
    is_top, severity = is_counted(findings), findings["severity"]
    held = {f"n_{word}": is_top & equals(severity, word) for word in SEVERITIES[::-1]}
    held["n_folded"] = is_folded(findings)
    status = {"n_open": "open", "n_waived": "waived"}
    held |= {name: equals(findings["status"], word) for name, word in status.items()}
    return pd.DataFrame(held, index=findings.index).astype("int64")


def connections(fleet: Fleet, findings: pd.DataFrame) -> pd.DataFrame:
    """Return every connection's worst severity, counts and strength.

    Table ``audit_connections``, in the order of its key; ``findings`` are folded.
    """
    table = fleet.connections[[*CONNECTION, "connection_name"]].reset_index(drop=True)
    return count_connections(table.join(strength_facts(fleet)), findings)


def count_connections(table: pd.DataFrame, findings: pd.DataFrame) -> pd.DataFrame:
    """Recount the findings of some connections: table ``audit_connections``."""
    at = positions_of(findings, table)
    own, at = findings[["status", "severity", "root_cause"]][at >= 0], at[at >= 0]
    numbers = _numbers(own).groupby(at).sum().reindex(range(len(table)), fill_value=0)
    n_unknown = np.bincount(at[equals(own["status"], "unknown")], minlength=len(table))
    worst = np.full(len(table), -1, np.int64)
    is_top = is_counted(own)
    np.maximum.at(worst, at[is_top], own["severity"].cat.codes.to_numpy(np.int64)[is_top])
    severity = pd.Categorical.from_codes(worst, dtype=SEVERITY)
    table = table.reset_index(drop=True)
    table = table.assign(severity=severity, n_unknown=n_unknown)
    table[list(COUNTED)] = numbers[list(COUNTED)]
    table = table.sort_values(list(CONNECTION), kind="stable", ignore_index=True)
    return schema.cast("audit_connections", table)


def count_rules(findings: pd.DataFrame, *, n_connections: int) -> pd.DataFrame:
    """Count findings by rule if the number that passed is unknown: table ``audit_summary``."""
    counted = _counted(findings)
    checks = findings.assign(profile=_own_profile(findings))
    rows = []
    for (rule_id, profile), part in checks.groupby(["rule_id", "profile"], observed=True):
        is_failing = ~equals(part["status"], "unknown")
        named = part.loc[is_failing, list(CONNECTION)].dropna(subset="vpn_connection_id")
        share = len(named.drop_duplicates()) / n_connections if n_connections else 0.0
        rows.append(
            {
                "rule_id": rule_id,
                "profile": profile or None,
                "title": part["title"].iloc[0],
                "severity": part["severity"].max(),
                "n_passed": None,
                "n_failed": int(is_failing.sum()),
                "n_unknown": int((~is_failing).sum()),
                "share": share,
                "is_widespread": share > 0.5,
                **counted[rule_id, profile],
            }
        )
    columns = schema.find("audit_summary").names
    return schema.build("audit_summary", {name: [row[name] for row in rows] for name in columns})


def _own_profile(findings: pd.DataFrame) -> pd.Series:
    """Return the profile of findings that only a profile makes; empty for others."""
    own = findings["profile"].astype("str").where(is_of_profile(findings), "").fillna("")
    return own.astype("category")


COUNTED = (*(f"n_{word}" for word in SEVERITIES[::-1]), "n_folded", "n_open", "n_waived")
_COUNTS = ("n_passed", "n_failed", "n_unknown")


def _row(draft: Draft, fleet: Fleet) -> dict[str, Any]:
    """Return the part of a summary row that comes from the findings."""
    is_gateway = draft.gateway >= 0
    n_all = len(fleet.gateways) if is_gateway.any() else fleet.n_connections
    subject = np.where(is_gateway, draft.gateway, draft.connection)
    n_bad = len(np.unique(subject[draft.is_open & (subject >= 0)]))
    share = n_bad / n_all if n_all else 0.0
    worst = int(draft.severity.max()) if len(draft) else SEVERITIES.index(draft.text.severity)
    return {
        "rule_id": draft.text.rule_id,
        "profile": draft.of_profile or None,
        "title": draft.text.title,
        "severity": SEVERITIES[worst],
        "share": share,
        "is_widespread": share > 0.5,
    }


def _once(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Merge rows to one per rule and profile: a profile may have several ceilings."""
    found: dict[tuple[Any, Any], dict[str, Any]] = {}
    for row in rows:
        known = found.setdefault((row["rule_id"], row["profile"]), row)
        if known is not row:
            known |= {name: known[name] + row[name] for name in _COUNTS[1:]}
    return list(found.values())


def _drafted(draft: Draft) -> dict[str, Any]:
    """Count what only a profile found; the number that passed is not counted here."""
    n_failed = int(draft.is_open.sum())
    return {"n_passed": None, "n_failed": n_failed, "n_unknown": len(draft) - n_failed}


def matrix(fleet: Fleet, opinions: Sequence[Opinion]) -> pd.DataFrame:
    """Return each connection's standing under each profile."""
    names = ["account_id", "region_id", "vpn_connection_id", "connection_name"]
    parts = []
    for opinion in opinions:
        part = fleet.connections[names].reset_index(drop=True)
        part["profile"] = opinion.profile.name
        part["standing"] = matrix_of(fleet, opinion)
        part["columns"] = _as_lists(standing_columns(fleet, opinion))
        parts.append(part)
    if not parts:
        return schema.empty("profile_matrix")
    table = pd.concat(parts).sort_index(kind="stable").reset_index(drop=True)
    return schema.cast("profile_matrix", table)


def _as_lists(columns: dict[str, Mask]) -> pd.Series:
    """Return the names of the flagged columns, row by row."""
    flags = list(columns.values())
    codes = codes_of([pd.Series(flag) for flag in flags])
    _, first = np.unique(codes, return_index=True)
    lists = [[name for name, flag in columns.items() if flag[row]] for row in first.tolist()]
    return pd.Series([lists[code] for code in codes.tolist()], dtype="object")


def notes(inv: Inventory, fleet: Fleet) -> Iterator[str]:
    """Yield notes on what was not read or judged, so that silence is not taken for a pass."""
    if not inv.is_complete:
        yield inv.coverage_sentence()
    has_key = fleet.may_have_psk
    if has_key.any() and fleet.keys["psk_bits"][has_key].isna().all():
        yield "nothing is known about any pre-shared key: no key was judged"
    n_unjudged = int(fleet.is_unjudged.sum())
    if n_unjudged:
        yield f"not all routes of {n_unjudged:,} connections were read: their overlaps are unknown"
    unknown = fleet.overlaps[~fleet.is_judged]
    if len(unknown) > n_unjudged:
        yield f"no overlap was judged: {unknown['reason'].iloc[0]}"
