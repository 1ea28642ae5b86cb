"""Format findings as text for a terminal: a heading, aligned lines, a reason."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from vpnframe.cli.text_table import cut, text_width
from vpnframe.model.display import printable

_INDENT = "  "
_GAP = "  "
_NARROWEST = 8  # minimum width of a truncated cell
_SENTENCE = 100  # columns, without a terminal width


@dataclass(frozen=True, slots=True)
class FindingText:
    """One finding."""

    heading: str  # one line
    rows: Sequence[Sequence[str]]  # cells, aligned with those of all other entries
    note: str = ""  # a sentence below, wrapped


def as_entries(entries: Sequence[FindingText], *, width: int | None) -> str:
    """Format findings, one below the other.

    Examples
    --------
    >>> text = FindingText("high", [["a", "bb"], ["ccc", "d"]], "Why.")
    >>> print(as_entries([text], width=80), end="")
    high
      a    bb
      ccc  d
      Why.
    """
    rows = [[[*map(printable, row)] for row in entry.rows] for entry in entries]
    columns = zip(*(row for entry_rows in rows for row in entry_rows), strict=True)
    widths = _shown_widths([max(map(text_width, column)) for column in columns], width)
    return "\n".join(
        _as_text(entry, cells, widths, width) for entry, cells in zip(entries, rows, strict=True)
    )


def _shown_widths(widths: Sequence[int], width: int | None) -> list[int]:
    """Return the widths of the shown columns: always the first one; the last may be truncated."""
    if width is None:
        return list(widths)
    room = width - len(_INDENT)
    shown: list[int] = []
    for wide in widths:
        if shown and room < min(wide, _NARROWEST):
            break
        shown.append(min(wide, room) if shown else wide)
        room -= shown[-1] + len(_GAP)
    return shown


def _as_text(
    entry: FindingText, rows: Sequence[Sequence[str]], widths: Sequence[int], width: int | None
) -> str:
    lines = [entry.heading]
    for row in rows:
        shown = zip(row, widths, strict=False)
        cells = [cut(cell, wide) for cell, wide in shown]
        cells = [
            cell + " " * (wide - text_width(cell)) for cell, wide in zip(cells, widths, strict=True)
        ]
        lines.append(_INDENT + _GAP.join(cells))
    if entry.note:
        lines += textwrap.wrap(
            printable(entry.note),
            width=width or _SENTENCE,
            initial_indent=_INDENT,
            subsequent_indent=_INDENT,
            break_on_hyphens=False,
            break_long_words=False,
        )
    return "".join(f"{line.rstrip()}\n" for line in lines)
