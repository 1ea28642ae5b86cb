"""Implement the command ``vpnframe redact``, which copies saved API responses without keys."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vpnframe.cli.exit_codes import ExitCode
from vpnframe.cli.streams import warn
from vpnframe.inventory.redacting import redact
from vpnframe.model.display import counted, printable


def run(
    *,
    source: Annotated[
        Path,
        typer.Argument(metavar="IN", help="A file with API responses, or a folder of such files."),
    ],
    target: Annotated[
        Path,
        typer.Argument(metavar="OUT", help="The folder for the copies; it must be new or empty."),
    ],
) -> ExitCode:
    """Copy saved API responses without pre-shared keys, so that the copies are safe.

    Only the fields that `vpnframe load` reads are copied. A key is replaced by a word such as
    present or masked. If a file cannot be read, the file is named and not copied, and the exit
    code is 4.
    """
    done = redact(source, target)
    print(printable(f"wrote {counted(len(done.written), 'file')} without keys to {target}"))
    for line in done.refused:
        warn(f"not copied: {line}")
    return ExitCode.INCOMPLETE if done.refused else ExitCode.DONE
