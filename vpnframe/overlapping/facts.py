"""Compute facts about pairs of a fleet's blocks, as arrays with one element per pair."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
import numpy.typing as npt
import pandas as pd

from vpnframe.addresses.cidr import ParsedCidrs
from vpnframe.addresses.nesting import EQUAL, WITHIN
from vpnframe.overlapping.asked import runs_by_family
from vpnframe.overlapping.encoded import EncodedFleet
from vpnframe.overlapping.pairing import TURNED, FleetPairs
from vpnframe.overlapping.roles import REAL
from vpnframe.schema.codes import CodedSets, Codes, Mask


@dataclass(frozen=True)
class PairFacts:
    """Facts about k pairs; a null is neither equal to nor different from anything."""

    fleet: EncodedFleet
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
        """Whether one block is on premises and the other of the connection's own VPC."""
        return self.pairs.is_own

    @cached_property
    def is_across(self) -> Mask:
        """Whether one block is on premises and the other a VPC's."""
        is_vpc = self.fleet.is_vpc
        across: Mask = is_vpc[self.pairs.left] != is_vpc[self.pairs.right]
        return across

    @cached_property
    def role(self) -> Codes:
        """Role of the VPC-side block; ONPREM for two on-premises blocks."""
        return np.maximum(self.fleet.role[self.pairs.left], self.fleet.role[self.pairs.right])

    @cached_property
    def onprem_relation(self) -> npt.NDArray[np.uint8]:
        """Relation of the on-premises block to the VPC's; of left to right for two sites."""
        is_vpc = self.fleet.is_vpc[self.pairs.left]
        return np.where(is_vpc, TURNED[self.pairs.relation], self.pairs.relation)

    @cached_property
    def outer(self) -> Codes:
        """Position of the larger block of each pair, the left one of two equal ones."""
        return np.where(self.pairs.relation == WITHIN, self.pairs.right, self.pairs.left)

    @property
    def is_equal(self) -> Mask:
        """Whether the two blocks are equal."""
        equal: Mask = self.pairs.relation == EQUAL
        return equal

    @cached_property
    def nat(self) -> Codes:
        """Position of the NAT declaration that translates one of the two, -1 for none."""
        left, right = self.fleet.nat[self.pairs.left], self.fleet.nat[self.pairs.right]
        nat = np.where(left >= 0, left, right)
        if self.fleet.translations:
            self._translate_vpcs(nat)
        return nat

    def _translate_vpcs(self, nat: Codes) -> None:
        """Fill in the NAT declarations for VPC blocks, as seen by the pairs' connections."""
        is_real = self.is_across & (self.role == REAL)
        onprem = np.where(self.fleet.is_vpc[self.pairs.left], self.right, self.left)
        vpc = np.where(self.fleet.is_vpc[self.pairs.left], self.left, self.right)
        inner = self.fleet.cidr[self.pairs.left + self.pairs.right - self.outer]
        cloud = self.fleet.connections.cloud
        for one in self.fleet.translations:
            is_about = np.isin(onprem, one.connections)
            is_about |= ~self.is_own & np.isin(cloud[vpc], cloud[one.connections])
            nat[is_real & (nat < 0) & is_about & one.is_within[inner]] = one.position

    @cached_property
    def is_mirrored(self) -> Mask:
        """Whether each gateway is a peer of the other, or of a connection in the other's VPC."""
        links, mirrored = self.fleet.connections.links, np.zeros(len(self.left), bool)
        sites = np.flatnonzero(~self.is_across & self.both(links.may_mirror))
        mirrored[sites] = links.mirror(self.left[sites], self.right[sites])
        across = np.flatnonzero(self.is_across)
        is_vpc, cloud = self.fleet.is_vpc[self.pairs.left[across]], self.fleet.connections.cloud
        left, right = self.left[across], self.right[across]
        onprem, vpc = np.where(is_vpc, right, left), np.where(is_vpc, left, right)
        mirrored[across] = links.mirror_any_in(onprem, cloud[vpc])
        return mirrored

    @cached_property
    def same_gateway(self) -> Mask:
        """Whether both connections are on one VPN gateway."""
        return self.have_same(self.fleet.connections.routers[0].codes)

    @cached_property
    def other_gateway(self) -> Mask:
        """Whether both connections are on VPN gateways, and on different ones."""
        return self.have_different(self.fleet.connections.routers[0].codes)

    @cached_property
    def same_vpc(self) -> Mask:
        """Whether both connections are of one VPC."""
        return self.have_same(self.fleet.connections.routers[1].codes)

    @cached_property
    def same_router(self) -> Mask:
        """Whether both connections are on one transit router."""
        return self.have_same(self.fleet.connections.routers[2].codes)

    def lead_to_one_block(self, candidates: Mask) -> Mask:
        """Check where both connections have the larger block on premises; False if no candidate."""
        found = candidates & self.is_equal
        some = np.flatnonzero(candidates & ~self.is_equal)
        sides, cidr = self.fleet.connections.onprem_side, self.fleet.cidr[self.outer[some]]
        found[some] = sides.hold(sides.codes[self.left[some]], cidr)
        found[some] &= sides.hold(sides.codes[self.right[some]], cidr)
        return found

    def have_same(self, codes: Codes) -> Mask:
        """Check where both connections have the same code."""
        left = codes[self.left]
        same: Mask = (left == codes[self.right]) & (left >= 0)
        return same

    def have_different(self, codes: Codes) -> Mask:
        """Check where both connections have a code, and the codes differ."""
        left, right = codes[self.left], codes[self.right]
        different: Mask = (left != right) & (left >= 0) & (right >= 0)
        return different

    def both(self, flags: Mask) -> Mask:
        """Check where both connections have the flag."""
        return flags[self.left] & flags[self.right]

    def either(self, flags: Mask) -> Mask:
        """Check where at least one connection has the flag."""
        return flags[self.left] | flags[self.right]

    def share_peer(self, candidates: Mask) -> Mask:
        """Check where both connections share a peer address; False for non-candidates."""
        its = self.fleet.connections
        may_share = self.both(its.links.may_share) | self.have_same(its.peers.codes)
        return self._by_sets(its.peers, candidates & may_share, _have_common_member)

    def vpc_sides_overlap(self, candidates: Mask) -> Mask:
        """Check where both admit a common address of the VPC; False for non-candidates."""
        its, parsed = self.fleet.connections, self.fleet.cidrs.parsed
        is_any = (its.is_any_vpc[self.left] | its.is_any_vpc[self.right]) & candidates
        overlap = partial(_have_overlap, parsed=parsed)
        return is_any | self._by_sets(its.admitted, candidates & ~is_any, overlap)

    def _by_sets(
        self, sets: CodedSets, candidates: Mask, test: Callable[[CodedSets, Codes, Codes], Mask]
    ) -> Mask:
        """Test the sets of both connections, each distinct pair once; equal sets pass."""
        result = candidates & self.have_same(sets.codes)
        some = np.flatnonzero(candidates & self.have_different(sets.codes))
        n = len(sets.starts)
        key = sets.codes[self.left[some]] * n + sets.codes[self.right[some]]
        which, distinct = pd.factorize(key)
        result[some] = test(sets, distinct // n, distinct % n)[which]
        return result


def _have_common_member(sets: CodedSets, one: Codes, other: Codes) -> Mask:
    """Check which of these pairs of sets have a member in common."""
    which, member = sets.elements(one)
    found = np.zeros(len(one), bool)
    found[which[sets.hold(other[which], member)]] = True
    return found


def _have_overlap(sets: CodedSets, one: Codes, other: Codes, *, parsed: ParsedCidrs) -> Mask:
    """Check which of these pairs of sets of blocks have two blocks that overlap."""
    (which, first), (which_other, second) = sets.elements(one), sets.elements(other)
    pair, cidr = np.concatenate([which, which_other]), np.concatenate([first, second])
    is_second = np.arange(len(cidr)) >= len(first)
    found = np.zeros(len(one), bool)
    for rows, runs in runs_by_family(parsed.at(cidr), pair, is_second=is_second):
        found[pair[rows[runs.outer]]] = True
    return found
