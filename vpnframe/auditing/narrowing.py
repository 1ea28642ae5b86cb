"""Reduce a review to one owner, to some rules, or to findings unrelated to pre-shared keys."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np
import pandas as pd

from vpnframe import schema
from vpnframe.auditing.folding import is_counted
from vpnframe.auditing.joining import positions_of
from vpnframe.auditing.logic import Mask, equals, flags
from vpnframe.auditing.owners import NOBODY, by_owner, owners_of
from vpnframe.auditing.review import Profiles, Review, Waivers, examine
from vpnframe.auditing.settings import AuditSettings
from vpnframe.auditing.summaries import count_connections, count_rules
from vpnframe.auditing.texts import texts
from vpnframe.auditing.verdicts import COVERAGE, RULE_CHANGED
from vpnframe.inventory import Inventory

# This rule is not about pre-shared keys, but its severity rises if the key is weak.
_RAISED_BY_KEYS = "vpn-ike-aggressive-mode"
_NOT_WHOLE = (
    "part of the fleet was not read or could not be judged: connections without findings may still "
    "have faults"
)


def narrow(
    review: Review,
    *,
    rules: Collection[str] = (),
    families: Collection[str] = (),
    severity: str | None = None,
) -> Review:
    """Keep only findings of the given rules and families with at least the given severity.

    Unknown findings are kept at any severity. Findings on regions that were not read are always
    kept.
    """
    findings = review.findings
    is_kept = np.ones(len(findings), bool)
    wanted = []
    for column, word, names in (("rule_id", "rule", rules), ("family", "family", families)):
        if names:
            is_kept &= flags(findings[column].isin(list(names)))
            wanted.append(f"{word} {', '.join(names)}")
    if severity is not None:
        is_kept &= flags(findings["severity"] >= severity) | equals(findings["status"], "unknown")
        wanted.append(f"severity {severity} or worse")
    is_kept |= flags(findings["rule_id"].isin([COVERAGE, RULE_CHANGED]))
    n_out = int((is_counted(findings) & ~is_kept).sum())
    note = f"this review shows only {' and '.join(wanted)}: {n_out:,} other findings are left out"
    review = replace(review, notes=(*review.notes, note)) if wanted else review
    findings = findings[is_kept].reset_index(drop=True)
    keys = (review.summary[name].astype("str").fillna("") for name in ("rule_id", "profile"))
    shares = dict(zip(zip(*keys, strict=True), review.summary["share"], strict=True))
    return replace(
        review,
        findings=findings,
        summary=count_rules(findings, n_connections=len(review.connections), shares=shares),
        connections=count_connections(review.connections, findings),
    )


def reviews_by_owner(
    review: Review, connections: pd.DataFrame, *, owner_tag: str
) -> dict[str, Review]:
    """Return a review per owner with the findings and counts of the owner's connections."""
    owners = np.array([one or NOBODY for one in owners_of(connections["tags"], owner_tag)], object)
    told = owners[positions_of(review.connections, connections)]
    parts = by_owner(review.findings, connections, owner_tag=owner_tag)
    gaps = review.notes[len(review.changes) :]
    notes = (*review.changes, *(() if review.is_whole and not gaps else (_NOT_WHOLE,)))
    found = {}
    for name, findings in parts.items():
        is_own = owners == name
        ids = connections["vpn_connection_id"][is_own]
        found[name] = replace(
            review,
            findings=findings,
            summary=count_rules(findings, n_connections=int(is_own.sum())),
            connections=count_connections(review.connections[told == name], findings),
            matrix=review.matrix[flags(review.matrix["vpn_connection_id"].isin(ids))],
            notes=notes,
        )
    return found


def holds_key_findings(review: Review) -> bool:
    """Check whether a finding of a review reveals something about a pre-shared key."""
    findings = review.findings
    is_known = ~equals(findings["status"], "unknown")
    is_critical = equals(findings["severity"], "critical")
    is_raised = equals(findings["rule_id"], _RAISED_BY_KEYS) & is_critical
    return bool(((_is_about_keys(findings) & is_known) | is_raised).any())


def _is_about_keys(findings: pd.DataFrame) -> Mask:
    return equals(findings["family"], "key") | equals(findings["column"], "psk_bits")


def examine_for_sharing(
    inv: Inventory, *, profiles: Profiles, waivers: Waivers, settings: AuditSettings
) -> Review:
    """Audit a fleet without revealing which connections have a weak pre-shared key."""
    whole, blind = (
        examine(one, profiles=profiles, waivers=waivers, settings=settings)
        for one in (inv, replace(inv, key_facts=schema.empty("key_facts")))
    )
    findings = blind.findings
    return replace(
        blind,
        findings=findings[~_is_about_keys(findings)].reset_index(drop=True),
        summary=_with_counts_of_keys(blind.summary, whole.summary),
        notes=(*whole.notes, _left_out(whole.findings)),
    )


def _with_counts_of_keys(blind: pd.DataFrame, whole: pd.DataFrame) -> pd.DataFrame:
    """Return the summary rows: key rules from ``whole``, all other rules from ``blind``."""
    families = {text.rule_id: text.family for text in texts().values()}
    parts = [
        table[(table["rule_id"].astype("str").map(families) == "key") == is_about_keys]
        for table, is_about_keys in ((blind, False), (whole, True))
    ]
    rows = pd.concat([part.astype({"rule_id": "str"}) for part in parts], ignore_index=True)
    return schema.cast("audit_summary", rows)


def _left_out(findings: pd.DataFrame) -> str:
    is_open = equals(findings["family"], "key") & equals(findings["status"], "open")
    counts = findings.loc[is_open, "rule_id"].astype("str").value_counts().sort_index()
    told = ", ".join(f"{rule_id} {n:,}" for rule_id, n in counts.items())
    return f"findings on pre-shared keys are left out: {told or 'there are none'}"
