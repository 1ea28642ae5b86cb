"""Define options that several commands share, and functions that declare options."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Annotated, Any

import typer


def option(metavar: str, text: str, *names: str, **settings: Any) -> Any:
    """Declare an option that takes a value."""
    return typer.Option(*names, metavar=metavar, help=text, **settings)


def flag(name: str, text: str) -> Any:
    """Declare an option that takes no value."""
    return typer.Option(name, help=text)


DEFAULT_FOLDER = Path("inventory")
INVENTORY_VARIABLE = "VPNFRAME_INVENTORY"
OutOption = Annotated[
    Path, option("DIR", "Write to this inventory folder.", envvar=INVENTORY_VARIABLE)
]
LimitOption = Annotated[
    int | None, option("N", "Print at most N rows, and report how many rows are left out.", min=0)
]
WithKeyFactsOption = Annotated[
    bool,
    flag("--with-key-facts", "Also print facts about pre-shared keys. Keep this output private."),
]


def is_block(text: str) -> bool:
    """Check whether a string is an IP address or a CIDR block."""
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def one_of(choices: Collection[str]) -> Callable[[Any], Any]:
    """Return a callback that rejects a value of an option or argument if not in ``choices``."""

    def check(value: Any) -> Any:
        for one in value if isinstance(value, list) else [value]:
            if one is not None and one not in choices:
                raise typer.BadParameter(f"{one!r} is not one of {', '.join(choices)}")
        return value

    return check
