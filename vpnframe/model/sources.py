"""Join a connection's list row with its downloaded configuration, and find where they differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any, TypeVar

from msgspec.structs import asdict, astuple, replace

from vpnframe.model.disagreements import (
    TunnelKey,
    find_differences,
    find_strays,
    shows_bgp,
    tunnels_by_id,
)
from vpnframe.model.masked import best_state, is_masked_value
from vpnframe.model.perspective import decide_perspective
from vpnframe.model.psk import best_facts
from vpnframe.model.records import (
    Attachment,
    Connection,
    ConnectionValues,
    Disagreement,
    End,
    Gateway,
    Perspective,
    Record,
    Statement,
    Tunnel,
    TunnelStatement,
    TunnelValues,
)

R = TypeVar("R", bound=Record)
_tunnel_values = attrgetter(*TunnelValues.__struct_fields__)
_connection_values = attrgetter(*ConnectionValues.__struct_fields__)


def join_statements(
    download: Statement | None,
    describe: Statement | None,
    *,
    gateways: Sequence[Gateway] = (),
) -> tuple[Connection, list[Disagreement]]:
    """Join a connection's download and list row (one can be None), and find differing fields."""
    if download is None and describe is None:
        raise ValueError("a connection needs a download or a list row")
    view, perspective = decide_perspective(download, describe, gateways=gateways)
    differing: list[Disagreement] = []
    if download is not None and view == "device":
        download = _turned(download)
    if describe is not None:
        describe = _with_addresses(describe, gateways)
    if download is not None and describe is not None:
        differing += find_differences(download, describe)
        is_dual = download.is_dual or describe.is_dual
        download, describe = _placed(download, is_dual), _placed(describe, is_dual)
    said = [statement for statement in (download, describe) if statement is not None]
    tunnels = [tunnel for statement in said for tunnel in statement.tunnels]
    strays = [stray for statement in said for stray in find_strays(statement, tunnels)]
    connection = _connection(said, _join_tunnels(download, describe), perspective)
    if perspective == "conflict":
        named = {"vpn_connection_id": connection.vpn_connection_id, "field": "perspective"}
        differing.append(Disagreement(**named, download_value="written for both ends at once"))
    return connection, [*strays, *differing]


def _connection(
    said: list[Statement], tunnels: tuple[Tunnel, ...], perspective: Perspective | None
) -> Connection:
    first, joined = said[0], overlay(said[0], said[-1])
    fields = zip(ConnectionValues.__struct_fields__, _connection_values(joined), strict=True)
    values = dict(fields) | {
        "bgp_enabled": shows_bgp(tunnels) if joined.bgp_enabled is None else joined.bgp_enabled,
        "request_id": first.request_id,
        "fetched_ms": first.fetched_ms,
    }
    return Connection(
        **values,
        tunnels=tunnels,
        vpc_subnets=joined.local_subnets,
        onprem_subnets=joined.remote_subnets,
        witnesses="both" if len(said) > 1 else first.witness,
        perspective=perspective,
    )


def own_gateways(
    statement: Statement | None, gateways_by_id: Mapping[str, Gateway]
) -> list[Gateway]:
    """Return the gateways of ``gateways_by_id`` whose ids a connection's list row contains."""
    if statement is None:
        return []
    ids = [statement.vpn_gateway_id, statement.customer_gateway_id]
    ids += [tunnel.customer_gateway_id for tunnel in statement.tunnels]
    return [gateways_by_id[i] for i in dict.fromkeys(ids) if i is not None and i in gateways_by_id]


def with_attachments(
    listed: Mapping[str, Statement], attachments: Mapping[str, Attachment]
) -> dict[str, Statement]:
    """Complete the list rows in ``listed`` with data from the transit-router attachments.

    A connection without a list row gets one. In an existing row, only missing or masked values are
    replaced.
    """
    statements = dict(listed)
    for connection_id, row in attachments.items():
        attached = Statement(witness="describe", **asdict(row))
        known = listed.get(connection_id)
        if known is not None:
            attached = replace(overlay(attached, known), notes=(*known.notes, *row.notes))
        statements[connection_id] = attached
    return statements


def overlay(below: R, above: R) -> R:
    """Combine two records; ``below`` replaces only missing or masked values of ``above``."""
    # Most fields of the two sources are equal; comparing records and values first is fast.
    if below == above:
        return above
    changed: dict[str, Any] = {}
    values = zip(below.__struct_fields__, astuple(below), astuple(above), strict=True)
    for name, under, over in values:
        if under is over or under is None or under == ():
            continue
        is_silent = over is None or over == ()
        if isinstance(over, Record):
            changed[name] = overlay(under, over)
        elif is_silent or (over != under and is_masked_value(over) and not is_masked_value(under)):
            changed[name] = under
    return replace(above, **changed)


def _turned(download: Statement) -> Statement:
    """Return a download with ``local`` and ``remote`` exchanged."""

    def turned(tunnel: TunnelStatement) -> TunnelStatement:
        return replace(tunnel, local=tunnel.remote, remote=tunnel.local)

    stray = download.stray_tunnel
    return replace(
        download,
        local_subnets=download.remote_subnets,
        remote_subnets=download.local_subnets,
        tunnels=tuple(map(turned, download.tunnels)),
        stray_tunnel=stray and turned(stray),
    )


def _placed(statement: Statement, is_dual: bool) -> Statement:
    """Move a tunnel made from the connection's own settings to ``stray_tunnel``.

    This is done if ``statement`` lists no tunnels but the other response about the connection does.
    ``is_dual`` is true if at least one of the two responses lists tunnels.
    """
    if statement.is_dual or not is_dual or not statement.tunnels:
        return statement
    return replace(statement, tunnels=(), stray_tunnel=statement.tunnels[0])


def _with_addresses(describe: Statement, gateways: Sequence[Gateway]) -> Statement:
    """Add missing gateway addresses and customer gateway ids to the tunnels of a list row.

    The address of the VPN gateway is added only if the connection has a single tunnel.
    """
    vpn = next((g.ip_address for g in gateways if g.kind == "vpn"), None)
    customers = {g.gateway_id: g.ip_address for g in gateways if g.kind == "customer"}
    # With two tunnels, only the tunnels show which of the gateway's two addresses they use.
    single = None if describe.is_dual else (describe.gateway_address or vpn)
    tunnels = []
    for tunnel in describe.tunnels:
        customer_id = tunnel.customer_gateway_id or describe.customer_gateway_id
        remote = End(address=customers.get(customer_id or ""))
        tunnels.append(
            replace(
                tunnel,
                customer_gateway_id=customer_id,
                local=overlay(End(address=single), tunnel.local),
                remote=overlay(remote, tunnel.remote),
            )
        )
    return replace(describe, tunnels=tuple(tunnels))


def _join_tunnels(download: Statement | None, describe: Statement | None) -> tuple[Tunnel, ...]:
    """Join the tunnels of ``download`` and ``describe`` by tunnel id; sort them by index."""
    listed, downloaded = tunnels_by_id(describe), tunnels_by_id(download)
    # If neither statement contains a tunnel, the connection still gets one tunnel row.
    keys = sorted(listed.keys() | downloaded.keys()) or [("", 0)]
    indexes = _indexes([(i, listed[i].tunnel_index if i in listed else None) for i in keys])
    tunnels = []
    for i in keys:
        said = [one for one in (downloaded.get(i), listed.get(i)) if one] or [TunnelStatement()]
        joined = overlay(said[0], said[-1])
        values = dict(zip(TunnelValues.__struct_fields__, _tunnel_values(joined), strict=True)) | {
            "psk_state": best_state(*(one.psk_state for one in said)),
            "key_facts": best_facts(*(one.key_facts for one in reversed(said))),
            "vpn_gateway": joined.local,
            "customer_gateway": joined.remote,
        }
        tunnels.append(Tunnel(tunnel_index=indexes[i], **values))
    return tuple(sorted(tunnels, key=lambda tunnel: tunnel.tunnel_index))


def _indexes(tunnels: list[tuple[TunnelKey, int | None]]) -> dict[TunnelKey, int]:
    """Return an index for each tunnel: its own if no other tunnel has it, else an unused one."""
    given = [index for _, index in tunnels]
    indexes = {i: n for i, n in tunnels if n is not None and given.count(n) == 1}
    free = (n for n in range(1, 2 * len(tunnels) + 2) if n not in indexes.values())
    return {i: indexes[i] if i in indexes else next(free) for i, _ in tunnels}
