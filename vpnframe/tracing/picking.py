"""Pick the winning route among those that match, and the tunnel that takes the packet.

The order is the vendor's. A VPN gateway evaluates policy routes first, by priority; then
destination routes, by longest match; then BGP routes ("Configure routes for a VPN gateway", section
"Route priority"). For a transit router this is undocumented: the longest match of both. Among
routes to one block, the one with the larger weight is active while its connection is up; the
lighter one takes over when only that is up; if neither is up, the active one is used.
https://help.aliyun.com/en/vpn/sub-product-ipsec-vpn/user-guide/manage-destination-based-routes
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import msgspec
from msgspec.structs import replace

from vpnframe.model.display import listed
from vpnframe.tracing.facts import POLICY_KINDS, MatchedRoute, TracedRoute, TracedTunnel

_SPREAD = "flows are spread over equal routes"
_ORDER_PAGE = '"Configure routes for a VPN gateway"'
T = TypeVar("T")
K = TypeVar("K")


class Pick(msgspec.Struct, frozen=True, gc=False):
    """The winning route: one of ``heads``, or any of them if the data does not decide."""

    heads: tuple[MatchedRoute, ...]
    standby: tuple[MatchedRoute, ...] = ()
    doubts: tuple[str, ...] = ()
    note: str = ""


class Carrier(msgspec.Struct, frozen=True, gc=False):
    """The tunnel that takes the packet (None if several or unknown) and the standby tunnels."""

    tunnel: TracedTunnel | None
    spare: tuple[TracedTunnel, ...] = ()
    doubts: tuple[str, ...] = ()
    note: str = ""


def pick(found: Sequence[MatchedRoute], *, is_transit: bool) -> Pick:
    """Pick the winning and the standby routes among the matching routes of one router.

    Examples
    --------
    >>> from vpnframe.tracing.facts import TracedConnection
    >>> def found(name, weight):
    ...     leading = TracedConnection(name)
    ...     route = TracedRoute("destination", leading, None, "10.0.0.0/8", 8, weight=weight)
    ...     return MatchedRoute(route, True)
    >>> picked = pick([found("vco-a", 0), found("vco-b", 100)], is_transit=False)
    >>> [one.route.connection.vpn_connection_id for one in (*picked.heads, *picked.standby)]
    ['vco-b', 'vco-a']
    """
    if len(found) == 1:
        return Pick(tuple(found))
    policies = [one for one in found if one.route.kind in POLICY_KINDS]
    contest, doubts = _policies(policies) if policies else _by_destination(found, is_transit)
    order = "" if policies or is_transit else _passed_over(contest, found)
    ranked = [_ranked(group, is_transit) for group in _grouped(contest, _blocks)]
    heads = _one_each(head for one in ranked for head in one.heads)
    standby = ranked[0].standby if len(ranked) == 1 else ()
    doubts += tuple(doubt for one in ranked for doubt in one.doubts)
    settled = _fail_over(heads[0], standby) if len(heads) == 1 else _share(heads, is_transit)
    note = "; ".join(filter(None, [order, settled.note]))
    return replace(settled, doubts=doubts + settled.doubts, note=note)


def carry(route: TracedRoute, *, is_transit: bool) -> Carrier:
    """Find the tunnel of a route's connection that takes the packet.

    Examples
    --------
    >>> from vpnframe.tracing.facts import TracedConnection
    >>> active = TracedTunnel(1, "tun-1", "active", "ike_sa_not_established", False)
    >>> spare = TracedTunnel(2, "tun-2", "standby", "ipsec_sa_established", True)
    >>> leading = TracedConnection("vco-a", tunnels=(active, spare))
    >>> route = TracedRoute("bgp", leading, None, "10.0.0.0/8", 8)
    >>> carry(route, is_transit=False).tunnel.index
    2
    """
    tunnels = usable_tunnels(route)
    if not tunnels:
        return Carrier(None, doubts=(f"{route.connection.vpn_connection_id} was not read",))
    if len(tunnels) == 1:
        return Carrier(tunnels[0])
    live = [tunnel for tunnel in tunnels if tunnel.is_up]
    if len(live) == 1 and all(tunnel.is_up is False for tunnel in tunnels if tunnel not in live):
        return Carrier(live[0], _others(live[0], tunnels))
    if is_transit:
        return Carrier(None, note="its tunnels share the flows")
    active = [tunnel for tunnel in tunnels if tunnel.role == "active"]
    # A static route names one tunnel of two: it decides if no tunnel has the role active.
    active = active or [tunnel for tunnel in tunnels if tunnel.tunnel_id in route.tunnel_ids]
    if len(active) != 1:
        return Carrier(None, doubts=("which of its tunnels is active is not told",))
    return _active_or_spare(active[0], tunnels)


def usable_tunnels(route: TracedRoute) -> tuple[TracedTunnel, ...]:
    """Return the tunnels that a route leads into; for BGP those that it was learned over."""
    tunnels = route.connection.tunnels
    if route.kind != "bgp" or not route.tunnel_ids:
        return tunnels
    return tuple(t for t in tunnels if t.tunnel_id in route.tunnel_ids) or tunnels


def is_up(route: TracedRoute) -> bool | None:
    """Return whether any tunnel of a route's connection is up; None if unknown."""
    states = [tunnel.is_up for tunnel in usable_tunnels(route)]
    if any(states):
        return True
    return None if None in states or not states else False


def _policies(found: Sequence[MatchedRoute]) -> tuple[list[MatchedRoute], tuple[str, ...]]:
    """Return the policy routes that may be first, and why the order is unknown if it is."""
    contest = list(found)
    names = listed(_connection_ids(contest))
    priorities = {one.route.priority for one in contest}
    if len(_connection_ids(contest)) == 1:
        narrowest = _blocks(max(contest, key=_narrowness))
        return [one for one in contest if _blocks(one) == narrowest], ()
    if all(one.route.kind == "selector" for one in contest):
        return contest, (f"the selectors of {names} admit it, and no priority is known",)
    if None in priorities and (len(priorities) > 1 or len({*map(_blocks, contest)}) > 1):
        return contest, (f"the priorities of the policy routes into {names} are not known",)
    if len({*map(_blocks, contest)}) > 1:
        (priority,) = priorities
        return contest, (
            f"the policy routes into {names} have equal priority {priority}, and the cloud does "
            f"not show their order",
        )
    return contest, ()


def _length(found: MatchedRoute) -> int:
    return found.route.prefix_length


def _narrowness(found: MatchedRoute) -> tuple[int, int]:
    source = found.route.source or "/0"
    return found.route.prefix_length, int(source.rpartition("/")[2])


def _by_destination(
    found: Sequence[MatchedRoute], is_transit: bool
) -> tuple[list[MatchedRoute], tuple[str, ...]]:
    """Prefer destination routes to BGP routes; on a transit router, the longest match of both.

    There the order is undocumented: among equally long routes the destination route is preferred.
    """
    static = [one for one in found if one.route.kind == "destination"]
    longest = max(map(_length, found))
    if static and (not is_transit or _length(static[0]) == longest):
        return static, ()
    contest = [one for one in found if _length(one) == longest]
    if not static or _connection_ids(static) == _connection_ids(contest):
        return contest, ()
    return contest, (
        f"whether a transit router looks at destination routes before BGP routes is not "
        f"documented, and then {static[0].route.destination} into "
        f"{listed(_connection_ids(static))} takes it",
    )


def _passed_over(contest: Sequence[MatchedRoute], found: Sequence[MatchedRoute]) -> str:
    """Explain why BGP routes that are as long or longer, and lead elsewhere, are not used."""
    first = contest[0].route
    passed = [one for one in found if one.route.kind == "bgp"]
    is_news = first.kind == "destination" and passed and _length(passed[0]) >= first.prefix_length
    if not is_news or _connection_ids(passed) == _connection_ids(contest):
        return ""
    return (
        f"a VPN gateway looks at destination routes before BGP routes ({_ORDER_PAGE}), so the "
        f"BGP route {passed[0].route.destination} into {listed(_connection_ids(passed))} is not "
        f"used"
    )


def _ranked(group: Sequence[MatchedRoute], is_transit: bool) -> Pick:
    """Return the active and standby routes among routes to one block.

    BGP routes rank by path length, regardless of weight; a transit router uses no weights.
    """
    entries = [_merged(same) for same in _grouped(group, _connection_id)]
    if entries[0].route.kind == "bgp":
        heads, doubts = _largest(entries, lambda one: _negative(one.route.n_hops), "path")
    elif is_transit:
        return Pick(tuple(entries))
    else:
        heads, doubts = _largest(entries, lambda one: one.route.weight, "weight")
    first = {*map(_connection_id, heads)}
    rest = [one for one in entries if _connection_id(one) not in first]
    return Pick(tuple(heads), tuple(sorted(rest, key=_standby_order)), doubts)


def _standby_order(found: MatchedRoute) -> tuple[int, int, str]:
    route = found.route
    by_weight = 0 if route.kind == "bgp" else -(route.weight or 0)
    return by_weight, route.n_hops or 0, _connection_id(found)


def _largest(
    entries: list[MatchedRoute], value: Callable[[MatchedRoute], int | None], name: str
) -> tuple[list[MatchedRoute], tuple[str, ...]]:
    """Return the entries with the largest value; all of them if only some have a value."""
    values = {value(one) for one in entries}
    if len(values) == 1:
        return entries, ()
    known = [number for number in values if number is not None]
    if len(known) < len(values):
        names = listed(_connection_id(one) for one in entries if value(one) is None)
        return entries, (f"the {name} of the route into {names} is not known",)
    return [one for one in entries if value(one) == max(known)], ()


def _negative(number: int | None) -> int | None:
    return None if number is None else -number


def _merged(same: Sequence[MatchedRoute]) -> MatchedRoute:
    """Merge the entries of one connection to one block, bound to the tunnels of all of them."""
    first = max(same, key=lambda one: (one.route.is_published, one.route.weight or 0))
    if len(same) == 1:
        return first
    bound = [one.route.tunnel_ids for one in same]
    tunnel_ids = tuple(i for ids in bound for i in ids) if all(bound) else ()
    weights = [one.route.weight for one in same if one.route.weight is not None]
    hops = [one.route.n_hops for one in same]
    n_hops = None if None in hops else min(n for n in hops if n is not None)
    weight = max(weights, default=None)
    route = replace(first.route, tunnel_ids=tunnel_ids, weight=weight, n_hops=n_hops)
    return replace(first, route=route)


def _fail_over(head: MatchedRoute, standby: Sequence[MatchedRoute]) -> Pick:
    """Return the active route, or the standby route that replaces it while it is down."""
    state, name = is_up(head.route), _connection_id(head)
    if state is not False:
        is_unsure = state is None and len(standby) > 0
        doubts = (_not_known_up(name),) if is_unsure else ()
        return Pick((head,), tuple(standby), doubts)
    for spare in standby:
        spare_state = is_up(spare.route)
        if spare_state is not False:
            rest = (head, *(one for one in standby if one is not spare))
            unsure = (_not_known_up(_connection_id(spare)),)
            note = f"{name}, the active route, is down"
            return Pick((spare,), rest, () if spare_state else unsure, note)
    return Pick((head,), tuple(standby))


def _share(heads: tuple[MatchedRoute, ...], is_transit: bool) -> Pick:
    """Handle equal routes: a transit router spreads flows over those that are up."""
    if not is_transit:
        return Pick(heads)
    states = [is_up(one.route) for one in heads]
    live = tuple(one for one, state in zip(heads, states, strict=True) if state is not False)
    unsure = [one for one, state in zip(heads, states, strict=True) if state is None]
    doubts = (_not_known_up(*map(_connection_id, unsure)),) if unsure else ()
    if not live:
        return Pick(heads, note=_SPREAD)
    spare = tuple(one for one, state in zip(heads, states, strict=True) if state is False)
    return Pick(live, spare, doubts, "" if len(live) == 1 else _SPREAD)


def _active_or_spare(active: TracedTunnel, tunnels: Sequence[TracedTunnel]) -> Carrier:
    """Return the active tunnel, or one that may be up while the active one is down."""
    # A tunnel that is up is preferred to one whose state is unknown.
    ready = sorted((t for t in tunnels if t.is_up is not False), key=lambda t: not t.is_up)
    taking = active if active.is_up is not False or not ready else ready[0]
    doubts = (_not_known_up(f"its tunnel {taking.index}"),) if taking.is_up is None else ()
    note = "" if taking is active else f"its active tunnel {active.index} is down"
    return Carrier(taking, _others(taking, tunnels), doubts, note)


def _not_known_up(*names: str) -> str:
    return f"whether {listed(names)} is up is not known"


def _others(tunnel: TracedTunnel, tunnels: Iterable[TracedTunnel]) -> tuple[TracedTunnel, ...]:
    return tuple(one for one in tunnels if one is not tunnel)


def _blocks(found: MatchedRoute) -> tuple[str | None, str]:
    return found.route.source, found.route.destination


def _connection_id(found: MatchedRoute) -> str:
    return found.route.connection.vpn_connection_id


def _connection_ids(found: Iterable[MatchedRoute]) -> list[str]:
    return sorted({*map(_connection_id, found)})


def _one_each(found: Iterable[MatchedRoute]) -> tuple[MatchedRoute, ...]:
    """Return the first route of each connection, sorted by connection id."""
    first = {_connection_id(one): one for one in reversed([*found])}
    return tuple(first[name] for name in sorted(first))


def _grouped(values: Iterable[T], key: Callable[[T], K]) -> list[list[T]]:
    groups: dict[K, list[T]] = {}
    for value in values:
        groups.setdefault(key(value), []).append(value)
    return list(groups.values())
