"""The README is true: its Python runs, its commands work against the emulator, its links exist."""

from __future__ import annotations

import re
import shlex
import shutil
from contextlib import chdir
from pathlib import Path

import pytest
from cli_helpers import keys_of, vpnframe
from peer_builders import swanctl

import vpnframe as vf
from vpnframe.emulator import make_fleet, make_state, serve_in_thread

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
PYTHON = "\n".join(re.findall(r"^```python\n(.*?)^```", README, re.DOTALL | re.MULTILINE))
CONSOLE = "\n".join(re.findall(r"^```console\n(.*?)^```", README, re.DOTALL | re.MULTILINE))
COMMANDS = [
    shlex.split(line.removeprefix("$ "), comments=True)
    for line in CONSOLE.splitlines()
    if line.startswith("$ vpnframe")
]


WAIVERS = next(
    block
    for block in re.findall(r"^```toml\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
    if "[[waiver]]" in block
)


def exit_code(command):
    """Every command ends with 0 but those that find what they were asked for."""
    return 3 if command[1] == "conflicts" or "--fail-on" in command else 0


@pytest.fixture(scope="module")
def cloud():
    """An emulator of the demo's fleet, that the environment points to."""
    with serve_in_thread(make_state(make_fleet(), quotas=False)) as cloud:
        yield cloud


@pytest.fixture(scope="module")
def folder(tmp_path_factory, cloud):
    """A folder with what the demo leaves behind."""
    folder = tmp_path_factory.mktemp("readme")
    run(["vpnframe", "fetch", "--out", "demo-inventory"], folder, cloud)
    shutil.copytree(ROOT / "data" / "samples", folder / "saved-answers")
    (folder / "waivers.toml").write_text(WAIVERS)
    (folder / "swanctl.conf").write_text(swanctl())
    return folder


def run(command, folder, cloud):
    """Run one of our commands as a stranger would, against the emulator."""
    with chdir(folder):
        return vpnframe(*command[1:], code=exit_code(command), **keys_of(cloud))


def test_the_two_commands_come_first():
    """A stranger reads make demo and make test before anything else."""
    first = README.split("```console\n")[1].split("```")[0]
    assert [line.split()[1:3] for line in first.splitlines()] == [
        ["make", "demo"],
        ["make", "test"],
    ]


@pytest.mark.parametrize(
    "command", [c for c in COMMANDS if c[1] != "emulator"], ids=lambda c: " ".join(c[1:4])
)
def test_a_command_of_the_readme_works(command, folder, cloud):
    """Every command runs and prints something, or writes the file that it was told to."""
    done = run(command, folder, cloud)
    assert done.stdout or (folder / command[command.index("-o") + 1]).stat().st_size


def test_the_accounts_of_the_readme_can_be_read(tmp_path):
    """Its keys are the ones that there are."""
    (tmp_path / "accounts.toml").write_text(README.split("```toml\n")[1].split("```")[0])
    (account,) = vf.read_accounts(tmp_path / "accounts.toml")
    assert (account.profile, account.quota_share) == ("prod", 0.25)


def test_the_python_of_the_readme_runs(tmp_path, monkeypatch):
    """All blocks in order, in one namespace, as in a notebook."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "Agg")
    names: dict[str, object] = {}
    exec(compile(PYTHON, "README.md", "exec"), names)  # noqa: S102  the README's own text
    assert len(names["inv"].connections) == 40


@pytest.mark.parametrize(
    "name", ["README.md", "CONTRIBUTING.md", "SECURITY.md", "docs/architecture.md"]
)
def test_every_file_that_a_text_names_exists(name):
    """Pictures, notebooks, modules and tests are where it says."""
    text = (ROOT / name).read_text(encoding="utf-8")
    named = set(re.findall(r"(?:docs|notebooks|tests|data|vpnframe)/[\w./-]*\w(?![\w<*])", text))
    assert named or name == "SECURITY.md"
    assert [path for path in named if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("path", re.findall(r"`(?!tests/)(\w+/[\w/]+\.py)`", ARCHITECTURE))
def test_every_module_of_the_architecture_exists(path):
    """It names them within the package."""
    assert (ROOT / "vpnframe" / path).exists()


def test_every_make_target_that_the_readme_names_exists():
    """No target is made up."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {word for line in re.findall(r"`make ([a-z ]+)`", README) for word in line.split()}
    assert {"demo", "test"} <= named
    assert named <= targets
