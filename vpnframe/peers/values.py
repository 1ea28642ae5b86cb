"""Parse values in strongSwan's files: numbers in C's notation, times, switches and lists."""

from __future__ import annotations

import re

UINT64_MAX = 2**64 - 1

_BLANK = r"[ \t\n\v\f\r]*([+-]?)"
# If the base is 0, the number's prefix selects it, as in C: 0x10 is 16, and 010 is 8.
_NUMBERS = {
    0: re.compile(_BLANK + r"(0[xX](?=[0-9a-fA-F])|0|(?=[1-9]))", re.ASCII),
    2: re.compile(_BLANK + "()(?=[01])", re.ASCII),
    10: re.compile(_BLANK + "()(?=[0-9])", re.ASCII),
}
_DIGITS = {2: "01", 8: "01234567", 10: "0123456789", 16: "0123456789abcdefABCDEF"}
# One digit more than a 64-bit number has in base 2: a longer number is too large in every base.
_MAX_DIGITS = 65

_SWITCHES = dict.fromkeys(("yes", "true", "enabled", "1"), True) | dict.fromkeys(
    ("no", "false", "disabled", "0"), False
)
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}
# charon reads at most this number of characters of a number or a time, and ignores the rest.
_NUMBER_LENGTH = 15


def leading_int(text: str, base: int = 10) -> tuple[int, str]:
    """Parse the number at the start of a string like C's ``strtol``; return it and the rest."""
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


def split_list(text: str) -> tuple[str, ...]:
    """Split a string at commas; remove empty items, and the spaces around each item."""
    return tuple(item.strip(" ") for item in text.split(",") if item.strip(" "))


def parse_switch(text: str) -> bool | None:
    """Parse a switch of swanctl.conf, such as ``yes`` or ``no``; return None if it is invalid."""
    return _SWITCHES.get(text.lower())


def parse_number(text: str, base: int = 0) -> int | None:
    """Parse an integer of swanctl.conf; return None if it is invalid."""
    number, rest = leading_int(text[:_NUMBER_LENGTH], base)
    return None if rest else _as_unsigned(number) & 0xFFFFFFFF


def swanctl_time(text: str) -> int | None:
    """Convert a time of swanctl.conf, such as ``4h``, to seconds; return None if it is invalid."""
    number, rest = leading_int(text[:_NUMBER_LENGTH], 0)
    return _seconds(number, rest.lstrip(" ").lower())


def starter_time(text: str) -> int | None:
    """Convert a time of ipsec.conf to seconds: ``4h``, not ``4H`` or ``4 h``; None if invalid."""
    return _seconds(*leading_int(text))


def _seconds(number: int, unit: str) -> int | None:
    size = _SECONDS.get(unit)
    return None if size is None else _as_unsigned(number) * size & UINT64_MAX


def _as_unsigned(number: int) -> int:
    """Convert a number like C's ``strtoul``: limited to 64 bits, and negative ones modulo 2**64."""
    return UINT64_MAX if abs(number) > UINT64_MAX else number & UINT64_MAX
