"""The reader of ipsec.conf against strongSwan's own starter, which loads the same files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from charon import Starter, namespace, starter
from charon_says import networks_read, networks_told, tree_told
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from system_tools import find_tool

from vpnframe.errors import SettingsError
from vpnframe.peers.identities import parse_identity
from vpnframe.peers.model import PeerConnection
from vpnframe.peers.reading import read_peer

EXAMPLES = min(500, max(10, int(os.environ.get("VPNFRAME_EXAMPLES", "100")) // 2))


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Starter]:
    """A starter that loads what it is given."""
    for name in ("charon", "starter", "swanctl"):
        find_tool(name)
    with namespace() as inside, starter(tmp_path_factory.mktemp("starter"), inside) as found:
        yield found


PROPOSALS = st.lists(
    st.sampled_from(
        ["aes128-sha256-modp2048", "3des-md5-modp1024", "aes256-sha512", "nonsense", "default"]
    ),
    min_size=1,
    max_size=3,
).flatmap(lambda found: st.sampled_from([",".join(found), ", ".join(found) + "!"]))
TIMES = st.sampled_from(["10m", "1h", "7200", "3600s", "1d", "soon", "3600S", "3600 s"])
SWITCHES = st.sampled_from(["yes", "no", "no", "perhaps"])
ADDRESSES = st.sampled_from(
    ["192.0.2.1", "%any", "hq.example", "192.0.2.1,192.0.2.2", "%192.0.2.7", "%defaultroute"]
)
IDS = st.sampled_from(["192.0.2.1", "@hq.example", "%any", "%hq.example", '"C=CH, O=x"', "a@b.c"])
SUBNETS = st.lists(
    st.sampled_from(
        [
            "10.0.0.0/8",
            "10.1.2.3/16",
            "192.0.2.9",
            "10.0.0.0/24[tcp/80]",
            "%dynamic",
            "nonsense",
            "10.0.0.0/255.255.0.0",
            "10.0.0.0/8 10.1.0.0/16",
            "10.0.0.0/8;x",
        ]
    ),
    max_size=3,
).map(",".join)
AUTHS = st.sampled_from(["psk", "pubkey", "secret", "rsa-2048"])
SETTINGS = st.fixed_dictionaries(
    {},
    optional={
        "left": ADDRESSES,
        "right": ADDRESSES,
        "leftid": IDS,
        "rightid": IDS,
        "leftsubnet": SUBNETS,
        "rightsubnet": SUBNETS,
        "leftauth": AUTHS,
        "rightauth": AUTHS,
        "authby": st.sampled_from(["psk", "secret", "rsasig", "nonsense"]),
        "keyexchange": st.sampled_from(["ike", "ikev1", "ikev2", "ikev2", "ikev3"]),
        "aggressive": SWITCHES,
        "ike": PROPOSALS,
        "esp": PROPOSALS,
        "ikelifetime": TIMES,
        "lifetime": TIMES,
        "margintime": st.sampled_from(["1m", "5m"]),
        "rekey": SWITCHES,
        "dpdaction": st.sampled_from(["none", "clear", "restart", "nonsense"]),
        "dpddelay": TIMES,
        "forceencaps": SWITCHES,
        "type": st.sampled_from(["tunnel", "transport", "passthrough", "nonsense"]),
        "rightallowany": SWITCHES,
        "leftprotoport": st.sampled_from(["tcp", "17/500", "any"]),
        "compress": SWITCHES,
        "keyingtries": st.sampled_from(["%forever", "3", "many"]),
        "nonsense": st.just("x"),
        "pfs": st.just("yes"),
    },
)
COMMENTS = st.sampled_from(["", "", "  # left=10.9.9.9", "\t#", "\n\n", "\n\t# x"])


@st.composite
def files(draw: st.DrawFn) -> str:
    """An ipsec.conf: conn sections that inherit from each other and from %default."""
    lines = ["config setup", '\tcharondebug="cfg 2"']
    names = [f"c{number}" for number in range(draw(st.integers(1, 6)))]
    for name in [*(["%default"] if draw(st.booleans()) else []), *names]:
        lines += [f"conn {name}"]
        lines += [f"\talso={one}" for one in draw(st.lists(st.sampled_from(names), max_size=2))]
        drawn = draw(SETTINGS) | draw(st.sampled_from([{"auto": "add"}, {"auto": "add"}, {}]))
        for key, value in drawn.items():
            lines += [f"  {key} = {value}" if draw(st.integers(0, 15)) else f"  {key} ="]
    return "\n".join(line + draw(COMMENTS) for line in lines) + "\n"


def read(folder: Path, text: str) -> tuple[PeerConnection, ...] | None:
    """What our reader makes of a file; None where it refuses it."""
    path = folder / "read.conf"
    path.write_text(text, encoding="utf-8")
    try:
        return read_peer(path).connections
    except SettingsError:
        return None


def assert_same(ours: PeerConnection, told: dict[str, Any]) -> None:
    """A connection that both took is the same in all that can be asked for."""
    assert {"IKEv1/2": 0, "IKEv1": 1, "IKEv2": 2}[told["version"]] == ours.ike_version
    for side in ("local", "remote"):
        end, told_end = getattr(ours, side), told[f"{side}-1"]
        addresses = [one for one in told[f"{side}_addrs"] if one != "::/0"]
        assert [one.replace("0.0.0.0/0", "%any") for one in addresses] == list(end.addresses)
        classes = {"psk": "pre-shared key", "pubkey": "public key"}
        assert told_end["class"] == classes[end.auth]
        identity = parse_identity(end.ike_id or "%any")
        assert told_end.get("id", "").lower() == (
            "" if identity.kind == "any" else identity.value.lower()
        )
    times = {int(told["rekey_time"]), int(told["reauth_time"])}
    assert max(times) == ours.lifetime.rekey_s
    assert int(told.get("dpd_delay", "0")) == ours.dpd_delay_s
    children = {name: one for name, one in told["children"].items() if one["mode"] != "PASS"}
    assert [child.name for child in ours.children] == list(children)
    for child in ours.children:
        say = children[child.name]
        assert int(say["rekey_time"]) == child.lifetime.rekey_s
        assert say["mode"] == child.mode.upper()
        assert networks_read(child.local_subnets) == networks_told(" ".join(say["local-ts"]))
        assert networks_read(child.remote_subnets) == networks_told(" ".join(say["remote-ts"]))


@pytest.mark.system_tool("starter")
@settings(
    max_examples=EXAMPLES,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(text=files())
def test_a_file_is_read_as_the_starter_reads_it(
    daemon: Starter, tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    """The same files are refused, the same connections loaded, with the same values."""
    ours = read(tmp_path_factory.getbasetemp(), text)
    assert daemon.load(text) == (ours is not None)
    if ours is None:
        return
    told = tree_told(daemon.swanctl("--list-conns", "--pretty")).get("list-conn event", {})
    told = {name: one for name, one in told.items() if not name.startswith("mark-")}
    taken = [one for one in ours if one.refused is None]
    assert [one.name for one in taken] == list(told)
    for one in taken:
        assert_same(one, told[one.name])
