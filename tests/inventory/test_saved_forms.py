"""The forms in which people save answers: one after the other, in lists, as an SDK returns them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from helpers import assert_same_inventory, slow_after
from hypothesis import given, settings
from hypothesis import strategies as st

import vpnframe as vf
from vpnframe.errors import ResponseError
from vpnframe.inventory.redacting import redact
from vpnframe.inventory.saved import split_answers
from vpnframe.schema.joined import split_text

DATA = Path(__file__).parents[1] / "data"
CASE = DATA / "cases" / "35-saved-forms"
KEY = "Tr1al-Key-4-Tests-0815xQ"
SINGLE = sorted(
    path
    for call in ("DescribeVpnConnection", "DescribeVpnGateway", "DescribeCustomerGateway")
    for path in (DATA / "answers").glob(f"{call}.*")
)
ANSWERS = sorted(
    path for path in (DATA / "answers").iterdir() if not path.name.startswith("Error.")
)
BUT = ("fetched_at", "at", "message", "request_id")


def page(*ids: str, total: int) -> dict[str, Any]:
    row = {"LocalSubnet": "10.0.0.0/16", "RemoteSubnet": "172.16.0.0/24", "Name": 'a "{" \\ b'}
    rows = [{"VpnConnectionId": one, **row} for one in ids]
    return {"TotalCount": total, "RequestId": "R", "VpnConnections": {"VpnConnection": rows}}


PAGES = [page("vco-1", "vco-2", total=5), page("vco-3", "vco-4", total=5), page("vco-5", total=5)]


def put(path: Path, body: bytes | str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body.encode() if isinstance(body, str) else body)
    path.chmod(0o600)
    return path


def ids_of(path: Path) -> list[str]:
    return vf.load(path).connections["vpn_connection_id"].tolist()


@pytest.mark.parametrize(("form", "n_connections"), [("a", 25), ("b", 25), ("f", 10)])
def test_saved_forms_of_the_field(form: str, n_connections: int, tmp_path: Path) -> None:
    """Pages one after the other, a list of pages, an SDK's answer: read, and safely redacted."""
    inventory = vf.load(CASE / form)
    assert len(inventory.connections) == n_connections
    assert inventory.is_complete
    assert inventory.connections["region_id"].unique().tolist() == ["cn-hangzhou"]
    done = redact(CASE / form, tmp_path / "safe")
    assert done.refused == ()
    assert all(KEY not in path.read_text() for path in done.written)
    assert_same_inventory(vf.load(tmp_path / "safe"), inventory, but=(*BUT, *FACTS))


# What is made of a key that is no longer there.
FACTS = ("psk_length", "psk_class", "psk_bits", "psk_fingerprint", "psk_fingerprint_key_id")


def _envelope(answer: object, *, is_text: bool, names: tuple[str, str, str]) -> dict[str, Any]:
    body = json.dumps(answer) if is_text else answer
    return dict(zip(names, ({"date": "x"}, 200, body), strict=True))


NAMES = st.sampled_from(
    [("headers", "statusCode", "body"), ("Headers", "StatusCode", "Body"),
     ("headers", "status_code", "body")]
)  # fmt: skip


@st.composite
def saved_files(draw: st.DrawFn) -> bytes:
    """All pages in one file, in any layout."""
    values: list[Any] = [
        _envelope(one, is_text=draw(st.booleans()), names=draw(NAMES))
        if draw(st.booleans())
        else one
        for one in PAGES
    ]
    cut = draw(st.integers(0, 3))
    parts = [values[:cut], values[cut:]] if draw(st.booleans()) else values
    between = draw(st.sampled_from(["\n", "", " ", "\r\n\r\n", ",\n", "\n\x1e", "\n\ufeff"]))
    indent = draw(st.sampled_from([None, 0, 1, 4, "\t"]))
    text = between.join(json.dumps(one, indent=indent) for one in parts)
    if draw(st.booleans()):
        text = f"[{text}]"
    start = draw(st.sampled_from(["", "\ufeff", "\n\n"]))
    return (start + text).encode(draw(st.sampled_from(["utf-8", "utf-16"])))


@pytest.mark.parametrize(
    ("body", "answers"),
    [
        (b'{"a": 1}\n{"b": {\n}}\n', [b'{"a": 1}', b'{"b": {\n}}']),
        (
            b'[{"statusCode": 200, "body": {"a": 1}}, {"b": 2}]',
            [b'{"a": 1}', b'{"b": 2}'],
        ),
    ],
)
def test_answers_are_split_as_they_are_written(body: bytes, answers: list[bytes]) -> None:
    """One after the other, or in a list; what an SDK put around one is gone."""
    assert split_answers(body) == answers


@settings(max_examples=150, deadline=None)
@given(saved_files())
def test_pages_are_read_in_any_layout(body: bytes) -> None:
    """Each page is found once, whatever stands around it."""
    found = [json.loads(one) for one in split_answers(body) if one != b"[]"]
    assert found == PAGES


@pytest.mark.parametrize("indent", [None, 1, 4])
def test_a_damaged_page_costs_itself_alone(indent: int | None, tmp_path: Path) -> None:
    """One that is cut off, or a line of text between: those before and after are read."""
    first, second, third = (json.dumps(one, indent=indent) for one in PAGES)
    cut = second[: len(second) // 2]
    path = put(tmp_path / "pages.json", f"{first}\n{cut}\nNext token: abc\n{third}\n")
    assert ids_of(path) == ["vco-1", "vco-2", "vco-5"]
    (cover,) = vf.load(path).coverage.to_dict("records")
    assert (cover["status"], cover["n_expected"]) == ("partial", 5)
    assert vf.load(path).failures["message"].str.contains("pages.json-2: ").sum() == 1
    assert len(redact(path, tmp_path / "safe").refused) == 1


@pytest.mark.parametrize("body", ["[]", "[null]", "[1, 2]", "Page 1:\n{}", "{'body': {}}"])
def test_what_holds_no_answer_is_refused(body: str, tmp_path: Path) -> None:
    """Also a dictionary as Python prints it, and text before an answer: said, never passed over."""
    path = put(tmp_path / "x.json", body)
    with pytest.raises(ResponseError, match=r"none of 1 files could be read: .*x\.json: the ans"):
        vf.load(path)
    assert len(redact(path, tmp_path / "safe").refused) == 1


@pytest.mark.parametrize("path", slow_after(10, ANSWERS), ids=lambda path: path.name)
def test_every_recorded_answer_is_read_and_redacted(path: Path, tmp_path: Path) -> None:
    """Those of one thing too: it is a row of a table, and redacting changes no table."""
    inventory = vf.load(path)
    assert len(inventory.connections) + len(inventory.gateways)
    done = redact(path, tmp_path / "safe")
    assert done.refused == ()
    assert_same_inventory(vf.load(done.written[0]), inventory, but=(*BUT, *FACTS))


def test_recorded_answers_of_one_thing_are_there() -> None:
    """Twelve: three calls, two ages, two formats."""
    assert len(SINGLE) == 12


FLAT_2021 = {
    "RequestId": "R",
    "VpnConnectionId": "vco-1",
    "VpnGatewayId": "vpn-1",
    "CustomerGatewayId": "cgw-1",
    "Name": "site",
    "Status": "ipsec_sa_established",
    "LocalSubnet": "10.0.0.0/16",
    "RemoteSubnet": "172.16.0.0/24,172.16.1.0/24",
    "IkeConfig": {"IkeVersion": "ikev2", "IkeEncAlg": "aes256", "IkePfs": "group14", "Psk": KEY},
    "IpsecConfig": {"IpsecEncAlg": "aes256", "IpsecAuthAlg": "sha256", "IpsecPfs": "group14"},
}
FLAT_TODAY = {
    **{name: FLAT_2021[name] for name in ("RequestId", "VpnConnectionId", "VpnGatewayId")},
    "LocalSubnet": "10.0.0.0/16",
    "RemoteSubnet": "172.16.0.0/24",
    "Tags": {"Tag": [{"Key": "owner", "Value": "net"}]},
    "TunnelOptionsSpecification": {
        "TunnelOptions": [
            {"TunnelId": f"tun-{n}", "Role": role, "Status": "ipsec_sa_established",
             "TunnelIkeConfig": FLAT_2021["IkeConfig"],
             "TunnelIpsecConfig": FLAT_2021["IpsecConfig"]}
            for n, role in enumerate(("master", "slave"), 1)
        ]
    },
}  # fmt: skip


def test_the_flat_form_of_2021(tmp_path: Path) -> None:
    """A connection with one tunnel, its key's state and both sides."""
    inventory = vf.load(put(tmp_path / "one.json", json.dumps(FLAT_2021)))
    (row,) = inventory.tunnels.to_dict("records")
    assert (row["vpn_connection_id"], row["psk_state"], row["ike_encryption"]) == (
        "vco-1", "present", "aes-256-cbc",
    )  # fmt: skip
    assert [*split_text(row["onprem_subnets"])] == ["172.16.0.0/24", "172.16.1.0/24"]
    assert inventory.connections["vpn_gateway_id"].tolist() == ["vpn-1"]
    assert inventory.is_complete


def test_todays_form(tmp_path: Path) -> None:
    """Two tunnels, and tags under the name that this call has for them."""
    inventory = vf.load(put(tmp_path / "one.json", json.dumps(FLAT_TODAY)))
    assert inventory.tunnels["tunnel_role"].tolist() == ["active", "standby"]
    assert [[*split_text(tags)] for tags in inventory.connections["tags"]] == [["owner=net"]]


def test_a_call_per_connection_in_one_file(tmp_path: Path) -> None:
    """A loop over ids, all into one file: as many connections."""
    rows = [FLAT_2021 | {"VpnConnectionId": f"vco-{n}"} for n in range(20)]
    path = put(tmp_path / "all.json", "\n".join(json.dumps(row, indent=4) for row in rows))
    assert len(ids_of(path)) == 20


def test_one_thing_beside_its_list(tmp_path: Path) -> None:
    """It says nothing new where it says the same; where it differs, the first is kept and said."""
    rows = {"VpnConnection": [{k: v for k, v in FLAT_2021.items() if k != "RequestId"}]}
    put(tmp_path / "list.json", json.dumps({"TotalCount": 1, "VpnConnections": rows}))
    put(tmp_path / "one.json", json.dumps(FLAT_2021))
    alone = vf.load(tmp_path / "list.json")
    both = vf.load(tmp_path)
    assert_same_inventory(both, alone, but=(*BUT, *FACTS))
    put(tmp_path / "two.json", json.dumps(FLAT_2021 | {"Status": "ike_sa_not_established"}))
    (message,) = vf.load(tmp_path).failures["message"]
    assert message.endswith("two.json contains vco-1 again: the row that was read first is kept")


def test_a_gateway_alone_is_no_list_of_gateways(tmp_path: Path) -> None:
    """What connections name besides is not called missing: nobody asked for it."""
    rows = [FLAT_2021 | {"VpnConnectionId": f"vco-{n}", "VpnGatewayId": f"vpn-{n}"} for n in (1, 2)]
    for number, row in enumerate(rows):
        put(tmp_path / f"{number}.json", json.dumps(row))
    gateway = {"VpnGatewayId": "vpn-1", "Status": "active", "InternetIp": "47.1.2.3"}
    put(tmp_path / "gateway.json", json.dumps(gateway))
    inventory = vf.load(tmp_path)
    assert inventory.gateways["gateway_id"].tolist() == ["vpn-1"]
    assert inventory.failures["message"].str.contains("vpn-2").sum() == 0


def test_one_thing_counts_for_its_list(tmp_path: Path) -> None:
    """A page short of one row, and that row asked for alone: nothing is missing."""
    put(tmp_path / "list.json", json.dumps(page("vco-2", total=2)))
    assert not vf.load(tmp_path).is_complete
    put(tmp_path / "one.json", json.dumps(FLAT_2021))
    assert vf.load(tmp_path).is_complete


@pytest.mark.parametrize(
    "answer",
    [
        {"VpnConnectionId": "vco-1", "Name": "site", "CreateTime": 1, "RequestId": "R"},
        {"VpnGatewayId": "vpn-1", "Name": "gate", "OrderId": 1, "RequestId": "R"},
        {"VpnGatewayId": "vpn-1", "RouteDest": "10.0.0.0/8", "RequestId": "R"},
    ],
    ids=["CreateVpnConnection", "CreateVpnGateway", "route"],
)
def test_what_a_change_answers_is_no_description(answer: dict[str, Any], tmp_path: Path) -> None:
    """An id alone tells nothing of a connection or a gateway."""
    path = put(tmp_path / "x.json", json.dumps(answer))
    with pytest.raises(ResponseError, match="is not a known answer"):
        vf.load(path)
