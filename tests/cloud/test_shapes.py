"""Shapes of answers: documented fields, types and known words; nothing of a fleet."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_leaks import find_leaks, secrets_of

import vpnframe as vf
from vpnframe.cloud.messages import Response
from vpnframe.cloud.shapes import _NAMES, shape_of
from vpnframe.emulator import make_fleet, make_state, serve_in_thread
from vpnframe.emulator.unset import FIELDS
from vpnframe.errors import SettingsError
from vpnframe.fetching.doctor import doctor

DATA = Path(__file__).parents[1] / "data"
FLEET = make_fleet(connections=30, regions=2, seed=5)
# What a shape may hold as a value, written down here a second time.
ALLOWED = re.compile(
    r"null|true|false|zero|whole number|fraction|empty|empty text|text|text with stars|"
    r"text of a whole number|text of JSON|text of (several blocks|a block|an address)|"
    r"key: (present|masked|absent)|nested deeply|neither JSON nor XML|object|list|flag|number|"
    r"text: [A-Za-z0-9_]{2,25}"
)


def shape(body: object, status: int = 200) -> Any:
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    return json.loads(shape_of(Response(status, {}, text)))


def leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [leaf for one in value.values() for leaf in leaves(one)]
    return [leaf for one in value for leaf in leaves(one)] if isinstance(value, list) else [value]


def test_fields_have_their_types_and_known_words() -> None:
    """Words as the vendor writes them; an unknown one is text."""
    ike = {"Psk": "12345678", "IkeVersion": "IKEV2", "IkeEncAlg": "lima-secret", "IkeLifetime": 9}
    row = {
        "VpnConnectionId": "vco-1",
        "Name": "lima",
        "Status": "ipsec_sa_established",
        "LocalSubnet": "10.0.0.0/8,10.1.0.0/16",
        "RemoteSubnet": "10.0.0.0/8",
        "InternetIp": "47.1.2.3",
        "EnableDpd": "true",
        "CreateTime": 1,
        "Tag": {"Tag": []},
        "IkeConfig": ike,
        "lima": {"lima": "secret"},
        "LimaField": 5,
    }
    body = {"TotalCount": 2, "VpnConnections": {"VpnConnection": [row, row, {"Name": None}]}}
    assert shape(body)["body"] == {
        "TotalCount": "whole number",
        "VpnConnections": {
            "VpnConnection": [
                {
                    "VpnConnectionId": "text",
                    "Name": "text",
                    "Status": "text: ipsec_sa_established",
                    "LocalSubnet": "text of several blocks",
                    "RemoteSubnet": "text of a block",
                    "InternetIp": "text of an address",
                    "EnableDpd": "text: true",
                    "CreateTime": "whole number",
                    "Tag": {"Tag": []},
                    "IkeConfig": {
                        "Psk": "key: present",
                        "IkeVersion": "text: ikev2",
                        "IkeEncAlg": "text",
                        "IkeLifetime": "whole number",
                    },
                    "(other fields)": ["number", "object"],
                },
                {"Name": "null"},
            ]
        },
    }


SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=12)
)
KNOWN = st.sampled_from(
    ["Psk", "AuthKey", "Name", "Status", "IkeVersion", "VpnGateways", "VpnGateway", "Message"]
)
TREES = st.recursive(
    SCALARS,
    lambda below: (
        st.lists(below, max_size=3)
        | st.dictionaries(KNOWN | st.text(max_size=8), below, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(KNOWN | st.text(max_size=8), TREES, max_size=5))
def test_nothing_but_types_and_words_survives(tree: dict[str, Any]) -> None:
    """Whatever stands in an answer, as a name or as a value."""
    found = shape(tree)
    assert set(found) == {"http_status", "format", "body"}
    assert all(ALLOWED.fullmatch(str(leaf)) for leaf in leaves(found["body"]))
    fields = filter(re.compile("[A-Z][A-Za-z0-9]{2,29}").fullmatch, names(tree))
    assert names(found["body"]) <= {
        "(other fields)", "Psk", "AuthKey", "Name", "Status", "IkeVersion", "VpnGateways",
        "VpnGateway", "Message", *fields,
    }  # fmt: skip


def names(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set(value) | {name for one in value.values() for name in names(one)}
    return {name for one in value for name in names(one)} if isinstance(value, list) else set()


@pytest.mark.parametrize(
    ("body", "form"),
    [
        (b"<DescribeVpcsResponse><A>lima</A></DescribeVpcsResponse>", "XML: DescribeVpcsResponse"),
        (b"<Lima><Name>lima</Name></Lima>", "XML: another root"),
        (b"<html>lima</html>", "unreadable"),
        (b"lima", "unreadable"),
        (b"", "unreadable"),
    ],
)
def test_answers_that_are_no_json(body: bytes, form: str) -> None:
    """The format, and not the content."""
    found = shape(body, status=502)
    assert (found["http_status"], found["format"]) == (502, form)
    assert "lima" not in json.dumps(found).lower()


@pytest.mark.parametrize("path", sorted((DATA / "answers").iterdir()), ids=lambda path: path.name)
def test_recorded_answers_have_a_shape_without_their_values(path: Path) -> None:
    """Of JSON and of XML, errors too."""
    found = shape(path.read_bytes())
    assert all(ALLOWED.fullmatch(str(leaf)) for leaf in leaves(found["body"]))
    assert found["body"] != {}


def test_doctor_writes_shapes_of_each_call(tmp_path: Path) -> None:
    """One file or more a call; nothing of the fleet, and nothing of the account."""
    folder = tmp_path / "shapes"
    with serve_in_thread(make_state(FLEET)) as cloud:
        keys = vf.Credentials(cloud.access_key_id, cloud.access_key_secret)
        assert "missing" not in set(
            doctor(endpoint=cloud.endpoint, credentials=keys, sample_out=folder)["status"]
        )
        with pytest.raises(SettingsError, match="already exists: give a folder"):
            doctor(endpoint=cloud.endpoint, credentials=keys, sample_out=folder)
    texts = {path.name: path.read_text() for path in folder.iterdir()}
    assert {"GetCallerIdentity.json", "DescribeRegions.json", "DescribeVpnConnections.json",
            "DownloadVpnConnectionConfig.json"} <= set(texts)  # fmt: skip
    whole = "\n".join(texts.values())
    assert find_leaks(dict(texts), secrets_of(FLEET)) == []
    told = [FLEET.accounts[0].account_id, FLEET.accounts[0].access_key_id]
    told += [region.region_id for region in FLEET.regions]
    assert not [one for one in told if one in whole]
    assert not re.search(r"[0-9]+\.[0-9]+\.|(vco|vpn|cgw|tun|vpc)-", whole)
    assert "text: ike" in whole


def test_doctor_says_how_many_shapes(tmp_path: Path) -> None:
    """And where they are; also where something is missing."""
    with serve_in_thread(make_state(FLEET)) as cloud:
        variables = {
            "ALIBABA_CLOUD_ACCESS_KEY_ID": "LTAI-none",
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "none",
        }
        options = ("doctor", "--endpoint", cloud.endpoint, "--sample-out", str(tmp_path / "s"))
        command = [sys.executable, "-m", "vpnframe", *options]
        done = subprocess.run(
            command, env=os.environ | variables, capture_output=True, text=True, check=False
        )
    assert done.returncode == 1
    assert f"the shapes of API responses are in {tmp_path / 's'} (files: 1)" in done.stderr
    (path,) = (tmp_path / "s").iterdir()
    assert json.loads(path.read_text())["body"]["Code"] == "text"


def names_in(fields: Any) -> set[str]:
    """Every name in nested fields."""
    if isinstance(fields, list):
        return set().union(*map(names_in, fields))
    return set(fields).union(*map(names_in, fields.values())) if isinstance(fields, dict) else set()


@pytest.mark.parametrize("action", FIELDS)
def test_every_field_that_the_emulator_sends_is_shown_by_name(action: str):
    """A new field would otherwise be counted among the unknown ones."""
    assert names_in(dict(FIELDS[action])) - _NAMES == set()
