"""Make a table's columns from plain values, and join their pieces."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from vpnframe.schema.tables import Kind
from vpnframe.schema.tables.parts import SEVERITIES

LISTS = pd.ArrowDtype(pa.list_(pa.string()))
DTYPES: Mapping[Kind, str] = {
    "text": "str",
    "category": "category",
    "severity": "category",
    "int16": "Int16",
    "int32": "Int32",
    "int64": "Int64",
    "float": "float64",
    "flag": "boolean",
    "time": "datetime64[ms, UTC]",
    "texts": str(LISTS),
}
# Ordered from the mildest to the worst, whichever severities occur.
SEVERITY = pd.CategoricalDtype(pd.Index(SEVERITIES, dtype="str"), ordered=True)
_TEXTS = {str, type(None)}
_NAT = np.datetime64("NaT", "ms")
# Arrow's own allocator rounds sizes up and keeps freed memory.
_POOL = pa.system_memory_pool()


def make_column(kind: Kind, values: Iterable[Any]) -> Any:
    """Make a column from plain values.

    Examples
    --------
    >>> make_column("int16", [1, None]).dtype
    Int16Dtype()
    """
    wanted = SEVERITY if kind == "severity" else DTYPES[kind]
    if isinstance(values, pd.api.extensions.ExtensionArray) and values.dtype == wanted:
        return values  # already of the wanted dtype
    if kind == "category":
        return make_categories([None if value is None else str(value) for value in values])
    if kind == "severity":
        return pd.Categorical(list(values), dtype=SEVERITY)
    if kind == "time":
        stamps = np.array([_NAT if v is None else v for v in values], dtype="datetime64[ms]")
        return pd.Series(stamps).dt.tz_localize("UTC")
    if kind == "texts":
        lists = [None if value is None else list(value) for value in values]
        return _arrow_column(kind, pa.array(lists, type=pa.list_(pa.string()), memory_pool=_POOL))
    if kind == "text" and isinstance(values, list) and {*map(type, values)} <= _TEXTS:
        # Ten times as fast as pandas, which inspects every value.
        return _arrow_column(kind, pa.array(values, type=pa.large_string(), memory_pool=_POOL))
    return pd.array(list(values), dtype=DTYPES[kind])


def make_categories(values: list[str | None]) -> pd.Categorical:
    """Make a categorical column with sorted categories."""
    found = pd.Index(sorted({value for value in values if value is not None}), dtype="str")
    return pd.Categorical(values, categories=found)


def join_columns(kind: Kind, pieces: Sequence[Any]) -> Any:
    """Join the pieces of a column in one block of memory.

    Examples
    --------
    >>> joined = join_columns("category", [make_column("category", [v]) for v in ("b", "a")])
    >>> joined.categories.tolist(), joined.codes.tolist()
    (['a', 'b'], [1, 0])
    """
    if len(pieces) == 1:
        return pieces[0]
    if kind == "category":
        return _join_categories(pieces)
    if kind == "severity":
        codes = np.concatenate([piece.codes for piece in pieces])
        return pd.Categorical.from_codes(codes, dtype=SEVERITY)
    if kind in ("text", "texts"):
        chunks = [chunk for piece in pieces for chunk in pa.chunked_array(pa.array(piece)).chunks]
        return _arrow_column(kind, pa.concat_arrays(chunks, memory_pool=_POOL))
    return pd.concat([pd.Series(piece) for piece in pieces], ignore_index=True).array


def _arrow_column(kind: Kind, values: pa.Array) -> Any:
    return pd.array(values, dtype=LISTS if kind == "texts" else "str")


def _join_categories(pieces: Sequence[pd.Categorical]) -> pd.Categorical:
    found = sorted({name for piece in pieces for name in piece.categories})
    categories = pd.Index(found, dtype="str")
    codes = [
        # A null has the code -1, which indexes the last of the new codes.
        np.append(categories.get_indexer(piece.categories), -1)[piece.codes]
        for piece in pieces
    ]
    return pd.Categorical.from_codes(np.concatenate(codes), categories=categories)
