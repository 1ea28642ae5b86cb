"""Overlaps in a fleet, seen from its connections."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from vpnframe.addresses.cidr import format_cidr, parse_cidrs
from vpnframe.addresses.nesting import DEFAULT_MAX_PAIRS
from vpnframe.overlapping.blocks import (
    Codes,
    as_relations,
    parse_all,
    runs_by_family,
    sorted_pairs,
    take_blocks,
)
from vpnframe.overlapping.scopes import ROUTERS, ROUTING_DOMAIN, scope_ids

_CONNECTION = ["account_id", "region_id", "vpn_connection_id"]
_BLOCK = [*_CONNECTION, "side", "cidr"]
_SIDES = ["onprem", "vpc"]


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
        *runs_by_family(take_blocks(parsed, ~is_vpc), scope_code),
        *runs_by_family(parsed, scope_code, is_second=is_vpc),
    ]
    left, right, relation = sorted_pairs(runs, max_pairs)
    is_own_side = (connection[left] == connection[right]) & (is_vpc[left] == is_vpc[right])
    left, right, relation = left[~is_own_side], right[~is_own_side], relation[~is_own_side]
    scope_name = pd.Index(["all" if scope is None else scope], dtype="str")
    return _assemble(blocks, left, right, relation).assign(
        scope=pd.Categorical.from_codes(np.zeros(len(left), np.int8), categories=scope_name),
        scope_id=blocks["scope_id"].take(left).reset_index(drop=True),
    )


def _comparable_blocks(subnets: pd.DataFrame, scope: str | None) -> pd.DataFrame:
    """Rows that can overlap, each once and in canonical text, with their ``scope_id``; sorted."""
    _check_columns(subnets, scope)
    parsed = parse_all(subnets["cidr"].tolist())
    scope_id = scope_ids(subnets, scope)
    parsed = take_blocks(parsed, parsed.prefix_length > 0)
    blocks = subnets[_BLOCK].astype("str").assign(scope_id=scope_id).take(parsed.row)
    texts = format_cidr(parsed.high, parsed.low, parsed.family, parsed.prefix_length)
    blocks["cidr"] = pd.array(texts, dtype="str")
    blocks = blocks[blocks["side"].isin(_SIDES)]
    if scope is not None:
        blocks = blocks[blocks["scope_id"].notna()]
    return blocks.drop_duplicates().sort_values([*_BLOCK, "scope_id"], ignore_index=True)


def _check_columns(subnets: pd.DataFrame, scope: str | None) -> None:
    """Refuse a table without the columns that are needed."""
    needed = [*_BLOCK, *(ROUTERS if scope == ROUTING_DOMAIN else [])]
    missing = [column for column in needed if column not in subnets.columns]
    if missing:
        raise ValueError(f"no column {', '.join(missing)}: is this a subnets table?")
    if scope not in (None, ROUTING_DOMAIN, *subnets.columns):
        raise ValueError(
            f"no column {scope!r} to take as scope: give {ROUTING_DOMAIN!r}, None or one of "
            f"{', '.join(map(str, subnets.columns))}"
        )


def _assemble(
    blocks: pd.DataFrame, left: Codes, right: Codes, relation: npt.NDArray[np.uint8]
) -> pd.DataFrame:
    """Table of pairs from row positions."""
    described = blocks[_BLOCK].assign(side=pd.Categorical(blocks["side"], categories=_SIDES))
    halves = [
        described.take(rows).reset_index(drop=True).add_prefix(prefix)
        for prefix, rows in (("left_", left), ("right_", right))
    ]
    return pd.concat(halves, axis=1).assign(relation=as_relations(relation))
