"""Counts of overlaps by block are those of the pairs, and come in no time where those are many."""

from __future__ import annotations

import tracemalloc
from collections import Counter
from collections.abc import Sequence

import pytest
from fleet_helpers import COLUMNS, few, found, site, subnets_of
from hypothesis import given
from test_overlapping_fleet import fleets, table_of

from vpnframe import schema
from vpnframe.errors import IncompleteWarning
from vpnframe.overlapping import overlaps, overlaps_per_block

BLOCK = ("account_id", "region_id", "vpn_connection_id", "side", "cidr")


@pytest.mark.parametrize("scope", ["routing_domain", None, "vpc_id", "side"])
@few
@given(made=fleets)
def test_counts_are_those_of_the_pairs(scope, made):
    """Each block with the pairs that overlaps finds it in, seen from it; most first."""
    table, _ = table_of(made)
    turned = {"contains": "within", "within": "contains", "equal": "equal"}
    wanted: Counter[tuple[object, ...]] = Counter()
    for half, words in (("left", {word: word for word in turned}), ("right", turned)):
        columns = [f"{half}_{name}" for name in BLOCK]
        pairs = overlaps(table, scope=scope, expand=True)
        for *block, word in found(pairs, *columns, "relation"):
            wanted[(*_of_site(block), words[word])] += 1
    answer = overlaps_per_block(table, scope=scope)
    schema.validate("block_counts", answer)
    counted: Counter[tuple[object, ...]] = Counter()
    for row in found(answer, *BLOCK, "n_equal", "n_contains", "n_within"):
        for word, n in zip(("equal", "contains", "within"), row[5:], strict=True):
            counted[(*_of_site(row[:5]), word)] += n
    assert +counted == wanted
    totals = answer[["n_equal", "n_contains", "n_within"]].sum(axis=1).tolist()
    assert totals == sorted(totals, reverse=True)


def _of_site(block: Sequence[object]) -> Sequence[object]:
    """A block with its connection; a VPC's block is of all connections in it."""
    return block if block[3] == "onprem" else block[3:]


def test_a_fleet_made_to_explode_is_counted_without_its_pairs():
    """50,000 times one block: pairs are refused with their number, counts come at once."""
    n = 50_000
    row = site("c", onprem=["10.0.0.0/8"])[0] | {"cidr_raw": ""}
    values = {name: [row.get(name)] * n for name in COLUMNS}
    table = schema.build("subnets", values | {"vpn_connection_id": [f"c{i}" for i in range(n)]})
    with pytest.raises(ValueError, match="1,249,975,000 overlapping pairs"):
        overlaps(table)
    tracemalloc.start()
    answer = overlaps_per_block(table)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2_000 * n  # the pairs alone would take a hundred times as much
    assert set(answer["n_equal"]) == {n - 1}


def test_what_is_not_known_is_said():
    """As overlaps does."""
    table = subnets_of(site("a", onprem=["0.0.0.0/0"], routing_mode="route"))
    with pytest.warns(IncompleteWarning, match="1 of 1 connections is not judged"):
        overlaps_per_block(table)
