"""Rules on subscriptions, quotas, and the states of gateways and connections."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

import numpy as np
import pandas as pd

from vpnframe.auditing.fleet import Fleet
from vpnframe.auditing.joining import gateway_positions
from vpnframe.auditing.logic import (
    YES,
    Mask,
    both,
    equals,
    flags,
    is_any,
    listed_by,
    marked,
    numbers,
    objects,
    truth,
    unknown_where_null,
)
from vpnframe.auditing.verdicts import (
    HIGH,
    MEDIUM,
    Severities,
    Verdicts,
    judged,
    rule,
    severity_where,
)
from vpnframe.schema.joined import count_texts

_NOTICE, _URGENT, _NEW = timedelta(days=30), timedelta(days=7), timedelta(days=7)
_PREPAID = ("prepay", "prepaid")
_POSTPAID = ("postpay", "postpaid")
_LOCKED = ("locked", "financiallocked", "securitylocked")
_IN_CHANGE = ("init", "provisioning", "updating", "upgrading", "deleting", "deleted")
_STATES = (*_IN_CHANGE, *_LOCKED, "attaching", "detaching")
_ACTIVE = ("active", "attached", "detached")
# The vendor's default quotas; the console shows the account's quotas, which may be higher.
_QUOTA_CONNECTIONS = 10
_QUOTA_ROUTES = {"policy": 20, "destination": 20, "bgp": 50}
_QUOTA_SUBNETS = 5
_NEAR = 0.8


@rule("vpn-gateway-expiring", "gateways", "charge_type", "expires_at")
def gateway_expiring(fleet: Fleet) -> Verdicts:
    """Fail VPN gateways whose subscription has ended or ends within 30 days."""
    ends, now = fleet.gateways["expires_at"], pd.Timestamp(fleet.now)
    is_soon = unknown_where_null(flags(ends <= now + _NOTICE), ends)
    charge_type = fleet.gateways["charge_type"]
    return judged(
        both(is_any(charge_type, _PREPAID, known=_POSTPAID, is_folded=True), is_soon),
        where=_is_vpn(fleet),
        severity=severity_where(flags(ends <= now + _URGENT), HIGH, MEDIUM),
        when=np.where(flags(ends < now), "ended on", "ends on").astype(object),
    )


def _in_state(rule_id: str, column: str, values: Collection[str], *, known: str) -> None:
    """Register a rule on gateway states: fail ``values``, pass ``known``, else unknown."""

    def find(fleet: Fleet) -> Verdicts:
        states = fleet.gateways[column]
        result = is_any(states, values, known=(known,), is_folded=True)
        return judged(result, where=_is_vpn(fleet), severity=_worse_where_locked(states))

    rule(rule_id, "gateways", column)(find)


_in_state("vpn-gateway-locked", "business_status", {"financiallocked"}, known="normal")
_in_state("vpn-gateway-not-active", "status", (*_IN_CHANGE, *_LOCKED), known="active")


@rule("vpn-state-not-active", "tunnels", "connection_state", "tunnel_state")
def state_not_active(fleet: Fleet) -> Verdicts:
    """Fail tunnels if they or their connections are locked or being changed."""
    states, whole = (
        fleet.tunnels[name].astype("str") for name in ("tunnel_state", "connection_state")
    )
    states, whole = states.fillna(whole), whole.fillna(states)
    found = [is_any(one, _STATES, known=_ACTIVE, is_folded=True) for one in (states, whole)]
    return judged(
        np.where((found[0] == YES) | (found[1] == YES), np.uint8(YES), np.maximum(*found)),
        severity=np.maximum(_worse_where_locked(states), _worse_where_locked(whole)),
    )


@rule("vpn-gateway-unused", "gateways", "n_connections", "created_at")
def gateway_unused(fleet: Fleet) -> Verdicts:
    """Fail unused gateways over a week old; unknown if their region was not read completely."""
    gateways = fleet.gateways
    created = gateways["created_at"]
    is_unused, is_read = equals(gateways["n_connections"], 0), fleet.is_region_read(gateways)
    is_old = unknown_where_null(flags(created <= pd.Timestamp(fleet.now) - _NEW), created)
    result = both(truth(is_unused & is_read, is_unused), is_old)
    return judged(result, value=objects(gateways["gateway_id"]))


@rule("vpn-gateway-connections-quota", "gateways", "n_connections")
def gateway_connections_near_quota(fleet: Fleet) -> Verdicts:
    """Fail VPN gateways that use over 80 % of the default quota of connections."""
    n = numbers(fleet.gateways["n_connections"])
    quota = np.full(len(n), _QUOTA_CONNECTIONS, object)
    return judged(truth(n > _NEAR * _QUOTA_CONNECTIONS), where=_is_vpn(fleet), quota=quota)


@rule("vpn-gateway-routes-quota", "gateways", "routes.route_type")
def gateway_routes_near_quota(fleet: Fleet) -> Verdicts:
    """Fail VPN gateways that use over 80 % of the default quota for one type of route."""
    routes, n_gateways = fleet.routes, len(fleet.gateways)
    at = gateway_positions(routes, fleet.gateways, column="vpn_gateway_id")
    is_of_peer = ~equals(routes["learned_from"].str.upper(), "CLOUD")
    full, words = [], []
    for kind, quota in _QUOTA_ROUTES.items():
        rows = at[(at >= 0) & equals(routes["route_type"], kind) & is_of_peer]
        n = np.bincount(rows, minlength=n_gateways)
        over = np.flatnonzero(n > _NEAR * quota).tolist()
        full += over
        words += [f"{n[gateway]:,} of {quota} {kind} routes" for gateway in over]
    own = gateway_positions(fleet.connections, fleet.gateways, column="vpn_gateway_id")
    is_used = marked(n_gateways + 1, own)[:-1]
    is_unread = marked(n_gateways + 1, own[~fleet.are_routes_known])[:-1]
    over_quota = np.array(full, np.int64)
    return judged(
        truth(marked(n_gateways, over_quota), is_unread),
        where=_is_vpn(fleet) & is_used,
        value=listed_by(over_quota, words, n_gateways),
    )


@rule("vpn-subnets-quota", "connections", "vpc_subnets", "onprem_subnets")
def subnets_near_quota(fleet: Fleet) -> Verdicts:
    """Fail connections that use over 80 % of the default quota of blocks on one side."""
    n = np.stack([count_texts(fleet.connections[f"{side}_subnets"]) for side in ("vpc", "onprem")])
    words = [f"{vpc} VPC and {onprem} on-premises blocks" for vpc, onprem in n.T.tolist()]
    return judged(
        truth(n.max(0, initial=0) > _NEAR * _QUOTA_SUBNETS),
        value=objects(words),
        quota=np.full(len(words), _QUOTA_SUBNETS, object),
    )


def _worse_where_locked(states: pd.Series) -> Severities:
    return severity_where(is_any(states, _LOCKED, is_folded=True) == YES, HIGH, MEDIUM)


def _is_vpn(fleet: Fleet) -> Mask:
    return equals(fleet.gateways["kind"], "vpn")
