"""Overlaps in a fleet, seen from its connections, and what each means."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from vpnframe import schema
from vpnframe.addresses.nesting import DEFAULT_MAX_PAIRS
from vpnframe.checked import in_order
from vpnframe.inventory import Inventory
from vpnframe.overlapping.against import their_blocks
from vpnframe.overlapping.assembling import (
    as_category,
    as_text,
    check_columns,
    check_scope,
    positions,
)
from vpnframe.overlapping.blocks import as_relations
from vpnframe.overlapping.coding import NULL, Codes, take_words
from vpnframe.overlapping.encoded import CONNECTION, Fleet, encode_fleet
from vpnframe.overlapping.facts import PairFacts
from vpnframe.overlapping.known import warn_of_gaps, what_is_known
from vpnframe.overlapping.meaning import CASES, KINDS, SEVERITIES, find_cases
from vpnframe.overlapping.nat import with_mapped
from vpnframe.overlapping.pairing import FleetPairs, pairs_between, pairs_within
from vpnframe.overlapping.reasons import write_reasons
from vpnframe.overlapping.scopes import ROUTERS, ROUTING_DOMAIN
from vpnframe.overlapping.settings import OverlapSettings


def overlaps(
    subnets: pd.DataFrame | Inventory,
    *,
    scope: str | None = ROUTING_DOMAIN,
    against: pd.DataFrame | Iterable[object] | None = None,
    settings: OverlapSettings | None = None,
    max_pairs: int = DEFAULT_MAX_PAIRS,
) -> pd.DataFrame:
    """Find the overlaps in a fleet that can matter, and what each means.

    Compared are the on-premises blocks of different connections, on-premises blocks with the VPC
    blocks of other connections, and the two sides of one connection. Never compared are VPC
    blocks with each other, blocks on one side of one connection, and default routes.

    Parameters
    ----------
    subnets : DataFrame or Inventory
        Table ``subnets``, or an inventory, whose coverage counts too. Rows without a block are
        left out; a block that has several rows counts once.
    scope : str or None
        What two blocks must share to be compared: ``"routing_domain"`` (the connected parts of
        the graph of VPN gateways, VPCs and transit routers), a column of ``subnets``, or None to
        compare the whole table. A missing scope equals nothing, itself included; the two sides
        of one connection are compared whatever it is.
    against : DataFrame or iterable of str, optional
        Compare with these blocks instead: a list or column of blocks, or a table with ``cidr``,
        ``destination_cidr`` or ``cidrs`` (the tables ``vpcs`` and ``routes``, an export of an
        IPAM, another fleet's ``subnets``). A row that names a gateway, VPC or router of this
        fleet is compared inside its routing domain; others with all blocks, since nobody knows
        what they will meet. Another scope than the default one must be a column of both.
    settings : OverlapSettings, optional
        What else is joined, what is translated, which tag names an owner, and which routing
        domain is looked at.
    max_pairs : int
        The most pairs to make, before those within one connection's side are left out.

    Returns
    -------
    DataFrame
        Table ``overlaps``: for ``left_`` and ``right_`` the ``account_id``, ``region_id``,
        ``vpn_connection_id``, ``side`` and ``cidr``; ``relation`` of left to right; ``scope``
        (its name, "all" for None) and ``scope_id`` (what both share, missing for None); ``kind``,
        ``severity`` (info, low, medium or high) and ``reason``. In each pair left is the smaller
        by those columns, and ours where there is ``against``, with ``right_side`` "against";
        rows are sorted by left, then right.

    Raises
    ------
    AddressError
        If a block is a text that is none.
    SettingsError
        If the settings name what is not in the fleet.
    ValueError
        If ``scope`` is no column, or there are more than ``max_pairs`` pairs.
    SchemaError
        If a needed column is not there, or the table is not what its schema says.

    Warns
    -----
    IncompleteWarning
        If connections are not judged, because their prefixes stand in routes that were not read,
        or the inventory is not complete.

    Examples
    --------
    >>> subnets = pd.DataFrame({
    ...     "account_id": "1", "region_id": "cn-hangzhou", "vpn_connection_id": ["vco-a", "vco-b"],
    ...     "vpn_gateway_id": "vpn-1", "vpc_id": None, "transit_router_id": None,
    ...     "side": "onprem", "cidr": ["10.0.0.0/8", "10.1.0.0/16"],
    ... })
    >>> found = overlaps(subnets)
    >>> found[["left_cidr", "relation", "right_cidr", "scope_id", "kind", "severity"]]
        left_cidr  relation   right_cidr scope_id    kind severity
    0  10.0.0.0/8  contains  10.1.0.0/16    vpn-1  onprem      low
    >>> found["reason"][0]
    '10.1.0.0/16 lies within 10.0.0.0/8 on vpn-1: the longest prefix wins, as for an aggregate
    and its branch.'
    """
    known, settings = what_is_known(subnets), settings or OverlapSettings()
    check_columns(known.subnets, scope)
    rows = with_mapped(known.subnets, settings.nat)
    if against is not None:
        theirs = in_order(their_blocks(against), (*CONNECTION, "cidr", *ROUTERS, "vpn_gateway_ip"))
        check_scope(theirs, scope)
        rows = pd.concat([rows.assign(is_theirs=False), theirs], ignore_index=True)
    fleet = encode_fleet(rows, scope=scope, settings=settings)
    if against is None:
        pairs = pairs_within(fleet, max_pairs=max_pairs)
    else:
        pairs = _pairs_against(fleet, scope, max_pairs)
    table = _table(fleet, pairs, scope=scope, settings=settings)
    warn_of_gaps(known)
    return table


def _pairs_against(fleet: Fleet, scope: str | None, max_pairs: int) -> FleetPairs:
    """Pairs with the other table's blocks: those that no domain of ours has, with all of ours."""
    its = fleet.connections
    domain = its.domain.codes
    is_placed = its.is_theirs & np.isin(domain, domain[~its.is_theirs & (domain >= 0)])
    is_everywhere = its.is_theirs & (scope is None)
    if scope == ROUTING_DOMAIN:
        is_everywhere = its.is_theirs & ~is_placed
    return pairs_between(
        fleet,
        is_placed=is_placed[fleet.connection],
        is_everywhere=is_everywhere[fleet.connection],
        max_pairs=max_pairs,
    )


def _table(
    fleet: Fleet, pairs: FleetPairs, *, scope: str | None, settings: OverlapSettings
) -> pd.DataFrame:
    """The table of pairs, with what each means."""
    facts = PairFacts(fleet, pairs)
    cases = find_cases(facts)
    found = list(CASES.values())
    reasons = write_reasons(facts, cases, [case.reason for case in found], nats=settings.nat)
    scope_name = "all" if scope is None else scope
    shared = np.where(
        fleet.scope[pairs.left] == fleet.scope[pairs.right], fleet.scope[pairs.left], NULL
    )
    values = {
        **_half("left", fleet, pairs.left),
        **_half("right", fleet, pairs.right),
        "relation": as_relations(pairs.relation),
        "scope": as_category(np.zeros(len(cases), np.int64), [scope_name]),
        "scope_id": as_text(take_words(fleet.scope_words, shared)),
        "kind": as_category(positions([case.kind for case in found], KINDS)[cases], KINDS),
        "severity": as_category(
            positions([case.severity for case in found], SEVERITIES)[cases], SEVERITIES
        ),
        "reason": as_text(reasons),
    }
    return schema.build("overlaps", values)


def _half(end: str, fleet: Fleet, rows: Codes) -> dict[str, object]:
    its, connection = fleet.connections, fleet.connection[rows]
    sides = ["onprem", "vpc", "against"]
    side = np.where(its.is_theirs[connection], 2, fleet.is_vpc[rows])
    return {
        f"{end}_account_id": as_text(its.account.texts(connection)),
        f"{end}_region_id": as_text(its.region.texts(connection)),
        f"{end}_vpn_connection_id": as_text(its.name.texts(connection)),
        f"{end}_side": as_category(side, sides),
        f"{end}_cidr": as_text(take_words(fleet.cidrs.words, fleet.cidr[rows])),
    }
