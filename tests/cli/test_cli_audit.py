"""``vpnframe audit``, run in this process over inventories on disk."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from audit_helpers import NEXT, inventory
from helpers import slow_after
from typer.testing import CliRunner

import vpnframe as vf
from vpnframe.cli import app

DES = {"ike_encryption": "des-cbc"}
OTHER = {"customer_gateway_ip": "91.9.9.9", "customer_gateway_id": "cgw-2"}
PARTIAL = [{"status": "partial", "n_expected": 9, "n_read": 1}]
WAIVERS = """[[waiver]]
rule = "vpn-ike-des"
connection = "vco-1"
reason = "goes with the site"
owner = "network"
approver = "security"
ticket = "NET-42"
created = {created}
until = {until}
"""


def written(folder: Path, *tunnels: dict[str, Any], **tables: Any) -> Path:
    """An inventory folder of a small fleet."""
    vf.write_inventory(inventory(*tunnels, **tables), folder / "inventory")
    return folder / "inventory"


def audit(*arguments: object, code: int = 0) -> Any:
    """Run the command; look at its exit code."""
    done = CliRunner().invoke(app, ["audit", *map(str, arguments)])
    assert done.exit_code == code, done.output
    return done


def test_findings_are_printed_the_worst_first(tmp_path: Path) -> None:
    """Counts, then rules, then findings."""
    text = audit(written(tmp_path, DES)).stdout
    assert text.index("open findings: critical 1") < text.index("BY RULE") < text.index("FINDINGS")
    assert "ike_encryption is des-cbc" in text


@pytest.mark.parametrize(("severity", "code"), [("critical", 3), ("high", 3), (None, 0)])
def test_a_severity_decides_the_exit_code(tmp_path: Path, severity: str | None, code: int) -> None:
    """3 where something as bad as that is open."""
    more = ["--fail-on", severity] if severity else []
    done = audit(written(tmp_path, DES), *more, code=code)
    assert ("open findings are" in done.stderr) == (code == 3)


def test_milder_findings_do_not_fail(tmp_path: Path) -> None:
    """SHA-1 is low."""
    done = audit(written(tmp_path, {"ike_integrity": "hmac-sha1"}), "--fail-on", "high")
    assert "vpn-ike-sha1" in done.stdout
    assert "open findings are" not in done.stderr


def test_an_incomplete_fleet_exits_with_4(tmp_path: Path) -> None:
    """And says so; what is found is stronger."""
    folder = written(tmp_path, DES, coverage=PARTIAL)
    done = audit(folder, code=4)
    assert "NOT COMPLETE" in done.stderr
    assert "NOT COMPLETE" in done.stdout
    audit(folder, "--fail-on", "critical", code=3)


def test_without_key_facts_it_says_so(tmp_path: Path) -> None:
    """On standard error, and as a finding."""
    done = audit(written(tmp_path, DES, keys=[None]))
    assert "no key was judged" in done.stderr
    assert "no key was judged" in done.stdout


STYLES = ["jsonl", "html", "csv", "markdown", "sarif", "ocsf", "parquet"]


@pytest.mark.parametrize("style", slow_after(2, STYLES))
def test_every_format_is_written(tmp_path: Path, style: str) -> None:
    """Into a file."""
    target = tmp_path / f"findings.{style}"
    audit(written(tmp_path, DES), "--format", style, "--output", target)
    assert b"vpn-ike-des" in target.read_bytes()


def test_sarif_goes_to_a_pipe(tmp_path: Path) -> None:
    """Standard output holds nothing else."""
    log = json.loads(audit(written(tmp_path, DES), "-f", "sarif").stdout)
    assert log["version"] == "2.1.0"


def test_profiles_are_named_or_read(tmp_path: Path) -> None:
    """Several, and one of the user's own."""
    own = tmp_path / "ours.csv"
    header = "profile,column,value,min,max,verdict,clause,basis\n"
    own.write_text(
        f"{header}ours,ike_version,2,,,must-not,no v2 here,own\nours,ike_version,1,,,may,,own\n"
    )
    text = audit(written(tmp_path, {}), "--profile", own, "--profile", "ietf", "-f", "csv").stdout
    assert "profile-ike-version,ours" in text
    assert "profile-psk-bits" not in text  # of what it does not speak it says nothing


def test_an_unknown_profile_is_an_error(tmp_path: Path) -> None:
    """It names those that there are."""
    done = CliRunner().invoke(app, ["audit", str(written(tmp_path, {})), "--profile", "itef"])
    assert isinstance(done.exception, vf.SettingsError)
    assert "vpnframe-baseline" in str(done.exception)


def test_waivers_are_shown_and_do_not_fail(tmp_path: Path) -> None:
    """Accepted for a while."""
    now = datetime.now(UTC).date()
    path = tmp_path / "waivers.toml"
    path.write_text(WAIVERS.format(created=now, until=now + timedelta(days=30)))
    done = audit(written(tmp_path, DES), "--waivers", path, "--fail-on", "critical")
    assert "1 waived" in done.stdout


def test_one_file_per_owner(tmp_path: Path) -> None:
    """Each with what is its own; a name that is no file name does no harm."""
    rows = (DES | {"tags": ["owner=../erp"]}, NEXT | OTHER | DES | {"tags": ["owner=retail"]})
    folder, out = written(tmp_path, *rows), tmp_path / "out"
    options = ("--owner-tag", "owner", "--by", "owner", "--out-dir", out, "-f", "csv")
    done = audit(folder, *options)
    texts = {path.name: path.read_text() for path in out.iterdir()}
    assert not list(tmp_path.glob("*.csv"))
    (of_erp,) = [text for name, text in texts.items() if "erp" in name]
    assert "vco-1" in of_erp
    assert "vpn-ike-des" in texts["findings-retail.csv"]
    assert "findings of retail" in done.stdout


@pytest.mark.parametrize(
    "options", [["--by", "owner"], ["--out-dir", "x"], ["--by", "owner", "--out-dir", "x"]]
)
def test_by_owner_needs_all_of_it(tmp_path: Path, options: list[str]) -> None:
    """The tag, the folder and the word."""
    done = audit(written(tmp_path, DES), *options, code=2)
    assert "--owner-tag" in done.stderr


def test_a_rule_is_explained_without_a_fleet() -> None:
    """What, how bad, why, and where to change it."""
    text = audit("--explain", "vpn-ike-des").stdout
    for word in (
        "critical",
        "IkeConfig.IkeEncAlg",
        "Encryption Algorithm",
        "RFC 8247",
        "secondary",
    ):
        assert word.lower() in text.lower()


def test_a_rule_that_there_is_not_is_a_usage_error() -> None:
    """With what it may have been."""
    done = audit("--explain", "dh-2", code=2)
    assert "vpn-ike-dh-2" in done.stderr


def test_a_folder_that_is_not_there_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the default one, if none is given; a fleet there is reviewed."""
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["audit"])
    assert isinstance(done.exception, vf.InventoryError)
    assert "vpnframe fetch --out inventory" in str(done.exception)
    written(tmp_path, DES)
    assert "vpn-ike-des" in audit().stdout


def test_key_facts_are_shown_to_those_who_ask(tmp_path: Path) -> None:
    """And a file of them is for its owner alone."""
    folder = written(tmp_path, {}, keys=[{"psk_class": "dictionary", "psk_bits": 37}])
    assert "37 bits" not in audit(folder, "-f", "csv").stdout
    target = tmp_path / "findings.csv"
    audit(folder, "-f", "csv", "--with-key-facts", "-o", target)
    assert "37 bits, dictionary" in target.read_text()
    assert target.stat().st_mode & 0o077 == 0
