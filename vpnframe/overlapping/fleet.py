"""Find, classify and count the overlaps in a fleet."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from vpnframe import schema
from vpnframe.addresses.forest import count_overlaps
from vpnframe.addresses.nesting import DEFAULT_MAX_PAIRS, RELATIONS
from vpnframe.inventory import Inventory
from vpnframe.overlapping import roles
from vpnframe.overlapping.asked import as_category
from vpnframe.overlapping.connections import CONNECTION
from vpnframe.overlapping.encoded import EncodedFleet
from vpnframe.overlapping.grouping import Groups, every_pair, find_groups
from vpnframe.overlapping.meaning import CASES, find_cases
from vpnframe.overlapping.pairing import FleetPairs, pairs_against, pairs_within
from vpnframe.overlapping.rows import KnownFleet, check_scope, their_blocks
from vpnframe.overlapping.scopes import ROUTERS, ROUTING_DOMAIN
from vpnframe.overlapping.settings import OverlapSettings
from vpnframe.schema.checked import in_order
from vpnframe.schema.codes import NULL, Codes, Mask, rank_rows
from vpnframe.schema.codes import expand as expand_ranges

_MOST_IDS = 20  # connections of a group that are named; the others are counted


def overlaps(
    subnets: pd.DataFrame | Inventory,
    *,
    scope: str | None = ROUTING_DOMAIN,
    against: pd.DataFrame | Iterable[object] | None = None,
    settings: OverlapSettings | None = None,
    expand: bool = False,
    max_pairs: int = DEFAULT_MAX_PAIRS,
) -> pd.DataFrame:
    """Find the overlaps in a fleet that can matter, and classify each.

    On-premises blocks are compared with those of other connections and with the blocks of VPCs: the
    connection's own VPC, and others in the scope. The blocks of a VPC come from the inventory's
    table ``vpcs``; if the VPC was not read, its VPC-side selectors are used instead, and the reason
    states this. VPC blocks with each other, blocks on one side of one connection, and default
    routes are never compared.

    Pairs of equal blocks with the same meaning form one row: the first pair, and their number.

    Parameters
    ----------
    subnets : DataFrame or Inventory
        Table ``subnets``, or an inventory, whose VPCs and coverage are used too. Rows without a
        block are left out; a block with several rows counts once.
    scope : str or None
        What two blocks must share to be compared: ``"routing_domain"`` (the connected parts of
        the graph of VPN gateways, VPCs and transit routers), a column of ``subnets``, or None to
        compare the whole table. A missing scope equals nothing, not even another missing one; the
        two sides of one connection are always compared.
    against : DataFrame or iterable of str, optional
        Compare with these blocks instead: a list or column of blocks, or a table with ``cidr``,
        ``destination_cidr`` or ``cidrs`` (the tables ``vpcs`` and ``routes``, an export of an
        IPAM, another fleet's ``subnets``). A row that names a gateway, VPC or router of this
        fleet is compared inside its routing domain; others with all blocks, since their domain is
        unknown. A scope other than the default must be a column of both.
    settings : OverlapSettings, optional
        Additional joins, translations, the tag that names an owner, and the routing domain to
        analyse.
    expand : bool
        Return one row for each pair.
    max_pairs : int
        Maximum number of pairs with ``expand``, before those within one connection's side are
        dropped.

    Returns
    -------
    DataFrame
        Table ``overlaps``: ``account_id``, ``region_id``, ``vpn_connection_id``, ``side`` and
        ``cidr`` of the first pair, prefixed ``left_`` and ``right_``; ``relation`` of left to
        right; ``scope`` (its name, "all" for None) and ``scope_id`` (what both share, left's for
        its own VPC, missing for None); ``kind`` and ``severity`` (info, low, medium or high);
        ``n_pairs``, ``n_connections`` and ``vpn_connection_ids`` (the first twenty, joined by
        commas) of the connections with these blocks on premises; ``reason``, of the first pair.
        Left is the on-premises block if right is a VPC's, else the smaller by those columns; with
        ``against`` it is ours, and ``right_side`` is "against". Rows are sorted by left.

    Raises
    ------
    AddressError
        If a text is not a CIDR block.
    SettingsError
        If the settings name something that is not in the fleet.
    ValueError
        If ``scope`` is not a column, or there are more pairs than ``max_pairs`` with ``expand``,
        or than 100 million without.
    SchemaError
        If a required column is missing, or the table does not match its schema.

    Warns
    -----
    IncompleteWarning
        If connections are not judged, because their prefixes are in routes that were not read, or
        the inventory is not complete.

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
    known, settings = KnownFleet.of(subnets), settings or OverlapSettings()
    theirs = None
    if against is not None:
        theirs = in_order(their_blocks(against), (*CONNECTION, "cidr", *ROUTERS, "vpn_gateway_ip"))
        check_scope(theirs, scope)
    fleet = known.encode(scope, settings, theirs)
    candidates = pairs_within(fleet) if against is None else pairs_against(fleet, scope)
    groups = every_pair(candidates, max_pairs) if expand else find_groups(candidates)
    known.warn_of_gaps()
    return _as_table(groups, settings)


def overlaps_per_block(
    subnets: pd.DataFrame | Inventory,
    *,
    scope: str | None = ROUTING_DOMAIN,
    settings: OverlapSettings | None = None,
) -> pd.DataFrame:
    """Count for each block of a fleet the pairs that ``overlaps`` finds it in.

    The run time does not depend on the number of pairs.

    Parameters
    ----------
    subnets, scope, settings : DataFrame or Inventory, str or None, OverlapSettings
        As for :func:`vpnframe.overlaps`, with the same errors and warnings.

    Returns
    -------
    DataFrame
        Table ``block_counts``: each block with the number of blocks that it is equal to,
        contains and lies within, most overlaps first; blocks without any are left out.

    Examples
    --------
    >>> subnets = pd.DataFrame({
    ...     "account_id": "1", "region_id": "cn-hangzhou", "vpn_connection_id": ["a", "b", "c"],
    ...     "vpn_gateway_id": "vpn-1", "vpc_id": None, "transit_router_id": None,
    ...     "side": "onprem", "cidr": ["10.0.0.0/8", "10.1.0.0/16", "10.2.0.0/16"],
    ... })
    >>> overlaps_per_block(subnets)[["cidr", "n_equal", "n_contains", "n_within"]]
              cidr  n_equal  n_contains  n_within
    0   10.0.0.0/8        0           2         0
    1  10.1.0.0/16        0           0         1
    2  10.2.0.0/16        0           0         1
    """
    known = KnownFleet.of(subnets)
    fleet = known.encode(scope, settings or OverlapSettings())
    counts = _count(fleet)
    total = counts.sum(axis=0)
    rows = np.argsort(-total, kind="stable")[: np.count_nonzero(total)]
    known.warn_of_gaps()
    numbers = zip(("n_equal", "n_contains", "n_within"), counts[:, rows], strict=True)
    return schema.build("block_counts", fleet.columns(rows) | dict(numbers))


def overlaps_by_site(inventory: Inventory, *, settings: OverlapSettings) -> pd.DataFrame:
    """Return table ``overlaps`` with only the pairs of two sites grouped."""
    candidates = pairs_within(KnownFleet.of(inventory).encode(ROUTING_DOMAIN, settings))
    sites = find_groups(candidates.across(False))
    across = every_pair(candidates.across(True), DEFAULT_MAX_PAIRS)
    tables = [_as_table(groups, settings) for groups in (sites, across)]
    return schema.cast("overlaps", pd.concat(tables, ignore_index=True))


def _as_table(groups: Groups, settings: OverlapSettings) -> pd.DataFrame:
    """Build table ``overlaps`` from groups, with the meaning of each."""
    pairs, fleet = groups.first, groups.first.fleet
    scope, other = fleet.scope[pairs.left], fleet.scope[pairs.right]
    is_shared = (scope == other) | pairs.is_own
    values = {
        **_half("left", fleet, pairs.left, pairs.one),
        **_half("right", fleet, pairs.right, _named(pairs)),
        **fleet.scopes(np.where(is_shared, scope, NULL)),
        **CASES.columns(pairs, find_cases(pairs), settings.nat),
        "relation": as_category(pairs.relation, RELATIONS),
        "n_pairs": groups.n_pairs,
        "n_connections": groups.n_members,
        "vpn_connection_ids": pd.array(_ids(groups), dtype="str"),
    }
    return schema.build("overlaps", values)


def _named(pairs: FleetPairs) -> Codes:
    """Return the connection to name at the right end: the left one for a block of its own VPC."""
    fleet, its, right = pairs.fleet, pairs.fleet.connections, pairs.other
    role, sides, cidr = fleet.role[pairs.right], its.vpc_side, fleet.cidr[pairs.right]
    is_own = pairs.is_own & ((role != roles.STAND_IN) | sides.hold(sides.codes[pairs.one], cidr))
    # Our first connection in each VPC, -1 if there is none.
    ours = np.flatnonzero((its.name.codes >= 0) & ~its.is_theirs)[::-1]
    first = np.full(int(its.cloud.max(initial=0)) + 1, NULL)
    first[its.cloud[ours]] = ours
    in_vpc = first[its.cloud[right]]
    of_vpc = np.where(in_vpc >= 0, in_vpc, right)
    return np.where(is_own, pairs.one, np.where(np.isin(role, tuple(roles.ORIGINS)), of_vpc, right))


def _ids(groups: Groups) -> pa.Array:
    """Return the ids of each group's first twenty connections, joined by commas."""
    n_shown = np.minimum(groups.n_members, _MOST_IDS)
    starts = np.cumsum(groups.n_members) - groups.n_members
    _, shown = expand_ranges(starts, n_shown)
    ids = groups.first.fleet.connections.name.texts(groups.members[shown])
    lists = pa.LargeListArray.from_arrays(np.append(0, np.cumsum(n_shown)), ids)
    return pc.binary_join(lists, pa.scalar(",", pa.large_string()))


def _half(end: str, fleet: EncodedFleet, rows: Codes, connection: Codes) -> dict[str, object]:
    side = np.where(fleet.is_theirs[rows], 2, fleet.is_vpc[rows])
    columns = fleet.named(rows, connection)
    columns["side"] = as_category(side, ["onprem", "vpc", "against"])
    return {f"{end}_{name}": values for name, values in columns.items()}


def _count(fleet: EncodedFleet) -> Codes:
    """Return the numbers of equal, contained and containing blocks, shape (3, n)."""
    site, scope, connection = fleet.role == roles.ONPREM, fleet.scope, fleet.connection
    held, outside = np.isin(fleet.role, roles.COMPARED), fleet.role == roles.OUTSIDE
    cloud, has_scope = fleet.connections.cloud[connection], scope >= 0
    both = rank_rows([connection, scope])
    # Sites of one scope, less those of one connection.
    counts = _counts(fleet, has_scope & site, scope) - _counts(fleet, has_scope & site, both)
    # Sites with blocks of VPCs of their scope, and with blocks of their own VPC in any scope.
    counts += _between(fleet, has_scope & site, has_scope & held, scope)
    counts -= _between(fleet, has_scope & site, has_scope & held, rank_rows([cloud, scope]))
    held[roles.repeats(np.flatnonzero(held), cloud, fleet.cidr, fleet.role)] = False
    counts += _between(fleet, site, held, cloud)
    return counts + _between(fleet, site, outside, connection)


def _between(fleet: EncodedFleet, one: Mask, other: Mask, groups: Codes) -> Codes:
    """Count the pairs of a block of one set with a block of the other."""
    both = _counts(fleet, one | other, groups)
    return both - _counts(fleet, one, groups) - _counts(fleet, other, groups)


def _counts(fleet: EncodedFleet, chosen: Mask, groups: Codes) -> Codes:
    """Return counts by position, 0 for blocks that are not chosen; shape (3, n)."""
    counts, blocks = np.zeros((3, len(groups)), np.int64), fleet.all.take(chosen)
    for family in (4, 6):
        row, numbers = blocks.of_family(family, groups=groups)
        found = count_overlaps(numbers)
        counts[:, row] = found.n_equal, found.n_contains, found.n_within
    return counts
