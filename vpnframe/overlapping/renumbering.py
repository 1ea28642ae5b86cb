"""Suggest which sites to renumber to resolve overlaps, on the fewest connections."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from vpnframe import schema
from vpnframe.inventory import Inventory
from vpnframe.overlapping.against import our_rows
from vpnframe.overlapping.assembling import as_category, as_text, check_columns
from vpnframe.overlapping.covers import find_cover
from vpnframe.overlapping.encoded import EncodedFleet, encode_fleet
from vpnframe.overlapping.facts import PairFacts
from vpnframe.overlapping.free_space import Avoid, FreeSpace, Network, find_free_space
from vpnframe.overlapping.known import warn_of_gaps, what_is_known
from vpnframe.overlapping.meaning import CASES, find_cases
from vpnframe.overlapping.pairing import FleetPairs, pairs_within
from vpnframe.overlapping.scopes import ROUTING_DOMAIN, connected
from vpnframe.overlapping.settings import OverlapSettings
from vpnframe.schema.codes import Codes, Mask, take_words

_ONE_SITE = ("duplicate", "ecmp", "ha_pair")
_BAD = ("medium", "high")


@dataclass(frozen=True, slots=True)
class _Faults:
    """Overlapping pairs to resolve, and the site of each connection.

    Connections that share a block on purpose or as a leftover (duplicate, ECMP, HA pair) are one
    site: what they share is renumbered together or not at all.
    """

    pairs: FleetPairs
    is_across: Mask
    site: Codes


def suggest_renumbering(
    subnets: pd.DataFrame | Inventory,
    *,
    within: str | Iterable[str] = "10.0.0.0/8",
    avoid: Avoid = None,
    scope: str | None = ROUTING_DOMAIN,
    settings: OverlapSettings | None = None,
) -> pd.DataFrame:
    """Suggest which on-premises blocks to renumber, on the fewest connections, and to what.

    Overlaps of severity medium and high are resolved, except duplicates: remove one of those. If a
    block collides with a VPC's block, its site is renumbered, since everything in the VPC shares
    the VPC's block. Between sites, the set with the fewest connections is chosen: exactly for
    connected groups of at most 30 sites, greedily (most conflicts per connection first) for larger
    ones. Connections of one site are renumbered together, and so are a site's blocks inside a block
    that changes.

    Parameters
    ----------
    subnets : DataFrame or Inventory
        Table ``subnets``, or an inventory, whose VPCs and coverage are used too.
    within : str or iterable of str
        Blocks to take new blocks from; IPv6 blocks need an IPv6 block here.
    avoid : str, Path, iterable of str or DataFrame, optional
        As for :func:`vpnframe.free_subnets`: more blocks to avoid.
    scope : str or None
        As for :func:`vpnframe.overlaps`.
    settings : OverlapSettings, optional
        As for :func:`vpnframe.overlaps`.

    Returns
    -------
    DataFrame
        Table ``renumbering``: ``vpn_connection_id``, ``side``, ``cidr``, ``new_cidr`` (null
        if ``within`` has no room left) and ``n_conflicts``, the number of pairs resolved.

    Raises
    ------
    AddressError
        If a text is not a CIDR block.
    SettingsError
        If the settings name something that is not in the fleet.
    ValueError
        If ``scope`` is not a column, or there are more than 10,000,000 pairs.
    SchemaError
        If a required column is missing, or the table does not match its schema.

    Warns
    -----
    IncompleteWarning
        As :func:`vpnframe.free_subnets` does.

    Examples
    --------
    >>> subnets = pd.DataFrame({
    ...     "account_id": "1", "region_id": "cn-hangzhou", "vpn_connection_id": ["a", "b", "c"],
    ...     "vpn_gateway_id": "vpn-1", "vpc_id": None, "transit_router_id": None, "side": "onprem",
    ...     "cidr": ["10.0.0.0/24", "10.0.0.0/24", "10.0.0.0/24"],
    ... })
    >>> suggest_renumbering(subnets)[["vpn_connection_id", "cidr", "new_cidr", "n_conflicts"]]
      vpn_connection_id         cidr     new_cidr  n_conflicts
    0                 a  10.0.0.0/24  10.0.1.0/24            2
    1                 b  10.0.0.0/24  10.0.2.0/24            2
    """
    known, settings = what_is_known(subnets), settings or OverlapSettings()
    check_columns(known.subnets, scope)
    fleet = encode_fleet(our_rows(known, settings), scope=scope, settings=settings)
    faults = _faults(fleet)
    changed = _changed(fleet, faults)
    free = find_free_space(known, within=within, avoid=avoid, settings=settings)
    new = _new_blocks(_changes(fleet, faults, changed), free)
    warn_of_gaps(known)
    return _table(fleet, faults, new)


def _faults(fleet: EncodedFleet) -> _Faults:
    pairs = pairs_within(fleet).all()
    facts = PairFacts(fleet, pairs)
    cases = find_cases(facts)
    found = list(CASES.values())
    is_passed = np.array([case.kind in _ONE_SITE for case in found])[cases]
    is_bad = np.array([case.severity in _BAD for case in found])[cases] & ~is_passed
    is_one = is_passed & facts.is_equal  # a block that is nested may change without the other
    joined = np.unique(np.stack([facts.left[is_one], facts.right[is_one]], axis=1), axis=0)
    n = len(fleet.connections.identity)
    site = connected(n, [(one, other) for one, other in joined.tolist()])
    is_across = facts.is_across[is_bad]
    return _Faults(pairs.take(is_bad), is_across, site)


def _changed(fleet: EncodedFleet, faults: _Faults) -> Mask:
    """Return the mask of blocks to change: at least one of each faulty pair."""
    changed = np.zeros(len(fleet.cidr), bool)
    left, right, across = faults.pairs.left, faults.pairs.right, faults.is_across
    onprem = np.where(fleet.is_vpc[left], right, left)
    _mark(changed, onprem[across], fleet, faults.site)
    site = faults.site[fleet.connection]
    one, other = site[left], site[right]
    is_open = ~across & (one != other) & ~changed[left] & ~changed[right]
    chosen = _chosen_sites(faults.site, site[changed], one[is_open], other[is_open])
    _mark(changed, left[is_open & chosen[one] & ~chosen[other]], fleet, faults.site)
    _mark(changed, right[is_open & chosen[other] & ~chosen[one]], fleet, faults.site)
    _mark(changed, right[is_open & ~changed[left] & ~changed[right]], fleet, faults.site)
    return changed


def _chosen_sites(site: Codes, forced: Codes, one: Codes, other: Codes) -> Mask:
    """Return which sites change: the forced ones, and the fewest that resolve the other pairs."""
    chosen = np.isin(np.arange(len(site)), forced)
    left = ~chosen[one] & ~chosen[other]
    edges = np.unique(np.stack([one[left], other[left]], axis=1), axis=0)
    weights = dict(enumerate(np.bincount(site).tolist()))
    chosen[list(find_cover([(a, b) for a, b in edges.tolist()], weights))] = True
    return chosen


def _mark(changed: Mask, blocks: Codes, fleet: EncodedFleet, site: Codes) -> None:
    """Mark blocks, and the same block on every connection of its site."""
    key = site[fleet.connection] * len(fleet.cidrs.words) + fleet.cidr
    changed |= np.isin(key, key[blocks]) & ~fleet.is_vpc


@dataclass(frozen=True, slots=True)
class _Change:
    """A block of a site that changes, and the rows of all blocks inside it."""

    block: Network
    rows: list[tuple[int, Network]]


def _changes(fleet: EncodedFleet, faults: _Faults, changed: Mask) -> list[_Change]:
    """Return the changes, largest first; a site's blocks inside a changed block move with it."""
    site = faults.site[fleet.connection]
    rows = np.flatnonzero(np.isin(site, site[changed]) & ~fleet.is_vpc)
    texts = take_words(fleet.cidrs.words, fleet.cidr[rows]).to_pylist()
    blocks = dict(zip(rows.tolist(), map(ipaddress.ip_network, texts), strict=True))
    by_site: dict[int, list[int]] = {}
    for row in sorted(blocks, key=lambda row: blocks[row].prefixlen):
        by_site.setdefault(int(site[row]), []).append(row)
    found = []
    for its_rows in by_site.values():
        open_rows = its_rows
        for row in its_rows:
            if changed[row] and row in open_rows:
                inside = [r for r in open_rows if _is_inside(blocks[r], blocks[row])]
                open_rows = [r for r in open_rows if r not in inside]
                found.append(_Change(blocks[row], [(r, blocks[r]) for r in inside]))
    return sorted(found, key=lambda change: change.block.prefixlen)


def _is_inside(inner: Network, outer: Network) -> bool:
    if inner.version != outer.version or inner.prefixlen < outer.prefixlen:
        return False
    return inner.supernet(new_prefix=outer.prefixlen) == outer


def _new_blocks(changes: Iterable[_Change], free: FreeSpace) -> dict[int, str | None]:
    """Return the new block of each row at its old offset, or None if there is no room left."""
    new: dict[int, str | None] = {}
    for change in changes:
        old = change.block
        cut = free.take(old.prefixlen, version=old.version)
        for row, block in change.rows:
            if cut is None:
                new[row] = None
            else:
                shift = int(block.network_address) - int(old.network_address)
                first = int(cut[0].network_address) + shift
                new[row] = str(type(block)((first, block.prefixlen)))
    return new


def _table(fleet: EncodedFleet, faults: _Faults, new: Mapping[int, str | None]) -> pd.DataFrame:
    rows = np.array(sorted(new), np.int64)
    its, connection = fleet.connections, fleet.connection[rows]
    ends = np.concatenate([faults.pairs.left, faults.pairs.right])
    values = {
        "account_id": as_text(its.account.texts(connection)),
        "region_id": as_text(its.region.texts(connection)),
        "vpn_connection_id": as_text(its.name.texts(connection)),
        "side": as_category(np.zeros(len(rows), np.int64), ["onprem"]),
        "cidr": as_text(take_words(fleet.cidrs.words, fleet.cidr[rows])),
        "new_cidr": [new[row] for row in rows.tolist()],
        "n_conflicts": np.bincount(ends, minlength=len(fleet.cidr))[rows],
    }
    return schema.build("renumbering", values)
