"""Whether a pre-shared key was shown at all."""

from __future__ import annotations

from vpnframe.model.masked import is_masked_key
from vpnframe.model.records import KeyState

# What stands for a key in an answer that was made safe to keep.
REDACTED = "present"


def key_state(value: object) -> KeyState:
    """Say whether an answer holds a key, a masked key, or none.

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
    """Join what several answers say of one key: present beats masked beats absent.

    Examples
    --------
    >>> best_state("masked", None, "present")
    'present'
    """
    order: tuple[KeyState, ...] = ("present", "masked", "absent")
    return next((state for state in order if state in states), None)
