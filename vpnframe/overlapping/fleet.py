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

_MOST_IDS = 20  # connection ids listed per group; the others are only counted


def overlaps(
    subnets: pd.DataFrame | Inventory,
    *,
    scope: str | None = ROUTING_DOMAIN,
    against: pd.DataFrame | Iterable[object] | None = None,
    settings: OverlapSettings | None = None,
    expand: bool = False,
    max_pairs: int = DEFAULT_MAX_PAIRS,
) -> pd.DataFrame:
    """Find the overlaps in a fleet that can affect routing, and classify each overlap.

    On-premises blocks are compared with the on-premises blocks of other connections, with the
    blocks of the connection's own VPC, and with the blocks of other VPCs in the scope. The blocks
    of a VPC come from the inventory's table ``vpcs``; if the VPC was not read, its VPC-side
    selectors are used instead, and the column ``reason`` says so. Two VPC blocks, two blocks on the
    same side of one connection, and default routes are never compared.

    Pairs that have the same two blocks, kind and severity form one row, which shows the first pair.

    Parameters
    ----------
    subnets : DataFrame or Inventory
        Table ``subnets``, or an inventory, whose VPCs and coverage are used too. Rows without a
        block are left out; a block with several rows is compared once.
    scope : str or None
        What two blocks must share to be compared: ``"routing_domain"`` (gateways, VPCs and transit
        routers that are connected), a column of ``subnets``, or None to compare the whole table.
        Blocks without a scope are compared only with the other side of their connection.
    against : DataFrame or iterable of str, optional
        Compare the fleet with these blocks instead of with itself. Pass a list or column of blocks,
        or a table with a column ``cidr``, ``destination_cidr`` or ``cidrs``, such as the tables
        ``vpcs`` and ``routes``, an export of an IPAM, or another fleet's ``subnets``. A row that
        names a gateway, VPC or transit router of this fleet is compared inside its routing domain.
        All other rows are compared with all blocks, since their domain is unknown. A scope other
        than the default must be a column of both tables.
    settings : OverlapSettings, optional
        The topology, translations, the tag that names an owner, the routing domain to analyse, and
        blocks to leave out.
    expand : bool
        If true, return one row for each pair.
    max_pairs : int
        Maximum number of pairs with ``expand``. Pairs on the same side of one connection are
        included in this number, although they are not in the result.

    Returns
    -------
    DataFrame
        Table ``overlaps``, sorted by the left block:

        - ``account_id``, ``region_id``, ``vpn_connection_id``, ``side`` and ``cidr`` of both blocks
          of the first pair, with the prefixes ``left_`` and ``right_``;
        - ``relation`` of the left block to the right block;
        - ``scope``, the name of the scope ("all" for None), and ``scope_id``, the scope that both
          blocks have. If the right block is of the VPC of the left block's connection, it is the
          scope of the left block. It is null if the two blocks have no common scope, and for None;
        - ``kind``, ``severity`` (info, low, medium or high) and ``reason`` of the first pair;
        - ``n_pairs``, ``n_connections`` (connections with one of the blocks on premises) and
          ``vpn_connection_ids`` (the first twenty ids, separated by commas).

        With ``against``, the left block is the fleet's, and ``right_side`` is "against". Otherwise
        the left block is the on-premises block of a pair with a VPC block, or the block that sorts
        first by the columns above.

    Raises
    ------
    AddressError
        If a string is not a CIDR block.
    SettingsError
        If the settings name something that is not in the fleet.
    ValueError
        If ``scope`` is not a column, or if there are too many pairs: more than ``max_pairs`` with
        ``expand``, more than 100 million otherwise.
    SchemaError
        If a required column is missing, or the table does not match its schema.

    Warns
    -----
    IncompleteWarning
        If the overlaps of some connections are not known, because the selectors are default routes
        and not all routes were read; if blocks are missing; or if the inventory is not complete.

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
    '10.1.0.0/16 lies within 10.0.0.0/8 on vpn-1: the longest prefix wins, as is usual if
    one site has a smaller block of an aggregate.'
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
    """Count for each block of a fleet the pairs that ``overlaps`` finds.

    The run time does not depend on the number of pairs.

    Parameters
    ----------
    subnets, scope, settings : DataFrame or Inventory, str or None, OverlapSettings
        As for :func:`vpnframe.overlaps`, with the same errors and warnings.

    Returns
    -------
    DataFrame
        Table ``block_counts``: each block with the number of blocks that it equals, contains and
        lies within, most overlaps first. Blocks without overlaps are left out.

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
    """Return table ``overlaps``; each pair with a VPC block gets a row of its own."""
    candidates = pairs_within(KnownFleet.of(inventory).encode(ROUTING_DOMAIN, settings))
    sites = find_groups(candidates.across(False))
    across = every_pair(candidates.across(True), DEFAULT_MAX_PAIRS)
    tables = [_as_table(groups, settings) for groups in (sites, across)]
    return schema.cast("overlaps", pd.concat(tables, ignore_index=True))


def _as_table(groups: Groups, settings: OverlapSettings) -> pd.DataFrame:
    """Build table ``overlaps`` with one row per group."""
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
    """Return for each pair the connection to show in the columns of the right block.

    A block of the left connection's VPC is shown with the left connection. A block of another VPC
    is shown with that VPC's first connection, if it has one. Any other block is shown with its own
    connection.
    """
    fleet, its, right = pairs.fleet, pairs.fleet.connections, pairs.other
    role, sides, cidr = fleet.role[pairs.right], its.vpc_side, fleet.cidr[pairs.right]
    is_own = pairs.is_own & ((role != roles.STAND_IN) | sides.hold(sides.codes[pairs.one], cidr))
    # The fleet's first connection in each VPC, -1 if the VPC has none.
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
    """Return three rows of counts: compared blocks equal to, inside and around each block."""
    site, scope, connection = fleet.role == roles.ONPREM, fleet.scope, fleet.connection
    held, outside = np.isin(fleet.role, roles.COMPARED), fleet.role == roles.OUTSIDE
    cloud, has_scope = fleet.connections.cloud[connection], scope >= 0
    both = rank_rows([connection, scope])
    # Pairs of on-premises blocks in one scope, without the pairs inside one connection.
    counts = _counts(fleet, has_scope & site, scope) - _counts(fleet, has_scope & site, both)
    # On-premises blocks with VPC blocks: other VPCs in the scope, and the own VPC in any scope.
    counts += _between(fleet, has_scope & site, has_scope & held, scope)
    counts -= _between(fleet, has_scope & site, has_scope & held, rank_rows([cloud, scope]))
    held[roles.repeats(np.flatnonzero(held), cloud, fleet.cidr, fleet.role)] = False
    counts += _between(fleet, site, held, cloud)
    return counts + _between(fleet, site, outside, connection)


def _between(fleet: EncodedFleet, one: Mask, other: Mask, groups: Codes) -> Codes:
    """Count only overlaps of a block in ``one`` with a block in ``other``; see :func:`_counts`."""
    both = _counts(fleet, one | other, groups)
    return both - _counts(fleet, one, groups) - _counts(fleet, other, groups)


def _counts(fleet: EncodedFleet, chosen: Mask, groups: Codes) -> Codes:
    """Count like :func:`_count`, but only overlaps of chosen blocks that share a group."""
    counts = np.zeros((3, len(groups)), np.int64)
    for row, blocks in fleet.all.take(chosen).by_family(groups=groups):
        found = count_overlaps(blocks)
        counts[:, row] = found.n_equal, found.n_contains, found.n_within
    return counts
