"""Routes into connections: their order, their weights, and what lists them."""

from __future__ import annotations

from collections import defaultdict

from vpnframe.model.records import RouteEntry, Statement


def holder_of(statement: Statement) -> str | None:
    """Give what lists the routes into a connection."""
    if statement.vpn_gateway_id is not None:
        return statement.vpn_gateway_id
    return None if statement.is_unattached else statement.vpn_connection_id


class Weights:
    """Which connections share a route of one gateway under different weights.

    One of them is active where another one stands by. Routes of a transit router have no weight
    that counts.

    Examples
    --------
    >>> weights = Weights()
    >>> for name, weight in (("vco-1", 100), ("vco-2", 0), ("vco-3", None)):
    ...     weights.add(
    ...         RouteEntry(
    ...             route_type="destination", destination_cidr="10.0.0.0/8", weight=weight,
    ...             vpn_gateway_id="vpn-1", vpn_connection_id=name,
    ...         )
    ...     )
    >>> sorted(weights.find_weighed())
    ['vco-1', 'vco-2']
    """

    def __init__(self) -> None:
        self._of: defaultdict[tuple[str | None, ...], set[tuple[str, int]]] = defaultdict(set)

    def add(self, route: RouteEntry) -> None:
        """Look at one more route."""
        if route.vpn_gateway_id and route.vpn_connection_id and route.weight is not None:
            place = (route.account_id, route.region_id, route.vpn_gateway_id, route.route_type)
            key = (*place, route.source_cidr, route.destination_cidr)
            self._of[key].add((route.vpn_connection_id, route.weight))

    def find_weighed(self) -> set[str]:
        """Find the ids of those connections."""
        return {
            connection_id
            for shared in self._of.values()
            if len({name for name, _ in shared}) > 1 and len({weight for _, weight in shared}) > 1
            for connection_id, _ in shared
        }


def route_order(route: RouteEntry) -> tuple[str, str]:
    """Give what the routes into one connection are sorted by."""
    return (route.vpn_gateway_id or "", route.entry_id)
