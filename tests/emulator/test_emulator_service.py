"""The emulator's calls without a socket: paging, filters, errors, accounts, formats."""

from __future__ import annotations

import json
from typing import Any

import pytest
from defusedxml import ElementTree
from test_emulator_client import HOST, NOW, Signer, ask, code_of, signer_of

from vpnframe.emulator import State, handle, make_fleet, make_state
from vpnframe.emulator.faults import fault
from vpnframe.emulator.listing import LISTS

REGION = "cn-hangzhou"


@pytest.fixture
def state() -> State:
    """An emulator with a fleet in three regions and no quota in the way."""
    return make_state(make_fleet(connections=150, regions=3), quotas=False)


@pytest.fixture
def signer(state: State) -> Signer:
    """The first account's signer."""
    return signer_of(state)


def rows_of(page: dict[str, Any], action: str) -> list[dict[str, Any]]:
    """Take the rows out of a page."""
    outer, *inner = LISTS[action].path
    return page[outer][inner[0]] if inner else page[outer]


@pytest.mark.parametrize(
    ("action", "id_name"),
    [
        ("DescribeVpnConnections", "VpnConnectionId"),
        ("DescribeVpnGateways", "VpnGatewayId"),
        ("DescribeCustomerGateways", "CustomerGatewayId"),
        ("DescribeVpnAttachments", "InstanceId"),
    ],
)
def test_every_row_stands_on_one_page(
    state: State, signer: Signer, action: str, id_name: str
) -> None:
    """All pages together hold every row once, and TotalCount says how many."""
    ids: list[str] = []
    for number in range(1, 30):
        page = ask(state, signer, action, RegionId=REGION, PageNumber=f"{number}", PageSize="7")
        rows = rows_of(page, action)
        assert (page["PageNumber"], page["PageSize"]) == (number, 7)
        if not rows:
            break
        ids += [row[id_name] for row in rows]
    assert len(ids) == len(set(ids)) == page["TotalCount"] > 1


def test_ten_rows_by_default(state: State, signer: Signer) -> None:
    """Who names no page size gets ten rows."""
    page = ask(state, signer, "DescribeVpnConnections", RegionId=REGION)
    assert len(rows_of(page, "DescribeVpnConnections")) == page["PageSize"] == 10


def test_fifty_rows_at_most(state: State, signer: Signer) -> None:
    """Fifty rows are a page; fifty-one are refused."""
    page = ask(state, signer, "DescribeVpnConnections", RegionId=REGION, PageSize="50")
    assert page["PageSize"] == 50
    refusal = ask(state, signer, "DescribeVpnConnections", RegionId=REGION, PageSize="51")
    assert refusal["Code"] == "InvalidParameter"


@pytest.mark.parametrize("value", ["0", "-1", "ten", "1.5"])
@pytest.mark.parametrize("name", ["PageSize", "PageNumber"])
def test_page_has_to_be_a_number(state: State, signer: Signer, name: str, value: str) -> None:
    """A page that is no number from 1 is refused, by name."""
    refusal = ask(state, signer, "DescribeVpnGateways", RegionId=REGION, **{name: value})
    assert refusal["Code"] == "InvalidParameter"
    assert f'"{name}"' in refusal["Message"]


@pytest.mark.parametrize("name", ["VpnGatewayId", "CustomerGatewayId", "ResourceGroupId"])
def test_filter(state: State, signer: Signer, name: str) -> None:
    """A filter gives the connections that bear the value, all of them and no other."""
    held = state.holdings_of(state.fleet.accounts[0].account_id, REGION).connections
    sample = next(c for c in held if c.vpn_gateway_id)
    values = {
        "VpnGatewayId": lambda c: {c.vpn_gateway_id},
        "CustomerGatewayId": lambda c: {t.customer_gateway_id for t in c.tunnels},
        "ResourceGroupId": lambda c: {c.resource_group_id},
    }[name]
    (wanted,) = sorted(values(sample))[:1]
    parameters = {"RegionId": REGION, "PageSize": "50", name: wanted}
    page = ask(state, signer, "DescribeVpnConnections", **parameters)
    found = {row["VpnConnectionId"] for row in rows_of(page, "DescribeVpnConnections")}
    assert found == {c.vpn_connection_id for c in held if wanted in values(c)}


def test_tag_filter_needs_all_tags(state: State, signer: Signer) -> None:
    """Several tags narrow down; a key without a value stands for any value."""
    held = state.holdings_of(state.fleet.accounts[0].account_id, REGION).connections
    owner = next(tag for c in held for tag in c.tags if tag.key == "owner")
    parameters = {
        "RegionId": REGION,
        "PageSize": "50",
        "Tag.1.Key": "owner",
        "Tag.1.Value": owner.value,
        "Tag.2.Key": "env",
    }
    page = ask(state, signer, "DescribeVpnConnections", **parameters)
    found = {row["VpnConnectionId"] for row in rows_of(page, "DescribeVpnConnections")}
    assert found == {c.vpn_connection_id for c in held if owner in c.tags}


def test_download_of_every_connection(state: State, signer: Signer) -> None:
    """Every connection can be downloaded in its own region."""
    for connection in state.fleet.connections:
        answer = ask(
            state,
            signer,
            "DownloadVpnConnectionConfig",
            RegionId=connection.region_id,
            VpnConnectionId=connection.vpn_connection_id,
        )
        assert "VpnConnectionConfig" in answer


def test_regions(state: State, signer: Signer) -> None:
    """DescribeRegions takes no region and names every region's endpoint."""
    rows = ask(state, signer, "DescribeRegions")["Regions"]["Region"]
    assert [row["RegionEndpoint"] for row in rows] == [
        f"vpc.{region.region_id}.aliyuncs.com" for region in state.fleet.regions
    ]


def test_caller_identity(state: State, signer: Signer) -> None:
    """The Sts call names the account, under its own version."""
    request = signer.acs3("GetCallerIdentity", headers={"x-acs-version": "2015-04-01"})
    answer = json.loads(handle(state, request, NOW).body)
    assert answer["AccountId"] == state.fleet.accounts[0].account_id
    assert answer["IdentityType"] == "RAMUser"


@pytest.mark.parametrize(
    ("action", "parameters", "status", "code"),
    [
        ("DescribeVpnFlowers", {"RegionId": REGION}, 404, "InvalidAction.NotFound"),
        ("DescribeVpnGateways", {"RegionId": "mars-1"}, 404, "InvalidRegionId.NotFound"),
        ("DescribeVpnGateways", {}, 400, "MissingParameter"),
        ("DownloadVpnConnectionConfig", {"RegionId": REGION}, 400, "MissingParameter"),
        (
            "DownloadVpnConnectionConfig",
            {"RegionId": REGION, "VpnConnectionId": "vco-gone"},
            404,
            "InvalidVpnConnectionInstanceId.NotFound",
        ),
    ],
)
def test_documented_error(
    state: State,
    signer: Signer,
    action: str,
    parameters: dict[str, str],
    status: int,
    code: str,
) -> None:
    """A wrong call gets the documented code and status, the same in JSON and in XML."""
    response = handle(state, signer.acs3(action, parameters), NOW)
    assert code_of(response) == (status, code)
    assert set(json.loads(response.body)) == {
        *("RequestId", "HostId", "Code", "Message", "Recommend"),
    }
    xml = handle(state, signer.acs3(action, parameters, headers={"accept": "*/*"}), NOW)
    root = ElementTree.fromstring(xml.body)
    assert (xml.status, root.tag, root.findtext("Code")) == (status, "Error", code)
    assert [child.tag for child in root] == ["RequestId", "HostId", "Code", "Message"]
    assert root.findtext("HostId") == HOST


def test_missing_parameter_is_named(state: State, signer: Signer) -> None:
    """The message says which parameter is missing, in the documented words."""
    answer = ask(state, signer, "DownloadVpnConnectionConfig", RegionId=REGION)
    assert answer["Message"] == (
        'The input parameter "VpnConnectionId" that is mandatory for processing this request '
        "is not supplied."
    )


def test_another_version(state: State, signer: Signer) -> None:
    """A version that the product does not have is refused."""
    request = signer.acs3("DescribeRegions", headers={"x-acs-version": "2014-05-26"})
    assert code_of(handle(state, request, NOW)) == (400, "InvalidVersion")


def test_another_method(state: State, signer: Signer) -> None:
    """Only GET and POST are answered."""
    request = signer.acs3("DescribeRegions", method="DELETE")
    assert code_of(handle(state, request, NOW))[1] == "UnsupportedHTTPMethod"


@pytest.mark.parametrize(
    ("parameters", "accept", "kind"),
    [
        ({}, "application/json", "application/json;charset=utf-8"),
        ({}, "*/*", "text/xml;charset=utf-8"),
        ({"Format": "json"}, "*/*", "application/json;charset=utf-8"),
        ({"Format": "XML"}, "application/json", "text/xml;charset=utf-8"),
    ],
)
def test_format(
    state: State, signer: Signer, parameters: dict[str, str], accept: str, kind: str
) -> None:
    """XML comes unless JSON is asked for, and ``Format`` outweighs the header."""
    request = signer.acs3("DescribeRegions", parameters, headers={"accept": accept})
    assert handle(state, request, NOW).headers["content-type"] == kind


def test_accounts_see_their_own() -> None:
    """No account reads, or even finds, a connection of another one."""
    state = make_state(make_fleet(connections=40, regions=2, accounts=2), quotas=False)
    signers = [signer_of(state, account=account) for account in (0, 1)]
    seen = []
    for signer in signers:
        for region in state.fleet.regions:
            page = ask(
                state,
                signer,
                "DescribeVpnConnections",
                RegionId=region.region_id,
                PageSize="50",
            )
            seen += [row["VpnConnectionId"] for row in rows_of(page, "DescribeVpnConnections")]
    assert len(seen) == len(set(seen)) == 40
    stranger = state.fleet.connections[0]
    answer = ask(
        state,
        signers[1],
        "DownloadVpnConnectionConfig",
        RegionId=stranger.region_id,
        VpnConnectionId=stranger.vpn_connection_id,
    )
    assert answer["Code"] == "InvalidVpnConnectionInstanceId.NotFound"


def test_empty_fleet() -> None:
    """An emulator without connections answers with empty lists."""
    state = make_state(make_fleet(connections=0, regions=1))
    signer = signer_of(state)
    for action in ("DescribeVpnConnections", "DescribeVpnAttachments", "DescribeVpnGateways"):
        page = ask(state, signer, action, RegionId=REGION)
        assert rows_of(page, action) == []
        assert page["TotalCount"] == 0


def test_the_same_calls_get_the_same_answers() -> None:
    """Two emulators of one seed answer alike, request ids included."""
    answers = []
    for _ in range(2):
        state = make_state(make_fleet(connections=9, regions=1))
        request = signer_of(state).acs3("DescribeVpnConnections", {"RegionId": REGION})
        answers.append(handle(state, request, NOW))
    assert answers[0] == answers[1]


def test_date_header_is_the_clock(state: State, signer: Signer) -> None:
    """The answer tells the emulator's time, errors too."""
    response = handle(state, signer.acs3("DescribeRegions", now=NOW - 5000), NOW)
    assert response.status == 400
    assert response.headers["date"] == "Sun, 17 Mar 2030 17:46:40 GMT"


def test_calls_are_counted(state: State, signer: Signer) -> None:
    """Tests can see which calls were made of which account and region."""
    ask(state, signer, "DescribeVpnGateways", RegionId=REGION)
    account_id = state.fleet.accounts[0].account_id
    assert dict(state.calls) == {(account_id, REGION, "DescribeVpnGateways"): 1}


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("throttling-user-400", 400),
        ("service-unavailable-503", 503),
        ("bad-gateway-502", 502),
        ("truncated-json", 200),
    ],
)
def test_fault(state: State, signer: Signer, kind: str, status: int) -> None:
    """A fault answers the requests it is meant for, and lets the others through."""
    state.faults.append(fault(kind, positions=[2]))
    responses = [handle(state, signer.acs3("DescribeRegions"), NOW) for _ in range(2)]
    assert responses[0].status == 200
    assert responses[1].status == status
    assert responses[1].body != responses[0].body


def test_repr_tells_no_secret(state: State) -> None:
    """What a traceback could show of the emulator holds no key."""
    text = repr(state) + repr(state.credentials) + repr(state.fleet.connections)
    secrets = {t.psk for c in state.fleet.connections for t in c.tunnels if t.psk}
    secrets |= {account.access_key_secret for account in state.fleet.accounts}
    assert secrets
    assert not [secret for secret in secrets if secret in text]
