"""Schemas of the tables that functions return, except those of the audit."""

from __future__ import annotations

from vpnframe.schema.tables.declaring import CONNECTION, COUNTS, PLACE, Column, declare

PAIRS = declare(
    "pairs",
    "Result of find_overlaps: one row per unordered pair of blocks.",
    Column("left", "int64", "Row position in the input, from 0.", False),
    Column("right", "int64", "Row position in the input; larger than left.", False),
    Column("relation", "category", "left ... right: equal, contains or within.", False),
    key=("left", "right"),
)
SUMMARY = declare(
    "summary",
    "Result of stats.summary: the fleet in numbers.",
    Column("measure", "text", "What is counted.", False),
    Column("n", "int64", "The number.", False),
    key=("measure",),
)
ALGORITHMS = declare(
    "algorithms",
    "Result of stats.algorithms: how often each algorithm is configured.",
    Column("column", "text", "Column of tunnels.", False),
    Column("value", "text", "Its value; null if unknown."),
    *COUNTS,
    key=("column", "value"),
)
LIFETIMES = declare(
    "lifetimes",
    "Result of stats.lifetimes: how often each lifetime is configured.",
    Column("phase", "text", "ike or ipsec.", False),
    Column("lifetime_s", "int32", "Lifetime in seconds; null if unknown."),
    *COUNTS,
    key=("phase", "lifetime_s"),
)
PLAN = declare(
    "plan",
    "Result of plan: cost of a fetch, one row per account and region, which run in parallel.",
    *PLACE,
    Column("status", "category", "Status of its lists, as in coverage.", False),
    Column("n_connections", "int32", "Connections in the region.", False),
    Column("n_downloads", "int32", "Configurations to download.", False),
    Column("calls", "texts", "Calls as action=count, including the downloads.", False),
    Column("allowed_per_window", "int32", "Downloads allowed in one window.", False),
    Column("window_s", "float", "Length of that window in seconds.", False),
    Column("longest_wait_s", "float", "The longest pause between two downloads.", False),
    Column("estimated_s", "float", "Estimated duration in seconds at this share.", False),
    Column("n_list_calls", "int32", "Measured calls with `downloads none`.", False),
    Column("lists_s", "float", "Measured seconds with `downloads none`.", False),
)
DOCTOR = declare(
    "doctor",
    "Result of doctor: one row per requirement of a fetch.",
    *PLACE,
    Column("check", "text", "The requirement.", False),
    Column("status", "category", "ok, missing or unknown.", False),
    Column("detail", "text", "What was found.", False),
    Column("remedy", "text", "What to do; null if ok."),
)
OVERLAP_COUNTS = declare(
    "overlap_counts",
    "Result of overlap_counts: one row per input block; null if it is missing.",
    Column("n_equal", "int64", "Other blocks that are the same."),
    Column("n_contains", "int64", "Smaller blocks inside it."),
    Column("n_within", "int64", "Larger blocks that contain it."),
)
CLUSTERS = declare(
    "clusters",
    "Result of clusters: one row per input block; null if it is missing.",
    Column("cluster", "int64", "Number of the cluster, from 0; blocks that overlap share one."),
    Column("outermost", "text", "The block that contains the whole cluster."),
    Column("depth", "int16", "Distinct larger blocks that contain it; 0 for the outermost."),
)
ENCLOSING = declare(
    "enclosing",
    "Result of enclosing: one row per input block; null if no larger block contains it.",
    Column("enclosing", "int64", "Row position of the nearest larger block, from 0."),
    Column("enclosing_cidr", "text", "That block."),
)
_COVERED = (
    Column("family", "int16", "4 or 6.", False),
    Column("n_blocks", "int64", "Blocks, including repeated ones.", False),
    Column("n_addresses", "float", "Addresses in at least one block; IPv6 to 16 digits.", False),
    Column("n_shared", "float", "Addresses in at least two blocks.", False),
    Column("shared_share", "float", "Fraction of the addresses that is shared, 0 to 1.", False),
)
ADDRESS_USAGE = declare(
    "address_usage",
    "Result of address_usage: address counts, one row per group and family.",
    Column("group", "text", "The group; null for blocks without one."),
    *_COVERED,
    key=("group", "family"),
)
MERGED = declare(
    "merged",
    "Result of merge: the fewest blocks that cover the same addresses, in each group.",
    Column("group", "text", "The group; null for blocks without one."),
    Column("cidr", "text", "The block.", False),
)
ADDRESS_SPACE = declare(
    "address_space",
    "Result of stats.address_space: address counts of a fleet, by side and family.",
    Column("side", "text", "vpc or onprem.", False),
    *_COVERED,
    key=("side", "family"),
)

_PAIR_SIDES = tuple(
    column
    for side in ("left", "right")
    for column in (
        Column(f"{side}_account_id", "text", "Alibaba Cloud account."),
        Column(f"{side}_region_id", "text", "Region."),
        Column(f"{side}_vpn_connection_id", "text", "The connection; null where none is named."),
        Column(f"{side}_side", "category", "vpc, onprem, or against: the other table.", False),
        Column(f"{side}_cidr", "text", "The block.", False),
    )
)
OVERLAPS = declare(
    "overlaps",
    "Result of overlaps: one row per group of equal pairs of blocks inside one scope.",
    *_PAIR_SIDES,
    Column("relation", "category", "left ... right: equal, contains or within.", False),
    Column("scope", "category", "Scope inside which they were compared.", False),
    Column("scope_id", "text", "Id of the scope; null if all are compared, or left has none."),
    Column("kind", "category", "Meaning of the overlap: own_sides, onprem, ha_pair ...", False),
    Column("severity", "severity", "info, low, medium or high.", False),
    Column("n_pairs", "int64", "Pairs of equal blocks with the same meaning.", False),
    Column("n_connections", "int64", "Connections with these blocks on premises.", False),
    Column("vpn_connection_ids", "text", "The first 20 of them, joined by commas.", False),
    Column("reason", "text", "One sentence that explains the first pair.", False),
)
_HIT = (*PLACE, Column("vpn_connection_id", "text", "The connection; null for a VPC's own block."))
BLOCK_COUNTS = declare(
    "block_counts",
    "Result of overlaps_per_block: how many blocks overlap each, inside its scope.",
    *_HIT,
    Column("side", "category", "vpc or onprem.", False),
    Column("cidr", "text", "The block.", False),
    Column("scope_id", "text", "Id of its scope; null for all, or for none."),
    Column("n_equal", "int64", "Equal blocks.", False),
    Column("n_contains", "int64", "Smaller blocks inside it.", False),
    Column("n_within", "int64", "Larger blocks that contain it.", False),
)
CONFLICTS = declare(
    "conflicts",
    "Result of would_conflict: one row per block that a new site would collide with.",
    Column("cidr", "text", "The block of the new site.", False),
    Column("relation", "category", "cidr ... hit_cidr: equal, contains or within.", False),
    *_HIT,
    Column("vpc_id", "text", "The VPC of the connection."),
    Column("side", "category", "vpc or onprem.", False),
    Column("hit_cidr", "text", "The block in use.", False),
    Column("scope", "category", "Scope that would have to carry both.", False),
    Column("scope_id", "text", "Id of the scope; null if there is none."),
    Column("kind", "category", "onprem, other_vpc, natted or unrelated.", False),
    Column("severity", "severity", "info, low, medium or high.", False),
    Column("reason", "text", "One sentence of explanation.", False),
)
FREE_SUBNETS = declare(
    "free_subnets",
    "Result of free_subnets: blocks that collide with nothing known, tightest fit first.",
    Column("cidr", "text", "The free block.", False),
    Column("gap", "text", "The largest free block that it was cut from.", False),
    key=("cidr",),
)
RENUMBERING = declare(
    "renumbering",
    "Result of suggest_renumbering: one row per block of a connection that should change.",
    *CONNECTION,
    Column("side", "category", "onprem: a VPC's block is shared by all in it.", False),
    Column("cidr", "text", "The block.", False),
    Column("new_cidr", "text", "Proposed new block; null if there is no room."),
    Column("n_conflicts", "int64", "Pairs of medium or high severity that it is in.", False),
)

TRACE = declare(
    "trace",
    "Result of trace: one row per packet, or per packet and router, with its path.",
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
)

PEER_COMPARISON = declare(
    "peer_comparison",
    "Result of compare_peer: one row per tunnel and field, compared with the other end.",
    *PLACE,
    Column("vpn_connection_id", "text", "The connection; null for one of the other end only."),
    Column("connection_name", "text", "Name given to the connection."),
    Column("tunnel_index", "int16", "From 1."),
    Column("tunnel_id", "text", "tun-...; null for a single tunnel."),
    Column("peer", "text", "The file of the other end, or fleet.", False),
    Column("peer_connection", "text", "Its connection; null if none matches."),
    Column("peer_child", "text", "Its child SA, if the row concerns one."),
    Column("field", "category", "Column of tunnels, or another item compared.", False),
    Column(
        "result", "category", "match, mismatch, works-until-rekey, unverifiable or info.", False
    ),
    Column("ike_error", "category", "IKE error notification as in RFC 7296, or none.", False),
    Column("ours", "text", "The cloud's value."),
    Column("theirs", "text", "The other end's value, or all values that it offers."),
    Column("reason", "text", "One sentence of explanation.", False),
)
RESULT_TABLES = (
    PAIRS, SUMMARY, ALGORITHMS, LIFETIMES, PLAN, DOCTOR,
    OVERLAP_COUNTS, CLUSTERS, ENCLOSING, ADDRESS_USAGE, MERGED, ADDRESS_SPACE,
    OVERLAPS, BLOCK_COUNTS, CONFLICTS, FREE_SUBNETS, RENUMBERING,
)  # fmt: skip
