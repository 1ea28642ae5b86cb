"""Read the accounts to fetch from ``accounts.toml``, which names profiles and roles, never keys.

::

    [[account]]
    name = "production"
    profile = "prod"                                   # of the command line tool's config.json
    role_arn = "acs:ram::1234567890123456:role/audit"  # to assume, with that profile or the default
    skip_regions = ["me-central-1"]
    quota_share = 0.25
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vpnframe.errors import SettingsError
from vpnframe.model.toml_tables import Form, is_list_of_texts, is_text, read_toml_tables

_ROLE = re.compile(r"acs:ram::[0-9]{1,20}:role/[A-Za-z0-9._/-]{1,128}")


@dataclass(frozen=True, slots=True)
class Account:
    """One account to read.

    Parameters
    ----------
    name : str
        Name chosen by the user; used in the tables if the cloud does not return the account's id.
    profile : str or None
        Profile of ``~/.aliyun/config.json``; without one the vendor's default chain is used.
    role_arn : str or None
        A role to assume with those credentials.
    skip_regions : tuple of str
        Regions of this account to leave out.
    quota_share : float or None
        The part of each quota to use here; if None, that of the settings.

    Examples
    --------
    >>> Account("production", profile="prod").quota_share is None
    True
    """

    name: str
    profile: str | None = None
    role_arn: str | None = None
    skip_regions: tuple[str, ...] = ()
    quota_share: float | None = None


def read_accounts(path: str | Path) -> tuple[Account, ...]:
    r"""Read the accounts to fetch.

    Parameters
    ----------
    path : str or Path
        A TOML file with a table ``[[account]]`` per account, with ``name``, ``profile`` or
        ``role_arn`` or both, and optionally ``skip_regions`` and ``quota_share``.

    Returns
    -------
    tuple of Account
        At least one account, in the order of the file.

    Raises
    ------
    SettingsError
        If the file cannot be read, or an entry is unknown, missing, duplicate or of the wrong type;
        the message names the file, the account and the key, never a value that may be secret.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "accounts.toml")
    ...     _ = path.write_text('[[account]]\nname = "production"\nprofile = "prod"\n')
    ...     read_accounts(path)[0].profile
    'prod'
    """
    accounts = tuple(_account(path, table) for table in read_toml_tables(path, _FORM))
    names = [account.name for account in accounts]
    for name in names:
        if names.count(name) > 1:
            raise SettingsError(f"{path}: two accounts have the name {name!r}")
    return accounts


def _account(path: str | Path, table: dict[str, Any]) -> Account:
    """Build one account; raise SettingsError without ``profile`` and ``role_arn``."""
    if "profile" not in table and "role_arn" not in table:
        raise SettingsError(f"{path}, account {table['name']!r}: profile or role_arn is missing")
    regions = tuple(table.get("skip_regions", ()))
    return Account(**{**table, "skip_regions": regions})


def _is_role(value: object) -> bool:
    return isinstance(value, str) and _ROLE.fullmatch(value) is not None


def _is_share(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= 1


_FORM = Form(
    "account",
    {
        "name": (is_text, "text"),
        "profile": (is_text, "text, the name of a profile"),
        "role_arn": (_is_role, "text such as acs:ram::1234567890123456:role/audit"),
        "skip_regions": (is_list_of_texts, "a list of region ids"),
        "quota_share": (_is_share, "a number above 0 and at most 1"),
    },
    required=("name",),
    hint="; access keys do not belong here, name a profile",
)
