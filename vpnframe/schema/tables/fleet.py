"""Schemas of the tables that describe the fleet, and of the table of pre-shared key facts."""

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
    needed,
    one_of,
)

_MODES = ("route", "policy", "mixed")
_ROUTES = ("policy", "destination", "bgp")
_ORIGINS = ("selector", *_ROUTES)
_WITNESSES = ("download", "describe", "both")
_CERTAINTIES = ("verified", "assumed", "conflict")
_KEY_CLASSES = ("published", "derived", "dictionary", "patterned", "random")
_STATE = (
    Column("connection_name", "text", "Name given to the connection; null if it has none."),
    Column("connection_status", "category", "Status, as in tunnel_status; null with two tunnels."),
    Column("tunnel_status", "category", "Status of the tunnel, such as ipsec_sa_established."),
    Column("connection_state", "category", "State of the connection, such as active or updating."),
    Column("tunnel_state", "category", "State of the tunnel, such as active or updating."),
    Column("created_at", "time", "When the connection was created."),
    Column("effect_immediately", "flag", "Whether changed settings are negotiated at once."),
)
_BELONGS = (
    Column("attach_type", "category", "VPNGW, CEN (transit router) or NO_ASSOCIATED (unattached)."),
    Column("vpn_gateway_id", "text", "Id of the VPN gateway (vpn-...); null without one."),
    Column("vpn_gateway_name", "text", "Name of the VPN gateway."),
    Column("vpn_type", "category", "Type of VPN gateway: normal, or sm (standard GM/T 0022)."),
    Column("customer_gateway_id", "text", "Id of the customer gateway (cgw-...)."),
    Column("customer_gateway_name", "text", "Name of the customer gateway."),
    Column("transit_router_id", "text", "Id of the transit router (tr-...); null without one."),
    Column("vpc_id", "text", "Id of the VPC behind the VPN gateway; null without a gateway."),
    Column("network_type", "category", "Network of the tunnels: public or private."),
    Column(
        "bandwidth_mbps",
        "int32",
        "Mbit/s of the connection, else of its VPN gateway; null if unknown.",
    ),
    Column("zone_id", "category", "Availability zone of the tunnel; null for a single tunnel."),
    Column("resource_group_id", "text", "Id of the resource group."),
    Column("charge_type", "category", "Billing method of the VPN gateway."),
    Column("expires_at", "time", "When the subscription of the VPN gateway ends; null if unknown."),
    Column("tags", "texts", "Tags as key=value, sorted; table tags has them one by one."),
)
_ENDS = (
    Column("vpn_gateway_ip", "text", "Address of the cloud's end.", source="vpn_gateway_address"),
    Column(
        "customer_gateway_ip",
        "text",
        "Address of the customer's end.",
        source="customer_gateway_address",
    ),
    Column("vpn_gateway_ike_id", "text", "IKE identity of the cloud's end."),
    Column("customer_gateway_ike_id", "text", "IKE identity of the customer's end."),
)
_KEYS = (
    one_of(
        "auth_method",
        "How IKE authenticates: psk, certificate or unknown.",
        ("psk", "certificate", "unknown"),
    ),
    one_of(
        "psk_state",
        "Key in the API: present, masked or absent; null if unknown; never the key.",
        KEY_STATES,
    ),
    Column("has_peer_ca", "flag", "Whether a CA certificate of the peer is set; null if unknown."),
)
_CRYPTO = (
    Column("ike_version", "int16", "IKE version, 1 or 2."),
    Column("ike_mode", "category", "Mode of IKEv1: main or aggressive; no effect in IKEv2."),
    Column("ike_encryption", "category", "Phase 1 cipher, for example aes-256-cbc."),
    Column("ike_integrity", "category", "Phase 1 integrity and PRF, for example hmac-sha256."),
    Column("ike_dh_group", "int16", "IANA number of the phase 1 Diffie-Hellman group."),
    Column("ike_lifetime_s", "int32", "Lifetime of the IKE SA in seconds."),
    Column("ipsec_encryption", "category", "Phase 2 cipher, for example aes-256-cbc."),
    Column("ipsec_integrity", "category", "Phase 2 integrity algorithm, for example hmac-sha256."),
    Column(
        "ipsec_pfs_group",
        "int16",
        "IANA number of the phase 2 Diffie-Hellman group; 0 without PFS, null if unknown.",
        source="ipsec_dh_group",
    ),
    Column("ipsec_lifetime_s", "int32", "Lifetime of a child SA in seconds."),
)
_ROUTING = (
    one_of(
        "routing_mode",
        "route if the selectors of both sides are default routes, else policy or mixed.",
        _MODES,
    ),
    Column("vpc_subnets", "texts", "Traffic selectors of the VPC side, as the API writes them."),
    Column("onprem_subnets", "texts", "On-premises traffic selectors, as the API writes them."),
)
_OPERATION = (
    Column("dpd_enabled", "flag", "Whether dead peer detection is on; null if unknown."),
    Column("nat_traversal_enabled", "flag", "Whether NAT traversal is on; null if unknown."),
    Column("health_check_enabled", "flag", "Whether a health check is on; null with two tunnels."),
    Column("health_check_status", "category", "Last result of the health check; null without one."),
    Column("bgp_enabled", "flag", "Whether BGP is enabled on the connection; null if unknown."),
    Column("bgp_status", "category", "State of the BGP session; null without BGP."),
    Column("vpn_gateway_asn", "int64", "BGP AS number of the cloud's end."),
    Column("customer_gateway_asn", "int64", "BGP AS number of the customer's end."),
    Column("bgp_tunnel_cidr", "text", "CIDR block (/30) with the BGP addresses of both ends."),
    Column(
        "bgp_vpn_gateway_ip", "text", "BGP address of the cloud's end.", source="vpn_gateway_bgp_ip"
    ),
    Column(
        "bgp_customer_gateway_ip",
        "text",
        "BGP address of the customer's end.",
        source="customer_gateway_bgp_ip",
    ),
    one_of(
        "bgp_auth_state",
        "BGP key in the API: present, masked or absent; never the key.",
        KEY_STATES,
    ),
)
_SOURCE = (
    one_of(
        "witnesses",
        "Sources: download (configuration), describe (list row) or both.",
        _WITNESSES,
        is_nullable=False,
    ),
    one_of(
        "perspective",
        "How sure it is for which end the download is written: verified, assumed or conflict.",
        _CERTAINTIES,
    ),
    Column("fetched_at", "time", "When the data was read."),
    Column("request_id", "text", "Request id of the API response, for a support ticket."),
)
_TUNNEL_ONLY = (
    *TUNNEL,
    Column("tunnel_role", "category", "active or standby; null if unknown or a single tunnel."),
    needed("tunnel_count", "int16", "Number of tunnels of the connection."),
)
_SHARED = (*_STATE, *_BELONGS, *_ENDS, *_KEYS, *_CRYPTO, *_ROUTING, *_OPERATION, *_SOURCE)

TUNNELS = declare(
    "tunnels",
    "One row per tunnel. A null value was not sent by the API, or does not apply.",
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
    needed("n_tunnels", "int16", "Number of tunnels of the connection."),
    *_SHARED,
    key=CONNECTION_KEY,
    is_stored=True,
)
SUBNETS = declare(
    "subnets",
    "One row per CIDR block of a connection: its traffic selectors, and blocks of its routes.",
    *CONNECTION,
    Column("connection_name", "text", "Name given to the connection; null if it has none."),
    Column("vpn_gateway_id", "text", "Id of the VPN gateway; null without one."),
    Column("vpc_id", "text", "Id of the VPC behind the VPN gateway; null without a gateway."),
    Column("transit_router_id", "text", "Id of the transit router; null without one."),
    Column("customer_gateway_id", "text", "Id of the customer gateway."),
    Column("vpn_gateway_ip", "text", "Address of the cloud's end of the first tunnel."),
    Column("peer_addresses", "texts", "Addresses of the customer's ends of all tunnels."),
    one_of("routing_mode", "route, policy or mixed, as in table tunnels.", _MODES),
    Column(
        "has_ha_evidence",
        "flag",
        "Whether several tunnels, BGP, a health check or route weights show that it can fail over.",
    ),
    Column(
        "has_known_routes",
        "flag",
        "Whether all lists that may have routes to it were read; null if no routes were read.",
    ),
    Column("tags", "texts", "Tags of the connection as key=value, sorted."),
    one_of("side", "Side of the block: vpc or onprem.", SIDES, is_nullable=False),
    one_of(
        "origin",
        "selector, or the type of the route with the block: policy, destination or bgp.",
        _ORIGINS,
        is_nullable=False,
    ),
    Column(
        "priority",
        "int32",
        "Smallest priority of its policy routes, where smaller wins; null without such a route.",
    ),
    Column(
        "weight",
        "int32",
        "Largest weight of its routes: 100 active, 0 standby; null without a weighted route.",
    ),
    Column("cidr", "text", "The CIDR block; null if cidr_raw is invalid (see table failures)."),
    needed("cidr_raw", "text", "CIDR block as the API writes it."),
    Column("family", "int16", "Address family, 4 or 6; null if cidr is null."),
    Column("prefix_length", "int16", "Prefix length of the block; null if cidr is null."),
    Column("is_default_route", "flag", "Whether it is 0.0.0.0/0 or ::/0; null if cidr is null."),
    Column("fetched_at", "time", "When the data was read."),
    key=(*CONNECTION_KEY, "side", "origin", "cidr_raw"),
    is_stored=True,
)
GATEWAYS = declare(
    "gateways",
    "One row per VPN gateway or customer gateway.",
    *PLACE,
    needed("gateway_id", "text", "Id of the gateway (vpn-... or cgw-...)."),
    one_of("kind", "Type of the gateway: vpn or customer.", ("vpn", "customer"), is_nullable=False),
    Column("name", "text", "Name of the gateway."),
    Column("ip_address", "text", "IP address of the gateway."),
    Column("second_ip_address", "text", "Second IP address, for the standby tunnel, or null."),
    Column("status", "category", "Status of a VPN gateway, such as active; else null."),
    Column("business_status", "category", "Billing status of a VPN gateway, such as Normal."),
    Column("vpn_type", "category", "Type of a VPN gateway: normal, or sm (standard GM/T 0022)."),
    Column("vpc_id", "text", "Id of the VPC behind a VPN gateway; null for a customer gateway."),
    Column("asn", "int64", "BGP AS number of a customer gateway; null for a VPN gateway."),
    Column("charge_type", "category", "Billing method of a VPN gateway."),
    Column("created_at", "time", "When the gateway was created."),
    Column("expires_at", "time", "When the subscription of a VPN gateway ends; null if unknown."),
    Column("auto_propagate", "flag", "Whether BGP routes are propagated to the VPC."),
    Column("bgp_enabled", "flag", "Whether BGP is enabled on a VPN gateway."),
    needed("n_connections", "int32", "Number of connections that use the gateway."),
    Column("tags", "texts", "Tags as key=value, sorted; table tags has them one by one."),
    one_of(
        "bgp_auth_state",
        "Customer gateway's BGP key in the API: present, masked or absent; never the key.",
        KEY_STATES,
    ),
    key=("account_id", "region_id", "gateway_id"),
    is_stored=True,
)
ROUTES = declare(
    "routes",
    "One row per route entry of VPN gateways and of connections on transit routers.",
    *PLACE,
    Column("vpn_gateway_id", "text", "The VPN gateway with the route; null on a transit router."),
    Column("transit_router_id", "text", "The connection's transit router; null on a VPN gateway."),
    Column(
        "vpn_connection_id",
        "text",
        "The connection it leads to; null if there is none, as for a route from the cloud.",
    ),
    one_of("route_type", "Route type: policy, destination or bgp.", _ROUTES, is_nullable=False),
    Column("source_cidr", "text", "Source block of a policy route; null for other routes."),
    Column("destination_cidr", "text", "Destination block of the route."),
    Column("weight", "int32", "Weight of the route: 100 active, 0 standby; null for a BGP route."),
    Column("priority", "int32", "Priority of a policy route, where smaller wins; else null."),
    Column("state", "category", "State of the route, such as published or normal."),
    Column("next_hop", "text", "Next hop as the API writes it."),
    Column("tunnel_ids", "texts", "Ids of the tunnels to which it is bound; may be empty."),
    Column("as_path", "text", "AS path of a BGP route; null for other routes."),
    Column(
        "learned_from",
        "category",
        "Origin of a BGP route: vpn_bgp (from the peer) or cloud (sent to the peer); else null.",
    ),
    Column("fetched_at", "time", "When the data was read."),
    is_stored=True,
)
VPCS = declare(
    "vpcs",
    "One row per VPC, with its CIDR blocks.",
    *PLACE,
    needed("vpc_id", "text", "Id of the VPC (vpc-...)."),
    Column("name", "text", "Name of the VPC."),
    Column("cidrs", "texts", "Primary CIDR block of the VPC, as the API writes it."),
    Column("secondary_cidrs", "texts", "Secondary CIDR blocks of the VPC."),
    Column(
        "user_cidrs",
        "texts",
        "User CIDR blocks: usually public blocks that the VPC routes like private ones.",
    ),
    key=("account_id", "region_id", "vpc_id"),
    is_stored=True,
)
TAGS = declare(
    "tags",
    "One row per tag of a connection or gateway.",
    *PLACE,
    one_of(
        "resource_type",
        "What has the tag: connection, vpn_gateway or customer_gateway.",
        ("connection", "vpn_gateway", "customer_gateway"),
        is_nullable=False,
    ),
    needed("resource_id", "text", "Id of the connection or gateway."),
    needed("key", "text", "Key of the tag."),
    needed("value", "text", "Value of the tag; may be empty."),
    key=("account_id", "region_id", "resource_type", "resource_id", "key"),
    is_stored=True,
)
KEY_FACTS = declare(
    "key_facts",
    "One row per tunnel, with facts about its pre-shared key. Sensitive: it shows weak keys.",
    *CONNECTION,
    *TUNNEL,
    one_of(
        "psk_state", "How the API shows the pre-shared key: present, masked or absent.", KEY_STATES
    ),
    Column(
        "psk_length",
        "int16",
        "Number of characters of the key; null if the API did not show the key.",
    ),
    one_of(
        "psk_class",
        "published (an example), derived (from a name), dictionary, patterned or random.",
        _KEY_CLASSES,
        source="psk_key_class",
    ),
    Column(
        "psk_bits",
        "int16",
        "Estimated strength of the key in bits, 0 to 256; null if the API did not show the key.",
    ),
    Column(
        "psk_fingerprint",
        "text",
        "Keyed hash of the key: equal keys have equal hashes if made with one fingerprint key.",
    ),
    Column(
        "psk_fingerprint_key_id",
        "text",
        "Id of the fingerprint key; only hashes with equal ids are comparable.",
    ),
    key=(*CONNECTION_KEY, "tunnel_index"),
    is_stored=True,
    is_restricted=True,
)
FLEET_TABLES = (TUNNELS, CONNECTIONS, SUBNETS, TAGS, GATEWAYS, ROUTES, VPCS)
