"""Every public function gives the same answer however its tables are held."""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from held_tables import (
    CALLS,
    TOGETHER,
    WAYS,
    Held,
    Way,
    assert_same,
    fleets,
    held_as,
    hold,
    quietly,
)

import vpnframe as vf

EXAMPLES = int(os.environ.get("VPNFRAME_EXAMPLES", "100"))
FLEETS_AT_ONCE = 50 if EXAMPLES > 100 else 4
N_BATCHES = 4 if EXAMPLES >= 1000 else 1
# In every way by itself, and not only several together.
CHOSEN: Mapping[str, Way] = {**TOGETHER, **WAYS} if EXAMPLES > 100 else TOGETHER
# They take no table of a fleet: settings, files, one's own answers, or plain values.
WITHOUT_TABLES = {
    *("afetch", "aplan", "doctor", "fetch", "load", "plan", "redact", "rules"),
    *("prune", "snapshots", "verify"),
    *("read_accounts", "read_blocks", "read_inventory", "read_nat", "read_peer", "read_topology"),
    *("read_waivers", "schema.arrow_schema", "schema.build", "schema.build_by", "schema.describe"),
    *("schema.empty", "schema.find", "Inventory.tables"),
    # Whether a table is the very one that its schema says, dtypes and order included.
    "schema.validate",
}


def public_functions() -> Iterator[tuple[str, Any]]:
    """Everything of ours that can be called with something, by name."""
    for name in vf.__all__:
        value = getattr(vf, name)
        if inspect.isfunction(value):
            yield name, value
        elif inspect.ismodule(value):
            yield from (
                (f"{name}.{own}", function)
                for own, function in inspect.getmembers(value, inspect.isfunction)
                if function.__module__ == value.__name__ and not own.startswith("_")
            )
    for own, value in vars(vf.Inventory).items():
        if (inspect.isfunction(value) or isinstance(value, property)) and not own.startswith("_"):
            yield f"Inventory.{own}", value


def test_every_public_function_is_called_here() -> None:
    """One that is new has to be listed, with a call or among those that take no table."""
    found = dict(public_functions())
    assert found.keys() - {"Inventory.__repr__"} == (CALLS.keys() | WITHOUT_TABLES) - {
        "Inventory.__repr__"
    }
    assert not CALLS.keys() & WITHOUT_TABLES


def test_what_is_listed_as_without_tables_takes_none() -> None:
    """By the annotations of the parameters."""
    tables = ("DataFrame", "Inventory", "Cidrs", "Avoid")
    for name, function in public_functions():
        if name in WITHOUT_TABLES - {"schema.validate"} and inspect.isfunction(function):
            taken = [str(one.annotation) for one in inspect.signature(function).parameters.values()]
            assert not [one for one in taken if any(word in one for word in tables)], name


@pytest.fixture(scope="module", params=range(N_BATCHES))
def held(request: pytest.FixtureRequest) -> Held:
    """Some fleets as they are read, and the tables that are made of them."""
    return hold(fleets(1 + request.param * FLEETS_AT_ONCE, FLEETS_AT_ONCE))


@pytest.fixture(scope="module")
def expected(held: Held) -> dict[str, Any]:
    """The answers on the plain tables."""
    return {name: quietly(lambda call=call: call(held)) for name, call in CALLS.items()}


@pytest.mark.proof
@pytest.mark.parametrize("way", CHOSEN.values(), ids=CHOSEN.keys())
def test_the_answer_is_the_same_however_tables_are_held(
    held: Held, expected: dict[str, Any], way: Way
) -> None:
    """Index, order, dtypes and files change nothing: not a row, not a word, not a warning."""
    other = held_as(held, way)
    problems = []
    for name, call in CALLS.items():
        try:
            assert_same(quietly(lambda call=call: call(other)), expected[name])
        except (AssertionError, ValueError, TypeError) as error:
            problems.append(f"{name}: {error!r:.2000}")
    assert not problems, "\n".join(problems)
