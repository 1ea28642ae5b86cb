"""Write tables to standard output or a file: table, csv, jsonl, parquet, markdown."""

from __future__ import annotations

import enum
import io
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import typer

from vpnframe.cli.spreadsheet import without_formulas
from vpnframe.cli.text_table import as_markdown, as_text
from vpnframe.errors import InventoryError
from vpnframe.model.display import json_text
from vpnframe.model.files import replace_file


class Format(enum.StrEnum):
    """Output format of a table."""

    TABLE = "table"
    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"
    MARKDOWN = "markdown"


def print_table(
    table: pd.DataFrame,
    style: Format,
    *,
    output: Path | None = None,
    limit: int | None = None,
    is_private: bool = False,
) -> None:
    """Print a table, or write it to ``output``."""
    shown = table if limit is None else table.head(limit)
    if style is Format.PARQUET and output is None and sys.stdout.isatty():
        raise typer.BadParameter("parquet is binary: add --output FILE, or a pipe")
    _put(encode_table(shown, style, _terminal_width(output)), output, is_private=is_private)
    if len(shown) < len(table):
        print(f"{len(table) - len(shown):,} more rows: raise --limit", file=sys.stderr)


def print_text(write: Callable[[int | None], str], *, output: Path | None = None) -> None:
    """Print a text that is formatted for the terminal width, or write it to ``output``."""
    _put(write(_terminal_width(output)).encode(), output)


def _terminal_width(output: Path | None) -> int | None:
    if output is not None or not sys.stdout.isatty():
        return None
    return shutil.get_terminal_size().columns


def _put(body: bytes, output: Path | None, *, is_private: bool = False) -> None:
    if output is None:
        sys.stdout.flush()
        sys.stdout.buffer.write(body)
        sys.stdout.buffer.flush()
    else:
        write_file(output, body, is_private=is_private)


def encode_table(table: pd.DataFrame, style: Format, width: int | None = None) -> bytes:
    """Encode a table in a format."""
    if style is Format.PARQUET:
        buffer = io.BytesIO()
        # Without pandas' metadata, which other readers, and its own, fail on.
        plain = pa.Table.from_pandas(table, preserve_index=False).replace_schema_metadata(None)
        pq.write_table(plain, buffer)
        return buffer.getvalue()
    if style is Format.CSV:
        safe = without_formulas(joined_lists(table))
        return str(safe.to_csv(index=False, lineterminator="\n")).encode()
    if style is Format.JSONL:
        lines = (json_text(row) for row in _plain_rows(table))
        return "".join(f"{line}\n" for line in lines).encode()
    if style is Format.MARKDOWN:
        return as_markdown(table).encode()
    return as_text(table, width=width).encode()


def joined_lists(table: pd.DataFrame) -> pd.DataFrame:
    """Join each list to one text, since spreadsheets have no lists."""
    texts = {
        name: [None if value is None else ",".join(value) for value in _plain(table[name])]
        for name in table.columns
        if isinstance(table[name].dtype, pd.ArrowDtype)
    }
    return table.assign(**texts)


def _plain_rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    columns = {str(name): _plain(table[name]) for name in table.columns}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _plain(values: pd.Series) -> list[Any]:
    """Convert values to JSON types: null for missing values, times in ISO 8601."""
    plain: list[Any] = []
    for value in values.astype("object"):
        if isinstance(value, pd.Timestamp):
            plain.append(value.isoformat())
        elif pd.api.types.is_list_like(value):
            plain.append(list(value))
        else:
            plain.append(None if pd.isna(value) else value)
    return plain


def write_file(output: Path, body: bytes, *, is_private: bool = False) -> None:
    """Write a file; an existing one is replaced once the new one is complete."""
    try:
        replace_file(output, body, mode=0o600 if is_private else None)
    except OSError as error:
        raise InventoryError(f"{output} cannot be written: {error.strerror}") from None
