"""Implement the command ``vpnframe show``, which prints a table of an inventory."""

from __future__ import annotations

from typing import Annotated

import typer

from vpnframe.cli.inventories import SnapshotOptions
from vpnframe.cli.options import LimitOption, WithKeyFactsOption, one_of, option
from vpnframe.cli.output import TableOptions
from vpnframe.cli.streams import note, warn
from vpnframe.cli.where import rows_where
from vpnframe.errors import SchemaError
from vpnframe.schema.tables import RESTRICTED, STORED

_TABLES = (*STORED, *RESTRICTED)

# Columns that fit on a terminal, for tables that are too wide for it.
_BRIEF = {
    "tunnels": "region_id connection_name tunnel_index ike_version ike_encryption ike_integrity "
    "ike_dh_group ipsec_pfs_group ipsec_encryption ipsec_integrity vpn_connection_id",
    "connections": "region_id connection_name n_tunnels vpc_subnets onprem_subnets routing_mode "
    "vpn_gateway_id customer_gateway_ip vpn_connection_id",
    "subnets": "region_id connection_name side cidr cidr_raw origin vpn_connection_id",
    "routes": "route_type source_cidr destination_cidr weight priority state vpn_connection_id "
    "vpn_gateway_id transit_router_id",
}


def run(
    *,
    stored: SnapshotOptions,
    table: Annotated[
        str,
        typer.Argument(metavar="TABLE", callback=one_of(_TABLES), help=f"{', '.join(_TABLES)}."),
    ],
    where: Annotated[
        str | None,
        option(
            "EXPRESSION",
            "Print only the rows for which this condition is true, for example ike_version == 1 "
            "and ike_mode == 'aggressive'. You can also use or, not, in, + - * / // %, .isna(), "
            ".notna(), .isin([...]), .str.contains('a'), .str.startswith(), .str.endswith(), and "
            ".str.matches() with an RE2 pattern. A comparison with a null is not true.",
        ),
    ] = None,
    columns: Annotated[
        str | None, option("A,B,...", "Print only these columns, in this order.")
    ] = None,
    limit: LimitOption = None,
    with_key_facts: WithKeyFactsOption = False,
    printed: TableOptions,
) -> None:
    """Print a table of an inventory, or some of its rows and columns.

    `vpnframe schema TABLE` describes the columns of a table.
    """
    is_restricted = table in RESTRICTED
    if is_restricted and not with_key_facts:
        raise typer.BadParameter(
            f"the table {table} shows which keys are weak: add --with-key-facts to print the table"
        )
    rows = stored.read_table(table)
    if is_restricted and rows.empty:
        warn(f"nothing is known of the keys of the connections in {stored.folder}")
    if where is not None:
        rows = rows_where(rows, where)
    brief = _BRIEF[table].split() if table in _BRIEF and printed.style == "table" else None
    if columns is not None:
        names = [name.strip() for name in columns.split(",") if name.strip()]
        if unknown := [name for name in names if name not in rows.columns]:
            known = ", ".join(rows.columns)
            raise SchemaError(f"there is no column {unknown[0]!r}: the columns are {known}")
        rows, brief = rows[names], None
    printed.print(rows, brief=brief, limit=limit, is_private=is_restricted)
    if brief is not None:
        note(
            f"{len(rows.columns) - len(brief)} more columns are left out: to see them, add "
            "--columns A,B,... or --format csv"
        )
