"""Find and count overlapping pairs in any list, column or table of CIDR blocks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from vpnframe import schema
from vpnframe.addresses.cidr import ParsedCidrs
from vpnframe.addresses.forest import count_overlaps
from vpnframe.addresses.nesting import (
    DEFAULT_MAX_PAIRS,
    RELATIONS,
    Pairs,
    Runs,
    check_pair_count,
    find_runs,
    find_runs_between,
    make_pairs,
)
from vpnframe.overlapping.asked import Cidrs, Codes, Groups, parse_all, read_asked

Mask = npt.NDArray[np.bool_]


def find_overlaps(
    cidrs: Cidrs,
    *,
    groups: Groups | None = None,
    max_pairs: int = DEFAULT_MAX_PAIRS,
) -> pd.DataFrame:
    """Find every overlapping pair among CIDR blocks, each once.

    Parameters
    ----------
    cidrs : iterable of str or DataFrame
        List or Series of n CIDR blocks, IPv4 and IPv6 mixed, or a table with a column
        ``cidr``. Missing values overlap nothing.
    groups : iterable or str, optional
        n keys, or the name of a column of the table; only blocks with the same key are compared,
        and a missing key equals nothing.
    max_pairs : int
        Maximum number of pairs; see :func:`overlap_counts` for fleets with more.

    Returns
    -------
    DataFrame
        Table ``pairs``: ``left`` and ``right`` (Int64, positions in ``cidrs`` from 0, left <
        right) and ``relation`` (category: left ``contains``, is ``equal`` to or lies ``within``
        right), sorted by left and right.

    Raises
    ------
    AddressError
        If a text is not a CIDR block; the message names the first and its position.
    ValueError
        If there are more than ``max_pairs`` pairs, or the numbers of groups and blocks differ.
    SchemaError
        If a table lacks the column, or the input is not a list, column or table.
    TypeError
        If ``cidrs`` is a single string.

    Examples
    --------
    >>> find_overlaps(["10.0.0.0/8", "10.1.0.0/16", "192.168.0.0/24", "10.1.0.0/16"])
       left  right  relation
    0     0      1  contains
    1     0      3  contains
    2     1      3     equal
    """
    asked = read_asked(cidrs, groups)
    runs = runs_by_family(asked.parsed, asked.codes)
    left, right, relation = sorted_pairs(runs, max_pairs)
    return pd.DataFrame(
        {"left": _integers(left), "right": _integers(right), "relation": as_relations(relation)}
    )


def overlap_counts(cidrs: Cidrs, *, groups: Groups | None = None) -> pd.DataFrame:
    """Count for each CIDR block how many others it equals, contains and lies within.

    No pairs are built: a dense fleet of a million blocks, with billions of pairs, is counted as
    fast as any other.

    Parameters
    ----------
    cidrs : iterable of str or DataFrame
        List or Series of n CIDR blocks, IPv4 and IPv6 mixed, or a table with a column
        ``cidr``.
    groups : iterable or str, optional
        n keys, or the name of a column of the table; only blocks with the same key are compared,
        and a missing key equals nothing.

    Returns
    -------
    DataFrame
        Table ``overlap_counts``, a row for each block, with the index of the series or table:
        ``n_equal``, ``n_contains`` (smaller ones inside) and ``n_within`` (larger ones around)
        (Int64, null for a missing block). Half the sum of all is the number of pairs.

    Raises
    ------
    AddressError
        If a text is not a CIDR block; the message names the first and its position.
    ValueError
        If the number of groups differs from the number of blocks.
    SchemaError
        If a table lacks the column, or the input is not a list, column or table.
    TypeError
        If ``cidrs`` is a single string.

    Examples
    --------
    >>> overlap_counts(["10.0.0.0/8", "10.1.0.0/16", "192.168.0.0/24", "10.1.0.0/16"])
       n_equal  n_contains  n_within
    0        0           2         0
    1        1           0         1
    2        0           0         0
    3        1           0         1
    """
    asked = read_asked(cidrs, groups)
    names = schema.find("overlap_counts").names
    columns = {name: nullable_integers(len(asked.index)) for name in names}
    for _, rows, blocks in asked.by_family():
        counts = count_overlaps(blocks)
        for name, column in columns.items():
            column[rows] = getattr(counts, name)
    return pd.DataFrame(columns, index=asked.index)


def take_blocks(parsed: ParsedCidrs, keep: Mask) -> ParsedCidrs:
    """Keep some of the parsed blocks."""
    columns = ("row", "family", "high", "low", "prefix_length", "is_masked")
    return replace(parsed, **{name: getattr(parsed, name)[keep] for name in columns})


def runs_by_family(
    parsed: ParsedCidrs, groups: Codes | None, *, is_second: Mask | None = None
) -> list[tuple[Codes, Runs]]:
    """Return the runs of IPv4 and of IPv6, each with the input rows of its row numbers.

    With ``is_second`` (by input row), return runs between the two sets that it separates.
    """
    found = []
    for family in (4, 6):
        rows, blocks = parsed.of_family(family, groups=groups)
        runs = (
            find_runs(blocks) if is_second is None else find_runs_between(blocks, is_second[rows])
        )
        found.append((rows, runs))
    return found


def sorted_pairs(
    found: list[tuple[Codes, Runs]], max_pairs: int
) -> tuple[Codes, Codes, npt.NDArray[np.uint8]]:
    """Return all pairs as input rows, sorted by left and right; check their number first."""
    check_pair_count(sum(runs.n_pairs for _, runs in found), max_pairs=max_pairs)
    made: list[tuple[Codes, Pairs]] = [(rows, make_pairs(runs)) for rows, runs in found]
    left = np.concatenate([rows[pairs.left] for rows, pairs in made])
    right = np.concatenate([rows[pairs.right] for rows, pairs in made])
    relation = np.concatenate([pairs.relation for _, pairs in made])
    # Rows are below 2**31 and relations below 4, so one sort of a combined key suffices.
    key = left.astype(np.uint64) << np.uint64(33) | right.astype(np.uint64) << np.uint64(2)
    key |= relation
    key.sort()
    low_bits = np.uint64(2**31 - 1)
    right = (key >> np.uint64(2) & low_bits).astype(np.int64)
    return (key >> np.uint64(33)).astype(np.int64), right, (key & np.uint64(3)).astype(np.uint8)


def nullable_integers(n: int, dtype: str = "Int64") -> pd.api.extensions.ExtensionArray:
    """Return an array of n nulls to fill in."""
    return pd.array([pd.NA], dtype=dtype).repeat(n)


def as_relations(codes: npt.NDArray[np.uint8]) -> pd.Categorical:
    """Convert relation codes to a categorical of words."""
    return pd.Categorical.from_codes(codes, categories=pd.Index(RELATIONS, dtype="str"))


def _integers(values: Codes) -> pd.api.extensions.ExtensionArray:
    """Convert row positions to the integer dtype of all tables."""
    return pd.array(values, dtype="Int64")


__all__ = [
    "Codes",
    "Mask",
    "as_relations",
    "find_overlaps",
    "nullable_integers",
    "overlap_counts",
    "parse_all",
    "runs_by_family",
    "sorted_pairs",
    "take_blocks",
]
