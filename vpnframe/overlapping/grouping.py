"""Group overlaps of many connections that have the same two CIDR blocks, kind and severity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from vpnframe.overlapping.encoded import EncodedFleet
from vpnframe.overlapping.meaning import CASES, SEVERITIES, find_cases
from vpnframe.overlapping.pairing import Candidates, FleetPairs
from vpnframe.overlapping.roles import ONPREM
from vpnframe.schema.codes import Codes, rank_rows, sort_distinct

MOST_JUDGED = 100_000_000  # pairs; classifying them takes about half a minute
# For each case, a number that identifies its kind and severity.
_JUDGEMENTS = pd.factorize(CASES.kinds * len(SEVERITIES) + CASES.severities)[0].astype(np.int64)


@dataclass(frozen=True, slots=True)
class Groups:
    """Groups of pairs, sorted by the first pair of each group."""

    first: FleetPairs  # the first pair of each group
    n_pairs: Codes
    members: Codes  # the connections that have a block of a group on premises, group by group
    n_members: Codes

    @classmethod
    def of(cls, first: FleetPairs, n_pairs: Codes, member_keys: Codes) -> Groups:
        """Create the groups, with the connections that :func:`_member_keys` assigns to them."""
        group, members = np.divmod(sort_distinct(member_keys), _width(first.fleet))
        return cls(first, n_pairs, members, np.bincount(group, minlength=len(n_pairs)))


def find_groups(candidates: Candidates) -> Groups:
    """Classify all pairs, and group those with the same two blocks, kind and severity."""
    candidates.check(MOST_JUDGED)
    fleet, none = candidates.fleet, np.empty(0, np.int64)
    n_blocks = max(len(fleet.cidr), 1)
    # Rows with the same side and block have the same code; the second code also separates scopes.
    anywhere = rank_rows([2 * fleet.is_theirs + fleet.is_vpc.astype(np.int64), fleet.cidr])
    within = len(anywhere) + rank_rows([anywhere, fleet.scope])
    chunks = [(none,) * 5, *(_group(pairs, within, anywhere) for pairs in candidates.chunks())]
    keys, n_pairs, first, key, connection = map(np.concatenate, zip(*chunks, strict=True))
    found = pd.DataFrame({"n_pairs": n_pairs, "first": first}).groupby(keys, sort=False)
    groups = found.agg({"n_pairs": "sum", "first": "min"}).sort_values("first")
    pairs = FleetPairs(fleet, *np.divmod(groups["first"].to_numpy(), n_blocks))
    members = groups.index.get_indexer(key) * _width(fleet) + connection
    return Groups.of(pairs, groups["n_pairs"].to_numpy(), members)


def every_pair(candidates: Candidates, max_pairs: int) -> Groups:
    """Return each pair as a separate group."""
    pairs = candidates.all(max_pairs=max_pairs)
    n = len(pairs.left)
    return Groups.of(pairs, np.ones(n, np.int64), _member_keys(pairs, np.arange(n)))


def _group(pairs: FleetPairs, within: Codes, anywhere: Codes) -> tuple[Codes, ...]:
    """Group the pairs of one chunk; :func:`find_groups` merges the groups of all chunks.

    Return five arrays. Three have one value per group: its key, its number of pairs and its first
    pair. Two have one value for each connection of a group: the key of the group, and the
    connection.
    """
    fleet, cases = pairs.fleet, find_cases(pairs)
    is_shared = pairs.is_own | (fleet.scope[pairs.left] == fleet.scope[pairs.right])
    left = np.where(is_shared, within[pairs.left], anywhere[pairs.left])
    key = (left * 2 * len(within) + anywhere[pairs.right]) * len(CASES)
    code, keys = pd.factorize(key + _JUDGEMENTS[cases])
    first = np.full(len(keys), np.iinfo(np.int64).max)
    np.minimum.at(first, code, pairs.left * len(within) + pairs.right)
    group, connection = np.divmod(_member_keys(pairs, code), _width(fleet))
    return keys, np.bincount(code, minlength=len(keys)), first, keys[group], connection


def _member_keys(pairs: FleetPairs, group: Codes) -> Codes:
    """Return the connections in each group, as the numbers ``group * width + connection``.

    A connection is in a group if one of its on-premises blocks is in a pair of the group. Blocks
    that are not from the fleet do not count.
    """
    fleet, keys = pairs.fleet, []
    for block, connection in ((pairs.left, pairs.one), (pairs.right, pairs.other)):
        is_site = (fleet.role[block] == ONPREM) & ~fleet.is_theirs[block]
        keys.append(group[is_site] * _width(fleet) + connection[is_site])
    distinct: Codes = pd.unique(np.concatenate(keys))
    return distinct


def _width(fleet: EncodedFleet) -> int:
    return len(fleet.connections.identity) + 1
