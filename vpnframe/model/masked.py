"""Detect keys, addresses and ids that an API response masks in whole or in part.

The API masks values in many ways, and real keys may contain ``*`` and ``x``. So one ``*`` inside a
key is not a mask, and a run of ``x`` at the end is a mask only if it is half of the key or more.
"""

from __future__ import annotations

import re
from typing import Any

from vpnframe.model.records import KeyState

# The string that replaces a key in a redacted API response.
REDACTED = "present"
# Three stars anywhere (``123456****``), two at both ends (``**hidden**``), nothing but stars.
_STARRED_KEY = re.compile(r"\*{3}|\A\*{2}.*\*{2}\Z|\A\*+\Z", re.DOTALL)
_X_TAIL = re.compile(r"[xX]{4,}\Z")
_PART = r"(?:[0-9]{1,3}|[xX*]{1,3})"
_MASKED_VALUE = re.compile(
    rf"\*{{2}}|[xX]{{4,}}\Z|\A(?=.*[xX*]){_PART}(?:\.{_PART}){{3}}(?:/[0-9]{{1,2}})?\Z"
)


def key_state(value: object) -> KeyState:
    """Return whether a key in an API response is present, masked or absent."""
    if isinstance(value, str):
        value = value.strip()
        tail = _X_TAIL.search(value)
        if _STARRED_KEY.search(value) or (tail and 2 * len(tail[0]) >= len(value)):
            return "masked"
    return "absent" if value in (None, "", [], {}) else "present"


def best_state(*states: KeyState | None) -> KeyState | None:
    """Return the best of several key states: ``present``, then ``masked``, then ``absent``."""
    order: tuple[KeyState, ...] = ("present", "masked", "absent")
    return next((state for state in order if state in states), None)


def is_masked_value(value: Any) -> bool:
    """Check whether the API masked part of a value, such as ``vpc-****`` or ``10.x.x.1``.

    A tuple is masked if one of its items is.
    """
    if isinstance(value, tuple):
        return any(map(is_masked_value, value))
    if not isinstance(value, str) or not ("*" in value or "x" in value or "X" in value):
        return False
    return bool(_MASKED_VALUE.search(value))
