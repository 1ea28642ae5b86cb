"""Decode the rows of VPC lists and route lists to records."""

from __future__ import annotations

from vpnframe.cloud.fields import Fields
from vpnframe.model.records import RouteEntry, RouteType, Vpc


def vpc(row: Fields, vpc_id: str) -> Vpc:
    """Decode a row of DescribeVpcs to a VPC record."""
    primary = row.text("CidrBlock")
    return Vpc(
        vpc_id=vpc_id,
        name=row.text("VpcName"),
        cidrs=(primary,) if primary else (),
        secondary_cidrs=row.texts("SecondaryCidrBlocks", "SecondaryCidrBlock"),
        user_cidrs=row.texts("UserCidrs", "UserCidr"),
        notes=row.notes,
    )


def policy_route(row: Fields, destination: str) -> RouteEntry:
    """Decode a row of DescribeVpnPbrRouteEntries to a route record."""
    return _route(row, destination, "policy")


def destination_route(row: Fields, destination: str) -> RouteEntry:
    """Decode a row of DescribeVpnRouteEntries or DescribeVcoRouteEntries to a route record."""
    kind = (row.text("RouteEntryType") or "").lower()
    return _route(row, destination, "bgp" if kind == "bgp" else "destination")


def _route(row: Fields, destination: str, route_type: RouteType) -> RouteEntry:
    next_hop = row.text("NextHop")
    source = row.text("Source") if route_type == "bgp" else None
    # Older answers have a CIDR block in this field, not the origin of the route.
    learned_from = None if source is None or "/" in source else source.lower()
    return RouteEntry(
        route_type=route_type,
        vpn_gateway_id=row.text("VpnInstanceId"),
        vpn_connection_id=_connection_id(row, next_hop, learned_from),
        source_cidr=row.text("RouteSource") if route_type == "policy" else None,
        destination_cidr=destination,
        # A BGP route has no weight, even if the answer contains one.
        weight=None if route_type == "bgp" else row.number("Weight"),
        priority=row.nonzero_number("Priority") if route_type == "policy" else None,
        state=row.text("State"),
        next_hop=next_hop,
        tunnel_ids=row.texts("NextHopTunnelIdList") or row.texts("NextHopTunnelId"),
        as_path=row.text("AsPath") if route_type == "bgp" else None,
        learned_from=learned_from,
        notes=row.notes,
    )


def _connection_id(row: Fields, next_hop: str | None, learned_from: str | None) -> str | None:
    """Return the connection that a route leads to; None for a route that the cloud announces."""
    if learned_from == "cloud":
        return None
    listed_under = row.text("VpnConnectionId")
    return listed_under or (next_hop if (next_hop or "").startswith("vco-") else None)
