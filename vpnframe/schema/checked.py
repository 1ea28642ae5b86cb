"""Check tables passed in by users: any index, equivalent dtypes, or a clear error.

A table may have been filtered, sorted, joined, written and read again. Equivalent values are
cast; anything else is rejected, naming the column and the remedy.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from vpnframe.errors import SchemaError
from vpnframe.schema.columns import OddValueError, as_words, cast_column, is_cast, with_plain_index
from vpnframe.schema.tables import TABLES, Column, Table

_MOST_SHOWN = 40  # characters of a value in a message
_SECRETIVE = ("psk", "bgp_auth")  # unexpected values of these columns are not shown


def checked_table(
    name: str, frame: object, *, needs: Iterable[str] | None = None, or_else: str = ""
) -> pd.DataFrame:
    """Return a table cast to its schema, with a plain index; columns in ``needs`` must exist.

    Examples
    --------
    >>> held = pd.DataFrame({"account_id": [1, 2], "status": ["complete", "absent"]}, index=[5, 5])
    >>> checked_table("coverage", held, needs=["status"])["account_id"].tolist()
    ['1', '2']
    """
    table = TABLES[name]
    if not isinstance(frame, pd.DataFrame):
        raise SchemaError(_no_table(name, frame, or_else))
    wanted = table.names if needs is None else tuple(needs)
    plain = with_plain_index(frame, table.names)
    for problem in _missing(table, plain, wanted):
        raise SchemaError(f"{problem}: is this a {name} table?")
    cast = cast_columns(name, plain, table.names)
    for column in table.columns:
        if column.name in cast.columns:
            _check_values(name, column, cast[column.name], is_needed=column.name in wanted)
    _check_key(table, cast)
    return cast


def in_order(table: pd.DataFrame, by: Iterable[str]) -> pd.DataFrame:
    """Sort a table, so that results do not depend on its row order."""
    codes = [
        pd.factorize(as_words(table[name]), sort=True)[0] for name in by if name in table.columns
    ]
    order = np.lexsort(codes[::-1])
    is_sorted = bool((np.diff(order) == 1).all())
    return table if is_sorted else table.take(order).reset_index(drop=True)


def _no_table(name: str, value: object, or_else: str) -> str:
    """Return the error for an object that is not a table; for an inventory, name its table."""
    given = f"pass the table {name}{or_else}, not {type(value).__name__}"
    return f"{given}: use inv.{name}" if hasattr(value, name) else given


def _missing(table: Table, frame: pd.DataFrame, wanted: Sequence[str]) -> Iterator[str]:
    found = list(frame.columns)
    repeated = [one for one in table.names if one in found and found.count(one) > 1]
    if repeated:
        yield f"repeated column {', '.join(repeated)}"
    missing = [one for one in wanted if one not in found]
    if missing:
        yield f"no column {', '.join(missing)}"


def cast_columns(name: str, frame: pd.DataFrame, names: Collection[str]) -> pd.DataFrame:
    """Cast the named columns that a frame has to the schema of a table."""
    made: dict[str, Any] = {}
    for column in TABLES[name].columns:
        if column.name not in names or column.name not in frame.columns:
            continue
        if not is_cast(column.kind, frame[column.name]):
            made[column.name] = _cast(name, column, frame[column.name])
    return frame.assign(**made) if made else frame


def _cast(name: str, column: Column, values: pd.Series[Any]) -> Any:
    try:
        return cast_column(column.kind, values)
    except OddValueError as odd:
        told = _shown(column, odd.value)
        raise SchemaError(
            f"{name}: the column {column.name} holds {told} in row {odd.position}: {odd.wanted}"
        ) from None


def _shown(column: Column, value: object) -> str:
    if column.name.startswith(_SECRETIVE):
        return "an invalid value"
    text = repr(value)
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}..."


def _check_values(name: str, column: Column, values: pd.Series[Any], *, is_needed: bool) -> None:
    """Reject nulls in needed key and word columns, and values outside a column's words."""
    is_telling = column.words or column.name in TABLES[name].key
    if is_needed and is_telling and not column.is_nullable:
        is_null = values.isna()
        if is_null.any():
            raise SchemaError(
                f"{name}: the column {column.name} is null in row {is_null.argmax()}: "
                f"{_remedy(column)}"
            )
    if not column.words:
        return
    for word in values.cat.categories:
        if word not in column.words:
            row = (values == word).argmax()
            raise SchemaError(
                f"{name}: the column {column.name} holds {_shown(column, word)} in row "
                f"{row}: {_remedy(column)}"
            )


def _remedy(column: Column) -> str:
    if not column.words:
        return "every row needs a value"
    *others, last = column.words
    return f"write {', '.join(others)} or {last}"


def _check_key(table: Table, frame: pd.DataFrame) -> None:
    key = list(table.key)
    if not key or any(name not in frame.columns for name in key):
        return
    for column in table.columns:
        if column.name in key and not column.is_nullable and frame[column.name].isna().any():
            return  # a key with nulls was not needed, so rows are not checked by it
    is_doubled = frame.duplicated(key)
    if is_doubled.any():
        row = int(is_doubled.argmax())
        named = ", ".join(f"{name} {_plain(frame[name].iloc[row])}" for name in key)
        raise SchemaError(
            f"{table.name} has {int(is_doubled.sum()):,} rows with the key of another row, "
            f"first row {row} ({named}): keep one of each with .drop_duplicates({key})"
        )


def _plain(value: object) -> str:
    return "null" if pd.isna(value) else str(value)
