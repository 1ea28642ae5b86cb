"""What the commands about overlaps share: options, and how they say what is not known."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from vpnframe.cli.reading import saying
from vpnframe.errors import IncompleteWarning
from vpnframe.inventory import Inventory
from vpnframe.overlapping import OverlapSettings, read_nat, read_topology

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
        help="What else is joined, by a CEN, a peering or a firewall: [[domain]] tables with "
        "name and members.",
    ),
]
NatOption = Annotated[
    Path | None,
    typer.Option(
        envvar="VPNFRAME_NAT",
        metavar="FILE",
        help="What is translated on its way: [[nat]] tables with connection or vpn_gateway, "
        "side, real and mapped.",
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


def make_overlap_settings(
    *,
    topology: Path | None,
    nat: Path | None,
    owner_tag: str | None = None,
    only: str | None = None,
) -> OverlapSettings:
    """Make settings of the options.

    Parameters
    ----------
    topology, nat, owner_tag, only
        As given on the command line.

    Returns
    -------
    OverlapSettings
        The files read.

    Raises
    ------
    SettingsError
        A file cannot be read, or something in it is wrong.
    """
    return OverlapSettings(
        topology=read_topology(topology) if topology else None,
        nat=read_nat(nat) if nat else (),
        owner_tag=owner_tag,
        only=only,
    )


def parse_scope(text: str, subnets: pd.DataFrame) -> str | None:
    """Read a scope as it is written on the command line.

    Parameters
    ----------
    text : str
        ``routing_domain``, a column, or ``none``.
    subnets : DataFrame
        The table that must have the column.

    Returns
    -------
    str or None
        As the Python API takes it.

    Raises
    ------
    typer.BadParameter
        There is no such column.
    """
    known = ["routing_domain", NOWHERE, *subnets.columns]
    if text not in known:
        raise typer.BadParameter(f"{text!r} is none of {', '.join(known)}", param_hint="--scope")
    return None if text == NOWHERE else text


def saying_gaps() -> AbstractContextManager[list[str]]:
    """Say on standard error what an answer could not be made from; give the sentences."""
    return saying(IncompleteWarning)


def describe_base(inventory: Inventory, *, only: str | None = None) -> str:
    """Say what an answer was made from.

    Parameters
    ----------
    inventory : Inventory
        As read.
    only : str or None
        The routing domain that was looked at.

    Returns
    -------
    str
        Without a full stop.
    """
    subnets = inventory.subnets
    n_blocks, n_regions = len(subnets), subnets["region_id"].nunique()
    domain = "" if only is None else f" (of these, the routing domain of {only} alone)"
    return (
        f"{n_blocks:,} blocks of {len(inventory.connections):,} connections in {n_regions} "
        f"regions, snapshot {inventory.snapshot}{domain}"
    )
