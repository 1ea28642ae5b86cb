"""Schemas of the tables that functions return, except those of the audit."""

from __future__ import annotations

from vpnframe.schema.tables.declaring import CONNECTION, COUNTS, PLACE, Column, declare, needed

_RELATION = needed(
    "relation", "category", "How the left block relates to the right: equal, contains or within."
)
PAIRS = declare(
    "pairs",
    "Result of find_overlaps: one row per pair of overlapping blocks.",
    needed("left", "int64", "Position of the first block in the input, from 0."),
    needed("right", "int64", "Position of the second block in the input, larger than left."),
    _RELATION,
    key=("left", "right"),
)
SUMMARY = declare(
    "summary",
    "Result of stats.summary: the fleet in numbers.",
    needed("measure", "text", "What is counted."),
    needed("n", "int64", "The count."),
    key=("measure",),
)
ALGORITHMS = declare(
    "algorithms",
    "Result of stats.algorithms: how often each algorithm is configured.",
    needed("column", "text", "Column of table tunnels."),
    Column("value", "text", "Value in that column; null if unknown."),
    *COUNTS,
    key=("column", "value"),
)
LIFETIMES = declare(
    "lifetimes",
    "Result of stats.lifetimes: how often each lifetime is configured.",
    needed("phase", "text", "ike (phase 1) or ipsec (phase 2)."),
    Column("lifetime_s", "int32", "Lifetime in seconds; null if unknown."),
    *COUNTS,
    key=("phase", "lifetime_s"),
)
PLAN = declare(
    "plan",
    "Result of plan: calls and seconds of a fetch, one row per account and region.",
    *PLACE,
    needed("status", "category", "Status of the region's lists, as in coverage."),
    needed("n_connections", "int32", "Number of connections in the region."),
    needed("n_downloads", "int32", "Number of configurations to download."),
    needed("calls", "texts", "API calls as action=count, including the downloads."),
    needed("allowed_per_window", "int32", "Downloads that the quota allows per window."),
    needed("window_s", "float", "Length of the quota window in seconds."),
    needed("longest_wait_s", "float", "Longest pause between downloads, in seconds."),
    needed("estimated_s", "float", "Estimated seconds, including those for the lists."),
    needed("n_list_calls", "int32", "Number of calls that read the lists."),
    needed("lists_s", "float", "Seconds that it took to read the lists."),
)
DOCTOR = declare(
    "doctor",
    "Result of doctor: one row per check of what a fetch needs.",
    *PLACE,
    needed("check", "text", "What is checked."),
    needed("status", "category", "ok, missing, or unknown if it could not be checked."),
    needed("detail", "text", "What was found."),
    Column("remedy", "text", "What to do; null if the status is ok."),
)
OVERLAP_COUNTS = declare(
    "overlap_counts",
    "Result of overlap_counts: one row per input block; all nulls for a missing block.",
    Column("n_equal", "int64", "Number of other blocks that are equal to it."),
    Column("n_contains", "int64", "Number of smaller blocks inside it."),
    Column("n_within", "int64", "Number of larger blocks that contain it."),
)
CLUSTERS = declare(
    "clusters",
    "Result of clusters: one row per input block; all nulls for a missing block.",
    Column(
        "cluster", "int64", "Number of its cluster, from 0; overlapping blocks share a cluster."
    ),
    Column("outermost", "text", "The largest block of its cluster, which contains all others."),
    Column("depth", "int16", "Number of distinct larger blocks that contain it."),
)
ENCLOSING = declare(
    "enclosing",
    "Result of enclosing: one row per input block; nulls if no larger block contains it.",
    Column("enclosing", "int64", "Position in the input of the smallest larger block around it."),
    Column("enclosing_cidr", "text", "The smallest larger block around it."),
)
_COVERED = (
    needed("family", "int16", "Address family, 4 or 6."),
    needed("n_blocks", "int64", "Number of blocks, including repeated ones."),
    needed("n_addresses", "float", "Addresses in at least one block; rounded for IPv6."),
    needed("n_shared", "float", "Number of addresses in at least two blocks."),
    needed("shared_share", "float", "n_shared divided by n_addresses, 0 to 1."),
)
ADDRESS_USAGE = declare(
    "address_usage",
    "Result of address_usage: address counts, one row per group and family.",
    Column("group", "text", "The group; null for blocks without a group."),
    *_COVERED,
    key=("group", "family"),
)
MERGED = declare(
    "merged",
    "Result of merge: the fewest blocks that cover the same addresses, in each group.",
    Column("group", "text", "The group; null for blocks without a group."),
    needed("cidr", "text", "The CIDR block."),
)
ADDRESS_SPACE = declare(
    "address_space",
    "Result of stats.address_space: address counts of a fleet, by side and family.",
    needed("side", "text", "vpc or onprem."),
    *_COVERED,
    key=("side", "family"),
)

_PAIR_SIDES = tuple(
    column
    for side in ("left", "right")
    for column in (
        Column(f"{side}_account_id", "text", "Id of the account; null if unknown."),
        Column(f"{side}_region_id", "text", "Id of the region; null if unknown."),
        Column(f"{side}_vpn_connection_id", "text", "The connection; null if there is none."),
        needed(f"{side}_side", "category", "vpc, onprem, or against (the other table)."),
        needed(f"{side}_cidr", "text", "The CIDR block."),
    )
)
OVERLAPS = declare(
    "overlaps",
    "Result of overlaps: one row for all pairs with the same blocks, kind and severity.",
    *_PAIR_SIDES,
    _RELATION,
    needed("scope", "category", "What the two blocks share, such as routing_domain, or all."),
    Column(
        "scope_id", "text", "Scope of both blocks, such as a gateway id; null if they share none."
    ),
    needed("kind", "category", "Meaning of the overlap, such as own_sides or ha_pair."),
    needed("severity", "severity", "high, medium, low, or info if nothing is wrong."),
    needed("n_pairs", "int64", "Number of pairs with these blocks, kind and severity."),
    needed("n_connections", "int64", "Number of connections with one of them on premises."),
    needed("vpn_connection_ids", "text", "Ids of the first 20 of these connections."),
    needed("reason", "text", "One sentence that explains the first pair."),
)
_HIT = (*PLACE, Column("vpn_connection_id", "text", "The connection; null for a VPC's own block."))
BLOCK_COUNTS = declare(
    "block_counts",
    "Result of overlaps_per_block: one row per block, with its number of overlaps.",
    *_HIT,
    needed("side", "category", "vpc or onprem."),
    needed("cidr", "text", "The CIDR block."),
    Column("scope_id", "text", "Id of its scope; null if it has none, or if all are compared."),
    needed("n_equal", "int64", "Number of equal blocks."),
    needed("n_contains", "int64", "Number of smaller blocks inside it."),
    needed("n_within", "int64", "Number of larger blocks that contain it."),
)
CONFLICTS = declare(
    "conflicts",
    "Result of would_conflict: one row per block of a new site and overlapping block in use.",
    needed("cidr", "text", "The block of the new site."),
    needed("relation", "category", "How cidr relates to hit_cidr: equal, contains or within."),
    *_HIT,
    Column("vpc_id", "text", "The VPC with the block in use, or behind its gateway."),
    needed("side", "category", "vpc or onprem."),
    needed("hit_cidr", "text", "The block in use."),
    needed("scope", "category", "Type of the scope, such as routing_domain, or all."),
    Column("scope_id", "text", "Scope of the block in use; null if it has none."),
    needed("kind", "category", "onprem, other_vpc, user_cidr, natted or unrelated."),
    needed("severity", "severity", "high, medium, low, or info if nothing is wrong."),
    needed("reason", "text", "One sentence of explanation."),
)
FREE_SUBNETS = declare(
    "free_subnets",
    "Result of free_subnets: free blocks, those from the smallest gap first.",
    needed("cidr", "text", "The free block."),
    needed("gap", "text", "The largest free block that contains it."),
    key=("cidr",),
)
RENUMBERING = declare(
    "renumbering",
    "Result of suggest_renumbering: one row per connection and block to replace.",
    *CONNECTION,
    needed("side", "category", "Always onprem, since blocks of VPCs are kept."),
    needed("cidr", "text", "The CIDR block."),
    Column("new_cidr", "text", "Proposed new block; null if no room is left."),
    needed("n_conflicts", "int64", "Overlaps of medium or high severity with the block."),
)

TRACE = declare(
    "trace",
    "Result of trace: one row per packet, or per packet and router, with its path.",
    needed("packet", "int64", "Position of the packet in the input, from 0."),
    Column("source", "text", "Source address of the packet; null if missing."),
    Column("destination", "text", "Destination address of the packet; null if missing."),
    needed("verdict", "category", "tunnel, local (in the VPC), dropped, none, ambiguous, unknown."),
    needed("certainty", "category", "certain, or unknown if a decisive fact is unknown."),
    needed("reason", "text", "Reason for the verdict, and the unknown facts."),
    Column("vpn_connection_id", "text", "The connection that carries or drops the packet."),
    Column("connection_name", "text", "Name of the connection."),
    Column("tunnel_index", "int16", "Index of the carrying tunnel; null for none or several."),
    Column("tunnel_id", "text", "Id of the carrying tunnel; null for a single tunnel."),
    Column("tunnel_status", "text", "Status of the carrying tunnel and of its health check."),
    Column("standby", "texts", "Tunnels that take over, in order, as connection id/tunnel index."),
    Column("rivals", "texts", "Ids of the connections that may carry it, if there are several."),
    Column("route_type", "category", "policy, destination or bgp; selector if no route was read."),
    Column("source_cidr", "text", "Source block of the policy route or selectors."),
    Column("destination_cidr", "text", "Destination block of the route or selectors."),
    Column("priority", "int32", "Priority of the policy route."),
    Column("weight", "int32", "Weight of the route."),
    Column("account_id", "text", "Alibaba Cloud account of the router."),
    Column("region_id", "text", "Region of the router."),
    Column("vpc_id", "text", "The VPC behind the VPN gateway, or where the packet stays."),
    Column("vpn_gateway_id", "text", "The VPN gateway that routes the packet."),
    Column("transit_router_id", "text", "The transit router that routes the packet."),
)

PEER_COMPARISON = declare(
    "peer_comparison",
    "Result of compare_peer: one row per tunnel and compared field.",
    *PLACE,
    Column("vpn_connection_id", "text", "The connection; null if only the peer has one."),
    Column("connection_name", "text", "Name given to the connection."),
    Column("tunnel_index", "int16", "Number of the tunnel in its connection, from 1."),
    Column("tunnel_id", "text", "Id of the tunnel (tun-...); null for a single tunnel."),
    needed("peer", "text", "The peer's file, or fleet for another table of tunnels."),
    Column("peer_connection", "text", "The peer's connection; null if none matches."),
    Column("peer_child", "text", "The peer's child SA; null if the row is about none."),
    needed("field", "category", "Column of table tunnels, or another compared item."),
    needed("result", "category", "match, mismatch, works-until-rekey, unverifiable or info."),
    needed("ike_error", "category", "Expected IKE error of RFC 7296, or none."),
    Column("ours", "text", "Value of the cloud's end; null if unknown."),
    Column("theirs", "text", "Value of the peer, or all values that it offers."),
    needed("reason", "text", "One sentence of explanation."),
)
RESULT_TABLES = (
    PAIRS, SUMMARY, ALGORITHMS, LIFETIMES, PLAN, DOCTOR,
    OVERLAP_COUNTS, CLUSTERS, ENCLOSING, ADDRESS_USAGE, MERGED, ADDRESS_SPACE,
    OVERLAPS, BLOCK_COUNTS, CONFLICTS, FREE_SUBNETS, RENUMBERING,
)  # fmt: skip
