"""Rules on the proposals of both phases: version, mode, ciphers, groups, and consistency."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import numpy.typing as npt
import pandas as pd

from vpnframe.auditing.components import components
from vpnframe.auditing.fleet import Fleet
from vpnframe.auditing.logic import (
    NO,
    UNKNOWN,
    YES,
    Texts,
    Truth,
    both,
    coded,
    codes_of,
    differs_within,
    either,
    flags,
    is_any,
    is_on,
    named,
    opposite,
)
from vpnframe.auditing.values import (
    CIPHERS,
    CRYPTO,
    LIFETIMES,
    LONGEST_LIFETIME_S,
    NULL_CIPHERS,
    comparable,
    is_aggressive,
    is_not_told,
    is_value,
)
from vpnframe.auditing.verdicts import CRITICAL, HIGH, INFO, LOW, Severities, Verdicts, judged

_OF_SM = {
    "ike_version": 1,
    "ike_mode": "main",
    "ike_encryption": "sm4-cbc",
    "ike_integrity": "hmac-sm3",
    "ipsec_encryption": "sm4-cbc",
    "ipsec_integrity": "hmac-sm3",
}


def ike_aggressive_mode(fleet: Fleet) -> Verdicts:
    """Fail tunnels with IKEv1 aggressive mode; CRITICAL if the key is weak enough to be guessed."""
    is_guessable = flags(fleet.keys["psk_bits"] < 80)
    severity = np.where(is_guessable & fleet.has_psk, CRITICAL, HIGH).astype(np.uint8)
    return judged(
        "tunnels",
        is_aggressive(fleet),
        where=~fleet.is_sm,
        column="ike_mode",
        severity=severity,
    )


def ike_version_1(fleet: Fleet) -> Verdicts:
    """Fail tunnels that use IKEv1; SM gateways, which support no other version, are exempt."""
    return _weak(fleet, "ike_version", {1})


def ike_des(fleet: Fleet) -> Verdicts:
    """Fail tunnels that use DES in phase 1."""
    return _weak(fleet, "ike_encryption", {"des-cbc"})


def ipsec_des(fleet: Fleet) -> Verdicts:
    """Fail tunnels that use DES in phase 2."""
    return _weak(fleet, "ipsec_encryption", {"des-cbc"})


def ike_3des(fleet: Fleet) -> Verdicts:
    """Fail tunnels that use Triple DES in phase 1."""
    return _weak(fleet, "ike_encryption", {"3des-cbc"})


def ipsec_3des(fleet: Fleet) -> Verdicts:
    """Fail tunnels that use Triple DES in phase 2."""
    return _weak(fleet, "ipsec_encryption", {"3des-cbc"})


def ike_md5(fleet: Fleet) -> Verdicts:
    """Fail tunnels that use HMAC-MD5 in phase 1, for integrity and as the PRF."""
    return _weak(fleet, "ike_integrity", {"hmac-md5"})


def ipsec_md5(fleet: Fleet) -> Verdicts:
    """Fail tunnels that use HMAC-MD5 in phase 2."""
    return _weak(fleet, "ipsec_integrity", {"hmac-md5"})


def ike_sha1(fleet: Fleet) -> Verdicts:
    """Fail tunnels that use HMAC-SHA-1 in phase 1."""
    return _weak(fleet, "ike_integrity", {"hmac-sha1"})


def ipsec_sha1(fleet: Fleet) -> Verdicts:
    """Fail tunnels that use HMAC-SHA-1 in phase 2."""
    return _weak(fleet, "ipsec_integrity", {"hmac-sha1"})


def ike_dh_1(fleet: Fleet) -> Verdicts:
    """Fail tunnels that use DH group 1 (768-bit MODP) in phase 1."""
    return _weak(fleet, "ike_dh_group", {1})


def ike_dh_2(fleet: Fleet) -> Verdicts:
    """Fail tunnels that use DH group 2 (1024-bit MODP) in phase 1."""
    return _weak(fleet, "ike_dh_group", {2})


def ike_dh_5(fleet: Fleet) -> Verdicts:
    """Fail tunnels that use DH group 5 (1536-bit MODP) in phase 1."""
    return _weak(fleet, "ike_dh_group", {5})


def ike_dh_24(fleet: Fleet) -> Verdicts:
    """Fail tunnels that use DH group 24 (2048-bit MODP, 256-bit subgroup) in phase 1."""
    return _weak(fleet, "ike_dh_group", {24})


def ipsec_pfs_off(fleet: Fleet) -> Verdicts:
    """Fail tunnels without PFS: phase 2 has no separate DH exchange."""
    return _weak(fleet, "ipsec_pfs_group", {0})


def ipsec_pfs_weak(fleet: Fleet) -> Verdicts:
    """Fail tunnels with a weak PFS group: harmless, but it adds less than the IKE group could."""
    bits = [_group_bits(fleet.tunnels[name]) for name in ("ipsec_pfs_group", "ike_dh_group")]
    severity = np.where(bits[0] < bits[1], LOW, INFO).astype(np.uint8)
    return _weak(fleet, "ipsec_pfs_group", {1, 2, 5, 24}, severity=severity)


def encryption_none(fleet: Fleet) -> Verdicts:
    """Fail tunnels with a null cipher in either phase: nothing is encrypted."""
    phases = [fleet.tunnels[f"{phase}_encryption"] for phase in ("ike", "ipsec")]
    ciphers = [is_any(one, NULL_CIPHERS, known=CIPHERS) for one in phases]
    return judged("tunnels", either(*ciphers), column="ike_encryption, ipsec_encryption")


def value_unknown(fleet: Fleet) -> Verdicts:
    """Mark tunnels with a missing or unknown algorithm or lifetime as unknown."""
    is_strange = np.stack([is_not_told(fleet, column) for column in CRYPTO])
    result = np.where(is_strange.any(0), UNKNOWN, NO).astype(np.uint8)
    found = np.full(len(result), "", dtype=object)
    rows = np.flatnonzero(result)
    if len(rows):
        columns = [fleet.tunnels[column].iloc[rows] for column in CRYPTO]
        groups = codes_of([*columns, pd.Series(list(map(bytes, is_strange[:, rows].T)))])
        _, first = np.unique(groups, return_index=True)
        texts = [
            ", ".join(
                f"{column} is {'missing' if pd.isna(value := values.iloc[row]) else value}"
                for column, values, is_odd in zip(CRYPTO, columns, is_strange, strict=True)
                if is_odd[rows[row]]
            )
            for row in first
        ]
        found[rows] = np.array(texts, dtype=object)[groups]
    return judged("tunnels", result, column=", ".join(CRYPTO), facts={"value": found})


def all_defaults(fleet: Fleet) -> Verdicts:
    """Fail tunnels whose parameters all have the API's defaults."""
    lifetimes = [is_any(fleet.tunnels[column], {LONGEST_LIFETIME_S}) for column in LIFETIMES]
    is_default = both(
        either(is_value(fleet, "ike_version", {2}), is_value(fleet, "ike_mode", {"main"})),
        is_value(fleet, "ike_encryption", {"aes-128-cbc"}),
        is_value(fleet, "ike_integrity", {"hmac-md5"}),
        is_value(fleet, "ike_dh_group", {2}),
        is_value(fleet, "ipsec_encryption", {"aes-128-cbc"}),
        is_value(fleet, "ipsec_integrity", {"hmac-md5"}),
        is_value(fleet, "ipsec_pfs_group", {2}),
        *lifetimes,
    )
    return judged("tunnels", is_default, where=~fleet.is_sm, column=", ".join(CRYPTO[2:]))


def tunnels_differ(fleet: Fleet) -> Verdicts:
    """Fail connections whose tunnels have different proposals."""
    columns = {column: comparable(fleet, column) for column in CRYPTO}
    n = fleet.n_connections
    differing = {
        name: differs_within(fleet.of_tunnel, values, n_groups=n)
        for name, values in columns.items()
    }
    result = either(*differing.values())
    facts = {"value": _named_values(fleet, columns, differing)}
    is_pair = np.bincount(fleet.of_tunnel, minlength=n) > 1
    return judged("connections", result, where=is_pair, column=", ".join(CRYPTO), facts=facts)


def sm_profile(fleet: Fleet) -> Verdicts:
    """Fail tunnels on SM gateways that do not use the SM suite."""
    wrong = {column: opposite(is_value(fleet, column, {value})) for column, value in _OF_SM.items()}
    wrong["has_peer_ca"] = opposite(is_on(fleet.tunnels["has_peer_ca"]))
    texts = named({column: truth == YES for column, truth in wrong.items()})
    return judged(
        "tunnels",
        either(*wrong.values()),
        where=fleet.is_sm,
        column=", ".join(wrong),
        facts={"wrong": texts},
    )


def _weak(
    fleet: Fleet,
    column: str,
    values: Collection[object],
    *,
    severity: Severities | None = None,
) -> Verdicts:
    """Fail some values of a column of the tunnels, except on SM gateways."""
    return judged(
        "tunnels",
        is_value(fleet, column, values),
        where=~fleet.is_sm,
        column=column,
        severity=severity,
    )


def _group_bits(groups: pd.Series) -> npt.NDArray[np.float64]:
    """Return the bits of each group; NaN for unknown groups."""
    worth = {int(name): one.bits for name, one in components()["dh"].items()}
    found: npt.NDArray[np.float64] = groups.astype("float64").map(worth).to_numpy("float64")
    return found


def _named_values(
    fleet: Fleet, columns: dict[str, pd.Series], differing: dict[str, Truth]
) -> Texts:
    """Return for each connection whose tunnels differ the columns and values that differ."""
    named = np.full(fleet.n_connections, "", dtype=object)
    for name, values in columns.items():
        codes, found = coded(values)
        rows = np.flatnonzero((differing[name] == YES)[fleet.of_tunnel] & (codes >= 0))
        seen: dict[int, list[int]] = {}
        for group, code in zip(fleet.of_tunnel[rows].tolist(), codes[rows].tolist(), strict=True):
            members = seen.setdefault(group, [])
            if code not in members:
                members.append(code)
        for group, members in seen.items():
            text = f"{name} {' and '.join(str(found[code]) for code in members)}"
            named[group] = f"{named[group]}, {text}" if named[group] else text
    return named
