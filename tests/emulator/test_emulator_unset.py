"""What the emulator sends for what nobody set, and rows as the vendor writes them."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator, Mapping
from ipaddress import ip_address, ip_network
from typing import Any, cast

import pytest
from alibabacloud_vpc20160428 import models
from test_emulator_client import NOW, signer_of

from vpnframe.emulator import handle, make_fleet, make_state
from vpnframe.emulator.connection_rows import connection_row
from vpnframe.emulator.fleet.drawing import DEFAULT_NOW_MS
from vpnframe.emulator.listing import LISTS
from vpnframe.emulator.rows import attachment_row, vpn_gateway_row
from vpnframe.emulator.unset import FIELDS, SHAPES, fill

FLEET = make_fleet(connections=120, regions=1)
DAY_MS = 86_400_000
NO_ROW = {"DescribeRegions", "DescribeVpcs"}  # their models have fields that nobody needs


def sdk_row(action: str) -> type:
    """Return the official SDK's model of a row in the answer of an action."""
    path = "".join(LISTS[action].path if action in LISTS else ("VpnConnectionConfig",))
    return cast("type", getattr(models, f"{action}ResponseBody{path}"))


@pytest.mark.parametrize("action", sorted(FIELDS.keys() - NO_ROW))
def test_every_field_that_the_sdk_reads_is_there(action: str) -> None:
    """Of the row itself, by the official SDK; nothing is filled that nobody reads."""
    read = set(re.findall(r"m\.get\('(\w+)'\)", inspect.getsource(sdk_row(action).from_map)))
    ids = {"VpnConnectionId", "VpnGatewayId", "CustomerGatewayId", "InstanceId"}
    assert len(read) > 5
    assert set(fill({}, action, "zeros")) - ids == read - ids


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for name, one in value.items():
            yield from leaves(one, f"{path}.{name}")
    elif isinstance(value, list):
        for one in value:
            yield from leaves(one, path)
    else:
        yield path, value


@pytest.mark.parametrize("action", sorted(FIELDS))
def test_shapes_of_an_empty_row(action: str) -> None:
    """Nothing, empty texts, or zeros; never null."""
    assert fill({}, action, "plain") == {}
    assert {value for _, value in leaves(fill({}, action, "blank"))} == {""}
    assert {value for _, value in leaves(fill({}, action, "zeros"))} <= {"", 0}


def test_what_is_set_stays() -> None:
    """False, numbers and lists too, at any depth; null is unset."""
    tunnel = {"TunnelId": "tun-1", "TunnelIkeConfig": {"IkeLifetime": "3600"}}
    row = {
        "EnableDpd": True,
        "CreateTime": 7,
        "VpnBgpConfig": None,
        "TunnelOptionsSpecification": {"TunnelOptions": [tunnel]},
    }
    filled: Any = fill(row, "DescribeVpnConnections", "zeros")
    assert (filled["EnableDpd"], filled["CreateTime"]) == (True, 7)
    assert filled["VpnBgpConfig"]["LocalAsn"] == 0
    (option,) = filled["TunnelOptionsSpecification"]["TunnelOptions"]
    assert (option["TunnelId"], option["TunnelIndex"]) == ("tun-1", 0)
    assert option["TunnelIkeConfig"]["IkeLifetime"] == "3600"
    assert row["VpnBgpConfig"] is None


def test_an_unknown_shape_is_refused() -> None:
    """With the shapes that there are."""
    with pytest.raises(ValueError, match="plain, blank, zeros"):
        make_state(FLEET, shape="odd")


def rows_of(shape: str | None, action: str, **parameters: str) -> list[dict[str, Any]]:
    state = make_state(FLEET, quotas=False, shape=shape)
    asked = {"RegionId": FLEET.regions[0].region_id, "PageSize": "50", **parameters}
    answer = handle(state, signer_of(state).acs3(action, asked), NOW)
    assert answer.status == 200
    tree = json.loads(answer.body)
    if action == "DownloadVpnConnectionConfig":
        return [tree["VpnConnectionConfig"]]
    held = next(value for value in tree.values() if isinstance(value, list | dict))
    return held if isinstance(held, list) else next(iter(held.values()))


def asked_of(action: str) -> dict[str, str]:
    router = next(c for c in FLEET.connections if c.attach_type == "CEN" and c.tunnels[0].bgp)
    policy = next(r for r in FLEET.routes if r.kind == "policy")
    return {
        "DescribeVpnRouteEntries": {"VpnGatewayId": next(
            r.vpn_gateway_id or "" for r in FLEET.routes if r.kind == "custom" and r.vpn_gateway_id
        )},
        "DescribeVpnPbrRouteEntries": {"VpnGatewayId": policy.vpn_gateway_id or ""},
        "DescribeVcoRouteEntries": {
            "VpnConnectionId": router.vpn_connection_id, "RouteEntryType": "bgp",
        },
        "DownloadVpnConnectionConfig": {"VpnConnectionId": router.vpn_connection_id},
    }.get(action, {})  # fmt: skip


@pytest.mark.parametrize("action", sorted(FIELDS))
def test_every_action_answers_in_the_shape(action: str) -> None:
    """All rows of all calls: as they are written, or with every field."""
    plain, blank, zeros = (rows_of(shape, action, **asked_of(action)) for shape in SHAPES)
    assert plain
    assert blank == [fill(row, action, "blank") for row in plain]
    assert zeros == [fill(row, action, "zeros") for row in plain]


def test_by_default_rows_of_all_shapes_occur() -> None:
    """In one list: numbers that are left out, empty and zero."""
    rows = rows_of(None, "DescribeCustomerGateways")
    assert {row.get("Asn", "left out") for row in rows} >= {"left out", "", 0}


def test_gateways_are_as_the_vendor_names_them() -> None:
    """Both types, and system tags as one text of JSON."""
    rows = [vpn_gateway_row(gateway) for gateway in FLEET.vpn_gateways]
    assert {row["GatewayType"] for row in rows} == {"Traditional", "Enhanced.SiteToSite"}
    for row, gateway in zip(rows, FLEET.vpn_gateways, strict=True):
        tags = json.loads(str(row["Tag"]))
        assert tags["VpnEnableBgp"] == str(gateway.enable_bgp).lower()
        assert all(isinstance(value, str) for value in tags.values())


def test_attachments_are_as_the_vendor_writes_them() -> None:
    """System tags, a network to hang on, and both specifications of a tunnel."""
    attached = [c for c in FLEET.connections if c.attach_type == "CEN"]
    words = set()
    for connection in attached:
        row, listed = attachment_row(connection), connection_row(connection)
        assert json.loads(str(row["Tag"])) == {"BGPSupport": "true"}
        assert str(listed["AttachInstanceId"]).startswith("cen-")
        assert row["TunnelBandwidth"] == listed["TunnelBandwidth"]
        mbps = {"standard": 1000, "large": 3000}[str(row["TunnelBandwidth"]).lower()]
        assert mbps == connection.bandwidth_mbps
        words.add(row["TunnelBandwidth"])
    assert words >= {"Standard", "Large"}


def test_states_vary() -> None:
    """Most connections and tunnels are active or attached, some are not."""
    rows = [dict(connection_row(c)) for c in make_fleet().connections]
    states = {str(row["State"]) for row in rows}
    assert states > {"active", "attached", "detached", "updating"}
    options = [
        option
        for row in rows
        for option in ((row.get("TunnelOptionsSpecification") or {}).get("TunnelOptions") or [])
    ]
    assert {option["State"] for option in options} == {"active", "updating"}


def test_health_checks_go_from_the_vpc_to_the_site() -> None:
    """Between addresses that the connection carries, where it says which."""
    n_inside = 0
    for connection in FLEET.connections:
        check = connection.health_check
        if check is None:
            continue
        for address, blocks in (
            (check.source_ip, connection.vpc_subnets),
            (check.destination_ip, connection.onprem_subnets),
        ):
            networks = [ip_network(block, strict=False) for block in blocks]
            assert any(ip_address(address) in network for network in networks)
            n_inside += "0.0.0.0/0" not in blocks
    assert n_inside > 5


def test_bgp_routes_of_routers_have_paths_in_brackets() -> None:
    """And communities, and who announced them."""
    routes = [r for r in FLEET.routes if r.kind == "bgp" and r.vpn_gateway_id is None]
    assert routes
    assert all(re.fullmatch(r"\[\d+(,\d+)*\]", route.as_path or "") for route in routes)
    assert {route.learned_from for route in routes} == {"CLOUD", "VPN_BGP"}
    communities = [route.community for route in routes if route.community]
    assert all(re.fullmatch(r"\d+:\d+", community) for community in communities)
    assert communities


@pytest.mark.parametrize("now_ms", [DEFAULT_NOW_MS, DEFAULT_NOW_MS + 700 * DAY_MS + 12_345])
def test_subscriptions_end_in_the_year_to_come(now_ms: int) -> None:
    """A few within a month; nothing else depends on the moment."""
    fleet = make_fleet(now_ms=now_ms)
    ends = [g.end_ms - now_ms for g in fleet.vpn_gateways if g.end_ms is not None]
    assert len(ends) > 10
    assert all(0 < left < 367 * DAY_MS for left in ends)
    assert 0 < sum(left < 30 * DAY_MS for left in ends) < len(ends) / 3
    assert fleet.connections == make_fleet().connections
    assert fleet.routes == make_fleet().routes
