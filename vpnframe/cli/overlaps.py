"""``vpnframe overlaps``."""

from __future__ import annotations

from typing import Annotated

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
        pairs = readable(pairs, inventory.connections)
    print_table(pairs, style, output=output, limit=limit)


def readable(pairs: pd.DataFrame, connections: pd.DataFrame) -> pd.DataFrame:
    """Put pairs of blocks as a person reads them: both blocks first, then whose they are.

    Parameters
    ----------
    pairs : DataFrame
        The ``overlaps`` table.
    connections : DataFrame
        The ``connections`` table, for their names.

    Returns
    -------
    DataFrame
        ``left relation right connections scope_id``, all text.
    """
    names = connections.set_index("vpn_connection_id")["connection_name"]
    blocks, owners = {}, {}
    for end in ("left", "right"):
        ids = pairs[f"{end}_vpn_connection_id"]
        blocks[end] = pairs[f"{end}_cidr"] + " " + pairs[f"{end}_side"].astype("str")
        owners[end] = ids.map(names).fillna(ids)
    both = owners["left"] + ", " + owners["right"]
    is_own = pairs["left_vpn_connection_id"] == pairs["right_vpn_connection_id"]
    return pd.DataFrame(
        {
            "left": blocks["left"],
            "relation": pairs["relation"].astype("str"),
            "right": blocks["right"],
            "connections": both.where(~is_own, owners["left"]),
            "scope_id": pairs["scope_id"],
        }
    )
