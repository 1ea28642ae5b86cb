"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vpnframe.cli.output import Format

FolderArgument = Annotated[
    Path, typer.Argument(metavar="DIR", help="An inventory folder, as fetch and load write it.")
]
SnapshotOption = Annotated[
    str,
    typer.Option(
        envvar="VPNFRAME_SNAPSHOT", metavar="ID", help="Which snapshot; the newest by default."
    ),
]
FormatOption = Annotated[
    Format,
    typer.Option("--format", "-f", envvar="VPNFRAME_FORMAT", help="How tables are printed."),
]
OutputOption = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help="Write there, not to standard output."),
]
LimitOption = Annotated[
    int | None, typer.Option(min=0, metavar="N", help="At most so many rows; the rest is counted.")
]
