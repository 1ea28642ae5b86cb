"""Estimate the calls and time of a fetch, before anything is downloaded."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable
from typing import Any

import pandas as pd

from vpnframe import schema
from vpnframe.cloud.permissions import refused_sentence
from vpnframe.cloud.signing import Credentials
from vpnframe.fetching.access import open_access
from vpnframe.fetching.blocking import run_in_thread
from vpnframe.fetching.call_counts import Estimate
from vpnframe.fetching.callers import open_accounts
from vpnframe.fetching.events import ignore
from vpnframe.fetching.settings import FetchSettings, find_provider, make_plan

log = logging.getLogger("vpnframe")


async def aplan(
    *,
    regions: Collection[str] | None = None,
    downloads: str = "all",
    endpoint: str | None = None,
    credentials: Credentials | None = None,
    settings: FetchSettings | None = None,
) -> pd.DataFrame:
    """Estimate the calls and time of a fetch, inside asyncio; see :func:`plan`.

    Parameters
    ----------
    regions, downloads, endpoint, credentials, settings
        As for :func:`plan`.

    Returns
    -------
    DataFrame
        Table ``plan``.

    Raises
    ------
    SettingsError
        If there are no credentials, or an option is wrong.
    RequestError
        If nothing at all could be read.
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
    """Estimate the calls and time of a fetch: read all lists, download nothing; blocks.

    Parameters
    ----------
    regions, downloads, endpoint, credentials
        As for :func:`fetch`.
    settings : FetchSettings, optional
        As for the fetch; ``out`` is ignored.

    Returns
    -------
    DataFrame
        Table ``plan``, one row per account and region. Regions run in parallel, so a whole
        fetch takes as long as the largest ``estimated_s``.

    Raises
    ------
    SettingsError
        If there are no credentials, or an option is wrong.
    RequestError
        If nothing at all could be read.

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
    rows: list[dict[str, Any]] = [
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
    names = schema.find("plan").names
    return schema.build("plan", {name: [row[name] for row in rows] for name in names})
