"""What doctor finds, and what it says to do. Over a socket; each emulator with one thing wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

import pandas as pd
import pytest
from helpers import leaks

import vpnframe as vf
from vpnframe import schema
from vpnframe.cloud.messages import Request, Response
from vpnframe.cloud.permissions import needed
from vpnframe.emulator import ServerSettings, State, make_fleet, make_state, serve_in_thread

FLEET = make_fleet(connections=30, regions=3)
LOOSE = make_fleet(connections=60, regions=1, seed=3)
Fault = Callable[[Request, int], Response | None]


def examined(
    state: State | None = None,
    *,
    fault: Fault | None = None,
    server: ServerSettings | None = None,
    secret: str | None = None,
    **options: Any,
) -> pd.DataFrame:
    state = state or make_state(FLEET, quotas=False)
    if fault:
        state.faults.append(fault)
    with serve_in_thread(state, server) as cloud:
        keys = vf.Credentials(cloud.access_key_id, secret or cloud.access_key_secret)
        table = vf.doctor(endpoint=cloud.endpoint, credentials=keys, **options)
    schema.validate("doctor", table)
    assert table["remedy"].notna().equals(table["status"] != "ok")
    return table


def row(table: pd.DataFrame, check: str) -> dict[str, Any]:
    (found,) = table[table["check"] == check].to_dict("records")
    return dict(found)


def denying(action: str) -> Fault:
    body = b'{"Code": "Forbidden.RAM", "Message": "User not authorized to operate"}'

    def deny(request: Request, number: int) -> Response | None:
        return Response(403, {}, body) if request.headers["x-acs-action"] == action else None

    return deny


def test_a_good_account_is_ok_throughout() -> None:
    """Who it is, how many connections where, and how long it will take."""
    table = examined()
    assert set(table["status"]) == {"ok"}
    assert row(table, "identity")["detail"] == FLEET.accounts[0].arn
    assert set(table["account_id"]) == {FLEET.accounts[0].account_id}
    regions = table[table["check"] == "region"]
    assert regions["region_id"].tolist() == sorted(r.region_id for r in FLEET.regions)
    assert (
        "30 connections: about 0 s with 15 downloads per quota window"
        in row(table, "estimate")["detail"]
    )


def test_it_asks_the_smallest_questions() -> None:
    """One row a page, one download, and no more calls than it says."""
    state, asked = make_state(FLEET, quotas=False), []

    def keep(request: Request, number: int) -> None:
        asked.append((request.headers["x-acs-action"], "PageSize=1&" in request.query))

    state.faults.append(keep)
    examined(state)
    assert all(small for action, small in asked if action.startswith("DescribeVpn"))
    assert [action for action, _ in asked].count("DownloadVpnConnectionConfig") == 1
    assert len(asked) == 2 + len(FLEET.regions) + len(needed())


@pytest.mark.parametrize("action", needed())
def test_a_missing_permission_is_named_with_its_remedy(action: str) -> None:
    """And only that one."""
    table = examined(fault=denying(action))
    missing = table[table["status"] == "missing"]
    assert missing["check"].tolist() == [f"vpc:{action}"]
    assert f"allow vpc:{action} to {FLEET.accounts[0].arn}" in missing["remedy"].iloc[0]
    assert "doctor --policy" in missing["remedy"].iloc[0]


def test_without_a_connection_a_download_cannot_be_tried() -> None:
    """Nor can the routes of a gateway or an attachment: that is unknown, and no fault."""
    table = examined(make_state(make_fleet(connections=0, regions=1)))
    unknown = table[table["status"] == "unknown"]
    assert unknown["check"].tolist() == [
        *("vpc:DescribeVpnRouteEntries", "vpc:DescribeVpnPbrRouteEntries"),
        *("vpc:DescribeVcoRouteEntries", "vpc:DownloadVpnConnectionConfig"),
    ]
    assert (table["status"] != "missing").all()


def test_a_refused_list_does_not_hide_what_others_name() -> None:
    """An attachment that the first row of a region shows is tried though attachments are denied."""
    state = make_state(make_fleet(connections=30, regions=3, seed=2), quotas=False)
    table = examined(state, fault=denying("DescribeVpnAttachments"))
    assert row(table, "vpc:DescribeVpnAttachments")["status"] == "missing"
    assert row(table, "vpc:DescribeVcoRouteEntries")["status"] == "ok"


def test_without_routes_their_permissions_are_not_asked_for() -> None:
    """A fetch without routes needs none of them."""
    table = examined(settings=vf.FetchSettings(routes=False))
    assert not table["check"].str.contains("Route|Vpcs").any()
    assert set(table["status"]) == {"ok"}


def test_a_wrong_secret_ends_it_at_once() -> None:
    """It is not shown."""
    table = examined(secret="hush-hush-hush")
    assert table["check"].tolist() == ["credentials", "identity"]
    assert "SignatureDoesNotMatch" in row(table, "identity")["detail"]
    assert "hush" not in table.to_csv()


def test_no_credentials_at_all_are_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to do, and nothing of what the library said."""

    def refuse(profile: str | None) -> None:
        raise vf.SettingsError("no Alibaba Cloud credentials were found: set ALIBABA_...")

    monkeypatch.setattr("vpnframe.cloud.credentials._resolve", refuse)
    table = vf.doctor(endpoint="http://127.0.0.1:9")
    assert table[["check", "status"]].to_numpy().tolist() == [["credentials", "missing"]]


def test_a_clock_that_is_off_is_told() -> None:
    """By how much; calls are corrected all the same."""
    state = make_state(FLEET, quotas=False)
    state.clock_offset_s = 1200.0
    clock = row(examined(state), "clock")
    assert clock["status"] == "missing"
    assert clock["detail"] in ("the server is 1200 s ahead", "the server is 1199 s ahead")


def test_a_region_that_does_not_answer_is_named() -> None:
    """The remedy includes to leave it out; the others are ok."""
    dead = FLEET.regions[1].region_id

    def refuse(request: Request, number: int) -> Response | None:
        body = b'{"Code": "InvalidRegionId.NotFound", "Message": "none"}'
        return Response(404, {}, body) if "RegionId=cn-nowhere" in request.query else None

    table = examined(fault=refuse, regions=[dead, "cn-nowhere"])
    bad = table[table["status"] == "missing"]
    assert bad["region_id"].tolist() == ["cn-nowhere"]
    assert "--skip-region" in bad["remedy"].iloc[0]


def test_a_listed_region_that_says_it_does_not_exist_is_named() -> None:
    """The account's list has it, so nobody knows what it holds."""
    absent = FLEET.regions[0].region_id

    def refuse(request: Request, number: int) -> Response | None:
        body = b'{"Code": "InvalidRegionId.NotFound", "Message": "none"}'
        return Response(404, {}, body) if f"RegionId={absent}" in request.query else None

    table = examined(fault=refuse)
    (bad,) = table[table["status"] != "ok"].to_dict("records")
    assert (bad["region_id"], bad["check"], bad["status"]) == (absent, "region", "missing")
    assert "--skip-region" in bad["remedy"]


def answering(code: str, action: str) -> Fault:
    body = json.dumps({"Code": code, "Message": "no"}).encode()

    def answer(request: Request, number: int) -> Response | None:
        return Response(404, {}, body) if request.headers["x-acs-action"] == action else None

    return answer


def test_a_host_without_a_call_needs_no_permission() -> None:
    """Whether it would be allowed is unknown; the remedy is another host."""
    found = row(
        examined(fault=answering("InvalidAction.NotFound", "DescribeVpcs")), "vpc:DescribeVpcs"
    )
    assert found["status"] == "unknown"
    assert "--endpoint" in found["remedy"]


def test_a_download_that_holds_nothing_is_allowed() -> None:
    """An empty configuration is an answer, and no refusal."""

    def empty(request: Request, number: int) -> Response | None:
        body = b'{"VpnConnectionConfig": {"IkeConfig": {}, "IpsecConfig": {}}}'
        is_download = request.headers["x-acs-action"] == "DownloadVpnConnectionConfig"
        return Response(200, {}, body) if is_download else None

    assert row(examined(fault=empty), "vpc:DownloadVpnConnectionConfig")["status"] == "ok"


@pytest.mark.parametrize("count", ["-3", '"many"', "1" + "0" * 30])
def test_a_count_that_makes_no_sense_is_no_size(count: str) -> None:
    """The region is not said to have so many connections, or none."""
    state = make_state(FLEET, quotas=False)
    rows = '{"VpnConnection": [{"VpnConnectionId": "vco-1"}]}'
    body = f'{{"TotalCount": {count}, "VpnConnections": {rows}}}'.encode()

    def answer(request: Request, number: int) -> Response | None:
        is_list = request.headers["x-acs-action"] == "DescribeVpnConnections"
        return Response(200, {}, body) if is_list else None

    table = examined(state, fault=answer)
    regions = table[table["check"] == "region"]
    assert set(regions["status"]) == {"unknown"}
    assert regions["detail"].str.contains("TotalCount is").all()


def test_a_connection_attached_to_nothing_is_no_sample() -> None:
    """Its configuration is not asked for: there is none."""
    loose = {c.vpn_connection_id for c in LOOSE.connections if c.attach_type == "NO_ASSOCIATED"}
    state = make_state(LOOSE, quotas=False)
    asked: list[str] = []

    def keep(request: Request, number: int) -> None:
        if request.headers["x-acs-action"] == "DownloadVpnConnectionConfig":
            asked.append(dict(parse_qsl(request.query))["VpnConnectionId"])

    # Only such connections are listed first.
    for held in state._holdings.values():
        held.connections.sort(key=lambda c: c.vpn_connection_id not in loose)
    table = examined(state, fault=keep)
    assert loose
    assert not loose & set(asked)
    assert row(table, "vpc:DownloadVpnConnectionConfig")["status"] in ("ok", "unknown")


def test_an_option_that_is_wrong_is_an_error() -> None:
    """Nothing is asked then; no key is in it."""
    keys = vf.Credentials("LTAI", "hush hush")
    with pytest.raises(vf.SettingsError) as caught:
        vf.doctor(credentials=keys)
    assert not leaks(caught.value, "hush")
