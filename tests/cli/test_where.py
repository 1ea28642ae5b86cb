"""`show --where`: what its language means, and that nothing else is ever evaluated."""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pandas as pd
import pytest

from vpnframe.cli.where import rows_where
from vpnframe.errors import SchemaError

N_EXPRESSIONS = int(os.environ.get("VPNFRAME_EXAMPLES", "100")) * 5
TIMES = ["2026-01-01", "2027-01-31", None, "2027-02-01", "2020-05-05"]
ROWS = pd.DataFrame(
    {
        "version": pd.array([1, 2, None, 2, 1], "Int16"),
        "hours": [0.5, 24.0, float("nan"), 8.0, 1.0],
        "mode": pd.Categorical(["main", "aggressive", None, "main", "main"]),
        "name": pd.array(["to-a", "b.c", None, "to-b", ""], "str"),
        "is_up": pd.array([True, False, None, True, False], "boolean"),
        "ends_at": pd.Series(pd.to_datetime(TIMES, utc=True).as_unit("ms")),
        "severity": pd.Categorical(
            ["low", "high", None, "info", "high"], ["info", "low", "high"], ordered=True
        ),
        "blocks": pd.Series(["10.0.0.0/8,1.0.0.0/8", "", None, "::/0", "10.0.0.0/8"]),
    }
)


@contextmanager
def nothing_outside() -> Iterator[list[str]]:
    """Note what would reach out of the process, or run code, while something is evaluated."""
    seen: list[str] = []
    _WATCHERS.append(seen)
    try:
        yield seen
    finally:
        _WATCHERS.remove(seen)


_WATCHERS: list[list[str]] = []
_OUTSIDE = ("open", "exec", "os.", "subprocess.", "socket.", "ctypes.", "shutil.", "import")


def _watch(event: str, arguments: object) -> None:
    for seen in _WATCHERS:
        if event.startswith(_OUTSIDE):
            seen.append(event)


sys.addaudithook(_watch)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("version == 1", [0, 4]),
        ("not version == 1", [1, 3]),
        ("version != 1", [1, 3]),
        ("1 < version <= 2", [1, 3]),
        ("mode != 'main'", [1]),
        ("mode not in ['main']", [1]),
        ("mode in ('main', 'aggressive')", [0, 1, 3, 4]),
        ("mode.isin(['aggressive'])", [1]),
        ("mode in []", []),
        ("mode not in []", [0, 1, 3, 4]),
        ("mode.isna()", [2]),
        ("mode.notna() and is_up", [0, 3]),
        ("not is_up", [1, 4]),
        ("is_up == False", [1, 4]),
        ("is_up or version == 2", [0, 1, 3]),
        ("True or is_up", [0, 1, 2, 3, 4]),
        ("hours * 2 - 1 >= 1 and -hours < 0", [1, 3, 4]),
        ("hours // 8 == 1 or version % 2 == 1", [0, 3, 4]),
        ("ends_at < '2027-01-31'", [0, 4]),
        ("'2027-01-31' <= ends_at", [1, 3]),
        ("ends_at == '2027-01-31T08:00+08:00'", [1]),
        ("ends_at in ['2026-01-01']", [0]),
        ("severity >= 'low'", [0, 1, 4]),
        ("severity == 'info'", [3]),
        ("severity == name", []),
        ("name.str.contains('.')", [1]),
        ("name.str.startswith('to-')", [0, 3]),
        ("name.str.endswith('')", [0, 1, 3, 4]),
        ("name.str.matches('^to-[ab]$')", [0, 3]),
        ("not name.str.matches('t')", [1, 4]),
        ("name == ''", [4]),
        ("name > mode", [0, 1, 3]),
        ("blocks.str.contains('10.0.0.0/8')", [0, 4]),
        ("blocks == '10.0.0.0/8,1.0.0.0/8'", [0]),
        ("blocks.isna()", [2]),
    ],
)
def test_a_condition_holds_for(condition: str, expected: list[int]) -> None:
    """The rows; a null holds for nothing, whether or not it is negated."""
    assert rows_where(ROWS, condition).index.tolist() == expected


@pytest.mark.parametrize(
    ("condition", "hint"),
    [
        ("verzion == 1", "did you mean version?"),
        ("nothing == 1", "version, hours, mode"),
        ("version == '1'", "version is a number and '1' is a string"),
        ("mode == None", "use .isna()"),
        ("is_up & (version == 1)", "write 'and'"),
        ("~is_up", "write 'not'"),
        ("'a' in name", "use .str.contains()"),
        ("version is 1", "use == or .isna()"),
        ("severity >= 'hihg'", "'hihg' is not one of info, low, high"),
        ("ends_at < 'soon'", "'soon' is not a time"),
        ("version.str.contains('1')", "version is a number, not a string"),
        ("version", "is not a condition on rows"),
        ("1 == 1", "is not a condition on rows"),
        ("1 / 0 == version", "division by zero"),
        ("name.str.matches('(?=a)')", "Invalid regular expression"),
        ("name.str.matches('(')", "Invalid regular expression"),
        ("", "invalid syntax"),
        ("version ==", "invalid syntax"),
        ("version = 1", "write == instead of ="),
        ("@pd", "invalid syntax"),
        ("a\0b", "null bytes"),
        ("x" * 1001, "1,000 characters"),
        ("not " * 60 + "is_up", "50 levels deep"),
        ("+".join(["1"] * 200) + " == version", "50 levels deep"),
    ],
)
def test_a_mistake_is_explained(condition: str, hint: str) -> None:
    """One error, which says what would be right."""
    with pytest.raises(SchemaError, match="--where") as caught:
        rows_where(ROWS, condition)
    assert hint in str(caught.value)


TRICKS = (
    "version.to_frame().eval('\\x40np.f2py.os.system(\"id\")')",
    "version.to_frame().eval('@np')",
    "version.to_csv('/tmp/written')",
    "name.str.cat(name).to_csv('/tmp/written')",
    "9**9**9 == version",
    "version << 9999999999 == 1",
    "'a' * 999999999 == name",
    "name.str.repeat(999999999) == name",
    "name.str.contains('(a+)+$', regex=True)",
    "name.str.contains(name)",
    "name.str.fullmatch('(a+)+$')",
    "__import__('os').system('id')",
    "().__class__.__base__.__subclasses__()",
    "name.__class__",
    "version.values.tofile('/tmp/written')",
    "version.apply(print)",
    "version.pipe(eval, 'x')",
    "open('/tmp/written', 'w')",
    "(lambda: 1)() == version",
    "[x for x in name] == name",
    "{x: 1 for x in name}",
    "(x := version) == 1",
    "f'{version}' == name",
    "f'{version!r:{hours}}'",
    "`version` == 1",
    "name if is_up else mode",
    "version[0] == 1",
    "*version",
    "await version",
    "yield",
    "version.isna(axis=0)",
    "version.isin(range(10**9))",
    "version.isin(*[1])",
    "version in range(10**9)",
    "version == 1j",
    "name == b'x'",
    "version == ...",
    "isna(version)",
    "version; import os",
    "version == 1 #\nimport os",
    "(" * 300 + "1" + ")" * 300,
)


@pytest.mark.parametrize("trick", TRICKS)
def test_a_trick_is_refused(trick: str) -> None:
    """Before anything is evaluated: no file, no process, no time."""
    with nothing_outside() as seen, pytest.raises(SchemaError, match="--where"):
        rows_where(ROWS, trick)
    assert seen == []


def test_the_watcher_sees_what_it_shall() -> None:
    """Otherwise the tests around it could not fail."""
    with nothing_outside() as seen:
        eval("1 + 1")  # noqa: S307
        os.system("true")  # noqa: S605, S607
    assert {"exec", "os.system"} <= set(seen)


# Conditions that are made up come with what they mean for one row, in plain Python with None.
Row = Mapping[str, Any]
Term = tuple[str, Callable[[Row], Any]]
COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def _of(name: str) -> Term:
    return name, lambda row: row[name]


def _literal(value: object) -> Term:
    return repr(value), lambda row: value


def _strict(text: str, work: Callable[..., Any], *terms: Term) -> Term:
    """Null where any part is."""

    def meaning(row: Row) -> Any:
        values = [term[1](row) for term in terms]
        return None if None in values else work(*values)

    return text, meaning


def _number(chance: random.Random, depth: int) -> Term:
    if depth == 0 or chance.random() < 0.5:
        return chance.choice([_of("version"), _of("hours"), _literal(chance.randint(0, 9))])
    left, right = _number(chance, depth - 1), _number(chance, depth - 1)
    sign = chance.choice("+-*")
    work = {"+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b}[sign]
    return _strict(f"({left[0]} {sign} {right[0]})", work, left, right)


def _atom(chance: random.Random, depth: int) -> Term:
    kind = chance.randrange(6)
    if kind == 0:
        return _of("is_up")
    if kind == 1:
        name = chance.choice(["version", "mode", "name", "is_up", "hours"])
        is_null = chance.random() < 0.5
        text = f"{name}.{'isna' if is_null else 'notna'}()"
        return text, lambda row: (row[name] is None) is is_null
    if kind == 2:
        choices = chance.sample(["main", "aggressive", "", "to-a"], chance.randint(0, 3))
        name, word = chance.choice(["mode", "name"]), chance.choice(["in", "not in"])
        return _strict(
            f"{name} {word} {choices}", lambda a: (a in choices) is (word == "in"), _of(name)
        )
    if kind == 3:
        test, part = chance.choice(["startswith", "endswith"]), chance.choice(["to", "a", "", "."])
        text = f"name.str.{test}({part!r})"
        return _strict(text, lambda a: getattr(a, test)(part), _of("name"))
    sign = chance.choice([*COMPARISONS])
    if kind == 4:
        left, right = _of("mode"), chance.choice([_of("name"), _literal("main")])
    else:
        left, right = _of(chance.choice(["version", "hours"])), _number(chance, depth)
    return _strict(f"{left[0]} {sign} {right[0]}", COMPARISONS[sign], left, right)


def _condition(chance: random.Random, depth: int) -> Term:
    if depth == 0 or chance.random() < 0.2:
        return _atom(chance, 2)
    if chance.random() < 0.3:
        inner = _condition(chance, depth - 1)
        return _strict(f"(not {inner[0]})", lambda a: not a, inner)
    left, right = _condition(chance, depth - 1), _condition(chance, depth - 1)
    word = chance.choice(["and", "or"])
    decides = word == "or"

    def meaning(row: Row) -> Any:
        values = [left[1](row), right[1](row)]
        if decides in values:
            return decides
        return None if None in values else not decides

    return f"({left[0]} {word} {right[0]})", meaning


def _mutated(text: str, chance: random.Random) -> str:
    """The text with parts of tricks in it, and parts of it gone."""
    for _ in range(chance.randint(1, 3)):
        at = chance.randint(0, len(text))
        trick = chance.choice(TRICKS)
        begin = chance.randrange(len(trick))
        text = text[:at] + trick[begin : begin + chance.randint(1, 20)] + text[at + 2 :]
    return text


@pytest.mark.proof
def test_random_conditions(capsys: pytest.CaptureFixture[str]) -> None:
    """Right ones mean what they say; mutated ones are evaluated or refused, and do nothing else."""
    chance, n_refused, slowest_s = random.Random(5), 0, 0.0
    rows: list[Row] = [
        {name: None if pd.isna(value) else value for name, value in row.items()}
        for row in ROWS.drop(columns="blocks").to_dict("records")
    ]
    for number in range(N_EXPRESSIONS):
        text, meaning = _condition(chance, 3)
        is_mutated = number % 2 == 1 or len(text) > 1000
        if is_mutated:
            text = _mutated(text, chance)
        started = time.monotonic()
        with nothing_outside() as seen:
            try:
                found = rows_where(ROWS, text).index.tolist()
            except SchemaError:
                assert is_mutated, text
                n_refused += 1
            else:
                assert is_mutated or found == [n for n, row in enumerate(rows) if meaning(row)]
        slowest_s = max(slowest_s, time.monotonic() - started)
        assert seen == [], text
    assert N_EXPRESSIONS / 10 < n_refused < N_EXPRESSIONS * 0.6
    with capsys.disabled():
        print(f"\n{N_EXPRESSIONS} conditions: {n_refused} refused, slowest {slowest_s:.3f} s")


@pytest.mark.parametrize(
    ("expression", "rows"),
    [
        ("small * 20000 == 40000", [1]),  # more than an int16 holds
        ("small * 99999999999 * 99999999999 > 0", [0, 1]),
        ("small / 0 > 1", []),
        ("small % 0 == 0", []),
        ("small // 0 >= 0", []),
        ("not small / 0 > 1", []),
    ],
)
def test_arithmetic_neither_wraps_around_nor_divides_by_zero(
    expression: str, rows: list[int]
) -> None:
    """Numbers are floats; what has no value is null and fulfils no condition."""
    table = pd.DataFrame({"small": pd.array([1, 2, None], dtype="Int16")})
    assert rows_where(table, expression).index.tolist() == rows
