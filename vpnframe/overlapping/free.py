"""Find free blocks for a new site; if none is free, find the blocks that use the space."""

from __future__ import annotations

import heapq
import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pandas as pd

from vpnframe import schema
from vpnframe.addresses.cidr import parse_cidrs
from vpnframe.addresses.union import find_gaps
from vpnframe.errors import SchemaError
from vpnframe.inventory import Inventory
from vpnframe.model.display import listed
from vpnframe.overlapping.asked import format_blocks, parse_all
from vpnframe.overlapping.block_files import read_blocks
from vpnframe.overlapping.encoded import EncodedFleet, are_ignored, encode_fleet
from vpnframe.overlapping.nat import Network
from vpnframe.overlapping.roles import AGGREGATE, ORIGINS
from vpnframe.overlapping.rows import KnownFleet, their_blocks
from vpnframe.overlapping.settings import OverlapSettings
from vpnframe.schema.codes import Codes

_MOST = 100_000  # blocks are found one by one, and more of them are not useful
DEFAULT_AVOID = {
    "100.64.0.0/10": "the cloud's own services",  # in the shared address space of RFC 6598
    "172.17.0.0/16": "Docker",  # default bridge: hosts with Docker cannot reach other hosts in it
}

Avoid: TypeAlias = str | Path | Iterable[object] | pd.DataFrame | None
_Piece = tuple[int, Network, Network]  # first address, free block, and the gap that it is part of


def free_subnets(
    subnets: pd.DataFrame | Inventory,
    *,
    within: str = "10.0.0.0/8",
    prefix_length: int = 24,
    count: int = 5,
    avoid: Avoid = None,
    settings: OverlapSettings | None = None,
) -> pd.DataFrame:
    """Find blocks that overlap no block in use; blocks from the smallest gap come first.

    All of these are in use: the blocks on both sides of every connection of the fleet, except
    default routes; the own blocks and user CIDRs of an inventory's VPCs; the mapped blocks of
    translations; 100.64.0.0/10 (the cloud's own services) and 172.17.0.0/16 (Docker); and the
    blocks of ``avoid``. If a VPC was read, a VPC-side selector that is larger than a block of the
    VPC and contains it is not in use.

    With ``OverlapSettings(only="vpn-...")``, only one routing domain is searched. A block that is
    free there can be in use in another domain.

    Parameters
    ----------
    subnets : DataFrame or Inventory
        Table ``subnets``, or an inventory, whose VPCs and coverage are used too.
    within : str
        The IPv4 or IPv6 block in which to find free blocks.
    prefix_length : int
        Prefix length of the blocks to find.
    count : int
        Maximum number of blocks.
    avoid : str, Path, iterable of str or DataFrame, optional
        More blocks to avoid: a file (see :func:`vpnframe.read_blocks`), a list, a column, or a
        table with a column ``cidr``.
    settings : OverlapSettings, optional
        Translations, the routing domain to search, and blocks to leave out. An aggregate that is
        routed to a site, such as 10.0.0.0/8, is in use as a whole unless ``ignore`` contains it.

    Returns
    -------
    DataFrame
        Table ``free_subnets``: ``cidr``, and ``gap``, the largest free block that contains it. If
        ``within`` has too little room, there are fewer rows than ``count``; in this case,
        ``would_conflict(subnets, [within])`` lists the blocks of the fleet that use ``within``.

    Raises
    ------
    SettingsError
        If a file cannot be read, or if the settings name something that is not in the fleet.
    AddressError
        If a string is not a CIDR block.
    ValueError
        If no block of that length fits into ``within``, or if ``count`` is not from 1 to 100,000.
    SchemaError
        If the table has no column ``side`` or ``cidr``, or does not match its schema.

    Warns
    -----
    IncompleteWarning
        If data of the fleet is missing, as for :func:`vpnframe.overlaps`.

    Examples
    --------
    >>> subnets = pd.DataFrame({"side": "onprem", "cidr": ["10.0.0.0/9", "10.128.1.0/24"]})
    >>> free_subnets(subnets, prefix_length=24, count=2)
                cidr            gap
    0  10.128.0.0/24  10.128.0.0/24
    1  10.128.2.0/24  10.128.2.0/23
    >>> settings = OverlapSettings(ignore=["10.0.0.0/9"])
    >>> free_subnets(subnets, within="10.0.0.0/9", count=1, settings=settings)
              cidr         gap
    0  10.0.0.0/24  10.0.0.0/9
    """
    parse_all([within])
    space = ipaddress.ip_network(within)
    if not space.prefixlen <= prefix_length <= space.max_prefixlen:
        raise ValueError(
            f"no block of /{prefix_length} fits into {within}: give a prefix length from "
            f"{space.prefixlen} to {space.max_prefixlen}"
        )
    if not 1 <= count <= _MOST:
        raise ValueError(f"count must be from 1 to {_MOST:,}, not {count:,}")
    known, settings = KnownFleet.of(subnets), settings or OverlapSettings()
    for column in ("side", "cidr"):
        if column not in known.subnets:
            raise SchemaError(f"no column {column}: pass the table subnets or an Inventory")
    free = find_free_space(known, within=within, avoid=avoid, settings=settings)
    cuts = iter(lambda: free.take(prefix_length, version=space.version), None)
    found = list(islice(cuts, count))
    known.warn_of_gaps()
    values = {"cidr": [str(block) for block, _ in found], "gap": [str(gap) for _, gap in found]}
    return schema.build("free_subnets", values)


class FreeSpace:
    """Free address space that shrinks with each block that is taken from it."""

    def __init__(self, gaps: Iterable[Network]) -> None:
        self._pieces: dict[tuple[int, int], list[_Piece]] = {}
        for gap in gaps:
            self._put(gap, gap)

    def take(self, prefix_length: int, *, version: int) -> tuple[Network, Network] | None:
        """Take a block from the smallest free piece that is large enough.

        Return the block and the original gap that contains it; None if no piece is large enough.
        """
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
    known: KnownFleet, *, within: str | Iterable[str], avoid: Avoid, settings: OverlapSettings
) -> FreeSpace:
    """Find the address space in ``within`` that no block uses."""
    fleet, rows = _taken_by_fleet(known, settings)
    spaces = parse_all([within] if isinstance(within, str) else list(within))
    used = fleet.cidrs.at(np.unique(fleet.cidr[rows])).texts()
    taken = parse_cidrs([*used, *DEFAULT_AVOID, *_read_avoided(avoid)])
    gaps: list[str] = []
    for _, space in spaces.by_family():
        gaps += format_blocks(find_gaps(taken.of_family(space.family)[1], space))
    return FreeSpace(map(ipaddress.ip_network, gaps))


def _taken_by_fleet(known: KnownFleet, settings: OverlapSettings) -> tuple[EncodedFleet, Codes]:
    """Encode the fleet. Return it, and the positions of the blocks that count as in use.

    A selector that contains blocks of its own VPC does not count; those blocks count instead.
    """
    fleet = encode_fleet(known.rows(settings), scope=None, settings=settings)
    return fleet, np.flatnonzero(fleet.role != AGGREGATE)


def _read_avoided(avoid: Avoid) -> list[str]:
    """Return the blocks that the user wants to avoid; default routes are left out."""
    if avoid is None:
        return []
    blocks = read_blocks(avoid) if isinstance(avoid, str | Path) else avoid
    parsed = parse_all(their_blocks(blocks)["cidr"].tolist())
    return parsed.take(parsed.prefix_length > 0).texts()


@dataclass(frozen=True, slots=True)
class Taken:
    """A block that is in use or to be avoided."""

    block: Network
    owners: str  # who uses the block, or why it is avoided
    is_fleets: bool = True  # whether OverlapSettings can ignore the block

    def __str__(self) -> str:
        return f"{self.block} ({self.owners})"


def find_filling(
    subnets: pd.DataFrame | Inventory, *, within: str, avoid: Avoid, settings: OverlapSettings
) -> list[Taken]:
    """Find used or avoided blocks that overlap ``within``: the outermost, largest first."""
    fleet, rows = _taken_by_fleet(KnownFleet.of(subnets), settings)
    space = ipaddress.ip_network(within)
    avoided = [(text, "to be avoided") for text in set(_read_avoided(avoid))]
    avoided += [(text, f"always avoided: {why}") for text, why in DEFAULT_AVOID.items()]
    found = [
        *_blocks_of(fleet, rows),
        *(Taken(ipaddress.ip_network(text), why, False) for text, why in avoided),
    ]
    return _largest(one for one in found if one.block.overlaps(space))


def find_ignored(subnets: pd.DataFrame | Inventory, settings: OverlapSettings) -> list[Taken]:
    """Find the blocks of a fleet that the settings ignore, largest first."""
    everything = replace(settings, ignore=(), ignore_shorter_than=None)
    fleet, rows = _taken_by_fleet(KnownFleet.of(subnets), everything)
    is_held = np.isin(fleet.role[rows], tuple(ORIGINS))
    ignored = are_ignored(fleet.cidrs, settings)[fleet.cidr[rows]] & ~is_held
    return sorted(_blocks_of(fleet, rows[ignored]), key=_size)


def _blocks_of(fleet: EncodedFleet, rows: Codes) -> Iterator[Taken]:
    """Yield each distinct block of ``rows`` with all connections and VPCs that use it."""
    texts = fleet.cidr_texts(rows).to_pylist()
    its, connection = fleet.connections, fleet.connection[rows]
    names, vpcs = (column.texts(connection).to_pylist() for column in (its.name, its.routers[1]))
    owners: dict[str, dict[str, dict[str, None]]] = {}
    sides = fleet.is_vpc[rows].tolist()
    for text, name, vpc, is_vpc in zip(texts, names, vpcs, sides, strict=True):
        side = "on premises" if not is_vpc else "VPC" if name is None else "VPC side"
        who = owners.setdefault(text, {}).setdefault(side, {})
        who[name or vpc or "no connection"] = None
    for text, its_sides in owners.items():
        vpc = its_sides.pop("VPC", None)
        parts = [f"{side} of {listed(who)}" for side, who in its_sides.items()]
        parts += [] if vpc is None else [f"VPC {listed(vpc)}"]
        yield Taken(ipaddress.ip_network(text), "; ".join(parts), vpc is None)


def _largest(found: Iterable[Taken]) -> list[Taken]:
    """Return the blocks that are inside no other block; merge equal blocks into one."""
    outer: dict[Network, Taken] = {}
    for one in sorted(found, key=_size):
        block, same = one.block, outer.get(one.block)
        if same is not None:
            both = f"{same.owners}; {one.owners}"
            outer[block] = Taken(block, both, same.is_fleets and one.is_fleets)
        elif not any(block.supernet(new_prefix=n) in outer for n in range(block.prefixlen)):
            outer[block] = one
    return [*outer.values()]


def _size(one: Taken) -> tuple[int, int, int]:
    return one.block.version, one.block.prefixlen, int(one.block.network_address)
