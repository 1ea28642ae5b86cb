r"""Join several strings into one, and split it again.

The strings are joined by commas. In a string, a comma is written as ``\,`` and a backslash as
``\\``, so that a joined string can be split exactly. Empty strings are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

_PART = re.compile(r"(?:[^\\,]|\\.)+", re.DOTALL)
_SPECIAL = re.compile(r"([\\,])")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def join_texts(texts: Iterable[str]) -> str:
    """Return strings joined by commas."""
    parts = [text for text in texts if text]
    joined = ",".join(parts)
    if joined.count(",") < max(len(parts), 1) and "\\" not in joined:
        return joined
    return ",".join(_SPECIAL.sub(r"\\\1", text) for text in parts)


def split_text(text: str | None) -> tuple[str, ...]:
    """Return the strings that :func:`join_texts` joined; () for None or an empty string."""
    if not text or "\\" not in text:
        return tuple(text.split(",")) if text else ()
    return tuple(_ESCAPED.sub(r"\1", part) for part in _PART.findall(text))


def split_column(values: Any) -> pa.Array:
    """Split a column of joined strings into an Arrow array of lists; a null stays null."""
    if isinstance(getattr(values, "dtype", None), pd.CategoricalDtype):
        values = values.astype("str")  # Arrow does not convert a category without words
    texts = pa.array(values, type=pa.large_string(), from_pandas=True)
    texts = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
    if pc.any(pc.match_substring(texts, "\\")).as_py():
        lists = [None if text is None else split_text(text) for text in texts.to_pylist()]
        return pa.array(lists, pa.list_(pa.large_string()))
    lists = pc.split_pattern(texts, ",")
    is_filled = pc.not_equal(pc.list_flatten(lists), "")
    rows = pc.filter(pc.list_parent_indices(lists), is_filled).to_numpy(zero_copy_only=False)
    ends = np.cumsum(np.bincount(rows, minlength=len(texts)))
    return pa.ListArray.from_arrays(
        pa.array(np.append(0, ends), pa.int32()),
        pc.filter(pc.list_flatten(lists), is_filled),
        mask=pc.is_null(texts),
    )


def count_texts(values: Any) -> npt.NDArray[np.int64]:
    """Return how many strings each joined string of a column contains; 0 for a null."""
    counts = pc.fill_null(pc.list_value_length(split_column(values)), 0)
    return np.asarray(counts.to_numpy(zero_copy_only=False), np.int64)


def join_lists(lists: pa.Array) -> pa.Array:
    """Join each list of an Arrow array into one string; a null stays null."""
    if pc.any(pc.match_substring_regex(pc.list_flatten(lists), r"^$|[\\,]")).as_py():
        joined = [None if texts is None else join_texts(texts) for texts in lists.to_pylist()]
        return pa.array(joined, pa.large_string())
    return pc.binary_join(lists.cast(pa.list_(pa.string())), ",").cast(pa.large_string())
