"""Rules on BGP, health checks, and prefixes without a working path."""

from __future__ import annotations

import numpy as np
import pandas as pd

from vpnframe.addresses.cidr import parse_cidrs
from vpnframe.addresses.ranges import SPECIAL_RANGES, find_ranges
from vpnframe.auditing.fleet import Fleet
from vpnframe.auditing.joining import gateway_positions
from vpnframe.auditing.logic import (
    NO,
    UNKNOWN,
    YES,
    Mask,
    Positions,
    Truth,
    any_of,
    both,
    codes_of,
    either,
    equals,
    flags,
    is_any,
    is_on,
    marked,
    named,
    opposite,
    truth,
    unknown_where_null,
)
from vpnframe.auditing.rules.availability import is_attached, list_blocks, n_others
from vpnframe.auditing.verdicts import (
    DOWN,
    HIGH,
    INFO,
    MEDIUM,
    NO_LIVE_PATH,
    NO_ROUTES,
    Verdicts,
    judged,
    rule,
    severity_where,
)

CLOUD_ASN = 45104
_LINK_LOCAL = [special.cidr for special in SPECIAL_RANGES].index("169.254.0.0/16")
_BGP_UP = ("success", "established")
_BGP_DOWN = ("failed", "false", "down", "idle")


@rule("vpn-bgp-no-auth", "tunnels", "bgp_auth_state")
def bgp_no_auth(fleet: Fleet) -> Verdicts:
    """Fail tunnels that use BGP without authentication."""
    has_bgp = _has_bgp(fleet)
    return judged(both(has_bgp, opposite(_has_bgp_key(fleet))), where=has_bgp != NO)


@rule("vpn-bgp-parameters", "tunnels", "customer_gateway_asn", "bgp_tunnel_cidr")
def bgp_parameters(fleet: Fleet) -> Verdicts:
    """Fail tunnels whose BGP peer has the cloud's AS number or whose BGP block is unsuitable."""
    tunnels, has_bgp = fleet.tunnels, _has_bgp(fleet)
    asn, cidr = tunnels["customer_gateway_asn"], tunnels["bgp_tunnel_cidr"]
    faults = {
        f"the customer gateway has the cloud's own AS {CLOUD_ASN}": is_any(asn, {CLOUD_ASN}),
        "the tunnel's block is not a /30 inside 169.254.0.0/16": _is_no_link(cidr),
        "the tunnel's block is used twice on the gateway": _is_used_twice(fleet),
    }
    return judged(
        both(has_bgp, either(*faults.values())),
        where=has_bgp != NO,
        severity=severity_where(_is_bgp_up(fleet), INFO, MEDIUM),
        wrong=named({words: one == YES for words, one in faults.items()}),
    )


@rule(NO_LIVE_PATH, "connections", "tunnel_status", "onprem_subnets", implied_by=(NO_ROUTES,))
def no_live_path(fleet: Fleet) -> Verdicts:
    """Fail connections that are down if one of their prefixes has no other path that is up."""
    up = fleet.connection_is_up
    rows = _prefix_rows(fleet)
    owners = fleet.of_subnet[rows]
    is_dead = both(opposite(up)[owners], opposite(_has_other_path(fleet, rows, up)))
    result = any_of(owners, is_dead, fleet.n_connections)
    result[fleet.is_unjudged & (up != YES) & (result == NO)] = UNKNOWN
    dead = rows[is_dead == YES]
    value = list_blocks(fleet, fleet.subnets["cidr"].iloc[dead], fleet.of_subnet[dead], most=5)
    return judged(result, where=is_attached(fleet), value=value)


@rule("vpn-bgp-down", "tunnels", "bgp_status", implied_by=DOWN)
def bgp_down(fleet: Fleet) -> Verdicts:
    """Fail tunnels whose BGP session is down."""
    has_bgp = _has_bgp(fleet)
    up = is_any(fleet.tunnels["bgp_status"], _BGP_UP, known=_BGP_DOWN, is_folded=True)
    runs = np.bincount(fleet.of_tunnel[_is_bgp_up(fleet)], minlength=fleet.n_connections) > 0
    is_outage = (fleet.is_up != NO) & ~runs[fleet.of_tunnel]
    severity = severity_where(is_outage, HIGH, MEDIUM)
    return judged(both(has_bgp, opposite(up)), where=has_bgp != NO, severity=severity)


@rule("vpn-health-check-failing", "connections", "health_check_status", implied_by=DOWN)
def health_check_failing(fleet: Fleet) -> Verdicts:
    """Fail connections whose enabled health check gets no reply."""
    is_checked = is_on(fleet.connections["health_check_enabled"])
    status = fleet.connections["health_check_status"]
    is_failed = is_any(status, {"failed"}, known=("success",), is_folded=True)
    return judged(both(is_checked, is_failed), where=is_checked == YES)


def _has_bgp(fleet: Fleet) -> Truth:
    return is_on(fleet.tunnels["bgp_enabled"])


def _is_bgp_up(fleet: Fleet) -> Mask:
    return np.asarray(is_any(fleet.tunnels["bgp_status"], _BGP_UP, is_folded=True) == YES)


def _has_bgp_key(fleet: Fleet) -> Truth:
    """Check which tunnels have a BGP key of their own or of their customer gateway."""
    tunnels, gateways = fleet.tunnels, fleet.gateways
    own, of_gateways = (
        is_any(table["bgp_auth_state"], {"present", "masked"}, known=("absent",))
        for table in (tunnels, gateways)
    )
    at = gateway_positions(tunnels, gateways, column="customer_gateway_id")
    of_gateway = np.append(of_gateways, np.uint8(UNKNOWN))[at]
    # The customer gateway's BGP key applies only to connections with two tunnels.
    return np.where(equals(tunnels["tunnel_count"], 1), own, either(own, of_gateway))


def _is_no_link(cidrs: pd.Series) -> Truth:
    """Check which blocks are not a /30 inside 169.254.0.0/16."""
    parsed = parse_cidrs(cidrs)
    is_link = (find_ranges(parsed) == _LINK_LOCAL) & (parsed.prefix_length == 30)
    return unknown_where_null(~marked(len(cidrs), parsed.row[is_link]), cidrs)


def _is_used_twice(fleet: Fleet) -> Truth:
    """Check which tunnels have the same BGP block as another tunnel of their VPN gateway."""
    tunnels = fleet.tunnels
    cidr, gateway = tunnels["bgp_tunnel_cidr"], tunnels["vpn_gateway_id"]
    is_there = (_has_bgp(fleet) == YES) & flags(cidr.notna() & gateway.notna())
    codes = codes_of([tunnels["account_id"], tunnels["region_id"], gateway, cidr])
    counts = np.bincount(codes[is_there], minlength=int(codes.max(initial=-1)) + 1)
    return unknown_where_null(is_there & (counts[codes] > 1), cidr)


def _prefix_rows(fleet: Fleet) -> Positions:
    """Find each connection's on-premises prefixes; no default routes if it is route-based."""
    subnets = fleet.subnets
    is_route_based = equals(fleet.connections["routing_mode"], "route")[fleet.of_subnet]
    is_prefix = equals(subnets["side"], "onprem") & flags(subnets["cidr"].notna())
    rows = np.flatnonzero(is_prefix & ~(is_route_based & flags(subnets["is_default_route"])))
    owners = pd.Series(fleet.of_subnet[rows])
    codes = codes_of([owners, subnets["cidr"].iloc[rows]])
    return np.sort(rows[np.unique(codes, return_index=True)[1]])


def _has_other_path(fleet: Fleet, rows: Positions, up: Truth) -> Truth:
    """Check for each prefix whether another connection that is up also carries it.

    That connection must be in the same routing domain and carry traffic from the same VPC blocks. A
    connection carries traffic from all VPC blocks if its VPC side has no blocks or only default
    routes.
    """
    owners = fleet.of_subnet[rows]
    subnets = fleet.subnets
    is_named = equals(subnets["side"], "vpc") & flags(subnets["cidr"].notna())
    sources = fleet.sets_of_blocks(is_named & ~flags(subnets["is_default_route"]))[owners]
    domain = fleet.domain[owners]
    prefix = codes_of([pd.Series(domain), subnets["cidr"].iloc[rows].reset_index(drop=True)])
    path = codes_of([pd.Series(prefix), pd.Series(sources)])
    is_anywhere = sources < 0
    found = []
    for value in (YES, UNKNOWN):
        is_so = up[owners] == value
        others = n_others(path, is_so) + np.where(
            is_anywhere, n_others(prefix, is_so), n_others(prefix, is_so & is_anywhere)
        )
        found.append((others > 0) & (domain >= 0))
    return truth(*found)
