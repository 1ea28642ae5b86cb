"""Small fleets for the tests of trace, written as rows, and what is traced in them."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from functools import cache
from typing import Any

import pandas as pd

from vpnframe import schema
from vpnframe.errors import IncompleteWarning
from vpnframe.inventory import Inventory
from vpnframe.schema.tables import STORED
from vpnframe.tracing.trace import trace

Row = dict[str, Any]

HOST, SITE = "10.0.1.1", "192.168.1.1"
NET, WIDE, ONE = "192.168.1.0/24", "192.168.0.0/16", "192.168.1.1/32"
VPC = "10.0.0.0/16"
UP, DOWN = "ipsec_sa_established", "ike_sa_not_established"
PLACE = {"account_id": "1", "region_id": "cn-hangzhou"}
COVERED = {
    **PLACE, "status": "complete", "n_expected": 1, "n_read": 1, "n_failed": 0, "n_calls": 1,
    "n_throttled": 0, "is_stable": True, "elapsed_s": 1.0,
}  # fmt: skip


def connection(name: str, **options: Any) -> Row:
    """A connection on vpn-1 in vpc-1 with two tunnels that are up, route-based, routes known."""
    given: Row = {
        "name": name, "gateway": "vpn-1", "vpc": "vpc-1", "router": None,
        "tunnels": [("active", UP), ("standby", UP)], "health": None,
        "vpc_side": ["0.0.0.0/0"], "onprem_side": ["0.0.0.0/0"], "is_known": True,
    }  # fmt: skip
    assert set(options) <= set(given)
    return given | options


def route(into: str, destination: str | None, **options: Any) -> Row:
    """A published destination route of vpn-1; with a source, a policy route."""
    kind = "policy" if "source_cidr" in options else "destination"
    given: Row = {
        "vpn_connection_id": into, "destination_cidr": destination, "route_type": kind,
        "vpn_gateway_id": "vpn-1", "transit_router_id": None, "source_cidr": None,
        "priority": None, "weight": 100, "state": "published", "tunnel_ids": [], "as_path": None,
    }  # fmt: skip
    assert set(options) <= set(given)
    return PLACE | given | options


def make_inventory(
    connections: Iterable[Row],
    routes: Iterable[Row] = (),
    vpcs: dict[str, list[str]] | None = None,
    user_cidrs: Iterable[str] = (),
) -> Inventory:
    """An inventory of these; without ``vpcs``, vpc-1 is 10.0.0.0/16. All have the user CIDRs."""
    vpcs = {"vpc-1": ["10.0.0.0/16"]} if vpcs is None else vpcs
    rows: dict[str, list[Row]] = {name: [] for name in STORED}
    rows["coverage"] = [COVERED]
    rows["routes"] = list(routes)
    rows["vpcs"] = [
        PLACE
        | {
            "vpc_id": name, "cidrs": blocks[:1], "secondary_cidrs": blocks[1:],
            "user_cidrs": list(user_cidrs),
        }
        for name, blocks in vpcs.items()
    ]  # fmt: skip
    for one in connections:
        rows["tunnels"] += tunnel_rows(one)
        rows["subnets"] += subnet_rows(one)
    return Inventory(**{name: table(name, listed) for name, listed in rows.items()})


def table(name: str, rows: list[Row]) -> Any:
    """A table from rows; what they do not name is null."""
    return built(name, rows) if rows else empty(name)


@cache
def empty(name: str) -> Any:
    return built(name, [])


def built(name: str, rows: list[Row]) -> Any:
    columns = schema.find(name).names
    return schema.build(name, {column: [row.get(column) for row in rows] for column in columns})


def mode_of(one: Row) -> str:
    """The routing mode, as the tables have it."""
    sides = [
        [text in ("0.0.0.0/0", "::/0") for text in one[f"{s}_side"]] for s in ("vpc", "onprem")
    ]
    if all(map(all, sides)):
        return "route"
    return "mixed" if any(map(any, sides)) else "policy"


def tunnel_rows(one: Row) -> list[Row]:
    """Rows of ``tunnels``."""
    is_single = len(one["tunnels"]) == 1
    return [
        PLACE
        | {
            "vpn_connection_id": one["name"], "connection_name": f"to {one['name']}",
            "tunnel_index": n, "tunnel_id": None if is_single else f"tun-{one['name'][-1]}{n}",
            "tunnel_role": role, "tunnel_count": len(one["tunnels"]), "tunnel_status": status,
            "vpn_gateway_id": one["gateway"], "vpc_id": one["gateway"] and one["vpc"],
            "transit_router_id": one["router"], "routing_mode": mode_of(one), "witnesses": "both",
            "health_check_enabled": one["health"] is not None, "health_check_status": one["health"],
        }
        for n, (role, status) in enumerate(one["tunnels"], 1)
    ]  # fmt: skip


def subnet_rows(one: Row) -> list[Row]:
    """Rows of ``subnets``: a text that is no block has a null one."""
    return [
        PLACE
        | {
            "vpn_connection_id": one["name"], "side": side, "origin": "selector",
            "cidr": text if "/" in text else None, "cidr_raw": text,
            "has_known_routes": one["is_known"],
        }
        for side in ("vpc", "onprem")
        for text in one[f"{side}_side"]
    ]  # fmt: skip


def traced(
    *connections: Row,
    routes: Any = (),
    vpcs: Any = None,
    user_cidrs: Any = (),
    to: Any = SITE,
    **options: Any,
) -> pd.DataFrame:
    """Trace a packet from the VPC to the site, whatever is incomplete."""
    inv = make_inventory(connections, routes, vpcs, user_cidrs)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IncompleteWarning)
        found = trace(inv, **{"source": HOST, "destination": to} | options)
    schema.validate("trace", found)
    return found


def fate(*connections: Row, **options: Any) -> tuple[Any, ...]:
    """Verdict, certainty, connection and tunnel of one packet."""
    return fate_of(traced(*connections, **options).iloc[0])


def fate_of(row: pd.Series) -> tuple[Any, ...]:
    plain = row.astype(object).where(row.notna(), None)
    names = ["verdict", "certainty", "vpn_connection_id", "tunnel_index"]
    return tuple(plain[name] for name in names)


def policy(into: str, **options: Any) -> Row:
    """A policy route from the VPC to the site."""
    return route(into, NET, **{"source_cidr": VPC, "priority": 10} | options)


def bgp(into: str, block: str = NET, **options: Any) -> Row:
    return route(into, block, **{"route_type": "bgp", "as_path": "65001"} | options)


A, B = connection("vco-a"), connection("vco-b")
DOWN_A = connection("vco-a", tunnels=[("active", DOWN), ("standby", DOWN)])
DOWN_B = connection("vco-b", tunnels=[("active", DOWN), ("standby", DOWN)])
UNTOLD_A = connection("vco-a", tunnels=[("active", None), ("standby", None)])
BY_POLICY = {"vpc_side": [VPC], "onprem_side": [NET]}
