"""Make a command of a module: import it, expand its groups of options, name their variables."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from vpnframe.cli.exit_codes import ExitCode
from vpnframe.cli.streams import warn

# The first sentence of each command's help, which is shown without an import of the command.
COMMANDS = {
    "demo": "Read a made-up fleet of 300 connections from a local emulator; no account is needed.",
    "doctor": "Check credentials, permissions, clock and regions, and estimate a fetch's duration.",
    "plan": "Count the calls that a fetch makes and estimate its duration, from the lists alone.",
    "fetch": "Read the fleet of an account, or of several, into an inventory folder.",
    "load": "Read saved answers, JSON or XML, into an inventory folder.",
    "redact": "Copy saved answers without their keys, so that they are safe to keep.",
    "show": "Print a table of an inventory, whole or in part.",
    "stats": "Count a fleet: its size, the algorithms in use, the lifetimes.",
    "overlaps": "Find overlapping subnets of the fleet, worst first, and what each overlap means.",
    "conflicts": "Find what a new site's subnets would collide with, and how badly.",
    "free": "Find subnets that collide with nothing known, the tightest fit first.",
    "trace": "Find which tunnel takes a packet from the cloud, which one is its standby, and why.",
    "audit": "Review a fleet by all rules and by standards, with accepted findings marked.",
    "compare": "Compare tunnels with their other end's configuration, and predict what IKE does.",
    "schema": "List the tables, or describe the columns of one.",
    "emulator": "Run a local Alibaba Cloud VPN endpoint with a made-up fleet.",
}


class LazyCommands(TyperGroup):
    """A group that imports a command when it runs: pandas alone takes longer than all help."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Replace the placeholder of the command to run."""
        if args[0] in COMMANDS:
            self.commands[args[0]] = load_command(args[0])
        return super().resolve_command(ctx, args)


def load_command(name: str) -> Any:
    """Import a command; each option gets a variable, VPNFRAME_ and its name."""
    try:
        module = import_module(f"vpnframe.cli.{name}")
    except KeyboardInterrupt:
        warn("stopped before anything was done")
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    app = typer.Typer(add_completion=False)
    app.command(name)(expanded(module.run))
    command: Any = get_command(app)
    prefix = "VPNFRAME_EMULATOR_" if name == "emulator" else "VPNFRAME_"
    for param in command.params:
        if param.param_type_name == "option":
            longest = max(param.opts, key=len)
            param.envvar = prefix + longest.removeprefix("--").replace("-", "_").upper()
    return command


def expanded(run: Callable[..., None]) -> Callable[..., None]:
    """Replace each parameter that is a dataclass of options by its fields."""
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
        run(**values)

    called.__doc__ = run.__doc__
    called.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return called
