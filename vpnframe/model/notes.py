"""Convert notes on unreadable values to failure rows; the record with the value is kept."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from vpnframe.model.records import Failure, Gateway, Note, RouteEntry, Statement, Vpc


def note_failure(
    note: Note, *, action: str, vpn_connection_id: str | None = None, at_ms: int | None = None
) -> Failure:
    """Convert a note to a failure row."""
    return Failure(
        kind=note.kind,
        message=f"{note.field} {note.message}",
        action=action,
        vpn_connection_id=vpn_connection_id,
        at_ms=at_ms,
    )


def odd_count(note: Note) -> Note:
    """Add to the note on an implausible row count how the pages were read."""
    so = "it makes no sense, so pages were read until one had no new rows"
    return msgspec.structs.replace(note, message=f"{note.message}: {so}")


def statement_failures(statement: Statement) -> Iterator[Failure]:
    """Yield a failure row for each value of an answer that could not be read."""
    is_download = statement.witness == "download"
    action = "DownloadVpnConnectionConfig" if is_download else "DescribeVpnConnections"
    for failure in _failures(statement, action):
        yield msgspec.structs.replace(failure, request_id=statement.request_id)


def gateway_failures(gateway: Gateway) -> Iterator[Failure]:
    """Yield a failure row for each unreadable value of a gateway."""
    action = "DescribeVpnGateways" if gateway.kind == "vpn" else "DescribeCustomerGateways"
    return _failures(gateway, action, where=f"{gateway.gateway_id} ")


def vpc_failures(vpc: Vpc) -> Iterator[Failure]:
    """Yield a failure row for each unreadable value of a VPC."""
    return _failures(vpc, "DescribeVpcs", where=f"{vpc.vpc_id} ")


def route_failures(route: RouteEntry) -> Iterator[Failure]:
    """Yield a failure row for each unreadable value of a route."""
    action = "DescribeVpnRouteEntries" if route.vpn_gateway_id else "DescribeVcoRouteEntries"
    if route.route_type == "policy":
        action = "DescribeVpnPbrRouteEntries"
    return _failures(route, action, where=f"the route to {route.destination_cidr[:80]}: ")


def _failures(
    record: Statement | Gateway | Vpc | RouteEntry, action: str, *, where: str = ""
) -> Iterator[Failure]:
    """Yield a failure row for each note of a record; its message begins with ``where``."""
    connection_id = getattr(record, "vpn_connection_id", None)
    at_ms = getattr(record, "fetched_ms", None)
    for note in record.notes:
        named = msgspec.structs.replace(note, field=where + note.field)
        yield note_failure(named, action=action, vpn_connection_id=connection_id, at_ms=at_ms)
