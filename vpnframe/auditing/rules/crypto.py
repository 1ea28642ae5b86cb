"""Rules on IKE and IPsec proposals: version, mode, algorithms, DH groups, lifetimes."""

from __future__ import annotations

from collections.abc import Callable, Collection

import numpy as np
import pandas as pd

from vpnframe.auditing.fleet import CIPHERS, NULL_CIPHERS, Fleet
from vpnframe.auditing.logic import (
    NO,
    UNKNOWN,
    YES,
    Mask,
    Texts,
    Truth,
    both,
    by_kind,
    coded,
    differs_within,
    either,
    flags,
    is_any,
    is_on,
    listed_by,
    named,
    numbers,
    objects,
    opposite,
    unknown_where_null,
)
from vpnframe.auditing.strength import components
from vpnframe.auditing.values import CRYPTO, LIFETIMES, LONGEST_LIFETIME_S, comparable, is_not_told
from vpnframe.auditing.verdicts import (
    ALL_DEFAULTS,
    CRITICAL,
    HIGH,
    INFO,
    LIFETIME_ZERO,
    LOW,
    MEDIUM,
    VALUE_UNKNOWN,
    Severities,
    Verdicts,
    judged,
    rule,
    severity_where,
)

Judge = Callable[[Fleet], Verdicts]
_OF_SM = {
    "ike_version": 1,
    "ike_mode": "main",
    "ike_encryption": "sm4-cbc",
    "ike_integrity": "hmac-sm3",
    "ipsec_encryption": "sm4-cbc",
    "ipsec_integrity": "hmac-sm3",
}
_DEFAULTS = {
    "ike_encryption": "aes-128-cbc",
    "ike_integrity": "hmac-md5",
    "ike_dh_group": 2,
    "ipsec_encryption": "aes-128-cbc",
    "ipsec_integrity": "hmac-md5",
    "ipsec_pfs_group": 2,
}
_BIRTHDAY_BYTES = 2**35  # 2^32 blocks of 8 bytes
_IKE_GROUPS = ("vpn-ike-dh-1", "vpn-ike-dh-2", "vpn-ike-dh-5", "vpn-ike-dh-24")


def _on_values(
    rule_id: str, *columns: str, implied_by: tuple[str, ...] = (VALUE_UNKNOWN,)
) -> Callable[[Judge], Judge]:
    """Return a decorator that registers a tunnel rule; profiles judge its columns, too."""
    return rule(rule_id, "tunnels", *columns, implied_by=implied_by, is_as_profiles=True)


def _weak(
    rule_id: str,
    column: str,
    values: Collection[object],
    *implied_by: str,
    severity: Callable[[Fleet], Severities] | None = None,
) -> None:
    """Register a rule that fails tunnels with certain values in a column, except on SM gateways."""

    def find(fleet: Fleet) -> Verdicts:
        found = fleet.is_value(column, values)
        return judged(found, where=~fleet.is_sm, severity=severity and severity(fleet))

    _on_values(rule_id, column, implied_by=(*implied_by, VALUE_UNKNOWN))(find)


def _pfs_severity(fleet: Fleet) -> Severities:
    """Return severity low for tunnels whose PFS group is weaker than the IKE group, else info."""
    worth = {int(name): one.bits for name, one in components()["dh"].items()}
    pfs, ike = (
        fleet.tunnels[name].astype("float64").map(worth).to_numpy("float64")
        for name in ("ipsec_pfs_group", "ike_dh_group")
    )
    return severity_where(pfs < ike, LOW, INFO)


@_on_values("vpn-ike-aggressive-mode", "ike_mode")
def ike_aggressive_mode(fleet: Fleet) -> Verdicts:
    """Fail tunnels in IKEv1 aggressive mode; critical if the pre-shared key can be guessed."""
    is_guessable = flags(fleet.keys["psk_bits"] < 80) & fleet.has_psk
    severity = severity_where(is_guessable, CRITICAL, HIGH)
    return judged(fleet.is_aggressive, where=~fleet.is_sm, severity=severity)


_weak("vpn-ike-version-1", "ike_version", {1}, "vpn-ike-aggressive-mode")


@_on_values("vpn-encryption-none", "ike_encryption", "ipsec_encryption")
def encryption_none(fleet: Fleet) -> Verdicts:
    """Fail tunnels that use a null cipher for IKE or IPsec, so that nothing is encrypted."""
    phases = [fleet.tunnels[f"{phase}_encryption"] for phase in ("ike", "ipsec")]
    return judged(either(*(is_any(one, NULL_CIPHERS, known=CIPHERS) for one in phases)))


_weak("vpn-ike-des", "ike_encryption", {"des-cbc"})
_weak("vpn-ipsec-des", "ipsec_encryption", {"des-cbc"})
_weak("vpn-ike-3des", "ike_encryption", {"3des-cbc"})
_weak("vpn-ipsec-3des", "ipsec_encryption", {"3des-cbc"})


@rule(
    "vpn-ipsec-block-limit",
    "tunnels",
    *("ipsec_encryption", "bandwidth_mbps", "ipsec_lifetime_s"),
    implied_by=("vpn-ipsec-des", "vpn-ipsec-3des", LIFETIME_ZERO, VALUE_UNKNOWN),
)
def ipsec_block_limit(fleet: Fleet) -> Verdicts:
    """Fail tunnels with a 64-bit cipher if one key encrypts so much that blocks can repeat."""
    bandwidth = fleet.tunnels["bandwidth_mbps"]
    n_bytes = numbers(bandwidth) * 125_000 * numbers(fleet.tunnels["ipsec_lifetime_s"])
    can_reach = _of_lifetimes(fleet, n_bytes >= _BIRTHDAY_BYTES, "ipsec_lifetime_s")
    can_reach[flags(bandwidth.isna())] = UNKNOWN
    has_small_blocks = fleet.is_value("ipsec_encryption", {"des-cbc", "3des-cbc"})
    return judged(both(has_small_blocks, can_reach), where=~fleet.is_sm)


_weak("vpn-ike-md5", "ike_integrity", {"hmac-md5"}, ALL_DEFAULTS)
_weak("vpn-ipsec-md5", "ipsec_integrity", {"hmac-md5"}, ALL_DEFAULTS)
_weak("vpn-ike-sha1", "ike_integrity", {"hmac-sha1"})
_weak("vpn-ipsec-sha1", "ipsec_integrity", {"hmac-sha1"})
_weak("vpn-ike-dh-1", "ike_dh_group", {1})
_weak("vpn-ike-dh-2", "ike_dh_group", {2}, ALL_DEFAULTS)
_weak("vpn-ike-dh-5", "ike_dh_group", {5})
_weak("vpn-ike-dh-24", "ike_dh_group", {24})
_weak("vpn-ipsec-pfs-off", "ipsec_pfs_group", {0})
# A weak PFS group does no harm, but adds less security than the IKE group could.
_weak(
    "vpn-ipsec-pfs-weak",
    "ipsec_pfs_group",
    {1, 2, 5, 24},
    *(ALL_DEFAULTS, *_IKE_GROUPS),
    severity=_pfs_severity,
)


@_on_values(LIFETIME_ZERO, *LIFETIMES)
def lifetime_zero(fleet: Fleet) -> Verdicts:
    """Mark tunnels with a lifetime of 0 as unknown, because its meaning is not documented."""
    zeros = [is_any(fleet.tunnels[column], {0}) for column in LIFETIMES]
    return judged(np.where(either(*zeros) == NO, NO, UNKNOWN))


@_on_values(
    "vpn-ipsec-lifetime-long",
    "ipsec_lifetime_s",
    implied_by=(ALL_DEFAULTS, LIFETIME_ZERO, VALUE_UNKNOWN),
)
def ipsec_lifetime_long(fleet: Fleet) -> Verdicts:
    """Fail tunnels with an IPsec lifetime over eight hours."""
    good = {"aes-128-cbc", "aes-192-cbc", "aes-256-cbc", "sm4-cbc"}
    severity = severity_where(fleet.is_value("ipsec_encryption", good) == YES, INFO, MEDIUM)
    is_long = numbers(fleet.tunnels["ipsec_lifetime_s"]) > 28800
    return judged(_of_lifetimes(fleet, is_long, "ipsec_lifetime_s"), severity=severity)


@rule("vpn-lifetime-order", "tunnels", *LIFETIMES, implied_by=(LIFETIME_ZERO, VALUE_UNKNOWN))
def lifetime_order(fleet: Fleet) -> Verdicts:
    """Fail tunnels whose child SAs outlive their IKE SA."""
    ike, ipsec = (numbers(fleet.tunnels[column]) for column in LIFETIMES)
    return judged(_of_lifetimes(fleet, ipsec > ike, *LIFETIMES))


@_on_values("vpn-rekey-storm", *LIFETIMES, implied_by=(LIFETIME_ZERO, VALUE_UNKNOWN))
def rekey_storm(fleet: Fleet) -> Verdicts:
    """Fail tunnels with an IKE lifetime under 900 s or an IPsec lifetime under 300 s."""
    limits = zip(LIFETIMES, (900, 300), strict=True)
    is_short = [
        _of_lifetimes(fleet, numbers(fleet.tunnels[column]) < limit, column)
        for column, limit in limits
    ]
    return judged(either(*is_short))


@rule(VALUE_UNKNOWN, "tunnels", *CRYPTO)
def value_unknown(fleet: Fleet) -> Verdicts:
    """Mark tunnels as unknown if an algorithm or lifetime is missing or unrecognised."""
    strange = {column: is_not_told(fleet, column) for column in CRYPTO}
    is_unknown: Mask = np.logical_or.reduce([*strange.values()])
    rows = np.flatnonzero(is_unknown)
    values = (
        fleet.tunnels[column].iloc[rows].astype("str").fillna("missing").where(is_strange[rows])
        for column, is_strange in strange.items()
    )
    value = np.full(len(is_unknown), "", dtype=object)
    value[rows] = by_kind(values, _strange_values)
    return judged(np.where(is_unknown, UNKNOWN, NO), value=value)


def _strange_values(*values: object) -> str:
    """Name the missing and unrecognised values of a tunnel; NaN stands for a recognised value."""
    named = zip(CRYPTO, values, strict=True)
    return ", ".join(f"{column} is {value}" for column, value in named if isinstance(value, str))


@rule(ALL_DEFAULTS, "tunnels", *CRYPTO[2:], implied_by=(VALUE_UNKNOWN,))
def all_defaults(fleet: Fleet) -> Verdicts:
    """Fail tunnels in which every crypto setting has the API's default."""
    is_default = both(
        either(fleet.is_value("ike_version", {2}), fleet.is_value("ike_mode", {"main"})),
        *(fleet.is_value(column, {value}) for column, value in _DEFAULTS.items()),
        *(is_any(fleet.tunnels[column], {LONGEST_LIFETIME_S}) for column in LIFETIMES),
    )
    return judged(is_default, where=~fleet.is_sm)


@rule("vpn-tunnels-differ", "connections", *CRYPTO, implied_by=(VALUE_UNKNOWN,))
def tunnels_differ(fleet: Fleet) -> Verdicts:
    """Fail connections whose tunnels have different IKE or IPsec settings."""
    n = fleet.n_connections
    columns = {column: comparable(fleet, column) for column in CRYPTO}
    differing = {
        name: differs_within(fleet.of_tunnel, values, n_groups=n)
        for name, values in columns.items()
    }
    return judged(
        either(*differing.values()),
        where=np.bincount(fleet.of_tunnel, minlength=n) > 1,
        value=_differing_values(fleet, columns, differing),
    )


@rule("vpn-sm-profile", "tunnels", *(*_OF_SM, "has_peer_ca"), implied_by=(VALUE_UNKNOWN,))
def sm_profile(fleet: Fleet) -> Verdicts:
    """Fail tunnels on SM gateways if a setting is not the one that SM gateways require.

    Required are IKEv1 in main mode, SM4 and SM3 algorithms, and a CA certificate of the peer.
    """
    wrong = {column: opposite(fleet.is_value(column, {value})) for column, value in _OF_SM.items()}
    wrong["has_peer_ca"] = opposite(is_on(fleet.tunnels["has_peer_ca"]))
    texts = named({column: one == YES for column, one in wrong.items()})
    return judged(either(*wrong.values()), where=fleet.is_sm, wrong=texts)


def _of_lifetimes(fleet: Fleet, holds: Mask, *lifetimes: str) -> Truth:
    """Convert ``holds`` to yes and no; unknown where a lifetime is null or not positive."""
    found = unknown_where_null(holds, *(fleet.tunnels[column] for column in lifetimes))
    for column in lifetimes:
        found[numbers(fleet.tunnels[column]) <= 0] = UNKNOWN
    return found


def _differing_values(
    fleet: Fleet, columns: dict[str, pd.Series], differing: dict[str, Truth]
) -> Texts:
    """Return for each connection a string with the values in which its tunnels differ."""
    n, owners, words = fleet.n_connections, [], []
    for name, values in columns.items():
        codes, found = coded(values)
        is_shown = (differing[name] == YES)[fleet.of_tunnel] & (codes >= 0)
        pairs = pd.DataFrame({"owner": fleet.of_tunnel, "code": codes})[is_shown].drop_duplicates()
        strings = objects([str(value) for value in found])[pairs["code"]]
        listed = listed_by(pairs["owner"].to_numpy(), strings, n, separator=" and ")
        owners.append(np.flatnonzero(listed != ""))
        words.append(f"{name} " + listed[owners[-1]])
    return listed_by(np.concatenate(owners), np.concatenate(words), n)
