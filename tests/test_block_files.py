"""Blocks in files: text and tables."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from vpnframe.errors import AddressError, SettingsError
from vpnframe.overlapping import read_blocks


def test_text_has_blocks_in_lines_with_remarks(tmp_path: Path):
    """Blank lines, commas, a byte order mark and remarks are no trouble."""
    path = tmp_path / "avoid.txt"
    text = "\ufeff# the lab\n10.0.0.0/24, 10.0.9.0/24\n\n  fd00::/8  # later\n"
    path.write_text(text, encoding="utf-8")
    assert read_blocks(path)["cidr"].tolist() == ["10.0.0.0/24", "10.0.9.0/24", "fd00::/8"]


def test_a_bad_line_is_named(tmp_path: Path):
    """With its number, the text and the reason."""
    path = tmp_path / "avoid.txt"
    path.write_text("10.0.0.0/24\n\n10.0.1.0/24, 10.0.0.1/24\n")
    with pytest.raises(
        AddressError, match=r"avoid.txt, line 3: '10.0.0.1/24'.*host bits"
    ) as caught:
        read_blocks(path)
    assert caught.value.value == "10.0.0.1/24"


def test_tables_are_read_whole(tmp_path: Path):
    """CSV and Parquet, by the file's ending."""
    table = pd.DataFrame({"cidr": ["10.0.0.0/24"], "site": ["lima"]})
    table.to_csv(tmp_path / "a.csv", index=False)
    table.to_parquet(tmp_path / "a.PARQUET")
    for name in ("a.csv", "a.PARQUET"):
        assert read_blocks(tmp_path / name).to_dict("list") == table.to_dict("list")


@pytest.mark.parametrize(
    ("name", "content"),
    [("none.txt", None), ("none.csv", None), ("none.parquet", None), ("a.parquet", b"x"),
     ("a.csv", b""), ("a.csv", b'a,b\n"1'), ("a.txt", b"\xff\xfe")],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str, content: bytes | None):
    """Missing or damaged, of every kind."""
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SettingsError, match=rf"{name} cannot be read: [\w']+"):
        read_blocks(path)
