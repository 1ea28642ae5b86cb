"""Rules on overlapping blocks; the kind of each pair was determined when it was found."""

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
    n_distinct,
    objects,
)
from vpnframe.auditing.masks import equals
from vpnframe.auditing.values import SIDE_WORDS
from vpnframe.auditing.verdicts import SEVERITIES, Verdicts, judged

_MOST_OTHERS = 20  # other connections beyond which they become one finding
_A_PAIR = 2


def overlap_own_sides(fleet: Fleet) -> Verdicts:
    """Fail connections whose own two sides overlap."""
    return _of_kind(fleet, "own_sides")


def overlap_onprem(fleet: Fleet) -> Verdicts:
    """Fail on-premises blocks of two connections of one gateway that overlap."""
    return _of_kind(fleet, "onprem")


def overlap_selector_pair(fleet: Fleet) -> Verdicts:
    """Fail pairs of policies of one gateway that match the same packets."""
    return _of_kind(fleet, "selector_pair")


def overlap_duplicate(fleet: Fleet) -> Verdicts:
    """Fail pairs of connections that carry the same traffic between the same ends."""
    return _of_kind(fleet, "duplicate")


def overlap_route_domain(fleet: Fleet) -> Verdicts:
    """Fail on-premises blocks behind two gateways of one routing domain that overlap."""
    return _of_kind(fleet, "route_domain")


def overlap_other_vpc(fleet: Fleet) -> Verdicts:
    """Fail on-premises blocks that overlap the VPC block of another connection."""
    return _of_kind(fleet, "other_vpc")


def overlap_not_judged(fleet: Fleet) -> Verdicts:
    """Mark connections whose prefixes are in routes that were not read as unknown."""
    result = np.where(fleet.is_unjudged, UNKNOWN, NO).astype(np.uint8)
    return judged("connections", result, column="routing_mode")


def _of_kind(fleet: Fleet, kind: str) -> Verdicts:
    """Return verdicts on pairs: those of one kind fail with the severity of that kind."""
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
    """Return for each group of pairs its value, reason, and key within the connection.

    A connection that overlaps more than 20 others has one finding for all of them.
    """
    value, what = objects(_words(pairs)), _what(pairs)
    reason = objects(pairs["reason"].tolist())
    if not len(pairs):
        return {"value": value, "reason": reason, "what": what}
    n_others = n_distinct(owners, pd.factorize(what)[0])
    folded = np.flatnonzero(n_others[owners] > _MOST_OTHERS)
    first, which = np.unique(owners[folded], return_index=True, return_inverse=True)[1:]
    heads = folded[first]
    more = [
        f"{text} and {n:,} more"
        for text, n in zip(value[heads], (n_others[owners[heads]] - 1).tolist(), strict=True)
    ]
    value[folded], reason[folded], what[folded] = objects(more)[which], reason[heads][which], ""
    return {"value": value, "reason": reason, "what": what}


def _what(pairs: pd.DataFrame) -> Texts:
    """Return the other connection of a pair, or all connections of a group."""
    keys = [pairs[f"right_{name}"] for name in ("account_id", "region_id", "vpn_connection_id")]
    other = keys[0].fillna("") + "/" + keys[1].fillna("") + "/" + keys[2].fillna("")
    everyone = pairs["n_connections"].astype("str") + ":" + pairs["vpn_connection_ids"]
    return objects(other.where(pairs["n_connections"] <= _A_PAIR, everyone).tolist())


def _words(pairs: pd.DataFrame) -> list[str]:
    """Return which blocks overlap, and whose; for a group its first pair and all connections."""
    names = ("left_side", "left_cidr", "relation", "right_side", "right_cidr")
    columns = [pairs[name].astype("str").replace(SIDE_WORDS).tolist() for name in names]
    others = pairs["right_vpn_connection_id"].fillna("a VPC without connections").tolist()
    columns += [pairs[name].tolist() for name in ("n_connections", "vpn_connection_ids")]
    return [
        f"{side} {cidr} {'is equal to' if relation == 'equal' else relation} "
        f"{other_side} {other_cidr} of {other}" + (_of_all(n, ids) if n > _A_PAIR else "")
        for side, cidr, relation, other_side, other_cidr, n, ids, other in zip(
            *columns, others, strict=True
        )
    ]


def _of_all(n: int, ids: str) -> str:
    """Return the connections of a group: those named, and the number of others."""
    named = ids.split(",")
    more = f" and {n - len(named):,} more" if n > len(named) else ""
    return f", as in all of {n:,} connections: {', '.join(named)}{more}"
