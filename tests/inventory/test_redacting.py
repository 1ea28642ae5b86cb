"""Saved answers made safe to keep: the same tables, no key, nothing that nobody asked for."""

from __future__ import annotations

import json
import logging
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from helpers import ManualClock, action_of, assert_same_inventory, crawl, params_of
from test_leaks import find_leaks, secrets_of

import vpnframe as vf
from vpnframe.cloud.fields import Fields
from vpnframe.cloud.messages import Request, Response
from vpnframe.cloud.redaction import has_keys, redact_answer
from vpnframe.cloud.trees import read_tree, write_tree
from vpnframe.emulator import handle, make_fleet, make_state
from vpnframe.errors import ResponseError, SettingsError
from vpnframe.inventory.redacting import redact

DATA = Path(__file__).parents[1] / "data"
FLEET = make_fleet(connections=120, regions=2, seed=13)


def answer(tree: object) -> Response:
    return Response(200, {}, json.dumps(tree).encode())


def redacted(tree: object) -> Any:
    return json.loads(redact_answer(answer(tree)))


def save_fleet(folder: Path, *, is_xml: bool = False) -> None:
    """Save what an emulator answers to a crawl, as a careful person would not."""
    replay, now = make_state(FLEET, quotas=False), ManualClock().start.timestamp()

    def keep(request: Request) -> None:
        asked, action = params_of(request), action_of(request)
        if action in ("DescribeRegions", "GetCallerIdentity"):
            return
        saved = handle(replay, request, now).body
        if is_xml:
            saved = write_tree(_texts(json.loads(saved)), f"{action}Response")
        about = [v for n, v in sorted(asked.items()) if n not in ("RegionId", "PageSize")]
        is_download = action == "DownloadVpnConnectionConfig"
        name = asked["VpnConnectionId"] if is_download else "-".join([action, *about])
        path = folder / asked["RegionId"] / f"{name}.{'xml' if is_xml else 'json'}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(saved)
        path.chmod(0o600)

    crawl(make_state(FLEET, quotas=False), fault=keep)


def _texts(value: Any) -> Any:
    """A tree as XML has it: leaves are text, and what is null is not there."""
    if isinstance(value, dict):
        return {name: _texts(one) for name, one in value.items() if one is not None}
    if isinstance(value, list):
        return [_texts(one) for one in value]
    return str(value).lower() if isinstance(value, bool) else str(value)


def load_here(folder: Path, names: list[str], monkeypatch: pytest.MonkeyPatch) -> vf.Inventory:
    """Load by relative names, so that two folders give equal messages."""
    monkeypatch.chdir(folder)
    return vf.load(names)


def same_tables(source: Path, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All but what a key is worth, which nobody can tell once it is gone."""
    done = redact(source, target)
    names = [str(path.relative_to(target)) for path in done.written]
    before, after = (load_here(folder, names, monkeypatch) for folder in (source, target))
    worth = ("psk_length", "psk_class", "psk_bits")
    assert_same_inventory(before, after, but=worth)
    assert after.key_facts[list(worth)].isna().all(axis=None)


@pytest.mark.parametrize("name", ["answers", "samples"])
def test_published_answers_give_the_same_tables(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every one that load can read, errors of the cloud too; in XML and in JSON."""
    same_tables(DATA / name, tmp_path / "safe", monkeypatch)


@pytest.mark.parametrize("is_xml", [False, True], ids=["json", "xml"])
def test_a_fleet_gives_the_same_tables_and_no_key(
    is_xml: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before, the files are full of keys; after, none is there in any encoding."""
    source, target = tmp_path / "raw", tmp_path / "safe"
    save_fleet(source, is_xml=is_xml)
    secrets = secrets_of(FLEET)
    assert len(find_leaks(bodies(source), secrets)) > 50
    same_tables(source, target, monkeypatch)
    assert find_leaks(bodies(target), secrets) == []
    assert len(bodies(target)) == len(bodies(source))


def bodies(folder: Path) -> dict[str, bytes | str]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_key_becomes_its_state() -> None:
    """Present, masked, or not there; wherever it stands."""
    ike = [{"Psk": "hush-hush"}, {"Psk": "hu****sh"}, {"Psk": ""}, {}]
    kept = [
        redacted({"VpnConnectionConfig": {"IkeConfig": one | {"IkeEncAlg": "aes"}}})[
            "VpnConnectionConfig"
        ]["IkeConfig"]
        for one in ike
    ]
    assert [one.get("Psk") for one in kept] == ["present", "****", None, None]


def test_what_nobody_asks_for_is_left_out() -> None:
    """A field of a later version, a certificate, a comment: known or not."""
    row = {
        "VpnConnectionId": "vco-1",
        "Name": "site",
        "SharedSecretOfTomorrow": "hush-1",
        "RemoteCaCertificate": "hush-2",
        "IkeConfig": {"IkeEncAlg": "aes", "Psk2": "hush-3"},
        "VpnBgpConfig": {"AuthKey": "hush-4", "Odd": ["hush-5"]},
        "Tag": {"Tag": [{"Key": "a", "Value": "b", "Comment": "hush-6"}]},
    }
    kept = redacted({"VpnConnections": {"VpnConnection": [row]}, "Debug": "hush-7"})
    assert "hush" not in json.dumps(kept)
    (after,) = kept["VpnConnections"]["VpnConnection"]
    assert after["Tag"] == {"Tag": [{"Key": "a", "Value": "b"}]}
    assert after["RemoteCaCertificate"] == "redacted"


@pytest.mark.parametrize(
    "odd",
    [
        {"IkeConfig": "hush"},
        {"IkeConfig": ["hush"]},
        {"IkeConfig": {"IkeLifetime": "hush", "IkeEncAlg": ["hush"], "LocalId": {"a": "hush"}}},
        {"IkeConfig": {"Psk": {"deep": "hush"}}, "IpsecConfig": {"Unknown": "hush"}},
        {"LocalSubnet": {"hush": "hush"}, "RemoteSubnet": [{"hush": 1}, 3, "10.0.0.0/8"]},
        {"TunnelsConfig": ["hush", {"TunnelId": "tun-1", "IkeConfig": 7}]},
        {"TunnelsConfig": {"TunnelConfig": {"TunnelId": "tun-1", "Psk": "hush"}}},
        {"TunnelsConfig": {"Other": "hush"}},
        {"BgpConfigs": {"BgpConfig": [{"LocalAsn": 1.5, "AuthKey": "hush"}]}},
        {"Local": True, "Remote": 4.5},
    ],
)
def test_a_value_of_another_type_keeps_its_note_and_not_itself(odd: dict[str, Any]) -> None:
    """The refusal to change what it says would raise."""
    assert "hush" not in json.dumps(redacted({"VpnConnectionConfig": odd | {"X": 1}}))


@pytest.mark.parametrize(
    "odd",
    [
        {"Psk": "hush", "RouteDest": "10.0.0.0/8", "Comment": "hush"},
        {"RouteDest": "10.0.0.0/8", "Weight": "hush", "Priority": ["hush"]},
        {"RouteDest": "10.0.0.0/8", "NextHopTunnelId": {"hush": "hush"}},
        {"RouteDest": {"a": "hush"}},
        "hush",
    ],
)
def test_a_route_tells_what_is_asked_of_it_alone(odd: object) -> None:
    """Whatever else stands in its row."""
    rows = [odd, {"RouteDest": "10.1.0.0/16", "NextHop": "vco-1", "AuthKey": "hush"}]
    for tree in (
        {"VcoRouteEntries": rows},
        {"VpnPbrRouteEntries": {"VpnPbrRouteEntry": rows}},
        {"VpnRouteEntries": {"VpnRouteEntry": rows, "Hush": "hush"}},
    ):
        kept = json.dumps(redacted(tree))
        assert "hush" not in kept.lower()
        assert "10.1.0.0/16" in kept


def test_a_vpc_tells_its_blocks_alone() -> None:
    """Its name and its blocks stay, in every wrapping."""
    vpc = {
        "VpcId": "vpc-1",
        "CidrBlock": "10.0.0.0/16",
        "SecondaryCidrBlocks": {"SecondaryCidrBlock": ["10.1.0.0/16", {"a": "hush"}], "X": "hush"},
        "UserCidrs": ["9.0.0.0/8", 7],
        "Description": "hush",
    }
    (kept,) = redacted({"Vpcs": {"Vpc": [vpc]}})["Vpcs"]["Vpc"]
    assert "hush" not in json.dumps(kept)
    assert kept["SecondaryCidrBlocks"]["SecondaryCidrBlock"][0] == "10.1.0.0/16"
    assert kept["UserCidrs"] == ["9.0.0.0/8", 2]


def test_names_folders_and_times_are_kept_for_the_owner_alone(tmp_path: Path) -> None:
    """Load takes ids, regions and times from them."""
    raw = tmp_path / "raw" / "cn-shanghai" / "vco-1.JSON"
    raw.parent.mkdir(parents=True)
    shutil.copy(DATA / "samples" / "download-single.json", raw)
    os.utime(raw, (1_700_000_000, 1_700_000_000))
    (written,) = redact(tmp_path / "raw", tmp_path / "safe").written
    assert written == tmp_path / "safe" / "cn-shanghai" / "vco-1.JSON"
    assert written.stat().st_mode & 0o777 == 0o600
    assert written.parent.stat().st_mode & 0o777 == 0o700
    assert written.stat().st_mtime == 1_700_000_000
    (single,) = redact(raw, tmp_path / "one").written
    assert single == tmp_path / "one" / "cn-shanghai" / "vco-1.JSON"


def test_json_lines_stay_lines(tmp_path: Path) -> None:
    """One answer each."""
    one = json.dumps(
        {"VpnConnectionConfig": {"Local": "a\u2028b\nc", "IkeConfig": {"Psk": "hush"}}}
    )
    (tmp_path / "vco-1.json").write_text(f"{one}\n{one}\n")
    (written,) = redact(tmp_path / "vco-1.json", tmp_path / "safe").written
    lines = written.read_bytes().split(b"\n")
    assert len(lines) == 3
    assert len(vf.load(written).connections) == 2


@pytest.mark.parametrize(
    ("name", "body", "reason"),
    [
        ("vco-1.json", '{"VpnConnectionConfig": {"IkeConfig": {"Psk": "hush', "cut off"),
        ("vco-1.json", "hush", "neither JSON nor XML"),
        ("vco-1.xml", "<html>hush</html>", "HTML"),
        ("notes.txt", "hush", "is neither .json nor .xml"),
        ("who.json", '{"AccountId": "1", "Arn": "hush"}', "is an answer of GetCallerIdentity"),
        ("odd.json", '{"Psk": "hush"}', "is not a known answer"),
    ],
)
def test_what_cannot_be_read_is_named_and_never_copied(
    tmp_path: Path, name: str, body: str, reason: str
) -> None:
    """It may hold anything."""
    raw = tmp_path / "raw"
    raw.mkdir()
    (raw / name).write_text(body)
    done = redact(raw, tmp_path / "safe")
    assert done.written == ()
    (line,) = done.refused
    assert name in line
    assert reason in line
    assert "hush" not in line
    assert not (tmp_path / "safe").exists()


def test_the_source_is_never_written_to(tmp_path: Path) -> None:
    """The target is a new folder outside; what is there stays."""
    raw = tmp_path / "raw"
    raw.mkdir()
    shutil.copy(DATA / "samples" / "download-single.json", raw / "vco-1.json")
    for target in (raw, raw / "safe"):
        with pytest.raises(SettingsError, match="outside"):
            redact(raw, target)
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "file").touch()
    with pytest.raises(SettingsError, match="already exists"):
        redact(raw, tmp_path / "used")
    with pytest.raises(SettingsError, match="no such file"):
        redact(tmp_path / "nothing", tmp_path / "safe")


def test_an_error_keeps_its_code_and_loses_the_rest() -> None:
    """Some errors repeat what was signed."""
    error = {
        "Code": "SignatureDoesNotMatch",
        "Message": "not matched. server string to sign is:hush",
        "Psk": "hush",
    }
    assert redacted(error) == {"Code": "SignatureDoesNotMatch", "Message": "not matched."}


def test_a_decoder_that_asks_for_more_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """What would load differently is refused, not written."""
    keep = Fields._keep

    def keep_less(self: Fields, name: str, kept: object) -> None:
        if name != "Local":
            keep(self, name, kept)

    monkeypatch.setattr(Fields, "_keep", keep_less)
    with pytest.raises(ResponseError, match="would read other values in the redacted copy"):
        redact_answer(answer({"VpnConnectionConfig": {"Local": "47.1.2.3"}}))


@pytest.mark.parametrize("name", ["download-single.xml", "download-dual.json"])
def test_a_tree_is_written_as_it_was_read(name: str) -> None:
    """In its own format."""
    tree, root = read_tree(Response(200, {}, (DATA / "samples" / name).read_bytes()))
    assert read_tree(Response(200, {}, write_tree(tree, root))) == (tree, root)


@pytest.mark.parametrize(
    ("body", "is_bearing"),
    [
        (b'{"Psk" : "secret"', True),
        (b"<AuthKey>secret</AuthKey>", True),
        ('{"Psk": "secret"}'.encode("utf-16"), True),
        (b'{"Psk": "present", "AuthKey": "****"}', False),
        (b'{"Psk": "", "AuthKey": null}', False),
        (b"<Psk/><Psk></Psk>", False),
    ],
)
def test_files_with_keys_are_told_from_others(body: bytes, is_bearing: bool) -> None:
    """Cut off and in other encodings, too."""
    assert has_keys(body) is is_bearing


@pytest.mark.parametrize(("mode", "n_warnings"), [(0o600, 0), (0o640, 1), (0o604, 1)])
def test_load_warns_of_keys_that_others_can_read(
    tmp_path: Path, mode: int, n_warnings: int, caplog: pytest.LogCaptureFixture
) -> None:
    """With the file and the remedy; not of what was redacted."""
    path = tmp_path / "vco-1.json"
    path.write_text('{"VpnConnectionConfig": {"IkeConfig": {"Psk": "hush-hush"}}}')
    path.chmod(mode)
    with caplog.at_level(logging.WARNING, "vpnframe"):
        vf.load(path)
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == n_warnings
    assert all("vco-1.json" in line and "chmod 600" in line for line in told)
    assert "hush" not in caplog.text
    caplog.clear()
    (safe,) = redact(path, tmp_path / "safe").written
    safe.chmod(0o644)
    vf.load(safe)
    assert caplog.records == []
