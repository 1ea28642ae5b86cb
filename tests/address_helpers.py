"""Made-up address blocks for the kernels' tests, and what they are as numbers."""

from __future__ import annotations

import ipaddress

import numpy as np
from hypothesis import strategies as st

from vpnframe.addresses.nesting import (
    DEFAULT_MAX_PAIRS,
    Pairs,
    check_pair_count,
    find_runs,
    make_pairs,
)
from vpnframe.addresses.ordering import Blocks

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Listed = list[tuple[Network, int]]
LENGTHS = (0, 1, 2, 8, 31, 32, 33, 63, 64, 65, 96, 127, 128)


def networks(bits: int) -> st.SearchStrategy[Network]:
    """Blocks of few distinct addresses, so that many nest, touch or are equal."""
    kind = ipaddress.IPv4Network if bits == 32 else ipaddress.IPv6Network
    lengths = st.sampled_from([length for length in LENGTHS if length <= bits])
    marks = st.sets(st.sampled_from([0, 1, bits // 2 - 1, bits // 2, bits - 2, bits - 1]))
    numbers = marks.map(lambda places: sum(1 << place for place in places))
    return st.builds(
        lambda number, length: kind((number, length), strict=False),
        numbers | st.integers(0, 2**bits - 1),
        lengths | st.integers(0, bits),
    )


def listed_blocks(bits: int) -> st.SearchStrategy[Listed]:
    """Lists of block and group."""
    return st.lists(st.tuples(networks(bits), st.integers(0, 2)), max_size=25)


def chains(bits: int) -> st.SearchStrategy[Listed]:
    """One block in the other, down to a single address, and their neighbours."""
    kind = ipaddress.IPv4Network if bits == 32 else ipaddress.IPv6Network

    def chain(number: int, lengths: list[int]) -> Listed:
        return [(kind((number, length), strict=False), length % 2) for length in lengths]

    return st.builds(chain, st.integers(0, 2**bits - 1), st.lists(st.integers(0, bits)))


def neighbours(bits: int) -> st.SearchStrategy[Listed]:
    """Blocks side by side, of few sizes, at the bottom, in the middle or at the top."""
    kind = ipaddress.IPv4Network if bits == 32 else ipaddress.IPv6Network
    bases = st.sampled_from([0, 2 ** (bits - 1), 2 ** (bits // 2), 2**bits - 16])

    def block(base: int, step: int, host_bits: int, group: int) -> tuple[Network, int]:
        return kind((base + step, bits - host_bits), strict=False), group

    rest = (st.integers(0, 15), st.integers(0, 3), st.integers(0, 1))
    return bases.flatmap(lambda base: st.lists(st.builds(block, st.just(base), *rest), max_size=25))


def blocks_of(bits: int) -> st.SearchStrategy[Listed]:
    """Lists of block and group of one family."""
    return listed_blocks(bits) | chains(bits) | neighbours(bits)


any_blocks = st.sampled_from([32, 128]).flatmap(blocks_of)
two_sets = st.sampled_from([32, 128]).flatmap(lambda bits: st.tuples(*[blocks_of(bits)] * 2))


def bits_of(*sets: Listed) -> int:
    """Bits of an address of the blocks' family; 32 when there are none."""
    return next((listed[0][0].max_prefixlen for listed in sets if listed), 32)


def as_blocks(listed: Listed, *, bits: int = 32, offset: int = 0) -> Blocks:
    """Numbers for a list of block and group; ``bits`` tells the family of an empty one."""
    bits = listed[0][0].max_prefixlen if listed else bits
    numbers = [int(network.network_address) for network, _ in listed]
    return Blocks(
        np.array([number % 2**64 for number in numbers], np.uint64),
        np.array([network.prefixlen for network, _ in listed], np.uint8),
        np.array([number >> 64 for number in numbers], np.uint64) if bits == 128 else None,
        np.array([group + offset for _, group in listed], np.int64),
    )


def as_listed(blocks: Blocks) -> Listed:
    """The inverse, for blocks with groups."""
    assert blocks.groups is not None
    kind = ipaddress.IPv4Network if blocks.high is None else ipaddress.IPv6Network
    high = np.zeros_like(blocks.first) if blocks.high is None else blocks.high
    columns = (part.tolist() for part in (high, blocks.first, blocks.prefix_length, blocks.groups))
    return [
        (kind((upper << 64 | lower, length)), group)
        for upper, lower, length, group in zip(*columns, strict=True)
    ]


def find_pairs(
    first: np.ndarray,
    prefix_length: np.ndarray,
    *,
    high: np.ndarray | None = None,
    groups: np.ndarray | None = None,
    max_pairs: int = DEFAULT_MAX_PAIRS,
) -> Pairs:
    """Every overlapping pair among blocks of one family; their number is checked first."""
    runs = find_runs(Blocks(first, prefix_length, high, groups))
    check_pair_count(runs.n_pairs, max_pairs=max_pairs)
    return make_pairs(runs)
