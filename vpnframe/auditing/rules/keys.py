"""Rules on pre-shared keys and identities; they read facts about keys and never show keys."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from vpnframe.auditing.fleet import Fleet
from vpnframe.auditing.key_sharing import FEW, MANY, how_shared
from vpnframe.auditing.logic import (
    NO,
    UNKNOWN,
    YES,
    Truth,
    both,
    codes_of,
    differs_within,
    either,
    flags,
    is_any,
    n_distinct,
    named,
    numbers,
    objects,
    truth,
    unknown_where_null,
)
from vpnframe.auditing.values import ANYBODY, IDS, comparable
from vpnframe.auditing.verdicts import (
    CRITICAL,
    HIGH,
    INFO,
    LOW,
    MEDIUM,
    NO_KEY,
    VALUE_UNKNOWN,
    Severities,
    Verdicts,
    judged,
    rule,
    severity_where,
)

KEY_CLASSES = ("published", "derived", "dictionary", "patterned", "random")
_STEPS = (64, 80)  # limits in bits between the steps of severity
_STEP_NAMES = ("under 64 bits", "64 to 79 bits", "80 bits or more")
_IKE_PROPOSAL = ("ike_version", "ike_mode", "ike_encryption", "ike_integrity", "ike_dh_group")


@rule("vpn-psk-published", "tunnels", "psk_class", implied_by=(NO_KEY,))
def psk_published(fleet: Fleet) -> Verdicts:
    """Fail tunnels whose pre-shared key is published in documentation."""
    return _on_keys(fleet, is_any(fleet.keys["psk_class"], {"published"}, known=KEY_CLASSES))


@rule(
    "vpn-psk-weak",
    "tunnels",
    "psk_bits",
    implied_by=("vpn-psk-published", "vpn-psk-derived", NO_KEY),
    is_as_profiles=True,
)
def psk_weak(fleet: Fleet) -> Verdicts:
    """Fail tunnels whose pre-shared key has less than 80 bits, so that it can be guessed."""
    bits = fleet.keys["psk_bits"]
    step = np.searchsorted(_STEPS, numbers(bits), side="right")
    severity = np.array([HIGH, MEDIUM, MEDIUM], np.uint8)[step]
    severity[(step == 0) & (fleet.is_aggressive == YES)] = CRITICAL
    result = unknown_where_null(step < len(_STEPS), bits)
    return _on_keys(fleet, result, severity=severity, bits=objects(_STEP_NAMES)[step])


@rule("vpn-psk-reused", "tunnels", "psk_fingerprint", implied_by=(NO_KEY,))
def psk_reused(fleet: Fleet) -> Verdicts:
    """Fail tunnels whose pre-shared key is also used for another customer gateway."""
    shared = how_shared(fleet)
    result = unknown_where_null(np.isin(shared.how, (FEW, MANY)), fleet.keys["psk_fingerprint"])
    severity = severity_where(shared.how == MANY, HIGH, LOW)
    return _on_keys(fleet, result, severity=severity, value=shared.others)


@rule("vpn-psk-derived", "tunnels", "psk_class", implied_by=(NO_KEY,))
def psk_derived(fleet: Fleet) -> Verdicts:
    """Fail tunnels whose key has known text, like a name, and under 64 bits without it."""
    bits = fleet.keys["psk_bits"]
    is_derived = is_any(fleet.keys["psk_class"], {"derived"}, known=KEY_CLASSES)
    return _on_keys(fleet, both(is_derived, unknown_where_null(numbers(bits) < 64, bits)))


@rule(NO_KEY, "tunnels", "psk_state")
def psk_unavailable(fleet: Fleet) -> Verdicts:
    """Mark tunnels as unknown if their pre-shared key is hidden or no facts about it are stored."""
    state = fleet.tunnels["psk_state"]
    is_hidden = is_any(state, {"masked", "absent"}, known=("present",)) != NO
    is_hidden |= flags(fleet.keys["psk_bits"].isna())
    words = state.astype("str").fillna("not known")
    why = words.where(words != "present", "present, but no facts about it are stored")
    why = why.where(fleet.has_psk, "not known, and the tunnel may have none")
    return _on_keys(fleet, np.where(is_hidden, UNKNOWN, NO), value=objects(why))


@rule("vpn-id-any", "tunnels", "customer_gateway_ike_id")
def id_any(fleet: Fleet) -> Verdicts:
    """Fail tunnels that accept any peer identity; an empty one means the peer's address."""
    ids = fleet.tunnels["customer_gateway_ike_id"].fillna("").str.strip().str.lower()
    severity = severity_where(fleet.is_aggressive == YES, HIGH, MEDIUM)
    return judged(is_any(ids, ANYBODY), severity=severity)


@rule(
    "vpn-ike-shared-peer-mismatch",
    "tunnels",
    *(*_IKE_PROPOSAL, *IDS, "psk_fingerprint"),
    implied_by=(VALUE_UNKNOWN, NO_KEY),
)
def ike_shared_peer_mismatch(fleet: Fleet) -> Verdicts:
    """Fail tunnels between the same two addresses if their IKE settings differ."""
    tunnels = fleet.tunnels
    ends = [tunnels[name] for name in ("vpn_gateway_ip", "customer_gateway_ip")]
    place = [tunnels[name] for name in ("account_id", "region_id", "vpn_gateway_id")]
    pair = codes_of([*place, *ends])
    n_pairs = int(pair.max(initial=-1)) + 1
    n_owners = n_distinct(pair, fleet.of_tunnel)
    differing = {
        name: differs_within(pair, values, n_groups=n_pairs)
        for name, values in _ike_settings(fleet).items()
    }
    result: Truth = np.where(n_owners > 1, either(*differing.values()), np.uint8(NO))[pair]
    result[flags(ends[0].isna() | ends[1].isna())] = UNKNOWN
    names = named({name: one == YES for name, one in differing.items()})
    severity = severity_where(fleet.is_up == YES, INFO, HIGH)
    return judged(result, severity=severity, value=names[pair], n=n_owners[pair])


@rule("vpn-id-equal", "tunnels", *IDS)
def id_equal(fleet: Fleet) -> Verdicts:
    """Fail tunnels whose two ends have the same identity."""
    ours, theirs = (fleet.tunnels[column].fillna("").str.strip() for column in IDS)
    return judged(truth(flags((ours == theirs) & (ours != ""))))


def _ike_settings(fleet: Fleet) -> dict[str, pd.Series]:
    """Return, by name, the IKE settings that all tunnels between two addresses must share."""
    settings = {name: comparable(fleet, name) for name in _IKE_PROPOSAL}
    for name, address in zip(IDS, ("vpn_gateway_ip", "customer_gateway_ip"), strict=True):
        settings[name] = fleet.tunnels[name].fillna(fleet.tunnels[address])
    fingerprint = fleet.keys["psk_fingerprint"].astype("str")
    settings["psk_fingerprint"] = fingerprint.where(fleet.has_psk, "none")
    return settings


def _on_keys(
    fleet: Fleet, result: npt.ArrayLike, *, severity: Severities | None = None, **facts: Any
) -> Verdicts:
    """Return the results of a rule on tunnels that have or may have a pre-shared key.

    The result is unknown if it is not known whether a tunnel has a key. The findings show the
    ``value`` of ``facts``, else class and bits of the key, if ``fleet.shows_keys`` allows this.
    """
    if "value" not in facts:
        bits, psk_class = (fleet.keys[name].astype("str") for name in ("psk_bits", "psk_class"))
        shown = objects((bits + " bits, " + psk_class).fillna(""))
        facts["value"] = shown if fleet.shows_keys else np.full(len(shown), "", object)
    found = np.where(fleet.has_psk, result, UNKNOWN)
    return judged(found, where=fleet.may_have_psk, severity=severity, **facts)
