"""Classify overlaps by rules of the oracle; the first rule that matches decides."""

from __future__ import annotations

from collections.abc import Iterable

from expected_parties import AnswerBlock, Party

Verdict = tuple[str, str]


def judge_held(
    site: AnswerBlock, held: AnswerBlock, *, how: str, members: Iterable[Party]
) -> Verdict:
    """Return kind and severity of an overlap between a site's block and a VPC's block."""
    is_around = site.last - site.first > held.last - held.first
    severity = "low" if is_around or how == "outside" else "high"
    if site.party.cloud == held.party.cloud:
        return ("user_cidr", "info") if how == "user" else ("own_sides", severity)
    if any(_mirror(site.party, other) for other in members):
        return "mirrored", "info"
    return ("user_cidr", "info") if how == "user" else ("other_vpc", severity)


def judge_sites(left: AnswerBlock, right: AnswerBlock) -> Verdict:
    """Return kind and severity of an overlap between the blocks of two sites."""
    a, b = left.party, right.party
    if _mirror(a, b):
        return "mirrored", "info"
    is_equal = (left.first, left.last) == (right.first, right.last)
    if _share(a, b, "vpn_gateway_id") and a.peers == b.peers and _carry_the_same(a, b):
        return "duplicate", "medium"
    larger = left if left.last - left.first >= right.last - right.first else right
    is_one_block = all(larger.end.cidr in party.cidrs("onprem") for party in (a, b))
    if a.meets_vpc_side(b):  # else no packet matches both connections
        if is_one_block and _share(a, b, "transit_router_id") and not _any_gateway(a, b):
            return "ecmp", "info"
        if is_one_block and _stand_together(a, b) and _end_apart(a, b):
            return "ha_pair", "info"
        if _share_vpc(a, b) and _differ_in_gateway(a, b) and a.peers & b.peers:
            return "ha_pair", "info"
    if not _share(a, b, "vpn_gateway_id"):
        return "route_domain", "high" if is_equal else "low"
    if left.is_by_policy and right.is_by_policy:
        is_legal = _are_ranked(left, right) or not a.meets_vpc_side(b)
        return "selector_pair", "low" if is_legal else "high"
    if is_equal:
        return "onprem", "high"
    return "onprem", "medium" if left.is_by_policy or right.is_by_policy else "low"


def _mirror(a: Party, b: Party) -> bool:
    """Check whether two connections are the two ends of one VPC-to-VPC tunnel."""
    return a.address in b.peers and b.address in a.peers


def _share(a: Party, b: Party, name: str) -> bool:
    """Check whether the attribute ``name`` is equal in both, and not None."""
    mine = getattr(a.connection, name)
    return mine is not None and mine == getattr(b.connection, name)


def _share_vpc(a: Party, b: Party) -> bool:
    return a.vpc_id is not None and a.vpc_id == b.vpc_id


def _any_gateway(a: Party, b: Party) -> bool:
    return any(party.connection.vpn_gateway_id is not None for party in (a, b))


def _differ_in_gateway(a: Party, b: Party) -> bool:
    ids = [party.connection.vpn_gateway_id for party in (a, b)]
    return None not in ids and ids[0] != ids[1]


def _carry_the_same(a: Party, b: Party) -> bool:
    return all(a.cidrs(side) == b.cidrs(side) for side in ("vpc", "onprem"))


def _stand_together(a: Party, b: Party) -> bool:
    """Check whether two connections can replace each other and both show signs of failover."""
    is_one_place = (
        _share(a, b, "vpn_gateway_id") or _share_vpc(a, b) or _share(a, b, "transit_router_id")
    )
    return is_one_place and a.has_evidence and b.has_evidence


def _end_apart(a: Party, b: Party) -> bool:
    return a.peers != b.peers or _differ_in_gateway(a, b)


def _are_ranked(left: AnswerBlock, right: AnswerBlock) -> bool:
    priorities = (left.priority, right.priority)
    return None not in priorities and priorities[0] != priorities[1]
