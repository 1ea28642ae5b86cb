"""Build the tables of an inventory from the records of a fleet."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from vpnframe import schema
from vpnframe.addresses.cidr import parse_cidrs
from vpnframe.model.blocks import Block, has_ha_evidence, in_block_order, list_blocks
from vpnframe.model.records import (
    Connection,
    End,
    Failure,
    Gateway,
    KeyFacts,
    Phases,
    Proposal,
    Record,
    Records,
    RouteEntry,
    Tunnel,
)
from vpnframe.model.terms import DEFAULT_ROUTES
from vpnframe.schema.columns import make_column, take_rows
from vpnframe.schema.tables import RESTRICTED, STORED, Column

Tables = dict[str, pd.DataFrame]

# The tables that have exactly the fields of their records; the others also need other records.
_PLAIN = [*{*Records.__struct_fields__} - {"connections", "gateways", "routes", "failures"}]
_Place = tuple[str | None, str | None, str | None]  # account, region, and an id in the region
_NO_GATEWAY = Gateway(gateway_id="", kind="vpn")


class _Row(NamedTuple):
    """The records from which one row of ``tunnels`` is read."""

    connection: Connection
    tunnel: Tunnel
    vpn: Gateway
    customer: Gateway


# Where a column is read: the path of a record in a _Row, and a prefix that is added to the names
# of the record's fields. The first record that has a field of the column's name is read.
_SOURCES: tuple[tuple[str, type[Record], str], ...] = (
    ("connection", Connection, ""),
    ("connection", Connection, "connection_"),
    ("tunnel", Tunnel, ""),
    ("tunnel", Tunnel, "tunnel_"),
    ("tunnel.phases", Phases, ""),
    ("tunnel.phases.ike", Proposal, "ike_"),
    ("tunnel.phases.ipsec", Proposal, "ipsec_"),
    ("tunnel.key_facts", KeyFacts, "psk_"),
    ("tunnel.vpn_gateway", End, "vpn_gateway_"),
    ("tunnel.customer_gateway", End, "customer_gateway_"),
    ("vpn", Gateway, ""),
    ("vpn", Gateway, "vpn_gateway_"),
    ("customer", Gateway, "customer_gateway_"),
)


def make_tables(records: Records) -> Tables:
    """Return all tables of an inventory, made from the records of a fleet."""
    return flatten([records])


def flatten(parts: Iterable[Records]) -> Tables:
    """Return all tables of an inventory, made from records that are passed in parts to save memory.

    The gateways of a region must be in the part with its first connections, or in an earlier part.
    """
    fleet = _GrowingTables()
    for part in parts:
        fleet.add(part)
    return fleet.tables()


class _GrowingTables:
    """Tables that grow with each ``add``; a region's gateways are added when it ends."""

    def __init__(self) -> None:
        self._growing = {name: schema.Growing(name) for name in (*STORED, *RESTRICTED)}
        self._bad_blocks: list[Failure] = []
        self._tagged: list[Gateway] = []  # gateways with tags, of all regions
        self._gateways: dict[_Place, Gateway] = {}
        self._n_connections: Counter[_Place] = Counter()

    def add(self, part: Records) -> None:
        if part.gateways:
            self._end_region()
            self._gateways = {(g.account_id, g.region_id, g.gateway_id): g for g in part.gateways}
        if part.connections:
            self._add_connections(part.connections, part.routes)
        self._add_tags(part.connections)
        routers = {_place_of(c): c.transit_router_id for c in part.connections}
        router_ids = [routers.get(_place_of(route)) for route in part.routes]
        self._add_records("routes", part.routes, transit_router_id=router_ids)
        self._add_failures(part.failures)
        for name in _PLAIN:
            self._add_records(name, getattr(part, name))

    def tables(self) -> Tables:
        self._end_region()
        self._add_tags(self._tagged)
        self._add_failures(self._bad_blocks)
        # The parts of each table are freed when it is finished.
        made = {name: self._growing.pop(name).table() for name in (*STORED, *RESTRICTED)}
        place = ["account_id", "region_id"]
        tags = made["tags"].sort_values(place, kind="stable", na_position="first")
        return made | {"tags": tags.reset_index(drop=True)}

    def _add_records(self, name: str, records: Sequence[Record], **columns: list[Any]) -> None:
        """Add a row to table ``name`` for each record; ``columns`` override record fields."""
        if records:
            for column in schema.find(name).columns:
                if column.name not in columns:
                    values = map(attrgetter(_field_of(column)), records)
                    if column.name.endswith("cidrs"):
                        values = map(in_block_order, values)
                    columns[column.name] = list(values)
            self._growing[name].add(columns)

    def _add_failures(self, failures: Sequence[Failure]) -> None:
        attempts = [min(failure.attempts, 32_767) for failure in failures]
        self._add_records("failures", failures, attempts=attempts)

    def _add_tags(self, resources: Sequence[Connection | Gateway]) -> None:
        """Add a row to table ``tags`` for each tag."""
        rows = [
            (one.account_id, one.region_id, *_resource(one), *tag.partition("=")[::2])
            for one in resources
            for tag in one.tags
        ]
        names = schema.find("tags").names
        if rows:
            columns = zip(names, map(list, zip(*rows, strict=True)), strict=True)
            self._growing["tags"].add(dict(columns))

    def _end_region(self) -> None:
        """Add the region's gateways to table ``gateways``, with their connection counts."""
        counts = [self._n_connections[place] for place in self._gateways]
        gateways = [*self._gateways.values()]
        self._add_records("gateways", gateways, n_connections=counts)
        self._tagged += [gateway for gateway in gateways if gateway.tags]
        self._gateways, self._n_connections = {}, Counter()

    def _add_connections(
        self, connections: Sequence[Connection], routes: Sequence[RouteEntry]
    ) -> None:
        rows = list(self._rows(connections))
        owners = [connection for connection in connections if connection.tunnels]
        counts = np.array([len(connection.tunnels) for connection in owners], np.intp)
        first = np.cumsum(counts) - counts
        owner = np.repeat(np.arange(len(owners)), counts).tolist()
        later = [(n, i) for i, n in enumerate(owner) if i and owner[i - 1] == n]
        columns, shared = {}, {}
        for column in _ROW_COLUMNS:
            values = list(map(_VALUE_OF[column.name], rows))
            chosen = first.copy()
            # If the tunnels of a connection differ, the connection has a null.
            chosen[[n for n, i in later if values[i] != values[i - 1]]] = -1
            columns[column.name] = make_column(column.kind, values)
            shared[column.name] = take_rows(columns[column.name], chosen)
        self._growing["tunnels"].add(columns)
        self._growing["connections"].add(shared)
        if judged := [row for row in rows if row.tunnel.key_facts is not None]:
            self._growing["key_facts"].add_by(lambda name: list(map(_VALUE_OF[name], judged)))
        blocks = self._block_columns(owners, routes)
        owner_rows = first[blocks.pop("owner")]
        self._growing["subnets"].add_by(
            lambda name: blocks[name] if name in blocks else take_rows(columns[name], owner_rows)
        )

    def _rows(self, connections: Iterable[Connection]) -> Iterator[_Row]:
        """Yield a row for each tunnel, and count the connections that use each gateway."""
        for c in connections:
            place = (c.account_id, c.region_id)
            customer_ids = [t.customer_gateway_id or c.customer_gateway_id for t in c.tunnels]
            ids = {c.vpn_gateway_id, c.customer_gateway_id, *customer_ids}
            self._n_connections.update({(*place, i) for i in ids} & self._gateways.keys())
            vpn = self._gateways.get((*place, c.vpn_gateway_id), _NO_GATEWAY)
            for tunnel, customer_id in zip(c.tunnels, customer_ids, strict=True):
                customer = self._gateways.get((*place, customer_id), _NO_GATEWAY)
                yield _Row(c, tunnel, vpn, customer)

    def _block_columns(
        self, owners: Sequence[Connection], routes: Iterable[RouteEntry]
    ) -> dict[str, Any]:
        """Return columns of table ``subnets`` for all blocks of some connections.

        The item ``owner`` is not a column of the table: for each block, it is the position of the
        block's connection in ``owners``.
        """
        leading: defaultdict[_Place, list[RouteEntry]] = defaultdict(list)
        for route in routes:
            leading[_place_of(route)].append(route)
        by_owner = [list_blocks(c, leading.get(_place_of(c), ())) for c in owners]
        owner = np.repeat(np.arange(len(owners)), [len(blocks) for blocks in by_owner])
        blocks = [block for some in by_owner for block in some]
        texts = [block.text for block in blocks]
        parsed = parse_cidrs(texts)
        for i, reason in zip(parsed.failed_rows.tolist(), parsed.failed_reasons, strict=True):
            self._bad_blocks.append(_bad_block(blocks[i], owners[owner[i]], reason))
        numbers = {
            "cidr": parsed.texts(),
            "family": parsed.family,
            "prefix_length": parsed.prefix_length,
            "is_default_route": parsed.prefix_length == 0,
        }
        kinds = {column.name: column.kind for column in schema.find("subnets").columns}
        valid = np.full(len(blocks), -1)
        valid[parsed.row] = np.arange(len(parsed.row))
        return {
            "owner": owner,
            "cidr_raw": texts,
            "peer_addresses": take_rows(make_column("texts", [_peers(c) for c in owners]), owner),
            **{
                name: [getattr(block, name) for block in blocks]
                for name in ("side", "origin", "priority", "weight")
            },
            **{n: take_rows(make_column(kinds[n], v), valid) for n, v in numbers.items()},
        }


def _peers(connection: Connection) -> list[str]:
    addresses = [tunnel.customer_gateway.address for tunnel in connection.tunnels]
    return [address for address in dict.fromkeys(addresses) if address]


def _bad_block(block: Block, connection: Connection, reason: str) -> Failure:
    where = "" if block.origin == "selector" else f" of a {block.origin} route"
    return Failure(
        account_id=connection.account_id,
        region_id=connection.region_id,
        vpn_connection_id=connection.vpn_connection_id,
        kind="address",
        message=f"{block.side} block {block.text[:80]!r}{where}: {reason}",
        at_ms=connection.fetched_ms,
    )


def _place_of(record: Connection | RouteEntry) -> _Place:
    return (record.account_id, record.region_id, record.vpn_connection_id)


def _resource(record: Connection | Gateway) -> tuple[str, str]:
    """Return the type and the id of a resource, as in table ``tags``."""
    if isinstance(record, Gateway):
        return f"{record.kind}_gateway", record.gateway_id
    return "connection", record.vpn_connection_id


def _auth_method(row: _Row) -> str:
    if row.vpn.vpn_type == "sm":
        return "certificate"  # these gateways support certificates only
    if row.tunnel.psk_state in ("present", "masked"):
        return "psk"
    return "certificate" if row.tunnel.has_peer_ca else "unknown"


def _routing_mode(row: _Row) -> str | None:
    """Return ``route`` if all blocks are default routes, ``policy`` if none, else ``mixed``."""
    sides = (set(row.connection.vpc_subnets), set(row.connection.onprem_subnets))
    if not all(sides):
        return None
    if all(side <= DEFAULT_ROUTES for side in sides):
        return "route"
    return "mixed" if any(side & DEFAULT_ROUTES for side in sides) else "policy"


def _bandwidth(row: _Row) -> int | None:
    """Return the connection's bandwidth, or that of its gateway if the connection has none."""
    own = row.connection
    if own.has_unknown_bandwidth:
        return own.bandwidth_mbps
    return own.bandwidth_mbps or row.vpn.bandwidth_mbps


_COMPUTED: Mapping[str, Callable[[_Row], Any]] = {
    "auth_method": _auth_method,
    "bandwidth_mbps": _bandwidth,
    "customer_gateway_id": lambda row: (
        row.tunnel.customer_gateway_id or row.connection.customer_gateway_id
    ),
    "onprem_subnets": lambda row: in_block_order(row.connection.onprem_subnets),
    "vpc_subnets": lambda row: in_block_order(row.connection.vpc_subnets),
    "has_ha_evidence": lambda row: has_ha_evidence(row.connection),
    "n_tunnels": lambda row: len(row.connection.tunnels),
    "routing_mode": _routing_mode,
    "tunnel_count": lambda row: len(row.connection.tunnels),
}


def _field_of(column: Column) -> str:
    """Return the name of the record field for a column; fields with times end with ``_ms``."""
    name = column.source or column.name
    return f"{name.removesuffix('_at')}_ms" if column.kind == "time" else name


def _find_value(column: Column) -> Callable[[_Row], Any] | None:
    """Return the function that computes or reads a column's value; None if there is none."""
    if column.name in _COMPUTED:
        return _COMPUTED[column.name]
    for path, record, prefix in _SOURCES:
        field = _field_of(column).removeprefix(prefix)
        if prefix + field == _field_of(column) and field in record.__struct_fields__:
            return attrgetter(f"{path}.{field}")
    return None


_VALUE_OF = {
    column.name: value
    for name in ("tunnels", "connections", "subnets", "key_facts")
    for column in schema.find(name).columns
    if (value := _find_value(column)) is not None
}
_ROW_COLUMNS = {
    column.name: column
    for name in ("tunnels", "connections", "subnets")
    for column in schema.find(name).columns
    if column.name in _VALUE_OF
}.values()
