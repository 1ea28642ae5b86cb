"""Routing domains: what is connected, by the rows and by a topology file."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from fleet_helpers import found, site, subnets_of
from hypothesis import given
from hypothesis import strategies as st
from overlap_oracle import ROUTERS, domain_of

from vpnframe.errors import SettingsError
from vpnframe.overlapping import Domain, OverlapSettings, Topology, overlaps, read_topology
from vpnframe.overlapping.scopes import routing_domains
from vpnframe.schema.codes import encode_together

CORE = """
[[domain]]
name = "core"
members = ["vpc-1", "tr-9"]
"""
ids = st.sampled_from([None, *(f"{kind}-{n}" for kind in ("vpn", "vpc", "tr") for n in range(4))])


def domains(rows: list[tuple[str | None, ...]], topology: Topology | None = None) -> list[object]:
    """The name of each row's domain."""
    columns = [pd.Series([row[i] for row in rows], dtype="str") for i in range(3)]
    return routing_domains(encode_together(columns), topology).all().to_pylist()


@given(st.lists(st.tuples(ids, ids, ids), max_size=12))
def test_domains_are_what_can_be_reached_step_by_step(rows):
    """Named by the smallest id; a row without an id has none."""
    records = [dict(zip(ROUTERS, row, strict=True)) for row in rows]
    assert domains(rows) == [domain_of(record, records) for record in records]


@given(
    st.lists(st.tuples(ids, ids, ids), min_size=1, max_size=8).filter(lambda r: any(map(any, r))),
    st.data(),
)
def test_a_topology_joins_as_a_row_would(rows, data):
    """A domain of members gives the parts that a row with all of them gives, under its name."""
    known = sorted({cell for row in rows for cell in row if cell})
    members = tuple(data.draw(st.lists(st.sampled_from(known), min_size=1, max_size=3)))
    records = [dict(zip(ROUTERS, row, strict=True)) for row in rows]
    joint = dict(zip(ROUTERS, [*members, None, None][:3], strict=True))
    wanted = [domain_of(record, [*records, joint]) for record in records]
    core = domain_of(joint, [*records, joint])
    assert domains(rows, Topology((Domain("core", members),))) == [
        "core" if name == core and name is not None else name for name in wanted
    ]


def test_gateways_are_joined_through_their_vpc():
    """Two gateways on one VPC are one routing domain, named by its smallest id."""
    rows = [("vpn-1", "vpc-9", None), ("vpn-2", "vpc-9", None), ("vpn-3", "vpc-8", None)]
    assert domains(rows) == ["vpc-9", "vpc-9", "vpc-8"]


def test_two_topology_domains_that_meet_are_one():
    """By the smaller of their names, whatever their order."""
    rows = [("vpn-1", "vpc-1", None), ("vpn-2", None, "tr-2")]
    two = Domain("two", ("vpn-1",)), Domain("one", ("vpc-1", "tr-2"))
    for order in (two, two[::-1]):
        assert domains(rows, Topology(order)) == ["one", "one"]


def test_a_topology_file_widens_what_is_compared(tmp_path: Path):
    """What it joins is compared, and the scope bears its name."""
    path = tmp_path / "topology.toml"
    path.write_text('[[domain]]\nname = "core"\nmembers = ["vpc-1", "vpn-2"]\n')
    table = subnets_of(
        site("a", onprem=["10.0.0.0/8"]),
        site("b", onprem=["10.0.0.0/8"], vpn_gateway_id="vpn-2", vpc_id="vpc-2"),
    )
    assert overlaps(table).empty
    answer = overlaps(table, settings=OverlapSettings(topology=read_topology(path)))
    assert found(answer, "kind", "scope_id") == [("route_domain", "core")]


def test_an_unknown_member_is_named():
    """Silence would leave two networks apart that the user has joined."""
    with pytest.raises(SettingsError, match=r"domain 'core': 'tr-9' is not a VPN gateway, VPC or"):
        domains([("vpn-1", "vpc-1", None)], Topology((Domain("core", ("vpc-1", "tr-9")),)))


def test_a_name_that_is_the_id_of_something_elsewhere_is_refused():
    """Two domains of one name could not be told apart; its own member's id is fine."""
    rows = [("vpn-1", "vpc-1", None), ("vpn-2", "vpc-2", None)]
    with pytest.raises(SettingsError, match="'vpn-2' is the name of a domain, but also the id"):
        domains(rows, Topology((Domain("vpn-2", ("vpn-1",)),)))
    assert domains(rows, Topology((Domain("vpn-2", ("vpn-2",)),))) == ["vpc-1", "vpn-2"]


def test_two_domains_of_one_name_are_refused(tmp_path: Path):
    """Their members were meant to be one list."""
    path = tmp_path / "topology.toml"
    path.write_text(CORE + CORE)
    with pytest.raises(SettingsError, match="two domains have the name 'core'"):
        read_topology(path)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "has no domain"),
        ("[[domains]]\nname = 'a'", "unknown key 'domains'"),
        ("[[domain]]\nmembers = ['a']", "domain 1: name is missing"),
        ("[[domain]]\nname = 'a'", "domain 'a': members is missing"),
        ("[[domain]]\nname = 'a'\nmembers = []", "domain 'a': members must be a list of ids"),
        ("[[domain]]\nname = 'a'\nmembers = 'x'", "domain 'a': members must be a list of ids"),
        ("[[domain]]\nname = 'a'\nmembers = [1]", "domain 'a': members must be a list of ids"),
        (
            "[[domain]]\nname = 1\nmembers = ['a']",
            "domain 1: name must be a non-blank string of one line",
        ),
        (CORE + "color = 'x'", "domain 'core': unknown key 'color'"),
    ],
)
def test_a_mistake_in_the_file_is_named(tmp_path: Path, text: str, problem: str):
    """File, domain and key."""
    path = tmp_path / "topology.toml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=r"topology\.toml") as caught:
        read_topology(path)
    assert problem in str(caught.value)
