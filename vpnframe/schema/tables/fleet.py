"""The tables of an inventory: the fleet, what was read of it, and facts about its keys."""

from __future__ import annotations

from vpnframe.schema.tables.declaring import (
    CONNECTION,
    CONNECTION_KEY,
    KEY_STATES,
    PLACE,
    SIDES,
    TUNNEL,
    Column,
    declare,
    one_of,
)

_MODES = ("route", "policy", "mixed")
_ROUTES = ("policy", "destination", "bgp")
_ORIGINS = ("selector", *_ROUTES)
_WITNESSES = ("download", "describe", "both")
_CERTAINTIES = ("verified", "assumed", "conflict")
_STATUSES = ("complete", "partial", "denied", "unreachable", "absent", "skipped")
_KEY_CLASSES = ("published", "derived", "dictionary", "patterned", "random")
_STATE = (
    Column("connection_name", "text", "Name given to the connection."),
    Column("connection_status", "category", "ike_sa_... or ipsec_sa_...; single tunnels only."),
    Column("tunnel_status", "category", "Status of this tunnel: ike_sa_... or ipsec_sa_..."),
    Column("connection_state", "category", "State of the connection: active, updating, ..."),
    Column("tunnel_state", "category", "State of this tunnel: active, updating, ..."),
    Column("created_at", "time", "When the connection was created."),
    Column("effect_immediately", "flag", "Whether a change renegotiates immediately."),
)
_BELONGS = (
    Column("attach_type", "category", "VPNGW, CEN (transit router) or NO_ASSOCIATED."),
    Column("vpn_gateway_id", "text", "The VPN gateway, vpn-...; null on a transit router."),
    Column("vpn_gateway_name", "text", "Name of the VPN gateway."),
    Column("vpn_type", "category", "normal or sm (GM/T 0022 gateways)."),
    Column("customer_gateway_id", "text", "The customer gateway, cgw-...."),
    Column("customer_gateway_name", "text", "Name of the customer gateway."),
    Column("transit_router_id", "text", "The transit router it is attached to, tr-...."),
    Column("vpc_id", "text", "The VPC behind the VPN gateway."),
    Column("network_type", "category", "public or private."),
    Column("bandwidth_mbps", "int32", "Mbit/s of the connection, else of its VPN gateway."),
    Column("zone_id", "category", "Zone of this tunnel."),
    Column("resource_group_id", "text", "Resource group."),
    Column("charge_type", "category", "Billing method of the VPN gateway."),
    Column("expires_at", "time", "When the subscription of the VPN gateway ends."),
    Column("tags", "texts", "Tags as key=value, sorted."),
)
_ENDS = (
    Column("vpn_gateway_ip", "text", "Address of the cloud's end.", source="vpn_gateway_address"),
    Column(
        "customer_gateway_ip",
        "text",
        "Address of the other end.",
        source="customer_gateway_address",
    ),
    Column("vpn_gateway_ike_id", "text", "How the cloud's end identifies itself in IKE."),
    Column("customer_gateway_ike_id", "text", "How the other end identifies itself in IKE."),
)
_KEYS = (
    one_of("auth_method", "psk, certificate or unknown.", ("psk", "certificate", "unknown")),
    one_of("psk_state", "Pre-shared key: present, masked or absent; never the key.", KEY_STATES),
    Column("has_peer_ca", "flag", "Whether a CA certificate of the peer is set."),
)
_CRYPTO = (
    Column("ike_version", "int16", "1 or 2."),
    Column("ike_mode", "category", "main or aggressive; not used by IKEv2."),
    Column("ike_encryption", "category", "Phase 1 cipher, for example aes-256-cbc."),
    Column("ike_integrity", "category", "Phase 1 integrity and PRF, for example hmac-sha256."),
    Column("ike_dh_group", "int16", "Phase 1 Diffie-Hellman group, IANA number."),
    Column("ike_lifetime_s", "int32", "Lifetime of the IKE SA in seconds."),
    Column("ipsec_encryption", "category", "Phase 2 cipher."),
    Column("ipsec_integrity", "category", "Phase 2 integrity."),
    Column(
        "ipsec_pfs_group",
        "int16",
        "Phase 2 Diffie-Hellman group, IANA number, 0 = no PFS.",
        source="ipsec_dh_group",
    ),
    Column("ipsec_lifetime_s", "int32", "Lifetime of a child SA in seconds."),
)
_ROUTING = (
    one_of("routing_mode", "route (both sides 0.0.0.0/0), policy, or mixed.", _MODES),
    Column("vpc_subnets", "texts", "Blocks of the VPC side, as the answer writes them."),
    Column("onprem_subnets", "texts", "Blocks of the on-premises side, as the answer writes them."),
)
_OPERATION = (
    Column("dpd_enabled", "flag", "Dead peer detection."),
    Column("nat_traversal_enabled", "flag", "NAT traversal."),
    Column("health_check_enabled", "flag", "Health check; single tunnels only."),
    Column("health_check_status", "category", "Last result of the health check."),
    Column("bgp_enabled", "flag", "Whether BGP runs over it."),
    Column("bgp_status", "category", "State of the BGP session."),
    Column("vpn_gateway_asn", "int64", "Autonomous system of the cloud's end."),
    Column("customer_gateway_asn", "int64", "Autonomous system of the other end."),
    Column("bgp_tunnel_cidr", "text", "The /30 of the BGP session."),
    Column(
        "bgp_vpn_gateway_ip", "text", "BGP address of the cloud's end.", source="vpn_gateway_bgp_ip"
    ),
    Column(
        "bgp_customer_gateway_ip",
        "text",
        "BGP address of the other end.",
        source="customer_gateway_bgp_ip",
    ),
    one_of("bgp_auth_state", "BGP key: present, masked or absent; never the key.", KEY_STATES),
)
_SOURCE = (
    one_of("witnesses", "Answers read: download, describe or both.", _WITNESSES, is_nullable=False),
    one_of(
        "perspective", "Whose end a download describes: verified, assumed, conflict.", _CERTAINTIES
    ),
    Column("fetched_at", "time", "When it was read."),
    Column("request_id", "text", "Request id of the answer, for a support ticket."),
)
_TUNNEL_ONLY = (
    *TUNNEL,
    Column("tunnel_role", "category", "active or standby; null if unknown."),
    Column("tunnel_count", "int16", "Number of tunnels of the connection.", False),
)
_SHARED = (*_STATE, *_BELONGS, *_ENDS, *_KEYS, *_CRYPTO, *_ROUTING, *_OPERATION, *_SOURCE)

TUNNELS = declare(
    "tunnels",
    "One row per tunnel; a single-tunnel connection has one row, without a tunnel_id.",
    *CONNECTION,
    *_TUNNEL_ONLY,
    *_SHARED,
    key=(*CONNECTION_KEY, "tunnel_index"),
    is_stored=True,
)
CONNECTIONS = declare(
    "connections",
    "One row per connection, with the values that its tunnels share; null where they differ.",
    *CONNECTION,
    Column("n_tunnels", "int16", "Tunnels.", False),
    *_SHARED,
    key=CONNECTION_KEY,
    is_stored=True,
)
SUBNETS = declare(
    "subnets",
    "One row per connection, side, origin and block.",
    *CONNECTION,
    Column("connection_name", "text", "Name given to the connection."),
    Column("vpn_gateway_id", "text", "The VPN gateway; null on a transit router."),
    Column("vpc_id", "text", "The VPC behind the VPN gateway."),
    Column("transit_router_id", "text", "The transit router it is attached to."),
    Column("customer_gateway_id", "text", "The customer gateway."),
    Column("vpn_gateway_ip", "text", "Address of the cloud's end, of the first tunnel."),
    Column("peer_addresses", "texts", "Addresses of the other end, of all tunnels."),
    one_of("routing_mode", "route, policy or mixed.", _MODES),
    Column(
        "has_ha_evidence",
        "flag",
        "Several tunnels, BGP, a health check, or a route shared with another weight.",
    ),
    Column(
        "has_known_routes",
        "flag",
        "Whether all lists of possible routes to it were read; null if not requested or saved.",
    ),
    Column("tags", "texts", "Tags of the connection as key=value, sorted."),
    one_of("side", "vpc or onprem.", SIDES, is_nullable=False),
    one_of(
        "origin",
        "selector, or the type of the route: policy, destination or bgp.",
        _ORIGINS,
        is_nullable=False,
    ),
    Column("priority", "int32", "Priority of a policy route: the smallest is matched first."),
    Column("weight", "int32", "Weight of a route: 0 is a standby."),
    Column("cidr", "text", "The block; null if cidr_raw is not valid: see failures."),
    Column("cidr_raw", "text", "The block as the answer writes it.", False),
    Column("family", "int16", "4 or 6."),
    Column("prefix_length", "int16", "0 to 32, or 0 to 128."),
    Column("is_default_route", "flag", "0.0.0.0/0 or ::/0."),
    Column("fetched_at", "time", "When it was read."),
    key=(*CONNECTION_KEY, "side", "origin", "cidr_raw"),
    is_stored=True,
)
GATEWAYS = declare(
    "gateways",
    "One row per VPN gateway and customer gateway.",
    *PLACE,
    Column("gateway_id", "text", "vpn-... or cgw-....", False),
    one_of("kind", "vpn or customer.", ("vpn", "customer"), is_nullable=False),
    Column("name", "text", "Its name."),
    Column("ip_address", "text", "Its address."),
    Column("second_ip_address", "text", "Its second address, for the standby tunnel."),
    Column("status", "category", "active and others."),
    Column("business_status", "category", "Normal or FinancialLocked."),
    Column("vpn_type", "category", "normal or sm."),
    Column("vpc_id", "text", "The VPC behind the gateway."),
    Column("asn", "int64", "Autonomous system of a customer gateway."),
    Column("charge_type", "category", "Billing method."),
    Column("created_at", "time", "When it was created."),
    Column("expires_at", "time", "When its subscription ends."),
    Column("auto_propagate", "flag", "Whether BGP routes are propagated to the VPC."),
    Column("bgp_enabled", "flag", "Whether BGP is enabled on it."),
    Column("n_connections", "int32", "Connections that use it.", False),
    Column("tags", "texts", "Tags as key=value, sorted."),
    one_of("bgp_auth_state", "State of its BGP key; never the key.", KEY_STATES),
    key=("account_id", "region_id", "gateway_id"),
    is_stored=True,
)
ROUTES = declare(
    "routes",
    "One row per route entry of VPN gateways and of connections on transit routers.",
    *PLACE,
    Column("vpn_gateway_id", "text", "The VPN gateway that has it; null on a transit router."),
    Column("transit_router_id", "text", "The transit router of the connection."),
    Column(
        "vpn_connection_id",
        "text",
        "The connection that it leads to; null if none, or if the cloud announces it.",
    ),
    one_of("route_type", "policy, destination or bgp.", _ROUTES, is_nullable=False),
    Column("source_cidr", "text", "Source block of a policy route."),
    Column("destination_cidr", "text", "Destination block."),
    Column("weight", "int32", "100 active, 0 standby; null for a BGP route."),
    Column("priority", "int32", "Priority of a policy route: the smallest is matched first."),
    Column("state", "category", "published, normal and others, as in the answer."),
    Column("next_hop", "text", "Next hop, as in the answer."),
    Column("tunnel_ids", "texts", "Tunnels it is bound to; empty if it names none."),
    Column("as_path", "text", "AS path of a BGP route, as in the answer."),
    Column(
        "learned_from",
        "category",
        "Origin of a BGP route: vpn_bgp (from the peer) or cloud (sent to the peer).",
    ),
    Column("fetched_at", "time", "When it was read."),
    is_stored=True,
)
VPCS = declare(
    "vpcs",
    "One row per VPC.",
    *PLACE,
    Column("vpc_id", "text", "The VPC, vpc-....", False),
    Column("name", "text", "Its name."),
    Column("cidrs", "texts", "Its primary block, as the answer writes it."),
    Column("secondary_cidrs", "texts", "Its additional blocks."),
    Column("user_cidrs", "texts", "User CIDR blocks, usually public ones."),
    key=("account_id", "region_id", "vpc_id"),
    is_stored=True,
)
FAILURES = declare(
    "failures",
    "One row per item that was not read or not understood.",
    *PLACE,
    Column("action", "category", "The API call."),
    Column("vpn_connection_id", "text", "The connection, if it concerns one."),
    Column(
        "kind",
        "category",
        "throttled, server, network, timeout; malformed, empty (it has no readable data), "
        "denied, credentials, gone (no longer in the list), unavailable (still in the list), "
        "unsupported (the endpoint lacks the call), parameter, settings, file, address.",
        False,
    ),
    Column("code", "category", "The cloud's error code."),
    Column("message", "text", "What is wrong, and where.", False),
    Column("http_status", "int16", "HTTP status."),
    Column("request_id", "text", "Request id, for a support ticket."),
    Column("attempts", "int16", "Number of attempts.", False),
    Column("at", "time", "Time of the failure."),
    is_stored=True,
)
COVERAGE = declare(
    "coverage",
    "One row per account and region: how much of it was read.",
    *PLACE,
    one_of(
        *("status", f"{', '.join(_STATUSES)} (absent only in older snapshots).", _STATUSES),
        is_nullable=False,
    ),
    Column("n_expected", "int32", "Connections that should be read.", False),
    Column("n_read", "int32", "Connections read as requested.", False),
    Column("n_failed", "int32", "Connections not read as requested.", False),
    Column(
        "n_unattached",
        "int32",
        "Unattached connections, read only from the list and not in n_expected; null if unknown.",
    ),
    Column("n_calls", "int32", "Requests sent.", False),
    Column("n_throttled", "int32", "Requests rejected by throttling.", False),
    Column("is_stable", "flag", "Whether every list has as many rows as it states.", False),
    Column("elapsed_s", "float", "Duration in seconds.", False),
    key=("account_id", "region_id"),
    is_stored=True,
)
DISAGREEMENTS = declare(
    "disagreements",
    "One row per field on which the download and the list row of a connection differ.",
    *CONNECTION,
    Column("tunnel_id", "text", "The tunnel; null for the connection or a single tunnel."),
    Column("field", "category", "The column.", False),
    Column("download_value", "text", "Value in the download."),
    Column("describe_value", "text", "Value in the list row; the tables contain this one."),
    is_stored=True,
)
KEY_FACTS = declare(
    "key_facts",
    "One row per tunnel: facts about its pre-shared key. Sensitive: weak keys are targets.",
    *CONNECTION,
    *TUNNEL,
    one_of("psk_state", "present, masked or absent in the answers.", KEY_STATES),
    Column("psk_length", "int16", "Number of characters; null unless it was shown."),
    one_of("psk_class", f"{', '.join(_KEY_CLASSES)}.", _KEY_CLASSES, source="psk_key_class"),
    Column("psk_bits", "int16", "Estimated strength in bits, 0 to 256."),
    Column("psk_fingerprint", "text", "Equal for equal keys, under one fingerprint key."),
    Column("psk_fingerprint_key_id", "text", "Id of that fingerprint key."),
    key=(*CONNECTION_KEY, "tunnel_index"),
    is_stored=True,
    is_restricted=True,
)
FLEET_TABLES = (
    TUNNELS, CONNECTIONS, SUBNETS, GATEWAYS, ROUTES, VPCS, FAILURES, COVERAGE, DISAGREEMENTS,
    KEY_FACTS,
)  # fmt: skip
