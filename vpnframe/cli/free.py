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
    IgnoreOption,
    IgnoreShorterOption,
    NatOption,
    OnlyOption,
    TopologyOption,
    describe_base,
    make_overlap_settings,
    read_block_file,
    say_blocks,
    say_ignored,
    saying_gaps,
)
from vpnframe.cli.reading import NOT_COMPLETE, read_snapshot
from vpnframe.errors import SettingsError
from vpnframe.model.display import listed
from vpnframe.overlapping import free_subnets
from vpnframe.overlapping.free import DEFAULT_AVOID, Taken, find_filling

_AVOIDED = " nor ".join(f"{block} ({why})" for block, why in DEFAULT_AVOID.items())


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
            "172.17.0.0/16 (Docker): one a line, or a .csv or .parquet with a column cidr, "
            "Prefix, or Subnet and Mask.",
        ),
    ] = None,
    only: OnlyOption = None,
    ignore: IgnoreOption = None,
    ignore_shorter_than: IgnoreShorterOption = None,
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
    settings = make_overlap_settings(
        topology=topology,
        nat=nat,
        only=only,
        ignore=ignore,
        ignore_shorter_than=ignore_shorter_than,
    )
    avoided = None if avoid is None else read_block_file(avoid)
    try:
        with saying_gaps() as gaps:
            found = free_subnets(
                inventory,
                within=within,
                prefix_length=prefix_length,
                count=count,
                avoid=avoided,
                settings=settings,
            )
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    say_ignored(inventory, settings)
    if avoided is not None:
        say_blocks("kept clear of", avoided, avoid)
    filling = ""
    if len(found) < count:
        taken = find_filling(inventory, within=within, avoid=avoided, settings=settings)
        filling = _say_filling(taken, within)
    if found.empty:
        raise SettingsError(f"no /{prefix_length} is free in {within}: {filling}")
    print_table(found, style, output=output)
    if filling:
        print(f"no more /{prefix_length} is free in {within}: {filling}", file=sys.stderr)
    base = describe_base(inventory, settings)
    print(f"collides with none of {base}\nand with neither {_AVOIDED}", file=sys.stderr)
    if gaps:
        raise typer.Exit(NOT_COMPLETE)


def _say_filling(taken: list[Taken], within: str) -> str:
    """Describe what fills a space, and how to ignore an aggregate among it."""
    space = ipaddress.ip_network(within)
    names = listed(map(str, taken))
    is_one = any(one.block.prefixlen <= space.prefixlen for one in taken)
    said = f"{names} fills it" if is_one else f"it is taken by {names}"
    its = next((one.block for one in taken if one.is_fleets), None)
    if its is None:
        return said
    return (
        f"{said}. Where that is an aggregate, routed as a whole and used in part, --ignore {its} "
        f"sets it aside, and --ignore-shorter-than {its.prefixlen + 1} all that are as large"
    )
