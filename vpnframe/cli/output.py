"""Write tables to standard output or a file, as text, CSV, JSON lines, Parquet or Markdown."""

from __future__ import annotations

import io
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import typer

from vpnframe.cli.options import option
from vpnframe.cli.streams import note
from vpnframe.cli.text import as_markdown, as_text
from vpnframe.errors import InventoryError
from vpnframe.model.display import json_text, printable
from vpnframe.model.files import replace_file

Format = Literal["table", "csv", "jsonl", "parquet", "markdown"]
OutputOption = Annotated[
    Path | None, option("FILE", "Write to this file instead of standard output.", "--output", "-o")
]
# Characters that begin a formula in a spreadsheet; the last four are full-width forms (East Asia).
_FORMULAS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")


@dataclass(frozen=True, kw_only=True)
class TableOptions:
    """Options for the format and the destination of the tables that a command prints."""

    style: Annotated[Format, typer.Option("--format", "-f", help="Format of the output.")] = "table"
    output: OutputOption = None

    def print(
        self,
        table: pd.DataFrame,
        *,
        brief: Sequence[str] | None = None,
        text: Callable[[int | None], str] | None = None,
        limit: int | None = None,
        is_private: bool = False,
    ) -> None:
        """Print a table, or write it to a file; report how many rows ``limit`` leaves out.

        Two parameters count only in the format ``table``: ``brief`` names the columns to print, and
        ``text`` is a function that returns, for the width of the terminal, what is printed instead
        of the table.
        """
        refuse_binary(self.style, self.output)
        shown = table if limit is None else table.head(limit)
        width = terminal_width(self.output)
        if self.style != "table":
            body = encode_table(shown, self.style)
        elif text is not None:
            body = text(width).encode()
        else:
            body = as_text(shown if brief is None else shown[list(brief)], width=width).encode()
        put(body, self.output, is_private=is_private)
        if len(shown) < len(table):
            note(f"{len(table) - len(shown):,} more rows are left out: raise --limit to see them")


def refuse_binary(style: str, output: Path | None) -> None:
    """Raise BadParameter if Parquet, which is binary, would be printed on a terminal."""
    if style == "parquet" and output is None and sys.stdout.isatty():
        raise typer.BadParameter(
            "Parquet is binary, so it is not printed on a terminal: use --output FILE, or a pipe"
        )


def terminal_width(output: Path | None = None) -> int | None:
    """Return the width of the terminal, or None if the output is a file or a pipe."""
    if output is not None or not sys.stdout.isatty():
        return None
    return shutil.get_terminal_size().columns


def put(body: bytes, output: Path | None, *, is_private: bool = False) -> None:
    """Write bytes to the file ``output``, or to standard output if ``output`` is None.

    An old file stays unchanged until the new file is complete. A private file has mode 0600.
    """
    if output is None:
        sys.stdout.flush()
        sys.stdout.buffer.write(body)
        sys.stdout.buffer.flush()
        return
    try:
        replace_file(output, body, mode=0o600 if is_private else None)
    except OSError as error:
        raise InventoryError(f"{output} cannot be written: {error.strerror}") from None


def encode_table(table: pd.DataFrame, style: str) -> bytes:
    """Encode a table as bytes in the format ``style``, such as csv."""
    if style == "parquet":
        buffer = io.BytesIO()
        # Without pandas' metadata, which other readers, and pandas itself, cannot read.
        plain = pa.Table.from_pandas(table, preserve_index=False).replace_schema_metadata(None)
        pq.write_table(plain, buffer)
        return buffer.getvalue()
    if style == "jsonl":
        columns = {str(name): _plain(table[name]) for name in table.columns}
        rows = (dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True))
        text = "".join(f"{json_text(row)}\n" for row in rows)
    elif style == "csv":
        text = str(without_formulas(table).to_csv(index=False, lineterminator="\n"))
    elif style == "markdown":
        text = as_markdown(table)
    else:
        text = as_text(table, width=None)
    return text.encode()


def without_formulas(table: pd.DataFrame) -> pd.DataFrame:
    """Put an apostrophe before spreadsheet formulas, as OWASP recommends; join lists by commas."""
    return table.assign(**{str(name): _safe(table[name]) for name in table.columns})


def _safe(values: pd.Series) -> pd.Series:
    if isinstance(values.dtype, pd.ArrowDtype):
        values = values.astype("object").map(",".join, na_action="ignore")
    elif isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype("str")
    elif not pd.api.types.is_string_dtype(values.dtype) and values.dtype != object:
        return values
    return values.map(_safe_text, na_action="ignore")


def _safe_text(value: object) -> object:
    if not isinstance(value, str):
        return value
    text = printable(value)
    # Some programs skip leading blanks, and leading characters that they cannot show.
    return f"'{text}" if text.lstrip(" \ufffd").startswith(_FORMULAS) else text


def _plain(values: pd.Series) -> list[Any]:
    """Convert values to JSON types: missing values to null, and times to strings in ISO 8601."""

    def plain(value: Any) -> Any:
        if isinstance(value, pd.Timestamp):
            return value.isoformat()
        if pd.api.types.is_list_like(value):
            return list(value)
        return None if pd.isna(value) else value

    return list(map(plain, values.astype("object")))
