"""Writing and reading inventories, against plain pyarrow and pandas on the same tables.

    python benchmarks/disk.py [ROWS]

Prints ratios to the bare files of the same tables (zstd 1, same row groups), pair by pair, checksum
and sync included in ours; the number of files; and what an unchanged day adds. Asserts nothing.
"""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from audit import inventory_of, repeated

import vpnframe as vf
from vpnframe import schema
from vpnframe.emulator import make_fleet, make_state

ROWS = 1_000_000
PAIRS = 5
DAY = datetime(2026, 11, 30, tzinfo=UTC)
Tables = Mapping[str, pd.DataFrame]


def write_bare(tables: Tables, folder: Path) -> None:
    """Each table as one file, as a user would write it."""
    folder.mkdir(exist_ok=True)
    for name, table in tables.items():
        pq.write_table(
            pa.Table.from_pandas(table, preserve_index=False),
            folder / f"{name}.parquet",
            compression="zstd",
            compression_level=1,
            row_group_size=100_000,
        )


def read_bare(names: Tables, folder: Path) -> None:
    """Each file into pandas."""
    for name in names:
        pq.read_table(folder / f"{name}.parquet").to_pandas()


def ratio(ours: Callable[[], object], bare: Callable[[], object]) -> str:
    """The median of the ratios of pairs, and the median of our own times."""
    times = []
    for _ in range(PAIRS):
        pair = []
        for call in (bare, ours):
            started = time.perf_counter()
            call()
            pair.append(time.perf_counter() - started)
        times.append(pair)
    found = statistics.median(own / base for base, own in times)
    return f"{found:.2f} times ({statistics.median(own for _, own in times):.2f} s)"


def size_of(folder: Path) -> int:
    """Bytes of all Parquet files."""
    return sum(path.stat().st_size for path in folder.rglob("*.parquet"))


def measure(inv: vf.Inventory, words: str) -> None:
    """Write and read an inventory, beside the bare files of its tables."""
    tables = inv.tables(with_key_facts=True)
    with tempfile.TemporaryDirectory() as name:
        bare, ours = Path(name, "bare"), Path(name, "ours")

        def write() -> None:
            shutil.rmtree(ours, ignore_errors=True)  # else unchanged tables would be hard links
            vf.write_inventory(inv, ours)

        written = ratio(write, lambda: write_bare(tables, bare))
        read = ratio(lambda: vf.read_inventory(ours), lambda: read_bare(tables, bare))
        print(f"{words} written in {written}, read in {read}")
        files = [path for path in ours.rglob("*") if path.is_file() and not path.is_symlink()]
        print(f"  {len(files)} files, {size_of(ours) / size_of(bare):.3f} times the bytes")


def many_tunnels(inv: vf.Inventory, rows: int, *, is_sorted: bool) -> vf.Inventory:
    """An inventory whose table ``tunnels`` has many rows, and whose other tables have none."""
    times = -(-rows // len(inv.tunnels))
    tunnels = pd.concat([inv.tunnels] * times, ignore_index=True).head(rows)
    copy = pd.Series(range(rows), dtype="Int64") // len(inv.tunnels)
    tunnels["account_id"] = (copy + 10**6).astype("str")
    if not is_sorted:
        tunnels = tunnels.sample(frac=1, random_state=1).reset_index(drop=True)
    empty = {name: schema.empty(name) for name in inv.tables()}
    return vf.Inventory(**empty | {"tunnels": schema.cast("tunnels", tunnels)})


def unchanged_day(inv: vf.Inventory) -> int:
    """The bytes that a second equal snapshot adds in files that are not hard links."""
    with tempfile.TemporaryDirectory() as name:
        vf.write_inventory(inv, name, now=DAY)
        second = vf.write_inventory(inv, name, now=DAY + timedelta(days=1))
        paths = Path(name).glob(f"*/snapshot={second}/*")
        return sum(path.stat().st_size for path in paths if path.stat().st_nlink == 1)


def main() -> None:
    """Print the figures."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    small = inventory_of(make_state(make_fleet(connections=1_500, seed=3), quotas=False))
    for is_sorted, words in ((True, "in key order"), (False, "unsorted")):
        measure(many_tunnels(small, rows, is_sorted=is_sorted), f"{rows:,} tunnels {words}")
    fleet = repeated(small, 14)
    measure(fleet, f"{len(fleet.connections):,} connections, all tables,")
    week = inventory_of(make_state(make_fleet(connections=250, seed=3), quotas=False))
    print(f"an unchanged day of 250 connections adds {unchanged_day(week):,} bytes")


if __name__ == "__main__":
    main()
