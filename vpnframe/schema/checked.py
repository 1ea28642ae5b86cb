"""Check tables that users pass, and cast them to their schemas where this loses nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from vpnframe.errors import SchemaError
from vpnframe.schema.columns import (
    OddValueError,
    are_sorted,
    as_words,
    cast_column,
    is_cast,
    with_plain_index,
    write_one_of,
)
from vpnframe.schema.tables import TABLES, Column, Table

_MOST_SHOWN = 40  # characters of a value in a message
_SECRETIVE = ("psk", "bgp_auth")  # unexpected values of these columns are not shown


def checked_table(
    name: str, frame: object, *, needs: Iterable[str] | None = None, or_else: str = ""
) -> pd.DataFrame:
    """Return a table cast to its schema, with rows numbered from 0.

    The columns in ``needs`` must exist; without ``needs``, all columns of the table must exist.
    """
    table = TABLES[name]
    if not isinstance(frame, pd.DataFrame):
        remedy = f": use inv.{name}" if hasattr(frame, name) else ""
        given = type(frame).__name__
        raise SchemaError(f"pass the table {name}{or_else}, not {given}{remedy}")
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
    """Return a table sorted by some columns, so that results do not depend on its row order."""
    columns = [as_words(table[name]) for name in by if name in table.columns]
    if are_sorted(pc.fill_null(pa.array(one), "") for one in columns):
        return table
    order = np.lexsort([pd.factorize(one, sort=True)[0] for one in columns[::-1]])
    return table.take(order).reset_index(drop=True)


def _missing(table: Table, frame: pd.DataFrame, wanted: Sequence[str]) -> Iterator[str]:
    found = list(frame.columns)
    if repeated := [one for one in table.names if found.count(one) > 1]:
        yield f"the table repeats the column {', '.join(repeated)}"
    if missing := [one for one in wanted if one not in found]:
        yield f"the table has no column {', '.join(missing)}"


def cast_columns(name: str, frame: pd.DataFrame, names: Collection[str]) -> pd.DataFrame:
    """Return a frame whose columns in ``names``, if present, are cast to the dtypes of a table."""
    made = {
        column.name: cast_values(name, column, frame[column.name])
        for column in TABLES[name].columns
        if column.name in names
        and column.name in frame.columns
        and not is_cast(column.kind, frame[column.name])
    }
    return frame.assign(**made) if made else frame


def cast_values(name: str, column: Column, values: pd.Series[Any]) -> Any:
    """Return the values of a column, cast to its type; an error names the row and the remedy."""
    try:
        return cast_column(column.kind, values)
    except OddValueError as odd:
        raise SchemaError(
            f"{name}: the column {column.name} holds {_shown(column, odd.value)} in row "
            f"{odd.position}: {odd.wanted}"
        ) from None


def _shown(column: Column, value: object) -> str:
    if column.name.startswith(_SECRETIVE):
        return "an invalid value"
    text = repr(value)
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}..."


def _check_values(name: str, column: Column, values: pd.Series[Any], *, is_needed: bool) -> None:
    """Raise SchemaError if a required column has a null, or if a value is not permitted."""
    remedy = write_one_of(column.words) if column.words else "every row needs a value"
    is_telling = column.words or column.name in TABLES[name].key
    if is_needed and is_telling and not column.is_nullable and values.isna().any():
        row = values.isna().argmax()
        raise SchemaError(f"{name}: the column {column.name} is null in row {row}: {remedy}")
    for word in values.cat.categories if column.words else ():
        if word not in column.words:
            row = (values == word).argmax()
            raise SchemaError(
                f"{name}: the column {column.name} holds {_shown(column, word)} in row "
                f"{row}: {remedy}"
            )


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
        values = frame[key].iloc[row].items()
        named = ", ".join(f"{name} {'null' if pd.isna(v) else v}" for name, v in values)
        raise SchemaError(
            f"{table.name} has {int(is_doubled.sum()):,} rows that repeat the key of another row, "
            f"the first is row {row} ({named}): keep one of each with .drop_duplicates({key})"
        )
