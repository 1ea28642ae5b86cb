"""Plots: a table in, Axes out. The only module that imports matplotlib."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes

from vpnframe import stats

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
        Drawn on; a new figure otherwise.

    Returns
    -------
    Axes
        Shares in per cent of all tunnels.
    """
    if ax is None:
        _, ax = plt.subplots(figsize=(10, 4.5), layout="constrained")
    counts = stats.algorithms(tunnels)
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
    """One stacked bar; a segment bears its value's name where there is room for it."""
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
    """A value as people say it."""
    if column == "ike_version":
        return f"IKEv{value}"
    if column == "ipsec_pfs_group" and value == "0":
        return "no PFS"
    if column in ("ike_dh_group", "ipsec_pfs_group"):
        return f"group {value}"
    return value.removeprefix("hmac-").removesuffix("-cbc")
