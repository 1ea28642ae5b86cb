"""Implement the command ``vpnframe overlaps``, which finds overlapping subnets."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import typer

from vpnframe.cli.exit_codes import ExitCode
from vpnframe.cli.inventories import SnapshotOptions
from vpnframe.cli.options import LimitOption, flag, one_of, option
from vpnframe.cli.output import TableOptions
from vpnframe.cli.overlap_parts import (
    OnlyOption,
    OverlapOptions,
    OwnerTagOption,
    ScopeOption,
    block_cells,
    judging,
    read_block_file,
)
from vpnframe.cli.streams import note
from vpnframe.cli.text import FindingText, as_entries
from vpnframe.overlapping import ROUTING_DOMAIN, overlaps, overlaps_per_block
from vpnframe.overlapping.meaning import KINDS, SEVERITIES

# Columns that fit on a terminal come first.
_COUNTS = "cidr side n_equal n_contains n_within vpn_connection_id scope_id region_id account_id"


def run(
    *,
    stored: SnapshotOptions,
    scope: ScopeOption = ROUTING_DOMAIN,
    kind: Annotated[
        list[str] | None,
        option(
            "KIND",
            f"Print only overlaps of this kind; repeatable. The kinds are {', '.join(KINDS)}.",
            callback=one_of(KINDS),
        ),
    ] = None,
    against: Annotated[
        Path | None,
        option(
            "FILE",
            "Compare the fleet with the blocks in this file, instead of with itself. A text file "
            "has one block on each line; a .csv or .parquet file has a column cidr, cidrs, "
            "destination_cidr or Prefix (NetBox), or the columns Subnet and Mask (phpIPAM).",
        ),
    ] = None,
    counts: Annotated[
        bool,
        flag("--counts", "Print for each block how many blocks overlap it, instead of all pairs."),
    ] = False,
    expand: Annotated[
        bool,
        flag(
            "--expand",
            "Print every pair; by default, equal pairs with the same meaning share one row.",
        ),
    ] = False,
    only: OnlyOption = None,
    owner_tag: OwnerTagOption = None,
    known: OverlapOptions,
    limit: LimitOption = None,
    printed: TableOptions,
) -> ExitCode:
    """List overlapping subnets of the fleet, the worst first, and explain each overlap.

    The exit code is 4 if a part of the fleet, or the routes of a connection, were not read.
    """
    if counts and (kind or against or expand):
        raise typer.BadParameter("--counts cannot be used with --kind, --against or --expand")
    inventory = stored.read()
    settings = known.settings(owner_tag=owner_tag, only=only)
    within: dict[str, Any] = {"scope": scope, "settings": settings}
    others = None if against is None else read_block_file(against, "compared with")
    with judging() as gaps:
        if counts:
            found = overlaps_per_block(inventory, **within)
        else:
            found = worst_first(overlaps(inventory, against=others, expand=expand, **within))
    if kind:
        found = found[found["kind"].isin(kind)]
    if counts or printed.style != "table":
        printed.print(found, brief=_COUNTS.split(), limit=limit)
    else:
        shown = found if limit is None else found.head(limit)
        printed.print(shown, text=lambda width: as_text(shown, inventory.connections, width))
        note(f"{len(shown):,} of {len(found):,} overlaps: {_by_severity(found)}")
    return ExitCode.INCOMPLETE if gaps else ExitCode.DONE


def _by_severity(pairs: pd.DataFrame) -> str:
    """Count the rows of each severity, and the pairs of blocks if there are more of them."""
    n_of = pairs["severity"].value_counts()
    words = [f"{n_of[word]:,} {word}" for word in reversed(SEVERITIES) if n_of.get(word)]
    n_pairs = int(pairs["n_pairs"].sum())
    more = "" if n_pairs == len(pairs) else f"; they represent {n_pairs:,} pairs"
    return f"{', '.join(words) or 'none'}{more}"


def worst_first(pairs: pd.DataFrame) -> pd.DataFrame:
    """Sort pairs by severity, the highest first; pairs of equal severity keep their order."""
    return pairs.sort_values("severity", ascending=False, kind="stable", ignore_index=True)


def as_text(pairs: pd.DataFrame, connections: pd.DataFrame, width: int | None) -> str:
    """Format pairs of overlapping CIDR blocks as text, with severity, both blocks and reason."""
    if pairs.empty:
        return "no overlaps\n"
    names = ("cidr", "side", "vpn_connection_id", "region_id")
    left, right = (
        block_cells(pairs, [f"{end}_{name}" for name in names], connections)
        for end in ("left", "right")
    )
    rows = pairs.assign(scope_id=pairs["scope_id"].fillna("")).itertuples()
    entries = [
        FindingText(
            f"{row.severity:<6}  {row.kind:<13}  {row.scope_id}",
            blocks,
            f"{row.reason}{_all_of(row)}",
        )
        for row, *blocks in zip(rows, left, right, strict=True)
    ]
    return as_entries(entries, width=width)


def _all_of(row: Any) -> str:
    """Return a sentence on the pairs that a row represents; '' if it represents one pair."""
    if row.n_pairs == 1:
        return ""
    first = f" The first of {row.n_pairs:,} equal pairs"
    if not row.n_connections:
        return f"{first}."
    named = row.vpn_connection_ids.replace(",", ", ")
    n_more = row.n_connections - row.vpn_connection_ids.count(",") - 1
    more = f" and {n_more:,} more" if n_more else ""
    return f"{first}, of {row.n_connections:,} connections: {named}{more}."
