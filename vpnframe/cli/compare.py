"""``vpnframe compare``."""

from __future__ import annotations

import sys
from pathlib import Path
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
from vpnframe.peers import compare_peer

MISMATCHED = 3

# Columns for a terminal; ids are only in the other formats.
_BRIEF = [
    *("connection_name", "tunnel_index", "field", "result", "ike_error", "ours", "theirs"),
    "reason",
]
_FAILS = ("mismatch", "works-until-rekey")


def run(
    folder: FolderArgument,
    peer: Annotated[
        Path | None,
        typer.Option(
            envvar="VPNFRAME_PEER",
            metavar="FILE",
            help="The other end's swanctl.conf or ipsec.conf; of its secrets nothing is kept.",
        ),
    ] = None,
    peer_connection: Annotated[
        str | None,
        typer.Option(
            envvar="VPNFRAME_PEER_CONNECTION",
            metavar="ID",
            help="Instead of a file another connection of the fleet: one VPC to another.",
        ),
    ] = None,
    connection: Annotated[
        str | None,
        typer.Option(
            envvar="VPNFRAME_CONNECTION",
            metavar="ID",
            help="Only this connection; otherwise all that the other end knows.",
        ),
    ] = None,
    fail_on_mismatch: Annotated[
        bool,
        typer.Option(
            "--fail-on-mismatch",
            envvar="VPNFRAME_FAIL_ON_MISMATCH",
            help="Exit with 3 where anything is a mismatch, or works until the first rekey alone.",
        ),
    ] = False,
    limit: LimitOption = None,
    style: FormatOption = Format.TABLE,
    output: OutputOption = None,
    snapshot: SnapshotOption = "latest",
) -> None:
    """Hold tunnels against the configuration of their other end, and say what IKE would do."""
    if (peer is None) == (peer_connection is None):
        raise typer.BadParameter("give either --peer or --peer-connection")
    tunnels = read_marked(folder, snapshot).tunnels
    ours = tunnels if connection is None else _of_connection(tunnels, connection)
    other = peer or _of_connection(tunnels, peer_connection)
    found = compare_peer(ours, peer=other)
    shown = found[_BRIEF] if style is Format.TABLE else found
    print_table(shown, style, output=output, limit=limit)
    counts = found["result"].astype("str").value_counts().sort_index()
    print(", ".join(f"{n:,} {name}" for name, n in counts.items()) or "no row", file=sys.stderr)
    if fail_on_mismatch and found["result"].isin(_FAILS).any():
        raise typer.Exit(MISMATCHED)


def _of_connection(tunnels: pd.DataFrame, connection_id: str | None) -> pd.DataFrame:
    rows = tunnels[tunnels["vpn_connection_id"] == connection_id]
    if rows.empty:
        raise SchemaError(f"there is no connection {connection_id!r} in this snapshot")
    return rows
