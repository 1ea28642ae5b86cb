"""Three-valued logic over columns: no, yes, unknown. A null is always unknown."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

NO, YES, UNKNOWN = 0, 1, 2

Truth = npt.NDArray[np.uint8]  # NO, YES or UNKNOWN in each row
Mask = npt.NDArray[np.bool_]
Positions = npt.NDArray[np.int64]
Texts = npt.NDArray[np.object_]


def is_any(
    values: pd.Series,
    wanted: Collection[Any],
    *,
    known: Collection[Any] | None = None,
    is_folded: bool = False,
) -> Truth:
    """Check which values are among the wanted ones; nulls and values not in ``known`` are unknown.

    Examples
    --------
    >>> ciphers = pd.Series(["des-cbc", "aes-128-cbc", "kuznyechik", None], dtype="category")
    >>> is_any(ciphers, {"des-cbc"}, known={"des-cbc", "aes-128-cbc"}).tolist()
    [1, 0, 2, 2]
    """
    codes, found = coded(values)
    if is_folded:
        found = [str(value).lower() for value in found]
    meanings = [
        YES if value in wanted else UNKNOWN if known is not None and value not in known else NO
        for value in found
    ]
    return np.array([*meanings, UNKNOWN], np.uint8)[codes]  # a null's code -1 is the last


def flags(values: pd.Series) -> Mask:
    """Return a column of flags as a new bool array; a null is False."""
    found: Mask = values.fillna(False).to_numpy(bool, copy=True)
    return found


def is_on(values: pd.Series) -> Truth:
    """Check which flags are true; a null is unknown.

    Examples
    --------
    >>> is_on(pd.Series([True, False, None], dtype="boolean")).tolist()
    [1, 0, 2]
    """
    return unknown_where_null(flags(values), values)


def unknown_where_null(holds: Mask, *columns: pd.Series) -> Truth:
    """Return a condition as truth values, unknown where any of the columns it uses is null."""
    truth = holds.astype(np.uint8)
    for column in columns:
        truth[flags(column.isna())] = UNKNOWN
    return truth


def numbers(values: pd.Series, *, null: int = 0) -> npt.NDArray[np.int64]:
    """Convert to int64, replacing nulls; see :func:`unknown_where_null` for the nulls."""
    found: Positions = values.fillna(null).to_numpy(np.int64)
    return found


def arrow(values: Any, kind: pa.DataType) -> pa.Array:
    """Convert values to an arrow array in one chunk."""
    found = pa.array(values, type=kind, from_pandas=True)
    return found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found


def objects(values: Any) -> Texts:
    """Return texts as a writable object array; some versions of pandas return read-only views."""
    found: Texts = np.asarray(values, dtype=object)
    return found if found.flags.writeable else found.copy()


def none_for_empty(texts: Texts) -> Texts:
    """Replace every empty text by None."""
    found = texts.copy()
    found[texts == ""] = None
    return found


def both(*truths: Truth) -> Truth:
    """Return the logical AND: no if any is no, else unknown if any is unknown.

    Examples
    --------
    >>> both(np.array([1, 1, 0, 2], np.uint8), np.array([1, 2, 2, 2], np.uint8)).tolist()
    [1, 2, 0, 2]
    """
    stacked = np.stack(truths)
    least = np.where((stacked == UNKNOWN).any(0), UNKNOWN, YES)
    return np.where((stacked == NO).any(0), NO, least).astype(np.uint8)


def either(*truths: Truth) -> Truth:
    """Return the logical OR: yes if any is yes, else unknown if any is unknown.

    Examples
    --------
    >>> either(np.array([1, 1, 0, 2], np.uint8), np.array([0, 2, 2, 0], np.uint8)).tolist()
    [1, 1, 2, 2]
    """
    stacked = np.stack(truths)
    least = np.where((stacked == UNKNOWN).any(0), UNKNOWN, NO)
    return np.where((stacked == YES).any(0), YES, least).astype(np.uint8)


def opposite(truth: Truth) -> Truth:
    """Return the logical NOT; unknown stays unknown.

    Examples
    --------
    >>> opposite(np.array([0, 1, 2], np.uint8)).tolist()
    [1, 0, 2]
    """
    return np.array([YES, NO, UNKNOWN], np.uint8)[truth]


def coded(values: pd.Series) -> tuple[Positions, list[Any]]:
    """Return the code of each row's value (-1 for null), and the values by code."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        return values.cat.codes.to_numpy(np.int64), values.cat.categories.tolist()
    codes, found = pd.factorize(values)
    return codes.astype(np.int64), found.tolist()


def codes_of(columns: Iterable[pd.Series]) -> Positions:
    """Number the combinations of several columns; a null counts as a value.

    Examples
    --------
    >>> a, b = pd.Series(["x", "x", None]), pd.Series([1, 1, 2], dtype="Int64")
    >>> codes_of([a, b]).tolist()
    [0, 0, 1]
    """
    combined: Positions | None = None
    for column in columns:
        codes, found = coded(column)
        codes = codes + 1
        if combined is not None:
            codes = combined * (len(found) + 1) + codes
        combined = pd.factorize(codes)[0].astype(np.int64)
    if combined is None:
        raise ValueError("no column to number")
    return combined


def named(flags_by_name: Mapping[str, Mask]) -> Texts:
    """Return for each row the names of the flags that are set.

    Examples
    --------
    >>> named({"a": np.array([True, False]), "b": np.array([True, False])}).tolist()
    ['a, b', '']
    """
    names = list(flags_by_name)
    pattern = sum(
        (flag.astype(np.int64) << bit for bit, flag in enumerate(flags_by_name.values())),
        np.int64(0),
    )
    kinds, which = np.unique(pattern, return_inverse=True)
    texts = [
        ", ".join(name for bit, name in enumerate(names) if kind >> bit & 1)
        for kind in kinds.tolist()
    ]
    return objects(texts)[which]


def n_distinct(groups: Positions, values: Positions) -> Positions:
    """Count the distinct values of each group.

    Examples
    --------
    >>> n_distinct(np.array([0, 0, 1, 0]), np.array([5, 6, 5, 5])).tolist()
    [2, 1]
    """
    width = int(values.max(initial=0)) + 1
    return np.bincount(pd.unique(groups * width + values) // width)


def differs_within(groups: Positions, *columns: pd.Series, n_groups: int) -> Truth:
    """Check in which groups the values of any column differ.

    Examples
    --------
    >>> ciphers = pd.Series(["a", "b", "a", "a", "a", None])
    >>> differs_within(np.array([0, 0, 1, 1, 2, 2]), ciphers, n_groups=3).tolist()
    [1, 0, 2]
    """
    verdict = np.zeros(n_groups, np.uint8)
    for column in columns:
        codes, found = coded(column)
        is_given = codes >= 0
        lowest, highest = np.full(n_groups, len(found)), np.full(n_groups, -1)
        np.minimum.at(lowest, groups[is_given], codes[is_given])
        np.maximum.at(highest, groups[is_given], codes[is_given])
        has_null = np.zeros(n_groups, bool)
        has_null[groups[~is_given]] = True
        differs = np.where(highest > lowest, YES, np.where(has_null, UNKNOWN, NO))
        verdict = either(verdict, differs.astype(np.uint8))
    return verdict
