"""The vendor's own SDK beside our tables: two readers of one cloud that share no code."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from alibabacloud_tea_openapi.models import Config
from alibabacloud_vpc20160428 import models
from alibabacloud_vpc20160428.client import Client
from helpers import inventory_of

from vpnframe.emulator import RunningEmulator, make_fleet, make_state, serve_in_thread
from vpnframe.inventory import Inventory
from vpnframe.schema.joined import split_text

FLEET = make_fleet(connections=60, regions=3, seed=5)
WORDS = {
    "aes": "aes-128-cbc", "aes192": "aes-192-cbc", "aes256": "aes-256-cbc", "des": "des-cbc",
    "3des": "3des-cbc", "sm4": "sm4-cbc", "md5": "hmac-md5", "sha1": "hmac-sha1",
    "sha256": "hmac-sha256", "sha384": "hmac-sha384", "sha512": "hmac-sha512", "sm3": "hmac-sm3",
    "main": "main", "aggressive": "aggressive",
}  # fmt: skip
NUMBERS = {
    "ikev1": 1, "ikev2": 2, "disabled": 0,
    "group1": 1, "group2": 2, "group5": 5, "group14": 14, "group24": 24,
}  # fmt: skip
READERS = pytest.mark.parametrize(
    ("scheme", "is_async"),
    [(None, False), (None, True), ("v2", False), ("v2", True)],
    ids=["acs3-sync", "acs3-async", "v1-sync", "v1-async"],
)
Values = dict[tuple[str, str], dict[str, Any]]


@pytest.fixture(scope="module")
def running() -> Iterator[RunningEmulator]:
    """An emulator that the module's tests share."""
    with serve_in_thread(make_state(FLEET, quotas=False)) as served:
        yield served


@pytest.fixture(scope="module")
def inventory() -> Inventory:
    """The same fleet as we read it."""
    return inventory_of(make_state(FLEET, quotas=False))


class Sdk:
    """The official client in one of its four ways to call."""

    def __init__(self, running: RunningEmulator, scheme: str | None, *, is_async: bool) -> None:
        self.is_async = is_async
        self.client = Client(
            Config(
                access_key_id=running.access_key_id,
                access_key_secret=running.access_key_secret,
                endpoint=running.endpoint.removeprefix("http://"),
                protocol="http",
                signature_algorithm=scheme,
            )
        )

    def call(self, name: str, request: Any) -> Any:
        """Make one call and give its body."""
        if self.is_async:
            return asyncio.run(getattr(self.client, f"{name}_async")(request)).body
        return getattr(self.client, name)(request).body

    def connections(self) -> Iterator[tuple[str, Any]]:
        """Every row of every region's list, page by page."""
        for region in FLEET.regions:
            n_read, number, total = 0, 1, 1
            while n_read < total:
                request = models.DescribeVpnConnectionsRequest(
                    region_id=region.region_id, page_number=number, page_size=50
                )
                page = self.call("describe_vpn_connections", request)
                rows, total = page.vpn_connections.vpn_connection, page.total_count
                yield from ((region.region_id, row) for row in rows)
                n_read, number = n_read + len(rows), number + 1

    def download(self, region_id: str, connection_id: str) -> Any:
        """One connection's configuration, as the SDK's model has it."""
        request = models.DownloadVpnConnectionConfigRequest(
            region_id=region_id, vpn_connection_id=connection_id
        )
        return self.call("download_vpn_connection_config", request).vpn_connection_config

    def routes(self) -> Iterator[tuple[str, str, Any]]:
        """Every route of every gateway and connection: its type, its holder, its row."""
        for gateway in FLEET.vpn_gateways:
            about = {"region_id": gateway.region_id, "vpn_gateway_id": gateway.vpn_gateway_id}
            for kind in ("custom", "bgp"):
                request = models.DescribeVpnRouteEntriesRequest(
                    **about, route_entry_type=kind, page_size=50
                )
                page = self.call("describe_vpn_route_entries", request)
                assert page.total_count <= 50
                for row in page.vpn_route_entries.vpn_route_entry or []:
                    yield kind.replace("custom", "destination"), gateway.vpn_gateway_id, row
            request = models.DescribeVpnPbrRouteEntriesRequest(**about, page_size=50)
            page = self.call("describe_vpn_pbr_route_entries", request)
            assert page.total_count <= 50
            for row in page.vpn_pbr_route_entries.vpn_pbr_route_entry or []:
                yield "policy", gateway.vpn_gateway_id, row
        for connection in FLEET.connections:
            for kind in ("custom", "bgp"):
                request = models.DescribeVcoRouteEntriesRequest(
                    region_id=connection.region_id,
                    vpn_connection_id=connection.vpn_connection_id,
                    route_entry_type=kind,
                    page_size=50,
                )
                page = self.call("describe_vco_route_entries", request)
                for row in page.vco_route_entries or []:
                    yield kind.replace("custom", "destination"), "", row


def crypto(ike: Any, ipsec: Any) -> dict[str, Any]:
    """Both phases under the names of our columns, by literal tables."""
    return {
        "ike_version": NUMBERS[ike.ike_version],
        "ike_mode": WORDS[ike.ike_mode],
        "ike_encryption": WORDS[ike.ike_enc_alg.lower()],
        "ike_integrity": WORDS[ike.ike_auth_alg.lower()],
        "ike_dh_group": NUMBERS[ike.ike_pfs],
        "ike_lifetime_s": int(ike.ike_lifetime),
        "ipsec_encryption": WORDS[ipsec.ipsec_enc_alg.lower()],
        "ipsec_integrity": WORDS[ipsec.ipsec_auth_alg.lower()],
        "ipsec_pfs_group": NUMBERS[ipsec.ipsec_pfs],
        "ipsec_lifetime_s": int(ipsec.ipsec_lifetime),
    }


def downloaded_values(connection_id: str, config: Any) -> Values:
    """What a download says of each tunnel; written for the device, its local is on-premises."""
    sides = {
        "onprem_subnets": sorted(config.local_subnet.split(",")),
        "vpc_subnets": sorted(config.remote_subnet.split(",")),
    }
    tunnels = config.tunnels_config.tunnel_config if config.tunnels_config else None
    return {
        (connection_id, getattr(one, "tunnel_id", None) or ""): {
            "customer_gateway_ip": one.local,
            "vpn_gateway_ip": one.remote,
            "customer_gateway_ike_id": one.ike_config.local_id,
            "vpn_gateway_ike_id": one.ike_config.remote_id,
            **crypto(one.ike_config, one.ipsec_config),
            **sides,
        }
        for one in (tunnels or [config])
    }


def listed_values(row: Any) -> Values:
    """What a list row says of each tunnel; its local is the cloud's."""
    spec = row.tunnel_options_specification
    tunnels = (spec.tunnel_options if spec else None) or []
    shared = {
        "connection_name": row.name or None,  # unset is empty text in some rows
        "vpc_subnets": sorted(row.local_subnet.split(",")),
        "onprem_subnets": sorted(row.remote_subnet.split(",")),
    }
    blocks = [(t.tunnel_id, t.tunnel_ike_config, t.tunnel_ipsec_config, t) for t in tunnels]
    return {
        (row.vpn_connection_id, tunnel_id): {
            "vpn_gateway_ike_id": ike.local_id,
            "customer_gateway_ike_id": ike.remote_id,
            "tunnel_status": one.status,
            **crypto(ike, ipsec),
            **shared,
        }
        for tunnel_id, ike, ipsec, one in blocks or [("", row.ike_config, row.ipsec_config, row)]
    }


def our_values(inventory: Inventory, columns: list[str]) -> Values:
    """Our table's values of those columns, by connection and tunnel."""
    table = inventory.tunnels.astype(object)
    table = table.where(table.notna(), None)
    return {
        (row["vpn_connection_id"], row["tunnel_id"] or ""): {
            name: sorted(split_text(row[name])) if name.endswith("subnets") else row[name]
            for name in columns
        }
        for row in table.to_dict("records")
    }


@READERS
def test_the_sdk_downloads_what_our_table_holds(
    running: RunningEmulator, inventory: Inventory, scheme: str | None, is_async: bool
) -> None:
    """Every connection of the fleet, every tunnel, every value."""
    sdk, found = Sdk(running, scheme, is_async=is_async), {}
    for region_id, row in sdk.connections():
        config = sdk.download(region_id, row.vpn_connection_id)
        found |= downloaded_values(row.vpn_connection_id, config)
    assert {key[0] for key in found} == {c.vpn_connection_id for c in FLEET.connections}
    assert found == our_values(inventory, list(next(iter(found.values()))))


@READERS
def test_the_sdk_lists_what_our_table_holds(
    running: RunningEmulator, inventory: Inventory, scheme: str | None, is_async: bool
) -> None:
    """The list rows say the same from the other end."""
    found: Values = {}
    for _, row in Sdk(running, scheme, is_async=is_async).connections():
        found |= listed_values(row)
    assert found == our_values(inventory, list(next(iter(found.values()))))


def route_values(kind: str, holder: str, row: Any) -> tuple[Any, ...]:
    """What a row says of a route; a number may come as text, and a BGP route has no weight."""
    is_announced = getattr(row, "source", None) == "CLOUD"
    tunnel_ids = getattr(row, "next_hop_tunnel_id_list", None) or []
    one_id = getattr(row, "next_hop_tunnel_id", None)
    weight = None if kind == "bgp" or row.weight is None else int(row.weight)
    priority = getattr(row, "priority", None)
    return (
        *(holder or None, None if is_announced else row.next_hop, kind),
        *(getattr(row, "route_source", None), row.route_dest, weight),
        *(int(priority) if priority else None, row.state),
        *(tuple(tunnel_ids or ([one_id] if one_id else [])), getattr(row, "as_path", None) or None),
    )


@READERS
def test_the_sdk_reads_the_routes_of_our_table(
    running: RunningEmulator, inventory: Inventory, scheme: str | None, is_async: bool
) -> None:
    """Every route of every gateway and attachment, and no other."""
    sdk = Sdk(running, scheme, is_async=is_async)
    found = Counter(route_values(*one) for one in sdk.routes())
    columns = [
        *("vpn_gateway_id", "vpn_connection_id", "route_type", "source_cidr", "destination_cidr"),
        *("weight", "priority", "state", "tunnel_ids", "as_path"),
    ]
    table = inventory.routes[columns].astype(object)
    table["tunnel_ids"] = [split_text(ids) for ids in table["tunnel_ids"]]
    ours = Counter(table.where(table.notna(), None).itertuples(index=False, name=None))
    assert sum(found.values()) > 50
    assert found == ours
