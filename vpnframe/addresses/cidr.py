"""Convert CIDR text to numbers and back, IPv4 and IPv6.

A text is valid if ``ipaddress.ip_network(text, strict=True)`` accepts it. Text in the usual form is
parsed many values at a time; any other text is parsed by ``ipaddress``.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple, cast

import numpy as np
import numpy.typing as npt

from vpnframe.addresses.ordering import Blocks
from vpnframe.addresses.plain import Entries, read_plain
from vpnframe.addresses.wide import Mask, Positions, Words

# The numbers 0 to 255 as text of three characters, padded with zero bytes.
_NUMBERS = np.array([[*str(n).encode().ljust(3, b"\0")] for n in range(256)], np.uint8)


@dataclass(frozen=True, slots=True)
class ParsedCidrs:
    """CIDR blocks as numbers, and the values that could not be parsed.

    Parameters
    ----------
    row : ndarray of int64, shape (n,)
        Input position of each block's value, ascending; repeated if a value lists several blocks.
    family : ndarray of uint8, shape (n,)
        4 or 6.
    high, low : ndarray of uint64, shape (n,)
        Upper and lower 64 bits of the first address; IPv4 has all of it in ``low``.
    prefix_length : ndarray of uint8, shape (n,)
        0 to 32, or 0 to 128 for IPv6.
    is_masked : ndarray of bool, shape (n,)
        Whether the text had host bits set, which are cleared here.
    failed_rows : ndarray of int64, shape (m,)
        Positions of the values that are not CIDR blocks, ascending.
    failed_texts : tuple of str, length m
        Those values unchanged; if a value is a list, only the part that is not a block.
    failed_reasons : tuple of str, length m
        What is wrong with each, in a few words.
    missing_rows : ndarray of int64
        Positions of the missing values (None, NaN, NA), which are not failures.
    n_values : int
        Number of input values.
    """

    row: Positions
    family: npt.NDArray[np.uint8]
    high: Words
    low: Words
    prefix_length: npt.NDArray[np.uint8]
    is_masked: Mask
    failed_rows: Positions
    failed_texts: tuple[str, ...]
    failed_reasons: tuple[str, ...]
    missing_rows: Positions
    n_values: int

    def take(self, keep: Mask | Positions) -> ParsedCidrs:
        """Return the blocks that ``keep`` selects; ``row`` remains the position in the input."""
        columns = ("row", "family", "high", "low", "prefix_length", "is_masked")
        return replace(self, **{name: getattr(self, name)[keep] for name in columns})

    def at(self, positions: Positions) -> ParsedCidrs:
        """Return the blocks at the given positions, which may repeat, with rows numbered from 0."""
        n = len(positions)
        return replace(self.take(positions), row=np.arange(n), n_values=n)

    def texts(self) -> list[str]:
        """Return the canonical text of each block."""
        return format_cidr(self.high, self.low, self.family, self.prefix_length)

    def of_family(
        self, family: int, *, groups: Positions | None = None
    ) -> tuple[Positions, Blocks]:
        """Return the blocks of one family as Blocks, and the position of each in the input.

        Parameters
        ----------
        family : int
            4 or 6.
        groups : ndarray of int64, shape (n_values,), optional
            The group code of each input value, from 0.

        Returns
        -------
        row : ndarray of int64
            Positions in the input.
        blocks : Blocks
            The blocks at these positions.
        """
        chosen = self.family == family
        row = self.row[chosen]
        return row, Blocks(
            self.low[chosen],
            self.prefix_length[chosen],
            self.high[chosen] if family == 6 else None,
            None if groups is None else groups[row],
        )


def parse_cidrs(
    values: Iterable[object], *, as_lists: bool = False, mask_host_bits: bool = False
) -> ParsedCidrs:
    """Parse CIDR blocks.

    Parameters
    ----------
    values : iterable of str
        List, Series, numpy or arrow array of CIDR text; None, NaN and NA are missing values, and
        anything else is converted to text (network objects work, too).
    as_lists : bool
        Whether each value contains any number of blocks separated by commas, the format of the
        cloud API (see :func:`split_cidrs`), instead of one block.
    mask_host_bits : bool
        Whether to clear host bits and set ``is_masked``, instead of rejecting the text.

    Returns
    -------
    ParsedCidrs
        The blocks, the failures with their reasons, and the missing values.

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
        raise TypeError(f"{values!r} is one text: give a list or a column of blocks")
    listed = values.tolist() if hasattr(values, "tolist") else list(values)
    texts, row, missing = _present(listed)
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
        missing_rows=missing,
        n_values=len(listed),
    )


def _present(listed: list[object]) -> tuple[list[str], Positions, Positions]:
    """Return the present values as text, their positions, and the positions of missing values."""
    if set(map(type, listed)) <= {str}:
        return cast("list[str]", listed), np.arange(len(listed)), np.empty(0, np.int64)
    is_missing = np.array([_is_missing(value) for value in listed], bool)
    present = np.flatnonzero(~is_missing)
    return [str(listed[i]) for i in present.tolist()], present, np.flatnonzero(is_missing)


def split_cidrs(text: str) -> list[str]:
    """Split text that lists several blocks in the format of the cloud API.

    Parameters
    ----------
    text : str
        Blocks separated by "," or "、"; spaces around them are allowed.

    Returns
    -------
    list of str
        The blocks in order, without empty ones; not validated.

    Examples
    --------
    >>> split_cidrs("10.0.0.0/16, 10.1.0.0/16,")
    ['10.0.0.0/16', '10.1.0.0/16']
    """
    return [part for part in map(str.strip, text.replace("、", ",").split(",")) if part]


def _split_all(texts: list[str], row: Positions) -> tuple[list[str], Positions]:
    """Split each text as ``split_cidrs`` does; return all parts, and the row of each part."""
    # All texts are joined and split at once: one list per text would be a million small objects.
    joined = ",".join(texts).replace("、", ",")
    parts = list(map(str.strip, joined.split(",")))
    row = np.repeat(row, [1 + text.count(",") + text.count("、") for text in texts])
    if "" not in parts:
        return parts, row
    is_full = np.array([bool(part) for part in parts])
    return [part for part in parts if part], row[is_full[: len(row)]]


def format_cidr(
    high: Words,
    low: Words,
    family: npt.NDArray[np.uint8],
    prefix_length: npt.NDArray[np.uint8],
) -> list[str]:
    """Format blocks as canonical CIDR text: the inverse of ``parse_cidrs``.

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
    """Format IPv4 blocks: fill a matrix of characters, then remove the unused characters."""
    octets = [address >> np.uint64(shift) & np.uint64(255) for shift in (24, 16, 8, 0)]
    characters = np.zeros((len(address), 20), np.uint8)
    characters[:, 3::4] = np.frombuffer(b".../\n", np.uint8)
    for place, number in enumerate([*octets, prefix_length]):
        characters[:, 4 * place : 4 * place + 3] = _NUMBERS[number]
    return characters[characters > 0].tobytes().decode("ascii").split("\n")[:-1]


def _is_missing(value: object) -> bool:
    """Check whether a value is None, NaN, NaT or NA; the last three do not equal themselves."""
    if value is None or isinstance(value, str):
        return value is None
    if hasattr(value, "__len__"):
        return False  # a list or array is not missing, but its text is not a block
    is_same = value == value  # noqa: PLR0124  a missing value does not equal itself
    return not (isinstance(is_same, (bool, np.bool_)) and bool(is_same))


def _read(texts: list[str]) -> Entries:
    """Parse all texts; invalid ones get family 0."""
    entries = read_plain(texts)
    known: dict[str, _ParsedBlock | None] = {}
    for i in np.flatnonzero(entries.family == 0).tolist():
        text = texts[i]
        if text not in known:
            known[text] = _read_one(text)
        entry = known[text]
        if entry is not None:
            entries.address.high[i], entries.address.low[i] = divmod(entry.address, 2**64)
            entries.family[i], entries.prefix_length[i] = entry.family, entry.prefix_length
    return entries


class _ParsedBlock(NamedTuple):
    """One block as parsed by the standard library, with host bits unchanged."""

    address: int
    family: int
    prefix_length: int


def _read_one(text: str) -> _ParsedBlock | None:
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
    address = ipaddress.ip_address(text.split("/", maxsplit=1)[0])
    return _ParsedBlock(int(address), network.version, network.prefixlen)


def explain(text: str) -> str:
    """Explain in a few words why ``ipaddress.ip_network`` rejects a text."""
    if not text.strip():
        return "empty text"
    if any(comma in text for comma in ",、"):
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
    """Explain which part of a text is invalid: the address or the prefix length."""
    if len(prefixes) > 1:
        return "more than one slash"
    try:
        version = ipaddress.ip_address(address).version
    except ValueError:
        return _explain_address(address)
    return f"the prefix length must be 0 to {32 if version == 4 else 128}"


def _explain_address(address: str) -> str:
    """Explain why a text is not an IP address."""
    octets = address.split(".")
    if ":" in address or not all(octet.isdigit() for octet in octets):
        return "not an IP address"
    if len(octets) != 4:
        return "an IPv4 address has four octets"
    if any(len(octet) > 1 and octet.startswith("0") for octet in octets):
        return "an octet with a leading zero"
    return "an octet over 255"
