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
    """Append the consequence to the note of an implausible count."""
    so = "it makes no sense, and all that pages gave was read until one had nothing new"
    return msgspec.structs.replace(note, message=f"{note.message}: {so}")


def statement_failures(statement: Statement) -> Iterator[Failure]:
    """Yield a failure row for each unreadable value of a statement."""
    is_download = statement.witness == "download"
    for note in statement.notes:
        failure = note_failure(
            note,
            action="DownloadVpnConnectionConfig" if is_download else "DescribeVpnConnections",
            vpn_connection_id=statement.vpn_connection_id,
            at_ms=statement.fetched_ms,
        )
        yield msgspec.structs.replace(failure, request_id=statement.request_id)


def gateway_failures(gateway: Gateway) -> Iterator[Failure]:
    """Yield a failure row for each unreadable value of a gateway."""
    is_vpn = gateway.kind == "vpn"
    for note in gateway.notes:
        yield note_failure(
            Note(field=f"{gateway.gateway_id} {note.field}", message=note.message, kind=note.kind),
            action="DescribeVpnGateways" if is_vpn else "DescribeCustomerGateways",
        )


def vpc_failures(vpc: Vpc) -> Iterator[Failure]:
    """Yield a failure row for each unreadable value of a VPC."""
    for note in vpc.notes:
        named = msgspec.structs.replace(note, field=f"{vpc.vpc_id} {note.field}")
        yield note_failure(named, action="DescribeVpcs")


def route_failures(route: RouteEntry) -> Iterator[Failure]:
    """Yield a failure row for each unreadable value of a route."""
    by_destination = (
        "DescribeVpnRouteEntries" if route.vpn_gateway_id else "DescribeVcoRouteEntries"
    )
    action = "DescribeVpnPbrRouteEntries" if route.route_type == "policy" else by_destination
    for note in route.notes:
        where = f"the route to {route.destination_cidr[:80]}: {note.field}"
        yield note_failure(
            msgspec.structs.replace(note, field=where),
            action=action,
            vpn_connection_id=route.vpn_connection_id,
            at_ms=route.fetched_ms,
        )
