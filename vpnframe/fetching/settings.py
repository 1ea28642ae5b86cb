"""Settings of a fetch, checked before anything is sent. Used by the network half only."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from vpnframe.cloud.actions import ACTIONS, Limit
from vpnframe.cloud.credentials import DefaultChain, GivenCredentials, Provider
from vpnframe.cloud.endpoints import named_url
from vpnframe.cloud.signing import Credentials
from vpnframe.errors import SettingsError
from vpnframe.fetching.accounts import Account
from vpnframe.fetching.crawl import Plan, parse_downloads
from vpnframe.fetching.events import Listener


@dataclass(frozen=True, slots=True)
class FetchSettings:
    """Settings of a fetch: accounts, quotas, output folder and trust.

    Parameters
    ----------
    quota_share : float, default 0.5
        The part of each published quota to use, above 0 and at most 1. The quota is shared with
        the console, Terraform and everything else of the main account.
    quotas : mapping of str to Limit
        Overrides published quotas by action.
    accounts : sequence of Account
        Accounts to read in parallel, see :func:`vpnframe.fetching.accounts.read_accounts`; if
        empty, the account that the credentials belong to. A second profile of the same account is
        not read again; the smallest of their shares is used.
    ca_file : str or Path or None
        A custom certificate authority, for an emulator or a proxy.
    skip_regions : collection of str
        Regions to leave out; ``coverage`` shows them as skipped.
    deadline_s : float
        Seconds for the whole run; what is not read by then is a failure.
    out : str or Path or None
        An inventory folder. A checkpoint there keeps what was read until nothing is missing that
        could still be read. The lists are committed as a snapshot before the first download; the
        crawl, even if interrupted, as one that supersedes it.
    resume : bool
        Whether to resume the unfinished crawl in ``out``, of the same account; if there is none, a
        new crawl begins.
    strict : bool
        Whether to raise instead of returning an inventory that is not complete.
    routes : bool
        Whether to read VPCs and route entries, too: about three calls per VPN gateway and two per
        transit-router attachment. Connections without selectors have their prefixes in routes.
    key_facts : bool
        Whether to assess pre-shared keys; the keys themselves are never kept.
    psk_key_file : str or Path or None
        A key supplied by the user, which makes fingerprints of pre-shared keys comparable across
        snapshots, see :func:`vpnframe.model.psk.read_fingerprint_key`; without it they are
        comparable within one crawl only.

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
    key_facts: bool = True
    psk_key_file: str | Path | None = None


def make_plan(
    settings: FetchSettings,
    *,
    regions: Collection[str] | None,
    downloads: str,
    endpoint: str | None,
    on_event: Listener,
) -> Plan:
    """Check the options, and return the plan of the crawl."""
    if isinstance(regions, str):
        raise TypeError(f"regions is one string; write [{regions!r}]")
    if regions is not None and not regions:
        raise SettingsError("regions is empty: leave it out to read all of them")
    if not all(map(str.strip, [*(regions or ()), *settings.skip_regions])):
        raise SettingsError("a region is empty (an unset variable?): leave it out, or name one")
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
        endpoint=None if endpoint is None else named_url(endpoint),
        on_event=on_event,
        routes=settings.routes,
    )


def find_provider(settings: FetchSettings, credentials: Credentials | None) -> Provider | None:
    """Return the credentials provider of a single account, None with ``settings.accounts``."""
    if not settings.accounts:
        return GivenCredentials(credentials) if credentials else DefaultChain()
    if credentials is not None:
        raise SettingsError("give credentials or accounts, not both")
    return None
