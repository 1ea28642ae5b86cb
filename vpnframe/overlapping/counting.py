"""Count the overlaps of each block of a fleet without building pairs."""

from __future__ import annotations

import numpy as np
import pandas as pd

from vpnframe import schema
from vpnframe.addresses.forest import count_overlaps
from vpnframe.inventory import Inventory
from vpnframe.overlapping import roles
from vpnframe.overlapping.encoded import EncodedFleet
from vpnframe.overlapping.rows import KnownFleet
from vpnframe.overlapping.scopes import ROUTING_DOMAIN
from vpnframe.overlapping.settings import OverlapSettings
from vpnframe.schema.codes import Codes, Mask, rank_rows


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
    subnets : DataFrame or Inventory
        As for :func:`vpnframe.overlaps`.
    scope : str or None
        As for :func:`vpnframe.overlaps`.
    settings : OverlapSettings, optional
        As for :func:`vpnframe.overlaps`.

    Returns
    -------
    DataFrame
        Table ``block_counts``: each block with the number of blocks that it is equal to,
        contains and lies within, most overlaps first; blocks without any are left out.

    Raises
    ------
    AddressError
        If ``cidr`` holds a text that is not a CIDR block.
    SettingsError
        If the settings name something that is not in the fleet.
    ValueError
        If ``scope`` is not a column.
    SchemaError
        If a required column is missing, or the table does not match its schema.

    Warns
    -----
    IncompleteWarning
        As :func:`vpnframe.overlaps` does.

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
    names = ("n_equal", "n_contains", "n_within")
    values = {
        **fleet.columns(rows),
        **fleet.scopes(fleet.scope[rows]),
        **dict(zip(names, counts[:, rows], strict=True)),
        "side": fleet.sides(rows),
    }
    return schema.build("block_counts", values)


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
