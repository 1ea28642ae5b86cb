"""Determine whether an answer shows a pre-shared key."""

from __future__ import annotations

from vpnframe.model.masked import is_masked_key
from vpnframe.model.records import KeyState

# The text that replaces a key in a redacted answer.
REDACTED = "present"


def key_state(value: object) -> KeyState:
    """Return whether a value is a key, a masked key, or absent.

    Examples
    --------
    >>> key_state("an example"), key_state("an ****"), key_state(""), key_state(None)
    ('present', 'masked', 'absent', 'absent')
    """
    if isinstance(value, str):
        value = value.strip()
        if is_masked_key(value):
            return "masked"
    return "absent" if value in (None, "", [], {}) else "present"


def best_state(*states: KeyState | None) -> KeyState | None:
    """Join the states of one key from several answers: present beats masked beats absent.

    Examples
    --------
    >>> best_state("masked", None, "present")
    'present'
    """
    order: tuple[KeyState, ...] = ("present", "masked", "absent")
    return next((state for state in order if state in states), None)
