"""Compare both ends of a tunnel: the command ``vpnframe compare``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from vpnframe.cli.exit_codes import ExitCode
from vpnframe.cli.inventories import SnapshotOptions
from vpnframe.cli.options import LimitOption, flag, option
from vpnframe.cli.output import TableOptions
from vpnframe.cli.streams import note
from vpnframe.errors import SchemaError
from vpnframe.peers import compare_peer

# Columns for a terminal; only the other formats show ids.
_BRIEF = "connection_name tunnel_index field result ike_error ours theirs reason"
_FAILS = ("mismatch", "works-until-rekey")


def run(
    *,
    stored: SnapshotOptions,
    peer: Annotated[
        Path | None,
        option("FILE", "The peer's swanctl.conf or ipsec.conf; its secrets are never kept."),
    ] = None,
    peer_connection: Annotated[
        str | None,
        option("ID", "Compare with this connection of the fleet, if a tunnel joins two VPCs."),
    ] = None,
    connection: Annotated[
        str | None, option("ID", "Only this connection; otherwise all that the peer knows.")
    ] = None,
    fail_on_mismatch: Annotated[
        bool,
        flag("--fail-on-mismatch", "Exit with 3 if a tunnel fails, at once or at its first rekey."),
    ] = False,
    limit: LimitOption = None,
    printed: TableOptions,
) -> ExitCode:
    """Compare tunnels with their other end's configuration, and predict what IKE does.

    The other end is called the peer.
    """
    if (peer is None) == (peer_connection is None):
        raise typer.BadParameter("give one of --peer and --peer-connection")
    tunnels = stored.read_table("tunnels")
    ours = tunnels if connection is None else _of_connection(tunnels, connection)
    found = compare_peer(ours, peer=peer or _of_connection(tunnels, peer_connection))
    printed.print(found, brief=_BRIEF.split(), limit=limit)
    counts = found["result"].astype("str").value_counts().sort_index()
    note(", ".join(f"{n:,} {name}" for name, n in counts.items()) or "no rows")
    is_failing = fail_on_mismatch and found["result"].isin(_FAILS).any()
    return ExitCode.FOUND if is_failing else ExitCode.DONE


def _of_connection(tunnels: pd.DataFrame, connection_id: str | None) -> pd.DataFrame:
    rows = tunnels[tunnels["vpn_connection_id"] == connection_id]
    if rows.empty:
        raise SchemaError(f"there is no connection {connection_id!r} in this snapshot")
    return rows
