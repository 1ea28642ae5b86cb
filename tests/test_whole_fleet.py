"""The main promise: everything in the answer key is found, and nothing else."""

from __future__ import annotations

import ipaddress
from typing import Any

import pandas as pd
import pytest
from expected_answers import full_answer_key
from helpers import assert_same_inventory, each_once, in_xml, inventory_of, slow_after

import vpnframe as vf
from vpnframe.cloud.actions import Limit
from vpnframe.emulator import EmulatedFleet, make_fleet, make_state, serve_in_thread
from vpnframe.emulator.unset import SHAPES
from vpnframe.fetching.crawl import Plan

KEYS = ["account_id", "region_id", "vpn_connection_id"]
SEEDS = slow_after(2, range(20))


def without_quotas(seed: int, **options: Any) -> vf.Inventory:
    return inventory_of(make_state(make_fleet(seed=seed), quotas=False), **options)


def algorithm_counts(inventory: vf.Inventory) -> dict[str, dict[str, int]]:
    table = vf.stats.algorithms(inventory.tunnels)
    return {
        str(column): dict(zip(rows["value"], rows["n_tunnels"], strict=True))
        for column, rows in table.groupby("column")
    }


def lifetime_counts(inventory: vf.Inventory) -> dict[str, dict[int, int]]:
    table = vf.stats.lifetimes(inventory.tunnels)
    return {
        f"{phase}_lifetime_s": dict(zip(rows["lifetime_s"], rows["n_tunnels"], strict=True))
        for phase, rows in table.groupby("phase")
    }


def overlap_set(inventory: vf.Inventory) -> set[tuple[Any, ...]]:
    """Each pair from its left to its right, in either order that says the same."""
    table = vf.overlaps(inventory, expand=True)
    vf.schema.validate("overlaps", table)
    assert not table.duplicated().any()
    columns = [c for c in table.columns if not c.startswith(("scope", "reason"))]
    return {canonical(row) for row in table[columns].astype(str).to_dict("records")}


def canonical(row: dict[str, str]) -> tuple[Any, ...]:
    names = [*KEYS, "side", "cidr"]
    left, right = (tuple(row[f"{half}_{n}"] for n in names) for half in ("left", "right"))
    meaning = (row["kind"], row["severity"])
    if left <= right:
        return left, row["relation"], right, *meaning
    turned = {"equal": "equal", "contains": "within", "within": "contains"}
    return right, turned[row["relation"]], left, *meaning


def expected_overlaps(key: dict[str, Any]) -> set[tuple[Any, ...]]:
    rows = [
        {f"{half}_{name}": pair[half][name] for half in ("left", "right") for name in pair[half]}
        | {name: pair[name] for name in ("relation", "kind", "severity")}
        for pair in key["overlaps"]
    ]
    found = {canonical(row) for row in rows}
    assert len(found) == len(rows)
    return found


def plain_rows(rows: list[dict[str, Any]]) -> list[str]:
    """The rows as text, in one order; a list as a table has it."""
    return sorted(str({name: as_cell(value) for name, value in row.items()}) for row in rows)


def as_cell(value: Any) -> Any:
    """A list of the answer key as text: blocks in order of their addresses."""
    if not isinstance(value, list):
        return value
    is_blocks = all("/" in one for one in value)
    return ",".join(sorted(value, key=ipaddress.ip_network) if is_blocks else value)


def assert_routes(inventory: vf.Inventory, key: dict[str, Any]) -> None:
    """Every route and VPC of the key and no more; evidence of failover; nothing left unasked."""
    for name in ("routes", "vpcs"):
        expected = [dict(row) for row in key[name]]
        for row in expected if name == "routes" else ():  # in our words, null where nothing stands
            row["learned_from"] = row["learned_from"] and row["learned_from"].lower()
            row["next_hop"] = row["next_hop"] or None
        table = inventory.tables()[name][list(expected[0])].astype(object)
        found = table.where(table.notna(), None).to_dict("records")
        assert plain_rows(found) == plain_rows(expected), name
    subnets = inventory.subnets
    evidence = subnets.loc[subnets["has_ha_evidence"], "vpn_connection_id"]
    assert set(evidence) == set(key["ha_evidence"])
    assert subnets["has_known_routes"].all()


def assert_answers(inventory: vf.Inventory, key: dict[str, Any]) -> None:
    """Counts, every value of every tunnel, and overlaps: all of the key and no more."""
    texts = {
        column: {str(value): n for value, n in counts.items()}
        for column, counts in key["algorithms"].items()
    }
    assert algorithm_counts(inventory) == texts
    assert lifetime_counts(inventory) == key["lifetimes"]
    rows = [{name: as_cell(value) for name, value in row.items()} for row in key["tunnels"]]
    expected = pd.DataFrame(rows)
    sorted_by = [*KEYS, "tunnel_index"]
    found = inventory.tunnels[list(expected.columns)].sort_values(sorted_by, ignore_index=True)
    expected = expected.sort_values(sorted_by, ignore_index=True)
    plain = found.astype(object).where(found.notna(), None)
    assert plain.to_dict("list") == expected.astype(object).where(expected.notna(), None).to_dict(
        "list"
    )
    assert overlap_set(inventory) == expected_overlaps(key)
    assert_routes(inventory, key)


def by_id(table: pd.DataFrame, column: str, names: tuple[str, ...]) -> dict[str, tuple[Any, ...]]:
    """The values of some columns by the id of their row; None where there is none."""
    plain = table[list(names)].astype(object)
    rows = plain.where(plain.notna(), None).itertuples(index=False, name=None)
    return dict(zip(table[column], rows, strict=True))


def moment(ms: int | None) -> pd.Timestamp | None:
    return None if ms is None else pd.Timestamp(ms, unit="ms")


def assert_settings(inventory: vf.Inventory, fleet: EmulatedFleet) -> None:
    """What may be unset is what the fleet has, or null: BGP, health checks, bandwidths, times."""
    names = ("bgp_enabled", "bandwidth_mbps", "health_check_enabled", "created_at")
    expected: dict[str, tuple[Any, ...]] = {
        c.vpn_connection_id: (
            any(tunnel.bgp for tunnel in c.tunnels),
            c.bandwidth_mbps,
            c.health_check.is_enabled if c.health_check else None,
            moment(c.created_ms),
        )
        for c in fleet.connections
    }
    assert by_id(inventory.connections, "vpn_connection_id", names) == expected
    columns = (
        *("vpn_gateway_asn", "customer_gateway_asn", "bgp_vpn_gateway_ip"),
        *("bgp_customer_gateway_ip", "bgp_tunnel_cidr", "bgp_status"),
    )
    expected = {
        t.tunnel_id or c.vpn_connection_id: (
            *(t.bgp.cloud_asn, t.bgp.customer_asn, t.bgp.cloud_ip, t.bgp.customer_ip),
            *(t.bgp.tunnel_cidr, t.bgp.status),
        )
        if t.bgp
        else (None,) * len(columns)
        for c in fleet.connections
        for t in c.tunnels
    }
    tunnels = inventory.tunnels
    named = tunnels.assign(name=tunnels["tunnel_id"].fillna(tunnels["vpn_connection_id"]))
    assert by_id(named, "name", columns) == expected
    expected = {g.vpn_gateway_id: (None, g.second_ip, moment(g.end_ms)) for g in fleet.vpn_gateways}
    expected |= {g.customer_gateway_id: (g.asn, None, None) for g in fleet.customer_gateways}
    gateways = by_id(inventory.gateways, "gateway_id", ("asn", "second_ip_address", "expires_at"))
    assert gateways == expected


@pytest.mark.parametrize("seed", SEEDS)
def test_everything_in_the_answer_key_is_found_and_nothing_else(seed: int) -> None:
    """A fleet of 300, read call by call, signed and paged; every seed has its own traps."""
    inventory = without_quotas(seed)
    assert inventory.is_complete
    assert inventory.failures.empty
    assert_answers(inventory, full_answer_key(make_fleet(seed=seed)))


def test_the_fleet_is_found_over_a_socket_under_its_quotas() -> None:
    """Real HTTP, and a quota window of two seconds on both sides."""
    fleet = make_fleet(connections=120, seed=20)
    limits = {"DownloadVpnConnectionConfig": Limit(30, 2.0)}
    with serve_in_thread(make_state(fleet, quota_window_s=2.0)) as cloud:
        inventory = vf.fetch(
            endpoint=cloud.endpoint,
            credentials=vf.Credentials(cloud.access_key_id, cloud.access_key_secret),
            settings=vf.FetchSettings(quotas=limits, quota_share=1.0),
        )
        assert not cloud.state.throttled
    assert_answers(inventory, full_answer_key(fleet))


def test_under_the_published_quotas_nothing_is_throttled() -> None:
    """In virtual time: at the whole quota, against the emulator's sliding window of 60 s."""
    state = make_state(make_fleet(seed=1))
    inventory = inventory_of(state)
    assert inventory.is_complete
    assert not state.throttled
    assert inventory.coverage["elapsed_s"].max() >= 60


def test_without_routes_nothing_is_said_of_them() -> None:
    """No call more than before, no route, no row of one; and nobody claims to know them."""
    state = make_state(make_fleet(seed=3), quotas=False)
    inventory = inventory_of(state, plan=Plan(routes=False))
    assert inventory.is_complete
    assert inventory.routes.empty
    assert inventory.vpcs.empty
    assert set(inventory.subnets["origin"]) == {"selector"}
    assert inventory.subnets["has_known_routes"].isna().all()
    assert not [action for _, _, action in state.calls if "Route" in action or "Vpcs" in action]


def test_the_list_rows_alone_give_the_same_answers() -> None:
    """Without one download, all the same counts and overlaps."""
    fleet = make_fleet(seed=2)
    plan = Plan(downloads="none")
    assert_answers(inventory_of(make_state(fleet, quotas=False), plan=plan), full_answer_key(fleet))


@pytest.mark.parametrize(("seed", "shape", "is_xml"), each_once([7, 8], SHAPES, [False, True]))
def test_every_shape_of_what_is_unset_gives_equal_tables(
    seed: int, shape: str, is_xml: bool
) -> None:
    """Left out, empty or zero, in JSON and in XML, where every scalar is text."""
    fleet = make_fleet(seed=seed)
    state = make_state(fleet, quotas=False, shape=shape)
    inventory = inventory_of(state, fault=in_xml(state) if is_xml else None)
    but = ("fetched_at", "request_id", "elapsed_s")
    assert_same_inventory(inventory, without_quotas(seed), but=but)
    assert_answers(inventory, full_answer_key(fleet))
    assert inventory.disagreements.empty
    assert inventory.failures.empty
    assert_settings(inventory, fleet)
