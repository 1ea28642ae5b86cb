"""Build the rows to compare: those of a fleet, and those of another table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from vpnframe.addresses.cidr import parse_cidrs
from vpnframe.overlapping.asked import parse_all
from vpnframe.overlapping.known import KnownFleet
from vpnframe.overlapping.nat import with_mapped
from vpnframe.overlapping.settings import OverlapSettings
from vpnframe.schema.checked import cast_columns
from vpnframe.schema.codes import encode_lists
from vpnframe.schema.columns import cast_column, with_plain_index
from vpnframe.schema.tables import TABLES

_LISTS = {"cidrs": "vpc", "secondary_cidrs": "vpc", "user_cidrs": "user_cidr"}
_FROM_VPCS = ("account_id", "region_id", "vpc_id", "cidr", "origin")
_CAST = ("peer_addresses", "has_ha_evidence", "has_known_routes", "tags")


def our_rows(known: KnownFleet, settings: OverlapSettings) -> pd.DataFrame:
    """Return all blocks of a fleet: those of its connections, and those of its VPCs.

    A VPC's block has no connection id, and its ``origin`` is vpc or user_cidr; vpc becomes null if
    another block of that VPC is not readable, since its blocks are then known only in part.
    """
    rows = with_mapped(known.subnets, settings.nat)
    if known.vpcs is None or not len(known.vpcs):
        return rows.assign(is_theirs=False)
    blocks = _one_block_a_row(known.vpcs.reset_index(drop=True))
    is_bad = ~np.isin(np.arange(len(blocks)), parse_cidrs(blocks["cidr"]).row)
    is_in_part = blocks["vpc_id"].isin(blocks.loc[is_bad, "vpc_id"]) & (blocks["origin"] == "vpc")
    held = _in_form_of(rows, blocks.assign(origin=blocks["origin"].mask(is_in_part))[~is_bad])
    return pd.concat([rows, held], ignore_index=True).assign(is_theirs=False)


def _in_form_of(rows: pd.DataFrame, blocks: pd.DataFrame) -> pd.DataFrame:
    """Return VPC blocks with the columns and dtypes of ``rows``, null where they lack a value."""
    made = rows.iloc[:0].reindex(range(len(blocks)))
    for name in _FROM_VPCS:
        if name not in rows or isinstance(rows[name].dtype, pd.CategoricalDtype):
            made[name] = blocks[name].astype("str").array
        else:
            made[name] = blocks[name].astype(rows[name].dtype).array
    return made.assign(side="vpc")


def their_blocks(blocks: pd.DataFrame | Iterable[object]) -> pd.DataFrame:
    """Convert another table to the form of ``subnets``.

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
    if "cidrs" not in blocks:
        raise ValueError(
            f"no column cidr, destination_cidr or cidrs to compare with: there are "
            f"{', '.join(map(str, blocks.columns))}"
        )
    parts = []
    for column, origin in _LISTS.items():
        if column in blocks:
            row, texts = encode_lists(_as_lists(blocks[column]))
            cidr = pd.array(texts.all(), dtype="str")
            parts.append(blocks.take(row).assign(cidr=cidr, origin=origin))
    return pd.concat(parts, ignore_index=True)


def _as_lists(values: pd.Series[Any]) -> pd.Series[Any]:
    """Return lists unchanged, and text as in a file split at its commas."""
    texts = [one.replace("、", ",") if isinstance(one, str) else one for one in values]
    return pd.Series(cast_column("texts", pd.Series(texts, dtype="object")), index=values.index)
