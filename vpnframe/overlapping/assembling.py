"""Convert codes to the columns of results, and check the columns of input tables."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from vpnframe.errors import SchemaError
from vpnframe.overlapping.encoded import CONNECTION
from vpnframe.overlapping.scopes import ROUTERS, ROUTING_DOMAIN
from vpnframe.schema.columns import SEVERITY


def check_columns(subnets: pd.DataFrame, scope: str | None) -> None:
    """Raise SchemaError if a table lacks a required column."""
    routers = ROUTERS if scope == ROUTING_DOMAIN else ()
    needed = [*CONNECTION, "side", "cidr", *routers]
    missing = [column for column in needed if column not in subnets.columns]
    if missing:
        raise SchemaError(f"no column {', '.join(missing)}: is this a subnets table?")
    check_scope(subnets, scope)


def check_scope(table: pd.DataFrame, scope: str | None) -> None:
    """Raise ValueError if a scope is not a column of the table."""
    if scope not in (None, ROUTING_DOMAIN, *table.columns):
        raise ValueError(
            f"no column {scope!r} to take as scope: give {ROUTING_DOMAIN!r}, None or one of "
            f"{', '.join(map(str, table.columns))}"
        )


def as_text(texts: pa.Array) -> pd.api.extensions.ExtensionArray:
    """Convert texts to the text dtype of all tables."""
    return pd.array(texts, dtype="str")


def as_category(codes: npt.NDArray[np.integer], words: Sequence[str]) -> pd.Categorical:
    """Convert codes to a categorical with sorted categories, as in all tables."""
    ranked = sorted(words)
    rank = np.array([ranked.index(word) for word in words])
    return pd.Categorical.from_codes(rank[codes], categories=pd.Index(ranked, dtype="str"))


def as_severity(codes: npt.NDArray[np.integer]) -> pd.Categorical:
    """Convert positions among the severities, mildest first, to the ordered categorical."""
    return pd.Categorical.from_codes(codes, dtype=SEVERITY)


def positions(words: Sequence[str], among: Sequence[str]) -> npt.NDArray[np.int64]:
    """Return the position of each word in ``among``."""
    return np.array([among.index(word) for word in words], np.int64)
