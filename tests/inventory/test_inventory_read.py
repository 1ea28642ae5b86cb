"""A snapshot from disk, equal to what was written."""

from __future__ import annotations

import json
import shutil
import warnings
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from helpers import as_written, assert_same_inventory, inventory_of, record_of

from vpnframe import schema
from vpnframe.emulator import make_fleet, make_state
from vpnframe.errors import ClockWarning, IncompleteWarning, InventoryError
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
    """Equal in rows, columns and dtypes, and sorted by account, region and connection."""
    snapshot = write_inventory(inventory, tmp_path, now=NOW)
    read = read_inventory(tmp_path)
    assert_same_inventory(as_written(inventory), read)
    assert read.snapshot == snapshot
    assert repr(read) == repr(inventory)


def test_an_index_of_its_own_does_not_matter(tmp_path: Path) -> None:
    """A filtered table is written by its rows."""
    keep = FLEET.failures.iloc[:0]
    tables = dict(FLEET.tables()) | {"failures": keep, "subnets": FLEET.subnets.iloc[::-1]}
    held = Inventory(**tables)
    write_inventory(held, tmp_path, now=NOW)
    pd.testing.assert_frame_equal(read_inventory(tmp_path).subnets, as_written(held).subnets)


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
    home = tmp_path / "snapshots" / "snapshot=20241123T062400Z-000000"
    home.mkdir(parents=True)
    (home / ".snapshot.json").write_text("{")
    with pytest.raises(InventoryError, match="has no snapshot"):
        read_inventory(tmp_path)


def test_parts_without_a_commit_are_not_read(tmp_path: Path) -> None:
    """A snapshot is what its record names; the next writer removes what has no record."""
    write_inventory(FLEET, tmp_path, now=NOW)
    for path in list(tmp_path.glob("*/*/*.parquet")):
        stray = Path(str(path).replace("20241123T0624", "20261124T0000"))
        stray.parent.mkdir(parents=True, exist_ok=True)
        stray.write_bytes(path.read_bytes())
    assert_same_inventory(read_inventory(tmp_path), as_written(FLEET))
    write_inventory(FLEET, tmp_path, now=LATER)
    assert not list(tmp_path.rglob("*20261124*"))


@pytest.mark.parametrize(
    "change",
    [
        lambda record: "",
        lambda record: "{",
        lambda record: json.dumps(record)[:-20],
        lambda record: json.dumps([record]),
        lambda record: json.dumps(record | {"tables": {"tunnels": [{"name": "tunnels.parquet"}]}}),
        lambda record: json.dumps(record | {"tables": None}),
        lambda record: json.dumps({k: v for k, v in record.items() if k != "tables"}),
        lambda record: json.dumps(record | {"schema_version": "one"}),
        lambda record: json.dumps(record | {"kind": "odd"}),
        lambda record: "\ufffe",
    ],
)  # fmt: skip
def test_a_damaged_record_is_named(tmp_path: Path, change: Any) -> None:
    """Cut off, of another shape, or with a field missing: never a bare KeyError."""
    write_inventory(FLEET, tmp_path, now=NOW)
    path = record_of(tmp_path)
    record = json.loads(path.read_text())
    path.write_text(change(record))
    with pytest.raises(InventoryError, match="damaged"):
        read_inventory(tmp_path)


FOREIGN = {"name": "../../private/x.parquet", "n_rows": 1, "sha256": ""}


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"schema_version": 3, "tables": "of another shape"}, "newer vpnframe"),
        ({"snapshot": "20200101T000000Z-000000"}, "names snapshot"),
        ({"tables": {"tunnels": [FOREIGN]}}, "names .*private.*not of its folder"),
        ({"tables": {"tunnels": [FOREIGN | {"name": "vpcs.parquet"}]}}, "names vpcs.parquet"),
        ({"tables": {"tunnels": [FOREIGN | {"name": "tunnels.parquet"}]}}, "has changed since"),
    ],
)
def test_a_record_that_does_not_fit_is_told(tmp_path: Path, change: Any, problem: str) -> None:
    """A newer schema, another snapshot's record, a file of another folder or table."""
    write_inventory(FLEET, tmp_path, now=NOW)
    path = record_of(tmp_path)
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(InventoryError, match=problem):
        read_inventory(tmp_path)


@pytest.mark.parametrize("link", ["snapshots", "snapshots/snapshot={}", "private/snapshot={}"])
def test_a_link_in_place_of_a_folder_is_refused(tmp_path: Path, link: str) -> None:
    """It may lead anywhere; ``latest`` alone is a link."""
    snapshot = write_inventory(FLEET, tmp_path / "in", now=NOW)
    home = tmp_path / "in" / link.format(snapshot)
    home.rename(tmp_path / "elsewhere")
    home.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InventoryError, match="is a symbolic link"):
        read_inventory(tmp_path / "in")


def test_a_record_with_further_fields_is_read(tmp_path: Path) -> None:
    """Fields are only ever added."""
    write_inventory(FLEET, tmp_path, now=NOW)
    path = record_of(tmp_path)
    record = json.loads(path.read_text())
    path.write_text(json.dumps(record | {"added_later": 1}))
    assert_same_inventory(read_inventory(tmp_path), as_written(FLEET))


@pytest.mark.parametrize("damage", ["flip", "cut", "missing", "foreign"])
def test_a_damaged_part_is_named(tmp_path: Path, damage: str) -> None:
    """One changed byte is enough: data are never read wrong in silence."""
    write_inventory(FLEET, tmp_path, now=NOW)
    (part,) = tmp_path.glob("snapshots/*/tunnels.parquet")
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
    assert_same_inventory(read_inventory(str(tmp_path / "there")), as_written(FLEET))


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
    shutil.rmtree(Path(str(said[0].message).rpartition("remove ")[2]))
    assert read_inventory(tmp_path, now=LATER).snapshot == older


def test_a_snapshot_of_this_very_second_is_not_of_the_future(tmp_path: Path) -> None:
    """Two of one second are no reason for a warning, on writing or on reading."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        ids = [write_inventory(made(), tmp_path, now=NOW) for _ in range(2)]
        assert read_inventory(tmp_path, now=NOW).snapshot == ids[-1]
    assert not [one for one in said if issubclass(one.category, ClockWarning)]


def test_an_older_damaged_record_does_not_hide_the_newest(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged; a newer one is an error, as nobody knows what it says."""
    ids = [write_inventory(made(**WHOLE), tmp_path, now=day) for day in (NOW, LATER)]
    records = [tmp_path / "snapshots" / f"snapshot={one}" / "snapshot.json" for one in ids]
    body = records[0].read_text()
    records[0].write_text("{")
    assert read_inventory(tmp_path, now=LATER).snapshot == ids[1]
    assert f"{records[0]} is damaged" in caplog.text
    assert list_snapshots(tmp_path) == [ids[1]]
    records[0].write_text(body)
    records[1].write_text("{")
    with pytest.raises(InventoryError, match=f"{ids[1]}.* is damaged"):
        read_inventory(tmp_path, now=LATER)
    assert read_inventory(tmp_path, snapshot=ids[0]).snapshot == ids[0]


WHOLE = {"coverage": (Coverage(status="complete", region_id="cn-a"),)}


def test_a_date_is_the_newest_at_the_end_of_its_day(tmp_path: Path) -> None:
    """In UTC; a day before the first is an error that names the oldest."""
    first = write_inventory(made(**WHOLE), tmp_path, now=NOW)
    second = write_inventory(made(**WHOLE), tmp_path, now=LATER)
    at = {
        day: read_inventory(tmp_path, snapshot=day).snapshot for day in ("2024-11-23", "2024-11-30")
    }
    assert at == {"2024-11-23": first, "2024-11-30": first}
    assert read_inventory(tmp_path, snapshot="2024-12-01").snapshot == second
    with pytest.raises(InventoryError, match=f"no snapshot for '2024-11-22'.*{first}"):
        read_inventory(tmp_path, snapshot="2024-11-22")


def test_a_sample_is_never_the_latest_and_lists_alone_are_told(tmp_path: Path) -> None:
    """The newest complete one is named."""
    alone = write_inventory(made(**WHOLE), tmp_path / "alone", now=NOW, kind="sample")
    with pytest.warns(IncompleteWarning, match=f"{alone} is a sample .*: no other exists"):
        assert read_inventory(tmp_path / "alone", now=LATER).snapshot == alone
    full = write_inventory(made(**WHOLE), tmp_path, now=NOW)
    write_inventory(made(**WHOLE), tmp_path, now=LATER, kind="sample")
    assert read_inventory(tmp_path, now=LATER).snapshot == full
    lists = write_inventory(made(**WHOLE), tmp_path, now=LATER, kind="lists")
    with pytest.warns(IncompleteWarning, match=f"{lists} has only the lists: .* is {full}"):
        assert read_inventory(tmp_path, now=LATER).snapshot == lists
    partial = write_inventory(made(), tmp_path, now=FUTURE)
    with pytest.warns(IncompleteWarning, match=f"{partial} is not complete: .* is {full}"):
        read_inventory(tmp_path, now=FUTURE)


def test_regions_are_chosen(tmp_path: Path) -> None:
    """Of every table, their rows alone."""
    write_inventory(FLEET, tmp_path, now=NOW)
    region = FLEET.tunnels["region_id"].iloc[0]
    read = read_inventory(tmp_path, regions=[region])
    for name, table in read.tables().items():
        whole = as_written(FLEET).tables()[name]
        wanted = schema.cast(name, whole[whole["region_id"] == region])
        pd.testing.assert_frame_equal(table, wanted)
    with pytest.raises(InventoryError, match="says nothing about the region 'cn-typo'"):
        read_inventory(tmp_path, regions=[region, "cn-typo"])


def test_regions_of_an_account_that_was_refused_are_not_complete(tmp_path: Path) -> None:
    """Its row has no region: any region may be among those that were not read."""
    rows = (Coverage(status="complete", region_id="cn-a"), Coverage(status="denied"))
    refusal = Failure(kind="denied", message="no")
    write_inventory(made(coverage=rows, failures=(refusal,)), tmp_path, now=NOW)
    read = read_inventory(tmp_path, regions=["cn-a"], now=NOW)
    assert (read.is_complete, len(read.coverage), len(read.failures)) == (False, 2, 1)
