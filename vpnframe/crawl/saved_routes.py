"""Whether saved answers hold every route into a connection.

A VPN gateway has three lists of routes, a connection on a transit router two. An answer tells of
which it is by the routes in it; one without routes, which is as good as any, does not: it counts
for what its file's name names, else only where a region has one for every list that is missing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from vpnframe.crawl.routes import holder_of
from vpnframe.records import Connection, Gateway, RouteEntry, RouteType, Statement

_KINDS: dict[str, tuple[RouteType, ...]] = {
    "DescribeVpnRouteEntries": ("destination", "bgp"),
    "DescribeVpnPbrRouteEntries": ("policy",),
    "DescribeVcoRouteEntries": ("destination", "bgp"),
}
ROUTE_LISTS = tuple(_KINDS)
_ON_GATEWAY, _ON_ROUTER = ROUTE_LISTS[:2], ROUTE_LISTS[2:]
_ID = re.compile(r"(?:vpn|vco)-[0-9A-Za-z]+")


@dataclass(frozen=True, slots=True)
class Holder:
    """What routes are listed under: a VPN gateway, or a connection on a transit router.

    Parameters
    ----------
    region_id : str or None
        Its region.
    is_gateway : bool
        Which of the two it is.
    has_bgp : bool
        Whether there is a list of BGP routes that matters.
    """

    region_id: str | None
    is_gateway: bool
    has_bgp: bool


def find_holders(
    gateways: Mapping[str, Gateway],
    statements: Mapping[str, Statement],
    connections: Sequence[Connection],
) -> dict[str, Holder]:
    """Find what routes are listed under.

    Parameters
    ----------
    gateways : mapping of str to Gateway
        By id, each in its region.
    statements : mapping of str to Statement
        List rows by connection id.
    connections : sequence of Connection
        Each in its region; one without a list row hangs on nothing that is known.

    Returns
    -------
    dict of str to Holder
        BGP is on at a gateway where it is on at a connection on it; where a connection does not
        say, what its gateway says counts.
    """
    places = {name: (one.region_id, True) for name, one in gateways.items() if one.kind == "vpn"}
    with_bgp = set()
    for one in connections:
        statement = statements.get(one.vpn_connection_id)
        holder = holder_of(statement) if statement else None
        if holder is None:
            continue
        places.setdefault(holder, (one.region_id, holder != one.vpn_connection_id))
        of_gateway = gateways[holder].bgp_enabled if holder in gateways else None
        if one.bgp_enabled or (one.bgp_enabled is None and of_gateway):
            with_bgp.add(holder)
    return {name: Holder(*place, name in with_bgp) for name, place in places.items()}


def _holder_of_row(route: RouteEntry, action: str) -> str | None:
    """What a route is listed under; what the cloud announces leads into no connection."""
    on_router = route.vpn_connection_id or route.next_hop
    return on_router if action in _ON_ROUTER else route.vpn_gateway_id


def _absent_lists(
    name: str, holder: Holder, n_entries: Counter[tuple[str, RouteType]]
) -> Iterator[tuple[str, list[RouteType]]]:
    """Of each call what no answer holds a route of."""
    for action in _ON_GATEWAY if holder.is_gateway else _ON_ROUTER:
        kinds = [kind for kind in _KINDS[action] if kind != "bgp" or holder.has_bgp]
        yield action, [kind for kind in kinds if not n_entries[name, kind]]


@dataclass(frozen=True, slots=True)
class _Blank:
    """An answer that holds no route because there are none."""

    action: str
    names: frozenset[str]
    region_id: str | None


@dataclass(slots=True)
class SavedLists:
    """The lists of routes that saved answers are of."""

    _entries: set[tuple[str, RouteType, str]] = field(default_factory=set)
    _said: list[tuple[set[tuple[str, RouteType]], int]] = field(default_factory=list)
    _blanks: list[_Blank] = field(default_factory=list)
    n_answers: int = 0

    def add(
        self,
        action: str,
        routes: Sequence[RouteEntry],
        *,
        total: int | None,
        name: str,
        region_id: str | None,
    ) -> None:
        """Learn of one answer, whole or a page of it.

        Parameters
        ----------
        action : str
            Of which call.
        routes : sequence of RouteEntry
            What it holds.
        total : int or None
            How many routes the list has, as the answer says.
        name : str
            Of the file.
        region_id : str or None
            As for connections.
        """
        self.n_answers += 1
        holders = [_holder_of_row(route, action) for route in routes]
        told = {holder for holder in holders if holder is not None}
        held = set()
        for route, own in zip(routes, holders, strict=True):
            # A list is of one holder: a row that does not say so is of the same.
            holder = next(iter(told)) if own is None and len(told) == 1 else own
            if holder is not None:
                held.add((holder, route.route_type))
                self._entries.add((holder, route.route_type, route.entry_id))
        self._said.append((held, total or 0))
        if not routes and total == 0:
            self._blanks.append(_Blank(action, frozenset(_ID.findall(name)), region_id))

    def find_known(self, holders: Mapping[str, Holder]) -> dict[str, bool]:
        """Find of which holders every route is known.

        Parameters
        ----------
        holders : mapping of str to Holder
            By id: all that are known.

        Returns
        -------
        dict of str to bool
            False where lists are missing; no entry where no answer is of it.
        """
        n_entries = Counter((holder, kind) for holder, kind, _ in self._entries)
        named, nameless = self._sort_blanks(holders)
        missing = {
            (name, action): max(0, len(absent) - named[name, action])
            for name, holder in holders.items()
            for action, absent in _absent_lists(name, holder, n_entries)
        }
        in_region: Counter[tuple[str | None, str]] = Counter()
        for (name, action), n_missing in missing.items():
            in_region[holders[name].region_id, action] += n_missing
        # Without a number that is reached nothing shows that these pages are all.
        unknown = {
            holder
            for held, total in self._said
            if not 0 < total <= sum(map(n_entries.__getitem__, held))
            for holder, _ in held
        }
        for (name, action), n_missing in missing.items():
            place = holders[name].region_id, action
            if n_missing and in_region[place] > nameless[place]:
                unknown.add(name)
        seen = {name for name, _ in (*n_entries, *named)}
        return {
            name: name not in unknown for name in holders if name in seen or name not in unknown
        }

    def _sort_blanks(
        self, holders: Mapping[str, Holder]
    ) -> tuple[Counter[tuple[str, str]], Counter[tuple[str | None, str]]]:
        """Answers without routes: by the holder that a file names, and the others by region."""
        named: Counter[tuple[str, str]] = Counter()
        nameless: Counter[tuple[str | None, str]] = Counter()
        for blank in self._blanks:
            its = blank.names & holders.keys()
            if len(its) == 1:
                named[next(iter(its)), blank.action] += 1
            else:
                nameless[blank.region_id, blank.action] += 1
        return named, nameless
