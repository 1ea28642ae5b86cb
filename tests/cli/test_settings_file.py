"""``vpnframe.toml``: which values options take from it, and how mistakes in it are reported."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from trace_helpers import connection, make_inventory, policy
from typer.testing import CliRunner

import vpnframe as vf
from vpnframe.cli import COMMANDS, app, load_command, main
from vpnframe.cli.settings_file import SettingsFile, read_settings_file

FULL = """
inventory = "fleet"
accounts = "accounts.toml"
quota_share = 0.25
owner_tag = "owner"
topology = "/etc/topology.toml"
nat = "nat.toml"
profiles = ["ietf", "own.csv"]
waivers = "waivers.toml"

[[disable]]
rule = "vpn-ike-sha1"
reason = "The console offers no other value."

[[severity]]
rule = "vpn-single-tunnel"
severity = "low"
reason = "Branches have one line."
"""


@pytest.fixture(autouse=True)
def _working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No file or variable of this machine plays a part."""
    for name in ("CONFIG", "INVENTORY", "QUOTA_SHARE", "OUT"):
        monkeypatch.delenv(f"VPNFRAME_{name}", raising=False)
    monkeypatch.chdir(tmp_path)


def settings(text: str, path: Path = Path("vpnframe.toml")) -> Path:
    """Write a settings file."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


def parsed(command: str, *arguments: str) -> dict[str, Any]:
    """Return the parameters of a command as it would run with them; paths are strings."""
    params = load_command(command).make_context(command, [*arguments]).params
    # Older versions of typer make paths of strings, and lists of tuples, only when it runs.
    plain = {tuple: list, Path: str, type(Path()): str}
    return {name: plain.get(type(value), lambda one: one)(value) for name, value in params.items()}


def run(*arguments: object, capsys: pytest.CaptureFixture[str]) -> tuple[Any, list[str]]:
    """Run vpnframe in this process; return its exit code and the lines on standard error."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["vpnframe", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
    return ended.value.code, capsys.readouterr().err.splitlines()


def test_every_value_becomes_a_default() -> None:
    """Of each option that it is for; paths are relative to the file, names of standards stay."""
    settings(FULL, Path("etc/vpnframe.toml"))
    audit = parsed("audit", "--config", "etc/vpnframe.toml")
    assert {name: audit[name] for name in ("folder", "owner_tag", "topology", "nat")} == {
        "folder": "etc/fleet",
        "owner_tag": "owner",
        "topology": "/etc/topology.toml",
        "nat": "etc/nat.toml",
    }
    assert audit["profile"] == ["ietf", "etc/own.csv"]
    assert audit["waivers"] == "etc/waivers.toml"
    fetch = parsed("fetch", "--config", "etc/vpnframe.toml")
    assert fetch["out"] == "etc/fleet"
    assert fetch["accounts"] == "etc/accounts.toml"
    assert fetch["quota_share"] == 0.25


def test_the_rules_have_their_reasons() -> None:
    """For the audit."""
    found = read_settings_file(settings(FULL))
    assert found.disabled == {"vpn-ike-sha1": "The console offers no other value."}
    assert found.severities == {"vpn-single-tunnel": ("low", "Branches have one line.")}
    assert read_settings_file(settings("")) == SettingsFile(defaults={}, disabled={}, severities={})


def test_the_command_line_comes_before_variables_and_they_before_the_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The built-in default comes last; all three ways are tried for one option and one argument."""
    assert parsed("plan")["quota_share"] == 0.5
    assert parsed("stats")["folder"] == parsed("load", "x")["out"] == "inventory"
    settings('quota_share = 0.1\ninventory = "a"\n')
    assert parsed("plan")["quota_share"] == 0.1
    assert parsed("stats")["folder"] == parsed("load", "x")["out"] == "a"
    monkeypatch.setenv("VPNFRAME_QUOTA_SHARE", "0.2")
    monkeypatch.setenv("VPNFRAME_INVENTORY", "b")
    assert parsed("plan")["quota_share"] == 0.2
    assert parsed("stats")["folder"] == parsed("load", "x")["out"] == "b"
    assert parsed("plan", "--quota-share", "0.3")["quota_share"] == 0.3
    assert parsed("stats", "c")["folder"] == "c"
    monkeypatch.setenv("VPNFRAME_OUT", "d")
    assert parsed("load", "x")["out"] == "d"
    assert parsed("load", "x", "--out", "e")["out"] == "e"


def test_a_demo_does_not_write_into_the_fleet() -> None:
    """Its made-up connections would be the newest snapshot."""
    settings('inventory = "fleet"')
    assert parsed("demo")["out"] == "demo-inventory"


def test_the_file_is_named_in_three_ways(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before or after the command, or by a variable; then the working folder's is not read."""
    settings("nonsense")
    for name in ("one", "two", "three"):
        settings(f'inventory = "{name}"', Path(f"{name}.toml"))
    said = [
        run("--config", "one.toml", "stats", capsys=capsys),
        run("stats", "--config", "two.toml", capsys=capsys),
    ]
    monkeypatch.setenv("VPNFRAME_CONFIG", "three.toml")
    said.append(run("stats", capsys=capsys))
    for name, (code, lines) in zip(("one", "two", "three"), said, strict=True):
        assert code == 1
        assert lines[0].startswith(f"vpnframe: the folder {name} is not an inventory: ")
        assert f"`vpnframe fetch --out {name}`" in lines[0]


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_without_settings_do_not_read_the_file(command: str) -> None:
    """Those that neither read an inventory nor make one of real answers."""
    has_config = "config" in [param.name for param in load_command(command).params]
    assert has_config == (command not in {"demo", "redact", "schema", "emulator"})


RULE = '[[{table}]]\nrule = "vpn-ike-sha1"\n{more}'


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("inventory", "is not TOML: "),
        ('inventori = "x"', ": unknown key 'inventori': the keys are inventory, accounts, "),
        ('access_key_secret = "hush"', "secrets do not belong here"),
        ("inventory = 1", ": inventory must be a path as text"),
        ('inventory = ""', ": inventory must be a path as text"),
        ("owner_tag = []", ": owner_tag must be the name of a tag"),
        ('profiles = "ietf"', ": profiles must be a list of names or of CSV files"),
        ("quota_share = 0", ": quota_share must be a number above 0 and at most 1"),
        ("quota_share = true", ": quota_share must be a number above 0 and at most 1"),
        ('[disable]\nrule = "x"', ": disable must be [[disable]] tables"),
        ("disable = [1]", ": disable must be [[disable]] tables"),
        (RULE.format(table="disable", more=""), ", disable 1: reason is missing"),
        (RULE.format(table="severity", more='reason = "x"'), ", severity 1: severity is missing"),
        (
            RULE.format(table="severity", more='reason = "x"\nseverity = "mild"'),
            ", severity 1: severity must be critical, high, medium, low or info",
        ),
        (
            RULE.format(table="disable", more='reason = "x"\nwaivers = "y"'),
            ", disable 1: unknown key 'waivers': the keys are rule, reason; keys for the whole "
            "file come before the first [[table]]",
        ),
        (
            RULE.format(table="disable", more='reason = "x"\n') * 2,
            ": two tables are about vpn-ike-sha1: remove one of these tables",
        ),
        (
            RULE.format(table="disable", more='reason = "x"\n')
            + RULE.format(table="severity", more='reason = "x"\nseverity = "low"'),
            ": two tables are about vpn-ike-sha1: remove one of these tables",
        ),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(
    text: str, problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It names the file and the key, and never shows a value."""
    settings(text)
    code, lines = run("stats", capsys=capsys)
    assert code == 2
    assert len(lines) == 1
    assert lines[0].startswith("vpnframe: vpnframe.toml")
    assert problem in lines[0]
    assert "hush" not in lines[0]


def test_a_file_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """If it was asked for."""
    code, lines = run("stats", "--config", "none.toml", capsys=capsys)
    assert code == 2
    assert lines == ["vpnframe: none.toml cannot be read: No such file or directory"]


@pytest.fixture
def fleet() -> None:
    """A small fleet in the folder that needs no name."""
    vf.write_inventory(make_inventory([connection("vco-a")], [policy("vco-a")]), "inventory")


@pytest.mark.usefixtures("fleet")
@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (["stats"], 0, "SUMMARY"),
        (["stats", "summary"], 0, "connections"),
        (["show", "tunnels"], 0, "vco-a"),
        (["show", "--limit", "1", "tunnels", "-f", "csv"], 0, "vco-a"),
        (["overlaps"], 0, "no overlaps"),
        (["conflicts", "10.77.0.0/16", "10.78.0.0/16"], 0, "no collision is known"),
        (["free", "--count", "1"], 0, "/24"),
        (["trace", "10.0.1.1", "192.168.1.1"], 0, "verdict     tunnel"),
        (["compare", "--peer-connection", "vco-a"], 0, "vco-a"),
    ],
)
def test_every_command_works_without_a_folder(arguments: list[str], code: int, word: str) -> None:
    """Also if another argument follows: a table, a statistic, blocks or addresses."""
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == code, (done.output, done.exception)
    assert word in done.output
    Path("inventory").rename("elsewhere")
    again = CliRunner().invoke(app, [arguments[0], "elsewhere", *arguments[1:]])
    assert (again.exit_code, again.stdout) == (code, done.stdout)


@pytest.mark.usefixtures("fleet")
@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["show", "tunnles"], "'tunnles' is not one of tunnels, connections"),
        (["show"], "Missing argument 'TABLE'"),
        (["conflicts"], "Missing argument 'CIDR'"),
        (["trace", "10.0.1.1"], "give SOURCE and DESTINATION"),
        (["stats", "summary", "more"], "unexpected extra argument"),
    ],
)
def test_a_mistake_in_the_arguments_is_explained(arguments: list[str], word: str) -> None:
    """The usage still shows the folder that can be left out."""
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 2
    assert word in " ".join(done.output.replace("│", " ").split())
    assert "DIR" in done.output


def test_the_example_of_the_readme_is_right() -> None:
    """It has every key."""
    text = Path(__file__).parents[2].joinpath("README.md").read_text(encoding="utf-8")
    (block,) = [part for part in text.split("```") if part.startswith("toml\ninventory")]
    found = read_settings_file(settings(block.removeprefix("toml\n")))
    assert len(found.defaults) == 9  # the folder has two parameters
    assert len(found.disabled) == len(found.severities) == 1
