"""Rules on paths: prefixes without a live path, and tunnels that are down."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from vpnframe.auditing.fleet import Fleet, sets_of_blocks
from vpnframe.auditing.joining import positions_of
from vpnframe.auditing.logic import (
    NO,
    UNKNOWN,
    YES,
    Mask,
    Positions,
    Texts,
    Truth,
    arrow,
    both,
    codes_of,
    flags,
    opposite,
)
from vpnframe.auditing.masks import equals
from vpnframe.auditing.rules.availability import is_single, orphan
from vpnframe.auditing.rules.routing import by_connection
from vpnframe.auditing.verdicts import Verdicts, judged

_MOST_NAMED = 5


def no_live_path(fleet: Fleet) -> Verdicts:
    """Fail connections that are down and have a prefix that no other live connection carries."""
    up = _carries(fleet)
    rows = _prefix_rows(fleet)
    owners = fleet.of_subnet[rows]
    is_dead = both(opposite(up)[owners], opposite(_has_other_path(fleet, rows, up)))
    result = np.where(fleet.is_unjudged & (up != YES), UNKNOWN, NO).astype(np.uint8)
    result[owners[is_dead == UNKNOWN]] = UNKNOWN
    result[owners[is_dead == YES]] = YES
    return judged(
        "connections",
        result,
        where=_is_attached(fleet),
        column="tunnel_status, onprem_subnets",
        facts={"value": _named_prefixes(fleet, rows[is_dead == YES])},
    )


def not_established(fleet: Fleet) -> Verdicts:
    """Fail tunnels that are down, except a standby tunnel while another one is up."""
    result = opposite(fleet.is_up)
    result[_is_idle_standby(fleet) & (result == YES)] = NO
    return judged(
        "tunnels",
        result,
        where=_is_attached(fleet)[fleet.of_tunnel],
        column="tunnel_status, connection_status",
    )


def standby_down(fleet: Fleet) -> Verdicts:
    """Fail standby tunnels that are down while another tunnel of the connection is up."""
    roles = fleet.tunnels["tunnel_role"]
    is_gateways = flags(fleet.tunnels["vpn_gateway_id"].notna())
    result = np.where(_is_other_up(fleet), opposite(fleet.is_up), NO).astype(np.uint8)
    is_untold = flags(roles.isna())
    result[is_untold & (result == YES)] = UNKNOWN
    may_be = (equals(roles, "standby") | is_untold) & ~is_single(fleet)[fleet.of_tunnel]
    return judged(
        "tunnels", result, where=may_be & is_gateways, column="tunnel_status, tunnel_role"
    )


def route_next_hop_down(fleet: Fleet) -> Verdicts:
    """Fail connections with a route into a tunnel that is down."""
    routes = fleet.routes
    owners = positions_of(routes, fleet.connections)
    is_down = np.full(len(routes), UNKNOWN, np.uint8)
    is_ours = owners >= 0
    is_down[is_ours] = opposite(_carries(fleet))[owners[is_ours]]
    row, is_up = _named_tunnels(fleet)
    is_down[row] = YES
    is_down[row[is_up == UNKNOWN]] = UNKNOWN
    is_down[row[is_up == YES]] = NO
    everywhere = np.ones(len(routes), bool)
    return by_connection(fleet, is_down, where=everywhere, column="routes.tunnel_ids")


def _carries(fleet: Fleet) -> Truth:
    """Check which connections have a tunnel that is up."""
    up = fleet.is_up
    best = np.zeros((3, fleet.n_connections), bool)
    for value in (NO, YES, UNKNOWN):
        best[value, fleet.of_tunnel[up == value]] = True
    return np.where(best[YES], YES, np.where(best[UNKNOWN], UNKNOWN, NO)).astype(np.uint8)


def _named_tunnels(fleet: Fleet) -> tuple[Positions, Truth]:
    """Return the tunnels that routes name: the route's row, and whether the tunnel is up."""
    ids = arrow(fleet.routes["tunnel_ids"], pa.list_(pa.string()))
    known = arrow(fleet.tunnels["tunnel_id"], pa.string())
    at = pc.fill_null(pc.index_in(pc.list_flatten(ids), value_set=known.drop_null()), -1)
    positions = np.append(np.flatnonzero(flags(fleet.tunnels["tunnel_id"].notna())), -1)
    is_up = np.append(fleet.is_up, np.uint8(UNKNOWN))[positions[at.to_numpy()]]
    return pc.list_parent_indices(ids).to_numpy().astype(np.int64), is_up


def _is_attached(fleet: Fleet) -> Mask:
    """Mark connections that can carry traffic: orphans have a separate finding."""
    found: Mask = orphan(fleet).result != YES
    return found


def _prefix_rows(fleet: Fleet) -> Positions:
    """Return a row of ``subnets`` for each prefix that a connection carries.

    The default-route selectors of a route-based connection are left out.
    """
    subnets = fleet.subnets
    is_route_based = equals(fleet.connections["routing_mode"], "route")[fleet.of_subnet]
    is_prefix = equals(subnets["side"], "onprem") & flags(subnets["cidr"].notna())
    rows = np.flatnonzero(is_prefix & ~(is_route_based & flags(subnets["is_default_route"])))
    cidr = codes_of([subnets["cidr"].iloc[rows]])
    _, first = np.unique(np.stack([fleet.of_subnet[rows], cidr]), axis=1, return_index=True)
    found: Positions = rows[np.sort(first)]
    return found


def _has_other_path(fleet: Fleet, rows: Positions, up: Truth) -> Truth:
    """Check whether another connection of the domain carries each prefix from the same blocks.

    A connection that names no VPC block, or only default routes, carries it from everywhere.
    """
    owners = fleet.of_subnet[rows]
    subnets = fleet.subnets
    is_named = equals(subnets["side"], "vpc") & flags(subnets["cidr"].notna())
    sources = sets_of_blocks(fleet, is_named & ~flags(subnets["is_default_route"]))[owners]
    domain = fleet.domain[owners]
    prefix = codes_of([pd.Series(domain), subnets["cidr"].iloc[rows].reset_index(drop=True)])
    path = codes_of([pd.Series(prefix), pd.Series(sources)])
    is_anywhere = sources < 0
    found = np.zeros((3, len(rows)), bool)
    for value in (YES, UNKNOWN):
        is_so = up[owners] == value
        others = _n_others(path, is_so) + np.where(
            is_anywhere, _n_others(prefix, is_so), _n_others(prefix, is_so & is_anywhere)
        )
        found[value] = (others > 0) & (domain >= 0)
    best = np.where(found[YES], YES, np.where(found[UNKNOWN], UNKNOWN, NO))
    return best.astype(np.uint8)


def _n_others(groups: Positions, holds: Mask) -> npt.NDArray[np.int64]:
    """Count for each row the other rows of its group for which a condition holds."""
    n = np.bincount(groups, weights=holds, minlength=int(groups.max(initial=-1)) + 1)
    others: npt.NDArray[np.int64] = n[groups].astype(np.int64) - holds
    return others


def _named_prefixes(fleet: Fleet, rows: Positions) -> Texts:
    """Return the prefixes of each connection as text, the first few by name."""
    value = np.full(fleet.n_connections, "", dtype=object)
    cidrs = fleet.subnets["cidr"].iloc[rows].astype("str").to_numpy(object)
    listed: dict[int, list[str]] = {}
    for owner, cidr in zip(fleet.of_subnet[rows].tolist(), cidrs.tolist(), strict=True):
        listed.setdefault(owner, []).append(cidr)
    for owner, names in listed.items():
        n_more = len(names) - _MOST_NAMED
        more = f" and {n_more:,} more" if n_more > 0 else ""
        value[owner] = ", ".join(sorted(names)[:_MOST_NAMED]) + more
    return value


def _is_idle_standby(fleet: Fleet) -> Mask:
    """Mark standby tunnels on a VPN gateway while another is up; transit routers have none."""
    is_standby = equals(fleet.tunnels["tunnel_role"], "standby")
    return is_standby & flags(fleet.tunnels["vpn_gateway_id"].notna()) & _is_other_up(fleet)


def _is_other_up(fleet: Fleet) -> Mask:
    """Mark tunnels whose connection has another tunnel that is up."""
    is_up = (fleet.is_up == YES).astype(np.int64)
    n_up = np.bincount(fleet.of_tunnel, weights=is_up, minlength=fleet.n_connections)
    found: Mask = n_up[fleet.of_tunnel] - is_up > 0
    return found
