"""Read the user's TOML files, in which all tables have the same name, such as ``[[waiver]]``."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec

from vpnframe.errors import SettingsError
from vpnframe.model.files import MIB, read_file

T = TypeVar("T")

_MAX_BYTES = 1 * MIB
# A dotted key of more than 50 parts; tomllib takes minutes for a key of 10,000 parts.
_DEEP_KEY = re.compile(r"(?>\.[ \t]*+[^.\s,=\[\]]++[ \t]*+){50}")
# In msgspec's messages: the name of a missing field, or the path of an invalid one.
_FAULT = re.compile(r"missing required field `(\w+)`|`\$\.(\w+)")


@dataclass(frozen=True, slots=True)
class Form(Generic[T]):
    """The format of a TOML file: the name of its tables, and the dataclass for each table."""

    name: str  # of the tables, written in double brackets
    kind: type[T]  # the dataclass: its fields are the keys, and msgspec checks their types
    valid: Mapping[str, str] = field(default_factory=dict)  # by key, a description of its values
    hint: str = ""  # appended to the message about an unknown key

    def convert(self, table: Mapping[str, Any]) -> T:
        """Convert a table to the dataclass; raise SettingsError for the first invalid key."""
        keys = [one.name for one in fields(self.kind)]  # type: ignore[arg-type]
        for key in sorted(table.keys() - set(keys)):
            raise SettingsError(f"unknown key {key!r}: the keys are {', '.join(keys)}{self.hint}")
        for key, value in table.items():
            items = value if isinstance(value, list | tuple) else [value]
            texts = [one for one in items if isinstance(one, str)]
            if not all(one.strip() and one.isprintable() for one in texts):
                raise self._invalid(key)
        try:
            return msgspec.convert(table, self.kind, builtin_types=(date, datetime, time))
        except msgspec.ValidationError as error:
            fault = _FAULT.search(str(error))
        # Raised here, because the error's message may quote a value.
        if fault is None or fault[1]:
            raise SettingsError(f"{fault[1] if fault else 'a key'} is missing")
        raise self._invalid(fault[2])

    def _invalid(self, key: str) -> SettingsError:
        return SettingsError(
            f"{key} must be {self.valid.get(key, 'a non-blank string of one line')}"
        )


def read_toml_tables(path: str | Path, form: Form[T]) -> list[T]:
    """Read the tables of a file; raise SettingsError for the first problem."""
    found = []
    for number, table in enumerate(_tables(Path(path), form.name), 1):
        own = table.get("name") if isinstance(table, dict) else None
        try:
            if not isinstance(table, dict):
                raise SettingsError(f"is not a table: write [[{form.name}]]")
            found.append(form.convert(table))
        except SettingsError as error:
            place = f"{path}, {form.name} {repr(own) if isinstance(own, str) else number}"
            raise SettingsError(f"{place}: {error}") from None
    return found


def read_toml(path: Path, remedy: str) -> dict[str, Any]:
    """Read a TOML file; if it is nested too deeply, ``remedy`` is part of the error message."""
    try:
        text = read_file(path, limit=_MAX_BYTES).decode("utf-8-sig")
        if _DEEP_KEY.search(text):
            raise RecursionError
        return tomllib.loads(text)
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        # The error text names a position in the file and shows one character at most.
        raise SettingsError(f"{path} is not TOML: {error}") from None
    except RecursionError:
        raise SettingsError(f"{path} is nested too deeply: {remedy}") from None


def _tables(path: Path, name: str) -> list[Any]:
    tree = read_toml(path, f"write [[{name}]] tables only")
    unknown = sorted(set(tree) - {name})
    if unknown:
        raise SettingsError(f"{path}: unknown key {unknown[0]!r}: write [[{name}]] tables only")
    tables = tree.get(name)
    if not isinstance(tables, list) or not tables:
        raise SettingsError(f"{path} has no {name}: write a table [[{name}]] for each {name}")
    return tables
