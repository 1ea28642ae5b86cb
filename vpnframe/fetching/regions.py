"""Fetch one region of one account: its lists, routes and downloads."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, groupby, islice, zip_longest
from typing import Any, TypeVar

from msgspec.structs import replace

from vpnframe.cloud.actions import (
    ATTACHMENTS,
    CONNECTIONS,
    DOWNLOAD,
    LISTS,
    RECORD_TABLES,
    REGION_LISTS,
)
from vpnframe.cloud.answers import decode_download
from vpnframe.cloud.notes import record_failures
from vpnframe.cloud.retries import PASSING
from vpnframe.fetching.blocking import run_all
from vpnframe.fetching.call_counts import Estimate, estimate, list_calls
from vpnframe.fetching.caller import Caller, Place
from vpnframe.fetching.events import ConnectionRead, Listener, RegionRead
from vpnframe.fetching.listing import ListCall, Listing, explain_gone
from vpnframe.fetching.packed import PackedRecords, Part, side_by_side
from vpnframe.fetching.routes import RegionRoutes
from vpnframe.model.key_hints import gateway_words, judge_of, pack_known
from vpnframe.model.named_gateways import GATEWAY_LISTS, NamedGateways
from vpnframe.model.psk import KeyJudge
from vpnframe.model.records import (
    Coverage,
    CoverageStatus,
    Disagreement,
    Failure,
    Record,
    Records,
    RouteEntry,
    RoutesInto,
    Statement,
)
from vpnframe.model.routes import holder_of
from vpnframe.model.sources import join_statements, own_gateways, with_attachments

T = TypeVar("T", bound=Record)
Queue = Iterator[tuple[str, KeyJudge | None]]
_DOWNLOADS_AT_ONCE = 16  # more than enough to fill the published quota at usual latencies
_TRIES_AGAIN = 3  # downloads that are retried one by one before a silent region is given up
_STAGES = [list(stage) for _, stage in groupby(REGION_LISTS, key=lambda action: action.stage)]
_FIRST = _STAGES[0][0].name


@dataclass(slots=True)
class RegionCrawl:
    """Reads one region of one account; its attributes contain what was read so far."""

    caller: Caller  # of the account
    place: Place
    on_event: Listener
    has_routes: bool = True  # whether VPCs and routes are read, too
    listings: dict[str, Listing] = field(default_factory=dict)
    connection_ids: list[str] = field(default_factory=list)
    unattached_ids: set[str] = field(default_factory=set)
    n_unlisted: int = 0
    listed_ms: int = 0
    n_wanted: int = 0
    holders: dict[str, str] = field(default_factory=dict)  # as in RegionRoutes
    routes: RegionRoutes | None = None
    downloads: PackedRecords = field(default_factory=PackedRecords)
    known: list[bytes] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    given_up: dict[str, Failure] = field(default_factory=dict)
    elapsed_s: float = 0.0

    async def list_all(self) -> None:
        """Read all lists; stop after the first one if it shows that the region cannot be read."""
        started = self.caller.clock.monotonic()
        for stage in _STAGES:
            wanted = [one.name for one in stage if self.has_routes or not one.is_for_routes]
            await run_all(map(self._list, wanted))
            if self._is_hopeless():
                break
        self.listed_ms = self.caller.now_ms()
        self._look_through()
        if self.has_routes and not self._is_hopeless():
            await self._read_routes()
        self.elapsed_s += self.caller.clock.monotonic() - started

    async def _list(self, action: str) -> None:
        former = self.listings.get(action)
        if former is not None and not former.may_succeed:
            return
        key, judge = self.caller.fingerprint_key, None
        if action == CONNECTIONS and key is not None:
            judge = KeyJudge(key, gateway_words(self._found("gateways").values()))
        listing = await ListCall(self.caller, action, self.place, judge=judge).recall()
        if former is not None and listing.failure and len(former.rows) > len(listing.rows):
            listing = former
        self.listings[action] = listing

    async def _read_routes(self) -> None:
        """Read the routes, unless an earlier reading for the same holders was complete.

        Holders are the resources that have lists of routes. The earlier routes are kept if the new
        reading has more holders with incomplete lists.
        """
        former = self.routes if self.routes and self.routes.holders == self.holders else None
        if former is None or former.lost:
            routes = RegionRoutes(self.caller, self.place, self.holders, self.on_event)
            await routes.read_all()
            routes.arrange(self.connection_ids)
            if former is None or len(routes.lost) <= len(former.lost):
                self.routes = routes

    def _look_through(self) -> None:
        """Collect from the lists: connections, resources that have routes, and failures."""
        self.failures = [failure for failure in self.failures if failure.action == DOWNLOAD]
        self.connection_ids, self.known, self.unattached_ids, self.n_unlisted = [], [], set(), 0
        gateways = self._found("gateways")
        vpn_gateways = [one.gateway_id for one in gateways.values() if one.kind == "vpn"]
        self.holders = dict.fromkeys(vpn_gateways, "VpnGatewayId")
        named, words = NamedGateways(), gateway_words(gateways.values())
        for statements in self._statements():
            self.connection_ids += statements
            for statement in statements.values():
                named.add(statement)
                holder = holder_of(statement)
                if holder is not None:
                    is_own = holder == statement.vpn_connection_id
                    self.holders[holder] = "VpnConnectionId" if is_own else "VpnGatewayId"
                if statement.is_unattached:
                    self.unattached_ids.add(statement.vpn_connection_id)
                self.failures += record_failures(statement)
                if self.caller.fingerprint_key is not None:
                    self.known.append(pack_known(statement, words))
        for table in RECORD_TABLES:
            self.failures += record_failures(*self._found(table).values())
        # Report gateways that a connection names, but that a complete list does not contain.
        for action in GATEWAY_LISTS:
            listing = self.listings.get(action)
            if listing is not None and listing.is_whole and not listing.notes:
                for failure in named.unlisted(action, gateways.keys()):
                    self.n_unlisted += 1
                    self.failures.append(replace(failure, at_ms=self.listed_ms))

    async def list_again(self) -> None:
        """Retry the lists that failed for transient reasons."""
        routes_failures = self.routes.failures if self.routes else []
        are_routes_missing = any(failure.kind in PASSING for failure in routes_failures)
        if not are_routes_missing and not any(one.may_succeed for one in self.listings.values()):
            return
        await self.list_all()
        # Downloads are only counted, so drop those of connections that are no longer listed.
        listed = set(self.connection_ids)
        self.downloads = self.downloads.in_order(listed)
        self.given_up = {i: failure for i, failure in self.given_up.items() if i in listed}

    async def download(self, connection_ids: list[str]) -> None:
        """Download configurations with several workers; the quota limits their pace."""
        self.n_wanted = len(connection_ids)
        await self._download_all(self._queue(connection_ids), at_once=_DOWNLOADS_AT_ONCE)
        self.on_event(RegionRead(self.place.region_id or "", self._coverage().status))

    async def download_again(self, connection_ids: list[str]) -> None:
        """Retry transient failures of downloads; give up if all of the first few fail again."""
        self.n_wanted, n_before = len(connection_ids), len(self.downloads)
        settled = {i for i, failure in self.given_up.items() if failure.kind not in PASSING}
        if len(settled) + n_before != self.n_wanted:
            settled |= {*self.downloads.ids()}
            missing = [i for i in connection_ids if i not in settled]
            queue = self._queue(missing)
            for one in islice(queue, _TRIES_AGAIN):
                await self._download_all(iter([one]), at_once=1)
                if len(self.downloads) > n_before:
                    await self._download_all(queue, at_once=_DOWNLOADS_AT_ONCE)
            if missing:
                self.on_event(RegionRead(self.place.region_id or "", self._coverage().status))
        self.known = []

    def _queue(self, connection_ids: list[str]) -> Queue:
        """Yield the id of each connection to download, with a KeyJudge for its pre-shared keys."""
        key, wanted = self.caller.fingerprint_key, set(connection_ids)
        # Without a fingerprint key, nothing is known about the keys in the list rows.
        for connection_id, known in zip_longest(self.connection_ids, self.known):
            if connection_id in wanted:
                judge = judge_of(known, connection_id=connection_id, key=key) if key else None
                yield connection_id, judge

    async def _download_all(self, queue: Queue, *, at_once: int) -> None:
        started = self.caller.clock.monotonic()
        await run_all(self._download_from(queue) for _ in range(at_once))
        self.elapsed_s += self.caller.clock.monotonic() - started

    async def _download_from(self, queue: Queue) -> None:
        for connection_id, judge in queue:
            answer = await self._download(connection_id, judge)
            before = self.given_up.pop(connection_id, None)
            if isinstance(answer, Failure):
                self.given_up[connection_id] = replace(answer, vpn_connection_id=connection_id)
            else:
                self.downloads.put(connection_id, answer)
                self.failures += record_failures(answer)
            if before is None:
                is_read = not isinstance(answer, Failure)
                self.on_event(ConnectionRead(self.place.region_id or "", is_read))

    async def _download(self, connection_id: str, judge: KeyJudge | None) -> Statement | Failure:
        """Return a configuration from the checkpoint; if it is not there, download and store it."""
        checkpoint, key = self.caller.checkpoint, self.caller.key(DOWNLOAD, self.place)
        known = checkpoint.recall(*key, connection_id) if checkpoint else None
        if isinstance(known, Statement):
            return known
        about = {"VpnConnectionId": connection_id}
        decode = partial(decode_download, vpn_connection_id=connection_id, judge=judge)
        answer = await self.caller.ask(DOWNLOAD, self.place, about, decode)
        if isinstance(answer, Failure):
            return await explain_gone(answer, self.caller, self.place, about)
        stamped = replace(answer, fetched_ms=self.caller.now_ms())
        if checkpoint:
            await checkpoint.keep(*key, stamped, subject=connection_id)
        return stamped

    def _rows(self, action: str) -> Iterator[dict[str, Any]]:
        """Yield the rows of a list call by id, in dictionaries of about 1,000 rows."""
        return self.listings.get(action, Listing()).rows.parts()

    def _found(self, table: str) -> dict[str, Any]:
        """Return a table's listed rows by id, in order of id; add account and region."""
        actions = [action.name for action in REGION_LISTS if action.table == table]
        parts = chain.from_iterable(map(self._rows, actions))
        rows = {row_id: self._here(row) for part in parts for row_id, row in part.items()}
        return dict(sorted(rows.items()))

    def _statements(self) -> Iterator[dict[str, Statement]]:
        """Merge the lists of connections and attachments; yield batches, sorted by id."""
        attached = self._rows(ATTACHMENTS)
        for rows in side_by_side(self._rows(CONNECTIONS), attached):
            yield {
                connection_id: replace(statement, fetched_ms=self.listed_ms)
                for connection_id, statement in sorted(with_attachments(*rows).items())
            }

    def estimate(self, share: float) -> Estimate:
        """Estimate the API calls and the seconds if a share of the configurations is downloaded."""
        row, calls = self._coverage(), dict[str, int]()
        if row.status in ("complete", "partial"):
            calls = {name: list_calls(len(one.rows)) for name, one in self.listings.items()}
        calls |= self.routes.n_calls if self.routes else {}
        n_connections = len(self.connection_ids)
        calls[DOWNLOAD] = math.ceil(share * (n_connections - row.n_unattached))
        return estimate(row, calls, self.caller.lanes.rate_limiter, n_connections=n_connections)

    def outcome(self) -> Records:
        """Return the failures and the coverage row of the region, as Records."""
        failures = [
            failure
            for action, listing in self.listings.items()
            for failure in listing.failures(action, at_ms=self.listed_ms)
        ]
        failures += [*self.failures, *self.given_up.values()]
        failures += self.routes.failures if self.routes else []
        failures.sort(key=lambda f: (f.action or "", f.vpn_connection_id or ""))
        return Records(failures=tuple(map(self._here, failures)), coverage=(self._coverage(),))

    def parts(self) -> Iterator[Records]:
        """Yield everything that was read, in parts; the first part contains no connections."""
        gateways = self._found("gateways")
        tables = {table: tuple(self._found(table).values()) for table in RECORD_TABLES}
        strays = tuple(self.routes.strays) if self.routes else ()
        yield replace(self.outcome(), **tables, routes=strays)
        downloads = self.downloads.in_order().parts()
        routes = self.routes.into.parts() if self.routes else ()
        for listed, downloaded, leading in side_by_side(self._statements(), downloads, routes):
            yield self._joined(listed, downloaded, leading, gateways)

    def _joined(self, listed: Part, downloaded: Part, leading: Part, gateways: Part) -> Records:
        """Combine what the list, the download and the routes say about each connection."""
        connections, disagreements, routes = [], list[Disagreement](), list[RouteEntry]()
        for connection_id, statement in listed.items():
            into = leading.get(connection_id, RoutesInto())
            connection, differing = join_statements(
                downloaded.get(connection_id), statement, gateways=own_gateways(statement, gateways)
            )
            known = holder_of(statement) not in self.routes.lost if self.routes else None
            here = self._here(connection)
            connections.append(
                replace(here, has_known_routes=known, has_weighed_routes=into.is_weighed)
            )
            disagreements += map(self._here, differing)
            routes += into.entries
        return Records(
            connections=tuple(connections), disagreements=tuple(disagreements), routes=tuple(routes)
        )

    def _coverage(self) -> Coverage:
        listing = self.listings.get(CONNECTIONS, Listing())
        n_listed, n_unattached = len(self.connection_ids), len(self.unattached_ids)
        # The list's count omits connections that only attachments name; unknown if it failed.
        n_attached_alone = 0 if listing.failure else n_listed - len(listing.rows)
        n_expected = max(n_listed, listing.n_expected + n_attached_alone) - n_unattached
        n_read = n_listed - n_unattached - (self.n_wanted - len(self.downloads))
        tally = self.caller.tallies[self.place.region_id]
        return Coverage(
            status=self._status(is_all_read=n_read == n_expected),
            account_id=self.caller.account_id,
            region_id=self.place.region_id,
            n_expected=n_expected,
            n_read=n_read,
            n_failed=n_expected - n_read,
            n_unattached=n_unattached,
            n_calls=tally.n_calls,
            n_throttled=tally.n_throttled,
            is_stable=all(listing.is_stable for listing in self.listings.values())
            and (self.routes is None or self.routes.is_stable),
            elapsed_s=self.elapsed_s,
        )

    def _status(self, *, is_all_read: bool) -> CoverageStatus:
        if self._is_hopeless():
            return "unreachable"
        own = [one for name, one in self.listings.items() if not LISTS[name].is_for_routes]
        if all(listing.failure and not listing.rows for listing in own):
            first = own[0].failure
            return status_of_nothing(first) if first else "unreachable"
        is_listed = all(one.is_whole for one in self.listings.values()) and not self.n_unlisted
        is_routed = self.routes is None or not self.routes.lost
        return "complete" if is_listed and is_routed and is_all_read else "partial"

    def _is_hopeless(self) -> bool:
        """Check whether the first list shows that a region is silent or that its id is unknown."""
        listing = self.listings[_FIRST]
        failure = listing.failure
        if failure is None or listing.rows:
            return False
        is_unknown = (failure.code or "").lower().startswith("invalidregionid")
        return is_unknown or failure.kind in ("network", "timeout")

    def _here(self, record: T) -> T:
        """Return a copy of a record with the account and region of this crawl."""
        return replace(record, account_id=self.caller.account_id, region_id=self.place.region_id)


def status_of_nothing(failure: Failure) -> CoverageStatus:
    """Return the status of a region or account that was not read because of ``failure``."""
    return "denied" if failure.kind in ("denied", "credentials") else "unreachable"
