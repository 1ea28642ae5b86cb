"""Comparisons in which a null is equal to nothing."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

Mask = npt.NDArray[np.bool_]


def equals(values: pd.Series, value: object) -> Mask:
    """Say where a column has a value.

    Examples
    --------
    >>> equals(pd.Series([1, None], dtype="Int16"), 1).tolist()
    [True, False]
    """
    found: Mask = (values == value).fillna(False).to_numpy(dtype="bool")
    return found
