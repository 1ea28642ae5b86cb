"""Count audit results by rule, connection and profile, and describe what was not read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from vpnframe import schema
from vpnframe.auditing.drafts import Draft
from vpnframe.auditing.evaluation import Evaluation
from vpnframe.auditing.fleet import Fleet
from vpnframe.auditing.folding import is_counted, is_folded, is_of_profile
from vpnframe.auditing.joining import CONNECTION, positions_of
from vpnframe.auditing.logic import Mask, Positions, Texts, by_kind, equals, flags, marked
from vpnframe.auditing.profiling import Opinion
from vpnframe.auditing.verdicts import SEVERITIES
from vpnframe.inventory import Inventory
from vpnframe.schema.columns import SEVERITY
from vpnframe.schema.tables.declaring import COMPONENTS

# The columns of table ``audit_connections`` that do not depend on findings.
_OF_CONNECTION = (
    *(*CONNECTION, "connection_name"),
    *("is_strength_low", "weakest_component", "strength"),
)
_ENOUGH_BITS = 112
_UNKNOWN_BOUND = 32_767  # sorts an unknown bound last


def checks(fleet: Fleet, found: Evaluation) -> list[dict[str, Any]]:
    """Count for each rule and profile the rows that pass, that fail and that cannot be judged."""
    rows = [_row(fleet, draft, *counts) for draft, counts in found.results]
    once: dict[tuple[Any, Any], dict[str, Any]] = {}
    # Rows that pass a profile are not counted. The counts of a profile's ceilings are summed.
    for draft in found.others:
        n_failed = int(draft.is_open.sum())
        row = _row(fleet, draft, None, n_failed, len(draft) - n_failed)
        known = once.setdefault((row["rule_id"], row["profile"]), row)
        if known is not row:
            known |= {name: known[name] + row[name] for name in ("n_failed", "n_unknown")}
    return [*rows, *once.values()]


def summary(checks: Sequence[dict[str, Any]], findings: pd.DataFrame) -> pd.DataFrame:
    """Build table ``audit_summary`` from the findings and from the counts of :func:`checks`."""
    counted, nothing = _counted(findings), dict.fromkeys(COUNTED, 0)
    return _as_table(
        check | counted.get((check["rule_id"], check["profile"] or ""), nothing) for check in checks
    )


def _as_table(rows: Iterable[dict[str, Any]]) -> pd.DataFrame:
    listed, names = list(rows), schema.find("audit_summary").names
    return schema.build("audit_summary", {name: [row[name] for row in listed] for name in names})


def _counted(findings: pd.DataFrame) -> dict[Any, dict[str, int]]:
    keys = [findings["rule_id"], _own_profile(findings)]
    table = pd.DataFrame(_masks(findings), index=findings.index)[list(COUNTED)]
    found: dict[Any, dict[str, int]] = table.groupby(keys, observed=True).sum().to_dict("index")
    return found


def _masks(findings: pd.DataFrame) -> dict[str, Mask]:
    """Return for each count column a mask of the findings that it counts."""
    is_top, severity = is_counted(findings), findings["severity"]
    held = {f"n_{word}": is_top & equals(severity, word) for word in SEVERITIES[::-1]}
    held["n_folded"] = is_folded(findings)
    for word in ("open", "waived", "unknown"):
        held[f"n_{word}"] = equals(findings["status"], word)
    return held


def connections(fleet: Fleet, findings: pd.DataFrame) -> pd.DataFrame:
    """Build the table of each connection's worst severity, finding counts and strength."""
    table = fleet.connections[[*CONNECTION, "connection_name"]].reset_index(drop=True)
    return count_connections(table.join(strength_facts(fleet)), findings)


def count_connections(table: pd.DataFrame, findings: pd.DataFrame) -> pd.DataFrame:
    """Build table ``audit_connections`` from a table of connections and the findings."""
    at = positions_of(findings, table)
    own, at = findings[["status", "severity", "root_cause"]][at >= 0], at[at >= 0]
    counts = {
        name: np.bincount(at[mask], minlength=len(table)) for name, mask in _masks(own).items()
    }
    worst = np.full(len(table), -1, np.int8)
    is_top = is_counted(own)
    np.maximum.at(worst, at[is_top], own["severity"].cat.codes.to_numpy()[is_top])
    severity = pd.Categorical.from_codes(worst, dtype=SEVERITY)
    table = table[list(_OF_CONNECTION)].reset_index(drop=True)
    table = table.assign(severity=severity, **counts)
    table = table.sort_values(list(CONNECTION), kind="stable", ignore_index=True)
    return schema.cast("audit_connections", table)


def count_rules(
    findings: pd.DataFrame,
    *,
    n_connections: int,
    shares: Mapping[tuple[str, str], float] | None = None,
) -> pd.DataFrame:
    """Build table ``audit_summary`` from findings alone; the number of passed rows is then null.

    ``shares`` maps a pair of rule and profile to the share of the fleet that fails. If it is None,
    the shares are computed from the findings.
    """
    counted = _counted(findings)
    checks = findings.assign(profile=_own_profile(findings))
    rows = []
    for (rule_id, profile), part in checks.groupby(["rule_id", "profile"], observed=True):
        is_failing = ~equals(part["status"], "unknown")
        if shares is None:
            named = part.loc[is_failing, list(CONNECTION)].dropna(subset="vpn_connection_id")
            share = len(named.drop_duplicates()) / n_connections if n_connections else 0.0
        else:
            share = shares.get((rule_id, profile), 0.0)
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
    return _as_table(rows)


def _own_profile(findings: pd.DataFrame) -> pd.Series:
    """Return the profile that made each finding; an empty string if a rule made it."""
    own = findings["profile"].astype("str").where(is_of_profile(findings), "").fillna("")
    return own.astype("category")


COUNTED = (*(f"n_{word}" for word in SEVERITIES[::-1]), "n_folded", "n_open", "n_waived")


def _row(
    fleet: Fleet, draft: Draft, n_passed: int | None, n_failed: int, n_unknown: int
) -> dict[str, Any]:
    """Return the columns of a summary row that root causes and waivers do not affect."""
    n_all = len(fleet.gateways) if draft.kind == "gateways" else fleet.n_connections
    has_subject = draft.kind in ("connections", "gateways")
    n_bad = len(np.unique(draft.subject[draft.is_open])) if has_subject else 0
    share = n_bad / n_all if n_all else 0.0
    worst = int(draft.severity.max()) if len(draft) else SEVERITIES.index(draft.text.severity)
    return {
        "rule_id": draft.text.rule_id,
        "profile": draft.of_profile or None,
        "title": draft.text.title,
        "severity": SEVERITIES[worst],
        "n_passed": n_passed,
        "n_failed": n_failed,
        "n_unknown": n_unknown,
        "share": share,
        "is_widespread": share > 0.5,
    }


def matrix(fleet: Fleet, opinions: Sequence[Opinion]) -> pd.DataFrame:
    """Return table ``profile_matrix``: each connection's standing under each profile."""
    names = ["account_id", "region_id", "vpn_connection_id", "connection_name"]
    parts = []
    for opinion in opinions:
        part = fleet.connections[names].reset_index(drop=True)
        part["profile"] = opinion.profile.name
        part["standing"] = opinion.standing(fleet)
        part["columns"] = opinion.poor_columns(fleet)
        parts.append(part)
    if not parts:
        return schema.empty("profile_matrix")
    table = pd.concat(parts).sort_index(kind="stable").reset_index(drop=True)
    return schema.cast("profile_matrix", table)


def strength_facts(fleet: Fleet) -> pd.DataFrame:
    """Return the weakest component of each connection, and whether it is under 112 bits.

    ``is_strength_low`` is null if this is unknown. ``strength`` is null unless the strength is low;
    it is a sentence that never states the bits of a key. On SM gateways, all columns are null.
    """
    bits = fleet.strength["upper_bound_bits"].fillna(_UNKNOWN_BOUND).to_numpy(np.int64)
    order = np.lexsort((np.arange(len(bits)), bits))
    rows = order[np.unique(fleet.of_tunnel[order], return_index=True)[1]]  # weakest tunnel of each
    is_sm = fleet.is_sm[rows]
    bound = fleet.strength["upper_bound_bits"].iloc[rows].reset_index(drop=True)
    is_low = flags(bound < _ENOUGH_BITS) & ~is_sm
    unknown = fleet.of_tunnel[flags(fleet.strength["effective_bits"].isna())]
    is_open = marked(fleet.n_connections, unknown)
    judged = pd.array(is_low, dtype="boolean")
    judged[(is_open & ~is_low) | is_sm] = pd.NA
    parts = fleet.strength["weakest_component"].astype("str").iloc[rows].reset_index(drop=True)
    parts = parts.mask(is_sm)
    words = np.full(len(rows), None, object)
    words[is_low] = _sentences(fleet, rows[is_low])
    facts = {"is_strength_low": judged, "weakest_component": parts}
    return pd.DataFrame(facts | {"strength": pd.Series(words, dtype="str")})


def _sentences(fleet: Fleet, rows: Positions) -> Texts:
    """Return for each tunnel a sentence that says what limits its strength."""
    table = fleet.strength.iloc[rows].reset_index(drop=True)
    part, bits = table["weakest_component"].astype("str"), table["upper_bound_bits"]
    worth = pd.Series([""] * len(rows), dtype="str")
    for name in COMPONENTS[1:]:
        values = fleet.tunnels[name].astype("str").iloc[rows].reset_index(drop=True)
        worth = worth.mask(part == name, values)
    poor = table["not_approved"].fillna("").str.replace(",", ", ")
    return by_kind([part, worth, bits, poor], _sentence)


def _sentence(part: str, value: str, bits: int, poor: str) -> str:
    """Return a sentence on what limits a tunnel's strength; it never states the bits of a key."""
    told = f"; not approved: {poor}" if poor else ""
    if part == "psk":
        return f"under {_ENOUGH_BITS} bits, bounded by the pre-shared key{told}"
    return f"{bits} bits, bounded by {part} {value}{told}"


def notes(inv: Inventory, fleet: Fleet) -> Iterator[str]:
    """Yield a sentence for each part of the fleet that was not read or could not be judged."""
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
