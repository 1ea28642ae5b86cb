"""CIDR text to numbers and back, IPv4 and IPv6.

The verdict on a text is that of ``ipaddress.ip_network(text, strict=True)``. Plain IPv4 text is
read for all values at once; whatever looks unusual is given to ``ipaddress`` itself.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vpnframe.addresses.wide import Mask, Positions, Words

_DOT, _SLASH, _LINE_END, _ZERO = (np.uint8(ord(mark)) for mark in "./\n0")
_PLAIN_FIELDS = ((_DOT, 255), (_DOT, 255), (_DOT, 255), (_SLASH, 255), (_LINE_END, 32))
_ENTRY = [("high", "u8"), ("low", "u8"), ("family", "u1"), ("prefix_length", "u1")]


@dataclass(frozen=True, slots=True)
class ParsedCidrs:
    """CIDR blocks as numbers, and what was none.

    Parameters
    ----------
    row : ndarray of int64, shape (n,)
        Position of each parsed block in the input, ascending.
    family : ndarray of uint8, shape (n,)
        4 or 6.
    high, low : ndarray of uint64, shape (n,)
        Upper and lower 64 bits of the first address; IPv4 has all of it in ``low``.
    prefix_length : ndarray of uint8, shape (n,)
        0 to 32, or 0 to 128 for IPv6.
    failed_rows : ndarray of int64, shape (m,)
        Positions of the values that are no CIDR block, ascending.
    failed_texts : tuple of str, length m
        Those values as they came.
    failed_reasons : tuple of str, length m
        What is wrong with each, in a few words.
    missing_rows : ndarray of int64
        Positions of the missing values (None, NaN, NA), which are no failures.
    """

    row: Positions
    family: npt.NDArray[np.uint8]
    high: Words
    low: Words
    prefix_length: npt.NDArray[np.uint8]
    failed_rows: Positions
    failed_texts: tuple[str, ...]
    failed_reasons: tuple[str, ...]
    missing_rows: Positions


def parse_cidrs(values: Iterable[object]) -> ParsedCidrs:
    """Read CIDR blocks, one in each value.

    Parameters
    ----------
    values : iterable of str
        List, Series, numpy or arrow array of CIDR text; None, NaN and NA are missing values,
        and anything else is taken as its text (so that network objects do too).

    Returns
    -------
    ParsedCidrs
        The blocks, the failures with their reasons, and the missing values.

    Examples
    --------
    >>> parsed = parse_cidrs(["10.0.0.0/8", "172.17.0.0/12", None])
    >>> parsed.low.tolist(), parsed.prefix_length.tolist()
    ([167772160], [8])
    >>> parsed.failed_rows.tolist(), parsed.failed_reasons
    ([1], ('host bits set: did you mean 172.16.0.0/12?',))
    """
    listed = values.tolist() if hasattr(values, "tolist") else list(values)
    missing = [i for i, value in enumerate(listed) if type(value) is not str and _is_missing(value)]
    is_present = np.ones(len(listed), bool)
    is_present[missing] = False
    present = np.flatnonzero(is_present)
    texts = [str(listed[i]) for i in present.tolist()] if missing else list(map(str, listed))
    table, reasons = _parse_texts(texts)
    is_good = table["family"] > 0
    failed = np.flatnonzero(~is_good).tolist()
    return ParsedCidrs(
        row=present[is_good],
        family=table["family"][is_good],
        high=table["high"][is_good],
        low=table["low"][is_good],
        prefix_length=table["prefix_length"][is_good],
        failed_rows=present[failed],
        failed_texts=tuple(texts[i] for i in failed),
        failed_reasons=tuple(reasons[texts[i]] for i in failed),
        missing_rows=np.array(missing, np.int64),
    )


def split_cidrs(text: str) -> list[str]:
    """Split a list of subnets as the cloud writes it.

    Parameters
    ----------
    text : str
        Blocks with "," or "、" between them, spaces around allowed.

    Returns
    -------
    list of str
        The blocks in order, without empty ones; not validated.

    Examples
    --------
    >>> split_cidrs("10.0.0.0/16, 10.1.0.0/16,")
    ['10.0.0.0/16', '10.1.0.0/16']
    """
    return [part for part in (piece.strip() for piece in re.split("[,、]", text)) if part]


def format_cidr(
    high: Words,
    low: Words,
    family: npt.NDArray[np.uint8],
    prefix_length: npt.NDArray[np.uint8],
) -> list[str]:
    """Write blocks as canonical CIDR text: the inverse of ``parse_cidrs``.

    Parameters
    ----------
    high, low : ndarray of uint64, shape (n,)
        Upper and lower 64 bits of the first address; IPv4 has all of it in ``low``.
    family : ndarray of uint8, shape (n,)
        4 or 6.
    prefix_length : ndarray of uint8, shape (n,)
        0 to 32, or 0 to 128 for IPv6.

    Returns
    -------
    list of str
        n texts.

    Examples
    --------
    >>> parsed = parse_cidrs(["10.0.0.0/255.0.0.0", "2001:DB8:0::/32"])
    >>> format_cidr(parsed.high, parsed.low, parsed.family, parsed.prefix_length)
    ['10.0.0.0/8', '2001:db8::/32']
    """
    columns = (part.tolist() for part in (high, low, family, prefix_length))
    return [
        f"{n >> 24}.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}/{length}"
        if kind == 4
        else f"{ipaddress.IPv6Address(upper << 64 | n)}/{length}"
        for upper, n, kind, length in zip(*columns, strict=True)
    ]


def _is_missing(value: object) -> bool:
    """Tell None, NaN, NaT and NA without knowing pandas: none of the last three equals itself."""
    if value is None:
        return True
    is_same = value == value  # noqa: PLR0124  that is the point
    return not (isinstance(is_same, (bool, np.bool_)) and bool(is_same))


def _parse_texts(texts: list[str]) -> tuple[npt.NDArray[np.void], dict[str, str]]:
    """Return an entry for each text, family 0 where it failed, and why those failed."""
    low, length, is_plain = _read_plain_ipv4(texts)
    table = np.zeros(len(texts), _ENTRY)
    table["low"], table["prefix_length"], table["family"] = low, length, is_plain * 4
    entries: dict[str, tuple[int, int, int, int]] = {}
    reasons = {}
    for i in np.flatnonzero(~is_plain).tolist():
        text = texts[i]
        if text not in entries:
            try:
                network = ipaddress.ip_network(text, strict=True)
            except ValueError:
                entries[text], reasons[text] = (0, 0, 0, 0), _explain(text)
            else:
                upper, lower = divmod(int(network.network_address), 2**64)
                entries[text] = (upper, lower, network.version, network.prefixlen)
        table[i] = entries[text]
    return table, reasons


def _read_plain_ipv4(
    texts: list[str],
) -> tuple[Words, npt.NDArray[np.uint8], Mask]:
    """Addresses and prefix lengths of plain "a.b.c.d/n" blocks, and which texts are such.

    All other texts, bad ones among them, are left to be looked at one by one.
    """
    low, length = np.zeros(len(texts), np.uint64), np.zeros(len(texts), np.uint8)
    is_plain = np.zeros(len(texts), bool)
    # One byte for each character, so that none of several bytes can pass for a digit or a mark.
    characters = np.frombuffer("\n".join([*texts, ""]).encode("ascii", "replace"), np.uint8)
    line_ends = np.flatnonzero(characters == _LINE_END)
    if len(line_ends) != len(texts):  # a text that itself holds a line end
        return low, length, is_plain
    marks = np.flatnonzero(characters - _ZERO > 9)
    last_mark = np.flatnonzero(characters[marks] == _LINE_END)
    lines = np.flatnonzero(np.diff(last_mark, prepend=-1) == 5)
    start = np.append(-1, line_ends)[lines] + 1
    address, fits = np.zeros(len(lines), np.int64), np.ones(len(lines), bool)
    for field, (ending, largest) in enumerate(_PLAIN_FIELDS):
        end = marks[last_mark[lines] - (4 - field)]
        number, is_number = _read_numbers(characters, start, end)
        fits &= is_number & (number <= largest) & (characters[end] == ending)
        if ending == _LINE_END:
            size = number
        else:
            address = address << 8 | number
        start = end + 1
    fits &= address & ((1 << np.maximum(32 - size, 0)) - 1) == 0
    lines = lines[fits]
    low[lines], length[lines], is_plain[lines] = address[fits], size[fits], True
    return low, length, is_plain


def _read_numbers(
    characters: npt.NDArray[np.uint8], start: Positions, end: Positions
) -> tuple[npt.NDArray[np.int64], Mask]:
    """Decimal numbers between the bounds, and which have 1 to 3 digits and no leading zero."""
    size = end - start
    value = (characters[end - 1] - _ZERO).astype(np.int64)
    value += np.where(size > 1, characters[end - 2] - _ZERO, 0) * np.int64(10)
    value += np.where(size > 2, characters[end - 3] - _ZERO, 0) * np.int64(100)
    has_leading_zero = (size > 1) & (characters[start] == _ZERO)
    return value, (size >= 1) & (size <= 3) & ~has_leading_zero


def _explain(text: str) -> str:
    """Say in a few words why a text is no CIDR block."""
    if not text.strip():
        return "empty text"
    if len(split_cidrs(text)) > 1:
        return "several blocks in one text: one is expected"
    if any(character.isspace() for character in text):
        return "a space in or around it"
    if not text.isascii():
        return "characters other than plain ASCII"
    try:
        return f"host bits set: did you mean {ipaddress.ip_network(text, strict=False)}?"
    except ValueError:
        return _explain_parts(*text.split("/"))


def _explain_parts(address: str, *prefixes: str) -> str:
    """Say what is wrong with an address, or else with what follows its slash."""
    if len(prefixes) > 1:
        return "more than one slash"
    try:
        version = ipaddress.ip_address(address).version
    except ValueError:
        return _explain_address(address)
    return f"the prefix length must be 0 to {32 if version == 4 else 128}"


def _explain_address(address: str) -> str:
    """Say why an address is none."""
    octets = address.split(".")
    if ":" in address or not all(octet.isdigit() for octet in octets):
        return "not an IP address"
    if len(octets) != 4:
        return "an IPv4 address has four octets"
    if any(len(octet) > 1 and octet.startswith("0") for octet in octets):
        return "an octet with a leading zero"
    return "an octet over 255"
