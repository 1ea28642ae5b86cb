"""``vpnframe free``."""

from __future__ import annotations

import ipaddress
import sys
from pathlib import Path
from typing import Annotated

import typer

from vpnframe.cli.options import FolderArgument, FormatOption, OutputOption, SnapshotOption
from vpnframe.cli.output import Format, print_table
from vpnframe.cli.overlap_options import (
    NatOption,
    OnlyOption,
    TopologyOption,
    describe_base,
    make_overlap_settings,
    saying_gaps,
)
from vpnframe.cli.reading import NOT_COMPLETE, read_snapshot
from vpnframe.errors import SettingsError
from vpnframe.inventory import Inventory
from vpnframe.overlapping import free_subnets

_AVOIDED = "100.64.0.0/10 (the cloud's own services) nor 172.17.0.0/16 (Docker)"


def run(
    folder: FolderArgument,
    within: Annotated[
        str,
        typer.Option(envvar="VPNFRAME_WITHIN", metavar="CIDR", help="The block to look in."),
    ] = "10.0.0.0/8",
    prefix_length: Annotated[
        int,
        typer.Option(
            min=0, max=128, envvar="VPNFRAME_PREFIX_LENGTH", metavar="N", help="Of the free blocks."
        ),
    ] = 24,
    count: Annotated[
        int, typer.Option(min=1, envvar="VPNFRAME_COUNT", metavar="N", help="At most so many.")
    ] = 5,
    avoid: Annotated[
        Path | None,
        typer.Option(
            envvar="VPNFRAME_AVOID",
            metavar="FILE",
            help="More blocks to keep clear of than 100.64.0.0/10 (the cloud's own services) and "
            "172.17.0.0/16 (Docker): one a line, or a .csv or .parquet with a column cidr.",
        ),
    ] = None,
    only: OnlyOption = None,
    topology: TopologyOption = None,
    nat: NatOption = None,
    style: FormatOption = Format.TABLE,
    output: OutputOption = None,
    snapshot: SnapshotOption = "latest",
) -> None:
    """Find subnets that collide with nothing known, the tightest fit first.

    Ends with 1 where there is none, and with 4 where what is known does not suffice.
    """
    inventory = read_snapshot(folder, snapshot)
    settings = make_overlap_settings(topology=topology, nat=nat, only=only)
    try:
        with saying_gaps() as gaps:
            found = free_subnets(
                inventory,
                within=within,
                prefix_length=prefix_length,
                count=count,
                avoid=avoid,
                settings=settings,
            )
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    if found.empty:
        raise SettingsError(_none_free(inventory, within, prefix_length))
    print_table(found, style, output=output)
    base = describe_base(inventory, only=only)
    print(f"collides with none of {base}\nand with neither {_AVOIDED}", file=sys.stderr)
    if gaps:
        raise typer.Exit(NOT_COMPLETE)


def _none_free(inventory: Inventory, within: str, prefix_length: int) -> str:
    """Say that nothing is free, and what takes most of it."""
    parent = ipaddress.ip_network(within)
    blocks = {ipaddress.ip_network(cidr) for cidr in inventory.subnets["cidr"].dropna().unique()}
    used = [b for b in blocks if b.version == parent.version and b.prefixlen and b.overlaps(parent)]
    largest = sorted(used, key=lambda block: (block.prefixlen, block))[:3]
    names = ", ".join(map(str, largest))
    taken = f"the largest blocks in use there are {names}" if names else "it is to be avoided"
    return f"no /{prefix_length} is free in {within}: {taken}"
