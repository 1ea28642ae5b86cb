"""What profiles say of a fleet, held against a plain loop."""

from __future__ import annotations

from itertools import product
from typing import Any

import pandas as pd
import pytest
from test_strength import BEST, CIPHERS, DEFAULTS, DIGESTS, GROUPS, tables

from vpnframe import schema
from vpnframe.auditing.profiles.judging import MEANINGS, VERDICTS, ceilings, judge
from vpnframe.auditing.profiles.profiles import COLUMNS, Profile, parse_profiles, shipped_profiles
from vpnframe.auditing.strength import psk_bits

EVERY_PROFILE = pytest.mark.parametrize(
    "profile", shipped_profiles().values(), ids=lambda p: p.name
)
LIFETIMES = (None, 0, 1, 899, 900, 14400, 14401, 28800, 28801, 86400, 86401)
VALUES: dict[str, tuple[Any, ...]] = {
    "ike_version": (1, 2, None, 3),
    "ike_mode": ("main", "aggressive", None, "base"),
    "ike_encryption": CIPHERS,
    "ike_integrity": DIGESTS,
    "ike_dh_group": (*GROUPS, 0),
    "ipsec_encryption": CIPHERS,
    "ipsec_integrity": DIGESTS,
    "ipsec_pfs_group": (*GROUPS, 0),
    "ike_lifetime_s": LIFETIMES,
    "ipsec_lifetime_s": LIFETIMES,
    "psk_bits": (None, 0, 63, 64, 111, 112, 119, 120, 127, 128, 255, 256),
}
CONTEXTS = [
    {"ike_version": version, "vpn_type": vpn_type, "auth_method": method}
    for version, vpn_type, method in product(
        (1, 2, None), ("normal", "sm", None), ("psk", "certificate", "unknown")
    )
]
ROWS = [
    {**BEST, **context, name: value}
    for context in CONTEXTS
    for name, values in VALUES.items()
    for value in values
]
# The columns whose best value a standard does not accept, and that value.
CEILINGS = {
    "bsi-tr-02102-3": {"ike_dh_group": "14", "ipsec_pfs_group": "14"},
    "cnsa-1.0": {"ike_dh_group": "14", "ipsec_pfs_group": "14"},
    "cnsa-2.0": {"ike_dh_group": "14", "ipsec_pfs_group": "14"},
}


def said(row: dict[str, Any], column: str, profile: Profile) -> str:
    """The verdict on one value, as a person would look it up."""
    value = row.get(column)
    if column == "ike_mode" and row["ike_version"] == 2:
        return "not-judged"
    if column == "psk_bits" and row["auth_method"] == "certificate":
        return "not-judged"
    is_fixed = column in ("ike_version", "ike_mode", "ike_dh_group", "ipsec_pfs_group")
    if is_fixed and row["vpn_type"] == "sm" and profile.name != "gm-t-0022":
        return "not-judged"
    if value is None:
        return "unknown"
    if str(value) == CEILINGS.get(profile.name, {}).get(column):
        return "ceiling"
    for entry in profile.entries:
        top = float("inf") if entry.largest is None else entry.largest
        if entry.column == column and (
            entry.value == str(value) if entry.value is not None else entry.smallest <= value <= top
        ):
            return str(entry.verdict)
    return "unknown"


@EVERY_PROFILE
def test_every_value_is_judged_as_by_hand(profile: Profile) -> None:
    """Nulls, unknown words and the ends of every range, in every context."""
    tunnels, facts = tables(ROWS)
    judged = judge(tunnels, profile=profile, key_bits=psk_bits(tunnels, facts))
    assert list(judged) == list(COLUMNS)
    for column, one in judged.items():
        found = [VERDICTS[code] for code in one.verdict]
        assert found == [said(row, column, profile) for row in ROWS], column


@EVERY_PROFILE
def test_the_entry_that_judged_is_named(profile: Profile) -> None:
    """So that its clause and basis can be shown; what nobody judged names none."""
    tunnels, facts = tables(ROWS)
    for column, one in judge(tunnels, profile=profile, key_bits=psk_bits(tunnels, facts)).items():
        for code, place in zip(one.verdict.tolist(), one.entry.tolist(), strict=True):
            if VERDICTS[code] in ("unknown", "not-judged"):
                assert place == -1
            else:
                entry = profile.entries[place]
                assert entry.column == column
                assert VERDICTS[code] in (entry.verdict, "ceiling")


@EVERY_PROFILE
def test_the_ceiling_is_what_no_fleet_can_better(profile: Profile) -> None:
    """Group 14 for those who want more than 112 bits, nothing for the others."""
    assert ceilings(profile) == CEILINGS.get(profile.name, {})


def test_what_is_worse_than_the_ceiling_is_its_owners() -> None:
    """It keeps its own verdict; PFS off takes no part."""
    tunnels, _ = tables([DEFAULTS, BEST, BEST | {"ike_dh_group": 24, "ipsec_pfs_group": 0}])
    judged = judge(
        tunnels,
        profile=shipped_profiles()["bsi-tr-02102-3"],
        key_bits=psk_bits(tunnels, None),
    )
    assert [VERDICTS[code] for code in judged["ike_dh_group"].verdict] == [
        "must-not",
        "ceiling",
        "must-not",
    ]
    assert [VERDICTS[code] for code in judged["ipsec_pfs_group"].verdict] == [
        "must-not",
        "ceiling",
        "should-not",
    ]


def test_a_profile_without_the_best_value_has_the_next_as_its_ceiling() -> None:
    """A column that it does not judge has none."""
    head = "profile,column,value,min,max,verdict,clause,basis"
    lines = [head, "p,ike_dh_group,2,,,must-not,,own", "p,ike_dh_group,1,,,should-not,,own"]
    (profile,) = parse_profiles("\n".join(lines), name="p.csv")
    assert ceilings(profile) == {"ike_dh_group": "2"}


def test_without_key_facts_the_bits_of_keys_are_unknown() -> None:
    """Never passed."""
    tunnels, _ = tables([BEST])
    for facts in (None, schema.empty("key_facts")):
        judged = judge(
            tunnels, profile=shipped_profiles()["ietf"], key_bits=psk_bits(tunnels, facts)
        )
        assert [VERDICTS[code] for code in judged["psk_bits"].verdict] == ["unknown"]


def test_an_empty_fleet_is_judged() -> None:
    """Arrays of no length stand for every column."""
    tunnels = schema.empty("tunnels")
    bits = psk_bits(tunnels, None)
    judged = judge(tunnels, profile=shipped_profiles()["ietf"], key_bits=bits)
    assert {len(one.verdict) + len(one.entry) for one in judged.values()} == {0}


def test_severities_are_of_verdicts_that_fail() -> None:
    """What passes or is not judged has none."""
    failing = {word: one.severity for word, one in MEANINGS.items() if one.result == 1}
    assert failing == {"legacy": "low", "should-not": "medium", "must-not": "high"}
    assert {one.severity for one in MEANINGS.values() if one.result != 1} == {"info"}


def test_an_index_of_the_fleet_changes_nothing() -> None:
    """Rows that were picked from a larger table are judged by position."""
    tunnels, facts = tables([DEFAULTS, BEST, DEFAULTS])
    picked = tunnels.iloc[[2, 1]]
    judged = judge(picked, profile=shipped_profiles()["ietf"], key_bits=psk_bits(picked, facts))
    assert [VERDICTS[code] for code in judged["ike_dh_group"].verdict] == ["should-not", "must"]
    assert isinstance(picked, pd.DataFrame)
