"""Implement the command ``vpnframe schema``, which lists and describes the tables."""

from __future__ import annotations

from typing import Annotated

import pandas as pd
import typer

from vpnframe import schema
from vpnframe.cli.options import one_of
from vpnframe.cli.output import TableOptions
from vpnframe.schema.tables import TABLES


def run(
    *,
    table: Annotated[
        str | None,
        typer.Argument(
            metavar="TABLE",
            callback=one_of(TABLES),
            help="The table to describe; by default all tables are listed.",
        ),
    ] = None,
    printed: TableOptions,
) -> None:
    """List all tables, or describe the columns of one table."""
    if table is None:
        names = {"table": list(TABLES), "description": [t.description for t in TABLES.values()]}
        printed.print(pd.DataFrame(names))
    else:
        printed.print(schema.describe(table))
