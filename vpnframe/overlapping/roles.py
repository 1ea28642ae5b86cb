"""What a block stands for when it is compared: a site's network, a VPC's own block, or neither.

Where the blocks of a VPC were read, they decide what the VPC holds: its local routes win for what
lies in them, and for nothing else. A selector of the VPC side is then only what a connection
admits. Where the VPC was not read, the selectors stand for it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from vpnframe.addresses.cidr import ParsedCidrs
from vpnframe.addresses.nesting import CONTAINS, WITHIN, make_pairs
from vpnframe.overlapping.blocks import runs_by_family, take_blocks
from vpnframe.schema.codes import Codes, Mask, rank_rows

ONPREM = 0
REAL = 1  # a VPC's own block: it has a local route
USER = 2  # a VPC's user CIDR: private addresses that the VPC sends by its route table
STAND_IN = 3  # a selector that stands for a VPC that was not read
OUTSIDE = 4  # a selector that has nothing in common with its VPC's own blocks
AGGREGATE = 5  # a selector around an own block of its VPC
COVERED = 6  # a selector that another block stands for: the VPC's own, or an equal one

COMPARED = (REAL, USER, STAND_IN)
"""Roles of VPC-side blocks that every on-premises block of a scope is compared with."""

ORIGINS = {REAL: "vpc", USER: "user_cidr"}
"""How rows that come from table ``vpcs`` are marked in the column ``origin``."""


def of_rows(origin: pd.Series[Any], is_vpc: Mask) -> Codes:
    """Give rows their roles as far as a row alone tells."""
    role = np.where(is_vpc, STAND_IN, ONPREM)
    for code, word in ORIGINS.items():
        role[(origin == word).to_numpy(bool)] = code
    return role


def settle(
    blocks: ParsedCidrs, role: Codes, *, is_open: Mask, cloud: Codes, cidr: Codes, scope: Codes
) -> Codes:
    """Find what each selector of a VPC side stands for; blocks that are not open keep their role.

    ``cloud`` is equal for blocks of one VPC.
    """
    role = role.copy()
    is_own = (role == REAL) & is_open
    is_selector = (role == STAND_IN) & is_open & np.isin(cloud, cloud[is_own])
    is_held = np.isin(role, COMPARED) & is_open & ~is_selector
    role[repeats(np.flatnonzero(is_held), cloud, cidr, role, scope)] = COVERED
    role[is_selector] = OUTSIDE
    both = take_blocks(blocks, is_selector | is_own)
    covered = []
    for rows, runs in runs_by_family(both, cloud, is_second=is_own):
        pairs = make_pairs(runs)
        left, right = rows[pairs.left], rows[pairs.right]
        around = np.where(is_own[left], WITHIN, CONTAINS)
        selector = np.where(is_own[left], right, left)
        role[selector[pairs.relation == around]] = AGGREGATE
        covered.append(selector[pairs.relation != around])
    role[np.concatenate(covered)] = COVERED
    return role


def repeats(rows: Codes, *keys: Codes) -> Codes:
    """Rows whose keys an earlier row has."""
    if not len(rows):
        return rows
    rank = rank_rows([key[rows] for key in keys])
    return np.delete(rows, np.unique(rank, return_index=True)[1])
