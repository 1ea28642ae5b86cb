"""The crypto columns: their known values, and where a value has no meaning."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Collection

import numpy as np
import pandas as pd

from vpnframe.auditing.fleet import Fleet
from vpnframe.auditing.logic import (
    UNKNOWN,
    YES,
    Mask,
    Truth,
    both,
    flags,
    is_any,
    numbers,
    unknown_where_null,
)

# What the cloud offers, now or formerly. Any other value is unknown, even if it is sound elsewhere.
CIPHERS = ("aes-128-cbc", "aes-192-cbc", "aes-256-cbc", "des-cbc", "3des-cbc", "sm4-cbc")
# Answers for no encryption; the API documents no such value, so they are kept separate.
NULL_CIPHERS = ("none", "null", "disabled")
HASHES = ("hmac-md5", "hmac-sha1", "hmac-sha256", "hmac-sha384", "hmac-sha512", "hmac-sm3")
GROUPS = (1, 2, 5, 14, 24)
KNOWN = {
    "ike_version": (1, 2),
    "ike_mode": ("main", "aggressive"),
    "ike_encryption": (*CIPHERS, *NULL_CIPHERS),
    "ike_integrity": HASHES,
    "ike_dh_group": GROUPS,
    "ipsec_encryption": (*CIPHERS, *NULL_CIPHERS),
    "ipsec_integrity": HASHES,
    "ipsec_pfs_group": (0, *GROUPS),
}
LONGEST_LIFETIME_S = 86400
LIFETIMES = ("ike_lifetime_s", "ipsec_lifetime_s")
CRYPTO = (
    *("ike_version", "ike_mode", "ike_encryption", "ike_integrity", "ike_dh_group"),
    *("ike_lifetime_s", "ipsec_encryption", "ipsec_integrity", "ipsec_pfs_group"),
    "ipsec_lifetime_s",
)
ANYBODY = frozenset({"%any", "0.0.0.0", "::"})  # noqa: S104  identities, not addresses to bind
SIDE_WORDS = {"vpc": "VPC", "onprem": "on-premises"}
# Two SM2 certificates replace the group; the field has no meaning there.
_MEANINGLESS_ON_SM = ("ike_dh_group", "ipsec_pfs_group")


_PRIVATE = tuple(
    ipaddress.ip_network(cidr)
    for cidr in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
)


def is_address(texts: pd.Series) -> Mask:
    """Check which texts are addresses."""
    return _of_each(texts, lambda text: _address(text) is not None)


def is_private_address(texts: pd.Series) -> Mask:
    """Check which texts are addresses that are not routed on the Internet."""
    return _of_each(texts, lambda text: _is_private(_address(text)))


def is_wildcard(texts: pd.Series) -> Mask:
    """Check which identities match any peer."""
    return _of_each(texts, lambda text: text.strip().lower() in ANYBODY)


def _of_each(texts: pd.Series, holds: Callable[[str], bool]) -> Mask:
    """Check each distinct text once; a null is False."""
    codes, found = pd.factorize(texts)
    answers = np.array([*(holds(str(text)) for text in found), False], bool)
    found_in_rows: Mask = answers[codes]
    return found_in_rows


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text.strip())
    except ValueError:
        return None


def _is_private(address: ipaddress.IPv4Address | ipaddress.IPv6Address | None) -> bool:
    return address is not None and any(address in one for one in _PRIVATE)


def is_value(fleet: Fleet, column: str, wanted: Collection[object]) -> Truth:
    """Check which tunnels have one of some values; a value that is not offered is unknown."""
    return is_any(fleet.tunnels[column], wanted, known=KNOWN[column])


def is_aggressive(fleet: Fleet) -> Truth:
    """Check which tunnels use IKEv1 aggressive mode; IKEv2 has no mode."""
    is_version_1 = is_value(fleet, "ike_version", {1})
    return both(is_version_1, is_value(fleet, "ike_mode", {"aggressive"}))


def is_not_told(fleet: Fleet, column: str) -> Mask:
    """Check which tunnels have no known value in a column that should have one."""
    tunnels = fleet.tunnels
    if column in LIFETIMES:
        return flags((tunnels[column] > LONGEST_LIFETIME_S) | tunnels[column].isna())
    is_odd: Mask = is_value(fleet, column, ()) == UNKNOWN
    if column == "ike_mode":
        is_odd &= is_value(fleet, "ike_version", {2}) != YES
    return is_odd & ~fleet.is_sm if column in _MEANINGLESS_ON_SM else is_odd


def comparable(fleet: Fleet, column: str) -> pd.Series:
    """Return a crypto column of the tunnels, with ``-`` where its value has no meaning."""
    values = fleet.tunnels[column]
    if column == "ike_mode":
        is_moot = is_value(fleet, "ike_version", {2}) == YES
    elif column in _MEANINGLESS_ON_SM:
        is_moot = fleet.is_sm
    else:
        return values
    return values.astype("str").mask(is_moot, "-") if is_moot.any() else values


def of_lifetimes(fleet: Fleet, holds: Mask, *lifetimes: str) -> Truth:
    """Return a condition on lifetimes: unknown for null and for 0, whose meaning is undefined."""
    truth = unknown_where_null(holds, *(fleet.tunnels[column] for column in lifetimes))
    for column in lifetimes:
        truth[numbers(fleet.tunnels[column]) <= 0] = UNKNOWN
    return truth
