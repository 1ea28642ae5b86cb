"""Longest-prefix match against a search through all prefixes with ipaddress."""

from __future__ import annotations

import ipaddress

import numpy as np
import pytest
from address_helpers import Network, as_blocks, bits_of, two_sets
from hypothesis import given

from vpnframe.addresses.forest import find_longest


def longest(table: list[tuple[Network, int]], address: Network, group: int) -> int:
    """First row of the longest prefix of the group that holds the address, -1 for none."""
    holding = [
        i for i, (net, other) in enumerate(table) if other == group and address.subnet_of(net)
    ]
    best = max((table[i][0].prefixlen for i in holding), default=-1)
    return next((i for i in holding if table[i][0].prefixlen == best), -1)


@given(two_sets)
def test_the_longest_prefix_is_found(two):
    """For addresses and whole blocks, in any group, the row is the one of a plain search."""
    table, asked = two
    found = find_longest(*(as_blocks(listed, bits=bits_of(*two)) for listed in two))
    assert found.tolist() == [longest(table, address, group) for address, group in asked]


@pytest.mark.parametrize("bits", [32, 128])
def test_first_is_the_smallest_row_or_minus_one(bits):
    """Of equal prefixes the first row; -1 for what no prefix matches."""
    kind = ipaddress.IPv4Network if bits == 32 else ipaddress.IPv6Network
    prefix, top = kind((0, 8)), 2**bits - 1
    table = [(prefix, 0), (kind((0, 1)), 0), (prefix, 0)]
    asked = [(kind(1), 0), (kind(1), 1), (kind(2 ** (bits - 2)), 0), (kind(top), 0)]
    assert find_longest(as_blocks(table), as_blocks(asked)).tolist() == [0, -1, 1, -1]


def test_an_empty_table_matches_nothing():
    """No prefix, no match; no address, no rows."""
    none = as_blocks([], bits=32)
    asked = as_blocks([(ipaddress.ip_network("10.0.0.1"), 0)])
    assert find_longest(none, asked).tolist() == [-1]
    assert find_longest(asked, none).tolist() == []


def test_groups_and_families_must_agree():
    """A table with groups cannot be asked without them, nor IPv4 with IPv6."""
    v4 = as_blocks([(ipaddress.ip_network("10.0.0.1"), 0)])
    v6 = as_blocks([(ipaddress.ip_network("::1"), 0)])
    with pytest.raises(ValueError, match="one set is IPv4 and the other IPv6"):
        find_longest(v4, v6)
    without = type(v4)(v4.first, v4.prefix_length)
    with pytest.raises(ValueError, match="only one set has groups"):
        find_longest(v4, without)


def test_the_first_of_equal_prefixes_is_found_also_where_the_key_is_wide():
    """Group codes too large for one 64-bit key with the row do not shuffle equal prefixes."""
    network = ipaddress.ip_network("10.0.0.0/8")
    groups = np.random.default_rng(4).integers(2**25, 2**25 + 3, 500).tolist()
    table = [(network, group) for group in groups]
    found = find_longest(as_blocks(table), as_blocks(table))
    assert found.tolist() == [groups.index(group) for group in groups]
