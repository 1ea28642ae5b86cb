"""Find what a new site's blocks would collide with, and how severely."""

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

# Unknown properties of a new site (gateway, mode, owner) are assumed to be the worst case.
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
    """Find what the on-premises blocks of a new site would collide with, and how severely.

    The site's future gateway is unknown, so all scopes are searched: ``scope_id`` is the scope in
    which a hit counts, and ``OverlapSettings(only="vpn-...")`` restricts the search to one routing
    domain. Default routes are not hits.

    Parameters
    ----------
    subnets : DataFrame or Inventory
        Table ``subnets``, or an inventory, whose VPC blocks, user CIDRs and coverage are used too.
    cidrs : iterable of str or DataFrame
        The new site's blocks: a list, a column, or a table with ``cidr``.
    scope : str or None
        The scope that ``scope_id`` reports; see :func:`vpnframe.overlaps`.
    settings : OverlapSettings, optional
        Additional joins, translations, the routing domain to search (``only``), and blocks of the
        fleet to leave out.

    Returns
    -------
    DataFrame
        Table ``conflicts``: the given ``cidr``, its ``relation`` to the block in use, that block
        with its connection, side and scope, and ``kind``, ``severity`` and ``reason``. Sorted by
        given block, worst first. Severity info is not a collision.

    Raises
    ------
    AddressError
        If a text is not a CIDR block, or is a default route.
    SettingsError
        If the settings name something that is not in the fleet.
    ValueError
        If ``scope`` is not a column.
    SchemaError
        If a required column is missing, or the table does not match its schema.

    Warns
    -----
    IncompleteWarning
        If the data cannot rule out conflicts: connections are not judged, because their prefixes
        are in routes that were not read, or the inventory is not complete.

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
    """Return the case of each hit; left is the fleet's block, right the new site's."""
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
