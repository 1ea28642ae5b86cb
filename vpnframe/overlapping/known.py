"""Collect gaps in the data about a fleet, and warn about them."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from vpnframe.errors import IncompleteWarning
from vpnframe.inventory import Inventory, checked_inventory
from vpnframe.overlapping.encoded import CONNECTION, column_of
from vpnframe.schema.checked import checked_table, in_order
from vpnframe.schema.codes import Mask, encode, rank_rows
from vpnframe.schema.tables import TABLES


@dataclass(frozen=True, slots=True)
class KnownFleet:
    """The tables of a fleet that a result is based on, and their gaps."""

    subnets: pd.DataFrame  # table ``subnets``
    vpcs: pd.DataFrame | None  # table ``vpcs``; None if it was not given
    gaps: tuple[str, ...]  # a sentence for each gap in the data


def what_is_known(fleet: pd.DataFrame | Inventory) -> KnownFleet:
    """Read a fleet from its subnets or from an inventory, and collect gaps in the data."""
    if isinstance(fleet, Inventory):
        fleet = checked_inventory(fleet, ("subnets", "vpcs", "coverage"))
        vpcs = in_order(fleet.vpcs, TABLES["vpcs"].key)
        sentences = [] if fleet.is_complete else [fleet.coverage_sentence()]
        gaps = (*sentences, *_gaps(fleet.subnets))
        return KnownFleet(fleet.subnets, vpcs, gaps)
    needs = ["side"] if "side" in getattr(fleet, "columns", ()) else []
    subnets = checked_table("subnets", fleet, needs=needs, or_else=" or an Inventory")
    return KnownFleet(subnets, None, tuple(_gaps(subnets)))


def warn_of_gaps(known: KnownFleet) -> None:
    """Warn about each gap, attributed to the caller of the calling function."""
    for sentence in known.gaps:
        warnings.warn(sentence, IncompleteWarning, stacklevel=3)


def _gaps(subnets: pd.DataFrame) -> Iterator[str]:
    """Yield a sentence for each gap that table ``subnets`` itself shows."""
    is_unjudged = _is_unjudged(subnets)
    if is_unjudged.any():
        n, n_all = (_count_connections(rows) for rows in (subnets[is_unjudged], subnets))
        verb = "is" if n == 1 else "are"
        yield (
            f"{n:,} of {n_all:,} connections {verb} not judged: the selectors are the default "
            f"route, and not all routes behind it were read"
        )
    n_bad = int(column_of(subnets, "cidr").isna().sum())
    if n_bad:
        verb = "block is" if n_bad == 1 else "blocks are"
        yield f"{n_bad:,} {verb} no CIDR block and left out: see failures"


def _is_unjudged(subnets: pd.DataFrame) -> Mask:
    """Return the mask of rows whose selectors define no prefixes and whose routes are unknown."""
    mode, origin, side = (column_of(subnets, n) for n in ("routing_mode", "origin", "side"))
    is_silent = (mode == "route").to_numpy(bool, copy=True)
    is_selector = (origin == "selector") | origin.isna()
    mixed = np.flatnonzero((mode == "mixed") & (side == "onprem") & is_selector)
    cidr = column_of(subnets, "cidr").iloc[mixed].astype("str")
    is_silent[mixed] = cidr.str.endswith("/0").fillna(False)
    is_known = column_of(subnets, "has_known_routes").astype("boolean").fillna(False)
    unjudged: Mask = is_silent & ~is_known.to_numpy(bool)
    return unjudged


def _count_connections(subnets: pd.DataFrame) -> int:
    codes = [encode(column_of(subnets, name)).codes for name in CONNECTION]
    return int(np.max(rank_rows(codes), initial=-1)) + 1
