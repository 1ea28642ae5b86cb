"""Implement the command ``vpnframe conflicts``, which checks the subnets of a new site."""

from __future__ import annotations

from typing import Annotated

import pandas as pd
import typer

from vpnframe.cli.exit_codes import ExitCode
from vpnframe.cli.inventories import SnapshotOptions
from vpnframe.cli.options import is_block
from vpnframe.cli.output import TableOptions
from vpnframe.cli.overlap_parts import (
    NewSiteOptions,
    ScopeOption,
    block_cells,
    judging,
    report_base,
)
from vpnframe.cli.streams import note
from vpnframe.cli.text import FindingText, as_entries
from vpnframe.model.display import counted
from vpnframe.overlapping import ROUTING_DOMAIN, would_conflict
from vpnframe.overlapping.meaning import NOT_READ

_VERBS = {"equal": "is", "contains": "contains", "within": "is inside"}
_LOST = "There the VPC's own route wins, and the tunnel gets nothing."
_APART = "No known route of the VPN leads there."
_BRANCH = "In use on premises: harmless only if the new site is a branch of that site."
_ABOVE = "In use on premises: harmless only if the new block is an aggregate above it."
_NOTES = {
    ("onprem", "equal", "high"): "In use on premises.",
    ("onprem", "within", "medium"): _BRANCH,
    ("onprem", "contains", "medium"): _ABOVE,
    ("other_vpc", "equal", "high"): _LOST,
    ("other_vpc", "within", "high"): _LOST,
    ("other_vpc", "contains", "low"): "As in hub and spoke: check the return path.",
    **{("unrelated", relation, "info"): _APART for relation in _VERBS},
}

# A block is not the folder, which can be left out.
is_after_folder = is_block


def run(
    *,
    stored: SnapshotOptions,
    cidrs: Annotated[
        list[str], typer.Argument(metavar="CIDR", help="The CIDR blocks of the new site.")
    ],
    scope: ScopeOption = ROUTING_DOMAIN,
    options: NewSiteOptions,
    printed: TableOptions,
) -> ExitCode:
    """List the subnets in use that overlap the subnets of a new site, with a severity.

    An overlap is a collision if its severity is above info. The exit code is 3 if there is a
    collision, and 4 if no collision is known, but the data is incomplete.
    """
    inventory = stored.read()
    settings = options.settings()
    with judging() as gaps:
        hits = would_conflict(inventory, cidrs, scope=scope, settings=settings)
    printed.print(hits, text=lambda width: _as_text(hits, inventory.connections, width))
    n_hits = int((hits["severity"] != "info").sum())
    note(f"{counted(n_hits, 'collision')} among {report_base(inventory, settings)}")
    if n_hits:
        return ExitCode.FOUND
    return ExitCode.INCOMPLETE if gaps else ExitCode.DONE


def _as_text(hits: pd.DataFrame, connections: pd.DataFrame, width: int | None) -> str:
    """Format the overlaps as text, grouped by new block, severity, kind and relation."""
    if hits.empty:
        return "no collision is known\n"
    hits = hits.assign(
        holder=hits["vpn_connection_id"].fillna(hits["vpc_id"]),
        is_read=~hits["reason"].str.contains(NOT_READ, regex=False),
    )
    names = ("hit_cidr", "side", "holder", "region_id")
    hits["cells"] = block_cells(hits, names, connections)
    entries = []
    keys = ["cidr", "severity", "kind", "relation", "is_read"]
    for key, rows in hits.groupby(keys, sort=False, observed=True):
        cidr, severity, kind, relation, is_read = key
        text = _NOTES.get((kind, relation, severity), rows["reason"].iloc[0])
        if not is_read and not text.endswith(f"{NOT_READ}."):
            text = f"{text.removesuffix('.')}{NOT_READ}."
        heading = f"{severity:<6}  {kind:<9}  {cidr} {_VERBS[relation]}"
        entries.append(FindingText(heading, rows["cells"].tolist(), text))
    return as_entries(entries, width=width)
