"""Records to tables: flattening column by column, no judgement."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from operator import attrgetter
from typing import Any, NamedTuple

import pandas as pd

from vpnframe import schema
from vpnframe.addresses.cidr import ParsedCidrs, format_cidr, parse_cidrs
from vpnframe.records import Connection, Failure, Gateway, Records, Tunnel
from vpnframe.terms import DEFAULT_ROUTES

Tables = dict[str, pd.DataFrame]

_NO_GATEWAY = Gateway(gateway_id="", kind="vpn")


class _Row(NamedTuple):
    """What one row of ``tunnels`` is read from."""

    connection: Connection
    tunnel: Tunnel
    vpn: Gateway
    customer: Gateway


class _Block(NamedTuple):
    """What one row of ``subnets`` is read from."""

    row: _Row  # of the first tunnel
    side: str
    text: str
    peers: tuple[str, ...]


def make_tables(records: Records) -> Tables:
    """Flatten records into every table of an inventory.

    Parameters
    ----------
    records : Records
        Of a crawl, or of saved answers.

    Returns
    -------
    dict of str to DataFrame
        By table name; all of :data:`vpnframe.tables.STORED`. A block that is none has a row in
        ``subnets`` with a null ``cidr`` and a row in ``failures``.

    Examples
    --------
    >>> sorted(make_tables(Records()))[:3]
    ['connections', 'coverage', 'disagreements']
    """
    rows = list(_rows(records))
    spans = _spans(records.connections)
    subnets, bad_blocks = _subnets([rows[i:j] for i, j in spans])
    failures = [*map(_failure_row, records.failures), *bad_blocks]
    return {
        "tunnels": schema.build_by("tunnels", lambda column: _values(column, rows)),
        "connections": schema.build_by(
            "connections", lambda column: _shared(_values(column, rows), spans)
        ),
        "subnets": subnets,
        "gateways": _table("gateways", list(_gateway_rows(records))),
        "routes": schema.empty("routes"),
        "vpcs": schema.empty("vpcs"),
        "failures": _table("failures", failures),
        "coverage": _table("coverage", [_as_row(one) for one in records.coverage]),
        "disagreements": _table("disagreements", [_as_row(d) for d in records.disagreements]),
    }


def _table(name: str, rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    columns = schema.find(name).names
    return schema.build(name, {column: [row.get(column) for row in rows] for column in columns})


def _as_row(record: Any) -> dict[str, Any]:
    return {field: getattr(record, field) for field in record.__struct_fields__}


def _failure_row(failure: Failure) -> dict[str, Any]:
    return _as_row(failure) | {"at": failure.at_ms, "attempts": min(failure.attempts, 32_767)}


def _rows(records: Records) -> Iterator[_Row]:
    gateways = {(g.account_id, g.region_id, g.gateway_id): g for g in records.gateways}
    for connection in records.connections:
        place = (connection.account_id, connection.region_id)
        vpn = gateways.get((*place, connection.vpn_gateway_id or ""), _NO_GATEWAY)
        for tunnel in connection.tunnels:
            customer_id = tunnel.customer_gateway_id or connection.customer_gateway_id
            customer = gateways.get((*place, customer_id or ""), _NO_GATEWAY)
            yield _Row(connection, tunnel, vpn, customer)


def _customer_gateway_id(row: _Row) -> str | None:
    return row.tunnel.customer_gateway_id or row.connection.customer_gateway_id


def _bandwidth_mbps(row: _Row) -> int | None:
    own = row.connection.bandwidth_mbps
    return own if row.vpn is _NO_GATEWAY else own or row.vpn.bandwidth_mbps


def _auth_method(row: _Row) -> str:
    if row.vpn.vpn_type == "sm":
        return "certificate"  # these gateways know no other
    if row.tunnel.psk_state in ("present", "masked"):
        return "psk"
    return "certificate" if row.tunnel.has_peer_ca else "unknown"


def _routing_mode(row: _Row) -> str | None:
    """Route: both sides are the default route alone; policy: neither has it; else mixed."""
    sides = (set(row.connection.vpc_subnets), set(row.connection.onprem_subnets))
    if not all(sides):
        return None
    if all(side <= DEFAULT_ROUTES for side in sides):
        return "route"
    return "mixed" if any(side & DEFAULT_ROUTES for side in sides) else "policy"


# Where the value of each column stands in a row; a path that is the column's name is left out.
_PATHS: Mapping[str, Mapping[str, str]] = {
    "connection": {
        "account_id": "", "region_id": "", "vpn_connection_id": "", "effect_immediately": "",
        "attach_type": "", "vpn_gateway_id": "", "transit_router_id": "", "network_type": "",
        "resource_group_id": "", "tags": "", "vpc_subnets": "", "onprem_subnets": "",
        "health_check_enabled": "", "health_check_status": "", "bgp_enabled": "", "witnesses": "",
        "perspective": "", "request_id": "", "connection_name": "name",
        "connection_status": "status", "created_at": "created_ms", "fetched_at": "fetched_ms",
    },
    "tunnel": {
        "tunnel_index": "", "tunnel_id": "", "zone_id": "", "psk_state": "", "has_peer_ca": "",
        "dpd_enabled": "", "nat_traversal_enabled": "", "bgp_status": "", "bgp_tunnel_cidr": "",
        "bgp_auth_state": "", "tunnel_role": "role", "tunnel_status": "status",
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
    "bandwidth_mbps": _bandwidth_mbps,
    "customer_gateway_id": _customer_gateway_id,
    "n_tunnels": lambda row: len(row.connection.tunnels),
    "routing_mode": _routing_mode,
    "tunnel_count": lambda row: len(row.connection.tunnels),
}


def _values(column: str, rows: Iterable[_Row]) -> list[Any]:
    return list(map(_VALUE_OF[column], rows))


def _spans(connections: Iterable[Connection]) -> list[tuple[int, int]]:
    """Where the rows of each connection begin and end; one without a tunnel has none."""
    counts = [len(connection.tunnels) for connection in connections if connection.tunnels]
    return [(end - n, end) for n, end in zip(counts, accumulate(counts), strict=True)]


def _shared(values: list[Any], spans: Iterable[tuple[int, int]]) -> list[Any]:
    """What all tunnels of a connection share; None where they differ."""
    return [
        values[i] if j == i + 1 or values[i:j].count(values[i]) == j - i else None for i, j in spans
    ]


def _subnets(by_connection: Iterable[Sequence[_Row]]) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
    """The table, and a failure row for every block that is none."""
    blocks = [block for rows in by_connection for block in _blocks(rows)]
    texts = [block.text for block in blocks]
    parsed = parse_cidrs(texts)
    rows = [block.row for block in blocks]
    values = _numbers(parsed, len(blocks)) | {
        "side": [block.side for block in blocks],
        "cidr_raw": texts,
        "peer_addresses": [block.peers for block in blocks],
        "has_ha_evidence": [_has_ha_evidence(row.connection) for row in rows],
        "origin": ["selector"] * len(blocks),
        "priority": [None] * len(blocks),
        "weight": [None] * len(blocks),
        "has_known_routes": [None] * len(blocks),
    }
    table = schema.build_by(
        "subnets", lambda column: values[column] if column in values else _values(column, rows)
    )
    bad = zip(parsed.failed_rows.tolist(), parsed.failed_reasons, strict=True)
    return table, [_bad_block(blocks[i], reason) for i, reason in bad]


def _blocks(rows: Sequence[_Row]) -> Iterator[_Block]:
    connection = rows[0].connection
    addresses = [row.tunnel.customer_gateway.address for row in rows]
    peers = tuple(dict.fromkeys(address for address in addresses if address))
    for side, texts in (("vpc", connection.vpc_subnets), ("onprem", connection.onprem_subnets)):
        for text in dict.fromkeys(texts):
            yield _Block(rows[0], side, text, peers)


def _has_ha_evidence(connection: Connection) -> bool:
    return bool(
        len(connection.tunnels) > 1 or connection.bgp_enabled or connection.health_check_enabled
    )


def _numbers(parsed: ParsedCidrs, n: int) -> dict[str, list[Any]]:
    """What the blocks are; None where the text is none."""
    texts = format_cidr(parsed.high, parsed.low, parsed.family, parsed.prefix_length)
    lengths = parsed.prefix_length.tolist()
    found = {
        "cidr": texts,
        "family": parsed.family.tolist(),
        "prefix_length": lengths,
        "is_default_route": [length == 0 for length in lengths],
    }
    positions = parsed.row.tolist()
    return {name: _spread(values, positions, n) for name, values in found.items()}


def _spread(values: Iterable[Any], positions: Iterable[int], n: int) -> list[Any]:
    """The values at their positions, None elsewhere."""
    spread: list[Any] = [None] * n
    for position, value in zip(positions, values, strict=True):
        spread[position] = value
    return spread


def _bad_block(block: _Block, reason: str) -> dict[str, Any]:
    connection = block.row.connection
    return {
        "account_id": connection.account_id,
        "region_id": connection.region_id,
        "vpn_connection_id": connection.vpn_connection_id,
        "kind": "address",
        "message": f"{block.side} block {block.text[:80]!r}: {reason}",
        "attempts": 1,
        "at": connection.fetched_ms,
    }


def _gateway_rows(records: Records) -> Iterator[dict[str, Any]]:
    used = Counter(
        (c.account_id, c.region_id, gateway_id)
        for c in records.connections
        for gateway_id in {
            c.vpn_gateway_id,
            c.customer_gateway_id,
            *(tunnel.customer_gateway_id for tunnel in c.tunnels),
        }
        if gateway_id
    )
    for gateway in records.gateways:
        key = (gateway.account_id, gateway.region_id, gateway.gateway_id)
        yield _as_row(gateway) | {"expires_at": gateway.expires_ms, "n_connections": used[key]}
