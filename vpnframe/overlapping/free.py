"""Find free blocks for a new site."""

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

# Blocks are found one by one, and longer results are not useful.
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
    """Find blocks that overlap no known block, best fit first.

    In use are all blocks of the fleet except default routes, on both sides of every connection; the
    VPCs' own blocks and user CIDRs of an inventory; the mapped blocks of translations;
    100.64.0.0/10 (the cloud's own services); 172.17.0.0/16 (Docker); and the blocks of ``avoid``. A
    VPC-side selector around the blocks of a VPC that was read does not count as in use.
    ``OverlapSettings(only="vpn-...")`` restricts this to one routing domain: a block that is free
    there may be in use elsewhere.

    Parameters
    ----------
    subnets : DataFrame or Inventory
        Table ``subnets``, or an inventory, whose VPCs and coverage are used too.
    within : str
        The block to look in, IPv4 or IPv6.
    prefix_length : int
        Prefix length of the blocks to find.
    count : int
        Maximum number of blocks.
    avoid : str, Path, iterable of str or DataFrame, optional
        More blocks to avoid: a file (see :func:`vpnframe.read_blocks`), a list, a
        column, or a table with ``cidr``.
    settings : OverlapSettings, optional
        Translations, the routing domain to search, and blocks to leave out: an aggregate towards a
        site, such as 10.0.0.0/8, uses everything inside it, unless ``ignore`` names it.

    Returns
    -------
    DataFrame
        Table ``free_subnets``: ``cidr`` and the ``gap`` it was cut from, which is the largest free
        block around it. Fewer rows than ``count`` if there is no more room:
        ``would_conflict(subnets, [within])`` lists the blocks of the fleet that use it.

    Raises
    ------
    AddressError
        If a text is not a CIDR block.
    SettingsError
        If a file cannot be read, or the settings name something that is not in the fleet.
    ValueError
        If no block of that length fits into ``within``, or ``count`` is not from 1 to 100,000.
    SchemaError
        If there is no column ``side`` or ``cidr``, or the table does not match its schema.

    Warns
    -----
    IncompleteWarning
        If the data is incomplete: connections are not judged, because their prefixes are in routes
        that were not read, or the inventory is not complete.

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
