"""What is known of pairs of a fleet's blocks: one flag for each pair, all pairs at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
import numpy.typing as npt

from vpnframe.addresses.cidr import ParsedCidrs
from vpnframe.addresses.nesting import CONTAINS, EQUAL, WITHIN
from vpnframe.overlapping.blocks import runs_by_family
from vpnframe.overlapping.coding import CodedSets, Codes, Mask
from vpnframe.overlapping.encoded import Fleet, blocks_at
from vpnframe.overlapping.pairing import FleetPairs


@dataclass(frozen=True)
class PairFacts:
    """Facts of k pairs; a null is never the same as anything, nor different from it.

    Parameters
    ----------
    fleet : Fleet
        Whose blocks they are.
    pairs : FleetPairs
        Which.
    """

    fleet: Fleet
    pairs: FleetPairs

    @cached_property
    def left(self) -> Codes:
        """Connection of each left block."""
        return self.fleet.connection[self.pairs.left]

    @cached_property
    def right(self) -> Codes:
        """Connection of each right block."""
        return self.fleet.connection[self.pairs.right]

    @property
    def is_own(self) -> Mask:
        """Both are of one connection."""
        return self.have_same(self.fleet.connections.identity)

    @cached_property
    def is_across(self) -> Mask:
        """One is on premises, one is a VPC's."""
        is_vpc = self.fleet.is_vpc
        across: Mask = is_vpc[self.pairs.left] != is_vpc[self.pairs.right]
        return across

    @cached_property
    def onprem_relation(self) -> npt.NDArray[np.uint8]:
        """What the on-premises block is to the VPC's; left to right where there is no such."""
        turned = np.array([WITHIN, EQUAL, CONTAINS], np.uint8)[self.pairs.relation]
        return np.where(self.fleet.is_vpc[self.pairs.left], turned, self.pairs.relation)

    @property
    def is_equal(self) -> Mask:
        """The two blocks are equal."""
        equal: Mask = self.pairs.relation == EQUAL
        return equal

    @property
    def is_translated(self) -> Mask:
        """One at least is declared as translated."""
        nat = self.fleet.nat
        translated: Mask = (nat[self.pairs.left] >= 0) | (nat[self.pairs.right] >= 0)
        return translated

    @cached_property
    def is_mirrored(self) -> Mask:
        """The gateway of each is a peer of the other."""
        its = self.fleet.connections
        is_peer = np.isin(its.gateway_ip, its.peers.members)
        some = np.flatnonzero(self.both(is_peer))
        left, right = self.left[some], self.right[some]
        mirrored = np.zeros(len(self.left), bool)
        mirrored[some] = its.peers.hold(its.peers.codes[left], its.gateway_ip[right])
        mirrored[some] &= its.peers.hold(its.peers.codes[right], its.gateway_ip[left])
        return mirrored

    def have_same(self, codes: Codes) -> Mask:
        """Both connections have the same."""
        left = codes[self.left]
        same: Mask = (left == codes[self.right]) & (left >= 0)
        return same

    def have_different(self, codes: Codes) -> Mask:
        """Both connections have one, and not the same."""
        left, right = codes[self.left], codes[self.right]
        different: Mask = (left != right) & (left >= 0) & (right >= 0)
        return different

    def both(self, flags: Mask) -> Mask:
        """Both connections are so."""
        return flags[self.left] & flags[self.right]

    def share_peer(self, candidates: Mask) -> Mask:
        """Some peer address is of both; false where it is not asked for."""
        return self._by_sets(self.fleet.connections.peers, candidates, _have_common_member)

    def vpc_sides_overlap(self, candidates: Mask) -> Mask:
        """Some VPC block of the one overlaps one of the other; false where not asked for."""
        its, parsed = self.fleet.connections, self.fleet.cidrs.parsed
        is_any = (its.is_any_vpc[self.left] | its.is_any_vpc[self.right]) & candidates
        overlap = partial(_have_overlap, parsed=parsed)
        return is_any | self._by_sets(its.vpc_side, candidates & ~is_any, overlap)

    def _by_sets(
        self, sets: CodedSets, candidates: Mask, test: Callable[[CodedSets, Codes, Codes], Mask]
    ) -> Mask:
        """Test the sets of both connections: each two sets once, however many pairs have them."""
        some = np.flatnonzero(candidates)
        left, right = sets.codes[self.left[some]], sets.codes[self.right[some]]
        known = (left >= 0) & (right >= 0)
        n = len(sets.starts)
        distinct, which = np.unique(left[known] * n + right[known], return_inverse=True)
        result = np.zeros(len(self.left), bool)
        result[some[known]] = test(sets, distinct // n, distinct % n)[which]
        return result


def _have_common_member(sets: CodedSets, one: Codes, other: Codes) -> Mask:
    """Which of these pairs of sets have a member in common."""
    which, member = sets.elements(one)
    found = np.zeros(len(one), bool)
    found[which[sets.hold(other[which], member)]] = True
    return found


def _have_overlap(sets: CodedSets, one: Codes, other: Codes, *, parsed: ParsedCidrs) -> Mask:
    """Which of these pairs of sets of blocks have two blocks that overlap."""
    (which, first), (which_other, second) = sets.elements(one), sets.elements(other)
    pair, cidr = np.concatenate([which, which_other]), np.concatenate([first, second])
    is_second = np.arange(len(cidr)) >= len(first)
    found = np.zeros(len(one), bool)
    for rows, runs in runs_by_family(blocks_at(parsed, cidr), pair, is_second=is_second):
        found[pair[rows[runs.outer]]] = True
    return found
