"""One region of one account: lists, downloads, and what became of them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

import msgspec

from vpnframe.cloud.answers import decode_download
from vpnframe.crawl.caller import Caller, Place
from vpnframe.crawl.events import ConnectionRead, ConnectionsFound, Listener, RegionRead
from vpnframe.crawl.listing import Listing, fetch_listing
from vpnframe.crawl.notes import gateway_failures, note_failure, statement_failures
from vpnframe.crawl.witnesses import join_statements, own_gateways, with_attachments
from vpnframe.records import (
    Attachment,
    Coverage,
    CoverageStatus,
    Failure,
    Gateway,
    Record,
    Records,
    Statement,
)

T = TypeVar("T", bound=Record)
# More than enough to fill the published quota at usual latencies.
_DOWNLOADS_AT_ONCE = 16
_UNREACHABLE = ("network", "timeout")
_DOWNLOAD = "DownloadVpnConnectionConfig"
_LISTS = ("DescribeVpnConnections", "DescribeVpnAttachments", "DescribeCustomerGateways")


@dataclass(slots=True)
class _Region:
    """What is known of a region while it is read."""

    caller: Caller
    place: Place
    on_event: Listener
    listings: dict[str, Listing] = field(default_factory=dict)
    downloads: dict[str, Statement] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)

    def rows(self, action: str, kind: type[T]) -> dict[str, T]:
        """The rows of a listing, by id."""
        listing = self.listings.get(action, Listing())
        return {i: row for i, row in listing.rows.items() if isinstance(row, kind)}


async def crawl_region(
    caller: Caller, place: Place, *, downloads: bool, on_event: Listener
) -> Records:
    """Read one region.

    Parameters
    ----------
    caller : Caller
        Of one account.
    place : Place
        Host and region.
    downloads : bool
        Whether to download every connection's configuration.
    on_event : callable
        Told what happens.

    Returns
    -------
    Records
        With one coverage row.
    """
    region, started = _Region(caller, place, on_event), caller.clock.monotonic()
    await _list(region, "DescribeVpnGateways")
    if _hopeless(region) is None:
        async with asyncio.TaskGroup() as group:
            for action in _LISTS:
                group.create_task(_list(region, action))
    statements = _statements(region)
    on_event(ConnectionsFound(place.region_id or "", len(statements) if downloads else 0))
    if downloads:
        await _download_all(region, list(statements))
    records = _records(region, statements)
    elapsed_s = caller.clock.monotonic() - started
    coverage = _coverage(region, statements, downloads=downloads, elapsed_s=elapsed_s)
    on_event(RegionRead(place.region_id or "", coverage.status))
    return msgspec.structs.replace(records, coverage=(coverage,))


async def _list(region: _Region, action: str) -> None:
    region.listings[action] = await fetch_listing(region.caller, action, region.place)


def _hopeless(region: _Region) -> CoverageStatus | None:
    """The status of a region whose first answer says that there is nothing to be had."""
    listing = region.listings["DescribeVpnGateways"]
    failure = listing.failure
    if failure is None or listing.rows:
        return None
    if failure.kind == "parameter" and (failure.code or "").lower().startswith("invalidregionid"):
        # A region that is in no list is a mistake of whoever named it.
        return "absent" if region.place.is_listed else "unreachable"
    return "unreachable" if failure.kind in _UNREACHABLE else None


def _statements(region: _Region) -> dict[str, Statement]:
    now_ms = _now_ms(region)
    statements = with_attachments(
        region.rows("DescribeVpnConnections", Statement),
        region.rows("DescribeVpnAttachments", Attachment),
    )
    return {
        connection_id: msgspec.structs.replace(statement, fetched_ms=now_ms)
        for connection_id, statement in sorted(statements.items())
    }


async def _download_all(region: _Region, connection_ids: list[str]) -> None:
    """A few workers on one queue: their pace is the quota's, not their number's."""
    queue = iter(connection_ids)
    async with asyncio.TaskGroup() as group:
        for _ in range(min(_DOWNLOADS_AT_ONCE, len(connection_ids))):
            group.create_task(_download_from(region, queue))


async def _download_from(region: _Region, queue: Iterator[str]) -> None:
    for connection_id in queue:
        answer = await region.caller.ask(
            _DOWNLOAD,
            region.place,
            {"VpnConnectionId": connection_id},
            partial(decode_download, vpn_connection_id=connection_id),
        )
        if isinstance(answer, Failure):
            region.failures.append(msgspec.structs.replace(answer, vpn_connection_id=connection_id))
        else:
            region.downloads[connection_id] = msgspec.structs.replace(
                answer, fetched_ms=_now_ms(region)
            )
        is_read = not isinstance(answer, Failure)
        region.on_event(ConnectionRead(region.place.region_id or "", is_read))


def _records(region: _Region, statements: Mapping[str, Statement]) -> Records:
    gateways = region.rows("DescribeVpnGateways", Gateway)
    gateways |= region.rows("DescribeCustomerGateways", Gateway)
    connections, disagreements = [], []
    for connection_id, statement in statements.items():
        own = own_gateways(statement, gateways)
        connection, differing = join_statements(
            region.downloads.get(connection_id), statement, gateways=own
        )
        connections.append(_here(region, connection))
        disagreements += [_here(region, one) for one in differing]
    failures = [
        *_list_failures(region),
        *region.failures,
        *(f for s in statements.values() for f in statement_failures(s)),
        *(f for s in region.downloads.values() for f in statement_failures(s)),
        *(f for gateway in gateways.values() for f in gateway_failures(gateway)),
    ]
    failures.sort(key=lambda f: (f.action or "", f.vpn_connection_id or ""))
    return Records(
        connections=tuple(connections),
        gateways=tuple(_here(region, gateways[i]) for i in sorted(gateways)),
        failures=tuple(_here(region, failure) for failure in failures),
        disagreements=tuple(disagreements),
    )


def _list_failures(region: _Region) -> Iterator[Failure]:
    if _hopeless(region) == "absent":
        return
    for action, listing in region.listings.items():
        if listing.failure is not None:
            yield listing.failure
        for note in listing.notes:
            yield note_failure(note, action=action, at_ms=_now_ms(region))


def _coverage(
    region: _Region, statements: Mapping[str, Statement], *, downloads: bool, elapsed_s: float
) -> Coverage:
    listing = region.listings.get("DescribeVpnConnections", Listing())
    n_listed = len(statements)
    n_expected = max(n_listed, listing.n_expected)
    n_read = len(region.downloads) if downloads else n_listed
    tally = region.caller.tallies[region.place.region_id]
    return Coverage(
        status=_status(region, is_all_read=n_read == n_expected),
        account_id=region.caller.account_id,
        region_id=region.place.region_id,
        n_expected=n_expected,
        n_read=n_read,
        n_failed=n_expected - n_read,
        n_calls=tally.n_calls,
        n_throttled=tally.n_throttled,
        is_stable=all(listing.is_stable for listing in region.listings.values()),
        elapsed_s=elapsed_s,
    )


def _status(region: _Region, *, is_all_read: bool) -> CoverageStatus:
    hopeless = _hopeless(region)
    if hopeless is not None:
        return hopeless
    failures = [listing.failure for listing in region.listings.values()]
    if all(failures) and not any(listing.rows for listing in region.listings.values()):
        first = failures[0]
        return status_of_nothing(first) if first else "unreachable"
    is_listed = not any(failures)
    return "complete" if is_listed and is_all_read else "partial"


def status_of_nothing(failure: Failure) -> CoverageStatus:
    """Give the status of a region or an account of which nothing could be read.

    Parameters
    ----------
    failure : Failure
        Why.

    Returns
    -------
    {"denied", "unreachable"}
        Denied where asking again would give the same.
    """
    return "denied" if failure.kind in ("denied", "credentials", "parameter") else "unreachable"


def _here(region: _Region, record: T) -> T:
    """The record with the account and region it was found in."""
    return msgspec.structs.replace(
        record, account_id=region.caller.account_id, region_id=region.place.region_id
    )


def _now_ms(region: _Region) -> int:
    return int(region.caller.clock.utc_now().timestamp() * 1000)
