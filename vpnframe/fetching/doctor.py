"""Check whether a fetch can work, with the smallest calls."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import pandas as pd

from vpnframe import schema
from vpnframe.cloud.credentials import Provider
from vpnframe.cloud.signing import Credentials
from vpnframe.fetching.access import open_access
from vpnframe.fetching.blocking import run_in_thread
from vpnframe.fetching.checking import check_accounts
from vpnframe.fetching.crawl import Plan
from vpnframe.fetching.events import ignore
from vpnframe.fetching.sampling import Samples
from vpnframe.fetching.settings import FetchSettings, find_provider, make_plan

# A check should not wait long for a dead region.
_CHECK_DEADLINE_S = 60.0


def doctor(
    *,
    regions: Collection[str] | None = None,
    endpoint: str | None = None,
    credentials: Credentials | None = None,
    settings: FetchSettings | None = None,
    sample_out: str | Path | None = None,
) -> pd.DataFrame:
    """Check that a fetch can work, with the smallest calls; blocks.

    Checks the identity of the credentials, permissions, the clock, which regions answer, and how
    long a fetch will take. It makes two calls for the account, one for each region and nine more.

    Parameters
    ----------
    regions, endpoint, credentials
        As for :func:`fetch`.
    settings : FetchSettings, optional
        As for the fetch; ``out`` is ignored.
    sample_out : str or Path, optional
        A new folder for the shape of each answer: its documented fields with their types, and
        words such as ``ikev2``; no key, name, id, address or number. It is safe to share.

    Returns
    -------
    DataFrame
        Table ``doctor``: one row per check, ``ok``, ``missing`` or ``unknown``, with a remedy if it
        is not ``ok``.

    Raises
    ------
    SettingsError
        If an option is wrong, or the folder cannot be used. Missing credentials are a row.

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
    names = schema.find("doctor").names
    return schema.build("doctor", {name: [getattr(c, name) for c in checks] for name in names})
