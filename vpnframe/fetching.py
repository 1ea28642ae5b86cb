"""From the cloud to an inventory: the place where the network half and the table half meet."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Coroutine, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from vpnframe import frames
from vpnframe.cloud.actions import ACTIONS, Limit
from vpnframe.cloud.credentials import DefaultChain, GivenCredentials, Provider
from vpnframe.cloud.endpoints import named_url
from vpnframe.cloud.quotas import Pacer
from vpnframe.cloud.signing import Credentials
from vpnframe.cloud.transport import Transport
from vpnframe.crawl.caller import Caller, Clock, Lanes
from vpnframe.crawl.crawl import Downloads, Plan, crawl_account
from vpnframe.crawl.events import Listener, ignore
from vpnframe.errors import RequestError, SettingsError
from vpnframe.inventory import Inventory
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

    Examples
    --------
    >>> FetchSettings(quota_share=1.0).quota_share
    1.0
    """

    quota_share: float = 0.5
    quotas: Mapping[str, Limit] = field(default_factory=dict)
    ca_file: str | Path | None = None


async def afetch(
    *,
    regions: Collection[str] | None = None,
    downloads: Downloads = "all",
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
    downloads : {"all", "none"}, default "all"
        Whether to download every connection's configuration (one call each, under a small quota)
        or to trust the list rows alone (seconds for a whole fleet).
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
        Nothing at all could be read.

    References
    ----------
    Alibaba Cloud VPC API 2016-04-28, DescribeVpnConnections and DownloadVpnConnectionConfig.
    """
    settings = settings or FetchSettings()
    plan = _plan(regions, downloads, endpoint, on_event)
    clock = Clock()
    lanes = Lanes(_pacer(settings), clock)
    provider: Provider = GivenCredentials(credentials) if credentials else DefaultChain()
    await provider.get()
    async with Transport(ca_file=settings.ca_file) as transport:
        caller = Caller(send=transport.send, provider=provider, lanes=lanes, clock=clock)
        records = await crawl_account(caller, plan)
    _raise_if_nothing(records)
    return Inventory(**frames.make_tables(records))


def fetch(
    *,
    regions: Collection[str] | None = None,
    downloads: Downloads = "all",
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
    downloads : {"all", "none"}, default "all"
        Whether to download every connection's configuration or to trust the list rows alone.
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
    downloads: Downloads,
    endpoint: str | None,
    on_event: Listener,
) -> Plan:
    """Check the options before anything is sent."""
    if isinstance(regions, str):
        raise TypeError(f"regions is one string; write [{regions!r}]")
    if regions is not None and not regions:
        raise SettingsError("regions is empty: leave it out to read all of them")
    if downloads not in ("all", "none"):
        raise SettingsError(f"downloads is {downloads!r}, not 'all' or 'none'")
    return Plan(
        regions=regions,
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
