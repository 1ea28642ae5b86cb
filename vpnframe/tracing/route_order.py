"""Put the routes that match a packet in order, and pick the winning route and its tunnel.

The vendor defines the order for a VPN gateway: policy routes first, by priority; then destination
routes, by longest match; then BGP routes ("Configure routes for a VPN gateway", section "Route
priority"). For a transit router, the vendor documents no order: the longest match of destination
and BGP routes is assumed. Of two routes to the same block, the route with the larger weight is
active. The other route is used only while the active route's connection is down and its own
connection is up.

https://help.aliyun.com/en/vpn/sub-product-ipsec-vpn/user-guide/manage-destination-based-routes
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
from msgspec.structs import replace

from vpnframe.model.display import listed
from vpnframe.tracing.facts import POLICY_KINDS, TracedRoute, TracedTunnel, grouped


class Pick(msgspec.Struct):
    """The routes that win among the matching routes of one router, and the standby routes."""

    # One route per connection; several if they share the flows, or if data is missing
    heads: list[TracedRoute]
    standby: list[TracedRoute] = []
    # notes, doubts: clauses of the reason; a doubt says what is not known
    notes: list[str] = []
    doubts: list[str] = []

    def fail_over(self) -> None:
        """If the active route is down, replace it with the first standby route that may be up."""
        (head,) = self.heads
        if head.is_up is None and self.standby:
            self.doubts.append(_not_known_up(head.connection_id))
        if head.is_up is not False:
            return
        spare = next((route for route in self.standby if route.is_up is not False), None)
        if spare is not None:
            self.heads = [spare]
            self.standby = [head, *(route for route in self.standby if route is not spare)]
            self.notes.append(f"{head.connection_id}, the active route, is down")
            if spare.is_up is None:
                self.doubts.append(_not_known_up(spare.connection_id))

    def share(self) -> None:
        """Move the routes that are down from ``heads`` to ``standby``, unless all are down."""
        down = [route for route in self.heads if route.is_up is False]
        unsure = [route.connection_id for route in self.heads if route.is_up is None]
        if unsure:
            self.doubts.append(_not_known_up(*unsure))
        if len(down) < len(self.heads):
            self.heads, self.standby = [r for r in self.heads if r.is_up is not False], down
        if len(self.heads) > 1:
            self.notes.append("flows are spread over equal routes")


def pick(found: Sequence[TracedRoute], *, is_transit: bool) -> Pick:
    """Pick the winning and the standby routes among the matching routes of one router."""
    if len(found) == 1:
        return Pick([*found])
    notes: list[str] = []
    doubts: list[str] = []
    if found[0].kind in POLICY_KINDS:
        contest = _first_policies(found, doubts)
    else:
        contest = _static_or_learned(found, notes, doubts, is_transit=is_transit)
    ranked = [
        _rank(group, doubts, is_transit=is_transit)
        for group in grouped((_blocks(route), route) for route in contest).values()
    ]
    first = {route.connection_id: route for heads, _ in ranked[::-1] for route in heads[::-1]}
    picked = Pick([first[name] for name in sorted(first)], [], notes, doubts)
    if len(first) == 1:
        picked.standby = ranked[0][1] if len(ranked) == 1 else []
        picked.fail_over()
    elif is_transit:
        picked.share()
    return picked


def carry(route: TracedRoute, *, is_transit: bool) -> tuple[TracedTunnel | None, str, str]:
    """Return the tunnel through which a route sends the packet, with a note and a doubt.

    The tunnel is None if it cannot be predicted. The note explains the result, and the doubt says
    what is unknown; both can be empty.
    """
    tunnels = route.tunnels
    if not tunnels:
        return None, "", f"{route.connection_id} was not read"
    live = [tunnel for tunnel in tunnels if tunnel.is_up]
    unsure = [tunnel for tunnel in tunnels if tunnel.is_up is None]
    if len(tunnels) == 1 or (len(live) == 1 and not unsure):
        return (live or tunnels)[0], "", ""
    if is_transit:
        return None, "its tunnels share the flows", ""
    active = [tunnel for tunnel in tunnels if tunnel.role == "active"]
    # A static route names one of the two tunnels: use that one if no tunnel has the role active.
    active = active or [tunnel for tunnel in tunnels if tunnel.tunnel_id in route.tunnel_ids]
    if len(active) != 1:
        return None, "", "which of its tunnels is active is not known"
    (taking,) = active
    note = ""
    if taking.is_up is False and (live or unsure):
        taking = (live or unsure)[0]
        note = f"its active tunnel {active[0].index} is down"
    doubt = _not_known_up(f"its tunnel {taking.index}") if taking.is_up is None else ""
    return taking, note, doubt


def _first_policies(found: Sequence[TracedRoute], doubts: list[str]) -> Sequence[TracedRoute]:
    """Return the policy routes that may win; if the winner is uncertain, add why to ``doubts``."""
    names = _connection_ids(found)
    blocks = {*map(_blocks, found)}
    priorities = {route.priority for route in found}
    if len(names) == 1:
        narrowest = max(found, key=lambda route: (route.length, route.source_length))
        return [route for route in found if _blocks(route) == _blocks(narrowest)]
    if all(route.kind == "selector" for route in found):
        doubts.append(f"the selectors of {listed(names)} admit it, and no priority is known")
    elif None in priorities and (len(priorities) > 1 or len(blocks) > 1):
        doubts.append(f"the priorities of the policy routes into {listed(names)} are not known")
    elif len(blocks) > 1:
        doubts.append(
            f"the policy routes into {listed(names)} have equal priority {found[0].priority}, and "
            f"the cloud does not show their order"
        )
    return found


def _static_or_learned(
    found: Sequence[TracedRoute], notes: list[str], doubts: list[str], *, is_transit: bool
) -> Sequence[TracedRoute]:
    """Return the routes of the winning kind, destination or BGP; all if there is one kind.

    A VPN gateway uses destination routes first. A transit router is assumed to use the longest
    routes first, and destination routes before BGP routes of the same length. If the two kinds lead
    into different connections, a clause is added to ``notes`` when a VPN gateway ignores a BGP
    route that is not shorter, and to ``doubts`` when a transit router uses a longer BGP route.
    """
    static = [route for route in found if route.kind == "destination"]
    learned = [route for route in found if route.kind == "bgp"]
    if not static or not learned:
        return found
    lead = static[0].length - learned[0].length
    names, others = _connection_ids(static), _connection_ids(learned)
    if is_transit and lead < 0:
        if names != others:
            doubts.append(
                f"whether a transit router looks at destination routes before BGP routes is not "
                f"documented; if it does, the route {static[0].destination} into {listed(names)} "
                f"takes the packet"
            )
        return learned
    if not is_transit and lead <= 0 and names != others:
        notes.append(
            f'a VPN gateway looks at destination routes before BGP routes ("Configure routes for a '
            f'VPN gateway"), so the BGP route {learned[0].destination} into {listed(others)} is '
            f"not used"
        )
    return static


def _rank(
    group: Sequence[TracedRoute], doubts: list[str], *, is_transit: bool
) -> tuple[list[TracedRoute], list[TracedRoute]]:
    """Split routes to the same block into the active and the standby routes.

    BGP routes with the shortest AS path are active, regardless of weight. Of the routes that are
    not BGP routes, those with the largest weight are active on a VPN gateway, and all are active on
    a transit router, which has no weights.
    """
    entries = [
        _merge(same) for same in grouped((route.connection_id, route) for route in group).values()
    ]
    is_bgp = entries[0].kind == "bgp"
    values = [route.n_hops if is_bgp else route.weight for route in entries]
    if (is_transit and not is_bgp) or len({*values}) == 1:
        return entries, []
    unknown = [r.connection_id for r, v in zip(entries, values, strict=True) if v is None]
    if unknown:
        what = "path" if is_bgp else "weight"
        doubts.append(f"the {what} of the route into {listed(unknown)} is not known")
        return entries, []

    def rank(route: TracedRoute) -> int:
        return (route.n_hops or 0) if is_bgp else -(route.weight or 0)

    entries.sort(key=lambda route: (rank(route), route.n_hops or 0, route.connection_id))
    n_heads = [*map(rank, entries)].count(rank(entries[0]))
    return entries[:n_heads], entries[n_heads:]


def _merge(same: Sequence[TracedRoute]) -> TracedRoute:
    """Merge routes to the same block through the same connection into one route."""
    first = max(same, key=lambda route: (route.is_published, route.weight or 0))
    if len(same) == 1:
        return first
    bound = [route.tunnel_ids for route in same]
    hops = [route.n_hops for route in same]
    return replace(
        first,
        tunnel_ids=tuple(i for ids in bound for i in ids) if all(bound) else (),
        weight=max((route.weight for route in same if route.weight is not None), default=None),
        n_hops=None if None in hops else min(n for n in hops if n is not None),
    )


def _not_known_up(*names: str) -> str:
    return f"whether {listed(names)} is up is not known"


def _blocks(route: TracedRoute) -> tuple[str | None, str]:
    return route.source, route.destination


def _connection_ids(found: Iterable[TracedRoute]) -> list[str]:
    return sorted({route.connection_id for route in found})
