"""Parse blocks that a caller passes as a list, column or table; format results as columns."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from vpnframe.addresses.cidr import ParsedCidrs, format_cidr, parse_cidrs
from vpnframe.addresses.nesting import Runs, find_runs, find_runs_between
from vpnframe.addresses.ordering import Blocks
from vpnframe.errors import AddressError, SchemaError
from vpnframe.schema.codes import Codes, Mask
from vpnframe.schema.columns import as_words

Cidrs: TypeAlias = "Iterable[object] | pd.DataFrame"
Groups: TypeAlias = "Iterable[Hashable] | str"


@dataclass(frozen=True, slots=True)
class Asked:
    """The blocks and groups that a caller passed to a function, parsed."""

    parsed: ParsedCidrs  # the blocks as numbers
    # The group code of each value, or None without groups. A missing group equals no other group:
    # each missing group has a code that occurs once.
    codes: Codes | None
    labels: list[str | None]  # the label of each group code; None for a missing group
    index: pd.Index[Hashable]  # index of the Series or table; positions for other input

    def by_family(self) -> Iterator[tuple[Codes, Blocks]]:
        """Yield for each address family the positions of its blocks, and the blocks."""
        return self.parsed.by_family(groups=self.codes)


def read_asked(cidrs: Cidrs, groups: Groups | None) -> Asked:
    """Parse the blocks and groups that a caller passed to a function."""
    _check_form("cidrs", cidrs)
    _check_form("groups", groups)
    if isinstance(cidrs, pd.DataFrame):
        groups = _column(cidrs, groups) if isinstance(groups, str) else groups
        cidrs = _column(cidrs, "cidr")
    if isinstance(cidrs, str):
        raise TypeError(f"{cidrs!r} is a single string: give a list, a column or a table of blocks")
    if isinstance(groups, str):
        raise TypeError(
            f"groups is {groups!r}, but cidrs is not a table: give a list with one group for each "
            f"block, or a table that has this column"
        )
    listed = cidrs.tolist() if isinstance(cidrs, pd.Series) else list(cidrs)
    index = cidrs.index if isinstance(cidrs, pd.Series) else pd.RangeIndex(len(listed))
    if groups is None:
        return Asked(parse_all(listed), None, [None], index)
    codes, labels = _group_codes(groups, len(listed))
    return Asked(parse_all(listed), codes, labels, index)


def parse_all(values: Sequence[object]) -> ParsedCidrs:
    """Parse blocks; raise an AddressError that names the first string that is not a block."""
    parsed = parse_cidrs(values)
    if parsed.failed_texts:
        n_bad, text = len(parsed.failed_texts), parsed.failed_texts[0]
        raise AddressError(
            f"{text!r} at position {parsed.failed_rows[0]} is not a CIDR block: "
            f"{parsed.failed_reasons[0]} ({n_bad} of {len(values)} are invalid). Correct it, or "
            f"replace it by None to leave it out",
            value=text,
        )
    return parsed


def format_blocks(blocks: Blocks) -> list[str]:
    """Format blocks of one address family as CIDR strings."""
    family = np.full(len(blocks.first), blocks.family, np.uint8)
    return format_cidr(*blocks.addresses(), family, blocks.prefix_length)


def runs_by_family(
    parsed: ParsedCidrs, groups: Codes | None, *, is_second: Mask | None = None
) -> Iterator[tuple[Codes, Runs]]:
    """Yield for each address family its blocks' row numbers, and the blocks' overlaps.

    If ``is_second`` marks a second set of blocks, only overlaps between the two sets are found.
    """
    for rows, blocks in parsed.by_family(groups=groups):
        if is_second is None:
            yield rows, find_runs(blocks)
        else:
            yield rows, find_runs_between(blocks, is_second[rows])


def as_category(codes: npt.NDArray[np.integer], words: Sequence[str]) -> pd.Categorical:
    """Convert codes to a categorical with sorted categories; code n stands for ``words[n]``."""
    ranked = sorted(words)
    rank = np.array([ranked.index(word) for word in words], np.int8)
    return pd.Categorical.from_codes(rank[codes], categories=pd.Index(ranked, dtype="str"))


def _check_form(name: str, values: object) -> None:
    """Raise SchemaError if the argument ``name`` is an Inventory or has several columns."""
    if hasattr(values, "subnets"):
        raise SchemaError(f"{name} is an Inventory: give one of its tables, such as inv.subnets")
    is_table = isinstance(values, pd.DataFrame) and name == "cidrs"
    if getattr(values, "ndim", 1) != 1 and not is_table:
        raise SchemaError(f"{name} has {getattr(values, 'ndim', 1)} dimensions: give one column")


def _column(table: pd.DataFrame, name: str) -> pd.Series[object]:
    columns = list(table.columns)
    if columns.count(name) != 1:
        problem = "several columns" if name in columns else "no column"
        found = ", ".join(map(str, columns)) or "no columns"
        raise SchemaError(f"the table has {problem} {name!r}: it has {found}")
    return table[name]


def _group_codes(groups: Iterable[Hashable], n: int) -> tuple[Codes, list[str | None]]:
    column = groups if isinstance(groups, pd.Series) else pd.Series(list(groups), dtype=object)
    if len(column) != n:
        raise ValueError(f"{len(column)} groups for {n} blocks: give one group for each block")
    codes = pd.factorize(column)[0].astype(np.int64)
    missing = np.flatnonzero(codes < 0)
    codes[missing] = len(codes) + missing
    first = np.flatnonzero(~pd.Series(codes).duplicated())
    words = as_words(column.iloc[first]).astype(object)
    return pd.factorize(codes)[0].astype(np.int64), words.where(words.notna(), None).tolist()
