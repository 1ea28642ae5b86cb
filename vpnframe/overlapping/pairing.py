"""Find the overlapping pairs of a fleet's blocks, as positions, not yet classified."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from vpnframe.addresses.nesting import DEFAULT_MAX_PAIRS, Runs, check_pair_count, make_pairs
from vpnframe.overlapping import roles
from vpnframe.overlapping.asked import runs_by_family
from vpnframe.overlapping.encoded import EncodedFleet
from vpnframe.overlapping.pairs import FleetPairs
from vpnframe.schema.codes import Codes, Mask

_AT_ONCE = 2**18  # pairs judged at a time: few enough to stay in the processor's cache


@dataclass(frozen=True, slots=True)
class _Source:
    """Runs of overlapping blocks; ``rows`` maps their row numbers to positions in the fleet."""

    rows: Codes
    runs: Runs
    is_across: bool  # pairs of a block on premises and one of a VPC
    has_own: bool  # all pairs are of a block on premises and one of its own VPC

    def parts(self) -> Iterator[tuple[Codes, Codes]]:
        """Yield pairs of positions in parts of about ``_AT_ONCE``."""
        n_pairs = np.cumsum(self.runs.stops - self.runs.starts)
        cuts = np.flatnonzero(np.diff(n_pairs // _AT_ONCE, prepend=0)).tolist()
        for start, stop in zip([0, *cuts], [*cuts, len(n_pairs)], strict=True):
            names = ("outer", "starts", "stops", "equal_stops")
            part = {name: getattr(self.runs, name)[start:stop] for name in names}
            made = make_pairs(replace(self.runs, **part))
            yield self.rows[made.left], self.rows[made.right]


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
            for left, right in source.parts():
                yield _compared(self.fleet, left, right, has_own=source.has_own)

    def all(self, *, max_pairs: int = DEFAULT_MAX_PAIRS) -> FleetPairs:
        """Return all pairs, sorted by left and right."""
        self.check(max_pairs)
        none = np.empty((2, 0), np.int64)
        parts = [none, *(np.stack([pairs.left, pairs.right]) for pairs in self.parts())]
        left, right = np.concatenate(parts, axis=1)
        order = np.lexsort((right, left))
        return FleetPairs(self.fleet, left[order], right[order])


def pairs_within(fleet: EncodedFleet) -> Candidates:
    """Pair the blocks of one fleet.

    Inside a scope, on-premises blocks are compared with those of other connections and with the
    blocks of VPCs. Regardless of scope, they are compared with the blocks of the connection's own
    VPC.
    """
    scope, connection, has_scope = fleet.scope, fleet.connection, fleet.scope >= 0
    site, outside = fleet.role == roles.ONPREM, fleet.role == roles.OUTSIDE
    held, cloud = np.isin(fleet.role, roles.COMPARED), fleet.connections.cloud[connection]
    one = held.copy()  # once for each VPC, whatever its scopes
    one[roles.repeats(np.flatnonzero(held), cloud, fleet.cidr, fleet.role)] = False
    return Candidates(
        fleet,
        (
            *_sources(fleet, has_scope & site, scope),
            *_sources(fleet, has_scope & (site | held), scope, is_second=held),
            *_sources(fleet, site | one, cloud, is_second=one, has_own=True),
            *_sources(fleet, site | outside, connection, is_second=outside, has_own=True),
        ),
    )


def pairs_against(fleet: EncodedFleet, *, is_everywhere: Mask, is_placed: Mask) -> Candidates:
    """Pair the blocks of a fleet with those of another table.

    ``is_everywhere`` marks connections of the other table that are compared with the whole fleet;
    the others are compared inside their scope. ``is_placed`` marks those that share a routing
    domain with this fleet: their VPC blocks are not paired with VPC blocks.
    """
    is_theirs, is_vpc = fleet.is_theirs, fleet.is_vpc
    is_ours = ~is_theirs & ~np.isin(fleet.role, (roles.AGGREGATE, roles.COVERED))
    is_everywhere = is_everywhere[fleet.connection]
    is_context, has_scope = is_placed[fleet.connection] & is_vpc, fleet.scope >= 0
    sources: list[_Source] = []
    for compared, groups, reach in (
        (has_scope, fleet.scope, ~is_everywhere),
        (np.ones_like(has_scope), None, is_everywhere),
    ):
        ours, theirs = is_ours & compared, is_theirs & compared & reach
        for chosen in (
            (ours & ~is_vpc) | (theirs & is_context),
            ours | (theirs & ~is_context),
        ):
            sources += _sources(fleet, chosen, groups, is_second=is_theirs)
    return Candidates(fleet, tuple(sources))


def pairs_with_asked(fleet: EncodedFleet) -> FleetPairs:
    """Pair all blocks of a fleet with all of another table, regardless of scope."""
    chosen = fleet.is_theirs | (fleet.role != roles.COVERED)
    return Candidates(fleet, tuple(_sources(fleet, chosen, None, is_second=fleet.is_theirs))).all()


def _sources(
    fleet: EncodedFleet,
    chosen: Mask,
    groups: Codes | None,
    *,
    is_second: Mask | None = None,
    has_own: bool = False,
) -> list[_Source]:
    found = runs_by_family(fleet.all.take(chosen), groups, is_second=is_second)
    is_across = is_second is not None
    return [_Source(rows, runs, is_across, has_own) for rows, runs in found if runs.n_pairs]


def _compared(fleet: EncodedFleet, left: Codes, right: Codes, *, has_own: bool) -> FleetPairs:
    """Put each pair into left-right order, and drop pairs that are not compared."""
    its, is_vpc = fleet.connections, fleet.is_vpc
    one, other = fleet.connection[left], fleet.connection[right]
    is_across, is_mixed = is_vpc[left] != is_vpc[right], its.is_theirs[one] != its.is_theirs[other]
    turn = np.where(is_mixed, its.is_theirs[one], is_across & is_vpc[left])
    is_same = (its.identity[one] == its.identity[other]) & (its.identity[one] >= 0)
    drop = (is_same | (one == other)) & ~is_across
    if not has_own:
        drop |= is_across & ~is_mixed & (its.cloud[one] == its.cloud[other])
    left, right = np.where(turn, right, left), np.where(turn, left, right)
    return FleetPairs(fleet, left[~drop], right[~drop])
