"""Schemas of tables: the columns in order, with type, unit, nullability and a description.

A table is a plain :class:`pandas.DataFrame` that passes :func:`validate`. The documentation, dtypes
and Parquet schemas of the tables are all derived from these schemas.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import pandas as pd
import pyarrow as pa

from vpnframe.errors import SchemaError
from vpnframe.schema.checked import cast_values
from vpnframe.schema.columns import (
    ARROW_TYPES,
    DTYPES,
    is_cast,
    join_columns,
    make_column,
    with_plain_index,
)
from vpnframe.schema.memory import give_back_memory
from vpnframe.schema.tables import TABLES, Column, Table
from vpnframe.schema.tables.declaring import SEVERITIES

# Freed bytes after which memory is returned to the system.
_MUCH = 4 * 1024 * 1024


def describe(name: str) -> pd.DataFrame:
    """Return the columns of a table, with dtype and description.

    Parameters
    ----------
    name : str
        A table of :data:`vpnframe.schema.tables.TABLES`.

    Returns
    -------
    DataFrame
        One row per column of the table, with ``column``, ``dtype``, ``nullable`` (bool) and
        ``description``. A null value of a nullable column is unknown or does not apply.

    Raises
    ------
    SchemaError
        There is no such table.

    Examples
    --------
    >>> describe("coverage")["column"].tolist()[:3]
    ['account_id', 'region_id', 'status']
    """
    columns = find(name).columns
    return pd.DataFrame(
        {
            "column": pd.array([c.name for c in columns], dtype="str"),
            "dtype": pd.array([DTYPES[c.kind] for c in columns], dtype="str"),
            "nullable": [c.is_nullable for c in columns],
            "description": pd.array([c.description for c in columns], dtype="str"),
        }
    )


def find(name: str) -> Table:
    """Return a table's schema.

    Parameters
    ----------
    name : str
        For example ``tunnels``.

    Returns
    -------
    Table
        Its columns and key.

    Raises
    ------
    SchemaError
        There is no such table.
    """
    if name not in TABLES:
        raise SchemaError(f"there is no table {name!r}: the tables are {', '.join(sorted(TABLES))}")
    return TABLES[name]


def empty(name: str) -> pd.DataFrame:
    """Return a table without rows but with all its columns.

    Parameters
    ----------
    name : str
        For example ``tunnels``.

    Returns
    -------
    DataFrame
        Zero rows.

    Examples
    --------
    >>> empty("overlaps").shape[0]
    0
    """
    return _empty(name).copy(deep=False)


@cache
def _empty(name: str) -> pd.DataFrame:
    return Growing(name).table()


def build(name: str, values: Mapping[str, Sequence[Any]]) -> pd.DataFrame:
    """Build a table from Python values.

    Parameters
    ----------
    name : str
        For example ``tunnels``.
    values : mapping of str to sequence
        One sequence per column, all of the same length. None becomes null; times are numbers of
        milliseconds since the epoch.

    Returns
    -------
    DataFrame
        A table with its columns in the order and with the dtypes of the schema.

    Examples
    --------
    >>> pairs = build("pairs", {"left": [0], "right": [1], "relation": ["equal"]})
    >>> pairs.dtypes.astype(str).tolist()
    ['Int64', 'Int64', 'category']
    """
    return build_by(name, values.__getitem__)


def build_by(name: str, values_of: Callable[[str], Iterable[Any]]) -> pd.DataFrame:
    """Build a table; ``values_of`` returns the Python values of a column, given its name."""
    growing = Growing(name)
    growing.add_by(values_of)
    return growing.table()


class Growing:
    """A table that is built by adding rows in parts."""

    def __init__(self, name: str) -> None:
        self._columns = find(name).columns
        self._pieces: dict[str, list[Any]] = {column.name: [] for column in self._columns}

    def add(self, values: Mapping[str, Sequence[Any]]) -> None:
        """Add rows; ``values`` has a sequence for each column, as in :func:`build`."""
        self.add_by(values.__getitem__)

    def add_by(self, values_of: Callable[[str], Iterable[Any]]) -> None:
        """Add rows; ``values_of`` returns the values of a column, as in :func:`build_by`."""
        for column in self._columns:
            made = make_column(column.kind, values_of(column.name))
            self._pieces[column.name].append(made)

    def table(self) -> pd.DataFrame:
        """Return the whole table; call this only once, because the added parts are freed."""
        if not all(self._pieces.values()):
            self.add_by(lambda _: [])
        joined, freed = {}, 0
        for column in self._columns:
            values = join_columns(column.kind, self._pieces.pop(column.name))
            joined[column.name], freed = values, freed + values.nbytes
            if freed > _MUCH:
                give_back_memory()
                freed = 0
        return pd.DataFrame(joined, copy=False)


def cast(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Return a DataFrame with the columns of a table, in their order and dtypes.

    Parameters
    ----------
    name : str
        For example ``tunnels``.
    frame : DataFrame
        It has some of the table's columns; columns that it lacks are filled with nulls.

    Returns
    -------
    DataFrame
        A new frame; other columns are dropped.

    Raises
    ------
    SchemaError
        ``frame`` is not a DataFrame, a column occurs twice, or a value cannot be cast.
    """
    for problem in _odd_frame(frame):
        raise SchemaError(f"this is not the table {name}: {problem}")
    frame = with_plain_index(frame, find(name).names)
    columns = {
        column.name: cast_values(name, column, frame[column.name])
        if column.name in frame.columns
        else make_column(column.kind, [None] * len(frame))
        for column in find(name).columns
    }
    return pd.DataFrame(columns, index=pd.RangeIndex(len(frame)))


def validate(name: str, frame: pd.DataFrame) -> None:
    """Check that a frame matches the schema of a table.

    Parameters
    ----------
    name : str
        For example ``tunnels``.
    frame : DataFrame
        The frame to check.

    Raises
    ------
    SchemaError
        The message names every column that is missing or unknown, has a wrong dtype, or has nulls
        although it must not, and says if the columns are out of order.

    Examples
    --------
    >>> validate("coverage", empty("coverage"))
    """
    problems = list(_odd_frame(frame)) or list(_problems(find(name), frame))
    if problems:
        raise SchemaError(f"this is not the table {name}: " + "; ".join(problems))


def arrow_schema(name: str) -> pa.Schema:
    """Return the Parquet schema of a table; it has only types that every reader supports.

    Parameters
    ----------
    name : str
        For example ``tunnels``.

    Returns
    -------
    pyarrow.Schema
        Categories are strings; the only metadata is the table's name.
    """
    fields = [
        pa.field(column.name, ARROW_TYPES[column.kind], nullable=column.is_nullable)
        for column in find(name).columns
    ]
    return pa.schema(fields, metadata={"vpnframe_table": name})


def _odd_frame(frame: object) -> Iterable[str]:
    """Yield a message if an object is not a DataFrame, or if a column name occurs twice."""
    if not isinstance(frame, pd.DataFrame):
        yield f"{type(frame).__name__} is not a DataFrame"
    elif not frame.columns.is_unique:
        repeated = frame.columns[frame.columns.duplicated()].unique()
        yield f"these columns are repeated: {', '.join(sorted(map(str, repeated)))}"


def _problems(table: Table, frame: pd.DataFrame) -> Iterable[str]:
    wanted, found = [column.name for column in table.columns], list(frame.columns)
    if missing := [name for name in wanted if name not in found]:
        yield f"these columns are missing: {', '.join(missing)}"
    if unknown := [str(name) for name in found if name not in wanted]:
        yield f"these columns are unknown: {', '.join(unknown)}"
    if not missing and not unknown and wanted != found:
        yield "columns are out of order"
    for column in table.columns:
        if column.name in found:
            yield from _column_problems(column, frame[column.name])


def _column_problems(column: Column, values: pd.Series[Any]) -> Iterable[str]:
    if values.dtype != DTYPES[column.kind]:
        yield f"{column.name} is {values.dtype}, not {DTYPES[column.kind]}"
    elif column.kind == "category" and list(values.cat.categories) != sorted(values.cat.categories):
        yield f"{column.name} has unsorted categories"
    elif column.kind == "severity" and not is_cast("severity", values):
        yield f"{column.name} is not an ordered category of {', '.join(SEVERITIES)}"
    if not column.is_nullable and values.isna().any():
        yield f"{column.name} has nulls"
