"""Rules on the states of gateways and connections, subscriptions and quotas."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd

from vpnframe.auditing.fleet import Fleet
from vpnframe.auditing.joining import gateway_positions
from vpnframe.auditing.logic import (
    NO,
    UNKNOWN,
    YES,
    Mask,
    Positions,
    Truth,
    both,
    flags,
    is_any,
    numbers,
    objects,
    unknown_where_null,
)
from vpnframe.auditing.masks import equals
from vpnframe.auditing.rules.routing import are_routes_known
from vpnframe.auditing.verdicts import HIGH, MEDIUM, Severities, Verdicts, judged

_NOTICE, _URGENT, _NEW = timedelta(days=30), timedelta(days=7), timedelta(days=7)
_PREPAID = ("prepay", "prepaid")
_POSTPAID = ("postpay", "postpaid")
_LOCKED = ("locked", "financiallocked", "securitylocked")
_IN_CHANGE = ("init", "provisioning", "updating", "upgrading", "deleting", "deleted")
_GATEWAY_STATES = (*_IN_CHANGE, *_LOCKED)
_STATES = (*_IN_CHANGE, *_LOCKED, "attaching", "detaching")
_ACTIVE = ("active", "attached", "detached")
# The vendor's default quotas; the console shows the account's quotas, which may be higher.
_QUOTA_CONNECTIONS = 10
_QUOTA_ROUTES = {"policy": 20, "destination": 20, "bgp": 50}
_QUOTA_SUBNETS = 5
_NEAR = 0.8


def gateway_expiring(fleet: Fleet) -> Verdicts:
    """Fail VPN gateways whose subscription ends within 30 days, or has ended."""
    gateways = fleet.gateways
    ends, now = gateways["expires_at"], pd.Timestamp(fleet.now)
    is_soon = unknown_where_null(flags(ends <= now + _NOTICE), ends)
    has_ended = flags(ends < now)
    return judged(
        "gateways",
        both(is_any(gateways["charge_type"], _PREPAID, known=_POSTPAID, is_folded=True), is_soon),
        where=_is_vpn(gateways),
        column="charge_type, expires_at",
        severity=np.where(flags(ends <= now + _URGENT), HIGH, MEDIUM).astype(np.uint8),
        facts={"when": np.where(has_ended, "has ended on", "ends on").astype(object)},
    )


def gateway_locked(fleet: Fleet) -> Verdicts:
    """Fail VPN gateways that are locked for an unpaid bill."""
    status = fleet.gateways["business_status"]
    return judged(
        "gateways",
        is_any(status, {"financiallocked"}, known=("normal",), is_folded=True),
        where=_is_vpn(fleet.gateways),
        column="business_status",
    )


def gateway_not_active(fleet: Fleet) -> Verdicts:
    """Fail VPN gateways that are being changed, or are locked."""
    status = fleet.gateways["status"]
    return judged(
        "gateways",
        is_any(status, _GATEWAY_STATES, known=("active",), is_folded=True),
        where=_is_vpn(fleet.gateways),
        column="status",
        severity=_worse_where_locked(status),
    )


def state_not_active(fleet: Fleet) -> Verdicts:
    """Fail connections and tunnels that are being changed, or are locked."""
    tunnels = fleet.tunnels
    states = tunnels["tunnel_state"].astype("str")
    states = states.fillna(tunnels["connection_state"].astype("str"))
    whole = tunnels["connection_state"].astype("str").fillna(states)
    severity = np.maximum(_worse_where_locked(states), _worse_where_locked(whole))
    found = [is_any(one, _STATES, known=_ACTIVE, is_folded=True) for one in (states, whole)]
    result = np.where((found[0] == YES) | (found[1] == YES), YES, np.maximum(*found))
    return judged(
        "tunnels",
        result.astype(np.uint8),
        column="connection_state, tunnel_state",
        severity=severity,
    )


def gateway_unused(fleet: Fleet) -> Verdicts:
    """Fail gateways older than a week without connections, if all connections were read."""
    gateways = fleet.gateways
    created = gateways["created_at"]
    is_unused = equals(gateways["n_connections"], 0)
    result = np.where(is_unused & ~fleet.is_region_read(gateways), UNKNOWN, is_unused)
    is_old = unknown_where_null(flags(created <= pd.Timestamp(fleet.now) - _NEW), created)
    return judged(
        "gateways",
        both(result.astype(np.uint8), is_old),
        column="n_connections, created_at",
        facts={"value": objects(gateways["gateway_id"])},
    )


def gateway_connections_near_quota(fleet: Fleet) -> Verdicts:
    """Fail VPN gateways with more than 80 % of the default quota of connections."""
    n = numbers(fleet.gateways["n_connections"])
    return judged(
        "gateways",
        (n > _NEAR * _QUOTA_CONNECTIONS).astype(np.uint8),
        where=_is_vpn(fleet.gateways),
        column="n_connections",
        facts={"quota": np.full(len(n), _QUOTA_CONNECTIONS, object)},
    )


def gateway_routes_near_quota(fleet: Fleet) -> Verdicts:
    """Fail VPN gateways with more than 80 % of the default quota of routes of a kind."""
    gateways, routes = fleet.gateways, fleet.routes
    at = gateway_positions(routes, gateways, column="vpn_gateway_id")
    is_of_peer = ~equals(routes["learned_from"].str.upper(), "CLOUD")
    value = np.full(len(gateways), "", object)
    for kind, quota in _QUOTA_ROUTES.items():
        rows = at[(at >= 0) & equals(routes["route_type"], kind) & is_of_peer]
        n = np.bincount(rows, minlength=len(gateways))
        for gateway in np.flatnonzero(n > _NEAR * quota).tolist():
            words = f"{n[gateway]:,} {kind} routes of {quota}"
            value[gateway] = f"{value[gateway]}, {words}" if value[gateway] else words
    is_unread = np.zeros(len(gateways) + 1, bool)
    own = _gateways_of(fleet)
    is_unread[own[~are_routes_known(fleet)]] = True
    result = np.where(value != "", YES, np.where(is_unread[:-1], UNKNOWN, NO)).astype(np.uint8)
    return judged(
        "gateways",
        result,
        where=_is_vpn(gateways) & (np.bincount(own[own >= 0], minlength=len(gateways)) > 0),
        column="routes.route_type",
        facts={"value": value},
    )


def subnets_near_quota(fleet: Fleet) -> Verdicts:
    """Fail connections with more than 80 % of the default quota of blocks on a side."""
    n = np.stack(
        [numbers(fleet.connections[f"{side}_subnets"].list.len()) for side in ("vpc", "onprem")]
    )
    words = objects([f"{vpc} VPC and {onprem} on-premises blocks" for vpc, onprem in n.T.tolist()])
    return judged(
        "connections",
        (n.max(0, initial=0) > _NEAR * _QUOTA_SUBNETS).astype(np.uint8),
        column="vpc_subnets, onprem_subnets",
        facts={"value": words, "quota": np.full(len(words), _QUOTA_SUBNETS, object)},
    )


def _worse_where_locked(states: pd.Series) -> Severities:
    is_locked: Truth = is_any(states, _LOCKED, is_folded=True)
    return np.where(is_locked == YES, HIGH, MEDIUM).astype(np.uint8)


def _gateways_of(fleet: Fleet) -> Positions:
    """Return the VPN gateway of each connection; -1 for none."""
    return gateway_positions(fleet.connections, fleet.gateways, column="vpn_gateway_id")


def _is_vpn(gateways: pd.DataFrame) -> Mask:
    return equals(gateways["kind"], "vpn")
