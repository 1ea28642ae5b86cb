"""Rules on lifetimes, and on the amount of data under one key."""

from __future__ import annotations

import numpy as np

from vpnframe.auditing.fleet import Fleet
from vpnframe.auditing.logic import NO, UNKNOWN, YES, both, either, flags, is_any, numbers
from vpnframe.auditing.values import LIFETIMES, is_value, of_lifetimes
from vpnframe.auditing.verdicts import INFO, MEDIUM, Verdicts, judged

_BIRTHDAY_BYTES = 2**35  # 2^32 blocks of 8 bytes


def ipsec_block_limit(fleet: Fleet) -> Verdicts:
    """Fail 64-bit ciphers if a key can encrypt so much data that equal blocks become likely."""
    tunnels = fleet.tunnels
    lifetime, bandwidth = tunnels["ipsec_lifetime_s"], tunnels["bandwidth_mbps"]
    n_bytes = numbers(bandwidth) * 125_000 * numbers(lifetime)
    can_reach = of_lifetimes(fleet, n_bytes >= _BIRTHDAY_BYTES, "ipsec_lifetime_s")
    can_reach = np.where(flags(bandwidth.isna()), UNKNOWN, can_reach).astype(np.uint8)
    has_small_blocks = is_value(fleet, "ipsec_encryption", {"des-cbc", "3des-cbc"})
    return judged(
        "tunnels",
        both(has_small_blocks, can_reach),
        where=~fleet.is_sm,
        column="ipsec_encryption, bandwidth_mbps, ipsec_lifetime_s",
    )


def lifetime_zero(fleet: Fleet) -> Verdicts:
    """Mark lifetimes of 0 as unknown: their meaning is not documented."""
    zeros = [is_any(fleet.tunnels[column], {0}) for column in LIFETIMES]
    result = np.where(either(*zeros) == NO, NO, UNKNOWN).astype(np.uint8)
    return judged("tunnels", result, column=", ".join(LIFETIMES))


def ipsec_lifetime_long(fleet: Fleet) -> Verdicts:
    """Fail IPsec lifetimes over eight hours."""
    lifetime = numbers(fleet.tunnels["ipsec_lifetime_s"])
    has_good_cipher = is_value(
        fleet, "ipsec_encryption", {"aes-128-cbc", "aes-192-cbc", "aes-256-cbc", "sm4-cbc"}
    )
    severity = np.where(has_good_cipher == YES, INFO, MEDIUM).astype(np.uint8)
    return judged(
        "tunnels",
        of_lifetimes(fleet, lifetime > 28800, "ipsec_lifetime_s"),
        column="ipsec_lifetime_s",
        severity=severity,
    )


def lifetime_order(fleet: Fleet) -> Verdicts:
    """Fail tunnels whose child SAs outlive their IKE SA."""
    ike, ipsec = (numbers(fleet.tunnels[column]) for column in LIFETIMES)
    result = of_lifetimes(fleet, ipsec > ike, *LIFETIMES)
    return judged("tunnels", result, column=", ".join(LIFETIMES))


def rekey_storm(fleet: Fleet) -> Verdicts:
    """Fail lifetimes that cause constant rekeying: IKE under 900 s, IPsec under 300 s."""
    ike, ipsec = (numbers(fleet.tunnels[column]) for column in LIFETIMES)
    result = either(
        of_lifetimes(fleet, ike < 900, "ike_lifetime_s"),
        of_lifetimes(fleet, ipsec < 300, "ipsec_lifetime_s"),
    )
    return judged("tunnels", result, column=", ".join(LIFETIMES))
