"""Store CIDR blocks of both families as numbers, and find which of them contain an address."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from vpnframe.addresses.cidr import parse_cidrs
from vpnframe.addresses.lookup import find_longest
from vpnframe.addresses.nesting import find_runs_between, make_pairs
from vpnframe.addresses.ordering import Blocks, join_blocks
from vpnframe.addresses.wide import Words

Codes = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


_MOST_STEPS = 8  # most sequences are shorter; the rest of a longer one is compared at once


class TooManyPairs(Exception):  # noqa: N818  not an error: the caller retries with fewer packets
    """More pairs than should be in memory at once."""

    def __init__(self, n_pairs: int) -> None:
        super().__init__(f"{n_pairs:,} pairs")
        self.n_pairs = n_pairs


@dataclass(frozen=True, slots=True)
class Prefixes:
    """n CIDR blocks; the family of a missing block is 0."""

    # family, prefix_length: 4, 6 or 0; 0 to 32, or 0 to 128
    family: npt.NDArray[np.uint8]
    # high, low: upper and lower 64 bits of the first address; IPv4 has all of it in ``low``
    high: Words
    low: Words
    prefix_length: npt.NDArray[np.uint8]

    @classmethod
    def empty(cls, n: int) -> Prefixes:
        """Return n rows without a block."""
        small, large = np.zeros((2, n), np.uint8), np.zeros((2, n), np.uint64)
        return cls(small[0], large[0], large[1], small[1])

    @classmethod
    def read(cls, texts: Iterable[object]) -> Prefixes:
        """Parse CIDR text; missing and invalid values become rows without a block."""
        listed = list(texts)
        parsed, table = parse_cidrs(listed), cls.empty(len(listed))
        for name in ("family", "high", "low", "prefix_length"):
            getattr(table, name)[parsed.row] = getattr(parsed, name)
        return table

    def take(self, rows: Codes | Mask | slice) -> Prefixes:
        """Return some of the rows."""
        return Prefixes(
            self.family[rows], self.high[rows], self.low[rows], self.prefix_length[rows]
        )

    def __len__(self) -> int:
        return len(self.family)


def find_holding(
    addresses: Prefixes,
    prefixes: Prefixes,
    *,
    address_groups: Codes | None = None,
    prefix_groups: Codes | None = None,
    max_pairs: int,
) -> tuple[Codes, Codes]:
    """Find every prefix that contains an address in the same group; return rows of both.

    Examples
    --------
    >>> prefixes = Prefixes.read(["10.0.0.0/8", "10.1.0.0/16", "::/0"])
    >>> found = find_holding(Prefixes.read(["10.1.2.3/32"]), prefixes, max_pairs=9)
    >>> [rows.tolist() for rows in found]
    [[0, 0], [0, 1]]
    """
    found = []
    for address_rows, asked, prefix_rows, held in _by_family(
        addresses, prefixes, address_groups, prefix_groups
    ):
        n = len(held.first)
        runs = find_runs_between(join_blocks(held, asked), np.arange(n + len(asked.first)) >= n)
        if runs.n_pairs > max_pairs:
            raise TooManyPairs(runs.n_pairs)
        pairs = make_pairs(runs)
        found.append((address_rows[pairs.right - n], prefix_rows[pairs.left]))
    return _sorted_pairs(found)


def find_most_specific(
    addresses: Prefixes,
    prefixes: Prefixes,
    *,
    address_groups: Codes | None = None,
    prefix_groups: Codes | None = None,
) -> tuple[Codes, Codes]:
    """Find the longest prefix that contains an address in the same group; return all equal ones.

    Examples
    --------
    >>> prefixes = Prefixes.read(["10.0.0.0/8", "10.1.0.0/16", "10.1.0.0/16"])
    >>> [rows.tolist() for rows in find_most_specific(Prefixes.read(["10.1.2.3/32"]), prefixes)]
    [[0, 0], [1, 2]]
    """
    found = []
    for address_rows, asked, prefix_rows, held in _by_family(
        addresses, prefixes, address_groups, prefix_groups
    ):
        matches = find_longest(held, asked)
        counts = matches.stops - matches.starts
        within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        rows = matches.rows[np.repeat(matches.starts, counts) + within]
        found.append((np.repeat(address_rows, counts), prefix_rows[rows]))
    return _sorted_pairs(found)


def holds(prefixes: Prefixes, addresses: Prefixes) -> Mask:
    """Check row by row whether a prefix contains an address.

    Examples
    --------
    >>> holds(Prefixes.read(["10.0.0.0/8", "::/0"]), Prefixes.read(["10.1.2.3/32"] * 2)).tolist()
    [True, False]
    """
    is_wide = prefixes.family == 6
    length = prefixes.prefix_length.astype(np.int64)
    low_host_bits = np.where(is_wide, np.clip(128 - length, 0, 64), 32 - length)
    high_host_bits = np.where(is_wide, np.clip(64 - length, 0, 64), 0)
    is_same = (prefixes.family == addresses.family) & (prefixes.family > 0)
    is_same &= _shifted(prefixes.low ^ addresses.low, low_host_bits) == 0
    held: Mask = is_same & (_shifted(prefixes.high ^ addresses.high, high_host_bits) == 0)
    return held


def number_rows(*columns: Codes) -> tuple[Codes, Codes]:
    """Return a code for each distinct row of several columns, and the first row of each code.

    Examples
    --------
    >>> number_rows(np.array([7, 7, 8]), np.array([1, 1, 1]))[0].tolist()
    [0, 0, 1]
    """
    codes = pd.factorize(columns[0])[0].astype(np.int64)
    for column in columns[1:]:
        other = pd.factorize(column)[0].astype(np.int64)
        codes = pd.factorize(codes * (int(other.max(initial=0)) + 1) + other)[0].astype(np.int64)
    return codes, first_rows(codes, int(codes.max(initial=-1)) + 1)


def first_rows(codes: Codes, n_codes: int) -> Codes:
    """Return the first row of each code.

    Examples
    --------
    >>> first_rows(np.array([0, 1, -1, 0]), 2).tolist()
    [0, 1]
    """
    first = np.empty(n_codes, np.int64)
    rows = np.flatnonzero(codes >= 0)[::-1]
    first[codes[rows]] = rows  # in reverse order, so the first row of each is kept
    return first


def number_sequences(codes: Codes, starts: Codes, items: Codes) -> tuple[Codes, Codes]:
    """Number distinct sequences with their leading codes; also return the first row of each.

    Examples
    --------
    >>> starts, items = np.array([0, 2, 2, 4]), np.array([5, 6, 5, 6])
    >>> number_sequences(np.zeros(3, int), starts, items)[0].tolist()
    [0, 1, 0]
    """
    counts = np.diff(starts)
    numbers = pd.factorize(codes)[0].astype(np.int64)
    for step in range(min(int(counts.max(initial=0)), _MOST_STEPS)):
        longer = np.flatnonzero(counts > step)
        grown, _ = number_rows(numbers[longer], items[starts[longer] + step])
        # New numbers, so that a sequence that has ended differs from its continuations.
        numbers[longer] = grown + numbers.max() + 1
    longer = np.flatnonzero(counts > _MOST_STEPS)
    seen: dict[tuple[int, bytes], int] = {}
    bounds = zip(starts[longer] + _MOST_STEPS, starts[longer + 1], strict=True)
    keys = zip(numbers[longer].tolist(), (items[a:b].tobytes() for a, b in bounds), strict=True)
    rest = [seen.setdefault(key, len(seen)) for key in keys]
    numbers[longer] = np.array(rest, np.int64) + numbers.max(initial=0) + 1
    return number_rows(numbers)


def _by_family(
    addresses: Prefixes,
    prefixes: Prefixes,
    address_groups: Codes | None,
    prefix_groups: Codes | None,
) -> Iterator[tuple[Codes, Blocks, Codes, Blocks]]:
    """Yield rows and blocks of addresses and prefixes, for each family that has both."""
    for family in (4, 6):
        asked = np.flatnonzero(addresses.family == family)
        held = np.flatnonzero(prefixes.family == family)
        if len(asked) and len(held):
            yield (
                asked,
                _as_blocks(addresses, asked, address_groups),
                held,
                _as_blocks(prefixes, held, prefix_groups),
            )


def _as_blocks(table: Prefixes, rows: Codes, groups: Codes | None) -> Blocks:
    """Convert rows of one family to blocks."""
    is_wide = table.family[rows[0]] == 6
    return Blocks(
        table.low[rows],
        table.prefix_length[rows],
        table.high[rows] if is_wide else None,
        None if groups is None else groups[rows],
    )


def _sorted_pairs(found: list[tuple[Codes, Codes]]) -> tuple[Codes, Codes]:
    """Concatenate the pairs of both families, stably sorted by address."""
    none = np.empty(0, np.int64)
    addresses = np.concatenate([none, *(pair[0] for pair in found)])
    prefixes = np.concatenate([none, *(pair[1] for pair in found)])
    if (addresses[1:] >= addresses[:-1]).all():
        return addresses, prefixes
    order = np.argsort(addresses, kind="stable")
    return addresses[order], prefixes[order]


def _shifted(values: Words, bits: npt.NDArray[np.int64]) -> Words:
    """Shift right by 0 to 64 bits; 64 yields 0."""
    is_all = bits >= 64
    shifted: Words = values >> np.where(is_all, 0, bits).astype(np.uint64)
    shifted[is_all] = 0
    return shifted
