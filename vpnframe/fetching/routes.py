"""Read the routes of one region, which show what leads into each connection.

Routes are in separate lists: three for every VPN gateway (by destination, learned by BGP, by
policy), two for every connection on a transit router. All are read, then put in order by the
connection that they lead into.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import msgspec

from vpnframe.fetching.call_counts import list_calls
from vpnframe.fetching.caller import Caller, Place
from vpnframe.fetching.events import Listener, RouteListRead, RouteListsFound, ignore
from vpnframe.fetching.gaps import explain_gone
from vpnframe.fetching.listing import Listing, recall_listing
from vpnframe.fetching.packed import PackedRecords
from vpnframe.model.notes import route_failures
from vpnframe.model.records import Failure, RouteEntry, RoutesInto, Statement
from vpnframe.model.routes import Weights, holder_of, route_order

_LISTS_AT_ONCE = 16
_BY_DESTINATION = "DescribeVpnRouteEntries"
_BY_POLICY = "DescribeVpnPbrRouteEntries"
_ON_ROUTER = "DescribeVcoRouteEntries"
_decode = msgspec.msgpack.Decoder(RouteEntry).decode


@dataclass(frozen=True, slots=True)
class RouteList:
    """One list of routes."""

    action: str  # the call
    holder: str  # the VPN gateway or the connection whose routes it lists
    about: Mapping[str, str]  # the parameters of the call


@dataclass(slots=True)
class Holders:
    """VPN gateways and connections under which routes are listed."""

    # VPN gateways: those that are listed, and those that connections name
    gateway_ids: set[str] = field(default_factory=set)
    attached_ids: set[str] = field(default_factory=set)  # connections on transit routers

    def add(self, statement: Statement) -> None:
        """Add the holder under which the routes into a connection are listed."""
        holder = holder_of(statement)
        if holder is not None:
            is_own = holder == statement.vpn_connection_id
            (self.attached_ids if is_own else self.gateway_ids).add(holder)


def find_lists(holders: Holders) -> Iterator[RouteList]:
    """Yield the list calls that together return every route of a region.

    Examples
    --------
    >>> lists = find_lists(Holders({"vpn-1"}))
    >>> [(one.action, one.about.get("RouteEntryType")) for one in lists]
    [('DescribeVpnRouteEntries', 'custom'), ('DescribeVpnRouteEntries', 'bgp'),
     ('DescribeVpnPbrRouteEntries', None)]
    """
    for gateway_id in sorted(holders.gateway_ids):
        about = {"VpnGatewayId": gateway_id}
        for kind in ("custom", "bgp"):
            yield RouteList(_BY_DESTINATION, gateway_id, {**about, "RouteEntryType": kind})
        yield RouteList(_BY_POLICY, gateway_id, about)
    for connection_id in sorted(holders.attached_ids):
        for kind in ("custom", "bgp"):
            about = {"VpnConnectionId": connection_id, "RouteEntryType": kind}
            yield RouteList(_ON_ROUTER, connection_id, about)


@dataclass(slots=True)
class RegionRoutes:
    """The routes of one region while they are read."""

    caller: Caller  # of the account
    place: Place  # host and region
    on_event: Listener = ignore  # receives the events
    holders: Holders = field(default_factory=Holders)  # whose lists are read
    into: PackedRecords = field(
        default_factory=PackedRecords
    )  # RoutesInto by connection id, in order
    # Those that lead into no connection of the region
    strays: list[RouteEntry] = field(default_factory=list)
    lost: set[str] = field(default_factory=set)  # holders with a list that was not read to its end
    failures: list[Failure] = field(default_factory=list)  # what was not read or not decoded
    is_stable: bool = True  # whether every list agrees with its own count
    n_calls: Counter[str] = field(default_factory=Counter)  # calls that these lists take, by action
    _read: PackedRecords = field(default_factory=PackedRecords)

    async def read_all(self, holders: Holders) -> None:
        """Read every list of these holders: a few workers on one queue, paced by the quota."""
        self.holders = holders
        lists = list(find_lists(holders))
        self.on_event(RouteListsFound(self.place.region_id or "", len(lists)))
        queue = iter(lists)
        async with asyncio.TaskGroup() as group:
            for _ in range(min(_LISTS_AT_ONCE, len(lists))):
                group.create_task(self._read_from(queue))

    async def _read_from(self, queue: Iterator[RouteList]) -> None:
        for one in queue:
            listing = await recall_listing(self.caller, one.action, self.place, about=one.about)
            await self._explain(one, listing)
            self._take(one, listing)
            self.on_event(RouteListRead(self.place.region_id or ""))

    async def _explain(self, one: RouteList, listing: Listing) -> None:
        """Refine the failures: the holder is gone, or it exists and has no such list."""
        parameter = "VpnConnectionId" if one.action == _ON_ROUTER else "VpnGatewayId"
        listing.failure, listing.doubt = [
            failure
            and await explain_gone(
                failure, self.caller, self.place, parameter=parameter, thing_id=one.holder
            )
            for failure in (listing.failure, listing.doubt)
        ]

    def _take(self, one: RouteList, listing: Listing) -> None:
        """Store the routes of a list, and mark its holder as lost if the list is incomplete."""
        now_ms = int(self.caller.clock.utc_now().timestamp() * 1000)
        self.is_stable &= listing.is_stable
        self.n_calls[one.action] += list_calls(listing.n_expected)
        if not listing.is_whole:
            self.lost.add(one.holder)
        connection_id = one.holder if one.action == _ON_ROUTER else None
        for failure in listing.failures(one.action, at_ms=now_ms):
            self.failures.append(
                msgspec.structs.replace(
                    failure,
                    message=f"routes of {one.holder}: {failure.message}",
                    vpn_connection_id=connection_id,
                )
            )
        for part in listing.rows.parts():
            for row in part.values():
                if isinstance(row, RouteEntry):
                    self._keep(one, row, now_ms)

    def _keep(self, one: RouteList, route: RouteEntry, now_ms: int) -> None:
        here = msgspec.structs.replace(
            route,
            account_id=self.caller.account_id,
            region_id=self.place.region_id,
            vpn_gateway_id=None if one.action == _ON_ROUTER else one.holder,
            fetched_ms=now_ms,
        )
        self.failures += route_failures(here)
        self._read.put(str(len(self._read)), here)

    def arrange(self, connection_ids: Iterable[str]) -> None:
        """Sort all routes by the connection that they lead into."""
        known = set(connection_ids)
        by_connection: defaultdict[str, list[msgspec.Raw]] = defaultdict(list)
        weights = Weights()
        for _, raw in self._read.raw():
            route = _decode(raw)
            if route.vpn_connection_id in known:
                weights.add(route)
                by_connection[route.vpn_connection_id or ""].append(raw)
            else:
                self.strays.append(route)
        self._read, weighed = PackedRecords(), weights.find_weighed()
        self.strays.sort(key=route_order)
        for connection_id in sorted(by_connection):
            entries = sorted(map(_decode, by_connection.pop(connection_id)), key=route_order)
            is_weighed = connection_id in weighed
            self.into.put(connection_id, RoutesInto(entries=tuple(entries), is_weighed=is_weighed))

    def are_known(self, statement: Statement) -> bool:
        """Check whether every list that could name a route into a connection was fully read."""
        return holder_of(statement) not in self.lost
