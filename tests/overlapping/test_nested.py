"""Clusters and nearest blocks as tables, against plain loops."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from verb_helpers import Rows, comparable, holds, network, rows_of_blocks

from vpnframe import schema
from vpnframe.overlapping import clusters, enclosing


def around(rows: Rows, i: int) -> list[int]:
    """Positions of the larger blocks of the group that hold block i, the nearest first."""
    text = rows[i][0]
    assert text is not None
    holding = [j for j in comparable(rows, i) if holds(rows[j][0], text)]
    return sorted(holding, key=lambda j: (-network(rows[j][0]).prefixlen, j))


def columns(rows: Rows) -> tuple[list[str | None], list[str | None]]:
    return [text for text, _ in rows], [group for _, group in rows]


@given(rows_of_blocks)
def test_the_outermost_block_and_depth_equal_brute_force(rows):
    """The largest block around each, itself where there is none; null for a missing block."""
    texts, groups = columns(rows)
    found = clusters(texts, groups=groups)
    schema.validate("clusters", found)
    for i, text in enumerate(texts):
        if text is None:
            assert found.iloc[i].isna().all()
            continue
        wider = around(rows, i)
        assert found["outermost"][i] == str(network(texts[wider[-1]] if wider else text))
        assert found["depth"][i] == len({network(texts[j]) for j in wider})


@given(rows_of_blocks)
def test_one_cluster_is_one_outermost_block_of_one_group(rows):
    """Equal numbers mean the same group and outermost block, and the numbers leave none out."""
    texts, groups = columns(rows)
    found = clusters(texts, groups=groups)
    keys = [
        (group if group is not None else i, outermost)
        for i, (group, outermost) in enumerate(zip(groups, found["outermost"], strict=True))
    ]
    known = [(key, n) for key, n in zip(keys, found["cluster"], strict=True) if not pd.isna(n)]
    assert len(set(known)) == len({key for key, _ in known}) == len({n for _, n in known})
    assert {n for _, n in known} == set(range(len(set(known))))


@given(rows_of_blocks)
def test_the_nearest_block_equals_brute_force(rows):
    """The smallest larger block around each, of equal ones the first."""
    texts, groups = columns(rows)
    found = enclosing(texts, groups=groups)
    schema.validate("enclosing", found)
    for i, text in enumerate(texts):
        wider = [] if text is None else around(rows, i)
        wanted = (wider[0], str(network(texts[wider[0]]))) if wider else ("<NA>", "nan")
        assert (str(found["enclosing"][i]), str(found["enclosing_cidr"][i])) == (
            str(wanted[0]),
            wanted[1],
        )


@pytest.mark.parametrize("verb", [clusters, enclosing])
def test_results_stand_beside_the_table(verb):
    """A table's index is kept."""
    table = pd.DataFrame({"cidr": ["10.0.0.0/8", None, "10.1.0.0/16"]}, index=["a", "b", "a"])
    assert verb(table).index.tolist() == ["a", "b", "a"]


@pytest.mark.parametrize("verb", [clusters, enclosing])
def test_no_blocks(verb):
    """The table stands, with its dtypes."""
    found = verb([])
    schema.validate(verb.__name__, found)
    assert found.empty


def test_clusters_are_numbered_by_family_group_and_address():
    """IPv4 before IPv6; groups as they appear."""
    texts = ["2001:db8::/32", "11.0.0.0/8", "10.0.0.0/8", "9.0.0.0/8"]
    assert clusters(texts, groups=["b", "a", "b", "b"])["cluster"].tolist() == [3, 2, 1, 0]
