"""Rules on overlapping blocks: what a pair means was decided where pairs are found."""

from __future__ import annotations

import numpy as np
import pandas as pd

from vpnframe.auditing.fleet import NOT_JUDGED, Fleet
from vpnframe.auditing.logic import (
    NO,
    UNKNOWN,
    YES,
    Positions,
    Texts,
    coded,
    codes_of,
    n_distinct,
    objects,
)
from vpnframe.auditing.masks import equals
from vpnframe.auditing.values import SIDE_WORDS
from vpnframe.auditing.verdicts import SEVERITIES, Verdicts, judged

_MOST_OTHERS = 20  # connections that one meets, before they are one finding


def overlap_own_sides(fleet: Fleet) -> Verdicts:
    """The two sides of one connection overlap."""
    return _of_kind(fleet, "own_sides")


def overlap_onprem(fleet: Fleet) -> Verdicts:
    """On-premises blocks of two connections of one gateway overlap."""
    return _of_kind(fleet, "onprem")


def overlap_selector_pair(fleet: Fleet) -> Verdicts:
    """Two policies of one gateway match the same packets."""
    return _of_kind(fleet, "selector_pair")


def overlap_duplicate(fleet: Fleet) -> Verdicts:
    """Two connections carry the same between the same ends."""
    return _of_kind(fleet, "duplicate")


def overlap_route_domain(fleet: Fleet) -> Verdicts:
    """On-premises blocks behind two gateways of one routing domain overlap."""
    return _of_kind(fleet, "route_domain")


def overlap_other_vpc(fleet: Fleet) -> Verdicts:
    """An on-premises block overlaps the VPC block of another connection."""
    return _of_kind(fleet, "other_vpc")


def overlap_not_judged(fleet: Fleet) -> Verdicts:
    """A connection whose prefixes stand in routes that were not read."""
    result = np.where(fleet.is_unjudged, UNKNOWN, NO).astype(np.uint8)
    return judged("connections", result, column="routing_mode")


def _of_kind(fleet: Fleet, kind: str) -> Verdicts:
    """Verdicts on pairs: those of one kind fail, as bad as that kind is."""
    pairs = fleet.overlaps
    is_bad = equals(pairs["kind"], kind)
    is_open = equals(pairs["kind"], NOT_JUDGED)
    result = np.where(is_bad, YES, np.where(is_open, UNKNOWN, NO)).astype(np.uint8)
    codes, words = coded(pairs["severity"])
    ranks = [SEVERITIES.index(word) for word in words]
    severity = np.array([*ranks, 0], np.uint8)[codes]
    rows = np.flatnonzero(is_bad)
    told = _told(pairs.iloc[rows], fleet.of_overlap[rows])
    facts = {name: np.full(len(pairs), "", object) for name in told}
    facts["reason"] = objects(pairs["reason"])
    for name, texts in told.items():
        facts[name][rows] = texts
    return judged("overlaps", result, column="cidr", severity=severity, facts=facts)


def _told(pairs: pd.DataFrame, owners: Positions) -> dict[str, Texts]:
    """For each pair: value, reason, and what tells it from others of the same connection.

    A connection that meets very many others has one finding for all of them.
    """
    keys = [pairs[f"right_{name}"] for name in ("account_id", "region_id", "vpn_connection_id")]
    other = codes_of(keys) if len(pairs) else np.empty(0, np.int64)
    n_others = n_distinct(owners, other) if len(pairs) else np.empty(0, np.int64)
    is_folded = n_others[owners] > _MOST_OTHERS if len(pairs) else np.empty(0, bool)
    value, reason, what = (np.full(len(pairs), "", object) for _ in range(3))
    single = np.flatnonzero(~is_folded)
    value[single] = _words(pairs.iloc[single])
    reason[single] = pairs["reason"].iloc[single]
    what[single] = [
        "/".join(parts)
        for parts in zip(*(key.iloc[single].fillna("") for key in keys), strict=True)
    ]
    folded = np.flatnonzero(is_folded)
    heads, which = np.unique(owners[folded], return_inverse=True)
    first = folded[np.unique(owners[folded], return_index=True)[1]]
    more = n_others[heads] - 1
    texts = [
        f"{text} and {n:,} more connections"
        for text, n in zip(_words(pairs.iloc[first]), more.tolist(), strict=True)
    ]
    value[folded] = objects(texts)[which]
    reason[folded] = objects(pairs["reason"].iloc[first])[which]
    return {"value": value, "reason": reason, "what": what}


def _words(pairs: pd.DataFrame) -> list[str]:
    """What meets what, and whose."""
    names = ("left_side", "left_cidr", "relation", "right_side", "right_cidr")
    columns = [pairs[name].astype("str").replace(SIDE_WORDS).tolist() for name in names]
    others = pairs["right_vpn_connection_id"].tolist()
    return [
        f"{side} {cidr} {'is equal to' if relation == 'equal' else relation} "
        f"{other_side} {other_cidr} of {other}"
        for side, cidr, relation, other_side, other_cidr, other in zip(
            *columns, others, strict=True
        )
    ]
