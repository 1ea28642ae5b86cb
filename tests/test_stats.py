"""Fleet-wide statistics."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from vpnframe import schema, stats


def tunnels(*rows: dict[str, Any]) -> pd.DataFrame:
    """A tunnels table; each row is of connection vco-1 unless it says otherwise."""
    known = {
        "vpn_connection_id": "vco-1",
        "tunnel_index": 1,
        "tunnel_count": 1,
        "witnesses": "both",
    }
    columns = schema.find("tunnels").names
    return schema.build("tunnels", {c: [(known | row).get(c) for row in rows] for c in columns})


DUAL = [
    {"tunnel_index": n, "tunnel_count": 2, "ike_version": 2, "ike_lifetime_s": 86400}
    for n in (1, 2)
]
SINGLE = {"vpn_connection_id": "vco-2", "ike_version": 1, "ike_lifetime_s": 3600}
UNKNOWN = {"vpn_connection_id": "vco-3"}
FLEET = tunnels(*DUAL, SINGLE, UNKNOWN)


def counted(table: pd.DataFrame, **of: str) -> list[tuple[Any, ...]]:
    """Value, tunnels, connections and share of the rows that fit."""
    (column, wanted), *_ = of.items()
    rows = table[table[column] == wanted].iloc[:, 1:].astype(object)
    rows = rows.where(rows.notna(), None)
    return [tuple(row) for row in rows.to_numpy().tolist()]


def test_algorithms_count_tunnels_and_connections() -> None:
    """A dual-tunnel connection counts twice as tunnels and once as connection; unknown is null."""
    table = stats.algorithms(FLEET)
    schema.validate("algorithms", table)
    assert counted(table, column="ike_version") == [
        ("2", 2, 1, 0.5),
        ("1", 1, 1, 0.25),
        (None, 1, 1, 0.25),
    ]
    # Under IKEv2 the mode means nothing: two tunnels are not counted.
    assert counted(table, column="ike_mode") == [(None, 2, 2, 0.5)]


def test_algorithms_go_column_by_column() -> None:
    """In the order of the tunnels table."""
    assert list(dict.fromkeys(stats.algorithms(FLEET)["column"])) == list(stats.ALGORITHM_COLUMNS)


def test_one_connection_with_two_values_counts_for_both() -> None:
    """Tunnels of one connection may differ."""
    mixed = tunnels(
        {"tunnel_index": 1, "ike_encryption": "des-cbc"},
        {"tunnel_index": 2, "ike_encryption": "aes-256-cbc"},
    )
    assert counted(stats.algorithms(mixed), column="ike_encryption") == [
        ("aes-256-cbc", 1, 1, 0.5),
        ("des-cbc", 1, 1, 0.5),
    ]


def test_equal_ids_in_two_regions_are_two_connections() -> None:
    """The key of a connection has its account and region."""
    twice = tunnels(
        {"region_id": "cn-a", "ike_mode": "main"}, {"region_id": "cn-b", "ike_mode": "main"}
    )
    assert counted(stats.algorithms(twice), column="ike_mode") == [("main", 2, 2, 1.0)]


def test_lifetimes_by_phase() -> None:
    """Seconds as numbers; nobody set the second phase here."""
    table = stats.lifetimes(FLEET)
    schema.validate("lifetimes", table)
    assert counted(table, phase="ike") == [
        (86400, 2, 1, 0.5),
        (3600, 1, 1, 0.25),
        (None, 1, 1, 0.25),
    ]
    assert counted(table, phase="ipsec") == [(None, 4, 3, 1.0)]


def measures(table: pd.DataFrame) -> dict[str, int]:
    found = stats.summary(table)
    schema.validate("summary", found)
    return dict(zip(found["measure"], found["n"], strict=True))


def test_summary_counts_the_fleet() -> None:
    """Each measure counts what its name says."""
    found = measures(
        tunnels(
            *({**row, "account_id": "1", "region_id": "cn-a", "bgp_enabled": True} for row in DUAL),
            SINGLE | {"account_id": "1", "region_id": "cn-b", "routing_mode": "route"},
            UNKNOWN | {"transit_router_id": "tr-1", "witnesses": "describe"},
        )
    )
    assert (found["accounts"], found["regions"]) == (1, 2)
    assert (found["connections"], found["tunnels"]) == (3, 4)
    assert found["dual-tunnel connections"] == 1
    assert found["connections with BGP"] == 1
    assert found["route-based connections"] == 1
    assert found["connections on a transit router"] == 1
    assert found["connections read by both calls"] == 2


def test_a_tunnel_without_a_status_has_its_connections() -> None:
    """The two columns need not know the same words."""
    found = measures(
        tunnels(
            {"tunnel_index": 1, "tunnel_status": "ike_sa_established"},
            {"tunnel_index": 2, "connection_status": "ipsec_sa_established"},
        )
    )
    assert found["tunnels with an IPsec SA"] == 1


def subnets(*rows: dict[str, Any]) -> pd.DataFrame:
    """A subnets table; each row is an on-premises block of vco-1 unless it says otherwise."""
    known = {"vpn_connection_id": "vco-1", "side": "onprem", "origin": "selector"}
    values = [known | {"cidr_raw": row["cidr"], "is_default_route": False} | row for row in rows]
    columns = schema.find("subnets").names
    return schema.build("subnets", {c: [row.get(c) for row in values] for c in columns})


def test_address_space_by_side_and_family() -> None:
    """Each side's addresses once, and those in two blocks; null blocks and default routes not."""
    table = stats.address_space(
        subnets(
            {"cidr": "10.0.0.0/24"},
            {"cidr": "10.0.0.0/24", "vpn_connection_id": "vco-2"},
            {"cidr": "10.0.1.0/24"},
            {"cidr": "10.0.0.0/8", "side": "vpc"},
            {"cidr": "2001:db8::/32"},
            {"cidr": None, "cidr_raw": "x"},
            {"cidr": "0.0.0.0/0", "is_default_route": True},
        )
    )
    schema.validate("address_space", table)
    assert table.to_numpy().tolist() == [
        ["onprem", 4, 3, 512.0, 256.0, 0.5],
        ["onprem", 6, 1, 2.0**96, 0.0, 0.0],
        ["vpc", 4, 1, 2.0**24, 0.0, 0.0],
    ]


def test_address_space_counts_a_connections_block_once() -> None:
    """A selector and a route that say the same share nothing."""
    twice = [{"cidr": "10.0.0.0/24"}, {"cidr": "10.0.0.0/24", "origin": "policy"}]
    assert stats.address_space(subnets(*twice))["n_shared"].tolist() == [0.0]


def test_an_empty_fleet_covers_nothing() -> None:
    """No rows, never an error."""
    table = stats.address_space(schema.empty("subnets"))
    schema.validate("address_space", table)
    assert table.empty


@pytest.mark.parametrize("name", ["summary", "algorithms", "lifetimes"])
def test_an_empty_fleet_has_valid_statistics(name: str) -> None:
    """Zeros or no rows, never an error."""
    table = getattr(stats, name)(schema.empty("tunnels"))
    schema.validate(name, table)
    assert table.get("n", pd.Series(dtype="Int64")).sum() == 0


def test_statistics_leave_their_argument_alone() -> None:
    """A table that is asked is not changed."""
    before = FLEET.copy()
    for name in ("summary", "algorithms", "lifetimes"):
        getattr(stats, name)(FLEET)
    pd.testing.assert_frame_equal(FLEET, before)
