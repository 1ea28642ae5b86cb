"""Find the pairs of overlapping blocks of a fleet, and facts about each pair."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd

from vpnframe.addresses.nesting import (
    DEFAULT_MAX_PAIRS,
    EQUAL,
    WITHIN,
    Runs,
    check_pair_count,
    make_pairs,
)
from vpnframe.overlapping import roles
from vpnframe.overlapping.asked import runs_by_family
from vpnframe.overlapping.encoded import EncodedFleet
from vpnframe.overlapping.scopes import ROUTING_DOMAIN
from vpnframe.schema.codes import CodedSets, Codes, Mask

_AT_ONCE = 2**18  # pairs classified at a time; they stay in the processor's cache


@dataclass(frozen=True)
class FleetPairs:
    """Pairs of overlapping blocks, and facts about each pair.

    ``left`` and ``right`` are positions of blocks in the fleet. ``right`` is the block from another
    table, else the VPC block, else the block with the larger position.
    """

    fleet: EncodedFleet
    left: Codes
    right: Codes

    def take(self, keep: Mask | Codes) -> FleetPairs:
        """Return the pairs that ``keep`` selects."""
        return FleetPairs(self.fleet, self.left[keep], self.right[keep])

    @cached_property
    def one(self) -> Codes:
        """The connection of each left block."""
        return self.fleet.connection[self.left]

    @cached_property
    def other(self) -> Codes:
        """The connection of the right-hand block of each pair."""
        return self.fleet.connection[self.right]

    @cached_property
    def relation(self) -> npt.NDArray[np.uint8]:
        """The relation of each left block to its right block: CONTAINS, EQUAL or WITHIN."""
        length = self.fleet.all.prefix_length
        left, right = length[self.left], length[self.right]
        relation: npt.NDArray[np.uint8] = np.add(left >= right, left > right, dtype=np.uint8)
        return relation

    @cached_property
    def is_equal(self) -> Mask:
        """Whether the two blocks are equal."""
        equal: Mask = self.relation == EQUAL
        return equal

    @cached_property
    def outer(self) -> Codes:
        """The position of the larger block; of two equal blocks, the left one."""
        return np.where(self.relation == WITHIN, self.right, self.left)

    @cached_property
    def inner(self) -> Codes:
        """The position of the smaller block; of two equal blocks, the right-hand one."""
        return np.where(self.relation == WITHIN, self.left, self.right)

    @cached_property
    def is_across(self) -> Mask:
        """Whether one block is on premises and the other block is in a VPC."""
        return self.fleet.is_vpc[self.left] ^ self.fleet.is_vpc[self.right]

    @cached_property
    def onprem(self) -> Codes:
        """The position of the on-premises block; of two on-premises blocks, the left one."""
        return np.where(self.fleet.is_vpc[self.left], self.right, self.left)

    @cached_property
    def vpc(self) -> Codes:
        """The position of the VPC block, or of block ``right`` if both are on-premises blocks."""
        return np.where(self.fleet.is_vpc[self.left], self.left, self.right)

    @cached_property
    def is_own(self) -> Mask:
        """Whether the VPC block is in the connection's own VPC; False for on-premises blocks."""
        return self.is_across & self.have_same(self.fleet.connections.cloud)

    @cached_property
    def role(self) -> Codes:
        """The role of the VPC-side block; ONPREM for two on-premises blocks."""
        return np.maximum(self.fleet.role[self.left], self.fleet.role[self.right])

    @cached_property
    def nat(self) -> Codes:
        """The position of the NAT entry that translates one of the two blocks, -1 for none."""
        fleet = self.fleet
        left, right = fleet.nat[self.left], fleet.nat[self.right]
        nat = np.where(left >= 0, left, right)
        cloud, is_real = fleet.connections.cloud, self.is_across & (self.role == roles.REAL)
        for one in fleet.translations:
            is_about = np.isin(fleet.connection[self.onprem], one.connections)
            clouds = cloud[fleet.connection[self.vpc]]
            is_about |= ~self.is_own & np.isin(clouds, cloud[one.connections])
            is_about &= is_real & one.is_within[fleet.cidr[self.inner]]
            nat[is_about & (nat < 0)] = one.position
        return nat

    @cached_property
    def is_mirrored(self) -> Mask:
        """Mark pairs whose two connections are each other's peers.

        A VPC block belongs to all connections of its VPC: one of them is enough.
        """
        its, mirrored = self.fleet.connections, np.zeros(len(self.left), bool)
        ip, sets = its.ip.codes, its.peers.codes
        sites = np.flatnonzero(~self.is_across & self.both(its.may_mirror))
        one, other, hold = self.one[sites], self.other[sites], its.peers.hold
        mirrored[sites] = hold(sets[other], ip[one]) & hold(sets[one], ip[other])
        across = np.flatnonzero(self.is_across)
        site = self.fleet.connection[self.onprem[across]]
        some = np.flatnonzero(its.may_mirror[site] & (sets[site] >= 0))
        which, peer = its.peers.elements(sets[site[some]])
        asked = some[which]
        cloud = its.cloud[self.fleet.connection[self.vpc[across[asked]]]]
        is_linked = np.isin(its.link_keys(cloud, peer, ip[site[asked]]), its.links)
        mirrored[across[asked[is_linked]]] = True
        return mirrored

    @cached_property
    def same_gateway(self) -> Mask:
        """Whether both connections are on one VPN gateway."""
        return self.have_same(self.fleet.connections.routers[0].codes)

    def lead_to_one_block(self, candidates: Mask) -> Mask:
        """Mark ``candidates`` whose larger block is an on-premises block of both connections."""
        found = candidates & self.is_equal
        some = np.flatnonzero(candidates & ~self.is_equal)
        sides, cidr = self.fleet.connections.onprem_side, self.fleet.cidr[self.outer[some]]
        found[some] = sides.hold(sides.codes[self.one[some]], cidr)
        found[some] &= sides.hold(sides.codes[self.other[some]], cidr)
        return found

    def have_same(self, codes: Codes) -> Mask:
        """Mark pairs whose connections have equal ``codes``; unknown codes equal none."""
        one = codes[self.one]
        same: Mask = (one == codes[self.other]) & (one >= 0)
        return same

    def have_different(self, codes: Codes) -> Mask:
        """Return the mask of pairs whose two connections have known, different ``codes``."""
        one, other = codes[self.one], codes[self.other]
        different: Mask = (one != other) & (one >= 0) & (other >= 0)
        return different

    def both(self, flags: Mask) -> Mask:
        """Return the mask of pairs whose two connections are both in the mask ``flags``."""
        return flags[self.one] & flags[self.other]

    def either(self, flags: Mask) -> Mask:
        """Return the mask of pairs of which at least one connection is in the mask ``flags``."""
        return flags[self.one] | flags[self.other]

    def share_peer(self, candidates: Mask) -> Mask:
        """Mark the pairs in ``candidates`` whose connections share a peer address."""
        its = self.fleet.connections
        may_share = self.both(its.may_share) | self.have_same(its.peers.codes)
        return self._by_sets(its.peers, candidates & may_share, CodedSets.intersect)

    def vpc_sides_overlap(self, candidates: Mask) -> Mask:
        """Mark ``candidates`` whose VPC sides overlap.

        A VPC side that is unknown or a default route overlaps every other VPC side.
        """
        its = self.fleet.connections
        is_any = self.either(its.is_any_vpc) & candidates
        return is_any | self._by_sets(its.admitted, candidates & ~is_any, self._have_overlap)

    def _by_sets(
        self, sets: CodedSets, candidates: Mask, test: Callable[[CodedSets, Codes, Codes], Mask]
    ) -> Mask:
        """Mark ``candidates`` whose two sets are known, and are equal or pass ``test``."""
        result = candidates & self.have_same(sets.codes)
        some = np.flatnonzero(candidates & self.have_different(sets.codes))
        n = len(sets.starts)
        key = sets.codes[self.one[some]] * n + sets.codes[self.other[some]]
        which, distinct = pd.factorize(key)
        result[some] = test(sets, distinct // n, distinct % n)[which]
        return result

    def _have_overlap(self, sets: CodedSets, one: Codes, other: Codes) -> Mask:
        """Check for each pair of sets whether a block of one overlaps a block of the other."""
        (which, first), (which_other, second) = sets.elements(one), sets.elements(other)
        pair, cidr = np.concatenate([which, which_other]), np.concatenate([first, second])
        is_second = np.arange(len(cidr)) >= len(first)
        found = np.zeros(len(one), bool)
        blocks = self.fleet.cidrs.at(cidr)
        for rows, runs in runs_by_family(blocks, pair, is_second=is_second):
            found[pair[rows[runs.outer]]] = True
        return found


@dataclass(frozen=True, slots=True)
class _FamilyRuns:
    """Overlaps between blocks of one address family, stored as :class:`Runs`."""

    rows: Codes  # the fleet position of each row number in ``runs``
    runs: Runs
    is_across: bool  # in a fleet: whether each pair is an on-premises block and a VPC block
    has_own: bool  # whether each VPC block is of the VPC of the on-premises block's connection

    def chunks(self) -> Iterator[tuple[Codes, Codes]]:
        """Yield the positions of left and right blocks, about ``_AT_ONCE`` pairs at a time."""
        n_pairs = np.cumsum(self.runs.stops - self.runs.starts)
        cuts = np.flatnonzero(np.diff(n_pairs // _AT_ONCE, prepend=0)).tolist()
        for start, stop in pairwise([0, *cuts, len(n_pairs)]):
            names = ("outer", "starts", "stops", "equal_stops")
            chunk = {name: getattr(self.runs, name)[start:stop] for name in names}
            made = make_pairs(replace(self.runs, **chunk))
            yield self.rows[made.left], self.rows[made.right]


@dataclass(frozen=True, slots=True)
class Candidates:
    """All pairs of blocks to compare, stored as :class:`Runs`; pairs are built only when needed."""

    fleet: EncodedFleet
    sources: tuple[_FamilyRuns, ...]

    def across(self, is_across: bool) -> Candidates:
        """Keep pairs with a VPC block if ``is_across``, else pairs of two on-premises blocks."""
        sources = tuple(source for source in self.sources if source.is_across == is_across)
        return Candidates(self.fleet, sources)

    def check(self, max_pairs: int) -> None:
        """Raise an error for over ``max_pairs`` pairs; those that ``_compared`` drops count too."""
        check_pair_count(sum(one.runs.n_pairs for one in self.sources), max_pairs=max_pairs)

    def chunks(self) -> Iterator[FleetPairs]:
        """Yield all pairs, about ``_AT_ONCE`` at a time."""
        for source in self.sources:
            for left, right in source.chunks():
                yield _compared(self.fleet, left, right, has_own=source.has_own)

    def all(self, *, max_pairs: int = DEFAULT_MAX_PAIRS) -> FleetPairs:
        """Return all pairs, sorted by left and right."""
        self.check(max_pairs)
        none = np.empty((2, 0), np.int64)
        chunks = [none, *(np.stack([pairs.left, pairs.right]) for pairs in self.chunks())]
        left, right = np.concatenate(chunks, axis=1)
        order = np.lexsort((right, left))
        return FleetPairs(self.fleet, left[order], right[order])


def pairs_within(fleet: EncodedFleet) -> Candidates:
    """Find overlaps of on-premises blocks with blocks of their scope or connection's VPC."""
    scope, connection, has_scope = fleet.scope, fleet.connection, fleet.scope >= 0
    site, outside = fleet.role == roles.ONPREM, fleet.role == roles.OUTSIDE
    held, cloud = np.isin(fleet.role, roles.COMPARED), fleet.connections.cloud[connection]
    one = held.copy()  # each block once per VPC, even if it has several scopes
    one[roles.repeats(np.flatnonzero(held), cloud, fleet.cidr, fleet.role)] = False
    return Candidates(
        fleet,
        (
            *_sources(fleet, has_scope & site, scope),
            *_sources(fleet, has_scope & (site | held), scope, is_second=held),
            *_sources(fleet, site | one, cloud, is_second=one, has_own=True),
            *_sources(fleet, site | outside, connection, is_second=outside, has_own=True),
        ),
    )


def pairs_against(fleet: EncodedFleet, scope: str | None) -> Candidates:
    """Find the pairs of overlapping blocks between a fleet and another table.

    A block of the table is compared with the fleet's blocks in its scope. If ``scope`` is None, it
    is compared with the whole fleet. If ``scope`` is routing_domain and the block is in no routing
    domain of the fleet, it is also compared with the whole fleet. A VPC block of the table that is
    in a routing domain of the fleet is not compared with VPC blocks of the fleet.
    """
    its, is_theirs, is_vpc = fleet.connections, fleet.is_theirs, fleet.is_vpc
    domain = its.domain.codes
    is_placed = np.isin(domain, domain[~its.is_theirs & (domain >= 0)])[fleet.connection]
    is_everywhere = np.full(len(is_vpc), scope is None)
    if scope == ROUTING_DOMAIN:
        is_everywhere = ~is_placed
    is_ours = ~is_theirs & ~np.isin(fleet.role, (roles.AGGREGATE, roles.COVERED))
    is_context, has_scope = is_placed & is_vpc, fleet.scope >= 0
    sources: list[_FamilyRuns] = []
    for groups, ours, theirs in (
        (fleet.scope, is_ours & has_scope, is_theirs & has_scope & ~is_everywhere),
        (None, is_ours, is_theirs & is_everywhere),
    ):
        for chosen in ((ours & ~is_vpc) | (theirs & is_context), ours | (theirs & ~is_context)):
            sources += _sources(fleet, chosen, groups, is_second=is_theirs)
    return Candidates(fleet, tuple(sources))


def pairs_with_asked(fleet: EncodedFleet) -> FleetPairs:
    """Find a table's overlaps with the fleet; ignore scopes and the fleet's COVERED blocks."""
    chosen = fleet.is_theirs | (fleet.role != roles.COVERED)
    return Candidates(fleet, tuple(_sources(fleet, chosen, None, is_second=fleet.is_theirs))).all()


def _sources(
    fleet: EncodedFleet,
    chosen: Mask,
    groups: Codes | None,
    *,
    is_second: Mask | None = None,
    has_own: bool = False,
) -> list[_FamilyRuns]:
    found = runs_by_family(fleet.all.take(chosen), groups, is_second=is_second)
    is_across = is_second is not None
    return [_FamilyRuns(rows, runs, is_across, has_own) for rows, runs in found if runs.n_pairs]


def _compared(fleet: EncodedFleet, left: Codes, right: Codes, *, has_own: bool) -> FleetPairs:
    """Order the two blocks of each pair, and drop pairs that are not to be compared.

    The fleet's block is left of a block from another table; otherwise, an on-premises block is left
    of a VPC block. Two blocks on the same side of one connection are not compared. Unless
    ``has_own`` is true, an on-premises block of the fleet is also not compared with the fleet's
    blocks of its connection's VPC.
    """
    its, is_vpc = fleet.connections, fleet.is_vpc
    one, other = fleet.connection[left], fleet.connection[right]
    is_across, is_mixed = is_vpc[left] != is_vpc[right], its.is_theirs[one] != its.is_theirs[other]
    turn = np.where(is_mixed, its.is_theirs[one], is_across & is_vpc[left])
    is_same = (its.identity[one] == its.identity[other]) & (its.identity[one] >= 0)
    drop = (is_same | (one == other)) & ~is_across
    if not has_own:
        drop |= is_across & ~is_mixed & (its.cloud[one] == its.cloud[other])
    left, right = np.where(turn, right, left), np.where(turn, left, right)
    return FleetPairs(fleet, left[~drop], right[~drop])
