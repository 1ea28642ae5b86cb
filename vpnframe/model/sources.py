"""Join two answers about one connection to one record, and find where they differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

import msgspec

from vpnframe.model.disagreements import (
    TunnelKey,
    conflict,
    find_differences,
    find_strays,
    shows_bgp,
    tunnels_by_id,
)
from vpnframe.model.masked import is_masked_value
from vpnframe.model.perspective import View, decide_perspective
from vpnframe.model.psk import best_facts, best_state
from vpnframe.model.records import (
    Attachment,
    Connection,
    Disagreement,
    End,
    Gateway,
    Perspective,
    Record,
    Statement,
    Tunnel,
    TunnelStatement,
)

R = TypeVar("R", bound=Record)


def join_statements(
    download: Statement | None,
    describe: Statement | None,
    *,
    gateways: Sequence[Gateway] = (),
) -> tuple[Connection, list[Disagreement]]:
    """Join the download and the list row of one connection; also return where they differ.

    Examples
    --------
    >>> download = Statement(witness="download", vpn_connection_id="vco-1",
    ...     local_subnets=("192.168.0.0/24",), remote_subnets=("10.0.0.0/16",))
    >>> connection, _ = join_statements(download, None)
    >>> connection.onprem_subnets, connection.perspective
    (('192.168.0.0/24',), 'assumed')
    """
    view, perspective = decide_perspective(download, describe, gateways=gateways)
    turned = None if download is None else _as_cloud(download, view)
    placed = None if describe is None else _with_addresses(describe, gateways)
    differing: list[Disagreement] = []
    if turned is not None and placed is not None:
        differing += find_differences(turned, placed)
        turned, placed = _without_stand_in(turned, placed), _without_stand_in(placed, turned)
    tunnels = tuple(_join_tunnels(turned, placed))
    connection = _connection(turned, placed, tunnels, perspective)
    said = [tunnel for one in (turned, placed) if one for tunnel in one.tunnels]
    differing = [*find_strays(turned, said), *find_strays(placed, said), *differing]
    if perspective == "conflict":
        differing.append(conflict(connection))
    return connection, differing


def own_gateways(
    statement: Statement | None, gateways_by_id: Mapping[str, Gateway]
) -> list[Gateway]:
    """Return the gateways that a list row names, in the connection or in its tunnels."""
    if statement is None:
        return []
    ids = [statement.vpn_gateway_id, statement.customer_gateway_id]
    ids += [tunnel.customer_gateway_id for tunnel in statement.tunnels]
    return [gateways_by_id[i] for i in dict.fromkeys(ids) if i is not None and i in gateways_by_id]


def with_attachments(
    listed: Mapping[str, Statement], attachments: Mapping[str, Attachment]
) -> dict[str, Statement]:
    """Complete list rows from the attachments to transit routers."""
    statements = dict(listed)
    for connection_id, row in attachments.items():
        attached = Statement(
            witness="describe",
            vpn_connection_id=connection_id,
            name=row.name,
            attach_type=row.attach_type,
            transit_router_id=row.transit_router_id,
            bandwidth_mbps=row.bandwidth_mbps,
            has_unknown_bandwidth=row.has_unknown_bandwidth,
            tags=row.tags,
            notes=row.notes,
        )
        known = listed.get(connection_id)
        if known is not None:
            attached = msgspec.structs.replace(
                overlay(attached, known), notes=(*known.notes, *row.notes)
            )
        statements[connection_id] = attached
    return statements


def overlay(below: R, above: R) -> R:
    """Combine two records: ``below`` fills in values that ``above`` lacks or shows masked.

    Examples
    --------
    >>> joined = overlay(End(address="47.1.2.3", asn=65530), End(asn=65531))
    >>> joined.address, joined.asn
    ('47.1.2.3', 65531)
    """
    joined = {}
    for name in below.__struct_fields__:
        under, over = getattr(below, name), getattr(above, name)
        if isinstance(over, Record) and isinstance(under, Record):
            joined[name] = overlay(under, over)
        else:
            is_silent = over is None or over == ()
            is_weaker = is_silent or (over != under and _is_shown_less(over, under))
            joined[name] = under if is_weaker else over
    return type(below)(**joined)


def _is_shown_less(over: object, under: object) -> bool:
    """Check whether a value is masked while the other record shows it completely."""
    is_told = under is not None and under != ()
    return is_told and is_masked_value(over) and not is_masked_value(under)


def _as_cloud(download: Statement, view: View) -> Statement:
    """Return the download with ``local`` as the cloud's end, as in a list row."""
    if view == "cloud":
        return download
    stray = download.stray_tunnel
    return msgspec.structs.replace(
        download,
        local_subnets=download.remote_subnets,
        remote_subnets=download.local_subnets,
        tunnels=tuple(_turned(tunnel) for tunnel in download.tunnels),
        stray_tunnel=None if stray is None else _turned(stray),
    )


def _turned(tunnel: TunnelStatement) -> TunnelStatement:
    return msgspec.structs.replace(tunnel, local=tunnel.remote, remote=tunnel.local)


def _without_stand_in(statement: Statement, other: Statement) -> Statement:
    """Make a connection-level block a stray, not a tunnel, if only the other answer is dual."""
    if statement.is_dual or not other.is_dual or not statement.tunnels:
        return statement
    return msgspec.structs.replace(statement, tunnels=(), stray_tunnel=statement.tunnels[0])


def _with_addresses(describe: Statement, gateways: Sequence[Gateway]) -> Statement:
    """Return the list row with the addresses of its gateways filled in."""
    vpn = next((g.ip_address for g in gateways if g.kind == "vpn"), None)
    customers = {g.gateway_id: g.ip_address for g in gateways if g.kind == "customer"}
    # With two tunnels, only the tunnels show which of the gateway's two addresses they use.
    single = None if describe.is_dual else (describe.gateway_address or vpn)
    tunnels = []
    for tunnel in describe.tunnels:
        customer_id = tunnel.customer_gateway_id or describe.customer_gateway_id
        ends = TunnelStatement(
            customer_gateway_id=customer_id,
            local=End(address=single),
            remote=End(address=customers.get(customer_id or "")),
        )
        tunnels.append(overlay(ends, tunnel))
    return msgspec.structs.replace(describe, tunnels=tuple(tunnels))


def _join_tunnels(download: Statement | None, describe: Statement | None) -> list[Tunnel]:
    """Return the tunnels of both statements, matched by id, in the order of their indexes."""
    listed, downloaded = tunnels_by_id(describe), tunnels_by_id(download)
    # Neither contains a tunnel: the connection still gets one tunnel row.
    keys = sorted(listed.keys() | downloaded.keys()) or [("", 0)]
    indexes = _indexes([(i, listed[i].tunnel_index if i in listed else None) for i in keys])
    nothing = TunnelStatement()
    tunnels = []
    for i in keys:
        row, config = listed.get(i), downloaded.get(i)
        joined = overlay(config or nothing, row or nothing)
        said = [statement for statement in (row, config) if statement]
        joined = msgspec.structs.replace(
            joined,
            psk_state=best_state(*(one.psk_state for one in said)),
            key_facts=best_facts(*(one.key_facts for one in said)),
        )
        tunnels.append(_tunnel(joined, indexes[i]))
    return sorted(tunnels, key=lambda tunnel: tunnel.tunnel_index)


def _indexes(tunnels: list[tuple[TunnelKey, int | None]]) -> dict[TunnelKey, int]:
    """Return the given indexes if unique; number the other tunnels by their sorted ids."""
    given = [index for _, index in tunnels]
    indexes = {i: n for i, n in tunnels if n is not None and given.count(n) == 1}
    free = (n for n in range(1, 2 * len(tunnels) + 2) if n not in indexes.values())
    return {i: indexes[i] if i in indexes else next(free) for i, _ in tunnels}


def _tunnel(joined: TunnelStatement, index: int) -> Tunnel:
    """Return the joined statement as a tunnel, with its ends named by gateway."""
    return Tunnel(
        tunnel_index=index,
        tunnel_id=joined.tunnel_id,
        role=joined.role,
        status=joined.status,
        state=joined.state,
        zone_id=joined.zone_id,
        customer_gateway_id=joined.customer_gateway_id,
        vpn_gateway=joined.local,
        customer_gateway=joined.remote,
        dpd_enabled=joined.dpd_enabled,
        nat_traversal_enabled=joined.nat_traversal_enabled,
        has_peer_ca=joined.has_peer_ca,
        psk_state=joined.psk_state,
        key_facts=joined.key_facts,
        phases=joined.phases,
        bgp_status=joined.bgp_status,
        bgp_tunnel_cidr=joined.bgp_tunnel_cidr,
        bgp_auth_state=joined.bgp_auth_state,
    )


def _connection(
    download: Statement | None,
    describe: Statement | None,
    tunnels: tuple[Tunnel, ...],
    perspective: Perspective | None,
) -> Connection:
    first = download or describe
    if first is None:
        raise ValueError("a connection needs one statement at least")
    joined = overlay(download, describe) if download and describe else first
    return Connection(
        vpn_connection_id=joined.vpn_connection_id,
        tunnels=tunnels,
        vpc_subnets=joined.local_subnets,
        onprem_subnets=joined.remote_subnets,
        name=joined.name,
        status=joined.status,
        state=joined.state,
        created_ms=joined.created_ms,
        effect_immediately=joined.effect_immediately,
        attach_type=joined.attach_type,
        vpn_gateway_id=joined.vpn_gateway_id,
        customer_gateway_id=joined.customer_gateway_id,
        transit_router_id=joined.transit_router_id,
        network_type=joined.network_type,
        bandwidth_mbps=joined.bandwidth_mbps,
        has_unknown_bandwidth=joined.has_unknown_bandwidth,
        resource_group_id=joined.resource_group_id,
        bgp_enabled=shows_bgp(tunnels) if joined.bgp_enabled is None else joined.bgp_enabled,
        health_check_enabled=joined.health_check_enabled,
        health_check_status=joined.health_check_status,
        tags=joined.tags,
        witnesses="both" if download and describe else first.witness,
        perspective=perspective,
        fetched_ms=first.fetched_ms,
        request_id=first.request_id,
    )
