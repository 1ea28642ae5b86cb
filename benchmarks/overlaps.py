"""How long overlaps take, beside what else one would use, in one run.

    python benchmarks/overlaps.py

Prints figures and asserts only that all find the same pairs. Times are medians of several runs.
bioframe and ncls are measured where they are installed.
"""

from __future__ import annotations

import importlib
import importlib.util
import ipaddress
import platform
import statistics
import time
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from vpnframe.addresses.cidr import format_cidr, parse_cidrs
from vpnframe.addresses.nesting import Blocks, find_pairs, find_runs
from vpnframe.overlapping import find_overlaps, overlaps

N = 1_000_000
N_SMALL = 100_000
T = TypeVar("T")


def measure(run: Callable[[], T], *, repeats: int = 7) -> tuple[float, T]:
    """Median seconds of several runs, after one that does not count, and the last result."""
    result = run()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        result = run()
        times.append(time.perf_counter() - start)
    return statistics.median(times), result


def show(what: str, seconds: float, note: str = "") -> None:
    """Print one line."""
    print(f"{what:<58} {seconds * 1e3:>10.1f} ms   {note}")


def random_prefixes(n: int, *, shortest: int, longest: int = 32) -> tuple[Any, Any]:
    """Random IPv4 blocks as numbers, prefix lengths evenly spread."""
    rng = np.random.default_rng(20)
    length = rng.integers(shortest, longest + 1, n).astype(np.uint8)
    shift = (32 - length).astype(np.uint64)
    return rng.integers(0, 2**32, n, dtype=np.uint64) >> shift << shift, length


def plain_numpy(first: Any, length: Any) -> tuple[Any, Any]:
    """The usual way: argsort, searchsorted, repeat; pairs as (holder, inside)."""
    order = np.argsort(first << np.uint64(6) | length)
    starts = first[order]
    size = np.uint64(1) << (32 - length[order]).astype(np.uint64)
    counts = np.searchsorted(starts, starts + size) - np.arange(1, len(first) + 1)
    ends = np.cumsum(counts)
    inside = np.arange(ends[-1]) - np.repeat(ends - counts, counts)
    inside += np.repeat(np.arange(1, len(first) + 1), counts)
    return np.repeat(order, counts), order[inside]


def stack_sweep(networks: list[ipaddress.IPv4Network]) -> list[tuple[int, int]]:
    """The way without arrays: sort network objects, keep a stack of open ones."""
    order = sorted(range(len(networks)), key=networks.__getitem__)
    pairs, stack = [], []
    for i in order:
        while stack and not networks[i].subnet_of(networks[stack[-1]]):
            stack.pop()
        pairs += [(holder, i) for holder in stack]
        stack.append(i)
    return pairs


def keys_of(left: Any, right: Any) -> Any:
    """Pairs as sorted numbers, to compare sets of pairs."""
    left, right = np.asarray(left, np.int64), np.asarray(right, np.int64)
    return np.sort(np.minimum(left, right) << 32 | np.maximum(left, right))


def compare_kernels() -> None:
    """The kernel against argsort, for fewer and more pairs, and against plain numpy."""
    random_keys = np.random.default_rng(5).integers(0, 2**64, N, dtype=np.uint64)
    for shortest in (16, 15, 14):
        first, length = random_prefixes(N, shortest=shortest)
        limit, _ = measure(lambda: np.argsort(random_keys))
        ours, pairs = measure(lambda f=first, p=length: find_pairs(f, p))
        again, _ = measure(lambda: np.argsort(random_keys))
        limit = (limit + again) / 2
        counted, _ = measure(lambda f=first, p=length: find_runs(Blocks(f, p)).n_pairs)
        plain, (outer, inner) = measure(lambda f=first, p=length: plain_numpy(f, p), repeats=3)
        assert np.array_equal(keys_of(pairs.left, pairs.right), keys_of(outer, inner))
        print(f"\n{N:,} IPv4 prefixes of /{shortest} to /32, {len(pairs.left):,} pairs")
        show("numpy.argsort of as many random uint64 keys", limit)
        show("find_pairs", ours, f"{ours / limit:.2f} times argsort")
        show("find_runs (counting alone)", counted, f"{counted / limit:.2f} times argsort")
        show("argsort + searchsorted + repeat", plain, f"{plain / ours:.1f} times find_pairs")
        for name, run in interval_peers(first, length).items():
            seconds, found = measure(run, repeats=1)
            assert found >= len(pairs.left)
            show(name, seconds, f"{seconds / ours:.1f} times find_pairs")


def interval_peers(first: Any, length: Any) -> dict[str, Callable[[], int]]:
    """General interval libraries, where installed; each returns how many pairs it made."""
    start = first.astype(np.int64)
    stop = start + (np.int64(1) << (32 - length.astype(np.int64)))
    peers: dict[str, Callable[[], int]] = {}
    if importlib.util.find_spec("ncls"):
        ncls, rows = importlib.import_module("ncls"), np.arange(len(start))
        peers["ncls"] = lambda: len(
            ncls.NCLS(start, stop, rows).all_overlaps_both(start, stop, rows)[0]
        )
    if importlib.util.find_spec("bioframe"):
        bioframe = importlib.import_module("bioframe")
        frame = pd.DataFrame({"chrom": "x", "start": start, "end": stop})
        peers["bioframe.overlap"] = lambda: len(bioframe.overlap(frame, frame, return_index=True))
    return peers


def compare_objects() -> None:
    """The kernel against network objects of the standard library."""
    first, length = random_prefixes(N_SMALL, shortest=11)
    texts = format_cidr(np.zeros_like(first), first, np.full(N_SMALL, 4, np.uint8), length)
    networks = [ipaddress.IPv4Network(text) for text in texts]
    ours, pairs = measure(lambda: find_pairs(first, length))
    theirs, found = measure(lambda: stack_sweep(networks), repeats=1)
    assert np.array_equal(keys_of(pairs.left, pairs.right), keys_of(*zip(*found, strict=True)))
    print(f"\n{N_SMALL:,} IPv4 prefixes, {len(pairs.left):,} pairs")
    show("find_pairs", ours)
    show(
        "ipaddress, sort and stack sweep",
        theirs,
        f"{theirs / ours:.0f} times find_pairs; for {N:,} at least {theirs * N / N_SMALL:.0f} s",
    )


def measure_groups_and_ipv6() -> None:
    """A million blocks in ten thousand groups, and a million IPv6 blocks."""
    print(f"\n{N:,} prefixes otherwise")
    groups = np.random.default_rng(6).integers(0, 10_000, N)
    first, length = random_prefixes(N, shortest=3, longest=24)
    seconds, pairs = measure(lambda: find_pairs(first, length, groups=groups))
    show("find_pairs, IPv4 in 10,000 groups", seconds, f"{len(pairs.left):,} pairs")
    first, length = random_prefixes(N, shortest=15)
    narrow = find_pairs(first, length)
    high, low = first << np.uint64(32), np.zeros_like(first)
    seconds, pairs = measure(lambda: find_pairs(low, length, high=high), repeats=3)
    assert np.array_equal(keys_of(pairs.left, pairs.right), keys_of(narrow.left, narrow.right))
    show("find_pairs, IPv6 shorter than /64", seconds, f"{len(pairs.left):,} pairs")
    seconds, pairs = measure(lambda: find_pairs(high, length + np.uint8(64), high=low), repeats=3)
    show("find_pairs, IPv6 longer than /64", seconds, f"{len(pairs.left):,} pairs")


def measure_text() -> None:
    """From text to numbers, and from text to tables."""
    first, length = random_prefixes(N, shortest=15)
    texts = format_cidr(np.zeros_like(first), first, np.full(N, 4, np.uint8), length)
    print(f"\nText, {N:,} IPv4 blocks")
    ours, parsed = measure(lambda: parse_cidrs(texts), repeats=3)
    assert np.array_equal(parsed.low, first)
    some = texts[:N_SMALL]
    theirs, _ = measure(lambda: [ipaddress.ip_network(text) for text in some], repeats=1)
    theirs *= N / N_SMALL
    show("parse_cidrs", ours)
    show("ipaddress.ip_network", theirs, f"{theirs / ours:.1f} times parse_cidrs (scaled)")
    series = pd.Series(texts)
    seconds, table = measure(lambda: find_overlaps(series), repeats=1)
    show("find_overlaps, text to table", seconds, f"{len(table):,} pairs")


def measure_fleet() -> None:
    """The domain verb on a fleet of 25,000 connections with two blocks on each side."""
    rng = np.random.default_rng(8)
    connection = np.repeat(np.arange(25_000), 4)
    gateway = connection // 10
    second = np.where(np.arange(100_000) % 4 < 2, gateway % 256, rng.integers(0, 256, 100_000))
    third, longer = rng.integers(0, 256, 100_000), rng.random(100_000) < 0.8
    table = pd.DataFrame(
        {
            "account_id": "1",
            "region_id": "cn-hangzhou",
            "vpn_connection_id": [f"vco-{n}" for n in connection],
            "vpn_gateway_id": [f"vpn-{n}" for n in gateway],
            "vpc_id": [f"vpc-{n // 4}" for n in gateway],
            "transit_router_id": None,
            "side": np.where(np.arange(100_000) % 4 < 2, "vpc", "onprem"),
            "cidr": [
                f"10.{b}.{c}.0/24" if is_longer else f"10.{b}.0.0/16"
                for b, c, is_longer in zip(second, third, longer, strict=True)
            ],
        }
    ).astype("str")
    seconds, found = measure(lambda: overlaps(table), repeats=3)
    print("\nA fleet")
    show("overlaps, 100,000 subnets of 25,000 connections", seconds, f"{len(found):,} pairs")


if __name__ == "__main__":
    print(f"Python {platform.python_version()}, numpy {np.__version__}, pandas {pd.__version__}")
    compare_kernels()
    compare_objects()
    measure_groups_and_ipv6()
    measure_text()
    measure_fleet()
