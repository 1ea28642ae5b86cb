"""Comparisons in which a null is equal to nothing."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

Mask = npt.NDArray[np.bool_]


def equals(values: pd.Series, value: object) -> Mask:
    """Say where a column has a value.

    Parameters
    ----------
    values : Series, of n rows
        Of any dtype.
    value : object
        Of the column's kind; a category that does not occur is equal to nothing.

    Returns
    -------
    array of bool, shape (n,)
        False for a null.

    Examples
    --------
    >>> equals(pd.Series([1, None], dtype="Int16"), 1).tolist()
    [True, False]
    """
    found: Mask = (values == value).fillna(False).to_numpy(dtype="bool")
    return found
