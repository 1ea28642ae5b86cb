"""Parse numbers at the beginning of a text like C's ``strtol``, which strongSwan uses."""

from __future__ import annotations

import re

UINT64_MAX = 2**64 - 1
_INT64_MAX = 2**63 - 1

_BLANK = r"[ \t\n\v\f\r]*([+-]?)"
# The prefix selects the base, as in C: 0x10 is 16, and 010 is 8.
_NUMBERS = {
    0: re.compile(_BLANK + r"(0[xX](?=[0-9a-fA-F])|0|(?=[1-9]))", re.ASCII),
    2: re.compile(_BLANK + "()(?=[01])", re.ASCII),
    10: re.compile(_BLANK + "()(?=[0-9])", re.ASCII),
}
_DIGITS = {2: "01", 8: "01234567", 10: "0123456789", 16: "0123456789abcdefABCDEF"}
# More digits than a 64-bit number has in base 2: longer numbers are too large in any case.
_MAX_DIGITS = 65


def leading_int(text: str, base: int = 10) -> tuple[int, str]:
    """Parse the number at the beginning of a text; return it and the remaining text.

    Without a number, return 0 and the whole text, as in C.

    Examples
    --------
    >>> leading_int("16 and more"), leading_int("0x10s", 0), leading_int("x")
    ((16, ' and more'), (16, 's'), (0, 'x'))
    """
    found = _NUMBERS[base].match(text)
    if found is None:
        return 0, text
    sign, prefix = found[1], found[2]
    base = base or {"": 10, "0": 8}.get(prefix, 16)
    rest = text[found.end() :]
    tail = rest.lstrip(_DIGITS[base])
    digits = rest[: len(rest) - len(tail)].lstrip("0")[:_MAX_DIGITS]
    number = int(digits or "0", base)
    return -number if sign == "-" else number, tail


def as_unsigned(number: int) -> int:
    """Convert a number like ``strtoul``: the maximum if it is too large, else modulo 2**64."""
    return UINT64_MAX if abs(number) > UINT64_MAX else number & UINT64_MAX


def as_octet(number: int) -> int:
    """Return the low eight bits of ``atoi``'s result, as if stored in an octet."""
    return max(-_INT64_MAX - 1, min(number, _INT64_MAX)) & 0xFF
