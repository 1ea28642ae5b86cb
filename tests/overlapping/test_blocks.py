"""Counts of overlaps as tables, and find_overlaps on tables, against plain loops."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from verb_helpers import comparable, holds, network, rows_of_blocks

from vpnframe import schema
from vpnframe.overlapping import find_overlaps, overlap_counts


@given(rows_of_blocks)
def test_counts_equal_brute_force(rows):
    """What each block equals, contains and lies within, in its group; null for a missing one."""
    found = overlap_counts([text for text, _ in rows], groups=[group for _, group in rows])
    schema.validate("overlap_counts", found)
    for i, (text, _) in enumerate(rows):
        others = [rows[j][0] for j in comparable(rows, i)]
        wanted = (
            [pd.NA] * 3
            if text is None
            else [
                sum(network(other) == network(text) for other in others),
                sum(holds(text, other) for other in others),
                sum(holds(other, text) for other in others),
            ]
        )
        assert [str(value) for value in found.iloc[i]] == [str(value) for value in wanted]


@given(rows_of_blocks)
def test_counts_add_up_to_the_pairs(rows):
    """Half the sum of all counts is the number of pairs."""
    texts, groups = [text for text, _ in rows], [group for _, group in rows]
    total = overlap_counts(texts, groups=groups).sum().sum()
    assert total == 2 * len(find_overlaps(texts, groups=groups))


def test_counts_stand_beside_the_table():
    """A table's index is kept, whatever it is, and a column can be its groups."""
    table = pd.DataFrame({"cidr": ["10.0.0.0/8"] * 3, "vpc_id": ["a", "b", "a"]}, index=[9, 9, 7])
    found = overlap_counts(table, groups="vpc_id")
    assert found.index.tolist() == [9, 9, 7]
    assert found["n_equal"].tolist() == [1, 0, 1]


def test_pairs_of_a_table():
    """A table with a column cidr is as good as the column."""
    table = pd.DataFrame({"cidr": ["10.0.0.0/8", "10.1.0.0/16", "10.2.0.0/16"], "site": [1, 1, 2]})
    pd.testing.assert_frame_equal(find_overlaps(table), find_overlaps(table["cidr"]))
    assert find_overlaps(table, groups="site")["right"].tolist() == [1]


@pytest.mark.parametrize("values", [[], [None], pd.Series([], dtype="str")])
def test_no_blocks_no_counts(values):
    """The table stands, with its dtypes and as many rows as were asked."""
    found = overlap_counts(values)
    schema.validate("overlap_counts", found)
    assert len(found) == len(values)


def test_a_fleet_made_to_explode_is_refused_or_counted():
    """Fifty thousand times one block: an error that offers the counts, and the counts."""
    blocks = ["10.0.0.0/8"] * 50_000
    with pytest.raises(ValueError, match=r"1,249,975,000 overlapping pairs.*overlap_counts"):
        find_overlaps(blocks)
    assert (overlap_counts(blocks)["n_equal"] == 49_999).all()
