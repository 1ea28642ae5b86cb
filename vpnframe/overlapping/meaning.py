"""Classify overlaps: as a fault, a legal split, a failover pair or harmless.

The first case that fits a pair counts. The table :data:`CASES` holds the kind, severity and reason
of each case; :func:`find_cases` evaluates the conditions.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from vpnframe.addresses.nesting import CONTAINS
from vpnframe.overlapping import roles
from vpnframe.overlapping.facts import PairFacts
from vpnframe.schema.codes import NULL, Mask

KINDS = (
    *("duplicate", "ecmp", "ha_pair", "mirrored", "natted", "onprem", "other_vpc", "own_sides"),
    *("route_domain", "selector_pair", "unrelated", "user_cidr"),
)
SEVERITIES = ("info", "low", "medium", "high")
NOT_READ = " (the VPC was not read: its selector stands for it)"
_NOTHING = "the VPC's own route wins, and the tunnel gets nothing"


class PairMeaning(NamedTuple):
    """Kind, severity and reason of a pair; the reason has placeholders for the facts."""

    kind: str
    severity: str
    reason: str


CASES = {
    "translated": PairMeaning("natted", "info", "Translated on the way: {nat}."),
    "own_equal": PairMeaning(
        *("own_sides", "high"), f"{{onprem}} on premises is a block of {{vpc}} itself: {_NOTHING}."
    ),
    "own_within": PairMeaning(
        *("own_sides", "high"),
        f"{{onprem}} on premises lies within {{vpc_block}} of {{vpc}} itself: {_NOTHING}.",
    ),
    "own_contains": PairMeaning(
        *("own_sides", "low"),
        "{onprem} on premises contains {vpc_block} of {vpc}, as in hub and spoke: check the "
        "return path.",
    ),
    "own_equal_not_read": PairMeaning(
        *("own_sides", "high"),
        f"{{onprem}} on premises is a block of the VPC too: {_NOTHING}{NOT_READ}.",
    ),
    "own_within_not_read": PairMeaning(
        *("own_sides", "high"),
        f"{{onprem}} on premises lies within {{vpc_block}} of the VPC: {_NOTHING}{NOT_READ}.",
    ),
    "own_contains_not_read": PairMeaning(
        *("own_sides", "low"),
        "{onprem} on premises contains {vpc_block} of the VPC, as in hub and spoke: check the "
        f"return path{NOT_READ}.",
    ),
    "own_outside": PairMeaning(
        *("own_sides", "low"),
        "{onprem} on premises overlaps {vpc_block} of the VPC side, but {vpc} does not hold it: "
        "no local route takes its packets; check the return path.",
    ),
    "user_cidr": PairMeaning(
        *("user_cidr", "info"),
        "{onprem} on premises overlaps {vpc_block}, a user CIDR of {vpc}: what lies outside the "
        "VPC's own blocks is sent by its route table.",
    ),
    "mirrored_by_vpc": PairMeaning(
        *("mirrored", "info"),
        "{onprem} is reached by one of two connections that are each other's peer: the two ends of "
        "a VPC-to-VPC tunnel.",
    ),
    "mirrored": PairMeaning(
        *("mirrored", "info"),
        "{left_ip} and {right_ip} are each other's peer: the two ends of one VPC-to-VPC tunnel.",
    ),
    "unrelated_domains": PairMeaning(
        *("unrelated", "info"), "Nothing known joins {left_domain} and {right_domain}."
    ),
    "unrelated_nowhere": PairMeaning(
        *("unrelated", "info"), "Not both are known to hang on a gateway, VPC or transit router."
    ),
    "other_inside": PairMeaning(
        *("other_vpc", "high"),
        "{onprem} on premises is inside {vpc_block} of {vpc} in the same domain: there the VPC's "
        "own route wins.",
    ),
    "other_contains": PairMeaning(
        *("other_vpc", "low"),
        "{onprem} on premises contains {vpc_block} of {vpc} in the same domain: check the return "
        "path.",
    ),
    "other_inside_not_read": PairMeaning(
        *("other_vpc", "high"),
        "{onprem} on premises is inside {vpc_block} of {vpc} in the same domain: there the VPC's "
        f"own route wins{NOT_READ}.",
    ),
    "other_contains_not_read": PairMeaning(
        *("other_vpc", "low"),
        "{onprem} on premises contains {vpc_block} of {vpc} in the same domain: check the return "
        f"path{NOT_READ}.",
    ),
    "duplicate": PairMeaning(
        *("duplicate", "medium"),
        "Both lead from {gateway} to {peers} with the same blocks: one of them is a leftover.",
    ),
    "ecmp": PairMeaning(
        *("ecmp", "info"),
        "Both hang on {router}, which spreads packets over them: answers may come back another "
        "way.",
    ),
    "ha_one_gateway": PairMeaning(
        *("ha_pair", "info"),
        "Both lead to {inner} from {gateway}, by {left_peers} and by {right_peers}, and can fail "
        "over.",
    ),
    "ha_two_gateways": PairMeaning(
        *("ha_pair", "info"),
        "Both lead to {inner} in {domain}, from {left_place} and from {right_place}, and can "
        "fail over.",
    ),
    "ha_move": PairMeaning(
        *("ha_pair", "info"),
        "{left_gateway} and {right_gateway} in {vpc} lead to the same peer: a move from one "
        "gateway to the other.",
    ),
    "split_by_vpc": PairMeaning(
        *("selector_pair", "low"),
        "Both are policies of {gateway} whose VPC blocks have nothing in common: a legal split.",
    ),
    "split_by_priority": PairMeaning(
        *("selector_pair", "low"),
        "Both are policies of {gateway} with priorities {left_priority} and {right_priority}: "
        "the smaller is looked at first.",
    ),
    "ambiguous_equal": PairMeaning(
        *("selector_pair", "high"),
        "Both are policies of {gateway} with overlapping VPC blocks and the same priority, "
        "{left_priority}: which one takes a packet is not determined.",
    ),
    "ambiguous_unknown": PairMeaning(
        *("selector_pair", "high"),
        "Both are policies of {gateway} with overlapping VPC blocks, and their order is not "
        "known: which one takes a packet is not determined.",
    ),
    "onprem_equal": PairMeaning(
        *("onprem", "high"),
        "Both lead from {gateway} to {inner}, and nothing marks them as a pair: one of them gets "
        "nothing.",
    ),
    "onprem_one_owner": PairMeaning(
        *("onprem", "low"),
        "{inner} lies within {outer} on {gateway}, both of {left_owner}: an aggregate and its "
        "branch.",
    ),
    "onprem_two_owners": PairMeaning(
        *("onprem", "medium"),
        "{inner} lies within {outer} on {gateway}, and their owners differ: {left_owner} and "
        "{right_owner}.",
    ),
    "onprem_policy": PairMeaning(
        *("onprem", "medium"),
        "{inner} lies within {outer} on {gateway}, and a policy comes before the longest prefix.",
    ),
    "onprem_nested": PairMeaning(
        *("onprem", "low"),
        "{inner} lies within {outer} on {gateway}: the longest prefix wins, as for an aggregate "
        "and its branch.",
    ),
    "domain_disjoint": PairMeaning(
        *("route_domain", "high"),
        "Both lead to {inner} in {domain}, and their VPC blocks have nothing in common: each drops "
        "what is meant for the other.",
    ),
    "domain_equal": PairMeaning(
        *("route_domain", "high"),
        "{left_place} and {right_place} in {domain} both lead to {inner}, and nothing marks them "
        "as a pair.",
    ),
    "domain_nested": PairMeaning(
        *("route_domain", "low"),
        "{inner} lies within {outer}, behind {left_place} and {right_place} in {domain}: the "
        "longest prefix wins.",
    ),
}
NAMES = tuple(CASES)


def find_cases(facts: PairFacts) -> npt.NDArray[np.int8]:
    """Return the case of each of k pairs, as positions in :data:`NAMES`."""
    cases = np.full(len(facts.left), NULL, np.int8)
    for name, fits in reversed(list(_conditions(facts))):
        np.copyto(cases, NAMES.index(name), where=fits)
    return cases


def _conditions(facts: PairFacts) -> Iterator[tuple[str, Mask]]:
    """Yield the mask of each case; the first that fits counts, and one always does."""
    contains = facts.onprem_relation == CONTAINS
    is_real, is_user = facts.role == roles.REAL, facts.role == roles.USER
    yield "translated", facts.nat >= 0
    yield "user_cidr", facts.is_own & is_user
    own = facts.is_own & is_real
    yield "own_contains", own & contains
    yield "own_equal", own & facts.is_equal
    yield "own_within", own
    yield "own_outside", facts.is_own & (facts.role == roles.OUTSIDE)
    yield "own_contains_not_read", facts.is_own & contains
    yield "own_equal_not_read", facts.is_own & facts.is_equal
    yield "own_within_not_read", facts.is_own
    yield "mirrored_by_vpc", facts.is_mirrored & facts.is_across
    yield "mirrored", facts.is_mirrored
    domain = facts.fleet.connections.domain.codes
    yield "unrelated_domains", facts.have_different(domain)
    yield "unrelated_nowhere", ~facts.have_same(domain)
    yield "user_cidr", facts.is_across & is_user
    other = facts.is_across & is_real
    yield "other_contains", other & contains
    yield "other_inside", other
    yield "other_contains_not_read", facts.is_across & contains
    yield "other_inside_not_read", facts.is_across
    yield from _pair_conditions(facts)
    yield from _policy_conditions(facts)
    yield from _onprem_conditions(facts)


def _pair_conditions(facts: PairFacts) -> Iterator[tuple[str, Mask]]:
    """Yield the conditions for connections that share a destination on purpose or by mistake."""
    its, one_gateway = facts.fleet.connections, facts.same_gateway
    same_peers, other_peers = (
        facts.have_same(its.peers.codes),
        facts.have_different(its.peers.codes),
    )
    yield "duplicate", one_gateway & same_peers & facts.have_same(its.blocks)
    has_gateway = its.routers[0].codes >= 0
    is_routed = facts.same_router & ~facts.either(has_gateway)
    is_near = one_gateway | facts.same_vpc | facts.same_router
    is_apart = other_peers | facts.other_gateway
    has_evidence = facts.both(its.has_ha) & is_near & is_apart
    is_moved = facts.share_peer(facts.same_vpc & facts.other_gateway)
    # A connection with different VPC blocks does not admit the other's packets.
    can_stand_in = facts.vpc_sides_overlap(is_routed | has_evidence | is_moved)
    is_pair = facts.lead_to_one_block(can_stand_in & (is_routed | has_evidence))
    yield "ecmp", is_pair & is_routed
    yield "ha_one_gateway", is_pair & has_evidence & one_gateway & other_peers
    yield "ha_two_gateways", is_pair & has_evidence
    yield "ha_move", is_moved & can_stand_in
    is_drawn = (is_routed | has_evidence | is_moved) & ~can_stand_in & ~one_gateway
    yield "domain_disjoint", is_drawn & facts.is_equal


def _policy_conditions(facts: PairFacts) -> Iterator[tuple[str, Mask]]:
    """Yield the conditions for two policies of one gateway."""
    fleet, left, right = facts.fleet, facts.pairs.left, facts.pairs.right
    both = fleet.is_by_policy[left] & fleet.is_by_policy[right] & facts.same_gateway
    one, other = fleet.priority[left], fleet.priority[right]
    is_known = (one >= 0) & (other >= 0)
    yield "split_by_vpc", both & ~facts.vpc_sides_overlap(both)
    yield "split_by_priority", both & is_known & (one != other)
    yield "ambiguous_equal", both & is_known
    yield "ambiguous_unknown", both


def _onprem_conditions(facts: PairFacts) -> Iterator[tuple[str, Mask]]:
    """Yield the remaining conditions, for two sites that claim the same addresses."""
    fleet, its = facts.fleet, facts.fleet.connections
    same_gateway = facts.same_gateway
    policy = fleet.is_by_policy[facts.pairs.left] | fleet.is_by_policy[facts.pairs.right]
    yield "onprem_equal", same_gateway & facts.is_equal
    yield "onprem_one_owner", same_gateway & facts.have_same(its.owner.codes)
    yield "onprem_two_owners", same_gateway & facts.have_different(its.owner.codes)
    yield "onprem_policy", same_gateway & policy
    yield "onprem_nested", same_gateway
    yield "domain_equal", facts.is_equal
    yield "domain_nested", ~facts.is_equal
