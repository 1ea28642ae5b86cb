"""How much memory a large fleet takes, from the first call to the finished tables.

    python benchmarks/memory.py [CONNECTIONS]

The emulator answers from a process of its own, through a pipe instead of a socket: what is measured
is the crawl's own memory, by the kernel's count of resident pages. Prints figures, asserts nothing
about them.
"""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any, Self
from unittest import mock

from vpnframe.cloud import answers
from vpnframe.cloud.actions import ACTIONS, Limit
from vpnframe.cloud.messages import Request, Response
from vpnframe.cloud.signing import Credentials
from vpnframe.fetching import FetchSettings, afetch
from vpnframe.frames import make_tables
from vpnframe.inventory import Inventory
from vpnframe.records import Records

CONNECTIONS = 100_000
REGIONS = 30


def serve(pipe: Pipe, connections: int) -> None:
    """Answer requests from a pipe until it closes."""
    from vpnframe.emulator import make_fleet, make_state  # noqa: PLC0415  in this process alone
    from vpnframe.emulator.service import handle  # noqa: PLC0415

    state = make_state(make_fleet(connections=connections, regions=REGIONS), quotas=False)
    account = state.fleet.accounts[0]
    pipe.send((account.access_key_id, account.access_key_secret))
    while (asked := pipe.recv()) is not None:
        answer = handle(state, Request(*asked), time.time())
        pipe.send((answer.status, dict(answer.headers), answer.body))


def transport_over(pipe: Pipe) -> type:
    """Make what stands in for the transport: the emulator behind the pipe."""

    class Piped:
        def __init__(self, **_: Any) -> None:
            pass

        async def __aenter__(self) -> Self:
            return self

        async def __aexit__(self, *_: object) -> None:
            pass

        async def send(self, request: Request) -> Response:
            pipe.send((request.method, request.url, dict(request.headers)))
            return Response(*pipe.recv())

    return Piped


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


def measure(pipe: Pipe) -> Inventory:
    """Fetch the fleet, and print what that took."""
    credentials = Credentials(*pipe.recv())
    limits = {name: Limit(10**9) for name in ACTIONS}
    settings = FetchSettings(quota_share=1.0, quotas=limits)
    # What is loaded on first use is no memory of a connection.
    make_tables(Records())
    gc.collect()
    decoding, flattening = Stopwatch(answers.decode_download), Stopwatch(make_tables)
    before, started = resident_kib(), time.perf_counter()
    with (
        mock.patch("vpnframe.fetching.Transport", transport_over(pipe)),
        mock.patch("vpnframe.crawl.regions.decode_download", decoding),
        mock.patch("vpnframe.frames.make_tables", flattening),
    ):
        work = afetch(endpoint="http://127.0.0.1", credentials=credentials, settings=settings)
        inventory = asyncio.run(work)
    gc.collect()
    n = len(inventory.connections)
    show("connections", n)
    show("fetched, the emulator's time included", time.perf_counter() - started, "s")
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


def main(connections: int) -> None:
    """Measure everything."""
    measure_import()
    context: Any = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    child = context.Process(target=serve, args=(theirs, connections), daemon=True)
    child.start()
    try:
        measure_tables(measure(ours))
        ours.send(None)
    finally:
        child.join(timeout=10)
        child.terminate()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else CONNECTIONS)
