"""What a fetch will take, and whether it can work: said before anything is downloaded."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from vpnframe import schema
from vpnframe.access import open_access
from vpnframe.blocking import run_in_thread
from vpnframe.callers import open_accounts
from vpnframe.checking import Check, check_accounts
from vpnframe.cloud.credentials import Provider
from vpnframe.cloud.permissions import refused_sentence
from vpnframe.cloud.signing import Credentials
from vpnframe.crawl.crawl import Plan
from vpnframe.crawl.events import ignore
from vpnframe.crawl.plan import Estimate
from vpnframe.fetching.sampling import Samples
from vpnframe.settings import FetchSettings, find_provider, make_plan

log = logging.getLogger("vpnframe")
# Whoever asks whether it can work does not want to wait for a dead region.
_CHECK_DEADLINE_S = 60.0


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
    async with open_access(settings, wanted) as access:
        opened = await open_accounts(access, provider)
        await opened.list_all()
    opened.raise_if_nothing()
    failures = opened.outcome().failures
    for failure in failures:
        if failure.kind in ("credentials", "settings"):
            log.warning("account %s: %s", failure.account_id, failure.message)
    if refused := refused_sentence(failure.message for failure in failures):
        log.warning("%s", refused)
    return _plan_table(opened.estimates(downloads))


def plan(
    *,
    regions: Collection[str] | None = None,
    downloads: str = "all",
    endpoint: str | None = None,
    credentials: Credentials | None = None,
    settings: FetchSettings | None = None,
) -> pd.DataFrame:
    """Say what a fetch would take: reads the lists, routes too, downloads nothing; blocks.

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


def _plan_table(estimates: Iterable[Estimate]) -> pd.DataFrame:
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
    sample_out: str | Path | None = None,
) -> pd.DataFrame:
    """Check that a fetch can work, with the smallest calls; blocks.

    Who the credentials are, which permissions are missing, the clock, which regions answer, and
    how long a fetch will take. It makes two calls for the account, one for each region and
    nine more.

    Parameters
    ----------
    regions, endpoint, credentials
        As :func:`fetch` takes them.
    settings : FetchSettings, optional
        The same as for the fetch; ``out`` is not looked at.
    sample_out : str or Path, optional
        A new folder for the shape of each answer: its documented fields with their types, and
        words such as ``ikev2``; no key, name, id, address or number. It may be sent to anybody.

    Returns
    -------
    DataFrame
        Table ``doctor``: one row per thing checked, ``ok``, ``missing`` or ``unknown``, with a
        remedy where it is not ``ok``.

    Raises
    ------
    SettingsError
        An option is wrong, or the folder cannot be used. Missing credentials are a row.

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
    samples = None if sample_out is None else Samples(Path(sample_out))
    return run_in_thread(_check(settings, wanted, provider, samples))


async def _check(
    settings: FetchSettings, plan: Plan, provider: Provider | None, samples: Samples | None
) -> pd.DataFrame:
    patient_s = min(settings.deadline_s, _CHECK_DEADLINE_S)
    async with open_access(replace(settings, deadline_s=patient_s), plan) as access:
        send = access.send if samples is None else samples.listening(access.send)
        checks = await check_accounts(replace(access, send=send, patience_s=0.0), provider)
    if samples is not None:
        samples.write()
    return _table("doctor", [_check_row(check) for check in checks])


def _check_row(check: Check) -> dict[str, Any]:
    names = schema.find("doctor").names
    return {name: getattr(check, name) for name in names}
