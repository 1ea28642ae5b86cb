"""Overlapping blocks, in any list or column of CIDR text."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from vpnframe.addresses.cidr import ParsedCidrs, parse_cidrs
from vpnframe.addresses.nesting import (
    DEFAULT_MAX_PAIRS,
    RELATIONS,
    Blocks,
    Pairs,
    Runs,
    check_pair_count,
    find_runs,
    find_runs_between,
    make_pairs,
)
from vpnframe.errors import AddressError

Codes = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


def find_overlaps(
    cidrs: Iterable[object],
    *,
    groups: Iterable[Hashable] | None = None,
    max_pairs: int = DEFAULT_MAX_PAIRS,
) -> pd.DataFrame:
    """Find every overlapping pair among CIDR blocks, each once.

    Parameters
    ----------
    cidrs : iterable of str
        List or Series of n CIDR blocks, IPv4 and IPv6 mixed at will. Missing values overlap
        nothing.
    groups : iterable, optional
        n keys; only blocks with the same key are compared, and a missing key equals nothing.
    max_pairs : int
        The most pairs to make.

    Returns
    -------
    DataFrame
        ``left`` and ``right`` (Int64, positions in ``cidrs`` from 0, left < right) and
        ``relation`` (category: left ``contains``, is ``equal`` to or lies ``within`` right),
        sorted by left and right.

    Raises
    ------
    AddressError
        If a text is no CIDR block; it names the first, with its position.
    ValueError
        If there are more than ``max_pairs`` pairs, or not as many groups as blocks.
    TypeError
        If ``cidrs`` is one text or a whole table.

    Examples
    --------
    >>> find_overlaps(["10.0.0.0/8", "10.1.0.0/16", "192.168.0.0/24", "10.1.0.0/16"])
       left  right  relation
    0     0      1  contains
    1     0      3  contains
    2     1      3     equal
    """
    if isinstance(cidrs, str | pd.DataFrame):
        raise TypeError(f"cidrs is one {type(cidrs).__name__}: give a list or a column of blocks")
    listed = list(cidrs)
    parsed = parse_all(listed)
    codes = None
    if groups is not None:
        codes = pd.factorize(pd.Series(list(groups), dtype=object))[0].astype(np.int64)
        if len(codes) != len(listed):
            raise ValueError(f"{len(codes)} groups for {len(listed)} blocks: give one for each")
        parsed = take_blocks(parsed, codes[parsed.row] >= 0)
    left, right, relation = sorted_pairs(runs_by_family(parsed, codes), max_pairs)
    return pd.DataFrame(
        {"left": _integers(left), "right": _integers(right), "relation": as_relations(relation)}
    )


def parse_all(values: Sequence[object]) -> ParsedCidrs:
    """Parse, and refuse bad text by its first example."""
    parsed = parse_cidrs(values)
    if parsed.failed_texts:
        n_bad, text = len(parsed.failed_texts), parsed.failed_texts[0]
        raise AddressError(
            f"{text!r} at position {parsed.failed_rows[0]} is no CIDR block: "
            f"{parsed.failed_reasons[0]} ({n_bad} bad of {len(values)}). Correct it, or replace "
            f"it by None to leave it out",
            value=text,
        )
    return parsed


def take_blocks(parsed: ParsedCidrs, keep: Mask) -> ParsedCidrs:
    """Keep some of the parsed blocks."""
    return replace(
        parsed,
        row=parsed.row[keep],
        family=parsed.family[keep],
        high=parsed.high[keep],
        low=parsed.low[keep],
        prefix_length=parsed.prefix_length[keep],
    )


def runs_by_family(
    parsed: ParsedCidrs, groups: Codes | None, *, is_second: Mask | None = None
) -> list[tuple[Codes, Runs]]:
    """Runs for IPv4 and for IPv6, each with the input rows that its rows stand for.

    With ``is_second`` (by input row), runs between the two sets it parts.
    """
    found = []
    for family in (4, 6):
        chosen = parsed.family == family
        rows = parsed.row[chosen]
        blocks = Blocks(
            parsed.low[chosen],
            parsed.prefix_length[chosen],
            parsed.high[chosen] if family == 6 else None,
            None if groups is None else groups[rows],
        )
        runs = (
            find_runs(blocks) if is_second is None else find_runs_between(blocks, is_second[rows])
        )
        found.append((rows, runs))
    return found


def sorted_pairs(
    found: list[tuple[Codes, Runs]], max_pairs: int
) -> tuple[Codes, Codes, npt.NDArray[np.uint8]]:
    """All pairs as input rows, sorted by left and right; counted before any is made."""
    check_pair_count(sum(runs.n_pairs for _, runs in found), max_pairs=max_pairs)
    made: list[tuple[Codes, Pairs]] = [(rows, make_pairs(runs)) for rows, runs in found]
    left = np.concatenate([rows[pairs.left] for rows, pairs in made])
    right = np.concatenate([rows[pairs.right] for rows, pairs in made])
    relation = np.concatenate([pairs.relation for _, pairs in made])
    # Rows are below 2**31 and relations below 4, so that one sort of one number does it.
    key = left.astype(np.uint64) << np.uint64(33) | right.astype(np.uint64) << np.uint64(2)
    key |= relation
    key.sort()
    low_bits = np.uint64(2**31 - 1)
    right = (key >> np.uint64(2) & low_bits).astype(np.int64)
    return (key >> np.uint64(33)).astype(np.int64), right, (key & np.uint64(3)).astype(np.uint8)


def _integers(values: Codes) -> pd.api.extensions.ExtensionArray:
    """Row positions in the dtype of every table's numbers."""
    return pd.array(values, dtype="Int64")


def as_relations(codes: npt.NDArray[np.uint8]) -> pd.Categorical:
    """Words for relation codes."""
    return pd.Categorical.from_codes(codes, categories=pd.Index(RELATIONS, dtype="str"))
