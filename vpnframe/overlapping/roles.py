"""Assign a role to each block of a fleet, such as on-premises block or a VPC's own block.

A selector stands for the blocks of a VPC only if the VPC's own blocks were not read.
"""

from __future__ import annotations

import numpy as np

from vpnframe.addresses.cidr import ParsedCidrs
from vpnframe.addresses.nesting import CONTAINS, WITHIN, make_pairs
from vpnframe.overlapping.asked import runs_by_family
from vpnframe.schema.codes import Codes, Mask, sort_rows

ONPREM = 0  # an on-premises block
REAL = 1  # a VPC's own block: it has a local route
USER = 2  # a VPC's user CIDR: private addresses that follow the VPC's route table
STAND_IN = 3  # a selector used in place of the blocks of a VPC that was not read
OUTSIDE = 4  # a selector disjoint from its VPC's own blocks
AGGREGATE = 5  # a selector that contains an own block of its VPC
COVERED = 6  # a selector replaced by another block: the VPC's own, or an equal one

COMPARED = (REAL, USER, STAND_IN)  # roles compared with every on-premises block of a scope
ORIGINS = {REAL: "vpc", USER: "user_cidr"}  # values of column ``origin`` in rows from ``vpcs``


def settle(
    blocks: ParsedCidrs, role: Codes, *, is_open: Mask, cloud: Codes, cidr: Codes, scope: Codes
) -> Codes:
    """Return the roles of all blocks after comparing each selector with the blocks of its VPC.

    Of equal blocks with the same VPC, role and scope, all but the first become ``COVERED``. A block
    keeps its role where the mask ``is_open`` is false.
    """
    role = role.copy()
    is_own = (role == REAL) & is_open
    is_selector = (role == STAND_IN) & is_open & np.isin(cloud, cloud[is_own])
    is_held = np.isin(role, COMPARED) & is_open & ~is_selector
    role[repeats(np.flatnonzero(is_held), cloud, cidr, role, scope)] = COVERED
    role[is_selector] = OUTSIDE
    selector, _, is_around = _pairs(blocks.take(is_selector | is_own), cloud, is_own)
    role[selector[is_around]] = AGGREGATE
    role[selector[~is_around]] = COVERED
    return role


def admitted(
    blocks: ParsedCidrs, role: Codes, cidr: Codes, connection: Codes, cloud: Codes
) -> tuple[Codes, Codes]:
    """Return all pairs of a connection and a VPC-side block that it admits, as two arrays.

    A connection admits the parts of its selectors that are inside its VPC's own blocks, or its
    whole selectors if no part is inside. ``role``, ``cidr`` and ``connection`` have one item for
    each VPC-side block of a connection; ``cloud`` has one for each connection.
    """
    is_own, is_selector = role == REAL, role == STAND_IN
    asked = blocks.at(cidr).take(is_own | is_selector)
    selector, own, is_around = _pairs(asked, cloud[connection], is_own)
    meets = np.zeros(len(cloud), bool)
    meets[connection[selector]] = True
    rest = np.flatnonzero(is_selector & ~meets[connection])
    inner = cidr[np.where(is_around, own, selector)]
    return connection[np.append(selector, rest)], np.append(inner, cidr[rest])


def _pairs(blocks: ParsedCidrs, cloud: Codes, is_own: Mask) -> tuple[Codes, Codes, Mask]:
    """Find the selectors that overlap blocks of their VPC.

    Return for each overlap the position of the selector, the position of the block, and whether the
    selector is larger.
    """
    selectors, owns, is_around = [], [], []
    for rows, runs in runs_by_family(blocks, cloud, is_second=is_own):
        pairs = make_pairs(runs)
        left, right = rows[pairs.left], rows[pairs.right]
        turn = is_own[left]
        selectors.append(np.where(turn, right, left))
        owns.append(np.where(turn, left, right))
        is_around.append(pairs.relation == np.where(turn, WITHIN, CONTAINS))
    return np.concatenate(selectors), np.concatenate(owns), np.concatenate(is_around)


def repeats(rows: Codes, *keys: Codes) -> Codes:
    """Return the elements of ``rows`` that equal an earlier element of ``rows`` in all ``keys``."""
    if not len(rows):
        return rows
    order, starts = sort_rows([key[rows] for key in keys])
    return np.delete(rows, order[starts])
