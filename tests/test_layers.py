"""Who may import whom: imports go down the levels only, and the two halves stay apart."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "vpnframe"
LEVELS = {
    "_version": 0, "errors": 0,
    "model": 1, "addresses": 1,
    "schema": 2, "cloud": 3, "inventory": 4,
    "fetching": 5, "overlapping": 5, "tracing": 6, "peers": 6, "emulator": 6,
    "auditing": 7, "stats": 7,
    "plot": 8, "cli": 9, "__main__": 10,
}  # fmt: skip
NETWORK_HALF = {"cloud"}
TABLE_HALF = {
    "schema", "overlapping", "peers", "stats", "plot", "auditing",
}  # fmt: skip
MODULES = sorted(p for p in PACKAGE.rglob("*.py") if p != PACKAGE / "__init__.py")


def room(path: Path) -> str:
    """The top-level module or package that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports_of(path: Path) -> set[str]:
    """Every module that a file imports, anywhere in it; names of packages are resolved to files."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            found |= {node.module or ""} | {f"{node.module}.{a.name}" for a in node.names}
    return found


def rooms_imported(path: Path) -> set[str]:
    """Our own rooms that a file imports from."""
    parts = [name.split(".") for name in imports_of(path)]
    return {p[1] for p in parts if p[0] == "vpnframe" and len(p) > 1 and p[1] in LEVELS}


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_go_down_the_levels_only(path):
    """A module imports from lower levels and from its own package alone."""
    wrong = [r for r in rooms_imported(path) - {room(path)} if LEVELS[r] >= LEVELS[room(path)]]
    assert not wrong


def test_the_two_halves_meet_in_fetching_alone():
    """Below the command line, no other file knows both the network and the tables."""
    both = {
        room(p)
        for p in MODULES
        if rooms_imported(p) & NETWORK_HALF and rooms_imported(p) & TABLE_HALF
    }
    assert both - {"cli"} == {"fetching"}


def test_of_the_inventory_saved_answers_alone_know_the_cloud():
    """They are decoded as answers of the network are."""
    knowing = {
        path.relative_to(PACKAGE).parts[1]
        for path in MODULES
        if room(path) == "inventory" and rooms_imported(path) & NETWORK_HALF
    }
    assert knowing == {"loading", "redacting.py"}


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_the_network_half_knows_no_frames_and_only_plot_draws(path):
    """Pandas stays out of cloud, model and addresses; matplotlib stays in plot."""
    outside = {name.split(".")[0] for name in imports_of(path)}
    if room(path) in NETWORK_HALF | {"addresses", "emulator", "model"}:
        assert "pandas" not in outside
    if room(path) != "plot":
        assert "matplotlib" not in outside


def test_the_emulator_cannot_share_a_mistake():
    """Of ours, the emulator imports the messages and nothing else."""
    ours = {
        name
        for path in MODULES
        if room(path) == "emulator"
        for name in imports_of(path)
        if name.startswith("vpnframe.") and not name.startswith("vpnframe.emulator")
    }
    assert {name for name in ours if not name.startswith("vpnframe.cloud.messages")} == set()


def test_the_check_sees_an_upward_import(tmp_path):
    """A module that imports upward, even inside a function, is caught."""
    source = tmp_path / "bad.py"
    source.write_text("def f():\n    from vpnframe.cli import main\n")
    assert rooms_imported(source) == {"cli"}
