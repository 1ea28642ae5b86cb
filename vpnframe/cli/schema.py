"""``vpnframe schema``."""

from __future__ import annotations

from typing import Annotated

import pandas as pd
import typer

from vpnframe import schema
from vpnframe.cli.output import TableOptions
from vpnframe.schema.tables import TABLES


def run(
    *,
    table: Annotated[
        str | None, typer.Argument(metavar="[TABLE]", help="A table; all of them otherwise.")
    ] = None,
    printed: TableOptions,
) -> None:
    """List the tables, or describe the columns of one."""
    if table is None:
        names = {"table": list(TABLES), "description": [t.description for t in TABLES.values()]}
        printed.print(pd.DataFrame(names))
        return
    if table not in TABLES:
        raise typer.BadParameter(f"{table!r} is none of {', '.join(TABLES)}")
    printed.print(schema.describe(table))
