"""What the tests of the other end share: tunnels as a table, files as text, results by field."""

from __future__ import annotations

from typing import Any

import pandas as pd

from vpnframe import schema

CLOUD, SITE = "203.0.113.1", "198.51.100.2"
DEFAULTS: dict[str, Any] = {
    "account_id": "1",
    "region_id": "cn-shanghai",
    "vpn_connection_id": "vco-1",
    "connection_name": "hq",
    "tunnel_index": 1,
    "tunnel_count": 1,
    "witnesses": "both",
    "vpn_gateway_ip": CLOUD,
    "customer_gateway_ip": SITE,
    "auth_method": "psk",
    "ike_version": 2,
    "ike_mode": "main",
    "ike_encryption": "aes-128-cbc",
    "ike_integrity": "hmac-sha256",
    "ike_dh_group": 14,
    "ike_lifetime_s": 86_400,
    "ipsec_encryption": "aes-128-cbc",
    "ipsec_integrity": "hmac-sha256",
    "ipsec_pfs_group": 14,
    "ipsec_lifetime_s": 86_400,
    "vpc_subnets": ["10.0.0.0/24"],
    "onprem_subnets": ["192.168.0.0/24"],
    "dpd_enabled": True,
    "nat_traversal_enabled": True,
}


def tunnels(*rows: dict[str, Any]) -> pd.DataFrame:
    """A tunnels table; what a row does not say is as in DEFAULTS, else null."""
    columns = schema.find("tunnels").names
    return schema.build(
        "tunnels", {name: [(DEFAULTS | row).get(name) for row in rows] for name in columns}
    )


def swanctl(
    *,
    name: str = "site",
    connection: dict[str, str] | None = None,
    local: dict[str, str] | None = None,
    remote: dict[str, str] | None = None,
    child: dict[str, str] | None = None,
) -> str:
    """A swanctl.conf of the other end, which agrees with DEFAULTS where nothing is said."""
    settings = {
        "version": "2",
        "local_addrs": SITE,
        "remote_addrs": CLOUD,
        "proposals": "aes128-sha256-modp2048",
    } | (connection or {})
    net = {
        "esp_proposals": "aes128-sha256-modp2048",
        "local_ts": "192.168.0.0/24",
        "remote_ts": "10.0.0.0/24",
    } | (child or {})
    ends = [
        _section(side, {"auth": "psk"} | (end or {}))
        for side, end in (("local", local), ("remote", remote))
    ]
    children = f"children {{\n{_section('net', net)}}}\n"
    return f"connections {{\n{_section(name, settings, *ends, children)}}}\n"


def _section(name: str, settings: dict[str, str], *sections: str) -> str:
    lines = [f"{key} = {value}\n" for key, value in settings.items()]
    return "".join([f"{name} {{\n", *lines, *sections, "}\n"])


def by_field(table: pd.DataFrame, *, column: str = "result") -> dict[str, str]:
    """One column of a comparison by field; each field once."""
    assert table["field"].is_unique
    return dict(zip(table["field"].astype(str), table[column].astype(str), strict=True))
