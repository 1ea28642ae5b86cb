"""What a region lacks, and how it is counted: nothing to download, nothing in it, not in a list."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from helpers import (
    Handler,
    ManualClock,
    action_of,
    error_response,
    params_of,
    response,
)
from test_regions import DOWNLOAD, FIRST, FLEET, LISTS, LOOSE, N, coverage_of, crawled, on_call

from vpnframe.cloud.messages import Request
from vpnframe.emulator import handle, make_state


def calls_of(records_of: Handler | None = None, *, action: str, **plan: Any) -> list[str]:
    """The connections that a crawl asks an action about."""
    asked: list[str] = []

    def keep(request: Request) -> Any:
        if action_of(request) == action:
            asked.append(params_of(request).get("VpnConnectionId", ""))
        return records_of(request) if records_of else None

    crawled(keep, **plan)
    return asked


def test_a_connection_attached_to_nothing_is_not_downloaded_and_no_gap() -> None:
    """It is read from the list, and counted apart."""
    assert not LOOSE & set(calls_of(action=DOWNLOAD))
    missing = error_response("InvalidVpnConnectionInstanceId.NotFound", 404)
    faults = [on_call(missing, DOWNLOAD, VpnConnectionId=i) for i in LOOSE]
    records = crawled(lambda request: next((a for f in faults if (a := f(request))), None))
    coverage = coverage_of(records)
    assert (coverage.status, coverage.n_expected, coverage.n_unattached) == (
        "complete",
        N,
        len(LOOSE),
    )
    assert records.failures == ()
    witnesses = {c.vpn_connection_id: c.witnesses for c in records.connections}
    assert {witnesses[i] for i in LOOSE} == {"describe"}


def test_a_sample_is_drawn_from_what_can_be_downloaded() -> None:
    """Half of those that are attached, whatever else is listed."""
    assert len(calls_of(action=DOWNLOAD, downloads="50%")) == math.ceil(N / 2)


EMPTY_CONFIGS = [
    {"IkeConfig": {}, "IpsecConfig": {}},
    {},
    None,
    {"a": {}},
    {"a": {"b": "c"}},
    {"Local": "", "LocalSubnet": None, "IkeConfig": {"Psk": "", "IkeVersion": " "}},
    {"TunnelsConfig": {"TunnelConfig": [{"TunnelId": "tun-1", "IkeConfig": {}}]}},
    {"IkeConfig": 7},
]


@pytest.mark.parametrize("config", EMPTY_CONFIGS)
def test_a_configuration_that_holds_nothing_costs_one_call_and_is_not_read(config: object) -> None:
    """Asked for once, a failure of kind empty, and counted as not read."""
    nothing = on_call(response({"VpnConnectionConfig": config}), DOWNLOAD, VpnConnectionId=FIRST)
    asked = calls_of(nothing, action=DOWNLOAD)
    assert asked.count(FIRST) == 1
    records = crawled(nothing)
    (failure,) = records.failures
    assert (failure.kind, failure.attempts, failure.vpn_connection_id) == ("empty", 1, FIRST)
    coverage = coverage_of(records)
    assert (coverage.status, coverage.n_read, coverage.n_failed) == ("partial", N - 1, 1)
    assert len(records.connections) == 60


def test_an_empty_configuration_in_xml_is_the_same() -> None:
    """An element without text is what an empty object is in XML."""
    for inside in ("", "<IkeConfig/><IpsecConfig/>", "<A><B>c</B></A>"):
        body = f"<R><VpnConnectionConfig>{inside}</VpnConnectionConfig></R>"
        records = crawled(on_call(response(body), DOWNLOAD, VpnConnectionId=FIRST))
        assert [(f.kind, f.attempts) for f in records.failures] == [("empty", 1)]


def test_a_region_of_which_no_download_can_be_read_is_not_complete() -> None:
    """Each answer is a success, and nothing was read."""
    records = crawled(on_call(response({"VpnConnectionConfig": {"a": {"b": 1}}}), DOWNLOAD))
    coverage = coverage_of(records)
    assert (coverage.status, coverage.n_read, coverage.n_failed) == ("partial", 0, N)
    assert {c.witnesses for c in records.connections} == {"describe"}


@pytest.mark.parametrize("action", [*LISTS, DOWNLOAD, "DescribeVpcs", "DescribeVpnRouteEntries"])
@pytest.mark.parametrize("code", ["Forbbiden.SubUser", "NoPermission", "Policy.New"])
def test_a_refusal_names_the_permission(action: str, code: str) -> None:
    """The cloud's words, and the permission that its call needs."""
    records = crawled(on_call(error_response(code, 403), action))
    assert records.failures
    for failure in records.failures:
        assert (failure.kind, failure.action) == ("denied", action)
        assert code in failure.message
        assert failure.message.endswith(f"{action} needs the permission vpc:{action}")


@pytest.mark.parametrize("code", ["MissingParameter", "Teapot.Cold"])
def test_nothing_read_for_another_reason_is_not_denied(code: str) -> None:
    """A wrong parameter is no refusal of a permission."""
    records = crawled(on_call(error_response(code, 400), *LISTS))
    assert coverage_of(records).status == "unreachable"
    assert {f.kind for f in records.failures} == {"parameter"}


@pytest.mark.parametrize("count", [-1, "many", 10**15, 1.5])
@pytest.mark.parametrize("action", [*LISTS, "DescribeVpcs"])
def test_a_count_that_makes_no_sense_ends_and_is_told(action: str, count: object) -> None:
    """All pages are read; the row says what is wrong, and nothing is called complete."""
    state = make_state(FLEET, quotas=False)

    def fault(request: Request) -> Any:
        if action_of(request) != action:
            return None
        answer = handle(state, request, ManualClock().start.timestamp())
        return response(json.loads(answer.body) | {"TotalCount": count}, answer.status)

    whole, records = crawled(downloads="none"), crawled(fault, downloads="none")
    assert [c.vpn_connection_id for c in records.connections] == [
        c.vpn_connection_id for c in whole.connections
    ]
    assert (len(records.gateways), len(records.vpcs)) == (len(whole.gateways), len(whole.vpcs))
    (failure,) = records.failures
    assert (failure.action, failure.kind) == (action, "malformed")
    assert failure.message.startswith("TotalCount is ")
    assert "makes no sense" in failure.message
    coverage = coverage_of(records)
    assert (coverage.status, coverage.is_stable, coverage.n_failed) == ("partial", False, 0)


def without(action: str, outer: str, inner: str, id_name: str, gateway_id: str) -> Handler:
    """A list that neither shows nor counts one gateway."""
    state = make_state(FLEET, quotas=False)

    def fault(request: Request) -> Any:
        if action_of(request) != action:
            return None
        tree = json.loads(handle(state, request, ManualClock().start.timestamp()).body)
        rows = [row for row in tree[outer][inner] if row[id_name] != gateway_id]
        return response(tree | {outer: {inner: rows}, "TotalCount": len(FLEET_IDS[action]) - 1})

    return fault


FLEET_IDS = {
    "DescribeVpnGateways": [g.vpn_gateway_id for g in FLEET.vpn_gateways],
    "DescribeCustomerGateways": [g.customer_gateway_id for g in FLEET.customer_gateways],
}


@pytest.mark.parametrize(
    ("action", "outer", "inner", "id_name"),
    [
        ("DescribeVpnGateways", "VpnGateways", "VpnGateway", "VpnGatewayId"),
        ("DescribeCustomerGateways", "CustomerGateways", "CustomerGateway", "CustomerGatewayId"),
    ],
)
def test_a_gateway_that_connections_name_and_the_list_lacks_is_told(
    action: str, outer: str, inner: str, id_name: str
) -> None:
    """The list agrees with its own count, and yet it is not whole."""
    on_gateways = [c for c in FLEET.connections if c.vpn_gateway_id]
    first = on_gateways[0]
    is_vpn = action == "DescribeVpnGateways"
    gone = first.vpn_gateway_id if is_vpn else first.tunnels[0].customer_gateway_id
    assert gone is not None
    records = crawled(without(action, outer, inner, id_name, gone))
    assert [(f.kind, f.action) for f in records.failures] == [("gone", action)]
    assert records.failures[0].message.startswith(f"{gone} is named by ")
    assert coverage_of(records).status == "partial"
    assert gone not in {g.gateway_id for g in records.gateways}


def test_gateways_behind_a_transit_router_are_no_gap() -> None:
    """They may be another account's, and no list of this one has them."""
    rows = [
        {
            "VpnConnectionId": "vco-1",
            "AttachType": "CEN",
            "TransitRouterId": "tr-1",
            "CustomerGatewayId": "cgw-of-another-account",
            "VpnGatewayId": "vpn-of-another-account",
        }
    ]
    page = response({"TotalCount": 1, "VpnConnections": {"VpnConnection": rows}})
    records = crawled(on_call(page, "DescribeVpnConnections"), downloads="none", routes=False)
    assert not [f for f in records.failures if "is named by" in f.message]
    assert coverage_of(records).status == "complete"


def test_a_refused_list_of_gateways_is_one_failure() -> None:
    """What it would have shown is not told again, gateway by gateway."""
    records = crawled(on_call(error_response("Forbidden.RAM", 403), "DescribeVpnGateways"))
    assert [f.kind for f in records.failures] == ["denied"]
