"""Schema of the table of packet traces."""

from __future__ import annotations

from vpnframe.schema.tables.parts import Column, Table

TRACE = Table(
    "trace",
    "Result of trace: one row per packet, what comes of it; or per packet and router.",
    (),
    (
        Column("packet", "int64", "Position in what was asked, from 0.", False),
        Column("source", "text", "Its source address; null where it was missing."),
        Column("destination", "text", "Its destination address; null where it was missing."),
        Column("verdict", "category", "tunnel, local, dropped, none, ambiguous, unknown.", False),
        Column("certainty", "category", "certain, or unknown where something decisive is.", False),
        Column("reason", "text", "Why, and what is not known.", False),
        Column("vpn_connection_id", "text", "The connection that takes it, or drops it."),
        Column("connection_name", "text", "Its name."),
        Column("tunnel_index", "int16", "Its tunnel; null where several share the flows."),
        Column("tunnel_id", "text", "That tunnel's id; null for a single tunnel."),
        Column("tunnel_status", "text", "That tunnel's status, and a health check that failed."),
        Column("standby", "texts", "Who takes over, in order, as connection/tunnel index."),
        Column("rivals", "texts", "Connections that may take it as well, or share its flows."),
        Column("route_type", "category", "policy, destination, bgp, or selector without routes."),
        Column("source_cidr", "text", "Source block of the policy route or selectors."),
        Column("destination_cidr", "text", "Destination block of the route."),
        Column("priority", "int32", "Of a policy route."),
        Column("weight", "int32", "Of the route."),
        Column("account_id", "text", "Main account of the router."),
        Column("region_id", "text", "Its region."),
        Column("vpc_id", "text", "The VPC behind the VPN gateway, or that keeps the packet."),
        Column("vpn_gateway_id", "text", "The VPN gateway that decides."),
        Column("transit_router_id", "text", "The transit router that decides."),
    ),
)
