"""Rules on pre-shared keys. They use facts about a key, never the key, and state no number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from vpnframe.auditing.fleet import Fleet
from vpnframe.auditing.key_sharing import FEW, MANY, how_shared
from vpnframe.auditing.logic import (
    NO,
    UNKNOWN,
    YES,
    Texts,
    Truth,
    both,
    either,
    flags,
    is_any,
    numbers,
    objects,
    unknown_where_null,
)
from vpnframe.auditing.values import is_aggressive
from vpnframe.auditing.verdicts import CRITICAL, HIGH, LOW, MEDIUM, Severities, Verdicts, judged

KEY_CLASSES = ("published", "derived", "dictionary", "patterned", "random")
_STEPS = (64, 80)  # bits below which a key is weak, and severity steps
_STEP_NAMES = ("under 64 bits", "64 to 79 bits", "80 bits or more")


def psk_published(fleet: Fleet) -> Verdicts:
    """Fail tunnels whose key is published in documentation."""
    result = is_any(fleet.keys["psk_class"], {"published"}, known=KEY_CLASSES)
    return _on_keys(fleet, result, column="psk_class")


def psk_weak(fleet: Fleet) -> Verdicts:
    """Fail tunnels whose key has less than 80 bits and can be guessed."""
    bits = fleet.keys["psk_bits"]
    step = np.searchsorted(_STEPS, numbers(bits), side="right")
    severity = np.array([HIGH, MEDIUM, MEDIUM], np.uint8)[step]
    severity[(step == 0) & (is_aggressive(fleet) == YES)] = CRITICAL
    return _on_keys(
        fleet,
        unknown_where_null(step < len(_STEPS), bits),
        column="psk_bits",
        severity=severity,
        facts={"bits": np.array(_STEP_NAMES, dtype=object)[step]},
    )


def psk_derived(fleet: Fleet) -> Verdicts:
    """Fail keys under 64 bits derived from the connection's name, id, address, company or year."""
    keys = fleet.keys
    is_derived = is_any(keys["psk_class"], {"derived"}, known=KEY_CLASSES)
    is_little = unknown_where_null(numbers(keys["psk_bits"]) < 64, keys["psk_bits"])
    return _on_keys(fleet, both(is_derived, is_little), column="psk_class")


def psk_reused(fleet: Fleet) -> Verdicts:
    """Fail keys used at several customer gateways, except by the two ends of one tunnel."""
    shared = how_shared(fleet)
    severity = np.where(shared.how == MANY, HIGH, LOW).astype(np.uint8)
    result = np.where(np.isin(shared.how, (FEW, MANY)), YES, NO).astype(np.uint8)
    result[flags(fleet.keys["psk_fingerprint"].isna())] = UNKNOWN
    return _on_keys(
        fleet,
        result,
        column="psk_fingerprint",
        severity=severity,
        facts={"value": shared.others},
    )


def psk_unavailable(fleet: Fleet) -> Verdicts:
    """Mark keys that no answer shows, or without stored facts, as unknown."""
    state = fleet.tunnels["psk_state"]
    is_hidden = is_any(state, {"masked", "absent"}, known=("present",))
    has_no_facts = unknown_where_null(flags(fleet.keys["psk_bits"].isna()))
    result = np.where(either(is_hidden, has_no_facts) == NO, NO, UNKNOWN).astype(np.uint8)
    words = state.astype("str").fillna("not known")
    why = words.where(words != "present", "present, but no facts about it were kept")
    why = why.where(fleet.has_psk, "not known, nor whether there is one")
    return _on_keys(fleet, result, column="psk_state", facts={"value": objects(why)})


def _shown(fleet: Fleet) -> Texts:
    """Return class and bits of each key as text; empty unless they may be shown."""
    if not fleet.shows_keys:
        return np.full(len(fleet.tunnels), "", dtype=object)
    bits = fleet.keys["psk_bits"].astype("str") + " bits, " + fleet.keys["psk_class"].astype("str")
    return objects(bits.fillna(""))


def _on_keys(
    fleet: Fleet,
    result: Truth,
    *,
    column: str,
    severity: Severities | None = None,
    facts: Mapping[str, Any] | None = None,
) -> Verdicts:
    """Return verdicts on tunnels with a key; unknown if the authentication method is unknown.

    Key facts are shown only on request.
    """
    nothing = {"value": _shown(fleet)}
    return judged(
        "tunnels",
        np.where(fleet.has_psk, result, UNKNOWN).astype(np.uint8),
        where=fleet.may_have_psk,
        column=column,
        severity=severity,
        facts=nothing | dict(facts or {}),
    )
