"""The rule on what a tunnel is worth in all: its weakest part decides."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from vpnframe.auditing.fleet import Fleet
from vpnframe.auditing.logic import (
    NO,
    UNKNOWN,
    YES,
    Mask,
    Positions,
    Texts,
    arrow,
    codes_of,
    flags,
    named,
)
from vpnframe.auditing.masks import equals
from vpnframe.auditing.values import is_not_told
from vpnframe.auditing.verdicts import HIGH, LOW, MEDIUM, Severities, Verdicts, judged

ENOUGH_BITS = 112
CEILING_BITS = 128
_BEST_GROUP = 14
# The rule that speaks of the weakest part, by part and value, and how bad that makes the sum.
_CAUSES = {
    ("ike_dh_group", "1"): ("vpn-ike-dh-1", HIGH),
    ("ike_dh_group", "2"): ("vpn-ike-dh-2", HIGH),
    ("ike_dh_group", "5"): ("vpn-ike-dh-5", MEDIUM),
    ("ipsec_encryption", "des-cbc"): ("vpn-ipsec-des", HIGH),
    ("psk", "published"): ("vpn-psk-published", HIGH),
    ("psk", "derived"): ("vpn-psk-derived", HIGH),
}
_PARTS = ("ike_dh_group", "ipsec_encryption", "ike_integrity")


def strength_low(fleet: Fleet) -> Verdicts:
    """A tunnel that is worth less than 112 bits, or at most so much by what is known of it.

    It is never worse than the rule on the part that makes it so weak.
    """
    bits, bound = fleet.strength["effective_bits"], fleet.strength["upper_bound_bits"]
    is_low = flags(bound < ENOUGH_BITS)
    result = np.where(is_low, YES, np.where(flags(bits.isna()), UNKNOWN, NO))
    evidence, cause, severity = _explained(fleet, is_low)
    nothing = np.full(len(result), "", object)
    facts = {"value": nothing, "evidence": evidence, "cause": cause, "missing": _missing(fleet)}
    return judged(
        "tunnels",
        result.astype(np.uint8),
        where=~fleet.is_sm,
        column=", ".join(_PARTS),
        severity=severity,
        facts=facts,
    )


def is_at_ceiling(fleet: Fleet) -> Mask:
    """Say which tunnels are held under 128 bits by the best group on offer and nothing else."""
    bits, weakest = fleet.strength["effective_bits"], fleet.strength["weakest_component"]
    is_between = flags((bits >= ENOUGH_BITS) & (bits < CEILING_BITS))
    is_best = equals(fleet.tunnels["ike_dh_group"], _BEST_GROUP)
    is_held = equals(weakest, "ike_dh_group")
    found: Mask = is_between & is_best & is_held & ~fleet.is_sm
    return found


def _missing(fleet: Fleet) -> Texts:
    """What would have to be known of each row."""
    unknown = {name: is_not_told(fleet, name) for name in _PARTS}
    unknown["the pre-shared key"] = fleet.has_psk & flags(fleet.keys["psk_bits"].isna())
    unknown["how the ends authenticate"] = fleet.may_have_psk & ~fleet.has_psk
    return named(unknown)


def _explained(fleet: Fleet, rows: Mask) -> tuple[Texts, Texts, Severities]:
    """What bounds each row, in words, the rule that speaks of it, and how bad that is."""
    evidence, cause = (np.full(len(rows), "", object) for _ in range(2))
    severity = np.full(len(rows), HIGH, np.uint8)
    at = np.flatnonzero(rows)
    if not len(at):
        return evidence, cause, severity
    table = fleet.strength.iloc[at].reset_index(drop=True)
    part = table["weakest_component"].astype("str")
    worth = _worth(fleet, at, part)
    lists = arrow(table["not_approved"], pa.list_(pa.string()))
    poor = pd.Series(pc.binary_join(lists, ", ").to_pandas()).fillna("")
    code = codes_of([part, worth, table["upper_bound_bits"], poor])
    _, first = np.unique(code, return_index=True)
    texts, causes, ranks = [], [], []
    for row in first.tolist():
        name, value, bits = str(part[row]), str(worth[row]), int(table["upper_bound_bits"][row])
        texts.append(_sentence(name, value, bits, str(poor[row])))
        of_key = ("vpn-psk-weak", _of_weak_key(bits)) if name == "psk" else ("", HIGH)
        rule, rank = _CAUSES.get((name, value), of_key)
        causes.append(rule)
        ranks.append(rank)
    evidence[at], cause[at] = np.array(texts, object)[code], np.array(causes, object)[code]
    severity[at] = np.array(ranks, np.uint8)[code]
    return evidence, cause, severity


def _of_weak_key(bits: int) -> int:
    """How bad a key of so many bits is, as the rule on weak keys has it."""
    return HIGH if bits < 64 else MEDIUM if bits < 80 else LOW


def _worth(fleet: Fleet, at: Positions, part: pd.Series) -> pd.Series:
    """The value of the weakest part; of a key, its class."""
    worth = fleet.keys["psk_class"].astype("str").iloc[at].reset_index(drop=True)
    for name in _PARTS:
        values = fleet.tunnels[name].astype("str").iloc[at].reset_index(drop=True)
        worth = worth.where(part != name, values)
    return worth.fillna("")


def _sentence(part: str, value: str, bits: int, poor: str) -> str:
    """What bounds a tunnel; of a key no number is named."""
    told = f"; not approved: {poor}" if poor else ""
    if part == "psk":
        return f"under {ENOUGH_BITS} bits, bounded by the pre-shared key{told}"
    return f"{bits} bits, bounded by {part} {value}{told}"
