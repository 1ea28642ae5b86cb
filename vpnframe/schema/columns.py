"""Make, join and cast columns of tables. A value that does not fit is rejected, never guessed."""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from types import NoneType
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from vpnframe.schema.joined import join_texts
from vpnframe.schema.tables import Kind
from vpnframe.schema.tables.declaring import SEVERITIES

DTYPES: Mapping[Kind, str] = {
    "text": "str",
    "category": "category",
    "severity": "category",
    "int16": "Int16",
    "int32": "Int32",
    "int64": "Int64",
    "float": "float64",
    "flag": "boolean",
    "time": "datetime64[ms]",
    "texts": "str",
}
# Ordered from the mildest to the worst, whichever severities occur.
SEVERITY = pd.CategoricalDtype(pd.Index(SEVERITIES, dtype="str"), ordered=True)
ARROW_TYPES: Mapping[Kind, pa.DataType] = {
    "text": pa.string(),
    "category": pa.dictionary(pa.int32(), pa.string()),
    "severity": pa.dictionary(pa.int32(), pa.string(), ordered=True),
    "int16": pa.int16(),
    "int32": pa.int32(),
    "int64": pa.int64(),
    "float": pa.float64(),
    "flag": pa.bool_(),
    "time": pa.timestamp("ms"),
    "texts": pa.string(),
}
_IN_MEMORY = {**ARROW_TYPES, "text": pa.large_string(), "texts": pa.large_string()}
# Python types of the values, except None, that Arrow converts exactly as pandas does.
_PLAIN: Mapping[Kind, set[type]] = {
    "text": {str},
    "flag": {bool},
    "texts": {str},
    "int16": {int},
    "int32": {int},
    "int64": {int},
    "time": {int},
}
_NAT = np.datetime64("NaT", "ms")
# Arrow's own allocator rounds sizes up and keeps freed memory.
_POOL = pa.system_memory_pool()
_TEXT_TYPES = (str, IPv4Network, IPv6Network, IPv4Address, IPv6Address)  # converted to text
_EXACT = 2**53  # from here on a float represents several integers
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FLAGS = {"true": True, "false": False}


def make_column(kind: Kind, values: Iterable[Any]) -> Any:
    """Make a column from Python values; None becomes null."""
    wanted = SEVERITY if kind == "severity" else DTYPES[kind]
    if isinstance(values, pd.api.extensions.ExtensionArray) and values.dtype == wanted:
        return values  # already of the wanted dtype
    if (
        isinstance(values, list)
        and kind in _PLAIN
        and {*map(type, values)} <= _PLAIN[kind] | {NoneType}
    ):
        # Ten times as fast as pandas, which inspects every value.
        return _from_arrow(kind, pa.array(values, type=_IN_MEMORY[kind], memory_pool=_POOL))
    if kind == "category":
        return _make_categories(list(values))
    if kind == "severity":
        return pd.Categorical(list(values), dtype=SEVERITY)
    if kind == "time":
        stamps = np.array([_NAT if v is None else v for v in values], dtype="datetime64[ms]")
        return pd.Series(stamps).array
    if kind == "texts":
        return make_column("text", [_as_text(value) for value in values])
    return pd.array(values if isinstance(values, np.ndarray) else list(values), dtype=wanted)


def _make_categories(values: list[Any]) -> pd.Categorical:
    words = {value: str(value) for value in {*values} - {None}}
    found = sorted({*words.values()})
    rank = {word: code for code, word in enumerate(found)}
    code_of = {value: rank[word] for value, word in words.items()} | {None: -1}
    codes = np.fromiter(map(code_of.__getitem__, values), np.intp, len(values))
    return pd.Categorical.from_codes(codes, categories=pd.Index(found, dtype="str"))


def take_rows(values: Any, rows: npt.NDArray[np.intp]) -> Any:
    """Return the given rows of a column; the row -1 becomes a null."""
    if values.dtype == "str":
        texts = pc.take(pa.array(values), pa.array(rows, mask=rows < 0), memory_pool=_POOL)
        return _from_arrow("text", texts)
    taken = values.take(rows, allow_fill=True)
    has_unused = values.dtype == "category" and not (taken.ordered or _uses_all_categories(taken))
    return taken.remove_unused_categories() if has_unused else taken


def join_columns(kind: Kind, pieces: Sequence[Any]) -> Any:
    """Join parts of a column into one column, in one block of memory."""
    if len(pieces) == 1:
        return pieces[0]
    if kind == "category":
        return _join_categories(pieces)
    if kind in ("text", "texts"):
        chunks = [chunk for piece in pieces for chunk in pa.chunked_array(pa.array(piece)).chunks]
        return _from_arrow(kind, pa.concat_arrays(chunks, memory_pool=_POOL))
    return pd.concat([pd.Series(piece) for piece in pieces], ignore_index=True).array


def _from_arrow(kind: Kind, values: pa.Array) -> Any:
    if kind == "time":
        return pd.array(values.to_numpy(zero_copy_only=False))
    return pd.api.types.pandas_dtype(DTYPES[kind]).__from_arrow__(values)


def _join_categories(pieces: Sequence[pd.Categorical]) -> pd.Categorical:
    found = sorted({name for piece in pieces for name in piece.categories})
    code_of = {name: code for code, name in enumerate(found)}
    codes = [
        # A null has the code -1, which indexes the last of the new codes.
        np.array([*map(code_of.__getitem__, piece.categories), -1])[piece.codes]
        for piece in pieces
    ]
    categories = pd.Index(found, dtype="str")
    return pd.Categorical.from_codes(np.concatenate(codes), categories=categories)


def _uses_all_categories(column: pd.Categorical) -> bool:
    counts = np.bincount(column.codes[column.codes >= 0], minlength=len(column.categories))
    return bool(counts.all())


class OddValueError(ValueError):
    """Raised for a value that a column cannot hold; ``wanted`` says what to write instead."""

    def __init__(self, value: object, wanted: str, position: int = 0) -> None:
        super().__init__(f"{value!r} at position {position}: {wanted}")
        self.value = value
        self.wanted = wanted
        self.position = position


def write_one_of(words: Sequence[str]) -> str:
    """Return the part of an error message that lists the permitted values."""
    *others, last = words
    return f"write {', '.join(others)} or {last}"


def cast_column(kind: Kind, values: pd.Series[Any]) -> Any:
    """Return a column cast to the dtype of ``kind``; each distinct value is parsed once."""
    if is_cast(kind, values):
        return values.array
    try:
        codes, found = pd.factorize(values)
    except (TypeError, NotImplementedError):  # lists are not hashable
        codes, found = np.arange(len(values)), values.tolist()
    parsed: list[Any] = []
    for code, value in enumerate(found):
        try:
            parsed.append(_PARSERS[kind](value))
        except OddValueError as odd:
            raise OddValueError(value, odd.wanted, int(np.argmax(codes == code))) from None
    # A null has the code -1, which is the position of the last value.
    return make_column(kind, [*parsed, None]).take(codes)


def is_cast(kind: Kind, values: pd.Series[Any]) -> bool:
    """Check whether a column has the dtype of ``kind``, with sorted categories that all occur."""
    if kind == "severity":
        return bool(values.dtype == SEVERITY and values.cat.categories.dtype == "str")
    if kind != "category":
        return bool(values.dtype == DTYPES[kind])
    if not isinstance(values.dtype, pd.CategoricalDtype):
        return False
    categories = values.cat.categories
    return (
        categories.dtype == "str"
        and not values.cat.ordered
        and categories.is_monotonic_increasing
        and _uses_all_categories(values.array)
    )


def with_plain_index(frame: pd.DataFrame, names: Collection[str]) -> pd.DataFrame:
    """Number the rows of a table from 0; index levels in ``names`` become columns."""
    levels = [level for level in frame.index.names if level in names and level not in frame]
    if levels:
        frame = frame.reset_index(level=levels)
    index = frame.index
    is_plain = isinstance(index, pd.RangeIndex) and (index.start, index.step) == (0, 1)
    return frame if is_plain else frame.reset_index(drop=True)


def are_sorted(columns: Iterable[pa.Array | pa.ChunkedArray]) -> bool:
    """Check whether rows are sorted by several columns without nulls.

    Examples
    --------
    >>> are_sorted([pa.array(["a", "a", "b"]), pa.array([1, 2, 0])])
    True
    """
    are_equal: pa.Array | pa.ChunkedArray | None = None
    for values in columns:
        before, after = values.slice(0, max(0, len(values) - 1)), values.slice(1)
        falls, same = pc.less(after, before), pc.equal(after, before)
        if pc.any(falls if are_equal is None else pc.and_(falls, are_equal)).as_py():
            return False
        are_equal = same if are_equal is None else pc.and_(same, are_equal)
    return True


def as_words(values: pd.Series[Any]) -> pd.Series[Any]:
    """Convert values of any dtype to strings; whole floats are written as integers."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype(values.cat.categories.dtype)
    if values.dtype.kind == "f" or values.dtype == object:
        codes, found = pd.factorize(values)
        words = [*(_word(value) for value in found), None]
        return pd.Series(pd.array(words, dtype="str").take(codes), index=values.index)
    return values.astype("str")


def _word(value: Any) -> str:
    is_whole = isinstance(value, float) and value.is_integer()
    return str(int(value)) if is_whole else str(value)


def _is_null(value: Any) -> bool:
    return value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value))


def _as_text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return join_texts(value) if len(value) else ""


def _parse_texts(value: Any) -> str | None:
    if _is_null(value):
        return None
    if isinstance(value, list | tuple | np.ndarray):
        return join_texts(map(_parse_text, value))
    if not isinstance(value, str):
        raise OddValueError(value, "write text, with commas between several values")
    return value


def _parse_text(value: Any) -> str:
    if isinstance(value, _TEXT_TYPES):
        return str(value)
    if isinstance(value, bool | np.bool_) or not isinstance(value, numbers.Real):
        raise OddValueError(value, "write text")
    if isinstance(value, numbers.Integral):
        return str(int(value))
    number = float(value)
    if not number.is_integer() or abs(number) >= _EXACT:
        wanted = "digits may be lost: read the column as text (in pd.read_csv: dtype=str)"
        raise OddValueError(value, wanted)
    return str(int(number))


def _parse_whole_number(value: Any, *, n_bits: int) -> int:
    wanted = f"write a whole number from {-(2 ** (n_bits - 1))} to {2 ** (n_bits - 1) - 1}"
    number = _parse_float(value, wanted)
    # A float as an intermediate value would lose digits of a large integer.
    is_text = isinstance(value, str) and value.strip().lstrip("+-").isdecimal()
    is_exact = is_text or isinstance(value, numbers.Integral)
    if not is_exact and not (number.is_integer() and abs(number) < _EXACT):
        raise OddValueError(value, wanted)
    whole = int(value) if is_exact else int(number)
    if not -(2 ** (n_bits - 1)) <= whole < 2 ** (n_bits - 1):
        raise OddValueError(value, wanted)
    return whole


def _parse_float(value: Any, wanted: str = "write a number") -> float:
    if isinstance(value, bool | np.bool_) or not isinstance(value, numbers.Real | str):
        raise OddValueError(value, wanted)
    try:
        return float(value)
    except (ValueError, OverflowError):
        raise OddValueError(value, wanted) from None


def _parse_flag(value: Any) -> bool:
    flag = _FLAGS.get(value.strip().lower()) if isinstance(value, str) else value
    if isinstance(flag, bool | np.bool_) or (isinstance(flag, numbers.Real) and flag in (0, 1)):
        return bool(flag)
    raise OddValueError(value, "write True or False")


def _parse_severity(value: Any) -> str:
    if value in SEVERITIES:
        return str(value)
    raise OddValueError(value, write_one_of(SEVERITIES[::-1]))


def _parse_time(value: Any) -> int:
    try:
        time = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        time = None
    if not isinstance(time, datetime):
        raise OddValueError(value, "write a time in UTC as in 2026-01-31 12:00:00")
    aware = time if time.tzinfo is not None else time.replace(tzinfo=UTC)
    return int((aware - _EPOCH) // timedelta(milliseconds=1))


_PARSERS: Mapping[Kind, Callable[[Any], Any]] = {
    "text": _parse_text,
    "category": _parse_text,
    "texts": _parse_texts,
    "severity": _parse_severity,
    "int16": partial(_parse_whole_number, n_bits=16),
    "int32": partial(_parse_whole_number, n_bits=32),
    "int64": partial(_parse_whole_number, n_bits=64),
    "float": _parse_float,
    "flag": _parse_flag,
    "time": _parse_time,
}
