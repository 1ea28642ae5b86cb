"""Read CSV files as spreadsheets and IPAMs write them, with one cell per column in each row.

Rows of another length are never shifted: missing cells at the end are empty, surplus empty cells
are dropped, and anything else raises an error.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

_SEPARATORS = ",;\t|"


@dataclass(frozen=True, slots=True)
class CsvTable:
    """A table, the text of its cells, and the line of the file where each row ends."""

    table: pd.DataFrame
    cells: list[list[str]]
    lines: list[int]


def read_csv_rows(body: bytes, *, find: Callable[[list[str]], int | None]) -> CsvTable:
    """Read a CSV file; ``find`` returns the position of the wanted column in a header."""
    wide = body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text = body.decode("utf-16" if wide else "utf-8-sig", "replace")
    first, _, rest = text.partition("\n")
    told = first.strip().lower().removeprefix("sep=") if first.lower().startswith("sep=") else ""
    text = rest if told else text  # Excel reads the separator from this line
    rows, lines = _rows(text, told or _separator(text, find))
    if not rows:
        raise ValueError("it is empty")
    header = _header(rows[0])
    least, n = (find(header) or 0) + 1, len(header)
    cells = [_fitted(row, least, n, at) for row, at in zip(rows[1:], lines[1:], strict=True)]
    written = io.StringIO()
    csv.writer(written, quoting=csv.QUOTE_ALL).writerows([header, *cells])
    written.seek(0)
    table = pd.read_csv(written, index_col=False, skip_blank_lines=False)
    return CsvTable(table, cells, [at + bool(told) for at in lines[1:]])


def _rows(text: str, separator: str) -> tuple[list[list[str]], list[int]]:
    """Return the rows that are not empty, and the line where each ends."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        found = [(row, reader.line_num) for row in reader if any(map(str.strip, row))]
    except csv.Error as error:
        raise ValueError(f"line {reader.line_num}: {error}") from None
    return [row for row, _ in found], [line for _, line in found]


def _separator(text: str, find: Callable[[list[str]], int | None]) -> str:
    """Return the separator whose header has the wanted column, else that with most columns."""
    header = next((line for line in text.splitlines() if line.strip(" ,;\t|")), "")
    split = {sign: next(csv.reader([header], delimiter=sign), []) for sign in _SEPARATORS}
    known = [sign for sign, names in split.items() if find(names) is not None]
    return known[0] if known else max(split, key=lambda sign: len(split[sign]))


def _header(names: list[str]) -> list[str]:
    """Return the column names, without unnamed columns at the end."""
    names = [name.strip() for name in names]
    while names and not names[-1]:
        names.pop()
    for name in names:
        if name and names.count(name) > 1:
            raise ValueError(f"two columns are named {name}")
    return names


def _fitted(row: list[str], least: int, n: int, line: int) -> list[str]:
    """Pad or cut a row to ``n`` cells; raise an error if it does not fit."""
    if len(row) < least or any(map(str.strip, row[n:])):
        raise ValueError(
            f"line {line} has {len(row)} cell{'' if len(row) == 1 else 's'} and the header {n}: "
            "put quotation marks around a cell that holds the separator"
        )
    return [*row[:n], *[""] * (n - len(row))]
