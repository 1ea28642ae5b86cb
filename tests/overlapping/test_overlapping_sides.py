"""Sides and lists as other tables write them: understood, or refused, never dropped."""

from __future__ import annotations

import pandas as pd
import pytest

from vpnframe.errors import SchemaError
from vpnframe.overlapping import free_subnets, overlaps, would_conflict

SUBNETS = pd.DataFrame(
    {
        "account_id": "1", "region_id": "r", "vpn_gateway_id": "vpn-1", "vpc_id": None,
        "transit_router_id": None, "vpn_connection_id": ["vco-a", "vco-b"], "side": "onprem",
        "cidr": "10.1.0.0/16",
    }
)  # fmt: skip


@pytest.mark.parametrize("side", ["VPC", "OnPrem", None])
def test_a_side_of_another_table_may_be_in_capitals_or_missing(side):
    """Its blocks are compared all the same."""
    theirs = pd.DataFrame({"cidr": ["10.0.0.0/8"], "side": [side]})
    assert len(overlaps(SUBNETS, against=theirs, expand=True)) == 2


def test_a_side_that_is_none_is_refused_in_another_table():
    """It is named."""
    theirs = pd.DataFrame({"cidr": ["10.0.0.0/8"], "side": ["left"]})
    with pytest.raises(ValueError, match="'left' is not a side"):
        overlaps(SUBNETS, against=theirs)


@pytest.mark.parametrize(
    "ask",
    [
        overlaps,
        lambda subnets: would_conflict(subnets, ["10.1.0.0/16"]),
        lambda subnets: free_subnets(subnets, within="10.1.0.0/16"),
    ],
    ids=["overlaps", "would_conflict", "free_subnets"],
)
def test_a_side_that_is_none_is_refused_in_the_fleet(ask):
    """A block that is left out would be free, and collide with nothing."""
    with pytest.raises(SchemaError, match="side holds 'ONPREM' in row 0: write vpc or onprem"):
        ask(SUBNETS.assign(side="ONPREM"))


def test_lists_of_blocks_may_be_text():
    """As a file without lists has them."""
    theirs = pd.DataFrame({"cidrs": ["10.0.0.0/8,10.1.0.0/24", None]})
    assert len(overlaps(SUBNETS, against=theirs, expand=True)) == 4


def test_what_is_free_ends_where_nothing_is_left():
    """However many are asked for, and no more than can be."""
    nothing = SUBNETS.head(0)
    assert len(free_subnets(nothing, within="10.9.0.0/30", prefix_length=31, count=100_000)) == 2
    with pytest.raises(ValueError, match="count must be from 1 to 100,000"):
        free_subnets(nothing, count=10**9)
