"""How much memory a large fleet takes, from the first call to the finished tables.

    python benchmarks/memory.py [CONNECTIONS] [--out] [--no-routes]

The emulator answers over plain HTTP from a process of its own: what is measured is the crawl's own
memory, by the kernel's count of resident pages. With ``--out`` the crawl keeps a checkpoint,
commits its lists and writes the inventory. Prints figures, asserts nothing about them.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

from cloud import NO_LIMITS, Emulator, emulator

from vpnframe.cloud import answers
from vpnframe.fetching.fetch import afetch
from vpnframe.fetching.settings import FetchSettings
from vpnframe.inventory import Inventory
from vpnframe.inventory.flattening import flatten, make_tables
from vpnframe.model.records import Records

CONNECTIONS = 100_000
REGIONS = 30


class Stopwatch:
    """A function, and the CPU time spent in it."""

    def __init__(self, run: Callable[..., Any]) -> None:
        self._run = run
        self.cpu_s = 0.0

    def __call__(self, *args: Any, **options: Any) -> Any:
        """Run it."""
        start = time.process_time()
        result = self._run(*args, **options)
        self.cpu_s += time.process_time() - start
        return result


def resident_kib(field: str = "VmRSS") -> int:
    """Resident memory of this process as the kernel counts it, VmHWM for its peak so far."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{field}:"))


def measure(cloud: Emulator, out: str | None, *, routes: bool) -> Inventory:
    """Fetch the fleet, and print what that took."""
    settings = FetchSettings(quota_share=1.0, quotas=NO_LIMITS, out=out, routes=routes)
    # What is loaded on first use is no memory of a connection.
    make_tables(Records())
    gc.collect()
    decoding, flattening = Stopwatch(answers.decode_download), Stopwatch(flatten)
    before, started = resident_kib(), time.perf_counter()
    with (
        mock.patch("vpnframe.fetching.regions.decode_download", decoding),
        mock.patch("vpnframe.inventory.flattening.flatten", flattening),
    ):
        work = afetch(endpoint=cloud.endpoint, credentials=cloud.credentials, settings=settings)
        inventory = asyncio.run(work)
    gc.collect()
    n = len(inventory.connections)
    show("connections", n)
    show("fetched, at the emulator's pace", time.perf_counter() - started, "s")
    show("of that, decoding the downloads (CPU)", decoding.cpu_s, "s")
    show("of that, records to tables (CPU)", flattening.cpu_s, "s")
    show("grown by, at the peak", (resident_kib("VmHWM") - before) / n, "KiB a connection")
    show("grown by, afterwards", (resident_kib() - before) / n, "KiB a connection")
    return inventory


def show(what: str, value: float, unit: str = "") -> None:
    """Print one line."""
    number = f"{value:>12,}" if isinstance(value, int) else f"{value:>12.2f}"
    print(f"{what:<58} {number} {unit}", flush=True)


def measure_tables(inventory: Inventory) -> None:
    """The size of each table."""
    n = len(inventory.connections)
    for name, table in inventory.tables().items():
        kib = int(table.memory_usage(deep=True).sum()) / 1024
        show(f"table {name}, {len(table):,} rows", kib / n, "KiB a connection")


def measure_import(repeats: int = 5) -> None:
    """What importing the package adds to importing pandas, in fresh processes."""
    plain = median_import_ms("import vpnframe", repeats)
    used = median_import_ms("import vpnframe; vpnframe.read_inventory, vpnframe.overlaps", repeats)
    show("import vpnframe beside import pandas", plain, "ms more")
    show("the same, reading and overlaps used", used, "ms more")


def median_import_ms(statement: str, repeats: int) -> float:
    """Median milliseconds of a statement after pandas was imported."""
    code = (
        "import pandas, time; start = time.perf_counter(); "
        f"{statement}; print((time.perf_counter() - start) * 1e3)"
    )
    command = [sys.executable, "-c", code]
    runs = [
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603  our own interpreter
        for _ in range(repeats)
    ]
    return statistics.median(float(run.stdout) for run in runs)


def main() -> None:
    """Measure everything."""
    parser = argparse.ArgumentParser()
    parser.add_argument("connections", nargs="?", type=int, default=CONNECTIONS)
    parser.add_argument("--no-routes", action="store_true", help="connections and gateways alone")
    parser.add_argument("--out", action="store_true", help="with a checkpoint and an inventory")
    options = parser.parse_args()
    measure_import()
    folder = tempfile.TemporaryDirectory() if options.out else contextlib.nullcontext()
    with emulator(connections=options.connections, regions=REGIONS) as cloud, folder as out:
        measure_tables(measure(cloud, out, routes=not options.no_routes))


if __name__ == "__main__":
    main()
