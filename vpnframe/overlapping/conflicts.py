"""Find the blocks of a fleet that a new site's blocks would collide with, and how severely."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import pandas as pd

from vpnframe import schema
from vpnframe.addresses.nesting import CONTAINS, EQUAL, RELATIONS, WITHIN
from vpnframe.errors import AddressError
from vpnframe.inventory import Inventory
from vpnframe.overlapping import roles
from vpnframe.overlapping.asked import as_category
from vpnframe.overlapping.meaning import CONFLICTS
from vpnframe.overlapping.pairing import FleetPairs, pairs_with_asked
from vpnframe.overlapping.rows import KnownFleet, their_blocks
from vpnframe.overlapping.scopes import ROUTING_DOMAIN
from vpnframe.overlapping.settings import OverlapSettings
from vpnframe.schema.codes import Mask


def would_conflict(
    subnets: pd.DataFrame | Inventory,
    cidrs: Iterable[object] | pd.DataFrame,
    *,
    scope: str | None = ROUTING_DOMAIN,
    settings: OverlapSettings | None = None,
) -> pd.DataFrame:
    """Find the blocks of a fleet that the on-premises blocks of a new site would collide with.

    Because the site's future gateway is unknown, all scopes are searched. To search one routing
    domain, use ``OverlapSettings(only="vpn-...")``. Default routes of the fleet are left out.

    Parameters
    ----------
    subnets : DataFrame or Inventory
        Table ``subnets``, or an inventory, whose VPC blocks, user CIDRs and coverage are used too.
    cidrs : iterable of str or DataFrame
        The new site's blocks: a list, a column, or a table with a column ``cidr``.
    scope : str or None
        The scope that the column ``scope_id`` contains; see :func:`vpnframe.overlaps`.
    settings : OverlapSettings, optional
        The topology, translations, the routing domain to search, and blocks of the fleet to leave
        out.

    Returns
    -------
    DataFrame
        Table ``conflicts``, with a row for each block of the new site and each block in use that
        overlaps it. The columns are the new site's ``cidr``, its ``relation`` to the block in use,
        the connection, side and scope of the block in use, and ``kind``, ``severity`` and
        ``reason``. The rows of each ``cidr`` are sorted from the worst severity to the mildest. A
        row of severity info is not a collision.

    Raises
    ------
    AddressError
        If a string is not a CIDR block, or is a default route.
    SettingsError, ValueError, SchemaError
        As for :func:`vpnframe.overlaps`.

    Warns
    -----
    IncompleteWarning
        If data of the fleet is missing, as for :func:`vpnframe.overlaps`.

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
    known, settings = KnownFleet.of(subnets), settings or OverlapSettings()
    pairs = pairs_with_asked(known.encode(scope, settings, _asked_rows(cidrs)))
    known.warn_of_gaps()
    return _as_table(pairs, settings)


def _asked_rows(cidrs: Iterable[object] | pd.DataFrame) -> pd.DataFrame:
    asked = their_blocks([cidrs] if isinstance(cidrs, str) else cidrs)
    for text in asked["cidr"]:
        if str(text).endswith("/0"):
            raise AddressError(
                f"{text} is a default route, which does not show the addresses of a site: give "
                f"the blocks that the site uses",
                value=str(text),
            )
    return asked[["cidr", "is_theirs"]].assign(side="onprem")


def _conditions(pairs: FleetPairs) -> Iterator[tuple[str, Mask]]:
    """Yield conflict cases by precedence. The fleet's block is left, the new site's right."""
    its, relation = pairs.fleet.connections, pairs.relation
    domain = its.domain.codes
    has_vpn = np.isin(domain, domain[(its.name.codes >= 0) & (domain >= 0)])
    yield "translated", pairs.nat >= 0
    yield "apart", ~has_vpn[pairs.one]
    around = relation == WITHIN
    yield "user_cidr", pairs.is_across & (pairs.role == roles.USER)
    yield "outside", pairs.is_across & (pairs.role == roles.OUTSIDE)
    yield "aggregate", pairs.is_across & (pairs.role == roles.AGGREGATE)
    is_read = pairs.is_across & (pairs.role == roles.REAL)
    yield "vpc_around", is_read & around
    yield "vpc_inside", is_read
    yield "vpc_around_not_read", pairs.is_across & around
    yield "vpc_inside_not_read", pairs.is_across
    yield "site_equal", relation == EQUAL
    yield "site_inside", relation == CONTAINS
    yield "site_around", around


def _as_table(pairs: FleetPairs, settings: OverlapSettings) -> pd.DataFrame:
    cases = CONFLICTS.find(_conditions(pairs))
    order = np.lexsort([pairs.left, -CONFLICTS.severities[cases], pairs.other])
    pairs, cases, fleet = pairs.take(order), cases[order], pairs.fleet
    hit = fleet.columns(pairs.left)
    values = {
        **hit,
        **CONFLICTS.columns(pairs, cases, settings.nat),
        "hit_cidr": hit["cidr"],
        "cidr": pd.array(fleet.cidr_texts(pairs.right), dtype="str"),
        "relation": as_category(CONTAINS + WITHIN - pairs.relation, RELATIONS),
        "vpc_id": pd.array(fleet.connections.routers[1].texts(pairs.one), dtype="str"),
    }
    return schema.build("conflicts", values)
