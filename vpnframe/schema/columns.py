"""Make a table's columns from plain values, join their pieces, or cast them from other dtypes."""

from __future__ import annotations

from vpnframe.schema.casting import (
    OddValueError,
    as_words,
    cast_column,
    is_cast,
    with_plain_index,
)
from vpnframe.schema.making import (
    DTYPES,
    LISTS,
    SEVERITY,
    join_columns,
    make_categories,
    make_column,
)

__all__ = [
    "DTYPES",
    "LISTS",
    "SEVERITY",
    "OddValueError",
    "as_words",
    "cast_column",
    "is_cast",
    "join_columns",
    "make_categories",
    "make_column",
    "with_plain_index",
]
