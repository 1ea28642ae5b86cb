"""Find the nesting of CIDR blocks: clusters, and the nearest block around each."""

from __future__ import annotations

import numpy as np
import pandas as pd

from vpnframe.addresses.cidr import format_cidr
from vpnframe.addresses.forest import Forest, find_depths, find_forest, find_holders, find_roots
from vpnframe.overlapping.asked import Asked, Cidrs, Codes, Groups, read_asked
from vpnframe.overlapping.blocks import nullable_integers, take_blocks


def clusters(cidrs: Cidrs, *, groups: Groups | None = None) -> pd.DataFrame:
    """Group CIDR blocks into clusters: each outermost block with all blocks inside it.

    Parameters
    ----------
    cidrs : iterable of str or DataFrame
        List or Series of n CIDR blocks, IPv4 and IPv6 mixed, or a table with a column
        ``cidr``.
    groups : iterable or str, optional
        n keys, or the name of a column of the table; blocks with different keys are in different
        clusters, and a missing key equals nothing.

    Returns
    -------
    DataFrame
        Table ``clusters``, a row for each block, with the index of the series or table:
        ``cluster`` (Int64 from 0, by family, first appearance of the group, and address),
        ``outermost`` (str, the block around all of them) and ``depth`` (Int16, distinct larger
        blocks around it); null for a missing block.

    Raises
    ------
    AddressError
        If a text is not a CIDR block; the message names the first and its position.
    ValueError
        If the number of groups differs from the number of blocks.
    SchemaError
        If a table lacks the column, or the input is not a list, column or table.
    TypeError
        If ``cidrs`` is a single string.

    Examples
    --------
    >>> clusters(["10.1.2.0/24", "192.168.0.0/24", "10.0.0.0/8", "10.1.0.0/16"])
       cluster       outermost  depth
    0        0      10.0.0.0/8      2
    1        1  192.168.0.0/24      0
    2        0      10.0.0.0/8      0
    3        0      10.0.0.0/8      1
    """
    asked = read_asked(cidrs, groups)
    n = len(asked.index)
    cluster, depth, n_clusters = nullable_integers(n), nullable_integers(n, "Int16"), 0
    holders = np.full(n, -1)
    for _, rows, blocks in asked.by_family():
        forest = find_forest(blocks)
        depths, roots = find_depths(forest), find_roots(forest)
        cluster[rows] = forest.by_row(np.cumsum(depths == 0) - 1) + n_clusters
        depth[rows] = forest.by_row(depths).astype(np.int16)
        holders[rows] = _rows_of(forest, roots, rows)
        n_clusters += int(np.count_nonzero(depths == 0))
    columns = {"cluster": cluster, "outermost": _texts_at(asked, holders), "depth": depth}
    return pd.DataFrame(columns, index=asked.index)


def enclosing(cidrs: Cidrs, *, groups: Groups | None = None) -> pd.DataFrame:
    """Find for each CIDR block the nearest larger one around it.

    Parameters
    ----------
    cidrs : iterable of str or DataFrame
        List or Series of n CIDR blocks, IPv4 and IPv6 mixed, or a table with a column
        ``cidr``.
    groups : iterable or str, optional
        n keys, or the name of a column of the table; only blocks with the same key are compared,
        and a missing key equals nothing.

    Returns
    -------
    DataFrame
        Table ``enclosing``, a row for each block, with the index of the series or table:
        ``enclosing`` (Int64, position in ``cidrs`` from 0, of equal blocks the first) and
        ``enclosing_cidr`` (str); null if no larger block lies around it.

    Raises
    ------
    AddressError
        If a text is not a CIDR block; the message names the first and its position.
    ValueError
        If the number of groups differs from the number of blocks.
    SchemaError
        If a table lacks the column, or the input is not a list, column or table.
    TypeError
        If ``cidrs`` is a single string.

    Examples
    --------
    >>> enclosing(["10.1.2.0/24", "10.0.0.0/8", "10.1.0.0/16"])
       enclosing enclosing_cidr
    0          2    10.1.0.0/16
    1       <NA>            NaN
    2          1     10.0.0.0/8
    """
    asked = read_asked(cidrs, groups)
    found = np.full(len(asked.index), -1)
    for _, rows, blocks in asked.by_family():
        forest = find_forest(blocks)
        found[rows] = _rows_of(forest, find_holders(forest), rows)
    position = nullable_integers(len(found))
    position[found >= 0] = found[found >= 0]
    columns = {"enclosing": position, "enclosing_cidr": _texts_at(asked, found)}
    return pd.DataFrame(columns, index=asked.index)


def _rows_of(forest: Forest, nodes: Codes, rows: Codes) -> Codes:
    """Return for each block the input row of the first block of its node, -1 for no node."""
    # The last entry is for no node: index -1 selects it.
    first = np.append(rows[forest.first_rows], -1)
    return first[forest.by_row(nodes)]


def _texts_at(asked: Asked, rows: Codes) -> pd.Series[str]:
    """Return the canonical text of the blocks at those rows, null where the row is -1."""
    chosen = take_blocks(asked.parsed, np.isin(asked.parsed.row, rows))
    # The last entry is for no row: index -1 selects it.
    texts = np.full(asked.parsed.n_values + 1, None, object)
    columns = (chosen.high, chosen.low, chosen.family, chosen.prefix_length)
    texts[chosen.row] = format_cidr(*columns)
    return pd.Series(texts[rows], index=asked.index, dtype="str")
