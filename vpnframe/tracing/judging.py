"""Judge what one router does with a packet, and why."""

from __future__ import annotations

from collections.abc import Iterator

from vpnframe.model.display import listed
from vpnframe.model.terms import DEFAULT_ROUTES
from vpnframe.tracing.facts import (
    POLICY_KINDS,
    MatchedRoute,
    Outcome,
    Placing,
    Router,
    RouterCase,
    TracedRoute,
)
from vpnframe.tracing.picking import Carrier, Pick, carry, is_up, pick

_LOCAL_REACH = 129  # over every prefix length
_KINDS = {"policy": "policy route", "destination": "destination route", "bgp": "BGP route"}


def judge(case: RouterCase) -> Outcome:
    """Return the outcome of a packet at a router.

    Examples
    --------
    >>> router = Router("vpn-1", False, "vpc-1", "1", "cn-hangzhou")
    >>> judge(RouterCase(router, "vpc-1", Placing.INSIDE, False, -1, ())).reason
    'no route of vpn-1 leads there'
    """
    if case.is_local:
        return _local(case)
    if case.router is None:
        reason = f"{case.vpc_id} has no VPN gateway"
        return Outcome(verdict="none", reason=reason, vpc_id=case.vpc_id, place=case.vpc_id)
    if not case.found:
        return _unmatched(case, case.router)
    picked = pick(case.found, is_transit=case.router.is_transit)
    if len(picked.heads) > 1:
        return _torn(case, case.router, picked)
    return _led(case, case.router, picked)


def _local(case: RouterCase) -> Outcome:
    """Return the outcome of a packet that the VPC keeps: a tunnel to the same block is unused."""
    reason = f"the destination lies in {case.vpc_id} itself: its local route wins"
    if case.found:
        unused = pick(case.found, is_transit=False).heads[0].route
        connection_id = unused.connection.vpn_connection_id
        reason += f", and {_named(unused)} into {connection_id} is never used for it"
    return Outcome(
        verdict="local",
        reason=reason,
        vpc_id=case.vpc_id,
        place=case.vpc_id,
        reach=_LOCAL_REACH,
    )


def _unmatched(case: RouterCase, router: Router) -> Outcome:
    name = router.router_id
    reason = f"no route of {name} leads there"
    if router.unjudged:
        reason = f"no known route of {name} leads there, but {_unread(router)}"
    return Outcome(
        verdict="unknown" if router.unjudged else "none",
        certainty="unknown" if router.unjudged else "certain",
        reason=reason,
        router=router,
        vpc_id=router.vpc_id,
        place=_place(case, router),
        tier=_tier(case),
    )


def _led(case: RouterCase, router: Router, picked: Pick) -> Outcome:
    """Return the outcome if one connection wins: it takes the packet, or its selectors drop it."""
    (head,) = picked.heads
    route, is_refused = head.route, head.admits is False
    reason, doubts = _lead(route, router), [*picked.doubts, *_doubts(case, router, *picked.heads)]
    carrier = Carrier(None)
    reason += _joined(picked.note)
    if is_refused:
        reason += f"; the selectors of {route.connection.vpn_connection_id} drop it"
    else:
        carrier = carry(route, is_transit=router.is_transit)
        doubts += carrier.doubts
        reason += _joined("it is down" if is_up(route) is False else carrier.note)
    return Outcome(
        verdict="dropped" if is_refused else "tunnel",
        certainty="unknown" if doubts else "certain",
        reason=reason + _joined(*doubts),
        vpc_id=router.vpc_id,
        router=router,
        route=route,
        connection=route.connection,
        tunnel=carrier.tunnel,
        standby=() if is_refused else _standby(router, picked, carrier),
        place=_place(case, router),
        tier=_tier(case, route),
        reach=case.reach,
    )


def _torn(case: RouterCase, router: Router, picked: Pick) -> Outcome:
    """Return the outcome if several connections may take the packet, or share its flows."""
    heads, route = picked.heads, picked.heads[0].route
    names = [head.route.connection.vpn_connection_id for head in heads]
    refusing = [head.route.connection.vpn_connection_id for head in heads if head.admits is False]
    doubts = [*picked.doubts, *_doubts(case, router, *heads)]
    if not doubts and not router.is_transit:
        doubts = [f"nothing tells which of the equal routes into {listed(names)} is used"]
    drop = f"the selectors of {listed(refusing)} drop it" if refusing else ""
    reason = f"{_named(route)} of {router.router_id} is one of several that lead there"
    return Outcome(
        verdict="dropped" if len(refusing) == len(names) else "ambiguous",
        certainty="unknown" if doubts else "certain",
        reason=reason + _joined(picked.note, drop, *doubts),
        vpc_id=router.vpc_id,
        router=router,
        route=route,
        standby=_standby(router, picked, Carrier(None)),
        rivals=tuple(names),
        place=_place(case, router),
        tier=_tier(case, route),
        reach=case.reach,
    )


def _joined(*clauses: str) -> str:
    """Join the clauses that are not empty, to append to a sentence."""
    return "".join(f"; {clause}" for clause in clauses if clause)


def _place(case: RouterCase, router: Router) -> str:
    return case.vpc_id or router.vpc_id or router.router_id


def _tier(case: RouterCase, route: TracedRoute | None = None) -> int:
    """Rate how likely the packet starts here: 0 by its VPC, 1 by a route's source, else 2."""
    if case.placing == Placing.INSIDE:
        return 0
    return 1 if case.placing == Placing.UNREAD and _names_source(route) else 2


def _names_source(route: TracedRoute | None) -> bool:
    return route is not None and route.source is not None and route.source not in DEFAULT_ROUTES


def _doubts(case: RouterCase, router: Router, *heads: MatchedRoute) -> Iterator[str]:
    """Yield what is unknown about the packet's start, publication, selectors and routes."""
    route = heads[0].route
    if case.placing == Placing.OUTSIDE:
        yield "the source lies in no VPC that was read"
    elif case.placing == Placing.UNREAD and _names_source(route):
        pass  # the route's source shows that such packets start here
    elif case.placing != Placing.INSIDE and router.is_transit:
        yield f"whether the source's VPC is attached to {router.router_id} is not known"
    elif case.placing == Placing.UNREAD:
        yield f"the blocks of the VPC behind {router.router_id} were not read"
    if not route.is_published and case.reach < 0:  # no route brings the packet to the router
        yield f"that route is not published (state {route.state or 'not known'})"
    unsure = [one.route.connection.vpn_connection_id for one in heads if one.admits is None]
    if unsure:
        yield f"the selectors of {listed(unsure)} are not known"
    if router.unjudged:
        yield _unread(router)


def _unread(router: Router) -> str:
    return f"not all routes into {listed(router.unjudged)} on {router.router_id} were read"


def _standby(router: Router, picked: Pick, carrier: Carrier) -> tuple[str, ...]:
    """Return the connections that take over, in order, as connection/tunnel index."""
    own = picked.heads[0].route.connection.vpn_connection_id
    names = [f"{own}/{tunnel.index}" for tunnel in carrier.spare]
    for one in picked.standby:
        tunnel = carry(one.route, is_transit=router.is_transit).tunnel
        name = one.route.connection.vpn_connection_id
        names.append(name if tunnel is None else f"{name}/{tunnel.index}")
    return tuple(names)


def _lead(route: TracedRoute, router: Router) -> str:
    """Return the main clause of the reason: which route leads where."""
    connection_id, where = route.connection.vpn_connection_id, router.router_id
    if route.kind == "selector":
        return (
            f"the selectors of {connection_id} on {where}, {route.source} to "
            f"{route.destination}, admit it"
        )
    if route.kind in POLICY_KINDS:
        order = "" if route.priority is None else f" (priority {route.priority})"
        return f"{_named(route)}{order} of {where} leads into {connection_id}"
    match = "the longest destination match" if route.kind == "destination" else "the longest match"
    return f"{_named(route)} of {where} is {match} and leads into {connection_id}"


def _named(route: TracedRoute) -> str:
    if route.kind == "selector":
        return f"the selectors {route.source} to {route.destination}"
    source = "" if route.source is None else f"{route.source} to "
    return f"the {_KINDS[route.kind]} {source}{route.destination}"
