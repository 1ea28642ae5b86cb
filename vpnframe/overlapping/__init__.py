"""Overlapping address blocks, as tables.

``blocks`` asks of any list or column of blocks, ``fleet`` of a fleet's subnets, ``tracing`` where
a packet goes.
"""

from __future__ import annotations

from vpnframe.overlapping.blocks import find_overlaps
from vpnframe.overlapping.fleet import overlaps
from vpnframe.overlapping.scopes import ROUTING_DOMAIN
from vpnframe.overlapping.tracing import trace

__all__ = ["ROUTING_DOMAIN", "find_overlaps", "overlaps", "trace"]
