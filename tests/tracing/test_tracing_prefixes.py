"""Which blocks hold which addresses, by plain loops over ``ipaddress``."""

from __future__ import annotations

from address_helpers import listed_blocks
from hypothesis import given
from hypothesis import strategies as st

from vpnframe.tracing.packets import read_packets
from vpnframe.tracing.prefixes import Prefixes

blocks = st.lists(listed_blocks(32) | listed_blocks(128), max_size=3).map(
    lambda lists: [net for some in lists for net, _ in some]
)


def texts_of(nets):
    """The blocks as texts, some of them missing."""
    return [None if net.prefixlen % 5 == 4 else str(net) for net in nets]


def found_around(prefixes, addresses):
    """The ids of all blocks around each address, from the largest to the smallest."""
    addresses = list(addresses)
    longest = prefixes.find_longest(read_packets(addresses, addresses).source, len(addresses))
    return [prefixes.around(block) for block in longest.tolist()]


@given(blocks, blocks)
def test_every_block_that_holds_an_address_is_found(nets, others):
    """From the largest to the smallest, the last being the longest; equal blocks share an id."""
    texts = texts_of(nets)
    prefixes, hosts = Prefixes.read(texts), [net.network_address for net in others]
    for host, found in zip(hosts, found_around(prefixes, map(str, hosts)), strict=True):
        expected = [
            i
            for i, (net, text) in enumerate(zip(nets, texts, strict=True))
            if text and net.version == host.version and host in net
        ]
        assert [i for i, block in enumerate(prefixes.ids.tolist()) if block in found] == expected
        assert found == sorted({*found}, key=lambda i: nets[i].prefixlen)


@given(blocks)
def test_ids_and_lengths_are_those_of_the_blocks(nets):
    """The id is the first row of an equal block, and -1 for a missing one."""
    texts = texts_of(nets)
    prefixes = Prefixes.read([*texts, "broken"])
    assert prefixes.ids.tolist() == [*(texts.index(t) if t else -1 for t in texts), -1]
    assert prefixes.lengths.tolist() == [
        *(net.prefixlen if text else -1 for net, text in zip(nets, texts, strict=True)), -1,
    ]  # fmt: skip
    assert prefixes.canonical_texts() == {i: text for i, text in enumerate(texts) if text}


@given(blocks)
def test_a_block_holds_its_first_and_last_address_and_not_its_neighbours(nets):
    """To the last bit, in both families."""
    for net in nets:
        prefixes, host = Prefixes.read([str(net)]), type(net.network_address)
        first, last = int(net.network_address), int(net.broadcast_address)
        for number, is_held in ((first, True), (last, True), (first - 1, False), (last + 1, False)):
            if 0 <= number < 2**net.max_prefixlen:
                assert found_around(prefixes, [str(host(number))]) == ([[0]] if is_held else [[]])
