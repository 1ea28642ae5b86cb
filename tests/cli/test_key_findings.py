"""Who has a weak key: listed by default and kept private, left out for sharing."""

from __future__ import annotations

import json
import stat
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from cli_helpers import keys_of, vpnframe
from helpers import slow_after

import vpnframe as vf
from vpnframe.emulator import make_fleet, make_state, serve_in_thread

KEY_RULES = {"vpn-psk-weak", "vpn-psk-published", "vpn-psk-derived", "vpn-psk-reused"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fleet with weak keys, fetched."""
    folder = tmp_path_factory.mktemp("fleet") / "inventory"
    with serve_in_thread(make_state(make_fleet(connections=60, seed=3), quotas=False)) as cloud:
        vpnframe("fetch", "--out", folder, **keys_of(cloud))
    return folder


def audit(folder: Path, *options: object, style: str = "jsonl") -> Any:
    """What the audit prints, as objects."""
    done = vpnframe("audit", folder, "--owner-tag", "owner", "-f", style, *options)
    lines = done.stdout.decode().splitlines()
    return [json.loads(line) for line in lines] if style == "jsonl" else done


def is_open(row: dict[str, Any]) -> bool:
    return row["rule_id"] in KEY_RULES and row["status"] == "open"


def test_they_are_listed_without_values(folder: Path) -> None:
    """Reviewers need to know who; nothing says how long a key is, or how many bits it has."""
    facts = vf.read_inventory(folder).key_facts
    values = {f" {bits} bits" for bits in facts["psk_bits"]} | set(facts["psk_class"])
    rows = [row for row in audit(folder) if is_open(row)]
    assert {row["rule_id"] for row in rows} >= {"vpn-psk-published", "vpn-psk-weak"}
    told = [f" {row['value']} {row['evidence']}" for row in rows]
    values -= {"published"}  # that is the rule itself
    assert not [text for text in told for value in values if value in text]
    more = [row for row in audit(folder, "--with-key-facts") if is_open(row)]
    assert [row for row in more for value in values if value in f" {row['value']}"]


STYLES = ["jsonl", "html", "csv", "parquet", "markdown", "sarif", "ocsf"]


@pytest.mark.parametrize("style", slow_after(2, STYLES))
def test_a_file_that_holds_one_is_private(folder: Path, tmp_path: Path, style: str) -> None:
    """In every format, and one without them is not."""
    modes = {}
    for name, options in (("whole", ()), ("shared", ("--without-key-findings",))):
        vpnframe("audit", folder, "-f", style, "-o", tmp_path / name, *options)
        modes[name] = stat.S_IMODE((tmp_path / name).stat().st_mode)
    assert modes["whole"] == 0o600
    assert modes["shared"] & 0o044


def test_a_file_per_owner_is_private_where_it_holds_one(folder: Path, tmp_path: Path) -> None:
    """And only there."""
    audit(folder, "--by", "owner", "--out-dir", tmp_path, style="csv")
    for path in tmp_path.iterdir():
        holds = any(f"{rule}," in path.read_text() for rule in KEY_RULES)
        assert (stat.S_IMODE(path.stat().st_mode) == 0o600) >= holds


def test_without_them_nothing_depends_on_a_key(folder: Path) -> None:
    """The same findings as of a fleet whose keys were not looked at; the counts are told."""
    inventory = vf.read_inventory(folder)
    shared = audit(folder, "--without-key-findings")
    blind = vf.audit(
        vf.Inventory(**{**inventory.tables(), "key_facts": vf.schema.empty("key_facts")}),
        owner_tag="owner",
    )
    blind = blind[(blind["family"] != "key") & (blind["column"].astype("str") != "psk_bits")]
    names = ("rule_id", "severity", "status", "vpn_connection_id")
    assert Counter(tuple(row[name] for name in names) for row in shared) == Counter(
        blind[list(names)].astype(object).where(blind[list(names)].notna(), None)
        .itertuples(index=False, name=None)
    )  # fmt: skip
    counts = Counter(row["rule_id"] for row in audit(folder) if is_open(row))
    assert counts
    said = audit(folder, "--without-key-findings", style="csv").stderr.decode()
    (line,) = [line for line in said.splitlines() if "pre-shared keys are left out" in line]
    assert all(f"{rule} {n}" in line for rule, n in counts.items())


def test_it_is_said_in_the_log_and_the_help(folder: Path) -> None:
    """SARIF's readers see it where they look; a log without them has the counts instead."""
    run = json.loads(audit(folder, style="sarif").stdout)["runs"][0]
    assert "--without-key-findings" in run["properties"]["keyFindings"]
    shared = json.loads(audit(folder, "--without-key-findings", style="sarif").stdout)["runs"][0]
    assert "keyFindings" not in shared["properties"]
    told = shared["invocations"][0]["toolExecutionNotifications"]
    assert any("are left out" in one["message"]["text"] for one in told)
    assert b"0600" in vpnframe("audit", "--help", COLUMNS="300").stdout


def test_both_options_contradict(folder: Path) -> None:
    """Facts of keys without findings on them are asked for by mistake."""
    vpnframe("audit", folder, "--with-key-facts", "--without-key-findings", code=2)
