"""Find tunnels that share a pre-shared key, and judge whether the sharing is acceptable."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from vpnframe.auditing.fleet import Fleet
from vpnframe.auditing.logic import (
    Positions,
    codes_of,
    equals,
    flags,
    grouped,
    n_distinct,
    objects,
)

ALONE, FEW, MANY = 0, 1, 2  # one peer; within a connection or site; more
_NAMED = 5


@dataclass(frozen=True, slots=True)
class Sharing:
    """How the key of each tunnel is shared."""

    # ``ALONE``, ``FEW`` or ``MANY``; ``ALONE`` if nothing is known about the key
    how: npt.NDArray[np.uint8]
    others: npt.NDArray[np.object_]  # the connections that share it where they should not


def how_shared(fleet: Fleet) -> Sharing:
    """Group tunnels by key fingerprint (under one fingerprint key), and judge each group.

    Notes
    -----
    Customer gateways are distinguished by address: one device has a gateway in each region. The
    two ends of a VPC-to-VPC connection name each other, by address or identity, and count as one;
    so do connections of one routing domain that reach the same blocks (two paths to one site).
    """
    keys = fleet.keys
    how = np.zeros(len(fleet.tunnels), np.uint8)
    others = np.full(len(how), "", dtype=object)
    is_known = flags(keys["psk_fingerprint"].notna()) & fleet.has_psk
    rows = np.flatnonzero(is_known)
    if not len(rows):
        return Sharing(how, others)
    key = codes_of([keys["psk_fingerprint"].iloc[rows], keys["psk_fingerprint_key_id"].iloc[rows]])
    peer = codes_of([peers_of(fleet.tunnels)])
    owner = fleet.of_tunnel[rows]
    n_peers, n_owners = n_distinct(key, peer[rows]), n_distinct(key, owner)
    how[rows[(n_peers > 1)[key] & (n_owners == 1)[key]]] = FEW
    suspects = np.flatnonzero((n_peers > 1)[key] & (n_owners > 1)[key])
    if len(suspects):
        holders = _holders(fleet, peer)
        for members in grouped(key[suspects], rows[suspects]):
            how[members] = _judge(holders, members)
            _name_others(holders, members, others)
    return Sharing(how, others)


@dataclass(frozen=True, slots=True)
class _KeyHolders:
    """Attributes of tunnels, row by row, and of connections, for judging shared keys."""

    owner: Positions
    peer: Positions
    ends: tuple[list[tuple[object, object]], ...]  # local and remote, by address and by identity
    site: Positions
    connection_id: npt.NDArray[np.object_]


def _holders(fleet: Fleet, peer: Positions) -> _KeyHolders:
    tunnels = fleet.tunnels
    ends = tuple(
        list(
            zip(
                objects(tunnels[f"vpn_gateway_{side}"]).tolist(),
                objects(tunnels[f"customer_gateway_{side}"]).tolist(),
                strict=True,
            )
        )
        for side in ("ip", "ike_id")
    )
    ids = objects(fleet.connections["vpn_connection_id"])
    return _KeyHolders(fleet.of_tunnel, peer, ends, _sites(fleet), ids)


def peers_of(tunnels: pd.DataFrame) -> pd.Series:
    """Identify the devices at the other end: by address, else by customer gateway id."""
    address = tunnels["customer_gateway_ip"].astype("str")
    return address.fillna(tunnels["customer_gateway_id"].astype("str"))


def _sites(fleet: Fleet) -> Positions:
    """Number the set of blocks that each connection reaches in its domain; -1 if unknown."""
    subnets = fleet.subnets
    is_listed = equals(subnets["side"], "onprem") & flags(subnets["cidr"].notna())
    sets = fleet.sets_of_blocks(is_listed & ~flags(subnets["is_default_route"]))
    sites = codes_of([pd.Series(fleet.domain), pd.Series(sets)])
    return np.where((sets < 0) | (fleet.domain < 0), -1, sites)


def _judge(holders: _KeyHolders, members: Positions) -> int:
    """Return how widely a key used by several connections and peers is shared."""
    owners = holders.owner[members]
    groups = _Union(owners.tolist())
    n_mirrored = _join_mirrored(holders, members, groups)
    is_mirrored_alone = n_mirrored == len(members) and groups.n_parts() == 1
    by_site = defaultdict(list)
    for owner, site in zip(owners.tolist(), holders.site[owners].tolist(), strict=True):
        if site >= 0:
            by_site[site].append(owner)
    for of_one_site in by_site.values():
        for owner in of_one_site[1:]:
            groups.join(of_one_site[0], owner)
    if groups.n_parts() > 1:
        return MANY
    has_several = n_distinct(owners, holders.peer[members]).max() > 1
    return ALONE if is_mirrored_alone and not has_several else FEW


def _join_mirrored(holders: _KeyHolders, members: Positions, groups: _Union) -> int:
    """Join connections that name each other's ends; return the number of such tunnels."""
    mirrored: set[int] = set()
    rows = members.tolist()
    for ends in holders.ends:
        by_ends: defaultdict[tuple[object, object], list[int]] = defaultdict(list)
        for row in rows:
            here, there = ends[row]
            if isinstance(here, str) and isinstance(there, str) and here != there:
                by_ends[here, there].append(row)
        for (here, there), facing in by_ends.items():
            for other in by_ends.get((there, here), ()):
                mirrored.add(other)
                groups.join(int(holders.owner[facing[0]]), int(holders.owner[other]))
    return len(mirrored)


def _name_others(holders: _KeyHolders, members: Positions, others: npt.NDArray[np.object_]) -> None:
    """Set for each tunnel the text of the other connections that use its key."""
    owners = holders.owner[members]
    different = np.unique(owners)
    named = sorted({*holders.connection_id[different].tolist()})[: _NAMED + 1]
    n_others = len(different) - 1
    for row, own in zip(members.tolist(), holders.connection_id[owners].tolist(), strict=True):
        listed = [one for one in named if one != own][:_NAMED]
        more = f" and {n_others - len(listed)} more" if n_others > len(listed) else ""
        others[row] = ", ".join(listed) + more


class _Union:
    """Disjoint sets (union-find)."""

    def __init__(self, members: Iterable[int]) -> None:
        self._parent = {member: member for member in members}

    def root(self, member: int) -> int:
        """Return the representative of a member's set."""
        while self._parent[member] != member:
            self._parent[member] = self._parent[self._parent[member]]
            member = self._parent[member]
        return member

    def join(self, one: int, other: int) -> None:
        """Merge two sets."""
        self._parent[self.root(other)] = self.root(one)

    def n_parts(self) -> int:
        """Return the number of sets."""
        return sum(member == parent for member, parent in self._parent.items())
