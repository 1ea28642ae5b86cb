"""Find free address space, and allocate blocks from it, best fit first."""

from __future__ import annotations

import heapq
import ipaddress
from collections.abc import Iterable
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pandas as pd

from vpnframe.addresses.cidr import ParsedCidrs, parse_cidrs
from vpnframe.addresses.ordering import join_blocks
from vpnframe.addresses.union import find_gaps
from vpnframe.overlapping.against import our_rows, their_blocks
from vpnframe.overlapping.asked import format_blocks, parse_all
from vpnframe.overlapping.block_files import read_blocks
from vpnframe.overlapping.encoded import EncodedFleet, encode_fleet
from vpnframe.overlapping.known import KnownFleet
from vpnframe.overlapping.roles import AGGREGATE
from vpnframe.overlapping.settings import OverlapSettings
from vpnframe.schema.codes import Codes

DEFAULT_AVOID = {
    "100.64.0.0/10": "the cloud's own services",  # in the shared address space of RFC 6598
    "172.17.0.0/16": "Docker",  # its default bridge: hosts with Docker cannot reach others there
}

Avoid: TypeAlias = str | Path | Iterable[object] | pd.DataFrame | None
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_Piece = tuple[int, Network, Network]  # first address, free piece, gap it was cut from


class FreeSpace:
    """Free address space; each block taken is removed from it.

    Examples
    --------
    >>> space = FreeSpace(map(ipaddress.ip_network, ["10.0.0.0/22", "10.9.0.0/24"]))
    >>> [str(space.take(24, version=4)[0]) for _ in range(3)]
    ['10.9.0.0/24', '10.0.0.0/24', '10.0.1.0/24']
    """

    def __init__(self, gaps: Iterable[Network]) -> None:
        self._pieces: dict[tuple[int, int], list[_Piece]] = {}
        for gap in gaps:
            self._put(gap, gap)

    def take(self, prefix_length: int, *, version: int) -> tuple[Network, Network] | None:
        """Take a block from the smallest (then lowest) piece that fits; return it and its gap."""
        for length in range(prefix_length, -1, -1):
            if pieces := self._pieces.get((version, length)):
                _, piece, gap = heapq.heappop(pieces)
                while piece.prefixlen < prefix_length:
                    piece, rest = piece.subnets()
                    self._put(rest, gap)
                return piece, gap
        return None

    def _put(self, piece: Network, gap: Network) -> None:
        pieces = self._pieces.setdefault((piece.version, piece.prefixlen), [])
        heapq.heappush(pieces, (int(piece.network_address), piece, gap))


def find_free_space(
    known: KnownFleet,
    *,
    within: str | Iterable[str],
    avoid: Avoid,
    settings: OverlapSettings,
) -> FreeSpace:
    """Find the space in ``within`` that no known block uses."""
    fleet, rows = taken_by_fleet(known, settings)
    spaces = parse_all([within] if isinstance(within, str) else list(within))
    used = fleet.cidrs.parsed.at(np.unique(fleet.cidr[rows]))
    avoided = [parse_cidrs(list(DEFAULT_AVOID)), read_avoided(avoid)]
    return FreeSpace(_gaps([used, *avoided], spaces))


def taken_by_fleet(known: KnownFleet, settings: OverlapSettings) -> tuple[EncodedFleet, Codes]:
    """Return the fleet's blocks, and the positions of those in use.

    A selector around a block of its VPC does not count as in use.
    """
    fleet = encode_fleet(our_rows(known, settings), scope=None, settings=settings)
    return fleet, np.flatnonzero(fleet.role != AGGREGATE)


def read_avoided(avoid: Avoid) -> ParsedCidrs:
    """Read the blocks that the user wants to avoid, without default routes."""
    if avoid is None:
        return parse_cidrs([])
    blocks = read_blocks(avoid) if isinstance(avoid, str | Path) else avoid
    parsed = parse_all(their_blocks(blocks)["cidr"].tolist())
    return parsed.take(parsed.prefix_length > 0)


def _gaps(taken: Iterable[ParsedCidrs], spaces: ParsedCidrs) -> list[Network]:
    found: list[Network] = []
    for family in (4, 6):
        parts = [parsed.of_family(family)[1] for parsed in taken]
        used = parts[0]
        for part in parts[1:]:
            used = join_blocks(used, part)
        gaps = find_gaps(used, spaces.of_family(family)[1])
        found += map(ipaddress.ip_network, format_blocks(gaps))
    return found
