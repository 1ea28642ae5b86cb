"""The grammar of values against strongSwan: many texts, read by us and loaded by its daemons."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import pytest
from charon import Charon, Starter, charon, namespace, starter
from charon_says import networks_read, networks_told, proposal_read, proposals_told
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from peer_spellings import (
    charon_says,
    differences,
    ipsec_conf,
    local_selectors,
    read_all,
    starter_says,
    swanctl_conf,
)
from system_tools import find_tool

from vpnframe.peers.model import PeerConnection, PeerProposal
from vpnframe.peers.selectors import Selector

BATCH = 100
EXAMPLES = min(60, max(2, int(os.environ.get("VPNFRAME_EXAMPLES", "100")) // 50))
quickly = settings(
    max_examples=EXAMPLES,
    # To make a failure smaller takes hundreds of daemons' answers: the test names the texts.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def new_daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Charon]:
    """A daemon that is given swanctl.conf."""
    for name in ("charon", "swanctl"):
        find_tool(name)
    with namespace() as inside, charon(tmp_path_factory.mktemp("charon"), inside) as found:
        yield found


@pytest.fixture(scope="module")
def old_daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Starter]:
    """A daemon that is given ipsec.conf."""
    for name in ("charon", "starter", "swanctl"):
        find_tool(name)
    with namespace() as inside, starter(tmp_path_factory.mktemp("starter"), inside) as found:
        yield found


def batches(one: st.SearchStrategy[str]) -> st.SearchStrategy[list[str]]:
    """As many texts as are loaded at once."""
    return st.lists(one, min_size=BATCH, max_size=BATCH)


def mostly(usual: str, *others: str) -> st.SearchStrategy[str]:
    """One text in two cases of three, else one of the others."""
    return st.one_of(st.just(usual), st.just(usual), st.sampled_from(others))


HOSTS = st.sampled_from(
    ["10.0.0.0", "10.1.2.3", "192.0.2.1", "0.0.0.1", "2001:db8::", "2001:db8::1", "::", "%any",
     "%any4", "%any6", "%any", "::ffff:10.0.0.0", "::ffff:a00:0", "10.0.0", "10", "010.0.0.0",
     "256.0.0.0", "hq.example", "", "dynamic", "%dynamic", "Dynamic", "fe80::1%eth0", "1::2::3",
     "10.0.0.0 ", " 10.0.0.0", "0x0a000000", "1:2:3:4:5:6:7::", "!10.0.0.0"]
)  # fmt: skip
PREFIXES = st.one_of(
    st.integers(0, 32).map(str),
    st.integers(0, 600).map(str),
    st.sampled_from(
        ["", "128", "255.255.0.0", "255.255.255.0", "0.0.0.255", "+16", "-1", "016", "0x10", " 16",
         "\t16", "x", "24/25", "16.", "4294967304", "99999999999999999999", "-9" * 12, "1" * 5000]
    ),
)  # fmt: skip
TAILS = mostly(
    "", " 10.9.0.0/16", ";10.9.0.0/16", " (office)", "; x", "-x", "|y", "!", " ", "\t", "\n",
    " \u00e9", "]", "\\", " # x", '"', "x" * 600,
)  # fmt: skip
PROTOCOLS = st.sampled_from(
    ["tcp", "TCP", "udp", "icmp", "ipv6-icmp", "any", "%any", "", "6", "0", "17", "255", "256",
     "0x11", "010", "08", "-0", "-1", "+6", " 6", "6 ", " ", "[tcp", "99999999999999999999"]
)  # fmt: skip
PORTS = st.sampled_from(
    ["80", "0", "65535", "65536", "http", "any", "%any", "opaque", "%opaque", "", "1-10", "10-1",
     "0-65535", "1-", "-", "-0", "-5", "1--1", "1-2-3", "1- 2", "1 -2", "0x50", "010", "09", "+80",
     " 80", "80 ", " ", "/80", "80/81"]
)  # fmt: skip
RESTRICTIONS = st.one_of(
    st.just(""),
    st.just(""),
    st.builds("[{}]".format, PROTOCOLS),
    st.builds("[{}/{}]{}".format, PROTOCOLS, PORTS, TAILS),
    st.builds("[{}".format, PROTOCOLS),
)
BLOCKS = st.builds("{}/{}{}{}".format, HOSTS, PREFIXES, TAILS, RESTRICTIONS)
SELECTORS = st.one_of(
    BLOCKS,
    BLOCKS,
    st.builds("{}{}{}".format, HOSTS, TAILS, RESTRICTIONS),
    st.builds("{}{}{}{}".format, HOSTS, st.sampled_from(["-", " - ", "- ", "--"]), HOSTS,
              RESTRICTIONS),
    st.text(alphabet="0123456789./-:[]%any dm;", max_size=20),
)  # fmt: skip
LISTS = st.one_of(
    SELECTORS,
    st.lists(SELECTORS, max_size=3).flatmap(
        lambda found: st.sampled_from([one.join(found) for one in (",", ", ", " , ", ",,", ";")])
    ),
)


def selectors_said(text: str, *, is_one: bool) -> str:
    """Selectors as the daemon prints them: addresses, and of one whether it is restricted."""
    return f"{sorted(map(str, networks_told(text)))} {is_one and '[' in text}"


def selectors_read(found: Sequence[Selector], *, is_one: bool) -> str:
    """Selectors of ours in the same form."""
    return f"{sorted(map(str, networks_read(found)))} {is_one and found[0].is_restricted}"


def assert_selectors(texts: list[str], ours: list[PeerConnection], told: list[str]) -> None:
    """Text by text, for those whose names do not depend on the machine."""
    for text, one, said in zip(texts, ours, told, strict=True):
        selectors = one.children[0].local_subnets
        if any(found.has_unknown_name for found in selectors):
            continue
        is_one = "," not in text
        mine = "refused" if one.refused else selectors_read(selectors, is_one=is_one)
        theirs = said if said == "refused" else selectors_said(said, is_one=is_one)
        assert mine == theirs, text


@pytest.mark.system_tool("charon")
@quickly
@given(texts=batches(LISTS))
def test_selectors_of_swanctl_conf(new_daemon: Charon, texts: list[str]) -> None:
    """Blocks, ranges, protocols and ports, with whatever stands before and behind."""
    ours = read_all(swanctl_conf("child.local_ts", texts), new_daemon.folder, BATCH)
    told = charon_says(new_daemon, "child.local_ts", texts)
    assert_selectors(texts, ours, told)


@pytest.mark.system_tool("starter")
@quickly
@given(texts=batches(LISTS))
def test_selectors_of_ipsec_conf(old_daemon: Starter, texts: list[str]) -> None:
    """The same texts: it skips what it cannot read."""
    ours = read_all(ipsec_conf("leftsubnet", texts), old_daemon.folder, BATCH)
    told = starter_says(old_daemon, "leftsubnet", texts, local_selectors)
    assert_selectors(texts, ours, told)


WORDS = st.sampled_from(
    ["aes128", "aes256", "aes", "3des", "aes128gcm16", "aes128gcm", "chacha20poly1305", "null",
     "sha1", "sha256", "md5", "sha2_256", "prfsha1", "modp1024", "modp2048", "ecp256", "none",
     "modpnone", "curve25519", "esn", "noesn",
     "AES128", "Sha1", "group2", "dh2", "modp1025", "sha-1", "aes_128", "nonsense", "default",
     "ntru128", "ke1_mlkem768", "mlkem768", ""]
)  # fmt: skip
RIGHT = st.builds(
    "-".join,
    st.tuples(
        st.sampled_from(["aes128", "aes256", "3des", "aes128gcm16"]),
        st.sampled_from(["sha1", "sha256", "sha384-prfsha384"]),
        st.sampled_from(["modp1024", "modp2048", "ecp256-modp2048"]),
    ),
)
PROPOSALS = st.one_of(
    RIGHT,
    RIGHT,
    st.lists(WORDS, min_size=1, max_size=5).map("-".join),
    st.builds("{}{}{}".format, RIGHT, st.sampled_from(["-", "--", " - ", " ", ";", ":", "\t-"]),
              WORDS),
)  # fmt: skip
MARKS = mostly("", "!", " !", "!!", "! ", ",", ", ", ",!", ";", " ", "\t", "\u00e9")
PROPOSAL_LISTS = st.builds(
    "{}{}{}".format,
    mostly("", " ", ",", "!", "\t"),
    st.lists(PROPOSALS, min_size=1, max_size=3).flatmap(
        lambda found: st.sampled_from([one.join(found) for one in (",", ", ", " , ", ";", " ")])
    ),
    MARKS,
)


def same_proposals(ours: Sequence[PeerProposal], text: str) -> bool:
    """Whether both are the same, proposal by proposal; a default is two of the daemon's."""
    offered = proposals_told(text)
    for one in ours:
        if one.is_default:
            del offered[:2]
        elif not offered or proposal_read(one) != offered.pop(0):
            return False
    return not offered


@pytest.mark.system_tool("charon")
@pytest.mark.parametrize("option", ["proposals", "child.esp_proposals"])
@quickly
@given(texts=batches(PROPOSAL_LISTS))
def test_proposals_of_swanctl_conf(new_daemon: Charon, option: str, texts: list[str]) -> None:
    """Words right and wrong, with marks and separators of other makes."""
    told = charon_says(new_daemon, option, texts)
    for text, one, said in zip(
        texts, read_all(swanctl_conf(option, texts), new_daemon.folder, BATCH), told, strict=True
    ):
        listed = one.proposals if option == "proposals" else one.children[0].proposals
        if said != "refused" and not one.refused and not one.may_not_load:
            assert same_proposals(listed, said), text
        assert (said == "refused") == bool(one.refused) or one.may_not_load, text


@pytest.mark.system_tool("starter")
@pytest.mark.parametrize("option", ["ike", "esp"])
@quickly
@given(texts=batches(PROPOSAL_LISTS))
def test_proposals_of_ipsec_conf(old_daemon: Starter, option: str, texts: list[str]) -> None:
    """Of what it loads it says nothing more than that it does."""
    ours = read_all(ipsec_conf(option, texts), old_daemon.folder, BATCH)
    told = starter_says(old_daemon, option, texts, lambda one: "loaded")
    assert differences(texts, ours, told, lambda one: "loaded") == []


NUMBERS = st.one_of(
    st.integers(0, 10**6).map(str),
    st.integers(0, 10**22).map(str),
    st.sampled_from(["", "0", "00", "010", "08", "0x10", "0X1f", "0x", "+5", "-1", "-0", "1.5",
                     "1e3", " 5", "\t5", "٣", "infinite", "4294967296", str(2**64 - 1), "9" * 300]),
)  # fmt: skip
UNITS = mostly(
    "", "s", "m", "h", "d", "S", "M", "H", "D", "w", "y", "ss", "sec", "min", "ms", " s", "  h",
    " ", "s ", "\th", ";", "!", ",", "h30m", " #",
)  # fmt: skip
TIMES = st.builds("{}{}".format, NUMBERS, UNITS)


def said_of_times(option: str, one: PeerConnection) -> str:
    """What our reader has of an option in seconds, as charon's log has it."""
    (child,) = one.children
    seconds = {
        "child.rekey_time": child.lifetime.rekey_s,
        "child.life_time": child.lifetime.hard_s,
        "rekey_time": one.lifetime.rekey_s,
        "dpd_delay": one.dpd_delay_s,
    }
    return str(seconds[option])


@pytest.mark.system_tool("charon")
@pytest.mark.parametrize(
    "option", ["child.rekey_time", "child.life_time", "rekey_time", "dpd_delay"]
)
@quickly
@given(texts=batches(TIMES))
def test_times_of_swanctl_conf(new_daemon: Charon, option: str, texts: list[str]) -> None:
    """Units large and small, blanks, other bases, and more than 64 bits."""
    ours = read_all(swanctl_conf(option, texts), new_daemon.folder, BATCH)
    told = charon_says(new_daemon, option, texts)
    assert differences(texts, ours, told, partial(said_of_times, option)) == []


@pytest.mark.system_tool("starter")
@pytest.mark.parametrize("option", ["lifetime", "ikelifetime"])
@quickly
@given(texts=batches(TIMES))
def test_times_of_ipsec_conf(old_daemon: Starter, option: str, texts: list[str]) -> None:
    """It is told when keys are renewed: nine minutes before they end, and below zero from above."""
    is_ike = option == "ikelifetime"

    def say(one: dict[str, Any]) -> str:
        if is_ike:
            return str((int(one["reauth_time"]) + 540) % 2**32)
        (child,) = one["children"].values()
        return str((int(child["rekey_time"]) + 540) % 2**64)

    def read(one: PeerConnection) -> str:
        return str((one if is_ike else one.children[0]).lifetime.hard_s)

    ours = read_all(ipsec_conf(option, texts), old_daemon.folder, BATCH)
    told = starter_says(old_daemon, option, texts, say)
    assert differences(texts, ours, told, read) == []
