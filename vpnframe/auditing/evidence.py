"""Fill the evidence templates of findings with values of the table rows that a rule checks."""

from __future__ import annotations

from string import Formatter
from typing import Any

import numpy as np
import pandas as pd

from vpnframe.auditing.fleet import Fleet, status
from vpnframe.auditing.logic import Positions, Texts, by_kind
from vpnframe.auditing.verdicts import Verdicts

_MOST_PARTS = 5


def render(template: str, fleet: Fleet, verdicts: Verdicts) -> Texts:
    """Return an array with the evidence template filled for each row in ``verdicts``."""
    names = dict.fromkeys(name for _, name, _, _ in Formatter().parse(template) if name)
    if not names:
        return np.full(len(verdicts.position), template, dtype=object)

    def filled(*values: object) -> str:
        return template.format_map(dict(zip(names, map(shown, values), strict=True)))

    return by_kind([value_of(name, fleet, verdicts) for name in names], filled)


def value_of(name: str, fleet: Fleet, verdicts: Verdicts) -> pd.Series:
    """Return the value of one field of an evidence template for every checked row."""
    if name in verdicts.facts:
        return pd.Series(np.asarray(verdicts.facts[name], dtype=object))
    if name == "column":
        return pd.Series([verdicts.column] * len(verdicts.position), dtype="str")
    if name == "value":
        return pd.Series(values_of(fleet, verdicts))
    table: pd.DataFrame = getattr(fleet, verdicts.table)
    column = status(table) if name == "status" and verdicts.table == "tunnels" else table[name]
    return column.iloc[verdicts.position].reset_index(drop=True)


def values_of(fleet: Fleet, verdicts: Verdicts) -> Texts:
    """Return for each verdict the checked values as one string; None if all are null."""
    if "value" in verdicts.facts:
        texts = np.array(verdicts.facts["value"], dtype=object)
        texts[texts == ""] = None
        return texts

    def listed(*values: object) -> str | None:
        return None if all(map(_is_null, values)) else ", ".join(map(shown, values))

    columns = verdicts.column.split(", ")
    return by_kind([value_of(column, fleet, verdicts) for column in columns], listed)


def joined(texts: Texts, starts: Positions, *, separator: str = "; ") -> Texts:
    """Join the distinct strings of each group of consecutive rows.

    ``starts`` has the position of each group's first row. After five strings, only the number of
    the remaining strings follows.

    Examples
    --------
    >>> joined(np.array(["a", "a", "b", "c", None], dtype=object), np.array([0, 2, 4])).tolist()
    ['a', 'b; c', None]
    """
    if not len(starts):
        return texts[:0]
    heads = texts[starts]
    if len(starts) == len(texts):
        return heads
    is_other = np.append(False, texts[1:] != texts[:-1])
    is_other[starts] = False
    differs = np.logical_or.reduceat(is_other, starts)
    stops = np.append(starts[1:], len(texts))
    for run in np.flatnonzero(differs).tolist():
        parts = list(dict.fromkeys(filter(None, texts[starts[run] : stops[run]].tolist())))
        n_more = len(parts) - _MOST_PARTS
        more = f"{separator}and {n_more} more" if n_more > 0 else ""
        heads[run] = separator.join(parts[:_MOST_PARTS]) + more
    return heads


def shown(value: Any) -> str:
    """Format one value for display.

    Examples
    --------
    >>> shown(pd.Timestamp("2026-03-01", tz="UTC")), shown(None), shown(14), shown(False)
    ('2026-03-01', 'missing', '14', 'false')
    >>> shown(pd.NA), shown("")
    ('missing', 'missing')
    """
    if _is_null(value) or value == "":
        return "missing"
    if isinstance(value, pd.Timestamp):
        return str(value.date())
    text = str(value)
    return text.lower() if isinstance(value, bool | np.bool_) else text


def _is_null(value: Any) -> bool:
    return value is None or (not isinstance(value, str) and pd.isna(value))
