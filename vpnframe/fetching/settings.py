"""Settings of a fetch, checked before anything is sent. Of the network half alone."""

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
    """How to fetch: whom, at what pace, and whom to trust.

    Parameters
    ----------
    quota_share : float, default 0.5
        The part of each published quota to use, above 0 and at most 1. The quota is shared with
        the console, Terraform and everything else of the main account.
    quotas : mapping of str to Limit
        Overrides published quotas by action.
    accounts : sequence of Account
        Accounts to read beside each other, see
        :func:`vpnframe.fetching.accounts.read_accounts`; the one that the credentials belong to
        when it is empty. A second profile of an account that is
        read already is not read again; the smallest share of them counts.
    ca_file : str or Path or None
        A certificate authority of its own, for an emulator or a proxy.
    skip_regions : collection of str
        Regions to leave out; ``coverage`` shows them as skipped.
    deadline_s : float
        Seconds for the whole run; what is not read by then is a failure.
    out : str or Path or None
        An inventory folder. What is read is kept there in a checkpoint until nothing is
        missing that could still be read; the lists are committed as a snapshot of their own
        before the first download, and the crawl, be it interrupted, as one that supersedes it.
    resume : bool
        Whether to go on with the unfinished crawl in ``out``, of the same account; it begins anew
        where there is none.
    strict : bool
        Whether to raise instead of giving an inventory that is not complete.
    routes : bool
        Whether to read VPCs and route entries, too: some three calls per VPN gateway and two per
        transit-router attachment. Connections without selectors have their prefixes there.
    key_facts : bool
        Whether to find out what pre-shared keys are worth; they themselves are never kept.
    psk_key_file : str or Path or None
        A key of the user's own, which makes fingerprints of pre-shared keys comparable across
        snapshots, see :func:`vpnframe.model.psk.facts.read_fingerprint_key`; otherwise they are
        within one crawl.

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
    """Check the options before anything is sent."""
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
    """Say whose credentials one account is read with."""
    if not settings.accounts:
        return GivenCredentials(credentials) if credentials else DefaultChain()
    if credentials is not None:
        raise SettingsError("give credentials or accounts, not both")
    return None
