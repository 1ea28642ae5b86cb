"""Settings of a fetch, and who asks for which account. Of the network half alone."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from vpnframe.accounts import Account
from vpnframe.cloud.actions import ACTIONS, STS_HOST, Limit
from vpnframe.cloud.credentials import DefaultChain, GivenCredentials, ProfileChain, Provider
from vpnframe.cloud.endpoints import named_url
from vpnframe.cloud.messages import Request, Response
from vpnframe.cloud.quotas import Pacer
from vpnframe.cloud.roles import AssumedRole, decode_identity
from vpnframe.cloud.signing import Credentials
from vpnframe.crawl.caller import Caller, Place
from vpnframe.crawl.crawl import AccountCrawl, Plan, merge_records, parse_downloads
from vpnframe.crawl.events import EstimateMade, Event, Listener, Throttled, sentence
from vpnframe.crawl.journal import Journal
from vpnframe.crawl.lanes import Clock, Lanes
from vpnframe.crawl.regions import status_of_nothing
from vpnframe.errors import SettingsError
from vpnframe.records import Coverage, Failure, Records

log = logging.getLogger("vpnframe")


@dataclass(frozen=True, slots=True)
class FetchSettings:
    """How to fetch: whom, at what pace, and whom to trust.

    Parameters
    ----------
    quota_share : float, default 0.5
        The part of each published quota to use, above 0 and at most 1. The quota is shared with
        the console, Terraform and everything else of the main account.
    quotas : mapping of str to Limit
        Overrides published quotas by action.
    accounts : sequence of Account
        Accounts to read beside each other, see :func:`vpnframe.accounts.read_accounts`; the one
        that the credentials belong to when it is empty. A second profile of an account that is
        read already is not read again; the smallest share of them counts.
    ca_file : str or Path or None
        A certificate authority of its own, for an emulator or a proxy.
    skip_regions : collection of str
        Regions to leave out; ``coverage`` shows them as skipped.
    deadline_s : float
        Seconds for the whole run; what is not read by then is a failure.
    out : str or Path or None
        An inventory folder. What is read is kept there in a journal until the crawl is finished;
        the lists are committed as a snapshot of their own before the first download, and the
        finished crawl as one that supersedes it.
    resume : bool
        Whether to go on with the unfinished crawl in ``out``.
    strict : bool
        Whether to raise instead of giving an inventory that is not complete.
    routes : bool
        Whether to read VPCs and route entries, too: some three calls per VPN gateway and two per
        transit-router attachment. Connections without selectors have their prefixes there.

    Examples
    --------
    >>> FetchSettings(quota_share=1.0).quota_share
    1.0
    """

    quota_share: float = 0.5
    quotas: Mapping[str, Limit] = field(default_factory=dict)
    accounts: Sequence[Account] = ()
    ca_file: str | Path | None = None
    skip_regions: Collection[str] = ()
    deadline_s: float = math.inf
    out: str | Path | None = None
    resume: bool = False
    strict: bool = False
    routes: bool = True


def make_plan(
    settings: FetchSettings,
    *,
    regions: Collection[str] | None,
    downloads: str,
    endpoint: str | None,
    on_event: Listener,
) -> Plan:
    """Check the options before anything is sent.

    Parameters
    ----------
    settings : FetchSettings
        Shares, quotas, deadline and regions to leave out.
    regions, downloads, endpoint, on_event
        As :func:`vpnframe.fetching.afetch` takes them.

    Returns
    -------
    Plan
        What to read.

    Raises
    ------
    SettingsError
        An option is wrong; it is named with its value.
    TypeError
        ``regions`` is one string.
    """
    if isinstance(regions, str):
        raise TypeError(f"regions is one string; write [{regions!r}]")
    if regions is not None and not regions:
        raise SettingsError("regions is empty: leave it out to read all of them")
    parse_downloads(downloads)
    if settings.deadline_s <= 0:
        raise SettingsError(f"the deadline of {settings.deadline_s} s leaves no time")
    for share in (settings.quota_share, *(a.quota_share for a in settings.accounts)):
        if share is not None and not 0 < share <= 1:
            raise SettingsError(f"the quota share {share} is not above 0 and at most 1")
    unknown = sorted(set(settings.quotas) - set(ACTIONS))
    if unknown:
        raise SettingsError(f"no call is named {unknown[0]!r}: they are {', '.join(ACTIONS)}")
    return Plan(
        regions=regions,
        skip_regions=settings.skip_regions,
        downloads=downloads,
        endpoint=named_url(endpoint) if endpoint else None,
        on_event=on_event,
    )


def find_provider(settings: FetchSettings, credentials: Credentials | None) -> Provider | None:
    """Say whose credentials one account is read with.

    Parameters
    ----------
    settings : FetchSettings
        Names the accounts, if there are several.
    credentials : Credentials or None
        As the caller of the package gives them.

    Returns
    -------
    Provider or None
        None when the settings name accounts.

    Raises
    ------
    SettingsError
        Both are given, or the credentials could not stand in a request.
    """
    if not settings.accounts:
        return GivenCredentials(credentials) if credentials else DefaultChain()
    if credentials is not None:
        raise SettingsError("give credentials or accounts, not both")
    return None


@dataclass(frozen=True, slots=True)
class Access:
    """What all calls of one run share.

    Parameters
    ----------
    settings : FetchSettings
        Shares and quotas.
    plan : Plan
        What to read.
    send : callable
        The transport.
    journal : Journal or None
        Where calls and answers are kept.
    clock : Clock
        The time.
    deadline : float
        Of the run, by the clock's monotonic seconds.
    """

    settings: FetchSettings
    plan: Plan
    send: Callable[[Request], Awaitable[Response]]
    journal: Journal | None = None
    clock: Clock = field(default_factory=Clock)
    deadline: float = math.inf

    def caller(self, provider: Provider, *, share: float | None = None) -> Caller:
        """Give somebody who asks, at a pace of his own."""
        return Caller(
            send=self.send,
            provider=provider,
            lanes=self.lanes(share),
            clock=self.clock,
            journal=self.journal,
            run_deadline=self.deadline,
        )

    def lanes(self, share: float | None = None) -> Lanes:
        """Give the pace of one main account."""
        share = self.settings.quota_share if share is None else share
        return Lanes(Pacer(limits=self.settings.quotas, share=share), self.clock)

    @property
    def sts(self) -> Place:
        """Where to ask who one is."""
        return Place(self.plan.endpoint or f"https://{STS_HOST}")

    def provider_of(self, account: Account) -> Provider:
        """Give the credentials of a named account."""
        base = ProfileChain(account.profile) if account.profile else DefaultChain()
        if account.role_arn is None:
            return base
        return AssumedRole(
            account.role_arn,
            base=base,
            send=self.send,
            base_url=self.sts.base_url,
            utc_now=self.clock.utc_now,
        )


@dataclass(slots=True)
class Opened:
    """The accounts of a run.

    Parameters
    ----------
    crawls : list of AccountCrawl
        Those that are read.
    others : Records
        Failures and coverage of those that are not.
    """

    crawls: list[AccountCrawl] = field(default_factory=list)
    others: Records = field(default_factory=Records)

    async def list_all(self) -> Records:
        """Read every list of every account beside each other."""
        await _beside_each_other(crawl.list_all() for crawl in self.crawls)
        return self.records()

    async def download(self) -> Records:
        """Download what the plan asks for, and give everything."""
        await _beside_each_other(crawl.download() for crawl in self.crawls)
        return self.records()

    def records(self) -> Records:
        """Everything read so far."""
        return merge_records([self.others, *(crawl.records() for crawl in self.crawls)])

    def pacer_of(self, account_id: str | None) -> Pacer:
        """The pacer of an account that is read; of any for one that is not."""
        pacers = {crawl.caller.account_id: crawl.caller.lanes.pacer for crawl in self.crawls}
        return pacers.get(account_id) or next(iter(pacers.values()), Pacer())


async def _beside_each_other(works: Iterable[Coroutine[Any, Any, None]]) -> None:
    async with asyncio.TaskGroup() as group:
        for work in works:
            group.create_task(work)


async def open_accounts(access: Access, provider: Provider | None) -> Opened:
    """Make a crawl for each account, and remember what an earlier run asked of them.

    Parameters
    ----------
    access : Access
        Of the run.
    provider : Provider or None
        Of the one account; None to open those that the settings name.

    Returns
    -------
    Opened
        One crawl per main account.
    """
    if provider is not None:
        opened = Opened([_crawl(access, access.caller(provider))])
    else:
        opened = await _open_named(access)
    if access.journal is not None:
        _remember_calls(access, access.journal, opened)
    return opened


async def _open_named(access: Access) -> Opened:
    """Ask who each is; one account is read once, at the smallest of its shares."""
    accounts = access.settings.accounts
    callers = [access.caller(access.provider_of(account)) for account in accounts]
    for caller, account in zip(callers, accounts, strict=True):
        caller.account_id = account.name
    found = await asyncio.gather(
        *(caller.ask("GetCallerIdentity", access.sts, {}, decode_identity) for caller in callers)
    )
    groups: dict[str, list[tuple[Account, Caller]]] = {}
    refused: list[Failure] = []
    for account, caller, answer in zip(accounts, callers, found, strict=True):
        if isinstance(answer, Failure) and answer.kind == "credentials":
            refused.append(answer)
            continue
        # Another refusal may be of this one call: the name stands for the account then.
        account_id = account.name if isinstance(answer, Failure) else answer.account_id
        groups.setdefault(account_id, []).append((account, caller))
    return Opened(
        [_open_group(access, account_id, group) for account_id, group in groups.items()],
        Records(
            failures=(*refused, *_doubles(groups)),
            coverage=tuple(
                Coverage(account_id=one.account_id, status=status_of_nothing(one))
                for one in refused
            ),
        ),
    )


def _open_group(
    access: Access, account_id: str, group: list[tuple[Account, Caller]]
) -> AccountCrawl:
    """The crawl of a main account, by the first of its profiles."""
    account, caller = group[0]
    shares = [
        access.settings.quota_share if one.quota_share is None else one.quota_share
        for one, _ in group
    ]
    caller.account_id = account_id
    caller.lanes = access.lanes(min(shares))
    return _crawl(access, caller, skip_regions=account.skip_regions)


def _doubles(groups: Mapping[str, list[tuple[Account, Caller]]]) -> Iterable[Failure]:
    for account_id, ((first, _), *others) in groups.items():
        for account, caller in others:
            yield Failure(
                kind="settings",
                message=f"{account.name!r} is account {account_id} as well, which is read as "
                f"{first.name!r}: it is not read again",
                account_id=account_id,
                at_ms=int(caller.clock.utc_now().timestamp() * 1000),
            )


def _crawl(access: Access, caller: Caller, *, skip_regions: Iterable[str] = ()) -> AccountCrawl:
    plan = replace(
        access.plan,
        skip_regions={*access.plan.skip_regions, *skip_regions},
        on_event=_reporting(access.plan.on_event, caller),
    )
    return AccountCrawl(caller, plan)


def _reporting(listener: Listener, caller: Caller) -> Listener:
    """Hand events on with the account they are of, and to the log; tell what was throttled."""
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
    """Hand an event to a listener and to the log.

    Parameters
    ----------
    listener : callable
        As the caller of the package gives it.
    event : Event
        Without secrets, as all of them are.
    """
    if log.isEnabledFor(logging.INFO):
        log.info("%s", sentence(event))
    listener(event)


def _remember_calls(access: Access, journal: Journal, opened: Opened) -> None:
    """The calls of an earlier run that the cloud may still count."""
    now, monotonic = access.clock.utc_now().timestamp(), access.clock.monotonic()
    limits = opened.pacer_of(None).limits
    longest_s = max(limit.per_s for limit in limits.values())
    for key, at in journal.earlier_calls(since=now - longest_s, now=now):
        opened.pacer_of(key[0]).remember(key, at=monotonic - (now - at))
