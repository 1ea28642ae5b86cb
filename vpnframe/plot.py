"""Draw tables on matplotlib Axes, one function per plot. Only this module imports matplotlib."""

from __future__ import annotations

import ipaddress
from typing import Any, TypeAlias

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.patches import Patch

from vpnframe import stats
from vpnframe.addresses.nesting import find_pairs_between
from vpnframe.auditing.folding import is_counted
from vpnframe.auditing.logic import equals
from vpnframe.model.display import printable
from vpnframe.overlapping.asked import parse_all
from vpnframe.overlapping.connections import CONNECTION
from vpnframe.schema.checked import checked_table
from vpnframe.schema.codes import Codes

_Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
_TITLES = {
    "ike_version": "IKE version",
    "ike_mode": "IKE mode",
    "ike_encryption": "IKE encryption",
    "ike_integrity": "IKE integrity",
    "ike_dh_group": "IKE DH group",
    "ipsec_encryption": "IPsec encryption",
    "ipsec_integrity": "IPsec integrity",
    "ipsec_pfs_group": "IPsec PFS group",
}
_SHADES = ("#1f4e79", "#2e75b6", "#6fa8dc", "#9fc5e8", "#c9daf8", "#e3ecf9")
_DARK = _SHADES[:2]
_CENTERED: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 8}


def algorithms(tunnels: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw which algorithms a fleet uses, as one bar per column with one segment per value.

    Parameters
    ----------
    tunnels : DataFrame
        The ``tunnels`` table.
    ax : Axes, optional
        Axes to draw on; default: a new figure.

    Returns
    -------
    Axes
        The plot; bars show shares of all tunnels in per cent.

    Raises
    ------
    SchemaError
        The table does not match its schema.
    """
    counts = stats.algorithms(tunnels)
    if ax is None:
        _, ax = plt.subplots(figsize=(10, 4.5), layout="constrained")
    for position, column in enumerate(reversed(list(_TITLES))):
        _draw_bar(ax, position, counts[counts["column"] == column])
    ax.set_yticks(range(len(_TITLES)), list(reversed(_TITLES.values())))
    ax.set_xlim(0, 100)
    ax.set_xlabel("share of tunnels in %")
    ax.set_title(f"Algorithms configured on {len(tunnels):,} tunnels", loc="left")
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.tick_params(axis="y", length=0)
    return ax


def _draw_bar(ax: Axes, position: int, counts: pd.DataFrame) -> None:
    """Draw one stacked bar; label a segment with its value if the text fits."""
    left = 0.0
    for rank, row in enumerate(counts.itertuples()):
        color = _SHADES[min(rank, len(_SHADES) - 1)]
        name = "not known" if pd.isna(row.value) else _label(str(row.column), str(row.value))
        width = 100 * float(row.share)
        ax.barh(position, width, left=left, color=color, edgecolor="white", height=0.72, label=name)
        if width >= 0.75 * len(name) + 0.5:
            ink = "white" if color in _DARK else "black"
            ax.text(left + width / 2, position, name, color=ink, **_CENTERED)
        left += width


def _label(column: str, value: str) -> str:
    """Return the display text of a value."""
    if column == "ike_version":
        return f"IKEv{value}"
    if column == "ipsec_pfs_group" and value == "0":
        return "no PFS"
    if column in ("ike_dh_group", "ipsec_pfs_group"):
        return f"group {value}"
    # matplotlib reads text between two dollar signs as a formula.
    return printable(value.removeprefix("hmac-").removesuffix("-cbc")).replace("$", r"\$")


_SEVERITY_COLORS = {
    "critical": "#7b1e1e",
    "high": "#c0504d",
    "medium": "#e59a5c",
    "low": "#f2d399",
    "info": "#c9daf8",
}


def findings(found: pd.DataFrame, *, most: int = 20, ax: Axes | None = None) -> Axes:
    """Draw an audit's findings as one bar per rule, split by severity, with the worst rule first.

    Parameters
    ----------
    found : DataFrame
        The ``findings`` table. Checks that could not be judged and findings that follow from
        another finding are left out; waived findings are hatched.
    most : int
        Maximum number of rules; a label below the plot states how many are left out.
    ax : Axes, optional
        Axes to draw on; default: a new figure.

    Returns
    -------
    Axes
        The plot; bars show numbers of findings.

    Raises
    ------
    SchemaError
        The table does not match its schema.
    ValueError
        ``most`` is below 1.
    """
    if most < 1:
        raise ValueError(f"the number of rules in the plot must be 1 or more, not {most}")
    needs = ("rule_id", "severity", "status")
    counts = _count_findings(checked_table("findings", found, needs=needs))
    rules = counts["rule_id"].drop_duplicates().tolist()
    shown = rules[:most]
    if ax is None:
        _, ax = plt.subplots(figsize=(10, 0.8 + 0.27 * max(4, len(shown))), layout="constrained")
    left = dict.fromkeys(shown, 0)
    drawn = counts[counts["rule_id"].isin(shown)]
    for row in drawn.itertuples():
        ax.barh(
            shown.index(row.rule_id),
            row.n,
            left=left[row.rule_id],
            color=_SEVERITY_COLORS[str(row.severity)],
            edgecolor="white",
            hatch="///" if row.status == "waived" else None,
            height=0.75,
        )
        left[row.rule_id] += row.n
    ax.set_yticks(range(len(shown)), [rule.removeprefix("vpn-") for rule in shown])
    ax.invert_yaxis()
    n_open = int(counts.loc[counts["status"] == "open", "n"].sum())
    ax.set_title(f"{n_open:,} open findings of {len(rules)} rules", loc="left")
    left_out = f" ({len(rules) - most} more rules are not drawn)" if len(rules) > most else ""
    ax.set_xlabel(f"findings{left_out}")
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.tick_params(axis="y", length=0)
    handles = [
        Patch(facecolor=color, label=word)
        for word, color in _SEVERITY_COLORS.items()
        if (drawn["severity"] == word).any()
    ]
    if (drawn["status"] == "waived").any():
        handles.append(Patch(facecolor="white", edgecolor="grey", hatch="///", label="waived"))
    if handles:
        ax.legend(handles=handles, loc="lower right", frameon=False)
    return ax


def _count_findings(found: pd.DataFrame) -> pd.DataFrame:
    """Count findings by rule, status and severity; rules with the worst findings are first."""
    names = ["rule_id", "status", "severity"]
    is_drawn = is_counted(found) | equals(found["status"], "waived")
    known = found.loc[is_drawn, names].astype("str")
    counts = known.value_counts().rename("n").reset_index()
    counts["rank"] = counts["severity"].map(list(_SEVERITY_COLORS).index).astype("int64")
    by_rule = counts.groupby("rule_id")
    counts["worst"] = by_rule["rank"].transform("min")
    counts["n_fewer"] = -by_rule["n"].transform("sum")
    order = ["worst", "n_fewer", "rule_id", "rank", "status"]
    return counts.sort_values(order, ignore_index=True)


_USES = (
    ("free", "#f4f4f4"),
    ("VPC", "#8fbcbb"),
    ("one site", "#9fc5e8"),
    ("several sites", "#1f4e79"),
    ("VPC and sites", "#c0504d"),
)
_CELL_BITS = 8  # 256 cells, 16 in a row


def address_map(
    subnets: pd.DataFrame, *, within: str = "10.0.0.0/8", ax: Axes | None = None
) -> Axes:
    """Draw which side uses which part of an address space, divided into 256 equal cells.

    Parameters
    ----------
    subnets : DataFrame
        The ``subnets`` table.
    within : str
        The CIDR block to draw; its prefix length is at most 24 for IPv4 and 120 for IPv6. Blocks
        that contain all of it are not drawn; a label below the map states their number, without
        default routes.
    ax : Axes, optional
        Axes to draw on; default: a new figure.

    Returns
    -------
    Axes
        The plot, 16 rows of 16 cells. A cell is free, or used by VPCs, by one site (the
        on-premises side of a connection), by several sites, or by VPCs and sites.

    Raises
    ------
    AddressError
        A CIDR block is not valid.
    SchemaError
        The table does not match its schema.
    ValueError
        ``within`` is too small to be divided.
    """
    parse_all([within])
    space: _Network = ipaddress.ip_network(within)
    if space.prefixlen + _CELL_BITS > space.max_prefixlen:
        raise ValueError(f"{within} is too small for a map of 256 cells")
    subnets = checked_table("subnets", subnets, needs=(*CONNECTION, "side", "cidr"))
    if ax is None:
        _, ax = plt.subplots(figsize=(9, 6.2), layout="constrained")
    n_onprem, n_vpc, n_wide = _count_users(subnets, space)
    use = np.where(n_vpc > 0, np.where(n_onprem > 0, 4, 1), np.clip(n_onprem + 1, 0, 3))
    use[(n_vpc == 0) & (n_onprem == 0)] = 0
    side = 2 ** (_CELL_BITS // 2)
    colors = ListedColormap([color for _, color in _USES])
    ax.pcolormesh(
        use.reshape(side, side), cmap=colors, vmin=-0.5, vmax=4.5, edgecolors="white", linewidth=2
    )
    _label_cells(ax, space)
    length, n_free = space.prefixlen + _CELL_BITS, int((use == 0).sum())
    ax.set_title(f"{within} in blocks of /{length}: {n_free} of 256 free", loc="left")
    if n_wide:
        ax.set_xlabel(f"not drawn: {n_wide} as large as the map or larger")
    handles = [Patch(facecolor=color, label=name) for name, color in _USES]
    ax.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False)
    return ax


def _label_cells(ax: Axes, space: _Network) -> None:
    """Label each row with its first address, and each column with its offset in cells."""
    side = 2 ** (_CELL_BITS // 2)
    starts = [str(row.network_address) for row in space.subnets(_CELL_BITS // 2)]
    ax.set_yticks(np.arange(side) + 0.5, starts)
    ax.set_xticks(np.arange(side) + 0.5, [f"+{column}" for column in range(side)])
    ax.invert_yaxis()
    ax.set_aspect("equal")
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)


def _count_users(subnets: pd.DataFrame, space: _Network) -> tuple[Codes, Codes, int]:
    """Count the connections that use each cell of the map, and the blocks too large to draw.

    The first count is of connections with an on-premises block that overlaps the cell, the second
    of those with a VPC block. The third is of distinct blocks that contain the whole map and are
    not default routes.
    """
    parsed = parse_all(subnets["cidr"].tolist())
    is_small = parsed.prefix_length > space.prefixlen
    row, small = parsed.take(is_small).of_family(space.version)
    _, cells = parse_all([*map(str, space.subnets(_CELL_BITS))]).of_family(space.version)
    pairs = find_pairs_between(cells, small, max_pairs=2**_CELL_BITS * len(row))
    users = subnets[[*CONNECTION, "side"]].iloc[row[pairs.right]].assign(cell=pairs.left)
    users = users.drop_duplicates()
    is_vpc = (users["side"].astype("str") == "vpc").to_numpy(bool)
    n_onprem, n_vpc = (
        np.bincount(users["cell"].to_numpy()[chosen], minlength=2**_CELL_BITS)
        for chosen in (~is_vpc, is_vpc)
    )
    is_wide = ~is_small & (parsed.prefix_length > 0)  # default routes do not count
    row, wide = parsed.take(is_wide).of_family(space.version)
    _, whole = parse_all([str(space)]).of_family(space.version)
    over = row[find_pairs_between(whole, wide, max_pairs=len(row)).right]
    return n_onprem, n_vpc, subnets["cidr"].iloc[over].nunique()
