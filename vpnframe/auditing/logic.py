"""Three-valued logic over columns with the values no, yes and unknown; null means unknown."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from itertools import compress, starmap
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from vpnframe.schema.codes import expand, rank_rows, rank_sorted, sort_rows

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
    """Check which values are in ``wanted``; nulls and other values not in ``known`` are unknown.

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
    return np.array([*meanings, UNKNOWN], np.uint8)[codes]  # a null: code -1, the last item


def equals(values: pd.Series, value: object) -> Mask:
    """Check in which rows a column equals the given value; a null is False."""
    return flags(values == value)


def flags(values: pd.Series) -> Mask:
    """Return a column of booleans as a new bool array; nulls become False."""
    found: Mask = values.fillna(False).to_numpy(bool, copy=True)
    return found


def is_on(values: pd.Series) -> Truth:
    """Return a column of booleans as yes or no; nulls become unknown."""
    return unknown_where_null(flags(values), values)


def truth(is_yes: npt.ArrayLike, is_unknown: npt.ArrayLike = False) -> Truth:
    """Return yes where ``is_yes`` is true, else unknown where ``is_unknown`` is true, else no."""
    return np.where(is_yes, YES, np.where(is_unknown, UNKNOWN, NO)).astype(np.uint8)


def unknown_where_null(holds: Mask, *columns: pd.Series) -> Truth:
    """Convert ``holds`` to yes and no; a row with a null in any of the ``columns`` is unknown."""
    found = holds.astype(np.uint8)
    for column in columns:
        found[flags(column.isna())] = UNKNOWN
    return found


def both(*truths: Truth) -> Truth:
    """Return the logical AND: no if one input is no, else unknown if one is unknown, else yes."""
    stacked = np.stack(truths)
    return np.where((stacked == NO).any(0), np.uint8(NO), stacked.max(0))


def either(*truths: Truth) -> Truth:
    """Return the logical OR: yes if one input is yes, else unknown if one is unknown, else no."""
    stacked = np.stack(truths)
    return np.where((stacked == YES).any(0), np.uint8(YES), stacked.max(0))


def opposite(one: Truth) -> Truth:
    """Return the logical NOT; unknown stays unknown."""
    return np.array([YES, NO, UNKNOWN], np.uint8)[one]


def marked(n: int, at: Any) -> Mask:
    """Return a mask of length ``n`` that is true at the positions ``at``."""
    mask = np.zeros(n, bool)
    mask[at] = True
    return mask


def any_of(groups: Positions, one: Truth, n_groups: int) -> Truth:
    """Return yes for groups with a yes, else unknown for groups with an unknown, else no."""
    is_yes, is_unknown = (marked(n_groups, groups[one == value]) for value in (YES, UNKNOWN))
    return truth(is_yes, is_unknown)


def numbers(values: pd.Series, *, null: int = 0) -> Positions:
    """Convert a column to int64; each null becomes the number in ``null``."""
    found: Positions = values.fillna(null).to_numpy(np.int64)
    return found


def arrow(values: Any, kind: pa.DataType) -> pa.Array:
    """Convert values to an Arrow array of one chunk."""
    found = pa.array(values, type=kind, from_pandas=True)
    return found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found


def objects(values: Any) -> Texts:
    """Return strings as a writable object array, even if pandas returns a read-only view."""
    found: Texts = np.asarray(values, dtype=object)
    return found if found.flags.writeable else found.copy()


def coded(values: pd.Series) -> tuple[Positions, list[Any]]:
    """Return each row's code, which is -1 for a null, and the list of values of the codes."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        return values.cat.codes.to_numpy(np.int64), values.cat.categories.tolist()
    codes, found = pd.factorize(values)
    return codes.astype(np.int64), found.tolist()


def codes_of(columns: Iterable[pd.Series]) -> Positions:
    """Return for each row a number that identifies its combination of values.

    A null counts as a value.

    Examples
    --------
    >>> a, b = pd.Series(["x", "x", None]), pd.Series([1, 1, 2], dtype="Int64")
    >>> codes_of([a, b]).tolist()
    [0, 0, 1]
    """
    return rank_rows([coded(column)[0] for column in columns])


def by_kind(columns: Iterable[pd.Series], make: Callable[..., Any]) -> Texts:
    """Call ``make`` once for each distinct row of ``columns``; return the result for every row."""
    listed = list(columns)
    order, starts = sort_rows([coded(column)[0] for column in listed])
    kinds = zip(*(column.iloc[order[starts]].tolist() for column in listed), strict=True)
    return np.fromiter(starmap(make, kinds), object, len(starts))[rank_sorted(order, starts)]


def named(flags_by_name: Mapping[str, Mask]) -> Texts:
    """Return for each row the names of the flags that are true in it.

    Examples
    --------
    >>> named({"a": np.array([True, False]), "b": np.array([True, False])}).tolist()
    ['a, b', '']
    """
    columns = map(pd.Series, flags_by_name.values())
    return by_kind(columns, lambda *are_set: ", ".join(compress(flags_by_name, are_set)))


def listed_by(
    owners: Positions, words: Any, n_owners: int, *, most: int | None = None, separator: str = ", "
) -> Texts:
    """Return a string per owner with up to ``most`` of its words and the number of the rest."""
    order = np.argsort(owners, kind="stable")
    counts = np.bincount(owners, minlength=n_owners)
    shown = counts if most is None else np.minimum(counts, most)
    place = order[expand(np.cumsum(counts) - counts, shown)[1]]
    taken = arrow(words, pa.large_string()).take(pa.array(place))
    lists = pa.LargeListArray.from_arrays(np.append(0, np.cumsum(shown)), taken)
    texts = objects(pc.binary_join(lists, pa.scalar(separator, pa.large_string())))
    for owner in np.flatnonzero(counts > shown).tolist():
        texts[owner] += f" and {counts[owner] - shown[owner]:,} more"
    return texts


def n_distinct(groups: Positions, values: Positions) -> Positions:
    """Count the distinct values of each group."""
    width = int(values.max(initial=0)) + 1
    return np.bincount(pd.unique(groups * width + values) // width)


def grouped(groups: Positions, rows: Positions) -> list[Positions]:
    """Split ``rows`` by the group of each row; return the groups in ascending order."""
    order, starts = sort_rows([groups])
    return np.split(rows[order], starts[1:]) if len(rows) else []


def differs_within(groups: Positions, *columns: pd.Series, n_groups: int) -> Truth:
    """Check which groups have different values in at least one column.

    The result is unknown for a group without different values if one of its values is null.

    Examples
    --------
    >>> ciphers = pd.Series(["a", "b", "a", "a", "a", None])
    >>> differs_within(np.array([0, 0, 1, 1, 2, 2]), ciphers, n_groups=3).tolist()
    [1, 0, 2]
    """
    found = np.zeros(n_groups, np.uint8)
    for column in columns:
        codes, values = coded(column)
        is_given = codes >= 0
        lowest, highest = np.full(n_groups, len(values)), np.full(n_groups, -1)
        np.minimum.at(lowest, groups[is_given], codes[is_given])
        np.maximum.at(highest, groups[is_given], codes[is_given])
        found = either(found, truth(highest > lowest, marked(n_groups, groups[~is_given])))
    return found
