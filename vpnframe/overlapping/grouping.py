"""Group the pairs that have the same two blocks and classification, some pairs at a time."""

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
# For each case, a number that stands for its kind and severity.
_JUDGEMENTS = pd.factorize(CASES.kinds * len(SEVERITIES) + CASES.severities)[0].astype(np.int64)


@dataclass(frozen=True, slots=True)
class Groups:
    """Groups of pairs in the order of their first pairs."""

    first: FleetPairs  # the first pair of each group
    n_pairs: Codes
    members: Codes  # the connections with these blocks on premises, group by group
    n_members: Codes


def find_groups(candidates: Candidates) -> Groups:
    """Classify all pairs, and group those with the same two blocks, kind and severity."""
    candidates.check(MOST_JUDGED)
    fleet, none = candidates.fleet, np.empty(0, np.int64)
    nodes, n_blocks, width = _nodes(fleet), max(len(fleet.cidr), 1), _width(fleet)
    parts = [(none,) * 5, *(_group(pairs, nodes) for pairs in candidates.parts())]
    keys, n_pairs, first, key, connection = map(np.concatenate, zip(*parts, strict=True))
    found = pd.DataFrame({"n_pairs": n_pairs, "first": first}).groupby(keys, sort=False)
    groups = found.agg({"n_pairs": "sum", "first": "min"}).sort_values("first")
    first = groups["first"].to_numpy()
    members = sort_distinct(groups.index.get_indexer(key) * width + connection)
    return Groups(
        FleetPairs(fleet, first // n_blocks, first % n_blocks),
        groups["n_pairs"].to_numpy(),
        members % width,
        np.bincount(members // width, minlength=len(groups)),
    )


def every_pair(candidates: Candidates, max_pairs: int) -> Groups:
    """Return each pair as a separate group."""
    pairs, fleet = candidates.all(max_pairs=max_pairs), candidates.fleet
    n = len(pairs.left)
    members, width = sort_distinct(_member_keys(pairs, np.arange(n))), _width(fleet)
    n_members = np.bincount(members // width, minlength=n)
    return Groups(pairs, np.ones(n, np.int64), members % width, n_members)


def _nodes(fleet: EncodedFleet) -> tuple[Codes, Codes]:
    """Return two codes for each row: of side, block and scope, and of side and block only."""
    side = 2 * fleet.is_theirs + fleet.is_vpc.astype(np.int64)
    anywhere = rank_rows([side, fleet.cidr])
    return len(side) + rank_rows([anywhere, fleet.scope]), anywhere


def _group(pairs: FleetPairs, nodes: tuple[Codes, Codes]) -> tuple[Codes, ...]:
    """Return key, pair count and first pair per group, then group key and connection per member."""
    fleet, cases, (within, anywhere) = pairs.fleet, find_cases(pairs), nodes
    is_shared = pairs.is_own | (fleet.scope[pairs.left] == fleet.scope[pairs.right])
    left = np.where(is_shared, within[pairs.left], anywhere[pairs.left])
    key = (left * 2 * len(within) + anywhere[pairs.right]) * len(CASES)
    code, keys = pd.factorize(key + _JUDGEMENTS[cases])
    first = np.full(len(keys), np.iinfo(np.int64).max)
    np.minimum.at(first, code, pairs.left * len(within) + pairs.right)
    group, connection = np.divmod(_member_keys(pairs, code), _width(fleet))
    return keys, np.bincount(code, minlength=len(keys)), first, keys[group], connection


def _member_keys(pairs: FleetPairs, group: Codes) -> Codes:
    """Return integers, one per group and connection that has a block of the group on premises."""
    fleet, keys = pairs.fleet, []
    for block, connection in ((pairs.left, pairs.one), (pairs.right, pairs.other)):
        is_site = (fleet.role[block] == ONPREM) & ~fleet.is_theirs[block]
        keys.append(group[is_site] * _width(fleet) + connection[is_site])
    distinct: Codes = pd.unique(np.concatenate(keys))
    return distinct


def _width(fleet: EncodedFleet) -> int:
    return len(fleet.connections.identity) + 1
