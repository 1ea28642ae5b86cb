"""Find which blocks fill an address space and which are ignored, for command output."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from vpnframe.inventory import Inventory
from vpnframe.model.display import listed
from vpnframe.overlapping.asked import format_blocks
from vpnframe.overlapping.encoded import EncodedFleet, are_ignored
from vpnframe.overlapping.free_space import (
    DEFAULT_AVOID,
    Avoid,
    Network,
    read_avoided,
    taken_by_fleet,
)
from vpnframe.overlapping.known import what_is_known
from vpnframe.overlapping.roles import ORIGINS
from vpnframe.overlapping.settings import OverlapSettings
from vpnframe.schema.codes import Codes, take_words


@dataclass(frozen=True, slots=True)
class Taken:
    """A block that is in use or to be avoided.

    ``owners`` describes its owners; ``is_fleets`` is whether settings can ignore it.
    """

    block: Network
    owners: str
    is_fleets: bool = True

    def __str__(self) -> str:
        return f"{self.block} ({self.owners})"


def find_filling(
    subnets: pd.DataFrame | Inventory, *, within: str, avoid: Avoid, settings: OverlapSettings
) -> list[Taken]:
    """Find the outermost blocks in use or avoided that overlap ``within``, the largest first."""
    fleet, rows = taken_by_fleet(what_is_known(subnets), settings)
    space = ipaddress.ip_network(within)
    avoided = read_avoided(avoid)
    texts = [text for family in (4, 6) for text in format_blocks(avoided.of_family(family)[1])]
    found = [
        *_blocks_of(fleet, rows),
        *(Taken(ipaddress.ip_network(text), "to be avoided", False) for text in set(texts)),
        *(
            Taken(ipaddress.ip_network(text), f"always avoided: {why}", False)
            for text, why in DEFAULT_AVOID.items()
        ),
    ]
    there = [one for one in found if one.block.version == space.version]
    return _largest(one for one in there if one.block.overlaps(space))


def find_ignored(subnets: pd.DataFrame | Inventory, settings: OverlapSettings) -> list[Taken]:
    """Find the blocks of a fleet that the settings ignore, the largest first."""
    everything = replace(settings, ignore=(), ignore_shorter_than=None)
    fleet, rows = taken_by_fleet(what_is_known(subnets), everything)
    is_held = np.isin(fleet.role[rows], tuple(ORIGINS))
    ignored = are_ignored(fleet.cidrs, settings)[fleet.cidr[rows]] & ~is_held
    return sorted(_blocks_of(fleet, rows[ignored]), key=_size)


def _blocks_of(fleet: EncodedFleet, rows: Codes) -> Iterator[Taken]:
    """Yield each block once, with all its owners."""
    texts = take_words(fleet.cidrs.words, fleet.cidr[rows]).to_pylist()
    its, connection = fleet.connections, fleet.connection[rows]
    names, vpcs = (column.texts(connection).to_pylist() for column in (its.name, its.routers[1]))
    owners: dict[str, dict[str, dict[str, None]]] = {}
    for text, name, vpc, is_vpc in zip(
        texts, names, vpcs, fleet.is_vpc[rows].tolist(), strict=True
    ):
        side = "on premises" if not is_vpc else "VPC" if name is None else "VPC side"
        its_sides = owners.setdefault(text, {})
        its_sides.setdefault(side, {})[name or vpc or "no connection"] = None
    for text, sides in owners.items():
        parts = [f"{side} of {listed(who)}" for side, who in sides.items() if side != "VPC"]
        parts += [f"VPC {listed(who)}" for side, who in sides.items() if side == "VPC"]
        yield Taken(ipaddress.ip_network(text), "; ".join(parts), "VPC" not in sides)


def _largest(found: Iterable[Taken]) -> list[Taken]:
    """Return the blocks that lie in no other one, with equal ones merged."""
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
