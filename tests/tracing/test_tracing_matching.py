"""Which prefixes hold which addresses, and numbers for what is equal, by plain loops."""

from __future__ import annotations

import numpy as np
import pytest
from address_helpers import listed_blocks
from hypothesis import given
from hypothesis import strategies as st

from vpnframe.tracing.matching import (
    Prefixes,
    TooManyPairs,
    find_holding,
    find_most_specific,
    holds,
    number_rows,
    number_sequences,
)

blocks = st.lists(listed_blocks(32) | listed_blocks(128), max_size=3).map(
    lambda lists: [entry for some in lists for entry in some]
)
numbers = st.integers(0, 2)


def read(listed):
    """The blocks, some of them missing, and their groups."""
    texts = [None if group == 2 and net.prefixlen % 5 == 0 else str(net) for net, group in listed]
    return Prefixes.read(texts), np.array([group for _, group in listed], np.int64), texts


def pairs_of(found):
    return [*zip(*(rows.tolist() for rows in found), strict=True)]


@given(blocks, blocks)
def test_every_prefix_that_holds_an_address_is_found(table, asked):
    """In its own group, by address; of them the longest, all that are equal."""
    prefixes, groups, texts = read(table)
    addresses = [
        (net[0].__class__ and type(net)(net.network_address), group) for net, group in asked
    ]
    hosts, host_groups, host_texts = read(addresses)
    expected = [
        [
            j
            for j, (net, group) in enumerate(table)
            if texts[j] and group == own and net.version == host.version and host.subnet_of(net)
        ]
        if host_texts[i]
        else []
        for i, (host, own) in enumerate(addresses)
    ]
    found = find_holding(
        hosts, prefixes, address_groups=host_groups, prefix_groups=groups, max_pairs=10_000
    )
    assert found[0].tolist() == sorted(found[0].tolist())
    assert sorted(pairs_of(found)) == [(i, j) for i, row in enumerate(expected) for j in row]
    longest = find_most_specific(hosts, prefixes, address_groups=host_groups, prefix_groups=groups)
    best = [max((table[j][0].prefixlen for j in row), default=0) for row in expected]
    assert sorted(pairs_of(longest)) == [
        (i, j) for i, row in enumerate(expected) for j in row if table[j][0].prefixlen == best[i]
    ]


@given(blocks.flatmap(lambda listed: st.tuples(st.just(listed), st.permutations(listed))))
def test_holds_is_what_ipaddress_says_row_by_row(two):
    """Of the first address of each block; a missing block holds nothing."""
    table, other = two
    prefixes, _, texts = read(table)
    addresses = [str(net.network_address) for net, _ in other]
    hosts = Prefixes.read(f"{text}/{128 if ':' in text else 32}" for text in addresses)
    assert holds(prefixes, hosts).tolist() == [
        text is not None and net.version == held.version and held.network_address in net
        for text, (net, _), (held, _) in zip(texts, table, other, strict=True)
    ]


@given(blocks)
def test_a_block_holds_its_first_and_last_address_and_not_its_neighbours(table):
    """To the last bit, in both families."""
    nets = [net for net, _ in table]
    prefixes = Prefixes.read(map(str, nets))
    for offset, is_held in ((0, True), (-1, False)):
        for end, step in (("network_address", offset), ("broadcast_address", -offset)):
            numbers = [int(getattr(net, end)) + step for net in nets]
            rows = [i for i, n in enumerate(numbers) if 0 <= n < 2 ** nets[i].max_prefixlen]
            hosts = [type(nets[i])((numbers[i], nets[i].max_prefixlen)) for i in rows]
            held = holds(prefixes.take(np.array(rows, np.int64)), Prefixes.read(map(str, hosts)))
            assert held.tolist() == [is_held] * len(rows)


def test_pairs_over_the_limit_are_counted_and_not_made():
    """The exception says how many there would be."""
    prefixes = Prefixes.read(["10.0.0.0/8"] * 4)
    with pytest.raises(TooManyPairs) as caught:
        find_holding(Prefixes.read(["10.0.0.1/32"] * 3), prefixes, max_pairs=11)
    assert caught.value.n_pairs == 12


@given(st.lists(st.tuples(numbers, numbers, numbers)))
def test_equal_rows_have_equal_numbers(rows):
    """By first appearance, and the first row of each is given."""
    columns = [np.array([row[i] for row in rows], np.int64) for i in range(3)]
    codes, first = number_rows(*columns)
    distinct = [*dict.fromkeys(rows)]
    assert codes.tolist() == [distinct.index(row) for row in rows]
    assert first.tolist() == [rows.index(row) for row in distinct]


@given(
    st.lists(st.tuples(numbers, st.lists(numbers, max_size=4)), max_size=8),
    st.sampled_from([0, 6, 9]),
)
def test_equal_sequences_have_equal_numbers(sequences, n_same):
    """Together with what stands before them; empty and long ones too."""
    sequences = [(header, [1] * n_same + some) for header, some in sequences]
    headers = np.array([header for header, _ in sequences], np.int64)
    items = np.array([item for _, some in sequences for item in some], np.int64)
    starts = np.cumsum([0, *(len(some) for _, some in sequences)])
    codes, first = number_sequences(headers, starts, items)
    plain = [(header, tuple(some)) for header, some in sequences]
    assert (
        len({*zip(codes.tolist(), plain, strict=True)}) == len({*codes.tolist()}) == len({*plain})
    )
    assert [codes.tolist().index(n) for n in range(len(first))] == first.tolist()
