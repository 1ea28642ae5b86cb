"""A snapshot from disk, equal to what was written."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from helpers import assert_same_inventory, inventory_of

from vpnframe import schema
from vpnframe.emulator import make_fleet, make_state
from vpnframe.errors import ClockWarning, InventoryError
from vpnframe.inventory import (
    Inventory,
    flattening,
    list_snapshots,
    read_inventory,
    write_inventory,
)
from vpnframe.model.records import Connection, Coverage, Failure, Records, Tunnel

NOW = datetime(2024, 11, 23, 6, 24, tzinfo=UTC)
FLEET = inventory_of(make_state(make_fleet(connections=40, regions=4), quotas=False))


def connection(number: int, region: str | None, account: str | None = "1", **more: Any) -> Any:
    return Connection(
        vpn_connection_id=f"vco-{number}",
        tunnels=(Tunnel(tunnel_index=1),),
        region_id=region,
        account_id=account,
        vpc_subnets=("10.0.0.0/8", "oops"),
        **more,
    )


def made(*connections: Connection, **more: Any) -> Inventory:
    return Inventory(**flattening.make_tables(Records(connections=connections, **more)))


INVENTORIES = {
    "fleet": FLEET,
    "nothing": made(),
    "one row": made(connection(1, "cn-shanghai")),
    "null region": made(connection(1, None)),
    "null account": made(connection(1, "cn-shanghai", None)),
    "null both": made(connection(1, None, None), connection(2, "cn-a", None)),
    "odd regions": made(
        *(connection(n, r) for n, r in enumerate(["../x", "..", "a b", "a/b", ""]))
    ),
    "null first": made(
        connection(1, "cn-b"),
        failures=(
            Failure(kind="denied", message="no"),
            Failure(kind="gone", message="x", region_id="cn-a"),
        ),
        coverage=(Coverage(status="denied"), Coverage(status="complete", region_id="cn-a")),
    ),
    "not sorted": made(*(connection(n, r) for n, r in enumerate(["b", "a", "b", None, "a"]))),
    "non-ascii": made(
        connection(1, "cn-上海", name="München ☃ \U0001f600 \x00", tags=("größe=ß", "空="))
    ),
    "extremes": made(connection(1, "cn-a", created_ms=2**46, bandwidth_mbps=2**31 - 1)),
}


@pytest.mark.parametrize("inventory", INVENTORIES.values(), ids=INVENTORIES.keys())
def test_what_was_written_is_read(inventory: Inventory, tmp_path: Path) -> None:
    """Equal in rows, their order, columns and dtypes."""
    snapshot = write_inventory(inventory, tmp_path, now=NOW)
    read = read_inventory(tmp_path)
    assert_same_inventory(inventory, read)
    assert read.snapshot == snapshot
    assert repr(read) == repr(inventory)


def test_an_index_of_its_own_does_not_matter(tmp_path: Path) -> None:
    """A filtered table is written by its rows."""
    keep = FLEET.failures.iloc[:0]
    tables = dict(FLEET.tables()) | {"failures": keep, "subnets": FLEET.subnets.iloc[::-1]}
    write_inventory(Inventory(**tables), tmp_path, now=NOW)
    read = read_inventory(tmp_path).subnets
    pd.testing.assert_frame_equal(read, FLEET.subnets.iloc[::-1].reset_index(drop=True))


def test_latest_is_the_last_written_also_within_a_second(tmp_path: Path) -> None:
    """Two snapshots of one second are told apart by when they were committed."""
    for number in range(6):
        write_inventory(made(*(connection(n, "cn-a") for n in range(number))), tmp_path, now=NOW)
    assert len(read_inventory(tmp_path).connections) == 5
    assert len(list_snapshots(tmp_path)) == 6


def test_a_snapshot_is_read_by_its_id(tmp_path: Path) -> None:
    """An older one stays readable."""
    older = write_inventory(made(connection(1, "cn-a")), tmp_path, now=NOW)
    write_inventory(made(), tmp_path, now=datetime(2025, 1, 1, tzinfo=UTC))
    assert len(read_inventory(tmp_path, snapshot=older).connections) == 1
    assert len(read_inventory(tmp_path).connections) == 0


@pytest.mark.parametrize("unknown", ["20200101T000000Z-000000", "../x", ""])
def test_an_unknown_snapshot_is_named_with_the_newest(tmp_path: Path, unknown: str) -> None:
    """The message says what there is."""
    snapshot = write_inventory(made(), tmp_path, now=NOW)
    with pytest.raises(InventoryError, match=f"no snapshot '{unknown}'.*{snapshot}"):
        read_inventory(tmp_path, snapshot=unknown)


def test_a_folder_that_is_no_inventory_is_told_with_the_remedy(tmp_path: Path) -> None:
    """Missing, or with other things in it."""
    with pytest.raises(InventoryError, match=r"is not an inventory.*vpnframe fetch --out"):
        read_inventory(tmp_path / "missing")
    (tmp_path / "file.txt").write_text("x")
    with pytest.raises(InventoryError, match="is not an inventory"):
        list_snapshots(tmp_path)


def test_an_inventory_without_a_commit_is_told(tmp_path: Path) -> None:
    """What a dead writer left is nothing."""
    (tmp_path / "_snapshots").mkdir()
    (tmp_path / "_snapshots" / ".20241123T062400Z-000000.tmp").write_text("{")
    with pytest.raises(InventoryError, match="no committed snapshot"):
        read_inventory(tmp_path)


def test_parts_without_a_commit_are_not_read(tmp_path: Path) -> None:
    """A snapshot is what its record names, whatever else lies there."""
    write_inventory(FLEET, tmp_path, now=NOW)
    for path in list(tmp_path.rglob("*.parquet")):
        stray = Path(str(path).replace("20241123T0624", "20261124T0000"))
        stray.parent.mkdir(parents=True, exist_ok=True)
        stray.write_bytes(path.read_bytes())
    assert_same_inventory(read_inventory(tmp_path), FLEET)


def record_of(folder: Path) -> tuple[Path, dict[str, Any]]:
    (path,) = (folder / "_snapshots").glob("*.json")
    return path, json.loads(path.read_text())


@pytest.mark.parametrize(
    "change",
    [
        lambda record: "",
        lambda record: "{",
        lambda record: json.dumps(record)[:-20],
        lambda record: json.dumps([record]),
        lambda record: json.dumps(record | {"parts": [{"table": "tunnels"}]}),
        lambda record: json.dumps(record | {"parts": None}),
        lambda record: json.dumps({k: v for k, v in record.items() if k != "n_rows"}),
        lambda record: json.dumps(record | {"layout_version": "one"}),
        lambda record: json.dumps(record | {"orders": {"tunnels": [0, 0]}}),
        lambda record: "\ufffe",
    ],
)  # fmt: skip
def test_a_damaged_record_is_named(tmp_path: Path, change: Any) -> None:
    """Cut off, of another shape, or with a field missing: never a bare KeyError."""
    write_inventory(FLEET, tmp_path, now=NOW)
    path, record = record_of(tmp_path)
    path.write_text(change(record))
    with pytest.raises(InventoryError, match="damaged"):
        read_inventory(tmp_path)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"layout_version": 2, "parts": "of another shape"}, "newer vpnframe"),
        ({"snapshot": "20200101T000000Z-000000"}, "belongs to snapshot"),
        ({"parts": []}, "0 rows, .* were written"),
    ],
)
def test_a_record_that_does_not_fit_is_told(tmp_path: Path, change: Any, problem: str) -> None:
    """A newer layout, another snapshot's record, parts that are not named."""
    write_inventory(FLEET, tmp_path, now=NOW)
    path, record = record_of(tmp_path)
    path.write_text(json.dumps(record | change))
    with pytest.raises(InventoryError, match=problem):
        read_inventory(tmp_path)


def test_a_record_with_further_fields_is_read(tmp_path: Path) -> None:
    """Fields are only ever added."""
    write_inventory(FLEET, tmp_path, now=NOW)
    path, record = record_of(tmp_path)
    path.write_text(json.dumps(record | {"added_later": 1}))
    assert_same_inventory(read_inventory(tmp_path), FLEET)


@pytest.mark.parametrize("damage", ["flip", "cut", "missing", "foreign"])
def test_a_damaged_part_is_named(tmp_path: Path, damage: str) -> None:
    """One changed byte is enough: data are never read wrong in silence."""
    write_inventory(FLEET, tmp_path, now=NOW)
    part = next((tmp_path / "tunnels").rglob("*.parquet"))
    body = bytearray(part.read_bytes())
    part.unlink()
    if damage == "flip":
        body[len(body) // 3] ^= 1
    bodies = {"flip": bytes(body), "cut": bytes(body[:-7]), "foreign": b"not a parquet file"}
    if damage in bodies:
        part.write_bytes(bodies[damage])
    with pytest.raises(InventoryError, match=part.name):
        read_inventory(tmp_path)


def test_an_inventory_can_be_moved(tmp_path: Path) -> None:
    """Paths in the record are relative."""
    write_inventory(FLEET, tmp_path / "here", now=NOW)
    (tmp_path / "here").rename(tmp_path / "there")
    assert_same_inventory(read_inventory(str(tmp_path / "there")), FLEET)


def test_what_was_read_can_be_written_again(tmp_path: Path) -> None:
    """Whole, or a part of it: a reader's tables pass the schema."""
    state = make_state(make_fleet(connections=12, regions=2), quotas=False)
    write_inventory(inventory_of(state), tmp_path / "first")
    read = read_inventory(tmp_path / "first")
    for name, table in read.tables().items():
        schema.validate(name, table)
    some = replace(read, tunnels=read.tunnels[read.tunnels["ike_version"] == 1])
    write_inventory(some, tmp_path / "second")
    again = read_inventory(tmp_path / "second")
    assert 0 < len(again.tunnels) < len(read.tunnels)
    assert again.tunnels["tunnel_id"].tolist() == some.tunnels["tunnel_id"].tolist()


FUTURE = datetime(2030, 1, 1, tzinfo=UTC)
LATER = datetime(2024, 12, 1, tzinfo=UTC)


def test_a_snapshot_from_the_future_is_said_when_another_is_written(tmp_path: Path) -> None:
    """It stays the newest: which one, and what to do; what was written is there all the same."""
    future = write_inventory(made(connection(1, "cn-a")), tmp_path, now=FUTURE)
    with pytest.warns(
        ClockWarning, match=rf"{future} is dated in the future .*: set .* clock"
    ) as said:
        written = write_inventory(made(), tmp_path, now=NOW)
    assert [w.filename for w in said] == [__file__]
    assert list_snapshots(tmp_path) == [written, future]


def test_a_snapshot_from_the_future_is_said_when_it_is_read_as_the_newest(tmp_path: Path) -> None:
    """With the newest one before now; whoever names a snapshot knows which he reads."""
    older = write_inventory(made(), tmp_path, now=NOW)
    future = write_inventory(made(connection(1, "cn-a")), tmp_path, now=FUTURE)
    match = (
        rf"{future} is dated in the future \(now 2024-12-01 00:00:00 UTC\)"
        rf".*read another one such as {older}"
    )
    with pytest.warns(ClockWarning, match=match) as said:
        assert len(read_inventory(tmp_path, now=LATER).connections) == 1
    assert [w.filename for w in said] == [__file__]
    assert len(read_inventory(tmp_path, snapshot=future, now=LATER).connections) == 1


def test_the_remedy_that_is_said_works(tmp_path: Path) -> None:
    """The file that the warning names is the one to remove."""
    older = write_inventory(made(), tmp_path, now=NOW)
    write_inventory(made(connection(1, "cn-a")), tmp_path, now=FUTURE)
    with pytest.warns(ClockWarning) as said:
        read_inventory(tmp_path, now=LATER)
    Path(str(said[0].message).rpartition("remove ")[2]).unlink()
    assert read_inventory(tmp_path, now=LATER).snapshot == older


def test_a_snapshot_of_this_very_second_is_not_of_the_future(tmp_path: Path) -> None:
    """Nor is one that the new one completes, whatever the clock did in between."""
    write_inventory(made(), tmp_path, now=NOW)
    write_inventory(made(), tmp_path, now=NOW)
    read_inventory(tmp_path, now=NOW)
    lists = write_inventory(made(), tmp_path, now=FUTURE)
    write_inventory(made(), tmp_path, now=NOW, supersedes=lists)
    read_inventory(tmp_path, now=NOW)
