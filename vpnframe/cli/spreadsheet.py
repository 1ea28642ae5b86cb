"""Protect tables for spreadsheets: no cell is interpreted as a formula."""

from __future__ import annotations

import pandas as pd

from vpnframe.model.display import printable

# The last four are the full-width forms of some East Asian locales.
_STARTS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def without_formulas(table: pd.DataFrame) -> pd.DataFrame:
    """Put an apostrophe before every text that a spreadsheet would evaluate.

    References
    ----------
    OWASP, CSV Injection.

    Examples
    --------
    >>> without_formulas(pd.DataFrame({"name": ["=cmd|' /C calc'!A0", "lima"]}))["name"].tolist()
    ["'=cmd|' /C calc'!A0", 'lima']
    """
    return table.assign(**{str(name): _safe(table[name]) for name in table.columns})


def _safe(values: pd.Series) -> pd.Series:
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype("str")
    if not (pd.api.types.is_string_dtype(values.dtype) or values.dtype == object):
        return values
    return values.map(_safe_text, na_action="ignore")


def _safe_text(value: object) -> object:
    if not isinstance(value, str):
        return value
    text = printable(value)
    # Some programs skip blanks, or characters that they cannot show, at the start.
    return f"'{text}" if text.lstrip(" \ufffd").startswith(_STARTS) else text
