"""Combine a packet's outcomes at the routers into its outcome in the whole fleet."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from vpnframe.model.display import listed
from vpnframe.tracing.facts import Outcome, grouped


def choose(outcomes: Sequence[Outcome]) -> Outcome | None:
    """Combine a packet's outcomes at the routers; return None if no router may carry the packet."""
    unknown = [one for one in outcomes if one.verdict == "unknown" and one.tier == 0]
    carrying = [one for one in outcomes if one.is_carrying]
    if len(carrying) == 1 and not unknown:
        return carrying[0]
    tier = min((one.tier for one in carrying), default=None)
    if tier is None or (tier > 0 and unknown):
        return _unknown(unknown) if unknown else None
    at_places = []
    for ones in grouped((one.place, one) for one in carrying if one.tier == tier).values():
        longest = max(one.reach for one in ones)
        at_places.append(_agreed([one for one in ones if one.reach == longest]))
    answer = _agreed(at_places)
    if not unknown:
        return answer
    reason = f"{answer.reason}; {_unknown(unknown).reason}"
    return replace(answer, certainty="unknown", reason=reason)


def choose_idle(
    idle: Sequence[Outcome], unread: Sequence[str], destination_vpc: str | None
) -> Outcome:
    """Return the outcome of a packet that no tunnel takes, as far as is known.

    ``idle`` are the packet's outcomes in the VPCs where it starts. ``unread`` are the connections
    that may have a route to the destination, because not all their routes were read.
    """
    doubt = f"not all routes into {listed(unread)} were read" if unread else ""
    if idle:
        reason = listed(dict.fromkeys(one.reason for one in idle))
        if not unread:
            return replace(idle[0], reason=reason)
        reason += f"; {doubt}, and whether the packet reaches their routers is not known"
        return replace(idle[0], certainty="unknown", reason=reason)
    reason = "the source lies in no VPC that was read, and no route leads there"
    if destination_vpc is not None:
        reason = (
            f"the source lies in no VPC that was read and the destination in {destination_vpc}: "
            f"on the way into the cloud the peer's routes decide"
        )
    return Outcome(
        verdict="unknown" if unread else "none",
        certainty="unknown" if unread else "certain",
        reason=f"{reason}; {doubt}" if unread else reason,
    )


def _agreed(outcomes: Sequence[Outcome]) -> Outcome:
    """Return one outcome if all outcomes are the same, else an ambiguous outcome."""
    first = outcomes[0]
    fates = {
        (one.verdict, one.connection_id, one.tunnel and one.tunnel.index, frozenset(one.rivals))
        for one in outcomes
    }
    if len(fates) == 1:
        return min(outcomes, key=lambda one: (one.certainty, -len(one.reason)))
    is_one_place = len({one.place for one in outcomes}) == 1
    if is_one_place:
        why = f"several routers of {first.place} have an equally long route there"
    elif first.tier == 0:
        why = "the source lies in several VPCs, and the results there differ"
    else:
        why = "where the packet starts is not known, and the results there differ"
    places = [one.router.router_id if one.router else one.place for one in outcomes]
    ends = [one.connection_id or listed(one.rivals) or one.verdict for one in outcomes]
    at_each = dict.fromkeys(f"{place} {end}" for place, end in zip(places, ends, strict=True))
    names = {name for one in outcomes for name in (*one.rivals, one.connection_id) if name}
    return Outcome(
        verdict="ambiguous",
        certainty="unknown",
        reason=f"{why}: {listed(at_each)}",
        rivals=tuple(sorted(names)),
        vpc_id=first.vpc_id if is_one_place else None,
        place=first.place,
        tier=first.tier,
        reach=first.reach,
    )


def _unknown(outcomes: Sequence[Outcome]) -> Outcome:
    first = outcomes[0]
    if len(outcomes) == 1:
        return first
    reason = "; ".join(dict.fromkeys(one.reason for one in outcomes[:3]))
    more = f"; {len(outcomes) - 3} more routers have unknown routes" if len(outcomes) > 3 else ""
    return replace(first, reason=reason + more, router=None)
