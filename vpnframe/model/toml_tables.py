"""Read small TOML files of the user that consist of tables of one name; check every key."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vpnframe.errors import SettingsError
from vpnframe.model.files import MIB, read_file

_MAX_BYTES = 1 * MIB
# A dotted key of more than 50 parts; tomllib takes minutes for a key of 10,000 parts.
_DEEP_KEY = re.compile(r"(?>\.[ \t]*+[^.\s,=\[\]]++[ \t]*+){50}")

Rule = tuple[Callable[[object], bool], str]


@dataclass(frozen=True, slots=True)
class Form:
    """The allowed content of a file: tables of one name."""

    name: str  # of the tables, written in double brackets
    rules: Mapping[str, Rule]  # allowed keys, each with a check and a text on valid values
    required: tuple[str, ...] = ()  # keys that every table must have
    hint: str = ""  # appended to the message on an unknown key


def read_toml_tables(path: str | Path, form: Form) -> list[dict[str, Any]]:
    """Read and check the tables of a file."""
    tables = _tables(Path(path), form.name)
    for number, table in enumerate(tables, 1):
        own = table.get("name") if isinstance(table, dict) else None
        place = f"{path}, {form.name} {repr(own) if isinstance(own, str) else number}"
        for problem in problems_of(table, form):
            raise SettingsError(f"{place}: {problem}")
    return tables


def is_text(value: object) -> bool:
    """Check for a non-blank string of one line."""
    return isinstance(value, str) and bool(value.strip()) and value.isprintable()


def is_list_of_texts(value: object) -> bool:
    """Check for a list of non-blank strings of one line."""
    return isinstance(value, list) and all(map(is_text, value))


def _tables(path: Path, name: str) -> list[Any]:
    try:
        text = read_file(path, limit=_MAX_BYTES).decode("utf-8-sig")
        if _DEEP_KEY.search(text):
            raise RecursionError
        tree = tomllib.loads(text)
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        # The error text names a position in the file and shows one character at most.
        raise SettingsError(f"{path} is not TOML: {error}") from None
    except RecursionError:
        raise SettingsError(f"{path} is nested too deeply: write [[{name}]] tables only") from None
    unknown = sorted(set(tree) - {name})
    if unknown:
        raise SettingsError(f"{path}: unknown key {unknown[0]!r}: write [[{name}]] tables only")
    tables = tree.get(name)
    if not isinstance(tables, list) or not tables:
        raise SettingsError(f"{path} has no {name}: write a table [[{name}]] for each")
    return tables


def problems_of(table: Any, form: Form) -> Iterator[str]:
    """Yield the problems of one table: unknown keys, invalid values, missing keys."""
    if not isinstance(table, dict):
        yield f"is not a table: write [[{form.name}]]"
        return
    for key in sorted(set(table) - set(form.rules)):
        yield f"unknown key {key!r}: the keys are {', '.join(form.rules)}{form.hint}"
    for key, (is_good, wanted) in form.rules.items():
        if key in table and not is_good(table[key]):
            yield f"{key} must be {wanted}"
    for key in form.required:
        if key not in table:
            yield f"{key} is missing"
