"""Saved answers to an inventory."""

from __future__ import annotations

import io
import json
import os
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from helpers import (
    ManualClock,
    action_of,
    assert_same_inventory,
    crawl,
    params_of,
    refuse_to_open,
)

from vpnframe import schema
from vpnframe.cloud.messages import Request
from vpnframe.emulator import handle, make_fleet, make_state
from vpnframe.errors import ResponseError, SettingsError
from vpnframe.inventory import Inventory, flattening
from vpnframe.inventory.loading import load
from vpnframe.schema.joined import split_text

SAMPLES = Path(__file__).parents[1] / "data" / "samples"
DOWNLOAD = {"VpnConnectionConfig": {"LocalSubnet": "192.168.0.0/24", "RemoteSubnet": "10.0.0.0/8"}}
PAGE = {
    "TotalCount": 1,
    "VpnConnections": {
        "VpnConnection": [{"VpnConnectionId": "vco-1", "LocalSubnet": "10.0.0.0/8"}]
    },
}


def put(path: Path, body: object = DOWNLOAD) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(body if isinstance(body, str) else json.dumps(body), encoding="utf-8")
    return path


def loaded(*paths: Any) -> Inventory:
    inventory = load(paths[0] if len(paths) == 1 else list(paths))
    for name, table in inventory.tables().items():
        schema.validate(name, table)
    return inventory


def ids(inventory: Inventory) -> list[str]:
    return inventory.connections["vpn_connection_id"].tolist()


@pytest.mark.parametrize("name", ["download-single.json", "download-single.xml"])
def test_the_single_sample_has_its_sides_right(name: str) -> None:
    """The download's local side is on-premises, as nobody contradicts it."""
    (row,) = loaded(SAMPLES / name).tunnels.to_dict("records")
    assert [*split_text(row["vpc_subnets"])] == ["1.1.1.0/24", "1.1.2.0/24"]
    assert [*split_text(row["onprem_subnets"])] == ["2.2.2.0/24"]
    assert (row["perspective"], row["witnesses"]) == ("assumed", "download")
    assert row["vpn_connection_id"] == "download-single"


def test_both_formats_of_a_sample_say_the_same(tmp_path: Path) -> None:
    """JSON and XML give equal tables."""
    for suffix in ("json", "xml"):
        folder = tmp_path / suffix
        folder.mkdir()
        shutil.copy(SAMPLES / f"download-single.{suffix}", folder / f"vco-1.{suffix}")
    one, other = loaded(tmp_path / "json"), loaded(tmp_path / "xml")
    assert_same_inventory(one, other, but=("fetched_at", "at", "message", "request_id"))


def test_the_dual_sample_has_two_tunnels_of_their_own() -> None:
    """A strong and a weak tunnel, lifetimes as whole numbers."""
    tunnels = loaded(SAMPLES / "download-dual.json").tunnels
    assert tunnels["tunnel_index"].tolist() == [1, 2]
    assert tunnels["ike_encryption"].nunique() == 2
    for column in ("ike_lifetime_s", "ipsec_lifetime_s"):
        assert str(tunnels[column].dtype) == "Int32"
        assert tunnels[column].notna().all()


def test_a_folder_is_read_with_all_below(tmp_path: Path) -> None:
    """Every .json and .xml, in whatever case; the region is the folder's name where it is one."""
    put(tmp_path / "cn-shanghai" / "vco-1.json")
    put(tmp_path / "eu-central-1" / "vco-2.JSON")
    put(tmp_path / "old stuff" / "vco-3.json")
    put(tmp_path / "notes.txt", "not an answer")
    table = loaded(tmp_path).connections
    assert dict(zip(table["vpn_connection_id"], table["region_id"].fillna("-"), strict=True)) == {
        "vco-1": "cn-shanghai",
        "vco-2": "eu-central-1",
        "vco-3": "-",
    }


def test_globs_lists_and_text_paths(tmp_path: Path) -> None:
    """Any way of naming files; folders that a pattern meets are passed over."""
    for number in (1, 2, 3):
        put(tmp_path / f"vco-{number}.json")
    put(tmp_path / "sub.json" / "vco-4.json")
    assert ids(loaded(f"{tmp_path}/*.json")) == ["vco-1", "vco-2", "vco-3"]
    assert ids(loaded(f"{tmp_path}/**/*.json")) == ["vco-1", "vco-2", "vco-3", "vco-4"]
    assert ids(loaded(tmp_path / "vco-1.json", str(tmp_path / "vco-2.json"))) == ["vco-1", "vco-2"]


def from_stdin(monkeypatch: pytest.MonkeyPatch, body: str) -> Inventory:
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(body.encode())))
    return loaded("-")


def test_standard_input_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dash stands for it."""
    assert ids(from_stdin(monkeypatch, json.dumps(PAGE))) == ["vco-1"]
    assert ids(from_stdin(monkeypatch, json.dumps(DOWNLOAD))) == ["stdin"]


def test_json_lines_are_answers_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """One a line; one that is cut off costs itself alone."""
    lines = f"{json.dumps(PAGE)}\n\n{json.dumps(DOWNLOAD)}\n{json.dumps(DOWNLOAD)[:-9]}\n"
    inventory = from_stdin(monkeypatch, lines)
    assert ids(inventory) == ["stdin-2", "vco-1"]
    assert ["standard input-3" in m for m in inventory.failures["message"]].count(True) == 1
    assert inventory.coverage["status"].tolist() == ["partial"]


def test_an_indented_answer_is_one_answer(tmp_path: Path) -> None:
    """Many lines are not JSON lines."""
    put(tmp_path / "vco-1.json", "\ufeff" + json.dumps(DOWNLOAD, indent=1))
    assert ids(loaded(tmp_path)) == ["vco-1"]


FLEET = make_fleet(connections=60, regions=1, seed=11)


def save_everything(folder: Path) -> Inventory:
    """Crawl the emulator, save what it answers, and give the crawl's own inventory."""
    state, manual, region = (
        make_state(FLEET, quotas=False),
        ManualClock(),
        FLEET.regions[0].region_id,
    )
    replay = make_state(FLEET, quotas=False)

    def keep(request: Request) -> None:
        asked, action = params_of(request), action_of(request)
        answer = handle(replay, request, manual.start.timestamp())
        about = [v for n, v in sorted(asked.items()) if n not in ("RegionId", "PageSize")]
        is_download = action == "DownloadVpnConnectionConfig"
        name = asked["VpnConnectionId"] if is_download else "-".join([action, *about])
        if action not in ("DescribeRegions", "GetCallerIdentity"):
            put(folder / region / f"{name}.json", answer.body.decode())

    return Inventory(**flattening.make_tables(crawl(state, fault=keep)))


def test_saved_answers_give_the_tables_of_the_fetch(tmp_path: Path) -> None:
    """All but the account, the times and the ids of the requests."""
    fetched, found = save_everything(tmp_path), loaded(tmp_path)
    but = ("account_id", "fetched_at", "at", "request_id", "n_calls", "elapsed_s")
    assert_same_inventory(found, fetched, but=but)
    assert len(found.routes) > 20
    assert len(found.vpcs) > 5
    assert found.subnets["has_known_routes"].all()


def test_route_lists_without_names_count_where_none_is_missing(tmp_path: Path) -> None:
    """Files by number alone: all are known until one list is gone, and then not all are."""
    save_everything(tmp_path)
    answers = sorted(tmp_path.rglob("Describe*RouteEntries-*.json"))
    for number, path in enumerate(answers):
        path.rename(path.with_name(f"routes-{number}.json"))
    assert loaded(tmp_path).subnets["has_known_routes"].all()
    empty = next(p for p in tmp_path.rglob("routes-*") if '"VpnPbrRouteEntry":[]' in p.read_text())
    empty.unlink()
    assert not loaded(tmp_path).subnets["has_known_routes"].all()


def test_list_and_download_are_joined(tmp_path: Path) -> None:
    """The list row's name and the download's sides are one connection."""
    put(tmp_path / "page.json", PAGE)
    put(tmp_path / "vco-1.json")
    (row,) = loaded(tmp_path).connections.to_dict("records")
    assert (row["witnesses"], row["perspective"]) == ("both", "assumed")
    assert [*split_text(row["onprem_subnets"])] == ["192.168.0.0/24"]


def test_saved_routes_join_their_connections(tmp_path: Path) -> None:
    """By their next hop, whatever folder they lie in; weights of two connections are evidence."""
    connections = [
        {"VpnConnectionId": f"vco-{n}", "VpnGatewayId": "vpn-1", "LocalSubnet": "0.0.0.0/0",
         "RemoteSubnet": "0.0.0.0/0", "IkeConfig": {"IkeVersion": "ikev2"}}
        for n in (1, 2)
    ]  # fmt: skip
    routes = [
        {"VpnInstanceId": "vpn-1", "RouteDest": "10.1.0.0/16", "NextHop": f"vco-{n}", "Weight": w}
        for n, w in ((1, "100"), (2, 0))
    ]
    put(tmp_path / "cn-shanghai" / "page.json", {"VpnConnections": {"VpnConnection": connections}})
    put(tmp_path / "routes.json", {"VpnRouteEntries": {"VpnRouteEntry": routes}})
    put(tmp_path / "vpcs.json", {"Vpcs": {"Vpc": {"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/8"}}})
    inventory = loaded(tmp_path)
    routed = inventory.subnets[inventory.subnets["origin"] == "destination"]
    assert routed[["vpn_connection_id", "cidr", "weight"]].to_numpy().tolist() == [
        ["vco-1", "10.1.0.0/16", 100],
        ["vco-2", "10.1.0.0/16", 0],
    ]
    assert routed["has_ha_evidence"].all()
    assert set(inventory.routes["region_id"]) == {"cn-shanghai"}
    assert inventory.vpcs["vpc_id"].tolist() == ["vpc-1"]


def test_a_route_that_two_files_hold_is_told(tmp_path: Path) -> None:
    """The first is kept."""
    row = {"VpnInstanceId": "vpn-1", "RouteDest": "10.1.0.0/16", "NextHop": "vco-1"}
    for name in ("a", "b"):
        put(tmp_path / f"{name}.json", {"VpnPbrRouteEntries": {"VpnPbrRouteEntry": [row]}})
    inventory = loaded(tmp_path)
    assert len(inventory.routes) == 1
    assert inventory.failures["message"].str.contains("b.json contains vpn-1 policy").tolist() == [
        True
    ]


@pytest.mark.parametrize(
    ("body", "action"),
    [
        ({"AccountId": "1", "Arn": "acs:ram::1:root"}, "GetCallerIdentity"),
        ({"Regions": {"Region": []}}, "DescribeRegions"),
        ("<DescribeSslVpnServersResponse><A/></DescribeSslVpnServersResponse>", "DescribeSslVpn"),
    ],
)
def test_answers_of_other_calls_are_refused_by_name(tmp_path: Path, body: Any, action: str) -> None:
    """The row names the file, the call, and what can be read; the rest is loaded."""
    put(tmp_path / "vco-1.json")
    put(tmp_path / "other.json", body)
    inventory = loaded(tmp_path)
    (message,) = [m for m in inventory.failures["message"] if "other.json" in m]
    assert action in message
    assert "DescribeVpnConnections" in message
    assert inventory.coverage["status"].tolist() == ["complete"]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("<html><body>Sign in</body></html>", "malformed"),
        (json.dumps(DOWNLOAD)[:-5], "malformed"),
        ("", "malformed"),
        ("[1, 2]", "malformed"),
        ('{"Code": "Throttling.User", "Message": "slow"}', "throttled"),
        ((SAMPLES / "error-not-found.xml").read_text(), "gone"),
    ],
    ids=["html", "cut off", "empty", "list", "throttled", "gone"],
)
def test_a_file_that_cannot_be_read_is_a_row(tmp_path: Path, body: str, kind: str) -> None:
    """It is named, the rest is loaded, and what is there is not called complete."""
    put(tmp_path / "cn-shanghai" / "vco-1.json")
    put(tmp_path / "cn-shanghai" / "vco-2.json", body)
    inventory = loaded(tmp_path)
    failures = inventory.failures[inventory.failures["message"].str.contains("vco-2.json")]
    assert failures[["kind", "vpn_connection_id", "region_id"]].to_numpy().tolist() == [
        [kind, "vco-2", "cn-shanghai"]
    ]
    (coverage,) = inventory.coverage.to_dict("records")
    assert (coverage["status"], coverage["n_expected"], coverage["n_read"]) == ("partial", 2, 1)


def test_a_file_that_cannot_be_opened_is_a_row(tmp_path: Path, monkeypatch: Any) -> None:
    """Its region counts it as expected."""
    put(tmp_path / "cn-shanghai" / "vco-1.json")
    locked = put(tmp_path / "cn-shanghai" / "vco-2.json")
    refuse_to_open(locked, monkeypatch)
    inventory = loaded(tmp_path)
    row = inventory.failures[inventory.failures["kind"] == "file"].iloc[0]
    assert "vco-2.json cannot be read: Permission denied" in row["message"]
    assert inventory.coverage["n_failed"].tolist() == [1]


def test_a_lost_download_of_a_listed_connection_is_counted_once(tmp_path: Path) -> None:
    """There is one connection, and it was not read as asked for."""
    put(tmp_path / "page.json", PAGE)
    put(tmp_path / "vco-1.json", "{")
    inventory = loaded(tmp_path)
    (row,) = inventory.coverage.to_dict("records")
    assert (row["status"], row["n_expected"], row["n_read"]) == ("partial", 1, 0)
    assert ids(inventory) == ["vco-1"]


def test_an_unknown_word_is_kept_and_told(tmp_path: Path) -> None:
    """It stands in its column, lower-cased, and in a failure that shows it."""
    ike = {"IkeEncAlg": "TwoFish", "IkePfs": "kyber768"}
    config = DOWNLOAD["VpnConnectionConfig"] | {"IkeConfig": ike, "IpsecConfig": {"IpsecPfs": "2"}}
    put(tmp_path / "vco-1.json", {"VpnConnectionConfig": config})
    inventory = loaded(tmp_path)
    (row,) = inventory.tunnels.to_dict("records")
    assert (row["ike_encryption"], row["ipsec_pfs_group"]) == ("twofish", 2)
    assert inventory.tunnels["ike_dh_group"].isna().all()
    failures = inventory.failures
    assert failures["vpn_connection_id"].tolist() == ["vco-1"] * 2
    told = " ".join(failures["message"])
    assert "IkeEncAlg" in told
    assert "'twofish'" in told
    assert "'kyber768'" in told


def test_pages_that_are_missing_are_told(tmp_path: Path) -> None:
    """The count of the first page says what there is."""
    put(tmp_path / "page.json", PAGE | {"TotalCount": 51})
    (row,) = loaded(tmp_path).coverage.to_dict("records")
    assert (row["status"], row["n_expected"], row["n_failed"]) == ("partial", 51, 50)
    assert not row["is_stable"]


LISTED = {
    "VpnConnectionId": "vco-1",
    "VpnGatewayId": "vpn-1",
    "CustomerGatewayId": "cgw-1",
    "LocalSubnet": "10.0.0.0/16",
    "RemoteSubnet": "192.168.0.0/24",
    "IkeConfig": {"IkeVersion": "ikev2"},
    "IpsecConfig": {"IpsecEncAlg": "aes256"},
}
VPN_1, CGW_1 = {"VpnGatewayId": "vpn-1"}, {"CustomerGatewayId": "cgw-1"}


def put_fleet(
    folder: Path, *connections: Any, vpn: Any = (VPN_1,), cgw: Any = (CGW_1,), **counts: Any
) -> Path:
    """Save the three lists of a region, with the counts that are given."""
    region = folder / "cn-shanghai"
    for outer, inner, rows in (
        ("VpnConnections", "VpnConnection", connections),
        ("VpnGateways", "VpnGateway", vpn),
        ("CustomerGateways", "CustomerGateway", cgw),
    ):
        tree = {"TotalCount": counts.get(inner, len(rows)), outer: {inner: list(rows)}}
        put(region / f"Describe{outer}.json", tree)
    return folder


def coverage_of(inventory: Inventory) -> dict[str, Any]:
    (row,) = inventory.coverage.to_dict("records")
    return dict(row)


def told(inventory: Inventory, action: str) -> list[list[str]]:
    failures = inventory.failures[inventory.failures["action"] == action]
    found: list[list[str]] = failures[["kind", "message"]].to_numpy().tolist()
    return found


@pytest.mark.parametrize("config", [{}, None, {"IkeConfig": {}}, {"a": {"b": 1}}])
def test_a_download_that_holds_nothing_was_not_read(tmp_path: Path, config: Any) -> None:
    """A row of kind empty; the connection stands from its list row."""
    put(put_fleet(tmp_path, LISTED) / "cn-shanghai" / "vco-1.json", {
        "VpnConnectionConfig": config
    })  # fmt: skip
    inventory = loaded(tmp_path)
    assert "empty" in inventory.failures["kind"].tolist()
    coverage = coverage_of(inventory)
    assert (coverage["status"], coverage["n_read"], coverage["n_failed"]) == ("partial", 0, 1)
    assert inventory.connections["witnesses"].tolist() == ["describe"]


def test_a_connection_attached_to_nothing_is_counted_apart(tmp_path: Path) -> None:
    """Nothing of it is missing, be its download refused or not there."""
    loose = {"VpnConnectionId": "vco-2", "AttachType": "NO_ASSOCIATED"}
    put_fleet(tmp_path, LISTED, loose)
    refusal = {"Code": "InvalidVpnConnectionInstanceId.NotFound", "Message": "no"}
    for body in (None, refusal):
        if body is not None:
            put(tmp_path / "cn-shanghai" / "vco-2.json", body)
        inventory = loaded(tmp_path)
        coverage = coverage_of(inventory)
        names = ("status", "n_expected", "n_read", "n_unattached")
        assert [coverage[name] for name in names] == ["complete", 1, 1, 1]
        assert inventory.is_complete
        assert ", 1 attached to nothing" in inventory.coverage_sentence()


def test_a_download_that_was_not_found_of_a_listed_connection_is_unavailable(
    tmp_path: Path,
) -> None:
    """A saved list shows it; without one it is gone."""
    refusal = {"Code": "InvalidVpnConnectionInstanceId.NotFound", "Message": "no"}
    put(put_fleet(tmp_path, LISTED) / "cn-shanghai" / "vco-1.json", refusal)
    put(tmp_path / "cn-shanghai" / "vco-9.json", refusal)
    failures = loaded(tmp_path).failures
    kinds = dict(zip(failures["vpn_connection_id"], failures["kind"], strict=True))
    assert len(failures) == 2
    assert (kinds["vco-1"], kinds["vco-9"]) == ("unavailable", "gone")


@pytest.mark.parametrize("code", ["Forbbiden.SubUser", "NoPermission"])
def test_a_saved_refusal_names_the_permission(tmp_path: Path, code: str) -> None:
    """By what its file is called: the body does not say which call it answers."""
    folder = put_fleet(tmp_path, LISTED) / "cn-shanghai"
    put(folder / "vco-1.json", {"Code": code, "Message": "no"})
    put(folder / "DescribeVpcs-1.json", f"<Error><Code>{code}</Code></Error>")
    put(folder / "else.json", {"Code": code, "Message": "no"})
    failures = loaded(tmp_path).failures
    messages = "\n".join(failures.loc[failures["kind"] == "denied", "message"])
    assert "vpc:DownloadVpnConnectionConfig" in messages
    assert "vpc:DescribeVpcs" in messages
    assert messages.count("needs the permission") == 2


@pytest.mark.parametrize(
    "code", ["InvalidOperation.NotSupportedEndpoint", "InvalidAction.NotFound"]
)
def test_a_saved_answer_of_a_wrong_host_is_unsupported(tmp_path: Path, code: str) -> None:
    """Another kind than a refusal."""
    put(put_fleet(tmp_path, LISTED) / "cn-shanghai" / "x.json", {"Code": code})
    assert "unsupported" in loaded(tmp_path).failures["kind"].tolist()


@pytest.mark.parametrize(
    ("lists", "action"),
    [({"vpn": ()}, "DescribeVpnGateways"), ({"cgw": ()}, "DescribeCustomerGateways")],
)
def test_a_gateway_that_the_saved_list_lacks_is_told(
    tmp_path: Path, lists: Any, action: str
) -> None:
    """The region is not complete; a list that was not saved says nothing."""
    inventory = loaded(put_fleet(tmp_path, LISTED, **lists))
    ((kind, message),) = told(inventory, action)
    assert kind == "gone"
    assert "is named by 1 connection, but is missing from the list of gateways" in message
    assert coverage_of(inventory)["status"] == "partial"
    (tmp_path / "cn-shanghai" / f"{action}.json").unlink()
    assert told(loaded(tmp_path), action) == []
    assert loaded(tmp_path).is_complete


def test_pages_of_gateways_that_are_missing_are_told(tmp_path: Path) -> None:
    """As of connections: by the count of the pages that were saved."""
    inventory = loaded(put_fleet(tmp_path, LISTED, VpnGateway=7))
    assert told(inventory, "DescribeVpnGateways") == [
        ["malformed", "the list has 7 rows, but 1 were saved: save all pages"]
    ]
    assert coverage_of(inventory)["status"] == "partial"


@pytest.mark.parametrize("count", [-1, "many", 10**15])
@pytest.mark.parametrize("inner", ["VpnConnection", "VpnGateway", "CustomerGateway"])
def test_a_saved_count_that_makes_no_sense_is_told(tmp_path: Path, inner: str, count: Any) -> None:
    """What stands there is read; whether it is all nobody knows."""
    inventory = loaded(put_fleet(tmp_path, LISTED, **{inner: count}))
    ((kind, message),) = told(inventory, f"Describe{inner}s")
    assert kind == "malformed"
    assert "TotalCount is " in message
    assert "makes no sense" in message
    assert ids(inventory) == ["vco-1"]
    coverage = coverage_of(inventory)
    assert (coverage["status"], coverage["n_failed"]) == ("partial", 0)


def test_a_repeated_id_is_told(tmp_path: Path) -> None:
    """The first answer is kept."""
    put(tmp_path / "a" / "vco-1.json")
    put(tmp_path / "b" / "vco-1.json", {"VpnConnectionConfig": {"LocalSubnet": "10.9.0.0/16"}})
    inventory = loaded(tmp_path)
    assert [[*split_text(side)] for side in inventory.connections["onprem_subnets"]] == [
        ["192.168.0.0/24"]
    ]
    assert any("contains vco-1 again" in message for message in inventory.failures["message"])


def test_an_empty_list_is_an_answer(tmp_path: Path) -> None:
    """A region without connections is read completely."""
    put(tmp_path / "cn-shanghai" / "page.json", {"TotalCount": 0, "VpnGateways": {}})
    inventory = loaded(tmp_path)
    assert inventory.coverage[["region_id", "status"]].to_numpy().tolist() == [
        ["cn-shanghai", "complete"]
    ]


@pytest.mark.parametrize("paths", ["nothing/*.json", ["missing.json"], []])
def test_nothing_there_is_an_error(tmp_path: Path, monkeypatch: Any, paths: Any) -> None:
    """No file at all: the path is wrong, and named."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsError, match=r"no such file|no file is given"):
        load(paths)


def test_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    """Its name is in the message."""
    with pytest.raises(SettingsError, match=r"no such file: .*test_an_empty"):
        load(tmp_path)


def test_nothing_readable_is_an_error(tmp_path: Path) -> None:
    """The message has the first reason."""
    put(tmp_path / "a.json", "<html></html>")
    put(tmp_path / "b.json", {"AccountId": "1", "Arn": "acs:ram::1:root"})
    with pytest.raises(ResponseError, match=r"none of 2 files could be read: .*a\.json.*HTML"):
        load(tmp_path)


def test_what_is_no_file_is_a_row_and_the_rest_is_read(tmp_path: Path) -> None:
    """A pipe, a link to nowhere, and a file that is too long, among good ones."""
    put(tmp_path / "vco-1.json")
    os.mkfifo(tmp_path / "vco-2.json")
    (tmp_path / "vco-3.json").symlink_to("nowhere")
    with (tmp_path / "vco-4.json").open("wb") as file:
        file.truncate(64 * 2**20 + 1)
    inventory = loaded(tmp_path)
    assert ids(inventory) == ["vco-1"]
    messages = inventory.failures["message"].tolist()
    for number, problem in ((2, "it is a pipe"), (3, "No such file"), (4, "64 MiB is exceeded")):
        (message,) = [text for text in messages if f"vco-{number}.json cannot be read" in text]
        assert problem in message
    assert inventory.coverage["n_failed"].tolist() == [3]
