"""The route calls as data: each lists the routes of one VPN gateway, or of one connection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from vpnframe.emulator.fleet.model import EmulatedRoute
from vpnframe.emulator.listing import ListCall, Parameters
from vpnframe.emulator.refusals import (
    UNKNOWN_CONNECTION,
    UNKNOWN_GATEWAY,
    Refusal,
    invalid_parameter,
)
from vpnframe.emulator.route_rows import attachment_route_row, policy_route_row, vpn_route_row
from vpnframe.emulator.state import Holdings


def _on_gateway(holdings: Holdings, parameters: Parameters) -> Sequence[EmulatedRoute] | Refusal:
    gateway_id = parameters["VpnGatewayId"]
    if not holdings.has_vpn_gateway(gateway_id):
        return UNKNOWN_GATEWAY
    return holdings.routes_by_holder.get(gateway_id, ())


def _policies(holdings: Holdings, parameters: Parameters) -> Sequence[EmulatedRoute] | Refusal:
    held = _on_gateway(holdings, parameters)
    return held if isinstance(held, Refusal) else [r for r in held if r.kind == "policy"]


def _destinations(holdings: Holdings, parameters: Parameters) -> Sequence[EmulatedRoute] | Refusal:
    return _of_type(_on_gateway(holdings, parameters), parameters)


def _on_attachment(holdings: Holdings, parameters: Parameters) -> Sequence[EmulatedRoute] | Refusal:
    """Return the routes of a connection; on a VPN gateway only the gateway has routes."""
    connection_id = parameters["VpnConnectionId"]
    if connection_id not in holdings.connection_by_id:
        return UNKNOWN_CONNECTION
    return _of_type(holdings.routes_by_holder.get(connection_id, ()), parameters)


def _of_type(
    held: Sequence[EmulatedRoute] | Refusal, parameters: Parameters
) -> Sequence[EmulatedRoute] | Refusal:
    """Return the routes of the requested type, custom by default."""
    kind = (parameters.get("RouteEntryType") or "custom").lower()
    if kind not in ("custom", "bgp"):
        return invalid_parameter("RouteEntryType")
    return held if isinstance(held, Refusal) else [route for route in held if route.kind == kind]


ROUTE_CALLS: Mapping[str, ListCall[EmulatedRoute]] = MappingProxyType(
    {
        "DescribeVpnRouteEntries": ListCall(
            path=("VpnRouteEntries", "VpnRouteEntry"),
            held=_destinations,
            write=vpn_route_row,
            required=("VpnGatewayId",),
        ),
        "DescribeVpnPbrRouteEntries": ListCall(
            path=("VpnPbrRouteEntries", "VpnPbrRouteEntry"),
            held=_policies,
            write=policy_route_row,
            required=("VpnGatewayId",),
        ),
        "DescribeVcoRouteEntries": ListCall(
            path=("VcoRouteEntries",),
            held=_on_attachment,
            write=attachment_route_row,
            required=("VpnConnectionId",),
        ),
    }
)
