"""Key facts on disk: apart, for their owner alone, and not missed when they are kept back."""

from __future__ import annotations

import json
import logging
import os
import stat
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from helpers import as_written, assert_same_inventory, record_of, refuse_to_open
from test_inventory_read import FLEET
from test_inventory_write import ENGINES

from vpnframe import schema
from vpnframe.errors import InventoryError, SchemaError
from vpnframe.inventory import Inventory, read_inventory, write_inventory
from vpnframe.schema.tables import RESTRICTED, STORED

NOW = datetime(2024, 11, 23, 6, 24, tzinfo=UTC)
FACTS = as_written(FLEET).key_facts
WITH_FACTS, WITHOUT = replace(FLEET, key_facts=FACTS), Inventory(**FLEET.tables())


@pytest.fixture
def part(tmp_path: Path) -> Path:
    """The one file of a snapshot's key facts."""
    write_inventory(WITH_FACTS, tmp_path, now=NOW)
    (path,) = (tmp_path / "private").rglob("*.parquet")
    return path


def test_what_was_written_is_read(tmp_path: Path) -> None:
    """Equal in rows, their order, columns and dtypes, beside all other tables."""
    assert len(FACTS) > 20
    write_inventory(WITH_FACTS, tmp_path, now=NOW)
    read = read_inventory(tmp_path)
    pd.testing.assert_frame_equal(read.key_facts, FACTS)
    assert_same_inventory(as_written(WITH_FACTS), read)


def test_they_lie_apart_in_one_file(part: Path, tmp_path: Path) -> None:
    """In a folder of their own, which does not travel with the rest."""
    snapshot = read_inventory(tmp_path).snapshot
    home = f"private/snapshot={snapshot}"
    assert part.relative_to(tmp_path).as_posix() == f"{home}/key_facts.parquet"
    assert {one.name for one in tmp_path.iterdir()} == {".lock", "latest", "private", "snapshots"}
    assert not list((tmp_path / "snapshots").rglob("key_facts*"))


@pytest.mark.skipif(os.name != "posix", reason="modes of POSIX")
def test_their_owner_alone_may_read_them(part: Path, tmp_path: Path) -> None:
    """The file and both folders; the other tables are as the process's mask has them."""
    mode = {path: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*")}
    assert mode[part] == 0o600
    assert mode[part.parent] == mode[part.parent.parent] == 0o700
    assert mode[tmp_path / "snapshots"] != 0o700


@pytest.mark.skipif(os.name != "posix", reason="modes of POSIX")
def test_a_wider_mode_of_their_folder_is_set_right(part: Path, tmp_path: Path) -> None:
    """By the next write."""
    (tmp_path / "private").chmod(0o755)
    write_inventory(WITH_FACTS, tmp_path, now=NOW)
    assert stat.S_IMODE((tmp_path / "private").stat().st_mode) == 0o700


@pytest.mark.skipif(os.name != "posix", reason="modes of POSIX")
def test_they_are_never_readable_on_the_way(tmp_path: Path, monkeypatch: Any) -> None:
    """Not even before their bytes are on disk."""
    seen: list[int] = []

    def watch(number: int) -> None:
        seen.append(stat.S_IMODE(os.fstat(number).st_mode))

    monkeypatch.setattr("os.fsync", watch)
    old = os.umask(0)
    try:
        write_inventory(WITH_FACTS, tmp_path, now=NOW)
    finally:
        os.umask(old)
    assert seen.count(0o600) == 1


def test_the_record_says_that_they_are_there(part: Path, tmp_path: Path) -> None:
    """Rows and checksum, as of every other table."""
    record = json.loads(record_of(tmp_path).read_text())
    (written,) = record["tables"]["key_facts"]
    assert (written["name"], written["n_rows"]) == (part.name, len(FACTS))


def test_without_rows_there_is_nothing_of_them(tmp_path: Path) -> None:
    """No folder, no part, no count; they are read as empty."""
    write_inventory(WITHOUT, tmp_path, now=NOW)
    assert not (tmp_path / "private").exists()
    assert "key_facts" not in record_of(tmp_path).read_text()
    schema.validate("key_facts", read_inventory(tmp_path).key_facts)
    assert read_inventory(tmp_path).key_facts.empty


def test_an_inventory_may_be_handed_on_without_them(
    part: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Everything else is read, and a warning says what is unknown."""
    part.unlink()
    with caplog.at_level(logging.WARNING):
        read = read_inventory(tmp_path)
    assert read.key_facts.empty
    assert_same_inventory(as_written(WITHOUT), read)
    (message,) = caplog.messages
    assert message.startswith(f"key_facts of snapshot {read.snapshot} cannot be read (No such file")


def test_who_may_not_read_them_reads_the_rest(
    part: Path, tmp_path: Path, monkeypatch: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """As whoever shares the folder with their owner."""
    refuse_to_open(part, monkeypatch)
    assert read_inventory(tmp_path).key_facts.empty
    assert "(Permission denied)" in caplog.text


def test_damaged_facts_are_an_error(part: Path, tmp_path: Path) -> None:
    """They are not taken for kept back."""
    part.write_bytes(part.read_bytes()[:-9] + b"xxxxxxxxx")
    with pytest.raises(InventoryError, match=r"key_facts\.parquet has changed"):
        read_inventory(tmp_path)


def test_a_table_that_is_none_is_not_written(tmp_path: Path) -> None:
    """Checked before anything is on disk."""
    spoiled = replace(FLEET, key_facts=FACTS.drop(columns="psk_bits"))
    with pytest.raises(SchemaError, match="no column psk_bits: is this a key_facts table"):
        write_inventory(spoiled, tmp_path / "in", now=NOW)
    assert not (tmp_path / "in").exists()


def test_they_stand_beside_the_other_tables_where_they_are_asked_for() -> None:
    """By their name alone, and empty by default."""
    assert "key_facts" not in WITH_FACTS.tables()
    asked = WITH_FACTS.tables(with_key_facts=True)
    assert tuple(asked) == (*STORED, *RESTRICTED)
    assert asked["key_facts"] is FACTS
    assert Inventory(**FLEET.tables()).key_facts.empty
    assert repr(WITH_FACTS) == repr(WITHOUT)


@ENGINES
def test_other_engines_read_them(part: Path, read: Any) -> None:
    """Who may read the file needs none of our code."""
    table = read(part).drop(columns="snapshot", errors="ignore")  # DuckDB adds it
    assert tuple(table.columns) == schema.find("key_facts").names
    assert len(table) == len(FACTS)
    assert sorted(table["psk_bits"].dropna()) == sorted(FACTS["psk_bits"].dropna())
