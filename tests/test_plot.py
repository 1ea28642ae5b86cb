"""Plots: what the Axes hold."""

from __future__ import annotations

import matplotlib as mpl
import pytest

mpl.use("Agg")

import matplotlib.pyplot as plt

from vpnframe import frames, plot, stats
from vpnframe.records import Connection, Phases, Proposal, Records, Tunnel


@pytest.fixture
def tunnels():
    """Three tunnels: two with AES-128, one with DES."""
    ciphers = ["aes-128-cbc", "aes-128-cbc", "des-cbc"]
    connections = tuple(
        Connection(
            vpn_connection_id=f"vco-{i}",
            tunnels=(Tunnel(tunnel_index=1, phases=Phases(ike=Proposal(encryption=cipher))),),
        )
        for i, cipher in enumerate(ciphers)
    )
    return frames.make_tables(Records(connections=connections))["tunnels"]


@pytest.fixture(autouse=True)
def _closed_figures():
    """No figure outlives its test."""
    yield
    plt.close("all")


def test_algorithms_draws_one_full_bar_per_column(tunnels):
    """The segments of every bar add up to all tunnels."""
    ax = plot.algorithms(tunnels)
    widths: dict[float, float] = {}
    for patch in ax.patches:
        middle = round(patch.get_y() + patch.get_height() / 2)
        widths[middle] = widths.get(middle, 0) + patch.get_width()
    assert len(widths) == len(stats.ALGORITHM_COLUMNS)
    assert all(width == pytest.approx(100) for width in widths.values())


def test_algorithms_names_what_it_shows(tunnels):
    """Segments wide enough bear their value, as people say it."""
    ax = plot.algorithms(tunnels)
    texts = {text.get_text() for text in ax.texts}
    assert {"aes-128", "des", "not known"} <= texts
    assert "3 tunnels" in ax.get_title(loc="left")


def test_algorithms_draws_where_it_is_told_and_only_there(tunnels):
    """Axes that are given are used, and no other figure is made."""
    _, ax = plt.subplots()
    before = plt.get_fignums()
    assert plot.algorithms(tunnels, ax=ax) is ax
    assert plt.get_fignums() == before


def test_algorithms_of_an_empty_fleet_is_an_empty_plot(tunnels):
    """Nothing to draw is no error."""
    ax = plot.algorithms(tunnels.head(0))
    assert not ax.patches
