"""Rules on the CIDR blocks of one connection: their size, number, notation and purpose."""

from __future__ import annotations

import numpy as np
import pandas as pd

from vpnframe.addresses.cidr import parse_cidrs
from vpnframe.addresses.ranges import SPECIAL_RANGES, find_covered_ranges, find_ranges
from vpnframe.addresses.union import merge_blocks
from vpnframe.auditing.fleet import Fleet
from vpnframe.auditing.logic import (
    NO,
    UNKNOWN,
    YES,
    Mask,
    Positions,
    Texts,
    any_of,
    both,
    by_kind,
    equals,
    flags,
    is_any,
    marked,
    numbers,
    objects,
    truth,
)
from vpnframe.auditing.values import SIDE_WORDS
from vpnframe.auditing.verdicts import (
    CRITICAL,
    HIGH,
    INFO,
    LOW,
    MEDIUM,
    NO_BLOCK,
    VALUE_UNKNOWN,
    Severities,
    Verdicts,
    judged,
    rule,
    severity_where,
)
from vpnframe.schema.joined import count_texts

_LISTS = ("vpc_subnets", "onprem_subnets")
_WIDEST = 8  # prefix length
_PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
METADATA = "100.100.100.200/32"
OTHER_METADATA = "169.254.169.254/32"
_SHARED = "100.64.0.0/10"
_UNUSABLE = ("loopback", "link-local", "multicast", "reserved", "broadcast")
_FOR_DOCUMENTATION = ("documentation", "benchmarking")
_CIDRS = [special.cidr for special in SPECIAL_RANGES]


@rule("vpn-selector-wide", "subnets", "cidr", implied_by=(NO_BLOCK,))
def selector_wide(fleet: Fleet) -> Verdicts:
    """Fail blocks that are too wide.

    These are blocks of /8 or larger, default routes on only one side of a connection, and private
    blocks on a side whose selectors cover all private IPv4 addresses (RFC 1918).
    """
    is_default = _is_default_route(fleet)
    owner_side = _owner_side(fleet)
    has_default = marked(2 * fleet.n_connections, owner_side[is_default & _is_selector(fleet)])
    is_lone = is_default & ~has_default[owner_side ^ 1]
    is_broad = (numbers(fleet.subnets["prefix_length"], null=-1) <= _WIDEST) & ~is_default
    severity = np.full(len(is_lone), LOW, np.uint8)
    severity[is_lone] = severity_where(_is_onprem(fleet), MEDIUM, INFO)[is_lone]
    is_bad = is_lone | is_broad | _is_all_private(fleet)
    return _on_blocks(fleet, is_bad, where=_is_selector(fleet), severity=severity)


@rule("vpn-selector-redundant", "connections", *_LISTS, implied_by=(NO_BLOCK,))
def selector_redundant(fleet: Fleet) -> Verdicts:
    """Fail connections with a list of blocks that fewer blocks could replace."""
    owner_side = _owner_side(fleet)
    rows = np.flatnonzero(_is_selector(fleet) & flags(fleet.subnets["cidr"].notna()))
    n_lists = 2 * fleet.n_connections
    n_listed = np.bincount(owner_side[rows], minlength=n_lists)
    n_needed = np.zeros(n_lists, np.int64)
    for blocks, _ in fleet.blocks(rows, owner_side):
        merged = merge_blocks(blocks).groups
        if merged is not None:
            n_needed += np.bincount(merged, minlength=n_lists)
    n_written = np.stack([count_texts(fleet.connections[n]) for n in _LISTS], axis=1).reshape(-1)
    has_bad = marked(n_lists, owner_side[_is_unread(fleet)])
    is_repeated = (n_written > n_listed) & (n_listed > 0) & ~has_bad
    by_side = truth((n_needed < n_listed) | is_repeated, has_bad).reshape(-1, 2)
    is_longer = by_side == YES
    return judged(truth(is_longer.any(1), by_side.any(1)), value=_lists(fleet, is_longer))


@rule(
    "vpn-selector-ikev1-multi", "connections", "ike_version", *_LISTS, implied_by=(VALUE_UNKNOWN,)
)
def selector_ikev1_multi(fleet: Fleet) -> Verdicts:
    """Fail IKEv1 connections with several blocks on one side, as IKE negotiates only one pair.

    The severity is info if a tunnel is up.
    """
    up = fleet.connection_is_up == YES
    verdicts = _on_counts(fleet, version=1)
    said = "IKEv1 with " + objects(verdicts.facts["value"])
    said[up] += ": a tunnel is up, but at most one pair of blocks is negotiated"
    severity = severity_where(up, INFO, HIGH)
    return judged(verdicts.result, severity=severity, **verdicts.facts, said=said)


@rule("vpn-selector-multi-ts", "connections", "ike_version", *_LISTS, implied_by=(VALUE_UNKNOWN,))
def selector_multi_ts(fleet: Fleet) -> Verdicts:
    """Fail IKEv2 connections with several blocks on one side; not every peer supports this."""
    return _on_counts(fleet, version=2)


@rule("vpn-selector-reserved", "subnets", "cidr", implied_by=(NO_BLOCK,))
def selector_reserved(fleet: Fleet) -> Verdicts:
    """Fail blocks that overlap special ranges such as loopback or the cloud's metadata service."""
    inside = _inside(fleet)
    # Link-local prefixes learned from BGP belong to the tunnels themselves.
    is_link = inside == _CIDRS.index("169.254.0.0/16")
    is_link &= equals(fleet.subnets["origin"], "bgp")
    block, special = find_covered_ranges(fleet.parsed)
    covered = np.zeros((len(inside), len(_CIDRS)), bool)
    covered[fleet.parsed.row[block], special] = True
    covered[_is_default_route(fleet)] = False

    def touches(cidrs: list[str]) -> Mask:
        places = [_CIDRS.index(cidr) for cidr in cidrs]
        return np.isin(inside, places) | covered[:, places].any(1)

    is_shared = touches([_SHARED]) & _is_onprem(fleet)
    is_unusable = touches(_of_kind(_UNUSABLE)) & ~is_link
    is_other = (inside == _CIDRS.index(OTHER_METADATA)) & ~is_link
    covers = covered[:, _CIDRS.index(METADATA)]
    severity = severity_where(is_other, MEDIUM, HIGH)
    severity[covers] = CRITICAL
    return _on_blocks(fleet, is_shared | is_unusable | is_other | covers, severity=severity)


@rule("vpn-selector-documentation", "subnets", "cidr", implied_by=(NO_BLOCK,))
def selector_documentation(fleet: Fleet) -> Verdicts:
    """Fail blocks in ranges that are reserved for documentation or benchmarking."""
    places = [_CIDRS.index(cidr) for cidr in _of_kind(_FOR_DOCUMENTATION)]
    return _on_blocks(fleet, np.isin(_inside(fleet), places))


@rule("vpn-selector-public", "subnets", "cidr", implied_by=(NO_BLOCK,))
def selector_public(fleet: Fleet) -> Verdicts:
    """Fail public IPv4 blocks; public IPv6 blocks pass, because they are normal in a VPC."""
    is_public = (_inside(fleet) == _CIDRS.index("0.0.0.0/0")) & ~_is_default_route(fleet)
    severity = severity_where(equals(fleet.subnets["side"], "vpc"), MEDIUM, INFO)
    return _on_blocks(fleet, is_public, severity=severity)


@rule(NO_BLOCK, "subnets", "cidr_raw")
def selector_invalid(fleet: Fleet) -> Verdicts:
    """Mark selectors as unknown if they are not valid blocks or have host bits set."""
    is_unread = _is_unread(fleet)
    value = _block_texts(fleet, "cidr_raw", where=is_unread)
    return judged(np.where(is_unread, UNKNOWN, NO), where=_is_selector(fleet), value=value)


def _is_selector(fleet: Fleet) -> Mask:
    """Mark rows of ``subnets`` that come from selectors and not from routes."""
    return equals(fleet.subnets["origin"], "selector")


def _is_default_route(fleet: Fleet) -> Mask:
    return flags(fleet.subnets["is_default_route"])


def _is_onprem(fleet: Fleet) -> Mask:
    return equals(fleet.subnets["side"], "onprem")


def _is_unread(fleet: Fleet) -> Mask:
    """Mark selectors that are not a valid block in canonical notation."""
    subnets = fleet.subnets
    is_bad = flags(subnets["cidr"].isna())
    rows = np.flatnonzero(~is_bad & flags(subnets["cidr"] != subnets["cidr_raw"]))
    is_bad[rows[parse_cidrs(subnets["cidr_raw"].iloc[rows]).failed_rows]] = True
    return is_bad & _is_selector(fleet)


def _owner_side(fleet: Fleet) -> Positions:
    """Return ``2 * i`` for rows on the VPC side of connection ``i``, else ``2 * i + 1``."""
    return 2 * fleet.of_subnet + _is_onprem(fleet)


def _is_all_private(fleet: Fleet) -> Mask:
    """Mark the private IPv4 blocks of each side whose IPv4 blocks cover all of RFC 1918.

    A side is the VPC side or the on-premises side of a connection. Only blocks from selectors
    count; default routes do not.
    """
    space = parse_cidrs(_PRIVATE)
    is_ipv4 = numbers(fleet.subnets["family"], null=-1) == 4
    chosen = np.flatnonzero(_is_selector(fleet) & ~_is_default_route(fleet) & is_ipv4)
    owner_side = _owner_side(fleet)
    blocks, rows = next(fleet.blocks(chosen, owner_side))
    merged = merge_blocks(blocks)
    starts = merged.first.astype(np.int64)
    stops = starts + (1 << 32 - merged.prefix_length.astype(np.int64))
    n_lists = 2 * fleet.n_connections
    covers = np.ones(n_lists, bool)
    is_private = np.zeros(len(rows), bool)
    for first, length in zip(space.low.tolist(), space.prefix_length.tolist(), strict=True):
        stop = first + (1 << 32 - length)
        # A range is covered only if one merged block contains all of it.
        covers &= marked(n_lists, merged.groups[(starts <= first) & (stops >= stop)])  # type: ignore[index]
        is_inside = (blocks.first >= first) & (blocks.first < stop)
        is_private |= is_inside & (blocks.prefix_length >= length)
    return marked(len(fleet.subnets), rows[is_private & covers[owner_side[rows]]])


def _of_kind(kinds: tuple[str, ...]) -> list[str]:
    """Return the special ranges of the given kinds, without 0.0.0.0/0 and ::/0."""
    return [
        special.cidr
        for special in SPECIAL_RANGES
        if special.kind in kinds and not special.cidr.endswith("/0")
    ]


def _inside(fleet: Fleet) -> Positions:
    """Return the index in ``SPECIAL_RANGES`` of the narrowest range around each block, or -1."""
    found = np.full(len(fleet.subnets), -1, np.int64)
    found[fleet.parsed.row] = find_ranges(fleet.parsed)
    return found


def _on_blocks(
    fleet: Fleet, is_bad: Mask, *, where: Mask | None = None, severity: Severities | None = None
) -> Verdicts:
    """Return the results of a rule on ``subnets``; rows with an invalid block are unknown."""
    is_unread = _is_unread(fleet)
    value = _block_texts(fleet, "cidr", where=is_bad | is_unread)
    result = truth(is_bad & ~is_unread, is_unread)
    return judged(result, where=where, severity=severity, value=value)


def _on_counts(fleet: Fleet, *, version: int) -> Verdicts:
    """Fail connections of IKE ``version`` that have several blocks on at least one side."""
    n = fleet.n_connections
    owner_side = _owner_side(fleet)[_is_selector(fleet)]
    counts = np.bincount(owner_side, minlength=2 * n).reshape(n, 2)
    has_version = is_any(fleet.tunnels["ike_version"], {version}, known=(1, 2))
    runs = any_of(fleet.of_tunnel, has_version, n)
    words = by_kind(map(pd.Series, counts.T), "{} VPC and {} on-premises blocks".format)
    return judged(both(truth((counts > 1).any(1)), runs), value=words)


def _block_texts(fleet: Fleet, column: str, *, where: Mask) -> Texts:
    """Return for the marked rows strings such as ``VPC 10.0.0.0/16``, else empty strings."""
    rows = np.flatnonzero(where)
    blocks = fleet.subnets.loc[:, ["side", column]].iloc[rows]
    words = np.full(len(where), "", object)
    words[rows] = blocks["side"].astype("str").map(SIDE_WORDS) + " " + blocks[column].fillna("?")
    return words


def _lists(fleet: Fleet, is_wanted: Mask) -> Texts:
    """Return for each connection a string with the block lists that ``is_wanted`` marks.

    ``is_wanted`` has a row for each connection, and the columns VPC and on-premises.
    """
    words = np.full(len(is_wanted), "", object)
    columns = [fleet.connections[name] for name in _LISTS]
    for row in np.flatnonzero(is_wanted.any(1)).tolist():
        words[row] = "; ".join(
            f"{side} {lists.iloc[row].replace(',', ', ')}"
            for side, lists, is_own in zip(
                SIDE_WORDS.values(), columns, is_wanted[row], strict=True
            )
            if is_own
        )
    return words
