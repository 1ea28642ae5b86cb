"""``vpnframe schema``."""

from __future__ import annotations

from typing import Annotated

import pandas as pd
import typer

from vpnframe import schema
from vpnframe.cli.options import FormatOption, OutputOption
from vpnframe.cli.output import Format, print_table
from vpnframe.schema.tables import TABLES


def run(
    table: Annotated[
        str | None, typer.Argument(metavar="[TABLE]", help="A table; all of them otherwise.")
    ] = None,
    style: FormatOption = Format.TABLE,
    output: OutputOption = None,
) -> None:
    """Name the tables, or describe the columns of one."""
    if table is None:
        names = {"table": list(TABLES), "description": [t.description for t in TABLES.values()]}
        print_table(pd.DataFrame(names), style, output=output)
        return
    if table not in TABLES:
        raise typer.BadParameter(f"{table!r} is none of {', '.join(TABLES)}")
    print_table(schema.describe(table), style, output=output)
