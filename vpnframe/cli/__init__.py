"""The command line: each command has one file that parses, calls, prints and sets the exit code."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from vpnframe._version import __version__
from vpnframe.cli.exit_codes import ExitCode
from vpnframe.cli.registry import COMMANDS, LazyCommands
from vpnframe.cli.streams import Streams, describe, warn
from vpnframe.errors import VpnframeError

app = typer.Typer(
    name="vpnframe",
    cls=LazyCommands,
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
for name, sentence in COMMANDS.items():
    app.command(name, help=sentence)(lambda: None)


def _show_version(is_wanted: bool) -> None:
    if is_wanted:
        print(f"vpnframe {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line and exit."""
    with Streams() as streams:
        code = streams.flush(_run())
    sys.exit(code)


def _run() -> int:
    """Run the app and return the exit code; print errors as one line."""
    empty = [n for n, text in enumerate(sys.argv[1:], 1) if _is_empty(text)]
    if empty:  # "" would be read as the working folder, or as a name that nothing has
        warn(f"argument {empty[0]} is empty: is a variable unset?")
        return ExitCode.USAGE
    try:
        app()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except VpnframeError as error:
        warn(str(error))
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        pass  # the reader stopped reading
    except OSError as error:
        warn(describe(error))
    return ExitCode.ERROR


def _is_empty(argument: str) -> bool:
    """Check for an argument without a text, or an option without its value, as in ``--out=``."""
    return not argument.strip() or (argument.startswith("--") and argument.endswith("="))
