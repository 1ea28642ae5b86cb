"""Pairs of overlapping blocks of a fleet, and facts about them, one element per pair."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from vpnframe.addresses.nesting import EQUAL, WITHIN
from vpnframe.overlapping.asked import runs_by_family
from vpnframe.overlapping.encoded import EncodedFleet
from vpnframe.overlapping.roles import REAL
from vpnframe.schema.codes import CodedSets, Codes, Mask


@dataclass(frozen=True)
class FleetPairs:
    """Pairs of overlapping blocks, and facts about each pair.

    ``left`` and ``right`` are positions in the fleet. Left is the smaller one of two on-premises
    blocks, the on-premises block of a pair with a VPC-side block, and ours of a pair with another
    table. In all facts, a null is neither equal to nor different from anything.
    """

    fleet: EncodedFleet
    left: Codes
    right: Codes

    def take(self, keep: Mask | Codes) -> FleetPairs:
        """Return some of the pairs."""
        return FleetPairs(self.fleet, self.left[keep], self.right[keep])

    @cached_property
    def one(self) -> Codes:
        """Connection of each left block."""
        return self.fleet.connection[self.left]

    @cached_property
    def other(self) -> Codes:
        """Connection of each right block."""
        return self.fleet.connection[self.right]

    @cached_property
    def relation(self) -> npt.NDArray[np.uint8]:
        """Relation of left to right: of two blocks that overlap, the shorter prefix contains."""
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
        """Position of the larger block, the left one of two equal ones."""
        return np.where(self.relation == WITHIN, self.right, self.left)

    @cached_property
    def inner(self) -> Codes:
        """Position of the smaller block, the right one of two equal ones."""
        return np.where(self.relation == WITHIN, self.left, self.right)

    @cached_property
    def is_across(self) -> Mask:
        """Whether one block is on premises and the other a VPC's."""
        across: Mask = self.fleet.is_vpc[self.left] != self.fleet.is_vpc[self.right]
        return across

    @cached_property
    def onprem(self) -> Codes:
        """Position of the block that is on premises, the left one of two such."""
        return np.where(self.fleet.is_vpc[self.left], self.right, self.left)

    @cached_property
    def vpc(self) -> Codes:
        """Position of the VPC's block, the right one of two on premises."""
        return np.where(self.fleet.is_vpc[self.left], self.left, self.right)

    @cached_property
    def is_own(self) -> Mask:
        """Whether one block is on premises and the other of the connection's own VPC."""
        cloud = self.fleet.connections.cloud
        is_own: Mask = self.is_across & (cloud[self.one] == cloud[self.other])
        return is_own

    @cached_property
    def role(self) -> Codes:
        """Role of the VPC-side block; ONPREM for two on-premises blocks."""
        return np.maximum(self.fleet.role[self.left], self.fleet.role[self.right])

    @cached_property
    def nat(self) -> Codes:
        """Position of the NAT declaration that translates one of the two, -1 for none."""
        fleet = self.fleet
        left, right = fleet.nat[self.left], fleet.nat[self.right]
        nat = np.where(left >= 0, left, right)
        cloud, is_real = fleet.connections.cloud, self.is_across & (self.role == REAL)
        for one in fleet.translations:
            is_about = np.isin(fleet.connection[self.onprem], one.connections)
            clouds = cloud[fleet.connection[self.vpc]]
            is_about |= ~self.is_own & np.isin(clouds, cloud[one.connections])
            is_about &= is_real & one.is_within[fleet.cidr[self.inner]]
            nat[is_about & (nat < 0)] = one.position
        return nat

    @cached_property
    def is_mirrored(self) -> Mask:
        """Whether each gateway is a peer of the other, or of a connection in the other's VPC."""
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
        """Check where both connections have the larger block on premises; False if no candidate."""
        found = candidates & self.is_equal
        some = np.flatnonzero(candidates & ~self.is_equal)
        sides, cidr = self.fleet.connections.onprem_side, self.fleet.cidr[self.outer[some]]
        found[some] = sides.hold(sides.codes[self.one[some]], cidr)
        found[some] &= sides.hold(sides.codes[self.other[some]], cidr)
        return found

    def have_same(self, codes: Codes) -> Mask:
        """Check where both connections have the same code."""
        one = codes[self.one]
        same: Mask = (one == codes[self.other]) & (one >= 0)
        return same

    def have_different(self, codes: Codes) -> Mask:
        """Check where both connections have a code, and the codes differ."""
        one, other = codes[self.one], codes[self.other]
        different: Mask = (one != other) & (one >= 0) & (other >= 0)
        return different

    def both(self, flags: Mask) -> Mask:
        """Check where both connections have the flag."""
        return flags[self.one] & flags[self.other]

    def either(self, flags: Mask) -> Mask:
        """Check where at least one connection has the flag."""
        return flags[self.one] | flags[self.other]

    def share_peer(self, candidates: Mask) -> Mask:
        """Check where both connections share a peer address; False for non-candidates."""
        its = self.fleet.connections
        may_share = self.both(its.may_share) | self.have_same(its.peers.codes)
        return self._by_sets(its.peers, candidates & may_share, _have_common_member)

    def vpc_sides_overlap(self, candidates: Mask) -> Mask:
        """Check where both admit a common address of the VPC; False for non-candidates."""
        its = self.fleet.connections
        is_any = self.either(its.is_any_vpc) & candidates
        return is_any | self._by_sets(its.admitted, candidates & ~is_any, self._have_overlap)

    def _by_sets(
        self, sets: CodedSets, candidates: Mask, test: Callable[[CodedSets, Codes, Codes], Mask]
    ) -> Mask:
        """Test the sets of both connections, each distinct pair once; equal sets pass."""
        result = candidates & self.have_same(sets.codes)
        some = np.flatnonzero(candidates & self.have_different(sets.codes))
        n = len(sets.starts)
        key = sets.codes[self.one[some]] * n + sets.codes[self.other[some]]
        which, distinct = pd.factorize(key)
        result[some] = test(sets, distinct // n, distinct % n)[which]
        return result

    def _have_overlap(self, sets: CodedSets, one: Codes, other: Codes) -> Mask:
        """Check which of these pairs of sets of blocks have two blocks that overlap."""
        (which, first), (which_other, second) = sets.elements(one), sets.elements(other)
        pair, cidr = np.concatenate([which, which_other]), np.concatenate([first, second])
        is_second = np.arange(len(cidr)) >= len(first)
        found = np.zeros(len(one), bool)
        blocks = self.fleet.cidrs.parsed.at(cidr)
        for rows, runs in runs_by_family(blocks, pair, is_second=is_second):
            found[pair[rows[runs.outer]]] = True
        return found


def _have_common_member(sets: CodedSets, one: Codes, other: Codes) -> Mask:
    """Check which of these pairs of sets have a member in common."""
    which, member = sets.elements(one)
    found = np.zeros(len(one), bool)
    found[which[sets.hold(other[which], member)]] = True
    return found
