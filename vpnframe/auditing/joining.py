"""Find the rows of one table in another table by account, region and id."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from vpnframe.auditing.logic import Mask, Positions, arrow, flags

_PLACE = ("account_id", "region_id")
CONNECTION = (*_PLACE, "vpn_connection_id")


def find_rows(
    table: pd.DataFrame, columns: Sequence[str], other: pd.DataFrame, same: Sequence[str]
) -> Positions:
    """Return the position in ``other`` of each row's match, or -1; a null matches a null."""
    found = pc.index_in(_joined(table, columns), value_set=_joined(other, same))
    positions: Positions = pc.fill_null(found, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    return positions


def _joined(table: pd.DataFrame, columns: Sequence[str]) -> pa.Array:
    """Concatenate columns into one string per row; a null becomes an empty string."""
    texts = [arrow(table[name].astype("str"), pa.large_string()) for name in columns]
    gap = pa.scalar("\x1f", pa.large_string())
    return pc.binary_join_element_wise(*texts, gap, null_handling="replace", null_replacement="")


def positions_of(table: pd.DataFrame, connections: pd.DataFrame, *, prefix: str = "") -> Positions:
    """Return each row's connection as a position in ``connections``; -1 if it is not there."""
    return find_rows(table, [f"{prefix}{name}" for name in CONNECTION], connections, CONNECTION)


def gateway_positions(table: pd.DataFrame, gateways: pd.DataFrame, *, column: str) -> Positions:
    """Return the position in ``gateways`` of the gateway a row names; -1 without a match."""
    found = find_rows(table, [*_PLACE, column], gateways, [*_PLACE, "gateway_id"])
    return np.where(flags(table[column].isna()), -1, found)


def is_place_in(table: pd.DataFrame, other: pd.DataFrame) -> Mask:
    """Mark the rows of a table whose account and region also occur together in ``other``."""
    return find_rows(table, _PLACE, other, _PLACE) >= 0
