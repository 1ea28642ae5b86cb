"""Small fleets for the audit's tests: a good tunnel, and what is changed of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from vpnframe import schema
from vpnframe.auditing.evaluation import Evaluation, evaluate
from vpnframe.auditing.fleet import Fleet, gather
from vpnframe.auditing.rules import RULES
from vpnframe.auditing.verdicts import Verdicts
from vpnframe.inventory import Inventory
from vpnframe.model.psk import FingerprintKey, key_facts

NOW = datetime(2026, 3, 1, tzinfo=UTC)
DAY_MS = 86_400_000
NOW_MS = int(NOW.timestamp()) * 1000
PLACE = {"account_id": "1", "region_id": "cn-beijing"}
BY_ID = {rule.rule_id: rule for rule in RULES}
WORDS = ("pass", "fail", "unknown")

# Nothing is wrong with it, and everything of it is known.
GOOD: dict[str, Any] = {
    **PLACE,
    "vpn_connection_id": "vco-1",
    "connection_name": "to-lima",
    "tunnel_index": 1,
    "tunnel_id": None,
    "tunnel_count": 1,
    "tunnel_status": "ipsec_sa_established",
    "connection_state": "active",
    "tunnel_state": "active",
    "attach_type": "VPNGW",
    "vpn_gateway_id": "vpn-1",
    "vpn_type": "normal",
    "vpc_id": "vpc-1",
    "customer_gateway_id": "cgw-1",
    "customer_gateway_name": "lima",
    "vpn_gateway_ip": "47.1.2.3",
    "customer_gateway_ip": "91.1.2.3",
    "auth_method": "psk",
    "psk_state": "present",
    "has_peer_ca": False,
    "ike_version": 2,
    "ike_mode": "main",
    "ike_encryption": "aes-256-cbc",
    "ike_integrity": "hmac-sha256",
    "ike_dh_group": 14,
    "ike_lifetime_s": 28800,
    "ipsec_encryption": "aes-256-cbc",
    "ipsec_integrity": "hmac-sha256",
    "ipsec_pfs_group": 14,
    "ipsec_lifetime_s": 3600,
    "bandwidth_mbps": 100,
    "routing_mode": "policy",
    "vpc_subnets": ["10.0.0.0/16"],
    "onprem_subnets": ["192.168.7.0/24"],
    "dpd_enabled": True,
    "nat_traversal_enabled": True,
    "health_check_enabled": True,
    "health_check_status": "success",
    "bgp_enabled": False,
    "zone_id": "cn-beijing-h",
    "witnesses": "both",
    "perspective": "verified",
    "effect_immediately": True,
    "tags": ["env=prod", "owner=network"],
}
GOOD_KEY: dict[str, Any] = {
    "psk_state": "present",
    "psk_length": 32,
    "psk_class": "random",
    "psk_bits": 190,
    "psk_fingerprint": "f1",
    "psk_fingerprint_key_id": "k1",
}
GOOD_GATEWAY: dict[str, Any] = {
    **PLACE,
    "gateway_id": "vpn-1",
    "kind": "vpn",
    "status": "active",
    "business_status": "Normal",
    "vpn_type": "normal",
    "vpc_id": "vpc-1",
    "charge_type": "POSTPAY",
    "created_at": NOW_MS - 400 * DAY_MS,
    "n_connections": 1,
    "tags": [],
}
GOOD_CUSTOMER = {
    **PLACE,
    "gateway_id": "cgw-1",
    "kind": "customer",
    "name": "lima",
    "ip_address": "91.1.2.3",
    "created_at": NOW_MS - 400 * DAY_MS,
    "n_connections": 1,
    "tags": [],
    "bgp_auth_state": "absent",
}
READ = {**PLACE, "status": "complete", "n_expected": 1, "n_read": 1, "n_calls": 5}
NEXT = {"vpn_connection_id": "vco-2", "connection_name": "to-oslo"}
SECOND = {"tunnel_index": 2, "tunnel_id": "tun-2", "tunnel_count": 2, "tunnel_role": "standby"}
FIRST = {"tunnel_id": "tun-1", "tunnel_count": 2, "tunnel_role": "active"}
NO_CHECK = {"health_check_enabled": None, "health_check_status": None}
SM = {
    "vpn_type": "sm",
    "auth_method": "certificate",
    "psk_state": "absent",
    "has_peer_ca": True,
    "ike_version": 1,
    "ike_encryption": "sm4-cbc",
    "ike_integrity": "hmac-sm3",
    "ike_dh_group": None,
    "ipsec_encryption": "sm4-cbc",
    "ipsec_integrity": "hmac-sm3",
    "ipsec_pfs_group": None,
}


def pair(**changes: Any) -> list[dict[str, Any]]:
    """Two tunnels of one connection; changes are of both."""
    shared = {**NO_CHECK, **changes}
    return [{**FIRST, **shared}, {**SECOND, "zone_id": "cn-beijing-i", **shared}]


def table(name: str, rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """A table of some rows; what they leave out is null, or 0 or "" where it may not be."""
    listed = list(rows)
    if not listed:
        return schema.empty(name)
    columns = {}
    for column in schema.find(name).columns:
        fill: Any = None
        if not column.is_nullable:
            words: dict[str, Any] = {"text": "", "category": "", "severity": "info", "texts": ""}
            fill = {**words, "flag": True, "float": 0.0}.get(column.kind, 0)
        columns[column.name] = [row.get(column.name, fill) for row in listed]
    return schema.build(name, columns)


def inventory(
    *tunnels: Mapping[str, Any],
    keys: Sequence[Mapping[str, Any] | None] | None = None,
    **tables: Sequence[Mapping[str, Any]],
) -> Inventory:
    """A fleet of tunnels that are good but for what is said.

    ``keys`` are changes of the good key, tunnel by tunnel, None where nothing is known; other
    tables are lists of rows, of which gateways and coverage are changes of good ones.
    """
    rows = [{**GOOD, **one} for one in tunnels]
    made = {
        "tunnels": table("tunnels", rows),
        "connections": table("connections", connections_of(rows)),
        "subnets": table("subnets", tables.get("subnets", blocks_of(rows))),
        "tags": schema.empty("tags"),
        "gateways": table("gateways", gateways_of(tables.get("gateways"))),
        "routes": table("routes", [{**PLACE, **one} for one in tables.get("routes", ())]),
        "vpcs": schema.empty("vpcs"),
        "failures": schema.empty("failures"),
        "coverage": table("coverage", [{**READ, **one} for one in tables.get("coverage", [{}])]),
        "disagreements": table("disagreements", tables.get("disagreements", ())),
        "key_facts": table("key_facts", keys_of(rows, keys)),
    }
    return Inventory(**made)


def connections_of(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What all tunnels of each connection share."""
    found: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for row in rows:
        key = (row["account_id"], row["region_id"], row["vpn_connection_id"])
        found.setdefault(key, []).append(row)
    return [
        {
            name: members[0][name] if all(m[name] == members[0][name] for m in members) else None
            for name in {**GOOD, **members[0]}
            if all(name in member for member in members)
        }
        | {"n_tunnels": len(members)}
        for members in found.values()
    ]


def blocks_of(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The selectors of each connection as rows of ``subnets``."""
    return [
        block(connection, side, cidr)
        for connection in connections_of(rows)
        for side in ("vpc", "onprem")
        for cidr in dict.fromkeys(connection[f"{side}_subnets"])
    ]


def block(connection: Mapping[str, Any], side: str, cidr: str, **changes: Any) -> dict[str, Any]:
    """One row of ``subnets``."""
    names = ("connection_name", "vpn_gateway_id", "vpc_id", "transit_router_id", "tags")
    return {
        **{name: connection[name] for name in (*PLACE, "vpn_connection_id")},
        **{name: connection.get(name) for name in (*names, "routing_mode", "vpn_gateway_ip")},
        "peer_addresses": [connection.get("customer_gateway_ip") or "91.9.9.9"],
        "has_ha_evidence": False,
        "has_known_routes": True,
        "side": side,
        "origin": "selector",
        "cidr": cidr,
        "cidr_raw": cidr,
        "family": 6 if ":" in cidr else 4,
        "prefix_length": int(cidr.partition("/")[2] or 0),
        "is_default_route": cidr in ("0.0.0.0/0", "::/0"),
        **changes,
    }


def no_block(connection: Mapping[str, Any], side: str, text: str) -> dict[str, Any]:
    """One row of ``subnets`` whose text is no block."""
    nothing = dict.fromkeys(("cidr", "family", "prefix_length", "is_default_route"))
    return block(connection, side, text) | nothing


def gateways_of(changes: Sequence[Mapping[str, Any]] | None) -> list[dict[str, Any]]:
    """The good gateways, or as many as there are changes, each of its own kind."""
    if changes is None:
        return [GOOD_GATEWAY, GOOD_CUSTOMER]
    return [
        {**(GOOD_CUSTOMER if one.get("kind") == "customer" else GOOD_GATEWAY), **one}
        for one in changes
    ]


def keys_of(
    rows: Sequence[Mapping[str, Any]], changes: Sequence[Mapping[str, Any] | None] | None
) -> list[dict[str, Any]]:
    """What is known of each tunnel's key: a good one of its own where nothing else is said."""
    names = (*PLACE, "vpn_connection_id", "tunnel_index", "tunnel_id")
    listed = [{}] * len(rows) if changes is None else changes
    return [
        {name: row[name] for name in names}
        | {**GOOD_KEY, "psk_fingerprint": f"f{number}"}
        | dict(change)
        for number, (row, change) in enumerate(zip(rows, listed, strict=True))
        if change is not None and row["auth_method"] == "psk"
    ]


def fleet_of(inv: Inventory) -> Fleet:
    """The tables joined, as rules want them."""
    return gather(inv, now=NOW)


def verdicts_of(rule_id: str, inv: Inventory) -> Verdicts:
    """What one rule says."""
    return BY_ID[rule_id].judge(fleet_of(inv))


def results_of(rule_id: str, inv: Inventory) -> list[str]:
    """The results of one rule in words, row by row."""
    return [WORDS[result] for result in verdicts_of(rule_id, inv).result.tolist()]


def not_passed(inv: Inventory) -> set[str]:
    """The rules that find a fault, or can't tell."""
    fleet = fleet_of(inv)
    return {rule.rule_id for rule in RULES if rule.judge(fleet).result.any()}


def evaluation_of(inv: Inventory, **options: Any) -> Evaluation:
    """All rules over a fleet."""
    return evaluate(fleet_of(inv), **options)


def with_key_facts(inv: Inventory, fleet: Any) -> Inventory:
    """The inventory with what is known of its keys, taken from the emulator's fleet itself."""
    judge = FingerprintKey(bytes(32))
    held = {
        (connection.vpn_connection_id, tunnel.tunnel_id): (connection, tunnel)
        for connection in fleet.connections
        for tunnel in connection.tunnels
    }
    rows = []
    for row in inv.tunnels.to_dict("records"):
        tunnel_id = row["tunnel_id"] if isinstance(row["tunnel_id"], str) else None
        connection, tunnel = held[row["vpn_connection_id"], tunnel_id]
        if tunnel.psk is None:
            continue
        hints = [connection.name or "", tunnel.customer_ip, connection.vpn_connection_id]
        facts = key_facts(tunnel.psk, hints=hints, fingerprint_key=judge)
        names = (*PLACE, "vpn_connection_id", "tunnel_index")
        rows.append(
            {name: row[name] for name in names}
            | {
                "psk_state": "present",
                "psk_length": facts.length,
                "psk_class": facts.key_class,
                "psk_bits": facts.bits,
                "psk_fingerprint": facts.fingerprint,
                "psk_fingerprint_key_id": facts.fingerprint_key_id,
            }
        )
    return dataclasses.replace(inv, key_facts=table("key_facts", rows))
