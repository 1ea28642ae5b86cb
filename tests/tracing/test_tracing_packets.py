"""Addresses of packets: the same verdict on a text as ipaddress, and numbers."""

from __future__ import annotations

import ipaddress

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpnframe.errors import AddressError
from vpnframe.tracing.packets import read_packets

ADDRESSES = st.ip_addresses().map(str)
TEXTS = ADDRESSES | st.sampled_from(
    [
        *("10.1.2.3", "::", "::ffff:10.1.2.3", "1::2:3", "FD00::1", "255.255.255.255"),
        *("", " ", "10.1.2", "10.1.2.3.4", "10.1.2.300", "010.1.2.3", "10.1.2.3 ", "10.1.2.3/24"),
        *(
            "fe80::1%eth0",
            "1:2:3:4:5:6:7:8:9",
            ":::",
            "g::1",
            "\u0661.1.1.1",
            "1.1.1.1\x00",
            "0x1.1.1.1",
        ),
        *("10.1.2.3\n", "::1/128", "example.org", "1.2.3", "3232235777", "10.1.2.-3", "1::2::3"),
    ]
)


def is_address(text: str) -> bool:
    """By ipaddress; a zone is none of a packet's business."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return "%" not in text


@given(st.lists(TEXTS | st.text(max_size=6)))
def test_the_first_text_that_is_no_address_is_named(texts):
    """By ipaddress's verdict, with its position; else the numbers are those of ipaddress."""
    bad = [i for i, text in enumerate(texts) if not is_address(text)]
    if not bad:
        packets = read_packets(texts, texts)
        numbers = [
            high << 64 | low
            for high, low in zip(
                packets.source.high.tolist(), packets.source.low.tolist(), strict=True
            )
        ]
        assert numbers == [int(ipaddress.ip_address(text)) for text in texts]
        families = [ipaddress.ip_address(text).version for text in texts]
        assert packets.source.family.tolist() == families
        for family, length in ((4, 32), (6, 128)):
            rows, blocks = packets.source.of_family(family)
            assert rows.tolist() == [i for i, f in enumerate(families) if f == family]
            assert blocks.prefix_length.tolist() == [length] * len(rows)
        return
    with pytest.raises(AddressError, match=f"at position {bad[0]} ") as error:
        read_packets(texts, texts)
    assert error.value.value == texts[bad[0]]


def test_one_address_goes_with_many():
    """On either side; lists of one do not."""
    packets = read_packets(["10.0.0.1", "10.0.0.2"], "10.9.9.9")
    assert packets.destinations == ["10.9.9.9"] * 2
    assert read_packets("10.0.0.1", "10.9.9.9").sources == ["10.0.0.1"]
    assert read_packets([], "10.9.9.9").destinations == []


@pytest.mark.parametrize(("n", "m"), [(2, 3), (1, 2), (0, 1)])
def test_lists_of_different_lengths_are_refused(n, m):
    """Which goes with which nobody could tell."""
    with pytest.raises(ValueError, match=f"{n} sources and {m} destinations"):
        read_packets(["10.0.0.1"] * n, ["10.0.0.2"] * m)


@pytest.mark.parametrize("missing", [None, float("nan"), pd.NA, pd.NaT])
def test_missing_values_have_no_family(missing):
    """In lists, Series and arrays."""
    for column in (["10.0.0.1", missing], np.array(["10.0.0.1", missing], object)):
        packets = read_packets(column, "10.9.9.9")
        assert packets.is_missing.tolist() == [False, True]
        assert packets.sources == ["10.0.0.1", None]
    packets = read_packets(pd.Series(["10.0.0.1", missing], dtype="str"), "10.9.9.9")
    assert packets.is_missing.tolist() == [False, True]
    assert read_packets(missing, "10.9.9.9").sources == [None]


def test_families_do_not_mix_in_a_packet():
    """The packet is named; a missing side mixes with nothing."""
    with pytest.raises(AddressError, match=r"packet 1 goes from 10\.0\.0\.1 to fd00::1"):
        read_packets("10.0.0.1", [None, "fd00::1"])


def test_series_have_to_agree_on_their_index():
    """Else rows would be paired by chance."""
    one, other = pd.Series(["10.0.0.1"], index=[1]), pd.Series(["10.0.0.2"], index=[2])
    with pytest.raises(ValueError, match="different indexes"):
        read_packets(one, other)
    assert read_packets(one, other.set_axis([1])).index.tolist() == [1]
    assert read_packets("10.0.0.1", other).index.tolist() == [2]


def test_a_table_is_no_column():
    """Its columns are."""
    with pytest.raises(TypeError, match="whole table"):
        read_packets(pd.DataFrame({"a": ["10.0.0.1"]}), "10.0.0.2")


def test_a_block_is_no_address():
    """Neither as text nor as an object that could be gone through."""
    for block in ("10.0.0.0/30", ipaddress.ip_network("10.0.0.0/30")):
        with pytest.raises(AddressError, match="trace takes single addresses"):
            read_packets(block, "10.9.9.9")
