"""``vpnframe trace``."""

from __future__ import annotations

import re
import sys
import textwrap
from typing import Annotated, Any

import pandas as pd
import typer

from vpnframe.cli.exit_codes import ExitCode
from vpnframe.cli.inventories import SnapshotOptions, printing_warnings
from vpnframe.cli.options import LimitOption, flag, option
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


def run(
    *,
    stored: SnapshotOptions,
    source: Annotated[
        str | None, typer.Argument(metavar="SOURCE", help="An address in the cloud.")
    ] = None,
    destination: Annotated[
        str | None, typer.Argument(metavar="DESTINATION", help="An address on premises.")
    ] = None,
    packets: Annotated[
        str | None,
        option(
            "FILE",
            "Many packets instead: a source and a destination on each line, with a space, "
            "comma or tab between; - is standard input.",
        ),
    ] = None,
    start: Annotated[
        str | None,
        option("ID", "Start at this VPC, VPN gateway or transit router, whatever the sources."),
    ] = None,
    all_candidates: Annotated[
        bool,
        flag("--all-candidates", "List all routers that could take the packet, likeliest first."),
    ] = False,
    limit: LimitOption = None,
    printed: TableOptions,
) -> None:
    """Find which tunnel takes a packet from the cloud, which one is its standby, and why.

    The exit code is 4 if the result is not certain, or the fleet was not read completely.
    """
    asked = _asked(source, destination, packets)
    inventory = stored.read()
    with printing_warnings(IncompleteWarning):
        found = trace(inventory, **asked, start=start, all_candidates=all_candidates)
    if printed.style != "table":
        printed.print(found, limit=limit)
    elif packets is None and not all_candidates and printed.output is None:
        print(sheet(found.iloc[0], width=terminal_width()))
    else:
        printed.print(brief(found, has_router=all_candidates), limit=limit)
        note("full reasons and more columns: --format csv")
    if found.loc[found["verdict"] == "ambiguous", _PLACES].isna().all(axis="columns").any():
        warn("ambiguous: give the start of the packets with --start ID")
    if (found["certainty"] == "unknown").any() or not inventory.is_complete:
        raise typer.Exit(ExitCode.INCOMPLETE)


def brief(found: pd.DataFrame, *, has_router: bool) -> pd.DataFrame:
    """Reduce the table to columns that fit on a terminal."""
    tunnel = found["tunnel_index"].astype("str").radd("/").where(found["tunnel_index"].notna(), "")
    rivals = pd.Series([" or ".join(names) for names in found["rivals"]], found.index, dtype="str")
    connection = (found["vpn_connection_id"] + tunnel).fillna(rivals)
    at = found["vpn_gateway_id"].fillna(found["transit_router_id"]).fillna(found["vpc_id"])
    parts = found[["source", "destination", "verdict", "certainty"]]
    named = parts.assign(at=at) if has_router else parts
    return named.assign(connection=connection.where(connection != ""), reason=found["reason"])


def sheet(row: pd.Series[Any], *, width: int | None) -> str:
    """Format the result for one packet as text, with one label per line."""
    value = row.astype(object).where(row.notna(), None)
    lines = {
        "verdict": f"{value['verdict']} ({_CERTAINTY[value['certainty']]})",
        "why": value["reason"],
        "connection": _joined(value, "vpn_connection_id", "connection_name"),
        "tunnel": _joined(value, "tunnel_index", "tunnel_id", "tunnel_status"),
        "standby": ", ".join(row["standby"]),
        "rivals": ", ".join(row["rivals"]),
        "route": _route(value),
        "router": _joined(value, "vpn_gateway_id", "transit_router_id", "vpc_id", "region_id"),
    }
    shown = [_line(label, text, width) for label, text in lines.items() if text]
    return "\n".join([f"{value['source']} -> {value['destination']}", *shown])


def _joined(value: pd.Series[Any], *names: str) -> str:
    return ", ".join(str(value[name]) for name in names if value.get(name) is not None)


def _route(value: pd.Series[Any]) -> str:
    """Describe the route of a result in a few words."""
    blocks = [value.get(f"{side}_cidr") for side in ("source", "destination")]
    parts = [value.get("route_type"), " to ".join(block for block in blocks if block)]
    numbers = [
        f"{name} {value[name]}" for name in ("priority", "weight") if value.get(name) is not None
    ]
    return ", ".join(filter(None, [" ".join(filter(None, parts)), *numbers]))


def _line(label: str, text: str, width: int | None) -> str:
    """Format a labelled line, wrapped at the terminal width."""
    lines = textwrap.wrap(
        printable(text),
        sys.maxsize if width is None else max(width - 1, 2 * _LABEL_WIDTH),
        initial_indent=f"{label:<{_LABEL_WIDTH}}",
        subsequent_indent=" " * _LABEL_WIDTH,
        break_on_hyphens=False,
    )
    return "\n".join(lines)


def _asked(source: str | None, destination: str | None, packets: str | None) -> dict[str, Any]:
    """Return sources and destinations of packets, from the command line or a file."""
    if [source, destination].count(None) != (0 if packets is None else 2):
        raise typer.BadParameter("give SOURCE and DESTINATION, or --packets FILE instead")
    if packets is None:
        return {"source": source, "destination": destination}
    pairs = _read_pairs(packets)
    return {"source": [one for one, _ in pairs], "destination": [one for _, one in pairs]}


def _read_pairs(name: str) -> list[list[str]]:
    """Read source and destination from each line of a file; skip empty lines."""
    try:
        limit = _MAX_PACKETS_BYTES
        body = read_stdin(limit=limit) if name == "-" else read_file(name, limit=limit)
        text = body.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        what = "standard input" if name == "-" else name
        raise SettingsError(f"{what} cannot be read: {reason}") from None
    pairs = []
    for number, line in enumerate(text.splitlines(), 1):
        fields = re.split(r"[\s,;]+", line.strip())
        if len(fields) != 2 and line.strip():
            raise SettingsError(f"line {number} of {name} is not a source and a destination")
        if line.strip():
            pairs.append(fields)
    return pairs
