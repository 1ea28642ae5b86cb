"""Estimate how many API calls and how much time a fetch takes, before any download."""

from __future__ import annotations

import logging
from collections.abc import Collection

import pandas as pd

from vpnframe import schema
from vpnframe.cloud.permissions import refused_sentence
from vpnframe.cloud.signing import Credentials
from vpnframe.fetching.blocking import run_in_thread
from vpnframe.fetching.callers import open_accounts, open_caller
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
    """Estimate the calls and time of a fetch, as a coroutine; see :func:`plan`.

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
    SettingsError, RequestError
        As for :func:`plan`.
    """
    settings = settings or FetchSettings()
    wanted = make_plan(settings, regions=regions, downloads=downloads, endpoint=endpoint)
    provider = find_provider(settings, credentials)
    if not settings.accounts:
        await provider.get()
    async with open_caller(settings, provider) as caller:
        fleet = await open_accounts(settings, wanted, caller)
        await fleet.list_all()
    fleet.raise_if_nothing()
    failures = fleet.outcome().failures
    for failure in failures:
        if failure.kind in ("credentials", "settings"):
            log.warning("account %s: %s", failure.account_id, failure.message)
    if refused := refused_sentence(failure.message for failure in failures):
        log.warning("%s", refused)
    estimates, names = fleet.estimates(), schema.find("plan").names
    columns = {name: [getattr(one, name, None) for one in estimates] for name in names}
    columns["calls"] = [[f"{name}={n}" for name, n in one.calls.items()] for one in estimates]
    columns["allowed_per_window"] = [one.allowed for one in estimates]
    columns["estimated_s"] = [one.lists_s + one.downloads_s for one in estimates]
    return schema.build("plan", columns)


def plan(
    *,
    regions: Collection[str] | None = None,
    downloads: str = "all",
    endpoint: str | None = None,
    credentials: Credentials | None = None,
    settings: FetchSettings | None = None,
) -> pd.DataFrame:
    """Estimate the calls and time of a fetch: read all lists, but download nothing.

    Parameters
    ----------
    regions, downloads, endpoint, credentials
        As for :func:`fetch`.
    settings : FetchSettings, optional
        As for :func:`fetch`; ``out`` is ignored.

    Returns
    -------
    DataFrame
        Table ``plan``, one row per account and region. Regions are read in parallel, so a fetch
        takes as long as the largest ``estimated_s``.

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
