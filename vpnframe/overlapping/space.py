"""Count the addresses that blocks cover, and merge blocks into the fewest that cover the same."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import numpy as np
import pandas as pd

from vpnframe import schema
from vpnframe.addresses.union import count_addresses, merge_blocks
from vpnframe.overlapping.asked import Asked, Cidrs, Groups, format_blocks, read_asked


def address_usage(cidrs: Cidrs, *, groups: Groups | None = None) -> pd.DataFrame:
    """Count the addresses that CIDR blocks cover, and those that several of them share.

    Parameters
    ----------
    cidrs : iterable of str or DataFrame
        List or Series of n CIDR blocks, IPv4 and IPv6 mixed, or a table with a column
        ``cidr``. Missing values cover nothing.
    groups : iterable or str, optional
        n keys, or the name of a column of the table; each group is counted separately. A missing
        key equals nothing: blocks without one are counted in one row, where an address counts once,
        but share nothing.

    Returns
    -------
    DataFrame
        Table ``address_usage``, a row for each group and family that occurs, sorted:
        ``group`` (str, null without groups), ``family`` (Int16), ``n_blocks`` (Int64),
        ``n_addresses`` in at least one block and ``n_shared`` in at least two (float64: exact for
        IPv4; about 16 digits for IPv6, which can reach 2**128), and ``shared_share``, the ratio of
        ``n_shared`` to ``n_addresses``.

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
    >>> usage = address_usage(["10.0.0.0/24", "10.0.0.128/25", "10.0.9.0/24"])
    >>> usage[["family", "n_blocks", "n_addresses", "n_shared", "shared_share"]]
       family  n_blocks  n_addresses  n_shared  shared_share
    0       4         3        512.0     128.0          0.25
    """
    asked = _without_a_group(read_asked(cidrs, groups))
    sums: defaultdict[tuple[str | None, int], list[int]] = defaultdict(lambda: [0, 0, 0])
    for family, _, blocks in asked.by_family():
        counts = count_addresses(blocks)
        columns = (counts.n_blocks.tolist(), counts.n_addresses, counts.n_shared)
        for code, *numbers in zip(counts.group.tolist(), *columns, strict=True):
            key = (asked.label(code), family)
            if key[0] is None and groups is not None:
                numbers[2] = 0
            sums[key] = [a + b for a, b in zip(sums[key], numbers, strict=True)]
    keys = sorted(sums, key=lambda key: (key[0] is None, key))
    n_blocks, n_addresses, n_shared = ([sums[key][i] for key in keys] for i in range(3))
    return schema.build(
        "address_usage",
        {
            "group": [group for group, _ in keys],
            "family": [family for _, family in keys],
            "n_blocks": n_blocks,
            "n_addresses": n_addresses,
            "n_shared": n_shared,
            "shared_share": [a / b for a, b in zip(n_shared, n_addresses, strict=True)],
        },
    )


def merge(cidrs: Cidrs, *, groups: Groups | None = None) -> pd.DataFrame:
    """Find the fewest CIDR blocks that cover the same addresses.

    Parameters
    ----------
    cidrs : iterable of str or DataFrame
        List or Series of n CIDR blocks, IPv4 and IPv6 mixed, or a table with a column
        ``cidr``. Missing values cover nothing.
    groups : iterable or str, optional
        n keys, or the name of a column of the table; only blocks with the same key are merged. A
        missing key equals nothing: blocks without one stay as they are.

    Returns
    -------
    DataFrame
        Table ``merged``: ``group`` (str, null without groups) and ``cidr`` (str), sorted by
        group, family and address.

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
    >>> merge(["10.0.1.0/24", "10.0.0.0/24", "10.0.0.128/25", "2001:db8::/32"])["cidr"].tolist()
    ['10.0.0.0/23', '2001:db8::/32']
    """
    asked = read_asked(cidrs, groups)
    parts = []
    for family, _, blocks in asked.by_family():
        merged = merge_blocks(blocks)
        codes = np.zeros(len(merged.first), np.int64) if merged.groups is None else merged.groups
        high = np.zeros(len(codes), np.uint64) if merged.high is None else merged.high
        part = {"group": [asked.label(code) for code in codes.tolist()], "family": family}
        part |= {"high": high, "low": merged.first, "length": merged.prefix_length}
        parts.append(pd.DataFrame({**part, "cidr": format_blocks(merged)}))
    table = pd.concat(parts, ignore_index=True)
    table = table.sort_values(["group", "family", "high", "low", "length"])
    return schema.build("merged", {name: table[name].tolist() for name in ("group", "cidr")})


def _without_a_group(asked: Asked) -> Asked:
    """Put blocks without a group into one group, whose addresses are counted once."""
    if None not in asked.labels or asked.codes is None:
        return asked
    is_none = np.array([label is None for label in asked.labels], bool)
    codes = np.where(is_none[asked.codes], is_none.argmax(), asked.codes)
    return replace(asked, codes=codes)
