"""``vpnframe conflicts``."""

from __future__ import annotations

import sys
from typing import Annotated

import pandas as pd
import typer

from vpnframe.cli.entries import FindingText, as_entries
from vpnframe.cli.options import FolderArgument, FormatOption, OutputOption, SnapshotOption
from vpnframe.cli.output import Format, print_table, print_text
from vpnframe.cli.overlap_options import (
    IgnoreOption,
    IgnoreShorterOption,
    NatOption,
    OnlyOption,
    ScopeOption,
    TopologyOption,
    describe_base,
    make_overlap_settings,
    parse_scope,
    say_ignored,
    saying_gaps,
)
from vpnframe.cli.reading import NOT_COMPLETE, read_snapshot
from vpnframe.errors import SchemaError
from vpnframe.model.display import counted
from vpnframe.overlapping import ROUTING_DOMAIN, would_conflict
from vpnframe.overlapping.meaning import NOT_READ

COLLISION = 3


def run(
    folder: FolderArgument,
    cidrs: Annotated[
        list[str], typer.Argument(metavar="CIDR...", help="The new site's on-premises blocks.")
    ],
    scope: ScopeOption = ROUTING_DOMAIN,
    only: OnlyOption = None,
    ignore: IgnoreOption = None,
    ignore_shorter_than: IgnoreShorterOption = None,
    topology: TopologyOption = None,
    nat: NatOption = None,
    style: FormatOption = Format.TABLE,
    output: OutputOption = None,
    snapshot: SnapshotOption = "latest",
) -> None:
    """Find what a new site's subnets would collide with, and how badly.

    Ends with 3 on a collision, and with 4 where there is none but what is known does not suffice
    for a no.
    """
    inventory = read_snapshot(folder, snapshot)
    asked = parse_scope(scope, inventory.subnets)
    settings = make_overlap_settings(
        topology=topology,
        nat=nat,
        only=only,
        ignore=ignore,
        ignore_shorter_than=ignore_shorter_than,
    )
    try:
        with saying_gaps() as gaps:
            hits = would_conflict(inventory, cidrs, scope=asked, settings=settings)
    except ValueError as error:
        raise SchemaError(str(error)) from None
    if style is Format.TABLE:
        print_text(lambda width: _as_text(hits, inventory.connections, width), output=output)
    else:
        print_table(hits, style, output=output)
    n_hits = int((hits["severity"] != "info").sum())
    base = describe_base(inventory, settings)
    print(f"{counted(n_hits, 'collision')}, among {base}", file=sys.stderr)
    say_ignored(inventory, settings)
    if n_hits:
        raise typer.Exit(COLLISION)
    if gaps:
        raise typer.Exit(NOT_COMPLETE)


def _as_text(hits: pd.DataFrame, connections: pd.DataFrame, width: int | None) -> str:
    """Format one entry for all hits of a block with the same meaning."""
    if hits.empty:
        return "no collision is known\n"
    names = dict(zip(connections["vpn_connection_id"], connections["connection_name"], strict=True))
    hits = hits.assign(is_read=~hits["reason"].str.contains(NOT_READ, regex=False))
    keys = ["cidr", "severity", "kind", "relation", "is_read"]
    entries = []
    for (cidr, severity, kind, relation, is_read), rows in hits.groupby(
        keys, sort=False, observed=True
    ):
        plain = rows.astype(object).where(rows.notna(), None).to_dict("records")
        heading = f"{severity:<6}  {kind:<9}  {cidr} {_VERBS[relation]}"
        cells = [_cells(row, names) for row in plain]
        note = _NOTES.get((kind, relation, severity), plain[0]["reason"] or "")
        if not is_read and not note.endswith(f"{NOT_READ}."):
            note = f"{note.removesuffix('.')}{NOT_READ}."
        entries.append(FindingText(heading, cells, note))
    return as_entries(entries, width=width)


def _cells(row: dict[str, str | None], names: dict[str, object]) -> list[str]:
    name = names.get(row["vpn_connection_id"] or "")
    cells = (
        row["hit_cidr"],
        row["side"],
        row["vpn_connection_id"] or row["vpc_id"],
        name if isinstance(name, str) else "-",
        row["region_id"],
    )
    return [cell or "-" for cell in cells]


_VERBS = {"equal": "is", "contains": "contains", "within": "is inside"}
_LOST = "There the VPC's own route wins, and the tunnel gets nothing."
_APART = "Nothing known of the VPN leads there."
_NOTES = {
    ("onprem", "equal", "high"): "In use on premises.",
    ("onprem", "within", "medium"): "In use on premises: fine for a branch of that site, no other.",
    (
        "onprem",
        "contains",
        "medium",
    ): "In use on premises: fine for an aggregate above it, no other.",
    ("other_vpc", "equal", "high"): _LOST,
    ("other_vpc", "within", "high"): _LOST,
    ("other_vpc", "contains", "low"): "As in hub and spoke: check the return path.",
    ("unrelated", "equal", "info"): _APART,
    ("unrelated", "within", "info"): _APART,
    ("unrelated", "contains", "info"): _APART,
}
