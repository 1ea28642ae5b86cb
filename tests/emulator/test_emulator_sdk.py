"""The official SDK as a client of the emulator: sync and async, both signature schemes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from alibabacloud_tea_openapi.models import Config
from alibabacloud_vpc20160428 import models
from alibabacloud_vpc20160428.client import Client
from darabonba.exceptions import DaraException

from vpnframe.emulator import RunningEmulator, make_fleet, make_state, serve_in_thread
from vpnframe.emulator.fleet.model import Tag

FLEET = make_fleet(connections=60, regions=2)
SCHEMES = pytest.mark.parametrize("scheme", [None, "v2"], ids=["acs3", "v1"])


@pytest.fixture(scope="module")
def running() -> Iterator[RunningEmulator]:
    """An emulator that the module's tests share."""
    with serve_in_thread(make_state(FLEET, quotas=False)) as served:
        yield served


def client_of(running: RunningEmulator, scheme: str | None, **changes: str) -> Client:
    """Make the SDK's client, as its documentation does."""
    settings = {
        "access_key_id": running.access_key_id,
        "access_key_secret": running.access_key_secret,
        "endpoint": running.endpoint.removeprefix("http://"),
        "protocol": "http",
        "signature_algorithm": scheme,
    }
    return Client(Config(**(settings | changes)))


def call(client: Client, name: str, request: Any, *, is_async: bool) -> Any:
    """Make one call in either style."""
    if is_async:
        return asyncio.run(getattr(client, f"{name}_async")(request)).body
    return getattr(client, name)(request).body


@SCHEMES
@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_sdk_lists_regions(running: RunningEmulator, scheme: str | None, is_async: bool) -> None:
    """The SDK reads the regions with their endpoints."""
    request = models.DescribeRegionsRequest()
    body = call(client_of(running, scheme), "describe_regions", request, is_async=is_async)
    found = [(region.region_id, region.region_endpoint) for region in body.regions.region]
    assert found == [(region.region_id, region.endpoint) for region in FLEET.regions]


@SCHEMES
@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_sdk_downloads(running: RunningEmulator, scheme: str | None, is_async: bool) -> None:
    """The SDK's model of a download holds what the fleet holds, seen from the device."""
    connection = next(c for c in FLEET.connections if c.is_dual and c.tunnels[0].psk)
    request = models.DownloadVpnConnectionConfigRequest(
        region_id=connection.region_id, vpn_connection_id=connection.vpn_connection_id
    )
    client = client_of(running, scheme)
    body = call(client, "download_vpn_connection_config", request, is_async=is_async)
    config = body.vpn_connection_config
    assert sorted(config.local_subnet.split(",")) == sorted(connection.onprem_subnets)
    for read, tunnel in zip(config.tunnels_config.tunnel_config, connection.tunnels, strict=True):
        assert read.tunnel_id == tunnel.tunnel_id
        assert (read.local, read.remote) == (tunnel.customer_ip, tunnel.cloud_ip)
        assert read.ike_config.psk == tunnel.psk
        assert int(read.ipsec_config.ipsec_lifetime) == tunnel.proposal.ipsec_lifetime


@pytest.mark.parametrize(
    ("name", "path", "n_expected"),
    [
        (
            "describe_vpn_connections",
            lambda body: body.vpn_connections.vpn_connection,
            len(FLEET.connections),
        ),
        ("describe_vpn_gateways", lambda b: b.vpn_gateways.vpn_gateway, len(FLEET.vpn_gateways)),
        (
            "describe_customer_gateways",
            lambda body: body.customer_gateways.customer_gateway,
            len(FLEET.customer_gateways),
        ),
        (
            "describe_vpn_attachments",
            lambda body: body.vpn_attachments,
            sum(c.attach_type != "VPNGW" for c in FLEET.connections),
        ),
    ],
)
def test_sdk_lists(
    running: RunningEmulator, name: str, path: Callable[[Any], list[Any]], n_expected: int
) -> None:
    """The SDK pages through every list and its models take every row."""
    client = client_of(running, None)
    kind = getattr(models, "".join(part.title() for part in name.split("_")) + "Request")
    n_read = 0
    for region in FLEET.regions:
        for number in range(1, 20):
            request = kind(region_id=region.region_id, page_size=20, page_number=number)
            rows = path(call(client, name, request, is_async=False))
            n_read += len(rows)
            if not rows:
                break
    assert n_read == n_expected > 0


@SCHEMES
@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_sdk_reads_policy_routes(
    running: RunningEmulator, scheme: str | None, is_async: bool
) -> None:
    """The SDK's models hold every policy route of a gateway, by name and by number."""
    route = next(route for route in FLEET.routes if route.kind == "policy")
    request = models.DescribeVpnPbrRouteEntriesRequest(
        region_id=route.region_id, vpn_gateway_id=route.vpn_gateway_id, page_size=50
    )
    client = client_of(running, scheme)
    body = call(client, "describe_vpn_pbr_route_entries", request, is_async=is_async)
    rows = body.vpn_pbr_route_entries.vpn_pbr_route_entry
    read = {(r.route_source, r.route_dest, r.next_hop, str(r.weight), r.state) for r in rows}
    assert read == {
        (r.source, r.destination, r.next_hop, str(r.weight), r.state)
        for r in FLEET.routes
        if r.kind == "policy" and r.vpn_gateway_id == route.vpn_gateway_id
    }


@pytest.mark.parametrize("kind", ["custom", "bgp"])
def test_sdk_reads_routes_by_destination(running: RunningEmulator, kind: str) -> None:
    """The SDK reads both types of a gateway's routes."""
    route = next(r for r in FLEET.routes if r.kind == kind and r.vpn_gateway_id)
    request = models.DescribeVpnRouteEntriesRequest(
        region_id=route.region_id,
        vpn_gateway_id=route.vpn_gateway_id,
        route_entry_type=kind,
        page_size=50,
    )
    body = call(client_of(running, None), "describe_vpn_route_entries", request, is_async=False)
    rows = body.vpn_route_entries.vpn_route_entry
    expected = [
        (r.destination, r.next_hop, r.state, r.as_path, r.learned_from, r.tunnel_ids)
        for r in FLEET.routes
        if (r.kind, r.vpn_gateway_id) == (kind, route.vpn_gateway_id)
    ]
    assert [
        (
            *(r.route_dest, r.next_hop, r.state, r.as_path or None, r.source or None),
            (r.next_hop_tunnel_id,) if r.next_hop_tunnel_id else (),
        )
        for r in rows
    ] == expected
    assert {r.route_entry_type.lower() for r in rows} == {kind}


def test_sdk_reads_routes_of_an_attachment(running: RunningEmulator) -> None:
    """The SDK reads the bare array, with the tunnels of each row."""
    route = next(r for r in FLEET.routes if r.vpn_gateway_id is None)
    request = models.DescribeVcoRouteEntriesRequest(
        region_id=route.region_id,
        vpn_connection_id=route.vpn_connection_id,
        route_entry_type=route.kind,
        page_size=50,
    )
    body = call(client_of(running, None), "describe_vco_route_entries", request, is_async=False)
    expected = [
        (r.destination, r.tunnel_ids, r.vpn_connection_id)
        for r in FLEET.routes
        if (r.kind, r.vpn_connection_id) == (route.kind, route.vpn_connection_id)
    ]
    assert [
        (r.route_dest, tuple(r.next_hop_tunnel_id_list or ()), r.vpn_connection_id)
        for r in body.vco_route_entries
    ] == expected


def test_sdk_reads_vpcs(running: RunningEmulator) -> None:
    """The SDK reads primary, secondary and user blocks of every VPC."""
    client, read = client_of(running, None), {}
    for region in FLEET.regions:
        request = models.DescribeVpcsRequest(region_id=region.region_id, page_size=50)
        for row in call(client, "describe_vpcs", request, is_async=False).vpcs.vpc:
            further, user = row.secondary_cidr_blocks, row.user_cidrs
            read[row.vpc_id] = (
                row.vpc_name,
                row.cidr_block,
                tuple(further.secondary_cidr_block if further else ()),
                tuple(user.user_cidr if user else ()),
            )
    assert read == {
        vpc.vpc_id: (vpc.name, vpc.cidr, vpc.secondary_cidrs, vpc.user_cidrs) for vpc in FLEET.vpcs
    }


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
@SCHEMES
def test_sdk_filter_with_a_space(
    running: RunningEmulator, scheme: str | None, is_async: bool
) -> None:
    """The SDK signs a space as %20 and sends it as a plus: it is understood all the same."""
    noted = next(c for c in FLEET.connections if any(tag.key == "cost center" for tag in c.tags))
    (tag,) = [tag for tag in noted.tags if tag.key == "cost center"]
    request = models.DescribeVpnConnectionsRequest(
        region_id=noted.region_id,
        page_size=50,
        tag=[models.DescribeVpnConnectionsRequestTag(key=tag.key, value=tag.value)],
    )
    client = client_of(running, scheme)
    body = call(client, "describe_vpn_connections", request, is_async=is_async)
    rows = body.vpn_connections.vpn_connection
    assert noted.vpn_connection_id in [row.vpn_connection_id for row in rows]
    assert all(Tag(t.key, t.value) == tag for row in rows for t in row.tag.tag if t.key == tag.key)


@SCHEMES
def test_sdk_with_a_security_token(running: RunningEmulator, scheme: str | None) -> None:
    """The SDK signs with temporary credentials and is let in."""
    account_id = running.accounts[0].account_id
    session = running.state.add_session(account_id, expires_at=4e9)
    client = client_of(
        running,
        scheme,
        access_key_id=session.access_key_id,
        access_key_secret=session.access_key_secret,
        security_token=session.security_token or "",
    )
    request = models.DescribeRegionsRequest()
    assert call(client, "describe_regions", request, is_async=False).regions.region


@SCHEMES
def test_sdk_sees_the_documented_error(running: RunningEmulator, scheme: str | None) -> None:
    """The SDK reads code and status of a refusal."""
    request = models.DownloadVpnConnectionConfigRequest(
        region_id="cn-hangzhou", vpn_connection_id="vco-gone"
    )
    with pytest.raises(DaraException) as caught:
        call(
            client_of(running, scheme),
            "download_vpn_connection_config",
            request,
            is_async=False,
        )
    assert caught.value.code == "InvalidVpnConnectionInstanceId.NotFound"
