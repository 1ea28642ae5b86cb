"""How long it takes to trace many packets through a large fleet, beside plain loops, in one run.

    python benchmarks/tracing.py

Prints figures and asserts only that plain loops find the same connections for some of the packets.
"""

from __future__ import annotations

import ipaddress
import platform
import statistics
import time
import tracemalloc
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from vpnframe import schema
from vpnframe.inventory import Inventory
from vpnframe.schema.tables import STORED
from vpnframe.tracing.trace import trace

N_CONNECTIONS = 10_000
N_PACKETS = 100_000
N_LOOPED = 300
T = TypeVar("T")


def measure(run: Callable[[], T], *, repeats: int = 5) -> tuple[float, T]:
    """Median seconds of several runs, after one that does not count, and the last result."""
    result = run()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        result = run()
        times.append(time.perf_counter() - start)
    return statistics.median(times), result


def make_table(name: str, rows: list[dict[str, Any]]) -> pd.DataFrame:
    """A table from rows; what they do not name is null."""
    columns = schema.find(name).names
    return schema.build(name, {column: [row.get(column) for row in rows] for column in columns})


def make_fleet(n_connections: int) -> Inventory:
    """Ten connections a gateway, two tunnels each; a third of them with policy routes.

    Every gateway has a VPC of its own with a /16 that some 40 VPCs share, and two /24 behind each
    connection that as many gateways use.
    """
    rng = np.random.default_rng(12)
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in STORED}
    for n in range(n_connections):
        gateway = n // 10
        block = f"10.{gateway % 240}.0.0/16"
        place = {"account_id": "1", "region_id": "cn-hangzhou", "vpn_connection_id": f"vco-{n:05}"}
        at = {"vpn_gateway_id": f"vpn-{gateway:04}", "vpc_id": f"vpc-{gateway:04}"}
        if n % 10 == 0:
            rows["vpcs"].append({**place, **at, "cidrs": [block]})
        is_policy = n % 3 == 0
        drawn = rng.choice(16 * 256, size=2, replace=False).tolist()
        sites = [f"172.{16 + site // 256}.{site % 256}.0/24" for site in drawn]
        sides = {"vpc": [block], "onprem": sites}
        for side, blocks in sides.items():
            for cidr in blocks if is_policy else ["0.0.0.0/0"]:
                text = {"side": side, "origin": "selector", "cidr": cidr, "cidr_raw": cidr}
                rows["subnets"].append({**place, **at, **text, "has_known_routes": True})
        for index, role in ((1, "active"), (2, "standby")):
            status = "ipsec_sa_established" if rng.random() < 0.9 else "ike_sa_not_established"
            rows["tunnels"].append(
                {
                    **place, **at, "tunnel_index": index, "tunnel_count": 2, "tunnel_role": role,
                    "tunnel_id": f"tun-{n:05}-{index}", "tunnel_status": status,
                    "routing_mode": "policy" if is_policy else "route", "witnesses": "both",
                }
            )  # fmt: skip
        for site in sites:
            kind = "policy" if is_policy else "destination"
            route = {"route_type": kind, "destination_cidr": site, "state": "published"}
            policy = {"source_cidr": block, "priority": 10 + n % 5} if is_policy else {}
            rows["routes"].append({**place, **at, **route, **policy, "weight": 100})
    rows["coverage"] = [
        {
            "status": "complete", "n_expected": n_connections, "n_read": n_connections,
            "n_failed": 0, "n_calls": 1, "n_throttled": 0, "is_stable": True, "elapsed_s": 1.0,
        }
    ]  # fmt: skip
    return Inventory(**{name: make_table(name, listed) for name, listed in rows.items()})


def make_packets(inv: Inventory, n: int) -> tuple[list[str], list[str]]:
    """Packets from hosts of the VPCs to hosts behind the same gateways, and some elsewhere."""
    rng = np.random.default_rng(13)
    row = rng.integers(0, len(inv.routes), n)
    gateway = [int(name[4:]) for name in inv.routes["vpn_gateway_id"].take(row)]
    hosts = rng.integers(0, 256, (3, n)).tolist()
    sources = [f"10.{g % 240}.{a}.{b}" for g, a, b in zip(gateway, *hosts[:2], strict=True)]
    networks = inv.routes["destination_cidr"].take(row).str.removesuffix("0/24").tolist()
    return sources, [f"{network}{host}" for network, host in zip(networks, hosts[2], strict=True)]


def loop(inv: Inventory, source: str, destination: str) -> set[str]:
    """Connections of the routes that match a packet at the gateways of its VPCs, one by one."""
    host, peer = ipaddress.ip_address(source), ipaddress.ip_address(destination)
    vpcs = {
        vpc_id
        for vpc_id, cidrs in zip(inv.vpcs["vpc_id"], inv.vpcs["cidrs"], strict=True)
        if any(host in ipaddress.ip_network(cidr) for cidr in cidrs)
    }
    found: dict[str, list[tuple[float, str]]] = {}
    names = ["vpn_gateway_id", "vpn_connection_id", "source_cidr", "destination_cidr", "priority"]
    for gateway, connection, start, end, priority in inv.routes[names].itertuples(index=False):
        if gateway.replace("vpn", "vpc") not in vpcs or peer not in ipaddress.ip_network(end):
            continue
        if pd.isna(start) or host in ipaddress.ip_network(start):
            order = 1000.0 if pd.isna(priority) else float(priority)
            found.setdefault(gateway, []).append((order, connection))
    return {name for ways in found.values() for order, name in ways if order == min(ways)[0]}


def show(what: str, seconds: float, note: str = "") -> None:
    """Print one line."""
    print(f"{what:<58} {seconds * 1e3:>10.1f} ms   {note}")


def main() -> None:
    """Measure, and check some packets."""
    inv = make_fleet(N_CONNECTIONS)
    sources, destinations = make_packets(inv, N_PACKETS)
    print(f"{N_CONNECTIONS:,} connections, {len(inv.routes):,} routes, {len(inv.vpcs):,} VPCs")
    keys = np.random.default_rng(5).integers(0, 2**64, 1_000_000, dtype=np.uint64)
    sorting, _ = measure(lambda: np.sort(keys))
    show("yardstick: numpy.sort of a million uint64", sorting)
    one, _ = measure(lambda: trace(inv, source=sources[0], destination=destinations[0]))
    show("one packet", one)
    seconds, table = measure(lambda: trace(inv, source=sources, destination=destinations))
    rate = N_PACKETS / seconds
    show(f"{N_PACKETS:,} packets", seconds, f"{rate:,.0f} packets/s, {seconds / sorting:.1f} sorts")
    start = time.perf_counter()
    for n in range(N_LOOPED):
        row = table.iloc[n]
        named = {
            *row["rivals"],
            *([] if pd.isna(row["vpn_connection_id"]) else [row["vpn_connection_id"]]),
        }
        assert named == loop(inv, sources[n], destinations[n]), row["reason"]
    looped = (time.perf_counter() - start) / N_LOOPED * N_PACKETS
    show("ipaddress and plain loops (scaled)", looped, f"{looped / seconds:,.0f} times trace")
    tracemalloc.start()
    trace(inv, source=sources, destination=destinations)
    print(f"memory over the input: {tracemalloc.get_traced_memory()[1] / 1e6:.0f} MB at most")
    print(table["verdict"].value_counts().to_string())


if __name__ == "__main__":
    print(f"Python {platform.python_version()}, numpy {np.__version__}, pandas {pd.__version__}")
    main()
