"""Copy saved answers without keys: the command ``vpnframe redact``."""

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
) -> ExitCode:
    """Copy saved answers without their keys, so that they are safe to keep.

    Only what `vpnframe load` reads is copied. A key is replaced by its state, such as present or
    masked. A file that cannot be read is named and not copied; the exit code is then 4.
    """
    done = redact(source, target)
    print(printable(f"wrote {counted(len(done.written), 'file')} without keys to {target}"))
    for line in done.refused:
        warn(f"not copied: {line}")
    return ExitCode.INCOMPLETE if done.refused else ExitCode.DONE
