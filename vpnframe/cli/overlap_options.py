"""Options that the overlap commands share, and their messages about incomplete data."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from vpnframe.cli.reading import saying
from vpnframe.errors import IncompleteWarning, InputWarning
from vpnframe.inventory import Inventory
from vpnframe.model.display import listed
from vpnframe.overlapping import OverlapSettings, read_blocks, read_nat, read_topology
from vpnframe.overlapping.free import find_ignored
from vpnframe.overlapping.rows import their_blocks

NOWHERE = "none"

ScopeOption = Annotated[
    str,
    typer.Option(
        envvar="VPNFRAME_SCOPE",
        metavar="COLUMN",
        help="What two blocks must share to be compared: routing_domain (gateways, VPCs and "
        "transit routers that are connected), a column of subnets, or none.",
    ),
]
TopologyOption = Annotated[
    Path | None,
    typer.Option(
        envvar="VPNFRAME_TOPOLOGY",
        metavar="FILE",
        help="What else is joined, by a CEN, a peering or a firewall: a TOML file of tables "
        "domain, with name and members.",
    ),
]
NatOption = Annotated[
    Path | None,
    typer.Option(
        envvar="VPNFRAME_NAT",
        metavar="FILE",
        help="What is translated on its way: a TOML file of tables nat, with connection or "
        "vpn_gateway, side, real and mapped.",
    ),
]
OwnerTagOption = Annotated[
    str | None,
    typer.Option(
        envvar="VPNFRAME_OWNER_TAG",
        metavar="TAG",
        help="The tag whose value names a connection's owner.",
    ),
]
OnlyOption = Annotated[
    str | None,
    typer.Option(
        envvar="VPNFRAME_ONLY",
        metavar="ID",
        help="Look at one routing domain alone: that of this VPN gateway, VPC or transit router, "
        "or of this name.",
    ),
]
IgnoreOption = Annotated[
    list[str] | None,
    typer.Option(
        envvar="VPNFRAME_IGNORE",
        metavar="CIDR",
        help="Set this block of the fleet aside, not those inside it: an aggregate, which is "
        "routed as a whole and used in part. May be given again.",
    ),
]
IgnoreShorterOption = Annotated[
    int | None,
    typer.Option(
        min=0,
        max=128,
        envvar="VPNFRAME_IGNORE_SHORTER_THAN",
        metavar="N",
        help="Set all blocks of the fleet aside that have a prefix shorter than this.",
    ),
]


def make_overlap_settings(
    *,
    topology: Path | None,
    nat: Path | None,
    owner_tag: str | None = None,
    only: str | None = None,
    ignore: Sequence[str] | None = None,
    ignore_shorter_than: int | None = None,
) -> OverlapSettings:
    """Build the settings from the options."""
    return OverlapSettings(
        topology=read_topology(topology) if topology else None,
        nat=read_nat(nat) if nat else (),
        owner_tag=owner_tag,
        only=only,
        ignore=tuple(ignore or ()),
        ignore_shorter_than=ignore_shorter_than,
    )


def _sets_aside(settings: OverlapSettings) -> bool:
    return bool(settings.ignore) or settings.ignore_shorter_than is not None


def say_ignored(inventory: Inventory, settings: OverlapSettings) -> None:
    """Print on standard error which blocks were ignored, if any should be."""
    if _sets_aside(settings):
        said = listed(map(str, find_ignored(inventory, settings)))
        print(f"set aside: {said or 'no block is as large'}", file=sys.stderr)


def parse_scope(text: str, subnets: pd.DataFrame) -> str | None:
    """Parse a scope from the command line."""
    known = ["routing_domain", NOWHERE, *subnets.columns]
    if text not in known:
        raise typer.BadParameter(f"{text!r} is none of {', '.join(known)}", param_hint="--scope")
    return None if text == NOWHERE else text


def read_block_file(path: Path) -> pd.DataFrame:
    """Read a file of blocks; print on standard error which rows were changed or left out."""
    with saying(InputWarning):
        return read_blocks(path)


def say_blocks(verb: str, blocks: pd.DataFrame, path: Path | None) -> None:
    """Print on standard error how many blocks of a file were used."""
    cidrs = their_blocks(blocks)["cidr"]
    n_default = int(cidrs.str.endswith("/0").sum())
    n = len(cidrs) - n_default
    left_out = f"; {n_default} default {'route is' if n_default == 1 else 'routes are'} left out"
    more = left_out if n_default else ""
    print(f"{verb} {n:,} block{'' if n == 1 else 's'} of {path}{more}", file=sys.stderr)


def saying_gaps() -> AbstractContextManager[list[str]]:
    """Print gaps in the data on standard error, and yield the sentences."""
    return saying(IncompleteWarning)


def describe_base(inventory: Inventory, settings: OverlapSettings) -> str:
    """Describe the data that a result is based on."""
    subnets = inventory.subnets
    n_blocks, n_regions = len(subnets), subnets["region_id"].nunique()
    only = settings.only
    domain = "" if only is None else f" (of these, the routing domain of {only} alone)"
    apart = ", apart from what is set aside" if _sets_aside(settings) else ""
    return (
        f"{n_blocks:,} blocks of {len(inventory.connections):,} connections in {n_regions} "
        f"regions, snapshot {inventory.snapshot}{domain}{apart}"
    )
