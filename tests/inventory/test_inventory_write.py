"""A snapshot on disk, as other engines see it."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from helpers import each_once, inventory_of

from vpnframe import schema
from vpnframe.emulator import make_fleet, make_state
from vpnframe.errors import InventoryError, SchemaError
from vpnframe.inventory import Inventory, flattening, list_snapshots, write_inventory
from vpnframe.model.records import Connection, Coverage, Records, Tunnel
from vpnframe.schema.tables import STORED

NOW = datetime(2024, 11, 23, 6, 24, tzinfo=UTC)
FLEET = inventory_of(make_state(make_fleet(connections=30, regions=3), quotas=False))
NOTHING = Inventory(**flattening.make_tables(Records()))


def of_regions(*regions: str | None, account_id: str | None = "1") -> Inventory:
    """An inventory with one connection in each region."""
    records = [
        Connection(
            vpn_connection_id=f"vco-{n}",
            tunnels=(Tunnel(tunnel_index=1),),
            region_id=region,
            account_id=account_id,
            onprem_subnets=("192.168.0.0/24",),
        )
        for n, region in enumerate(regions)
    ]
    coverage = [Coverage(status="complete", region_id=region) for region in regions]
    made = Records(connections=tuple(records), coverage=tuple(coverage))
    return Inventory(**flattening.make_tables(made))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two snapshots: a fleet, and one connection whose region nobody told."""
    write_inventory(FLEET, tmp_path, now=NOW)
    write_inventory(of_regions(None, account_id=None), tmp_path, now=NOW)
    return tmp_path


def with_pandas(folder: Path, name: str) -> pd.DataFrame:
    return pd.read_parquet(folder / name)


def with_pyarrow(folder: Path, name: str) -> pd.DataFrame:
    return ds.dataset(folder / name, partitioning="hive").to_table().to_pandas()


def with_duckdb(folder: Path, name: str) -> pd.DataFrame:
    query = "SELECT * FROM read_parquet(?, hive_partitioning = true)"
    with duckdb.connect() as connection:
        found = connection.sql(query, params=[f"{folder}/{name}/**/*.parquet"])
        return found.to_arrow_table().to_pandas()


def with_polars(folder: Path, name: str) -> pd.DataFrame:
    frame = pl.read_parquet(folder / name, hive_partitioning=True)
    return pd.DataFrame({column: frame[column].to_list() for column in frame.columns})


READERS = [with_pandas, with_pyarrow, with_duckdb, with_polars]
ENGINES = pytest.mark.parametrize("read", READERS, ids=lambda f: f.__name__)


@pytest.mark.parametrize(("name", "read"), each_once(STORED, READERS))
def test_every_engine_reads_the_folder_without_our_code(folder: Path, name: str, read: Any) -> None:
    """The same rows, with snapshot and region as partition columns beside our own columns."""
    table = read(folder, name)
    n_second = {"tunnels": 1, "connections": 1, "subnets": 1, "coverage": 1}.get(name, 0)
    assert len(table) == len(FLEET.tables()[name]) + n_second
    assert set(table.columns) == {*schema.find(name).names, "snapshot", "region"}
    rows = table[table["region_id"].notna()]
    assert rows["region"].astype(str).tolist() == rows["region_id"].tolist()
    assert set(table["snapshot"].astype(str)) <= set(list_snapshots(folder))


@ENGINES
def test_a_null_region_has_a_partition_of_its_own(folder: Path, read: Any) -> None:
    """The partition is called none, the column stays null."""
    table = read(folder, "tunnels")
    (row,) = table[table["region_id"].isna()].to_dict("records")
    assert row["region"] == "none"
    assert row["vpn_connection_id"] == "vco-0"


@pytest.mark.parametrize(("name", "read"), each_once(STORED, READERS))
def test_every_engine_reads_an_empty_snapshot(tmp_path: Path, name: str, read: Any) -> None:
    """A table without rows is one file with zero rows and all columns."""
    write_inventory(NOTHING, tmp_path, now=NOW)
    table = read(tmp_path, name)
    assert len(table) == 0
    assert set(schema.find(name).names) <= set(table.columns)


def test_files_hold_no_metadata_but_our_own_key(folder: Path) -> None:
    """Neither pandas nor arrow leave theirs."""
    parts = list(folder.rglob("*.parquet"))
    assert len(parts) > len(STORED)
    for part in parts:
        file = pq.ParquetFile(part)
        assert set(file.metadata.metadata) == {b"vpnframe_table"}
        assert file.schema_arrow.equals(schema.arrow_schema(part.relative_to(folder).parts[0]))


def test_the_commit_record_says_what_was_written(tmp_path: Path) -> None:
    """Rows, checksums, versions, coverage: all that a reader needs to trust the snapshot."""
    snapshot = write_inventory(FLEET, tmp_path, now=NOW)
    record = json.loads((tmp_path / "_snapshots" / f"{snapshot}.json").read_text())
    assert (record["snapshot"], record["layout_version"]) == (snapshot, 1)
    assert record["written_at"] == "2024-11-23T06:24:00+00:00"
    assert record["is_complete"] is True
    assert record["coverage"] == FLEET.coverage_sentence()
    written = FLEET.tables(with_key_facts=True)
    assert record["n_rows"] == {name: len(table) for name, table in written.items()}
    on_disk = {p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*.parquet")}
    assert {part["path"] for part in record["parts"]} == on_disk
    for part in record["parts"]:
        body = (tmp_path / part["path"]).read_bytes()
        assert part["sha256"] == hashlib.sha256(body).hexdigest()


def test_a_snapshot_is_named_by_its_second(tmp_path: Path) -> None:
    """UTC time and six random digits."""
    snapshot = write_inventory(NOTHING, tmp_path, now=NOW)
    assert snapshot.startswith("20241123T062400Z-")
    assert len(snapshot) == len("20241123T062400Z-3f9a1c")


def test_a_second_snapshot_changes_nothing_of_the_first(tmp_path: Path) -> None:
    """What lies in the folder stays, byte for byte."""
    write_inventory(FLEET, tmp_path, now=NOW)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.*") if path.is_file()}
    write_inventory(FLEET, tmp_path, now=NOW)
    assert all(path.read_bytes() == body for path, body in before.items())
    assert len(list_snapshots(tmp_path)) == 2


def test_regions_that_share_a_file_name_are_told_apart(tmp_path: Path) -> None:
    """Text from an answer makes no path, and two texts of one name make two files."""
    inventory = of_regions("../x", "..\\x", "a/b", "A/B", "a_b", "", None, "上海")
    write_inventory(inventory, tmp_path / "in", now=NOW)
    parts = list((tmp_path / "in" / "tunnels").rglob("*.parquet"))
    assert len(parts) == 8
    assert [path.name for path in tmp_path.iterdir()] == ["in"]
    assert sum(len(pq.ParquetFile(part).read()) for part in parts) == 8


def test_a_table_that_is_none_is_not_written(tmp_path: Path) -> None:
    """Checked before anything is on disk."""
    tables = dict(FLEET.tables()) | {"tunnels": FLEET.tunnels.drop(columns="ike_mode")}
    with pytest.raises(SchemaError, match="no column ike_mode: is this a tunnels table"):
        write_inventory(Inventory(**tables), tmp_path / "in", now=NOW)
    assert not (tmp_path / "in").exists()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """For example, a file stands there."""
    (tmp_path / "in").write_text("a file")
    with pytest.raises(InventoryError, match="in cannot be written"):
        write_inventory(FLEET, tmp_path / "in", now=NOW)


def test_a_write_that_fails_makes_no_snapshot(tmp_path: Path, monkeypatch: Any) -> None:
    """Its parts are left behind, and no reader sees them."""
    monkeypatch.setattr("os.link", _no_space)
    with pytest.raises(InventoryError, match="No space left"):
        write_inventory(FLEET, tmp_path, now=NOW)
    assert list_snapshots(tmp_path) == []


def _no_space(*_: Any) -> None:
    raise OSError(28, "No space left on device")


def test_without_hard_links_the_record_is_created_exclusively(
    tmp_path: Path, monkeypatch: Any
) -> None:
    """Some file systems have no links; nothing is left behind but the record."""
    monkeypatch.setattr("os.link", _not_supported)
    snapshot = write_inventory(NOTHING, tmp_path, now=NOW)
    assert [path.name for path in (tmp_path / "_snapshots").iterdir()] == [f"{snapshot}.json"]


def _not_supported(*_: Any) -> None:
    raise OSError(95, "Operation not supported")
