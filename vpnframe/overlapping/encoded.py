"""Encode table ``subnets`` of a fleet as numbers: its connections, and each of its blocks once."""

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


@dataclass(frozen=True, slots=True)
class CidrWords:
    """The distinct blocks as text and as numbers, sorted by their canonical text."""

    words: pa.Array
    parsed: ParsedCidrs


@dataclass(frozen=True)
class EncodedFleet:
    """Blocks that can overlap, each once, sorted by connection, side and text."""

    connections: Connections
    cidrs: CidrWords
    scope_name: str
    scope_words: pa.Array
    translations: tuple[Translation, ...]  # the NAT declarations for the VPC side
    connection: Codes  # position in ``connections``
    cidr: Codes  # position in ``cidrs``
    is_vpc: Mask
    role: Codes  # see :mod:`vpnframe.overlapping.roles`
    scope: Codes  # code of the scope, -1 for none
    is_by_policy: Mask
    priority: Codes  # -1 if unknown
    nat: Codes  # position of the NAT declaration that translates the block, -1 for none

    @cached_property
    def all(self) -> ParsedCidrs:
        """All blocks as numbers; ``row`` is the position of each."""
        return self.cidrs.parsed.at(self.cidr)

    @cached_property
    def is_theirs(self) -> Mask:
        """Which blocks come from another table, with which the fleet is compared."""
        return self.connections.is_theirs[self.connection]

    def cidr_texts(self, rows: Codes) -> pa.Array:
        """Return the texts of the blocks at the positions ``rows``."""
        return take_words(self.cidrs.words, self.cidr[rows])

    def named(self, rows: Codes, connection: Codes) -> dict[str, Any]:
        """Return the columns with the ids of these connections and the texts of these blocks."""
        its = self.connections
        texts = [column.texts(connection) for column in (its.account, its.region, its.name)]
        named = zip((*CONNECTION, "cidr"), [*texts, self.cidr_texts(rows)], strict=True)
        return {name: pd.array(values, dtype="str") for name, values in named}

    def scopes(self, codes: Codes) -> dict[str, Any]:
        """Return column ``scope`` with its name, and ``scope_id`` with the scope of each code."""
        scope = as_category(np.zeros(len(codes), np.int64), [self.scope_name])
        words = take_words(self.scope_words, codes)
        return {"scope": scope, "scope_id": pd.array(words, dtype="str")}

    def columns(self, rows: Codes) -> dict[str, Any]:
        """Return connection ids, text, scope and side of the blocks at ``rows`` as columns."""
        side = as_category(self.is_vpc[rows].astype(np.int64), ["onprem", "vpc"])
        named = self.named(rows, self.connection[rows])
        return {**named, **self.scopes(self.scope[rows]), "side": side}


def encode_fleet(
    subnets: pd.DataFrame, *, scope: str | None, settings: OverlapSettings
) -> EncodedFleet:
    """Encode a fleet's subnets as numbers."""
    cidr, cidrs = _encode_cidrs(column_of(subnets, "cidr"))
    connection, first = number_connections(subnets)
    rows = _rows(subnets, connection, cidr)
    connections = encode_connections(rows, first, cidrs.parsed, settings)
    keep = (cidrs.parsed.prefix_length[rows.cidr] > 0) & _is_asked(rows, connections, settings)
    keep &= ~_is_ignored(rows, connections, cidrs, settings)
    scopes = _scopes(rows, connections, scope)
    names, gateways = connections.name, connections.routers[0]
    return EncodedFleet(
        connections=connections,
        cidrs=cidrs,
        scope_name="all" if scope is None else scope,
        scope_words=scopes.words,
        translations=translations_of(settings.nat, names, gateways, cidrs.parsed),
        **_blocks(rows, connections, cidrs.parsed, scopes.codes, np.flatnonzero(keep)),
    )


def are_ignored(cidrs: CidrWords, settings: OverlapSettings) -> Mask:
    """Return the mask of blocks that ``ignore`` or ``ignore_shorter_than`` excludes."""
    ignored: Mask = cidrs.parsed.prefix_length < (settings.ignore_shorter_than or 0)
    if settings.ignore:
        ignored |= np.isin(cidrs.words.to_pylist(), parse_cidrs(list(settings.ignore)).texts())
    return ignored


def _encode_cidrs(texts: pd.Series[Any]) -> tuple[Codes, CidrWords]:
    """Return the code of each row's block, and the distinct blocks in canonical spelling."""
    spelt = encode(texts)
    parsed = parse_cidrs(spelt.words)
    if parsed.failed_texts:
        parse_all(texts.tolist())  # raises an error that names the first row
    coded = encode(pd.Series(parsed.texts(), dtype="str"))
    words = coded.words
    return np.append(coded.codes, NULL)[spelt.codes], CidrWords(words, parse_cidrs(words))


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
    """Return the scope code of each row: -1 if it has no scope; always 0 if ``scope`` is None."""
    if scope is None:
        return Coded(np.zeros(len(rows.cidr), np.int64), pa.array([None], pa.large_string()))
    if scope == ROUTING_DOMAIN:
        return Coded(connections.domain.codes[rows.connection], connections.domain.words)
    return encode(rows.frame[scope])


def _is_asked(rows: BlockRows, connections: Connections, settings: OverlapSettings) -> Mask:
    """Return the mask of rows in routing domain ``settings.only``, and of another table's rows."""
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
    rows: BlockRows, connections: Connections, cidrs: CidrWords, settings: OverlapSettings
) -> Mask:
    """Return the mask of rows to ignore; only blocks of our connections can be ignored."""
    is_ours = ~connections.is_theirs[rows.connection] & ~np.isin(rows.role, tuple(roles.ORIGINS))
    if settings.ignore:
        ours = set(cidrs.words.take(np.unique(rows.cidr[is_ours])).to_pylist())
        for text in parse_cidrs(list(settings.ignore)).texts():
            if text not in ours:
                raise SettingsError(
                    f"{text} is to be ignored, but no selector and no route of this fleet equals "
                    f"it: name a block as it is routed, or leave it out"
                )
    ignored: Mask = are_ignored(cidrs, settings)[rows.cidr] & is_ours
    return ignored


def _blocks(
    rows: BlockRows, connections: Connections, blocks: ParsedCidrs, scopes: Codes, keep: Codes
) -> dict[str, Any]:
    """Merge the rows that have the same connection, side, block and scope into one block."""
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
    """Return a column as whole numbers; in a table from the user, they may be text."""
    values = column_of(frame, name)
    numbers = pd.to_numeric(values, errors="coerce")
    is_odd = values.notna() & (numbers.isna() | (numbers % 1 != 0))
    if is_odd.any():
        odd = values[is_odd].iloc[0]
        raise ValueError(
            f"the column {name} contains {odd!r}: whole numbers are needed, or leave it out"
        )
    return numbers.astype("Int64")
