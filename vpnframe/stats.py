"""Compute statistics of a whole fleet, with one function per result table."""

from __future__ import annotations

import pandas as pd

from vpnframe import schema
from vpnframe.schema.checked import checked_table

ALGORITHM_COLUMNS = (
    *("ike_version", "ike_mode", "ike_encryption", "ike_integrity", "ike_dh_group"),
    *("ipsec_encryption", "ipsec_integrity", "ipsec_pfs_group"),
)
_CONNECTION = ("account_id", "region_id", "vpn_connection_id")
_SUMMED = (
    *("tunnel_status", "connection_status", "tunnel_count", "vpn_gateway_id"),
    *("customer_gateway_id", "transit_router_id", "routing_mode", "bgp_enabled", "witnesses"),
)
_LIFETIMES = {"ike": "ike_lifetime_s", "ipsec": "ipsec_lifetime_s"}


def summary(tunnels: pd.DataFrame) -> pd.DataFrame:
    """Count the accounts, regions, connections, tunnels and gateways of a fleet.

    Parameters
    ----------
    tunnels : DataFrame
        The ``tunnels`` table.

    Returns
    -------
    DataFrame
        The ``summary`` table: ``measure`` (str), ``n`` (Int64).

    Raises
    ------
    SchemaError
        The table does not match its schema.

    Examples
    --------
    >>> summary(schema.empty("tunnels"))["n"].sum()
    np.int64(0)
    """
    tunnels = checked_table("tunnels", tunnels, needs=[*_CONNECTION, *_SUMMED])
    first = tunnels.drop_duplicates([*_CONNECTION])
    # Cast to str: the two columns have different categories.
    status = (
        tunnels["tunnel_status"].astype("str").fillna(tunnels["connection_status"].astype("str"))
    )
    measures = {
        "accounts": tunnels["account_id"].nunique(),
        "regions": tunnels["region_id"].nunique(),
        "connections": len(first),
        "tunnels": len(tunnels),
        "dual-tunnel connections": int((first["tunnel_count"] > 1).sum()),
        "VPN gateways": tunnels["vpn_gateway_id"].nunique(),
        "customer gateways": tunnels["customer_gateway_id"].nunique(),
        "connections on a transit router": int(first["transit_router_id"].notna().sum()),
        "route-based connections": int((first["routing_mode"] == "route").sum()),
        "connections with BGP": int(first["bgp_enabled"].fillna(False).sum()),
        "tunnels with an IPsec SA": int((status == "ipsec_sa_established").sum()),
        "connections read by both calls": int((first["witnesses"] == "both").sum()),
    }
    return schema.build("summary", {"measure": list(measures), "n": list(measures.values())})


def algorithms(tunnels: pd.DataFrame) -> pd.DataFrame:
    """Count how often each algorithm is configured.

    Parameters
    ----------
    tunnels : DataFrame
        The ``tunnels`` table.

    Returns
    -------
    DataFrame
        The ``algorithms`` table: ``column`` and ``value`` (str, null if unknown), ``n_tunnels`` and
        ``n_connections`` (Int64), ``share`` of all tunnels (float64); sorted by column, the most
        frequent value first. IKEv2 tunnels are not counted for ``ike_mode``, because IKEv2 has no
        modes.

    Raises
    ------
    SchemaError
        The table does not match its schema.

    Examples
    --------
    >>> algorithms(schema.empty("tunnels")).empty
    True
    """
    tunnels = checked_table("tunnels", tunnels, needs=[*_CONNECTION, *ALGORITHM_COLUMNS])
    is_version_2 = (tunnels["ike_version"] == 2).fillna(False)
    has_mode = tunnels[~is_version_2.to_numpy(bool)]  # IKEv2 has no mode
    counts = []
    for name in ALGORITHM_COLUMNS:
        part = _counts(has_mode if name == "ike_mode" else tunnels, name, n_tunnels=len(tunnels))
        counts.append(part.assign(column=name, value=part["value"].astype("str")))
    return schema.cast("algorithms", pd.concat(counts, ignore_index=True))


def lifetimes(tunnels: pd.DataFrame) -> pd.DataFrame:
    """Count how often each lifetime of IKE and IPsec keys is configured.

    Parameters
    ----------
    tunnels : DataFrame
        The ``tunnels`` table.

    Returns
    -------
    DataFrame
        The ``lifetimes`` table: ``phase`` (str), ``lifetime_s`` (Int32, seconds, null if unknown),
        ``n_tunnels`` and ``n_connections`` (Int64), ``share`` of all tunnels (float64).

    Raises
    ------
    SchemaError
        The table does not match its schema.

    Examples
    --------
    >>> lifetimes(schema.empty("tunnels")).empty
    True
    """
    tunnels = checked_table("tunnels", tunnels, needs=[*_CONNECTION, *_LIFETIMES.values()])
    counts = [
        _counts(tunnels, column, n_tunnels=len(tunnels)).assign(phase=phase)
        for phase, column in _LIFETIMES.items()
    ]
    table = pd.concat(counts, ignore_index=True).rename(columns={"value": "lifetime_s"})
    return schema.cast("lifetimes", table)


def address_space(subnets: pd.DataFrame) -> pd.DataFrame:
    """Count the addresses that a fleet's blocks cover on each side.

    Default routes do not describe used addresses and are left out. A block that one connection
    names several times counts once.

    Parameters
    ----------
    subnets : DataFrame
        The ``subnets`` table.

    Returns
    -------
    DataFrame
        The ``address_space`` table: ``side`` (str), ``family`` (Int16), ``n_blocks`` (Int64),
        ``n_addresses``, ``n_shared`` (those in at least two blocks) and ``shared_share`` (float64,
        see :func:`vpnframe.address_usage`); sorted by side and family.

    Raises
    ------
    SchemaError
        The table does not match its schema.

    Examples
    --------
    >>> address_space(schema.empty("subnets")).empty
    True
    """
    needs = [*_CONNECTION, "side", "cidr", "is_default_route"]
    subnets = checked_table("subnets", subnets, needs=needs)
    blocks = subnets[~subnets["is_default_route"].fillna(False)]
    blocks = blocks.drop_duplicates([*_CONNECTION, "side", "cidr"])
    # Loaded only here: `vpnframe stats` does not need it, and would wait for the whole package.
    from vpnframe.overlapping import address_usage  # noqa: PLC0415

    return address_usage(blocks, groups="side").rename(columns={"group": "side"})


def _counts(tunnels: pd.DataFrame, column: str, *, n_tunnels: int) -> pd.DataFrame:
    """Count the tunnels and connections with each value of a column; a null counts as a value."""
    values = tunnels[column]
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype("str")
    keyed = tunnels[[*_CONNECTION]].assign(value=values)
    n_of = [one.groupby("value", dropna=False).size() for one in (keyed, keyed.drop_duplicates())]
    table = pd.DataFrame(dict(zip(("n_tunnels", "n_connections"), n_of, strict=True)))
    table["share"] = table["n_tunnels"] / max(1, n_tunnels)
    ranked = table.sort_values("n_tunnels", ascending=False, kind="stable")
    return ranked.reset_index(names="value")
