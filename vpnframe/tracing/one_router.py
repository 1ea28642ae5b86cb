"""Decide what one router does with a packet, and why."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from vpnframe.model.display import listed
from vpnframe.model.terms import DEFAULT_ROUTES
from vpnframe.tracing.facts import POLICY_KINDS, Outcome, Router, TracedRoute, Verdict
from vpnframe.tracing.route_order import carry, pick

_LOCAL_REACH = 129  # larger than every prefix length
_KINDS = {"policy": "policy route", "destination": "destination route", "bgp": "BGP route"}


class RouterCase(msgspec.Struct, frozen=True, gc=False):
    """The facts about a packet and a router that determine the packet's outcome there."""

    router: Router | None  # None if the VPC has none
    home: str | None = None  # the VPC where the packet starts; None if found by a route
    is_placed: bool = True  # whether the packet starts in any VPC that was read
    is_local: bool = False  # whether ``home`` also contains the destination
    # Prefix length of the router's longest published route to the destination, -1 without one
    reach: int = -1
    # The routes that can win: the policy routes with the smallest priority or without a priority;
    # if there are none, the longest destination routes and the longest BGP routes
    found: tuple[TracedRoute, ...] = ()
    admits: tuple[bool | None, ...] = ()  # by route: whether its connection's selectors match

    def judge(self) -> Outcome:
        """Return the outcome of the packet at this router."""
        if self.is_local:
            return self._local()
        if self.router is None:
            reason = f"{self.home} has no VPN gateway"
            return Outcome(verdict="none", reason=reason, vpc_id=self.home, place=self.home)
        return self._led(self.router) if self.found else self._unmatched(self.router)

    def _local(self) -> Outcome:
        """Return the outcome of a packet whose destination is in its own VPC: it stays there."""
        reason = f"the destination lies in {self.home} itself: its local route wins"
        if self.found:
            unused = pick(self.found, is_transit=False).heads[0]
            reason += f", and {_named(unused)} into {unused.connection_id} is never used for it"
        at = self.home
        return Outcome(verdict="local", reason=reason, vpc_id=at, place=at, reach=_LOCAL_REACH)

    def _unmatched(self, router: Router) -> Outcome:
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
            place=self.home or router.vpc_id or router.router_id,
            tier=0 if self.home else 2,
        )

    def _led(self, router: Router) -> Outcome:
        """Return the outcome of a packet that matches routes, but may be dropped by selectors."""
        picked = pick(self.found, is_transit=router.is_transit)
        route, names = picked.heads[0], [head.connection_id for head in picked.heads]
        pairs = zip(self.found, self.admits, strict=True)
        doubtful = {one.connection_id: admits for one, admits in pairs if not admits}
        refusing = [name for name in names if doubtful.get(name) is False]
        unsure = [name for name in names if name in doubtful and doubtful[name] is None]
        notes, doubts = picked.notes, [*picked.doubts, *self._doubts(router, route, unsure)]
        if refusing:
            notes.append(f"the selectors of {listed(refusing)} drop it")
        lead, tunnel = _lead(route, router), None
        standby = [_standby_name(one, router) for one in picked.standby]
        if len(names) > 1:
            lead = f"{_named(route)} of {router.router_id} is one of several that lead there"
            if not doubts and not router.is_transit:
                equal = listed(names)
                doubts.append(f"which of the equal routes into {equal} is used is not known")
        elif not refusing:
            tunnel, note, doubt = carry(route, is_transit=router.is_transit)
            notes.append("it is down" if route.is_up is False else note)
            doubts += [doubt] if doubt else []
            spare = [one for one in route.tunnels if tunnel and one is not tunnel]
            standby = [*(f"{names[0]}/{one.index}" for one in spare), *standby]
        taken: Verdict = "tunnel" if len(names) == 1 else "ambiguous"
        return Outcome(
            verdict="dropped" if refusing == names else taken,
            certainty="unknown" if doubts else "certain",
            reason="; ".join(filter(None, [lead, *notes, *doubts])),
            vpc_id=router.vpc_id,
            router=router,
            route=route,
            connection=route.connection if len(names) == 1 else None,
            tunnel=tunnel,
            standby=() if refusing and len(names) == 1 else tuple(standby),
            rivals=tuple(names) if len(names) > 1 else (),
            place=self.home or router.vpc_id or router.router_id,
            tier=0 if self.home else 1 if router.is_unread and _names_source(route) else 2,
            reach=self.reach,
        )

    def _doubts(self, router: Router, route: TracedRoute, unsure: list[str]) -> Iterator[str]:
        """Yield for each relevant fact that is not known a clause for the outcome's reason."""
        if self.home is not None or (router.is_unread and _names_source(route)):
            pass  # the VPC is known, or the route's source shows that the packets start here
        elif not self.is_placed and not router.is_unread:
            yield "the source lies in no VPC that was read"
        elif router.is_transit:
            yield f"whether the source's VPC is attached to {router.router_id} is not known"
        else:
            yield f"the blocks of the VPC behind {router.router_id} were not read"
        if not route.is_published and self.reach < 0:  # no route brings the packet to the router
            yield f"that route is not published (state {route.state or 'not known'})"
        if unsure:
            yield f"the selectors of {listed(unsure)} are not known"
        if router.unjudged:
            yield _unread(router)


def _names_source(route: TracedRoute) -> bool:
    return route.source is not None and route.source not in DEFAULT_ROUTES


def _unread(router: Router) -> str:
    return f"not all routes into {listed(router.unjudged)} on {router.router_id} were read"


def _standby_name(route: TracedRoute, router: Router) -> str:
    """Return the id of the route's connection; add a slash and the tunnel index if it is known."""
    tunnel, _, _ = carry(route, is_transit=router.is_transit)
    return route.connection_id if tunnel is None else f"{route.connection_id}/{tunnel.index}"


def _lead(route: TracedRoute, router: Router) -> str:
    """Return the first clause of the reason: which route leads into which connection."""
    name, where = route.connection_id, router.router_id
    if route.kind == "selector":
        return (
            f"the selectors of {name} on {where}, {route.source} to {route.destination}, admit it"
        )
    if route.kind in POLICY_KINDS:
        order = "" if route.priority is None else f" (priority {route.priority})"
        return f"{_named(route)}{order} of {where} leads into {name}"
    match = "the longest destination match" if route.kind == "destination" else "the longest match"
    return f"{_named(route)} of {where} is {match} and leads into {name}"


def _named(route: TracedRoute) -> str:
    if route.kind == "selector":
        return f"the selectors {route.source} to {route.destination}"
    source = "" if route.source is None else f"{route.source} to "
    return f"the {_KINDS[route.kind]} {source}{route.destination}"
