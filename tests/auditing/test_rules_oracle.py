"""The rules on proposals against a plain oracle, over the product of all values they tell apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from audit_helpers import BY_ID, GOOD, GOOD_KEY, NOW, WORDS, inventory, table

from vpnframe import schema
from vpnframe.auditing.fleet import Fleet, gather
from vpnframe.auditing.verdicts import SEVERITIES

CIPHERS = ["des-cbc", "3des-cbc", "aes-128-cbc", "aes-192-cbc", "aes-256-cbc", "sm4-cbc"]
HASHES = ["hmac-md5", "hmac-sha1", "hmac-sha256", "hmac-sm3"]
# The product of these: every value that a rule names, one it does not, one nobody knows, and null.
AXES: dict[str, list[Any]] = {
    "ike_version": [1, 2, None],
    "ike_mode": ["main", "aggressive", None],
    "ike_encryption": [*CIPHERS, "kuznyechik", None],
    "ike_integrity": [*HASHES, "whirlpool", None],
    "ike_dh_group": [1, 2, 5, 14, 24, 19, None],
    "ipsec_encryption": [*CIPHERS, "aes-256-gcm", None],
    "ipsec_pfs_group": [0, 1, 2, 5, 14, 24, 31, None],
}
# These go round beside it, each at its own length, so that every one meets all the others.
ROUNDS: dict[str, list[Any]] = {
    "ipsec_integrity": [*HASHES, "hmac-sha384", "whirlpool", None],
    "ike_lifetime_s": [86400, 900, 899, 0, None, 3600, 86401, 28800, 86400, 600, 300],
    "ipsec_lifetime_s": [
        86400,
        28801,
        28800,
        300,
        299,
        0,
        None,
        3600,
        90000,
        900,
        901,
        7200,
        86400,
    ],
    "vpn_type": ["normal", None, "sm", "normal", "normal"],
    "bandwidth_mbps": [4, 3, None, 100, 1000, 10, 5, 200, 1, 2, 50, 20, 7, 8, 9, 11, 12],
    "auth_method": ["psk", "psk", "certificate", "unknown", "psk", "psk", "psk", "psk", "psk"]
    + ["certificate"] * 10,
    "psk_bits": [None, 0, 63, 64, 79, 80, 111, 112, 128, 95, 190, 40, 83] + [100] * 10,
    "has_peer_ca": [True, False, None, True] + [True] * 25,
}
N = int(np.prod([len(values) for values in AXES.values()]))
GROUP_BITS = {1: 70, 2: 80, 5: 97, 14: 112, 24: 112}
CIPHER_BITS = dict(zip(CIPHERS, (56, 112, 128, 192, 256, 128), strict=True))
PRF_BITS = {"hmac-md5": 128, "hmac-sha1": 128, "hmac-sha256": 256, "hmac-sm3": 256}


@cache
def columns() -> dict[str, list[Any]]:
    """The values of every row, column by column."""
    places = np.indices([len(values) for values in AXES.values()]).reshape(len(AXES), -1)
    made = {
        name: [values[i] for i in places[axis].tolist()]
        for axis, (name, values) in enumerate(AXES.items())
    }
    rounds = {name: [values[i % len(values)] for i in range(N)] for name, values in ROUNDS.items()}
    return made | rounds


@cache
def fleet() -> Fleet:
    """All rows as tunnels of connections of their own."""
    good = {name: [GOOD[name]] * N for name in GOOD}
    ids = [f"vco-{i}" for i in range(N)]
    values = good | columns() | {"vpn_connection_id": ids}
    names = schema.find("tunnels").names
    tunnels = schema.build("tunnels", {n: values.get(n, [None] * N) for n in names})
    connections = schema.cast("connections", tunnels.assign(n_tunnels=1))
    keys = schema.cast(
        "key_facts",
        tunnels.assign(**(GOOD_KEY | {"psk_bits": pd.array(values["psk_bits"], dtype="Int16")})),
    )
    blank = inventory()
    return gather(
        type(blank)(
            **{
                **dict(blank.tables()),
                "tunnels": tunnels,
                "connections": connections,
                "subnets": table("subnets", []),
                "key_facts": keys,
            }
        ),
        now=NOW,
    )


Row = dict[str, Any]
Verdict = tuple[str, str | None] | None


def on_value(row: Row, column: str, bad: set[Any], known: Sequence[Any]) -> str:
    """The result of a rule on one value."""
    if row[column] not in known:
        return "unknown"
    return "fail" if row[column] in bad else "pass"


def kleene(*results: str) -> str:
    """All must fail for the whole to fail; one that passes decides it."""
    if "pass" in results:
        return "pass"
    return "unknown" if "unknown" in results else "fail"


def compared(row: Row, *names: str, holds: bool) -> str:
    """The result of a comparison of lifetimes: null and 0 say nothing."""
    if any(row[name] in (None, 0) for name in names):
        return "unknown"
    return "fail" if holds else "pass"


GROUPS = (1, 2, 5, 14, 24)
WIDER = [*HASHES, "hmac-sha384", "hmac-sha512"]


def of_versions(row: Row) -> Iterator[tuple[str, str, str | None]]:
    version = on_value(row, "ike_version", {1}, (1, 2))
    yield "vpn-ike-version-1", version, None
    mode = on_value(row, "ike_mode", {"aggressive"}, ("main", "aggressive"))
    bits = row["psk_bits"]
    is_guessable = row["auth_method"] == "psk" and bits is not None and bits < 80
    yield "vpn-ike-aggressive-mode", kleene(version, mode), "critical" if is_guessable else "high"


def of_values(row: Row) -> Iterator[tuple[str, str, str | None]]:
    for phase in ("ike", "ipsec"):
        for word in ("des", "3des"):
            cipher = on_value(row, f"{phase}_encryption", {f"{word}-cbc"}, CIPHERS)
            yield f"vpn-{phase}-{word}", cipher, None
        for word in ("md5", "sha1"):
            digest = on_value(row, f"{phase}_integrity", {f"hmac-{word}"}, WIDER)
            yield f"vpn-{phase}-{word}", digest, None
    for group in (1, 2, 5, 24):
        yield f"vpn-ike-dh-{group}", on_value(row, "ike_dh_group", {group}, GROUPS), None
    yield "vpn-ipsec-pfs-off", on_value(row, "ipsec_pfs_group", {0}, (0, *GROUPS)), None
    weak = on_value(row, "ipsec_pfs_group", {1, 2, 5, 24}, (0, *GROUPS))
    bits = [GROUP_BITS.get(row[name], 0) for name in ("ipsec_pfs_group", "ike_dh_group")]
    yield "vpn-ipsec-pfs-weak", weak, "low" if bits[0] < bits[1] else "info"


def of_limits(row: Row) -> Iterator[tuple[str, str, str | None]]:
    small = on_value(row, "ipsec_encryption", {"des-cbc", "3des-cbc"}, CIPHERS)
    mbps, lifetime = row["bandwidth_mbps"], row["ipsec_lifetime_s"]
    n_bytes = (mbps or 0) * 1_000_000 / 8 * (lifetime or 0)
    much = compared(row, "bandwidth_mbps", "ipsec_lifetime_s", holds=n_bytes >= 2**32 * 8)
    yield "vpn-ipsec-block-limit", kleene(small, much), None


def of_defaults(row: Row) -> Iterator[tuple[str, str, str | None]]:
    if row["ike_version"] == 2 or row["ike_mode"] == "main":
        mode = "fail"
    elif row["ike_version"] == 1 and row["ike_mode"] == "aggressive":
        mode = "pass"
    else:
        mode = "unknown"
    yield (
        "vpn-all-defaults",
        kleene(
            mode,
            on_value(row, "ike_encryption", {"aes-128-cbc"}, CIPHERS),
            on_value(row, "ipsec_encryption", {"aes-128-cbc"}, CIPHERS),
            on_value(row, "ike_integrity", {"hmac-md5"}, WIDER),
            on_value(row, "ipsec_integrity", {"hmac-md5"}, WIDER),
            on_value(row, "ike_dh_group", {2}, GROUPS),
            on_value(row, "ipsec_pfs_group", {2}, (0, *GROUPS)),
            *(
                "unknown" if row[name] is None else "fail" if row[name] == 86400 else "pass"
                for name in ("ike_lifetime_s", "ipsec_lifetime_s")
            ),
        ),
        None,
    )


def of_lifetimes(row: Row) -> Iterator[tuple[str, str, str | None]]:
    ike, ipsec = row["ike_lifetime_s"], row["ipsec_lifetime_s"]
    is_told = None not in (ike, ipsec) and 0 not in (ike, ipsec)
    yield "vpn-lifetime-zero", "pass" if is_told else "unknown", None
    good = ("aes-128-cbc", "aes-192-cbc", "aes-256-cbc", "sm4-cbc")
    severity = "info" if row["ipsec_encryption"] in good else "medium"
    long = compared(row, "ipsec_lifetime_s", holds=(ipsec or 0) > 8 * 3600)
    yield "vpn-ipsec-lifetime-long", long, severity
    order = compared(row, "ike_lifetime_s", "ipsec_lifetime_s", holds=(ipsec or 0) > (ike or 0))
    yield "vpn-lifetime-order", order, None
    storms = [
        compared(row, "ike_lifetime_s", holds=(ike or 0) < 900),
        compared(row, "ipsec_lifetime_s", holds=(ipsec or 0) < 300),
    ]
    storm = "fail" if "fail" in storms else "unknown" if "unknown" in storms else "pass"
    yield "vpn-rekey-storm", storm, None


def of_suite(row: Row) -> Iterator[tuple[str, str, str | None]]:
    wanted = {
        "ike_version": (1, (1, 2)),
        "ike_mode": ("main", ("main", "aggressive")),
        "ike_encryption": ("sm4-cbc", CIPHERS),
        "ipsec_encryption": ("sm4-cbc", CIPHERS),
        "ike_integrity": ("hmac-sm3", WIDER),
        "ipsec_integrity": ("hmac-sm3", WIDER),
        "has_peer_ca": (True, (True, False)),
    }
    results = [
        "unknown" if row[name] not in known else "pass" if row[name] == value else "fail"
        for name, (value, known) in wanted.items()
    ]
    whole = "fail" if "fail" in results else "unknown" if "unknown" in results else "pass"
    yield "vpn-sm-profile", whole, None


def oracle(row: Row) -> dict[str, tuple[str, str | None]]:
    """What every rule on proposals should say of one tunnel; a rule that is left out is silent."""
    said = [*of_lifetimes(row)]
    if row["vpn_type"] == "sm":
        said += of_suite(row)
    else:
        for part in (of_versions, of_values, of_limits, of_defaults):
            said += part(row)
    return {rule: (result, severity) for rule, result, severity in said}


RULES = (
    *("vpn-ike-aggressive-mode", "vpn-ike-version-1", "vpn-ike-des", "vpn-ipsec-des"),
    *("vpn-ike-3des", "vpn-ipsec-3des", "vpn-ipsec-block-limit", "vpn-ike-md5", "vpn-ipsec-md5"),
    *("vpn-ike-sha1", "vpn-ipsec-sha1", "vpn-ike-dh-1", "vpn-ike-dh-2", "vpn-ike-dh-5"),
    *("vpn-ike-dh-24", "vpn-ipsec-pfs-off", "vpn-ipsec-pfs-weak"),
    *("vpn-all-defaults", "vpn-lifetime-zero", "vpn-ipsec-lifetime-long", "vpn-lifetime-order"),
    *("vpn-rekey-storm", "vpn-sm-profile"),
)


@cache
def expected() -> dict[str, list[tuple[str, str | None] | None]]:
    """What the oracle says of every row, rule by rule."""
    values = columns()
    names = list(values)
    answers: dict[str, list[tuple[str, str | None] | None]] = {rule: [] for rule in RULES}
    for combination in zip(*values.values(), strict=True):
        said = oracle(dict(zip(names, combination, strict=True)))
        for rule, listed in answers.items():
            listed.append(said.get(rule))
    return answers


def test_the_product_is_large() -> None:
    """Every combination of what the rules tell apart, nulls and unknown tokens among them."""
    assert N >= 150_000


@pytest.mark.slow
@pytest.mark.parametrize("rule_id", RULES)
def test_a_rule_equals_the_oracle(rule_id: str) -> None:
    """On every combination: what is judged, the result, and the severity where it varies."""
    verdicts = BY_ID[rule_id].judge(fleet())
    wanted = expected()[rule_id]
    judged = [i for i, one in enumerate(wanted) if one is not None]
    assert verdicts.position.tolist() == judged
    results = [WORDS[result] for result in verdicts.result.tolist()]
    assert results == [one[0] for one in wanted if one is not None]
    if verdicts.severity is not None:
        words = [SEVERITIES[code] for code in verdicts.severity.tolist()]
        told = [one for one in wanted if one is not None]
        failing = [i for i, result in enumerate(results) if result == "fail"]
        assert [words[i] for i in failing] == [told[i][1] for i in failing]
