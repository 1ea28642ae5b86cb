"""Traffic selectors as the two files write them, and what strongSwan makes of each."""

from __future__ import annotations

import csv
from ipaddress import ip_network
from pathlib import Path

import pytest
from charon import charon, namespace, starter
from charon_says import networks_read, networks_told
from hypothesis import given
from hypothesis import strategies as st
from peer_spellings import (
    REFUSED,
    charon_says,
    ipsec_conf,
    local_selectors,
    read_all,
    starter_says,
    swanctl_conf,
)
from system_tools import find_tool

from vpnframe.peers.selectors import IPSEC, SWANCTL, read_address, read_selector, read_traffic

TABLE = Path(__file__).parents[1] / "data" / "peer_selectors.csv"


def spellings() -> list[dict[str, str]]:
    """The table: what is written, and what the daemon has of it by either file."""
    with TABLE.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


WRITTEN = [row["written"] for row in spellings()]


@pytest.mark.parametrize(
    ("name", "option", "conf"),
    [("swanctl.conf", "child.local_ts", swanctl_conf), ("ipsec.conf", "leftsubnet", ipsec_conf)],
)
def test_every_spelling_is_read_as_the_table_has_it(name, option, conf, tmp_path):
    """Addresses, and of a single selector whether it is restricted."""
    for row, one in zip(
        spellings(), read_all(conf(option, WRITTEN), tmp_path, len(WRITTEN)), strict=True
    ):
        assert (one.refused is not None) == (row[name] == REFUSED), row
        if one.refused is None:
            (child,) = one.children
            assert networks_read(child.local_subnets) == networks_told(row[name]), row
            assert any(s.is_restricted for s in child.local_subnets) == ("[" in row[name]), row


@pytest.mark.system_tool("starter")
def test_the_table_is_what_the_daemons_say(tmp_path_factory):
    """By either file."""
    for tool in ("charon", "starter", "swanctl"):
        find_tool(tool)
    with namespace() as inside, charon(tmp_path_factory.mktemp("charon"), inside) as daemon:
        assert charon_says(daemon, "child.local_ts", WRITTEN) == column("swanctl.conf")
    with namespace() as inside, starter(tmp_path_factory.mktemp("starter"), inside) as daemon:
        told = starter_says(daemon, "leftsubnet", WRITTEN, local_selectors)
        assert told == column("ipsec.conf")


def column(name: str) -> list[str]:
    """One column of the table."""
    return [row[name] for row in spellings()]


@pytest.mark.parametrize(
    ("restriction", "is_restricted"),
    [("tcp/80", True), ("udp", True), ("/53", True), ("any/any", False), ("", False)],
)
def test_a_protocol_or_a_port_restricts(restriction, is_restricted):
    """Any of either does not."""
    found = read_selector(f"10.0.0.0/8[{restriction}]", SWANCTL)
    assert found.networks == (ip_network("10.0.0.0/8"),)
    assert found.is_restricted is is_restricted


def test_what_stands_beside_a_block_is_the_default_of_its_restriction():
    """As ``leftprotoport``: a protocol in brackets keeps the port, a port none."""
    default = read_traffic("udp/500", IPSEC)
    for text, is_restricted in (("[%any/%any]", False), ("[%any]", True), ("", True)):
        found = read_selector(f"10.0.0.0/8{text}", IPSEC, default)
        assert found.is_restricted is is_restricted


@pytest.mark.parametrize("text", ["10.0.0.0/8[magic]", "10.0.0.0/8[tcp/magic]", "dynamic[Tcp]"])
def test_a_name_that_not_every_machine_knows_is_doubt(text):
    """What its daemon does depends on its lists of protocols and services."""
    assert read_selector(text, SWANCTL).has_unknown_name
    known = read_selector("10.0.0.0/8[tcp/http]", SWANCTL)
    assert (known.is_restricted, known.has_unknown_name) == (True, False)


@pytest.mark.parametrize(
    ("text", "is_cut"),
    [
        ("10.0.0.0/16", False),
        ("10.0.0.0/016", False),
        ("2001:db8::/64", False),
        ("10.0.0.1-10.0.0.9", False),
        ("10.0.0.0/16 10.1.0.0/16", True),
        ("10.0.0.0/255.255.0.0", True),
        ("10.0.0.0/33", True),
        ("10.0.0.0/", True),
        ("10.0.0.0/16 [tcp]", False),
        ("10.0.0.0/16[tcp] 10.1.0.0/16", True),
    ],
)
def test_a_text_that_is_not_read_in_full_says_so(text, is_cut):
    """So that a reader of the table learns why a block is another one."""
    assert read_selector(text, SWANCTL).is_cut is is_cut


@given(
    st.text(alphabet="0123456789./-:[]%adny ", max_size=24) | st.text(max_size=12),
    st.sampled_from([SWANCTL, IPSEC]),
)
def test_any_text_is_read_or_none(text, dialect):
    """Nothing is raised."""
    read_selector(text, dialect)


def test_blocks_traffic_and_addresses_are_parsed_as_the_daemon_does():
    """A netmask is no prefix length; any has another word in ipsec.conf; a name is no address."""
    assert read_selector("10.1.2.3/16;10.2.0.0/16", SWANCTL).networks == (
        ip_network("10.1.0.0/16"),
    )
    assert read_selector("10.0.0.0/255.255.0.0", IPSEC).networks == (ip_network("10.0.0.0/32"),)
    assert read_traffic("tcp/80-90", SWANCTL) == (True, (80, 90))
    assert read_traffic("any", IPSEC) is None
    assert read_address("192.0.2.0/255.255.255.0") == (ip_network("192.0.2.0/32"),)
    assert read_address("hq.example") is None
