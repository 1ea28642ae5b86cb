"""The calls that list routes and VPCs: paging, required parameters, filters, shapes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from defusedxml import ElementTree
from test_emulator_client import NOW, Signer, ask, code_of, signer_of

from vpnframe.emulator import State, handle, make_fleet, make_state
from vpnframe.emulator.fleet.model import EmulatedRoute
from vpnframe.emulator.rows import policy_route_row, vpn_route_row

FLEET = make_fleet(connections=150, regions=2)
REGION = FLEET.regions[0].region_id
HERE = [route for route in FLEET.routes if route.region_id == REGION]
GATEWAY = Counter(r.vpn_gateway_id for r in HERE if r.vpn_gateway_id).most_common(1)[0][0] or ""
ATTACHED = next(r.vpn_connection_id for r in HERE if r.vpn_gateway_id is None) or ""
CALLS = {
    "DescribeVpnRouteEntries": ("VpnGatewayId", GATEWAY),
    "DescribeVpnPbrRouteEntries": ("VpnGatewayId", GATEWAY),
    "DescribeVcoRouteEntries": ("VpnConnectionId", ATTACHED),
}


@pytest.fixture
def state() -> State:
    """An emulator with no quota in the way."""
    return make_state(FLEET, quotas=False)


@pytest.fixture
def signer(state: State) -> Signer:
    """The first account's signer."""
    return signer_of(state)


def rows_of(page: dict[str, Any]) -> list[dict[str, Any]]:
    """Take the rows out of a page: a bare array, or a list below its name."""
    held = next(page[name] for name in page if name.endswith(("RouteEntries", "Vpcs")))
    return held if isinstance(held, list) else next(iter(held.values()))


def read_all(state: State, signer: Signer, action: str, **parameters: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for number in range(1, 40):
        page = ask(state, signer, action, RegionId=REGION, PageNumber=f"{number}", **parameters)
        rows += rows_of(page)
        if len(rows) >= page["TotalCount"]:
            return rows
    raise AssertionError("the list has no end")


def keys_of(rows: list[dict[str, Any]]) -> Counter[tuple[str, ...]]:
    return Counter((row.get("RouteSource", ""), row["RouteDest"], row["NextHop"]) for row in rows)


def held(wanted: Callable[[EmulatedRoute], bool]) -> Counter[tuple[str, ...]]:
    return Counter((r.source or "", r.destination, r.next_hop) for r in HERE if wanted(r))


@pytest.mark.parametrize(
    ("action", "kind", "asked"),
    [
        ("DescribeVpnRouteEntries", "custom", {}),
        ("DescribeVpnRouteEntries", "custom", {"RouteEntryType": "custom"}),
        ("DescribeVpnRouteEntries", "bgp", {"RouteEntryType": "bgp"}),
        ("DescribeVpnPbrRouteEntries", "policy", {}),
    ],
)
def test_every_gateway_lists_its_routes(
    state: State, signer: Signer, action: str, kind: str, asked: dict[str, str]
) -> None:
    """All pages together hold the routes of the type asked for, each as often as there are."""
    n_read = 0
    for gateway in FLEET.vpn_gateways:
        if gateway.region_id == REGION:
            at = gateway.vpn_gateway_id
            rows = read_all(state, signer, action, VpnGatewayId=at, PageSize="3", **asked)
            assert keys_of(rows) == held(lambda r, at=at: (r.vpn_gateway_id, r.kind) == (at, kind))
            n_read += len(rows)
    assert n_read > 10


def test_every_attachment_lists_its_routes(state: State, signer: Signer) -> None:
    """Routes of transit routers stand under their connection; other connections have none."""
    n_read = 0
    for connection in FLEET.connections:
        for kind in ("custom", "bgp") if connection.region_id == REGION else ():
            at = connection.vpn_connection_id
            asked = {"VpnConnectionId": at, "RouteEntryType": kind, "PageSize": "50"}
            rows = read_all(state, signer, "DescribeVcoRouteEntries", **asked)
            expected = held(
                lambda r, at=at, kind=kind: (
                    r.vpn_gateway_id is None and (r.vpn_connection_id, r.kind) == (at, kind)
                )
            )
            assert keys_of(rows) == expected
            n_read += len(rows)
    assert n_read == len([route for route in HERE if route.vpn_gateway_id is None]) > 3


def test_vpcs(state: State, signer: Signer) -> None:
    """Every VPC of the region with its blocks; one without further blocks may leave them out."""
    rows = read_all(state, signer, "DescribeVpcs", PageSize="50")
    found = {
        row["VpcId"]: (
            row["CidrBlock"],
            row.get("SecondaryCidrBlocks", {}).get("SecondaryCidrBlock", []),
            row.get("UserCidrs", {}).get("UserCidr", []),
        )
        for row in rows
    }
    assert found == {
        vpc.vpc_id: (vpc.cidr, list(vpc.secondary_cidrs), list(vpc.user_cidrs))
        for vpc in FLEET.vpcs
        if vpc.region_id == REGION
    }
    assert len({"UserCidrs" in row for row in rows}) == 2


def test_vpcs_by_id(state: State, signer: Signer) -> None:
    """Several ids are joined by commas."""
    ids = [vpc.vpc_id for vpc in FLEET.vpcs if vpc.region_id == REGION][:3]
    rows = read_all(state, signer, "DescribeVpcs", VpcId=",".join(ids))
    assert [row["VpcId"] for row in rows] == ids


@pytest.mark.parametrize("action", CALLS)
def test_missing_holder(state: State, signer: Signer, action: str) -> None:
    """Without its gateway or connection the call is refused, by name."""
    name, _ = CALLS[action]
    response = handle(state, signer.acs3(action, {"RegionId": REGION}), NOW)
    assert code_of(response) == (400, "MissingParameter")
    assert f'"{name}"' in ask(state, signer, action, RegionId=REGION)["Message"]


@pytest.mark.parametrize("action", CALLS)
def test_unknown_holder(state: State, signer: Signer, action: str) -> None:
    """A gateway or connection that does not exist has its documented error."""
    name, _ = CALLS[action]
    response = handle(state, signer.acs3(action, {"RegionId": REGION, name: "gone-1"}), NOW)
    code = {
        "VpnGatewayId": "InvalidVpnGatewayInstanceId.NotFound",
        "VpnConnectionId": "InvalidVpnConnectionInstanceId.NotFound",
    }[name]
    assert code_of(response) == (404, code)


@pytest.mark.parametrize("action", [*CALLS, "DescribeVpcs"])
def test_fifty_rows_at_most(state: State, signer: Signer, action: str) -> None:
    """Pages are those of the other lists: ten rows by default, fifty at most."""
    name, holder = CALLS.get(action, ("VpcName", ""))
    parameters = {"RegionId": REGION, name: holder}
    page = ask(state, signer, action, **parameters)
    assert (page["PageNumber"], page["PageSize"]) == (1, 10)
    assert ask(state, signer, action, PageSize="51", **parameters)["Code"] == "InvalidParameter"


@pytest.mark.parametrize("action", ["DescribeVpnRouteEntries", "DescribeVcoRouteEntries"])
def test_unknown_type(state: State, signer: Signer, action: str) -> None:
    """A type that does not exist is refused."""
    name, holder = CALLS[action]
    parameters = {"RegionId": REGION, name: holder, "RouteEntryType": "static"}
    assert code_of(handle(state, signer.acs3(action, parameters), NOW)) == (400, "InvalidParameter")


@pytest.mark.parametrize("action", [*CALLS, "DescribeVpcs"])
def test_quota_is_counted(action: str) -> None:
    """A call beyond its quota is refused like any other."""
    state = make_state(FLEET, quotas={action: 1})
    signer = signer_of(state)
    name, holder = CALLS.get(action, ("VpcName", ""))
    codes = [ask(state, signer, action, RegionId=REGION, **{name: holder}) for _ in range(2)]
    assert [answer.get("Code") for answer in codes] == [None, "Throttling.User"]


def test_xml_of_a_bare_array(state: State, signer: Signer) -> None:
    """Each row repeats the element; so does each tunnel of a row."""
    parameters = {"RegionId": REGION, "VpnConnectionId": ATTACHED, "RouteEntryType": "bgp"}
    n_rows = 0
    for kind in ("bgp", "custom"):
        asked = parameters | {"RouteEntryType": kind}
        request = signer.acs3("DescribeVcoRouteEntries", asked, headers={"accept": "*/*"})
        root = ElementTree.fromstring(handle(state, request, NOW).body)
        assert root.tag == "DescribeVcoRouteEntriesResponse"
        n_rows += len(root.findall("VcoRouteEntries/RouteDest"))
    assert n_rows == len([r for r in HERE if r.vpn_connection_id == ATTACHED])


def test_numbers_come_as_numbers_and_as_text() -> None:
    """Weight, priority and time are of either type, never mixed in one row."""
    policies = [policy_route_row(route) for route in FLEET.routes if route.kind == "policy"]
    types = {(type(row["Weight"]), type(row["CreateTime"])) for row in policies}
    assert types == {(int, int), (str, str)}
    assert {"Priority" in row for row in policies} == {True, False}


def test_a_bgp_route_has_a_path_and_any_weight() -> None:
    """The weight of a BGP route means nothing, so it is sent or not, as 0 or as 100."""
    rows = [vpn_route_row(r) for r in FLEET.routes if r.kind == "bgp" and r.vpn_gateway_id]
    assert {row.get("Weight") for row in rows} == {None, 0, 100}
    assert {row["Source"] for row in rows} == {"CLOUD", "VPN_BGP"}
    assert all(row["AsPath"] for row in rows)


def test_accounts_see_their_own() -> None:
    """No account reads the routes of another one's gateway."""
    state = make_state(make_fleet(connections=40, regions=2, accounts=2), quotas=False)
    first = state.fleet.accounts[0]
    theirs = next(g for g in state.fleet.vpn_gateways if g.account_id == first.account_id)
    parameters = {"RegionId": theirs.region_id, "VpnGatewayId": theirs.vpn_gateway_id}
    answers = [
        ask(state, signer_of(state, account=n), "DescribeVpnRouteEntries", **parameters)
        for n in (0, 1)
    ]
    assert [answer.get("Code") for answer in answers] == [
        None,
        "InvalidVpnGatewayInstanceId.NotFound",
    ]
