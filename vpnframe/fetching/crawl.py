"""Fetch accounts and their regions in parallel, and report in tables what cannot be read."""

from __future__ import annotations

import difflib
import math
import random
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from vpnframe.cloud.actions import STS_HOST, VPC_HOST
from vpnframe.cloud.answers import decode_account_id
from vpnframe.cloud.endpoints import cloud_url
from vpnframe.cloud.permissions import refused_sentence
from vpnframe.cloud.retries import PASSING
from vpnframe.errors import RequestError, SettingsError
from vpnframe.fetching import events
from vpnframe.fetching.blocking import run_all
from vpnframe.fetching.call_counts import Estimate, estimate
from vpnframe.fetching.caller import Caller, Place
from vpnframe.fetching.listing import ListCall, Listing
from vpnframe.fetching.regions import RegionCrawl, status_of_nothing
from vpnframe.model.records import Coverage, CoverageStatus, Failure, Records

_SHARE = re.compile(r"(100|[1-9]?[0-9])(?:\.[0-9]+)?%")


@dataclass(frozen=True, slots=True)
class Plan:
    """The options that decide what a fetch reads, and from which hosts."""

    regions: Collection[str] | None = None  # region ids; None for all that the account has
    skip_regions: Collection[str] = ()  # regions that are not queried; ``coverage`` reports them
    # ``all``: every connection's configuration; ``none``: only the list rows; a share such as
    # ``5%``: a random sample
    downloads: str = "all"
    seed: str = ""  # seed of that sample; equal seeds draw equal samples
    endpoint: str | None = None  # one URL for every call, instead of the cloud's own hosts
    on_event: events.Listener = field(default=events.ignore)
    routes: bool = True  # whether VPCs and routes are read, too

    def place(self, host: str) -> Place:
        """Return the Place for calls to ``host`` that belong to no region."""
        return Place(self.endpoint or f"https://{host}")

    def places(self, known: Mapping[str, str | None]) -> Iterator[tuple[str, Place | None, str]]:
        """Yield each region's id, Place (None to skip the region) and problem ("" if none)."""
        # The endpoint that DescribeRegions returned (``known``) is used if it is a cloud host.
        for region_id in sorted(known if self.regions is None else set(self.regions)):
            host, usual = known.get(region_id), f"vpc.{region_id}.aliyuncs.com"
            url = self.endpoint or cloud_url(host) or cloud_url(usual)
            if region_id in self.skip_regions:
                yield region_id, None, ""
            elif url is None:
                yield region_id, None, f"{region_id!r} is not a region id"
            elif self.endpoint or host is None or cloud_url(host):
                yield region_id, Place(url, region_id), ""
            else:
                what = f"has the endpoint {host!r}, not a cloud host: {usual} is used instead"
                yield region_id, Place(url, region_id), f"{region_id!r} {what}"

    def unknown_skips(self, known: Collection[str]) -> Iterator[str]:
        """Yield a message for each unknown region to skip; none if ``known`` is empty."""
        unknown = {*self.skip_regions} - {*known, *(self.regions or ())} if known else ()
        for region_id in sorted(unknown):
            near = difflib.get_close_matches(region_id, known, n=1)
            meant = f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(known))}"
            yield f"there is no region {region_id!r} to skip: {meant}"


def parse_downloads(text: str) -> float:
    """Convert the option ``downloads`` to a fraction of the configurations: 0.05 for ``5%``."""
    if text in ("all", "none"):
        return 1.0 if text == "all" else 0.0
    if not _SHARE.fullmatch(text) or float(text[:-1]) > 100:
        raise SettingsError(f"downloads is {text!r}: write all, none, or a share such as 5%")
    return float(text[:-1]) / 100


@dataclass(slots=True)
class AccountCrawl:
    """Reads one account; its attributes contain what was read so far."""

    caller: Caller  # its ``account_id`` is filled in by :meth:`list_all`
    plan: Plan
    identity: str | Failure | None = None  # result of GetCallerIdentity, if it was already called
    doubles: list[Failure] = field(default_factory=list)  # one per further profile of it
    regions: list[RegionCrawl] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    coverage: list[Coverage] = field(default_factory=list)
    _n_throttled: int = 0  # throttled calls that events reported so far

    async def identify(self) -> str | Failure:
        """Return the account's id from GetCallerIdentity, or the Failure of that call."""
        place = self.plan.place(STS_HOST)
        return await self.caller.ask("GetCallerIdentity", place, {}, decode_account_id)

    def take_identity(self, identity: str | Failure) -> None:
        """Store the account's id, or the failure because of which the id is unknown."""
        self.identity = identity
        if isinstance(identity, str):
            self.caller.account_id = identity

    async def list_all(self) -> None:
        """Read the account's id, its regions, and the lists of resources in every region."""
        if self.identity is None:
            self.take_identity(await self.identify())
        if isinstance(self.identity, Failure):
            self.failures.append(self.identity)
            if self.identity.kind == "credentials":
                self._cover(status_of_nothing(self.identity))
                return
        listing = await ListCall(self.caller, "DescribeRegions", self.plan.place(VPC_HOST)).recall()
        if listing.failure is not None:
            self.failures.append(listing.failure)
            if self.plan.regions is None:
                self._cover(status_of_nothing(listing.failure))
                return
        self._find_regions(listing)
        await run_all(region.list_all() for region in self.regions)

    def _cover(self, status: CoverageStatus, region_id: str | None = None) -> None:
        """Add a coverage row for a region that was not read; without id, for the account."""
        account_id = self.caller.account_id
        self.coverage.append(Coverage(account_id=account_id, region_id=region_id, status=status))

    def _find_regions(self, listing: Listing) -> None:
        caller, action = self.caller, "DescribeRegions"
        fail = partial(caller.failure, action=action)
        known = {r.region_id: r.endpoint for part in listing.rows.parts() for r in part.values()}
        self.failures += [fail(n.kind, f"{n.field} {n.message}") for n in listing.notes]
        self.failures += [fail("settings", text) for text in self.plan.unknown_skips(known)]
        for region_id, place, problem in self.plan.places(known):
            if problem:
                self.failures.append(fail("parameter", problem, region_id=region_id))
            if place:
                self.regions.append(RegionCrawl(caller, place, self._report, self.plan.routes))
            else:
                self._cover("unreachable" if problem else "skipped", region_id)
        self._report(events.RegionsFound(len(self.regions)))

    def _report(self, event: events.Event) -> None:
        """Send an event to the listener, after a Throttled event if calls were newly throttled."""
        n_throttled = sum(tally.n_throttled for tally in self.caller.tallies.values())
        n_new, self._n_throttled = n_throttled - self._n_throttled, n_throttled
        for one in (*([events.Throttled(n_new)] if n_new else []), event):
            events.tell(self.plan.on_event, replace(one, account_id=self.caller.account_id))

    def chosen(self, region: RegionCrawl) -> list[str]:
        """Return the ids of the region's connections whose configurations are to be downloaded."""
        ids = [i for i in region.connection_ids if i not in region.unattached_ids]
        share = parse_downloads(self.plan.downloads)
        if share in (0.0, 1.0):
            return ids if share else []
        draw = random.Random(f"{self.plan.seed}/{region.place.region_id}")
        return sorted(draw.sample(sorted(ids), math.ceil(share * len(ids))))

    def choose(self) -> None:
        """Set how many configurations to download per region. They count as not read yet."""
        for region in self.regions:
            region.n_wanted = len(self.chosen(region))

    async def download(self) -> None:
        """Download the chosen configurations of all regions of this account."""
        chosen = [(region, self.chosen(region)) for region in self.regions]
        for region, ids in chosen:
            self._report(events.ConnectionsFound(region.place.region_id or "", len(ids)))
        await run_all(region.download(ids) for region, ids in chosen)

    async def read_again(self) -> None:
        """Retry the calls that failed for transient reasons; call this after all downloads."""
        if self.caller.is_over():
            return
        if not self.regions and any(failure.kind in PASSING for failure in self.failures):
            self.identity, self.failures, self.coverage = None, [], []
            await self.list_all()
        elif isinstance(self.identity, Failure) and self.identity.kind in PASSING:
            found = await self.identify()
            if isinstance(found, str):
                self.failures.remove(self.identity)
                self.take_identity(found)
        await run_all(region.list_again() for region in self.regions)
        await run_all(region.download_again(self.chosen(region)) for region in self.regions)

    def own(self) -> Records:
        """Return the failures and coverage rows that belong to the account as a whole."""
        return Records(failures=(*self.doubles, *self.failures), coverage=tuple(self.coverage))


@dataclass(slots=True)
class FleetCrawl:
    """Reads all accounts of a fetch."""

    accounts: list[AccountCrawl]

    async def list_all(self) -> None:
        """Read the lists of resources of all accounts in parallel."""
        await run_all(account.list_all() for account in self.accounts)

    async def download(self) -> None:
        """Download the chosen configurations, then retry what failed for transient reasons."""
        await run_all(account.download() for account in self.accounts)
        await run_all(account.read_again() for account in self.accounts)

    def estimates(self) -> tuple[Estimate, ...]:
        """Return the estimated API calls and seconds for each region of each account."""
        found: list[Estimate] = []
        for account in self.accounts:
            share = parse_downloads(account.plan.downloads)
            limiter = account.caller.lanes.rate_limiter
            found += [estimate(row, {}, limiter) for row in account.coverage]
            found += [region.estimate(share) for region in account.regions]
        return tuple(found)

    def outcome(self) -> Records:
        """Return the failures and coverage rows of all accounts."""
        parts: list[Records] = []
        for account in self.accounts:
            parts += [account.own(), *(region.outcome() for region in account.regions)]
        return Records(
            failures=tuple(failure for part in parts for failure in part.failures),
            coverage=tuple(row for part in parts for row in part.coverage),
        )

    def parts(self, *, release: bool = False) -> Iterator[Records]:
        """Yield everything that was read, as several Records.

        The first Records of each account contain no region. With ``release``, the memory of a
        region is freed after its last Records.
        """
        for account in self.accounts:
            yield account.own()
            regions = account.regions if release else [*account.regions]
            while regions:
                yield from regions.pop(0).parts()

    def raise_if_nothing(self) -> None:
        """Raise RequestError if nothing could be read; an empty fleet is not an error."""
        outcome = self.outcome()
        if any(row.status in ("complete", "partial", "absent") for row in outcome.coverage):
            return
        if not outcome.failures:
            raise RequestError("the account has no regions")
        # The last failure of an account is the cause; a failed GetCallerIdentity before it is not.
        last = {failure.account_id: failure for failure in outcome.failures}
        refused = refused_sentence(failure.message for failure in outcome.failures)
        causes = "; ".join([*map(_what_ended, last.values()), *([refused] if refused else [])])
        raise RequestError(f"nothing could be read: {causes}")


def _what_ended(failure: Failure) -> str:
    """Describe a failure by its API call, region, account and message."""
    where = f" in {failure.region_id}" if failure.region_id else ""
    whose = f" of account {failure.account_id}" if failure.account_id else ""
    is_refused = failure.kind == "credentials" and failure.code is not None
    remedy = ". Check the access key" if is_refused else ""
    return f"{failure.action}{where}{whose}: {failure.message.rstrip('.')}{remedy}"
