"""Read all route lists of one region, and group the routes by connection."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from operator import itemgetter

import msgspec
from msgspec.structs import replace

from vpnframe.cloud.actions import ROUTE_LISTS
from vpnframe.cloud.notes import record_failures
from vpnframe.fetching.blocking import run_all
from vpnframe.fetching.call_counts import list_calls
from vpnframe.fetching.caller import Caller, Place
from vpnframe.fetching.events import Listener, RouteListRead, RouteListsFound, ignore
from vpnframe.fetching.listing import ListCall, Listing, explain_gone
from vpnframe.fetching.packed import PackedRecords
from vpnframe.model.records import Failure, RouteEntry, RoutesInto
from vpnframe.model.routes import Weights, route_order

_LISTS_AT_ONCE = 16
_decode = msgspec.msgpack.Decoder(RouteEntry).decode


@dataclass(slots=True)
class RegionRoutes:
    """Reads the routes of one region; its attributes contain what was read so far."""

    caller: Caller  # of the account
    place: Place
    # By id of a VPN gateway, or of a connection on a transit router: the parameter for this id
    holders: Mapping[str, str]
    on_event: Listener = ignore
    into: PackedRecords = field(default_factory=PackedRecords)  # RoutesInto by connection id
    strays: list[RouteEntry] = field(default_factory=list)  # routes that lead to no connection
    lost: set[str] = field(default_factory=set)  # ids of holders with a list that is incomplete
    failures: list[Failure] = field(default_factory=list)  # what was not read or not decoded
    is_stable: bool = True  # whether every list agrees with its own count
    n_calls: Counter[str] = field(default_factory=Counter)  # calls that these lists take, by action
    _read: PackedRecords = field(default_factory=PackedRecords)

    def lists(self) -> Iterator[ListCall]:
        """Yield the list calls that together return every route of the region."""
        for holder, parameter in sorted(self.holders.items(), key=itemgetter(1, 0)):
            for action in ROUTE_LISTS.values():
                for kind in action.route_types if action.about[1] == parameter else ():
                    about = {parameter: holder} | ({"RouteEntryType": kind} if kind else {})
                    yield ListCall(self.caller, action.name, self.place, about)

    async def read_all(self) -> None:
        """Read all route lists with several workers; the quota limits their pace."""
        lists = list(self.lists())
        self.on_event(RouteListsFound(self.place.region_id or "", len(lists)))
        queue = iter(lists)
        await run_all(self._read_from(queue) for _ in lists[:_LISTS_AT_ONCE])

    async def _read_from(self, queue: Iterator[ListCall]) -> None:
        for one in queue:
            listing = await one.recall()
            parameter, holder = next(iter(one.about.items()))
            # Find out whether the holder was deleted, or exists but has no such list.
            explain = partial(explain_gone, caller=self.caller, place=self.place)
            about = {parameter: holder}
            listing.failure = listing.failure and await explain(listing.failure, about=about)
            listing.doubt = listing.doubt and await explain(listing.doubt, about=about)
            self._take(listing, one.action, parameter, holder)
            self.on_event(RouteListRead(self.place.region_id or ""))

    def _take(self, listing: Listing, action: str, parameter: str, holder: str) -> None:
        """Store a list's routes; add its owner to ``lost`` if the list is incomplete."""
        now_ms, is_gateway = self.caller.now_ms(), parameter == "VpnGatewayId"
        self.is_stable &= listing.is_stable
        self.n_calls[action] += list_calls(listing.n_expected)
        if not listing.is_whole:
            self.lost.add(holder)
        for failure in listing.failures(action, at_ms=now_ms):
            message = f"routes of {holder}: {failure.message}"
            connection_id = None if is_gateway else holder
            self.failures.append(replace(failure, message=message, vpn_connection_id=connection_id))
        here = {"account_id": self.caller.account_id, "region_id": self.place.region_id}
        here["vpn_gateway_id"] = holder if is_gateway else None
        for part in listing.rows.parts():
            for row in part.values():
                route = replace(row, **here, fetched_ms=now_ms)
                self.failures += record_failures(route)
                self._read.put(str(len(self._read)), route)

    def arrange(self, connection_ids: Iterable[str]) -> None:
        """Sort each connection's routes. Routes of unknown connections become ``strays``."""
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
