"""From the cloud to an inventory: the place where the network half and the table half meet."""

from __future__ import annotations

import asyncio
import math
import secrets
from collections.abc import Callable, Collection, Coroutine, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from vpnframe import frames
from vpnframe.cloud.actions import ACTIONS, Limit
from vpnframe.cloud.credentials import DefaultChain, GivenCredentials, Provider
from vpnframe.cloud.endpoints import named_url
from vpnframe.cloud.quotas import Pacer
from vpnframe.cloud.signing import Credentials
from vpnframe.cloud.transport import Transport
from vpnframe.crawl.caller import Caller
from vpnframe.crawl.crawl import Plan, crawl_accounts, parse_downloads
from vpnframe.crawl.events import Listener, ignore
from vpnframe.crawl.journal import Journal, open_journal
from vpnframe.crawl.lanes import Clock, Lanes
from vpnframe.errors import RequestError, SettingsError
from vpnframe.inventory import Inventory, write_inventory
from vpnframe.records import Records

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class FetchSettings:
    """How to fetch: pace and trust.

    Parameters
    ----------
    quota_share : float, default 0.5
        The part of each published quota to use, above 0 and at most 1. The quota is shared with
        the console, Terraform and everything else of the main account.
    quotas : mapping of str to Limit
        Overrides published quotas by action.
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
    is_resumed : bool
        Whether to go on with the unfinished crawl in ``out``.
    is_strict : bool
        Whether to raise instead of giving an inventory that is not complete.

    Examples
    --------
    >>> FetchSettings(quota_share=1.0).quota_share
    1.0
    """

    quota_share: float = 0.5
    quotas: Mapping[str, Limit] = field(default_factory=dict)
    ca_file: str | Path | None = None
    skip_regions: Collection[str] = ()
    deadline_s: float = math.inf
    out: str | Path | None = None
    is_resumed: bool = False
    is_strict: bool = False


async def afetch(
    *,
    regions: Collection[str] | None = None,
    downloads: str = "all",
    endpoint: str | None = None,
    credentials: Credentials | None = None,
    settings: FetchSettings | None = None,
    on_event: Listener = ignore,
) -> Inventory:
    """Fetch the whole fleet of an account, inside asyncio.

    Parameters
    ----------
    regions : collection of str, optional
        Region ids; all regions of the account otherwise.
    downloads : str, default "all"
        ``all``: every connection's configuration, one call each, under a small quota. ``none``:
        the list rows alone, seconds for a whole fleet. A share such as ``5%``: so many, drawn at
        random; ``witnesses`` says which.
    endpoint : str, optional
        One URL for every call; the cloud's own hosts otherwise. Plain HTTP to loopback alone.
    credentials : Credentials, optional
        The vendor's default chain otherwise: environment, configuration files, RAM role.
    settings : FetchSettings, optional
        Pace and trust.
    on_event : callable, optional
        Told what happens, see :mod:`vpnframe.crawl.events`.

    Returns
    -------
    Inventory
        What could be read; ``failures`` and ``coverage`` say what could not.

    Raises
    ------
    SettingsError
        No credentials, or an option is wrong.
    RequestError
        Nothing at all could be read, or with ``is_strict`` not everything.

    References
    ----------
    Alibaba Cloud VPC API 2016-04-28, DescribeVpnConnections and DownloadVpnConnectionConfig.
    """
    settings = settings or FetchSettings()
    plan = _plan(regions, downloads, endpoint, on_event, settings)
    provider: Provider = GivenCredentials(credentials) if credentials else DefaultChain()
    await provider.get()
    lanes = Lanes(_pacer(settings), Clock())
    with _journal(plan, settings) as journal:
        deadline = Clock().monotonic() + settings.deadline_s
        run = _Run(plan, settings, lanes, journal, deadline=deadline)
        async with Transport(ca_file=settings.ca_file) as transport:
            inventory = await run.read([_caller(run, transport, provider)])
        run.finish()
    if settings.is_strict and not inventory.is_complete:
        raise RequestError(inventory.coverage_sentence())
    return inventory


@dataclass(slots=True)
class _Run:
    """One fetch: the crawl, and what of it is kept on disk."""

    plan: Plan
    settings: FetchSettings
    lanes: Lanes
    journal: Journal | None
    clock: Clock = field(default_factory=Clock)
    deadline: float = math.inf

    async def read(self, callers: list[Caller]) -> Inventory:
        """Crawl, and commit what was read where there is a folder for it."""
        if self.journal is not None:
            self._remember_calls(self.journal)
        draw = self.journal.noted("draw") if self.journal else None
        plan = replace(self.plan, on_listed=self._commit_lists, seed=draw or secrets.token_hex(8))
        records = await crawl_accounts(callers, plan)
        _raise_if_nothing(records)
        inventory = Inventory(**frames.make_tables(records))
        if self.settings.out is None or self.journal is None:
            return inventory
        snapshot = write_inventory(
            inventory, self.settings.out, supersedes=self.journal.noted("list_snapshot")
        )
        return replace(inventory, snapshot=snapshot)

    def finish(self) -> None:
        """Remove the journal: everything is in the snapshot, unless time ran out."""
        if self.journal is not None and self.clock.monotonic() < self.deadline:
            self.journal.discard()

    def _commit_lists(self, records: Records) -> None:
        """Nobody has to wait for hours of downloads to look."""
        journal = self.journal
        is_worth_it = parse_downloads(self.plan.downloads) > 0 and bool(records.connections)
        if journal is None or self.settings.out is None or not is_worth_it:
            return
        if journal.noted("list_snapshot") is None:
            inventory = Inventory(**frames.make_tables(records))
            journal.note("list_snapshot", write_inventory(inventory, self.settings.out))

    def _remember_calls(self, journal: Journal) -> None:
        """The calls of an earlier run that the cloud may still count."""
        now, monotonic = self.clock.utc_now().timestamp(), self.clock.monotonic()
        longest_s = max(limit.per_s for limit in self.lanes.pacer.limits.values())
        for key, at in journal.earlier_calls(since=now - longest_s, now=now):
            self.lanes.pacer.remember(key, at=monotonic - (now - at))


def _caller(run: _Run, transport: Transport, provider: Provider) -> Caller:
    return Caller(
        send=transport.send,
        provider=provider,
        lanes=run.lanes,
        clock=run.clock,
        journal=run.journal,
        run_deadline=run.deadline,
    )


def _journal(plan: Plan, settings: FetchSettings) -> AbstractContextManager[Journal | None]:
    """The journal of the folder that the crawl is written to, if there is one."""
    if settings.out is None:
        if settings.is_resumed:
            raise SettingsError("there is nothing to resume without a folder: set out")
        return nullcontext(None)
    purpose = {
        "regions": ",".join(sorted(plan.regions)) if plan.regions else "all",
        "regions left out": ",".join(sorted(plan.skip_regions)),
        "downloads": plan.downloads,
        "endpoint": plan.endpoint or "",
    }
    return open_journal(Path(settings.out), purpose=purpose, resume=settings.is_resumed)


def fetch(
    *,
    regions: Collection[str] | None = None,
    downloads: str = "all",
    endpoint: str | None = None,
    credentials: Credentials | None = None,
    settings: FetchSettings | None = None,
    on_event: Listener = ignore,
) -> Inventory:
    """Fetch the whole fleet of an account; blocks, in a notebook too.

    It runs an event loop of its own in a thread, so it also works where a loop already runs.

    Parameters
    ----------
    regions : collection of str, optional
        Region ids; all regions of the account otherwise.
    downloads : str, default "all"
        ``all`` configurations, ``none`` (the list rows alone), or a share such as ``5%``.
    endpoint : str, optional
        One URL for every call; the cloud's own hosts otherwise. Plain HTTP to loopback alone.
    credentials : Credentials, optional
        The vendor's default chain otherwise.
    settings : FetchSettings, optional
        Pace and trust.
    on_event : callable, optional
        Told what happens; called from the other thread.

    Returns
    -------
    Inventory
        What could be read; ``failures`` and ``coverage`` say what could not.

    Raises
    ------
    SettingsError
        No credentials, or an option is wrong.
    RequestError
        Nothing at all could be read.

    Examples
    --------
    >>> from vpnframe.emulator import make_fleet, make_state, serve_in_thread
    >>> with serve_in_thread(make_state(make_fleet(connections=3, regions=2))) as cloud:
    ...     keys = Credentials(cloud.access_key_id, cloud.access_key_secret)
    ...     inventory = fetch(endpoint=cloud.endpoint, credentials=keys)
    >>> len(inventory.connections)
    3
    """
    return _run_in_thread(
        afetch(
            regions=regions,
            downloads=downloads,
            endpoint=endpoint,
            credentials=credentials,
            settings=settings,
            on_event=on_event,
        )
    )


def _run_in_thread(work: Coroutine[Any, Any, T]) -> T:
    started: Future[Callable[[], object]] = Future()

    async def run() -> T:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        started.set_result(lambda: task and loop.call_soon_threadsafe(task.cancel))
        return await work

    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="vpnframe") as pool:
        running = pool.submit(asyncio.run, run())
        try:
            return running.result()
        except BaseException:
            # Interrupted while waiting: a crawl of an hour must not go on behind one's back.
            if not running.done():
                started.result()()
            raise


def _plan(
    regions: Collection[str] | None,
    downloads: str,
    endpoint: str | None,
    on_event: Listener,
    settings: FetchSettings,
) -> Plan:
    """Check the options before anything is sent."""
    if isinstance(regions, str):
        raise TypeError(f"regions is one string; write [{regions!r}]")
    if regions is not None and not regions:
        raise SettingsError("regions is empty: leave it out to read all of them")
    parse_downloads(downloads)
    if settings.deadline_s <= 0:
        raise SettingsError(f"the deadline of {settings.deadline_s} s leaves no time")
    return Plan(
        regions=regions,
        skip_regions=settings.skip_regions,
        downloads=downloads,
        endpoint=named_url(endpoint) if endpoint else None,
        on_event=on_event,
    )


def _pacer(settings: FetchSettings) -> Pacer:
    unknown = sorted(set(settings.quotas) - set(ACTIONS))
    if unknown:
        raise SettingsError(f"no call is named {unknown[0]!r}: they are {', '.join(ACTIONS)}")
    if not 0 < settings.quota_share <= 1:
        raise SettingsError(f"the quota share {settings.quota_share} is not above 0 and at most 1")
    return Pacer(limits=settings.quotas, share=settings.quota_share)


def _raise_if_nothing(records: Records) -> None:
    """A run of which nothing is left is an error, not an empty fleet."""
    reached = ("complete", "partial", "absent")
    if any(row.status in reached for row in records.coverage):
        return
    if not records.failures:
        raise RequestError("the account has no regions")
    # The last one is what ended it; a refused identity before it did not.
    last = records.failures[-1]
    where = f" in {last.region_id}" if last.region_id else ""
    remedy = ". Check the access key" if last.kind == "credentials" else ""
    raise RequestError(f"nothing could be read: {last.action}{where}: {last.message}{remedy}")
