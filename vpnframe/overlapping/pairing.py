"""Find the overlapping pairs of a fleet's blocks, as positions, not yet classified."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from vpnframe.addresses.nesting import (
    CONTAINS,
    DEFAULT_MAX_PAIRS,
    EQUAL,
    WITHIN,
    Runs,
    check_pair_count,
    make_pairs,
)
from vpnframe.overlapping import roles
from vpnframe.overlapping.asked import runs_by_family
from vpnframe.overlapping.encoded import EncodedFleet
from vpnframe.schema.codes import Codes, Mask

TURNED = np.array([WITHIN, EQUAL, CONTAINS], np.uint8)
"""Each relation, seen from the other block."""

_AT_ONCE = 2**18  # pairs judged at a time: few enough to stay in the processor's cache


@dataclass(frozen=True, slots=True)
class FleetPairs:
    """Overlapping pairs of a fleet's blocks.

    ``left`` is the smaller position of two on-premises blocks, the on-premises block of a pair with
    a VPC-side block, and ours of a pair with another table. ``relation`` is that of left to right.
    ``is_own`` marks pairs of an on-premises block and a block of the connection's own VPC.
    """

    left: Codes
    right: Codes
    relation: npt.NDArray[np.uint8]
    is_own: Mask

    def take(self, keep: Mask | Codes) -> FleetPairs:
        """Keep some of the pairs."""
        return FleetPairs(self.left[keep], self.right[keep], self.relation[keep], self.is_own[keep])


_NO_PAIRS = FleetPairs(
    np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.uint8), np.empty(0, bool)
)


@dataclass(frozen=True, slots=True)
class _Source:
    """Runs of overlapping blocks; ``rows`` maps their row numbers to positions in the fleet."""

    rows: Codes
    runs: Runs
    is_across: bool  # pairs of a block on premises and one of a VPC
    has_own: bool  # all pairs are of a block on premises and one of its own VPC


@dataclass(frozen=True, slots=True)
class Candidates:
    """Overlapping blocks as runs, before any pair is built."""

    fleet: EncodedFleet
    sources: tuple[_Source, ...]

    def across(self, is_across: bool) -> Candidates:
        """Return only the pairs of on-premises with VPC blocks, or only those of two sites."""
        sources = tuple(source for source in self.sources if source.is_across == is_across)
        return Candidates(self.fleet, sources)

    def check(self, max_pairs: int) -> None:
        """Raise an error for more than ``max_pairs`` pairs, including those dropped later."""
        n_pairs = sum(source.runs.n_pairs for source in self.sources)
        check_pair_count(n_pairs, max_pairs=max_pairs)

    def parts(self) -> Iterator[FleetPairs]:
        """Yield the pairs in parts of about ``_AT_ONCE``, in no particular order."""
        for source in self.sources:
            for runs in _parts(source.runs):
                made = make_pairs(runs)
                left, right = source.rows[made.left], source.rows[made.right]
                yield _compared(self.fleet, left, right, made.relation, has_own=source.has_own)

    def all(self, *, max_pairs: int = DEFAULT_MAX_PAIRS) -> FleetPairs:
        """Return all pairs, sorted by left and right."""
        self.check(max_pairs)
        parts = list(self.parts()) or [_NO_PAIRS]
        fields = ("left", "right", "relation", "is_own")
        pairs = FleetPairs(*(np.concatenate([getattr(p, name) for p in parts]) for name in fields))
        return pairs.take(np.lexsort((pairs.right, pairs.left)))


def pairs_within(fleet: EncodedFleet) -> Candidates:
    """Pair the blocks of one fleet.

    Inside a scope, on-premises blocks are compared with those of other connections and with the
    blocks of VPCs. Regardless of scope, they are compared with the blocks of the connection's own
    VPC.
    """
    has_scope, is_onprem = fleet.scope >= 0, fleet.role == roles.ONPREM
    is_held, is_outside = np.isin(fleet.role, roles.COMPARED), fleet.role == roles.OUTSIDE
    cloud = fleet.connections.cloud[fleet.connection]
    is_one = is_held.copy()  # once for each VPC, whatever its scopes
    is_one[roles.repeats(np.flatnonzero(is_held), cloud, fleet.cidr, fleet.role)] = False
    return Candidates(
        fleet,
        (
            *_sources(fleet, has_scope & is_onprem, fleet.scope),
            *_sources(fleet, has_scope & (is_onprem | is_held), fleet.scope, is_second=is_held),
            *_sources(fleet, is_onprem | is_one, cloud, is_second=is_one, has_own=True),
            *_sources(
                fleet,
                is_onprem | is_outside,
                fleet.connection,
                is_second=is_outside,
                has_own=True,
            ),
        ),
    )


def pairs_between(fleet: EncodedFleet, *, is_placed: Mask, is_everywhere: Mask) -> Candidates:
    """Pair the blocks of a fleet with those of another table.

    ``is_placed`` marks blocks of the other table that share a routing domain with this fleet: their
    VPC blocks are not paired with VPC blocks. ``is_everywhere`` marks those compared with the whole
    fleet; the others are compared inside their scope.
    """
    is_theirs = fleet.connections.is_theirs[fleet.connection]
    is_ours = ~is_theirs & _is_used(fleet)
    has_scope, is_context = fleet.scope >= 0, is_placed & fleet.is_vpc
    sources: list[_Source] = []
    for compared, groups, reach in (
        (has_scope, fleet.scope, ~is_everywhere),
        (np.ones_like(has_scope), None, is_everywhere),
    ):
        ours, theirs = is_ours & compared, is_theirs & compared & reach
        for chosen in (
            (ours & ~fleet.is_vpc) | (theirs & is_context),
            ours | (theirs & ~is_context),
        ):
            sources += _sources(fleet, chosen, groups, is_second=is_theirs)
    return Candidates(fleet, tuple(sources))


def pairs_with_asked(fleet: EncodedFleet) -> FleetPairs:
    """Pair all blocks of a fleet with all of another table, regardless of scope."""
    is_theirs = fleet.connections.is_theirs[fleet.connection]
    chosen = is_theirs | (fleet.role != roles.COVERED)
    return Candidates(fleet, tuple(_sources(fleet, chosen, None, is_second=is_theirs))).all()


def _is_used(fleet: EncodedFleet) -> Mask:
    """Return the mask of blocks that are neither aggregates nor covered by another block."""
    return ~np.isin(fleet.role, (roles.AGGREGATE, roles.COVERED))


def _sources(
    fleet: EncodedFleet,
    chosen: Mask,
    groups: Codes | None,
    *,
    is_second: Mask | None = None,
    has_own: bool = False,
) -> list[_Source]:
    blocks = fleet.all.take(chosen)
    found = runs_by_family(blocks, groups, is_second=is_second)
    is_across = is_second is not None
    return [_Source(rows, runs, is_across, has_own) for rows, runs in found if runs.n_pairs]


def _parts(runs: Runs) -> Iterator[Runs]:
    """Yield the runs in parts of about ``_AT_ONCE`` pairs."""
    n_pairs = np.cumsum(runs.stops - runs.starts)
    cuts = np.flatnonzero(np.diff(n_pairs // _AT_ONCE, prepend=0))
    for part in np.split(np.arange(len(n_pairs)), cuts):
        if len(part):
            here = slice(part[0], part[-1] + 1)
            yield replace(
                runs,
                outer=runs.outer[here],
                starts=runs.starts[here],
                stops=runs.stops[here],
                equal_stops=runs.equal_stops[here],
            )


def pairs_at(fleet: EncodedFleet, left: Codes, right: Codes) -> FleetPairs:
    """Build pairs from the positions of overlapping blocks."""
    length = fleet.cidrs.parsed.prefix_length[fleet.cidr]
    relation = np.where(length[left] > length[right], WITHIN, CONTAINS).astype(np.uint8)
    relation[fleet.cidr[left] == fleet.cidr[right]] = EQUAL
    cloud, is_across = fleet.connections.cloud, fleet.is_vpc[left] != fleet.is_vpc[right]
    is_own = is_across & (cloud[fleet.connection[left]] == cloud[fleet.connection[right]])
    return FleetPairs(left, right, relation, is_own)


def _compared(
    fleet: EncodedFleet,
    left: Codes,
    right: Codes,
    relation: npt.NDArray[np.uint8],
    *,
    has_own: bool,
) -> FleetPairs:
    """Put each pair into left-right order, and drop pairs that are not compared."""
    its, is_vpc = fleet.connections, fleet.is_vpc
    is_theirs = its.is_theirs[fleet.connection]
    is_across, is_mixed = is_vpc[left] != is_vpc[right], is_theirs[left] != is_theirs[right]
    turn = np.where(is_mixed, is_theirs[left], is_across & is_vpc[left])
    left, right = np.where(turn, right, left), np.where(turn, left, right)
    relation = np.where(turn, TURNED[relation], relation)
    one, other = fleet.connection[left], fleet.connection[right]
    is_one_cloud = its.cloud[one] == its.cloud[other]
    is_same = (one == other) | (
        (its.identity[one] == its.identity[other]) & (its.identity[one] >= 0)
    )
    drop = is_same & ~is_across
    if not has_own:
        drop |= is_across & ~is_mixed & is_one_cloud
    pairs = FleetPairs(left, right, relation, is_across & is_one_cloud)
    return pairs.take(~drop)
