"""``vpnframe overlaps``."""

from __future__ import annotations

from typing import Annotated

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
    subnets = read_marked(folder, snapshot).subnets
    if scope not in (ROUTING_DOMAIN, "none") and scope not in subnets.columns:
        known = ", ".join([ROUTING_DOMAIN, "none", *subnets.columns])
        raise typer.BadParameter(f"{scope!r} is none of {known}", param_hint="--scope")
    try:
        pairs = overlaps(subnets, scope=None if scope == "none" else scope)
    except ValueError as error:
        raise SchemaError(str(error)) from None
    print_table(pairs, style, output=output, limit=limit)
