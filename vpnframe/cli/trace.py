"""Implement the command ``vpnframe trace``, which finds the tunnel of a packet."""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Mapping
from typing import Annotated, Any

import pandas as pd
import typer

from vpnframe.cli.exit_codes import ExitCode
from vpnframe.cli.inventories import SnapshotOptions, printing_warnings
from vpnframe.cli.options import LimitOption, flag, is_block, option
from vpnframe.cli.output import TableOptions, terminal_width
from vpnframe.cli.streams import note, warn
from vpnframe.errors import IncompleteWarning, SettingsError
from vpnframe.model.display import printable
from vpnframe.model.files import MIB, read_file, read_stdin
from vpnframe.tracing.trace import trace

_CERTAINTY = {"certain": "certain", "unknown": "not certain"}
_PLACES = ["vpc_id", "vpn_gateway_id", "transit_router_id"]
_LABEL_WIDTH = 12
_MAX_PACKETS_BYTES = 64 * MIB

# An address is not the folder, which can be left out.
is_after_folder = is_block


def run(
    *,
    stored: SnapshotOptions,
    source: Annotated[
        str | None,
        typer.Argument(metavar="SOURCE", help="Source address of the packet, in the cloud."),
    ] = None,
    destination: Annotated[
        str | None,
        typer.Argument(
            metavar="DESTINATION", help="Destination address of the packet, on premises."
        ),
    ] = None,
    packets: Annotated[
        str | None,
        option(
            "FILE",
            "Trace the packets in this file. Each line is a source and a destination, separated by "
            "a space, comma or tab. FILE can be -, which is standard input.",
        ),
    ] = None,
    start: Annotated[
        str | None,
        option(
            "ID", "The id of the VPC, VPN gateway or transit router at which all packets start."
        ),
    ] = None,
    all_candidates: Annotated[
        bool,
        flag(
            "--all-candidates",
            "Print all gateways and routers that could take a packet, the likeliest first.",
        ),
    ] = False,
    limit: LimitOption = None,
    printed: TableOptions,
) -> ExitCode:
    """Find the tunnel that a packet from the cloud takes, its standby, and the reason.

    The exit code is 4 if a result is not certain, or if the fleet was not read completely.
    """
    if [source, destination].count(None) != (0 if packets is None else 2):
        raise typer.BadParameter("give SOURCE and DESTINATION, or --packets FILE instead of both")
    ends = {"source": source, "destination": destination} if packets is None else _ends(packets)
    inventory = stored.read()
    with printing_warnings(IncompleteWarning):
        found = trace(inventory, **ends, start=start, all_candidates=all_candidates)
    if printed.style != "table":
        printed.print(found, limit=limit)
    elif packets is None and not all_candidates and printed.output is None:
        print(sheet(found.iloc[0], width=terminal_width()))
    else:
        printed.print(brief(found, has_router=all_candidates), limit=limit)
        note("to see full reasons and more columns, add --format csv")
    if found.loc[found["verdict"] == "ambiguous", _PLACES].isna().all(axis="columns").any():
        warn(
            "some packets are ambiguous, because it is not known where they start: give that VPC, "
            "VPN gateway or transit router with --start ID"
        )
    is_known = inventory.is_complete and not (found["certainty"] == "unknown").any()
    return ExitCode.DONE if is_known else ExitCode.INCOMPLETE


def brief(found: pd.DataFrame, *, has_router: bool) -> pd.DataFrame:
    """Return the columns that fit on a terminal; ``has_router`` adds a column for the router."""
    tunnel = found["tunnel_index"].astype("str").radd("/").where(found["tunnel_index"].notna(), "")
    rivals = found["rivals"].str.replace(",", " or ")
    connection = (found["vpn_connection_id"] + tunnel).fillna(rivals)
    at = found["vpn_gateway_id"].fillna(found["transit_router_id"]).fillna(found["vpc_id"])
    parts = found[["source", "destination", "verdict", "certainty"]]
    named = parts.assign(at=at) if has_router else parts
    return named.assign(connection=connection.where(connection != ""), reason=found["reason"])


def sheet(row: pd.Series[Any], *, width: int | None) -> str:
    """Format the result for one packet as lines, each of which has a label and a value."""
    known = row[row.notna()].to_dict()
    lines = {
        "verdict": f"{known['verdict']} ({_CERTAINTY[known['certainty']]})",
        "why": known.get("reason"),
        "connection": _joined(known, "vpn_connection_id", "connection_name"),
        "tunnel": _joined(known, "tunnel_index", "tunnel_id", "tunnel_status"),
        "standby": row["standby"].replace(",", ", "),
        "rivals": row["rivals"].replace(",", ", "),
        "route": _route(known),
        "router": _joined(known, "vpn_gateway_id", "transit_router_id", "vpc_id", "region_id"),
    }
    shown = [_line(label, text, width) for label, text in lines.items() if text]
    return "\n".join([f"{known['source']} -> {known['destination']}", *shown])


def _joined(known: Mapping[str, Any], *names: str) -> str:
    return ", ".join(str(known[name]) for name in names if name in known)


def _route(known: Mapping[str, Any]) -> str:
    blocks = " to ".join(known[n] for n in ("source_cidr", "destination_cidr") if n in known)
    kind = " ".join(filter(None, [known.get("route_type"), blocks]))
    numbers = [f"{name} {known[name]}" for name in ("priority", "weight") if name in known]
    return ", ".join(filter(None, [kind, *numbers]))


def _line(label: str, text: str, width: int | None) -> str:
    return textwrap.fill(
        printable(text),
        sys.maxsize if width is None else max(width - 1, 2 * _LABEL_WIDTH),
        initial_indent=f"{label:<{_LABEL_WIDTH}}",
        subsequent_indent=" " * _LABEL_WIDTH,
        break_on_hyphens=False,
    )


def _ends(name: str) -> dict[str, list[str]]:
    """Read packets from a file with a source and a destination per line; skip empty lines."""
    try:
        limit = _MAX_PACKETS_BYTES
        body = read_stdin(limit=limit) if name == "-" else read_file(name, limit=limit)
        text = body.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        what = "standard input" if name == "-" else name
        raise SettingsError(f"{what} cannot be read: {reason}") from None
    ends: dict[str, list[str]] = {"source": [], "destination": []}
    for number, line in enumerate(text.splitlines(), 1):
        fields = re.split(r"[\s,;]+", line.strip())
        if fields == [""]:
            continue
        if len(fields) != 2:
            raise SettingsError(
                f"line {number} of {name} must have exactly a source and a destination"
            )
        ends["source"].append(fields[0])
        ends["destination"].append(fields[1])
    return ends
