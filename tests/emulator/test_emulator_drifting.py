"""Faults that last: a clock that is off, a connection that is gone, rows that move."""

from __future__ import annotations

import json
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from test_emulator_client import NOW, Signer, ask, signer_of

from vpnframe.cloud.messages import Response
from vpnframe.emulator import State, handle, make_fleet, make_state
from vpnframe.emulator.faults import fault

FLEET = make_fleet(connections=60, regions=1)
REGION = FLEET.regions[0].region_id
LIST = "DescribeVpnConnections"
DOWNLOAD = "DownloadVpnConnectionConfig"
IDS = [connection.vpn_connection_id for connection in FLEET.connections]


@pytest.fixture
def state() -> State:
    """Make an emulator that nobody has called."""
    return make_state(FLEET, quotas=False)


@pytest.fixture
def signer(state: State) -> Signer:
    """Make a signer for its account."""
    return signer_of(state)


def read(response: Response) -> Any:
    return json.loads(response.body)


@pytest.mark.parametrize(("kind", "offset_s"), [("clock-ahead", 1200), ("clock-behind", -1200)])
def test_clock(state: State, signer: Signer, kind: str, offset_s: int) -> None:
    """The server's clock is off from the struck call on; who reads its Date header gets in."""
    state.faults.append(fault(kind, positions=[2]))
    assert "Regions" in ask(state, signer, "DescribeRegions")
    refused = handle(state, signer.acs3("DescribeRegions"), NOW)
    assert read(refused)["Code"] == "InvalidTimeStamp.Expired"
    server_now = parsedate_to_datetime(refused.headers["date"]).timestamp()
    assert server_now - NOW == offset_s
    for _ in range(2):
        request = signer.acs3("DescribeRegions", now=server_now)
        assert handle(state, request, NOW).status == 200


def download(state: State, signer: Signer, connection_id: str) -> str:
    answer = ask(state, signer, DOWNLOAD, RegionId=REGION, VpnConnectionId=connection_id)
    return str(answer.get("Code", ""))


def test_connection_gone(state: State, signer: Signer) -> None:
    """The connection is gone for this download, for the next, and for the list."""
    state.faults.append(fault("connection-gone", positions=[2]))
    codes = [download(state, signer, connection_id) for connection_id in IDS[:3]]
    gone = "InvalidVpnConnectionInstanceId.NotFound"
    assert codes == ["", gone, ""]
    assert download(state, signer, IDS[1]) == gone
    assert listed(state, signer) == [IDS[0], *IDS[2:]]
    assert state.deleted_ids == [IDS[1]]


def page_of(state: State, signer: Signer, number: int, action: str = LIST) -> Any:
    return ask(state, signer, action, RegionId=REGION, PageSize="50", PageNumber=str(number))


def listed(state: State, signer: Signer) -> list[str]:
    pages = [page_of(state, signer, number) for number in (1, 2)]
    return [r["VpnConnectionId"] for page in pages for r in page["VpnConnections"]["VpnConnection"]]


def test_drift_by_deletion(state: State, signer: Signer) -> None:
    """A row is deleted between pages, so one is never shown, and the count falls."""
    state.faults.append(fault("page-drift-deleted", positions=[1]))
    counts = [page_of(state, signer, number)["TotalCount"] for number in (1, 2)]
    assert counts == [60, 59]
    assert listed(state, signer) == IDS[1:]


def test_drift_by_creation(state: State, signer: Signer) -> None:
    """A row is created in front between pages, so one is shown twice, and the count grows."""
    state.faults.append(fault("page-drift-created", positions=[1]))
    ids = listed(state, signer)
    assert ids == IDS[:50] + IDS[49:]
    assert listed(state, signer) == state.created_ids + IDS


def test_hidden_drift(state: State, signer: Signer) -> None:
    """TotalCount agrees on all pages, and yet one row is never shown."""
    state.faults.append(fault("page-drift-hidden", positions=[1]))
    pages = [page_of(state, signer, number) for number in (1, 2)]
    assert [page["TotalCount"] for page in pages] == [60, 60]
    assert listed(state, signer) == IDS[1:] + state.created_ids
    ids = [r["VpnConnectionId"] for page in pages for r in page["VpnConnections"]["VpnConnection"]]
    assert len(set(ids)) == 60
    assert IDS[50] not in ids
    assert state.deleted_ids == IDS[:1]


def test_drift_goes_on(state: State, signer: Signer) -> None:
    """At a rate of 1 no two passes are alike; the created rows can be downloaded."""
    state.faults.append(fault("page-drift-hidden", rate=1.0))
    passes = [listed(state, signer) for _ in range(3)]
    assert len({tuple(sorted(ids)) for ids in passes}) == 3
    assert len(set(state.created_ids)) == 3
    assert download(state, signer, state.created_ids[-1]) == ""


@pytest.mark.parametrize(
    ("action", "path"),
    [
        ("DescribeVpnGateways", ("VpnGateways", "VpnGateway", "VpnGatewayId")),
        ("DescribeCustomerGateways", ("CustomerGateways", "CustomerGateway", "CustomerGatewayId")),
        ("DescribeVpcs", ("Vpcs", "Vpc", "VpcId")),
    ],
)
def test_other_rows_drift_too(
    state: State, signer: Signer, action: str, path: tuple[str, str, str]
) -> None:
    """Gateways and VPCs are deleted and created between pages as connections are."""

    def ids() -> list[str]:
        page = ask(state, signer, action, RegionId=REGION, PageSize="50")
        return [row[path[2]] for row in page[path[0]][path[1]]]

    before = ids()
    state.faults.append(fault("page-drift-hidden", positions=[1]))
    page_of(state, signer, 2, action)
    assert ids()[: len(before) - 1] == before[1:]
    assert len(state.created_ids) == 1
    assert state.deleted_ids == before[:1]


@pytest.mark.parametrize("route_type", ["custom", "bgp"])
def test_routes_drift_too(state: State, signer: Signer, route_type: str) -> None:
    """The list of one gateway and type changes; a created route leads where none led before."""
    route = next(r for r in FLEET.routes if r.kind == route_type and r.vpn_gateway_id)
    asked = {
        "RegionId": route.region_id,
        "VpnGatewayId": route.vpn_gateway_id or "",
        "RouteEntryType": route_type,
    }

    def destinations() -> list[str]:
        page = ask(state, signer, "DescribeVpnRouteEntries", PageSize="50", **asked)
        return [row["RouteDest"] for row in page["VpnRouteEntries"]["VpnRouteEntry"]]

    before = destinations()
    state.faults.append(fault("page-drift-hidden", positions=[1]))
    ask(state, signer, "DescribeVpnRouteEntries", PageNumber="2", **asked)
    assert destinations() == [*before[1:], *state.created_ids]
    assert state.deleted_ids == before[:1]


def test_drift_of_a_stranger_changes_nothing(state: State) -> None:
    """A request with a key that nobody has is refused as ever."""
    state.faults.append(fault("page-drift-hidden", rate=1.0))
    answer = page_of(state, Signer("nobody", "secret"), 2)
    assert answer["Code"] == "InvalidAccessKeyId.NotFound"
    assert not state.deleted_ids
