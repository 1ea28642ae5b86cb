"""Filter rows by a small language, parsed as Python's syntax tree and never run as code."""

from __future__ import annotations

import ast
import difflib
import operator
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from vpnframe.errors import SchemaError

_MOST_CHARACTERS, _MOST_DEPTH = 1_000, 50
_ALLOWED = (
    "columns, literals, comparisons, and, or, not, in, + - * / // % between numbers, and on columns"
    " .isna() .notna() .isin([...]) .str.contains(text) .str.startswith(text) .str.endswith(text)"
    " .str.matches(pattern)"
)
_COMPARE: Mapping[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_CALCULATE: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_INSTEAD = {"BitAnd": "and", "BitOr": "or", "Invert": "not"}
_TEXT_TESTS: Mapping[str, Callable[[pa.Array, str], pa.Array]] = {
    "contains": pc.match_substring,
    "startswith": pc.starts_with,
    "endswith": pc.ends_with,
    "matches": pc.match_substring_regex,  # RE2: its time is linear in the text
}


@dataclass(frozen=True)
class _Value:
    """A column, or the value of an expression."""

    kind: str  # number, text, flag or time
    data: Any  # a Series, or a literal
    name: str  # as written

    @property
    def is_literal(self) -> bool:
        return not isinstance(self.data, pd.Series)


def rows_where(rows: pd.DataFrame, expression: str) -> pd.DataFrame:
    """Return the rows for which a condition is true; a null result is not true.

    The condition is one Python expression of columns, literals (numbers, texts, True, False, lists
    to look in), comparisons, ``and``, ``or``, ``not``, ``in``, arithmetic between numbers, and the
    methods ``isna()``, ``notna()``, ``isin([...])``, ``str.contains(text)``,
    ``str.startswith(text)``, ``str.endswith(text)`` and ``str.matches(pattern)``, a pattern of RE2.
    A time is compared with a text such as ``'2027-01-31'``, in UTC. A list is compared as its
    values joined by commas.

    Examples
    --------
    >>> rows = pd.DataFrame({"ike_version": [1, 2], "ike_mode": ["aggressive", None]})
    >>> rows_where(rows, "ike_version == 1 and ike_mode == 'aggressive'").index.tolist()
    [0]
    >>> rows_where(rows, "not ike_mode.str.startswith('main')").index.tolist()
    [0]
    """
    tree = _parsed(expression)
    try:
        value = _Condition(rows).value(tree)
    except _NotAllowedError as error:
        raise SchemaError(f"--where {expression!r}: {error}") from None
    except (ArithmeticError, TypeError, ValueError, pa.ArrowException) as error:
        problem = str(error).partition("\n")[0]
        raise SchemaError(f"--where {expression!r} cannot be evaluated: {problem}") from None
    if value.kind != "flag" or value.is_literal:
        raise SchemaError(f"--where {expression!r} is not a condition on rows")
    return rows[value.data.fillna(False).astype(bool)]


def _as_float(number: Any) -> Any:
    """Return a number or a column of numbers as floats, which do not wrap around."""
    return number.astype("Float64") if isinstance(number, pd.Series) else float(number)


_SINGLE_EQUALS = re.compile(r"(?<![<>=!])=(?!=)")


class _NotAllowedError(Exception):
    """An expression that is not part of the language."""


def _refuse(problem: str) -> NoReturn:
    raise _NotAllowedError(f"{problem}; allowed are {_ALLOWED}")


def _parsed(expression: str) -> ast.expr:
    if len(expression) > _MOST_CHARACTERS:
        raise SchemaError(f"--where is longer than {_MOST_CHARACTERS:,} characters")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python's warnings about its style
            tree = ast.parse(expression.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        problem = error.msg if isinstance(error, SyntaxError) else "it cannot be parsed"
        problem = "write == for equals" if _SINGLE_EQUALS.search(expression) else problem
        raise SchemaError(f"--where {expression!r}: {problem}; allowed are {_ALLOWED}") from None
    if any(depth > _MOST_DEPTH for depth in _depths(tree)):
        raise SchemaError(f"--where is nested more than {_MOST_DEPTH} deep")
    return tree


def _depths(tree: ast.AST) -> Iterator[int]:
    """Yield the depth of each part, without recursion."""
    parts = [(tree, 1)]
    while parts:
        part, depth = parts.pop()
        yield depth
        parts += [(inner, depth + 1) for inner in ast.iter_child_nodes(part)]


class _Condition:
    """Evaluate the parts of a condition on a table; each kind of part has its method."""

    def __init__(self, rows: pd.DataFrame) -> None:
        self.rows = rows

    def value(self, part: ast.expr) -> _Value:
        match part:
            case ast.Constant():
                return self._constant(part)
            case ast.Name():
                return self._column(part)
            case ast.BoolOp():
                return self._combined(part)
            case ast.UnaryOp():
                return self._unary(part)
            case ast.BinOp():
                return self._calculated(part)
            case ast.Compare():
                return self._comparisons(part)
            case ast.Call():
                return self._call(part)
        _refuse(f"{ast.unparse(part)!r} is not allowed")

    def _constant(self, part: ast.Constant) -> _Value:
        for kind, types in (("flag", bool), ("number", (int, float)), ("text", str)):
            if isinstance(part.value, types):
                return _Value(kind, part.value, repr(part.value))
        hint = "; use .isna() for a null" if part.value is None else ""
        _refuse(f"{part.value!r} is not a number, a text, True or False{hint}")

    def _column(self, part: ast.Name) -> _Value:
        if part.id not in self.rows.columns:
            near = difflib.get_close_matches(part.id, [*self.rows.columns, "True", "False"], 1)
            hint = f", perhaps {near[0]}" if near else f": {', '.join(self.rows.columns)}"
            raise _NotAllowedError(f"there is no column {part.id!r}{hint}")
        return _Value(*_plain(self.rows[part.id]), part.id)

    def _combined(self, part: ast.BoolOp) -> _Value:
        combine = operator.and_ if isinstance(part.op, ast.And) else operator.or_
        first, *others = map(self._flag, part.values)
        for other in others:
            first = combine(first, other)
        return _Value("flag", first, ast.unparse(part))

    def _unary(self, part: ast.UnaryOp) -> _Value:
        if isinstance(part.op, ast.Not):
            flag = self._flag(part.operand)
            return _Value("flag", not flag if isinstance(flag, bool) else ~flag, ast.unparse(part))
        if isinstance(part.op, ast.USub):
            return _Value("number", -self._number(part.operand), ast.unparse(part))
        return self._operator(part)

    def _calculated(self, part: ast.BinOp) -> _Value:
        calculate = _CALCULATE.get(type(part.op))
        if calculate is None:
            self._operator(part)
        left, right = (_as_float(self._number(side)) for side in (part.left, part.right))
        result = calculate(left, right)
        if isinstance(result, pd.Series):  # a division by zero is null
            result = result.where(np.isfinite(result.to_numpy(float, na_value=np.nan)))
        return _Value("number", result, ast.unparse(part))

    def _operator(self, part: ast.UnaryOp | ast.BinOp) -> NoReturn:
        instead = _INSTEAD.get(type(part.op).__name__)
        hint = f", write {instead!r}" if instead else ""
        _refuse(f"the operator in {ast.unparse(part)!r} is not allowed{hint}")

    def _comparisons(self, part: ast.Compare) -> _Value:
        result: Any = True
        left = part.left
        for comparison, right in zip(part.ops, part.comparators, strict=True):
            result = result & self._comparison(left, comparison, right)
            left = right
        return _Value("flag", result, ast.unparse(part))

    def _comparison(self, left: ast.expr, comparison: ast.cmpop, right: ast.expr) -> Any:
        if isinstance(comparison, ast.In):
            return self._is_in(self.value(left), right)
        if isinstance(comparison, ast.NotIn):
            return ~self._is_in(self.value(left), right)
        compare = _COMPARE.get(type(comparison))
        if compare is None:
            _refuse("'is' is not allowed, use == or .isna()")
        return _compared(compare, self.value(left), self.value(right))

    def _is_in(self, value: _Value, choices: ast.expr) -> pd.Series:
        if value.is_literal:
            _refuse(f"{value.name} is looked for in a list, but is no column: use .str.contains()")
        if not isinstance(choices, ast.List | ast.Tuple | ast.Set):
            _refuse(f"{ast.unparse(choices)!r} is not a list of literals")
        found = pd.Series(False, index=self.rows.index, dtype="boolean")
        for choice in map(self.value, choices.elts):
            if not choice.is_literal:
                _refuse(f"{choice.name!r} is not a literal")
            found |= _compared(operator.eq, value, choice)
        return found.mask(value.data.isna())

    def _call(self, part: ast.Call) -> _Value:
        match part:
            case ast.Call(ast.Attribute(ast.Name() as name, "isna" | "notna" as test), [], []):
                is_null = self.rows[self._column(name).name].isna().astype("boolean")
                return _Value("flag", is_null if test == "isna" else ~is_null, ast.unparse(part))
            case ast.Call(ast.Attribute(ast.Name() as name, "isin"), [choices], []):
                return _Value("flag", self._is_in(self._column(name), choices), ast.unparse(part))
            case ast.Call(
                ast.Attribute(ast.Attribute(ast.Name() as name, "str"), test),
                [ast.Constant(str(text))],
                [],
            ) if test in _TEXT_TESTS:
                return _Value("flag", self._text_test(name, test, text), ast.unparse(part))
        _refuse(f"the call {ast.unparse(part)!r} is not allowed")

    def _text_test(self, name: ast.Name, test: str, text: str) -> pd.Series:
        column = self._column(name)
        if column.kind != "text":
            _refuse(f"{column.name} is a {column.kind}, not a text")
        found = _TEXT_TESTS[test](pa.array(column.data, pa.string(), from_pandas=True), text)
        return pd.Series(found.to_pandas(), index=self.rows.index, dtype="boolean")

    def _flag(self, part: ast.expr) -> Any:
        value = self.value(part)
        if value.kind != "flag":
            _refuse(f"{value.name} is a {value.kind}, not true or false")
        return value.data

    def _number(self, part: ast.expr) -> Any:
        value = self.value(part)
        if value.kind != "number":
            _refuse(f"{value.name} is a {value.kind}, not a number")
        return value.data


def _plain(column: pd.Series) -> tuple[str, pd.Series]:
    """Return the kind of a column, and the column with nulls that make comparisons null."""
    dtype = column.dtype
    if isinstance(dtype, pd.DatetimeTZDtype) or dtype.kind == "M":
        return "time", column
    if pd.api.types.is_bool_dtype(dtype):
        return "flag", column.astype("boolean")
    if pd.api.types.is_numeric_dtype(dtype):
        return "number", column.convert_dtypes()
    if isinstance(dtype, pd.ArrowDtype) and pa.types.is_list(dtype.pyarrow_dtype):
        lists = pa.array(column).cast(pa.list_(pa.string()))
        column = pd.Series(pc.binary_join(lists, ",").to_pandas(), index=column.index)
    elif isinstance(dtype, pd.CategoricalDtype) and dtype.ordered:
        return "text", column
    return "text", column.astype(object).astype("string")


def _compared(compare: Callable[[Any, Any], Any], left: _Value, right: _Value) -> Any:
    """Compare values of equal kinds; null where one side is null, for every dtype."""
    if left.kind == right.kind == "text":
        left, right = _in_order(left, right), _in_order(right, left)
    left, right = _as_time(left, right), _as_time(right, left)
    if left.kind != right.kind:
        _refuse(
            f"{left.name} is a {left.kind} and {right.name} is a {right.kind}:"
            " they cannot be compared"
        )
    result = compare(left.data, right.data)
    for side in (left, right):
        if not side.is_literal:
            result = pd.Series(result, dtype="boolean").mask(side.data.isna())
    return result


def _as_time(value: _Value, other: _Value) -> _Value:
    """Convert a literal that is compared with times to a time."""
    if other.kind != "time" or value.kind != "text" or not value.is_literal:
        return value
    try:
        moment = pd.Timestamp(value.data)
    except ValueError:
        moment = pd.NaT
    if moment is pd.NaT:
        _refuse(f"{value.name} is not a time such as '2027-01-31' or '2027-01-31T08:00Z'")
    zoned = moment.tz_localize("UTC") if moment.tzinfo is None else moment.tz_convert("UTC")
    has_zone = isinstance(other.data.dtype, pd.DatetimeTZDtype)
    return _Value("time", zoned if has_zone else zoned.tz_localize(None), value.name)


def _in_order(value: _Value, other: _Value) -> _Value:
    """Keep an ordered categorical beside one of its values; beside other columns it is text."""
    if value.is_literal or not isinstance(value.data.dtype, pd.CategoricalDtype):
        return value
    if not other.is_literal:
        return _Value("text", value.data.astype(object).astype("string"), value.name)
    categories = value.data.cat.categories
    if other.data not in categories:
        _refuse(f"{other.name} is none of {', '.join(categories)}")
    return value
