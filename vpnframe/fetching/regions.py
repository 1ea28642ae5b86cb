"""Crawl one region of one account: its lists, its downloads and their outcome."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import NamedTuple, TypeVar

import msgspec

from vpnframe.cloud.answers import decode_download
from vpnframe.cloud.retries import PASSING
from vpnframe.fetching.call_counts import Listed
from vpnframe.fetching.caller import Caller, Place
from vpnframe.fetching.events import ConnectionRead, Listener, RegionRead
from vpnframe.fetching.gaps import explain_gone
from vpnframe.fetching.listing import Listing, recall_listing
from vpnframe.fetching.packed import PackedRecords, side_by_side
from vpnframe.fetching.routes import Holders, RegionRoutes
from vpnframe.model.key_hints import Words, gateway_words, judge_of, pack_known
from vpnframe.model.named_gateways import GATEWAY_LISTS, NamedGateways
from vpnframe.model.notes import gateway_failures, statement_failures, vpc_failures
from vpnframe.model.psk import KeyJudge
from vpnframe.model.records import (
    Attachment,
    Coverage,
    CoverageStatus,
    Failure,
    Gateway,
    Record,
    Records,
    RouteEntry,
    RoutesInto,
    Row,
    Statement,
    Vpc,
)
from vpnframe.model.sources import join_statements, own_gateways, with_attachments

T = TypeVar("T", bound=Record)
Queue = Iterator[tuple[str, KeyJudge | None]]
# More than enough to fill the published quota at usual latencies.
_DOWNLOADS_AT_ONCE = 16
# Downloads that are retried, one after the other, before a silent region is given up.
_TRIES_AGAIN = 3
_UNREACHABLE = ("network", "timeout")
_DOWNLOAD = "DownloadVpnConnectionConfig"
_VPCS = "DescribeVpcs"
_CONNECTIONS = "DescribeVpnConnections"
# Gateway names must be known before the keys of the connections that use them are judged.
_LISTS = (("DescribeCustomerGateways", "DescribeVpnAttachments"), (_CONNECTIONS,))


class _Answers(NamedTuple):
    """What is known about a connection besides its list row."""

    download: Statement | None = None
    routes: RoutesInto = RoutesInto()


@dataclass(slots=True)
class RegionCrawl:
    """One region of one account while it is read: first its lists, then its downloads."""

    caller: Caller  # of the account
    place: Place  # host and region
    on_event: Listener  # receives the events
    has_routes: bool = True  # whether VPCs and routes are read, too
    listings: dict[str, Listing] = field(default_factory=dict)
    connection_ids: list[str] = field(default_factory=list)
    unattached_ids: set[str] = field(default_factory=set)
    n_unlisted: int = 0
    listed_ms: int = 0
    n_wanted: int = 0
    holders: Holders = field(default_factory=Holders)
    routes: RegionRoutes | None = None
    downloads: PackedRecords = field(default_factory=PackedRecords)
    words: Words = field(default_factory=dict)
    known: list[bytes] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    given_up: dict[str, Failure] = field(default_factory=dict)
    elapsed_s: float = 0.0

    async def list_all(self) -> None:
        """Read every list; a region without the product gets one call only."""
        started = self.caller.clock.monotonic()
        await self._list("DescribeVpnGateways")
        if _hopeless(self) is None:
            for together in (*_LISTS, *([(_VPCS,)] if self.has_routes else [])):
                async with asyncio.TaskGroup() as group:
                    for action in together:
                        group.create_task(self._list(action))
        self.listed_ms = _now_ms(self)
        self._look_through()
        if self.has_routes and _hopeless(self) is None:
            await self._read_routes()
        self.elapsed_s += self.caller.clock.monotonic() - started

    async def _list(self, action: str) -> None:
        former = self.listings.get(action)
        if former is not None and not _may_be_given(former):
            return
        key, judge = self.caller.fingerprint_key, None
        if action == _CONNECTIONS and key is not None:
            self.words = gateway_words(self.gateways().values())
            judge = KeyJudge(key, self.words)
        listing = await recall_listing(self.caller, action, self.place, judge=judge)
        if former is not None and listing.failure and len(former.rows) > len(listing.rows):
            listing = former
        self.listings[action] = listing

    async def _read_routes(self) -> None:
        """Read the routes unless complete; keep the former ones if they lack fewer lists."""
        former = self.routes if self.routes and self.routes.holders == self.holders else None
        if former is None or former.lost:
            routes = RegionRoutes(self.caller, self.place, self.on_event)
            await routes.read_all(self.holders)
            routes.arrange(self.connection_ids)
            if former is None or len(routes.lost) <= len(former.lost):
                self.routes = routes

    def _look_through(self) -> None:
        """Collect the connections of the lists, and failures of rows that could not be decoded."""
        gateways = self.gateways()
        self.holders = Holders({g.gateway_id for g in gateways.values() if g.kind == "vpn"})
        named = NamedGateways()
        for statements in self.statements():
            self.connection_ids += statements
            for statement in statements.values():
                self.holders.add(statement)
                named.add(statement)
                if statement.is_unattached:
                    self.unattached_ids.add(statement.vpn_connection_id)
                self.failures += statement_failures(statement)
                if self.caller.fingerprint_key is not None:
                    self.known.append(pack_known(statement, self.words))
        self.words = {}
        for gateway in gateways.values():
            self.failures += gateway_failures(gateway)
        self._note_unlisted(named, gateways.keys())
        for vpc in self.vpcs():
            self.failures += vpc_failures(vpc)

    def _note_unlisted(self, named: NamedGateways, known: Set[str]) -> None:
        """Record a failure for each gateway that a connection names and a whole list lacks."""
        for action in GATEWAY_LISTS:
            listing = self.listings.get(action)
            if listing is not None and listing.is_whole and not listing.notes:
                for failure in named.unlisted(action, known):
                    self.n_unlisted += 1
                    stamped = msgspec.structs.replace(failure, at_ms=self.listed_ms)
                    self.failures.append(stamped)

    @property
    def downloadable_ids(self) -> list[str]:
        """The connections that have a configuration to download, in order."""
        return [i for i in self.connection_ids if i not in self.unattached_ids]

    @property
    def lists_are_missing(self) -> bool:
        """Whether a list was not read for a transient reason."""
        failures = self.routes.failures if self.routes else []
        are_routes_missing = any(failure.kind in PASSING for failure in failures)
        return are_routes_missing or any(map(_may_be_given, self.listings.values()))

    async def list_again(self) -> None:
        """Read the lists that are missing, and what depends on them."""
        self.failures = [failure for failure in self.failures if failure.action == _DOWNLOAD]
        self.connection_ids, self.known = [], []
        self.unattached_ids, self.n_unlisted = set(), 0
        await self.list_all()
        self._forget_others()

    def _forget_others(self) -> None:
        """Drop downloads of connections that are no longer listed, since reads are only counted."""
        listed, downloads = set(self.connection_ids), self.downloads
        self.downloads = PackedRecords()
        for connection_id, raw in downloads.raw():
            if connection_id in listed:
                self.downloads.put(connection_id, raw)
        self.given_up = {i: failure for i, failure in self.given_up.items() if i in listed}

    async def download(self, connection_ids: list[str]) -> None:
        """Download configurations: a few workers on one queue, paced by the quota."""
        self.n_wanted = len(connection_ids)
        await self._download(self._queue(connection_ids), at_once=_DOWNLOADS_AT_ONCE)
        self.on_event(RegionRead(self.place.region_id or "", _coverage(self).status))

    async def download_again(self, connection_ids: list[str]) -> None:
        """Retry downloads that failed for transient reasons; give up a region still silent."""
        self.n_wanted, n_before = len(connection_ids), len(self.downloads)
        missing = self._missing(connection_ids)
        queue = self._queue(missing)
        for one in islice(queue, _TRIES_AGAIN):
            await self._download(iter([one]), at_once=1)
            if len(self.downloads) > n_before:
                await self._download(queue, at_once=_DOWNLOADS_AT_ONCE)
        self.known = []
        if missing:
            self.on_event(RegionRead(self.place.region_id or "", _coverage(self).status))

    def _missing(self, connection_ids: list[str]) -> list[str]:
        settled = {i for i, failure in self.given_up.items() if failure.kind not in PASSING}
        if len(settled) + len(self.downloads) == len(connection_ids):
            return []
        settled |= {*self.downloads.ids()}
        return [i for i in connection_ids if i not in settled]

    async def _download(self, queue: Queue, *, at_once: int) -> None:
        started = self.caller.clock.monotonic()
        async with asyncio.TaskGroup() as group:
            for _ in range(at_once):
                group.create_task(_download_from(self, queue))
        self.elapsed_s += self.caller.clock.monotonic() - started

    def _queue(self, connection_ids: list[str]) -> Queue:
        """Yield every wanted connection with the key judge made from its list row."""
        key = self.caller.fingerprint_key
        if key is None:
            yield from ((connection_id, None) for connection_id in connection_ids)
            return
        wanted = set(connection_ids)
        for connection_id, known in zip(self.connection_ids, self.known, strict=True):
            if connection_id in wanted:
                yield connection_id, judge_of(known, connection_id=connection_id, key=key)

    def rows(self, action: str, kind: type[T]) -> Iterator[dict[str, T]]:
        """Yield the rows of a listing by id, part by part."""
        return _only(kind, self.listings.get(action, Listing()).rows.parts())

    def gateways(self) -> dict[str, Gateway]:
        """Return both kinds of gateways by id, with account and region."""
        gateways = {
            gateway_id: _here(self, gateway)
            for action in GATEWAY_LISTS
            for part in self.rows(action, Gateway)
            for gateway_id, gateway in part.items()
        }
        return {gateway_id: gateways[gateway_id] for gateway_id in sorted(gateways)}

    def vpcs(self) -> list[Vpc]:
        """Return the VPCs in order of their ids."""
        return [vpc for part in self.rows(_VPCS, Vpc) for vpc in part.values()]

    def statements(self) -> Iterator[dict[str, Statement]]:
        """Yield the list rows, completed from the attachments, in parts, in order of their ids."""
        listed = self.rows(_CONNECTIONS, Statement)
        attached = self.rows("DescribeVpnAttachments", Attachment)
        for rows in side_by_side(listed, attached):
            yield {
                connection_id: msgspec.structs.replace(statement, fetched_ms=self.listed_ms)
                for connection_id, statement in sorted(with_attachments(*rows).items())
            }

    def listed(self) -> Listed:
        """Return the results of the lists."""
        n_rows = {action: len(listing.rows) for action, listing in self.listings.items()}
        route_calls = self.routes.n_calls if self.routes else {}
        return Listed(_coverage(self), len(self.connection_ids), n_rows, route_calls)

    def outcome(self) -> Records:
        """Return the failures and one coverage row."""
        failures = [*_list_failures(self), *self.failures, *self.given_up.values()]
        failures += self.routes.failures if self.routes else []
        failures.sort(key=lambda f: (f.action or "", f.vpn_connection_id or ""))
        return Records(
            failures=tuple(_here(self, failure) for failure in failures),
            coverage=(_coverage(self),),
        )

    def parts(self) -> Iterator[Records]:
        """Yield everything read so far: all but the connections, then the connections in parts."""
        gateways = self.gateways()
        yield msgspec.structs.replace(
            self.outcome(),
            gateways=tuple(gateways.values()),
            vpcs=tuple(_here(self, vpc) for vpc in self.vpcs()),
            routes=tuple(self.routes.strays) if self.routes else (),
        )
        for listed, answers in side_by_side(self.statements(), self._answers()):
            yield _joined(self, listed, answers, gateways)

    def _answers(self) -> Iterator[dict[str, _Answers]]:
        """Yield the downloads and routes of the same connections, part by part."""
        downloads = _only(Statement, self.downloads.in_order().parts())
        routes = _only(RoutesInto, self.routes.into.parts() if self.routes else ())
        for downloaded, leading in side_by_side(downloads, routes):
            ids = sorted(downloaded.keys() | leading.keys())
            yield {i: _Answers(downloaded.get(i), leading.get(i, RoutesInto())) for i in ids}


def _only(kind: type[T], parts: Iterable[Mapping[str, Row]]) -> Iterator[dict[str, T]]:
    """Yield the parts with their rows of one kind only."""
    for part in parts:
        yield {key: row for key, row in part.items() if isinstance(row, kind)}


def _may_be_given(listing: Listing) -> bool:
    """Check whether a listing was not read to its end for a transient reason."""
    return listing.failure is not None and listing.failure.kind in PASSING


def _hopeless(region: RegionCrawl) -> CoverageStatus | None:
    """Return ``unreachable`` if the first list call shows that the region cannot be read.

    The region id may be misspelt; if DescribeRegions lists it, its content is unknown.
    """
    listing = region.listings["DescribeVpnGateways"]
    failure = listing.failure
    if failure is None or listing.rows:
        return None
    is_unknown = (failure.code or "").lower().startswith("invalidregionid")
    return "unreachable" if is_unknown or failure.kind in _UNREACHABLE else None


async def _download_from(region: RegionCrawl, queue: Queue) -> None:
    for connection_id, judge in queue:
        answer = await _download(region, connection_id, judge)
        before = region.given_up.pop(connection_id, None)
        if isinstance(answer, Failure):
            named = msgspec.structs.replace(answer, vpn_connection_id=connection_id)
            region.given_up[connection_id] = named
        else:
            region.downloads.put(connection_id, answer)
            region.failures += statement_failures(answer)
        if before is None:
            is_read = not isinstance(answer, Failure)
            region.on_event(ConnectionRead(region.place.region_id or "", is_read))


async def _download(
    region: RegionCrawl, connection_id: str, judge: KeyJudge | None
) -> Statement | Failure:
    """Return one configuration from the checkpoint, or download it and store it there."""
    checkpoint = region.caller.checkpoint
    place = (region.caller.name, region.place.region_id or "", _DOWNLOAD)
    known = checkpoint.recall(*place, connection_id) if checkpoint else None
    if isinstance(known, Statement):
        return known
    answer = await region.caller.ask(
        _DOWNLOAD,
        region.place,
        {"VpnConnectionId": connection_id},
        partial(decode_download, vpn_connection_id=connection_id, judge=judge),
    )
    if isinstance(answer, Failure):
        return await explain_gone(
            answer,
            region.caller,
            region.place,
            parameter="VpnConnectionId",
            thing_id=connection_id,
        )
    stamped = msgspec.structs.replace(answer, fetched_ms=_now_ms(region))
    if checkpoint:
        await checkpoint.keep(*place, stamped, subject=connection_id)
    return stamped


def _joined(
    region: RegionCrawl,
    listed: Mapping[str, Statement],
    answers: Mapping[str, _Answers],
    gateways: Mapping[str, Gateway],
) -> Records:
    """Join the connections of one part with their routes, and report where answers differ."""
    connections, disagreements, routes = [], [], list[RouteEntry]()
    for connection_id, statement in listed.items():
        own, known = own_gateways(statement, gateways), answers.get(connection_id, _Answers())
        connection, differing = join_statements(known.download, statement, gateways=own)
        leading = msgspec.structs.replace(
            connection,
            has_known_routes=region.routes.are_known(statement) if region.routes else None,
            has_weighed_routes=known.routes.is_weighed,
        )
        connections.append(_here(region, leading))
        disagreements += [_here(region, one) for one in differing]
        routes += known.routes.entries
    return Records(
        connections=tuple(connections), disagreements=tuple(disagreements), routes=tuple(routes)
    )


def _list_failures(region: RegionCrawl) -> Iterator[Failure]:
    for action, listing in region.listings.items():
        yield from listing.failures(action, at_ms=region.listed_ms)


def _coverage(region: RegionCrawl) -> Coverage:
    listing = region.listings.get("DescribeVpnConnections", Listing())
    n_listed, n_unattached = len(region.connection_ids), len(region.unattached_ids)
    # Attachments name connections that the list does not count, if it was read to its end.
    n_attached_alone = 0 if listing.failure else n_listed - len(listing.rows)
    n_expected = max(n_listed, listing.n_expected + n_attached_alone) - n_unattached
    n_read = n_listed - n_unattached - (region.n_wanted - len(region.downloads))
    tally = region.caller.tallies[region.place.region_id]
    return Coverage(
        status=_status(region, is_all_read=n_read == n_expected),
        account_id=region.caller.account_id,
        region_id=region.place.region_id,
        n_expected=n_expected,
        n_read=n_read,
        n_failed=n_expected - n_read,
        n_unattached=n_unattached,
        n_calls=tally.n_calls,
        n_throttled=tally.n_throttled,
        is_stable=all(listing.is_stable for listing in region.listings.values())
        and (region.routes is None or region.routes.is_stable),
        elapsed_s=region.elapsed_s,
    )


def _status(region: RegionCrawl, *, is_all_read: bool) -> CoverageStatus:
    hopeless = _hopeless(region)
    if hopeless is not None:
        return hopeless
    own = [listing for action, listing in region.listings.items() if action != _VPCS]
    if all(listing.failure and not listing.rows for listing in own):
        first = own[0].failure
        return status_of_nothing(first) if first else "unreachable"
    is_listed = all(one.is_whole for one in region.listings.values()) and not region.n_unlisted
    is_routed = region.routes is None or not region.routes.lost
    return "complete" if is_listed and is_routed and is_all_read else "partial"


def status_of_nothing(failure: Failure) -> CoverageStatus:
    """Return the status of a region or an account from which nothing could be read."""
    return "denied" if failure.kind in ("denied", "credentials") else "unreachable"


def _here(region: RegionCrawl, record: T) -> T:
    """Return the record with this account and region."""
    return msgspec.structs.replace(
        record, account_id=region.caller.account_id, region_id=region.place.region_id
    )


def _now_ms(region: RegionCrawl) -> int:
    return int(region.caller.clock.utc_now().timestamp() * 1000)
