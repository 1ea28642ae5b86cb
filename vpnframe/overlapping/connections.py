"""Encode the connections of a fleet as numbers, with the facts that classify overlaps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from vpnframe.addresses.cidr import ParsedCidrs
from vpnframe.errors import SettingsError
from vpnframe.overlapping import roles
from vpnframe.overlapping.scopes import ROUTERS, routing_domains
from vpnframe.overlapping.settings import OverlapSettings
from vpnframe.schema.codes import (
    NULL,
    Coded,
    CodedSets,
    Codes,
    Mask,
    code_sets,
    encode,
    encode_lists,
    encode_together,
    rank_rows,
    rank_sorted,
    sort_distinct,
    sort_rows,
    take_words,
)

CONNECTION = ("account_id", "region_id", "vpn_connection_id")


@dataclass(frozen=True)
class Connections:
    """Facts about each of n connections, in order of account, region and id.

    Each row of the table without a connection id, such as a VPC's block, counts as one connection.
    """

    account: Coded
    region: Coded
    name: Coded
    identity: Codes  # equal if account, region and id are equal; -1 without an id
    # Whether the connection is from the other table that the fleet is compared with
    is_theirs: Mask
    routers: Sequence[Coded]  # VPN gateway, VPC and transit router; all have the same words
    cloud: Codes  # equal for connections of one VPC, or of one gateway if the VPC is unknown
    domain: Coded
    ip: Coded  # address of the VPN gateway
    peers: CodedSets  # peer addresses, as codes into the words of ``ip``
    is_policy: Mask
    has_ha: Mask
    owner: Coded
    blocks: Codes  # code of the set of blocks on both sides
    onprem_side: CodedSets
    vpc_side: CodedSets
    admitted: CodedSets  # the blocks of the VPC that the VPC side admits
    is_any_vpc: Mask  # whether the VPC side is a default route or unknown

    @cached_property
    def peer_texts(self) -> Coded:
        """The peer addresses of each connection as one string, separated by "and"."""
        peers = take_words(self.ip.words, self.peers.members)
        sets = pa.ListArray.from_arrays(pa.array(self.peers.starts, pa.int32()), peers)
        return Coded(self.peers.codes, pc.binary_join(sets, pa.scalar(" and ", pa.large_string())))

    @cached_property
    def may_mirror(self) -> Mask:
        """Whether the connection's gateway address is a peer address of any connection."""
        return np.isin(self.ip.codes, self.peers.members) & (self.ip.codes >= 0)

    @cached_property
    def may_share(self) -> Mask:
        """Whether one of the connection's peers is also in a different set of peers."""
        peers = self.peers
        is_common = np.bincount(peers.members, minlength=1)[peers.members] > 1
        return np.isin(peers.codes, peers.owners[is_common])

    @cached_property
    def links(self) -> Codes:
        """The sorted, distinct keys of links from ``may_mirror`` connections to peers."""
        linked = np.flatnonzero(self.may_mirror & (self.peers.codes >= 0))
        which, peer = self.peers.elements(self.peers.codes[linked])
        ends = linked[which]
        return sort_distinct(self.link_keys(self.cloud[ends], self.ip.codes[ends], peer))

    def link_keys(self, cloud: Codes, from_ip: Codes, to_ip: Codes) -> Codes:
        """Encode each triple of VPC, gateway address and peer address as one integer."""
        n = len(self.ip.words)
        return (cloud * n + from_ip) * n + to_ip


@dataclass(frozen=True, slots=True)
class BlockRows:
    """The rows of table ``subnets`` that have a block, including default routes."""

    frame: pd.DataFrame
    connection: Codes  # position of the connection
    cidr: Codes  # position among the distinct blocks
    is_vpc: Mask
    role: Codes
    is_policy_route: Mask
    is_mapped: Mask  # whether NAT adds the row: see :func:`vpnframe.overlapping.nat.with_mapped`


def column_of(frame: pd.DataFrame, name: str) -> pd.Series[Any]:
    """Return a column, or a column of nulls if the table has no column of that name."""
    if name in frame.columns:
        return frame[name]
    return pd.Series([None] * len(frame), index=frame.index, dtype="object")


def flags_of(frame: pd.DataFrame, name: str) -> Mask:
    """Return a boolean column; null becomes False."""
    flags: Mask = column_of(frame, name).astype("boolean").fillna(False).to_numpy(bool)
    return flags


def number_connections(subnets: pd.DataFrame) -> tuple[Codes, pd.DataFrame]:
    """Return each row's connection number, and a sorted table with one row per connection."""
    account, region, name = (encode(column_of(subnets, column)).codes for column in CONNECTION)
    nameless = np.where(name < 0, np.arange(len(subnets)), 0)
    is_theirs = flags_of(subnets, "is_theirs").astype(np.int64)
    order, starts = sort_rows([is_theirs, account, region, name, nameless])
    return rank_sorted(order, starts), subnets.take(order[starts])


def encode_connections(
    rows: BlockRows, first: pd.DataFrame, blocks: ParsedCidrs, settings: OverlapSettings
) -> Connections:
    """Encode the connections in ``first`` (one per row), whose blocks are in ``rows``."""
    account, region, name = (encode(column_of(first, column)) for column in CONNECTION)
    routers = encode_together([column_of(first, column) for column in ROUTERS])
    places = rank_rows([account.codes, region.codes, name.codes])
    ip, peers = _addresses(first)
    n, cloud = len(first), _clouds(routers)
    is_default = blocks.prefix_length[rows.cidr] == 0
    of_vpc = np.flatnonzero(rows.is_vpc & ~rows.is_mapped & ~is_default)
    admitted = roles.admitted(
        blocks, rows.role[of_vpc], rows.cidr[of_vpc], rows.connection[of_vpc], cloud
    )

    def sets_of(chosen: Mask | Codes) -> CodedSets:
        return code_sets(rows.connection[chosen], rows.cidr[chosen], n_owners=n)

    own, vpc_side = ~rows.is_mapped, sets_of(of_vpc)
    is_any_vpc = vpc_side.codes < 0
    is_any_vpc[rows.connection[rows.is_vpc & rows.is_policy_route & is_default]] = True
    return Connections(
        account=account,
        region=region,
        name=name,
        identity=np.where(name.codes < 0, NULL, places),
        is_theirs=flags_of(first, "is_theirs"),
        routers=routers,
        cloud=cloud,
        domain=routing_domains(routers, settings.topology),
        ip=ip,
        peers=peers,
        is_policy=(column_of(first, "routing_mode").astype("str") == "policy").to_numpy(bool),
        has_ha=flags_of(first, "has_ha_evidence"),
        owner=_owners(first, settings.owner_tag),
        blocks=code_sets(
            rows.connection[own], 2 * rows.cidr[own] + rows.is_vpc[own], n_owners=n
        ).codes,
        onprem_side=sets_of(own & ~rows.is_vpc),
        vpc_side=vpc_side,
        admitted=code_sets(*admitted, n_owners=n),
        is_any_vpc=is_any_vpc,
    )


def _addresses(first: pd.DataFrame) -> tuple[Coded, CodedSets]:
    """Encode each connection's gateway and peer addresses; equal addresses get the same code."""
    owner, texts = encode_lists(column_of(first, "peer_addresses"))
    peer_texts = pd.Series(pd.array(texts.all(), dtype="str"))
    ip, peer = encode_together([column_of(first, "vpn_gateway_ip"), peer_texts])
    is_known = peer.codes >= 0
    return ip, code_sets(owner[is_known], peer.codes[is_known], n_owners=len(first))


def _clouds(routers: Sequence[Coded]) -> Codes:
    """Return a number for each connection; connections of one VPC have the same number.

    An unknown VPC is taken from another connection of the same VPN gateway; if there is none, the
    number stands for the gateway. A connection without VPC and gateway has a number of its own.
    """
    gateway, vpc, _ = (column.codes for column in routers)
    both = np.flatnonzero((gateway >= 0) & (vpc >= 0))
    # Of several VPCs, the first is assigned last.
    both = both[np.argsort(-vpc[both], kind="stable")]
    of_gateway = np.arange(len(routers[0].words) + 1)  # the last entry is for no gateway
    of_gateway[gateway[both]] = vpc[both]
    alone = len(routers[0].words) + np.arange(len(vpc))
    return np.where(vpc >= 0, vpc, np.where(gateway >= 0, of_gateway[gateway], alone))


def _owners(first: pd.DataFrame, tag: str | None) -> Coded:
    """Return the owner of each connection, which is the value of its tag ``tag``."""
    owner = np.full(len(first), NULL)
    if tag is None:
        return Coded(owner, pa.array([], pa.large_string()))
    row, tags = encode_lists(column_of(first, "tags"))
    is_it = pc.starts_with(tags.words, f"{tag}=").to_numpy(zero_copy_only=False)
    its = np.flatnonzero(np.append(is_it, False)[tags.codes])
    if len(first) and not len(its):
        raise SettingsError(
            f"no connection of this fleet has a tag {tag!r}: give a tag that names the owner"
        )
    owner[row[its][::-1]] = tags.codes[its][::-1]  # the first of several tags counts
    return Coded(owner, pc.utf8_slice_codeunits(tags.words, start=len(tag) + 1))
