"""Find the row of another table by account, region and id."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from vpnframe.auditing.logic import Mask, Positions, arrow, flags

CONNECTION = ("account_id", "region_id", "vpn_connection_id")


def positions_of(table: pd.DataFrame, connections: pd.DataFrame, *, prefix: str = "") -> Positions:
    """Find the connection that each row of a table names."""
    named = joined_keys(table, [f"{prefix}{name}" for name in CONNECTION])
    return places_of(named, joined_keys(connections, CONNECTION))


def gateway_positions(table: pd.DataFrame, gateways: pd.DataFrame, *, column: str) -> Positions:
    """Find the gateway that each row of a table names; -1 if there is none."""
    place = ["account_id", "region_id"]
    found = places_of(
        joined_keys(table, [*place, column]), joined_keys(gateways, [*place, "gateway_id"])
    )
    return np.where(flags(table[column].isna()), -1, found)


def is_place_in(table: pd.DataFrame, other: pd.DataFrame) -> Mask:
    """Mark the rows of a table whose account and region occur in another table."""
    place = ["account_id", "region_id"]
    return places_of(joined_keys(table, place), joined_keys(other, place)) >= 0


def joined_keys(table: pd.DataFrame, columns: Sequence[str]) -> pa.Array:
    """Join columns into one text per row; a null becomes an empty text."""
    texts = [arrow(table[name].astype("str"), pa.large_string()) for name in columns]
    gap = pa.scalar("\x1f", pa.large_string())
    return pc.binary_join_element_wise(*texts, gap, null_handling="replace", null_replacement="")


def places_of(wanted: pa.Array, known: pa.Array) -> Positions:
    """Return the position of each text among the known ones, -1 if absent."""
    found = pc.fill_null(pc.index_in(wanted, value_set=known), -1)
    positions: Positions = found.to_numpy(zero_copy_only=False).astype(np.int64)
    return positions
