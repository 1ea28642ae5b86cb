"""Find overlapping address blocks and return them as tables.

``blocks`` takes any list, column or table of blocks; ``fleet`` classifies a fleet's overlaps;
``conflicts``, ``free`` and ``renumbering`` help to plan changes.
"""

from __future__ import annotations

from vpnframe.overlapping.block_files import read_blocks
from vpnframe.overlapping.blocks import (
    address_usage,
    clusters,
    enclosing,
    find_overlaps,
    merge,
    overlap_counts,
)
from vpnframe.overlapping.conflicts import would_conflict
from vpnframe.overlapping.fleet import overlaps, overlaps_per_block
from vpnframe.overlapping.free import free_subnets
from vpnframe.overlapping.nat import Nat, read_nat
from vpnframe.overlapping.renumbering import suggest_renumbering
from vpnframe.overlapping.scopes import ROUTING_DOMAIN, Domain, Topology, read_topology
from vpnframe.overlapping.settings import OverlapSettings

__all__ = [
    "ROUTING_DOMAIN",
    "Domain",
    "Nat",
    "OverlapSettings",
    "Topology",
    "address_usage",
    "clusters",
    "enclosing",
    "find_overlaps",
    "free_subnets",
    "merge",
    "overlap_counts",
    "overlaps",
    "overlaps_per_block",
    "read_blocks",
    "read_nat",
    "read_topology",
    "suggest_renumbering",
    "would_conflict",
]
