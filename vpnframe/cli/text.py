"""Format tables and findings as text for a terminal, and tables as Markdown."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

import pandas as pd
from rich.cells import cell_len, set_cell_size

from vpnframe.model.display import printable

_GAP = "  "
_LONGEST = 40  # largest width of a cell in a table that is too wide
_NARROWEST, _NARROWEST_ENTRY = 12, 8  # smallest width of a column that is cut
_SENTENCE = 100  # width of a note if the terminal width is unknown
# Characters that in Markdown end a cell, or begin a link, an image or code.
_MARKS = str.maketrans({mark: f"\\{mark}" for mark in "\\|[]`"})


@dataclass(frozen=True, slots=True)
class FindingText:
    """The parts of a finding that is printed as text: heading, table rows and note."""

    heading: str  # one line
    rows: Sequence[Sequence[str]]  # cells, aligned with those of all other findings
    note: str = ""  # text below the rows, wrapped


def as_text(table: pd.DataFrame, *, width: int | None) -> str:
    """Format a table as text with aligned columns, which fit into ``width`` if possible."""
    if table.empty:
        return "no rows\n"
    is_empty = table.isna().all()
    names, empty = list(table.columns[~is_empty]), list(table.columns[is_empty])
    columns = [[name, *map(_cell, table[name].astype("object"))] for name in names]
    if width is not None and sum(_widths(columns)) + len(_GAP) * (len(columns) - 1) > width:
        columns = [[cut(cell, _LONGEST) for cell in column] for column in columns]
    narrowest = [max(_NARROWEST, len(name)) for name in names]
    widths = _shown_widths(_widths(columns), width, narrowest)
    numeric = [pd.api.types.is_numeric_dtype(table[name].dtype) for name in names]
    shown = [_padded(*one) for one in zip(columns, widths, numeric, strict=False)]
    lines = [_GAP.join(cells) for cells in zip(*shown, strict=True)]
    for label, others in (("no room for ", names[len(widths) :]), ("empty: ", empty)):
        if others:
            more = f" and {len(others) - 6} more" if len(others) > 6 else ""
            lines.append(f"({label}{', '.join(others[:6])}{more})")
    return "".join(f"{line.rstrip()}\n" for line in lines)


def as_entries(entries: Sequence[FindingText], *, width: int | None) -> str:
    """Format findings as text, one below the other."""
    rows = [[*map(printable, row)] for entry in entries for row in entry.rows]
    columns = list(zip(*rows, strict=True))
    room = None if width is None else width - len(_GAP)
    widths = _shown_widths(_widths(columns), room, [_NARROWEST_ENTRY] * len(columns))
    shown = [_padded(*one, is_number=False) for one in zip(columns, widths, strict=False)]
    lines = iter([_GAP + _GAP.join(cells) for cells in zip(*shown, strict=True)])
    blocks = []
    for entry in entries:
        block = [entry.heading, *(next(lines) for _ in entry.rows)]
        block += textwrap.wrap(
            printable(entry.note),
            width=width or _SENTENCE,
            initial_indent=_GAP,
            subsequent_indent=_GAP,
            break_on_hyphens=False,
            break_long_words=False,
        )
        blocks.append("".join(f"{line.rstrip()}\n" for line in block))
    return "\n".join(blocks)


def as_markdown(table: pd.DataFrame) -> str:
    """Format a table as Markdown."""
    header = [str(name) for name in table.columns]
    # Escaped, so that a cell is neither a tag, a link nor an image.
    columns = [
        [escape(_cell(value), quote=False).translate(_MARKS) for value in values]
        for _, values in table.astype("object").items()
    ]
    lines = [header, ["---"] * len(header), *zip(*columns, strict=True)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def cut(text: str, width: int) -> str:
    """Truncate a string so that it takes at most ``width`` terminal columns."""
    return text if cell_len(text) <= width else f"{set_cell_size(text, width - 1)}…"


def _cell(value: object) -> str:
    if isinstance(value, str):
        text = value
    elif isinstance(value, pd.Timestamp):
        text = value.strftime("%Y-%m-%d %H:%M")
    elif pd.api.types.is_list_like(value):
        text = ", ".join(map(str, value))  # type: ignore[call-overload]
    elif pd.isna(value):
        text = ""
    else:
        text = f"{value:.3f}" if isinstance(value, float) else str(value)
    return printable(text)


def _widths(columns: Iterable[Sequence[str]]) -> list[int]:
    return [max(map(cell_len, column)) for column in columns]


def _shown_widths(widths: Sequence[int], width: int | None, narrowest: Sequence[int]) -> list[int]:
    """Return the widths of the columns that fit into ``width``; the last can be narrowed."""
    if width is None:
        return list(widths)
    shown: list[int] = []
    for wide, least in zip(widths, narrowest, strict=True):
        if shown and width < min(wide, least):
            break
        shown.append(min(wide, width) if shown else wide)
        width -= shown[-1] + len(_GAP)
    return shown


def _padded(column: Iterable[str], width: int, is_number: bool) -> list[str]:
    """Truncate or pad the cells of a column to ``width``; numbers are aligned on the right."""
    cells = [cut(cell, width) for cell in column]
    if is_number:
        return [" " * (width - cell_len(cell)) + cell for cell in cells]
    return [set_cell_size(cell, width) for cell in cells]
