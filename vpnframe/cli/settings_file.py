"""Read ``vpnframe.toml``: defaults of options, and the audit's disabled rules and severities."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from vpnframe.cli.exit_codes import SettingsFileError
from vpnframe.cli.options import option
from vpnframe.errors import SettingsError
from vpnframe.model.toml_tables import Form, is_list_of_texts, is_text, problems_of, read_toml

FILE_NAME = "vpnframe.toml"
_SEVERITIES = ("critical", "high", "medium", "low", "info")
# Keys with other names than the parameters of commands to which they give a default.
_PARAMETERS = {"inventory": ("folder", "out"), "profiles": ("profile",)}
_PATHS = ("inventory", "accounts", "topology", "nat", "waivers")
_RULE = {"rule": (is_text, "a rule's id"), "reason": (is_text, "a line of text")}


def _is_share(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= 1


_ABOVE = "; keys for the whole file come before the first [[table]]"
_TABLES = (
    Form("disable", _RULE, required=("rule", "reason"), hint=_ABOVE),
    Form(
        "severity",
        _RULE | {"severity": (_SEVERITIES.__contains__, f"one of {', '.join(_SEVERITIES)}")},
        required=("rule", "severity", "reason"),
        hint=_ABOVE,
    ),
)
_FORM = Form(
    FILE_NAME,
    {
        **dict.fromkeys(_PATHS, (is_text, "a path as text")),
        "owner_tag": (is_text, "the name of a tag"),
        "profiles": (is_list_of_texts, "a list of names or of CSV files"),
        "quota_share": (_is_share, "a number above 0 and at most 1"),
        **{
            form.name: (lambda tables: isinstance(tables, list), f"[[{form.name}]] tables")
            for form in _TABLES
        },
    },
    hint="; secrets do not belong here",
)


@dataclass(frozen=True, kw_only=True)
class SettingsFile:
    """The content of a settings file."""

    defaults: Mapping[str, Any]  # parameters of commands and their defaults
    disabled: Mapping[str, str]  # ids of rules that the audit leaves out, and the reasons
    severities: Mapping[str, tuple[str, str]]  # ids of rules, their severities and the reasons


def read_settings_file(path: Path) -> SettingsFile:
    """Read and check a settings file; relative paths in it are relative to its folder."""
    try:
        tree = read_toml(path, "write keys, [[disable]] and [[severity]] tables only")
    except SettingsError as error:
        raise SettingsFileError(str(error)) from None
    for problem in _problems(tree):
        raise SettingsFileError(f"{path}{problem}")
    disabled, severities = (tree.pop(form.name, ()) for form in _TABLES)
    for key in tree.keys() & set(_PATHS):
        tree[key] = _beside(path, tree[key])
    if "profiles" in tree:
        tree["profiles"] = [_profile(path, name) for name in tree["profiles"]]
    return SettingsFile(
        defaults={name: tree[key] for key in tree for name in _PARAMETERS.get(key, (key,))},
        disabled={one["rule"]: one["reason"] for one in disabled},
        severities={one["rule"]: (one["severity"], one["reason"]) for one in severities},
    )


def _problems(tree: Mapping[str, Any]) -> Iterator[str]:
    """Yield each problem of a file, after the table that it is in."""
    for problem in problems_of(tree, _FORM):
        yield f": {problem}"
    rules: list[str] = []
    for form in _TABLES:
        for number, table in enumerate(tree.get(form.name, ()), 1):
            for problem in problems_of(table, form):
                yield f", {form.name} {number}: {problem}"
            if table["rule"] in rules:
                yield f", {form.name} {number}: an earlier table also names {table['rule']}"
            rules.append(table["rule"])


def _beside(path: Path, text: str) -> str:
    # Path.expanduser would raise for a user that does not exist.
    return str(path.parent / os.path.expanduser(text))  # noqa: PTH111


def _profile(path: Path, name: str) -> str:
    """Return the name of a standard unchanged, or the path of a CSV file, relative to ``path``."""
    return _beside(path, name) if name.endswith(".csv") or os.sep in name else name


def _use(context: typer.Context, path: Path | None) -> Path | None:
    """Take the defaults of a command's options from a settings file; return the file's path."""
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
        f"Take defaults from this file. Default: {FILE_NAME}, if it exists.",
        callback=_use,
        is_eager=True,  # before the options that have their defaults from it
    ),
]
