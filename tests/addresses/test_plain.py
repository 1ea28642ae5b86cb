"""Plain texts are read at once, and as the standard library reads them."""

from __future__ import annotations

import ipaddress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from text_helpers import NASTY, any_texts

from vpnframe.addresses import plain
from vpnframe.addresses.plain import read_plain

interfaces = st.builds(
    lambda bits, number, cut: (bits, number >> (128 - bits), cut % (bits + 1)),
    st.sampled_from([32, 128]),
    st.integers(0, 2**128 - 1) | st.integers(0, 127).map(lambda place: 1 << place),
    st.integers(0, 128),
)


def text_of(bits: int, number: int, length: int) -> str:
    """An address with its prefix length, in canonical text."""
    kind = ipaddress.IPv4Interface if bits == 32 else ipaddress.IPv6Interface
    return str(kind((number, length)))


def blocks(texts: list[str]) -> list[tuple[int, int, int] | None]:
    """Bits, address and prefix length of each text, None where it was not read."""
    entries = read_plain(texts)
    columns = (*entries.address, entries.family, entries.prefix_length)
    return [
        ({4: 32, 6: 128}[family], high << 64 | low, length) if family else None
        for high, low, family, length in zip(*(c.tolist() for c in columns), strict=True)
    ]


@given(st.lists(interfaces, max_size=20))
def test_canonical_text_is_plain(listed):
    """What ipaddress writes, with host bits or without, is read here, not one by one."""
    assert blocks([text_of(*interface) for interface in listed]) == listed


@given(st.lists(interfaces, max_size=20))
def test_capitals_and_bare_addresses_are_plain(listed):
    """Upper case, leading zeros in groups, and addresses without a length."""
    texts = [text_of(*interface).upper().partition("/")[0] for interface in listed]
    assert blocks(texts) == [(bits, number, bits) for bits, number, _ in listed]
    exploded = [str(ipaddress.IPv6Address(number).exploded) for _, number, _ in listed]
    assert blocks(exploded) == [(128, number, 128) for _, number, _ in listed]


@given(st.lists(any_texts | st.sampled_from(NASTY), max_size=20))
def test_what_is_read_is_what_ipaddress_reads(texts):
    """A text that is read here is one that ip_interface reads, as the same address and length."""
    for text, found in zip(texts, blocks(texts), strict=True):
        if found is not None:
            interface = ipaddress.ip_interface(text)
            length = interface.network.prefixlen
            assert found == (interface.max_prefixlen, int(interface.ip), length)


@pytest.mark.parametrize("chunk", [1, 2, 7])
def test_texts_do_not_depend_on_the_chunk(monkeypatch, chunk):
    """Read a few at a time, the texts are what they are at once, line ends in them or not."""
    whole = blocks(NASTY)
    monkeypatch.setattr(plain, "_CHUNK", chunk)
    assert blocks(NASTY) == whole


def test_nothing_is_read_from_nothing():
    """No texts, no entries."""
    entries = read_plain([])
    assert (len(entries.family), entries.family.dtype) == (0, np.uint8)
