"""Filter rows by conditions in a small part of Python's syntax, which are parsed but never run."""

from __future__ import annotations

import ast
import difflib
import operator
import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from typing import Any, NoReturn

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from vpnframe.errors import SchemaError

_MOST_CHARACTERS, _MOST_DEPTH = 1_000, 50
_ALLOWED = (
    "columns, literals, comparisons, and, or, not, in, + - * / // % between numbers, and on columns"
    " .isna() .notna() .isin([...]) .str.contains('a') .str.startswith('a') .str.endswith('a')"
    " .str.matches('pattern')"
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
    "matches": pc.match_substring_regex,  # RE2: its time is linear in the string's length
}
_KINDS = {"flag": "true or false", "number": "a number", "string": "a string"}
_SINGLE_EQUALS = re.compile(r"(?<![<>=!])=(?!=)")


class _NotAllowedError(Exception):
    """A condition contains an expression that is not allowed."""


@dataclass(frozen=True)
class _Value:
    """The value of an expression in a condition: a column, a literal or a calculated result."""

    kind: str  # number, string, flag or time
    data: Any  # a Series, or a literal
    name: str  # as written in the expression

    @property
    def is_literal(self) -> bool:
        return not isinstance(self.data, pd.Series)


def rows_where(rows: pd.DataFrame, expression: str) -> pd.DataFrame:
    """Return the rows for which a condition is true; a row is left out if the result is null.

    The condition is a Python expression of the kinds listed in ``_ALLOWED``. Patterns have RE2
    syntax. To compare times, write a string such as ``'2027-01-31'``, which is in UTC.
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
        raise SchemaError(
            f"--where {expression!r} is not a condition on rows: compare a column with a value,"
            " such as ike_version == 1"
        )
    return rows[value.data.fillna(False).astype(bool)]


def _refuse(problem: str) -> NoReturn:
    raise _NotAllowedError(f"{problem}; a condition may contain only {_ALLOWED}")


def _parsed(expression: str) -> ast.expr:
    if len(expression) > _MOST_CHARACTERS:
        raise SchemaError(
            f"--where is longer than {_MOST_CHARACTERS:,} characters: write a shorter condition"
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python's warnings about the expression's style
            tree = ast.parse(expression.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        problem = error.msg if isinstance(error, SyntaxError) else "the condition cannot be parsed"
        if _SINGLE_EQUALS.search(expression):
            problem = "write == instead of = to compare values"
        raise SchemaError(
            f"--where {expression!r}: {problem}; a condition may contain only {_ALLOWED}"
        ) from None
    level: list[ast.AST] = [tree]
    for _ in range(_MOST_DEPTH):
        level = [inner for part in level for inner in ast.iter_child_nodes(part)]
    if level:
        raise SchemaError(
            f"--where is nested more than {_MOST_DEPTH} levels deep: write a simpler condition"
        )
    return tree


@dataclass(frozen=True)
class _Condition:
    """Evaluator of the expressions in a condition, for the rows of one table."""

    rows: pd.DataFrame

    def value(self, part: ast.expr) -> _Value:
        """Evaluate an expression of the condition; raise an error if it is not allowed."""
        kind, data = "flag", None
        match part:
            case ast.Constant():
                kind, data = _constant(part.value)
            case ast.Name():
                kind, data = self._column(part)
            case ast.BoolOp():
                combine = operator.and_ if isinstance(part.op, ast.And) else operator.or_
                data = reduce(combine, [self._data(one, "flag") for one in part.values])
            case ast.UnaryOp(op=ast.Not()):
                flag = self._data(part.operand, "flag")
                data = not flag if isinstance(flag, bool) else ~flag
            case ast.UnaryOp(op=ast.USub()):
                kind, data = "number", -self._data(part.operand, "number")
            case ast.BinOp() if type(part.op) in _CALCULATE:
                kind, data = "number", self._calculated(part)
            case ast.UnaryOp() | ast.BinOp():
                instead = _INSTEAD.get(type(part.op).__name__)
                hint = f": write {instead!r} instead" if instead else ""
                _refuse(f"the operator in {ast.unparse(part)!r} is not allowed{hint}")
            case ast.Compare():
                sides = pairwise([part.left, *part.comparators])
                pairs = zip(part.ops, sides, strict=True)
                data = reduce(operator.and_, [self._comparison(op, *two) for op, two in pairs])
            case ast.Call():
                data = self._call(part)
            case _:
                _refuse(f"the expression {ast.unparse(part)!r} is not allowed")
        return _Value(kind, data, ast.unparse(part))

    def _data(self, part: ast.expr, kind: str) -> Any:
        """Return the value of an expression in a condition; raise an error if not of ``kind``."""
        value = self.value(part)
        if value.kind != kind:
            _refuse(f"{value.name} is a {value.kind}, not {_KINDS[kind]}")
        return value.data

    def _column(self, part: ast.Name) -> tuple[str, pd.Series]:
        if part.id not in self.rows.columns:
            near = difflib.get_close_matches(part.id, [*self.rows.columns, "True", "False"], 1)
            known = f"the columns are {', '.join(self.rows.columns)}"
            hint = f"did you mean {near[0]}?" if near else known
            raise _NotAllowedError(f"there is no column {part.id!r}: {hint}")
        return _plain(self.rows[part.id])

    def _calculated(self, part: ast.BinOp) -> Any:
        """Calculate with floats, which do not overflow; an infinite result becomes null."""
        sides = [self._data(side, "number") for side in (part.left, part.right)]
        floats = [
            side.astype("Float64") if isinstance(side, pd.Series) else float(side) for side in sides
        ]
        result = _CALCULATE[type(part.op)](*floats)
        if isinstance(result, pd.Series):
            result = result.where(np.isfinite(result.to_numpy(float, na_value=np.nan)))
        return result

    def _comparison(self, comparison: ast.cmpop, left: ast.expr, right: ast.expr) -> Any:
        if isinstance(comparison, ast.In | ast.NotIn):
            is_in = self._is_in(left, right)
            return is_in if isinstance(comparison, ast.In) else ~is_in
        compare = _COMPARE.get(type(comparison))
        if compare is None:
            _refuse("'is' is not allowed: use == or .isna()")
        return _compared(compare, self.value(left), self.value(right))

    def _is_in(self, part: ast.expr, choices: ast.expr) -> pd.Series:
        value = self.value(part)
        if value.is_literal:
            _refuse(
                f"{value.name} is not a column, and 'in' needs a column on its left and a list on"
                " its right: to search in a string, use .str.contains()"
            )
        if not isinstance(choices, ast.List | ast.Tuple | ast.Set):
            _refuse(
                f"{ast.unparse(choices)!r} is not a list of literals such as ['main', 'aggressive']"
            )
        found = pd.Series(False, index=self.rows.index, dtype="boolean")
        for choice in map(self.value, choices.elts):
            if not choice.is_literal:
                _refuse(f"{choice.name!r} in the list is not a literal such as 'main' or 1")
            found |= _compared(operator.eq, value, choice)
        return found.mask(value.data.isna())

    def _call(self, part: ast.Call) -> pd.Series:
        match part:
            case ast.Call(ast.Attribute(ast.Name() as name, "isna" | "notna" as test), [], []):
                self._column(name)
                is_null = self.rows[name.id].isna().astype("boolean")
                return is_null if test == "isna" else ~is_null
            case ast.Call(ast.Attribute(ast.Name() as name, "isin"), [choices], []):
                return self._is_in(name, choices)
            case ast.Call(
                ast.Attribute(ast.Attribute(ast.Name() as name, "str"), test),
                [ast.Constant(str(text))],
                [],
            ) if test in _TEXT_TESTS:
                texts = pa.array(self._data(name, "string"), pa.string(), from_pandas=True)
                found = _TEXT_TESTS[test](texts, text).to_pandas()
                return pd.Series(found, index=self.rows.index, dtype="boolean")
        _refuse(f"the call {ast.unparse(part)!r} is not allowed")


def _constant(value: object) -> tuple[str, Any]:
    for kind, types in (("flag", bool), ("number", (int, float)), ("string", str)):
        if isinstance(value, types):
            return kind, value
    hint = "; use .isna() for a null" if value is None else ""
    _refuse(f"{value!r} is not a number, a string, True or False{hint}")


def _plain(column: pd.Series) -> tuple[str, pd.Series]:
    """Return the kind of a column, such as number, and the column ready for comparison."""
    dtype = column.dtype
    if isinstance(dtype, pd.DatetimeTZDtype) or dtype.kind == "M":
        return "time", column
    if pd.api.types.is_bool_dtype(dtype):
        return "flag", column.astype("boolean")
    if pd.api.types.is_numeric_dtype(dtype):
        return "number", column.convert_dtypes()
    if isinstance(dtype, pd.CategoricalDtype) and dtype.ordered:
        return "string", column
    return "string", column.astype(object).astype("string")


def _compared(compare: Callable[[Any, Any], Any], left: _Value, right: _Value) -> Any:
    """Compare two values of the same kind; a comparison with a null results in null."""
    if left.kind == right.kind == "string":
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
    """Convert ``value`` to a time if it is a string literal and ``other`` is a time."""
    if other.kind != "time" or value.kind != "string" or not value.is_literal:
        return value
    zoned = pd.to_datetime(value.data, errors="coerce", utc=True)
    if zoned is pd.NaT:
        _refuse(f"{value.name} is not a time such as '2027-01-31' or '2027-01-31T08:00Z'")
    has_zone = isinstance(other.data.dtype, pd.DatetimeTZDtype)
    return _Value("time", zoned if has_zone else zoned.tz_localize(None), value.name)


def _in_order(value: _Value, other: _Value) -> _Value:
    """Prepare a categorical for a comparison with ``other``; return other types unchanged.

    If ``other`` is a literal, it must be one of the categories, else an error is raised; the
    categorical is returned unchanged. If ``other`` is a column, the categorical becomes strings.
    """
    if value.is_literal or not isinstance(value.data.dtype, pd.CategoricalDtype):
        return value
    if not other.is_literal:
        return _Value("string", value.data.astype(object).astype("string"), value.name)
    categories = value.data.cat.categories
    if other.data not in categories:
        _refuse(f"{other.name} is not one of {', '.join(categories)}")
    return value
