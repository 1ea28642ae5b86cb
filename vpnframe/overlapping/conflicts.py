"""What a new site would collide with, and how badly."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from vpnframe import schema
from vpnframe.addresses.nesting import CONTAINS, EQUAL, RELATIONS, WITHIN
from vpnframe.errors import AddressError
from vpnframe.inventory import Inventory
from vpnframe.overlapping import roles
from vpnframe.overlapping.against import our_rows, their_blocks
from vpnframe.overlapping.assembling import (
    as_category,
    as_severity,
    as_text,
    check_columns,
    positions,
)
from vpnframe.overlapping.encoded import EncodedFleet, encode_fleet
from vpnframe.overlapping.facts import PairFacts
from vpnframe.overlapping.known import warn_of_gaps, what_is_known
from vpnframe.overlapping.meaning import CASES, KINDS, NOT_READ, SEVERITIES, PairMeaning
from vpnframe.overlapping.pairing import TURNED, FleetPairs, pairs_with_asked
from vpnframe.overlapping.reasons import write_reasons
from vpnframe.overlapping.scopes import ROUTING_DOMAIN
from vpnframe.overlapping.settings import OverlapSettings
from vpnframe.schema.codes import NULL, Mask, take_words

# What is open of a new site (its gateway, its mode, its owner) is taken to be the worst.
_CASES = {
    "translated": CASES["translated"],
    "apart": PairMeaning(
        *("unrelated", "info"), "{left_cidr} is in use where nothing known of the VPN leads."
    ),
    "site_equal": PairMeaning(
        *("onprem", "high"), "The same block is in use on premises behind {left_place}."
    ),
    "site_inside": PairMeaning(
        *("onprem", "medium"),
        "It lies within {left_cidr}, in use on premises behind {left_place}: fine for a branch of "
        "that site, no other.",
    ),
    "site_around": PairMeaning(
        *("onprem", "medium"),
        "It contains {left_cidr}, in use on premises behind {left_place}: fine for an aggregate "
        "above that site, no other.",
    ),
    "vpc_around": PairMeaning(
        *("other_vpc", "low"),
        "It contains {left_cidr} of {vpc}, as in hub and spoke: check the return path.",
    ),
    "vpc_inside": PairMeaning(
        *("other_vpc", "high"),
        "It is inside {left_cidr} of {vpc}: there the VPC's own route wins, and the tunnel gets "
        "nothing.",
    ),
    "not_read_around": PairMeaning(
        *("other_vpc", "low"),
        "It contains {left_cidr} of {vpc}, as in hub and spoke: check the return path"
        f"{NOT_READ}.",
    ),
    "not_read_inside": PairMeaning(
        *("other_vpc", "high"),
        "It is inside {left_cidr} of {vpc}: there the VPC's own route wins, and the tunnel gets "
        f"nothing{NOT_READ}.",
    ),
    "user_cidr": PairMeaning(
        *("user_cidr", "medium"),
        "It overlaps {left_cidr}, a user CIDR of {vpc}: outside its own blocks the VPC sends these "
        "addresses by its route table, so that they may be in use.",
    ),
    "outside": PairMeaning(
        *("other_vpc", "medium"),
        "It overlaps {left_cidr} of the VPC side, which {vpc} does not hold: in use behind it.",
    ),
    "aggregate": PairMeaning(
        *("other_vpc", "info"),
        "It overlaps {left_cidr}, a selector around what {vpc} holds: an aggregate is no block "
        "in use.",
    ),
}
_NAMES = tuple(_CASES)
_BY_ROLE = {"user_cidr": roles.USER, "outside": roles.OUTSIDE, "aggregate": roles.AGGREGATE}


def would_conflict(
    subnets: pd.DataFrame | Inventory,
    cidrs: Iterable[object] | pd.DataFrame,
    *,
    scope: str | None = ROUTING_DOMAIN,
    settings: OverlapSettings | None = None,
) -> pd.DataFrame:
    """Find what the on-premises blocks of a new site would collide with, and how badly.

    Where the site will hang is not known, so that all are looked into: ``scope_id`` says in
    which scope a hit counts, and ``OverlapSettings(only="vpn-...")`` looks into one routing domain
    alone. Default routes are no hits.

    Parameters
    ----------
    subnets : DataFrame or Inventory
        Table ``subnets``; of an inventory its VPCs' own blocks, user CIDRs and coverage count, too.
    cidrs : iterable of str or DataFrame
        The new site's blocks: a list, a column, or a table with ``cidr``.
    scope : str or None
        What would have to carry both; see :func:`vpnframe.overlaps`.
    settings : OverlapSettings, optional
        What else is joined, what is translated, which routing domain is looked into (``only``),
        and which blocks of the fleet are set aside.

    Returns
    -------
    DataFrame
        Table ``conflicts``: the asked ``cidr``, its ``relation`` to what is in use, that block
        with its connection, side and scope, and ``kind``, ``severity`` and ``reason``. By asked
        block, worst first. Severity info is no collision.

    Raises
    ------
    AddressError
        If a block is a text that is none, or a default route.
    SettingsError
        If the settings name what is not in the fleet.
    ValueError
        If ``scope`` is no column.
    SchemaError
        If a needed column is not there, or the table is not what its schema says.

    Warns
    -----
    IncompleteWarning
        If what is known does not suffice for a no: connections are not judged, because their
        prefixes stand in routes that were not read, or the inventory is not complete.

    Examples
    --------
    >>> subnets = pd.DataFrame({
    ...     "account_id": "1", "region_id": "cn-hangzhou", "vpn_connection_id": ["vco-a", "vco-b"],
    ...     "vpn_gateway_id": "vpn-1", "vpc_id": "vpc-1", "transit_router_id": None,
    ...     "side": ["onprem", "vpc"], "cidr": ["10.40.1.0/24", "172.16.0.0/16"],
    ... })
    >>> hits = would_conflict(subnets, ["10.40.0.0/16", "172.16.9.0/24", "10.41.0.0/16"])
    >>> hits[["cidr", "relation", "hit_cidr", "kind", "severity"]]
                cidr  relation       hit_cidr       kind severity
    0   10.40.0.0/16  contains   10.40.1.0/24     onprem   medium
    1  172.16.9.0/24    within  172.16.0.0/16  other_vpc     high
    """
    known, settings = what_is_known(subnets), settings or OverlapSettings()
    check_columns(known.subnets, scope)
    rows = pd.concat([our_rows(known, settings), _asked_rows(cidrs)], ignore_index=True)
    fleet = encode_fleet(rows, scope=scope, settings=settings)
    pairs = pairs_with_asked(fleet)
    table = _table(fleet, pairs, scope=scope, settings=settings)
    warn_of_gaps(known)
    return table


def _asked_rows(cidrs: Iterable[object] | pd.DataFrame) -> pd.DataFrame:
    asked = their_blocks([cidrs] if isinstance(cidrs, str) else cidrs)
    for text in asked["cidr"]:
        if str(text).endswith("/0"):
            raise AddressError(
                f"{text} is a default route, which says nothing of what a site uses: give its "
                f"blocks",
                value=str(text),
            )
    return asked[["cidr", "is_theirs"]].assign(side="onprem")


def _find_cases(facts: PairFacts) -> npt.NDArray[np.int8]:
    """What each hit means; left is ours, right was asked for."""
    cases = np.full(len(facts.left), NULL, np.int8)
    for name, fits in _conditions(facts):
        cases[(cases == NULL) & fits] = _NAMES.index(name)
    return cases


def _conditions(facts: PairFacts) -> Iterator[tuple[str, Mask]]:
    its, relation = facts.fleet.connections, facts.pairs.relation
    domain = its.domain.codes
    has_vpn = np.isin(domain, domain[(its.name.codes >= 0) & (domain >= 0)])
    yield "translated", facts.nat >= 0
    yield "apart", ~has_vpn[facts.left]
    around = relation == WITHIN
    for name, role in _BY_ROLE.items():
        yield name, facts.is_across & (facts.role == role)
    is_read = facts.is_across & (facts.role == roles.REAL)
    yield "vpc_around", is_read & around
    yield "vpc_inside", is_read
    yield "not_read_around", facts.is_across & around
    yield "not_read_inside", facts.is_across
    yield "site_equal", relation == EQUAL
    yield "site_inside", relation == CONTAINS
    yield "site_around", around


def _table(
    fleet: EncodedFleet, pairs: FleetPairs, *, scope: str | None, settings: OverlapSettings
) -> pd.DataFrame:
    facts = PairFacts(fleet, pairs)
    cases = _find_cases(facts)
    found = list(_CASES.values())
    reasons = write_reasons(facts, cases, [case.reason for case in found], nats=settings.nat)
    severity = positions([case.severity for case in found], SEVERITIES)[cases]
    order = np.lexsort([pairs.left, -severity, facts.right])
    its, left, right = fleet.connections, pairs.left[order], pairs.right[order]
    connection, case = fleet.connection[left], cases[order]
    turned = TURNED[pairs.relation[order]]
    values = {
        "cidr": as_text(take_words(fleet.cidrs.words, fleet.cidr[right])),
        "relation": as_category(turned, RELATIONS),
        "account_id": as_text(its.account.texts(connection)),
        "region_id": as_text(its.region.texts(connection)),
        "vpn_connection_id": as_text(its.name.texts(connection)),
        "vpc_id": as_text(its.routers[1].texts(connection)),
        "side": as_category(fleet.is_vpc[left].astype(np.int64), ["onprem", "vpc"]),
        "hit_cidr": as_text(take_words(fleet.cidrs.words, fleet.cidr[left])),
        "scope": as_category(np.zeros(len(order), np.int64), ["all" if scope is None else scope]),
        "scope_id": as_text(take_words(fleet.scope_words, fleet.scope[left])),
        "kind": as_category(positions([case.kind for case in found], KINDS)[case], KINDS),
        "severity": as_severity(severity[order]),
        "reason": as_text(reasons.take(order)),
    }
    return schema.build("conflicts", values)
