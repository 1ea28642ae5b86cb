"""CIDR text to numbers: the verdict of ipaddress, our own words for what is wrong."""

from __future__ import annotations

import ipaddress

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vpnframe.addresses.cidr import format_cidr, parse_cidrs, split_cidrs

NASTY = [
    *["", " ", "/", "/8", "10.0.0.0/", "10.0.0.0/8/8", "10.0.0.0//8", "a", "\n", "\ud800", "()"],
    *["10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/08", "10.0.0.0/008", "10.0.0.0/8 "],
    *[" 10.0.0.0/8", "10.0.0.0 /8", "10.0.0.0/8\n", "10.0.0.0/8\x00", "10.0.0.0/8,10.0.0.0/8"],
    *["300.1.1.1/8", "010.0.0.0/8", "10.00.0.0/8", "10.0.0/8", "10/8", "10.0.0.0.0/8", "1..0.0/8"],
    *["10.0.0.1/8", "10.0.0.0", "0.0.0.0/0", "255.255.255.255/32", "255.255.255.255", "1.0.0.0/0"],
    *["10.0.0.0/255.0.0.0", "10.0.0.0/0.255.255.255", "10.0.0.0/255.0.255.0", "10.0.0.0/0x8"],
    *[
        "\uff11\uff10.0.0.0/8",
        "10.0.0.0/\uff18",
        "10\u30020.0.0/8",
        "1\u0660.0.0.0/8",
        "1e1.0.0.0/8",
        "1.2.3.4/3 2",
    ],
    *["::/0", "::", "::1/128", "::1/127", "2001:DB8::/32", "2001:0db8::/032", "2001:db8::/129"],
    *["fe80::%1/64", "fe80::1%eth0/128", "::ffff:10.0.0.0/104", "::ffff:10.0.0/104", ":::/8"],
    *["1:2:3:4:5:6:7:8:9/64", "12345::/16", "2001:db8::/ffff::", "0:0:0:0:0:0:0:0/0", "1.2.3.4:/8"],
    *[
        "99999999999999999999.0.0.0/8",
        "10.0.0.0/99999999999999999999",
        "10.0.0.0\r/8",
        "1.1.1.1/3\n2",
    ],
]

addresses = st.one_of(
    st.integers(0, 2**32 - 1).map(lambda n: str(ipaddress.IPv4Address(n))),
    st.integers(0, 255).map(lambda n: f"{n}.0.0.0"),
    st.integers(0, 2**128 - 1).map(lambda n: str(ipaddress.IPv6Address(n))),
    st.lists(st.integers(0, 400).map(str), min_size=3, max_size=5).map(".".join),
)
prefixes = st.one_of(st.integers(0, 130).map(str), st.sampled_from(["", "08", "255.0.0.0", "x"]))
plausible = st.builds("{}/{}".format, addresses, prefixes)
mutated = st.builds(
    lambda text, at, mark: text[:at] + mark + text[at + 1 :],
    plausible,
    st.integers(0, 20),
    st.sampled_from([*"0123456789./: %,\n\t", "", "\uff10", "é"]),
)
texts = st.one_of(plausible, mutated, st.sampled_from(NASTY), st.text(max_size=12))


def expected(text: str) -> tuple[int, int, int, int] | None:
    """Family, high, low and prefix length by ipaddress, None where it refuses."""
    try:
        network = ipaddress.ip_network(text, strict=True)
    except ValueError:
        return None
    number = int(network.network_address)
    return network.version, number >> 64, number % 2**64, network.prefixlen


def found(values: list[str]) -> dict[int, tuple[int, int, int, int]]:
    """What parse_cidrs makes of each position."""
    parsed = parse_cidrs(values)
    columns = (parsed.family, parsed.high, parsed.low, parsed.prefix_length)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return dict(zip(parsed.row.tolist(), rows, strict=True))


@settings(deadline=None)
@given(st.lists(texts, max_size=30))
def test_verdict__is_that_of_ipaddress(values):
    """Any list of texts gives the blocks that ip_network gives, and fails where it fails."""
    wanted = {i: block for i, text in enumerate(values) if (block := expected(text))}
    assert found(values) == wanted
    failed = parse_cidrs(values).failed_rows.tolist()
    assert failed == [i for i in range(len(values)) if i not in wanted]


@pytest.mark.parametrize("text", NASTY)
def test_verdict__on_a_nasty_text(text):
    """A nasty text has ip_network's verdict, alone and beside a plain one."""
    wanted = expected(text)
    assert found([text]) == ({0: wanted} if wanted else {})
    assert found(["10.0.0.0/8", text])[0] == (4, 0, 10 << 24, 8)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty text"),
        ("172.17.0.0/12", "host bits set: did you mean 172.16.0.0/12?"),
        ("2001:db8::1/64", "host bits set: did you mean 2001:db8::/64?"),
        ("10.0.0.0/33", "the prefix length must be 0 to 32"),
        ("2001:db8::/129", "the prefix length must be 0 to 128"),
        ("300.1.1.1/8", "an octet over 255"),
        ("010.0.0.0/8", "an octet with a leading zero"),
        ("10.0.0/8", "an IPv4 address has four octets"),
        ("10.0.0.0/8/8", "more than one slash"),
        ("10.0.0.0/8 ", "a space in or around it"),
        ("10.0.0.0/8,10.0.0.0/8", "several blocks in one text: one is expected"),
        ("\uff11\uff10.0.0.0/8", "characters other than plain ASCII"),
        ("office", "not an IP address"),
    ],
)
def test_reason__names_the_problem(text, reason):
    """What does not parse comes with its text and a reason."""
    parsed = parse_cidrs(["10.0.0.0/8", text])
    assert (parsed.failed_rows.tolist(), parsed.failed_texts) == ([1], (text,))
    assert parsed.failed_reasons == (reason,)


@pytest.mark.parametrize("missing", [None, float("nan"), pd.NA, pd.NaT, np.nan])
def test_missing__is_no_failure(missing):
    """Missing values are told apart from bad ones."""
    parsed = parse_cidrs([missing, "10.0.0.0/8", ""])
    assert parsed.missing_rows.tolist() == [0]
    assert (parsed.row.tolist(), parsed.failed_rows.tolist()) == ([1], [2])


@pytest.mark.parametrize("build", [list, iter, pd.Series, np.array, pa.array, pd.Categorical])
def test_input__may_be_any_sequence(build):
    """Lists, iterators, Series, numpy and arrow arrays are read alike."""
    parsed = parse_cidrs(build(["10.0.0.0/8", "192.168.0.0/16"]))
    assert parsed.prefix_length.tolist() == [8, 16]


def test_input__other_objects_are_taken_as_text():
    """Network objects are read as blocks, numbers are not."""
    parsed = parse_cidrs([ipaddress.ip_network("10.0.0.0/8"), 5])
    assert parsed.low.tolist() == [10 << 24]
    assert parsed.failed_texts == ("5",)


def test_empty__keeps_dtypes():
    """No values give empty arrays of the promised dtypes."""
    parsed = parse_cidrs([])
    columns = [parsed.row, parsed.family, parsed.high, parsed.low, parsed.prefix_length]
    assert [column.dtype.name for column in columns] == [
        *["int64", "uint8", "uint64", "uint64", "uint8"]
    ]
    assert [len(column) for column in [*columns, parsed.failed_rows, parsed.missing_rows]] == [
        0
    ] * 7


@settings(deadline=None)
@given(st.lists(plausible, max_size=20))
def test_format__is_the_inverse(values):
    """Written back, blocks are the canonical text of ipaddress."""
    wanted = [str(ipaddress.ip_network(text)) for text in values if expected(text)]
    parsed = parse_cidrs(values)
    assert format_cidr(parsed.high, parsed.low, parsed.family, parsed.prefix_length) == wanted


def test_split__handles_both_commas():
    """Subnet lists are split at "," and "、", stripped, without empties."""
    assert split_cidrs(" 10.0.0.0/16, 10.1.0.0/16、::/0 ,,") == [
        *["10.0.0.0/16", "10.1.0.0/16", "::/0"]
    ]
    assert split_cidrs("") == []
