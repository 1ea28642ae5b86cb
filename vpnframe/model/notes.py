"""Convert notes on unreadable values to rows of the table ``failures``."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from vpnframe.model.records import Failure, Gateway, Note, RouteEntry, Statement, Vpc

# By the source of a connection record, or the kind of a gateway: the action that lists it.
_ACTIONS = {
    "download": "DownloadVpnConnectionConfig",
    "describe": "DescribeVpnConnections",
    "vpn": "DescribeVpnGateways",
    "customer": "DescribeCustomerGateways",
}


def note_failure(note: Note, *, action: str, at_ms: int | None = None) -> Failure:
    """Convert a note on an unreadable value to a row of the table ``failures``."""
    message = f"{note.field} {note.message}"
    return Failure(kind=note.kind, message=message, action=action, at_ms=at_ms)


def odd_count(note: Note) -> Note:
    """Add to a note on an implausible row count that the count was ignored."""
    so = "it makes no sense, so pages were read until one had no new rows"
    return msgspec.structs.replace(note, message=f"{note.message}: {so}")


def record_failures(record: Statement | Gateway | Vpc | RouteEntry) -> Iterator[Failure]:
    """Yield a failure row for each value of a record that could not be read."""
    place = ""
    if isinstance(record, Statement):
        action = _ACTIONS[record.witness]
    elif isinstance(record, Gateway):
        action, place = _ACTIONS[record.kind], f"{record.gateway_id} "
    elif isinstance(record, Vpc):
        action, place = "DescribeVpcs", f"{record.vpc_id} "
    elif isinstance(record, RouteEntry):
        place = f"the route to {record.destination_cidr[:80]}: "
        action = f"Describe{'Vpn' if record.vpn_gateway_id else 'Vco'}RouteEntries"
        if record.route_type == "policy":
            action = "DescribeVpnPbrRouteEntries"
    else:
        raise TypeError(f"a {type(record).__name__} is not a record of an API response")
    for note in record.notes:
        yield Failure(
            kind=note.kind,
            message=f"{place}{note.field} {note.message}",
            action=action,
            vpn_connection_id=getattr(record, "vpn_connection_id", None),
            request_id=getattr(record, "request_id", None),
            at_ms=getattr(record, "fetched_ms", None),
        )
