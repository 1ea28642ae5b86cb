"""How long overlaps take, beside what else one would use, in one run.

    python benchmarks/overlaps.py [--largest 10_000_000] [--fleet 200_000]

Prints a table of figures; asserts only that all find the same. Each row takes its peers in turns
with ours and compares medians: on a busy machine only the ratios mean something.
"""

from __future__ import annotations

import argparse
import ipaddress
import platform
import statistics
import subprocess
import sys
import time
import tracemalloc
import warnings
from collections.abc import Callable
from typing import Any

import bioframe
import numpy as np
import pandas as pd

import vpnframe as vf
from vpnframe import schema
from vpnframe.addresses.cidr import format_cidr, parse_cidrs
from vpnframe.addresses.forest import count_overlaps
from vpnframe.addresses.nesting import find_runs, make_pairs
from vpnframe.addresses.ordering import Blocks
from vpnframe.addresses.union import merge_blocks

N = 1_000_000
Run = Callable[[], Any]
# Prefix lengths of a site's blocks and how many have them; 0 stands for all of the private space.
SITE_SIZES = {0: 0.012, 16: 0.06, 20: 0.1, 22: 0.1, 24: 0.5, 26: 0.1, 28: 0.08, 30: 0.048}

FIRST_CALL = """
import sys, time
import vpnframe as vf
vf.find_overlaps, vf.overlap_counts
blocks = sys.stdin.read().split()
start = time.perf_counter()
{call}(blocks)
print(time.perf_counter() - start)
"""


def in_turns(runs: dict[str, Run], *, repeats: int = 7) -> dict[str, float]:
    """Median seconds of each, run in turns, after one round that does not count."""
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(repeats + 1):
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - start)
    return {name: statistics.median(found[1:]) for name, found in times.items()}


def peak_megabytes(run: Run) -> float:
    """The most memory that a run takes beyond what was there before."""
    tracemalloc.start()
    run()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6


def show(work: str, goal: str, found: str) -> None:
    """Print one row."""
    print(f"| {work} | {goal} | {found} |", flush=True)


def random_blocks(n: int, *, shortest: int, longest: int = 32) -> Blocks:
    """Random IPv4 blocks as numbers, prefix lengths evenly spread."""
    rng = np.random.default_rng(20)
    length = rng.integers(shortest, longest + 1, n).astype(np.uint8)
    shift = (32 - length).astype(np.uint64)
    return Blocks(rng.integers(0, 2**32, n, dtype=np.uint64) >> shift << shift, length)


def private_fleet(n: int) -> Blocks:
    """A fleet as it is: private space, many sites small, some with a summary of everything."""
    rng = np.random.default_rng(21)
    space = rng.choice(3, n, p=[0.8, 0.1, 0.1])
    base = np.array([10 << 24, 172 << 24 | 16 << 16, 192 << 24 | 168 << 16], np.uint64)[space]
    shortest = np.array([8, 12, 16])[space]
    lengths, shares = zip(*SITE_SIZES.items(), strict=True)
    length = np.maximum(rng.choice(lengths, n, p=shares), shortest).astype(np.uint8)
    inside = rng.integers(0, 2**32, n, dtype=np.uint64) >> shortest.astype(np.uint64)
    shift = (32 - length).astype(np.uint64)
    return Blocks((base | inside) >> shift << shift, length)


def texts_of(blocks: Blocks) -> list[str]:
    """IPv4 blocks as text."""
    n = len(blocks.first)
    high, family = np.zeros(n, np.uint64), np.full(n, 4, np.uint8)
    return format_cidr(high, blocks.first, family, blocks.prefix_length)


def as_intervals(blocks: Blocks) -> pd.DataFrame:
    """The same for bioframe."""
    start = blocks.first.astype(np.int64)
    size = np.int64(1) << (32 - blocks.prefix_length.astype(np.int64))
    return pd.DataFrame({"chrom": "x", "start": start, "end": start + size})


def pairs_of(blocks: Blocks) -> Any:
    """All pairs of blocks, as numbers."""
    return make_pairs(find_runs(blocks))


def compare_pairs() -> None:
    """All pairs, against sorting alone and against bioframe."""
    blocks = random_blocks(N, shortest=15)
    frame, k = as_intervals(blocks), find_runs(blocks).n_pairs
    keys = np.random.default_rng(5).integers(0, 2**64, N, dtype=np.uint64)
    left, relation = np.zeros(k, np.int32), np.zeros(k, np.uint8)

    def sort_and_write() -> None:
        np.sort(keys)
        left.copy(), left.copy(), relation.copy()

    def theirs() -> pd.DataFrame:
        return bioframe.overlap(frame, frame, how="inner", return_index=True, return_input=False)

    found = theirs()
    is_pair = found["index"].to_numpy() < found["index_"].to_numpy()
    ours = pairs_of(blocks)
    assert int(is_pair.sum()) == len(ours.left) == k
    assert set_of(ours.left, ours.right) == set_of(*found[is_pair].to_numpy().T)
    runs = {"ours": lambda: pairs_of(blocks), "limit": sort_and_write, "bioframe": theirs}
    t = in_turns(runs, repeats=5)
    work = f"pairs, 1e6 IPv4 blocks as numbers, {k:,} pairs"
    show(work, "6 times bioframe.overlap", f"{t['bioframe'] / t['ours']:.1f} times")
    show(
        "the same",
        "3 times np.sort and writing the pairs",
        f"{t['ours'] / t['limit']:.2f} times ({t['ours'] * 1e3:.0f} ms)",
    )


def set_of(left: Any, right: Any) -> int:
    """A number that equal sets of pairs have in common."""
    return hash(np.sort(np.asarray(left, np.int64) << 32 | np.asarray(right, np.int64)).tobytes())


def compare_counts() -> None:
    """Counts of a dense fleet, against bioframe on a sparse one: of the dense it makes pairs."""
    dense, sparse = private_fleet(N), random_blocks(N, shortest=15)
    frame = as_intervals(sparse)

    def theirs() -> pd.DataFrame:
        return bioframe.count_overlaps(frame, frame)

    counts = count_overlaps(sparse)
    total = counts.n_equal + counts.n_contains + counts.n_within
    assert np.array_equal(total + 1, theirs()["count"])  # theirs count itself
    t = in_turns({"ours": lambda: count_overlaps(dense), "bioframe": theirs}, repeats=3)
    times = f"{t['bioframe'] / t['ours']:.0f} times ({t['ours'] * 1e3:.0f} ms)"
    work = f"counts, 1e6 blocks with {find_runs(dense).n_pairs:.1e} pairs"
    show(work, "40 times bioframe.count_overlaps of as many with 3e6", times)
    memory = peak_megabytes(lambda: count_overlaps(dense))
    show("the same", "150 MB over the input", f"{memory:.0f} MB")


def compare_text() -> None:
    """From text to numbers, against the standard library on a tenth of it."""
    texts = texts_of(random_blocks(N, shortest=15))
    numbers = [ipaddress.IPv6Network((0x20010DB8 << 96 | i << 70, 64)) for i in range(N // 10)]
    wide = [str(network) for network in numbers]
    lists = [",".join(texts[i : i + 4]) for i in range(0, N, 4)]
    peers = {
        "1e6 IPv4 texts": (texts, False, texts),
        "1e6 IPv4 texts in lists of four": (lists, True, texts),
        "1e5 IPv6 texts": (wide, False, wide),
    }
    for what, (given, as_lists, plain) in peers.items():
        some = plain[: len(plain) // 10]
        runs = {
            "ours": lambda given=given, as_lists=as_lists: parse_cidrs(given, as_lists=as_lists),
            "ipaddress": lambda some=some: [ipaddress.ip_network(text) for text in some],
        }
        assert not runs["ours"]().failed_texts
        t = in_turns(runs, repeats=3)
        times = f"{10 * t['ipaddress'] / t['ours']:.1f} times"
        show(f"parsing {what}", "12 times ipaddress", times)


def compare_families() -> None:
    """IPv6 blocks, shorter and longer than /64, against as many IPv4 blocks nested alike."""
    blocks = random_blocks(N, shortest=15)
    high, none = blocks.first << np.uint64(32), np.zeros(N, np.uint64)
    shorter = Blocks(none, blocks.prefix_length, high)
    longer = Blocks(high, blocks.prefix_length + np.uint8(64), none)
    low = np.random.default_rng(7).integers(0, 2**64, N, dtype=np.uint64)
    spread = Blocks(low, np.full(N, 128, np.uint8), high)
    sets = {"IPv4": blocks, "to /32": shorter, "/79 to /96": longer, "/128": spread}
    t = in_turns({name: lambda b=b: pairs_of(b) for name, b in sets.items()}, repeats=5)
    ratios = ", ".join(f"{name} {t[name] / t['IPv4']:.1f}" for name in list(sets)[1:])
    show("pairs, 1e6 IPv6 blocks", "4 times IPv4", f"{ratios} times")


def measure_small() -> None:
    """A thousand blocks in a fresh process, the first call included."""
    texts = "\n".join(texts_of(random_blocks(1_000, shortest=8)))
    for call in ("vf.find_overlaps", "vf.overlap_counts"):
        command = [sys.executable, "-c", FIRST_CALL.format(call=call)]
        seconds = [
            float(subprocess.check_output(command, input=texts, text=True))  # noqa: S603  this very Python
            for _ in range(5)
        ]
        found = f"{statistics.median(seconds) * 1e3:.1f} ms"
        show(f"{call}, 1,000 blocks", "10 ms, first call included", found)


def measure_explosion() -> None:
    """What would have a thousand million pairs."""
    texts = ["10.0.0.0/8"] * 50_000

    def refused() -> None:
        try:
            vf.find_overlaps(texts)
        except ValueError:
            return
        raise AssertionError

    t = in_turns({"refused": refused, "counted": lambda: vf.overlap_counts(texts)}, repeats=3)
    found = f"refused in {t['refused'] * 1e3:.0f} ms, counted in {t['counted'] * 1e3:.0f} ms"
    show("50,000 times 10.0.0.0/8", "an error at once, counts within 1 s", found)


def measure_growth(largest: int) -> None:
    """Time for each block, as there are ten times more of them."""
    n = 1_000
    while n <= largest:
        # As much larger blocks as there are fewer: k grows as n does.
        blocks = random_blocks(n, shortest=round(15 + np.log2(n / N)))
        verbs = {"pairs": pairs_of, "counts": count_overlaps, "merge": merge_blocks}
        t = in_turns({name: lambda f=f, b=blocks: f(b) for name, f in verbs.items()}, repeats=3)
        each = ", ".join(f"{name} {seconds / n * 1e9:.0f}" for name, seconds in t.items())
        k = find_runs(blocks).n_pairs
        show(f"{n:,} blocks, {k:,} pairs", "n log n + k", f"ns for each block: {each}")
        n *= 10


def made_up_subnets(n_connections: int) -> pd.DataFrame:
    """A subnets table with two blocks on each side of each connection, ten on a gateway.

    Four gateways are in one VPC; one branch in five uses a block that is everybody's favourite,
    one connection in a hundred leads to a hub with all of 10.0.0.0/8; modes, peers and means of
    failover are mixed.
    """
    n = 4 * n_connections
    rng = np.random.default_rng(8)
    connection, is_vpc = np.repeat(np.arange(n_connections), 4), np.arange(n) % 4 < 2
    gateway = connection // 10
    first = np.where(is_vpc, gateway % 256, rng.integers(0, 256, n)).astype(np.uint64)
    length = np.where(rng.random(n) < 0.8, 24, 16).astype(np.uint8)
    second = rng.integers(0, 256, n, dtype=np.uint64) << np.uint64(8)
    address = np.uint64(10 << 24) | first << np.uint64(16) | second
    is_liked = ~is_vpc & (rng.random(n) < 0.2)
    liked = np.uint64(192 << 24 | 168 << 16) | rng.integers(0, 4, n, np.uint64) << np.uint64(8)
    address, length = np.where(is_liked, liked, address), np.where(is_liked, 24, length)
    is_hub = np.arange(n) % 400 == 2
    address, length = np.where(is_hub, 10 << 24, address), np.where(is_hub, 8, length)
    length = length.astype(np.uint8)
    shift = (32 - length).astype(np.uint64)
    cidr = texts_of(Blocks(address.astype(np.uint64) >> shift << shift, length))
    mode = np.array(["policy", "policy", "mixed"])[connection % 3]
    peer = [[f"203.0.{number // 256 % 256}.{number % 256}"] for number in connection.tolist()]
    values: dict[str, list[Any]] = {
        "account_id": ["1"] * n,
        "region_id": ["cn-hangzhou"] * n,
        "vpn_connection_id": [f"vco-{number}" for number in connection.tolist()],
        "vpn_gateway_id": [f"vpn-{number}" for number in gateway.tolist()],
        "vpc_id": [f"vpc-{number // 4}" for number in gateway.tolist()],
        "peer_addresses": peer,
        "routing_mode": mode.tolist(),
        "has_ha_evidence": (connection % 2 == 0).tolist(),
        "side": np.where(is_vpc, "vpc", "onprem").tolist(),
        "origin": np.where(_is_again(connection, is_vpc, cidr), "destination", "selector").tolist(),
        "cidr": cidr,
        "cidr_raw": cidr,
        "family": [4] * n,
        "prefix_length": length.tolist(),
        "is_default_route": [False] * n,
    }
    return schema.build_by("subnets", lambda name: values.get(name, [None] * n))


def _is_again(*columns: Any) -> Any:
    """Rows of a block that its connection has on that side already: a route leads there, too."""
    return pd.DataFrame(dict(enumerate(columns))).duplicated().to_numpy()


def measure_fleet(n_connections: int) -> None:
    """The domain verb, text to meaning."""
    table = made_up_subnets(n_connections)
    start = time.perf_counter()
    found = vf.overlaps(table)
    seconds = time.perf_counter() - start
    work = f"vf.overlaps, {n_connections:,} connections with {len(table):,} blocks"
    show(work, "4 s for 200,000", f"{seconds:.1f} s, {len(found):,} pairs")


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--largest", type=int, default=N, help="blocks, for growth")
    options.add_argument("--fleet", type=int, default=200_000, help="connections of the fleet")
    chosen = options.parse_args()
    warnings.filterwarnings("ignore", "The inplace keyword")  # bioframe's, with pandas 3.1
    print(f"Python {platform.python_version()}, numpy {np.__version__}, pandas {pd.__version__}")
    print("\n| work | goal | measured |\n| --- | --- | --- |")
    compare_pairs()
    compare_counts()
    compare_text()
    compare_families()
    measure_small()
    measure_explosion()
    measure_growth(chosen.largest)
    measure_fleet(chosen.fleet)
