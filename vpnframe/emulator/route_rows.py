"""Rows of the route calls, with the variations of real answers."""

from __future__ import annotations

from vpnframe.emulator.encoding import Json
from vpnframe.emulator.fleet.model import EmulatedRoute
from vpnframe.emulator.fleet.quirks import pick

# A BGP route has no weight; it is not documented whether one is sent.
_BGP_WEIGHTS: tuple[dict[str, Json], ...] = ({}, {"Weight": 0}, {"Weight": 100})


def vpn_route_row(route: EmulatedRoute) -> dict[str, Json]:
    """Write one row of DescribeVpnRouteEntries."""
    row = {"VpnInstanceId": route.vpn_gateway_id} | _destination_part(route)
    return row | ({"NextHopTunnelId": route.tunnel_ids[0]} if route.tunnel_ids else {})


def policy_route_row(route: EmulatedRoute) -> dict[str, Json]:
    """Write one row of DescribeVpnPbrRouteEntries; an older gateway sends no priority."""
    row: dict[str, Json] = {
        "VpnInstanceId": route.vpn_gateway_id,
        "RouteSource": route.source,
        "RouteDest": route.destination,
        "NextHop": route.next_hop,
        "Weight": _number(route, route.weight),
        "State": route.state,
        "CreateTime": _number(route, route.created_ms),
    }
    if route.priority is not None:
        row["Priority"] = _number(route, route.priority)
    return row | ({"NextHopTunnelId": route.tunnel_ids[0]} if route.tunnel_ids else {})


def attachment_route_row(route: EmulatedRoute) -> dict[str, Json]:
    """Write one row of DescribeVcoRouteEntries."""
    row: dict[str, Json] = {"VpnConnectionId": route.vpn_connection_id} | _destination_part(route)
    return row | ({"NextHopTunnelIdList": route.tunnel_ids} if route.tunnel_ids else {})


def _destination_part(route: EmulatedRoute) -> dict[str, Json]:
    """Return the fields of a destination or BGP route, on a gateway and on a router."""
    part: dict[str, Json] = {
        "RouteDest": route.destination,
        "NextHop": route.next_hop,
        "RouteEntryType": _type_of(route),
        "State": route.state,
        "CreateTime": _number(route, route.created_ms),
    }
    if route.kind == "bgp":
        part |= {"AsPath": route.as_path, "Source": route.learned_from}
        if route.community is not None:
            part["Community"] = route.community
        return part | _BGP_WEIGHTS[pick(route.destination, "bgp-weight", len(_BGP_WEIGHTS))]
    return part | {"Weight": _number(route, route.weight)}


def _type_of(route: EmulatedRoute) -> str:
    """Return the type of a route; older gateways capitalize it."""
    is_older = pick(route.vpn_gateway_id or "", "route-type", 4) == 0
    return route.kind.capitalize() if is_older else route.kind


def _number(route: EmulatedRoute, value: int | None) -> Json:
    is_text = pick(f"{route.next_hop}/{route.destination}", "numbers", 3) == 0
    return value if value is None or not is_text else str(value)
