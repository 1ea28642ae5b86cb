"""Classify each overlap by the first case in ``cases.toml`` whose condition it meets."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.resources import files
from itertools import pairwise
from string import Formatter
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from vpnframe.overlapping import roles
from vpnframe.overlapping.asked import as_category
from vpnframe.overlapping.nat import Nat
from vpnframe.overlapping.pairing import FleetPairs
from vpnframe.schema.codes import NULL, Coded, Codes, Mask, take_words
from vpnframe.schema.columns import SEVERITY

SEVERITIES = ("info", "low", "medium", "high")
NOT_READ = " (the VPC was not read, so its selector is used instead)"

CaseCodes = npt.NDArray[np.int8]


class PairMeaning(NamedTuple):
    """The kind, severity and reason (a text with placeholders) of the overlaps of one case."""

    kind: str
    severity: str
    reason: str


class Cases(dict[str, PairMeaning]):
    """The kind, severity and reason of each case, by name; a case's code is its position."""

    @property
    def kinds(self) -> Codes:
        """For each case of an overlap, the position of its kind in KINDS."""
        return np.array([KINDS.index(case.kind) for case in self.values()])

    @property
    def severities(self) -> Codes:
        """The position in SEVERITIES of each case's severity, in the order of the cases."""
        return np.array([SEVERITIES.index(case.severity) for case in self.values()])

    def find(self, conditions: Iterable[tuple[str, Mask]]) -> CaseCodes:
        """Return the code of the first case in ``conditions`` that each pair meets, -1 if none."""
        names, listed = list(self), list(conditions)
        codes = np.full(len(listed[0][1]), NULL, np.int8)
        for name, fits in reversed(listed):
            np.copyto(codes, names.index(name), where=fits)
        return codes

    def columns(self, pairs: FleetPairs, codes: CaseCodes, nats: Sequence[Nat]) -> dict[str, Any]:
        """Return kind, severity and reason of each pair as columns of a table."""
        return {
            "kind": as_category(self.kinds[codes], KINDS),
            "severity": pd.Categorical.from_codes(self.severities[codes], dtype=SEVERITY),
            "reason": pd.array(self._reasons(pairs, codes, nats), dtype="str"),
        }

    def _reasons(self, pairs: FleetPairs, codes: CaseCodes, nats: Sequence[Nat]) -> pa.Array:
        order = np.argsort(codes, kind="stable")
        bounds = np.searchsorted(codes[order], np.arange(len(self) + 1))
        reasons = [
            _fill(case.reason, pairs.take(order[start:stop]), nats)
            for case, (start, stop) in zip(self.values(), pairwise(bounds), strict=True)
            if stop > start
        ]
        place = np.empty_like(order)
        place[order] = np.arange(len(order))
        filled = pa.chunked_array(reasons, pa.large_string()).combine_chunks()
        return filled.take(pa.array(place))


def _fill(template: str, pairs: FleetPairs, nats: Sequence[Nat]) -> pa.Array:
    """Return each pair's reason: the template filled with facts, ``?`` for an unknown fact."""
    pieces = [pa.repeat(pa.scalar("", pa.large_string()), len(pairs.left))]
    for literal, name, _, _ in Formatter().parse(template):
        pieces += [pa.scalar(literal, pa.large_string())]
        # Older versions of pyarrow only join strings of one type.
        pieces += [] if name is None else [_fact(name, pairs, nats).cast(pa.large_string())]
    return pc.binary_join_element_wise(
        *pieces, pa.scalar("", pa.large_string()), null_handling="replace", null_replacement="?"
    )


def _fact(name: str, pairs: FleetPairs, nats: Sequence[Nat]) -> pa.Array:
    """Return for each pair the text for a placeholder such as ``nat`` or ``left.cidr``."""
    if name == "nat":
        texts = [
            f"{nat.real} to {nat.mapped}{f' ({nat.note})' if nat.note else ''}" for nat in nats
        ]
        return take_words(pa.array(texts, pa.large_string()), pairs.nat)
    end, _, what = name.partition(".")
    fleet, blocks = pairs.fleet, getattr(pairs, end)
    if what == "cidr":
        return fleet.cidr_texts(blocks)
    if what == "priority":
        return pa.array(fleet.priority[blocks]).cast(pa.large_string())
    its, connection = fleet.connections, fleet.connection[blocks]
    gateway, vpc, router = its.routers
    columns: Mapping[str, tuple[Coded, ...]] = {
        "gateway": (gateway,), "router": (router,), "domain": (its.domain,), "ip": (its.ip,),
        "owner": (its.owner,), "peers": (its.peer_texts,), "place": (gateway, router, vpc),
        "vpc": (vpc, router, gateway),
    }  # fmt: skip
    return pc.coalesce(*(column.texts(connection) for column in columns[what]))


def _read(table: str) -> Cases:
    text = files(__package__).joinpath("cases.toml").read_text(encoding="utf-8")
    cases = {name: PairMeaning(*row) for name, row in tomllib.loads(text)[table].items()}
    for name, case in cases.items():
        if name.endswith("not_read"):
            cases[name] = case._replace(reason=f"{case.reason.removesuffix('.')}{NOT_READ}.")
    return Cases(cases)


CASES, CONFLICTS = _read("pairs"), _read("conflicts")
KINDS = tuple(sorted({case.kind for case in CASES.values()}))


def find_cases(pairs: FleetPairs) -> CaseCodes:
    """Return for each pair of blocks the position of its case in :data:`CASES`."""
    groups = (_across_conditions, _pair_conditions, _onprem_conditions)
    return CASES.find(condition for group in groups for condition in group(pairs))


def _across_conditions(pairs: FleetPairs) -> Iterator[tuple[str, Mask]]:
    """Yield the name and condition of each case that a pair with a VPC block can have.

    Some of these cases, such as ``mirrored``, are also possible for two on-premises blocks.
    """
    contains = ~pairs.is_equal & (pairs.outer == pairs.onprem)
    is_real, is_user = pairs.role == roles.REAL, pairs.role == roles.USER
    yield "translated", pairs.nat >= 0
    yield "user_cidr", pairs.is_own & is_user
    own = pairs.is_own & is_real
    yield "own_contains", own & contains
    yield "own_equal", own & pairs.is_equal
    yield "own_within", own
    yield "own_outside", pairs.is_own & (pairs.role == roles.OUTSIDE)
    yield "own_contains_not_read", pairs.is_own & contains
    yield "own_equal_not_read", pairs.is_own & pairs.is_equal
    yield "own_within_not_read", pairs.is_own
    yield "mirrored_by_vpc", pairs.is_mirrored & pairs.is_across
    yield "mirrored", pairs.is_mirrored
    domain = pairs.fleet.connections.domain.codes
    yield "unrelated_domains", pairs.have_different(domain)
    yield "unrelated_nowhere", ~pairs.have_same(domain)
    yield "user_cidr", pairs.is_across & is_user
    other = pairs.is_across & is_real
    yield "other_contains", other & contains
    yield "other_inside", other
    yield "other_contains_not_read", pairs.is_across & contains
    yield "other_inside_not_read", pairs.is_across


def _pair_conditions(pairs: FleetPairs) -> Iterator[tuple[str, Mask]]:
    """Yield the name and condition of each duplicate, ECMP, HA and disjoint-domain case."""
    its, one_gateway = pairs.fleet.connections, pairs.same_gateway
    gateway, vpc, router = (column.codes for column in its.routers)
    same_vpc, same_router = pairs.have_same(vpc), pairs.have_same(router)
    same_peers = pairs.have_same(its.peers.codes)
    other_peers = pairs.have_different(its.peers.codes)
    yield "duplicate", one_gateway & same_peers & pairs.have_same(its.blocks)
    is_routed = same_router & ~pairs.either(gateway >= 0)
    is_near = one_gateway | same_vpc | same_router
    other_gateway = pairs.have_different(gateway)
    has_evidence = pairs.both(its.has_ha) & is_near & (other_peers | other_gateway)
    is_moved = pairs.share_peer(same_vpc & other_gateway)
    # A connection with different VPC blocks does not admit the packets of the other connection.
    can_stand_in = pairs.vpc_sides_overlap(is_routed | has_evidence | is_moved)
    is_pair = pairs.lead_to_one_block(can_stand_in & (is_routed | has_evidence))
    yield "ecmp", is_pair & is_routed
    yield "ha_one_gateway", is_pair & has_evidence & one_gateway & other_peers
    yield "ha_two_gateways", is_pair & has_evidence
    yield "ha_move", is_moved & can_stand_in
    cannot = (is_routed | has_evidence | is_moved) & ~can_stand_in & ~one_gateway
    yield "domain_disjoint", cannot & pairs.is_equal


def _onprem_conditions(pairs: FleetPairs) -> Iterator[tuple[str, Mask]]:
    """Yield the name and condition of each on-premises case; these cases are tested last."""
    fleet, its, same_gateway = pairs.fleet, pairs.fleet.connections, pairs.same_gateway
    left, right = fleet.is_by_policy[pairs.left], fleet.is_by_policy[pairs.right]
    both = left & right & same_gateway
    one, other = fleet.priority[pairs.left], fleet.priority[pairs.right]
    is_known = (one >= 0) & (other >= 0)
    yield "split_by_vpc", both & ~pairs.vpc_sides_overlap(both)
    yield "split_by_priority", both & is_known & (one != other)
    yield "ambiguous_equal", both & is_known
    yield "ambiguous_unknown", both
    yield "onprem_equal", same_gateway & pairs.is_equal
    yield "onprem_one_owner", same_gateway & pairs.have_same(its.owner.codes)
    yield "onprem_two_owners", same_gateway & pairs.have_different(its.owner.codes)
    yield "onprem_policy", same_gateway & (left | right)
    yield "onprem_nested", same_gateway
    yield "domain_equal", pairs.is_equal
    yield "domain_nested", ~pairs.is_equal
