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
    Texts,
    codes_of,
    equals,
    flags,
    grouped,
    n_distinct,
    objects,
)

ALONE, FEW, MANY = 0, 1, 2  # peers of a key: one; several of one connection or site; more
_NAMED = 5


@dataclass(frozen=True, slots=True)
class Sharing:
    """How the pre-shared key of each tunnel is shared."""

    # ``ALONE``, ``FEW`` or ``MANY``; ``ALONE`` if nothing is known about the key
    how: npt.NDArray[np.uint8]
    others: Texts  # the other connections that use the key, as text; may be empty


def how_shared(fleet: Fleet) -> Sharing:
    """Group tunnels by ``psk_fingerprint`` and ``psk_fingerprint_key_id``, and judge each group.

    Notes
    -----
    Customer gateways are distinguished by address, because a device has a gateway in each region.
    The two ends of a VPC-to-VPC connection (they name each other by address or identity) count as
    one. So do connections of one routing domain that reach the same blocks (two paths to a site).
    """
    keys = fleet.keys
    how = np.zeros(len(fleet.tunnels), np.uint8)
    others = np.full(len(how), "", dtype=object)
    is_known = flags(keys["psk_fingerprint"].notna()) & fleet.has_psk
    rows = np.flatnonzero(is_known)
    if not len(rows):
        return Sharing(how, others)
    key = codes_of([keys["psk_fingerprint"].iloc[rows], keys["psk_fingerprint_key_id"].iloc[rows]])
    address = fleet.tunnels["customer_gateway_ip"].astype("str")
    peer = codes_of([address.fillna(fleet.tunnels["customer_gateway_id"].astype("str"))])
    owner = fleet.of_tunnel[rows]
    n_peers, n_owners = n_distinct(key, peer[rows]), n_distinct(key, owner)
    how[rows[(n_peers > 1)[key] & (n_owners == 1)[key]]] = FEW
    suspects = np.flatnonzero((n_peers > 1)[key] & (n_owners > 1)[key])
    if len(suspects):
        holders = _KeyHolders.of(fleet, peer)
        for members in grouped(key[suspects], rows[suspects]):
            how[members] = holders.judge(members)
            others[members] = holders.others(members)
    return Sharing(how, others)


@dataclass(frozen=True, slots=True)
class _KeyHolders:
    """Arrays over tunnels and over connections that are needed to judge shared keys."""

    owner: Positions
    peer: Positions
    ends: tuple[list[tuple[object, object]], ...]  # (local, remote): addresses, then identities
    site: Positions
    connection_id: Texts

    @classmethod
    def of(cls, fleet: Fleet, peer: Positions) -> _KeyHolders:
        """Create the arrays of a fleet."""
        ends = []
        for name in ("ip", "ike_id"):
            columns = (fleet.tunnels[f"{end}_gateway_{name}"] for end in ("vpn", "customer"))
            ends.append(list(zip(*(objects(one).tolist() for one in columns), strict=True)))
        ids = objects(fleet.connections["vpn_connection_id"])
        return cls(fleet.of_tunnel, peer, tuple(ends), _sites(fleet), ids)

    def judge(self, members: Positions) -> int:
        """Return ``ALONE``, ``FEW`` or ``MANY`` for ``members``, the tunnels that use one key."""
        owners = self.owner[members]
        groups = _Union(owners.tolist())
        n_mirrored = self._join_mirrored(members, groups)
        is_mirrored_alone = n_mirrored == len(members) and groups.n_parts() == 1
        first_of: dict[int, int] = {}
        for owner, site in zip(owners.tolist(), self.site[owners].tolist(), strict=True):
            if site >= 0:
                groups.join(first_of.setdefault(site, owner), owner)
        if groups.n_parts() > 1:
            return MANY
        has_several = n_distinct(owners, self.peer[members]).max() > 1
        return ALONE if is_mirrored_alone and not has_several else FEW

    def _join_mirrored(self, members: Positions, groups: _Union) -> int:
        """Merge the sets of connections that name each other's ends; count their tunnels."""
        mirrored: set[int] = set()
        for ends in self.ends:
            by_ends: defaultdict[tuple[object, object], list[int]] = defaultdict(list)
            for row in members.tolist():
                here, there = ends[row]
                if isinstance(here, str) and isinstance(there, str) and here != there:
                    by_ends[here, there].append(row)
            for (here, there), facing in by_ends.items():
                for other in by_ends.get((there, here), ()):
                    mirrored.add(other)
                    groups.join(int(self.owner[facing[0]]), int(self.owner[other]))
        return len(mirrored)

    def others(self, members: Positions) -> list[str]:
        """Return for each tunnel a text that lists the other connections with its key."""
        owners = self.owner[members]
        different = np.unique(owners)
        named = sorted({*self.connection_id[different].tolist()})[: _NAMED + 1]
        texts = []
        for own in self.connection_id[owners].tolist():
            listed = [one for one in named if one != own][:_NAMED]
            n_more = len(different) - 1 - len(listed)
            texts.append(", ".join(listed) + (f" and {n_more} more" if n_more > 0 else ""))
        return texts


def _sites(fleet: Fleet) -> Positions:
    """Number each connection's routing domain and set of on-premises blocks; -1 if unknown."""
    subnets = fleet.subnets
    is_listed = equals(subnets["side"], "onprem") & flags(subnets["cidr"].notna())
    sets = fleet.sets_of_blocks(is_listed & ~flags(subnets["is_default_route"]))
    sites = codes_of([pd.Series(fleet.domain), pd.Series(sets)])
    return np.where((sets < 0) | (fleet.domain < 0), -1, sites)


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
