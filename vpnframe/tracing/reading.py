"""Convert a fleet's tables to routers, connections and routes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any, NamedTuple, TypeVar

import numpy as np
import pandas as pd
import pyarrow as pa

from vpnframe.inventory import Inventory
from vpnframe.tracing.facts import (
    Router,
    TracedConnection,
    TracedRoute,
    TracedTunnel,
    grouped,
)
from vpnframe.tracing.following import RoutedFleet
from vpnframe.tracing.packets import Packets
from vpnframe.tracing.prefixes import Codes, Prefixes

V = TypeVar("V")
_KEY = ["account_id", "region_id", "vpn_connection_id"]
_ATTACHMENT = ("vpn_gateway_id", "transit_router_id", "vpc_id", "routing_mode")
_TUNNEL = (
    *("connection_name", "tunnel_index", "tunnel_id", "tunnel_role", "tunnel_status"),
    *("connection_status", "health_check_enabled", "health_check_status"),
)
_ROUTE = (
    *("route_type", "source_cidr", "destination_cidr", "priority", "weight", "as_path", "state"),
    "tunnel_ids",
)
_PUBLISHED = ("published", "active")  # "active": a BGP route on a transit router
_AS_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_JUDGED_MODES = ("policy", "mixed")
_STATUSES = {
    "ipsec_sa_established": True,
    "ipsec_sa_not_established": False,
    "ike_sa_established": False,
    "ike_sa_not_established": False,
}
_HEALTH = {"success": True, "failed": False}
# A route, the ids of its destination block and its router, and the code of its connection
_Entry = tuple[TracedRoute, int, str, int]


class _Side(NamedTuple):
    """The blocks of one side, sources or destinations, as their ids in ``prefixes``."""

    prefixes: Prefixes
    of_vpcs: Codes
    of_routes: Codes
    # of_selectors, owners: blocks of traffic selectors, and the connection code of each block
    of_selectors: Codes
    owners: Codes


class FleetReader:
    """Reads an inventory whose tables are sorted by their key columns.

    It compares whole columns; only the connections and routes that packets need become objects.
    """

    def __init__(self, inv: Inventory) -> None:
        self.inv = inv
        # A route without a connection id leads into no connection, or the cloud announces it.
        self.routes = inv.routes[inv.routes["vpn_connection_id"].notna()]
        tables = [inv.tunnels, inv.subnets, self.routes]
        keys = pd.concat([table[_KEY] for table in tables], ignore_index=True)
        # Connections have codes from 0; those that only a route names come last.
        codes = keys.groupby(_KEY, sort=False, dropna=False).ngroup().to_numpy(np.int64)
        ends = np.cumsum([*map(len, tables)])
        self.of_tunnels, self.of_subnets, self.of_routes = np.split(codes, ends[:-1])
        self.keys = keys.iloc[np.unique(codes, return_index=True)[1]]
        first = inv.tunnels.iloc[np.unique(self.of_tunnels, return_index=True)[1]]
        missing = [None] * (len(self.keys) - len(first))
        gateways, transits, self.vpc_ids, self.modes = (
            [*_plain(first[name]), *missing] for name in _ATTACHMENT
        )
        self.is_transit = [gateway is None for gateway in gateways]
        self.router_ids = [one or other for one, other in zip(gateways, transits, strict=True)]
        self.route_gateways, self.route_transits = (
            _plain(self.routes[name]) for name in _ATTACHMENT[:2]
        )
        own = [self.router_ids[code] for code in self.of_routes.tolist()]
        # A route that names no router belongs to the router of its connection.
        three = zip(self.route_gateways, self.route_transits, own, strict=True)
        self.routers_of_routes = [one or other or last for one, other, last in three]
        self.own = [
            (cidr, vpc_id)
            for vpc_id, *lists in _rows(inv.vpcs, ("vpc_id", "cidrs", "secondary_cidrs"))
            for cidrs in lists
            for cidr in cidrs or ()
        ]
        self.source = self._read_side("vpc", "source_cidr")
        self.destination = self._read_side("onprem", "destination_cidr")

    def read(self, packets: Packets) -> RoutedFleet:
        """Return the fleet with only the routes that lead to destinations of the packets."""
        sources, destinations = self.source.prefixes, self.destination.prefixes
        start_of = sources.find_longest(packets.source)
        end_of = destinations.find_longest(packets.destination)
        met = {block for end in np.unique(end_of).tolist() for block in destinations.around(end)}
        is_policy = (self.routes["route_type"] == "policy").to_numpy(bool)
        is_readable = (self.destination.of_routes >= 0) & (
            ~is_policy | (self.source.of_routes >= 0)
        )
        has_router = np.array([name is not None for name in self.routers_of_routes], bool)
        rows = np.flatnonzero(is_readable & has_router)
        unknown = self._unknown()
        rows_met = rows[np.isin(self.destination.of_routes[rows], [*met])]
        connections = self._connections({*unknown, *self.of_routes[rows_met].tolist()})
        stand_ins = [*self._stand_ins({code: connections[code] for code in unknown})]
        entries = [*self._route_entries(rows_met, connections), *stand_ins]
        unread = {*self.of_routes[~is_readable].tolist(), *unknown}
        unread -= {code for *_, code in stand_ins}
        vpcs_at = self._vpcs_at()
        routers = self._routers(rows, sorted(unread), vpcs_at)
        routes_at: dict[int, dict[Router | None, list[TracedRoute]]] = {}
        for route, block, router_id, _ in entries:
            at_router = routes_at.setdefault(block, {})
            at_router.setdefault(routers[router_id], []).append(route)
        serving = grouped((router.vpc_id, router) for router in routers.values())
        addresses = sources, destinations, start_of, end_of
        return RoutedFleet(*addresses, vpcs_at, [*routers.values()], serving, routes_at)

    def _read_side(self, side: str, column: str) -> _Side:
        """Parse the blocks of one side: those of VPCs, routes and traffic selectors."""
        subnets = self.inv.subnets
        is_selector = (subnets["origin"] == "selector") & (subnets["side"] == side)
        rows = np.flatnonzero(is_selector.to_numpy(bool))
        texts = [*(cidr for cidr, _ in self.own), *_plain(self.routes[column])]
        prefixes = Prefixes.read([*texts, *_plain(subnets["cidr"].iloc[rows])])
        of_vpcs, of_routes, of_selectors = np.split(prefixes.ids, [len(self.own), len(texts)])
        return _Side(prefixes, of_vpcs, of_routes, of_selectors, self.of_subnets[rows])

    def _vpcs_at(self) -> dict[int, list[str]]:
        """Return the VPCs whose blocks are all valid, by block id; user CIDRs do not count."""
        blocks = self.source.of_vpcs.tolist()
        found = [(block, vpc_id) for block, (_, vpc_id) in zip(blocks, self.own, strict=True)]
        invalid = {vpc_id for block, vpc_id in found if block < 0}
        return grouped(pair for pair in found if pair[1] not in invalid)

    def _unknown(self) -> list[int]:
        """Return the codes of connections that have a router but whose routes were not all read."""
        is_known = self.inv.subnets["has_known_routes"].fillna(False).to_numpy(bool)
        known = {*self.of_subnets[is_known].tolist()}
        return [c for c, name in enumerate(self.router_ids) if name is not None and c not in known]

    def _connections(self, codes: set[int]) -> dict[int, TracedConnection]:
        """Return the connections with the given codes, by code."""
        wanted = np.array(sorted(codes), np.int64)
        rows = np.flatnonzero(np.isin(self.of_tunnels, wanted))
        tunnels = _parts(self.of_tunnels[rows], _rows(self.inv.tunnels.iloc[rows], _TUNNEL), wanted)
        selectors = []
        for side in (self.source, self.destination):
            rows = np.flatnonzero(np.isin(side.owners, wanted))
            selectors.append(_parts(side.owners[rows], side.of_selectors[rows].tolist(), wanted))
        ids = _plain(self.keys["vpn_connection_id"].iloc[wanted])
        return {
            code: TracedConnection(name, some[0][0] if some else None, _tunnels(some), *blocks)
            for code, name, some, *blocks in zip(
                wanted.tolist(), ids, tunnels, *selectors, strict=True
            )
        }

    def _route_entries(
        self, rows: Codes, connections: dict[int, TracedConnection]
    ) -> Iterator[_Entry]:
        """Yield the routes in the given rows of ``self.routes``."""
        starts, ends = self.source.of_routes[rows], self.destination.of_routes[rows]
        numbers = (
            *(rows, self.of_routes[rows], starts, ends),
            *(self.source.prefixes.lengths[starts], self.destination.prefixes.lengths[ends]),
        )
        values = _rows(self.routes.iloc[rows], _ROUTE)
        for at, more in zip(zip(*(n.tolist() for n in numbers), strict=True), values, strict=True):
            row, code, start, end, source_length, length = at
            kind, source, destination, priority, weight, path, state, tunnel_ids = more
            route = TracedRoute(
                kind,
                connections[code],
                source if kind == "policy" else None,
                destination,
                start,
                source_length,
                length,
                priority,
                weight,
                None if path is None else len(_AS_NUMBER.findall(path)),
                (state or "").lower() in _PUBLISHED,
                state,
                tuple(tunnel_ids or ()),
            )
            yield route, end, str(self.routers_of_routes[row]), code

    def _stand_ins(self, unknown: dict[int, TracedConnection]) -> Iterator[_Entry]:
        """Yield pairs of selectors in place of routes: each VPC block to each on-premises block.

        This applies to connections in mode policy or mixed that have no routes and whose
        on-premises selectors are not default routes.
        """
        routed = {*self.of_routes.tolist()}
        sources, destinations = self.source.prefixes, self.destination.prefixes
        told = {
            code: one
            for code, one in unknown.items()
            if code not in routed
            and self.modes[code] in _JUDGED_MODES
            and one.has_known_selectors
            and min(destinations.lengths[block] for block in one.onprem_blocks) > 0
        }
        texts = [sources.canonical_texts(), destinations.canonical_texts()] if told else []
        for code, one in told.items():
            for start, end in product(one.vpc_blocks, one.onprem_blocks):
                route = TracedRoute(
                    *("selector", one, texts[0][start], texts[1][end], start),
                    int(sources.lengths[start]),
                    int(destinations.lengths[end]),
                    is_published=True,
                )
                yield route, end, str(self.router_ids[code]), code

    def _routers(
        self, rows: Codes, unread: list[int], vpcs_at: dict[int, list[str]]
    ) -> dict[str, Router]:
        """Return the routers of all connections and of the given routes by id, in row order."""
        ids = _plain(self.keys["vpn_connection_id"].iloc[unread])
        unjudged = grouped(
            (self.router_ids[code], name) for code, name in zip(unread, ids, strict=True)
        )
        owners: dict[str | None, tuple[int, bool]] = {}
        for code, name in enumerate(self.router_ids):
            if name is not None and name not in owners:
                owners[name] = code, self.is_transit[code]
        for row in rows.tolist():
            if (name := self.routers_of_routes[row]) not in owners:
                code = int(self.of_routes[row])
                is_transit = self.route_transits[row] is not None or self.is_transit[code]
                owners[name] = code, self.route_gateways[row] is None and is_transit
        read_vpcs = {vpc_id for some in vpcs_at.values() for vpc_id in some}
        vpn = self.inv.gateways[(self.inv.gateways["kind"] == "vpn").to_numpy(bool)]
        vpcs = dict(_rows(vpn, ("gateway_id", "vpc_id")))
        places = _rows(self.keys.iloc[[code for code, _ in owners.values()]], _KEY[:2])
        routers = {}
        for (name, (code, is_transit)), (account_id, region_id) in zip(
            owners.items(), places, strict=True
        ):
            vpc_id = None if is_transit else self.vpc_ids[code] or vpcs.get(name)
            is_free = vpc_id not in read_vpcs
            routers[str(name)] = Router(
                str(name),
                is_transit,
                vpc_id,
                account_id,
                region_id,
                unjudged=tuple(unjudged.get(name, ())),
                is_free=is_free,
                is_unread=not read_vpcs or (is_free and not is_transit),
            )
        return routers


def _tunnels(rows: Sequence[tuple[Any, ...]]) -> tuple[TracedTunnel, ...]:
    """Build a connection's tunnels; its status and health check apply only to a single tunnel."""
    tunnels = []
    for _, index, tunnel_id, role, own_status, connection_status, is_checked, health in rows:
        is_single = len(rows) == 1
        status = own_status or connection_status if is_single else own_status
        is_up = _STATUSES.get(status)
        if is_up and is_single and is_checked:
            is_up = _HEALTH.get(health)
            status = status if is_up else f"{status}, health check {health or 'not known'}"
        tunnels.append(TracedTunnel(index, tunnel_id, role, status, is_up))
    return tuple(tunnels)


def _parts(keys: Codes, values: list[V], wanted: Codes) -> list[tuple[V, ...]]:
    """Return for each wanted code the values whose entry in ``keys`` is that code."""
    order = np.argsort(keys, kind="stable")
    values, keys = [values[i] for i in order.tolist()], keys[order]
    bounds = (np.searchsorted(keys, wanted, side).tolist() for side in ("left", "right"))
    return [tuple(values[start:stop]) for start, stop in zip(*bounds, strict=True)]


def _rows(table: pd.DataFrame, names: Sequence[str]) -> list[tuple[Any, ...]]:
    """Return the rows of the named columns as Python objects, with None for nulls."""
    return list(zip(*(_plain(table[name]) for name in names), strict=True))


def _plain(values: pd.Series[Any]) -> list[Any]:
    """Convert values to Python objects, with None for nulls."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        categories = [*values.cat.categories.tolist(), None]
        return [categories[code] for code in values.cat.codes.tolist()]
    listed: list[Any] = pa.array(values, from_pandas=True).to_pylist()
    return listed
