"""The CPU time from decoded records to finished tables, per connection.

    python benchmarks/tables.py [CONNECTIONS]

The emulator's fleet is fetched once, with lists, routes and downloads. Then its records are joined
and flattened several times; the fastest run counts. Prints figures, asserts nothing about them.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any
from unittest import mock

import pandas as pd
from cloud import NO_LIMITS, emulator

from vpnframe.fetching.fetch import afetch
from vpnframe.fetching.settings import FetchSettings
from vpnframe.inventory.flattening import flatten
from vpnframe.model.records import Records
from vpnframe.model.sources import join_statements

CONNECTIONS = 20_000
REGIONS = 10
ROUNDS = 5
GOAL_US = 200
Pair = dict[str, Any]  # the arguments of one call of join_statements


def gather(connections: int) -> tuple[list[Pair], list[Records]]:
    """Fetch a fleet; return both sources of each connection, and the records to flatten."""
    pairs: list[Pair] = []
    parts: list[Records] = []

    def join(download: Any, describe: Any, *, gateways: Any) -> Any:
        pairs.append({"download": download, "describe": describe, "gateways": gateways})
        return join_statements(**pairs[-1])

    def keep(made: Iterable[Records]) -> dict[str, pd.DataFrame]:
        parts.extend(made)
        return flatten(parts)

    with (
        emulator(connections=connections, regions=REGIONS) as cloud,
        mock.patch("vpnframe.fetching.regions.join_statements", join),
        mock.patch("vpnframe.inventory.flattening.flatten", keep),
    ):
        settings = FetchSettings(quota_share=1.0, quotas=NO_LIMITS)
        options = {"endpoint": cloud.endpoint, "credentials": cloud.credentials}
        asyncio.run(afetch(**options, settings=settings))
    return pairs, parts


def join_all(pairs: Iterable[Pair]) -> None:
    """Join the sources of each connection; as in a fetch, few results are kept at a time."""
    for pair in pairs:
        join_statements(**pair)


def fastest_us(run: Callable[[], object], n: int) -> float:
    """Microseconds of CPU per connection, the fastest of several runs."""
    rounds = []
    for _ in range(ROUNDS):
        start = time.process_time()
        run()
        rounds.append(time.process_time() - start)
    return min(rounds) * 1e6 / n


def main() -> None:
    """Print a table."""
    pairs, parts = gather(int(sys.argv[1]) if len(sys.argv) > 1 else CONNECTIONS)
    n = len(pairs)
    # A fetch never holds all of these objects at once, so they must not slow the collector down.
    gc.collect()
    gc.freeze()
    joining = fastest_us(lambda: join_all(pairs), n)
    columns = fastest_us(lambda: flatten(parts), n)
    print(f"{n:,} connections, microseconds of CPU per connection, fastest of {ROUNDS} runs")
    print(f"joining both sources: {joining:.0f}")
    print(f"building the tables:  {columns:.0f}")
    print(f"together:             {joining + columns:.0f}, goal {GOAL_US}")


if __name__ == "__main__":
    main()
