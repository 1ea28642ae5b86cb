"""Schemas of the tables of overlaps in a fleet and of possible remedies."""

from __future__ import annotations

from vpnframe.schema.tables.parts import CONNECTION_ID, PLACE, Column, Table

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
OVERLAPS = Table(
    "overlaps",
    "Result of overlaps: one row per group of equal pairs of blocks inside one scope.",
    (),
    (
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
    ),
)
_HIT = (
    *PLACE,
    Column("vpn_connection_id", "text", "The connection; null for a VPC's own block."),
)
BLOCK_COUNTS = Table(
    "block_counts",
    "Result of overlaps_per_block: how many blocks overlap each, inside its scope.",
    (),
    (
        *_HIT,
        Column("side", "category", "vpc or onprem.", False),
        Column("cidr", "text", "The block.", False),
        Column("scope_id", "text", "Id of its scope; null for all, or for none."),
        Column("n_equal", "int64", "Equal blocks.", False),
        Column("n_contains", "int64", "Smaller blocks inside it.", False),
        Column("n_within", "int64", "Larger blocks that contain it.", False),
    ),
)
CONFLICTS = Table(
    "conflicts",
    "Result of would_conflict: one row per block that a new site would collide with.",
    (),
    (
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
    ),
)
FREE_SUBNETS = Table(
    "free_subnets",
    "Result of free_subnets: blocks that collide with nothing known, tightest fit first.",
    ("cidr",),
    (
        Column("cidr", "text", "The free block.", False),
        Column("gap", "text", "The largest free block that it was cut from.", False),
    ),
)
RENUMBERING = Table(
    "renumbering",
    "Result of suggest_renumbering: one row per block of a connection that should change.",
    (),
    (
        *PLACE,
        CONNECTION_ID,
        Column("side", "category", "onprem: a VPC's block is shared by all in it.", False),
        Column("cidr", "text", "The block.", False),
        Column("new_cidr", "text", "Proposed new block; null if there is no room."),
        Column("n_conflicts", "int64", "Pairs of medium or high severity that it is in.", False),
    ),
)

OVERLAP_TABLES = (OVERLAPS, BLOCK_COUNTS, CONFLICTS, FREE_SUBNETS, RENUMBERING)
