"""``vpnframe overlaps``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import typer

from vpnframe.cli.entries import FindingText, as_entries
from vpnframe.cli.options import (
    FolderArgument,
    FormatOption,
    LimitOption,
    OutputOption,
    SnapshotOption,
)
from vpnframe.cli.output import Format, print_table, print_text
from vpnframe.cli.overlap_options import (
    NatOption,
    OnlyOption,
    OwnerTagOption,
    ScopeOption,
    TopologyOption,
    make_overlap_settings,
    parse_scope,
    read_block_file,
    say_blocks,
    saying_gaps,
)
from vpnframe.cli.reading import NOT_COMPLETE, read_snapshot
from vpnframe.errors import SchemaError
from vpnframe.overlapping import ROUTING_DOMAIN, overlaps, overlaps_per_block
from vpnframe.overlapping.meaning import KINDS, SEVERITIES

# Columns that fit on a terminal come first.
_COUNTS = [
    *("cidr", "side", "n_equal", "n_contains", "n_within", "vpn_connection_id", "scope_id"),
    *("region_id", "account_id"),
]


def run(
    folder: FolderArgument,
    scope: ScopeOption = ROUTING_DOMAIN,
    kind: Annotated[
        list[str] | None,
        typer.Option(
            envvar="VPNFRAME_KIND",
            metavar="KIND",
            help=f"Only this kind; may be given again. One of {', '.join(KINDS)}.",
        ),
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option(
            envvar="VPNFRAME_AGAINST",
            metavar="FILE",
            help="Compare with the blocks in this file instead: one a line, or a .csv or "
            ".parquet with a column cidr, cidrs, destination_cidr, Prefix (NetBox), or Subnet and "
            "Mask (phpIPAM).",
        ),
    ] = None,
    counts: Annotated[
        bool,
        typer.Option(
            "--counts",
            envvar="VPNFRAME_COUNTS",
            help="Count for each block how many overlap it, where the pairs are too many.",
        ),
    ] = False,
    expand: Annotated[
        bool,
        typer.Option(
            "--expand",
            envvar="VPNFRAME_EXPAND",
            help="List every pair, instead of one row for pairs of equal blocks that mean the "
            "same.",
        ),
    ] = False,
    only: OnlyOption = None,
    topology: TopologyOption = None,
    nat: NatOption = None,
    owner_tag: OwnerTagOption = None,
    limit: LimitOption = None,
    style: FormatOption = Format.TABLE,
    output: OutputOption = None,
    snapshot: SnapshotOption = "latest",
) -> None:
    """Find overlapping subnets of the fleet, worst first, and what each overlap means.

    Ends with 4 where the fleet, or the routes of some connections, were not read.
    """
    _check_kinds(kind)
    if counts and (kind or against or expand):
        raise typer.BadParameter("--counts takes neither --kind, --against nor --expand")
    inventory = read_snapshot(folder, snapshot)
    asked = parse_scope(scope, inventory.subnets)
    settings = make_overlap_settings(topology=topology, nat=nat, owner_tag=owner_tag, only=only)
    others = None if against is None else read_block_file(against)
    try:
        with saying_gaps() as gaps:
            if counts:
                found = overlaps_per_block(inventory, scope=asked, settings=settings)
            else:
                found = overlaps(
                    inventory, scope=asked, against=others, settings=settings, expand=expand
                )
    except ValueError as error:
        raise SchemaError(str(error)) from None
    if others is not None:
        say_blocks("compared with", others, against)
    if counts:
        shown = found[_COUNTS] if style is Format.TABLE else found
        print_table(shown, style, output=output, limit=limit)
    else:
        pairs = worst_first(found if not kind else found[found["kind"].isin(kind)])
        _print_pairs(pairs, inventory.connections, style, output=output, limit=limit)
    if gaps:
        raise typer.Exit(NOT_COMPLETE)


def _print_pairs(
    pairs: pd.DataFrame,
    connections: pd.DataFrame,
    style: Format,
    *,
    output: Path | None,
    limit: int | None,
) -> None:
    if style is not Format.TABLE:
        print_table(pairs, style, output=output, limit=limit)
        return
    shown = pairs if limit is None else pairs.head(limit)
    print_text(lambda width: as_text(shown, connections, width), output=output)
    print(_summary(shown, pairs), file=sys.stderr)


def _check_kinds(kinds: list[str] | None) -> None:
    for kind in kinds or ():
        if kind not in KINDS:
            raise typer.BadParameter(f"{kind!r} is none of {', '.join(KINDS)}", param_hint="--kind")


def worst_first(pairs: pd.DataFrame) -> pd.DataFrame:
    """Sort by severity, high first, with the order otherwise unchanged."""
    rank = pairs["severity"].astype("str").map({word: -i for i, word in enumerate(SEVERITIES)})
    return pairs.iloc[rank.argsort(kind="stable")].reset_index(drop=True)


def as_text(pairs: pd.DataFrame, connections: pd.DataFrame, width: int | None) -> str:
    """Format pairs of blocks for reading: the kind, both ends, and the reason."""
    if pairs.empty:
        return "no overlaps\n"
    names = dict(zip(connections["vpn_connection_id"], connections["connection_name"], strict=True))
    texts = pairs.astype(object).where(pairs.notna(), None).to_dict("records")
    entries = [
        FindingText(
            f"{row['severity']:<6}  {row['kind']:<13}  {row['scope_id'] or ''}",
            [_end(row, end, names) for end in ("left", "right")],
            f"{row['reason']}{_all_of(row)}",
        )
        for row in texts
    ]
    return as_entries(entries, width=width)


def _all_of(row: dict[str, Any]) -> str:
    """Describe the connections of a group of pairs, beyond those of its first pair."""
    if row["n_pairs"] == 1:
        return ""
    if not row["n_connections"]:
        return f" The first of {row['n_pairs']:,} equal pairs."
    named = row["vpn_connection_ids"].split(",")
    n_more = row["n_connections"] - len(named)
    more = f" and {n_more:,} more" if n_more else ""
    return (
        f" The first of {row['n_pairs']:,} equal pairs, of {row['n_connections']:,} connections: "
        f"{', '.join(named)}{more}."
    )


def _end(row: dict[str, str | None], end: str, names: dict[str, object]) -> list[str]:
    connection = row[f"{end}_vpn_connection_id"]
    name = names.get(connection or "")
    cells = (
        row[f"{end}_cidr"],
        row[f"{end}_side"],
        connection,
        name if isinstance(name, str) else "-",
        row[f"{end}_region_id"],
    )
    return [cell or "-" for cell in cells]


def _summary(shown: pd.DataFrame, pairs: pd.DataFrame) -> str:
    counts = pairs["severity"].value_counts()
    words = [f"{counts[word]:,} {word}" for word in reversed(SEVERITIES) if counts.get(word)]
    text = f"{len(shown):,} of {len(pairs):,} overlaps: {', '.join(words) or 'none'}"
    n_pairs = int(pairs["n_pairs"].sum())
    return text if n_pairs == len(pairs) else f"{text}; they stand for {n_pairs:,} pairs"
