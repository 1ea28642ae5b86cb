"""Key facts on the command line: shown where they are asked for, and nowhere else."""

from __future__ import annotations

import io
import json
import os
import stat
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from cli_helpers import keys_of, vpnframe
from helpers import FINGERPRINT_KEY
from test_key_facts import FACTS, FLEET, save, state_of
from typer.testing import CliRunner

from vpnframe.cli import app
from vpnframe.emulator import serve_in_thread
from vpnframe.inventory import read_inventory
from vpnframe.schema.tables import STORED


def run(*arguments: object) -> Any:
    """Run a command in this process; those that need credentials get one of their own."""
    return CliRunner().invoke(app, [*map(str, arguments)])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: Any) -> Path:
    """An inventory as `vpnframe fetch` writes it, with a key of one's own."""
    path = tmp_path_factory.mktemp("keys")
    (path / "psk.key").write_bytes(FINGERPRINT_KEY.secret)
    (path / "psk.key").chmod(0o600)
    with serve_in_thread(state_of()) as cloud:
        key = ("--psk-key-file", path / "psk.key")
        vpnframe("fetch", "--out", path / "in", *key, **keys_of(cloud))
    return path / "in"


@pytest.mark.parametrize("style", ["table", "csv", "jsonl", "parquet", "markdown"])
def test_they_are_shown_where_they_are_asked_for(folder: Path, style: str) -> None:
    """In every format, with the fingerprints that the key makes."""
    facts = read_inventory(folder).key_facts
    done = run("show", folder, "key_facts", "--with-key-facts", "-f", style)
    assert done.exit_code == 0
    assert facts["psk_fingerprint"][0].encode() in done.stdout_bytes
    assert set(facts["psk_fingerprint_key_id"].dropna()) == {FINGERPRINT_KEY.key_id}


def test_they_are_not_shown_otherwise(folder: Path) -> None:
    """The message names the option; nothing of them is in it."""
    done = run("show", folder, "key_facts")
    assert done.exit_code == 2
    assert "--with-key-facts" in done.stderr
    assert not any(name in done.stdout + done.stderr for name in FACTS)


@pytest.mark.parametrize("table", STORED)
def test_no_other_table_has_anything_of_them(folder: Path, table: str) -> None:
    """Whatever is asked for: neither a column nor a fingerprint."""
    done = run("show", folder, table, "--with-key-facts", "-f", "jsonl")
    assert done.exit_code == 0
    assert not any(name in done.stdout for name in FACTS)
    prints = read_inventory(folder).key_facts["psk_fingerprint"].dropna()
    assert not any(one in done.stdout for one in prints)


@pytest.mark.skipif(os.name != "posix", reason="modes of POSIX")
@pytest.mark.parametrize("is_there", [False, True])
def test_a_file_of_them_is_for_its_owner_alone(
    folder: Path, tmp_path: Path, is_there: bool
) -> None:
    """Also one that was there before with another mode; a file of another table is not touched."""
    path = tmp_path / "facts.csv"
    if is_there:
        path.write_text("old")
        path.chmod(0o644)
    run("show", folder, "key_facts", "--with-key-facts", "-f", "csv", "--output", path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(pd.read_csv(path)) == len(read_inventory(folder).key_facts)
    run("show", folder, "tunnels", "--with-key-facts", "-f", "csv", "-o", tmp_path / "tunnels.csv")
    assert stat.S_IMODE((tmp_path / "tunnels.csv").stat().st_mode) != 0o600


def test_fetch_without_key_facts(tmp_path: Path) -> None:
    """None are made, and whoever asks for them is told."""
    with serve_in_thread(state_of()) as cloud:
        vpnframe("fetch", "--out", tmp_path, "--without-key-facts", **keys_of(cloud))
    shown = run("show", tmp_path, "key_facts", "--with-key-facts", "-f", "csv")
    assert pd.read_csv(io.StringIO(shown.stdout)).empty
    assert "nothing is known of the keys" in shown.stderr


def test_load_takes_the_same_options(folder: Path, tmp_path: Path) -> None:
    """Its facts are comparable with those of the fetch."""
    saved, key = save(FLEET, tmp_path / "answers"), folder.parent / "psk.key"
    assert run("load", saved, "--out", tmp_path / "a", "--psk-key-file", key).exit_code == 0
    loaded = read_inventory(tmp_path / "a").key_facts
    fetched = read_inventory(folder).key_facts
    assert sorted(loaded["psk_fingerprint"]) == sorted(fetched["psk_fingerprint"])
    assert run("load", saved, "--out", tmp_path / "b", "--without-key-facts").exit_code == 0
    assert read_inventory(tmp_path / "b").key_facts.empty


@pytest.mark.parametrize("command", ["fetch", "load"])
def test_a_key_file_that_is_open_to_others_is_refused(tmp_path: Path, command: str) -> None:
    """With the remedy, and nothing is written."""
    key = tmp_path / "psk.key"
    key.write_bytes(bytes(32))
    key.chmod(0o644)
    (tmp_path / "vco-1.json").write_text(json.dumps({"VpnConnectionConfig": {"Local": "1.1.1.1"}}))
    files = [tmp_path / "vco-1.json"] if command == "load" else []
    done = run(command, *files, "--out", tmp_path / "in", "--psk-key-file", key)
    assert done.exit_code == 1
    assert "chmod 600" in str(done.exception)
    assert not (tmp_path / "in").exists()
