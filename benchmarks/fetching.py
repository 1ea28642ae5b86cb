"""How fast a fleet is downloaded, beside the vendor's own SDK, in one run.

    python benchmarks/fetching.py [--quick]

Ours is the crawl's whole way: signing, HTTP, decoding, recording, with and without a checkpoint.
Each figure is the median of five rounds, in which every client takes its turn; the CPU is that
of the client's process alone. The server is another process, the same for all: over TLS the
emulator, over plain HTTP one that answers from memory, because there the emulator would be what
is measured.
Prints figures and asserts only that every answer came.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from alibabacloud_tea_openapi.models import Config
from alibabacloud_vpc20160428 import models
from alibabacloud_vpc20160428.client import Client
from cloud import NO_LIMITS, Emulator, emulator, replay

from vpnframe.cloud.credentials import GivenCredentials
from vpnframe.cloud.rate_limits import Clock, RateLimiter, WaitingLanes
from vpnframe.cloud.transport import Transport
from vpnframe.fetching.caller import Caller, Place
from vpnframe.fetching.checkpoint import Checkpoint, open_checkpoint
from vpnframe.fetching.events import ignore
from vpnframe.fetching.listing import fetch_listing
from vpnframe.fetching.regions import RegionCrawl

REGIONS = 4  # the crawl has 16 calls under way in each
ROUNDS = 5
Asked = list[tuple[str, str]]  # region and connection


@dataclass(frozen=True, slots=True)
class Figure:
    """What one client did in one round."""

    calls_per_s: float
    cpu_ms: float


class Watch:
    """Times what one client does, from now on."""

    def __init__(self) -> None:
        self._cpu, self._start = time.process_time(), time.perf_counter()

    def figure(self, n_calls: int) -> Figure:
        """Calls per second, and CPU per call."""
        seconds, cpu_s = time.perf_counter() - self._start, time.process_time() - self._cpu
        return Figure(n_calls / seconds, cpu_s / n_calls * 1e3)


def make_caller(
    cloud: Emulator, transport: Transport, checkpoint: Checkpoint | None = None
) -> Caller:
    """Our caller without a pace of its own."""
    return Caller(
        send=transport.send,
        provider=GivenCredentials(cloud.credentials),
        lanes=WaitingLanes(RateLimiter(limits=NO_LIMITS, share=1.0), Clock()),
        checkpoint=checkpoint,
    )


async def list_connections(cloud: Emulator) -> Asked:
    """Every connection of the fleet, the regions in turn so that a part holds all of them."""
    async with Transport(ca_file=cloud.ca_file) as transport:
        caller = make_caller(cloud, transport)
        regions = await fetch_listing(caller, "DescribeRegions", Place(cloud.endpoint))
        columns = []
        for region_id in regions.rows.ids():
            place = Place(cloud.endpoint, region_id)
            rows = (await fetch_listing(caller, "DescribeVpnConnections", place)).rows
            columns.append([(region_id, connection_id) for connection_id in rows.ids()])
    return [pair for row in zip(*columns, strict=False) for pair in row]


def ours(cloud: Emulator, asked: Asked, *, at_once: int, has_checkpoint: bool = False) -> Figure:
    """The crawl's own download of regions: 16 calls at once in each."""
    regions = sorted({region_id for region_id, _ in asked})[: at_once // 16]

    async def run(checkpoint: Checkpoint | None) -> Figure:
        async with Transport(ca_file=cloud.ca_file) as transport:
            caller = make_caller(cloud, transport, checkpoint)
            crawls = [RegionCrawl(caller, Place(cloud.endpoint, r), ignore) for r in regions]
            for crawl in crawls:
                await crawl.list_all()
            watch = Watch()
            async with asyncio.TaskGroup() as group:
                for crawl in crawls:
                    ids = [i for region_id, i in asked if region_id == crawl.place.region_id]
                    group.create_task(crawl.download(ids))
            figure = watch.figure(sum(len(crawl.downloads) for crawl in crawls))
        assert not any(crawl.failures or crawl.given_up for crawl in crawls)
        return figure

    with tempfile.TemporaryDirectory() as folder:
        checkpoint = (
            open_checkpoint(Path(folder), purpose={}, resume=False) if has_checkpoint else None
        )
        with checkpoint or contextlib.nullcontext():
            return asyncio.run(run(checkpoint))


def sdk_client(cloud: Emulator) -> Client:
    """The vendor's client, told of the same authority."""
    protocol, _, host = cloud.endpoint.partition("://")
    return Client(
        Config(
            access_key_id=cloud.access_key_id,
            access_key_secret=cloud.access_key_secret,
            endpoint=host,
            protocol=protocol,
            ca=cloud.ca_file,
            connect_timeout=60_000,  # its own 5 s pass while it makes its TLS contexts
            read_timeout=60_000,
        )
    )


def sdk_request(pair: tuple[str, str]) -> models.DownloadVpnConnectionConfigRequest:
    """One call as the SDK wants it."""
    return models.DownloadVpnConnectionConfigRequest(region_id=pair[0], vpn_connection_id=pair[1])


def sdk_async(cloud: Emulator, asked: Asked, *, at_once: int) -> Figure:
    """The vendor's asynchronous client, so many calls at once."""
    client = sdk_client(cloud)

    async def run() -> Figure:
        queue, watch = iter(asked), Watch()
        found: list[Any] = []

        async def work() -> None:
            for pair in queue:
                answer = await client.download_vpn_connection_config_async(sdk_request(pair))
                found.append(answer.body.vpn_connection_config)

        async with asyncio.TaskGroup() as group:
            for _ in range(at_once):
                group.create_task(work())
        assert len(found) == len(asked)
        assert all(found)
        return watch.figure(len(found))

    return asyncio.run(run())


def sdk_threads(cloud: Emulator, asked: Asked, *, threads: int = 32) -> Figure:
    """The vendor's blocking client in threads."""
    client = sdk_client(cloud)

    def download(pair: tuple[str, str]) -> Any:
        return client.download_vpn_connection_config(sdk_request(pair)).body.vpn_connection_config

    watch = Watch()
    with ThreadPoolExecutor(threads) as pool:
        found = list(pool.map(download, asked))
    assert all(found)
    return watch.figure(len(found))


def compare(cloud: Emulator, asked: Asked, *, at_once: int) -> None:
    """Every client in turn, so many rounds, and the medians."""
    few = asked[: 48 if cloud.ca_file else len(asked) // 2]  # it makes a TLS context per call
    clients: dict[str, Callable[[], Figure]] = {
        "ours": lambda: ours(cloud, asked, at_once=at_once),
        "ours, with a checkpoint": lambda: ours(cloud, asked, at_once=at_once, has_checkpoint=True),
        "official SDK, async": lambda: sdk_async(cloud, few, at_once=at_once),
        "official SDK, 32 threads": lambda: sdk_threads(cloud, asked[:300]),
    }
    figures: dict[str, list[Figure]] = {name: [] for name in clients}
    for _ in range(ROUNDS):
        for name, run in clients.items():
            figures[name].append(run())
    print(f"\n{'TLS' if cloud.ca_file else 'plain HTTP'}, {at_once} at once")
    base = figures["official SDK, async"]
    for name, rounds in figures.items():
        calls_per_s = statistics.median(one.calls_per_s for one in rounds)
        cpu_ms = statistics.median(one.cpu_ms for one in rounds)
        # Of one round each: the machine is not the same a minute later.
        ratio = statistics.median(
            one.calls_per_s / other.calls_per_s for one, other in zip(rounds, base, strict=True)
        )
        print(
            f"  {name:<26} {calls_per_s:>8,.0f} calls/s {cpu_ms:>7.2f} ms CPU a call "
            f"{ratio:>6.1f} times SDK async",
            flush=True,
        )


def main() -> None:
    """Compare over TLS and over plain HTTP."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="fewer calls, 64 at once alone")
    is_quick = parser.parse_args().quick
    connections = 800 if is_quick else 1600
    print(f"Python {platform.python_version()}; loopback, the server in another process")
    for start in (partial(emulator, is_tls=True), replay):
        with start(connections=connections, regions=REGIONS) as cloud:
            asked = asyncio.run(list_connections(cloud))
            ours(cloud, asked, at_once=64)  # whatever is made on first use, on both sides
            for at_once in (64,) if is_quick else (16, 64):
                compare(cloud, asked, at_once=at_once)


if __name__ == "__main__":
    main()
