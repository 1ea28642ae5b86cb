"""``vpnframe overlaps``."""

from __future__ import annotations

import sys
from typing import Annotated

import numpy as np
import pandas as pd
import typer

from vpnframe.cli.options import (
    FolderArgument,
    FormatOption,
    LimitOption,
    OutputOption,
    SnapshotOption,
)
from vpnframe.cli.output import Format, print_table
from vpnframe.cli.reading import read_marked
from vpnframe.errors import SchemaError
from vpnframe.overlapping import ROUTING_DOMAIN, overlaps


def run(
    folder: FolderArgument,
    scope: Annotated[
        str,
        typer.Option(
            envvar="VPNFRAME_SCOPE",
            metavar="COLUMN",
            help="What two blocks must share to be compared: routing_domain (gateways, VPCs and "
            "transit routers that are connected), a column of subnets, or none.",
        ),
    ] = ROUTING_DOMAIN,
    limit: LimitOption = None,
    style: FormatOption = Format.TABLE,
    output: OutputOption = None,
    snapshot: SnapshotOption = "latest",
) -> None:
    """Find overlapping subnets of the fleet, inside what has to carry both."""
    inventory = read_marked(folder, snapshot)
    subnets = inventory.subnets
    if scope not in (ROUTING_DOMAIN, "none") and scope not in subnets.columns:
        known = ", ".join([ROUTING_DOMAIN, "none", *subnets.columns])
        raise typer.BadParameter(f"{scope!r} is none of {known}", param_hint="--scope")
    try:
        pairs = overlaps(subnets, scope=None if scope == "none" else scope)
    except ValueError as error:
        raise SchemaError(str(error)) from None
    if style is Format.TABLE:
        shown = pairs if limit is None else pairs.head(limit)
        print_table(readable(shown, inventory.connections), style, output=output)
        print(f"{len(shown):,} of {len(pairs):,} pairs", file=sys.stderr)
    else:
        print_table(pairs, style, output=output, limit=limit)


def readable(pairs: pd.DataFrame, connections: pd.DataFrame) -> pd.DataFrame:
    """Put pairs of blocks as a person reads them: two lines each, one per block.

    Parameters
    ----------
    pairs : DataFrame
        The ``overlaps`` table.
    connections : DataFrame
        The ``connections`` table, for their names.

    Returns
    -------
    DataFrame
        ``relation block side connection_name region_id vpn_connection_id``, all text; the
        relation stands on the second line of its pair.
    """
    names = connections.set_index("vpn_connection_id")["connection_name"]
    lines = []
    for order, end in enumerate(("left", "right")):
        ids = pairs[f"{end}_vpn_connection_id"]
        line = pd.DataFrame(
            {
                "relation": "" if end == "left" else pairs["relation"].astype("str"),
                "block": pairs[f"{end}_cidr"],
                "side": pairs[f"{end}_side"].astype("str"),
                "connection_name": ids.map(names).fillna("-"),
                "region_id": pairs[f"{end}_region_id"],
                "vpn_connection_id": ids,
            }
        )
        lines.append(line.set_index(2 * np.arange(len(pairs)) + order))
    return pd.concat(lines).sort_index()
