"""Open the accounts of a fetch, each with its caller. Used by the network half only."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from vpnframe.cloud.credentials import Provider
from vpnframe.cloud.permissions import refused_sentence
from vpnframe.cloud.rate_limits import RateLimiter
from vpnframe.errors import RequestError
from vpnframe.fetching.access import Access
from vpnframe.fetching.accounts import Account
from vpnframe.fetching.call_counts import Estimate, Listed, estimate_regions
from vpnframe.fetching.caller import Caller
from vpnframe.fetching.checkpoint import Checkpoint
from vpnframe.fetching.checkpoint_owner import settle_identity
from vpnframe.fetching.crawl import AccountCrawl, identify, merge_records, parse_downloads
from vpnframe.fetching.events import EstimateMade, Event, Listener, Throttled, sentence
from vpnframe.fetching.regions import status_of_nothing
from vpnframe.model.records import Coverage, Failure, Records

log = logging.getLogger("vpnframe")


@dataclass(slots=True)
class Opened:
    """The accounts of a run."""

    crawls: list[AccountCrawl] = field(default_factory=list)  # those that are read
    others: Records = field(default_factory=Records)  # failures and coverage of those that are not

    async def list_all(self) -> None:
        """Read every list of every account in parallel."""
        await _beside_each_other(crawl.list_all() for crawl in self.crawls)

    def choose(self) -> None:
        """Set what is to be downloaded: ``coverage`` counts it as missing until it is read."""
        for crawl in self.crawls:
            crawl.choose()

    async def download(self) -> None:
        """Download what the plan contains; retry transient failures in a second round."""
        await _beside_each_other(crawl.download() for crawl in self.crawls)
        await _beside_each_other(crawl.read_again() for crawl in self.crawls)

    def listed(self) -> Iterator[Listed]:
        """Yield the results of the lists of each region."""
        yield from map(Listed, self.others.coverage)
        for crawl in self.crawls:
            yield from crawl.listed()

    def outcome(self) -> Records:
        """Return the failures and the coverage, without what was read."""
        return merge_records([self.others, *(crawl.outcome() for crawl in self.crawls)])

    def parts(self) -> Iterator[Records]:
        """Yield everything read so far, in parts; those of a region are consecutive."""
        yield self.others
        for crawl in self.crawls:
            yield from crawl.parts()

    def take_parts(self) -> Iterator[Records]:
        """Yield the same parts, and release each region whose parts were taken."""
        yield self.others
        for crawl in self.crawls:
            yield from crawl.take_parts()

    def estimates(self, downloads: str) -> tuple[Estimate, ...]:
        """Return the estimated calls and time, by account and region."""
        share = parse_downloads(downloads)
        return tuple(
            estimate_regions(self.listed(), share=share, rate_limiter_of=self.rate_limiter_of)
        )

    def raise_if_nothing(self) -> None:
        """Raise RequestError if nothing could be read, since that is not an empty fleet."""
        outcome = self.outcome()
        reached = ("complete", "partial", "absent")
        if any(row.status in reached for row in outcome.coverage):
            return
        if not outcome.failures:
            raise RequestError("the account has no regions")
        # The last failure is the cause; a refused identity before it is not.
        last = {failure.account_id: failure for failure in outcome.failures}
        refused = refused_sentence(failure.message for failure in outcome.failures)
        told = "; ".join(map(_what_ended, last.values()))
        raise RequestError(f"nothing could be read: {told}{f'; {refused}' if refused else ''}")

    def rate_limiter_of(self, account_id: str | None) -> RateLimiter:
        """Return the rate limiter of an account, or any of them if the account is not read."""
        rate_limiters = {
            crawl.caller.account_id: crawl.caller.lanes.rate_limiter for crawl in self.crawls
        }
        return rate_limiters.get(account_id) or next(iter(rate_limiters.values()), RateLimiter())


def _what_ended(failure: Failure) -> str:
    """Describe a failure with its call, region and account; a refused key with the remedy."""
    where = f" in {failure.region_id}" if failure.region_id else ""
    whose = f" of account {failure.account_id}" if failure.account_id else ""
    is_refused = failure.kind == "credentials" and failure.code is not None
    remedy = ". Check the access key" if is_refused else ""
    return f"{failure.action}{where}{whose}: {failure.message.rstrip('.')}{remedy}"


async def _beside_each_other(works: Iterable[Coroutine[Any, Any, None]]) -> None:
    async with asyncio.TaskGroup() as group:
        for work in works:
            group.create_task(work)


async def open_accounts(access: Access, provider: Provider | None) -> Opened:
    """Create a crawl for each account, and restore the calls of an earlier run."""
    if provider is not None:
        opened = Opened([_crawl(access, access.caller(provider))])
    else:
        opened = await _open_named(access)
    if access.checkpoint is not None:
        _remember_calls(access, access.checkpoint, opened)
        for crawl in opened.crawls:
            if crawl.identity is None:
                found = await identify(crawl.caller, access.plan)
                crawl.identity = await settle_identity(crawl.caller, found)
    return opened


@dataclass(frozen=True, slots=True)
class _Named:
    """An account of the settings, and its identity as returned by the cloud."""

    account: Account
    caller: Caller
    identity: str | Failure

    @property
    def account_id(self) -> str:
        """The account's id, or its name if the id could not be read."""
        return self.account.name if isinstance(self.identity, Failure) else self.identity


async def _open_named(access: Access) -> Opened:
    """Identify each account; read an account once, at the smallest of its shares."""
    accounts = access.settings.accounts
    callers = [access.caller(access.provider_of(account)) for account in accounts]
    for caller, account in zip(callers, accounts, strict=True):
        caller.account_id = caller.name = account.name
    found = await asyncio.gather(*(identify(caller, access.plan) for caller in callers))
    answers = [await settle_identity(*one) for one in zip(callers, found, strict=True)]
    groups: dict[str, list[_Named]] = {}
    refused: list[Failure] = []
    for one in map(_Named, accounts, callers, answers):
        if isinstance(one.identity, Failure) and one.identity.kind == "credentials":
            refused.append(one.identity)
        else:
            groups.setdefault(one.account_id, []).append(one)
    return Opened(
        [_open_group(access, group) for group in groups.values()],
        Records(
            failures=(*refused, *_doubles(groups)),
            coverage=tuple(
                Coverage(account_id=one.account_id, status=status_of_nothing(one))
                for one in refused
            ),
        ),
    )


def _open_group(access: Access, group: list[_Named]) -> AccountCrawl:
    """Create the crawl of a main account, with the first of its profiles."""
    first = group[0]
    shares = [
        access.settings.quota_share if one.account.quota_share is None else one.account.quota_share
        for one in group
    ]
    first.caller.account_id = first.account_id
    first.caller.lanes = access.lanes(min(shares))
    crawl = _crawl(access, first.caller, skip_regions=first.account.skip_regions)
    crawl.identity = first.identity
    return crawl


def _doubles(groups: Mapping[str, list[_Named]]) -> Iterable[Failure]:
    for account_id, (first, *others) in groups.items():
        for one in others:
            yield Failure(
                kind="settings",
                message=f"{one.account.name!r} is account {account_id} as well, which is read as "
                f"{first.account.name!r}: it is not read again",
                account_id=account_id,
                at_ms=int(one.caller.clock.utc_now().timestamp() * 1000),
            )


def _crawl(access: Access, caller: Caller, *, skip_regions: Iterable[str] = ()) -> AccountCrawl:
    plan = replace(
        access.plan,
        skip_regions={*access.plan.skip_regions, *skip_regions},
        on_event=_reporting(access.plan.on_event, caller),
    )
    return AccountCrawl(caller, plan)


def _reporting(listener: Listener, caller: Caller) -> Listener:
    """Wrap a listener: add the account to events, log them, and report throttled calls."""
    n_told = 0

    def report(event: Event) -> None:
        nonlocal n_told
        n_throttled = sum(tally.n_throttled for tally in caller.tallies.values())
        if n_throttled > n_told:
            tell(listener, Throttled(n_throttled - n_told, caller.account_id))
            n_told = n_throttled
        if not isinstance(event, EstimateMade):
            event = replace(event, account_id=caller.account_id)
        tell(listener, event)

    return report


def tell(listener: Listener, event: Event) -> None:
    """Pass an event to a listener and to the log."""
    if log.isEnabledFor(logging.INFO):
        log.info("%s", sentence(event))
    listener(event)


def _remember_calls(access: Access, checkpoint: Checkpoint, opened: Opened) -> None:
    """Restore the calls of an earlier run that the cloud may still count."""
    now, monotonic = access.clock.utc_now().timestamp(), access.clock.monotonic()
    limits = opened.rate_limiter_of(None).limits
    longest_s = max(limit.per_s for limit in limits.values())
    rate_limiters = {crawl.caller.name: crawl.caller.lanes.rate_limiter for crawl in opened.crawls}
    for key, at in checkpoint.earlier_calls(since=now - longest_s, now=now):
        if key[0] in rate_limiters:
            rate_limiters[key[0]].remember(key, at=monotonic - (now - at))
