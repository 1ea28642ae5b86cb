"""Blocks for the next site, that collide with nothing known."""

from __future__ import annotations

import ipaddress
from itertools import takewhile

import pandas as pd

from vpnframe import schema
from vpnframe.errors import SchemaError
from vpnframe.inventory import Inventory
from vpnframe.overlapping.asked import parse_all
from vpnframe.overlapping.free_space import Avoid, find_free_space
from vpnframe.overlapping.known import warn_of_gaps, what_is_known
from vpnframe.overlapping.settings import OverlapSettings

# Each is found for itself, and nobody reads so many.
_MOST = 100_000


def free_subnets(
    subnets: pd.DataFrame | Inventory,
    *,
    within: str = "10.0.0.0/8",
    prefix_length: int = 24,
    count: int = 5,
    avoid: Avoid = None,
    settings: OverlapSettings | None = None,
) -> pd.DataFrame:
    """Find blocks that collide with nothing known, the tightest fit first.

    Taken are all blocks of the fleet but default routes, on both sides of every connection, of
    an inventory the VPCs' own blocks and user CIDRs too, what others see of translated blocks,
    100.64.0.0/10 (the cloud's own services), 172.17.0.0/16 (Docker) and what is to be avoided.
    A VPC-side selector around the blocks of a VPC that was read takes nothing.
    ``OverlapSettings(only="vpn-...")`` looks at one routing domain alone, where a block may be
    free that is in use elsewhere.

    Parameters
    ----------
    subnets : DataFrame or Inventory
        Table ``subnets``, or an inventory, whose VPCs and coverage count too.
    within : str
        The block to look in, IPv4 or IPv6.
    prefix_length : int
        Of the blocks to find.
    count : int
        At most so many.
    avoid : str, Path, iterable of str or DataFrame, optional
        More blocks to keep clear of: a file (see :func:`vpnframe.read_blocks`), a list, a
        column, or a table with ``cidr``.
    settings : OverlapSettings, optional
        What is translated, which routing domain is looked at, and what is set aside: an aggregate
        towards a site, as 10.0.0.0/8, takes all that lies in it, unless ``ignore`` names it.

    Returns
    -------
    DataFrame
        Table ``free_subnets``: ``cidr`` and the ``gap`` it was cut from, which is the largest
        free block around it. Fewer rows than ``count`` where there is no more room:
        ``would_conflict(subnets, [within])`` names the blocks of the fleet that take it.

    Raises
    ------
    AddressError
        If a block is a text that is none.
    SettingsError
        If a file cannot be read, or the settings name what is not in the fleet.
    ValueError
        If no block of that length fits into ``within``, or ``count`` is not from 1 to 100,000.
    SchemaError
        If there is no column ``side`` or ``cidr``, or the table is not what its schema says.

    Warns
    -----
    IncompleteWarning
        If what is known does not suffice: connections are not judged, because their prefixes
        stand in routes that were not read, or the inventory is not complete.

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
            f"no block of /{prefix_length} lies in {within}: give {space.prefixlen} to "
            f"{space.max_prefixlen}"
        )
    if not 1 <= count <= _MOST:
        raise ValueError(f"count must be from 1 to {_MOST:,}, not {count:,}")
    known, settings = what_is_known(subnets), settings or OverlapSettings()
    for column in ("side", "cidr"):
        if column not in known.subnets:
            raise SchemaError(f"no column {column}: is this a subnets table?")
    free = find_free_space(known, within=within, avoid=avoid, settings=settings)
    cuts = (free.take(prefix_length, version=space.version) for _ in range(count))
    found = [cut for cut in takewhile(bool, cuts) if cut]
    warn_of_gaps(known)
    values = {"cidr": [str(block) for block, _ in found], "gap": [str(gap) for _, gap in found]}
    return schema.build("free_subnets", values)
