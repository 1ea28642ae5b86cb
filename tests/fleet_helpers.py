"""Small fleets as tables, for the tests of what an overlap means."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd
from hypothesis import settings

from vpnframe import schema
from vpnframe.inventory import Inventory, flattening
from vpnframe.model.records import Records

# For properties that ask for whole tables: a quarter of the examples that others are tried on.
few = settings(max_examples=max(1, settings().max_examples // 4))

Block = str | dict[str, Any]

COLUMNS = schema.find("subnets").names


def site(
    name: str, *, onprem: Iterable[Block] = (), vpc: Iterable[Block] = (), **known: Any
) -> list[dict[str, Any]]:
    """The rows of one connection; a block may be a dict, with origin, priority and such.

    It hangs on gateway vpn-1 in VPC vpc-1 and leads by policy from 47.0.0.1 to 198.51.100.1,
    unless told otherwise.
    """
    base = {
        "account_id": "1",
        "region_id": "cn-hangzhou",
        "vpn_connection_id": name,
        "connection_name": f"to-{name}",
        "vpn_gateway_id": "vpn-1",
        "vpc_id": "vpc-1",
        "vpn_gateway_ip": "47.0.0.1",
        "peer_addresses": ["198.51.100.1"],
        "routing_mode": "policy",
        "has_ha_evidence": False,
    }
    assert set(known) <= set(COLUMNS), set(known) - set(COLUMNS)
    rows = []
    for side, blocks in (("vpc", vpc), ("onprem", onprem)):
        for block in blocks:
            row = {"cidr": block} if isinstance(block, str) else block
            rows.append({**base, **known, "side": side, "origin": "selector", **row})
    return rows


def subnets_of(*sites: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """The table ``subnets`` of some sites; a block that one lists again is spelt otherwise."""
    rows = [{"cidr_raw": str(row["cidr"]), **row} for rows in sites for row in rows]
    times: Counter[tuple[Any, ...]] = Counter()
    for row in rows:
        key = tuple(row.get(name) for name in schema.find("subnets").key)
        row["cidr_raw"] += " " * times[key]
        times[key] += 1
    table = {name: [row.get(name) for row in rows] for name in COLUMNS}
    return schema.build("subnets", table)


def found(table: pd.DataFrame, *columns: str) -> list[tuple[Any, ...]]:
    """Some columns of a table as rows, None for null."""
    part = table[list(columns)].astype(object)
    return list(part.where(part.notna(), None).itertuples(index=False, name=None))


def inventory_with(subnets: pd.DataFrame, *, status: str = "complete", **tables: Any) -> Inventory:
    """An inventory with these blocks, of one region."""
    empty = Inventory(**flattening.make_tables(Records()))
    names = schema.find("coverage").names
    row = {"region_id": "cn-hangzhou", "status": status, "is_stable": True}
    coverage = schema.build("coverage", {name: [row.get(name, 0)] for name in names})
    return dataclasses.replace(empty, subnets=subnets, coverage=coverage, **tables)


def vpcs(vpc_id: str, *cidrs: str) -> pd.DataFrame:
    """The table of one VPC."""
    return vpcs_of([{"vpc_id": vpc_id, "cidrs": cidrs[:1], "secondary_cidrs": cidrs[1:]}])


def vpcs_of(rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """The table ``vpcs`` of some VPCs."""
    names = schema.find("vpcs").names
    return schema.build("vpcs", {name: [row.get(name) for row in rows] for name in names})
