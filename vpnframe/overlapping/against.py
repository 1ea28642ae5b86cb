"""The rows that are compared: a fleet's own, and those of another table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from vpnframe.addresses.cidr import parse_cidrs
from vpnframe.checked import cast_columns
from vpnframe.columns import cast_column, with_plain_index
from vpnframe.overlapping.asked import parse_all
from vpnframe.overlapping.coding import encode_lists
from vpnframe.overlapping.known import Known
from vpnframe.overlapping.nat import with_mapped
from vpnframe.overlapping.settings import OverlapSettings
from vpnframe.tables import TABLES

_LISTS = ("cidrs", "secondary_cidrs")
_CAST = ("peer_addresses", "has_ha_evidence", "has_known_routes", "tags")


def our_rows(known: Known, settings: OverlapSettings) -> pd.DataFrame:
    """Give all blocks of a fleet: those of its connections, and its VPCs' beyond any selector.

    Parameters
    ----------
    known : Known
        The fleet.
    settings : OverlapSettings
        For what is translated.

    Returns
    -------
    DataFrame
        In the form of ``subnets``; a VPC's blocks are of no connection, and those left out that
        are none: they are no fault of who asks.
    """
    rows = with_mapped(known.subnets, settings.nat)
    if known.vpcs is not None and len(known.vpcs):
        blocks = _one_block_a_row(known.vpcs.reset_index(drop=True)).assign(side="vpc")
        is_good = np.isin(np.arange(len(blocks)), parse_cidrs(blocks["cidr"]).row)
        rows = pd.concat([rows, blocks[is_good]], ignore_index=True)
    return rows.assign(is_theirs=False)


def their_blocks(blocks: pd.DataFrame | Iterable[object]) -> pd.DataFrame:
    """Bring another table into the form of ``subnets``.

    Parameters
    ----------
    blocks : DataFrame or iterable of str
        A list or column of CIDR blocks, or a table with a column ``cidr``, ``destination_cidr``
        (as ``routes`` has) or ``cidrs`` (lists, as ``vpcs`` has; with ``secondary_cidrs``).

    Returns
    -------
    DataFrame
        One row per block: the table's own columns, ``cidr``, ``side`` and ``is_theirs``. Where
        the table tells no ``side``, its blocks are VPC blocks if it names VPCs and no connections,
        else on-premises blocks.

    Raises
    ------
    AddressError
        A text is no CIDR block.
    ValueError
        The table has none of these columns.
    TypeError
        It is one text.

    Examples
    --------
    >>> their_blocks(["10.0.0.0/8"])[["side", "cidr"]].to_dict("records")
    [{'side': 'onprem', 'cidr': '10.0.0.0/8'}]
    """
    if isinstance(blocks, str):
        raise TypeError(f"{blocks!r} is one text: give a list, a column or a table of blocks")
    if not isinstance(blocks, pd.DataFrame):
        blocks = pd.DataFrame({"cidr": pd.Series(list(blocks), dtype="object")})
    blocks = with_plain_index(blocks, TABLES["subnets"].names)
    rows = _one_block_a_row(cast_columns("subnets", blocks, _CAST))
    rows = rows[rows["cidr"].notna()]
    parse_all(rows["cidr"].tolist())
    names_vpcs = "vpc_id" in rows and "vpn_connection_id" not in rows
    usual = "vpc" if names_vpcs else "onprem"
    told = rows["side"].astype("str").str.lower() if "side" in rows else usual
    side = pd.Series(told, index=rows.index, dtype="str").fillna(usual)
    return rows.assign(side=side, is_theirs=True)


def _one_block_a_row(blocks: pd.DataFrame) -> pd.DataFrame:
    for column in ("cidr", "destination_cidr"):
        if column in blocks:
            return blocks.assign(cidr=blocks[column].astype("str"))
    if _LISTS[0] not in blocks:
        raise ValueError(
            f"no column cidr, destination_cidr or cidrs to compare with: there are "
            f"{', '.join(map(str, blocks.columns))}"
        )
    parts = []
    for column in _LISTS:
        if column in blocks:
            row, texts = encode_lists(_as_lists(blocks[column]))
            parts.append(blocks.take(row).assign(cidr=pd.array(texts.all(), dtype="str")))
    return pd.concat(parts, ignore_index=True)


def _as_lists(values: pd.Series[Any]) -> pd.Series[Any]:
    """Lists as they are; text, as a file holds them, split at its commas."""
    texts = [one.replace("、", ",") if isinstance(one, str) else one for one in values]
    return pd.Series(cast_column("texts", pd.Series(texts, dtype="object")), index=values.index)
