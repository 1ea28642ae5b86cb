"""TOML files of the user's, checked key by key."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated

import pytest
from msgspec import Meta

from vpnframe.errors import SettingsError
from vpnframe.model.toml_tables import Form, read_toml_tables


@dataclass
class Site:
    """One table of the file."""

    name: str
    members: tuple[str, ...]
    until: date | None = None
    share: Annotated[float, Meta(gt=0, le=1)] | None = None


FORM = Form(
    "site",
    Site,
    {"members": "a list of ids", "until": "a date", "share": "a number above 0 and at most 1"},
    hint="; no more",
)


def put(folder: Path, text: str) -> Path:
    path = folder / "sites.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_tables_come_in_the_order_of_the_file(tmp_path: Path) -> None:
    """With a byte order mark in front, as some editors write it, and comments between."""
    text = '\ufeff[[site]]\nname = "b"\nmembers = ["x"]\n'
    text += '# then\n[[site]]\nname = "a"\nmembers = []\n'
    assert read_toml_tables(put(tmp_path, text), FORM) == [
        Site("b", ("x",)),
        Site("a", ()),
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "has no site: write a table [[site]] for each"),
        ("site = []", "has no site"),
        ("[site]\nname = 'a'", "has no site"),
        ("color = 1", "unknown key 'color': write [[site]] tables only"),
        ("[[site", "is not TOML"),
        ("site = [3]", "site 1: is not a table: write [[site]]"),
        ("[[site]]\nmembers = []", "site 1: name is missing"),
        ("[[site]]\nname = 'a'", "site 'a': members is missing"),
        (
            "[[site]]\nname = ' '\nmembers = []",
            "site ' ': name must be a non-blank string of one line",
        ),
        ("[[site]]\nname = 3\nmembers = []", "site 1: name must be a non-blank string of one line"),
        (
            '[[site]]\nname = "a\\u0007"\nmembers = []',
            "name must be a non-blank string of one line",
        ),
        ("[[site]]\nname = 'a'\nmembers = 'x'", "site 'a': members must be a list of ids"),
        ("[[site]]\nname = 'a'\nmembers = [1]", "site 'a': members must be a list of ids"),
        ("[[site]]\nname = 'a'\nmembers = [' ']", "site 'a': members must be a list of ids"),
        ("[[site]]\nname = 'a'\nmembers = []\nuntil = 2026-01-01T00:00:00", "until must be a date"),
        ("[[site]]\nname = 'a'\nmembers = []\nuntil = '2026-01-01'", "until must be a date"),
        *(
            (f"[[site]]\nname = 'a'\nmembers = []\nshare = {share}", "share must be a number")
            for share in ("0", "1.5", "nan", "true", "'1'")
        ),
        (
            "[[site]]\nname = 'a'\nmembers = []\ncolor = 1",
            "site 'a': unknown key 'color': the keys are name, members, until, share; no more",
        ),
    ],
)
def test_a_mistake_is_named_with_its_place(tmp_path: Path, text: str, problem: str) -> None:
    """File, table and key: whoever wrote it finds it."""
    with pytest.raises(SettingsError, match=r"sites\.toml") as caught:
        read_toml_tables(put(tmp_path, text), FORM)
    assert problem in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """With what the system says."""
    with pytest.raises(SettingsError, match=r"none\.toml cannot be read: No such file"):
        read_toml_tables(tmp_path / "none.toml", FORM)


def test_bytes_that_are_no_text_are_a_mistake_of_the_file(tmp_path: Path) -> None:
    """Not a decoding error of ours."""
    path = tmp_path / "sites.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match="is not TOML"):
        read_toml_tables(path, FORM)


@pytest.mark.parametrize(
    "text",
    [
        "a = " + "[" * 5000 + "]" * 5000,
        "[[site]]\na = " + "{b = " * 5000 + "1" + "}" * 5000,
        "[[site]]\n" + ".".join(["a"] * 50_000) + " = 1",
        "[" + ". ".join(["'a'"] * 50_000) + "]",
    ],
    ids=["lists", "tables", "key", "header"],
)
def test_what_is_nested_too_deeply_is_said_at_once(tmp_path: Path, text: str) -> None:
    """The library would take minutes, or as many frames as there are levels."""
    with pytest.raises(SettingsError, match=r"sites\.toml is nested too deeply"):
        read_toml_tables(put(tmp_path, text), FORM)


def test_a_long_list_of_dotted_texts_is_not_nested(tmp_path: Path) -> None:
    """Addresses have dots, too, and a sentence has."""
    addresses = ", ".join(f"'10.0.{n}.0/24'" for n in range(200))
    text = f'[[site]]\nname = "{"A sentence of words. " * 200}"\nmembers = [{addresses}]'
    (table,) = read_toml_tables(put(tmp_path, text), FORM)
    assert len(table.members) == 200


def test_a_file_that_is_too_long_is_not_read(tmp_path: Path) -> None:
    """Nobody writes a MiB of it."""
    with pytest.raises(SettingsError, match=r"cannot be read: the size limit of 1 MiB is exceeded"):
        read_toml_tables(put(tmp_path, "#" * (2**20 + 1)), FORM)
