"""Rules on what stands still, is about to, or has nothing to fall back on."""

from __future__ import annotations

from datetime import timedelta

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
    both,
    codes_of,
    differs_within,
    flags,
    is_any,
    is_on,
    numbers,
    objects,
    opposite,
    told,
)
from vpnframe.auditing.masks import equals
from vpnframe.auditing.verdicts import Verdicts, judged

_NOTICE = timedelta(days=30)
_PREPAID = ("prepay", "prepaid")
_POSTPAID = ("postpay", "postpaid")
_ATTACHED = ("vpngw", "cen")


def health_check_failing(fleet: Fleet) -> Verdicts:
    """A health check that gets no answer."""
    status = fleet.connections["health_check_status"]
    is_on_ = is_on(fleet.connections["health_check_enabled"])
    return judged(
        "connections",
        both(is_on_, is_any(status, {"failed"}, known=("success",), is_folded=True)),
        where=is_on_ == YES,
        column="health_check_status",
    )


def gateway_expiring(fleet: Fleet) -> Verdicts:
    """A VPN gateway whose subscription ends within 30 days, or has ended."""
    gateways = fleet.gateways
    charge = gateways["charge_type"]
    ends = gateways["expires_at"]
    is_soon = told(flags(ends <= pd.Timestamp(fleet.now + _NOTICE)), ends)
    return judged(
        "gateways",
        both(is_any(charge, _PREPAID, known=_POSTPAID, is_folded=True), is_soon),
        where=_is_vpn(gateways),
        column="charge_type, expires_at",
    )


def gateway_locked(fleet: Fleet) -> Verdicts:
    """A VPN gateway that is locked for an unpaid bill."""
    status = fleet.gateways["business_status"]
    return judged(
        "gateways",
        is_any(status, {"financiallocked"}, known=("normal",), is_folded=True),
        where=_is_vpn(fleet.gateways),
        column="business_status",
    )


def gateway_unused(fleet: Fleet) -> Verdicts:
    """A gateway without a connection, where all connections were read."""
    gateways = fleet.gateways
    is_unused = equals(gateways["n_connections"], 0)
    result = np.where(is_unused & ~fleet.is_region_read(gateways), UNKNOWN, is_unused)
    return judged(
        "gateways",
        result.astype(np.uint8),
        column="n_connections",
        facts={"value": objects(gateways["gateway_id"])},
    )


def orphan(fleet: Fleet) -> Verdicts:
    """A connection that hangs on nothing, or on a VPN gateway that is gone."""
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
    """One tunnel, and no second connection with the same blocks to another address."""
    n = fleet.n_connections
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
    # Where its own prefixes are not known, any neighbour may be its second way.
    has_blocks = np.zeros(n, bool)
    has_blocks[fleet.of_subnet[flags(subnets["cidr"].notna())]] = True
    is_open = fleet.is_unjudged | ~has_blocks
    has_second[is_open & _has_neighbours(fleet.domain)] = UNKNOWN
    return judged(
        "connections",
        opposite(has_second.astype(np.uint8)),
        where=_is_single(fleet),
        column="n_tunnels",
    )


def one_zone(fleet: Fleet) -> Verdicts:
    """Both tunnels in one zone."""
    n = fleet.n_connections
    differs = differs_within(fleet.of_tunnel, fleet.tunnels["zone_id"], n_groups=n)
    is_pair = np.bincount(fleet.of_tunnel, minlength=n) > 1
    return judged("connections", opposite(differs), where=is_pair, column="zone_id")


def dpd_off(fleet: Fleet) -> Verdicts:
    """No dead peer detection."""
    return judged("tunnels", opposite(is_on(fleet.tunnels["dpd_enabled"])), column="dpd_enabled")


def natt_off(fleet: Fleet) -> Verdicts:
    """No NAT traversal."""
    result = opposite(is_on(fleet.tunnels["nat_traversal_enabled"]))
    return judged("tunnels", result, column="nat_traversal_enabled")


def health_check_off(fleet: Fleet) -> Verdicts:
    """No health check on a connection of one tunnel; two tunnels have none."""
    return judged(
        "connections",
        opposite(is_on(fleet.connections["health_check_enabled"])),
        where=_is_single(fleet),
        column="health_check_enabled",
    )


def not_established(fleet: Fleet) -> Verdicts:
    """A tunnel that does not stand, but for a standby whose active one does."""
    result = opposite(fleet.is_up)
    result[_is_idle_standby(fleet) & (result == YES)] = NO
    return judged("tunnels", result, column="tunnel_status, connection_status")


def standby_down(fleet: Fleet) -> Verdicts:
    """A standby tunnel that does not stand, while the active one does."""
    roles = fleet.tunnels["tunnel_role"]
    is_gateways = flags(fleet.tunnels["vpn_gateway_id"].notna())
    result = np.where(_is_other_up(fleet), opposite(fleet.is_up), NO).astype(np.uint8)
    is_untold = flags(roles.isna())
    result[is_untold & (result == YES)] = UNKNOWN
    may_be = (equals(roles, "standby") | is_untold) & ~_is_single(fleet)[fleet.of_tunnel]
    return judged(
        "tunnels", result, where=may_be & is_gateways, column="tunnel_status, tunnel_role"
    )


def _is_single(fleet: Fleet) -> Mask:
    """Connections of one tunnel; not those of which one of two was read."""
    n = fleet.n_connections
    n_told = np.zeros(n, np.int64)
    np.maximum.at(n_told, fleet.of_tunnel, numbers(fleet.tunnels["tunnel_count"]))
    found: Mask = (np.bincount(fleet.of_tunnel, minlength=n) == 1) & (n_told < 2)
    return found


def _is_idle_standby(fleet: Fleet) -> Mask:
    """Standby tunnels on a VPN gateway of which another tunnel is up; routers have no standby."""
    is_standby = equals(fleet.tunnels["tunnel_role"], "standby")
    return is_standby & flags(fleet.tunnels["vpn_gateway_id"].notna()) & _is_other_up(fleet)


def _is_other_up(fleet: Fleet) -> Mask:
    """Tunnels of whose connection another one is up."""
    is_up = (fleet.is_up == YES).astype(np.int64)
    n_up = np.bincount(fleet.of_tunnel, weights=is_up, minlength=fleet.n_connections)
    found: Mask = n_up[fleet.of_tunnel] - is_up > 0
    return found


def _is_vpn(gateways: pd.DataFrame) -> Mask:
    return equals(gateways["kind"], "vpn")


def _are_gateways_known(fleet: Fleet) -> Mask:
    """Connections in whose region VPN gateways were read: some are there, or calls were made."""
    vpn = fleet.gateways[_is_vpn(fleet.gateways)]
    asked = fleet.coverage[fleet.coverage["n_calls"] > 0]
    connections = fleet.connections
    is_read = fleet.is_region_read(connections)
    has_some = is_place_in(connections, vpn) | is_place_in(connections, asked)
    return is_read & has_some


def _has_neighbours(domain: Positions) -> Mask:
    """Connections whose domain has another one."""
    is_shared = pd.Series(domain).duplicated(keep=False).to_numpy(bool)
    found: Mask = is_shared & (domain >= 0)
    return found
