"""The reader of swanctl.conf against charon itself: files are loaded, and it says what it took."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from charon import Charon, charon, namespace
from charon_says import (
    Told,
    connections_told,
    lifetimes_of,
    networks_read,
    networks_told,
    proposal_read,
    proposals_told,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from system_tools import find_tool

from vpnframe.peers import tokens
from vpnframe.peers.identities import parse_identity
from vpnframe.peers.model import PeerConnection
from vpnframe.peers.reading import read_peer

# Each example is a file of several connections, and takes two processes.
EXAMPLES = min(500, max(10, int(os.environ.get("VPNFRAME_EXAMPLES", "100")) // 2))


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Charon]:
    """A daemon that loads what it is given."""
    for name in ("charon", "swanctl"):
        find_tool(name)
    with namespace() as inside, charon(tmp_path_factory.mktemp("charon"), inside) as found:
        yield found


def loaded(daemon: Charon, text: str) -> dict[str, Told]:
    """What the daemon makes of a file; each connection once, as it was new."""
    daemon.load("connections {\n}\n")
    daemon.new_log()
    daemon.load(text)
    return connections_told(daemon.new_log())


def read(folder: Path, text: str) -> dict[str, PeerConnection]:
    """What our reader makes of it."""
    path = folder / "read.conf"
    path.write_text(text, encoding="utf-8")
    return {one.name: one for one in read_peer(path).connections}


ALL_WORDS = [
    *((word, "encryption") for word in tokens.ENCRYPTION),
    *((word, "integrity") for word in tokens.INTEGRITY),
    *((word, "prf") for word in tokens.PRF),
    *((word, "dh_groups") for word in tokens.DH_GROUPS),
    *((word, "esn") for word in tokens.ESN),
]


@pytest.mark.system_tool("charon")
def test_the_daemon_knows_every_word_and_means_the_same(daemon: Charon) -> None:
    """Every token of ours, in a proposal for ESP and in one for IKE."""
    lines = ["connections {"]
    for word, kind in ALL_WORDS:
        is_aead = kind == "encryption" and tokens.is_aead(tokens.ENCRYPTION[word])
        cipher = "aes128gcm16" if is_aead else "aes128"
        lines += [
            f"{word} {{",
            f"  proposals = {cipher}-sha256-prfsha256-modp2048-{word}",
            "  children {",
            "    c {",
            f"      esp_proposals = {cipher}-sha1-{word}",
            "    }\n  }\n}",
        ]
    told = loaded(daemon, "\n".join([*lines, "}"]))
    assert len(told) == len(ALL_WORDS) > 100
    for word, kind in ALL_WORDS:
        assert told[word].is_loaded, word
        protocols = ("esp",) if kind == "esn" else ("ike",) if kind == "prf" else ("ike", "esp")
        for protocol in protocols:
            place = told[word].settings if protocol == "ike" else told[word].children["c"]
            found = proposals_told(place["proposals"])[0]
            text = f"aes128-sha256-prfsha256-modp2048-{word}"
            if protocol == "esp":
                text = f"aes128-sha1-{word}"
            if kind == "encryption" and tokens.is_aead(tokens.ENCRYPTION[word]):
                text = text.replace("aes128-", "aes128gcm16-", 1)
            ours = proposal_read(tokens.parse_proposal(text, protocol=protocol))
            assert ours == found, word


@pytest.mark.system_tool("charon")
def test_what_the_daemon_offers_of_its_own_is_what_we_are_certain_of(daemon: Charon) -> None:
    """Nothing that we call certain is missing, nothing that we rule out is there."""
    told = loaded(daemon, "connections {\n a {\n children {\n c {\n }\n }\n }\n}\n")["a"]
    for protocol, place in (("ike", told.settings), ("esp", told.children["c"])):
        offered = proposals_told(place["proposals"])
        default = tokens.DEFAULT_PROPOSALS[protocol]
        for kind in ("encryption", "integrity", "prf"):
            everything = {word for one in offered for word in one.get(kind, [])}
            assert set(getattr(default, kind)) <= everything
            assert all(tokens.offers(default, kind, word) is not False for word in everything)
        groups = {group for one in offered for group in one.get("dh_groups", [0])}
        assert set(default.dh_groups) <= groups
        assert all(tokens.offers(default, "dh_groups", group) is not False for group in groups)


def proposals(protocol: str) -> st.SearchStrategy[str]:
    """Comma lists of proposals, some of them wrong."""
    words = st.sampled_from([word for word, _ in ALL_WORDS if word not in tokens.ESN])
    wild = st.lists(words | st.just("nonsense"), min_size=1, max_size=5).map("-".join)
    ciphers = st.sampled_from(["aes128", "aes256", "3des", "aes128gcm16", "des"])
    hashes = st.sampled_from(["sha1", "sha256", "md5", "sha256-sha1", "sha384-prfsha384"])
    groups = st.sampled_from(["modp1024", "modp2048", "ecp256-modp2048", "curve25519"])
    optional = st.sampled_from(["", "-modpnone", "-modp2048", "-esn-noesn"])
    tame = st.builds("{}-{}-{}".format, ciphers, hashes, groups)
    if protocol == "esp":
        tame = st.builds("{}-{}{}".format, ciphers, hashes, optional)
    one = st.one_of(tame, tame, tame, wild, st.just("default"))
    return st.lists(one, min_size=1, max_size=3).map(" , ".join)


BLOCKS = st.sampled_from(
    ["10.0.0.0/8", "10.1.2.3/16", "192.0.2.1", "0.0.0.0/0", "2001:db8::/32", "10.0.0.1-10.0.0.9",
     "10.0.0.0/255.255.0.0", "10.0.0.0/8 10.1.0.0/16", "10.0.0.0/8;x", "dynamic", "dynamic[tcp/80]",
     "10.0.0.0/24[udp]", "10.0.0.0/24[any/any]", "nonsense"]
)  # fmt: skip
TIMES = st.sampled_from(["0", "30", "90s", "5m", "1h", "2 d", "8H", "0x10", "1w", "soon"])
SWITCHES = st.sampled_from(["yes", "no", "True", "0", "disabled", "perhaps"])
IDS = st.sampled_from(
    ["192.0.2.1", "@hq.example", "hq.example", "%any", "ops@hq.example", "fqdn:hq", '"a b"',
     "2001:db8::1", "@@ops@hq.example", "keyid:x"]
)  # fmt: skip
ADDRESSES = st.sampled_from(["192.0.2.1", "%any", "192.0.2.0/24", "hq.example", "192.0.2.1, ::1"])
COMMON = st.fixed_dictionaries(
    {},
    optional={
        "version": st.sampled_from(["0", "1", "2", "2", "3"]),
        "local_addrs": ADDRESSES,
        "remote_addrs": ADDRESSES,
        "proposals": proposals("ike"),
        "aggressive": SWITCHES,
        "encap": SWITCHES,
        "dpd_delay": TIMES,
        "rekey_time": TIMES,
        "reauth_time": TIMES,
        "over_time": TIMES,
        "keyingtries": st.sampled_from(["0", "0", "%forever"]),
        "mobike": SWITCHES,
    },
)
ENDS = st.fixed_dictionaries(
    {}, optional={"auth": st.sampled_from(["psk", "pubkey", "PSK", "rsa-2048-sha256"]), "id": IDS}
)
CHILDREN = st.fixed_dictionaries(
    {},
    optional={
        "esp_proposals": proposals("esp"),
        "local_ts": st.lists(BLOCKS, max_size=3).map(",".join),
        "remote_ts": st.lists(BLOCKS, max_size=3).map(", ".join),
        "rekey_time": TIMES,
        "life_time": TIMES,
        "mode": st.sampled_from(["tunnel", "transport", "Tunnel", "beet"]),
        "sha256_96": SWITCHES,
        "start_action": st.sampled_from(["none", "trap|start", "add"]),
        "updown": st.just("/bin/true"),
    },
)
CONNECTIONS = st.tuples(COMMON, ENDS | st.none(), ENDS | st.none(), st.lists(CHILDREN, max_size=2))
COMMENTS = st.sampled_from(["", "", "  # remote_addrs = 10.9.9.9", "\t#}", "\n\n"])


@st.composite
def files(draw: st.DrawFn) -> str:
    """A swanctl.conf: connections, templates that they inherit from, comments and quotes."""
    n_templates = draw(st.integers(0, 2))
    lines = []
    for number in range(n_templates):
        lines += section(draw, f"template-{number}", draw(CONNECTIONS), parents="")
    lines += ["connections {"]
    for number in range(draw(st.integers(1, 6))):
        chosen = draw(st.lists(st.integers(0, 2), max_size=2, unique=True))
        parents = ", ".join(f"template-{one}" for one in chosen)
        lines += section(draw, f"c{number}", draw(CONNECTIONS), parents=parents)
    lines += ["}", "secrets {", "  ike-1 {", '    secret = "x } y"', "    id = z", "  }", "}"]
    return "\n".join(line + draw(COMMENTS) for line in lines) + "\n"


def section(draw: st.DrawFn, name: str, drawn: tuple, *, parents: str) -> list[str]:
    """The lines of a connection."""
    common, local, remote, children = drawn
    lines = [
        f"{name} : {parents} {{"
        if parents
        else draw(st.sampled_from([f"{name} {{", f"{name}\n{{"]))
    ]
    lines += values(draw, common)
    for side, end in (("local", local), ("remote-1", remote)):
        lines += [] if end is None else [f"{side} {{", *values(draw, end), "}"]
    if children:
        lines += ["children {"]
        for number, child in enumerate(children):
            lines += [f"n{number} {{", *values(draw, child), "}"]
        lines += ["}"]
    return [*lines, "}"]


def values(draw: st.DrawFn, drawn: dict[str, str]) -> list[str]:
    """The lines of settings: quoted at will, some given twice, some emptied."""
    lines = []
    for key, value in drawn.items():
        quoted = f'"{value}"' if '"' not in value and draw(st.booleans()) else value
        lines += [f"{key} = nonsense"] if draw(st.integers(0, 20)) == 0 else []
        lines += [f"{key}={quoted}"] if draw(st.integers(0, 20)) else [f"{key} ="]
    return lines


def assert_same(ours: PeerConnection, told: Told) -> None:
    """A connection that both took is the same in all that we keep of it."""
    given = told.settings
    assert ours.ike_version in {int(given["version"]), None}
    for side in ("local", "remote"):
        addresses = given[f"{side}_addrs"].replace("(null)", "%any")
        assert ", ".join(getattr(ours, side).addresses) == addresses
        told_end = told.ends[side][0]
        end = getattr(ours, side)
        classes = {"pre-shared key": "psk", "public key": "pubkey"}
        unsaid = "pubkey" if side == "local" else "any"
        assert end.auth == classes.get(told_end.get("class", ""), unsaid)
        if end.ike_id is not None and "id" in told_end:
            mine = parse_identity(end.ike_id)
            assert mine.kind == "keyid" or (mine.value or "%any") == told_end["id"].lower()
        else:
            assert (end.ike_id is None) == ("id" not in told_end)
    assert ours.is_aggressive == bool(int(given["aggressive"]))
    assert ours.forces_encap == bool(int(given["encap"]))
    assert ours.dpd_delay_s == int(given["dpd_delay"])
    times = {int(given["rekey_time"]), int(given["reauth_time"])}
    hard = max(times) + int(given["over_time"]) if max(times) else 0
    assert lifetimes_of(ours) == (min(times - {0}, default=0), hard)
    assert_same_proposals(ours.proposals, given["proposals"])
    assert [child.name for child in ours.children] == list(told.children)
    for child in ours.children:
        say = told.children[child.name]
        assert_same_proposals(child.proposals, say["proposals"])
        assert lifetimes_of(child) == (int(say["rekey_time"]), int(say["life_time"]))
        assert child.mode.upper() == say["mode"]
        assert child.has_sha256_96 == bool(int(say["sha256_96"]))
        for texts, key in ((child.local_subnets, "local_ts"), (child.remote_subnets, "remote_ts")):
            assert networks_read(texts) == networks_told(say[key])


def assert_same_proposals(ours: tuple, told: str) -> None:
    """The same proposals in order; what a default is, another test looks at."""
    offered = proposals_told(told)
    for one in ours:
        if one.is_default:
            # The daemon's own stand there as one for plain ciphers and one for AEADs.
            del offered[:2]
        else:
            assert proposal_read(one) == offered.pop(0)
    assert offered == []


@pytest.mark.system_tool("charon")
@settings(
    max_examples=EXAMPLES,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(text=files())
def test_a_file_is_read_as_the_daemon_reads_it(
    daemon: Charon, tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    """What it loads and what it refuses, and of what it loads every value."""
    told = loaded(daemon, text)
    ours = read(tmp_path_factory.getbasetemp(), text)
    assert list(ours) == list(told)
    for name, connection in ours.items():
        doubtful = connection.refused is None and connection.may_not_load
        assert (connection.refused is None) == told[name].is_loaded or doubtful, connection.refused
        if told[name].is_loaded:
            assert_same(connection, told[name])
