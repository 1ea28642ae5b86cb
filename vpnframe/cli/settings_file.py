"""Read ``vpnframe.toml``, which sets option defaults and disables rules or sets their severity."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import msgspec
import typer

from vpnframe.cli.exit_codes import SettingsFileError
from vpnframe.cli.options import option
from vpnframe.errors import SettingsError
from vpnframe.model.toml_tables import Form, read_toml

T = TypeVar("T")
FILE_NAME = "vpnframe.toml"
_PATHS = ("inventory", "accounts", "topology", "nat", "waivers")
# Keys with other names than the parameters of commands to which they give a default.
_PARAMETERS = {"inventory": ("folder", "out"), "profiles": ("profile",)}
_Table = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class _Keys:
    """The keys that are allowed in a settings file."""

    inventory: str | None = None
    accounts: str | None = None
    quota_share: Annotated[float, msgspec.Meta(gt=0, le=1)] | None = None
    owner_tag: str | None = None
    topology: str | None = None
    nat: str | None = None
    profiles: tuple[str, ...] | None = None
    waivers: str | None = None
    disable: tuple[_Table, ...] = ()
    severity: tuple[_Table, ...] = ()


@dataclass(frozen=True, kw_only=True)
class _Rule:
    """A rule that the settings file disables or changes, and the reason."""

    rule: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class _Severity(_Rule):
    """A rule to which the settings file gives another severity."""

    severity: Literal["critical", "high", "medium", "low", "info"]


_ABOVE = "; keys for the whole file come before the first [[table]]"
_FILE = Form(
    FILE_NAME,
    _Keys,
    {
        **dict.fromkeys(_PATHS, "a path as text"),
        "quota_share": "a number above 0 and at most 1",
        "owner_tag": "the name of a tag",
        "profiles": "a list of names or of CSV files",
        "disable": "[[disable]] tables",
        "severity": "[[severity]] tables",
    },
    hint="; secrets do not belong here",
)
_DISABLE = Form("disable", _Rule, hint=_ABOVE)
_SEVERITY = Form(
    "severity", _Severity, {"severity": "critical, high, medium, low or info"}, hint=_ABOVE
)


@dataclass(frozen=True, kw_only=True)
class SettingsFile:
    """The content of a settings file, checked and converted."""

    defaults: Mapping[str, Any]  # parameters of commands and their defaults
    disabled: Mapping[str, str]  # ids of rules that the audit leaves out, and the reasons
    severities: Mapping[str, tuple[str, str]]  # ids of rules, their severities and the reasons


def read_settings_file(path: Path) -> SettingsFile:
    """Read and check a settings file; a relative path in the file starts at the file's folder."""
    try:
        tree = read_toml(path, "write keys, [[disable]] and [[severity]] tables only")
    except SettingsError as error:
        raise SettingsFileError(str(error)) from None
    keys = _converted(_FILE, tree, str(path))
    disabled = _tables(_DISABLE, keys.disable, path)
    severities = _tables(_SEVERITY, keys.severity, path)
    rules = [one.rule for one in (*disabled, *severities)]
    for rule in rules:
        if rules.count(rule) > 1:
            raise SettingsFileError(
                f"{path}: two tables are about {rule}: remove one of these tables"
            )
    given = {key: value for key, value in tree.items() if key not in ("disable", "severity")}
    for key in given.keys() & set(_PATHS):
        given[key] = _beside(path, given[key])
    if "profiles" in given:
        given["profiles"] = [
            _beside(path, name) if name.endswith(".csv") or os.sep in name else name
            for name in given["profiles"]  # names of standards stay as they are
        ]
    return SettingsFile(
        defaults={name: given[key] for key in given for name in _PARAMETERS.get(key, (key,))},
        disabled={one.rule: one.reason for one in disabled},
        severities={one.rule: (one.severity, one.reason) for one in severities},
    )


def _tables(form: Form[T], tables: tuple[_Table, ...], path: Path) -> list[T]:
    return [
        _converted(form, table, f"{path}, {form.name} {number}")
        for number, table in enumerate(tables, 1)
    ]


def _converted(form: Form[T], table: _Table, place: str) -> T:
    try:
        return form.convert(table)
    except SettingsError as error:
        raise SettingsFileError(f"{place}: {error}") from None


def _beside(path: Path, text: str) -> str:
    # Path.expanduser would raise for a user that does not exist.
    return str(path.parent / os.path.expanduser(text))  # noqa: PTH111


def _use(context: typer.Context, path: Path | None) -> Path | None:
    """Make the values in a settings file the defaults of a command; return the path of the file."""
    # Before the command, the option is a string: older versions of typer convert it later.
    named = path or context.find_root().params.get("config")
    if named is None and os.path.lexists(FILE_NAME):
        named = FILE_NAME
    if named is None:
        return None
    context.default_map = dict(read_settings_file(Path(named)).defaults)
    return Path(named)


ConfigOption = Annotated[
    Path | None,
    option(
        "FILE",
        f"Settings file with defaults of options; by default {FILE_NAME}, if it exists.",
        callback=_use,
        is_eager=True,  # before the options that have their defaults from it
    ),
]
