"""Read a fleet's routers, their routes, and the VPCs where packets start."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from vpnframe.errors import SettingsError
from vpnframe.inventory import Inventory
from vpnframe.tracing.facts import Router
from vpnframe.tracing.matching import Codes, Mask, Prefixes, first_rows
from vpnframe.tracing.reading import (
    ConnectionTable,
    Selectors,
    number_connections,
    plain,
    read_connections,
    read_selectors,
)
from vpnframe.tracing.routes import (
    RouteTable,
    are_readable,
    listed_routes,
    make_route_table,
    selector_routes,
)

_JUDGED_MODES = ("policy", "mixed")


@dataclass(frozen=True, slots=True)
class RoutedFleet:
    """A fleet's routers, routes and VPCs, in which packets are looked up."""

    # VPN gateways and transit routers that have a connection or a route
    routers: tuple[Router, ...]
    connections: ConnectionTable  # the connections attached to them
    table: RouteTable  # their routes
    selectors: Selectors  # what the connections admit
    vpc_ids: tuple[str, ...]  # VPCs whose blocks were read
    # vpc_blocks, block_vpc: their blocks, and the VPC of each
    vpc_blocks: Prefixes
    block_vpc: Codes
    # served_vpc, serving_router: pairs of one of these VPCs and a router that its packets can
    # reach. A router in no pair (its VPC was not read, or it is a transit router) might be reached
    # from anywhere
    served_vpc: Codes
    serving_router: Codes
    is_start_given: bool = False  # whether packets start in the only VPC, whatever their source

    @property
    def is_free(self) -> Mask:
        """Whether each router might be reached from anywhere, shape (number of routers,)."""
        free = np.ones(len(self.routers), bool)
        free[self.serving_router] = False
        return free


def read_fleet(inv: Inventory) -> RoutedFleet:
    """Read a fleet from its tables."""
    # A route without a connection leads elsewhere, or is announced by the cloud.
    routes = inv.routes[inv.routes["vpn_connection_id"].notna()]
    keys, (tunnel_codes, subnet_codes, route_codes) = number_connections(
        [inv.tunnels, inv.subnets, routes]
    )
    connections = read_connections(inv.tunnels, tunnel_codes, keys)
    selectors = read_selectors(inv.subnets, subnet_codes, len(keys))
    listed = listed_routes(routes, route_codes, connections)
    is_readable, has_router = are_readable(routes), connections.router_id != np.array(None)
    is_routed = np.bincount(route_codes, minlength=len(keys)) > 0
    is_judged = ~is_routed & selectors.speaks & np.isin(connections.routing_mode, _JUDGED_MODES)
    is_unread = has_router & ~selectors.has_known_routes & ~is_judged
    is_unread[route_codes[~is_readable]] = True
    stands_in = has_router & ~selectors.has_known_routes & is_judged
    listed = listed[is_readable & listed["router_id"].notna().to_numpy()]
    if stands_in.any():
        made = selector_routes(selectors, connections, stands_in)
        listed = pd.concat([listed.astype(object), made.astype(object)], ignore_index=True)
    routers, router_of_route = _routers(inv.gateways, connections, listed, is_unread)
    vpc_ids, vpc_blocks, block_vpc = _vpc_blocks(inv.vpcs)
    vpc_codes = {vpc_id: i for i, vpc_id in enumerate(vpc_ids)}
    router_vpc = np.array([vpc_codes.get(r.vpc_id or "", -1) for r in routers], np.int64)
    serving = np.flatnonzero(router_vpc >= 0)
    return RoutedFleet(
        routers,
        connections,
        make_route_table(listed, router_of_route),
        selectors,
        vpc_ids,
        vpc_blocks,
        block_vpc,
        router_vpc[serving],
        serving,
    )


def start_at(fleet: RoutedFleet, start: str) -> RoutedFleet:
    """Let every packet start in one VPC or at one router, regardless of its source."""
    vpcs = {*fleet.vpc_ids, *(router.vpc_id for router in fleet.routers)}
    serving = [i for i, one in enumerate(fleet.routers) if start in (one.router_id, one.vpc_id)]
    if start not in vpcs and not serving:
        raise SettingsError(f"{start!r} is no VPC, VPN gateway or transit router of this fleet")
    vpc_id = start if start in vpcs else fleet.routers[serving[0]].vpc_id or start
    code = fleet.vpc_ids.index(vpc_id) if vpc_id in fleet.vpc_ids else -1
    own = np.flatnonzero(fleet.block_vpc == code)
    return replace(
        fleet,
        vpc_ids=(vpc_id,),
        vpc_blocks=fleet.vpc_blocks.take(own),
        block_vpc=np.zeros(len(own), np.int64),
        served_vpc=np.zeros(len(serving), np.int64),
        serving_router=np.array(serving, np.int64),
        is_start_given=True,
    )


def _routers(
    gateways: pd.DataFrame, connections: ConnectionTable, routes: pd.DataFrame, is_unread: Mask
) -> tuple[tuple[Router, ...], Codes]:
    """Return the routers by first appearance, and the router of each route."""
    names = [*connections.router_id.tolist(), *plain(routes["router_id"])]
    codes, ids = pd.factorize(np.array(names, object))
    is_transit = [*connections.is_transit.tolist(), *routes["is_transit"].tolist()]
    owners = np.append(np.arange(len(connections)), routes["connection"].to_numpy(np.int64))
    unjudged: dict[int, list[str]] = {}
    for connection in np.flatnonzero(is_unread).tolist():
        unjudged.setdefault(int(codes[connection]), []).append(connections.keys[connection][2])
    is_vpn = (gateways["kind"] == "vpn").to_numpy(bool)
    vpcs = dict(
        zip(*(plain(gateways[is_vpn][name]) for name in ("gateway_id", "vpc_id")), strict=True)
    )
    routers = []
    for code, row in enumerate(first_rows(codes, len(ids)).tolist()):
        account_id, region_id, _ = connections.keys[owners[row]]
        vpc_id = None
        if not is_transit[row]:
            vpc_id = connections.vpc_id[owners[row]] or vpcs.get(ids[code])
        routers.append(
            Router(
                ids[code],
                is_transit[row],
                vpc_id,
                account_id,
                region_id,
                tuple(unjudged.get(code, ())),
            )
        )
    return tuple(routers), codes[len(connections) :].astype(np.int64)


def _vpc_blocks(vpcs: pd.DataFrame) -> tuple[tuple[str, ...], Prefixes, Codes]:
    """Return the VPCs whose blocks are all valid, these blocks, and the VPC of each.

    User CIDRs are not included: they have no local route.
    """
    rows = zip(*(plain(vpcs[name]) for name in ("vpc_id", "cidrs", "secondary_cidrs")), strict=True)
    listed = [(vpc_id, cidr) for vpc_id, *lists in rows for some in lists for cidr in some or ()]
    blocks = Prefixes.read([cidr for _, cidr in listed])
    bad = {listed[i][0] for i in np.flatnonzero(blocks.family == 0).tolist()}
    vpc_ids = tuple(dict.fromkeys(vpc_id for vpc_id, _ in listed if vpc_id not in bad))
    codes = {vpc_id: i for i, vpc_id in enumerate(vpc_ids)}
    block_vpc = np.array([codes.get(vpc_id, -1) for vpc_id, _ in listed], np.int64)
    good = np.flatnonzero(block_vpc >= 0)
    return vpc_ids, blocks.take(good), block_vpc[good]
