"""Snapshots are listed, verified and removed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from helpers import as_written, assert_same_inventory
from test_inventory_read import FLEET, made
from typer.testing import CliRunner

import vpnframe as vf
from vpnframe import schema
from vpnframe.cli import app
from vpnframe.errors import InventoryError, SettingsError
from vpnframe.inventory import list_snapshots, read_inventory, write_inventory
from vpnframe.model.records import Coverage

BEGIN = datetime(2024, 11, 20, tzinfo=UTC)
NOW = BEGIN + timedelta(days=10)
WHOLE = made(coverage=(Coverage(status="complete", region_id="cn-a"),))
PART = made(coverage=(Coverage(status="partial", region_id="cn-a"),))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A snapshot a day for five days: the second is complete and full, the last is a sample."""
    kinds = [("full", PART), ("full", WHOLE), ("lists", WHOLE), ("full", PART), ("sample", WHOLE)]
    for day, (kind, inventory) in enumerate(kinds):
        write_inventory(inventory, tmp_path, kind=kind, now=BEGIN + timedelta(days=day))
    return tmp_path


def test_the_list_is_a_table(folder: Path) -> None:
    """Oldest first."""
    table = vf.snapshots(folder)
    schema.validate("snapshots", table)
    assert table["snapshot"].tolist() == list_snapshots(folder)
    assert table["kind"].tolist() == ["full", "full", "lists", "full", "sample"]
    assert table["is_complete"].tolist() == [False, True, True, False, True]
    assert table["finished_at"].dt.day.tolist() == [20, 21, 22, 23, 24]


def test_a_folder_that_is_no_inventory_is_named(tmp_path: Path) -> None:
    """By each function."""
    for call in (vf.snapshots, vf.verify, lambda path: vf.prune(path, keep_last=1)):
        with pytest.raises(InventoryError, match="is not an inventory"):
            call(tmp_path)


def test_every_flipped_byte_is_found(tmp_path: Path) -> None:
    """In each file, the record among them; the reader of that file finds it, too."""
    snapshot = write_inventory(FLEET, tmp_path, now=BEGIN)
    assert vf.verify(tmp_path).empty
    paths = [*tmp_path.glob("*/snapshot=*/*.parquet"), *tmp_path.glob("*/*/snapshot.json")]
    assert len(paths) > 10
    for path in paths:
        body = path.read_bytes()
        at = len(body) // 2
        flipped = b"\0" if path.suffix == ".json" else bytes([body[at] ^ 1])
        path.write_bytes(body[:at] + flipped + body[at + 1 :])
        damages = vf.verify(tmp_path)
        schema.validate("damages", damages)
        assert damages["file"].tolist() == [path.relative_to(tmp_path).as_posix()]
        assert damages["snapshot"].tolist() == [snapshot]
        with pytest.raises(InventoryError, match=path.name):
            read_inventory(tmp_path, snapshot=snapshot)
        path.write_bytes(body)
    assert_same_inventory(read_inventory(tmp_path), as_written(FLEET))


def test_a_damaged_file_is_named_for_each_snapshot_that_it_serves(tmp_path: Path) -> None:
    """Hard links share their damage."""
    ids = [write_inventory(FLEET, tmp_path, now=BEGIN + timedelta(days=n)) for n in range(3)]
    path = tmp_path / "latest" / "tunnels.parquet"
    if path.stat().st_nlink < 3:
        pytest.skip("a file system without hard links")
    path.write_bytes(path.read_bytes()[:-1])
    assert vf.verify(tmp_path)["snapshot"].tolist() == ids
    path.unlink()
    damages = vf.verify(tmp_path)
    assert len(damages) == 3


@pytest.mark.parametrize(
    ("rule", "kept"),
    [
        ({"keep_last": 1}, [1, 4]),  # the newest complete and full one stays
        ({"keep_last": 2}, [1, 3, 4]),
        ({"keep_last": 0}, [1, 4]),
        ({"keep_last": 9}, [0, 1, 2, 3, 4]),
        ({"keep_days": 8}, [1, 2, 3, 4]),
        ({"keep_days": 0}, [1, 4]),
        ({"keep_days": 7, "keep_last": 1}, [1, 3, 4]),
    ],
)
def test_what_no_rule_keeps_is_removed(folder: Path, rule: dict[str, int], kept: list[int]) -> None:
    """But the newest one and the newest complete one stay in any case."""
    ids = list_snapshots(folder)
    wanted = [one for n, one in enumerate(ids) if n not in kept]
    assert vf.prune(folder, **rule, now=NOW, dry_run=True) == wanted
    assert list_snapshots(folder) == ids
    assert vf.prune(folder, **rule, now=NOW) == wanted
    assert list_snapshots(folder) == [ids[n] for n in kept]
    assert {path.name for path in (folder / "snapshots").iterdir()} == {
        f"snapshot={ids[n]}" for n in kept
    }


def test_a_rule_is_needed(folder: Path) -> None:
    """Nothing is removed without one."""
    with pytest.raises(SettingsError, match="say what to keep"):
        vf.prune(folder)
    with pytest.raises(SettingsError, match="must not be negative"):
        vf.prune(folder, keep_last=-1)
    assert len(list_snapshots(folder)) == 5


def run(*words: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, words)
    return done.exit_code, done.stdout, done.stderr


def test_the_commands(folder: Path) -> None:
    """A list, a check, and a rule that has to be given."""
    ids = list_snapshots(folder)
    code, out, _ = run("snapshots", str(folder))
    assert (code, [line.split()[0] for line in out.splitlines()[1:] if line][-5:]) == (0, ids)
    assert run("verify", str(folder))[:2] == (0, "5 snapshots: no file is damaged\n")
    code, _, err = run("prune", str(folder))
    assert code == 2
    assert "--keep-last N or --keep-days N" in err
    code, out, _ = run("prune", str(folder), "--keep-last", "1", "--dry-run")
    assert (code, out.splitlines()[-1]) == (0, "3 snapshots would be removed")
    assert (
        run("prune", str(folder), "--keep-last", "1")[1].splitlines()[-1] == "3 snapshots removed"
    )
    assert list_snapshots(folder) == [ids[1], ids[4]]
    (folder / "snapshots" / f"snapshot={ids[4]}" / "tunnels.parquet").unlink()
    code, out, _ = run("verify", str(folder))
    assert code == 1
    assert "tunnels.parquet" in out


def test_facts_that_cannot_be_removed_are_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A snapshot is not said to be removed while something of it is left."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(13, "Permission denied")

    monkeypatch.setattr("shutil.rmtree", refuse)
    with pytest.raises(InventoryError, match="cannot be changed: Permission denied"):
        vf.prune(folder, keep_last=1)
