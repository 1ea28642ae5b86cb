"""Facts about a pre-shared key, without keeping the key."""

from __future__ import annotations

from vpnframe.model.psk.facts import (
    FingerprintKey,
    KeyJudge,
    best_facts,
    key_facts,
    new_fingerprint_key,
    own_fingerprint_key,
    read_fingerprint_key,
)
from vpnframe.model.psk.states import REDACTED, best_state, key_state

__all__ = [
    "REDACTED",
    "FingerprintKey",
    "KeyJudge",
    "best_facts",
    "best_state",
    "key_facts",
    "key_state",
    "new_fingerprint_key",
    "own_fingerprint_key",
    "read_fingerprint_key",
]
