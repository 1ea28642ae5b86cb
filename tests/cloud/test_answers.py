"""Whole answers to records: published ones, odd ones, mutated ones, and no secret in any."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
from helpers import leaks, response
from hypothesis import given, settings
from hypothesis import strategies as st

from vpnframe.cloud.answers import (
    Page,
    action_of,
    decode_account_id,
    decode_download,
    decode_page,
)
from vpnframe.cloud.messages import Request, Response
from vpnframe.cloud.signing import Call, Credentials, authorization, sign
from vpnframe.emulator import State, handle, make_fleet, make_state
from vpnframe.errors import RequestError, ResponseError, StatusError
from vpnframe.model.records import End, Gateway, Phases, Proposal, Region, Statement

DATA = Path(__file__).parents[1] / "data"
FILES = sorted([*(DATA / "answers").iterdir(), *(DATA / "samples").iterdir()])
DOWNLOAD = "DownloadVpnConnectionConfig"
LISTS = (
    "DescribeRegions",
    "DescribeVpnGateways",
    "DescribeCustomerGateways",
    "DescribeVpnConnections",
    "DescribeVpnAttachments",
)
WEAK = Proposal(encryption="aes-128-cbc", integrity="hmac-sha1", dh_group=2, lifetime_s=86400)
MAIN = Phases(ike_version=1, ike_mode="main", ike=WEAK, ipsec=WEAK)
ERRORS = {
    "Error.alidns-InvalidAccessKeyId.NotFound.json": "InvalidAccessKeyId.NotFound",
    "Error.location-InvalidRegionId.json": "InvalidRegionId",
    "Error.throttling-200-with-Code.json": "Throttling.User",
    "Error.throttling-429.json": "Throttling.User",
    "Error.vpc-OperationFailed.NormalInventoryNotEnough.json": (
        "OperationFailed.NormalInventoryNotEnough"
    ),
    "error-not-found.xml": "InvalidVpnConnectionInstanceId.NotFound",
    "error-throttling.json": "Throttling.User",
}
SINGULAR = ("DescribeCustomerGateway", "DescribeVpnGateway")
# Two files hold one documented answer, up to what the documentation itself wrote differently.
PAIRS = [
    ("DescribeCustomerGateways.docs20190604-30d28e", "DescribeCustomerGateways"),
    ("DescribeCustomerGateways.docs20201120-57a8ef", "DescribeCustomerGateways"),
    ("DescribeVpnConnection.docs20190604-385164", "DescribeVpnConnections"),
    ("DescribeVpnConnections.docs20190903-0f09f4", "DescribeVpnConnections"),
    ("DescribeVpnConnections.docs20201120-5f6d63", "DescribeVpnConnections"),
    ("DescribeVpnGateways.docs20190604-1bb667", "DescribeVpnGateways"),
    ("DescribeVpnGateways.docs20201120-9579be", "DescribeVpnGateways"),
    ("DownloadVpnConnectionConfig.docs20190604-981d1a", DOWNLOAD),
]


def saved(name: str) -> Response:
    folder = "samples" if (DATA / "samples" / name).exists() else "answers"
    return Response(200, {}, (DATA / folder / name).read_bytes())


def download_of(name: str) -> Statement:
    return decode_download(saved(name), vpn_connection_id="vco-1")


def listed_of(name: str) -> Statement:
    (row,) = decode_page(saved(name), action="DescribeVpnConnections").rows
    assert isinstance(row, Statement)
    return row


def decode(answer: Response, action: str) -> Statement | Page:
    if action == DOWNLOAD:
        return decode_download(answer, vpn_connection_id="vco-1")
    return decode_page(answer, action=action)


def unnamed(answer: Statement | Page) -> Statement | Page:
    """Without request ids, which differ between two documented answers."""
    if isinstance(answer, Statement):
        return msgspec.structs.replace(answer, request_id=None)
    rows = tuple(unnamed(row) if isinstance(row, Statement) else row for row in answer.rows)
    return Page(rows, answer.total_count, None, answer.notes)  # type: ignore[arg-type]


# --- published answers ---------------------------------------------------------------------------


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_file_decodes_or_is_refused(path: Path) -> None:
    """An error by its code, an answer that is not ours by its action, all others without notes."""
    answer = saved(path.name)
    if path.name in ERRORS:
        with pytest.raises(StatusError) as caught:
            action_of(answer)
        assert caught.value.code == ERRORS[path.name]
        return
    action = action_of(answer)
    if action in SINGULAR:
        assert path.name.startswith(f"{action}.")
        return
    decoded = decode(answer, str(action))
    assert decoded.notes == ()
    assert path.name.startswith(("download-", DOWNLOAD)) == (action == DOWNLOAD)


@pytest.mark.parametrize(("stem", "action"), PAIRS)
def test_xml_and_json_give_equal_records(stem: str, action: str) -> None:
    """But for the request's id."""
    xml, plain = (decode(saved(f"{stem}-{end}"), action) for end in ("1.xml", "2.json"))
    assert unnamed(xml) == unnamed(plain)


def test_single_sample_is_the_same_in_both_formats() -> None:
    """Records do not know where they came from."""
    xml, plain = download_of("download-single.xml"), download_of("download-single.json")
    assert unnamed(xml) == unnamed(plain)
    assert xml.request_id == "6F4A035F-7060-45D7-B9BD-719372782AF6"


@pytest.mark.parametrize(
    "name",
    [
        "download-single.json",
        "download-single.xml",
        "DownloadVpnConnectionConfig.docs20190604-981d1a-1.xml",
        "DownloadVpnConnectionConfig.docs20190604-981d1a-2.json",
    ],
)
def test_single_download(name: str) -> None:
    """The documented example, value by value, in the sides of the answer itself."""
    statement = download_of(name)
    (only,) = statement.tunnels
    assert statement.local_subnets == ("2.2.2.0/24",)
    assert statement.remote_subnets == ("1.1.1.0/24", "1.1.2.0/24")
    assert only.local == End(address="139.196.32.167", ike_id="139.196.32.167")
    assert only.remote == End(address="116.62.69.64", ike_id="116.62.69.64")
    assert (only.phases, only.psk_state, only.tunnel_id) == (MAIN, "present", None)
    assert (statement.is_dual, statement.stray_tunnel) == (False, None)


@pytest.mark.parametrize("end", ["1.xml", "2.json"])
def test_masked_download(end: str) -> None:
    """Masked keys and addresses are said to be what they are."""
    statement = download_of(f"DownloadVpnConnectionConfig.docs20201120-8781b5-{end}")
    (only,) = statement.tunnels
    assert (only.psk_state, only.local.address) == ("masked", "139.196.32.xx")
    assert (only.phases, statement.local_subnets) == (MAIN, ("2.2.2.0/24",))


def test_dual_download_tunnels() -> None:
    """Each tunnel has its own algorithms, lifetimes as numbers, and its own key."""
    strong, weak = download_of("download-dual.json").tunnels
    good = Proposal(encryption="aes-256-cbc", integrity="hmac-sha256", dh_group=14)
    ike, ipsec = (msgspec.structs.replace(good, lifetime_s=s) for s in (28800, 3600))
    assert strong.phases == Phases(ike_version=2, ike_mode="main", ike=ike, ipsec=ipsec)
    assert weak.phases == Phases(
        ike_version=1,
        ike_mode="aggressive",
        ike=Proposal(encryption="3des-cbc", integrity="hmac-md5", dh_group=2, lifetime_s=86400),
        ipsec=Proposal(encryption="des-cbc", integrity="hmac-md5", dh_group=0, lifetime_s=86400),
    )
    assert [strong.tunnel_id, weak.tunnel_id] == [f"tun-opsqc4d97wni27{x * 4}" for x in "ab"]
    assert strong.psk_state == weak.psk_state == "present"


def test_dual_download_ends() -> None:
    """Addresses, ids and BGP of each tunnel."""
    strong, weak = download_of("download-dual.json").tunnels
    assert strong.bgp_tunnel_cidr == "169.254.11.0/30"
    assert strong.local == End(
        address="47.21.10.11", ike_id="47.21.10.11", asn=65530, bgp_ip="169.254.11.2"
    )
    assert strong.remote == End(
        address="47.24.10.12", ike_id="47.24.10.12", asn=45104, bgp_ip="169.254.11.1"
    )
    assert weak.local == End(address="47.21.10.13", ike_id="branch.example.com")
    assert weak.bgp_tunnel_cidr is None


def test_dual_download_keeps_the_connection_level_block_apart() -> None:
    """It differs from both tunnels, and is none."""
    statement = download_of("download-dual.json")
    assert statement.is_dual
    assert statement.stray_tunnel is not None
    assert statement.stray_tunnel.phases == MAIN
    assert statement.stray_tunnel.local.address == "139.196.32.167"
    assert statement.local_subnets == ("10.0.0.0/8",)
    assert statement.remote_subnets == ("192.168.0.0/16",)


@pytest.mark.parametrize(
    "name",
    [
        "DescribeVpnConnections.docs20190604-edc033-1.xml",
        "DescribeVpnConnections.docs20190903-0f09f4-1.xml",
        "DescribeVpnConnections.docs20190903-0f09f4-2.json",
    ],
)
def test_list_row_with_lower_case_status_and_masked_key(name: str) -> None:
    """The documentation's oddities, and the sides the other way round."""
    row = listed_of(name)
    (only,) = row.tunnels
    assert (row.name, row.status) == ("vpn连接测试", "ipsec_sa_established")
    assert (only.status, only.psk_state) == ("ipsec_sa_established", "masked")
    assert row.local_subnets == ("1.1.1.0/24", "1.1.2.0/24")
    assert row.remote_subnets == ("2.2.2.0/24",)
    assert (row.created_ms, row.effect_immediately) == (1492753817000, True)
    assert only.phases == MAIN
    assert row.request_id == "54A4B3D0-DF4D-4C54-B8DC-5DC8DD49C939"


@pytest.mark.parametrize("end", ["5f6d63-1.xml", "5f6d63-2.json", "0151ac-2.json"])
def test_list_rows_with_bgp_and_health_check(end: str) -> None:
    """Numbers and flags as text in one format, as themselves in the other."""
    name = f"DescribeVpnConnections.docs20201120-{end}"
    page = decode_page(saved(name), action="DescribeVpnConnections")
    first, second = page.rows
    assert isinstance(first, Statement)
    assert isinstance(second, Statement)
    assert (page.total_count, page.request_id) == (2, "238752DC-0693-49BE-9C85-711D5691D3E5")
    assert (first.name, second.name) == ("VPN1-CGW22", "VPN2-CGW1")
    assert (first.health_check_enabled, first.health_check_status) == (True, "failed")
    assert (first.bgp_enabled, first.tunnels[0].bgp_status) == (True, "success")
    assert first.tunnels[0].local == End(ike_id="8.xx.xx.192", asn=10001, bgp_ip="169.254.10.1")
    assert first.tunnels[0].bgp_tunnel_cidr == "169.254.10.0/30"
    assert first.tunnels[0].psk_state == second.tunnels[0].psk_state == "present"


def test_aggressive_row_of_the_older_documentation() -> None:
    """The singular page of the documentation shows the plural answer, and is read as such."""
    row = listed_of("DescribeVpnConnection.docs20190604-385164-1.xml")
    phases = row.tunnels[0].phases
    assert (phases.ike_mode, phases.ike.integrity) == ("aggressive", "hmac-sha1")
    assert phases.ipsec.integrity == "hmac-md5"
    assert row.status == "ike_sa_not_established"
    assert row.effect_immediately is False


def test_vpn_gateway_row() -> None:
    """What decides outages is kept."""
    page = decode_page(
        saved("DescribeVpnGateways.docs20190604-1bb667-2.json"), action="DescribeVpnGateways"
    )
    assert page.rows == (
        Gateway(
            gateway_id="vpn-bp1q8bgx4xnkm2ogj0fiu",
            kind="vpn",
            ip_address="116.62.69.xxx",
            status="active",
            business_status="Normal",
            vpc_id="vpc-bp1ub1yt9cvakoelj1y9c",
            created_ms=1492753580000,
            expires_ms=1495382400000,
            bandwidth_mbps=5,
        ),
    )


def test_customer_gateway_row() -> None:
    """The other end's gateway."""
    page = decode_page(
        saved("DescribeCustomerGateways.docs20190604-30d28e-1.xml"),
        action="DescribeCustomerGateways",
    )
    assert page.rows == (
        Gateway(
            gateway_id="cgw-bp1pvpl9r9adju6l5nxck",
            kind="customer",
            name="test",
            ip_address="139.196.32.xxx",
            created_ms=1492747187000,
            bgp_auth_state="absent",
        ),
    )


# --- pages and shapes ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tree", "action"),
    [
        ({"VpnConnectionConfig": {}}, DOWNLOAD),
        ({"VpnAttachments": []}, "DescribeVpnAttachments"),
        ({"Regions": {"Region": []}}, "DescribeRegions"),
        ({"VpnConnectionId": "vco-1", "IkeConfig": {}}, "DescribeVpnConnection"),
        ({"VpnRouteEntries": {}}, "DescribeVpnRouteEntries"),
        ({"VpnPbrRouteEntries": {}}, "DescribeVpnPbrRouteEntries"),
        ({"VcoRouteEntries": []}, "DescribeVcoRouteEntries"),
        ({"Vpcs": {}}, "DescribeVpcs"),
        ({"AccountId": "1", "Arn": "a"}, "GetCallerIdentity"),
        ({"Something": 1}, None),
        ({}, None),
    ],
)
def test_actions_by_shape(tree: dict[str, Any], action: str | None) -> None:
    """A saved answer does not name its action."""
    assert action_of(response(tree)) == action


def test_an_xml_root_names_its_action() -> None:
    """What we do not read is still refused by name."""
    body = b"<DescribeSslVpnServersResponse><A>1</A></DescribeSslVpnServersResponse>"
    assert action_of(response(body)) == "DescribeSslVpnServers"


@pytest.mark.parametrize(
    "rows", [[], None, "", {}, {"VpnConnection": []}, {"VpnConnection": None}, ...]
)
def test_an_empty_page(rows: object) -> None:
    """A region without connections, in every shape."""
    tree = {"TotalCount": 0, "VpnConnections": rows} if rows is not ... else {"TotalCount": 0}
    page = decode_page(response(tree), action="DescribeVpnConnections")
    assert (page.rows, page.total_count, page.notes) == ((), 0, ())


def test_a_bare_array() -> None:
    """As DescribeVpnAttachments has it, its tags too."""
    row = {"InstanceId": "vco-1", "TransitRouterId": "tr-1", "Tags": [{"Key": "a", "Value": "b"}]}
    page = decode_page(
        response({"TotalCount": 1, "VpnAttachments": [row]}), action="DescribeVpnAttachments"
    )
    (only,) = page.rows
    assert (only.vpn_connection_id, only.tags) == ("vco-1", ("a=b",))  # type: ignore[attr-defined]


@pytest.mark.parametrize("inner", ["VpnAttachments", "VpnAttachments><VpnAttachment"])
def test_attachments_in_xml(inner: str) -> None:
    """Whether the array's elements are wrapped there is not documented: either is read."""
    close = "></".join(reversed(inner.split("><")))
    body = f"<R><{inner}><InstanceId>vco-1</InstanceId></{close}></R>"
    page = decode_page(response(body), action="DescribeVpnAttachments")
    assert [row.vpn_connection_id for row in page.rows] == ["vco-1"]  # type: ignore[attr-defined]


def test_bad_rows_are_notes_and_good_rows_stay() -> None:
    """No row costs the page."""
    rows = [7, {"Name": "no id"}, {"RegionId": "cn-shanghai"}, None]
    page = decode_page(response({"Regions": {"Region": rows}}), action="DescribeRegions")
    assert page.rows == (Region(region_id="cn-shanghai"),)
    assert sorted(note.field for note in page.notes) == [
        "Regions.Region[0]",
        "Regions.Region[1].RegionId",
        "Regions.Region[3]",
    ]


@pytest.mark.parametrize("action", LISTS)
def test_another_answer_is_no_page(action: str) -> None:
    """The list that is missing and the action are named."""
    with pytest.raises(ResponseError, match=f"the answer has no .*: is it an answer of {action}"):
        decode_page(response({"RequestId": "R", "AccountId": "1"}), action=action)


@pytest.mark.parametrize("config", [..., None, {}, "", [], {"IkeConfig": {}}])
def test_another_answer_is_no_download(config: object) -> None:
    """An empty configuration is none."""
    tree = {} if config is ... else {"VpnConnectionConfig": config}
    with pytest.raises(ResponseError, match="has no VpnConnectionConfig"):
        decode_download(response(tree), vpn_connection_id="vco-1")


@pytest.mark.parametrize("config", ["canary", 7, ["canary"], True])
def test_a_download_that_is_no_object_is_refused(config: object) -> None:
    """Text where the configuration should be is none, and nothing of it is shown."""
    with pytest.raises(ResponseError, match="has no VpnConnectionConfig") as caught:
        decode_download(response({"VpnConnectionConfig": config}), vpn_connection_id="vco-1")
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("account_id", ["1234567890123456", 1234567890123456])
def test_account_id(account_id: object) -> None:
    """As text, however it came."""
    assert decode_account_id(response({"AccountId": account_id})) == "1234567890123456"


@pytest.mark.parametrize("tree", [{}, {"AccountId": None}, {"AccountId": {"a": 1}}])
def test_no_account_id(tree: dict[str, Any]) -> None:
    """The caller goes on without it."""
    with pytest.raises(ResponseError, match="has no AccountId"):
        decode_account_id(response(tree))


# --- the emulator's answers ----------------------------------------------------------------------


def asked(state: State, action: str, accept: str, **params: str) -> Response:
    """Ask the emulator, without a socket, for JSON or XML."""
    account = state.fleet.accounts[0]
    key = Credentials(account.access_key_id, account.access_key_secret)
    call = Call("https://vpc.aliyuncs.com", action, "2016-04-28", params)
    now = datetime(2026, 1, 2, tzinfo=UTC)
    signed = sign(call, credentials=key, now=now, nonce=f"n-{state.n_requests}")
    unsigned = {n: v for n, v in signed.headers.items() if n != "authorization"}
    request = Request("POST", signed.url, unsigned | {"accept": accept})
    header = {"authorization": authorization(request, credentials=key)}
    return handle(
        state, Request("POST", request.url, {**request.headers, **header}), now.timestamp()
    )


@pytest.mark.parametrize("seed", [7, 8])
def test_a_fleet_reads_the_same_in_both_formats(seed: int) -> None:
    """Every list row and download of a fleet with all its quirks, and not one note."""
    state = make_state(make_fleet(connections=60, regions=1, seed=seed), quotas=False)
    region = {"RegionId": state.fleet.regions[0].region_id}
    asks = [(action, region | {"PageSize": "50"}) for action in LISTS[1:]]
    asks += [
        (DOWNLOAD, region | {"VpnConnectionId": connection.vpn_connection_id})
        for connection in state.fleet.connections
    ]
    for action, params in asks:
        answers = [asked(state, action, f"application/{x}", **params) for x in ("json", "xml")]
        assert [answer.body[:1] for answer in answers] == [b"{", b"<"]
        plain, xml = (unnamed(decode(answer, action)) for answer in answers)
        assert plain == xml
        rows = plain.rows if isinstance(plain, Page) else (plain,)
        assert rows
        assert [note for row in rows for note in getattr(row, "notes", ())] == []


# --- secrets -------------------------------------------------------------------------------------

CANARY = "c4n4ry-5ecret"
IKE = {"IkeVersion": "ikev1", "Psk": CANARY, "IkeLifetime": [CANARY]}
BGP = {"TunnelCidr": "169.254.1.0/30", "AuthKey": CANARY, "LocalAsn": {"AuthKey": CANARY}}
SECRETIVE: dict[str, dict[str, Any]] = {
    DOWNLOAD: {
        "VpnConnectionConfig": {
            "IkeConfig": IKE,
            "RightCaCert": CANARY,
            "TunnelsConfig": {"TunnelConfig": [{"TunnelId": "t", "IkeConfig": IKE}]},
            "BgpConfigs": {"BgpConfig": [BGP]},
        }
    },
    "DescribeVpnConnections": {
        "VpnConnections": {
            "VpnConnection": [
                {
                    "VpnConnectionId": "vco-1",
                    "IkeConfig": IKE,
                    "VpnBgpConfig": BGP,
                    "RemoteCaCertificate": CANARY,
                    "TunnelOptionsSpecification": {
                        "TunnelOptions": [{"TunnelIkeConfig": IKE, "TunnelBgpConfig": BGP}]
                    },
                },
                {"IkeConfig": IKE},
                [CANARY],
                CANARY,
            ]
        }
    },
    "DescribeCustomerGateways": {
        "CustomerGateways": {
            "CustomerGateway": {"CustomerGatewayId": "cgw-1", "AuthKey": CANARY, "Asn": [CANARY]}
        }
    },
}


def shown(record: object) -> str:
    return f"{record!r} {record} {msgspec.json.encode(record).decode()}"


@pytest.mark.parametrize("action", sorted(SECRETIVE))
def test_no_record_shows_a_secret(action: str) -> None:
    """Neither its repr, nor its text, nor its JSON; nor a note about an odd value."""
    decoded = decode(response(SECRETIVE[action]), action)
    assert decoded.notes or isinstance(decoded, Page)
    assert CANARY not in shown(decoded)


BROKEN = [
    ("cut JSON", json.dumps(SECRETIVE[DOWNLOAD]).encode()[:-9], 200),
    ("cut XML", f"<R><Psk>{CANARY}</Psk".encode(), 200),
    ("HTML", f"<html>{CANARY}</html>".encode(), 502),
    ("plain text", CANARY.encode(), 200),
    ("no object", json.dumps([CANARY]).encode(), 200),
    ("no UTF-8", f'{{"Psk": "{CANARY}\xff"}}'.encode("latin-1"), 200),
    ("other answer", json.dumps({"IkeConfig": IKE}).encode(), 200),
    ("bad status", json.dumps(SECRETIVE[DOWNLOAD]).encode(), 500),
    ("error with a key", json.dumps({"Code": "Odd", "IkeConfig": IKE}).encode(), 400),
    ("odd error", json.dumps({"Code": "Odd", "Message": IKE, "RequestId": IKE}).encode(), 400),
    ("entity", f'<!DOCTYPE r [<!ENTITY x "{CANARY}">]><R>&x;</R>'.encode(), 200),
]
DECODERS: list[Callable[[Response], object]] = [
    partial(decode_download, vpn_connection_id="vco-1"),
    partial(decode_page, action="DescribeVpnConnections"),
    decode_account_id,
]


@pytest.mark.parametrize(("body", "status"), [b[1:] for b in BROKEN], ids=[b[0] for b in BROKEN])
@pytest.mark.parametrize("decoder", DECODERS, ids=["download", "page", "account"])
def test_no_error_shows_a_secret(
    decoder: Callable[[Response], object], body: bytes, status: int
) -> None:
    """Neither it, nor what it was raised from, nor the locals of our frames below it."""
    with pytest.raises(RequestError) as caught:
        decoder(response(body, status))
    assert leaks(caught.value, CANARY) == []


# --- fuzz ----------------------------------------------------------------------------------------

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
SAMPLE_TREES = [
    json.loads(path.read_bytes())
    for path in FILES
    if path.suffix == ".json" and not path.name.lower().startswith("error")
] + list(SECRETIVE.values())


def names_in(tree: object) -> Iterator[str]:
    if isinstance(tree, dict):
        yield from tree
    below = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ()
    for one in below:
        yield from names_in(one)


NAMES = sorted({name for tree in SAMPLE_TREES for name in names_in(tree)})
TREES = st.recursive(
    SCALARS,
    lambda below: (
        st.lists(below, max_size=3) | st.dictionaries(st.sampled_from(NAMES), below, max_size=5)
    ),
    max_leaves=20,
)


def places(tree: Any) -> Iterator[tuple[Any, Any]]:
    """Every container with a key or an index in it."""
    keys = list(tree) if isinstance(tree, dict) else range(len(tree))
    for key in keys:
        yield tree, key
        if isinstance(tree[key], dict | list):
            yield from places(tree[key])


def assert_decodes_or_refuses(answer: Response) -> None:
    for action in (DOWNLOAD, *LISTS):
        try:
            shown(decode(answer, action))
        except RequestError:
            continue
    for decoder in (action_of, decode_account_id):
        try:
            decoder(answer)
        except RequestError:
            continue


@settings(max_examples=200, deadline=None)
@given(tree=st.dictionaries(st.sampled_from(NAMES), TREES, max_size=4))
def test_any_tree_is_decoded_or_refused(tree: dict[str, Any]) -> None:
    """Whatever JSON holds, the only errors are ours."""
    assert_decodes_or_refuses(response(json.dumps(tree).encode()))


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_a_mutated_answer_is_decoded_or_refused(data: st.DataObject) -> None:
    """Real answers with a few values replaced, removed or moved."""
    tree = json.loads(json.dumps(data.draw(st.sampled_from(SAMPLE_TREES))))
    for _ in range(data.draw(st.integers(1, 4))):
        spots = list(places(tree))
        if not spots:
            break
        container, key = data.draw(st.sampled_from(spots))
        container[key] = data.draw(TREES)
    assert_decodes_or_refuses(response(json.dumps(tree).encode()))


@settings(max_examples=200, deadline=None)
@given(path=st.sampled_from(FILES), data=st.data())
def test_a_torn_answer_is_decoded_or_refused(path: Path, data: st.DataObject) -> None:
    """Cut anywhere, or with a byte changed."""
    body = bytearray(path.read_bytes())
    at = data.draw(st.integers(0, len(body) - 1))
    if data.draw(st.booleans()):
        del body[at:]
    else:
        body[at] = data.draw(st.integers(0, 255))
    assert_decodes_or_refuses(response(bytes(body), data.draw(st.sampled_from([200, 400, 502]))))


@pytest.mark.parametrize("count", ["-1", "many", "9" * 20, "1.5"])
def test_a_count_that_makes_no_sense_is_no_row(count: str) -> None:
    """In JSON and in XML: the rows stand, and the note is apart from theirs."""
    bodies = (
        f'{{"TotalCount": "{count}", "VpnGateways": {{"VpnGateway": [{{"VpnGatewayId": "v"}}]}}}}',
        f"<R><TotalCount>{count}</TotalCount><VpnGateways><VpnGateway><VpnGatewayId>v"
        "</VpnGatewayId></VpnGateway></VpnGateways></R>",
    )
    for body in bodies:
        page = decode_page(Response(200, {}, body.encode()), action="DescribeVpnGateways")
        assert (len(page.rows), page.total_count, page.notes) == (1, None, ())
        assert page.count_note is not None
        assert page.count_note.field == "TotalCount"
