"""Define options, messages and formats that the commands about overlaps share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import pandas as pd

from vpnframe.cli.inventories import printing_warnings
from vpnframe.cli.options import one_of, option
from vpnframe.cli.streams import note
from vpnframe.errors import IncompleteWarning, InputWarning, SchemaError
from vpnframe.inventory import Inventory
from vpnframe.model.display import counted, listed
from vpnframe.overlapping import (
    ROUTING_DOMAIN,
    OverlapSettings,
    read_blocks,
    read_nat,
    read_topology,
)
from vpnframe.overlapping.free import find_ignored
from vpnframe.overlapping.rows import their_blocks
from vpnframe.schema.tables import TABLES

_check_scope = one_of((ROUTING_DOMAIN, "none", *TABLES["subnets"].names))

ScopeOption = Annotated[
    str | None,
    option(
        "COLUMN",
        "Compare only blocks with the same value in this column of the table subnets. The default, "
        "routing_domain, compares blocks whose gateways, VPCs and transit routers are connected. "
        "With none, all blocks are compared.",
        callback=lambda scope: None if scope == "none" else _check_scope(scope),
    ),
]
OwnerTagOption = Annotated[
    str | None, option("TAG", "The name of the tag whose value is the owner of a connection.")
]
OnlyOption = Annotated[
    str | None,
    option(
        "ID",
        "Search only the routing domain of this name, or of this gateway, VPC or transit router.",
    ),
]


@dataclass(frozen=True, kw_only=True)
class OverlapOptions:
    """Options for files that describe links and translations which the cloud does not know."""

    topology: Annotated[
        Path | None,
        option(
            "FILE",
            "TOML file with links between networks outside the VPN, such as a CEN, a peering or a "
            "firewall. Each is a table `domain` with the keys name and members.",
        ),
    ] = None
    nat: Annotated[
        Path | None,
        option(
            "FILE",
            "TOML file with address translations. Each is a table `nat` with the key connection or "
            "vpn_gateway, and the keys side, real and mapped.",
        ),
    ] = None

    def settings(self, **more: Any) -> OverlapSettings:
        """Convert these command-line options to OverlapSettings; ``more`` adds settings."""
        return OverlapSettings(
            topology=read_topology(self.topology) if self.topology else None,
            nat=read_nat(self.nat) if self.nat else (),
            **more,
        )


@dataclass(frozen=True, kw_only=True)
class NewSiteOptions(OverlapOptions):
    """Options that select the CIDR blocks of the fleet that a new site must not overlap."""

    only: OnlyOption = None
    ignore: Annotated[
        list[str] | None,
        option(
            "CIDR",
            "Ignore this block of the fleet, but not the blocks inside it. Use this for an "
            "aggregate, which is routed as a whole but used only in part. Repeatable.",
        ),
    ] = None
    ignore_shorter_than: Annotated[
        int | None,
        option(
            "N",
            "Ignore the blocks of the fleet whose prefix length is less than N.",
            min=0,
            max=128,
        ),
    ] = None

    def settings(self, **more: Any) -> OverlapSettings:
        """Convert these command-line options to OverlapSettings; ``more`` adds settings."""
        return super().settings(
            only=self.only,
            ignore=tuple(self.ignore or ()),
            ignore_shorter_than=self.ignore_shorter_than,
            **more,
        )


@contextmanager
def judging() -> Iterator[list[str]]:
    """Print warnings about data that was not read, and convert a ValueError to a SchemaError.

    The list that is yielded contains the warnings after the ``with`` block has ended.
    """
    try:
        with printing_warnings(IncompleteWarning) as gaps:
            yield gaps
    except ValueError as error:
        raise SchemaError(str(error)) from None


def read_block_file(path: Path, use: str) -> pd.DataFrame:
    """Read CIDR blocks from a file, and print how many of them are not default routes.

    The printed line begins with the string ``use``, for example "compared with". A warning names
    the blocks that were changed or skipped on reading.
    """
    with printing_warnings(InputWarning):
        blocks = read_blocks(path)
    is_default = their_blocks(blocks)["cidr"].str.endswith("/0")
    n_default = int(is_default.sum())
    left_out = f"; {n_default} default {'route is' if n_default == 1 else 'routes are'} left out"
    n_used = counted(len(is_default) - n_default, "block")
    note(f"{use} {n_used} of {path}{left_out if n_default else ''}")
    return blocks


def report_base(inventory: Inventory, settings: OverlapSettings) -> str:
    """Print the blocks that the settings ignore; return a text on the fleet's size and snapshot."""
    ignored = ""
    if settings.ignore or settings.ignore_shorter_than is not None:
        blocks = listed(map(str, find_ignored(inventory, settings)))
        note(f"ignored: {blocks or 'no block, as none is that large'}")
        ignored = ", without the ignored blocks"
    subnets, only = inventory.subnets, settings.only
    domain = "" if only is None else f" (of these, only the routing domain of {only})"
    return (
        f"{len(subnets):,} blocks of {len(inventory.connections):,} connections in "
        f"{subnets['region_id'].nunique()} regions, snapshot {inventory.snapshot}{domain}{ignored}"
    )


def block_cells(
    rows: pd.DataFrame, names: Sequence[str], connections: pd.DataFrame
) -> list[list[str]]:
    """Return the cells of each row: block, side, id, connection name and region.

    ``names`` are the columns with the block, side, id and region. The connection name is looked up
    by the id. A missing value becomes ``-``.
    """
    cells = rows[list(names)].astype("object")
    known = dict(zip(connections["vpn_connection_id"], connections["connection_name"], strict=True))
    cells.insert(3, "name", cells[names[2]].map(known))
    return [[*map(str, row)] for row in cells.fillna("-").replace("", "-").to_numpy()]
