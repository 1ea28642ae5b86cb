"""Plots: what the Axes hold."""

from __future__ import annotations

import matplotlib as mpl
import pytest

mpl.use("Agg")

import matplotlib.pyplot as plt
from fleet_helpers import site, subnets_of

from vpnframe import plot, schema, stats
from vpnframe.errors import AddressError
from vpnframe.inventory import flattening
from vpnframe.model.records import Connection, Phases, Proposal, Records, Tunnel
from vpnframe.schema.tables.audit import FINDINGS


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
    return flattening.make_tables(Records(connections=connections))["tunnels"]


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


def uses(ax):
    """The use of each cell, by name, as the colours say."""
    (mesh,) = ax.collections
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    return [names[int(value)] for value in mesh.get_array().ravel()]


def test_address_map_tells_who_uses_each_cell():
    """Free, a VPC, one site, several, both; a block larger than a cell colours several."""
    table = subnets_of(
        site("a", onprem=["10.1.0.0/24", "10.1.9.0/24"], vpc=["10.2.0.0/16"]),
        site("b", onprem=["10.3.0.0/16", "10.16.0.0/14"], vpc=["10.4.0.0/16"]),
        site("c", onprem=["10.3.4.0/24", "10.4.0.0/24", "192.168.0.0/24", "fd00::/8"]),
    )
    found = uses(plot.address_map(table))
    wanted = ["free"] * 256
    wanted[1:5] = ["one site", "VPC", "several sites", "VPC and sites"]
    wanted[16:20] = ["one site"] * 4
    assert found == wanted


def test_address_map_counts_blocks_that_would_colour_all():
    """They are said below the map; default routes are nothing at all."""
    table = subnets_of(site("a", onprem=["10.0.0.0/8", "8.0.0.0/5", "0.0.0.0/0"]))
    ax = plot.address_map(table)
    assert set(uses(ax)) == {"free"}
    assert "256 of 256 free" in ax.get_title(loc="left")
    assert ax.get_xlabel() == "not drawn: 2 as large as the map or larger"


def test_address_map_labels_its_rows():
    """By the first address of each, the smallest above; IPv6 the same way."""
    ax = plot.address_map(subnets_of(), within="192.168.0.0/16")
    assert [t.get_text() for t in ax.get_yticklabels()][:2] == ["192.168.0.0", "192.168.16.0"]
    assert ax.yaxis_inverted()
    six = plot.address_map(subnets_of(site("a", vpc=["fd00:100::/24"])), within="fd00::/16")
    assert uses(six)[1] == "VPC"


@pytest.mark.parametrize(
    ("within", "error"), [("10.0.0.0/33", AddressError), ("10.0.0.0/25", ValueError)]
)
def test_address_map_refuses_what_it_cannot_divide(within, error):
    """A text that is no block, or a block with fewer than 256 parts."""
    with pytest.raises(error):
        plot.address_map(subnets_of(), within=within)


def test_address_map_draws_where_it_is_told():
    """And nowhere else."""
    _, ax = plt.subplots()
    before = plt.get_fignums()
    assert plot.address_map(subnets_of(), ax=ax) is ax
    assert plt.get_fignums() == before


def some_findings():
    """Three rules: one waived in part, and one that could not be judged."""
    rows = [
        ("vpn-ike-des", "critical", "open"),
        ("vpn-ike-sha1", "low", "open"),
        ("vpn-ike-sha1", "low", "waived"),
        ("vpn-ike-sha1", "low", "open"),
        ("vpn-psk-weak", "high", "open"),
        ("vpn-psk-weak", "critical", "open"),
        ("vpn-value-unknown", "info", "unknown"),
    ]
    names = ["rule_id", "severity", "status"]
    columns = dict(zip(names, zip(*rows, strict=True), strict=True))
    whole = {name: list(columns.get(name, [None] * len(rows))) for name in FINDINGS.names}
    return schema.build("findings", whole | {"tunnel_ids": [""] * len(rows)})


def test_findings_draws_a_bar_per_rule_the_worst_first():
    """As long as there are findings; what was waived is hatched, what is unknown left out."""
    ax = plot.findings(some_findings())
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert names == ["psk-weak", "ike-des", "ike-sha1"]
    lengths = dict.fromkeys(range(3), 0.0)
    for patch in ax.patches:
        lengths[round(patch.get_y() + patch.get_height() / 2)] += patch.get_width()
    assert lengths == {0: 2, 1: 1, 2: 3}
    assert sum(patch.get_hatch() is not None for patch in ax.patches) == 1
    assert "5 open findings of 3 rules" in ax.get_title(loc="left")
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    assert texts == ["critical", "high", "low", "waived"]


def test_findings_says_how_many_rules_it_leaves_out():
    """The mildest go first."""
    ax = plot.findings(some_findings(), most=1)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["psk-weak"]
    assert "2 more rules" in ax.get_xlabel()
    with pytest.raises(ValueError, match="1 or more"):
        plot.findings(some_findings(), most=0)


def test_findings_draws_where_it_is_told():
    """Nothing found is an empty plot."""
    _, ax = plt.subplots()
    assert plot.findings(some_findings().head(0), ax=ax) is ax
    assert not ax.patches
