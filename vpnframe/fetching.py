"""From the cloud to an inventory: the place where the network half and the table half meet."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Collection
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from vpnframe import frames, schema
from vpnframe.blocking import run_in_thread
from vpnframe.callers import (
    Access,
    FetchSettings,
    Opened,
    find_provider,
    make_plan,
    open_accounts,
    tell,
)
from vpnframe.checking import Check, check_accounts
from vpnframe.cloud.credentials import Provider
from vpnframe.cloud.signing import Credentials
from vpnframe.cloud.transport import Transport
from vpnframe.crawl.crawl import Plan, parse_downloads
from vpnframe.crawl.events import EstimateMade, Listener, ignore
from vpnframe.crawl.journal import Journal, open_journal
from vpnframe.crawl.lanes import Clock
from vpnframe.crawl.plan import Estimate, estimate_regions
from vpnframe.errors import RequestError, SettingsError
from vpnframe.inventory import Inventory, write_inventory
from vpnframe.records import Records

# Whoever asks whether it can work does not want to wait for a dead region.
_CHECK_DEADLINE_S = 60.0


async def afetch(
    *,
    regions: Collection[str] | None = None,
    downloads: str = "all",
    endpoint: str | None = None,
    credentials: Credentials | None = None,
    settings: FetchSettings | None = None,
    on_event: Listener = ignore,
) -> Inventory:
    """Fetch the whole fleet of an account, or of several, inside asyncio.

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
        Accounts, pace, folder and trust.
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
        Nothing at all could be read, or with ``strict`` not everything.

    References
    ----------
    Alibaba Cloud VPC API 2016-04-28, DescribeVpnConnections and DownloadVpnConnectionConfig.
    """
    settings = settings or FetchSettings()
    wanted = make_plan(
        settings, regions=regions, downloads=downloads, endpoint=endpoint, on_event=on_event
    )
    provider = find_provider(settings, credentials)
    if provider is not None:
        await provider.get()
    with _journal(wanted, settings) as journal:
        plan = replace(wanted, seed=_draw(journal))
        async with _access(settings, plan, journal) as access:
            run = _Run(access, await open_accounts(access, provider))
            inventory = await run.read()
        run.finish()
    if settings.strict and not inventory.is_complete:
        raise RequestError(inventory.coverage_sentence())
    return inventory


@asynccontextmanager
async def _access(
    settings: FetchSettings, plan: Plan, journal: Journal | None = None
) -> AsyncIterator[Access]:
    """A transport, and what all calls of a run share."""
    clock = Clock()
    deadline = clock.monotonic() + settings.deadline_s
    async with Transport(ca_file=settings.ca_file) as transport:
        yield Access(settings, plan, transport.send, journal, clock, deadline)


def _draw(journal: Journal | None) -> str:
    """The seed of samples: a crawl that goes on draws the same."""
    return (journal.noted("draw") if journal else None) or secrets.token_hex(8)


@dataclass(slots=True)
class _Run:
    """One fetch: the crawls, and what of them is kept on disk."""

    access: Access
    opened: Opened

    async def read(self) -> Inventory:
        """Crawl, and commit what was read where there is a folder for it."""
        listed = await self.opened.list_all()
        self._commit_lists(listed)
        plan = self.access.plan
        tell(plan.on_event, EstimateMade(tuple(_estimates(self.opened, listed, plan.downloads))))
        records = await self.opened.download()
        _raise_if_nothing(records)
        inventory = Inventory(**frames.make_tables(records))
        out, journal = self.access.settings.out, self.access.journal
        if out is None or journal is None:
            return inventory
        supersedes = journal.noted("list_snapshot")
        return replace(inventory, snapshot=write_inventory(inventory, out, supersedes=supersedes))

    def finish(self) -> None:
        """Remove the journal: everything is in the snapshot, unless time ran out."""
        access = self.access
        if access.journal is not None and access.clock.monotonic() < access.deadline:
            access.journal.discard()

    def _commit_lists(self, records: Records) -> None:
        """Nobody has to wait for hours of downloads to look."""
        out, journal = self.access.settings.out, self.access.journal
        is_worth_it = parse_downloads(self.access.plan.downloads) > 0 and bool(records.connections)
        if journal is None or out is None or not is_worth_it:
            return
        if journal.noted("list_snapshot") is None:
            inventory = Inventory(**frames.make_tables(records))
            journal.note("list_snapshot", write_inventory(inventory, out))


def _estimates(opened: Opened, listed: Records, downloads: str) -> list[Estimate]:
    share = parse_downloads(downloads)
    return list(estimate_regions(listed, share=share, pacer_of=opened.pacer_of))


def _journal(plan: Plan, settings: FetchSettings) -> AbstractContextManager[Journal | None]:
    """The journal of the folder that the crawl is written to, if there is one."""
    if settings.out is None:
        if settings.resume:
            raise SettingsError("there is nothing to resume without a folder: set out")
        return nullcontext(None)
    purpose = {
        "regions": ",".join(sorted(plan.regions)) if plan.regions else "all",
        "regions left out": ",".join(sorted(plan.skip_regions)),
        "downloads": plan.downloads,
        "endpoint": plan.endpoint or "",
        "accounts": ",".join(
            f"{a.name}/{a.profile or ''}/{a.role_arn or ''}/{'+'.join(sorted(a.skip_regions))}"
            for a in settings.accounts
        ),
    }
    return open_journal(Path(settings.out), purpose=purpose, resume=settings.resume)


def fetch(
    *,
    regions: Collection[str] | None = None,
    downloads: str = "all",
    endpoint: str | None = None,
    credentials: Credentials | None = None,
    settings: FetchSettings | None = None,
    on_event: Listener = ignore,
) -> Inventory:
    """Fetch the whole fleet of an account, or of several; blocks, in a notebook too.

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
        Accounts, pace, folder and trust.
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
    return run_in_thread(
        afetch(
            regions=regions,
            downloads=downloads,
            endpoint=endpoint,
            credentials=credentials,
            settings=settings,
            on_event=on_event,
        )
    )


async def aplan(
    *,
    regions: Collection[str] | None = None,
    downloads: str = "all",
    endpoint: str | None = None,
    credentials: Credentials | None = None,
    settings: FetchSettings | None = None,
) -> pd.DataFrame:
    """Say what a fetch would take, inside asyncio; see :func:`plan`.

    Parameters
    ----------
    regions, downloads, endpoint, credentials, settings
        As :func:`plan` takes them.

    Returns
    -------
    DataFrame
        Table ``plan``.

    Raises
    ------
    SettingsError
        No credentials, or an option is wrong.
    RequestError
        Nothing at all could be read.
    """
    settings = settings or FetchSettings()
    wanted = make_plan(
        settings, regions=regions, downloads=downloads, endpoint=endpoint, on_event=ignore
    )
    provider = find_provider(settings, credentials)
    if provider is not None:
        await provider.get()
    async with _access(settings, wanted) as access:
        opened = await open_accounts(access, provider)
        listed = await opened.list_all()
    _raise_if_nothing(listed)
    return _plan_table(_estimates(opened, listed, downloads))


def plan(
    *,
    regions: Collection[str] | None = None,
    downloads: str = "all",
    endpoint: str | None = None,
    credentials: Credentials | None = None,
    settings: FetchSettings | None = None,
) -> pd.DataFrame:
    """Say what a fetch would take: reads the lists, downloads nothing; blocks.

    Parameters
    ----------
    regions, downloads, endpoint, credentials
        As :func:`fetch` takes them.
    settings : FetchSettings, optional
        The same as for the fetch; ``out`` is not looked at.

    Returns
    -------
    DataFrame
        Table ``plan``, one row per account and region. Regions run beside each other, so a whole
        fetch takes as long as the largest ``estimated_s``.

    Raises
    ------
    SettingsError
        No credentials, or an option is wrong.
    RequestError
        Nothing at all could be read.

    Examples
    --------
    >>> from vpnframe.emulator import make_fleet, make_state, serve_in_thread
    >>> with serve_in_thread(make_state(make_fleet(connections=40, regions=1))) as cloud:
    ...     keys = Credentials(cloud.access_key_id, cloud.access_key_secret)
    ...     row = plan(endpoint=cloud.endpoint, credentials=keys).iloc[0]
    >>> row["n_downloads"], row["allowed_per_window"], row["longest_wait_s"]
    (np.int32(40), np.int32(15), np.float64(60.0))
    """
    return run_in_thread(
        aplan(
            regions=regions,
            downloads=downloads,
            endpoint=endpoint,
            credentials=credentials,
            settings=settings,
        )
    )


def _plan_table(estimates: list[Estimate]) -> pd.DataFrame:
    rows = [
        {
            "account_id": one.account_id,
            "region_id": one.region_id,
            "status": one.status,
            "n_connections": one.n_connections,
            "n_downloads": one.n_downloads,
            "calls": [f"{action}={n}" for action, n in one.calls.items()],
            "allowed_per_window": one.allowed,
            "window_s": one.window_s,
            "longest_wait_s": one.longest_wait_s,
            "estimated_s": one.lists_s + one.downloads_s,
            "n_list_calls": one.n_list_calls,
            "lists_s": one.lists_s,
        }
        for one in estimates
    ]
    return _table("plan", rows)


def _table(name: str, rows: list[dict[str, Any]]) -> pd.DataFrame:
    columns = {column: [row[column] for row in rows] for column in schema.find(name).names}
    return schema.build(name, columns)


def doctor(
    *,
    regions: Collection[str] | None = None,
    endpoint: str | None = None,
    credentials: Credentials | None = None,
    settings: FetchSettings | None = None,
) -> pd.DataFrame:
    """Check that a fetch can work, with the smallest calls; blocks.

    Who the credentials are, which permissions are missing, the clock, which regions answer, and
    how long a fetch will take. It makes two calls for the account, one for each region and four
    more.

    Parameters
    ----------
    regions, endpoint, credentials
        As :func:`fetch` takes them.
    settings : FetchSettings, optional
        The same as for the fetch; ``out`` is not looked at.

    Returns
    -------
    DataFrame
        Table ``doctor``: one row per thing checked, ``ok``, ``missing`` or ``unknown``, with a
        remedy where it is not ``ok``.

    Raises
    ------
    SettingsError
        An option is wrong. Missing credentials are a row.

    Examples
    --------
    >>> from vpnframe.emulator import make_fleet, make_state, serve_in_thread
    >>> with serve_in_thread(make_state(make_fleet(connections=3, regions=1))) as cloud:
    ...     keys = Credentials(cloud.access_key_id, cloud.access_key_secret)
    ...     set(doctor(endpoint=cloud.endpoint, credentials=keys)["status"])
    {'ok'}
    """
    settings = settings or FetchSettings()
    wanted = make_plan(
        settings, regions=regions, downloads="all", endpoint=endpoint, on_event=ignore
    )
    provider = find_provider(settings, credentials)
    return run_in_thread(_check(settings, wanted, provider))


async def _check(settings: FetchSettings, plan: Plan, provider: Provider | None) -> pd.DataFrame:
    patient_s = min(settings.deadline_s, _CHECK_DEADLINE_S)
    async with _access(replace(settings, deadline_s=patient_s), plan) as access:
        checks = await check_accounts(access, provider)
    return _table("doctor", [_check_row(check) for check in checks])


def _check_row(check: Check) -> dict[str, Any]:
    names = schema.find("doctor").names
    return {name: getattr(check, name) for name in names}


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
    raise RequestError(
        f"nothing could be read: {last.action}{where}: {last.message.rstrip('.')}{remedy}"
    )
