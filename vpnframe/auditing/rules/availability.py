"""Rules on availability: outages, single points of failure, and failure detection."""

from __future__ import annotations

import numpy as np
import pandas as pd

from vpnframe.auditing.fleet import Fleet, sets_of_blocks
from vpnframe.auditing.joining import gateway_positions, is_place_in
from vpnframe.auditing.logic import (
    NO,
    UNKNOWN,
    YES,
    Mask,
    Positions,
    Truth,
    both,
    codes_of,
    differs_within,
    either,
    flags,
    is_any,
    is_on,
    numbers,
    opposite,
    unknown_where_null,
)
from vpnframe.auditing.masks import equals
from vpnframe.auditing.values import is_address, is_private_address, is_wildcard
from vpnframe.auditing.verdicts import Verdicts, judged

_ATTACHED = ("vpngw", "cen")


def health_check_failing(fleet: Fleet) -> Verdicts:
    """Fail connections whose enabled health check gets no reply."""
    status = fleet.connections["health_check_status"]
    is_on_ = is_on(fleet.connections["health_check_enabled"])
    return judged(
        "connections",
        both(is_on_, is_any(status, {"failed"}, known=("success",), is_folded=True)),
        where=is_on_ == YES,
        column="health_check_status",
    )


def orphan(fleet: Fleet) -> Verdicts:
    """Fail connections attached to nothing, or to a VPN gateway that no longer exists."""
    connections = fleet.connections
    attached = connections["attach_type"]
    is_loose = is_any(attached, {"no_associated"}, known=_ATTACHED, is_folded=True)
    has_gateway = flags(connections["vpn_gateway_id"].notna())
    is_found = gateway_positions(connections, fleet.gateways, column="vpn_gateway_id") >= 0
    is_loose[has_gateway & is_found] = NO
    gone = has_gateway & ~is_found & (is_loose != YES)
    is_loose[gone] = np.where(_are_gateways_known(fleet)[gone], YES, UNKNOWN)
    return judged("connections", is_loose, column="attach_type, vpn_gateway_id")


def single_tunnel(fleet: Fleet) -> Verdicts:
    """Fail single tunnels without a second connection that has the same blocks and another peer."""
    return judged(
        "connections",
        opposite(_has_second_way(fleet)),
        where=is_single(fleet),
        column="n_tunnels",
    )


def one_zone(fleet: Fleet) -> Verdicts:
    """Fail connections whose tunnels are all in one zone."""
    n = fleet.n_connections
    differs = differs_within(fleet.of_tunnel, fleet.tunnels["zone_id"], n_groups=n)
    is_pair = np.bincount(fleet.of_tunnel, minlength=n) > 1
    return judged("connections", opposite(differs), where=is_pair, column="zone_id")


def dpd_off(fleet: Fleet) -> Verdicts:
    """Fail tunnels without dead peer detection."""
    return judged("tunnels", opposite(is_on(fleet.tunnels["dpd_enabled"])), column="dpd_enabled")


def natt_off(fleet: Fleet) -> Verdicts:
    """Fail tunnels without NAT traversal if there are signs of NAT."""
    is_off = opposite(is_on(fleet.tunnels["nat_traversal_enabled"]))
    return judged(
        "tunnels",
        both(is_off, _has_sign_of_nat(fleet)),
        column="nat_traversal_enabled, customer_gateway_ike_id, customer_gateway_ip",
    )


def health_check_off(fleet: Fleet) -> Verdicts:
    """Fail single tunnels with a second path but no health check: nothing triggers failover.

    Without a second path a failed check only resets the tunnel; dual tunnels have no check.
    """
    is_off = opposite(is_on(fleet.connections["health_check_enabled"]))
    return judged(
        "connections",
        both(is_off, _has_second_way(fleet)),
        where=is_single(fleet),
        column="health_check_enabled",
    )


def _has_second_way(fleet: Fleet) -> Truth:
    """Check whether another connection carries the same blocks to another address."""
    tunnels, subnets = fleet.tunnels, fleet.subnets
    is_said = subnets["cidr"].notna() & ~subnets["is_default_route"].fillna(False)
    sets = sets_of_blocks(fleet, flags(is_said))
    reach = codes_of([pd.Series(fleet.domain), pd.Series(sets)])
    peers = differs_within(
        reach[fleet.of_tunnel],
        tunnels["customer_gateway_ip"],
        n_groups=int(reach.max(initial=-1)) + 1,
    )
    is_comparable = (sets >= 0) & (fleet.domain >= 0)
    has_second = np.where(is_comparable, peers[reach], NO)
    # If a connection's own prefixes are unknown, any neighbour may be its second path.
    has_blocks = np.zeros(fleet.n_connections, bool)
    has_blocks[fleet.of_subnet[flags(subnets["cidr"].notna())]] = True
    is_open = fleet.is_unjudged | ~has_blocks
    has_second[is_open & _has_neighbours(fleet.domain)] = UNKNOWN
    return has_second.astype(np.uint8)


def _has_sign_of_nat(fleet: Fleet) -> Truth:
    """Check for signs of NAT: a peer id that is another address, or a private peer address.

    Between two private addresses, as on a leased line, a private one is not a sign.
    """
    tunnels = fleet.tunnels
    ours, theirs = tunnels["vpn_gateway_ip"], tunnels["customer_gateway_ip"]
    is_private = unknown_where_null(is_private_address(theirs) & ~is_private_address(ours), theirs)
    ids = tunnels["customer_gateway_ike_id"]
    is_other = is_address(ids) & flags(ids != theirs) & ~is_wildcard(ids)
    differs = np.where(is_other & flags(theirs.isna()), UNKNOWN, is_other).astype(np.uint8)
    return either(is_private, differs)


def is_single(fleet: Fleet) -> Mask:
    """Mark single-tunnel connections, except dual-tunnel ones of which one tunnel was read."""
    n = fleet.n_connections
    n_told = np.zeros(n, np.int64)
    np.maximum.at(n_told, fleet.of_tunnel, numbers(fleet.tunnels["tunnel_count"]))
    found: Mask = (np.bincount(fleet.of_tunnel, minlength=n) == 1) & (n_told < 2)
    return found


def _are_gateways_known(fleet: Fleet) -> Mask:
    """Mark connections whose region's VPN gateways were read: some exist, or calls were made."""
    vpn = fleet.gateways[equals(fleet.gateways["kind"], "vpn")]
    asked = fleet.coverage[fleet.coverage["n_calls"] > 0]
    connections = fleet.connections
    is_read = fleet.is_region_read(connections)
    has_some = is_place_in(connections, vpn) | is_place_in(connections, asked)
    return is_read & has_some


def _has_neighbours(domain: Positions) -> Mask:
    """Mark connections whose routing domain contains another one."""
    is_shared = pd.Series(domain).duplicated(keep=False).to_numpy(bool)
    found: Mask = is_shared & (domain >= 0)
    return found
