"""Schema of the table of packet traces."""

from __future__ import annotations

from vpnframe.schema.tables.parts import Column, Table

TRACE = Table(
    "trace",
    "Result of trace: one row per packet, or per packet and router, with its path.",
    (),
    (
        Column("packet", "int64", "Position in the input, from 0.", False),
        Column("source", "text", "Its source address; null if missing."),
        Column("destination", "text", "Its destination address; null if missing."),
        Column("verdict", "category", "tunnel, local, dropped, none, ambiguous, unknown.", False),
        Column("certainty", "category", "certain, or unknown if a decisive fact is.", False),
        Column("reason", "text", "Why, and which facts are unknown.", False),
        Column("vpn_connection_id", "text", "The connection that carries or drops it."),
        Column("connection_name", "text", "Its name."),
        Column("tunnel_index", "int16", "Its tunnel; null if several share the flows."),
        Column("tunnel_id", "text", "That tunnel's id; null for a single tunnel."),
        Column("tunnel_status", "text", "Status of that tunnel, and a failed health check."),
        Column("standby", "texts", "Tunnels that take over, in order, as connection/tunnel index."),
        Column("rivals", "texts", "Other connections that may carry it, or share its flows."),
        Column("route_type", "category", "policy, destination, bgp, or selector without routes."),
        Column("source_cidr", "text", "Source block of the policy route or selectors."),
        Column("destination_cidr", "text", "Destination block of the route."),
        Column("priority", "int32", "Priority of the policy route."),
        Column("weight", "int32", "Weight of the route."),
        Column("account_id", "text", "Alibaba Cloud account of the router."),
        Column("region_id", "text", "Region of the router."),
        Column("vpc_id", "text", "The VPC behind the VPN gateway, or that keeps the packet."),
        Column("vpn_gateway_id", "text", "The VPN gateway that decides."),
        Column("transit_router_id", "text", "The transit router that decides."),
    ),
)
