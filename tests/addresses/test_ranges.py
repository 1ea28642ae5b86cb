"""Special ranges: the data itself, and which block is in which."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpnframe.addresses.cidr import parse_cidrs
from vpnframe.addresses.ranges import SPECIAL_RANGES, find_covered_ranges, find_ranges

NETWORKS = [ipaddress.ip_network(special.cidr) for special in SPECIAL_RANGES]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def lies_within(inner: Network, outer: Network) -> bool:
    return inner.version == outer.version and inner.subnet_of(outer)


def near(network: Network, change: int, place: int) -> Network:
    """A range made wider or narrower, at some place in it."""
    length = min(max(network.prefixlen + change, 0), network.max_prefixlen)
    number = int(network.network_address) | place % network.num_addresses
    return type(network)((number, length), strict=False)


blocks = st.lists(
    st.builds(near, st.sampled_from(NETWORKS), st.integers(-3, 12), st.integers(0, 2**128 - 1)),
    max_size=20,
)


@given(blocks)
def test_a_block_is_in_the_narrowest_range_that_holds_it(listed):
    """Found by a search through all ranges."""
    found = find_ranges(parse_cidrs(map(str, listed)))
    for block, position in zip(listed, found.tolist(), strict=True):
        holding = [network for network in NETWORKS if lies_within(block, network)]
        assert NETWORKS[position] == max(holding, key=lambda network: network.prefixlen)


@given(blocks)
def test_a_block_covers_the_ranges_inside_it(listed):
    """Also many at once, the block's own range among them, in order."""
    block, special = find_covered_ranges(parse_cidrs(map(str, listed)))
    assert list(zip(block.tolist(), special.tolist(), strict=True)) == [
        (i, j)
        for i, network in enumerate(listed)
        for j, inner in enumerate(NETWORKS)
        if lies_within(inner, network)
    ]


@pytest.mark.parametrize(
    ("kind", "attribute"),
    [
        ("loopback", "is_loopback"),
        ("link-local", "is_link_local"),
        ("multicast", "is_multicast"),
        ("private", "is_private"),
        ("documentation", "is_private"),
        ("benchmarking", "is_private"),
    ],
)
def test_the_standard_library_agrees_on_a_kind(kind, attribute):
    """Each range of the kind has the property, where this Python knows the range."""
    newer = {"3fff::/20"}  # RFC 9637, of 2024
    own = [special.cidr for special in SPECIAL_RANGES if special.kind == kind]
    networks = [ipaddress.ip_network(cidr) for cidr in own if cidr not in newer]
    assert networks
    assert all(getattr(network, attribute) for network in networks)


@given(st.integers(0, 2**32 - 1))
def test_public_ipv4_is_what_is_globally_reachable(number):
    """What has no special use is global, and what is not global has one."""
    address = ipaddress.IPv4Address(number)
    special = SPECIAL_RANGES[find_ranges(parse_cidrs([str(address)]))[0]]
    if special.kind == "public":
        assert address.is_global
    elif special.kind not in {"transition", "multicast", "protocol"}:
        assert not address.is_global


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        *[("10.1.0.0/16", "private"), ("172.32.0.0/16", "public"), ("100.127.0.0/16", "shared")],
        *[("100.100.100.200", "metadata"), ("100.128.0.0/16", "public"), ("8.8.8.0/24", "public")],
        *[("169.254.10.0/30", "link-local"), ("169.254.169.254/32", "metadata")],
        *[("198.19.0.0/16", "benchmarking"), ("192.0.2.128/25", "documentation")],
        *[("239.1.1.1", "multicast"), ("250.0.0.0/8", "reserved"), ("0.0.0.0/0", "public")],
        *[
            ("fd12::/16", "private"),
            ("fe80::/64", "link-local"),
            ("2001:db8:1::/48", "documentation"),
        ],
        *[("2002:a00::/24", "transition"), ("2408:4000::/22", "public"), ("4000::/3", "reserved")],
    ],
)
def test_well_known_blocks(text, kind):
    """As an engineer would name them."""
    assert SPECIAL_RANGES[find_ranges(parse_cidrs([text]))[0]].kind == kind


def test_the_data_is_in_order_and_complete():
    """Sorted, without host bits, each once, each with a description and a source."""
    keys = [(n.version, int(n.network_address), n.prefixlen) for n in NETWORKS]
    assert keys == sorted(set(keys))
    assert all(special.description and special.source for special in SPECIAL_RANGES)
    assert [str(network) for network in NETWORKS] == [special.cidr for special in SPECIAL_RANGES]


def test_no_blocks_no_ranges():
    """Nothing in, nothing out."""
    assert find_ranges(parse_cidrs([])).tolist() == []
    assert [part.tolist() for part in find_covered_ranges(parse_cidrs([]))] == [[], []]
