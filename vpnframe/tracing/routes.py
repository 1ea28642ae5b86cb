"""Store the routes of all routers as arrays, and build a single route as a fact on demand."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from vpnframe.addresses.cidr import format_cidr
from vpnframe.tracing.facts import POLICY_KINDS, PUBLISHED, TracedConnection, TracedRoute
from vpnframe.tracing.matching import Codes, Mask, Prefixes
from vpnframe.tracing.reading import ConnectionTable, Selectors, plain

_AS_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_COLUMNS = [
    *("route_type", "source_cidr", "destination_cidr", "priority", "weight", "as_path", "state"),
    "tunnel_ids",
]


@dataclass(frozen=True, slots=True)
class RouteTable:
    """n routes; every array has one value for each."""

    # Values of table ``routes`` by ``_COLUMNS``, and the length of the destination; selectors used
    # in place of routes have the type ``selector``
    rows: list[tuple[Any, ...]]
    # router, connection: the router of each, and the connection it leads into
    router: Codes
    connection: Codes
    # source, destination: only policy routes and selectors have a source
    source: Prefixes
    destination: Prefixes
    # is_policy, is_bgp: kind of each (selectors count as policy); is_published: whether the VPC
    # knows it
    is_policy: Mask
    is_bgp: Mask
    is_published: Mask
    priority: npt.NDArray[np.float64]  # NaN if unknown

    def fact(self, row: int, connection: TracedConnection) -> TracedRoute:
        """Return one route as a fact; ``connection`` is the one that it leads into."""
        kind, source, destination, priority, weight, path, state, tunnel_ids, length = self.rows[
            row
        ]
        return TracedRoute(
            kind,
            connection,
            source if kind in POLICY_KINDS else None,
            destination,
            length,
            priority,
            weight,
            None if path is None else len(_AS_NUMBER.findall(path)),
            state,
            tuple(tunnel_ids or ()),
        )


def listed_routes(routes: pd.DataFrame, codes: Codes, connections: ConnectionTable) -> pd.DataFrame:
    """Add to each route its router, whether that is a transit router, and its connection."""
    gateway, transit = routes["vpn_gateway_id"], routes["transit_router_id"]
    own = pd.Series(connections.router_id[codes], index=routes.index, dtype="str")
    is_transit = np.where(transit.isna(), connections.is_transit[codes], True)
    return routes[_COLUMNS].assign(
        router_id=gateway.fillna(transit).fillna(own),
        is_transit=is_transit & gateway.isna().to_numpy(),
        connection=codes,
    )


def selector_routes(
    selectors: Selectors, connections: ConnectionTable, wanted: Mask
) -> pd.DataFrame:
    """Build routes from selectors: each VPC block to each on-premises block of a connection."""
    sides = []
    for side, blocks, codes in (
        ("source_cidr", selectors.vpc, selectors.vpc_connection),
        ("destination_cidr", selectors.onprem, selectors.onprem_connection),
    ):
        rows = np.flatnonzero(wanted[codes])
        sides.append(pd.DataFrame({"connection": codes[rows], side: _texts(blocks.take(rows))}))
    pairs = sides[0].merge(sides[1], on="connection")
    made = pairs.assign(
        route_type="selector",
        router_id=connections.router_id[pairs["connection"]],
        is_transit=connections.is_transit[pairs["connection"]],
    )
    return made.reindex(columns=[*_COLUMNS, "router_id", "is_transit", "connection"])


def make_route_table(routes: pd.DataFrame, router: Codes) -> RouteTable:
    """Convert routes to a RouteTable."""
    kind = routes["route_type"]
    is_selector = (kind == "selector").to_numpy(bool)
    is_policy = is_selector | (kind == "policy").to_numpy(bool)
    columns = {name: plain(routes[name]) for name in _COLUMNS}
    destination = Prefixes.read(columns["destination_cidr"])
    lengths = destination.prefix_length.tolist()
    return RouteTable(
        list(zip(*columns.values(), lengths, strict=True)),
        router,
        routes["connection"].to_numpy(np.int64),
        Prefixes.read(columns["source_cidr"]),
        destination,
        is_policy,
        (kind == "bgp").to_numpy(bool),
        is_selector | routes["state"].astype("str").str.lower().isin(PUBLISHED).to_numpy(bool),
        routes["priority"].to_numpy(np.float64, na_value=np.nan),
    )


def are_readable(routes: pd.DataFrame) -> Mask:
    """Check which routes have valid blocks; only policy routes need a source."""
    source = Prefixes.read(plain(routes["source_cidr"])).family > 0
    destination = Prefixes.read(plain(routes["destination_cidr"])).family > 0
    readable: Mask = destination & (source | (routes["route_type"] != "policy").to_numpy(bool))
    return readable


def _texts(blocks: Prefixes) -> pd.array:
    return format_cidr(blocks.high, blocks.low, blocks.family, blocks.prefix_length)
