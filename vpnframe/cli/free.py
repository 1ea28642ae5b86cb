"""Implement the command ``vpnframe free``, which finds free subnets."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Annotated, Any

import typer

from vpnframe.cli.exit_codes import ExitCode
from vpnframe.cli.inventories import SnapshotOptions, printing_warnings
from vpnframe.cli.options import option
from vpnframe.cli.output import TableOptions
from vpnframe.cli.overlap_parts import NewSiteOptions, read_block_file, report_base
from vpnframe.cli.streams import note
from vpnframe.errors import IncompleteWarning, SettingsError
from vpnframe.model.display import listed
from vpnframe.overlapping import free_subnets
from vpnframe.overlapping.free import DEFAULT_AVOID, Taken, find_filling

_AVOIDED = " or ".join(f"{block} ({why})" for block, why in DEFAULT_AVOID.items())


def run(
    *,
    stored: SnapshotOptions,
    within: Annotated[
        str, option("CIDR", "The block in which to find free blocks.")
    ] = "10.0.0.0/8",
    prefix_length: Annotated[
        int, option("N", "Prefix length of the free blocks.", min=0, max=128)
    ] = 24,
    count: Annotated[int, option("N", "Print at most N blocks.", min=1)] = 5,
    avoid: Annotated[
        Path | None,
        option(
            "FILE",
            "Also avoid the blocks in this file. A text file has one block on each line; a .csv or "
            ".parquet file has a column cidr or Prefix, or the columns Subnet and Mask. Always "
            "avoided are 100.64.0.0/10 (the cloud's own services) and 172.17.0.0/16 (Docker).",
        ),
    ] = None,
    options: NewSiteOptions,
    printed: TableOptions,
) -> ExitCode:
    """Find free subnets, which overlap no known block; the smallest gaps are used first.

    The exit code is 1 if no subnet is free, and 4 if the data is incomplete.
    """
    inventory = stored.read()
    avoided = None if avoid is None else read_block_file(avoid, "kept clear of")
    search: dict[str, Any] = {"within": within, "avoid": avoided, "settings": options.settings()}
    try:
        with printing_warnings(IncompleteWarning) as gaps:
            found = free_subnets(inventory, prefix_length=prefix_length, count=count, **search)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    base = report_base(inventory, search["settings"])
    filling = ""
    if len(found) < count:
        filling = _describe_filling(find_filling(inventory, **search), within)
    if found.empty:
        raise SettingsError(f"no /{prefix_length} is free in {within}: {filling}")
    printed.print(found)
    if filling:
        note(f"no more /{prefix_length} is free in {within}: {filling}")
    note(f"these blocks overlap none of {base},\nand they do not overlap {_AVOIDED}")
    return ExitCode.INCOMPLETE if gaps else ExitCode.DONE


def _describe_filling(taken: list[Taken], within: str) -> str:
    """Name the blocks that fill ``within``, and options that ignore a block of the fleet."""
    space = ipaddress.ip_network(within)
    names = listed(map(str, taken))
    is_one = any(one.block.prefixlen <= space.prefixlen for one in taken)
    text = f"{names} fills it" if is_one else f"it is taken by {names}"
    its = next((one.block for one in taken if one.is_fleets), None)
    if its is None:
        return text
    return (
        f"{text}. If that is an aggregate, routed as a whole and used in part, --ignore {its} "
        f"ignores it, and --ignore-shorter-than {its.prefixlen + 1} all that are as large"
    )
