"""Create a Caller for each account of a fetch, and ask the cloud for the accounts' ids."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from vpnframe.cloud.actions import STS_HOST
from vpnframe.cloud.credentials import DefaultChain, Provider
from vpnframe.cloud.rate_limits import Clock, RateLimiter, WaitingLanes
from vpnframe.cloud.roles import AssumedRole
from vpnframe.cloud.transport import Transport
from vpnframe.errors import RequestError, SettingsError
from vpnframe.fetching.blocking import run_all
from vpnframe.fetching.caller import Caller
from vpnframe.fetching.crawl import AccountCrawl, FleetCrawl, Plan
from vpnframe.fetching.settings import FetchSettings
from vpnframe.model.records import Failure


@asynccontextmanager
async def open_caller(
    settings: FetchSettings, provider: Provider, **options: Any
) -> AsyncIterator[Caller]:
    """Open an HTTP transport, and yield a Caller that takes its credentials from ``provider``."""
    clock = Clock()
    run_deadline = clock.monotonic() + settings.deadline_s
    lanes = WaitingLanes(RateLimiter(limits=settings.quotas, share=settings.quota_share), clock)
    async with Transport(ca_file=settings.ca_file) as transport:
        yield Caller(transport.send, provider, lanes, clock, run_deadline=run_deadline, **options)


def account_crawls(settings: FetchSettings, plan: Plan, caller: Caller) -> list[AccountCrawl]:
    """Return a crawl per account in ``settings``, or one with ``caller`` if there are none."""
    crawls = [] if settings.accounts else [AccountCrawl(caller, plan)]
    for account in settings.accounts:
        provider = DefaultChain(account.profile) if account.profile else caller.provider
        if account.role_arn is not None:
            url, utc_now = plan.place(STS_HOST).base_url, caller.clock.utc_now
            provider = AssumedRole(
                account.role_arn, base=provider, send=caller.send, base_url=url, utc_now=utc_now
            )
        share = settings.quota_share if account.quota_share is None else account.quota_share
        lanes = WaitingLanes(RateLimiter(limits=settings.quotas, share=share), caller.clock)
        name = account.name  # stands for the account's id until that is known
        own = replace(caller, provider=provider, lanes=lanes, account_id=name, name=name)
        skip_regions = {*plan.skip_regions, *account.skip_regions}
        crawls.append(AccountCrawl(own, replace(plan, skip_regions=skip_regions)))
    return crawls


async def open_accounts(settings: FetchSettings, plan: Plan, caller: Caller) -> FleetCrawl:
    """Return a FleetCrawl that reads each account once, even if several profiles belong to it."""
    crawls = account_crawls(settings, plan, caller)
    for crawl in crawls:
        _remember_calls(crawl.caller)
    await run_all(map(_settle_identity, crawls))
    refused: list[AccountCrawl] = []
    kept: dict[str | None, AccountCrawl] = {}
    for crawl in crawls:
        if isinstance(crawl.identity, Failure) and crawl.identity.kind == "credentials":
            refused.append(crawl)
        elif crawl.caller.account_id in kept:
            _merge(kept[crawl.caller.account_id], crawl.caller)
        else:
            kept[crawl.caller.account_id] = crawl
    return FleetCrawl([*refused, *kept.values()])


def _merge(first: AccountCrawl, other: Caller) -> None:
    """Record that two profiles belong to one account, and use the smaller of their quota shares."""
    own, account_id = first.caller, first.caller.account_id
    limiters = [caller.lanes.rate_limiter for caller in (own, other)]
    n_own, n_other = (sum(map(limiter.allowed, limiter.limits)) for limiter in limiters)
    if n_other < n_own:
        own.lanes = other.lanes
        _remember_calls(own)
    both = f"{own.name!r} and {other.name!r} are the same account, {account_id}"
    first.doubles.append(own.failure("settings", f"{both}: it is read once, as {own.name!r}"))


def _remember_calls(caller: Caller) -> None:
    """Add to the rate limiter the calls of an earlier run that still count against the quota."""
    if caller.checkpoint is None:
        return
    now, monotonic = caller.clock.utc_now().timestamp(), caller.clock.monotonic()
    rate_limiter = caller.lanes.rate_limiter
    longest_s = max(limit.per_s for limit in rate_limiter.limits.values())
    for key, at in caller.checkpoint.earlier_calls(since=now - longest_s, now=now):
        if key[0] == caller.name:
            rate_limiter.remember(key, at=monotonic - (now - at))


async def _settle_identity(crawl: AccountCrawl) -> None:
    """Ask for the account's id; raise SettingsError if the checkpoint is of another account.

    If the cloud does not return the id, the account is identified by its name in accounts.toml or
    by its access key id, of which the checkpoint stores only a digest.
    """
    caller, checkpoint, found = crawl.caller, crawl.caller.checkpoint, await crawl.identify()
    crawl.take_identity(found)
    if checkpoint is None:
        return
    account_id = found if isinstance(found, str) else ""
    names = (f"account {caller.name}", f"access key {caller.name}")
    known_id, known_key = map(checkpoint.noted, names)
    is_refused = isinstance(found, Failure) and found.kind == "credentials"
    key = "" if is_refused else await _digest_of_key(caller)
    if known_id and account_id:
        is_same = known_id == account_id
    elif key and caller.name and not known_id and not account_id:
        is_same = True  # an account named in accounts.toml, whose id the cloud never returned
    else:
        is_same = known_key in (None, key)
    if not is_same:
        before = f"account {known_id}" if known_id else "an account that the cloud did not name"
        now = f"these credentials are of account {found}"
        if isinstance(found, Failure):
            now = f"the account of these credentials is unknown ({found.message})"
        raise SettingsError(
            f"the unfinished fetch in {checkpoint.folder.parent} is of {before}, and {now}: "
            f"use the credentials of the first run, or remove {checkpoint.folder}"
        )
    if key:
        for name, value in zip(names, (account_id or known_id or "", key), strict=True):
            checkpoint.note(name, value)
    crawl.take_identity(account_id or known_id or found)


async def _digest_of_key(caller: Caller) -> str:
    """Return a digest of the access key id; an empty string if there are no credentials."""
    try:
        access_key_id = (await caller.provider.get()).access_key_id
    except (RequestError, SettingsError):
        return ""
    return hashlib.sha256(access_key_id.encode()).hexdigest()[:16]
