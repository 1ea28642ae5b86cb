"""Rules on overlapping blocks, one for each kind of overlap."""

from __future__ import annotations

import numpy as np
import pandas as pd

from vpnframe.auditing.fleet import Fleet
from vpnframe.auditing.logic import (
    NO,
    UNKNOWN,
    Positions,
    Texts,
    coded,
    equals,
    n_distinct,
    objects,
    truth,
)
from vpnframe.auditing.values import SIDE_WORDS
from vpnframe.auditing.verdicts import INFO, NO_ROUTES, SEVERITIES, Verdicts, judged, rule

_MOST_OTHERS = 20  # with more overlapping connections, all become one finding
_A_PAIR = 2


def _of_kind(kind: str) -> None:
    """Register a rule that fails all overlaps of one kind, with the severity of each overlap."""

    def find(fleet: Fleet) -> Verdicts:
        pairs = fleet.overlaps
        is_bad = equals(pairs["kind"], kind)
        codes, words = coded(pairs["severity"])
        severity = np.array([*map(SEVERITIES.index, words), INFO], np.uint8)[codes]
        rows = np.flatnonzero(is_bad)
        told = _told(pairs.iloc[rows], fleet.of_overlap[rows])
        facts = {name: np.full(len(pairs), "", object) for name in told}
        facts["reason"] = objects(pairs["reason"])
        for name, texts in told.items():
            facts[name][rows] = texts
        return judged(truth(is_bad, ~fleet.is_judged), severity=severity, **facts)

    rule_id = f"vpn-overlap-{kind.replace('_', '-')}"
    rule(rule_id, "overlaps", "cidr", implied_by=(NO_ROUTES,))(find)


for _kind in (
    "own_sides",  # the two sides of one connection
    "onprem",  # on-premises blocks of two connections of one gateway
    "selector_pair",  # policies of one gateway that match the same packets
    "duplicate",  # connections that carry the same traffic between the same ends
    "route_domain",  # on-premises blocks behind two gateways of one routing domain
    "other_vpc",  # an on-premises block of one connection and a VPC block of another connection
):
    _of_kind(_kind)


@rule(NO_ROUTES, "connections", "routing_mode")
def overlap_not_judged(fleet: Fleet) -> Verdicts:
    """Mark connections as unknown if their prefixes depend on routes that were not read."""
    return judged(np.where(fleet.is_unjudged, UNKNOWN, NO))


def _told(pairs: pd.DataFrame, owners: Positions) -> dict[str, Texts]:
    """Return the texts ``value``, ``reason`` and ``what`` of each overlapping pair.

    If a connection overlaps more than 20 other connections or groups of connections, all its pairs
    get the same texts.
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
    """Return for each pair its right-hand connection as a string: account, region and id.

    If more than two connections share the overlap, the string is their number and their first ids
    instead.
    """
    keys = [pairs[f"right_{name}"] for name in ("account_id", "region_id", "vpn_connection_id")]
    other = keys[0].fillna("") + "/" + keys[1].fillna("") + "/" + keys[2].fillna("")
    everyone = pairs["n_connections"].astype("str") + ":" + pairs["vpn_connection_ids"]
    return objects(other.where(pairs["n_connections"] <= _A_PAIR, everyone).tolist())


def _words(pairs: pd.DataFrame) -> list[str]:
    """Describe each overlap's two blocks; list its connections if more than two share it."""
    names = ("left_side", "left_cidr", "relation", "right_side", "right_cidr")
    columns = [pairs[name].astype("str").replace(SIDE_WORDS).tolist() for name in names]
    others = pairs["right_vpn_connection_id"].fillna("a VPC without connections").tolist()
    columns += [pairs[name].tolist() for name in ("n_connections", "vpn_connection_ids")]
    return [
        f"{side} {cidr} {'is equal to' if relation == 'equal' else relation} "
        f"{other_side} {other_cidr} of {other}{_of_all(n, ids) if n > _A_PAIR else ''}"
        for side, cidr, relation, other_side, other_cidr, n, ids, other in zip(
            *columns, others, strict=True
        )
    ]


def _of_all(n: int, ids: str) -> str:
    """Describe a group of ``n`` connections; ``ids`` may have only the first of its ids."""
    named = ids.split(",")
    more = f" and {n - len(named):,} more" if n > len(named) else ""
    return f", as in all of {n:,} connections: {', '.join(named)}{more}"
