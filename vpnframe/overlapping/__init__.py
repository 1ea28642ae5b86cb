"""Overlapping address blocks, as tables.

``blocks`` asks of any list or column of blocks; ``fleet`` of a fleet's subnets, and what it means.
"""

from __future__ import annotations

from vpnframe.overlapping.blocks import find_overlaps
from vpnframe.overlapping.fleet import overlaps
from vpnframe.overlapping.nat import Nat, read_nat
from vpnframe.overlapping.scopes import ROUTING_DOMAIN, Domain, Topology, read_topology
from vpnframe.overlapping.settings import OverlapSettings

__all__ = [
    "ROUTING_DOMAIN",
    "Domain",
    "Nat",
    "OverlapSettings",
    "Topology",
    "find_overlaps",
    "overlaps",
    "read_nat",
    "read_topology",
]
