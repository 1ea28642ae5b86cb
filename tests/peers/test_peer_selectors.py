"""Traffic selectors against sets of single addresses."""

from __future__ import annotations

import ipaddress
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpnframe.peers import selectors
from vpnframe.peers.selectors import (
    collapse,
    find_uncovered,
    narrow,
    parse_block,
)

# Blocks of 16 addresses, or of 16 of IPv6, which never meet.
NETWORKS = st.builds(
    lambda base, number, length: (
        ipaddress.ip_network(
            (int(ipaddress.ip_address(base)) + number, length + (96 if ":" in base else 0)),
            strict=False,
        )
        if ":" in base
        else ipaddress.IPv4Network((int(ipaddress.ip_address(base)) + number, length), strict=False)
    ),
    st.sampled_from(["10.0.0.0", "10.0.0.0", "2001:db8::"]),
    st.integers(0, 15),
    st.integers(28, 32),
)
LISTS = st.lists(NETWORKS, max_size=4)


def addresses(networks):
    """Every address, one by one."""
    return {address for network in networks for address in network}


@given(LISTS, LISTS)
def test_narrowing_is_the_intersection(left, right):
    """Address by address."""
    assert addresses(narrow(left, right)) == addresses(left) & addresses(right)


@given(LISTS)
def test_collapsing_changes_no_address(listed):
    """Sorted, and never more blocks than before."""
    found = collapse(listed)
    assert addresses(found) == addresses(listed)
    assert len(found) <= len(listed)
    assert collapse(found) == found


@given(LISTS, LISTS, st.lists(st.tuples(NETWORKS, NETWORKS), max_size=3))
def test_what_is_uncovered_is_what_no_pair_holds(left, right, carried):
    """Pair of addresses by pair of addresses."""

    def pairs(rectangles):
        return {pair for a, b in rectangles for pair in product(a, b)}

    ours = list(product(left, right))
    assert pairs(find_uncovered(ours, carried)) == pairs(ours) - pairs(carried)


def test_too_many_pieces_are_none(monkeypatch):
    """A limit, after which nothing is claimed."""
    monkeypatch.setattr(selectors, "MAX_PIECES", 3)
    whole, one = ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("10.1.2.3/32")
    assert find_uncovered([(whole, whole)], [(one, one)]) is None


@pytest.mark.parametrize(
    ("text", "networks"),
    [
        ("10.0.0.0/8", ["10.0.0.0/8"]),
        ("10.1.2.3/8", ["10.0.0.0/8"]),
        ("10.1.2.3", ["10.1.2.3/32"]),
        ("10.0.0.4 - 10.0.0.7", ["10.0.0.4/30"]),
        ("10.0.0.1-10.0.0.3", ["10.0.0.1/32", "10.0.0.2/31"]),
        ("2001:db8::/32", ["2001:db8::/32"]),
    ],
)
def test_blocks_addresses_and_ranges_are_read(text, networks):
    """Host bits are masked."""
    assert [str(one) for one in parse_block(text)] == networks


@pytest.mark.parametrize("text", ["", "10.0.0.0/33", "hq", "10.0.0.9-10.0.0.1", "10.0.0.1-::1"])
def test_what_is_no_block_is_none(text):
    """Backward ranges and ranges over two families, too."""
    assert parse_block(text) is None


def test_blocks_are_merged_narrowed_and_subtracted():
    """One example of each."""
    halves = map(ipaddress.ip_network, ["10.0.1.0/24", "10.0.0.0/24", "10.0.0.0/25"])
    assert collapse(halves) == (ipaddress.ip_network("10.0.0.0/23"),)
    wide, inner = ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("10.1.0.0/16")
    assert narrow([wide], [inner]) == (inner,)
    blocks = ["10.0.0.0/24", "10.0.0.0/25", "10.0.0.128/25", "192.0.2.0/24"]
    whole, lower, upper, far = map(ipaddress.ip_network, blocks)
    assert find_uncovered([(whole, far)], [(lower, far)]) == [(upper, far)]
