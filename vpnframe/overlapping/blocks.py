"""Compare, count and merge the blocks of a list, column or table, without classifying overlaps."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import numpy as np
import pandas as pd

from vpnframe import schema
from vpnframe.addresses.forest import (
    Forest,
    count_overlaps,
    find_depths,
    find_forest,
    find_holders,
    find_roots,
)
from vpnframe.addresses.nesting import DEFAULT_MAX_PAIRS, RELATIONS, check_pair_count, make_pairs
from vpnframe.addresses.union import count_addresses, merge_blocks
from vpnframe.overlapping.asked import (
    Asked,
    Cidrs,
    Groups,
    as_category,
    format_blocks,
    read_asked,
    runs_by_family,
)
from vpnframe.schema.codes import Codes


def find_overlaps(
    cidrs: Cidrs, *, groups: Groups | None = None, max_pairs: int = DEFAULT_MAX_PAIRS
) -> pd.DataFrame:
    """Find every overlapping pair among CIDR blocks, each once.

    Parameters
    ----------
    cidrs : iterable of str or DataFrame
        List or Series of n CIDR blocks, IPv4 and IPv6 mixed, or a table with a column
        ``cidr``. Missing values overlap nothing.
    groups : iterable or str, optional
        The group of each block, or the name of the table's column with the groups. Only blocks of
        the same group are compared. A block without a group overlaps nothing.
    max_pairs : int
        Maximum number of pairs; :func:`overlap_counts` has no maximum.

    Returns
    -------
    DataFrame
        Table ``pairs``: ``left`` and ``right`` (Int64, positions in ``cidrs`` from 0, left <
        right) and ``relation`` (category: the left block ``contains`` the right block, is ``equal``
        to it or lies ``within`` it), sorted by left and right.

    Raises
    ------
    AddressError
        If a string is not a CIDR block. The message names the first such string and its position.
    ValueError
        If there are more than ``max_pairs`` pairs, or the numbers of groups and blocks differ.
    SchemaError
        If the table has no column ``cidr`` or no column that ``groups`` names, or if the input is
        not a list, column or table.
    TypeError
        If ``cidrs`` is a single string.

    Examples
    --------
    >>> find_overlaps(["10.0.0.0/8", "10.1.0.0/16", "192.168.0.0/24", "10.1.0.0/16"])
       left  right  relation
    0     0      1  contains
    1     0      3  contains
    2     1      3     equal
    """
    asked = read_asked(cidrs, groups)
    found = list(runs_by_family(asked.parsed, asked.codes))
    check_pair_count(sum(runs.n_pairs for _, runs in found), max_pairs=max_pairs)
    made = [(rows, make_pairs(runs)) for rows, runs in found]
    left = np.concatenate([rows[pairs.left] for rows, pairs in made])
    right = np.concatenate([rows[pairs.right] for rows, pairs in made])
    # Rows are below 2**31 and relations below 4, so one sort of a combined key suffices.
    key = left.astype(np.uint64) << np.uint64(33) | right.astype(np.uint64) << np.uint64(2)
    key |= np.concatenate([pairs.relation for _, pairs in made])
    del found, made, left, right  # their memory is used again
    key.sort()
    pairs = {"left": key >> np.uint64(33), "right": key >> np.uint64(2) & np.uint64(2**31 - 1)}
    columns = {n: pd.array(rows.astype(np.int64), dtype="Int64") for n, rows in pairs.items()}
    relation = as_category((key & np.uint64(3)).astype(np.uint8), RELATIONS)
    return pd.DataFrame({**columns, "relation": relation})


def overlap_counts(cidrs: Cidrs, *, groups: Groups | None = None) -> pd.DataFrame:
    """Count for each CIDR block how many other blocks it equals, contains and lies within.

    The run time does not depend on the number of pairs, because no pairs are built.

    Parameters
    ----------
    cidrs, groups : iterable, DataFrame or str
        As for :func:`vpnframe.find_overlaps`, with the same errors.

    Returns
    -------
    DataFrame
        Table ``overlap_counts``, with a row for each block and the index of the series or table.
        The columns are ``n_equal``, ``n_contains`` (smaller blocks inside the block) and
        ``n_within`` (larger blocks around it), all Int64 and null for a missing block. The number
        of pairs is half the sum of all counts.

    Examples
    --------
    >>> overlap_counts(["10.0.0.0/8", "10.1.0.0/16", "192.168.0.0/24", "10.1.0.0/16"])
       n_equal  n_contains  n_within
    0        0           2         0
    1        1           0         1
    2        0           0         0
    3        1           0         1
    """
    asked = read_asked(cidrs, groups)
    names = schema.find("overlap_counts").names
    columns = {name: _nulls(len(asked.index)) for name in names}
    for rows, blocks in asked.by_family():
        counts = count_overlaps(blocks)
        for name, column in columns.items():
            column[rows] = getattr(counts, name)
    return pd.DataFrame(columns, index=asked.index)


def clusters(cidrs: Cidrs, *, groups: Groups | None = None) -> pd.DataFrame:
    """Group CIDR blocks into clusters: each outermost block with all blocks inside it.

    Parameters
    ----------
    cidrs, groups : iterable, DataFrame or str
        As for :func:`vpnframe.find_overlaps`, with the same errors; blocks of different groups are
        in different clusters.

    Returns
    -------
    DataFrame
        Table ``clusters``, with a row for each block and the index of the series or table. The
        columns are ``cluster`` (Int64 from 0, in order of family, first appearance of the group,
        and address), ``outermost`` (str, the cluster's outermost block) and ``depth`` (Int16,
        number of distinct larger blocks that contain the block). All are null for a missing block.

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
    cluster, depth, n_clusters = _nulls(n), _nulls(n, "Int16"), 0
    holders = np.full(n, -1)
    for rows, blocks in asked.by_family():
        forest = find_forest(blocks)
        depths, roots = find_depths(forest), find_roots(forest)
        cluster[rows] = forest.by_row(np.cumsum(depths == 0) - 1) + n_clusters
        depth[rows] = forest.by_row(depths).astype(np.int16)
        holders[rows] = _rows_of(forest, roots, rows)
        n_clusters += int(np.count_nonzero(depths == 0))
    columns = {"cluster": cluster, "outermost": _texts_at(asked, holders), "depth": depth}
    return pd.DataFrame(columns, index=asked.index)


def enclosing(cidrs: Cidrs, *, groups: Groups | None = None) -> pd.DataFrame:
    """Find for each CIDR block the smallest of the larger blocks that contain it.

    Parameters
    ----------
    cidrs, groups : iterable, DataFrame or str
        As for :func:`vpnframe.find_overlaps`, with the same errors.

    Returns
    -------
    DataFrame
        Table ``enclosing``, with a row for each block and the index of the series or table. The
        columns are ``enclosing`` (Int64, the position in ``cidrs`` of the enclosing block, or of
        the first of several equal blocks) and ``enclosing_cidr`` (str). Both are null if no larger
        block contains the block.

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
    for rows, blocks in asked.by_family():
        forest = find_forest(blocks)
        found[rows] = _rows_of(forest, find_holders(forest), rows)
    position = _nulls(len(found))
    position[found >= 0] = found[found >= 0]
    columns = {"enclosing": position, "enclosing_cidr": _texts_at(asked, found)}
    return pd.DataFrame(columns, index=asked.index)


def address_usage(cidrs: Cidrs, *, groups: Groups | None = None) -> pd.DataFrame:
    """Count the addresses that CIDR blocks cover, and the addresses that several blocks share.

    Parameters
    ----------
    cidrs, groups : iterable, DataFrame or str
        As for :func:`vpnframe.find_overlaps`, with the same errors. Each group is counted
        separately; all blocks without a group are counted in one row, whose ``n_shared`` is 0.

    Returns
    -------
    DataFrame
        Table ``address_usage``, with a row for each group and family that occurs, sorted by both.
        The columns are ``group`` (str, null without groups), ``family`` (Int16), ``n_blocks``
        (Int64), ``n_addresses`` (float64, addresses in at least one block), ``n_shared`` (float64,
        addresses in at least two blocks) and ``shared_share``, the ratio of ``n_shared`` to
        ``n_addresses``. The numbers are exact for IPv4 and have about 16 digits for IPv6.

    Examples
    --------
    >>> usage = address_usage(["10.0.0.0/24", "10.0.0.128/25", "10.0.9.0/24"])
    >>> usage[["family", "n_blocks", "n_addresses", "n_shared", "shared_share"]]
       family  n_blocks  n_addresses  n_shared  shared_share
    0       4         3        512.0     128.0          0.25
    """
    asked = read_asked(cidrs, groups)
    if asked.codes is not None and None in asked.labels:
        # All blocks without a group get the code of the first of them.
        is_none = np.array([label is None for label in asked.labels])
        codes = np.where(is_none[asked.codes], is_none.argmax(), asked.codes)
        asked = replace(asked, codes=codes)
    sums: defaultdict[tuple[str | None, int], list[int]] = defaultdict(lambda: [0, 0, 0])
    for _, blocks in asked.by_family():
        counts = count_addresses(blocks)
        sizes = (counts.n_blocks.tolist(), counts.n_addresses, counts.n_shared)
        for code, *numbers in zip(counts.group.tolist(), *sizes, strict=True):
            key = (asked.labels[code], blocks.family)
            if key[0] is None and groups is not None:
                numbers[2] = 0
            sums[key] = [a + b for a, b in zip(sums[key], numbers, strict=True)]
    keys = sorted(sums, key=lambda key: (key[0] is None, key))
    rows = [(*key, *sums[key], sums[key][2] / sums[key][1]) for key in keys]
    names = schema.find("address_usage").names
    columns = {name: [row[i] for row in rows] for i, name in enumerate(names)}
    return schema.build("address_usage", columns)


def merge(cidrs: Cidrs, *, groups: Groups | None = None) -> pd.DataFrame:
    """Find the fewest CIDR blocks that cover the same addresses as the given blocks.

    Parameters
    ----------
    cidrs, groups : iterable, DataFrame or str
        As for :func:`vpnframe.find_overlaps`, with the same errors; blocks of different groups are
        not merged, and blocks without a group stay unchanged.

    Returns
    -------
    DataFrame
        Table ``merged``: ``group`` (str, null without groups) and ``cidr`` (str), sorted by
        group, family and address.

    Examples
    --------
    >>> merge(["10.0.1.0/24", "10.0.0.0/24", "10.0.0.128/25", "2001:db8::/32"])["cidr"].tolist()
    ['10.0.0.0/23', '2001:db8::/32']
    """
    asked = read_asked(cidrs, groups)
    parts = []
    for _, blocks in asked.by_family():
        merged = merge_blocks(blocks)
        group = [asked.labels[code] for code in merged.group_codes().tolist()]
        part = {"group": group, "family": blocks.family, **merged.addresses()._asdict()}
        part |= {"length": merged.prefix_length, "cidr": format_blocks(merged)}
        parts.append(pd.DataFrame(part))
    table = pd.concat(parts, ignore_index=True)
    table = table.sort_values(["group", "family", "high", "low", "length"])
    return schema.build("merged", {name: table[name].tolist() for name in ("group", "cidr")})


def _rows_of(forest: Forest, nodes: Codes, rows: Codes) -> Codes:
    """Return for each block the first row of its holder or root in ``nodes``; -1 if none."""
    # The last entry is -1: the node -1 selects it.
    first = np.append(rows[forest.first_rows], -1)
    return first[forest.by_row(nodes)]


def _texts_at(asked: Asked, rows: Codes) -> pd.Series[str]:
    """Return the blocks at ``rows`` as canonical strings, null where the row is -1."""
    chosen = asked.parsed.take(np.isin(asked.parsed.row, rows))
    # The last entry is null: the row -1 selects it.
    texts = np.full(len(asked.index) + 1, None, object)
    texts[chosen.row] = chosen.texts()
    return pd.Series(texts[rows], index=asked.index, dtype="str")


def _nulls(n: int, dtype: str = "Int64") -> pd.api.extensions.ExtensionArray:
    return pd.array([pd.NA], dtype=dtype).repeat(n)
