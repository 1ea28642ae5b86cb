"""Overlapping address blocks, as tables."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from vpnframe.addresses.cidr import ParsedCidrs, format_cidr, parse_cidrs
from vpnframe.addresses.nesting import (
    DEFAULT_MAX_PAIRS,
    RELATIONS,
    Blocks,
    Pairs,
    Runs,
    check_pair_count,
    find_runs,
    find_runs_between,
    make_pairs,
)
from vpnframe.errors import AddressError

ROUTING_DOMAIN = "routing_domain"

_ROUTERS = ["vpn_gateway_id", "vpc_id", "transit_router_id"]
_CONNECTION = ["account_id", "region_id", "vpn_connection_id"]
_BLOCK = [*_CONNECTION, "side", "cidr"]
_SIDES = ["onprem", "vpc"]

Codes = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


def find_overlaps(
    cidrs: Iterable[object],
    *,
    groups: Iterable[Hashable] | None = None,
    max_pairs: int = DEFAULT_MAX_PAIRS,
) -> pd.DataFrame:
    """Find every overlapping pair among CIDR blocks, each once.

    Parameters
    ----------
    cidrs : iterable of str
        List or Series of n CIDR blocks, IPv4 and IPv6 mixed at will. Missing values overlap
        nothing.
    groups : iterable, optional
        n keys; only blocks with the same key are compared, and a missing key equals nothing.
    max_pairs : int
        The most pairs to make.

    Returns
    -------
    DataFrame
        ``left`` and ``right`` (Int64, positions in ``cidrs`` from 0, left < right) and
        ``relation`` (category: left ``contains``, is ``equal`` to or lies ``within`` right),
        sorted by left and right.

    Raises
    ------
    AddressError
        If a text is no CIDR block; it names the first, with its position.
    ValueError
        If there are more than ``max_pairs`` pairs, or not as many groups as blocks.
    TypeError
        If ``cidrs`` is one text or a whole table.

    Examples
    --------
    >>> find_overlaps(["10.0.0.0/8", "10.1.0.0/16", "192.168.0.0/24", "10.1.0.0/16"])
       left  right  relation
    0     0      1  contains
    1     0      3  contains
    2     1      3     equal
    """
    if isinstance(cidrs, str | pd.DataFrame):
        raise TypeError(f"cidrs is one {type(cidrs).__name__}: give a list or a column of blocks")
    listed = list(cidrs)
    parsed = _parse_all(listed)
    codes = None
    if groups is not None:
        codes = pd.factorize(pd.Series(list(groups), dtype=object))[0].astype(np.int64)
        if len(codes) != len(listed):
            raise ValueError(f"{len(codes)} groups for {len(listed)} blocks: give one for each")
        parsed = _take(parsed, codes[parsed.row] >= 0)
    left, right, relation = _sorted_pairs(_runs_by_family(parsed, codes), max_pairs)
    return pd.DataFrame(
        {"left": _integers(left), "right": _integers(right), "relation": _relations(relation)}
    )


def overlaps(
    subnets: pd.DataFrame,
    *,
    scope: str | None = ROUTING_DOMAIN,
    max_pairs: int = DEFAULT_MAX_PAIRS,
) -> pd.DataFrame:
    """Find the overlaps in a fleet that can matter: inside one scope, seen from connections.

    Compared are the on-premises blocks of different connections, on-premises blocks with the VPC
    blocks of other connections, and the two sides of one connection. Never compared are VPC
    blocks with each other, blocks on one side of one connection, and default routes.

    Parameters
    ----------
    subnets : DataFrame
        Table ``subnets``; one row per connection, side and block. Rows without a block are left
        out, repeated ones count once.
    scope : str or None
        What two blocks must share to be compared: ``"routing_domain"`` (the connected parts of
        the graph of VPN gateways, VPCs and transit routers), a column of ``subnets``, or None to
        compare the whole table. A missing scope equals nothing, itself included.
    max_pairs : int
        The most pairs to make, before those within one connection's side are left out.

    Returns
    -------
    DataFrame
        Table ``overlaps``: for ``left_`` and ``right_`` the ``account_id``, ``region_id``,
        ``vpn_connection_id``, ``side`` and ``cidr``; ``relation`` of left to right; ``scope``
        (its name, "all" for None) and ``scope_id`` (missing for None). In each pair left is the
        smaller by those columns; rows are sorted by left, then right.

    Raises
    ------
    AddressError
        If ``cidr`` holds a text that is no CIDR block.
    ValueError
        If ``scope`` is no column, a needed column is not there, or there are more than
        ``max_pairs`` pairs.

    Examples
    --------
    >>> subnets = pd.DataFrame({
    ...     "account_id": "1", "region_id": "cn-hangzhou", "vpn_connection_id": ["vco-a", "vco-b"],
    ...     "vpn_gateway_id": "vpn-1", "vpc_id": None, "transit_router_id": None,
    ...     "side": "onprem", "cidr": ["10.0.0.0/8", "10.1.0.0/16"],
    ... })
    >>> overlaps(subnets)[["left_cidr", "relation", "right_cidr", "scope_id"]]
        left_cidr  relation   right_cidr scope_id
    0  10.0.0.0/8  contains  10.1.0.0/16    vpn-1
    """
    blocks = _comparable_blocks(subnets, scope)
    parsed = parse_cidrs(blocks["cidr"])
    connection = blocks.groupby(_CONNECTION, dropna=False, sort=False).ngroup().to_numpy()
    is_vpc = (blocks["side"] == "vpc").to_numpy(dtype=bool)
    scope_code = pd.factorize(blocks["scope_id"])[0].astype(np.int64)
    if scope is None:
        scope_code[:] = 0
    runs = [
        *_runs_by_family(_take(parsed, ~is_vpc), scope_code),
        *_runs_by_family(parsed, scope_code, is_second=is_vpc),
    ]
    left, right, relation = _sorted_pairs(runs, max_pairs)
    is_own_side = (connection[left] == connection[right]) & (is_vpc[left] == is_vpc[right])
    left, right, relation = left[~is_own_side], right[~is_own_side], relation[~is_own_side]
    scope_name = pd.Index(["all" if scope is None else scope], dtype="str")
    return _assemble(blocks, left, right, relation).assign(
        scope=pd.Categorical.from_codes(np.zeros(len(left), np.int8), categories=scope_name),
        scope_id=blocks["scope_id"].take(left).reset_index(drop=True),
    )


def _parse_all(values: Sequence[object]) -> ParsedCidrs:
    """Parse, and refuse bad text by its first example."""
    parsed = parse_cidrs(values)
    if parsed.failed_texts:
        n_bad, text = len(parsed.failed_texts), parsed.failed_texts[0]
        raise AddressError(
            f"{text!r} at position {parsed.failed_rows[0]} is no CIDR block: "
            f"{parsed.failed_reasons[0]} ({n_bad} bad of {len(values)}). Correct it, or replace "
            f"it by None to leave it out",
            value=text,
        )
    return parsed


def _take(parsed: ParsedCidrs, keep: Mask) -> ParsedCidrs:
    """Keep some of the parsed blocks."""
    return replace(
        parsed,
        row=parsed.row[keep],
        family=parsed.family[keep],
        high=parsed.high[keep],
        low=parsed.low[keep],
        prefix_length=parsed.prefix_length[keep],
    )


def _runs_by_family(
    parsed: ParsedCidrs, groups: Codes | None, *, is_second: Mask | None = None
) -> list[tuple[Codes, Runs]]:
    """Runs for IPv4 and for IPv6, each with the input rows that its rows stand for.

    With ``is_second`` (by input row), runs between the two sets it parts.
    """
    found = []
    for family in (4, 6):
        chosen = parsed.family == family
        rows = parsed.row[chosen]
        blocks = Blocks(
            parsed.low[chosen],
            parsed.prefix_length[chosen],
            parsed.high[chosen] if family == 6 else None,
            None if groups is None else groups[rows],
        )
        runs = (
            find_runs(blocks) if is_second is None else find_runs_between(blocks, is_second[rows])
        )
        found.append((rows, runs))
    return found


def _sorted_pairs(
    found: list[tuple[Codes, Runs]], max_pairs: int
) -> tuple[Codes, Codes, npt.NDArray[np.uint8]]:
    """All pairs as input rows, sorted by left and right; counted before any is made."""
    check_pair_count(sum(runs.n_pairs for _, runs in found), max_pairs=max_pairs)
    made: list[tuple[Codes, Pairs]] = [(rows, make_pairs(runs)) for rows, runs in found]
    left = np.concatenate([rows[pairs.left] for rows, pairs in made])
    right = np.concatenate([rows[pairs.right] for rows, pairs in made])
    relation = np.concatenate([pairs.relation for _, pairs in made])
    # Rows are below 2**31 and relations below 4, so that one sort of one number does it.
    key = left.astype(np.uint64) << np.uint64(33) | right.astype(np.uint64) << np.uint64(2)
    key |= relation
    key.sort()
    low_bits = np.uint64(2**31 - 1)
    right = (key >> np.uint64(2) & low_bits).astype(np.int64)
    return (key >> np.uint64(33)).astype(np.int64), right, (key & np.uint64(3)).astype(np.uint8)


def _integers(values: Codes) -> pd.api.extensions.ExtensionArray:
    """Row positions in the dtype of every table's numbers."""
    return pd.array(values, dtype="Int64")


def _relations(codes: npt.NDArray[np.uint8]) -> pd.Categorical:
    """Words for relation codes."""
    return pd.Categorical.from_codes(codes, categories=pd.Index(RELATIONS, dtype="str"))


def _comparable_blocks(subnets: pd.DataFrame, scope: str | None) -> pd.DataFrame:
    """Rows that can overlap, each once and in canonical text, with their ``scope_id``; sorted."""
    _check_columns(subnets, scope)
    parsed = _parse_all(subnets["cidr"].tolist())
    scope_id = _scope_ids(subnets, scope)
    parsed = _take(parsed, parsed.prefix_length > 0)
    blocks = subnets[_BLOCK].astype("str").assign(scope_id=scope_id).take(parsed.row)
    texts = format_cidr(parsed.high, parsed.low, parsed.family, parsed.prefix_length)
    blocks["cidr"] = pd.array(texts, dtype="str")
    blocks = blocks[blocks["side"].isin(_SIDES)]
    if scope is not None:
        blocks = blocks[blocks["scope_id"].notna()]
    return blocks.drop_duplicates().sort_values([*_BLOCK, "scope_id"], ignore_index=True)


def _check_columns(subnets: pd.DataFrame, scope: str | None) -> None:
    """Refuse a table without the columns that are needed."""
    needed = [*_BLOCK, *(_ROUTERS if scope == ROUTING_DOMAIN else [])]
    missing = [column for column in needed if column not in subnets.columns]
    if missing:
        raise ValueError(f"no column {', '.join(missing)}: is this a subnets table?")
    if scope not in (None, ROUTING_DOMAIN, *subnets.columns):
        raise ValueError(
            f"no column {scope!r} to take as scope: give {ROUTING_DOMAIN!r}, None or one of "
            f"{', '.join(map(str, subnets.columns))}"
        )


def _scope_ids(subnets: pd.DataFrame, scope: str | None) -> pd.Series[str]:
    """Each row's scope, missing where it has none."""
    if scope is None:
        return pd.Series(None, index=subnets.index, dtype="str")
    if scope != ROUTING_DOMAIN:
        return subnets[scope].astype("str")
    routers = subnets[_ROUTERS].astype("str")
    domains = _routing_domains(routers.drop_duplicates())
    gateway, vpc, transit_router = (routers[column] for column in _ROUTERS)
    # A row's routers are all of one domain: any of them tells which.
    return gateway.fillna(vpc).fillna(transit_router).map(domains).astype("str")


def _routing_domains(routers: pd.DataFrame) -> dict[str, str]:
    """Domain of each router id, named by its smallest: routers of one row are connected."""
    parent: dict[str, str] = {}

    def root(node: str) -> str:
        while parent.setdefault(node, node) != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for row in routers.to_numpy(dtype=object):
        present = [node for node in row if isinstance(node, str)]
        for node in present:
            # The smaller id stays root, so that a root is the name of its domain.
            low, high = sorted((root(present[0]), root(node)))
            parent[high] = low
    return {node: root(node) for node in list(parent)}


def _assemble(
    blocks: pd.DataFrame, left: Codes, right: Codes, relation: npt.NDArray[np.uint8]
) -> pd.DataFrame:
    """Table of pairs from row positions."""
    described = blocks[_BLOCK].assign(side=pd.Categorical(blocks["side"], categories=_SIDES))
    halves = [
        described.take(rows).reset_index(drop=True).add_prefix(prefix)
        for prefix, rows in (("left_", left), ("right_", right))
    ]
    return pd.concat(halves, axis=1).assign(relation=_relations(relation))
