"""A snapshot on disk, as other engines see it."""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from glob import glob
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from helpers import as_written, assert_same_inventory, each_once, inventory_of, record_of
from pandas.testing import assert_frame_equal

from vpnframe import schema
from vpnframe.emulator import make_fleet, make_state
from vpnframe.errors import InventoryError, SchemaError
from vpnframe.inventory import (
    Inventory,
    flattening,
    list_snapshots,
    read_inventory,
    write_inventory,
)
from vpnframe.model.records import Connection, Coverage, Records, Tunnel
from vpnframe.schema.tables import STORED

NOW = datetime(2024, 11, 23, 6, 24, tzinfo=UTC)
LATER = datetime(2024, 11, 24, 6, 24, tzinfo=UTC)
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
    """Two snapshots: one connection whose region nobody told, and a fleet."""
    write_inventory(of_regions(None, account_id=None), tmp_path, now=NOW)
    write_inventory(FLEET, tmp_path, now=LATER)
    return tmp_path


def with_pandas(path: Path) -> pd.DataFrame:
    return pd.read_parquet(path)


def with_pyarrow(path: Path) -> pd.DataFrame:
    return pq.read_table(path).to_pandas()


def with_duckdb(path: Path) -> pd.DataFrame:
    with duckdb.connect() as connection:
        found = connection.sql(f"SELECT * FROM '{path}'")  # noqa: S608
        return found.to_arrow_table().to_pandas()


def with_polars(path: Path) -> pd.DataFrame:
    frame = pl.read_parquet(path)
    return pd.DataFrame({column: frame[column].to_list() for column in frame.columns})


READERS = [with_pandas, with_pyarrow, with_duckdb, with_polars]
ENGINES = pytest.mark.parametrize("read", READERS, ids=lambda f: f.__name__)


@pytest.mark.parametrize(("name", "read"), each_once(STORED, READERS))
def test_every_engine_reads_the_newest_without_our_code(folder: Path, name: str, read: Any) -> None:
    """By the path that leads to the newest snapshot."""
    table = read(folder / "latest" / f"{name}.parquet")
    assert list(table.columns) == list(schema.find(name).names)
    assert_frame_equal(schema.cast(name, table), as_written(FLEET).tables()[name])


@pytest.mark.parametrize("name", [*STORED, "key_facts"])
def test_plain_pandas_gives_the_table_of_our_reader(folder: Path, name: str) -> None:
    """With the same dtypes, but for a category without words."""
    home = "private/*" if name == "key_facts" else "latest"
    (path,) = folder.glob(f"{home}/{name}.parquet")
    plain, ours = pd.read_parquet(path), getattr(read_inventory(folder), name)
    empty = [n for n in plain if plain[n].dtype == "category" and plain[n].isna().all()]
    assert_frame_equal(plain.drop(columns=empty), ours.drop(columns=empty))
    assert ours[empty].isna().all().all()


def history_with_duckdb(pattern: str) -> int:
    query = "SELECT * FROM read_parquet(?, hive_partitioning = true)"
    with duckdb.connect() as connection:
        found = connection.sql(query, params=[pattern]).to_arrow_table()
    return found.num_rows if "snapshot" in found.column_names else -1


def history_with_polars(pattern: str) -> int:
    found = pl.read_parquet(pattern, hive_partitioning=True)
    return found.height if "snapshot" in found.columns else -1


def history_with_pyarrow(pattern: str) -> int:
    return int(ds.dataset(sorted(glob(pattern))).count_rows())  # noqa: PTH207


def history_with_pandas(pattern: str) -> int:
    return len(pd.concat(map(pd.read_parquet, glob(pattern)), ignore_index=True))  # noqa: PTH207


@pytest.mark.parametrize(
    "read",
    [history_with_duckdb, history_with_polars, history_with_pyarrow, history_with_pandas],
    ids=lambda f: f.__name__,
)
@pytest.mark.parametrize("name", ["tunnels", "coverage", "vpcs"])
def test_every_engine_reads_the_history_without_our_code(
    folder: Path, name: str, read: Any
) -> None:
    """All snapshots by one pattern; ``latest`` is not in it, so that no row counts twice."""
    n_first = len(of_regions(None, account_id=None).tables()[name])
    n_rows = read(f"{folder}/snapshots/snapshot=*/{name}.parquet")
    assert n_rows == n_first + len(FLEET.tables()[name])


@ENGINES
def test_every_engine_reads_an_empty_snapshot(tmp_path: Path, read: Any) -> None:
    """A table without rows is a file with zero rows and all columns."""
    write_inventory(NOTHING, tmp_path, now=NOW)
    for name in STORED:
        table = read(tmp_path / "latest" / f"{name}.parquet")
        assert (len(table), tuple(table.columns)) == (0, schema.find(name).names)


def test_the_record_says_what_was_written(tmp_path: Path) -> None:
    """Rows, checksums, versions, coverage: all that a reader needs to trust the snapshot."""
    begun = datetime(2024, 11, 23, 6, 20, tzinfo=UTC)
    snapshot = write_inventory(FLEET, tmp_path, now=NOW, started=begun)
    record = json.loads(record_of(tmp_path).read_text())
    assert (record["snapshot"], record["schema_version"], record["kind"]) == (snapshot, 2, "full")
    assert record["finished_ms"] - record["started_ms"] == 240_000
    assert record["is_complete"] is True
    assert record["coverage"] == FLEET.coverage_sentence()
    written = FLEET.tables(with_key_facts=True)
    n_rows = {name: sum(f["n_rows"] for f in files) for name, files in record["tables"].items()}
    assert n_rows == {name: len(table) for name, table in written.items()}
    files = {file["name"]: file for files in record["tables"].values() for file in files}
    on_disk = {path.name: path for path in tmp_path.glob("*/snapshot=*/*.parquet")}
    assert files.keys() == on_disk.keys()
    for name, path in on_disk.items():
        assert files[name]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert len(list((tmp_path / "latest").iterdir())) == len(STORED) + 1


def test_a_large_table_has_several_files(tmp_path: Path, monkeypatch: Any) -> None:
    """Their names count up, and together they are the table."""
    monkeypatch.setattr("vpnframe.inventory.layout.MOST_ROWS", 20)
    write_inventory(FLEET, tmp_path, now=NOW)
    names = sorted(path.name for path in (tmp_path / "latest").glob("tunnels*"))
    assert names == [f"tunnels-{n:05}.parquet" for n in range(1, len(names) + 1)]
    assert len(names) == -(-len(FLEET.tunnels) // 20) > 1
    assert_same_inventory(read_inventory(tmp_path), as_written(FLEET))


def test_a_table_that_did_not_change_is_a_hard_link(tmp_path: Path) -> None:
    """One that changed is a file of its own; the older snapshot stays as it was."""
    first = write_inventory(FLEET, tmp_path, now=NOW)
    changed = replace(FLEET, failures=NOTHING.failures, gateways=FLEET.gateways.head(1))
    second = write_inventory(changed, tmp_path, now=LATER)
    homes = [tmp_path / "snapshots" / f"snapshot={one}" for one in (first, second)]
    shared = {
        path.name for path in homes[0].glob("*.parquet") if path.samefile(homes[1] / path.name)
    }
    assert {f"{name}.parquet" for name in STORED} - shared == {"gateways.parquet"}
    assert_same_inventory(read_inventory(tmp_path, snapshot=first), as_written(FLEET))
    (facts,) = {path.stat().st_ino for path in tmp_path.glob("private/*/key_facts.parquet")}
    assert facts


def test_a_damaged_file_is_not_linked(tmp_path: Path) -> None:
    """Its bytes are compared before."""
    write_inventory(FLEET, tmp_path, now=NOW)
    path = tmp_path / "latest" / "tunnels.parquet"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    write_inventory(FLEET, tmp_path, now=LATER)
    assert_same_inventory(read_inventory(tmp_path), as_written(FLEET))


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


@pytest.mark.parametrize("call", ["fsync", "rename", "mkdir"])
def test_a_write_that_fails_makes_no_snapshot(tmp_path: Path, monkeypatch: Any, call: str) -> None:
    """One error; the older snapshot stays the newest, and the next write removes what is left."""
    older = write_inventory(FLEET, tmp_path, now=NOW)
    with monkeypatch.context() as patched:
        patched.setattr(f"os.{call}", _no_space)
        with pytest.raises(InventoryError, match="No space left"):
            write_inventory(NOTHING, tmp_path, now=LATER)
    assert list_snapshots(tmp_path) == [older]
    assert (tmp_path / "latest").resolve().name == f"snapshot={older}"
    newer = write_inventory(NOTHING, tmp_path, now=LATER)
    homes = {path.name for path in (tmp_path / "snapshots").iterdir()}
    assert homes == {f"snapshot={older}", f"snapshot={newer}"}


def _no_space(*_: Any, **__: Any) -> None:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("call", ["link", "symlink"])
def test_a_file_system_without_links_will_do(tmp_path: Path, monkeypatch: Any, call: str) -> None:
    """Each table is a file of its own, or there is no ``latest``; readers do without."""
    monkeypatch.setattr(f"os.{call}", _not_supported)
    write_inventory(FLEET, tmp_path, now=NOW)
    write_inventory(FLEET, tmp_path, now=LATER)
    assert_same_inventory(read_inventory(tmp_path), as_written(FLEET))
    assert (tmp_path / "latest").exists() == (call == "link")
    assert not list(tmp_path.glob(".latest*"))


def _not_supported(*_: Any, **__: Any) -> None:
    raise OSError(95, "Operation not supported")


def test_two_writers_at_once_are_both_whole(tmp_path: Path) -> None:
    """The second waits for the first, and removes nothing of it."""
    with ThreadPoolExecutor(4) as pool:
        ids = list(pool.map(lambda _: write_inventory(FLEET, tmp_path, now=NOW), range(8)))
    assert sorted(list_snapshots(tmp_path)) == sorted(ids)
    for one in ids:
        assert_same_inventory(read_inventory(tmp_path, snapshot=one), as_written(FLEET))


@pytest.mark.parametrize("name", ["snapshots", "private"])
def test_nothing_is_written_through_a_link(tmp_path: Path, name: str) -> None:
    """In place of a folder it may lead anywhere, and key facts with it."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InventoryError, match=f"{name} is a symbolic link"):
        write_inventory(FLEET, tmp_path / "in", now=NOW)
    assert not list((tmp_path / "elsewhere").iterdir())
