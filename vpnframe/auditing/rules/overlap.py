"""Rules on overlapping blocks: what a pair means was decided where pairs are found."""

from __future__ import annotations

import numpy as np

from vpnframe.auditing.fleet import NOT_JUDGED, Fleet
from vpnframe.auditing.logic import NO, UNKNOWN, YES, coded
from vpnframe.auditing.masks import equals
from vpnframe.auditing.values import SIDE_WORDS
from vpnframe.auditing.verdicts import SEVERITIES, Verdicts, judged


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
    value, what = (np.full(len(pairs), "", object) for _ in range(2))
    rows = np.flatnonzero(is_bad)
    bad = pairs.iloc[rows]
    names = ("left_side", "left_cidr", "relation", "right_side", "right_cidr")
    columns = [bad[name].astype("str").replace(SIDE_WORDS).tolist() for name in names]
    others = bad["right_vpn_connection_id"].tolist()
    value[rows] = [
        f"{side} {cidr} {'is equal to' if relation == 'equal' else relation} "
        f"{other_side} {other_cidr} of {other}"
        for side, cidr, relation, other_side, other_cidr, other in zip(
            *columns, others, strict=True
        )
    ]
    keys = (bad[f"right_{name}"].fillna("") for name in ("account_id", "region_id"))
    what[rows] = ["/".join(parts) for parts in zip(*keys, others, strict=True)]
    return judged(
        "overlaps",
        result,
        column="cidr",
        severity=severity,
        facts={"value": value, "what": what},
    )
