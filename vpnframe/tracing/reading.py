"""Convert a fleet's tables to routers, connections and routes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import chain, product
from typing import Any, TypeAlias, TypeVar

import msgspec
import numpy as np
import pandas as pd
import pyarrow as pa

from vpnframe.inventory import Inventory
from vpnframe.schema.joined import split_text
from vpnframe.tracing.facts import Router, TracedConnection, TracedRoute, TracedTunnel, grouped
from vpnframe.tracing.following import RoutedFleet
from vpnframe.tracing.packets import Packets
from vpnframe.tracing.prefixes import Prefixes

V = TypeVar("V")
_KEY = ["account_id", "region_id", "vpn_connection_id"]
_ATTACHED = ("vpn_gateway_id", "transit_router_id", "vpc_id", "routing_mode")
_TUNNEL = (
    *("connection_name", "tunnel_index", "tunnel_id", "tunnel_role", "tunnel_status"),
    *("connection_status", "health_check_enabled", "health_check_status"),
)
_SUBNET = ("side", "origin", "cidr", "has_known_routes")
_ROUTE = (
    *("router_id", "code", "start", "end", "route_type", "source_cidr", "destination_cidr"),
    *("priority", "weight", "as_path", "state", "tunnel_ids"),
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
# The id of a router, the id of the destination block of a route, and the route
_Entry: TypeAlias = tuple[str | None, int, TracedRoute]


class _Attached(msgspec.Struct, frozen=True, gc=False):
    """Where a connection or a route is attached: to a VPN gateway or a transit router."""

    gateway_id: str | None = None
    transit_id: str | None = None
    vpc_id: str | None = None
    routing_mode: str | None = None

    @property
    def router_id(self) -> str | None:
        return self.gateway_id or self.transit_id


class FleetReader:
    """Reads an inventory with sorted tables; builds objects only where a packet needs them."""

    def __init__(self, inv: Inventory) -> None:
        self.inv = inv
        # A route without a connection id leads into no connection, or the cloud announces it.
        routes = inv.routes[inv.routes["vpn_connection_id"].notna()]
        tables = [inv.tunnels, inv.subnets, routes]
        keys = pd.concat([table[_KEY] for table in tables], ignore_index=True)
        # Connections have codes from 0; those that only a route names come last.
        codes = keys.groupby(_KEY, sort=False, dropna=False).ngroup().to_numpy(np.int64)
        parts = np.split(codes, np.cumsum([*map(len, tables)])[:-1])
        self.keys = keys.iloc[np.unique(codes, return_index=True)[1]]
        needed = ((*_ATTACHED, *_TUNNEL), _SUBNET, (*_ATTACHED[:2], *_ROUTE[4:]))
        self.tunnels, self.subnets, routes = (
            table[[*names]].assign(code=part)
            for table, names, part in zip(tables, needed, parts, strict=True)
        )
        first = self.tunnels.iloc[np.unique(parts[0], return_index=True)[1]]
        self.attached = [_Attached(*row) for row in _rows(first, _ATTACHED)]
        self.attached += [_Attached()] * (len(self.keys) - len(first))
        # A route that names no router belongs to the router of its connection.
        at = [
            _Attached(gateway, transit) if gateway or transit else self.attached[code]
            for code, gateway, transit in _rows(routes, ("code", *_ATTACHED[:2]))
        ]
        self.routes = routes.assign(
            router_id=pd.array([one.router_id for one in at], dtype="str"),
            is_transit=np.array([one.gateway_id is None for one in at], bool),
        )
        self._read_blocks()

    def _read_blocks(self) -> None:
        """Parse the blocks of VPCs, routes and selectors, and add the block ids to the rows."""
        own = [
            (cidr, vpc_id)
            for vpc_id, *lists in _rows(self.inv.vpcs, ("vpc_id", "cidrs", "secondary_cidrs"))
            for cidrs in lists
            for cidr in split_text(cidrs)
        ]
        selectors = self.subnets[(self.subnets["origin"] == "selector").to_numpy(bool)]
        sources, destinations = self.routes["source_cidr"], self.routes["destination_cidr"]
        texts = [
            [cidr for cidr, _ in own],
            *map(_plain, (sources, destinations, selectors["cidr"])),
        ]
        self.blocks = Prefixes.read([text for some in texts for text in some])
        ends = np.cumsum([*map(len, texts)])[:-1]
        of_vpcs, start, end, block = np.split(self.blocks.ids, ends)
        self.routes = self.routes.assign(start=start, end=end)
        self.selectors = selectors.assign(block=block)
        # A VPC counts as read if its blocks are all valid; its user CIDRs do not count.
        pairs = [(block, vpc) for block, (_, vpc) in zip(of_vpcs.tolist(), own, strict=True)]
        invalid = {vpc_id for block, vpc_id in pairs if block < 0}
        self.vpcs_at = grouped(pair for pair in pairs if pair[1] not in invalid)

    def read(self, packets: Packets) -> RoutedFleet:
        """Return the fleet with only the routes that lead to destinations of the packets."""
        start_of, end_of = (
            self.blocks.find_longest(addresses, len(packets.sources))
            for addresses in (packets.source, packets.destination)
        )
        met = {block for end in np.unique(end_of).tolist() for block in self.blocks.around(end)}
        is_source_read = (self.routes["start"] >= 0) | (self.routes["route_type"] != "policy")
        is_readable = (self.routes["end"] >= 0) & is_source_read
        routes = self.routes[is_readable & self.routes["router_id"].notna()]
        routes_met = routes[routes["end"].isin(met)]
        known = {*self.subnets["code"][self.subnets["has_known_routes"].fillna(False)].tolist()}
        # Connections that have a router but whose routes were not all read
        codes = {code for code, one in enumerate(self.attached) if one.router_id is not None}
        unknown = sorted(codes - known)
        connections = self._connections({*unknown, *routes_met["code"].tolist()})
        stand_ins = [*self._stand_ins({code: connections[code] for code in unknown})]
        judged = {route.connection for *_, route in stand_ins}
        unread = {code for code in unknown if connections[code] not in judged}
        unread |= {*self.routes["code"][~is_readable].tolist()}
        routers = self._routers(routes, sorted(unread))
        routes_at: dict[int, dict[Router | None, list[TracedRoute]]] = {}
        traced = _traced(routes_met, self.blocks, connections)
        for router_id, block, route in chain(traced, stand_ins):
            at_router = routes_at.setdefault(block, {})
            at_router.setdefault(routers[router_id], []).append(route)
        serving = grouped((router.vpc_id, router) for router in routers.values())
        places = self.vpcs_at, [*routers.values()], serving
        return RoutedFleet(self.blocks, start_of, end_of, *places, routes_at)

    def _connections(self, codes: set[int]) -> dict[int, TracedConnection]:
        """Return the connections by code; a code is the connection's position in ``self.keys``."""
        wanted = sorted(codes)
        rows = self.tunnels[self.tunnels["code"].isin(codes)]
        tunnels = _parts(rows["code"], list(_rows(rows, _TUNNEL)), wanted)
        selectors = self.selectors[self.selectors["code"].isin(codes)]
        of_sides = [selectors[selectors["side"] == side] for side in ("vpc", "onprem")]
        blocks = [_parts(rows["code"], rows["block"].tolist(), wanted) for rows in of_sides]
        facts = zip(wanted, self._ids(wanted), tunnels, *blocks, strict=True)
        return {
            code: TracedConnection(name, some[0][0] if some else None, _tunnels(some), vpc, onprem)
            for code, name, some, vpc, onprem in facts
        }

    def _ids(self, codes: list[int]) -> list[str]:
        return _plain(self.keys["vpn_connection_id"].iloc[codes])

    def _stand_ins(self, unknown: dict[int, TracedConnection]) -> Iterator[_Entry]:
        """Yield pairs of selectors of policy connections, in place of routes that were not read."""
        routed, lengths = {*self.routes["code"].tolist()}, self.blocks.lengths.tolist()
        judged = {
            code: one
            for code, one in unknown.items()
            if code not in routed
            and self.attached[code].routing_mode in _JUDGED_MODES
            and one.has_known_selectors
            and min(lengths[block] for block in one.onprem_blocks) > 0
        }
        texts = self.blocks.canonical_texts() if judged else {}
        for code, one in judged.items():
            for start, end in product(one.vpc_blocks, one.onprem_blocks):
                ends = texts[start], texts[end], start, lengths[start], lengths[end]
                route = TracedRoute("selector", one, *ends, is_published=True)
                yield self.attached[code].router_id, end, route

    def _routers(self, routes: pd.DataFrame, unread: list[int]) -> dict[str | None, Router]:
        """Return the routers of all connections and of the given routes, in a dictionary by id."""
        unjudged = grouped(
            (self.attached[code].router_id, name)
            for code, name in zip(unread, self._ids(unread), strict=True)
        )
        of_routes = _rows(routes.drop_duplicates("router_id"), ("router_id", "is_transit", "code"))
        owners: dict[str, tuple[bool, int]] = {}
        for code, at in enumerate(self.attached):
            if at.router_id is not None:
                owners.setdefault(at.router_id, (at.gateway_id is None, code))
        for name, is_transit, code in of_routes:
            owners.setdefault(name, (is_transit, code))
        read_vpcs = {vpc_id for some in self.vpcs_at.values() for vpc_id in some}
        vpn = self.inv.gateways[(self.inv.gateways["kind"] == "vpn").to_numpy(bool)]
        vpcs = dict(_rows(vpn, ("gateway_id", "vpc_id")))
        places = _rows(self.keys.iloc[[code for _, code in owners.values()]], _KEY[:2])
        routers: dict[str | None, Router] = {}
        for (name, (is_transit, code)), (account_id, region_id) in zip(
            owners.items(), places, strict=True
        ):
            vpc_id = None if is_transit else self.attached[code].vpc_id or vpcs.get(name)
            is_free = vpc_id not in read_vpcs
            is_unread = not read_vpcs or (is_free and not is_transit)
            facts = account_id, region_id, tuple(unjudged.get(name, ())), is_free, is_unread
            routers[name] = Router(name, is_transit, vpc_id, *facts)
        return routers


def _traced(
    routes: pd.DataFrame, blocks: Prefixes, connections: dict[int, TracedConnection]
) -> Iterator[_Entry]:
    lengths = blocks.lengths.tolist()
    for row in _rows(routes, _ROUTE):
        router_id, code, start, end, kind, source, destination, *more = row
        priority, weight, path, state, tunnels = more
        source = source if kind == "policy" else None
        ends = source, destination, start, lengths[start], lengths[end]
        n_hops = None if path is None else len(_AS_NUMBER.findall(path))
        facts = n_hops, (state or "").lower() in _PUBLISHED, state, split_text(tunnels)
        route = TracedRoute(kind, connections[code], *ends, priority, weight, *facts)
        yield router_id, end, route


def _tunnels(rows: Sequence[tuple[Any, ...]]) -> tuple[TracedTunnel, ...]:
    """Build a connection's tunnels; use its status and health check only if it has one tunnel."""
    is_single, tunnels = len(rows) == 1, []
    for _, index, tunnel_id, role, own_status, connection_status, is_checked, health in rows:
        status = own_status or connection_status if is_single else own_status
        is_up = _STATUSES.get(status)
        if is_up and is_single and is_checked:
            is_up = _HEALTH.get(health)
            status = status if is_up else f"{status}, health check {health or 'not known'}"
        tunnels.append(TracedTunnel(index, tunnel_id, role, status, is_up))
    return tuple(tunnels)


def _parts(codes: pd.Series[int], values: list[V], wanted: list[int]) -> list[tuple[V, ...]]:
    """Return for each code in ``wanted`` a tuple of the values that have this code."""
    order = np.argsort(codes, kind="stable")
    values = [values[i] for i in order.tolist()]
    ordered = codes.to_numpy()[order]
    bounds = (np.searchsorted(ordered, wanted, side).tolist() for side in ("left", "right"))
    return [tuple(values[start:stop]) for start, stop in zip(*bounds, strict=True)]


def _rows(table: pd.DataFrame, names: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """Return the rows of the named columns as Python objects, with None for nulls."""
    return zip(*(_plain(table[name]) for name in names), strict=True)


def _plain(values: pd.Series[Any]) -> list[Any]:
    """Convert values to Python objects, with None for nulls."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        categories = [*values.cat.categories.tolist(), None]
        return [categories[code] for code in values.cat.codes.tolist()]
    listed: list[Any] = pa.array(values, from_pandas=True).to_pylist()
    return listed
