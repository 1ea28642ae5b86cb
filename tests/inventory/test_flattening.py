"""Records to tables."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from typing import Any

import pandas as pd
import pytest
from helpers import crawl
from pandas.testing import assert_frame_equal

from vpnframe import schema
from vpnframe.emulator import make_fleet, make_state
from vpnframe.inventory.flattening import flatten, make_tables
from vpnframe.model.records import (
    Connection,
    Coverage,
    Disagreement,
    End,
    Failure,
    Gateway,
    Phases,
    Proposal,
    Records,
    RouteEntry,
    RouteType,
    Tunnel,
    Vpc,
)
from vpnframe.schema.joined import split_text
from vpnframe.schema.tables import RESTRICTED, STORED

PLACE: dict[str, Any] = {"account_id": "1234", "region_id": "cn-shanghai"}


def connection(*tunnels: Tunnel, **fields: Any) -> Connection:
    known: dict[str, Any] = {**PLACE, "vpn_connection_id": "vco-1", "vpn_gateway_id": "vpn-1"}
    return Connection(tunnels=tunnels or (Tunnel(tunnel_index=1),), **(known | fields))


def gateway(gateway_id: str, **fields: Any) -> Gateway:
    kind: Any = "vpn" if gateway_id.startswith("vpn") else "customer"
    return Gateway(gateway_id=gateway_id, kind=kind, **PLACE, **fields)


def tables_of(*connections: Connection, **more: Any) -> dict[str, pd.DataFrame]:
    tables = make_tables(Records(connections=connections, **more))
    for name, table in tables.items():
        schema.validate(name, table)
    return tables


def cell(table: pd.DataFrame, column: str) -> Any:
    (value,) = table[column].tolist()
    return value


def test_nothing_makes_every_table() -> None:
    """All stored tables stand, empty and valid."""
    tables = tables_of()
    assert sorted(tables) == sorted([*STORED, *RESTRICTED])
    assert all(table.empty for table in tables.values())


def test_a_tunnel_row_has_everything_of_its_connection_and_gateways() -> None:
    """Names and types come from the gateways of the same account and region."""
    tunnel = Tunnel(
        tunnel_index=1,
        customer_gateway_id="cgw-1",
        phases=Phases(ike_version=2, ike=Proposal(encryption="aes-256-cbc", lifetime_s=86400)),
        vpn_gateway=End(address="47.1.1.1", asn=45104),
    )
    gateways = (
        gateway("vpn-1", name="hub", vpn_type="normal", vpc_id="vpc-1", bandwidth_mbps=200),
        gateway("cgw-1", name="office"),
    )
    row = tables_of(connection(tunnel), gateways=gateways)["tunnels"].iloc[0]
    assert (row["vpn_gateway_name"], row["customer_gateway_name"]) == ("hub", "office")
    assert (row["vpc_id"], row["vpn_type"], row["bandwidth_mbps"]) == ("vpc-1", "normal", 200)
    assert (row["ike_version"], row["ike_encryption"]) == (2, "aes-256-cbc")
    assert (row["ike_lifetime_s"], row["vpn_gateway_asn"]) == (86400, 45104)


def test_gateways_of_another_region_are_not_taken() -> None:
    """An id is looked up in its own account and region."""
    elsewhere = Gateway(gateway_id="vpn-1", kind="vpn", region_id="cn-beijing", name="other")
    tunnels = tables_of(connection(), gateways=(elsewhere,))["tunnels"]
    assert tunnels["vpn_gateway_name"].isna().all()


def test_connections_have_what_their_tunnels_share() -> None:
    """Where the tunnels differ the connection's value is null."""
    phases = (Phases(ike_version=1, ike_mode="main"), Phases(ike_version=2, ike_mode="main"))
    tunnels = [
        Tunnel(tunnel_index=n, tunnel_id=f"tun-{n}", phases=phases[n - 1], role=role)
        for n, role in ((1, "active"), (2, "standby"))
    ]
    tables = tables_of(connection(*tunnels))
    row = tables["connections"].iloc[0]
    assert (row["n_tunnels"], row["ike_mode"]) == (2, "main")
    assert pd.isna(row["ike_version"])
    assert tables["tunnels"]["tunnel_count"].tolist() == [2, 2]
    assert tables["tunnels"]["tunnel_role"].tolist() == ["active", "standby"]


@pytest.mark.parametrize(
    ("vpc", "onprem", "mode"),
    [
        (("0.0.0.0/0",), ("0.0.0.0/0",), "route"),
        (("0.0.0.0/0", "::/0"), ("0.0.0.0/0",), "route"),
        (("10.0.0.0/8",), ("192.168.0.0/16",), "policy"),
        (("0.0.0.0/0",), ("192.168.0.0/16",), "mixed"),
        (("10.0.0.0/8", "0.0.0.0/0"), ("192.168.0.0/16",), "mixed"),
        (("10.0.0.0/8",), (), None),
        ((), (), None),
    ],
)
def test_routing_mode(vpc: Any, onprem: Any, mode: str | None) -> None:
    """Route: default routes alone on both sides; policy: on neither; mixed: anything else."""
    tables = tables_of(connection(vpc_subnets=vpc, onprem_subnets=onprem))
    found = cell(tables["tunnels"], "routing_mode")
    assert found == mode if mode else pd.isna(found)


@pytest.mark.parametrize(
    ("psk_state", "has_peer_ca", "vpn_type", "method"),
    [
        ("present", False, "normal", "psk"),
        ("masked", None, None, "psk"),
        ("present", True, "normal", "psk"),
        ("absent", True, "normal", "certificate"),
        ("absent", False, "sm", "certificate"),
        ("present", False, "sm", "certificate"),
        ("absent", False, "normal", "unknown"),
        (None, None, None, "unknown"),
    ],
)
def test_auth_method(psk_state: Any, has_peer_ca: Any, vpn_type: Any, method: str) -> None:
    """A key seen, even masked, is a key; SM gateways know certificates alone."""
    tunnel = Tunnel(tunnel_index=1, psk_state=psk_state, has_peer_ca=has_peer_ca)
    tables = tables_of(connection(tunnel), gateways=(gateway("vpn-1", vpn_type=vpn_type),))
    assert cell(tables["tunnels"], "auth_method") == method


def test_subnets_have_a_row_per_side_and_block() -> None:
    """Both sides, in the answer's order, each block once."""
    subnets = tables_of(
        connection(
            vpc_subnets=("10.0.0.0/8", "10.0.0.0/8"), onprem_subnets=("0.0.0.0/0", "fd00::/8")
        )
    )["subnets"]
    assert subnets[["side", "cidr", "family", "prefix_length"]].to_numpy().tolist() == [
        ["vpc", "10.0.0.0/8", 4, 8],
        ["onprem", "0.0.0.0/0", 4, 0],
        ["onprem", "fd00::/8", 6, 8],
    ]
    assert subnets["is_default_route"].tolist() == [False, True, False]


@pytest.mark.parametrize(
    "bad", ["10.0.0.0/33", "300.1.1.1/8", "172.25.0.0/12", "office", "10.0.0.0/8/8", "::/129"]
)
def test_a_block_that_is_none_stays_as_text(bad: str) -> None:
    """It has a row without a cidr and a failure that names it; the rest is there."""
    tables = tables_of(connection(vpc_subnets=("10.0.0.0/8", bad), onprem_subnets=("10.9.0.0/16",)))
    subnets, failure = tables["subnets"], tables["failures"].iloc[0]
    assert subnets["cidr_raw"].tolist() == ["10.0.0.0/8", bad, "10.9.0.0/16"]
    assert subnets["cidr"].isna().tolist() == [False, True, False]
    assert subnets["prefix_length"].isna().tolist() == [False, True, False]
    assert (failure["kind"], failure["vpn_connection_id"]) == ("address", "vco-1")
    assert (failure["region_id"], failure["account_id"]) == ("cn-shanghai", "1234")
    assert bad in failure["message"]
    assert "vpc" in failure["message"]


def test_peers_and_evidence_of_high_availability() -> None:
    """All peer addresses of the tunnels; several tunnels, BGP or a health check are evidence."""
    tunnels = [
        Tunnel(tunnel_index=n, tunnel_id=f"t{n}", customer_gateway=End(address=address))
        for n, address in ((1, "1.1.1.1"), (2, "2.2.2.2"))
    ]
    sides: dict[str, Any] = {"vpc_subnets": ("10.0.0.0/8",), "onprem_subnets": ("10.9.0.0/16",)}
    subnets = tables_of(
        connection(*tunnels, **sides),
        connection(vpn_connection_id="vco-2", **sides),
        connection(vpn_connection_id="vco-3", bgp_enabled=True, **sides),
        connection(vpn_connection_id="vco-4", health_check_enabled=True, **sides),
    )["subnets"].drop_duplicates("vpn_connection_id")
    assert [[*split_text(peers)] for peers in subnets["peer_addresses"]] == [
        ["1.1.1.1", "2.2.2.2"],
        [],
        [],
        [],
    ]
    assert subnets["has_ha_evidence"].tolist() == [True, False, True, True]


def test_gateways_count_their_connections() -> None:
    """Each connection counts once, also when both of its tunnels name the gateway."""
    tunnels = [
        Tunnel(tunnel_index=n, tunnel_id=f"t{n}", customer_gateway_id="cgw-1") for n in (1, 2)
    ]
    gateways = tables_of(
        connection(*tunnels),
        connection(vpn_connection_id="vco-2"),
        gateways=(gateway("vpn-1"), gateway("cgw-1", asn=4200000000), gateway("cgw-2")),
    )["gateways"]
    assert gateways["n_connections"].tolist() == [2, 1, 0]
    assert gateways["asn"].tolist() == [pd.NA, 4200000000, pd.NA]


def test_failures_coverage_and_disagreements_are_their_records() -> None:
    """Nothing is judged on the way."""
    at_ms = 1_767_322_800_123
    tables = tables_of(
        failures=(Failure(kind="denied", message="no", attempts=99_999, at_ms=at_ms, **PLACE),),
        coverage=(Coverage(status="partial", n_expected=3, n_read=2, n_failed=1, **PLACE),),
        disagreements=(
            Disagreement(vpn_connection_id="vco-1", field="ike_version", download_value="1"),
        ),
    )
    assert cell(tables["failures"], "at") == pd.Timestamp(at_ms, unit="ms")
    assert cell(tables["failures"], "attempts") == 32_767
    assert cell(tables["coverage"], "n_failed") == 1
    assert cell(tables["disagreements"], "field") == "ike_version"


def test_unknown_words_stay_in_their_column() -> None:
    """A token that nobody knows is a category as any other."""
    tunnel = Tunnel(tunnel_index=1, phases=Phases(ike=Proposal(encryption="twofish")))
    assert cell(tables_of(connection(tunnel))["tunnels"], "ike_encryption") == "twofish"


def test_times_are_milliseconds_in_utc() -> None:
    """CreateTime comes in milliseconds since the epoch; a missing one is null."""
    tables = tables_of(connection(created_ms=1_500_000_000_001), connection(vpn_connection_id="b"))
    first, second = tables["connections"]["created_at"]
    assert first.isoformat() == "2017-07-14T02:40:00.001000"
    assert second is pd.NaT


def route(destination: str, route_type: RouteType = "destination", **changes: Any) -> RouteEntry:
    """A route into vco-1, which stands on vpn-1."""
    settings = {"vpn_gateway_id": "vpn-1", "vpn_connection_id": "vco-1", **PLACE}
    return RouteEntry(
        route_type=route_type, destination_cidr=destination, **{**settings, **changes}
    )


def test_routes_give_blocks_of_their_own() -> None:
    """A policy route gives both its ends; the others lead to the on-premises side."""
    everything = ("0.0.0.0/0",)
    tables = tables_of(
        connection(vpc_subnets=everything, onprem_subnets=everything, has_known_routes=True),
        routes=(
            route("10.1.0.0/16", "policy", source_cidr="172.16.0.0/16", priority=20, weight=0),
            route("10.1.0.0/16", "policy", source_cidr="172.17.0.0/16", priority=10, weight=100),
            route("10.2.0.0/16", weight=100),
            route("10.3.0.0/16", "bgp"),
            route("10.9.0.0/16", vpn_connection_id="vco-9"),
            route("10.8.0.0/16", "bgp", vpn_connection_id=None, learned_from="cloud"),
        ),
    )
    subnets = tables["subnets"]
    found = subnets[["side", "origin", "cidr", "priority", "weight"]].astype(object)
    assert found.where(found.notna(), None).to_numpy().tolist() == [
        ["vpc", "selector", "0.0.0.0/0", None, None],
        ["onprem", "selector", "0.0.0.0/0", None, None],
        ["vpc", "policy", "172.16.0.0/16", 20, 0],
        ["onprem", "policy", "10.1.0.0/16", 10, 100],
        ["vpc", "policy", "172.17.0.0/16", 10, 100],
        ["onprem", "destination", "10.2.0.0/16", None, 100],
        ["onprem", "bgp", "10.3.0.0/16", None, None],
    ]  # fmt: skip
    assert subnets["has_known_routes"].all()
    assert set(subnets["routing_mode"]) == {"route"}
    assert tables["routes"]["destination_cidr"].tolist() == [
        *("10.1.0.0/16", "10.1.0.0/16", "10.2.0.0/16"),
        *("10.3.0.0/16", "10.9.0.0/16", "10.8.0.0/16"),
    ]


def test_a_route_of_an_attachment_names_its_router() -> None:
    """The route does not; its connection does."""
    tables = tables_of(
        connection(vpn_gateway_id=None, transit_router_id="tr-1"),
        routes=(route("10.1.0.0/16", vpn_gateway_id=None, tunnel_ids=("tun-1", "tun-2")),),
    )
    assert cell(tables["routes"], "transit_router_id") == "tr-1"
    assert [*split_text(cell(tables["routes"], "tunnel_ids"))] == ["tun-1", "tun-2"]


def test_a_route_that_is_no_block_is_a_row_in_failures() -> None:
    """It names the block, and what it stood in; the route stays."""
    tables = tables_of(connection(), routes=(route("10.1.0.1/16"),))
    bad = tables["subnets"][tables["subnets"]["cidr"].isna()]
    assert bad["cidr_raw"].tolist() == ["10.1.0.1/16"]
    (message,) = tables["failures"]["message"]
    assert message.startswith("onprem block '10.1.0.1/16' of a destination route: ")
    assert len(tables["routes"]) == 1


def test_vpcs_are_their_records() -> None:
    """Blocks as they came, in lists."""
    blocks = {"cidrs": ("10.0.0.0/8",), "user_cidrs": ("9.0.0.0/8",)}
    found = Vpc(vpc_id="vpc-1", name="hub", **PLACE, **blocks)
    (row,) = tables_of(vpcs=(found,))["vpcs"].to_dict("records")
    assert [[*split_text(row[name])] for name in ("cidrs", "secondary_cidrs", "user_cidrs")] == [
        ["10.0.0.0/8"],
        [],
        ["9.0.0.0/8"],
    ]


def test_parts_make_the_tables_of_the_whole() -> None:
    """However many connections come at a time; gateways come first in their region."""
    state = make_state(make_fleet(connections=60, regions=3), quotas=False)
    whole = crawl(state)
    regions = sorted({row.region_id or "" for row in whole.coverage})
    parts = [
        part
        for region in regions
        for part in pieces_of(whole, region, chance=random.Random(region))
    ]
    found = flatten(parts)
    for name, table in make_tables(whole).items():
        assert_frame_equal(found[name], table, obj=name)


def pieces_of(records: Records, region_id: str, *, chance: random.Random) -> Iterator[Records]:
    """What is of a region: all but its connections, then those, a few at a time."""

    def here(found: Iterable[Any]) -> Any:
        return tuple(record for record in found if record.region_id == region_id)

    connections = here(records.connections)
    leading: dict[str | None, list[RouteEntry]] = {}
    for route in here(records.routes):
        leading.setdefault(route.vpn_connection_id, []).append(route)
    tables = {name: here(getattr(records, name)) for name in Records.__struct_fields__}
    yield Records(**tables | {"connections": (), "routes": tuple(leading.get(None, ()))})
    while connections:
        n = chance.randint(1, 9)
        ids = [connection.vpn_connection_id for connection in connections[:n]]
        routes = [route for i in ids for route in leading.get(i, ())]
        yield Records(connections=connections[:n], routes=tuple(routes))
        connections = connections[n:]


def test_a_part_without_gateways_looks_them_up_in_the_part_before() -> None:
    """Its connections count there; those of another region do not."""
    parts = [
        Records(gateways=(gateway("vpn-1", name="hub"),)),
        Records(connections=(connection(),)),
        Records(connections=(connection(region_id="cn-beijing"),)),
    ]
    tables = flatten(parts)
    names = tables["connections"]["vpn_gateway_name"]
    assert (names[0], pd.isna(names[1])) == ("hub", True)
    assert tables["gateways"]["n_connections"].tolist() == [1]
