"""What the verbs on blocks are given: a list, a column or a table, read into numbers."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from vpnframe.addresses.cidr import ParsedCidrs, format_cidr, parse_cidrs
from vpnframe.addresses.ordering import Blocks
from vpnframe.errors import AddressError

Codes = npt.NDArray[np.int64]
Cidrs: TypeAlias = "Iterable[object] | pd.DataFrame"
Groups: TypeAlias = "Iterable[Hashable] | str"


@dataclass(frozen=True, slots=True)
class Asked:
    """Blocks that were asked for.

    Parameters
    ----------
    parsed : ParsedCidrs
        The blocks as numbers.
    codes : ndarray of int64, shape (n,), or None
        Group of each value. A missing group equals nothing: each value without one has a code
        of its own, from ``len(labels)`` on.
    labels : list of str
        What the group codes stand for.
    index : Index
        Of the series or table; positions for anything else.
    """

    parsed: ParsedCidrs
    codes: Codes | None
    labels: list[str]
    index: pd.Index[Hashable]

    def by_family(self) -> Iterator[tuple[int, Codes, Blocks]]:
        """Each family with the positions of its blocks, and the blocks."""
        for family in (4, 6):
            yield family, *self.parsed.of_family(family, groups=self.codes)

    def label(self, code: int) -> str | None:
        """What a group code stands for; None for a missing group, and where there are none."""
        return self.labels[code] if code < len(self.labels) else None


def read_asked(cidrs: Cidrs, groups: Groups | None) -> Asked:
    """Read what a verb was given.

    Parameters
    ----------
    cidrs : iterable of str or DataFrame
        n blocks, or a table with a column ``cidr``.
    groups : iterable or str, optional
        n keys, or of a table the name of a column.

    Returns
    -------
    Asked
        As numbers.

    Raises
    ------
    AddressError
        If a text is no CIDR block; it names the first, with its position.
    ValueError
        If there are not as many groups as blocks, or the table has no such column.
    TypeError
        If ``cidrs`` is one text, or ``groups`` is one without a table.
    """
    if isinstance(cidrs, pd.DataFrame):
        groups = _column(cidrs, groups) if isinstance(groups, str) else groups
        cidrs = _column(cidrs, "cidr")
    if isinstance(cidrs, str):
        raise TypeError(f"{cidrs!r} is one text: give a list, a column or a table of blocks")
    if isinstance(groups, str):
        raise TypeError(
            f"groups is {groups!r}: give one for each block, or a table with {groups!r}"
        )
    listed = cidrs.tolist() if isinstance(cidrs, pd.Series) else list(cidrs)
    index = cidrs.index if isinstance(cidrs, pd.Series) else pd.RangeIndex(len(listed))
    codes, labels = (None, []) if groups is None else _group_codes(groups, len(listed))
    return Asked(parse_all(listed), codes, labels, index)


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


def format_blocks(blocks: Blocks) -> list[str]:
    """Write blocks of one family as text."""
    n, family = len(blocks.first), 4 if blocks.high is None else 6
    high = np.zeros(n, np.uint64) if blocks.high is None else blocks.high
    low = blocks.first.astype(np.uint64)
    return format_cidr(high, low, np.full(n, family, np.uint8), blocks.prefix_length)


def _column(table: pd.DataFrame, name: str) -> pd.Series[object]:
    if name not in table.columns:
        columns = ", ".join(map(str, table.columns))
        raise ValueError(f"the table has no column {name!r}: it has {columns or 'none'}")
    return table[name]


def _group_codes(groups: Iterable[Hashable], n: int) -> tuple[Codes, list[str]]:
    column = groups if isinstance(groups, pd.Series) else pd.Series(list(groups), dtype=object)
    if len(column) != n:
        raise ValueError(f"{len(column)} groups for {n} blocks: give one for each")
    found, labels = pd.factorize(column)
    codes = found.astype(np.int64)
    missing = np.flatnonzero(codes < 0)
    codes[missing] = len(labels) + np.arange(len(missing))
    return codes, [str(label) for label in labels]
