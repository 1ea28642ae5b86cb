"""The project's own files agree with each other."""

from __future__ import annotations

import pkgutil
import re
import runpy
import tomllib
from pathlib import Path

import pytest

import vpnframe as vf

ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCK = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
LOCKED = {re.sub(r"[-_.]+", "-", line.partition("==")[0]).lower() for line in LOCK}


def requirements():
    """Every requirement of the package, its extras and its groups."""
    project, groups = PYPROJECT["project"], PYPROJECT["dependency-groups"]
    extras = [r for extra in project["optional-dependencies"].values() for r in extra]
    named = [r for group in groups.values() for r in group if isinstance(r, str)]
    return project["dependencies"] + extras + named


def test_the_lock_is_names_and_versions_alone():
    """No address, no path, no hash: nothing that names where a package came from."""
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!_-]+", line) for line in LOCK)


@pytest.mark.parametrize("requirement", requirements())
def test_every_requirement_is_locked_and_open(requirement):
    """A range in the metadata, one version in the lock."""
    name, _, version = requirement.partition(">=")
    assert version
    assert re.sub(r"[-_.]+", "-", name).lower() in LOCKED


def test_every_dependency_says_why_it_is_there():
    """One line each, in pyproject.toml."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    block = text.split("dependencies = [", 1)[1].split("]", 1)[0]
    lines = [line for line in block.splitlines() if line.strip()]
    assert all(re.search(r'",\s+# \w', line) for line in lines)


def test_the_version_is_told_in_one_place():
    """The package's version is the one that requests carry."""
    assert vf.__version__ == __import__("importlib.metadata").metadata.version("vpnframe")


@pytest.mark.parametrize("path", sorted((ROOT / "benchmarks").glob("*.py")), ids=lambda p: p.name)
def test_a_benchmark_imports_what_there_is(path, monkeypatch):
    """Also under the names that it patches."""
    monkeypatch.syspath_prepend(str(path.parent))
    runpy.run_path(str(path), run_name="imported")
    for name in re.findall(r'"(vpnframe\.[\w.]+\w)"', path.read_text(encoding="utf-8")):
        assert pkgutil.resolve_name(name)
