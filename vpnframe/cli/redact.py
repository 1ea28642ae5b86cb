"""``vpnframe redact``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from vpnframe.cli.reading import NOT_COMPLETE
from vpnframe.inventory.redacting import redact
from vpnframe.model.display import printable


def run(
    source: Annotated[Path, typer.Argument(metavar="IN", help="A file or folder of answers.")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="A new folder.")],
) -> None:
    """Write saved answers again without their keys, safe to keep.

    What load reads survives and nothing else; of a key, its state. What cannot be read is named
    and not copied; the exit code is 4 then.
    """
    done = redact(source, target)
    n = len(done.written)
    print(printable(f"{n:,} file{'' if n == 1 else 's'} without keys in {target}"))
    for line in done.refused:
        print(f"vpnframe: not copied: {line}", file=sys.stderr)
    if done.refused:
        raise typer.Exit(NOT_COMPLETE)
