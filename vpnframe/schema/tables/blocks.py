"""Schemas of the result tables of functions on arbitrary blocks, and of address space."""

from __future__ import annotations

from vpnframe.schema.tables.parts import Column, Table

OVERLAP_COUNTS = Table(
    "overlap_counts",
    "Result of overlap_counts: one row per input block; null if it is missing.",
    (),
    (
        Column("n_equal", "int64", "Other blocks that are the same."),
        Column("n_contains", "int64", "Smaller blocks inside it."),
        Column("n_within", "int64", "Larger blocks that contain it."),
    ),
)
CLUSTERS = Table(
    "clusters",
    "Result of clusters: one row per input block; null if it is missing.",
    (),
    (
        Column("cluster", "int64", "Number of the cluster, from 0; blocks that overlap share one."),
        Column("outermost", "text", "The block that contains the whole cluster."),
        Column("depth", "int16", "Distinct larger blocks that contain it; 0 for the outermost."),
    ),
)
ENCLOSING = Table(
    "enclosing",
    "Result of enclosing: one row per input block; null if no larger block contains it.",
    (),
    (
        Column("enclosing", "int64", "Row position of the nearest larger block, from 0."),
        Column("enclosing_cidr", "text", "That block."),
    ),
)
_COVERED = (
    Column("family", "int16", "4 or 6.", False),
    Column("n_blocks", "int64", "Blocks, including repeated ones.", False),
    Column("n_addresses", "float", "Addresses in at least one block; IPv6 to 16 digits.", False),
    Column("n_shared", "float", "Addresses in at least two blocks.", False),
    Column("shared_share", "float", "Fraction of the addresses that is shared, 0 to 1.", False),
)
ADDRESS_USAGE = Table(
    "address_usage",
    "Result of address_usage: address counts, one row per group and family.",
    ("group", "family"),
    (Column("group", "text", "The group; null for blocks without one."), *_COVERED),
)
MERGED = Table(
    "merged",
    "Result of merge: the fewest blocks that cover the same addresses, in each group.",
    (),
    (
        Column("group", "text", "The group; null for blocks without one."),
        Column("cidr", "text", "The block.", False),
    ),
)
ADDRESS_SPACE = Table(
    "address_space",
    "Result of stats.address_space: address counts of a fleet, by side and family.",
    ("side", "family"),
    (Column("side", "text", "vpc or onprem.", False), *_COVERED),
)

BLOCK_TABLES = (OVERLAP_COUNTS, CLUSTERS, ENCLOSING, ADDRESS_USAGE, MERGED, ADDRESS_SPACE)

__all__ = ["BLOCK_TABLES"]
