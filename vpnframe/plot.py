"""Plots: each function draws a table on Axes. Only this module imports matplotlib."""

from __future__ import annotations

import ipaddress

import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.patches import Patch

from vpnframe import stats
from vpnframe.auditing.folding import is_counted
from vpnframe.auditing.logic import equals
from vpnframe.model.display import printable
from vpnframe.overlapping.asked import parse_all
from vpnframe.overlapping.connections import CONNECTION
from vpnframe.schema.checked import checked_table
from vpnframe.schema.codes import encode, expand, rank_rows

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
_INK = {"#1f4e79": "white", "#2e75b6": "white"}


def algorithms(tunnels: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw which algorithms a fleet uses: one bar per column, one segment per value.

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
            ax.text(
                left + width / 2,
                position,
                name,
                ha="center",
                va="center",
                fontsize=8,
                color=_INK.get(color, "black"),
            )
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
    """Draw an audit's findings: one bar per rule, one segment per severity, the worst first.

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
        raise ValueError(f"most is {most}: at least one rule has to be drawn")
    needs = ("rule_id", "severity", "status")
    counts = _count_findings(checked_table("findings", found, needs=needs))
    rules = counts["rule_id"].drop_duplicates().tolist()
    shown = rules[:most]
    if ax is None:
        _, ax = plt.subplots(figsize=(10, 0.8 + 0.27 * max(4, len(shown))), layout="constrained")
    left = dict.fromkeys(shown, 0)
    for row in counts[counts["rule_id"].isin(shown)].itertuples():
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
    _label_severities(ax, counts[counts["rule_id"].isin(shown)])
    return ax


def _count_findings(found: pd.DataFrame) -> pd.DataFrame:
    """Count findings by rule, status and severity, ordered by worst severity, then by number."""
    names = ["rule_id", "status", "severity"]
    is_drawn = is_counted(found) | equals(found["status"], "waived")
    known = found.loc[is_drawn, names].astype("str")
    counts = known.value_counts().rename("n").reset_index()
    counts["rank"] = counts["severity"].map(list(_SEVERITY_COLORS).index).astype("int64")
    by_rule = counts.groupby("rule_id")
    counts["worst"] = by_rule["rank"].transform("min")
    counts["total"] = by_rule["n"].transform("sum")
    order = ["worst", "total", "rule_id", "rank", "status"]
    ascending = [True, False, True, True, True]
    return counts.sort_values(order, ascending=ascending, ignore_index=True)


def _label_severities(ax: Axes, counts: pd.DataFrame) -> None:
    """Draw a legend of the severities and statuses that occur."""
    handles = [
        Patch(facecolor=color, label=word)
        for word, color in _SEVERITY_COLORS.items()
        if word in set(counts["severity"])
    ]
    if (counts["status"] == "waived").any():
        handles.append(Patch(facecolor="white", edgecolor="grey", hatch="///", label="waived"))
    if handles:
        ax.legend(handles=handles, loc="lower right", frameon=False)


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
        that contain all of it are not drawn; a label below the map states their number.
    ax : Axes, optional
        Axes to draw on; default: a new figure.

    Returns
    -------
    Axes
        The plot: 16 rows of 16 cells. A cell is free, or used by VPCs, by one on-premises
        connection, by several of them, or by both sides.

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
    space = ipaddress.ip_network(within)
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


def _label_cells(ax: Axes, space: ipaddress.IPv4Network | ipaddress.IPv6Network) -> None:
    """Label rows with their first address and columns with their offset in cells."""
    side = 2 ** (_CELL_BITS // 2)
    step = 2 ** (space.max_prefixlen - space.prefixlen - _CELL_BITS)
    starts = [space.network_address + row * side * step for row in range(side)]
    ax.set_yticks(np.arange(side) + 0.5, [str(start) for start in starts])
    ax.set_xticks(np.arange(side) + 0.5, [f"+{column}" for column in range(side)])
    ax.invert_yaxis()
    ax.set_aspect("equal")
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)


def _count_users(
    subnets: pd.DataFrame, space: ipaddress.IPv4Network | ipaddress.IPv6Network
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], int]:
    """Count on-premises and VPC connections per cell, and blocks that contain the whole map."""
    coded = encode(subnets["cidr"])
    parse_all(coded.words.to_pylist())
    blocks = [ipaddress.ip_network(text) for text in coded.words.to_pylist()]
    shift = space.max_prefixlen - space.prefixlen - _CELL_BITS
    first, counts = np.zeros((2, len(blocks)), np.int64)
    is_wide = np.zeros(len(blocks) + 1, bool)
    for i, block in enumerate(blocks):
        if block.version != space.version or not block.overlaps(space) or block.prefixlen == 0:
            continue
        if block.prefixlen <= space.prefixlen:
            is_wide[i] = True
            continue
        first[i] = int(block.network_address) - int(space.network_address) >> shift
        counts[i] = 2 ** max(0, _CELL_BITS - (block.prefixlen - space.prefixlen))
    known = np.flatnonzero(coded.codes >= 0)
    row, cell = expand(first[coded.codes[known]], counts[coded.codes[known]])
    connection = rank_rows([encode(subnets[name]).codes for name in CONNECTION])[known][row]
    is_vpc = (subnets["side"].astype("str") == "vpc").to_numpy(bool)[known][row]
    distinct = np.unique(np.stack([cell, is_vpc, connection]), axis=1)
    n_cells = 2**_CELL_BITS
    per_side = np.bincount(distinct[0] + n_cells * distinct[1], minlength=2 * n_cells)
    n_wide = int(np.count_nonzero(is_wide))
    return per_side[:n_cells], per_side[n_cells:], n_wide
