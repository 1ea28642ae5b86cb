"""The settings of a fetch, which are checked before any call, and the file of accounts."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from vpnframe.cloud.actions import ACTIONS, Limit
from vpnframe.cloud.credentials import DefaultChain, GivenCredentials, Provider
from vpnframe.cloud.endpoints import named_url
from vpnframe.cloud.signing import Credentials
from vpnframe.errors import SettingsError
from vpnframe.fetching.crawl import Plan, parse_downloads
from vpnframe.fetching.events import Listener, ignore
from vpnframe.model.toml_tables import Form, read_toml_tables

_ROLE = r"^acs:ram::[0-9]{1,20}:role/[A-Za-z0-9._/-]{1,128}$"


@dataclass(frozen=True, slots=True)
class Account:
    """One account to read.

    Parameters
    ----------
    name : str
        A name chosen by the user; it is used in the tables if the cloud does not return the
        account's id.
    profile : str or None
        Name of a profile in ``~/.aliyun/config.json``; if None, the credentials are taken from the
        vendor's default chain.
    role_arn : str or None
        ARN of a RAM role to assume with these credentials.
    skip_regions : tuple of str
        Regions of this account to leave out.
    quota_share : float or None
        The fraction of each quota to use for this account; if None, ``quota_share`` of
        :class:`FetchSettings` is used.
    """

    name: str
    profile: str | None = None
    role_arn: Annotated[str, Meta(pattern=_ROLE)] | None = None
    skip_regions: tuple[str, ...] = ()
    quota_share: Annotated[float, Meta(gt=0, le=1)] | None = None


@dataclass(frozen=True, slots=True)
class FetchSettings:
    """Settings of a fetch, such as accounts, quotas and output folder.

    Parameters
    ----------
    quota_share : float, default 0.5
        The fraction of each published quota to use, above 0 and at most 1. The quota is shared with
        the console, Terraform and everything else of the main account.
    quotas : mapping of str to Limit
        Quotas that replace the published ones, by name of the API call.
    accounts : sequence of Account
        Accounts to read in parallel, see :func:`read_accounts`; if empty, the account that the
        credentials belong to. If several profiles belong to one account, it is read once, with the
        smallest of their quota shares.
    ca_file : str or Path or None
        File with the certificate of a custom certificate authority, for an emulator or a proxy.
    skip_regions : collection of str
        Regions to leave out; ``coverage`` shows them as skipped.
    deadline_s : float
        Seconds for the whole run; what is not read by then is reported as a failure.
    out : str or Path or None
        An inventory folder to which snapshots are written. A first snapshot with the lists is
        written before the downloads. When the fetch ends, even by an interrupt, a second snapshot
        with everything that was read replaces the first. Until everything readable was read, a
        checkpoint in the folder keeps the data, so that the fetch can be resumed.
    resume : bool
        Whether to resume the unfinished fetch of the same account in ``out``; if there is none, a
        new fetch begins.
    strict : bool
        Whether to raise RequestError instead of returning an incomplete inventory.
    routes : bool
        Whether to read VPCs and route entries, too. This takes about three calls per VPN gateway
        and two per transit-router attachment. The prefixes of a connection without traffic
        selectors are known only from its routes.
    key_facts : bool
        Whether to assess pre-shared keys; the keys themselves are never kept.
    psk_key_file : str or Path or None
        File with the user's fingerprint key, which makes fingerprints of pre-shared keys comparable
        across snapshots, see :func:`vpnframe.model.psk.read_fingerprint_key`; without this file
        they are comparable only within one fetch.
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
    downloads: str = "all",
    endpoint: str | None,
    on_event: Listener = ignore,
) -> Plan:
    """Check the options of a fetch, and return its plan."""
    if isinstance(regions, str):
        raise TypeError(f"regions is a string: pass a list of region ids, such as [{regions!r}]")
    if regions is not None and not regions:
        raise SettingsError("regions is empty: leave it out to read all regions")
    if not all(map(str.strip, [*(regions or ()), *settings.skip_regions])):
        raise SettingsError(
            "a region id is empty, perhaps because of an unset variable: leave it out, or name a "
            "region"
        )
    parse_downloads(downloads)
    if settings.deadline_s <= 0:
        raise SettingsError(f"the deadline is {settings.deadline_s} s: it must be above 0")
    for share in (settings.quota_share, *(a.quota_share for a in settings.accounts)):
        if share is not None and not 0 < share <= 1:
            raise SettingsError(f"the quota share must be above 0 and at most 1, not {share}")
    unknown = sorted(set(settings.quotas) - set(ACTIONS))
    if unknown:
        raise SettingsError(
            f"quotas: no API call is named {unknown[0]!r}; the calls are {', '.join(ACTIONS)}"
        )
    return Plan(
        regions=regions,
        skip_regions=settings.skip_regions,
        downloads=downloads,
        endpoint=None if endpoint is None else named_url(endpoint),
        on_event=on_event,
        routes=settings.routes,
    )


def find_provider(settings: FetchSettings, credentials: Credentials | None) -> Provider:
    """Return a provider of ``credentials`` or, if they are None, of the vendor's default chain."""
    if credentials is None:
        return DefaultChain()
    if settings.accounts:
        raise SettingsError("pass credentials or accounts, not both")
    return GivenCredentials(credentials)


def read_accounts(path: str | Path) -> tuple[Account, ...]:
    r"""Read a TOML file that lists the accounts to fetch.

    Parameters
    ----------
    path : str or Path
        A TOML file with a table ``[[account]]`` per account. Each table has ``name``, at least one
        of ``profile`` and ``role_arn``, and optionally ``skip_regions`` and ``quota_share``.

    Returns
    -------
    tuple of Account
        At least one account, in the order of the file.

    Raises
    ------
    SettingsError
        If the file cannot be read, or a field of a table is unknown, missing, duplicate or of the
        wrong type. The message names the file, the account and the field, but never shows a value
        that may be secret.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "accounts.toml")
    ...     _ = path.write_text('[[account]]\nname = "production"\nprofile = "prod"\n')
    ...     read_accounts(path)[0].profile
    'prod'
    """
    accounts: dict[str, Account] = {}
    for account in read_toml_tables(path, _FORM):
        name = account.name
        if account.profile is None and account.role_arn is None:
            raise SettingsError(f"{path}, account {name!r}: profile or role_arn is missing")
        if name in accounts:
            raise SettingsError(f"{path}: two accounts have the name {name!r}")
        accounts[name] = account
    return tuple(accounts.values())


_FORM = Form(
    "account",
    Account,
    {
        "profile": "the name of a profile",
        "role_arn": "text such as acs:ram::1234567890123456:role/audit",
        "skip_regions": "a list of region ids",
        "quota_share": "a number above 0 and at most 1",
    },
    hint="; do not write access keys into this file, name a profile",
)
