"""Rules on the selectors of one connection: width, number, and notation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from vpnframe.addresses.cidr import parse_cidrs
from vpnframe.addresses.ordering import Blocks
from vpnframe.addresses.union import merge_blocks
from vpnframe.auditing.fleet import Fleet
from vpnframe.auditing.logic import (
    NO,
    UNKNOWN,
    YES,
    Mask,
    Positions,
    Texts,
    Truth,
    both,
    flags,
    is_any,
    numbers,
    objects,
)
from vpnframe.auditing.masks import equals
from vpnframe.auditing.values import SIDE_WORDS
from vpnframe.auditing.verdicts import HIGH, INFO, LOW, MEDIUM, Severities, Verdicts, judged

_SIDES = ("vpc", "onprem")
_WIDEST = 8  # prefix length
_PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")


def selector_wide(fleet: Fleet) -> Verdicts:
    """Fail a default route on one side only, a block of /8 or shorter, or all of RFC 1918."""
    is_default = is_default_route(fleet)
    is_lone = is_default & ~_has_default(fleet, opposite_side=True)
    is_broad = (_numbers(fleet, "prefix_length") <= _WIDEST) & ~is_default
    is_broad |= _is_all_private(fleet)
    severity = np.full(len(is_lone), LOW, np.uint8)
    severity[is_lone] = np.where(_is_onprem(fleet)[is_lone], MEDIUM, INFO)
    return _on_blocks(fleet, is_lone | is_broad, severity=severity)


def selector_redundant(fleet: Fleet) -> Verdicts:
    """Fail lists of blocks that could be shorter and cover the same addresses."""
    owner_side = _owner_side(fleet)
    rows = np.flatnonzero(is_selector(fleet) & flags(fleet.subnets["cidr"].notna()))
    n_lists = 2 * fleet.n_connections
    n_listed = np.bincount(owner_side[rows], minlength=n_lists)
    n_needed = _n_needed(fleet, rows, owner_side, n_lists)
    n_written = np.stack(
        [_n_written(fleet.connections[f"{side}_subnets"]) for side in _SIDES], axis=1
    ).reshape(-1)
    has_bad = np.zeros(n_lists, bool)
    has_bad[owner_side[is_unread(fleet)]] = True
    is_repeated = (n_written > n_listed) & (n_listed > 0) & ~has_bad
    is_longer = (n_needed < n_listed) | is_repeated
    by_side = np.where(is_longer, YES, np.where(has_bad, UNKNOWN, NO)).reshape(-1, 2)
    return judged(
        "connections",
        np.where((by_side == YES).any(1), YES, by_side.max(1)).astype(np.uint8),
        column="vpc_subnets, onprem_subnets",
        facts={"value": _lists(fleet, by_side == YES)},
    )


def selector_ikev1_multi(fleet: Fleet) -> Verdicts:
    """Fail IKEv1 with several blocks on a side (one is negotiated); INFO if a tunnel is up."""
    up = np.zeros(fleet.n_connections, bool)
    up[fleet.of_tunnel[fleet.is_up == YES]] = True
    verdicts = _on_counts(fleet, version=1)
    said = "IKEv1 with " + objects(verdicts.facts["value"])
    said[up] += ": a tunnel is up, but at most one pair of blocks is negotiated"
    return replace(
        verdicts,
        severity=np.where(up, INFO, HIGH).astype(np.uint8),
        facts={**verdicts.facts, "said": said},
    )


def selector_multi_ts(fleet: Fleet) -> Verdicts:
    """Fail IKEv2 with several blocks on a side in one child SA, which not every peer supports."""
    return _on_counts(fleet, version=2)


def selector_invalid(fleet: Fleet) -> Verdicts:
    """Mark selectors that are not a block, or have host bits set, as unknown."""
    result = np.where(is_unread(fleet), UNKNOWN, NO).astype(np.uint8)
    value = block_texts(fleet, "cidr_raw", where=result != NO)
    return judged(
        "subnets",
        result,
        where=is_selector(fleet),
        column="cidr_raw",
        facts={"value": value},
    )


def is_selector(fleet: Fleet) -> Mask:
    """Mark rows of ``subnets`` that are selectors of the connection, not routes."""
    return equals(fleet.subnets["origin"], "selector")


def is_default_route(fleet: Fleet) -> Mask:
    """Mark rows of ``subnets`` that are default routes."""
    return flags(fleet.subnets["is_default_route"])


def _is_onprem(fleet: Fleet) -> Mask:
    return equals(fleet.subnets["side"], "onprem")


def _numbers(fleet: Fleet, column: str) -> Positions:
    """Return a numeric column of ``subnets``; -1 for null."""
    return numbers(fleet.subnets[column], null=-1)


def is_unread(fleet: Fleet) -> Mask:
    """Mark selectors whose text is not a valid block."""
    subnets = fleet.subnets
    is_bad = flags(subnets["cidr"].isna())
    rows = np.flatnonzero(~is_bad & flags(subnets["cidr"] != subnets["cidr_raw"]))
    is_bad[rows[parse_cidrs(subnets["cidr_raw"].iloc[rows]).failed_rows]] = True
    return is_bad & is_selector(fleet)


def _owner_side(fleet: Fleet) -> Positions:
    """Number the connection and side of each row: the VPC side is even."""
    return 2 * fleet.of_subnet + _is_onprem(fleet)


def _has_default(fleet: Fleet, *, opposite_side: bool) -> Mask:
    """Mark rows whose list, or whose opposite side's list, contains a default route."""
    owner_side = _owner_side(fleet)
    has = np.zeros(2 * fleet.n_connections, bool)
    has[owner_side[is_default_route(fleet) & is_selector(fleet)]] = True
    return has[owner_side ^ 1] if opposite_side else has[owner_side]


def _is_all_private(fleet: Fleet) -> Mask:
    """Mark private blocks in lists that together cover all of RFC 1918."""
    space = parse_cidrs(_PRIVATE)
    is_counted = is_selector(fleet) & ~is_default_route(fleet)
    chosen = np.flatnonzero(is_counted & (_numbers(fleet, "family") == 4))
    blocks, rows = next(fleet.cidrs.blocks(chosen, _owner_side(fleet)))
    merged = merge_blocks(blocks)
    n_lists = 2 * fleet.n_connections
    covers = np.ones(n_lists, bool)
    is_private = np.zeros(len(rows), bool)
    for first, length in zip(space.low.tolist(), space.prefix_length.tolist(), strict=True):
        # A range is covered only if one merged block contains all of it.
        is_holding = _is_within(merged, first, length)
        holds = np.zeros(n_lists, bool)
        holds[merged.groups[is_holding]] = True  # type: ignore[index]
        covers &= holds
        size = np.uint64(32 - length)
        is_private |= (blocks.first >> size == np.uint64(first) >> size) & (
            blocks.prefix_length >= length
        )
    found = np.zeros(len(fleet.subnets), bool)
    found[rows] = is_private & covers[_owner_side(fleet)[rows]]
    return found


def _is_within(blocks: Blocks, first: int, length: int) -> Mask:
    """Mark blocks that contain the block at ``first`` of the given prefix length."""
    size = (32 - blocks.prefix_length.astype(np.int64)).astype(np.uint64)
    holds: Mask = (blocks.prefix_length <= length) & (
        blocks.first >> size == np.uint64(first) >> size
    )
    return holds


def _n_needed(fleet: Fleet, rows: Positions, owner_side: Positions, n_lists: int) -> Positions:
    """Return the minimum number of blocks that each list needs."""
    needed = np.zeros(n_lists, np.int64)
    for blocks, _ in fleet.cidrs.blocks(rows, owner_side):
        merged = merge_blocks(blocks).groups
        if merged is not None:
            needed += np.bincount(merged, minlength=n_lists)
    return needed


def _n_written(lists: pd.Series) -> Positions:
    return numbers(lists.list.len())


def _on_blocks(fleet: Fleet, is_bad: Mask, *, severity: Severities) -> Verdicts:
    """Return verdicts on the selectors one by one; a text that is not a block is unknown."""
    result = is_bad.astype(np.uint8)
    result[is_unread(fleet)] = UNKNOWN
    return judged(
        "subnets",
        result,
        where=is_selector(fleet),
        column="cidr",
        severity=severity,
        facts={"value": block_texts(fleet, "cidr", where=result != NO)},
    )


def _on_counts(fleet: Fleet, *, version: int) -> Verdicts:
    """Return verdicts on connections of one IKE version: whether a side has several blocks."""
    n = fleet.n_connections
    counts = np.bincount(_owner_side(fleet)[is_selector(fleet)], minlength=2 * n).reshape(n, 2)
    has_several = np.asarray((counts > 1).any(1), np.uint8)
    truth: Truth = is_any(fleet.tunnels["ike_version"], {version}, known=(1, 2))
    runs = np.zeros(n, np.uint8)
    runs[fleet.of_tunnel[truth == UNKNOWN]] = UNKNOWN
    runs[fleet.of_tunnel[truth == YES]] = YES
    width = int(counts.max(initial=0)) + 1
    kinds, which = np.unique(counts[:, 0] * width + counts[:, 1], return_inverse=True)
    words = [
        f"{kind // width} VPC and {kind % width} on-premises blocks" for kind in kinds.tolist()
    ]
    return judged(
        "connections",
        both(has_several, runs),
        column="ike_version, vpc_subnets, onprem_subnets",
        facts={"value": objects(words)[which]},
    )


def block_texts(fleet: Fleet, column: str, *, where: Mask) -> Texts:
    """Return some blocks with their sides as text; empty for the others."""
    rows = np.flatnonzero(where)
    blocks = fleet.subnets.loc[:, ["side", column]].iloc[rows]
    words = np.full(len(where), "", object)
    words[rows] = blocks["side"].astype("str").map(SIDE_WORDS) + " " + blocks[column].fillna("?")
    return words


def _lists(fleet: Fleet, is_wanted: Mask) -> Texts:
    """Return the lists of the wanted sides as text."""
    words = np.full(len(is_wanted), "", object)
    for number, side in enumerate(_SIDES):
        rows = np.flatnonzero(is_wanted[:, number])
        lists = fleet.connections[f"{side}_subnets"].iloc[rows].tolist()
        for row, blocks in zip(rows.tolist(), lists, strict=True):
            text = f"{SIDE_WORDS[side]} {', '.join(blocks)}"
            words[row] = f"{words[row]}; {text}" if words[row] else text
    return words
