"""Sort routes, compare their weights, and find the id under which the API lists them."""

from __future__ import annotations

from collections import defaultdict

from vpnframe.model.records import RouteEntry, Statement


def holder_of(statement: Statement) -> str | None:
    """Return the id of the VPN gateway or connection that has the routes; None if none has."""
    if statement.vpn_gateway_id is not None:
        return statement.vpn_gateway_id
    return None if statement.is_unattached else statement.vpn_connection_id


class Weights:
    """Finds connections with the same route on one VPN gateway but different route weights."""

    def __init__(self) -> None:
        self._of: defaultdict[tuple[str | None, ...], set[tuple[str, int]]] = defaultdict(set)

    def add(self, route: RouteEntry) -> None:
        """Record the weight of one route."""
        if route.vpn_gateway_id and route.vpn_connection_id and route.weight is not None:
            place = (route.account_id, route.region_id, route.vpn_gateway_id, route.route_type)
            key = (*place, route.source_cidr, route.destination_cidr)
            self._of[key].add((route.vpn_connection_id, route.weight))

    def find_weighed(self) -> set[str]:
        """Return the ids of the connections that have the same route with different weights."""
        return {
            connection_id
            for shared in self._of.values()
            if len({name for name, _ in shared}) > 1 and len({weight for _, weight in shared}) > 1
            for connection_id, _ in shared
        }


def route_order(route: RouteEntry) -> tuple[str, str]:
    """Return the sort key of the routes that lead to one connection."""
    return (route.vpn_gateway_id or "", route.entry_id)
