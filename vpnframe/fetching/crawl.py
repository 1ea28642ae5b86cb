"""Crawl an account: its regions in parallel, their lists, and a download per connection.

Whatever cannot be read becomes a failure and a coverage row; the run continues for the others.
"""

from __future__ import annotations

import asyncio
import difflib
import math
import random
import re
from collections.abc import Collection, Coroutine, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from vpnframe.cloud.actions import STS_HOST, VPC_HOST
from vpnframe.cloud.answers import decode_account_id
from vpnframe.cloud.endpoints import cloud_url
from vpnframe.cloud.retries import PASSING
from vpnframe.errors import SettingsError
from vpnframe.fetching.call_counts import Listed
from vpnframe.fetching.caller import Caller, Place
from vpnframe.fetching.events import ConnectionsFound, Listener, RegionsFound, ignore
from vpnframe.fetching.listing import Listing, recall_listing
from vpnframe.fetching.regions import RegionCrawl, status_of_nothing
from vpnframe.model.notes import note_failure
from vpnframe.model.records import Coverage, CoverageStatus, Failure, Records, Region

_SHARE = re.compile(r"(100|[1-9]?[0-9])(?:\.[0-9]+)?%")


@dataclass(frozen=True, slots=True)
class Plan:
    """What a crawl reads."""

    regions: Collection[str] | None = None  # region ids; None for all that the account has
    skip_regions: Collection[str] = ()  # regions that are not queried; ``coverage`` reports them
    # ``all``: every connection's configuration; ``none``: only the list rows; a share such as
    # ``5%``: a random sample
    downloads: str = "all"
    seed: str = ""  # of that sample; equal seeds draw equal samples
    endpoint: str | None = None  # one URL for every call, instead of the cloud's own hosts
    on_event: Listener = field(default=ignore)  # receives the events
    routes: bool = True  # whether VPCs and routes are read, too

    def chosen(self, region_id: str | None, connection_ids: list[str]) -> list[str]:
        """Return the connections of a region whose configurations are to be downloaded."""
        share = parse_downloads(self.downloads)
        if share in (0.0, 1.0):
            return connection_ids if share else []
        n_chosen = math.ceil(share * len(connection_ids))
        # Used for sampling, not for secrets.
        draw = random.Random(f"{self.seed}/{region_id}")
        return sorted(draw.sample(sorted(connection_ids), n_chosen))


def parse_downloads(text: str) -> float:
    """Parse which share of the configurations is to be downloaded.

    Examples
    --------
    >>> parse_downloads("all"), parse_downloads("5%")
    (1.0, 0.05)
    """
    if text in ("all", "none"):
        return 1.0 if text == "all" else 0.0
    if not _SHARE.fullmatch(text) or float(text[:-1]) > 100:
        raise SettingsError(f"downloads is {text!r}: write all, none, or a share such as 5%")
    return float(text[:-1]) / 100


@dataclass(slots=True)
class AccountCrawl:
    """One account while it is read."""

    caller: Caller  # of the account; its ``account_id`` is filled in by :meth:`list_all`
    plan: Plan  # what to read
    identity: str | Failure | None = None  # result of GetCallerIdentity, if it was already called
    regions: list[RegionCrawl] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    coverage: list[Coverage] = field(default_factory=list)

    async def list_all(self) -> None:
        """Read the account's identity, its regions, and every list of every region."""
        if self.identity is None:
            self.identity = await identify(self.caller, self.plan)
        if isinstance(self.identity, Failure):
            self.failures.append(self.identity)
            if self.identity.kind == "credentials":
                self._give_up(self.identity)
                return
        else:
            self.caller.account_id = self.identity
        listing = await recall_listing(self.caller, "DescribeRegions", _place(self.plan, VPC_HOST))
        if listing.failure is not None:
            self.failures.append(listing.failure)
            if self.plan.regions is None:
                self._give_up(listing.failure)
                return
        self._find_regions(listing)
        await _for_each(region.list_all() for region in self.regions)

    def _find_regions(self, listing: Listing) -> None:
        account_id, plan = self.caller.account_id, self.plan
        now_ms = int(self.caller.clock.utc_now().timestamp() * 1000)
        noted = [note_failure(n, action="DescribeRegions", at_ms=now_ms) for n in listing.notes]
        found = _find_places(plan, listing)
        self.failures += [
            msgspec.structs.replace(failure, account_id=account_id, at_ms=now_ms)
            for failure in [*noted, *found.failures]
        ]
        self.coverage += [
            Coverage(account_id=account_id, region_id=region_id, status=status)
            for region_id, status in found.not_asked
        ]
        self.regions = [
            RegionCrawl(self.caller, place, plan.on_event, plan.routes) for place in found.places
        ]
        plan.on_event(RegionsFound(account_id, len(found.places)))

    def choose(self) -> None:
        """Set what is to be downloaded; ``coverage`` counts it as missing until it is read."""
        for region in self.regions:
            region.n_wanted = len(self._chosen(region))

    def _chosen(self, region: RegionCrawl) -> list[str]:
        return self.plan.chosen(region.place.region_id, region.downloadable_ids)

    async def download(self) -> None:
        """Download the chosen configurations of every region."""
        chosen = [(region, self._chosen(region)) for region in self.regions]
        for region, ids in chosen:
            self.plan.on_event(ConnectionsFound(region.place.region_id or "", len(ids)))
        await _for_each(region.download(ids) for region, ids in chosen)

    async def read_again(self) -> None:
        """Retry, after everything else, what was not read for transient reasons."""
        if self.caller.is_over():
            return
        if not self.regions and any(failure.kind in PASSING for failure in self.failures):
            self.identity, self.failures, self.coverage = None, [], []
            await self.list_all()
        elif isinstance(self.identity, Failure) and self.identity.kind in PASSING:
            await self._identify_again(self.identity)
        unlisted = [region for region in self.regions if region.lists_are_missing]
        await _for_each(region.list_again() for region in unlisted)
        await _for_each(region.download_again(self._chosen(region)) for region in self.regions)

    async def _identify_again(self, failure: Failure) -> None:
        found = await identify(self.caller, self.plan)
        if isinstance(found, str):
            self.failures.remove(failure)
            self.identity = self.caller.account_id = found

    def listed(self) -> Iterator[Listed]:
        """Yield the results of the lists of each region."""
        yield from map(Listed, self.coverage)
        for region in self.regions:
            yield region.listed()

    def outcome(self) -> Records:
        """Return the failures and the coverage."""
        return merge_records([self._own(), *(region.outcome() for region in self.regions)])

    def parts(self) -> Iterator[Records]:
        """Yield everything read so far, in parts; those of a region are consecutive."""
        yield self._own()
        for region in self.regions:
            yield from region.parts()

    def take_parts(self) -> Iterator[Records]:
        """Yield the same parts, and release each region whose parts were taken."""
        yield self._own()
        self.regions.reverse()
        while self.regions:
            yield from self.regions.pop().parts()

    def _own(self) -> Records:
        return Records(failures=tuple(self.failures), coverage=tuple(self.coverage))

    def _give_up(self, failure: Failure) -> None:
        """Record that nothing of the account can be read."""
        status = status_of_nothing(failure)
        self.coverage.append(Coverage(account_id=self.caller.account_id, status=status))


async def _for_each(works: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Run the work of all regions in parallel: each region has its own quotas."""
    async with asyncio.TaskGroup() as group:
        for work in works:
            group.create_task(work)


def merge_records(parts: Iterable[Records]) -> Records:
    """Join records of several regions or accounts, in their order.

    Examples
    --------
    >>> one = Records(coverage=(Coverage(status="complete"),))
    >>> [row.status for row in merge_records([one, Records(), one]).coverage]
    ['complete', 'complete']
    """
    parts = list(parts)
    return Records(
        connections=tuple(c for part in parts for c in part.connections),
        gateways=tuple(g for part in parts for g in part.gateways),
        routes=tuple(r for part in parts for r in part.routes),
        vpcs=tuple(v for part in parts for v in part.vpcs),
        failures=tuple(f for part in parts for f in part.failures),
        coverage=tuple(c for part in parts for c in part.coverage),
        disagreements=tuple(d for part in parts for d in part.disagreements),
    )


async def identify(caller: Caller, plan: Plan) -> str | Failure:
    """Return the main account's id from GetCallerIdentity, or the failure."""
    return await caller.ask("GetCallerIdentity", _place(plan, STS_HOST), {}, decode_account_id)


def _place(plan: Plan, host: str) -> Place:
    return Place(plan.endpoint or f"https://{host}")


@dataclass(slots=True)
class _FoundRegions:
    """Places of the regions, and the regions that are not queried."""

    places: list[Place] = field(default_factory=list)
    not_asked: list[tuple[str, CoverageStatus]] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)


def _find_places(plan: Plan, listing: Listing) -> _FoundRegions:
    """Find one place per region: the endpoint in DescribeRegions, if it is a cloud host."""
    rows = [row for part in listing.rows.parts() for row in part.values()]
    known = {row.region_id: row.endpoint for row in rows if isinstance(row, Region)}
    found = _FoundRegions(
        failures=[_skip_failure(one, known) for one in _unknown_skips(plan, known)]
    )
    for region_id in sorted(known if plan.regions is None else set(plan.regions)):
        if region_id in plan.skip_regions:
            found.not_asked.append((region_id, "skipped"))
            continue
        told, usual = known.get(region_id), f"vpc.{region_id}.aliyuncs.com"
        url = plan.endpoint or cloud_url(told) or cloud_url(usual)
        if url is None:
            found.not_asked.append((region_id, "unreachable"))
            found.failures.append(_place_failure(region_id, "is no region id"))
            continue
        found.places.append(Place(url, region_id))
        if told is not None and cloud_url(told) is None and not plan.endpoint:
            what = f"has {told!r} as its endpoint, no host of the cloud: {usual} is asked instead"
            found.failures.append(_place_failure(region_id, what))
    return found


def _unknown_skips(plan: Plan, known: Collection[str]) -> list[str]:
    """Return the regions to skip that do not exist, if the existing ones are known."""
    return sorted({*plan.skip_regions} - {*known, *(plan.regions or ())}) if known else []


def _skip_failure(region_id: str, known: Collection[str]) -> Failure:
    return Failure(
        kind="settings", message=unknown_skip(region_id, known), action="DescribeRegions"
    )


def unknown_skip(region_id: str, known: Collection[str]) -> str:
    """Return a message that a region to skip does not exist, with a suggestion.

    Examples
    --------
    >>> unknown_skip("cn-shangai", ["cn-beijing", "cn-shanghai"])
    "no region 'cn-shangai' is there to be skipped: did you mean cn-shanghai?"
    """
    near = difflib.get_close_matches(region_id, known, n=1)
    meant = f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(known))}"
    return f"no region {region_id!r} is there to be skipped: {meant}"


def _place_failure(region_id: str, what: str) -> Failure:
    return Failure(
        kind="parameter",
        message=f"{region_id!r} {what}",
        region_id=region_id,
        action="DescribeRegions",
    )
