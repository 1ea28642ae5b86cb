"""Rules on missing gateways, single points of failure, and tunnels and routes that are down."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from vpnframe.auditing.fleet import Fleet
from vpnframe.auditing.joining import gateway_positions, is_place_in, positions_of
from vpnframe.auditing.logic import (
    NO,
    UNKNOWN,
    YES,
    Mask,
    Positions,
    Texts,
    Truth,
    any_of,
    arrow,
    both,
    codes_of,
    differs_within,
    either,
    equals,
    flags,
    is_any,
    is_on,
    listed_by,
    marked,
    numbers,
    opposite,
    truth,
    unknown_where_null,
)
from vpnframe.auditing.values import IDS, is_address, is_private_address, is_wildcard
from vpnframe.auditing.verdicts import (
    DOWN,
    INFO,
    MEDIUM,
    NO_KEY,
    NO_LIVE_PATH,
    NO_ROUTES,
    VALUE_UNKNOWN,
    Verdicts,
    judged,
    rule,
    severity_where,
)
from vpnframe.schema.joined import split_column

_ATTACHED = ("vpngw", "cen")
_ROUTE_HIDDEN = ("normal", "unpublished")


@rule("vpn-orphan", "connections", "attach_type", "vpn_gateway_id")
def orphan(fleet: Fleet) -> Verdicts:
    """Fail connections that are attached to nothing, or whose VPN gateway does not exist."""
    connections = fleet.connections
    attached = connections["attach_type"]
    is_loose = is_any(attached, {"no_associated"}, known=_ATTACHED, is_folded=True)
    has_gateway = flags(connections["vpn_gateway_id"].notna())
    is_found = gateway_positions(connections, fleet.gateways, column="vpn_gateway_id") >= 0
    is_loose[has_gateway & is_found] = NO
    gone = has_gateway & ~is_found & (is_loose != YES)
    is_loose[gone] = truth(_are_gateways_known(fleet), gone)[gone]
    return judged(is_loose)


@rule("vpn-single-tunnel", "connections", "n_tunnels", implied_by=(NO_ROUTES,))
def single_tunnel(fleet: Fleet) -> Verdicts:
    """Fail single-tunnel connections if no other peer offers a second path to the same blocks."""
    return judged(opposite(_has_second_way(fleet)), where=_is_single(fleet))


@rule("vpn-one-zone", "connections", "zone_id")
def one_zone(fleet: Fleet) -> Verdicts:
    """Fail connections whose tunnels are all in one zone."""
    n = fleet.n_connections
    differs = differs_within(fleet.of_tunnel, fleet.tunnels["zone_id"], n_groups=n)
    return judged(opposite(differs), where=np.bincount(fleet.of_tunnel, minlength=n) > 1)


@rule("vpn-dpd-off", "tunnels", "dpd_enabled")
def dpd_off(fleet: Fleet) -> Verdicts:
    """Fail tunnels without dead peer detection."""
    return judged(opposite(is_on(fleet.tunnels["dpd_enabled"])))


@rule("vpn-health-check-off", "connections", "health_check_enabled", implied_by=(NO_ROUTES,))
def health_check_off(fleet: Fleet) -> Verdicts:
    """Fail single-tunnel connections with a second path but no health check to switch to it."""
    is_off = opposite(is_on(fleet.connections["health_check_enabled"]))
    return judged(both(is_off, _has_second_way(fleet)), where=_is_single(fleet))


@rule("vpn-natt-off", "tunnels", "nat_traversal_enabled", IDS[1], "customer_gateway_ip")
def natt_off(fleet: Fleet) -> Verdicts:
    """Fail tunnels with NAT traversal off although there are signs of NAT."""
    is_off = opposite(is_on(fleet.tunnels["nat_traversal_enabled"]))
    return judged(both(is_off, _has_sign_of_nat(fleet)))


@rule("vpn-id-fqdn-main-mode", "tunnels", *IDS, implied_by=(NO_LIVE_PATH, VALUE_UNKNOWN, NO_KEY))
def id_fqdn_main_mode(fleet: Fleet) -> Verdicts:
    """Fail tunnels in IKEv1 main mode with a pre-shared key if an identity is a name."""
    names = np.zeros(len(fleet.tunnels), bool)
    for column in IDS:
        ids = fleet.tunnels[column].fillna("").str.strip()
        names |= flags(ids != "") & ~is_address(ids) & ~is_wildcard(ids)
    is_main = both(fleet.is_value("ike_version", {1}), fleet.is_value("ike_mode", {"main"}))
    result = both(is_main, truth(names))
    result[(result == YES) & ~fleet.has_psk] = UNKNOWN
    severity = severity_where(fleet.is_up == YES, INFO, MEDIUM)
    return judged(result, where=fleet.may_have_psk & ~fleet.is_sm, severity=severity)


@rule(
    *("vpn-not-established", "tunnels", "tunnel_status", "connection_status"),
    implied_by=(NO_LIVE_PATH, "vpn-id-fqdn-main-mode"),
)
def not_established(fleet: Fleet) -> Verdicts:
    """Fail tunnels that are down, except standbys of a VPN gateway while another tunnel is up."""
    is_standby = equals(fleet.tunnels["tunnel_role"], "standby") & _is_on_gateway(fleet)
    result = opposite(fleet.is_up)
    result[is_standby & _is_other_up(fleet) & (result == YES)] = NO
    return judged(result, where=is_attached(fleet)[fleet.of_tunnel])


@rule("vpn-standby-down", "tunnels", "tunnel_status", "tunnel_role")
def standby_down(fleet: Fleet) -> Verdicts:
    """Fail standby tunnels that are down while another tunnel of the connection is up."""
    roles = fleet.tunnels["tunnel_role"]
    result = np.where(_is_other_up(fleet), opposite(fleet.is_up), np.uint8(NO))
    is_without_role = flags(roles.isna())
    result[is_without_role & (result == YES)] = UNKNOWN
    may_be = (equals(roles, "standby") | is_without_role) & ~_is_single(fleet)[fleet.of_tunnel]
    return judged(result, where=may_be & _is_on_gateway(fleet))


@rule("vpn-route-unpublished", "connections", "routes.state", implied_by=(NO_ROUTES,))
def route_unpublished(fleet: Fleet) -> Verdicts:
    """Fail connections with a policy-based route that is not published to the VPC."""
    state = fleet.routes["state"]
    is_hidden = opposite(is_any(state, {"published"}, known=_ROUTE_HIDDEN, is_folded=True))
    is_hidden[~equals(fleet.routes["route_type"], "policy")] = NO
    return _by_connection(fleet, is_hidden)


@rule("vpn-route-next-hop-down", "connections", "routes.tunnel_ids", implied_by=(*DOWN, NO_ROUTES))
def route_next_hop_down(fleet: Fleet) -> Verdicts:
    """Fail connections with a route that leads only to tunnels that are down."""
    owners = positions_of(fleet.routes, fleet.connections)
    is_down = np.append(opposite(fleet.connection_is_up), np.uint8(UNKNOWN))[owners]
    row, is_up = _named_tunnels(fleet)
    is_named = marked(len(is_down), row)
    best = any_of(row, is_up, len(is_down))
    is_down[is_named] = opposite(best)[is_named]
    return _by_connection(fleet, is_down)


@rule("vpn-witness-conflict", "connections", "witnesses", "perspective")
def witness_conflict(fleet: Fleet) -> Verdicts:
    """Fail connections whose downloaded configuration contradicts the API's connection list."""
    connections = fleet.connections
    different = fleet.disagreements[["field"]].astype("str")
    different["owner"] = positions_of(fleet.disagreements, connections)
    different = different[different["owner"] >= 0].drop_duplicates()
    owners = different["owner"].to_numpy(np.int64)
    fields = listed_by(owners, different["field"], fleet.n_connections)
    fields[equals(connections["perspective"], "conflict") & (fields == "")] = "perspective"
    result = truth(fields != "", ~equals(connections["witnesses"], "both"))
    # A connection attached to nothing has no download, so there are no two sources to compare.
    is_loose = is_any(connections["attach_type"], {"no_associated"}, is_folded=True) == YES
    return judged(result, where=~(is_loose & (result == UNKNOWN)), value=fields)


def is_attached(fleet: Fleet) -> Mask:
    """Mark all connections except those that fail the rule :func:`orphan`."""
    return np.asarray(orphan(fleet).result != YES)


def _has_second_way(fleet: Fleet) -> Truth:
    """Check which connections have a second path to the same blocks through another peer."""
    subnets = fleet.subnets
    has_cidr = flags(subnets["cidr"].notna())
    sets = fleet.sets_of_blocks(has_cidr & ~flags(subnets["is_default_route"]))
    domain = pd.Series(fleet.domain)
    reach = codes_of([domain, pd.Series(sets)])
    peers = differs_within(
        reach[fleet.of_tunnel],
        fleet.tunnels["customer_gateway_ip"],
        n_groups=int(reach.max(initial=-1)) + 1,
    )
    has_second = np.where((sets >= 0) & (fleet.domain >= 0), peers[reach], np.uint8(NO))
    # If a connection's prefixes are unknown, any other one in the domain may be its second path.
    has_neighbour = domain.duplicated(keep=False).to_numpy(bool) & (fleet.domain >= 0)
    has_blocks = marked(fleet.n_connections, fleet.of_subnet[has_cidr])
    has_second[(fleet.is_unjudged | ~has_blocks) & has_neighbour] = UNKNOWN
    return has_second


def _has_sign_of_nat(fleet: Fleet) -> Truth:
    """Check which tunnels show signs of NAT on the way to the peer.

    One sign is a peer whose IKE identity is an IP address, but not the peer's own address. Another
    sign is a peer with a private address, unless the VPN gateway's address is private too, as on a
    leased line.
    """
    tunnels = fleet.tunnels
    ours, theirs = tunnels["vpn_gateway_ip"], tunnels["customer_gateway_ip"]
    is_private = unknown_where_null(is_private_address(theirs) & ~is_private_address(ours), theirs)
    ids = tunnels["customer_gateway_ike_id"]
    is_other = is_address(ids) & flags(ids != theirs) & ~is_wildcard(ids)
    return either(is_private, truth(is_other & flags(theirs.notna()), is_other))


def _is_single(fleet: Fleet) -> Mask:
    """Mark connections with exactly one tunnel; a second one counts even if it was not read."""
    n, of_tunnel = fleet.n_connections, fleet.of_tunnel
    has_two = marked(n, of_tunnel[numbers(fleet.tunnels["tunnel_count"]) >= 2])
    return np.asarray((np.bincount(of_tunnel, minlength=n) == 1) & ~has_two)


def _are_gateways_known(fleet: Fleet) -> Mask:
    """Mark connections in regions whose VPN gateways were all read; a region may have none."""
    connections = fleet.connections
    vpn = fleet.gateways[equals(fleet.gateways["kind"], "vpn")]
    asked = fleet.coverage[fleet.coverage["n_calls"] > 0]
    has_some = is_place_in(connections, vpn) | is_place_in(connections, asked)
    return fleet.is_region_read(connections) & has_some


def _is_on_gateway(fleet: Fleet) -> Mask:
    return flags(fleet.tunnels["vpn_gateway_id"].notna())


def _is_other_up(fleet: Fleet) -> Mask:
    """Mark tunnels whose connection has another tunnel that is up."""
    return n_others(fleet.of_tunnel, fleet.is_up == YES) > 0


def n_others(groups: Positions, holds: Mask) -> Positions:
    """Return for each row the number of other rows in its group where a condition holds."""
    n = np.bincount(groups, weights=holds, minlength=int(groups.max(initial=-1)) + 1)
    return np.asarray(n[groups].astype(np.int64) - holds)


def _named_tunnels(fleet: Fleet) -> tuple[Positions, Truth]:
    """Return the route position of each tunnel id in routes, and whether that tunnel is up."""
    ids = split_column(fleet.routes["tunnel_ids"])
    known = arrow(fleet.tunnels["tunnel_id"], pa.large_string())
    at = pc.fill_null(pc.index_in(pc.list_flatten(ids), value_set=known.drop_null()), -1)
    positions = np.append(np.flatnonzero(flags(fleet.tunnels["tunnel_id"].notna())), -1)
    is_up = np.append(fleet.is_up, np.uint8(UNKNOWN))[positions[at.to_numpy()]]
    return pc.list_parent_indices(ids).to_numpy().astype(np.int64), is_up


def _by_connection(fleet: Fleet, is_bad: Truth) -> Verdicts:
    """Fail connections with a bad route; else, those with unread routes are unknown."""
    owners = positions_of(fleet.routes, fleet.connections)
    rows = np.flatnonzero(owners >= 0)
    result = any_of(owners[rows], is_bad[rows], fleet.n_connections)
    result[~fleet.are_routes_known & (result == NO)] = UNKNOWN
    bad = rows[is_bad[rows] == YES]
    value = list_blocks(fleet, fleet.routes["destination_cidr"].iloc[bad], owners[bad])
    return judged(result, value=value)


def list_blocks(
    fleet: Fleet, cidrs: pd.Series, owners: Positions, *, most: int | None = None
) -> Texts:
    """Return for each connection a string that lists its blocks, at most ``most`` of them."""
    blocks = pd.Series(cidrs.astype("str").fillna("?").array, index=owners).sort_values()
    return listed_by(blocks.index.to_numpy(), blocks, fleet.n_connections, most=most)
