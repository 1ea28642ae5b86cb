"""Overlapping address blocks, as tables.

``blocks``, ``nested`` and ``space`` ask of any list, column or table of blocks; ``fleet`` of a
fleet's subnets.
"""

from __future__ import annotations

from vpnframe.overlapping.blocks import find_overlaps, overlap_counts
from vpnframe.overlapping.fleet import overlaps
from vpnframe.overlapping.nested import clusters, enclosing
from vpnframe.overlapping.scopes import ROUTING_DOMAIN
from vpnframe.overlapping.space import address_usage, merge

__all__ = [
    "ROUTING_DOMAIN",
    "address_usage",
    "clusters",
    "enclosing",
    "find_overlaps",
    "merge",
    "overlap_counts",
    "overlaps",
]
