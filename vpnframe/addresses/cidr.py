"""Convert CIDR strings to numbers and back; ``ipaddress`` decides which strings are valid."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
import numpy.typing as npt

from vpnframe.addresses.ordering import Blocks
from vpnframe.addresses.plain import Entries, read_plain
from vpnframe.addresses.wide import Mask, Positions, Words

# The numbers 0 to 255 as strings of three characters, padded with zero bytes.
_NUMBERS = np.array([[*str(n).encode().ljust(3, b"\0")] for n in range(256)], np.uint8)


@dataclass(frozen=True, slots=True)
class ParsedCidrs:
    """n CIDR blocks as arrays of shape (n,), and the strings that could not be parsed."""

    # Position in the input of the value that each block comes from. The positions ascend, and are
    # repeated if a value lists several blocks.
    row: Positions
    family: npt.NDArray[np.uint8]  # 4 or 6
    high: Words  # upper 64 bits of the first address; 0 for IPv4
    low: Words  # lower 64 bits of the first address; an IPv4 address is all in them
    prefix_length: npt.NDArray[np.uint8]  # 0 to 32, or 0 to 128 for IPv6
    is_masked: Mask  # whether the string had host bits set, which are cleared in high and low
    failed_rows: Positions  # positions in the input of the values with invalid strings, ascending
    # The invalid strings, unchanged; of a value that lists several blocks, only the invalid ones
    failed_texts: tuple[str, ...]
    failed_reasons: tuple[str, ...]  # a short explanation of why each string is invalid

    def take(self, keep: Mask | Positions) -> ParsedCidrs:
        """Return the blocks that the mask ``keep`` selects, with their positions in the input."""
        columns = ("row", "family", "high", "low", "prefix_length", "is_masked")
        return replace(self, **{name: getattr(self, name)[keep] for name in columns})

    def at(self, positions: Positions) -> ParsedCidrs:
        """Return the blocks at ``positions``, and set their ``row`` to 0, 1, 2 and so on."""
        return replace(self.take(positions), row=np.arange(len(positions)))

    def texts(self) -> list[str]:
        """Return each block as a string in canonical form."""
        return format_cidr(self.high, self.low, self.family, self.prefix_length)

    def of_family(
        self, family: int, *, groups: Positions | None = None
    ) -> tuple[Positions, Blocks]:
        """Return the blocks of one address family, 4 or 6, and their positions in the input.

        ``groups`` has the group code of each input value; codes start at 0.
        """
        chosen = self.family == family
        row = self.row[chosen]
        return row, Blocks(
            self.low[chosen],
            self.prefix_length[chosen],
            self.high[chosen] if family == 6 else None,
            None if groups is None else groups[row],
        )

    def by_family(self, *, groups: Positions | None = None) -> Iterator[tuple[Positions, Blocks]]:
        """Yield the result of :meth:`of_family` for IPv4, then for IPv6."""
        for family in (4, 6):
            yield self.of_family(family, groups=groups)


def parse_cidrs(
    values: Iterable[object], *, as_lists: bool = False, mask_host_bits: bool = False
) -> ParsedCidrs:
    """Parse CIDR blocks.

    Parameters
    ----------
    values : iterable of str
        List, Series, numpy or arrow array of CIDR strings. Missing values (None, NaN and NA) are
        left out. All other objects, such as IPv4Network objects, are converted to strings.
    as_lists : bool
        If true, each value lists any number of blocks separated by commas, as in the cloud API
        (see :func:`split_cidrs`). If false, each value is one block.
    mask_host_bits : bool
        If true, host bits are cleared and ``is_masked`` is set. If false, a string with host bits
        is invalid.

    Returns
    -------
    ParsedCidrs
        The blocks, and the strings that are invalid.

    Raises
    ------
    TypeError
        If ``values`` is a single string.

    Examples
    --------
    >>> parsed = parse_cidrs(["10.0.0.0/8", "172.17.0.0/12", None])
    >>> parsed.low.tolist(), parsed.prefix_length.tolist()
    ([167772160], [8])
    >>> parsed.failed_rows.tolist(), parsed.failed_reasons
    ([1], ('host bits set: did you mean 172.16.0.0/12?',))
    >>> parsed = parse_cidrs(["10.0.0.0/8, 172.17.0.0/12"], as_lists=True, mask_host_bits=True)
    >>> parsed.row.tolist(), parsed.is_masked.tolist()
    ([0, 0], [False, True])
    """
    if isinstance(values, str):
        raise TypeError(f"{values!r} is a single string: give a list or a column of blocks")
    listed = values.tolist() if hasattr(values, "tolist") else list(values)
    texts, row = _present(listed)
    if as_lists:
        texts, row = _split_all(texts, row)
    entries = _read(texts)
    bits = np.where(entries.family == 4, 32, 128) - entries.prefix_length.astype(np.int64)
    first = entries.address.cleared(bits)
    has_host_bits = ~first.equals(entries.address)
    keep = (entries.family > 0) & (mask_host_bits | ~has_host_bits)
    failed = np.flatnonzero(~keep)
    failed_texts = tuple(texts[i] for i in failed.tolist())
    reasons = {text: explain(text) for text in set(failed_texts)}
    return ParsedCidrs(
        row=row[keep],
        family=entries.family[keep],
        high=first.high[keep],
        low=first.low[keep],
        prefix_length=entries.prefix_length[keep],
        is_masked=has_host_bits[keep],
        failed_rows=row[failed],
        failed_texts=failed_texts,
        failed_reasons=tuple(reasons[text] for text in failed_texts),
    )


def _present(listed: list[object]) -> tuple[list[str], Positions]:
    """Convert the values that are not missing to strings; also return their positions."""
    if set(map(type, listed)) <= {str}:
        return cast("list[str]", listed), np.arange(len(listed))
    present = [i for i, v in enumerate(listed) if type(v) is str or not _is_missing(v)]
    return [str(listed[i]) for i in present], np.array(present, np.int64)


def split_cidrs(text: str) -> list[str]:
    """Split a string that lists blocks in the format of the cloud API, by "," or "、".

    Spaces around a block are removed, and empty parts left out. The blocks are not validated.
    """
    return [part for part in map(str.strip, text.replace("、", ",").split(",")) if part]


def _split_all(texts: list[str], row: Positions) -> tuple[list[str], Positions]:
    """Return the blocks in all strings, and for each block the row of its string."""
    # All strings are joined and split at once: one list per string would be a million objects.
    joined = ",".join(texts).replace("、", ",")
    parts = list(map(str.strip, joined.split(",")))
    row = np.repeat(row, [1 + text.count(",") + text.count("、") for text in texts])
    if "" not in parts:
        return parts, row
    is_full = np.array(list(map(bool, parts)))
    return [part for part in parts if part], row[is_full[: len(row)]]


def format_cidr(
    high: Words, low: Words, family: npt.NDArray[np.uint8], prefix_length: npt.NDArray[np.uint8]
) -> list[str]:
    """Format blocks as canonical CIDR strings: the inverse of ``parse_cidrs``.

    Parameters
    ----------
    high, low : ndarray of uint64, shape (n,)
        Upper and lower 64 bits of the first address; an IPv4 address is all in ``low``.
    family : ndarray of uint8, shape (n,)
        4 or 6.
    prefix_length : ndarray of uint8, shape (n,)
        0 to 32, or 0 to 128 for IPv6.

    Returns
    -------
    list of str
        n CIDR strings.

    Examples
    --------
    >>> parsed = parse_cidrs(["10.0.0.0/255.0.0.0", "2001:DB8:0::/32"])
    >>> format_cidr(parsed.high, parsed.low, parsed.family, parsed.prefix_length)
    ['10.0.0.0/8', '2001:db8::/32']
    """
    texts = np.empty(len(low), object)
    is_ipv4 = family == 4
    texts[is_ipv4] = _format_ipv4(low[is_ipv4], prefix_length[is_ipv4])
    columns = (part[~is_ipv4].tolist() for part in (high, low, prefix_length))
    texts[~is_ipv4] = [
        f"{ipaddress.IPv6Address(upper << 64 | lower)}/{length}"
        for upper, lower, length in zip(*columns, strict=True)
    ]
    return cast("list[str]", texts.tolist())


def _format_ipv4(address: Words, prefix_length: npt.NDArray[np.uint8]) -> list[str]:
    """Format IPv4 blocks as strings by filling a matrix of characters, with one row per block."""
    octets = [address >> np.uint64(shift) & np.uint64(255) for shift in (24, 16, 8, 0)]
    characters = np.zeros((len(address), 20), np.uint8)
    characters[:, 3::4] = np.frombuffer(b".../\n", np.uint8)
    for place, number in enumerate([*octets, prefix_length]):
        characters[:, 4 * place : 4 * place + 3] = _NUMBERS[number]
    return characters[characters > 0].tobytes().decode("ascii").split("\n")[:-1]


def _is_missing(value: object) -> bool:
    """Check whether a value is None, NaN, NaT or NA."""
    if value is None or hasattr(value, "__len__"):
        return value is None  # an object with a length, even an empty list, is not missing
    is_same = value == value  # noqa: PLR0124  a missing value does not equal itself
    return not (isinstance(is_same, (bool, np.bool_)) and bool(is_same))


def _read(texts: list[str]) -> Entries:
    """Parse strings as CIDR blocks or addresses; an invalid string gets the family 0."""
    entries = read_plain(texts)
    unusual: dict[str, list[int]] = {}
    for i in np.flatnonzero(entries.family == 0).tolist():
        unusual.setdefault(texts[i], []).append(i)
    for text, rows in unusual.items():
        try:
            # An interface keeps the host bits of its address, which a network clears.
            interface = ipaddress.ip_interface(text)
        except ValueError:
            continue
        entries.address.high[rows], entries.address.low[rows] = divmod(int(interface), 2**64)
        entries.family[rows] = interface.version
        entries.prefix_length[rows] = interface.network.prefixlen
    return entries


def explain(text: str) -> str:
    """Explain in a few words why ``ipaddress.ip_network`` rejects a string."""
    problems = {
        "it is empty": not text.strip(),
        "it lists several blocks where one is expected": any(comma in text for comma in ",、"),
        "it contains a space": any(character.isspace() for character in text),
        "it contains characters other than ASCII": not text.isascii(),
        "it has more than one slash": text.count("/") > 1,
    }
    for problem, is_found in problems.items():
        if is_found:
            return problem
    with suppress(ValueError):
        return f"host bits set: did you mean {ipaddress.ip_network(text, strict=False)}?"
    address = text.partition("/")[0]
    with suppress(ValueError):
        longest = ipaddress.ip_address(address).max_prefixlen
        return f"the prefix length must be 0 to {longest}"
    return _explain_address(address)


def _explain_address(address: str) -> str:
    """Explain in a few words why a string is not an IP address."""
    octets = address.split(".")
    if ":" in address or not all(octet.isdigit() for octet in octets):
        return "not an IP address"
    if len(octets) != 4:
        return "an IPv4 address has four octets"
    if any(len(octet) > 1 and octet.startswith("0") for octet in octets):
        return "an octet with a leading zero"
    return "an octet over 255"
