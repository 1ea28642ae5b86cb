"""``vpnframe audit`` with a settings file that disables rules or changes their severities."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from test_cli_audit import DES, audit, written
from typer.testing import CliRunner

import vpnframe as vf
from vpnframe.cli import app
from vpnframe.cli import audit as command
from vpnframe.cli.exit_codes import SettingsFileError

RULES = """
[[disable]]
rule = "vpn-single-tunnel"
reason = "Branches have one line."

[[severity]]
rule = "vpn-ike-des"
severity = "low"
reason = "The site closes in March."
"""


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> list[vf.AuditSettings]:
    """The settings with which the command calls the engine."""
    seen: list[vf.AuditSettings] = []
    examine = command.examine

    def noting(*arguments: Any, settings: vf.AuditSettings, **more: Any) -> Any:
        seen.append(settings)
        return examine(*arguments, settings=settings, **more)

    monkeypatch.setattr(command, "examine", noting)
    return seen


def test_rules_of_the_file_reach_the_engine(tmp_path: Path, given: list[Any]) -> None:
    """With their reasons; the file's other values are defaults as for every command."""
    path = tmp_path / "settings.toml"
    path.write_text(f'owner_tag = "team"\n{RULES}')
    audit(written(tmp_path, DES | {"tags": ["team=a"]}), "--config", path)
    (settings,) = given
    assert settings.owner_tag == "team"
    assert settings.disabled == {"vpn-single-tunnel": "Branches have one line."}
    assert settings.severities == {"vpn-ike-des": ("low", "The site closes in March.")}


def test_a_file_without_rules_changes_none(tmp_path: Path, given: list[Any]) -> None:
    """The engine's own defaults stay."""
    path = tmp_path / "settings.toml"
    path.write_text('owner_tag = "team"')
    audit(written(tmp_path, DES | {"tags": ["team=a"]}), "--config", path)
    assert [settings.owner_tag for settings in given] == ["team"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (RULES.replace("vpn-single-tunnel", "single"), "there is no rule 'single'"),
        (RULES.replace("vpn-single-tunnel", "vpn-coverage"), "vpn-coverage cannot be disabled"),
    ],
)
def test_a_rule_that_cannot_be_changed_is_an_error_of_the_file(
    tmp_path: Path, text: str, problem: str
) -> None:
    """It names the file and the rule."""
    path = tmp_path / "settings.toml"
    path.write_text(text)
    done = CliRunner().invoke(app, ["audit", str(written(tmp_path, DES)), "--config", str(path)])
    assert isinstance(done.exception, SettingsFileError)
    assert str(done.exception).startswith(f"{path}: {problem}")


def test_the_findings_follow_the_file(tmp_path: Path) -> None:
    """The disabled rule finds nothing, and the other one is as severe as the file says."""
    path = tmp_path / "settings.toml"
    path.write_text(RULES)
    folder = written(tmp_path, DES)
    audit(folder, "--fail-on", "critical", code=3)
    done = audit(folder, "--config", path, "--fail-on", "medium", "--rule", "vpn-ike-des")
    assert "vpn-ike-des" in done.stdout
    everything = pd.read_csv(io.StringIO(audit(folder, "--config", path, "-f", "csv").stdout))
    assert "vpn-single-tunnel" not in set(everything["rule_id"])
    changes = everything[everything["rule_id"] == "vpn-rule-changed"]["evidence"].tolist()
    assert "rule vpn-single-tunnel is disabled: Branches have one line." in changes
