"""The command line: one file per command, each parses, calls, prints and gives an exit code."""

from __future__ import annotations

import os
import sys

import typer

from vpnframe.cli import (
    audit,
    compare,
    conflicts,
    demo,
    doctor,
    emulator,
    fetch,
    free,
    load,
    overlaps,
    plan,
    redact,
    schema,
    show,
    stats,
    trace,
)
from vpnframe.errors import VpnframeError

INTERRUPTED = 130

app = typer.Typer(
    name="vpnframe",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # a pretty traceback shows local values, and those hold keys
    help=(
        "IPsec VPN fleets on Alibaba Cloud as tables.\n\n"
        "Start with `vpnframe demo`: it reads a made-up fleet from a local emulator. With an "
        "account of your own: `vpnframe doctor`, `vpnframe fetch --out inventory`, then "
        "`vpnframe stats inventory`, `vpnframe overlaps inventory` and "
        "`vpnframe show inventory tunnels`."
    ),
    epilog="Exit codes: 0 done, 1 error, 2 usage, 3 a collision, or what a --fail-on option asked "
    "for, 4 the fleet was not read completely.",
)
_COMMANDS = (
    *(demo, doctor, plan, fetch, load, redact, show, stats, overlaps, conflicts, free),
    *(trace, audit, compare, schema, emulator),
)
for command in _COMMANDS:
    app.command(name=command.__name__.rpartition(".")[2])(command.run)


def main() -> None:
    """Run the command line and exit."""
    try:
        app()
    except VpnframeError as error:
        print(f"vpnframe: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # The reader has seen enough: nothing more can be written, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
