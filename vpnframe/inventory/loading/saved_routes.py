"""Decide whether saved API responses contain every route that leads to a connection.

A VPN gateway has three lists of routes, and a connection on a transit router has two. The routes in
a response show which list it belongs to. An empty response is assigned by the id in its file's
name. Those without such an id count only if the region has at least as many of them as lists are
missing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import msgspec

from vpnframe.cloud.actions import ROUTE_LISTS
from vpnframe.model.records import Connection, Gateway, RouteEntry, RouteType, Statement
from vpnframe.model.routes import holder_of

_ID = re.compile(r"(?:vpn|vco)-[0-9A-Za-z]+")


@dataclass(frozen=True, slots=True)
class RouteAnswer:
    """One API response that lists routes: a whole list, or one page of a list."""

    action: str
    routes: tuple[RouteEntry, ...]
    total: int | None  # routes in the whole list
    stem: str  # of its file
    region_id: str | None


@dataclass(frozen=True, slots=True)
class _Holder:
    """A VPN gateway, or a connection on a transit router, that has lists of routes."""

    region_id: str | None
    is_gateway: bool
    has_bgp: bool = False


@dataclass(slots=True)
class RouteAnswers:
    """All saved API responses that list routes."""

    answers: list[RouteAnswer] = field(default_factory=list)

    def mark_known(
        self,
        connections: Sequence[Connection],
        statements: Mapping[str, Statement],
        gateways: Iterable[Gateway],
    ) -> list[Connection]:
        """Set ``has_known_routes`` of each connection: whether all routes to it were saved."""
        if not self.answers:
            return list(connections)
        by_id = {gateway.gateway_id: gateway for gateway in gateways if gateway.kind == "vpn"}
        owners = {name: holder_of(statement) for name, statement in statements.items()}
        known = self._find_known(_find_holders(by_id, owners, connections), owners)
        found = []
        for one in connections:
            owner = owners.get(one.vpn_connection_id, "")  # "": its gateway is unknown
            is_known = True if owner is None else known.get(owner)
            found.append(msgspec.structs.replace(one, has_known_routes=is_known))
        return found

    def _find_known(
        self, holders: Mapping[str, _Holder], owners: Mapping[str, str | None]
    ) -> dict[str, bool]:
        """Return for each id in ``holders`` whether all of its route lists were saved.

        An id is left out if no saved list can be assigned to it.
        """
        n_entries, unknown = self._count_entries(owners)
        named, nameless = self._sort_blanks(holders)
        missing = {}
        for name, holder in holders.items():
            for one in ROUTE_LISTS.values():
                if (one.about[1] == "VpnGatewayId") != holder.is_gateway:
                    continue
                kinds = {*one.route_types.values()} - ({"bgp"} if not holder.has_bgp else set())
                n_absent = sum(not n_entries[name, kind] for kind in kinds)
                missing[name, one.name] = max(0, n_absent - named[name, one.name])
        in_region: Counter[tuple[str | None, str]] = Counter()
        for (name, action), n_missing in missing.items():
            in_region[holders[name].region_id, action] += n_missing
        for (name, action), n_missing in missing.items():
            place = holders[name].region_id, action
            if n_missing and in_region[place] > nameless[place]:
                unknown.add(name)
        seen = {name for name, _ in (*n_entries, *named)}
        return {
            name: name not in unknown for name in holders if name in seen or name not in unknown
        }

    def _count_entries(
        self, owners: Mapping[str, str | None]
    ) -> tuple[Counter[tuple[str, RouteType]], set[str]]:
        """Count the routes in each list; also return the ids whose lists lack pages."""
        entries: dict[tuple[str, RouteType], set[str]] = {}
        said = []
        for answer in self.answers:
            # A route announced by the cloud leads into no connection.
            names = [
                route.vpn_gateway_id or owners.get(route.vpn_connection_id or route.next_hop or "")
                for route in answer.routes
            ]
            told = {name for name in names if name is not None}
            lists = set()
            for route, name in zip(answer.routes, names, strict=True):
                # A list belongs to one holder, so a row without a holder belongs to the same one.
                holder = next(iter(told)) if name is None and len(told) == 1 else name
                if holder is not None:
                    lists.add((holder, route.route_type))
                    entries.setdefault((holder, route.route_type), set()).add(route.entry_id)
            said.append((lists, answer.total or 0))
        n_entries = Counter({key: len(ids) for key, ids in entries.items()})
        # Only a total that is reached proves that all pages are present.
        short = (
            lists for lists, total in said if not 0 < total <= sum(n_entries[one] for one in lists)
        )
        return n_entries, {holder for lists in short for holder, _ in lists}

    def _sort_blanks(
        self, holders: Mapping[str, _Holder]
    ) -> tuple[Counter[tuple[str, str]], Counter[tuple[str | None, str]]]:
        """Count the saved responses that report zero routes, by API action.

        The first result counts responses whose file name contains exactly one known id, by that id.
        The second result counts all other responses, by region.
        """
        named: Counter[tuple[str, str]] = Counter()
        nameless: Counter[tuple[str | None, str]] = Counter()
        for answer in self.answers:
            if answer.routes or answer.total != 0:
                continue
            its = holders.keys() & _ID.findall(answer.stem)
            if len(its) == 1:
                named[next(iter(its)), answer.action] += 1
            else:
                nameless[answer.region_id, answer.action] += 1
        return named, nameless


def _find_holders(
    gateways: Mapping[str, Gateway],
    owners: Mapping[str, str | None],
    connections: Sequence[Connection],
) -> dict[str, _Holder]:
    """Find the VPN gateways and transit-router connections with route lists; keys are ids."""
    found = {name: _Holder(one.region_id, True) for name, one in gateways.items()}
    for one in connections:
        name = owners.get(one.vpn_connection_id)
        if name is None:
            continue
        gateway = gateways.get(name)
        of_gateway = gateway.bgp_enabled if gateway else None
        has_bgp = bool(of_gateway if one.bgp_enabled is None else one.bgp_enabled)
        known = found.get(name) or _Holder(one.region_id, name != one.vpn_connection_id)
        found[name] = replace(known, has_bgp=known.has_bgp or has_bgp)
    return found
