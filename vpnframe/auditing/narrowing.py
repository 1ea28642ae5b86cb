"""A review of a part: of one owner, or of some rules, counted anew."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np
import pandas as pd

from vpnframe import schema
from vpnframe.auditing.logic import Mask, flags
from vpnframe.auditing.masks import equals
from vpnframe.auditing.owners import NOBODY, by_owner, owners_of
from vpnframe.auditing.review import Review
from vpnframe.auditing.summaries import count_connections, count_rules

_NOT_WHOLE = "not all of the fleet was read, or could be judged: what is missing may be unknown"


def narrow(
    review: Review,
    *,
    rules: Collection[str] = (),
    families: Collection[str] = (),
    severity: str | None = None,
) -> Review:
    """Keep some findings of a review, and count anew.

    Parameters
    ----------
    review : Review
        Of one fleet.
    rules, families : collection of str
        Which; all where there is none.
    severity : str, optional
        The mildest that is kept. What could not be judged has none and is kept.

    Returns
    -------
    Review
        With those findings, and always with what was not read.
    """
    findings = review.findings
    is_kept = np.ones(len(findings), bool)
    if rules:
        is_kept &= flags(findings["rule_id"].isin(list(rules)))
    if families:
        is_kept &= flags(findings["family"].isin(list(families)))
    if severity is not None:
        is_kept &= flags(findings["severity"] >= severity) | equals(findings["status"], "unknown")
    is_kept |= equals(findings["rule_id"], "vpn-coverage")
    return _recounted(review, is_kept)


def _recounted(review: Review, is_kept: Mask) -> Review:
    findings = review.findings[is_kept].reset_index(drop=True)
    summary = review.summary
    counted = count_rules(findings, n_connections=len(review.connections))
    keys = ["rule_id", "profile"]
    shares = summary[[*keys, "share", "is_widespread"]].astype(dict.fromkeys(keys, "str"))
    counted = counted.drop(columns=["share", "is_widespread"]).astype(dict.fromkeys(keys, "str"))
    merged = counted.merge(shares, on=keys, how="left")[list(summary.columns)]
    merged["share"] = merged["share"].fillna(0.0)
    merged["is_widespread"] = merged["is_widespread"].fillna(False)
    return replace(
        review,
        findings=findings,
        summary=schema.cast("audit_summary", merged),
        connections=count_connections(_worth(review.connections), findings),
    )


def reviews_by_owner(
    review: Review, connections: pd.DataFrame, *, owner_tag: str
) -> dict[str, Review]:
    """Part a review by owner: each one's findings, numbers and shares are of its own connections.

    Parameters
    ----------
    review : Review
        Of one fleet.
    connections : DataFrame
        The ``connections`` table.
    owner_tag : str
        The tag whose value is the owner.

    Returns
    -------
    dict of str to Review
        By owner; an empty name for the rest.
    """
    owners = np.array([one or NOBODY for one in owners_of(connections["tags"], owner_tag)], object)
    parts = by_owner(review.findings, connections, owner_tag=owner_tag)
    notes = () if review.is_whole and not review.notes else (_NOT_WHOLE,)
    found = {}
    for name, findings in parts.items():
        is_own = owners == name
        ids = connections["vpn_connection_id"][is_own]
        found[name] = replace(
            review,
            findings=findings,
            summary=count_rules(findings, n_connections=int(is_own.sum())),
            connections=count_connections(_worth(review.connections[is_own]), findings),
            matrix=review.matrix[flags(review.matrix["vpn_connection_id"].isin(ids))],
            notes=notes,
        )
    return found


def _worth(connections: pd.DataFrame) -> pd.DataFrame:
    """The part of the table that findings do not change."""
    kept = ["account_id", "region_id", "vpn_connection_id", "connection_name"]
    return connections[[*kept, "is_strength_low", "weakest_component", "strength"]]
