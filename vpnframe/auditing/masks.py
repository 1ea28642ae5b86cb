"""Comparisons in which a null equals nothing."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

Mask = npt.NDArray[np.bool_]


def equals(values: pd.Series, value: object) -> Mask:
    """Check where a column has a value; False for nulls.

    Examples
    --------
    >>> equals(pd.Series([1, None], dtype="Int16"), 1).tolist()
    [True, False]
    """
    found: Mask = (values == value).fillna(False).to_numpy(dtype="bool")
    return found
