"""The public names: lazy, complete, documented, and each the same on second use."""

from __future__ import annotations

import ast
import inspect
import json
import subprocess
import sys
from pathlib import Path

import pytest

import vpnframe as vf
from vpnframe.schema.tables import TABLES


def python(code: str) -> str:
    """Standard output of a fresh interpreter."""
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout


@pytest.mark.parametrize("name", vf.__all__)
def test_a_name_is_the_same_on_second_use(name):
    """A lazy package must not hand out a module where it gave a function before."""
    first = getattr(vf, name)
    for other in vf.__all__:
        getattr(vf, other)
    assert getattr(vf, name) is first
    assert inspect.ismodule(first) == (name in {"plot", "schema", "stats"})


def test_the_list_is_sorted_and_agrees_with_what_can_be_had():
    """__all__, dir() and the lazy table name the same."""
    assert list(vf.__all__) == sorted(vf.__all__)
    assert dir(vf) == sorted(vf.__all__)
    assert set(vf._HOMES) | set(vf._MODULES) | {"__version__"} == set(vf.__all__)


def test_an_unknown_name_is_an_attribute_error():
    """A misspelt name says so."""
    with pytest.raises(AttributeError, match="fetsch"):
        _ = vf.fetsch


def test_a_bare_import_loads_nothing_heavy():
    """Importing the package loads no dependency and none of its own halves."""
    code = "import sys, json; import vpnframe; print(json.dumps(sorted(sys.modules)))"
    loaded = set(json.loads(python(code)))
    heavy = {"pandas", "numpy", "pyarrow", "aiohttp", "matplotlib", "typer", "tqdm", "msgspec"}
    assert not loaded & heavy
    ours = {name for name in loaded if name.startswith("vpnframe")}
    assert ours == {"vpnframe", "vpnframe._version"}


def test_asking_a_table_verb_loads_no_network_and_no_plots():
    """Who only looks at tables does not pay for aiohttp or matplotlib."""
    code = (
        "import sys, vpnframe as vf; vf.find_overlaps; vf.stats; vf.read_inventory;"
        "print(*sorted({'aiohttp', 'matplotlib', 'typer'} & set(sys.modules)))"
    )
    assert python(code).split() == []


@pytest.mark.parametrize("name", [n for n in vf.__all__ if n != "__version__"])
def test_every_public_name_is_documented(name):
    """A docstring stands on each; functions name parameters, result and an example or errors."""
    doc = inspect.getdoc(getattr(vf, name)) or ""
    assert doc
    if inspect.isfunction(getattr(vf, name)):
        assert "Parameters\n---" in doc
        assert "Returns\n---" in doc
        assert "Examples\n---" in doc or "Raises\n---" in doc


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_every_table_and_column_is_documented(table):
    """One line each, a sentence; the key's columns are there."""
    assert table.description.endswith(".")
    assert all(c.description and "\n" not in c.description for c in table.columns)
    assert set(table.key) <= set(table.names)
    assert len(set(table.names)) == len(table.names)


def test_type_checkers_see_the_same_names():
    """The imports for type checkers name each lazy name, from the same module."""
    tree = ast.parse(Path(vf.__file__).read_text())
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    seen = {
        alias.asname: node.module.removeprefix("vpnframe").removeprefix(".")
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert seen == vf._HOMES | dict.fromkeys(vf._MODULES, "")
