"""Find which tunnel takes a packet, and return the results as tables."""

from __future__ import annotations

import gc
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from operator import attrgetter
from typing import Any

import numpy as np
import pandas as pd

from vpnframe import schema
from vpnframe.errors import IncompleteWarning
from vpnframe.inventory import Inventory, checked_inventory
from vpnframe.model.display import counted
from vpnframe.schema.checked import in_order
from vpnframe.schema.codes import Codes, expand
from vpnframe.schema.columns import make_column
from vpnframe.tracing.facts import Outcome
from vpnframe.tracing.following import Follower, RoutedFleet
from vpnframe.tracing.packets import Packets, read_packets
from vpnframe.tracing.reading import FleetReader

_TABLES = ("tunnels", "subnets", "gateways", "routes", "vpcs", "coverage")
_KEY = ("account_id", "region_id")
# The columns to sort each table by, so that results do not depend on the order of its rows.
_ORDER = {
    **{name: schema.find(name).key for name in ("tunnels", "subnets", "gateways", "vpcs")},
    "routes": (
        *(*_KEY, "vpn_gateway_id", "transit_router_id", "vpn_connection_id", "route_type"),
        *("source_cidr", "destination_cidr", "priority", "weight", "state", "as_path"),
    ),
}
_OWN = ("verdict", "certainty", "reason", "standby", "rivals", "vpc_id")
# For each part of an outcome: columns of table ``trace``, and the field that has their value.
_PARTS = {
    "connection": {"vpn_connection_id": "vpn_connection_id", "connection_name": "name"},
    "tunnel": {"tunnel_index": "index", "tunnel_id": "tunnel_id", "tunnel_status": "status"},
    "route": {
        "route_type": "kind", "source_cidr": "source", "destination_cidr": "destination",
        "priority": "priority", "weight": "weight",
    },
    "router": {
        "account_id": "account_id", "region_id": "region_id",
        "vpn_gateway_id": "vpn_gateway_id", "transit_router_id": "transit_router_id",
    },
}  # fmt: skip
_MISSING = Outcome(
    verdict="unknown", certainty="unknown", reason="an address of the packet is missing"
)


def trace(
    inv: Inventory,
    *,
    source: object,
    destination: object,
    start: str | None = None,
    all_candidates: bool = False,
) -> pd.DataFrame:
    """Find the tunnel that takes a packet out of the cloud, the standby tunnels, and the reason.

    A packet starts in the VPC whose blocks contain its source. The VPC's VPN gateways try their
    routes in this order: policy routes that match source and destination, by priority; the longest
    destination route; the longest BGP route. Of several routes to one block, the route with the
    largest weight is active; a standby route is used only while the active route is down. Packets
    to the VPC's own blocks stay in the VPC, whatever the routes; packets to and from its user CIDRs
    follow the routes. If the VPC's gateways have no matching route, routes of transit routers are
    used, and ``certainty`` is unknown, since the inventory does not show which VPCs are attached to
    them. Packets into the cloud are routed by the peer's device, whose routes are not in the
    inventory.

    Parameters
    ----------
    inv : Inventory
        The fleet. For connections whose routes were not read, the selectors are used instead;
        if these are default routes, the verdict is unknown.
    source, destination : str, ipaddress object, or a list or Series of them
        One address or n addresses per side; if one side is a single address, all packets have it.
        For a missing value, the verdict is unknown.
    start : str, optional
        The id of the VPC, VPN gateway or transit router where the packets start, regardless of
        their sources. Give it if several VPCs, or none, contain a source.
    all_candidates : bool
        Return the outcome of each packet at every router that could carry it, likeliest first,
        instead of one row per packet.

    Returns
    -------
    DataFrame
        Table ``trace`` has one row per packet in input order, with the index of a given Series;
        with ``all_candidates`` it has one row per packet and router, and at least one per packet.
        ``verdict`` is one of ``tunnel`` (``vpn_connection_id`` takes the packet, even if it is
        down), ``local`` (the packet stays in the VPC), ``dropped`` (a route leads into a
        connection whose selectors refuse it), ``none`` (no route), ``ambiguous`` (one of
        the connections in ``rivals`` takes it, or they share the flows) and ``unknown``.
        ``standby`` lists the tunnels that take over if the tunnel fails, in order, as connection
        id/tunnel index. ``certainty`` is unknown if routes, priorities, states or the start of
        the packet are unknown; ``reason`` says which.

    Raises
    ------
    AddressError
        If a string is not an address, or a packet mixes IPv4 and IPv6; the message names the
        first invalid string or packet, and its position.
    SettingsError
        If ``start`` is not in this fleet.
    SchemaError
        If ``inv`` is not an inventory, or a table does not match its schema.
    ValueError
        If sources and destinations differ in number, and neither is a single address.

    Warns
    -----
    IncompleteWarning
        If the fleet was not read completely, or routes of connections are unknown.

    References
    ----------
    "Configure routes for a VPN gateway", section "Route priority":
    https://help.aliyun.com/en/vpn/sub-product-ipsec-vpn/user-guide/manage-destination-based-routes
    https://www.alibabacloud.com/help/en/vpn/user-guide/manage-policy-based-routes
    On user CIDRs: "What is a customer CIDR block?" in the FAQ of VPC.

    Examples
    --------
    >>> from vpnframe.inventory.flattening import make_tables
    >>> from vpnframe.model.records import Connection, Coverage, Records, Tunnel
    >>> site = Connection(
    ...     vpn_connection_id="vco-1",
    ...     vpn_gateway_id="vpn-1",
    ...     vpc_subnets=("10.0.0.0/16",),
    ...     onprem_subnets=("192.168.0.0/16",),
    ...     tunnels=(Tunnel(tunnel_index=1, status="ipsec_sa_established"),),
    ... )
    >>> whole = Coverage(status="complete", n_expected=1, n_read=1)
    >>> inv = Inventory(**make_tables(Records(connections=(site,), coverage=(whole,))))
    >>> found = trace(inv, source="10.0.1.2", destination=["192.168.7.9", "172.16.0.1"])
    >>> found[["destination", "verdict", "certainty", "vpn_connection_id"]]
       destination verdict certainty vpn_connection_id
    0  192.168.7.9  tunnel   certain             vco-1
    1   172.16.0.1    none   certain               NaN
    >>> found["reason"][0]
    'the selectors of vco-1 on vpn-1, 10.0.0.0/16 to 192.168.0.0/16, admit it'
    """
    packets = read_packets(source, destination)
    inv = checked_inventory(inv, _TABLES)
    inv = replace(inv, **{name: in_order(getattr(inv, name), by) for name, by in _ORDER.items()})
    with _paused_collector():
        fleet = FleetReader(inv).read(packets)
        _warn(inv, fleet)
        if start is not None:
            fleet = fleet.start_at(start)
        case_of, found = _follow(fleet, packets, all_candidates=all_candidates)
    counts = np.array([*map(len, found)], np.int64)
    rows, codes = expand((np.cumsum(counts) - counts)[case_of], counts[case_of])
    table = _table([one for some in found for one in some]).take(codes).reset_index(drop=True)
    table = table.assign(
        packet=pd.array(rows, dtype="Int64"),
        source=make_column("text", packets.sources).take(rows),
        destination=make_column("text", packets.destinations).take(rows),
    )
    return table if packets.index is None or all_candidates else table.set_axis(packets.index)


@contextmanager
def _paused_collector() -> Iterator[None]:
    """Pause the garbage collector, which would otherwise visit many new objects repeatedly."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _warn(inv: Inventory, fleet: RoutedFleet) -> None:
    """Warn if the result is based on an incomplete fleet."""
    unjudged = sum(len(router.unjudged) for router in fleet.routers)
    said = [] if inv.is_complete else [inv.coverage_sentence()]
    if unjudged:
        said.append(f"not all routes into {counted(unjudged, 'connection')} are known")
    if said:
        warnings.warn("; ".join(said), IncompleteWarning, stacklevel=3)


def _follow(
    fleet: RoutedFleet, packets: Packets, *, all_candidates: bool
) -> tuple[Codes, list[tuple[Outcome, ...]]]:
    """Return the index of each packet's group, and the outcomes of each group."""
    n = len(fleet.blocks.ids) + 1
    key = (fleet.start_of + 1) * n + fleet.end_of + 1
    key[packets.is_missing] = -1
    case_of, keys = pd.factorize(key)
    follower = Follower(fleet)
    # Tuples: the garbage collector does not visit a tuple of objects that refer to no others.
    outcomes: list[tuple[Outcome, ...]] = []
    for one in keys.tolist():
        answer, visited = (_MISSING, []) if one < 0 else follower.follow(one // n - 1, one % n - 1)
        found: tuple[Outcome, ...] = (answer,)
        if all_candidates:
            # A packet that stays in its VPC has the same outcome at each gateway: list it once.
            shown = dict.fromkeys(v for v in visited if v.tier == 0 or v.is_carrying)
            found = tuple(sorted(shown, key=_likeliest_first)) or found
        outcomes.append(found)
    return case_of, outcomes


def _likeliest_first(outcome: Outcome) -> tuple[int, bool, int]:
    return outcome.tier, outcome.verdict in ("none", "unknown"), -outcome.reach


def _table(outcomes: list[Outcome]) -> pd.DataFrame:
    """Build table ``trace``, a row per outcome; the caller sets packet, source and destination."""
    values: dict[str, list[Any]] = {name: list(map(attrgetter(name), outcomes)) for name in _OWN}
    for part, fields in _PARTS.items():
        parts = list(map(attrgetter(part), outcomes))
        for name, field in fields.items():
            value = attrgetter(field)
            values[name] = [None if one is None else value(one) for one in parts]
    values["packet"] = [0] * len(outcomes)
    values |= dict.fromkeys(("source", "destination"), [None] * len(outcomes))
    return schema.build("trace", values)
