"""Implement the command line; a command's module reads options, calls the library and prints."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from vpnframe._version import __version__
from vpnframe.cli.exit_codes import ExitCode, SettingsFileError
from vpnframe.cli.streams import Streams, describe, warn
from vpnframe.errors import VpnframeError

# The first sentence of each command's help, which is shown without importing the command.
COMMANDS = {
    "demo": "Read a made-up fleet of 300 connections from a local emulator; no account is needed.",
    "doctor": "Check credentials, permissions, clock and regions; estimate how long a fetch takes.",
    "plan": "Estimate how many calls a fetch makes and how long it takes; only lists are read.",
    "fetch": "Read the VPN fleet of one or several accounts into an inventory folder.",
    "load": "Read saved API responses, in JSON or XML, into an inventory folder.",
    "redact": "Copy saved API responses without pre-shared keys, so that the copies are safe.",
    "show": "Print a table of an inventory, or some of its rows and columns.",
    "stats": "Print the size of a fleet, and how many tunnels use each algorithm and lifetime.",
    "overlaps": "List overlapping subnets of the fleet, the worst first, and explain each overlap.",
    "conflicts": "List the subnets in use that overlap the subnets of a new site, with a severity.",
    "free": "Find free subnets, which overlap no known block; the smallest gaps are used first.",
    "trace": "Find the tunnel that a packet from the cloud takes, its standby, and the reason.",
    "audit": "Check a fleet against security rules and standards; accepted findings are marked.",
    "compare": "Compare tunnels with the configuration of their peer; predict the result of IKE.",
    "snapshots": "List the snapshots of an inventory folder.",
    "verify": "Check every file of an inventory folder against its checksum.",
    "prune": "Remove old snapshots; the newest and the newest complete one always stay.",
    "schema": "List all tables, or describe the columns of one table.",
    "emulator": "Run a local emulator of Alibaba Cloud's VPN API, with a made-up fleet.",
}


class _LazyCommands(TyperGroup):
    """Command group that imports only the command to run, because importing all of them is slow."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args[0] in COMMANDS:
            self.commands[args[0]] = load_command(args[0])
        return super().resolve_command(ctx, args)


class _Command(TyperCommand):
    """Command whose argument ``folder`` can be omitted, even if other arguments follow it."""

    is_after_folder: Callable[[str], bool]  # whether a string is an argument after the folder

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        given = self.make_parser(ctx).parse_args(list(args))[0]
        first = given.get("folder")
        arguments = [one for one in self.params if one.param_type_name == "argument"]
        is_one_missing = any(one.required and not given[one.name] for one in arguments)
        if first is None or not (is_one_missing or self.is_after_folder(first)):
            return super().parse_args(ctx, args)
        position = self.params.index(arguments[0])
        folder = self.params.pop(position)
        try:
            rest = super().parse_args(ctx, args)
        finally:
            self.params.insert(position, folder)  # error messages show it
        folder.handle_parse_result(ctx, {}, [])  # takes the default
        return rest


def load_command(name: str) -> Any:
    """Import a command, and give each option an environment variable such as VPNFRAME_FORMAT."""
    try:
        module = import_module(f"vpnframe.cli.{name}")
    except KeyboardInterrupt:
        warn("stopped before anything was done")
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    app = typer.Typer(add_completion=False)
    app.command(name, cls=_Command)(_expanded(module.run))
    command: Any = get_command(app)
    command.is_after_folder = getattr(module, "is_after_folder", lambda _: False)
    prefix = "VPNFRAME_EMULATOR_" if name == "emulator" else "VPNFRAME_"
    for param in command.params:
        if param.param_type_name == "option":
            longest = max(param.opts, key=len)
            own = prefix + longest.removeprefix("--").replace("-", "_").upper()
            param.envvar = [own, param.envvar] if param.envvar else own
            param.show_envvar = False  # the epilog explains all of them
            command.epilog = (
                f"Each option can also be set by an environment variable: {prefix} and the name of "
                f"the option, such as {own}."
            )
    return command


def _expanded(run: Callable[..., int | None]) -> Callable[..., None]:
    """Wrap ``run`` so that each field of its option dataclasses is a separate parameter.

    If ``run`` returns a nonzero exit code, the wrapper exits with this code.
    """
    groups: dict[str, Any] = {}
    parameters: list[inspect.Parameter] = []
    for name, one in inspect.signature(run, eval_str=True).parameters.items():
        if is_dataclass(one.annotation):
            groups[name] = one.annotation
            parameters += inspect.signature(groups[name], eval_str=True).parameters.values()
        else:
            parameters.append(one)

    def called(**values: Any) -> None:
        for name, group in groups.items():
            values[name] = group(**{field.name: values.pop(field.name) for field in fields(group)})
        if code := run(**values):
            raise typer.Exit(code)

    called.__doc__ = run.__doc__
    called.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return called


app = typer.Typer(
    name="vpnframe",
    cls=_LazyCommands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # a pretty traceback shows local values, such as keys
    help=(
        "Read IPsec VPN fleets on Alibaba Cloud into tables, and analyse them.\n\n"
        "Start with `vpnframe demo`, which reads a made-up fleet from a local emulator. If you "
        "have an account, run `vpnframe doctor` and `vpnframe fetch`, then `vpnframe stats`, "
        "`vpnframe overlaps` and `vpnframe show tunnels`. The commands write and read the folder "
        "`inventory`, unless you name another folder."
    ),
    epilog="Exit codes: 0 done, 1 error, 2 wrong usage, 3 a collision or a finding for a --fail-on "
    "option, 4 the fleet was not read completely.",
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
            "--version",
            callback=_show_version,
            is_eager=True,
            help="Print the version of vpnframe, and exit.",
        ),
    ] = False,
    config: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            envvar="VPNFRAME_CONFIG",
            help="Settings file with defaults of options; by default vpnframe.toml, if it exists.",
        ),
    ] = None,
) -> None:
    pass


def main() -> None:
    """Run the command line, and exit with its exit code."""
    with Streams() as streams:
        code = streams.flush(_run())
    sys.exit(code)


def _run() -> int:
    """Run the command and return its exit code; print an error as one line, without traceback."""
    for number, text in enumerate(sys.argv[1:], 1):
        # An empty argument would mean the working folder, or a name that nothing has.
        if not text.strip() or (text.startswith("--") and text.endswith("=")):
            warn(f"argument {number} is empty: is a variable unset?")
            return ExitCode.USAGE
    try:
        app()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except VpnframeError as error:
        warn(str(error))
        if isinstance(error, SettingsFileError):
            return ExitCode.USAGE
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        pass  # the reader stopped reading
    except OSError as error:
        warn(describe(error))
    return ExitCode.ERROR
