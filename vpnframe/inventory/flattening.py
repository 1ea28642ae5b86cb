"""Flatten records into tables, column by column, without judging them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from operator import attrgetter
from typing import Any, NamedTuple

import pandas as pd

from vpnframe import schema
from vpnframe.addresses.cidr import ParsedCidrs, format_cidr, parse_cidrs
from vpnframe.model.blocks import Block, has_ha_evidence, list_blocks
from vpnframe.model.records import Connection, Gateway, Records, RouteEntry, Tunnel
from vpnframe.model.terms import DEFAULT_ROUTES
from vpnframe.schema.tables import RESTRICTED, STORED

Tables = dict[str, pd.DataFrame]

_GatewayKey = tuple[str | None, str | None, str]
_Key = tuple[str | None, str | None, str | None]
_NO_GATEWAY = Gateway(gateway_id="", kind="vpn")


class _Row(NamedTuple):
    """The records from which one row of ``tunnels`` is read."""

    connection: Connection
    tunnel: Tunnel
    vpn: Gateway
    customer: Gateway


class _Placed(NamedTuple):
    """The records from which one row of ``subnets`` is read."""

    block: Block
    row: _Row  # of the first tunnel
    peers: tuple[str, ...]


def make_tables(records: Records) -> Tables:
    """Flatten records into every table of an inventory."""
    return flatten([records])


def flatten(parts: Iterable[Records]) -> Tables:
    """Flatten records part by part, with the objects of only one part in memory at a time."""
    fleet = _GrowingTables()
    for part in parts:
        fleet.add(part)
    return fleet.tables()


class _GrowingTables:
    """Tables under construction, and the gateways of the current region."""

    def __init__(self) -> None:
        self._growing = {name: schema.Growing(name) for name in (*STORED, *RESTRICTED)}
        self._bad_blocks: list[dict[str, Any]] = []
        self._gateways: dict[_GatewayKey, Gateway] = {}
        self._n_connections: Counter[_GatewayKey] = Counter()

    def add(self, part: Records) -> None:
        if part.gateways:
            self._end_region()
            self._gateways = {(g.account_id, g.region_id, g.gateway_id): g for g in part.gateways}
        if part.connections:
            self._add_connections(part.connections, part.routes)
        self._add_rows("routes", _route_rows(part))
        self._add_rows("vpcs", map(_as_row, part.vpcs))
        self._add_rows(
            "failures",
            [
                _as_row(one) | {"at": one.at_ms, "attempts": min(one.attempts, 32_767)}
                for one in part.failures
            ],
        )
        self._add_rows("coverage", map(_as_row, part.coverage))
        self._add_rows("disagreements", map(_as_row, part.disagreements))

    def tables(self) -> Tables:
        self._end_region()
        self._add_rows("failures", self._bad_blocks)
        # The parts of each table are freed when it is finished.
        return {name: self._growing.pop(name).table() for name in (*STORED, *RESTRICTED)}

    def _add_connections(
        self, connections: Sequence[Connection], routes: Sequence[RouteEntry]
    ) -> None:
        rows = list(_rows(connections, self._gateways))
        spans = _spans(connections)
        self._growing["tunnels"].add_by(lambda column: _values(column, rows))
        self._growing["connections"].add_by(lambda column: _shared(_values(column, rows), spans))
        if judged := [row for row in rows if row.tunnel.key_facts is not None]:
            self._growing["key_facts"].add_by(lambda column: _values(column, judged))
        by_connection = [rows[i:j] for i, j in spans]
        self._bad_blocks += _add_subnets(self._growing["subnets"], by_connection, routes)
        for c in connections:
            ids = {c.vpn_gateway_id, c.customer_gateway_id}
            ids |= {tunnel.customer_gateway_id for tunnel in c.tunnels}
            keys = {(c.account_id, c.region_id, i) for i in ids if i}
            self._n_connections.update(keys & self._gateways.keys())

    def _end_region(self) -> None:
        """Write the gateways of a region: all connections that may use them have been read."""
        self._add_rows(
            "gateways",
            [
                _as_row(g)
                | {"created_at": g.created_ms, "expires_at": g.expires_ms}
                | {"n_connections": self._n_connections[key]}
                for key, g in self._gateways.items()
            ],
        )
        self._gateways, self._n_connections = {}, Counter()

    def _add_rows(self, name: str, rows: Iterable[Mapping[str, Any]]) -> None:
        rows = list(rows)
        if rows:
            columns = schema.find(name).names
            self._growing[name].add({c: [row[c] for row in rows] for c in columns})


def _route_rows(part: Records) -> Iterator[dict[str, Any]]:
    routers = {_key_of(c): c.transit_router_id for c in part.connections}
    for route in part.routes:
        router_id = routers.get(_key_of(route))
        yield _as_row(route) | {"transit_router_id": router_id, "fetched_at": route.fetched_ms}


def _as_row(record: Any) -> dict[str, Any]:
    return {field: getattr(record, field) for field in record.__struct_fields__}


def _rows(
    connections: Iterable[Connection], gateways: Mapping[_GatewayKey, Gateway]
) -> Iterator[_Row]:
    for connection in connections:
        place = (connection.account_id, connection.region_id)
        vpn = gateways.get((*place, connection.vpn_gateway_id or ""), _NO_GATEWAY)
        for tunnel in connection.tunnels:
            customer_id = tunnel.customer_gateway_id or connection.customer_gateway_id
            customer = gateways.get((*place, customer_id or ""), _NO_GATEWAY)
            yield _Row(connection, tunnel, vpn, customer)


def _auth_method(row: _Row) -> str:
    if row.vpn.vpn_type == "sm":
        return "certificate"  # these gateways support certificates only
    if row.tunnel.psk_state in ("present", "masked"):
        return "psk"
    return "certificate" if row.tunnel.has_peer_ca else "unknown"


def _routing_mode(row: _Row) -> str | None:
    """Return route if both sides are only default routes, policy if neither has one, else mixed."""
    sides = (set(row.connection.vpc_subnets), set(row.connection.onprem_subnets))
    if not all(sides):
        return None
    if all(side <= DEFAULT_ROUTES for side in sides):
        return "route"
    return "mixed" if any(side & DEFAULT_ROUTES for side in sides) else "policy"


# The attribute path of each column in a row; empty if the path equals the column's name.
_PATHS: Mapping[str, Mapping[str, str]] = {
    "connection": {
        "account_id": "", "region_id": "", "vpn_connection_id": "", "effect_immediately": "",
        "attach_type": "", "vpn_gateway_id": "", "transit_router_id": "", "network_type": "",
        "resource_group_id": "", "tags": "", "vpc_subnets": "", "onprem_subnets": "",
        "health_check_enabled": "", "health_check_status": "", "bgp_enabled": "", "witnesses": "",
        "has_known_routes": "",
        "perspective": "", "request_id": "", "connection_name": "name",
        "connection_status": "status", "connection_state": "state", "created_at": "created_ms",
        "fetched_at": "fetched_ms",
    },
    "tunnel": {
        "tunnel_index": "", "tunnel_id": "", "zone_id": "", "psk_state": "", "has_peer_ca": "",
        "dpd_enabled": "", "nat_traversal_enabled": "", "bgp_status": "", "bgp_tunnel_cidr": "",
        "bgp_auth_state": "", "tunnel_role": "role", "tunnel_status": "status",
        "tunnel_state": "state",
    },
    "tunnel.vpn_gateway": {
        "vpn_gateway_ip": "address", "vpn_gateway_ike_id": "ike_id", "vpn_gateway_asn": "asn",
        "bgp_vpn_gateway_ip": "bgp_ip",
    },
    "tunnel.customer_gateway": {
        "customer_gateway_ip": "address", "customer_gateway_ike_id": "ike_id",
        "customer_gateway_asn": "asn", "bgp_customer_gateway_ip": "bgp_ip",
    },
    "tunnel.phases": {
        "ike_version": "", "ike_mode": "", "ike_encryption": "ike.encryption",
        "ike_integrity": "ike.integrity", "ike_dh_group": "ike.dh_group",
        "ike_lifetime_s": "ike.lifetime_s", "ipsec_encryption": "ipsec.encryption",
        "ipsec_integrity": "ipsec.integrity", "ipsec_pfs_group": "ipsec.dh_group",
        "ipsec_lifetime_s": "ipsec.lifetime_s",
    },
    "tunnel.key_facts": {
        "psk_length": "length", "psk_class": "key_class", "psk_bits": "bits",
        "psk_fingerprint": "fingerprint", "psk_fingerprint_key_id": "fingerprint_key_id",
    },
    "vpn": {
        "vpn_gateway_name": "name", "vpn_type": "", "vpc_id": "", "charge_type": "",
        "expires_at": "expires_ms",
    },
    "customer": {"customer_gateway_name": "name"},
}  # fmt: skip
_VALUE_OF: Mapping[str, Callable[[_Row], Any]] = {
    column: attrgetter(f"{source}.{path or column}")
    for source, paths in _PATHS.items()
    for column, path in paths.items()
} | {
    "auth_method": _auth_method,
    # The connection's, else the gateway's; null if its own is unreadable.
    "bandwidth_mbps": lambda row: (
        row.connection.bandwidth_mbps
        or (row.connection if row.connection.has_unknown_bandwidth else row.vpn).bandwidth_mbps
    ),
    "customer_gateway_id": lambda row: (
        row.tunnel.customer_gateway_id or row.connection.customer_gateway_id
    ),
    "n_tunnels": lambda row: len(row.connection.tunnels),
    "routing_mode": _routing_mode,
    "tunnel_count": lambda row: len(row.connection.tunnels),
}


def _values(column: str, rows: Iterable[_Row]) -> list[Any]:
    return list(map(_VALUE_OF[column], rows))


def _spans(connections: Iterable[Connection]) -> list[tuple[int, int]]:
    """Return the first and end row of each connection that has a tunnel."""
    counts = [len(connection.tunnels) for connection in connections if connection.tunnels]
    return [(end - n, end) for n, end in zip(counts, accumulate(counts), strict=True)]


def _shared(values: list[Any], spans: Iterable[tuple[int, int]]) -> list[Any]:
    """Return the value that all tunnels of a connection share; None where they differ."""
    return [
        values[i] if j == i + 1 or values[i:j].count(values[i]) == j - i else None for i, j in spans
    ]


def _add_subnets(
    growing: schema.Growing, by_connection: Iterable[Sequence[_Row]], routes: Iterable[RouteEntry]
) -> Iterator[dict[str, Any]]:
    """Add the blocks; yield a failure row for each invalid block."""
    leading: defaultdict[_Key, list[RouteEntry]] = defaultdict(list)
    for route in routes:
        leading[_key_of(route)].append(route)
    placed = [one for rows in by_connection for one in _place_blocks(rows, leading)]
    texts = [one.block.text for one in placed]
    parsed = parse_cidrs(texts)
    rows = [one.row for one in placed]
    values = _numbers(parsed, len(placed)) | {
        "cidr_raw": texts,
        "peer_addresses": [one.peers for one in placed],
        "has_ha_evidence": [has_ha_evidence(row.connection) for row in rows],
        **{
            name: [getattr(one.block, name) for one in placed]
            for name in ("side", "origin", "priority", "weight")
        },
    }
    growing.add_by(lambda column: values[column] if column in values else _values(column, rows))
    for i, reason in zip(parsed.failed_rows.tolist(), parsed.failed_reasons, strict=True):
        yield _bad_block(placed[i], reason)


def _key_of(record: Connection | RouteEntry) -> _Key:
    return (record.account_id, record.region_id, record.vpn_connection_id)


def _place_blocks(
    rows: Sequence[_Row], leading: Mapping[_Key, Sequence[RouteEntry]]
) -> Iterator[_Placed]:
    connection = rows[0].connection
    addresses = [row.tunnel.customer_gateway.address for row in rows]
    peers = tuple(dict.fromkeys(address for address in addresses if address))
    for block in list_blocks(connection, leading.get(_key_of(connection), ())):
        yield _Placed(block, rows[0], peers)


def _numbers(parsed: ParsedCidrs, n: int) -> dict[str, list[Any]]:
    """Return the columns of parsed blocks; None where the text is not a block."""
    lengths = parsed.prefix_length.tolist()
    found = {
        "cidr": format_cidr(parsed.high, parsed.low, parsed.family, parsed.prefix_length),
        "family": parsed.family.tolist(),
        "prefix_length": lengths,
        "is_default_route": [length == 0 for length in lengths],
    }
    columns: dict[str, list[Any]] = {name: [None] * n for name in found}
    positions = parsed.row.tolist()
    for name, values in found.items():
        for position, value in zip(positions, values, strict=True):
            columns[name][position] = value
    return columns


def _bad_block(placed: _Placed, reason: str) -> dict[str, Any]:
    block, connection = placed.block, placed.row.connection
    where = "" if block.origin == "selector" else f" of a {block.origin} route"
    return dict.fromkeys(schema.find("failures").names) | {
        "account_id": connection.account_id,
        "region_id": connection.region_id,
        "vpn_connection_id": connection.vpn_connection_id,
        "kind": "address",
        "message": f"{block.side} block {block.text[:80]!r}{where}: {reason}",
        "attempts": 1,
        "at": connection.fetched_ms,
    }
