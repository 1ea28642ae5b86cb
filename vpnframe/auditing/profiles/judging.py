"""Judge the settings of tunnels by a profile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from vpnframe.auditing.logic import NO, UNKNOWN, YES, Mask, equals
from vpnframe.auditing.profiles.profiles import COLUMNS, Profile


class Meaning(NamedTuple):
    """The result, severity and standing that follow from a verdict of a profile."""

    result: int  # YES if the value fails
    severity: str
    standing: str  # the standing of a connection whose worst value has this verdict


# The order gives the codes of the verdicts. The first three are not in files: the value is not
# judged; the value is null or in no line of the profile; the value is the best that the cloud
# offers, but the standard does not accept it.
MEANINGS: Mapping[str, Meaning] = {
    "not-judged": Meaning(NO, "info", "not-judged"),
    "unknown": Meaning(UNKNOWN, "info", "unknown"),
    "ceiling": Meaning(NO, "info", "ceiling"),
    **dict.fromkeys(("must", "should", "may"), Meaning(NO, "info", "pass")),
    **dict.fromkeys(("default", "n/a"), Meaning(NO, "info", "not-judged")),
    "legacy": Meaning(YES, "low", "legacy"),
    "should-not": Meaning(YES, "medium", "fail"),
    "must-not": Meaning(YES, "high", "fail"),
}
VERDICTS = tuple(MEANINGS)
NOT_JUDGED, NOT_KNOWN, CEILING = range(3)
# Values that the cloud offers now, worst first, without 0 (no PFS). Other columns take any value.
_CIPHERS = ("des-cbc", "3des-cbc", "aes-128-cbc", "aes-192-cbc", "aes-256-cbc")
_DIGESTS = ("hmac-md5", "hmac-sha1", "hmac-sha256", "hmac-sha384", "hmac-sha512")
_GROUPS = ("1", "2", "5", "14")
_OFFERED = {
    "ike_version": ("1", "2"),
    "ike_mode": ("aggressive", "main"),
    "ike_encryption": _CIPHERS,
    "ike_integrity": _DIGESTS,
    "ike_dh_group": _GROUPS,
    "ipsec_encryption": _CIPHERS,
    "ipsec_integrity": _DIGESTS,
    "ipsec_pfs_group": _GROUPS,
}
_PASSED = ("must", "should", "may")
# On SM gateways, the values of these columns are fixed, and groups have no meaning.
_FIXED_ON_SM = ("ike_version", "ike_mode", "ike_dh_group", "ipsec_pfs_group")


@dataclass(frozen=True, slots=True)
class Judged:
    """The verdicts of a profile on one column, in arrays with one item per tunnel."""

    verdict: npt.NDArray[np.uint8]  # indexes into :data:`VERDICTS`
    # Indexes into the profile's ``entries``; -1 if none applies
    entry: npt.NDArray[np.int32]


def judge(tunnels: pd.DataFrame, *, profile: Profile, key_bits: pd.Series) -> dict[str, Judged]:
    """Return a profile's verdicts on the settings of tunnels, by column."""
    best = ceilings(profile)
    values = {name: tunnels[name] for name in COLUMNS if name != "psk_bits"}
    values["psk_bits"] = key_bits
    left_out = _left_out(tunnels, profile)
    return {
        name: _judge_column(values[name], profile, best.get(name), left_out.get(name))
        for name in COLUMNS
    }


def ceilings(profile: Profile) -> dict[str, str]:
    """Return the best offered value of each column in which the profile accepts no value.

    Values that the profile does not name are ignored. A column is left out if the profile forbids
    none of its values.
    """
    found = {}
    for column, offered in _OFFERED.items():
        verdicts = {
            str(entry.value): entry.verdict
            for entry in profile.of(column)
            if (column, entry.value) != ("ipsec_pfs_group", "0")
        }
        best = next((value for value in reversed(offered) if value in verdicts), None)
        is_passed = any(verdict in _PASSED for verdict in verdicts.values())
        if best is not None and not is_passed and "must-not" in verdicts.values():
            found[column] = best
    return found


def _left_out(tunnels: pd.DataFrame, profile: Profile) -> dict[str, Mask]:
    """Return the tunnels to which a profile's verdicts on a column do not apply, by column."""
    masks = {
        "ike_mode": equals(tunnels["ike_version"], 2),
        "psk_bits": equals(tunnels["auth_method"], "certificate"),
    }
    ciphers = profile.of("ike_encryption")
    if ("sm4-cbc", "must") not in [(entry.value, entry.verdict) for entry in ciphers]:
        is_sm = equals(tunnels["vpn_type"], "sm")
        masks |= {name: masks.get(name, is_sm) | is_sm for name in _FIXED_ON_SM}
    return masks


def _judge_column(
    values: pd.Series, profile: Profile, best: str | None, left_out: Mask | None
) -> Judged:
    """Judge the values of one column; look up each distinct value only once."""
    codes, different = pd.factorize(values)
    places, verdicts = [], []
    for value in map(str, different):
        own = (i for i, one in enumerate(profile.entries) if one.column == values.name)
        place = next((i for i in own if profile.entries[i].includes(value)), -1)
        verdict = NOT_KNOWN if place < 0 else VERDICTS.index(profile.entries[place].verdict)
        verdicts.append(CEILING if value == best else verdict)
        places.append(place)
    verdict = np.array([*verdicts, NOT_KNOWN], dtype=np.uint8)[codes]  # a null has the code -1
    entry = np.array([*places, -1], dtype=np.int32)[codes]
    if left_out is not None:
        verdict[left_out], entry[left_out] = NOT_JUDGED, -1
    return Judged(verdict, entry)
