"""What an audit takes: every rule and one profile, over fleets of growing size.

``python benchmarks/audit.py [TUNNELS ...]``; the goal is 100,000 tunnels within 5 s and 1 GiB. A
fleet of the emulator is read once and repeated, each time in an account of its own.
"""

from __future__ import annotations

import resource
import sys
import time
from dataclasses import fields, replace
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from helpers import inventory_of

from vpnframe import schema
from vpnframe.auditing.review import examine
from vpnframe.auditing.settings import AuditSettings
from vpnframe.emulator import make_fleet, make_state
from vpnframe.inventory import Inventory

GOAL_S, GOAL_MIB = 5.0, 1024
NOW = datetime(2026, 1, 1, tzinfo=UTC)
IDS = ("vpn_connection_id", "tunnel_id", "vpn_gateway_id", "customer_gateway_id", "gateway_id")
IDS = (*IDS, "vpc_id", "transit_router_id")


def repeated(inventory: Inventory, times: int) -> Inventory:
    """The same fleet so many times, each in an account of its own, ids and all."""

    def many(name: str, table: pd.DataFrame) -> pd.DataFrame:
        copies = []
        for number in range(times):
            own = {"account_id": str(number)} if "account_id" in table else {}
            ids = {column: table[column] + f"-{number}" for column in IDS if column in table}
            copies.append(table.assign(**own, **ids))
        return schema.cast(name, pd.concat(copies, ignore_index=True))

    tables = {
        field.name: many(field.name, getattr(inventory, field.name))
        for field in fields(inventory)
        if isinstance(getattr(inventory, field.name), pd.DataFrame)
    }
    return replace(inventory, **tables)


def measure(inventory: Inventory) -> tuple[list[float], int]:
    """Seconds of three audits, and how many findings there are."""
    seconds, n_findings = [], 0
    for _ in range(3):
        start = time.perf_counter()
        review = examine(inventory, settings=AuditSettings(owner_tag="owner", now=NOW))
        seconds.append(time.perf_counter() - start)
        n_findings = len(review.findings)
        del review
    return seconds, n_findings


def peak_mib() -> int:
    """The most memory that the process has had so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def main() -> None:
    """Print a line for each size."""
    sizes = [int(size) for size in sys.argv[1:]] or [10_000, 100_000]
    small = inventory_of(make_state(make_fleet(connections=1_500, seed=3), quotas=False))
    print("the first audit of a process, the best of three, and its memory, fleet and all")
    print("  tunnels connections  findings  first s  best s    MiB")
    for size in sizes:
        inventory = repeated(small, max(1, round(size / len(small.tunnels))))
        seconds, n_findings = measure(inventory)
        n_tunnels, n_connections = len(inventory.tunnels), len(inventory.connections)
        best, line = min(seconds), f"{n_tunnels:9,} {n_connections:11,} {n_findings:9,}"
        line += f" {seconds[0]:8.2f} {best:7.2f} {peak_mib():6,}"
        is_met = n_tunnels > 1.1 * 100_000 or (best <= GOAL_S and peak_mib() <= GOAL_MIB)
        print(line if is_met else f"{line}  over {GOAL_S:.0f} s or {GOAL_MIB} MiB")


if __name__ == "__main__":
    main()
