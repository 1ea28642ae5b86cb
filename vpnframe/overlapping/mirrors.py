"""Find the two ends of a VPC-to-VPC tunnel: connections that are each other's peer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vpnframe.schema.codes import CodedSets, Codes, Mask


@dataclass(frozen=True, slots=True)
class Links:
    """Gateway and peer addresses of the connections of each VPC, as codes.

    ``known`` holds a sorted key for each VPC, gateway address and peer address of a connection.
    ``may_mirror`` marks connections whose gateway address is a peer of any connection,
    ``may_share`` those with a peer that is also in another set of peers.
    """

    peers: CodedSets
    gateway_ip: Codes
    cloud: Codes
    known: Codes
    n_addresses: int
    may_mirror: Mask
    may_share: Mask

    @classmethod
    def of(cls, peers: CodedSets, gateway_ip: Codes, cloud: Codes) -> Links:
        """Build the links of all connections."""
        may_mirror = np.isin(gateway_ip, peers.members) & (gateway_ip >= 0)
        n_addresses = max(int(peers.members.max(initial=0)), int(gateway_ip.max(initial=0))) + 1
        linked = np.flatnonzero(may_mirror & (peers.codes >= 0))
        which, peer = peers.elements(peers.codes[linked])
        ends = linked[which]
        known = np.unique(_key(cloud[ends], gateway_ip[ends], peer, n_addresses))
        is_common = np.bincount(peers.members, minlength=1)[peers.members] > 1
        owner = np.repeat(np.arange(len(peers.starts) - 1), np.diff(peers.starts))
        has_common = np.zeros(len(peers.starts), bool)  # the last is the empty set
        has_common[owner[is_common]] = True
        may_share = has_common[peers.codes]
        return cls(peers, gateway_ip, cloud, known, n_addresses, may_mirror, may_share)

    def mirror(self, one: Codes, other: Codes) -> Mask:
        """Check which pairs of connections are each other's peer."""
        ip, sets = self.gateway_ip, self.peers.codes
        return self.peers.hold(sets[other], ip[one]) & self.peers.hold(sets[one], ip[other])

    def mirror_any_in(self, one: Codes, cloud: Codes) -> Mask:
        """Check which connections are mirrored by a connection of the paired VPC."""
        found = np.zeros(len(one), bool)
        some = np.flatnonzero(self.may_mirror[one] & (self.peers.codes[one] >= 0))
        which, peer = self.peers.elements(self.peers.codes[one[some]])
        asked = some[which]
        wanted = _key(cloud[asked], peer, self.gateway_ip[one[asked]], self.n_addresses)
        found[asked[np.isin(wanted, self.known)]] = True
        return found


def _key(cloud: Codes, from_ip: Codes, to_ip: Codes, n_addresses: int) -> Codes:
    return (cloud * n_addresses + from_ip) * n_addresses + to_ip
