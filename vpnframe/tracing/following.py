"""Follow packets through a fleet, all at once.

Many packets match the same routes. Distinct cases are therefore numbered, and each is judged once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from vpnframe.tracing.choosing import choose
from vpnframe.tracing.facts import Journey, MatchedRoute, Outcome, Placing, RouterCase
from vpnframe.tracing.fleet import RoutedFleet
from vpnframe.tracing.judging import judge
from vpnframe.tracing.matching import (
    Codes,
    Mask,
    Prefixes,
    find_holding,
    find_most_specific,
    holds,
    number_sequences,
)
from vpnframe.tracing.visiting import Visits, find_visits

_ADMITS = (False, True, None)
_LENGTHS = 130  # of prefixes, and -1 for none


@dataclass(frozen=True, slots=True)
class Followed:
    """The outcomes of n packets."""

    outcomes: list[Outcome]  # distinct ones, at single routers and of whole packets
    answer_of: Codes  # the outcome of each packet, as a position in ``outcomes``
    # packet_of, outcome_of: packets at routers that could carry them, and their outcomes there
    packet_of: Codes
    outcome_of: Codes


@dataclass(frozen=True, slots=True)
class _RouteMatches:
    """Routes that can win at each of m visits.

    ``starts`` has the bounds of each visit in ``route`` and ``admits``, positions in ``_ADMITS``;
    for what can win, and for ``reach``, see :class:`~vpnframe.tracing.facts.RouterCase`.
    """

    starts: Codes
    route: Codes
    admits: Codes
    reach: Codes


def follow(
    fleet: RoutedFleet, source: Prefixes, destination: Prefixes, *, max_pairs: int
) -> Followed:
    """Follow packets through a fleet."""
    visits, is_placed = find_visits(fleet, source, destination, max_pairs=max_pairs)
    here = source.take(visits.packet), destination.take(visits.packet)
    matches = _matches(fleet, visits.router, *here, max_pairs)
    outcome_of, examples = _number_cases(fleet, visits, matches)
    outcomes = [*map(judge, _cases(fleet, visits, matches, examples))]
    answer_of, is_open = _plain_answers(outcomes, visits.packet, outcome_of, len(source))
    journeys, journey_of = _journeys(
        fleet, destination, is_placed, is_open, (outcomes, visits.packet, outcome_of)
    )
    answer_of[is_open] = journey_of + len(outcomes)
    outcomes += map(choose, journeys)
    return Followed(outcomes, answer_of, visits.packet, outcome_of)


def _plain_answers(
    outcomes: list[Outcome], packet_of: Codes, outcome_of: Codes, n_packets: int
) -> tuple[Codes, Mask]:
    """Return the answer for packets that only one router carries, and the mask of open ones."""
    is_carrying = np.array([one.is_carrying for one in outcomes], bool)[outcome_of]
    is_unknown = np.array([one.verdict == "unknown" for one in outcomes], bool)[outcome_of]
    n_carrying = np.bincount(packet_of[is_carrying], minlength=n_packets)
    n_unknown = np.bincount(packet_of[is_unknown], minlength=n_packets)
    answer_of = np.full(n_packets, -1)
    answer_of[packet_of[is_carrying]] = outcome_of[is_carrying]
    return answer_of, (n_carrying != 1) | (n_unknown > 0)


def _journeys(
    fleet: RoutedFleet,
    destination: Prefixes,
    is_placed: Mask,
    is_open: Mask,
    visits: tuple[list[Outcome], Codes, Codes],
) -> tuple[list[Journey], Codes]:
    """Return the distinct journeys of packets whose answer is open, and the journey of each."""
    outcomes, packet_of, outcome_of = visits
    packets = np.flatnonzero(is_open)
    is_theirs = is_open[packet_of]
    packet_of, outcome_of = packet_of[is_theirs], outcome_of[is_theirs]
    starts = np.searchsorted(packet_of, np.append(packets, len(is_open)))
    vpc = np.full(len(packets), -1)
    rows, blocks = find_most_specific(destination.take(packets), fleet.vpc_blocks)
    vpc[rows] = fleet.block_vpc[blocks]
    vpc[is_placed[packets]] = -1  # it matters only to packets without a start
    header = vpc * 2 + is_placed[packets]
    journey_of, examples = number_sequences(header, starts, outcome_of)
    unread = _unread(fleet)
    journeys = [
        Journey(
            tuple(outcomes[i] for i in outcome_of[starts[n] : starts[n + 1]].tolist()),
            bool(is_placed[packets[n]]),
            fleet.vpc_ids[vpc[n]] if vpc[n] >= 0 else None,
            unread[bool(is_placed[packets[n]])],
        )
        for n in examples.tolist()
    ]
    return journeys, journey_of


def _unread(fleet: RoutedFleet) -> dict[bool, tuple[str, ...]]:
    """Return unjudged connections: of free routers for placed packets, else of all routers."""
    free = fleet.is_free.tolist()
    everywhere = fleet.routers
    anywhere = [router for router, is_free in zip(everywhere, free, strict=True) if is_free]
    if fleet.is_start_given:
        anywhere = []
    return {
        is_placed: tuple(name for router in routers for name in router.unjudged)
        for is_placed, routers in ((True, anywhere), (False, everywhere))
    }


def _number_cases(
    fleet: RoutedFleet, visits: Visits, matches: _RouteMatches
) -> tuple[Codes, Codes]:
    """Number the distinct cases of visits, and return an example visit of each."""
    header = (visits.router + 1) * (len(fleet.vpc_ids) + 1) + visits.vpc + 1
    header = (header * len(Placing) + visits.placing) * 2 + visits.is_local
    header = header * _LENGTHS + matches.reach + 1
    items = matches.route * len(_ADMITS) + matches.admits
    return number_sequences(header, matches.starts, items)


def _cases(
    fleet: RoutedFleet, visits: Visits, matches: _RouteMatches, examples: Codes
) -> Iterator[RouterCase]:
    """Yield the example visits as facts."""
    connection_fact, starts = cache(fleet.connections.fact), matches.starts.tolist()
    routes, admits = matches.route.tolist(), [_ADMITS[code] for code in matches.admits.tolist()]
    connections = fleet.table.connection[matches.route].tolist()
    columns = (visits.router, visits.vpc, visits.placing, visits.is_local, matches.reach)
    rows = zip(examples.tolist(), *(column[examples].tolist() for column in columns), strict=True)
    for n, router, vpc, placing, is_local, reach in rows:
        found = tuple(
            MatchedRoute(fleet.table.fact(routes[i], connection_fact(connections[i])), admits[i])
            for i in range(starts[n], starts[n + 1])
        )
        place = fleet.vpc_ids[vpc] if vpc >= 0 else None
        at = fleet.routers[router] if router >= 0 else None
        yield RouterCase(at, place, Placing(placing), is_local, reach, found)


def _matches(
    fleet: RoutedFleet, router: Codes, source: Prefixes, destination: Prefixes, max_pairs: int
) -> _RouteMatches:
    """Return the routes that can win at each visit."""
    table, visits = fleet.table, np.flatnonzero(router >= 0)
    rows, route = find_holding(
        destination.take(visits),
        table.destination,
        address_groups=router[visits],
        prefix_groups=table.router,
        max_pairs=max_pairs,
    )
    visit, length = visits[rows], table.destination.prefix_length[route].astype(np.int64)
    reach = np.full(len(router), -1)
    is_published = table.is_published[route]
    np.maximum.at(reach, visit[is_published], length[is_published])
    is_policy = table.is_policy[route]
    is_match = ~is_policy | holds(table.source.take(route), source.take(visit))
    visit, route, length = visit[is_match], route[is_match], length[is_match]
    is_policy = is_policy[is_match]
    wins = _first_policies(table.priority[route], visit, is_policy, len(router))
    is_bgp = table.is_bgp[route]
    for is_kind in (~is_policy & ~is_bgp, ~is_policy & is_bgp):
        longest = np.full(len(router), -1)
        np.maximum.at(longest, visit[is_kind], length[is_kind])
        wins |= is_kind & (length == longest[visit])
    has_policy = np.zeros(len(router), bool)
    has_policy[visit[is_policy]] = True
    wins &= is_policy | ~has_policy[visit]
    visit, route = visit[wins], route[wins]
    admits = _admits(fleet, table.connection[route], source.take(visit), destination.take(visit))
    return _RouteMatches(np.searchsorted(visit, np.arange(len(router) + 1)), route, admits, reach)


def _first_policies(
    priority: npt.NDArray[np.float64], visit: Codes, is_policy: Mask, n_visits: int
) -> Mask:
    """Return which policy routes have the smallest priority of their visit, or an unknown one."""
    smallest = np.full(n_visits, np.inf)
    np.fmin.at(smallest, visit[is_policy], priority[is_policy])
    first: Mask = is_policy & ~(priority > smallest[visit])
    return first


def _admits(
    fleet: RoutedFleet, connection: Codes, source: Prefixes, destination: Prefixes
) -> Codes:
    """Return whether each connection's selectors admit its packet, as positions in ``_ADMITS``."""
    selectors = fleet.selectors
    is_admitted = np.ones(len(connection), bool)
    for addresses, prefixes, owner in (
        (source, selectors.vpc, selectors.vpc_connection),
        (destination, selectors.onprem, selectors.onprem_connection),
    ):
        rows, _ = find_most_specific(
            addresses, prefixes, address_groups=connection, prefix_groups=owner
        )
        is_held = np.zeros(len(connection), bool)
        is_held[rows] = True
        is_admitted &= is_held
    return np.where(is_admitted, 1, np.where(selectors.is_known[connection], 0, 2))
