"""Collect the blocks of a fleet's connections, of its VPCs and of another table to compare."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from vpnframe.addresses.cidr import parse_cidrs
from vpnframe.errors import IncompleteWarning, SchemaError
from vpnframe.inventory import Inventory, checked_inventory
from vpnframe.overlapping.asked import parse_all
from vpnframe.overlapping.connections import CONNECTION, column_of, flags_of
from vpnframe.overlapping.encoded import EncodedFleet, encode_fleet
from vpnframe.overlapping.nat import with_mapped
from vpnframe.overlapping.scopes import ROUTERS, ROUTING_DOMAIN
from vpnframe.overlapping.settings import OverlapSettings
from vpnframe.schema.checked import cast_columns, checked_table, in_order
from vpnframe.schema.codes import Mask, encode_lists
from vpnframe.schema.columns import cast_column, with_plain_index
from vpnframe.schema.tables import TABLES

_LISTS = {"cidrs": "vpc", "secondary_cidrs": "vpc", "user_cidrs": "user_cidr"}
_FROM_VPCS = ("account_id", "region_id", "vpc_id", "cidr", "origin")
_CAST = ("peer_addresses", "has_ha_evidence", "has_known_routes", "tags")


@dataclass(frozen=True, slots=True)
class KnownFleet:
    """The tables of a fleet that a result is based on, and the gaps in the tables."""

    subnets: pd.DataFrame  # table ``subnets``
    vpcs: pd.DataFrame | None  # table ``vpcs``; None if it was not given
    gaps: tuple[str, ...]  # a sentence for each gap in the data

    @classmethod
    def of(cls, fleet: pd.DataFrame | Inventory) -> KnownFleet:
        """Check the fleet's tables; return them with a sentence for each gap in the data."""
        if isinstance(fleet, Inventory):
            fleet = checked_inventory(fleet, ("subnets", "vpcs", "coverage"))
            vpcs = in_order(fleet.vpcs, TABLES["vpcs"].key)
            sentences = [] if fleet.is_complete else [fleet.coverage_sentence()]
            return cls(fleet.subnets, vpcs, (*sentences, *_gaps(fleet.subnets)))
        needs = ["side"] if "side" in getattr(fleet, "columns", ()) else []
        subnets = checked_table("subnets", fleet, needs=needs, or_else=" or an Inventory")
        return cls(subnets, None, tuple(_gaps(subnets)))

    def warn_of_gaps(self) -> None:
        """Warn of each gap in the fleet's data, at the line that called the public function."""
        for sentence in self.gaps:
            warnings.warn(sentence, IncompleteWarning, stacklevel=3)

    def encode(
        self, scope: str | None, settings: OverlapSettings, theirs: pd.DataFrame | None = None
    ) -> EncodedFleet:
        """Encode all blocks of the fleet, and the blocks of the table ``theirs`` if given."""
        routers = ROUTERS if scope == ROUTING_DOMAIN else ()
        needed = [*CONNECTION, "side", "cidr", *routers]
        missing = [column for column in needed if column not in self.subnets.columns]
        if missing:
            columns = ", ".join(missing)
            raise SchemaError(f"no column {columns}: pass the table subnets or an Inventory")
        check_scope(self.subnets, scope)
        rows = self.rows(settings)
        if theirs is not None:
            rows = pd.concat([rows, theirs], ignore_index=True)
        return encode_fleet(rows, scope=scope, settings=settings)

    def rows(self, settings: OverlapSettings) -> pd.DataFrame:
        """Return the blocks of the fleet's connections and of its VPCs.

        The row of a VPC's block has no connection id. Its ``origin`` is vpc or user_cidr. If any
        block of the VPC is invalid, the VPC's address space is not fully known, and ``origin`` is
        null instead of vpc.
        """
        rows = with_mapped(self.subnets, settings.nat)
        if self.vpcs is None or not len(self.vpcs):
            return rows.assign(is_theirs=False)
        blocks = _one_block_a_row(self.vpcs.reset_index(drop=True))
        is_bad = ~np.isin(np.arange(len(blocks)), parse_cidrs(blocks["cidr"]).row)
        is_partial = blocks["vpc_id"].isin(blocks.loc[is_bad, "vpc_id"])
        is_partial &= blocks["origin"] == "vpc"
        held = blocks.assign(origin=blocks["origin"].mask(is_partial))[~is_bad]
        both = [rows, _in_form_of(rows, held)]
        return pd.concat(both, ignore_index=True).assign(is_theirs=False)


def check_scope(table: pd.DataFrame, scope: str | None) -> None:
    """Raise ValueError unless a scope is None, ``routing_domain`` or a column of the table."""
    if scope not in (None, ROUTING_DOMAIN, *table.columns):
        raise ValueError(
            f"no column {scope!r} to use as scope: give {ROUTING_DOMAIN!r}, None or one of "
            f"{', '.join(map(str, table.columns))}"
        )


def their_blocks(blocks: pd.DataFrame | Iterable[object]) -> pd.DataFrame:
    """Convert a table, list or column of blocks to the form of table ``subnets``."""
    if isinstance(blocks, str):
        raise TypeError(
            f"{blocks!r} is a single string: give a list, a column or a table of blocks"
        )
    if not isinstance(blocks, pd.DataFrame):
        blocks = pd.DataFrame({"cidr": pd.Series(list(blocks), dtype="object")})
    blocks = with_plain_index(blocks, TABLES["subnets"].names)
    rows = _one_block_a_row(cast_columns("subnets", blocks, _CAST))
    rows = rows[rows["cidr"].notna()]
    parse_all(rows["cidr"].tolist())
    usual = "vpc" if "vpc_id" in rows and "vpn_connection_id" not in rows else "onprem"
    given = rows["side"].astype("str").str.lower() if "side" in rows else usual
    side = pd.Series(given, index=rows.index, dtype="str").fillna(usual)
    return rows.assign(side=side, is_theirs=True)


def _in_form_of(rows: pd.DataFrame, blocks: pd.DataFrame) -> pd.DataFrame:
    """Return the blocks of VPCs with the columns and dtypes of ``rows``."""
    made = rows.iloc[:0].reindex(range(len(blocks)))
    for name in _FROM_VPCS:
        is_other = name not in rows or isinstance(rows[name].dtype, pd.CategoricalDtype)
        made[name] = blocks[name].astype("str" if is_other else rows[name].dtype).array
    return made.assign(side="vpc")


def _one_block_a_row(blocks: pd.DataFrame) -> pd.DataFrame:
    for column in ("cidr", "destination_cidr"):
        if column in blocks:
            return blocks.assign(cidr=blocks[column].astype("str"))
    if "cidrs" not in blocks:
        raise ValueError(
            f"no column cidr, destination_cidr or cidrs to compare with: the columns are "
            f"{', '.join(map(str, blocks.columns))}"
        )
    parts = []
    for column, origin in _LISTS.items():
        if column in blocks:
            texts = cast_column("texts", blocks[column])
            row, coded = encode_lists(pd.Series(texts).str.replace("、", ","))
            cidr = pd.array(coded.all(), dtype="str")
            parts.append(blocks.take(row).assign(cidr=cidr, origin=origin))
    return pd.concat(parts, ignore_index=True)


def _gaps(subnets: pd.DataFrame) -> Iterator[str]:
    """Yield a sentence for each gap in table ``subnets``."""
    is_unjudged = _is_unjudged(subnets)
    if is_unjudged.any():
        ids = subnets.reindex(columns=[*CONNECTION])
        n, n_all = (len(some.drop_duplicates()) for some in (ids[is_unjudged], ids))
        yield (
            f"{n:,} of {n_all:,} connections {'is' if n == 1 else 'are'} not judged: the selectors "
            f"are default routes, and not all routes of the connections were read"
        )
    n_bad = int(column_of(subnets, "cidr").isna().sum())
    if n_bad:
        one, many = "block is not a CIDR block and is", "blocks are not CIDR blocks and are"
        yield f"{n_bad:,} {one if n_bad == 1 else many} left out: see the table failures"


def _is_unjudged(subnets: pd.DataFrame) -> Mask:
    """Mark the rows of ``subnets`` that cannot be judged because routes were not read."""
    mode, origin, side = (column_of(subnets, n) for n in ("routing_mode", "origin", "side"))
    is_silent = (mode == "route").to_numpy(bool, copy=True)
    is_selector = (origin == "selector") | origin.isna()
    mixed = np.flatnonzero((mode == "mixed") & (side == "onprem") & is_selector)
    cidr = column_of(subnets, "cidr").iloc[mixed].astype("str")
    is_silent[mixed] = cidr.str.endswith("/0").fillna(False)
    unjudged: Mask = is_silent & ~flags_of(subnets, "has_known_routes")
    return unjudged
