"""Encode table ``subnets`` of a fleet as numbers: its connections and its distinct blocks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from vpnframe.addresses.cidr import ParsedCidrs, parse_cidrs
from vpnframe.errors import SettingsError
from vpnframe.overlapping import roles
from vpnframe.overlapping.asked import as_category, parse_all
from vpnframe.overlapping.connections import (
    CONNECTION,
    BlockRows,
    Connections,
    column_of,
    encode_connections,
    flags_of,
    number_connections,
)
from vpnframe.overlapping.nat import Translation, translations_of
from vpnframe.overlapping.scopes import ROUTING_DOMAIN
from vpnframe.overlapping.settings import OverlapSettings
from vpnframe.schema.codes import NULL, Coded, Codes, Mask, encode, sort_rows, take_words

_UNKNOWN = np.iinfo(np.int64).max


@dataclass(frozen=True)
class EncodedFleet:
    """A fleet's distinct blocks that can overlap, sorted by connection, side and CIDR string."""

    connections: Connections
    cidrs: ParsedCidrs  # the distinct blocks, in order of their canonical strings
    cidr_words: pa.Array  # the canonical strings of ``cidrs``
    scope_name: str
    scope_words: pa.Array
    translations: tuple[Translation, ...]  # the NAT entries for the VPC side
    connection: Codes  # position in ``connections``
    cidr: Codes  # position in ``cidrs``
    is_vpc: Mask
    role: Codes  # see :mod:`vpnframe.overlapping.roles`
    scope: Codes  # code of the scope, -1 for none
    is_by_policy: Mask
    priority: Codes  # -1 if unknown
    nat: Codes  # position of the NAT entry that translates the block, -1 for none

    @cached_property
    def all(self) -> ParsedCidrs:
        """All blocks as numbers, in the order of ``cidr``; ``row`` is 0, 1, 2 and so on."""
        return self.cidrs.at(self.cidr)

    @cached_property
    def is_theirs(self) -> Mask:
        """Whether each block is from the other table that the fleet is compared with."""
        return self.connections.is_theirs[self.connection]

    def cidr_texts(self, rows: Codes) -> pa.Array:
        """Return the CIDR strings of the blocks at the positions ``rows``."""
        return take_words(self.cidr_words, self.cidr[rows])

    def named(self, rows: Codes, connection: Codes) -> dict[str, Any]:
        """Return columns that name the connections, and column ``cidr`` of the blocks."""
        its = self.connections
        texts = [column.texts(connection) for column in (its.account, its.region, its.name)]
        named = zip((*CONNECTION, "cidr"), [*texts, self.cidr_texts(rows)], strict=True)
        return {name: pd.array(values, dtype="str") for name, values in named}

    def scopes(self, codes: Codes) -> dict[str, Any]:
        """Return column ``scope``, equal in all rows, and ``scope_id``, null for code -1."""
        scope = as_category(np.zeros(len(codes), np.int64), [self.scope_name])
        words = take_words(self.scope_words, codes)
        return {"scope": scope, "scope_id": pd.array(words, dtype="str")}

    def columns(self, rows: Codes) -> dict[str, Any]:
        """Return the columns of connection, block, scope and side for the positions ``rows``."""
        side = as_category(self.is_vpc[rows].astype(np.int64), ["onprem", "vpc"])
        named = self.named(rows, self.connection[rows])
        return {**named, **self.scopes(self.scope[rows]), "side": side}


def encode_fleet(
    subnets: pd.DataFrame, *, scope: str | None, settings: OverlapSettings
) -> EncodedFleet:
    """Encode the blocks of table ``subnets`` and their connections as numbers.

    Default routes and the blocks that ``settings`` excludes are left out. Besides the blocks of the
    fleet's connections, ``subnets`` can contain blocks of VPCs, and the rows of a second table with
    which the fleet is compared.
    """
    cidr = _encode_cidrs(column_of(subnets, "cidr"))
    cidrs = parse_cidrs(cidr.words)
    connection, first = number_connections(subnets)
    rows = _rows(subnets, connection, cidr.codes)
    connections = encode_connections(rows, first, cidrs, settings)
    keep = (cidrs.prefix_length[rows.cidr] > 0) & _is_asked(rows, connections, settings)
    keep &= ~_is_ignored(rows, connections, cidrs, settings)
    scopes = _scopes(rows, connections, scope)
    names, gateways = connections.name, connections.routers[0]
    return EncodedFleet(
        connections=connections,
        cidrs=cidrs,
        cidr_words=cidr.words,
        scope_name="all" if scope is None else scope,
        scope_words=scopes.words,
        translations=translations_of(settings.nat, names, gateways, cidrs),
        **_blocks(rows, connections, cidrs, scopes.codes, np.flatnonzero(keep)),
    )


def are_ignored(cidrs: ParsedCidrs, settings: OverlapSettings) -> Mask:
    """Return the mask of distinct blocks that ``ignore`` or ``ignore_shorter_than`` excludes."""
    ignored = cidrs.prefix_length < (settings.ignore_shorter_than or 0)
    if settings.ignore:
        ignored |= np.isin(cidrs.texts(), parse_cidrs(list(settings.ignore)).texts())
    return ignored


def _encode_cidrs(texts: pd.Series[Any]) -> Coded:
    """Encode a column of blocks; different spellings of one block have the same code."""
    spelt = encode(texts)
    parsed = parse_cidrs(spelt.words)
    if parsed.failed_texts:
        parse_all(texts.tolist())  # raises an error that names the first row
    coded = encode(pd.Series(parsed.texts(), dtype="str"))
    return Coded(np.append(coded.codes, NULL)[spelt.codes], coded.words)


def _rows(subnets: pd.DataFrame, connection: Codes, cidr: Codes) -> BlockRows:
    side = column_of(subnets, "side").astype("str")
    is_bad = (cidr >= 0) & ~side.isin(["vpc", "onprem"]).to_numpy(bool)
    if is_bad.any():
        raise ValueError(f"{side.iloc[is_bad.argmax()]!r} is not a side: write vpc or onprem")
    keep = np.flatnonzero(cidr >= 0)
    frame = subnets.take(keep)
    origin, is_vpc = column_of(frame, "origin").astype("str"), (side.take(keep) == "vpc").to_numpy()
    role = np.where(is_vpc, roles.STAND_IN, roles.ONPREM)
    for code, word in roles.ORIGINS.items():
        role[(origin == word).to_numpy(bool)] = code
    return BlockRows(
        frame=frame,
        connection=connection[keep],
        cidr=cidr[keep],
        is_vpc=is_vpc,
        role=role,
        is_policy_route=(origin == "policy").to_numpy(bool),
        is_mapped=flags_of(frame, "is_mapped"),
    )


def _scopes(rows: BlockRows, connections: Connections, scope: str | None) -> Coded:
    """Return the scope of each row: its routing domain, or its value in the column ``scope``.

    If ``scope`` is None, all rows have the same scope.
    """
    if scope is None:
        return Coded(np.zeros(len(rows.cidr), np.int64), pa.array([None], pa.large_string()))
    if scope == ROUTING_DOMAIN:
        return Coded(connections.domain.codes[rows.connection], connections.domain.words)
    return encode(rows.frame[scope])


def _is_asked(rows: BlockRows, connections: Connections, settings: OverlapSettings) -> Mask:
    """Mark all rows, or if ``settings.only`` is set, its rows and those of the other table."""
    if settings.only is None:
        return np.ones(len(rows.cidr), bool)
    domain = connections.domain
    is_it = domain.equals(settings.only)
    if not is_it.any():
        has_it = np.any([column.equals(settings.only) for column in connections.routers], axis=0)
        is_it = np.isin(domain.codes, domain.codes[has_it])
    if not is_it.any():
        raise SettingsError(
            f"there is no routing domain {settings.only!r} in this fleet: give the name of a "
            f"domain, or the id of a VPN gateway, VPC or transit router"
        )
    return (is_it | connections.is_theirs)[rows.connection]


def _is_ignored(
    rows: BlockRows, connections: Connections, cidrs: ParsedCidrs, settings: OverlapSettings
) -> Mask:
    """Mark the selectors and routes of the fleet that the settings exclude."""
    is_ours = ~connections.is_theirs[rows.connection] & ~np.isin(rows.role, tuple(roles.ORIGINS))
    if settings.ignore:
        ours = set(cidrs.at(np.unique(rows.cidr[is_ours])).texts())
        for text in parse_cidrs(list(settings.ignore)).texts():
            if text not in ours:
                raise SettingsError(
                    f"{text} is to be ignored, but no selector and no route of this fleet equals "
                    f"it: name a block as it is routed, or leave it out"
                )
    return are_ignored(cidrs, settings)[rows.cidr] & is_ours


def _blocks(
    rows: BlockRows, connections: Connections, blocks: ParsedCidrs, scopes: Codes, keep: Codes
) -> dict[str, Any]:
    """Merge the rows in ``keep`` whose connection, side, block and scope are equal.

    The result maps names of EncodedFleet's fields to arrays with one value for each merged row.
    """
    keys = (rows.connection, rows.is_vpc.astype(np.int64), rows.cidr, scopes)
    order, starts = sort_rows([key[keep] for key in keys])
    order, chosen = keep[order], keep[order[starts]]

    def reduce(function: np.ufunc, values: Any) -> Any:
        return function.reduceat(values[order], starts) if len(starts) else values[:0]

    connection, is_vpc, cidr, scope = (values[chosen] for values in keys)
    priority = _whole_numbers(rows.frame, "priority").fillna(_UNKNOWN).to_numpy(np.int64)
    smallest = reduce(np.minimum, priority)
    nat = column_of(rows.frame, "nat").fillna(NULL).to_numpy(np.int64)
    is_open = ~(reduce(np.maximum, rows.is_mapped) | connections.is_theirs[connection])
    is_by_policy = reduce(np.maximum, rows.is_policy_route) | connections.is_policy[connection]
    role = roles.settle(
        blocks.at(cidr),
        reduce(np.minimum, rows.role),
        is_open=is_open,
        cloud=connections.cloud[connection],
        cidr=cidr,
        scope=scope,
    )
    return {
        "connection": connection,
        "cidr": cidr,
        "is_vpc": is_vpc.astype(bool),
        "role": role,
        "scope": scope,
        "is_by_policy": is_by_policy,
        "priority": np.where(smallest == _UNKNOWN, NULL, smallest),
        "nat": reduce(np.maximum, nat),
    }


def _whole_numbers(frame: pd.DataFrame, name: str) -> pd.Series:
    """Return a column as whole numbers; in a user's table, the numbers can be strings."""
    values = column_of(frame, name)
    numbers = pd.to_numeric(values, errors="coerce")
    is_odd = values.notna() & (numbers.isna() | (numbers % 1 != 0))
    if is_odd.any():
        odd = values[is_odd].iloc[0]
        raise ValueError(
            f"the column {name} contains {odd!r}: whole numbers are needed; correct the value, or "
            f"remove the column"
        )
    return numbers.astype("Int64")
