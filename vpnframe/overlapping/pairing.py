"""Which blocks of a fleet are compared: pairs of positions, no meaning yet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vpnframe.addresses.nesting import DEFAULT_MAX_PAIRS
from vpnframe.overlapping.blocks import runs_by_family, sorted_pairs, take_blocks
from vpnframe.overlapping.coding import Codes, Mask
from vpnframe.overlapping.encoded import Fleet


@dataclass(frozen=True, slots=True)
class FleetPairs:
    """Overlapping pairs of a fleet's blocks, sorted by left, then right.

    Parameters
    ----------
    left, right : ndarray of int64, shape (k,)
        Positions among the blocks, left < right.
    relation : ndarray of uint8, shape (k,)
        What left is to right, as :data:`vpnframe.addresses.nesting.RELATIONS` counts.
    """

    left: Codes
    right: Codes
    relation: npt.NDArray[np.uint8]

    def take(self, keep: Mask) -> FleetPairs:
        """Keep some of the pairs."""
        return FleetPairs(self.left[keep], self.right[keep], self.relation[keep])


def pairs_within(fleet: Fleet, *, max_pairs: int) -> FleetPairs:
    """Pair the blocks of one fleet.

    Parameters
    ----------
    fleet : Fleet
        Its blocks.
    max_pairs : int
        The most pairs to make.

    Returns
    -------
    FleetPairs
        On-premises blocks of different connections and on-premises blocks with VPC blocks, of
        one scope; and the two sides of each connection, whatever their scopes.

    Raises
    ------
    ValueError
        If there are more pairs.
    """
    has_scope, is_vpc, blocks = fleet.scope >= 0, fleet.is_vpc, fleet.all
    apart = take_blocks(blocks, _is_apart(fleet))
    runs = [
        *runs_by_family(take_blocks(blocks, has_scope & ~is_vpc), fleet.scope),
        *runs_by_family(take_blocks(blocks, has_scope), fleet.scope, is_second=is_vpc),
        *runs_by_family(apart, fleet.connection, is_second=is_vpc),
    ]
    pairs = FleetPairs(*sorted_pairs(runs, max_pairs))
    is_one = fleet.connection[pairs.left] == fleet.connection[pairs.right]
    is_one_side = fleet.is_vpc[pairs.left] == fleet.is_vpc[pairs.right]
    is_repeated = np.zeros(len(pairs.left), bool)
    is_repeated[1:] = (np.diff(pairs.left) == 0) & (np.diff(pairs.right) == 0)
    return pairs.take(~(is_one & (is_one_side | is_repeated)))


def pairs_between(
    fleet: Fleet, *, is_placed: Mask, is_everywhere: Mask, max_pairs: int
) -> FleetPairs:
    """Pair the blocks of a fleet with those of another table.

    Parameters
    ----------
    fleet : Fleet
        The blocks of both.
    is_placed : ndarray of bool, by block
        Which blocks of the other table share a routing domain with this fleet: with those, VPC
        blocks are not paired with VPC blocks.
    is_everywhere : ndarray of bool, by block
        Which blocks of the other table are compared with all of the fleet; others inside their
        scope.
    max_pairs : int
        The most pairs to make.

    Returns
    -------
    FleetPairs
        ``left`` ours, ``right`` theirs; no two blocks on one side of one connection.

    Raises
    ------
    ValueError
        If there are more pairs.
    """
    is_theirs, blocks = fleet.connections.is_theirs[fleet.connection], fleet.all
    has_scope, is_context = fleet.scope >= 0, is_placed & fleet.is_vpc
    runs = []
    for compared, groups, reach in (
        (has_scope, fleet.scope, ~is_everywhere),
        (np.ones_like(has_scope), None, is_everywhere),
    ):
        ours, theirs = ~is_theirs & compared, is_theirs & compared & reach
        for chosen in (
            (ours & ~fleet.is_vpc) | (theirs & is_context),
            ours | (theirs & ~is_context),
        ):
            runs += runs_by_family(take_blocks(blocks, chosen), groups, is_second=is_theirs)
    pairs = FleetPairs(*sorted_pairs(runs, max_pairs))
    identity = fleet.connections.identity[fleet.connection]
    is_one = (identity[pairs.left] == identity[pairs.right]) & (identity[pairs.left] >= 0)
    return pairs.take(~(is_one & (fleet.is_vpc[pairs.left] == fleet.is_vpc[pairs.right])))


def pairs_everywhere(fleet: Fleet) -> FleetPairs:
    """Pair all blocks of a fleet with all of another table, be they in a scope or not.

    Parameters
    ----------
    fleet : Fleet
        The blocks of both.

    Returns
    -------
    FleetPairs
        ``left`` ours, ``right`` theirs.
    """
    is_theirs = fleet.connections.is_theirs[fleet.connection]
    runs = runs_by_family(fleet.all, None, is_second=is_theirs)
    return FleetPairs(*sorted_pairs(runs, DEFAULT_MAX_PAIRS))


def _is_apart(fleet: Fleet) -> Mask:
    """Blocks of connections whose blocks do not all have one scope."""
    n = len(fleet.connections.identity)
    smallest, largest = np.full(n, np.iinfo(np.int64).max), np.full(n, -1)
    np.minimum.at(smallest, fleet.connection, fleet.scope)
    np.maximum.at(largest, fleet.connection, fleet.scope)
    apart: Mask = ((smallest < 0) | (smallest != largest))[fleet.connection]
    return apart
