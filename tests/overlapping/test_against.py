"""A fleet against another table: VPCs, routes, an IPAM's export, a second fleet."""

from __future__ import annotations

import pandas as pd
import pytest
from fleet_helpers import found, site, subnets_of

from vpnframe import schema
from vpnframe.errors import AddressError, SettingsError
from vpnframe.overlapping import Domain, OverlapSettings, Topology, overlaps

OURS = subnets_of(
    site("a", onprem=["10.1.0.0/16"], vpc=["172.16.0.0/24"]),
    site("b", onprem=["10.2.0.0/16"], vpc=["172.17.0.0/24"], vpn_gateway_id="vpn-2", vpc_id="v2"),
)
PAIR = ("left_cidr", "left_side", "right_cidr", "kind", "severity", "scope_id")


def vpcs(**blocks: list[list[str]]) -> pd.DataFrame:
    """A table of VPCs: primary and further blocks of each."""
    names = schema.find("vpcs").names
    rows = [{"vpc_id": v, "cidrs": c[0], "secondary_cidrs": c[1]} for v, c in blocks.items()]
    return schema.build("vpcs", {name: [row.get(name) for row in rows] for name in names})


def test_a_list_is_compared_with_every_block():
    """Nobody knows where its blocks are: each overlap is shown, and none is a fault."""
    answer = overlaps(OURS, against=["10.0.0.0/8", "172.16.0.0/28", "192.168.0.0/16"])
    assert found(answer, *PAIR) == [
        ("10.1.0.0/16", "onprem", "10.0.0.0/8", "unrelated", "info", None),
        ("172.16.0.0/24", "vpc", "172.16.0.0/28", "unrelated", "info", None),
        ("10.2.0.0/16", "onprem", "10.0.0.0/8", "unrelated", "info", None),
    ]
    assert set(answer["right_side"]) == {"against"}
    assert answer["right_vpn_connection_id"].isna().all()
    schema.validate("overlaps", answer)


def test_an_export_of_an_ipam_is_a_table_with_cidr():
    """Other columns of it are no matter; nulls are left out; the index says nothing."""
    export = pd.DataFrame({"cidr": ["10.1.2.0/24", None], "site": ["lima", "oslo"]}, index=[7, 7])
    assert found(overlaps(OURS, against=export), "left_cidr", "relation", "right_cidr") == [
        ("10.1.0.0/16", "contains", "10.1.2.0/24")
    ]


def test_vpcs_are_compared_inside_their_domain():
    """Further blocks too, which no selector names; VPC blocks with VPC blocks never."""
    table = vpcs(**{"vpc-1": [["172.16.0.0/12"], ["10.1.2.0/24", "10.2.0.0/16"]]})
    assert found(overlaps(OURS, against=table), *PAIR) == [
        ("10.1.0.0/16", "onprem", "10.1.2.0/24", "own_sides", "low", "vpc-1"),
    ]


def test_a_vpc_that_no_gateway_hangs_on_is_compared_with_all():
    """Both sides, since nothing is known of where it will be joined."""
    table = vpcs(**{"vpc-7": [["172.16.0.0/12"], []]})
    assert found(overlaps(OURS, against=table), *PAIR) == [
        ("172.16.0.0/24", "vpc", "172.16.0.0/12", "unrelated", "info", None),
        ("172.17.0.0/24", "vpc", "172.16.0.0/12", "unrelated", "info", None),
    ]


def test_routes_are_compared_with_other_connections():
    """By their destination, as on-premises blocks; never with their own connection's."""
    names = schema.find("routes").names
    row = {
        "account_id": "1", "region_id": "cn-hangzhou", "vpn_connection_id": "a",
        "vpn_gateway_id": "vpn-1", "route_type": "destination",
    }  # fmt: skip
    rows = [row | {"destination_cidr": cidr} for cidr in ("10.1.0.0/16", "172.16.0.0/28")]
    rows += [row | {"vpn_connection_id": "c", "destination_cidr": "10.1.3.0/24"}]
    routes = schema.build("routes", {name: [row.get(name) for row in rows] for name in names})
    assert found(overlaps(OURS, against=routes), *PAIR) == [
        ("10.1.0.0/16", "onprem", "10.1.3.0/24", "onprem", "medium", "vpc-1"),
        ("172.16.0.0/24", "vpc", "172.16.0.0/28", "own_sides", "high", "vpc-1"),
    ]


def second_fleet() -> pd.DataFrame:
    """Another company's."""
    return subnets_of(
        site("x", onprem=["10.1.0.0/16"], vpc=["172.16.0.0/24"], vpn_gateway_id="vpn-x", vpc_id="x")
    ).assign(account_id="2")


def test_a_second_fleet_before_a_merger():
    """All its blocks with all of ours, the VPCs' too: they will have to be routed together."""
    assert found(overlaps(OURS, against=second_fleet()), *PAIR) == [
        ("10.1.0.0/16", "onprem", "10.1.0.0/16", "unrelated", "info", None),
        ("172.16.0.0/24", "vpc", "172.16.0.0/24", "unrelated", "info", None),
    ]
    assert found(overlaps(OURS, against=second_fleet(), scope=None), *PAIR) == found(
        overlaps(OURS, against=second_fleet()), *PAIR
    )


def test_a_topology_joins_the_second_fleet():
    """What the merger will join has its full meaning before it is joined."""
    settings = OverlapSettings(topology=Topology((Domain("one", ("vpn-x", "vpn-1")),)))
    answer = overlaps(OURS, against=second_fleet(), settings=settings)
    assert found(answer, *PAIR) == [
        ("10.1.0.0/16", "onprem", "10.1.0.0/16", "route_domain", "high", "one")
    ]
    far = OverlapSettings(topology=Topology((Domain("one", ("vpn-1", "vpn-y")),)))
    with pytest.raises(SettingsError, match="vpn-y"):
        overlaps(OURS, against=second_fleet(), settings=far)


def test_a_column_as_scope_must_be_one_of_both():
    """Blocks are compared where it is equal."""
    theirs = pd.DataFrame({"cidr": ["10.1.0.0/16", "10.2.0.0/16"], "vpc_id": ["vpc-1", "vpc-1"]})
    answer = overlaps(OURS, against=theirs, scope="vpc_id")
    assert found(answer, "left_cidr", "scope_id") == [("10.1.0.0/16", "vpc-1")]
    with pytest.raises(ValueError, match="no column 'vpn_gateway_id' to use as scope"):
        overlaps(OURS, against=theirs, scope="vpn_gateway_id")


def test_bad_text_is_named():
    """By its position in what was given."""
    with pytest.raises(AddressError, match=r"'10.0.0.0/33' at position 1"):
        overlaps(OURS, against=["10.0.0.0/8", "10.0.0.0/33"])


@pytest.mark.parametrize(
    ("against", "error"), [("10.0.0.0/8", TypeError), (pd.DataFrame({"block": []}), ValueError)]
)
def test_what_holds_no_blocks_is_refused(against: object, error: type[Exception]):
    """One text is not a list of its characters."""
    with pytest.raises(error, match=r"is a single string|no column cidr"):
        overlaps(OURS, against=against)  # type: ignore[arg-type]


@pytest.mark.parametrize(("priority", "told"), [("high", "'high'"), (1.5, "1.5")])
def test_a_priority_that_is_no_number_is_named(priority: object, told: str):
    """With the column, and the remedy."""
    other = pd.DataFrame({"cidr": ["10.0.0.0/8"], "priority": [priority]})
    with pytest.raises(ValueError, match=rf"priority contains .*{told}.*: whole numbers"):
        overlaps(OURS, against=other)


def test_our_own_pairs_are_not_among_them():
    """Only pairs of ours with theirs, each once, ours left."""
    table = subnets_of(*(site(name, onprem=["10.0.0.0/8"]) for name in "ab"))
    answer = overlaps(table, against=["10.0.0.0/8", "10.0.0.0/8"], expand=True)
    assert found(answer, "left_vpn_connection_id", "right_vpn_connection_id") == [
        ("a", None), ("a", None), ("b", None), ("b", None),
    ]  # fmt: skip
