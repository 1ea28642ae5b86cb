"""CIDR text to numbers: the verdict of ipaddress, our own words for what is wrong."""

from __future__ import annotations

import ipaddress
import os

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from text_helpers import NASTY, any_texts, made_up_texts, plausible

from vpnframe.addresses.cidr import format_cidr, parse_cidrs, split_cidrs

N_TEXTS = 100 * int(os.environ.get("VPNFRAME_EXAMPLES", "100"))


def expected(text: str, *, strict: bool = True) -> tuple[int, int, int, int] | None:
    """Family, high, low and prefix length by ipaddress, None where it refuses."""
    try:
        network = ipaddress.ip_network(text, strict=strict)
    except ValueError:
        return None
    number = int(network.network_address)
    return network.version, number >> 64, number % 2**64, network.prefixlen


def found(values: list[str], **settings: bool) -> dict[int, tuple[int, int, int, int]]:
    """What parse_cidrs makes of each position."""
    parsed = parse_cidrs(values, **settings)
    columns = (parsed.family, parsed.high, parsed.low, parsed.prefix_length)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return dict(zip(parsed.row.tolist(), rows, strict=True))


@given(st.lists(any_texts, max_size=30))
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


def test_a_failure_has_its_text_and_reason():
    """What does not parse is told by position, with the text as it came."""
    parsed = parse_cidrs(["10.0.0.0/8", "172.17.0.0/12", "", "172.17.0.0/12"])
    assert parsed.failed_rows.tolist() == [1, 2, 3]
    assert parsed.failed_texts == ("172.17.0.0/12", "", "172.17.0.0/12")
    assert parsed.failed_reasons[:2] == (
        "host bits set: did you mean 172.16.0.0/12?",
        "it is empty",
    )


@pytest.mark.parametrize("missing", [None, float("nan"), pd.NA, pd.NaT, np.nan])
def test_missing__is_no_failure(missing):
    """Missing values are told apart from bad ones."""
    parsed = parse_cidrs([missing, "10.0.0.0/8", ""])
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
    names = ("row", "family", "high", "low", "prefix_length", "is_masked")
    dtypes = [getattr(parsed, name).dtype.name for name in names]
    assert dtypes == ["int64", "uint8", "uint64", "uint64", "uint8", "bool"]
    lengths = [len(getattr(parsed, name)) for name in (*names, "failed_rows")]
    assert lengths == [0] * 7


@given(st.lists(plausible, max_size=20))
def test_format__is_the_inverse(values):
    """Written back, blocks are the canonical text of ipaddress."""
    wanted = [str(ipaddress.ip_network(text)) for text in values if expected(text)]
    parsed = parse_cidrs(values)
    assert format_cidr(parsed.high, parsed.low, parsed.family, parsed.prefix_length) == wanted


@given(st.lists(st.lists(any_texts, max_size=5), max_size=8))
def test_lists__are_read_part_by_part(lists):
    """A list of blocks gives what its parts give, each with the row of the list."""
    joined = [",".join(parts) for parts in lists]
    parts = [(i, part) for i, text in enumerate(joined) for part in split_cidrs(text)]
    parsed = parse_cidrs(joined, as_lists=True)
    alone = parse_cidrs([part for _, part in parts])
    rows = np.array([i for i, _ in parts], np.int64)
    assert parsed.row.tolist() == rows[alone.row].tolist()
    assert parsed.failed_rows.tolist() == rows[alone.failed_rows].tolist()
    assert parsed.failed_texts == alone.failed_texts
    assert np.array_equal(parsed.low, alone.low)


def test_lists__may_be_missing_or_empty():
    """Neither a missing list nor an empty one is a failure."""
    parsed = parse_cidrs([None, "", " ,、", "10.0.0.0/8、::/0"], as_lists=True)
    assert parsed.row.tolist() == [3, 3]
    assert parsed.failed_rows.tolist() == []


@given(st.lists(any_texts, max_size=30))
def test_masking__is_the_lenient_verdict(values):
    """With host bits masked, the verdict is that of strict=False, and each masked block says so."""
    parsed = parse_cidrs(values, mask_host_bits=True)
    wanted = [(i, expected(text, strict=False)) for i, text in enumerate(values)]
    assert found(values, mask_host_bits=True) == {i: block for i, block in wanted if block}
    is_strict = [expected(values[i]) is not None for i in parsed.row.tolist()]
    assert (~parsed.is_masked).tolist() == is_strict


def test_families__come_apart_with_their_groups():
    """The kernels take one family at a time; IPv6 alone has upper words."""
    parsed = parse_cidrs(["10.0.0.0/8", None, "2001:db8::/32", "11.0.0.0/8"])
    row, blocks = parsed.of_family(4, groups=np.array([5, 6, 7, 8]))
    assert (row.tolist(), blocks.groups.tolist()) == ([0, 3], [5, 8])
    assert blocks.high is None
    row, blocks = parsed.of_family(6)
    assert (row.tolist(), blocks.high.tolist()) == ([2], [0x20010DB8 << 32])
    assert blocks.groups is None


def test_one_text__is_refused():
    """Its characters are no blocks."""
    with pytest.raises(TypeError, match="is a single string: give a list"):
        parse_cidrs("10.0.0.0/8")


@pytest.mark.proof
def test_verdict__agrees_on_made_up_and_mutated_texts():
    """None of a great many texts has another verdict than ip_network's, and none crashes."""
    n_good = n_bad = 0
    for values in made_up_texts(N_TEXTS):
        wanted = {i: block for i, text in enumerate(values) if (block := expected(text))}
        assert found(values) == wanted
        n_good, n_bad = n_good + len(wanted), n_bad + len(values) - len(wanted)
    assert n_good + n_bad == N_TEXTS
    assert min(n_good, n_bad) > N_TEXTS / 4


def test_split__handles_both_commas():
    """Subnet lists are split at "," and "、", stripped, without empties."""
    assert split_cidrs(" 10.0.0.0/16, 10.1.0.0/16、::/0 ,,") == [
        *["10.0.0.0/16", "10.1.0.0/16", "::/0"]
    ]
    assert split_cidrs("") == []
