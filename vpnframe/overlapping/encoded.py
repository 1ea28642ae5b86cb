"""Encode a fleet's subnets as numbers: its connections, and each of its blocks once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from vpnframe.addresses.cidr import ParsedCidrs, format_cidr, parse_cidrs
from vpnframe.addresses.nesting import CONTAINS, make_pairs
from vpnframe.errors import SettingsError
from vpnframe.overlapping import roles
from vpnframe.overlapping.asked import parse_all, runs_by_family
from vpnframe.overlapping.mirrors import Links
from vpnframe.overlapping.scopes import ROUTERS, ROUTING_DOMAIN, routing_domains
from vpnframe.overlapping.settings import OverlapSettings
from vpnframe.overlapping.translations import Translation, translations_of
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
)

CONNECTION = ("account_id", "region_id", "vpn_connection_id")


@dataclass(frozen=True, slots=True)
class Connections:
    """Properties of each of n connections, in order of account, region and id.

    Each row without a connection id, such as a block of a VPC, counts as a separate connection.
    ``identity`` is equal if account, region and id are equal, -1 without an id; ``cloud`` is equal
    for connections of one VPC (of one gateway, if the VPC is unknown); ``gateway_ip`` holds codes
    of ``addresses`` and ``peers`` sets of them; ``blocks`` is a code of the set of blocks of both
    sides; ``onprem_side`` and ``vpc_side`` are the sets of one side; ``admitted`` holds the blocks
    of its VPC that a connection's VPC side admits.
    """

    account: Coded
    region: Coded
    name: Coded
    identity: Codes
    is_theirs: Mask
    routers: Sequence[Coded]  # VPN gateway, VPC, transit router, with the same words
    cloud: Codes
    domain: Coded
    addresses: pa.Array
    gateway_ip: Codes
    peers: CodedSets
    links: Links
    is_policy: Mask
    has_ha: Mask
    owner: Coded
    blocks: Codes
    onprem_side: CodedSets
    vpc_side: CodedSets
    admitted: CodedSets
    is_any_vpc: Mask  # its VPC side is a default route, or unknown


@dataclass(frozen=True, slots=True)
class CidrWords:
    """The distinct blocks as numbers, sorted by their canonical text."""

    words: pa.Array
    parsed: ParsedCidrs


@dataclass(frozen=True, slots=True)
class EncodedFleet:
    """Blocks that can overlap, each once, sorted by connection, side and text.

    ``connection`` and ``cidr`` are positions in ``connections`` and ``cidrs``; ``role`` is as in
    :mod:`vpnframe.overlapping.roles`; ``scope`` is the code of the block's scope, -1 for none;
    ``priority`` is -1 if unknown; ``nat`` is the position of the NAT declaration that translates
    the block, -1 for none; ``translations`` holds those for blocks of VPCs.
    """

    connections: Connections
    cidrs: CidrWords
    connection: Codes
    is_vpc: Mask
    role: Codes
    cidr: Codes
    scope: Codes
    scope_words: pa.Array
    is_by_policy: Mask
    priority: Codes
    nat: Codes
    translations: tuple[Translation, ...]

    @property
    def all(self) -> ParsedCidrs:
        """All blocks as numbers; ``row`` is the position of each."""
        return self.cidrs.parsed.at(self.cidr)


@dataclass(frozen=True, slots=True)
class _BlockRows:
    """The rows of the table that have a block, including default routes."""

    frame: pd.DataFrame
    connection: Codes
    cidr: Codes
    is_vpc: Mask
    role: Codes
    is_policy_route: Mask
    is_mapped: Mask


def encode_fleet(
    subnets: pd.DataFrame, *, scope: str | None, settings: OverlapSettings
) -> EncodedFleet:
    """Encode a fleet's subnets as numbers."""
    cidr, cidrs = _encode_cidrs(column_of(subnets, "cidr"))
    connection, first = _encode_connections(subnets)
    rows = _rows(subnets, connection, cidr)
    connections = _connections(rows, subnets.take(first), cidrs, settings)
    scopes = _scopes(rows, connections, scope)
    keep = (cidrs.parsed.prefix_length[rows.cidr] > 0) & _is_asked(rows, connections, settings)
    keep &= ~_is_ignored(rows, connections, cidrs, settings)
    fleet = _blocks(rows, connections, cidrs, scopes, np.flatnonzero(keep))
    names, gateways = connections.name, connections.routers[0]
    translations = translations_of(settings.nat, names, gateways, cidrs.parsed)
    return replace(fleet, translations=translations)


def are_ignored(cidrs: CidrWords, settings: OverlapSettings) -> Mask:
    """Return the mask of blocks that ``ignore`` or ``ignore_shorter_than`` leave out."""
    ignored: Mask = cidrs.parsed.prefix_length < (settings.ignore_shorter_than or 0)
    if settings.ignore:
        ignored |= np.isin(cidrs.words.to_pylist(), _canonical(parse_cidrs(list(settings.ignore))))
    return ignored


def column_of(frame: pd.DataFrame, name: str) -> pd.Series[Any]:
    """Return a column, or all nulls if the table has no column of that name."""
    if name in frame.columns:
        return frame[name]
    return pd.Series([None] * len(frame), index=frame.index, dtype="object")


def _flags(frame: pd.DataFrame, name: str) -> Mask:
    """Return a boolean column, with null as False."""
    flags: Mask = column_of(frame, name).astype("boolean").fillna(False).to_numpy(bool)
    return flags


def _encode_cidrs(texts: pd.Series[Any]) -> tuple[Codes, CidrWords]:
    """Return the code of each row's block, and the distinct blocks in canonical spelling."""
    spelt = encode(texts)
    parsed = parse_cidrs(spelt.words)
    if parsed.failed_texts:
        parse_all(texts.tolist())  # raises an error that names the first row
    coded = encode(pd.Series(_canonical(parsed), dtype="str"))
    words = coded.words
    return np.append(coded.codes, NULL)[spelt.codes], CidrWords(words, parse_cidrs(words))


def _canonical(parsed: ParsedCidrs) -> Any:
    return format_cidr(parsed.high, parsed.low, parsed.family, parsed.prefix_length)


def _encode_connections(subnets: pd.DataFrame) -> tuple[Codes, Codes]:
    """Return the position of each row's connection, and the first row of each connection."""
    account, region, name = (encode(column_of(subnets, column)).codes for column in CONNECTION)
    is_theirs = _flags(subnets, "is_theirs").astype(np.int64)
    nameless = np.where(name < 0, np.arange(len(subnets)), 0)
    connection = rank_rows([is_theirs, account, region, name, nameless])
    return connection, np.unique(connection, return_index=True)[1]


def _rows(subnets: pd.DataFrame, connection: Codes, cidr: Codes) -> _BlockRows:
    side = column_of(subnets, "side").astype("str")
    is_bad = (cidr >= 0) & ~side.isin(["vpc", "onprem"]).to_numpy(bool)
    if is_bad.any():
        raise ValueError(f"{side.iloc[is_bad.argmax()]!r} is no side: write vpc or onprem")
    keep = np.flatnonzero(cidr >= 0)
    frame = subnets.take(keep)
    origin, is_vpc = column_of(frame, "origin").astype("str"), (side.take(keep) == "vpc").to_numpy()
    return _BlockRows(
        frame=frame,
        connection=connection[keep],
        cidr=cidr[keep],
        is_vpc=is_vpc,
        role=roles.of_rows(origin, is_vpc),
        is_policy_route=(origin == "policy").to_numpy(bool),
        is_mapped=_flags(frame, "is_mapped"),
    )


def _connections(
    rows: _BlockRows, first: pd.DataFrame, cidrs: CidrWords, settings: OverlapSettings
) -> Connections:
    """Build the connections from the first row of each, and from all their blocks."""
    account, region, name = (encode(column_of(first, column)) for column in CONNECTION)
    routers = encode_together([column_of(first, column) for column in ROUTERS])
    addresses, gateway_ip, peers = _encode_addresses(first)
    n_connections = len(first)
    own, onprem = ~rows.is_mapped, ~rows.is_mapped & ~rows.is_vpc
    blocks = code_sets(
        rows.connection[own], 2 * rows.cidr[own] + rows.is_vpc[own], n_owners=len(first)
    )
    identity = rank_rows([account.codes, region.codes, name.codes])
    cloud = _clouds(routers)
    vpc_side, admitted, is_any_vpc = _vpc_sides(rows, cidrs, cloud)
    return Connections(
        account=account,
        region=region,
        name=name,
        identity=np.where(name.codes < 0, NULL, identity),
        is_theirs=_flags(first, "is_theirs"),
        routers=routers,
        cloud=cloud,
        domain=routing_domains(routers, settings.topology),
        addresses=addresses,
        gateway_ip=gateway_ip,
        peers=peers,
        links=Links.of(peers, gateway_ip, cloud),
        is_policy=(column_of(first, "routing_mode").astype("str") == "policy").to_numpy(bool),
        has_ha=_flags(first, "has_ha_evidence"),
        owner=_owners(first, settings.owner_tag),
        blocks=blocks.codes,
        onprem_side=code_sets(rows.connection[onprem], rows.cidr[onprem], n_owners=n_connections),
        vpc_side=vpc_side,
        admitted=admitted,
        is_any_vpc=is_any_vpc,
    )


def _clouds(routers: Sequence[Coded]) -> Codes:
    """Return a code of each connection's VPC, else of its gateway's VPC, else of the gateway."""
    gateway, vpc, _ = (column.codes for column in routers)
    both = np.flatnonzero((gateway >= 0) & (vpc >= 0))
    both = both[np.argsort(-vpc[both], kind="stable")]
    of_gateway = np.arange(len(routers[0].words) + 1)  # the last is for no gateway
    of_gateway[gateway[both]] = vpc[both]
    alone = len(routers[0].words) + np.arange(len(vpc))
    return np.where(vpc >= 0, vpc, np.where(gateway >= 0, of_gateway[gateway], alone))


def _encode_addresses(first: pd.DataFrame) -> tuple[pa.Array, Codes, CodedSets]:
    """Encode the addresses of both ends as codes of the same words."""
    owner, peers = encode_lists(column_of(first, "peer_addresses"))
    texts = pd.Series(pd.array(peers.all(), dtype="str"))
    gateway, peer = encode_together([column_of(first, "vpn_gateway_ip"), texts])
    known = peer.codes >= 0
    sets = code_sets(owner[known], peer.codes[known], n_owners=len(first))
    return gateway.words, gateway.codes, sets


def _vpc_sides(
    rows: _BlockRows, cidrs: CidrWords, cloud: Codes
) -> tuple[CodedSets, CodedSets, Mask]:
    """Return each connection's VPC-side blocks, the VPC blocks they admit, and which admit all.

    A VPC side that is a default route, or unknown, admits all.
    """
    is_default = cidrs.parsed.prefix_length[rows.cidr] == 0
    own = np.flatnonzero(rows.is_vpc & ~rows.is_mapped & ~is_default)
    sides = code_sets(rows.connection[own], rows.cidr[own], n_owners=len(cloud))
    is_any = sides.codes < 0
    is_any[rows.connection[rows.is_vpc & rows.is_policy_route & is_default]] = True
    admitted = _admitted(rows, cidrs, own, cloud)
    return sides, code_sets(*admitted, n_owners=len(cloud)), is_any


def _admitted(rows: _BlockRows, cidrs: CidrWords, own: Codes, cloud: Codes) -> tuple[Codes, Codes]:
    """Return connections and the blocks they admit; for a VPC that was read, within its blocks."""
    role, its_cloud = rows.role[own], cloud[rows.connection[own]]
    is_real, is_selector = role == roles.REAL, role == roles.STAND_IN
    meets = np.zeros(len(cloud), bool)
    found = [(np.empty(0, np.int64), np.empty(0, np.int64))]
    if is_real.any():
        blocks = cidrs.parsed.at(rows.cidr[own]).take(is_real | is_selector)
        for positions, runs in runs_by_family(blocks, its_cloud, is_second=is_real):
            pairs = make_pairs(runs)
            left, right = own[positions[pairs.left]], own[positions[pairs.right]]
            inner = np.where(pairs.relation == CONTAINS, right, left)
            selector = np.where(rows.role[left] == roles.REAL, right, left)
            found.append((rows.connection[selector], rows.cidr[inner]))
            meets[rows.connection[selector]] = True
    rest = own[is_selector & ~meets[rows.connection[own]]]
    found.append((rows.connection[rest], rows.cidr[rest]))
    connections, blocks_of = (np.concatenate(part) for part in zip(*found, strict=True))
    return connections, blocks_of


def _owners(first: pd.DataFrame, tag: str | None) -> Coded:
    """Return the value of each connection's owner tag."""
    if tag is None:
        return Coded(np.full(len(first), NULL), pa.array([], pa.large_string()))
    row, tags = encode_lists(column_of(first, "tags"))
    is_it = pc.starts_with(tags.words, f"{tag}=").to_numpy(zero_copy_only=False)
    its = np.flatnonzero(np.append(is_it, False)[tags.codes])
    if len(first) and not len(its):
        raise SettingsError(f"no connection has a tag {tag!r} that could name its owner")
    owner = np.full(len(first), NULL)
    owner[row[its][::-1]] = tags.codes[its][::-1]  # the first of several counts
    return Coded(owner, pc.utf8_slice_codeunits(tags.words, start=len(tag) + 1))


def _scopes(rows: _BlockRows, connections: Connections, scope: str | None) -> Coded:
    """Return the scope code of each row: -1 for none, and 0 for all if ``scope`` is None."""
    if scope is None:
        return Coded(np.zeros(len(rows.cidr), np.int64), pa.array([None], pa.large_string()))
    if scope == ROUTING_DOMAIN:
        return Coded(connections.domain.codes[rows.connection], connections.domain.words)
    return encode(rows.frame[scope])


def _is_asked(rows: _BlockRows, connections: Connections, settings: OverlapSettings) -> Mask:
    """Return the mask of rows in the routing domain ``only``; another table's always count."""
    if settings.only is None:
        return np.ones(len(rows.cidr), bool)
    domain, words = connections.domain, connections.routers[0].words.to_pylist()
    is_it = np.append([name == settings.only for name in domain.words.to_pylist()], False)
    if not is_it.any() and settings.only in words:
        code = words.index(settings.only)
        is_in = np.any([column.codes == code for column in connections.routers], axis=0)
        is_it[domain.codes[is_in]] = True
    if not is_it.any():
        raise SettingsError(f"there is no routing domain {settings.only!r} in this fleet")
    asked: Mask = (is_it[domain.codes] | connections.is_theirs)[rows.connection]
    return asked


def _is_ignored(
    rows: _BlockRows, connections: Connections, cidrs: CidrWords, settings: OverlapSettings
) -> Mask:
    """Return the mask of rows to leave out; never blocks of table ``vpcs`` or another table."""
    if not settings.ignore and settings.ignore_shorter_than is None:
        return np.zeros(len(rows.cidr), bool)
    is_ours = ~connections.is_theirs[rows.connection] & ~np.isin(rows.role, tuple(roles.ORIGINS))
    ours = set(cidrs.words.take(np.unique(rows.cidr[is_ours])).to_pylist())
    for text in _canonical(parse_cidrs(list(settings.ignore))):
        if text not in ours:
            raise SettingsError(
                f"{text} is to be ignored, but no selector and no route of this fleet equals it: "
                f"name a block as it is routed, or leave it out"
            )
    ignored: Mask = are_ignored(cidrs, settings)[rows.cidr] & is_ours
    return ignored


def _blocks(
    rows: _BlockRows, connections: Connections, cidrs: CidrWords, scopes: Coded, keep: Codes
) -> EncodedFleet:
    """Merge the rows of one block into one, whatever their origins."""
    connection, cidr, scope = rows.connection[keep], rows.cidr[keep], scopes.codes[keep]
    is_vpc = rows.is_vpc[keep]
    rank = rank_rows([connection, is_vpc.astype(np.int64), cidr, scope])
    order = np.argsort(rank, kind="stable")
    first = np.flatnonzero(np.diff(rank[order], prepend=-1))
    chosen = order[first]
    frame = rows.frame
    unknown = np.iinfo(np.int64).max
    priority = _whole_numbers(frame, "priority").fillna(unknown).to_numpy(np.int64)
    smallest = _reduce(np.minimum, priority[keep][order], first)
    nat = column_of(frame, "nat").fillna(NULL).to_numpy(np.int64)
    is_route = _reduce(np.maximum, rows.is_policy_route[keep][order], first)
    is_mapped = _reduce(np.maximum, rows.is_mapped[keep][order], first)
    connection, cidr, scope = connection[chosen], cidr[chosen], scope[chosen]
    role = roles.settle(
        cidrs.parsed.at(cidr),
        _reduce(np.minimum, rows.role[keep][order], first),
        is_open=~(is_mapped | connections.is_theirs[connection]),
        cloud=connections.cloud[connection],
        cidr=cidr,
        scope=scope,
    )
    return EncodedFleet(
        connections=connections,
        cidrs=cidrs,
        connection=connection,
        is_vpc=is_vpc[chosen],
        role=role,
        cidr=cidr,
        scope=scope,
        scope_words=scopes.words,
        is_by_policy=is_route | connections.is_policy[connection],
        priority=np.where(smallest == unknown, NULL, smallest),
        nat=_reduce(np.maximum, nat[keep][order], first),
        translations=(),
    )


def _reduce(function: np.ufunc, values: Any, starts: Codes) -> Any:
    """Reduce each run of values to one value."""
    return function.reduceat(values, starts) if len(starts) else values[:0]


def _whole_numbers(frame: pd.DataFrame, name: str) -> pd.Series:
    """Return a column as whole numbers; another table may hold them as text."""
    values = column_of(frame, name)
    numbers = pd.to_numeric(values, errors="coerce")
    is_odd = values.notna() & (numbers.isna() | (numbers % 1 != 0))
    if is_odd.any():
        odd = values[is_odd].iloc[0]
        raise ValueError(
            f"the column {name} holds {odd!r}: whole numbers are needed, or leave it out"
        )
    return numbers.astype("Int64")
