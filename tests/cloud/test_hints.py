"""Whose key it is, and facts about keys made while an answer is decoded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from helpers import response
from test_rows import CONFIG, IKE, ROW, option, tunnel

from vpnframe.cloud import answers
from vpnframe.cloud.answers import decode_download, decode_page
from vpnframe.cloud.fields import Fields
from vpnframe.cloud.hints import Hints
from vpnframe.cloud.messages import Response
from vpnframe.model.masked import REDACTED
from vpnframe.model.psk import FingerprintKey, KeyJudge, key_facts
from vpnframe.model.records import KeyFacts, Statement

KEY = FingerprintKey(bytes(range(32)))
WORDS = {"cgw-1": ("Shanghai-Office", "47.2.2.2"), "vco-1": ("blue-harbour",), "vpn-2": ("other",)}
JUDGE = KeyJudge(KEY, WORDS)


def with_key(psk: object) -> dict[str, Any]:
    """An IKE block with a key."""
    return IKE | {"Psk": psk}


def listed(row: Mapping[str, Any], judge: KeyJudge | None = JUDGE) -> Statement:
    """A list row, decoded."""
    answer = response({"VpnConnections": {"VpnConnection": [ROW | row]}, "TotalCount": 1})
    assert isinstance(answer, Response)
    (statement,) = decode_page(answer, action="DescribeVpnConnections", judge=judge).rows
    assert isinstance(statement, Statement)
    return statement


def downloaded(config: Mapping[str, Any], judge: KeyJudge | None = JUDGE) -> Statement:
    """A download, decoded."""
    answer = response({"VpnConnectionConfig": CONFIG | config})
    assert isinstance(answer, Response)
    return decode_download(answer, vpn_connection_id="vco-1", judge=judge)


def facts_of(statement: Statement) -> list[KeyFacts | None]:
    """What is known of the keys of its tunnels."""
    return [tunnel.key_facts for tunnel in statement.tunnels]


def test_hints_of_a_list_row() -> None:
    """Names, ids, addresses and tags of row and tunnels, then what is known of those it names."""
    row = {
        "VpnConnectionId": "vco-1", "Name": "to-office", "CustomerGatewayId": "cgw-1",
        "InternetIp": "47.1.1.1", "Tag": {"Tag": [{"Key": "team", "Value": "net"}]},
        "IkeConfig": {"LocalId": "vpn.acme.example", "RemoteId": "47.1.1.1", "Psk": "secret-9"},
        "TunnelOptionsSpecification": {"TunnelOptions": [
            {"TunnelId": "tun-1", "CustomerGatewayId": "cgw-1", "TunnelIkeConfig": {"LocalId": "x"}}
        ]},
    }  # fmt: skip
    fields = Fields(row, [], judge=JUDGE)
    tunnels = fields.rows("TunnelOptionsSpecification", "TunnelOptions", mark="TunnelId")
    assert list(Hints(fields, tunnels)) == [
        *("vco-1", "to-office", "cgw-1", "47.1.1.1", "vpn.acme.example", "team=net", "tun-1", "x"),
        *("blue-harbour", "Shanghai-Office", "47.2.2.2"),
    ]


def test_hints_of_a_download() -> None:
    """It names its ends alone; the rest is known of the connection."""
    fields = Fields({"Local": "47.1.1.1", "IkeConfig": {"RemoteId": "r"}}, [], judge=JUDGE)
    tunnels = [Fields({"TunnelId": "tun-1", "Remote": "47.2.2.2"}, [], judge=JUDGE)]
    assert list(Hints(fields, tunnels, "vco-1")) == [
        *("vco-1", "47.1.1.1", "r", "tun-1", "47.2.2.2", "blue-harbour"),
    ]


def test_without_a_judge_nothing_is_looked_for() -> None:
    """No facts; hints are what the answer itself says."""
    fields = Fields({"Name": "to-office"}, [])
    assert list(Hints(fields, [])) == ["to-office"]
    assert list(Hints(fields, [], "vco-1")) == ["vco-1", "to-office"]
    assert facts_of(listed({}, judge=None)) == facts_of(downloaded({}, judge=None)) == [None]


def test_odd_names_are_noted_once() -> None:
    """Looking for hints adds no note to what the decoder says of the same fields."""
    odd = {"Name": [1], "Tag": 7, "InternetIp": {}, "CustomerGatewayId": True}
    assert listed(odd).notes == listed(odd, judge=None).notes
    assert downloaded({"Local": [1]}).notes == downloaded({"Local": [1]}, judge=None).notes


def test_a_key_is_judged_with_what_is_known() -> None:
    """A connection's name in a list row, its customer gateway's, and in a download its own."""
    known = {"CustomerGatewayId": "cgw-1"}
    for statement in (
        listed(known | {"IkeConfig": with_key("shanghai-office7")}),
        listed({"Name": "to-harbour", "IkeConfig": with_key("Harbour!2024")}),
        downloaded({"IkeConfig": with_key("BlueHarbour9")}),
    ):
        (facts,) = facts_of(statement)
        assert facts is not None
        assert facts.key_class == "derived"
    (facts,) = facts_of(listed({"IkeConfig": with_key("shanghai-office7")}))
    assert facts is not None
    assert facts.key_class == "dictionary"


def test_a_key_that_is_known_is_not_judged_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the hints are; any other is."""
    (facts,) = facts_of(listed({"Name": "harbour", "IkeConfig": with_key("Harbour!2024")}))
    assert facts is not None
    judge = KeyJudge(KEY, known={str(facts.fingerprint): facts})
    monkeypatch.setattr("vpnframe.model.psk.judge_key", lambda *_, **__: ("random", 7))
    assert facts_of(downloaded({"IkeConfig": with_key("Harbour!2024")}, judge)) == [facts]
    (other,) = facts_of(downloaded({"IkeConfig": with_key("Harbour!2025")}, judge))
    assert other is not None
    assert other.bits == 7


def test_both_answers_make_the_same_fingerprint() -> None:
    """Of every tunnel: that is how they are compared."""
    ike = with_key("kX8vQ2mZ7bT4nR9c")
    expected = key_facts("kX8vQ2mZ7bT4nR9c", fingerprint_key=KEY)
    options = [option(f"tun-{n}", TunnelIkeConfig=ike) for n in (1, 2)]
    tunnels = [tunnel(f"tun-{n}", IkeConfig=ike) for n in (1, 2)]
    spec = {"TunnelOptionsSpecification": {"TunnelOptions": options}}
    assert facts_of(listed(spec)) == [expected, expected]
    assert facts_of(downloaded({"TunnelsConfig": {"TunnelConfig": tunnels}})) == [expected] * 2


@pytest.mark.parametrize("psk", ["****", "kX8v****", "", None])
def test_what_was_not_shown_is_judged_as_nothing(psk: object) -> None:
    """Facts were asked for: they stand, and hold nothing."""
    assert facts_of(listed({"IkeConfig": with_key(psk)})) == [KeyFacts()]


def test_what_is_no_key_is_noted_and_costs_itself_alone() -> None:
    """The note does not show it; state and everything else stay."""
    statement = listed({"IkeConfig": with_key({"Canary": "canary-9"})})
    assert facts_of(statement) == [KeyFacts()]
    assert [(n.field, n.message) for n in statement.notes] == [
        (
            "VpnConnections.VpnConnection[0].IkeConfig.Psk",
            "a pre-shared key is neither a string nor a number",
        )
    ]
    assert statement.tunnels[0].phases.ike.dh_group == 14


def test_a_redacted_key_is_none() -> None:
    """In a saved answer; the cloud itself may give that word as a key."""
    ike = {"IkeConfig": with_key(REDACTED)}
    assert facts_of(listed(ike, KeyJudge(KEY, is_saved=True))) == [KeyFacts()]
    assert facts_of(listed(ike)) == [key_facts(REDACTED, fingerprint_key=KEY)]


def test_a_failure_in_judging_is_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection stays, without a word of its key."""

    def fail(key: str, **_: object) -> None:
        raise LookupError(key)

    monkeypatch.setattr("vpnframe.model.psk.judge_key", fail)
    statement = listed({"IkeConfig": with_key("canary-psk-2")})
    assert facts_of(statement) == [KeyFacts()]
    assert "LookupError" in statement.notes[0].message
    assert "canary" not in repr(statement)
    assert b"canary" not in json.dumps([n.message for n in statement.notes]).encode()


def test_an_interrupt_leaves_no_key_in_our_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of whatever is raised through the decoder."""

    def stop(key: str, **_: object) -> None:
        raise KeyboardInterrupt(key)

    monkeypatch.setattr("vpnframe.model.psk.judge_key", stop)
    with pytest.raises(KeyboardInterrupt) as caught:
        answers.decode_row("DescribeVpnConnections", Fields(ROW, [], judge=JUDGE))
    frames, held = caught.value.__traceback__, []
    while frames is not None:
        if str(frames.tb_frame.f_globals["__name__"]).startswith("vpnframe"):
            held += [repr(value) for value in frames.tb_frame.f_locals.values()]
        frames = frames.tb_next
    assert held
    assert not [text for text in held if IKE["Psk"] in text]
