"""Parse usual CIDR strings thousands at a time, with the same results as ``ipaddress``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from vpnframe.addresses.wide import Mask, Positions, Wide

Characters = npt.NDArray[np.uint8]
Digits = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.int16]
Sizes = npt.NDArray[np.integer[Any]]

_CHUNK = 2**14  # strings parsed at a time; their characters stay in the processor's cache
_DOT, _COLON, _SLASH, _LINE_END, _ZERO = (np.uint8(ord(mark)) for mark in ".:/\n0")
_OCTET_SHIFTS = np.array([[24], [16], [8], [0]], np.uint64)
_NO_DIGIT = np.uint8(255)
_DIGITS = np.full(256, _NO_DIGIT)
_DIGITS[[*b"0123456789abcdef"]] = np.arange(16)
_DIGITS[[*b"ABCDEF"]] = np.arange(10, 16)
_GROUPS = 8  # groups of 16 bits in an IPv6 address
_NO_GAP = _GROUPS + 1  # position of the gap in a string without "::": after all fields


@dataclass(frozen=True, slots=True)
class Entries:
    """The addresses and prefix lengths of n parsed strings; host bits are kept."""

    address: Wide  # the address before the slash; an IPv4 address is all in the lower word
    family: npt.NDArray[np.uint8]  # 4 or 6; 0 if the string was not parsed
    prefix_length: npt.NDArray[np.uint8]  # 32 or 128 for a string without a slash


def read_plain(texts: Sequence[str]) -> Entries:
    """Parse the strings that are plain CIDR blocks or addresses.

    The family is 0 for a string that is not plain; ``ipaddress`` can still accept it.

    Examples
    --------
    >>> entries = read_plain(["10.0.0.1/8", "2001:db8::/32", "10.0.0.0/255.0.0.0", "1.2.3.4"])
    >>> entries.family.tolist(), entries.prefix_length.tolist()
    ([4, 6, 0, 4], [8, 32, 0, 32])
    """
    n = len(texts)
    words = Wide(np.zeros(n, np.uint64), np.zeros(n, np.uint64))
    entries = Entries(words, np.zeros(n, np.uint8), np.zeros(n, np.uint8))
    for start in range(0, n, _CHUNK):
        lines = _Lines.of(texts[start : start + _CHUNK])
        for mark, read in ((_DOT, _read_ipv4), (_COLON, _read_ipv6)):
            if (lines.characters == mark).any():
                read(lines, entries, start)
    return entries


@dataclass(frozen=True, slots=True)
class _Lines:
    """Strings joined to one array of characters, with a line end after each string."""

    characters: Characters
    ends: Positions

    @classmethod
    def of(cls, texts: Sequence[str]) -> _Lines:
        # A non-ASCII character becomes "?": its bytes could be mistaken for other characters.
        encoded = "\n".join([*texts, ""]).encode("ascii", "replace")
        if encoded.count(b"\n") != len(texts):
            return cls.of(["?" if "\n" in text else text for text in texts])
        characters = np.frombuffer(encoded, np.uint8)
        return cls(characters, np.flatnonzero(characters == _LINE_END))

    def fields(self, marks: Positions) -> tuple[Positions, Positions]:
        """Return for each line the index of its end in ``marks``, and its number of marks.

        ``marks`` has the sorted positions of all separators and line ends.
        """
        last = np.searchsorted(marks, self.ends)
        return last, np.diff(last, prepend=-1)


def _read_ipv4(lines: _Lines, entries: Entries, at: int) -> None:
    """Parse IPv4 strings, and write the valid blocks into ``entries`` from position ``at`` on.

    Valid is an address, or an address with a slash and a prefix length; a netmask is not.
    """
    digits = lines.characters - _ZERO
    marks = np.flatnonzero(digits > 9)
    last, n_marks = lines.fields(marks)
    for endings in (b"...\n", b".../\n"):
        line = np.flatnonzero(n_marks == len(endings))
        if len(line) == 0:
            continue
        ends = marks[last[line] + np.arange(1 - len(endings), 1)[:, None]]
        starts = np.vstack([np.append(-1, lines.ends)[line] + 1, ends[:-1] + 1])
        values, is_number = _decimals(digits, ends, ends - starts)
        octets, length = values[:4], values[4] if len(values) > 4 else np.int16(32)
        fits = is_number.all(axis=0) & (octets <= 255).all(axis=0) & (length <= 32)
        fits &= (lines.characters[ends] == [[ending] for ending in endings]).all(axis=0)
        address = np.bitwise_or.reduce(octets.astype(np.uint64) << _OCTET_SHIFTS)
        where = line[fits] + at
        entries.address.low[where], entries.family[where] = address[fits], 4
        entries.prefix_length[where] = np.broadcast_to(length, len(line))[fits]


def _places(digits: Digits, ends: Positions, size: Sizes, *, n: int) -> list[Digits]:
    """Return the last ``n`` digits of the number before each position in ``ends``.

    The first array has the last digit of each number, the second the digit before it, and so on. A
    number has ``size`` digits; the digits that it lacks are 0.
    """
    return [
        np.where(size > place, digits.take(ends - 1 - place, mode="clip"), np.uint8(0))
        for place in range(n)
    ]


def _decimals(digits: Digits, ends: Positions, size: Sizes) -> tuple[Numbers, Mask]:
    """Return the number before each position in ``ends``, and the mask of valid numbers.

    A number has ``size`` digits. It is valid if it has 1 to 3 digits and no leading zero.
    """
    ones, tens, hundreds = _places(digits, ends, size, n=3)
    values = ones + tens * np.int16(10) + hundreds * np.int16(100)
    is_number = (size >= 1) & (size <= 3) & (digits[ends - size] + (size == 1) > 0)
    return values, is_number


def _read_ipv6(lines: _Lines, entries: Entries, at: int) -> None:
    """Parse IPv6 strings, and write the valid blocks into ``entries`` from position ``at`` on."""
    digits = _DIGITS[lines.characters]
    marks = np.flatnonzero(digits == _NO_DIGIT)
    mark = lines.characters[marks]
    last, n_marks = lines.fields(marks)
    n_colons = np.diff(np.cumsum(mark == _COLON)[last], prepend=0)
    has_slash = mark[last - 1] == _SLASH
    # A line has two colons or more, and no other mark except the slash before the prefix length.
    fits = (n_colons >= 2) & (n_colons <= _GROUPS) & (n_marks == n_colons + has_slash + 1)
    ends = marks[last]
    size = np.where(has_slash, ends - marks[last - 1] - 1, 1)
    values, is_number = _decimals(digits, ends, size)
    is_number &= np.all([digit < 10 for digit in _places(digits, ends, size, n=3)], axis=0)
    length = np.where(has_slash, values, np.int16(128))
    fits &= ~has_slash | (is_number & (values <= 128))
    is_field = np.repeat(fits, n_marks)
    is_field[last[has_slash]] = False
    line = np.flatnonzero(fits)
    ends = marks[is_field]
    size = (ends - np.append(-1, marks[:-1])[is_field] - 1).clip(max=5).astype(np.uint8)
    groups = np.zeros(len(ends), np.uint16)
    for place, digit in enumerate(_places(digits, ends, size, n=4)):
        groups |= digit.astype(np.uint16) << np.uint16(4 * place)
    words, is_address = _join_groups(groups, size, n_colons[line] + 1)
    chosen, where = line[is_address], line[is_address] + at
    entries.family[where], entries.prefix_length[where] = 6, length[chosen]
    entries.address.high[where] = words.high[is_address]
    entries.address.low[where] = words.low[is_address]


def _join_groups(
    values: npt.NDArray[np.uint16], size: Sizes, n_fields: Positions
) -> tuple[Wide, Mask]:
    """Build an IPv6 address from the 16-bit groups of each string, and check its validity.

    ``values`` and ``size`` have one item per field, which is the text between two colons;
    ``n_fields`` has the number of fields of each string. An empty field in the middle is the gap
    ``::``, which stands for one or more groups of zeros.
    """
    n, first = len(n_fields), np.cumsum(n_fields) - n_fields
    line = np.repeat(np.arange(n), n_fields)
    field = np.arange(len(line)) - first[line]
    is_given = size > 0
    empty = np.flatnonzero(~is_given)
    inner = empty[(field[empty] > 0) & (field[empty] < n_fields[line[empty]] - 1)]
    gap = np.full(n, _NO_GAP)
    gap[line[inner]] = field[inner]
    n_given = np.bincount(line[is_given], minlength=n)
    # At most one gap "::", for one group or more; an outer field is empty only next to it ("1::").
    fits = np.where(gap == _NO_GAP, n_given == _GROUPS, n_given < _GROUPS)
    fits &= np.bincount(line[inner], minlength=n) <= 1
    fits &= is_given[first] | (gap == 1)
    fits &= is_given[first + n_fields - 1] | (gap == n_fields - 2)
    fits &= np.bincount(line[size > 4], minlength=n) == 0
    slot = np.where(field < gap[line], field, _GROUPS - n_fields[line] + field)
    is_put = is_given & fits[line]
    groups = np.zeros((n, _GROUPS), ">u2")
    groups[line[is_put], slot[is_put]] = values[is_put]
    high, low = groups.view(">u8").T.astype(np.uint64)
    return Wide(high, low), fits
