"""Made-up address blocks for the kernels' tests, and what they are as numbers."""

from __future__ import annotations

import ipaddress

import numpy as np
from hypothesis import strategies as st

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


any_blocks = st.sampled_from([32, 128]).flatmap(lambda bits: listed_blocks(bits) | chains(bits))


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
