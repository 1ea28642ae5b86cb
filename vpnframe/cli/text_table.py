"""Format tables as text for a terminal, and as Markdown."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from html import escape

import pandas as pd

from vpnframe.model.display import printable

_GAP = "  "
_LONGEST = 40
_NARROWEST = 12
# Characters that end a cell, or begin a link, an image or code.
_MARKS = str.maketrans({mark: f"\\{mark}" for mark in "\\|[]`"})


def as_text(table: pd.DataFrame, *, width: int | None) -> str:
    """Format a table in aligned columns.

    Examples
    --------
    >>> print(as_text(pd.DataFrame({"value": ["aes"], "n": [12]}), width=None), end="")
    value   n
    aes    12
    """
    if table.empty:
        return "no rows\n"
    empty = [str(name) for name in table.columns if table[name].isna().all()]
    names = [str(name) for name in table.columns if str(name) not in empty]
    cells, widths = _columns(table, names, longest=None)
    if width is not None and _total(widths) > width:
        cells, widths = _columns(table, names, longest=_LONGEST)
    numeric = [pd.api.types.is_numeric_dtype(table[name].dtype) for name in names]
    n_shown = _fitting(widths, width)
    room = 0 if width is None else width - _total(widths[:n_shown]) - len(_GAP)
    if n_shown < len(names) and room >= max(_NARROWEST, len(names[n_shown])):
        # The next column is shown with truncated values.
        cells[n_shown] = [cut(cell, room) for cell in cells[n_shown]]
        widths[n_shown] = room
        n_shown += 1
    rows = [names[:n_shown], *zip(*cells[:n_shown], strict=True)]
    lines = [_line(row, widths[:n_shown], numeric[:n_shown]) for row in rows]
    left_out = names[n_shown:]
    if left_out:
        lines.append(f"(no room for {_few(left_out)})")
    if empty:
        lines.append(f"(empty: {_few(empty)})")
    return "".join(f"{line.rstrip()}\n" for line in lines)


def as_markdown(table: pd.DataFrame) -> str:
    r"""Format a table as Markdown.

    Examples
    --------
    >>> print(as_markdown(pd.DataFrame({"value": ["a|b"]})), end="")
    | value |
    | --- |
    | a\|b |
    """
    header = [str(name) for name in table.columns]
    columns = [
        [_cell(value, longest=None) for value in table[name].astype("object")] for name in header
    ]
    rows = zip(*columns, strict=True)
    lines = [header, ["---"] * len(header), *([_escaped(cell) for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _columns(
    table: pd.DataFrame, names: Sequence[str], *, longest: int | None
) -> tuple[list[list[str]], list[int]]:
    """Return the cells of each column, and the width of each column."""
    cells = [
        [_cell(value, longest=longest) for value in table[name].astype("object")] for name in names
    ]
    return cells, [
        max(map(text_width, [name, *column])) for name, column in zip(names, cells, strict=True)
    ]


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + len(_GAP) * (len(widths) - 1)


def _cell(value: object, *, longest: int | None) -> str:
    if isinstance(value, str):
        text = value
    elif isinstance(value, pd.Timestamp):
        text = value.strftime("%Y-%m-%d %H:%M")
    elif pd.api.types.is_list_like(value):
        text = ", ".join(map(str, value))  # type: ignore[call-overload]
    elif pd.isna(value):
        text = ""
    elif isinstance(value, float):
        text = f"{value:.3f}"
    else:
        text = str(value)
    text = printable(text)
    return text if longest is None else cut(text, longest)


def cut(text: str, width: int) -> str:
    """Truncate a text so that it takes at most ``width`` terminal columns.

    Examples
    --------
    >>> cut("to-seoul-factory", 9)
    'to-seoul…'
    """
    if text_width(text) <= width:
        return text
    while text_width(text) >= width:
        text = text[:-1]
    return f"{text}…"


def _escaped(cell: str) -> str:
    """Escape a cell so that it cannot end the cell, or be a tag, link or image."""
    return escape(cell, quote=False).translate(_MARKS)


def text_width(text: str) -> int:
    """Count the columns that a text takes on a terminal: East Asian characters take two.

    Examples
    --------
    >>> text_width("北京")
    4
    """
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _fitting(widths: Sequence[int], width: int | None) -> int:
    """Return how many columns fit, at least one."""
    if width is None:
        return len(widths)
    fitting = [n for n in range(1, len(widths) + 1) if _total(widths[:n]) <= width]
    return max(fitting, default=1)


def _line(cells: Sequence[str], widths: Sequence[int], numeric: Sequence[bool]) -> str:
    padded = []
    for cell, width, is_number in zip(cells, widths, numeric, strict=True):
        space = " " * (width - text_width(cell))
        padded.append(space + cell if is_number else cell + space)
    return _GAP.join(padded)


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
