"""Check single values: crypto columns of tunnels, IP addresses and IKE identities."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable

import numpy as np
import pandas as pd

from vpnframe.auditing.fleet import Fleet
from vpnframe.auditing.logic import UNKNOWN, YES, Mask, flags

LONGEST_LIFETIME_S = 86400
LIFETIMES = ("ike_lifetime_s", "ipsec_lifetime_s")
CRYPTO = (
    *("ike_version", "ike_mode", "ike_encryption", "ike_integrity", "ike_dh_group"),
    *("ike_lifetime_s", "ipsec_encryption", "ipsec_integrity", "ipsec_pfs_group"),
    "ipsec_lifetime_s",
)
ANYBODY = frozenset({"%any", "0.0.0.0", "::"})  # noqa: S104  identities, not addresses to bind
IDS = ("vpn_gateway_ike_id", "customer_gateway_ike_id")
SIDE_WORDS = {"vpc": "VPC", "onprem": "on-premises"}
# On SM gateways, two SM2 certificates replace the DH group: these columns have no meaning.
_MEANINGLESS_ON_SM = ("ike_dh_group", "ipsec_pfs_group")
_PRIVATE = tuple(
    ipaddress.ip_network(cidr)
    for cidr in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
)


def is_address(texts: pd.Series) -> Mask:
    """Check which strings are IP addresses."""
    return _of_each(texts, lambda text: _address(text) is not None)


def is_private_address(texts: pd.Series) -> Mask:
    """Check which strings are private IP addresses, including 100.64.0.0/10."""

    def is_private(text: str) -> bool:
        address = _address(text)
        return address is not None and any(address in one for one in _PRIVATE)

    return _of_each(texts, is_private)


def is_wildcard(texts: pd.Series) -> Mask:
    """Check which IKE identities match any peer."""
    return _of_each(texts, lambda text: text.strip().lower() in ANYBODY)


def _of_each(texts: pd.Series, holds: Callable[[str], bool]) -> Mask:
    """Apply a condition once to each distinct string; the result for a null is False."""
    codes, found = pd.factorize(texts)
    answers: Mask = np.array([*(holds(str(text)) for text in found), False], bool)[codes]
    return answers


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text.strip())
    except ValueError:
        return None


def is_not_told(fleet: Fleet, column: str) -> Mask:
    """Check in which tunnels a column has a meaning, but is null or has an unknown value."""
    tunnels = fleet.tunnels
    if column in LIFETIMES:
        return flags((tunnels[column] > LONGEST_LIFETIME_S) | tunnels[column].isna())
    is_odd: Mask = fleet.is_value(column, ()) == UNKNOWN
    if column == "ike_mode":
        is_odd &= fleet.is_value("ike_version", {2}) != YES
    return is_odd & ~fleet.is_sm if column in _MEANINGLESS_ON_SM else is_odd


def comparable(fleet: Fleet, column: str) -> pd.Series:
    """Return a crypto column, with ``-`` where it has no meaning, such as the mode with IKEv2."""
    values = fleet.tunnels[column]
    if column == "ike_mode":
        is_moot = fleet.is_value("ike_version", {2}) == YES
    elif column in _MEANINGLESS_ON_SM:
        is_moot = fleet.is_sm
    else:
        return values
    return values.astype("str").mask(is_moot, "-") if is_moot.any() else values
