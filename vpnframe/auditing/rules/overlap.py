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
    n_distinct,
    objects,
)
from vpnframe.auditing.masks import equals
from vpnframe.auditing.values import SIDE_WORDS
from vpnframe.auditing.verdicts import SEVERITIES, Verdicts, judged

_MOST_OTHERS = 20  # others that one connection meets, before they are one finding
_A_PAIR = 2


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
    """For each group of pairs: value, reason, and what tells it from others of the connection.

    A connection that meets very many others has one finding for all of them.
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
    """The other connection of a pair, or all connections of a group."""
    keys = [pairs[f"right_{name}"] for name in ("account_id", "region_id", "vpn_connection_id")]
    other = keys[0].fillna("") + "/" + keys[1].fillna("") + "/" + keys[2].fillna("")
    everyone = pairs["n_connections"].astype("str") + ":" + pairs["vpn_connection_ids"]
    return objects(other.where(pairs["n_connections"] <= _A_PAIR, everyone).tolist())


def _words(pairs: pd.DataFrame) -> list[str]:
    """What meets what, and whose; of a group its first pair and all whom it is about."""
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
    """The connections of a group: those that are named, and how many more there are."""
    named = ids.split(",")
    more = f" and {n - len(named):,} more" if n > len(named) else ""
    return f", as in all of {n:,} connections: {', '.join(named)}{more}"
