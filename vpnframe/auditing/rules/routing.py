"""Rules on BGP and on routes: authentication, parameters, state, and publication."""

from __future__ import annotations

import numpy as np
import pandas as pd

from vpnframe.addresses.cidr import parse_cidrs
from vpnframe.auditing.fleet import Fleet
from vpnframe.auditing.joining import gateway_positions, positions_of
from vpnframe.auditing.logic import (
    NO,
    UNKNOWN,
    YES,
    Mask,
    Positions,
    Truth,
    both,
    codes_of,
    either,
    flags,
    is_any,
    is_on,
    opposite,
    unknown_where_null,
)
from vpnframe.auditing.masks import equals
from vpnframe.auditing.verdicts import HIGH, INFO, MEDIUM, Verdicts, judged

CLOUD_ASN = 45104
_LINK_FIRST, _LINK_MASK = 0xA9FE0000, 0xFFFF0000  # 169.254.0.0/16
_BGP_UP = ("success", "established")
_BGP_DOWN = ("failed", "false", "down", "idle")
_ROUTE_HIDDEN = ("normal", "unpublished")


def bgp_no_auth(fleet: Fleet) -> Verdicts:
    """Fail tunnels with BGP without authentication."""
    return judged(
        "tunnels",
        both(_has_bgp(fleet), opposite(_has_bgp_key(fleet))),
        where=_has_bgp(fleet) != NO,
        column="bgp_auth_state",
    )


def bgp_parameters(fleet: Fleet) -> Verdicts:
    """Fail BGP with the cloud's own AS at the peer, or with an invalid or reused tunnel block."""
    tunnels = fleet.tunnels
    is_cloud = is_any(tunnels["customer_gateway_asn"], {CLOUD_ASN})
    is_no_link, is_twice = _is_no_link(tunnels["bgp_tunnel_cidr"]), _is_used_twice(fleet)
    faults = {
        f"the customer gateway has the cloud's own AS {CLOUD_ASN}": is_cloud,
        "the tunnel's block is not a /30 inside 169.254.0.0/16": is_no_link,
        "the tunnel's block is used twice on the gateway": is_twice,
    }
    wrong = np.full(len(tunnels), "", dtype=object)
    for words, truth in faults.items():
        rows = np.flatnonzero(truth == YES)
        wrong[rows] = [f"{text}, {words}" if text else words for text in wrong[rows]]
    return judged(
        "tunnels",
        both(_has_bgp(fleet), either(*faults.values())),
        where=_has_bgp(fleet) != NO,
        column="customer_gateway_asn, bgp_tunnel_cidr",
        severity=np.where(_is_bgp_up(fleet), INFO, MEDIUM).astype(np.uint8),
        facts={"wrong": wrong},
    )


def bgp_down(fleet: Fleet) -> Verdicts:
    """Fail BGP sessions that are down; HIGH unless the tunnel is down or another session runs."""
    status = fleet.tunnels["bgp_status"]
    is_down = opposite(is_any(status, _BGP_UP, known=_BGP_DOWN, is_folded=True))
    runs = np.bincount(fleet.of_tunnel[_is_bgp_up(fleet)], minlength=fleet.n_connections) > 0
    is_outage = (fleet.is_up != NO) & ~runs[fleet.of_tunnel]
    return judged(
        "tunnels",
        both(_has_bgp(fleet), is_down),
        where=_has_bgp(fleet) != NO,
        column="bgp_status",
        severity=np.where(is_outage, HIGH, MEDIUM).astype(np.uint8),
    )


def route_unpublished(fleet: Fleet) -> Verdicts:
    """Fail connections with a policy route that is not published to the VPC."""
    routes = fleet.routes
    state = routes["state"]
    is_hidden = opposite(is_any(state, {"published"}, known=_ROUTE_HIDDEN, is_folded=True))
    is_policy = equals(routes["route_type"], "policy")
    return by_connection(fleet, is_hidden, where=is_policy, column="routes.state")


def _has_bgp(fleet: Fleet) -> Truth:
    return is_on(fleet.tunnels["bgp_enabled"])


def _is_bgp_up(fleet: Fleet) -> Mask:
    """Mark tunnels whose BGP session is established."""
    found: Mask = is_any(fleet.tunnels["bgp_status"], _BGP_UP, is_folded=True) == YES
    return found


def _has_bgp_key(fleet: Fleet) -> Truth:
    """Check whether BGP is authenticated: the key is set at the tunnel or customer gateway."""
    tunnels, gateways = fleet.tunnels, fleet.gateways
    own = is_any(tunnels["bgp_auth_state"], {"present", "masked"}, known=("absent",))
    at = gateway_positions(tunnels, gateways, column="customer_gateway_id")
    states = is_any(gateways["bgp_auth_state"], {"present", "masked"}, known=("absent",))
    of_gateway = np.append(states, np.uint8(UNKNOWN))[at]
    # The customer gateway's key applies to connections with two tunnels.
    is_single = equals(tunnels["tunnel_count"], 1)
    return np.where(is_single, own, either(own, of_gateway)).astype(np.uint8)


def _is_no_link(cidrs: pd.Series) -> Truth:
    """Check which blocks are not a /30 inside 169.254.0.0/16."""
    parsed = parse_cidrs(cidrs)
    is_link = np.zeros(len(cidrs), bool)
    is_link[parsed.row] = (
        (parsed.family == 4)
        & (parsed.prefix_length == 30)
        & (parsed.low & np.uint64(_LINK_MASK) == np.uint64(_LINK_FIRST))
    )
    return unknown_where_null(~is_link, cidrs)


def _is_used_twice(fleet: Fleet) -> Truth:
    """Check which tunnels share their BGP block with another one of the same VPN gateway."""
    tunnels = fleet.tunnels
    cidr, gateway = tunnels["bgp_tunnel_cidr"], tunnels["vpn_gateway_id"]
    has_bgp = (_has_bgp(fleet) == YES) & flags(cidr.notna())
    is_there = has_bgp & flags(gateway.notna())
    codes = codes_of([tunnels["account_id"], tunnels["region_id"], gateway, cidr])
    counts = np.bincount(codes[is_there], minlength=int(codes.max(initial=-1)) + 1)
    return unknown_where_null(is_there & (counts[codes] > 1), cidr)


def by_connection(fleet: Fleet, is_bad: Truth, *, where: Mask, column: str) -> Verdicts:
    """Return verdicts on connections from those on their routes; unknown without all routes."""
    owners: Positions = positions_of(fleet.routes, fleet.connections)
    rows = np.flatnonzero(where & (owners >= 0))
    result = np.where(are_routes_known(fleet), NO, UNKNOWN).astype(np.uint8)
    result[owners[rows[is_bad[rows] == UNKNOWN]]] = UNKNOWN
    bad = rows[is_bad[rows] == YES]
    result[owners[bad]] = YES
    value = np.full(fleet.n_connections, "", dtype=object)
    cidrs = fleet.routes["destination_cidr"].iloc[bad].astype("str").fillna("?")
    blocks = pd.Series(cidrs.array, index=owners[bad]).sort_values()
    for owner, text in blocks.items():
        value[owner] = f"{value[owner]}, {text}" if value[owner] else text
    return judged("connections", result, column=column, facts={"value": value})


def are_routes_known(fleet: Fleet) -> Mask:
    """Check which connections' routes were read completely."""
    known = np.zeros(fleet.n_connections, bool)
    is_known = flags(fleet.subnets["has_known_routes"])
    known[fleet.of_subnet[is_known]] = True
    return known
