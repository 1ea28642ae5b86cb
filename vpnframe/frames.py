"""Records to tables: flattening, no judgement."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from vpnframe import schema
from vpnframe.addresses.cidr import format_cidr, parse_cidrs
from vpnframe.records import Connection, Failure, Gateway, Records, Tunnel
from vpnframe.terms import DEFAULT_ROUTES

Row = dict[str, Any]


def make_tables(records: Records) -> dict[str, pd.DataFrame]:
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
    gateways = {(g.account_id, g.region_id, g.gateway_id): g for g in records.gateways}
    rows = [
        (connection, _tunnel_row(connection, tunnel, gateways))
        for connection in records.connections
        for tunnel in connection.tunnels
    ]
    tunnels = _table("tunnels", [row for _, row in rows])
    by_connection = _grouped(rows)
    connections = _table("connections", [_shared(group) for group in by_connection])
    subnets, bad_blocks = _subnets(by_connection)
    failures = [*map(_failure_row, records.failures), *bad_blocks]
    return {
        "tunnels": tunnels,
        "connections": connections,
        "subnets": subnets,
        "gateways": _table("gateways", list(_gateway_rows(records))),
        "failures": _table("failures", failures),
        "coverage": _table("coverage", [_as_row(one) for one in records.coverage]),
        "disagreements": _table("disagreements", [_as_row(d) for d in records.disagreements]),
    }


def _table(name: str, rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    columns = schema.find(name).names
    return schema.build(name, {column: [row.get(column) for row in rows] for column in columns})


def _as_row(record: Any) -> Row:
    return {field: getattr(record, field) for field in record.__struct_fields__}


def _failure_row(failure: Failure) -> Row:
    return _as_row(failure) | {"at": failure.at_ms, "attempts": min(failure.attempts, 32_767)}


def _tunnel_row(
    connection: Connection,
    tunnel: Tunnel,
    gateways: Mapping[tuple[str | None, str | None, str], Gateway],
) -> Row:
    place = (connection.account_id, connection.region_id)
    vpn = gateways.get((*place, connection.vpn_gateway_id or ""))
    customer_id = tunnel.customer_gateway_id or connection.customer_gateway_id
    customer = gateways.get((*place, customer_id or ""))
    return {
        **_identity(connection, tunnel),
        **_belongings(connection, vpn),
        "customer_gateway_id": customer_id,
        "customer_gateway_name": customer.name if customer else None,
        "zone_id": tunnel.zone_id,
        **_ends(tunnel),
        **_keys(tunnel, vpn),
        **_crypto(tunnel),
        "routing_mode": _routing_mode(connection),
        "vpc_subnets": connection.vpc_subnets,
        "onprem_subnets": connection.onprem_subnets,
        **_operation(connection, tunnel),
        "witnesses": connection.witnesses,
        "perspective": connection.perspective,
        "fetched_at": connection.fetched_ms,
        "request_id": connection.request_id,
    }


def _identity(connection: Connection, tunnel: Tunnel) -> Row:
    return {
        "account_id": connection.account_id,
        "region_id": connection.region_id,
        "vpn_connection_id": connection.vpn_connection_id,
        "tunnel_index": tunnel.tunnel_index,
        "tunnel_id": tunnel.tunnel_id,
        "tunnel_role": tunnel.role,
        "tunnel_count": len(connection.tunnels),
        "connection_name": connection.name,
        "connection_status": connection.status,
        "tunnel_status": tunnel.status,
        "created_at": connection.created_ms,
        "effect_immediately": connection.effect_immediately,
    }


def _belongings(connection: Connection, vpn: Gateway | None) -> Row:
    row: Row = {
        "attach_type": connection.attach_type,
        "vpn_gateway_id": connection.vpn_gateway_id,
        "transit_router_id": connection.transit_router_id,
        "network_type": connection.network_type,
        "bandwidth_mbps": connection.bandwidth_mbps,
        "resource_group_id": connection.resource_group_id,
        "tags": connection.tags,
    }
    if vpn is None:
        return row
    return row | {
        "vpn_gateway_name": vpn.name,
        "vpn_type": vpn.vpn_type,
        "vpc_id": vpn.vpc_id,
        "bandwidth_mbps": connection.bandwidth_mbps or vpn.bandwidth_mbps,
        "charge_type": vpn.charge_type,
        "expires_at": vpn.expires_ms,
    }


def _ends(tunnel: Tunnel) -> Row:
    row: Row = {}
    for name, end in (
        ("vpn_gateway", tunnel.vpn_gateway),
        ("customer_gateway", tunnel.customer_gateway),
    ):
        row |= {
            f"{name}_ip": end.address,
            f"{name}_ike_id": end.ike_id,
            f"{name}_asn": end.asn,
            f"bgp_{name}_ip": end.bgp_ip,
        }
    return row


def _keys(tunnel: Tunnel, vpn: Gateway | None) -> Row:
    method = "unknown"
    if vpn is not None and vpn.vpn_type == "sm":
        method = "certificate"  # these gateways know no other
    elif tunnel.psk_state in ("present", "masked"):
        method = "psk"
    elif tunnel.has_peer_ca:
        method = "certificate"
    return {
        "auth_method": method,
        "psk_state": tunnel.psk_state,
        "has_peer_ca": tunnel.has_peer_ca,
    }


def _crypto(tunnel: Tunnel) -> Row:
    ike, ipsec = tunnel.phases.ike, tunnel.phases.ipsec
    return {
        "ike_version": tunnel.phases.ike_version,
        "ike_mode": tunnel.phases.ike_mode,
        "ike_encryption": ike.encryption,
        "ike_integrity": ike.integrity,
        "ike_dh_group": ike.dh_group,
        "ike_lifetime_s": ike.lifetime_s,
        "ipsec_encryption": ipsec.encryption,
        "ipsec_integrity": ipsec.integrity,
        "ipsec_pfs_group": ipsec.dh_group,
        "ipsec_lifetime_s": ipsec.lifetime_s,
    }


def _operation(connection: Connection, tunnel: Tunnel) -> Row:
    return {
        "dpd_enabled": tunnel.dpd_enabled,
        "nat_traversal_enabled": tunnel.nat_traversal_enabled,
        "health_check_enabled": connection.health_check_enabled,
        "health_check_status": connection.health_check_status,
        "bgp_enabled": connection.bgp_enabled,
        "bgp_status": tunnel.bgp_status,
        "bgp_tunnel_cidr": tunnel.bgp_tunnel_cidr,
        "bgp_auth_state": tunnel.bgp_auth_state,
    }


def _routing_mode(connection: Connection) -> str | None:
    """Route: both sides are the default route alone; policy: neither has it; else mixed."""
    sides = (set(connection.vpc_subnets), set(connection.onprem_subnets))
    if not all(sides):
        return None
    if all(side <= DEFAULT_ROUTES for side in sides):
        return "route"
    return "mixed" if any(side & DEFAULT_ROUTES for side in sides) else "policy"


def _grouped(rows: list[tuple[Connection, Row]]) -> list[list[Row]]:
    """Tunnel rows by connection; those of one connection follow each other."""
    groups: list[list[Row]] = []
    last: Connection | None = None
    for connection, row in rows:
        if connection is not last:
            groups.append([])
            last = connection
        groups[-1].append(row)
    return groups


def _shared(group: list[Row]) -> Row:
    """What all tunnels of a connection share; null where they differ."""
    first = group[0]
    same = {name: v for name, v in first.items() if all(row[name] == v for row in group[1:])}
    return same | {"n_tunnels": len(group)}


def _subnets(by_connection: list[list[Row]]) -> tuple[pd.DataFrame, list[Row]]:
    """The table, and a failure row for every block that is none."""
    rows = [row for group in by_connection for row in _block_rows(group)]
    parsed = parse_cidrs([row["cidr_raw"] for row in rows])
    texts = format_cidr(parsed.high, parsed.low, parsed.family, parsed.prefix_length)
    good = zip(
        parsed.row.tolist(),
        texts,
        parsed.family.tolist(),
        parsed.prefix_length.tolist(),
        strict=True,
    )
    for position, text, family, length in good:
        rows[position] |= {
            "cidr": text,
            "family": family,
            "prefix_length": length,
            "is_default_route": length == 0,
        }
    bad = zip(parsed.failed_rows.tolist(), parsed.failed_reasons, strict=True)
    return _table("subnets", rows), [_bad_block(rows[i], reason) for i, reason in bad]


def _block_rows(group: list[Row]) -> Iterator[Row]:
    first = group[0]
    kept = {name: first.get(name) for name in schema.find("subnets").names}
    kept["peer_addresses"] = list(
        dict.fromkeys(row["customer_gateway_ip"] for row in group if row["customer_gateway_ip"])
    )
    kept["has_ha_evidence"] = bool(
        len(group) > 1 or first["bgp_enabled"] or first["health_check_enabled"]
    )
    for side, column in (("vpc", "vpc_subnets"), ("onprem", "onprem_subnets")):
        for text in dict.fromkeys(first[column]):
            yield kept | {"side": side, "cidr_raw": text}


def _bad_block(row: Row, reason: str) -> Row:
    return {
        **{name: row[name] for name in ("account_id", "region_id", "vpn_connection_id")},
        "kind": "address",
        "message": f"{row['side']} block {row['cidr_raw'][:80]!r}: {reason}",
        "attempts": 1,
        "at": row["fetched_at"],
    }


def _gateway_rows(records: Records) -> Iterator[Row]:
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
