"""Group pairs of equal blocks with the same classification, judging the pairs in parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from vpnframe.overlapping.encoded import EncodedFleet
from vpnframe.overlapping.meaning import CASES, SEVERITIES, find_cases
from vpnframe.overlapping.pairing import Candidates
from vpnframe.overlapping.pairs import FleetPairs
from vpnframe.overlapping.roles import ONPREM
from vpnframe.schema.codes import Codes, rank_rows

MOST_JUDGED = 100_000_000
"""The most pairs to judge, which takes about half a minute."""

_JUDGEMENTS = pd.factorize(CASES.kinds * len(SEVERITIES) + CASES.severities)[0].astype(np.int64)
"""A number for the kind and severity of each case."""


@dataclass(frozen=True, slots=True)
class Groups:
    """Groups of pairs in the order of their first pairs.

    ``first`` holds the first pair of each group and ``n_pairs`` the number of pairs; ``members``
    are the connections with these blocks on premises, group by group, ``n_members`` for each.
    """

    first: FleetPairs
    n_pairs: Codes
    members: Codes
    n_members: Codes


class _GroupPart(NamedTuple):
    """Groups found in one part of all pairs, and the members of those with several pairs.

    ``first`` encodes a pair as one number, ``member`` a group of this part and a connection.
    """

    keys: Codes
    n_pairs: Codes
    first: Codes
    member: Codes


def find_groups(candidates: Candidates) -> Groups:
    """Judge all pairs in parts, and group pairs of equal blocks with the same kind and severity.

    Raise TooManyPairsError for more than :data:`MOST_JUDGED` pairs.
    """
    candidates.check(MOST_JUDGED)
    fleet, nodes = candidates.fleet, _nodes(candidates.fleet)
    parts = [_group(pairs, nodes) for pairs in candidates.parts()]
    keys, n_each, first_each, member = (_joined(parts, name) for name in _GroupPart._fields)
    code, distinct = pd.factorize(keys)
    n_pairs = np.zeros(len(distinct), np.int64)
    np.add.at(n_pairs, code, n_each)
    first = np.full(len(distinct), np.iinfo(np.int64).max)
    np.minimum.at(first, code, first_each)
    order = np.argsort(first)
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    members = _members(fleet, parts, place[code], member)
    n_blocks = max(len(fleet.cidr), 1)
    return Groups(
        FleetPairs(fleet, first[order] // n_blocks, first[order] % n_blocks),
        n_pairs[order],
        members % _width(fleet),
        np.bincount(members // _width(fleet), minlength=len(order)),
    )


def every_pair(candidates: Candidates, max_pairs: int) -> Groups:
    """Return each pair as a separate group."""
    pairs, fleet = candidates.all(max_pairs=max_pairs), candidates.fleet
    n = len(pairs.left)
    members = np.unique(_member_keys(fleet, np.arange(n), pairs.left, pairs.right))
    width = _width(fleet)
    n_members = np.bincount(members // width, minlength=n)
    return Groups(pairs, np.ones(n, np.int64), members % width, n_members)


def _nodes(fleet: EncodedFleet) -> tuple[Codes, Codes]:
    """Return codes of side and block of each row: within its scope, and in any scope."""
    side = 2 * fleet.is_theirs + fleet.is_vpc.astype(np.int64)
    scope = np.append(fleet.scope, np.zeros_like(fleet.scope))
    is_any = np.repeat([0, 1], len(side))
    ranks = rank_rows([is_any, np.tile(side, 2), np.tile(fleet.cidr, 2), scope])
    n = len(side)
    return ranks[:n], ranks[n:]


def _group(pairs: FleetPairs, nodes: tuple[Codes, Codes]) -> _GroupPart:
    fleet, cases, (within, anywhere) = pairs.fleet, find_cases(pairs), nodes
    is_shared = pairs.is_own | (fleet.scope[pairs.left] == fleet.scope[pairs.right])
    left = np.where(is_shared, within[pairs.left], anywhere[pairs.left])
    key = (left * 2 * len(within) + anywhere[pairs.right]) * len(CASES)
    code, keys = pd.factorize(key + _JUDGEMENTS[cases])
    n_pairs = np.bincount(code, minlength=len(keys))
    first = np.full(len(keys), np.iinfo(np.int64).max)
    np.minimum.at(first, code, pairs.left * len(within) + pairs.right)
    some = np.flatnonzero(n_pairs[code] > 1)
    member = _member_keys(fleet, code[some], pairs.left[some], pairs.right[some])
    return _GroupPart(keys, n_pairs, first, member)


def _member_keys(fleet: EncodedFleet, group: Codes, left: Codes, right: Codes) -> Codes:
    """Return keys of a group and a connection that has a block of its pairs on premises."""
    is_site = (fleet.role == ONPREM) & ~fleet.is_theirs
    keys = [
        group[is_site[block]] * _width(fleet) + fleet.connection[block[is_site[block]]]
        for block in (left, right)
    ]
    distinct: Codes = pd.unique(np.concatenate(keys))
    return distinct


def _members(fleet: EncodedFleet, parts: list[_GroupPart], group: Codes, member: Codes) -> Codes:
    """Return the member keys of all groups, sorted; ``group`` maps groups of parts to groups."""
    width, n_blocks = _width(fleet), max(len(fleet.cidr), 1)
    starts = np.cumsum([0, *(len(part.keys) for part in parts)])[:-1]
    offset = np.repeat(starts, [len(part.member) for part in parts])
    told = group[member // width + offset] * width + member % width
    first = _joined(parts, "first")
    lone = np.flatnonzero(_joined(parts, "n_pairs") == 1)
    of_lone = _member_keys(fleet, group[lone], first[lone] // n_blocks, first[lone] % n_blocks)
    return np.unique(np.concatenate([told, of_lone]))


def _joined(parts: list[_GroupPart], name: str) -> Codes:
    return np.concatenate([np.empty(0, np.int64), *(getattr(part, name) for part in parts)])


def _width(fleet: EncodedFleet) -> int:
    return len(fleet.connections.identity) + 1
