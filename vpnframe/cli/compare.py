"""Implement the command ``vpnframe compare``, which compares both ends of a tunnel."""

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
        option(
            "FILE",
            "The swanctl.conf or ipsec.conf of the peer. Secrets in this file are not stored.",
        ),
    ] = None,
    peer_connection: Annotated[
        str | None,
        option("ID", "If the tunnels join two VPCs, the connection of the fleet at the other end."),
    ] = None,
    connection: Annotated[
        str | None,
        option(
            "ID",
            "Compare only this connection; by default all connections for which the peer has one.",
        ),
    ] = None,
    fail_on_mismatch: Annotated[
        bool,
        flag(
            "--fail-on-mismatch",
            "Exit with code 3 if a tunnel does not come up, or fails at its first rekey.",
        ),
    ] = False,
    limit: LimitOption = None,
    printed: TableOptions,
) -> ExitCode:
    """Compare tunnels with the configuration of their peer; predict the result of IKE.

    The peer is the device at the other end of a tunnel, or another connection of the fleet.
    """
    if (peer is None) == (peer_connection is None):
        raise typer.BadParameter("use either --peer or --peer-connection")
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
