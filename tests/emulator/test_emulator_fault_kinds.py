"""Fault kinds that a response can show: each does what its line says."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from test_emulator_client import NOW, signer_of

from vpnframe.cloud.messages import Response
from vpnframe.emulator import handle, make_fleet, make_state
from vpnframe.emulator.faults import KINDS, FaultyResponse, fault

FLEET = make_fleet(connections=60, regions=1)
REGION = FLEET.regions[0].region_id
LIST = "DescribeVpnConnections"
DOWNLOAD = "DownloadVpnConnectionConfig"
IDS = [connection.vpn_connection_id for connection in FLEET.connections]
SINGLE = next(c.vpn_connection_id for c in FLEET.connections if not c.is_dual)


def action_for(kind: str) -> str:
    """A call that a kind can happen to."""
    actions = KINDS[kind].actions or {LIST}
    return next((one for one in (LIST, DOWNLOAD) if one in actions), min(actions))


def strike(kind: str, action: str | None = None, **parameters: str) -> FaultyResponse:
    """Let a kind strike the first call of an action that it can happen to."""
    state = make_state(FLEET, quotas=False)
    state.faults.append(fault(kind, positions=[1]))
    parameters = {"RegionId": REGION, "VpnConnectionId": SINGLE} | parameters
    asked = signer_of(state).acs3(action or action_for(kind), parameters)
    response = handle(state, asked, NOW)
    assert isinstance(response, FaultyResponse)
    assert response.kind == kind
    return response


def read(response: Response) -> Any:
    return json.loads(response.body)


REFUSING = [k for k in KINDS.values() if k.refusal and not k.is_xml]
PURE = [k for k in KINDS.values() if k.refusal or k.edit or k.is_xml or k.rewrite]


@pytest.mark.parametrize("kind", REFUSING, ids=lambda kind: kind.name)
def test_refusal(kind: Any) -> None:
    """Code, status and header are those of the line."""
    response = strike(kind.name)
    assert read(response)["Code"] in kind.line
    assert read(response)["Code"] == kind.refusal.code
    assert response.status == kind.refusal.status
    after = response.headers.get("x-acs-retry-after")
    assert ("retry-after" in kind.name) == (after is not None)
    assert after is None or f"x-acs-retry-after: {after}" in kind.line
    assert response.headers["date"] == "Sun, 17 Mar 2030 17:46:40 GMT"


def test_throttling_in_every_way() -> None:
    """Six codes with four statuses each, with and without the header."""
    refusals = [k.refusal for k in REFUSING if "hrottling" in k.name]
    ways = {(one.code, one.status, one.retry_after_ms) for one in refusals}
    assert len(ways) >= 48
    assert {code for code, _, _ in ways} == {
        "Throttling",
        "Throttling.User",
        "Throttling.Api",
        "Throttling.Api.Concurrency",
        "THROTTLING.user",
        "Rejected.Throttling",
    }
    assert {status for _, status, _ in ways} == {400, 429, 503, 200}


def test_refusal_in_xml() -> None:
    """An XML error where JSON was asked for."""
    response = strike("throttling-xml")
    assert response.headers["content-type"] == "text/xml;charset=utf-8"
    assert ET.fromstring(response.body).findtext("Code") == "Throttling.User"  # noqa: S314


@pytest.mark.parametrize(
    ("kind", "status", "start"),
    [
        ("proxy-429", 429, b""),
        ("proxy-403", 403, b""),
        ("bad-gateway-502", 502, b"<html>"),
        ("unavailable-503-html", 503, b"<html>"),
        ("gateway-timeout-504", 504, b""),
        ("plain-500", 500, b"upstream died"),
        ("html-200", 200, b"<html>"),
        ("no-content-204", 204, b""),
        ("redirect-302", 302, b""),
        ("redirect-307", 307, b""),
    ],
)
def test_page(kind: str, status: int, start: bytes) -> None:
    """Something that is not the API answers."""
    response = strike(kind)
    assert response.status == status
    assert response.body.startswith(start)
    assert bool(response.body) == bool(start)
    assert ("location" in response.headers) == kind.startswith("redirect")


STRICTLY_BROKEN = [
    "truncated-json", "empty-body-200", "trailing-garbage", "bom", "utf-16", "non-utf-8",
    "control-character",
]  # fmt: skip


@pytest.mark.parametrize("kind", STRICTLY_BROKEN)
def test_body_that_cannot_be_read(kind: str) -> None:
    """A strict reader finds no JSON, though the status is 200."""
    response = strike(kind)
    assert response.status == 200
    with pytest.raises((UnicodeDecodeError, json.JSONDecodeError)):
        json.loads(response.body.decode("utf-8"))


@pytest.mark.parametrize(
    ("kind", "part"),
    [
        ("nan", b'"Load":NaN,'),
        ("infinity", b'"Load":-Infinity,'),
        ("huge-number", b"9" * 5000),
        ("lone-surrogate", b'"Note":"\\ud83d",'),
        ("deep-nesting", b"[" * 20_000),
    ],
)
def test_body_with_a_bad_member(kind: str, part: bytes) -> None:
    """The bad member stands before the true ones."""
    body = strike(kind).body
    assert part in body
    assert b'"VpnConnections":{"VpnConnection":[{' in body


@pytest.mark.parametrize(
    ("kind", "value"), [("json-null", None), ("json-empty-object", {}), ("json-list", [None])]
)
def test_body_of_another_shape(kind: str, value: Any) -> None:
    """The body is JSON, and no answer."""
    found = read(strike(kind))
    assert type(found) is type(value)
    assert len(found or ()) == len(value or ())


@pytest.mark.parametrize(
    ("kind", "content_type"), [("content-type-html", "text/html"), ("content-type-absent", None)]
)
def test_content_type(kind: str, content_type: str | None) -> None:
    """The body is the true answer, the header is not."""
    response = strike(kind)
    assert response.headers.get("content-type") == content_type
    assert read(response)["TotalCount"] == 1


@pytest.mark.parametrize("kind", ["xml", "xml-as-json"])
def test_xml_where_json_was_asked(kind: str) -> None:
    """The true answer comes in XML."""
    response = strike(kind)
    assert ("json" in response.headers["content-type"]) == (kind == "xml-as-json")
    root = ET.fromstring(response.body)  # noqa: S314
    assert root.findtext("VpnConnections/VpnConnection/VpnConnectionId") == SINGLE


def pairs_of(response: Response) -> list[tuple[str, Any]]:
    """Read the members of an answer with their doubles."""
    pairs: list[tuple[str, Any]] = json.loads(response.body, object_pairs_hook=lambda p: p)
    return pairs


def test_duplicate_keys() -> None:
    """Every member stands twice with one value."""
    pairs = pairs_of(strike("duplicate-keys"))
    assert len(pairs) % 2 == 0
    assert pairs[: len(pairs) // 2] == pairs[len(pairs) // 2 :]


def test_duplicate_keys_that_differ() -> None:
    """The list stands once filled and once, behind it, empty."""
    pairs = pairs_of(strike("duplicate-keys-empty"))
    lists = [value for name, value in pairs if name == "VpnConnections"]
    assert bool(lists[0])
    assert lists[1:] == [[]]


def names_in(value: Any) -> set[str]:
    """Collect the names of all members, however deep."""
    if isinstance(value, dict):
        return set(value).union(*map(names_in, value.values()))
    return set().union(*map(names_in, value)) if isinstance(value, list) else set()


@pytest.mark.parametrize("action", [LIST, DOWNLOAD])
@pytest.mark.parametrize(
    ("kind", "gone"),
    [
        ("ike-config-missing", {"IkeConfig", "TunnelIkeConfig", "Psk"}),
        ("ipsec-config-missing", {"IpsecConfig", "TunnelIpsecConfig"}),
        ("psk-absent", {"Psk"}),
    ],
)
def test_missing_block(kind: str, gone: set[str], action: str) -> None:
    """The block stands nowhere in the answer; the rest does."""
    for connection_id in IDS[:10]:
        names = names_in(read(strike(kind, action, VpnConnectionId=connection_id)))
        assert not names & gone
        assert "LocalSubnet" in names


@pytest.mark.parametrize(
    ("kind", "check"),
    [
        ("config-missing", lambda tree: "VpnConnectionConfig" not in tree),
        ("config-null", lambda tree: tree["VpnConnectionConfig"] is None),
        ("config-empty", lambda tree: not any(tree["VpnConnectionConfig"].values())),
        ("config-unknown", lambda tree: list(tree["VpnConnectionConfig"]) == ["A"]),
    ],
)
def test_missing_config(kind: str, check: Callable[[Any], bool]) -> None:
    """The download answers without a configuration."""
    assert check(read(strike(kind)))


def row_of(kind: str) -> Any:
    return read(strike(kind))["VpnConnections"]["VpnConnection"][0]


@pytest.mark.parametrize(("kind", "value"), [("ike-config-null", None), ("ike-config-number", 7)])
def test_block_of_another_type(kind: str, value: int | None) -> None:
    """Where an object is expected something else stands."""
    assert row_of(kind)["IkeConfig"] == value


@pytest.mark.parametrize("kind", ["psk-masked", "psk-masked-tail"])
def test_masked_psk(kind: str) -> None:
    """The key is masked in the list, in downloads, and in tunnels."""
    masks = {"****", "pskXXXXXX"}
    secrets = {t.psk for c in FLEET.connections for t in c.tunnels if t.psk} - masks
    assert row_of(kind)["IkeConfig"]["Psk"] in masks
    for connection_id in IDS[:10]:
        body = strike(kind, DOWNLOAD, VpnConnectionId=connection_id).body.decode()
        assert not [secret for secret in secrets if f'"Psk":{json.dumps(secret)}' in body]


def rows_after(kind: str) -> tuple[list[Any], Any]:
    """Rows of the first page of 50, and the count."""
    page = read(strike(kind, LIST, VpnConnectionId="", PageSize="50"))
    return page["VpnConnections"]["VpnConnection"], page.get("TotalCount")


def ids_in(rows: list[Any]) -> list[str | None]:
    return [row and row.get("VpnConnectionId") for row in rows]


@pytest.mark.parametrize(
    ("kind", "ids", "count"),
    [
        ("row-null", [None, *IDS[1:50]], 60),
        ("row-without-id", [None, *IDS[1:50]], 60),
        ("row-twice", [IDS[0], *IDS[:50]], 60),
        ("row-lost", IDS[:49], 60),
        ("total-count-changing", IDS[:50], 61),
        ("total-count-absent", IDS[:50], None),
        ("total-count-negative", IDS[:50], -1),
        ("total-count-text", IDS[:50], "plenty"),
        ("total-count-huge", IDS[:50], 10**15),
        ("total-count-zero", IDS[:50], 0),
        ("numbers-as-text", IDS[:50], "60"),
        ("unknown-fields", IDS[:50], 60),
        ("code-of-success", IDS[:50], 60),
    ],
)
def test_rows(kind: str, ids: list[str | None], count: Any) -> None:
    """Rows and count are what the line says."""
    rows, total = rows_after(kind)
    assert (ids_in(rows), total) == (ids, count)


@pytest.mark.parametrize(
    ("action", "name"),
    [
        (LIST, "VpnConnections"),
        ("DescribeVpnGateways", "VpnGateways"),
        ("DescribeCustomerGateways", "CustomerGateways"),
        ("DescribeVpnAttachments", "VpnAttachments"),
        ("DescribeRegions", "Regions"),
    ],
)
def test_list_left_out_or_null(action: str, name: str) -> None:
    """The list of every list call can be missing or null."""
    assert name not in read(strike("list-missing", action))
    assert read(strike("list-null", action))[name] is None


def test_unlisted_gateway() -> None:
    """The page shows one less, and counts one less."""
    asked = {"RegionId": REGION, "PageSize": "50"}
    for action, outer in (
        ("DescribeVpnGateways", "VpnGateways"),
        ("DescribeCustomerGateways", "CustomerGateways"),
    ):
        whole = make_state(FLEET, quotas=False)
        true = read(handle(whole, signer_of(whole).acs3(action, asked), NOW))
        found = read(strike("gateway-unlisted", action, PageSize="50"))
        (inner,) = true[outer]
        assert found[outer][inner] == true[outer][inner][1:]
        assert found["TotalCount"] == true["TotalCount"] - 1


def test_unknown_fields_are_everywhere() -> None:
    """Every object has members that no client knows; what it had it keeps."""
    row = row_of("unknown-fields")
    assert {"FutureField", "FutureBlock", "VpnConnectionId"} <= set(row)
    assert "FutureField" in row["IkeConfig"]


def test_numbers_as_text_leave_flags_alone() -> None:
    """Lifetimes are text, flags stay flags."""
    row = row_of("numbers-as-text")
    assert row["IkeConfig"]["IkeLifetime"].isdecimal()
    assert row["EffectImmediately"] in (True, False)


def test_code_of_success() -> None:
    """The true answer bears the code of a success."""
    assert read(strike("code-of-success"))["Code"] == "200"


@pytest.mark.parametrize("kind", PURE, ids=lambda kind: kind.name)
def test_answer_differs_from_the_true_one(kind: Any) -> None:
    """Every kind of this sort changes something: no name is idle."""
    parameters = {"RegionId": REGION, "VpnConnectionId": SINGLE}
    state = make_state(FLEET, quotas=False)
    true = handle(state, signer_of(state).acs3(action_for(kind.name), parameters), NOW)
    found = strike(kind.name)
    assert (found.status, found.headers, found.body) != (true.status, true.headers, true.body)
