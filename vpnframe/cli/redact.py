"""``vpnframe redact``."""

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
    source: Annotated[Path, typer.Argument(metavar="IN", help="A file or folder of answers.")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="A new folder.")],
) -> None:
    """Copy saved answers without their keys, so that they are safe to keep.

    Only what load reads is copied; of a key, only its state. Files that cannot be read are named
    and not copied; the exit code is then 4.
    """
    done = redact(source, target)
    print(printable(f"wrote {counted(len(done.written), 'file')} without keys to {target}"))
    for line in done.refused:
        warn(f"not copied: {line}")
    if done.refused:
        raise typer.Exit(ExitCode.INCOMPLETE)
