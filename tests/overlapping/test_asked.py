"""What verbs on blocks take: lists, columns and tables, with groups or without."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from vpnframe.errors import AddressError
from vpnframe.overlapping.asked import read_asked

TABLE = pd.DataFrame(
    {"cidr": ["10.0.0.0/8", "10.1.0.0/16", None], "vpc_id": ["vpc-1", None, "vpc-1"]},
    index=["a", "b", "c"],
)


@pytest.mark.parametrize("given", [TABLE, TABLE["cidr"]])
def test_a_table_or_column_keeps_its_index(given):
    """Results can be put beside it."""
    assert read_asked(given, None).index.tolist() == ["a", "b", "c"]


@pytest.mark.parametrize("build", [list, iter, tuple, np.array, pd.Categorical])
def test_anything_else_is_counted_from_0(build):
    """Lists, iterators and arrays have positions."""
    asked = read_asked(build(["10.0.0.0/8", "10.1.0.0/16"]), None)
    assert asked.index.tolist() == [0, 1]
    assert asked.parsed.prefix_length.tolist() == [8, 16]


@pytest.mark.parametrize("groups", ["vpc_id", TABLE["vpc_id"], ["vpc-1", None, "vpc-1"]])
def test_groups_are_a_column_or_its_name(groups):
    """Equal keys have equal codes; a missing key has a code of its own."""
    asked = read_asked(TABLE, groups)
    assert asked.codes.tolist() == [0, 1, 0]
    assert asked.labels == ["vpc-1", None]


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA, pd.NaT])
def test_missing_groups_are_each_their_own(missing):
    """Two of them are not equal."""
    asked = read_asked(["10.0.0.0/8"] * 3, [missing, 5, missing])
    assert asked.codes.tolist() == [0, 1, 2]
    assert asked.labels == [None, "5", None]


def test_without_groups_there_are_no_codes():
    """Nothing to compare by, and no label."""
    asked = read_asked(TABLE, None)
    assert (asked.codes, asked.labels) == (None, [None])


def test_a_bad_text_is_named_with_its_position():
    """The first of them, with the remedy."""
    with pytest.raises(
        AddressError, match=r"'10.0.0.1/8' at position 1 .*\(2 of 3 are invalid\)"
    ) as caught:
        read_asked(["10.0.0.0/8", "10.0.0.1/8", ""], None)
    assert caught.value.value == "10.0.0.1/8"


@pytest.mark.parametrize(
    ("cidrs", "groups", "error", "message"),
    [
        ("10.0.0.0/8", None, TypeError, "'10.0.0.0/8' is a single string: give a list, a column"),
        (["10.0.0.0/8"], "vpc_id", TypeError, "groups is 'vpc_id', but cidrs is not a table"),
        (
            ["10.0.0.0/8"],
            [1, 2],
            ValueError,
            "2 groups for 1 blocks: give one group for each block",
        ),
        (TABLE, "site", ValueError, "no column 'site': it has cidr, vpc_id"),
        (TABLE[["vpc_id"]], None, ValueError, "no column 'cidr': it has vpc_id"),
    ],
)
def test_a_wrong_argument_says_what_to_give(cidrs, groups, error, message):
    """Of the wrong kind is a TypeError, of the wrong size or name a ValueError."""
    with pytest.raises(error, match=message):
        read_asked(cidrs, groups)
