"""Find the longest matching prefix of each of many addresses at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vpnframe.addresses.forest import find_forest, find_holders
from vpnframe.addresses.ordering import Blocks, Rows, join_blocks
from vpnframe.addresses.wide import Positions


@dataclass(frozen=True, slots=True)
class Matches:
    """The longest matching prefix of each of m addresses, with all rows of that prefix.

    A prefix has several rows if it is repeated in the input.

    Parameters
    ----------
    rows : ndarray of int32 or int64, shape (n,)
        Rows of the prefixes. The rows of equal prefixes are adjacent and ascend.
    starts, stops : ndarray of int64, shape (m,)
        The longest prefix that matches address i has the rows ``rows[starts[i] : stops[i]]``. If no
        prefix matches, ``starts[i]`` equals ``stops[i]``.
    """

    rows: Rows
    starts: Positions
    stops: Positions

    @property
    def first(self) -> Positions:
        """The smallest row of each address's longest prefix, shape (m,); -1 if none matches."""
        found = np.full(len(self.starts), -1)
        is_matched = self.stops > self.starts
        found[is_matched] = self.rows[self.starts[is_matched]]
        return found


def find_longest(prefixes: Blocks, addresses: Blocks) -> Matches:
    """Find the longest prefix that matches each address.

    To find all matching prefixes instead, use
    :func:`vpnframe.addresses.nesting.find_pairs_between`.

    Parameters
    ----------
    prefixes : Blocks
        n prefixes in any order; prefixes can be repeated.
    addresses : Blocks
        m addresses of the same family, as blocks of prefix length 32 or 128. A larger block is
        matched by the longest prefix that contains all of it. If ``addresses`` and ``prefixes``
        have groups (for example routing tables), an address is matched only inside its group.

    Returns
    -------
    Matches
        The rows of the longest matching prefix of each address.

    Raises
    ------
    ValueError
        If only one argument has groups, or if the arguments are of different families.

    Examples
    --------
    >>> routes = Blocks(
    ...     np.array([0x0A000000, 0x0A010000, 0x0A010000], np.uint64),
    ...     np.array([8, 16, 16], np.uint8),
    ... )
    >>> hosts = Blocks(
    ...     np.array([0x0A010203, 0x0A020304, 0x0B000001], np.uint64), np.full(3, 32, np.uint8)
    ... )
    >>> matches = find_longest(routes, hosts)
    >>> matches.first.tolist()
    [1, 0, -1]
    >>> matches.rows[matches.starts[0] : matches.stops[0]].tolist()
    [1, 2]
    """
    n = len(prefixes.first)
    forest = find_forest(join_blocks(prefixes, addresses))
    is_prefix = forest.rows < n
    # In a node, prefixes come before addresses, because their rows are smaller.
    has_prefix = is_prefix[forest.starts[:-1]]
    holder = find_holders(forest, among=has_prefix)
    nodes = np.where(has_prefix, np.arange(len(holder)), holder)
    # Bounds in the rows of prefixes; the appended 0 is for nodes that no prefix contains.
    bounds = np.concatenate([[0], np.cumsum(is_prefix)])[forest.starts]
    starts, stops = np.append(bounds[:-1], 0)[nodes], np.append(bounds[1:], 0)[nodes]
    return Matches(forest.rows[is_prefix], forest.by_row(starts)[n:], forest.by_row(stops)[n:])
