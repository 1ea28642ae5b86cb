"""swanctl.conf: defaults, what charon refuses, and what is only noted.

That every value is read as charon reads it, :mod:`test_peer_charon` holds against charon.
"""

from __future__ import annotations

import pytest
from peer_builders import swanctl

from vpnframe.peers.model import Lifetime
from vpnframe.peers.sections import Section
from vpnframe.peers.selectors import DYNAMIC
from vpnframe.peers.swanctl import parse_swanctl, swanctl_connections


def read(text):
    """The connections of a file."""
    root = parse_swanctl(text)
    assert isinstance(root, Section)
    return swanctl_connections(root)


def one(**changes):
    """The one connection of a file that is right but for some changes."""
    (found,) = read(swanctl(**changes))
    return found


def test_a_connection_without_a_word_has_charons_defaults():
    """Any version, any address, its own proposals, four hours."""
    (found,) = read("connections {\n a {\n children {\n c {\n }\n }\n }\n}")
    assert (found.ike_version, found.is_aggressive, found.dpd_delay_s) == (0, False, 0)
    assert found.local.addresses == found.remote.addresses == ("%any",)
    assert (found.local.auth, found.remote.auth) == ("pubkey", "any")
    assert [proposal.is_default for proposal in found.proposals] == [True]
    assert found.lifetime == Lifetime(14_400, 15_840)
    (child,) = found.children
    assert child.local_subnets == child.remote_subnets == (DYNAMIC,)
    assert child.lifetime == Lifetime(3600, 3960)


def test_addresses_are_read():
    """Those of the other end."""
    (found,) = read("connections {\n hq {\n  remote_addrs = 192.0.2.1\n }\n}")
    assert found.remote.addresses == ("192.0.2.1",)


def test_a_right_connection_is_neither_refused_nor_noted():
    """The file that the other tests change."""
    found = one()
    assert (found.refused, found.notes) == (None, ())
    assert [proposal.text for proposal in found.proposals] == ["aes128-sha256-modp2048"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"connection": {"encap": "perhaps"}}, "encap cannot be read"),
        ({"connection": {"rekey_time": "1w"}}, "rekey_time cannot be read"),
        ({"connection": {"proposals": "aes128-sha256"}}, "proposals has an IKE proposal without"),
        ({"connection": {"auth": "psk"}}, "wrong section"),
        ({"local": {"proposals": "default"}}, "wrong section"),
        ({"local": {"auth": "magic"}}, "auth cannot be read"),
        ({"child": {"local_ts": "10.0.0/24"}}, "local_ts has a selector"),
        ({"child": {"local_ts": "%dynamic"}}, "local_ts has a selector"),
        ({"child": {"local_ts": "10.0.0.0/24 \u2013 x"}}, "local_ts has a character"),
        ({"child": {"mode": "magic"}}, "mode cannot be read"),
        ({"child": {"mode": '""'}}, "mode cannot be read"),
        ({"child": {"esp_proposals": "sha256"}}, "esp_proposals has an ESP proposal"),
        ({"child": {"esp_proposals": "aes128-sha1-modp1024!"}}, "esp_proposals has a keyword"),
        ({"child": {"esp_proposals": "aes128-sha1-group2"}}, "esp_proposals has a keyword"),
        ({"child": {"esp_proposals": "aes128-sha1 aes256-sha1"}}, "esp_proposals has a keyword"),
        ({"child": {"esp_proposals": "aes128-sha1;aes256-sha1"}}, "esp_proposals has a keyword"),
        ({"child": {"ah_proposals": "SHA1"}}, "ah_proposals has a keyword"),
        ({"connection": {"proposals": "AES128-sha1-modp1024"}}, "proposals has a keyword"),
        ({"connection": {"keyingtries": "%forever"}}, "keyingtries cannot be read"),
        ({"connection": {"mobike": "perhaps"}}, "mobike cannot be read"),
        ({"connection": {"dpd_timeout": "1min"}}, "dpd_timeout cannot be read"),
        ({"connection": {"unique": "yes"}}, "unique cannot be read"),
        ({"child": {"dpd_action": "hold"}}, "dpd_action cannot be read"),
        ({"child": {"start_action": "add"}}, "start_action cannot be read"),
        ({"child": {"reqid": "09"}}, "reqid cannot be read"),
        ({"connection": {"vips": "10.0.0.0/24"}}, "vips cannot be read"),
    ],
)
def test_what_charon_refuses_says_why_and_in_which_line(changes, words):
    """It loads no connection with one wrong value."""
    found = one(**changes)
    assert words in found.refused
    assert "line " in found.refused


@pytest.mark.parametrize("changes", [{"connection": {"Canary": "x"}}, {"child": {"Canary": "x"}}])
def test_an_unknown_option_is_noted_without_its_name(changes):
    """It may be new, or a slip: charon of 5.9 would not load it."""
    found = one(**changes)
    assert found.refused is None
    assert "an option that strongSwan 5.9 does not have" in found.notes[0]
    assert "Canary" not in repr(found)


@pytest.mark.parametrize(
    "changes",
    [
        {"connection": {"Canary": "x"}},
        {"connection": {"proposals": "aes128-sha256-modp2048-ke1_mlkem768"}},
        {"connection": {"proposals": "aes128-sha256-mlkem768"}},
        {"connection": {"childless": "prefer"}},
        {"child": {"mode": "iptfs"}},
        {"child": {"mode": "IPTFS"}},
        {"child": {"per_cpu_sas": "yes"}},
        {"child": {"hw_offload": "packet"}},
        {"child": {"esp_proposals": "aes128-sha256-ntru128"}},
        {"child": {"local_ts": "10.0.0.0/24[magic]"}},
        {"child": {"local_ts": "10.0.0.0/24[tcp/magic]"}},
    ],
)
def test_what_some_versions_or_machines_take_is_noted_and_not_refused(changes):
    """Whether the connection is loaded cannot be told then."""
    found = one(**changes)
    assert (found.refused, found.may_not_load) == (None, True)
    assert "does not load the connection" in found.notes[0]


def test_options_of_no_use_here_are_passed_over():
    """They are dropped without a word."""
    found = one(connection={"mobike": "no", "keyingtries": "0"}, child={"updown": "/bin/true"})
    assert (found.refused, found.notes) == (None, ())


def test_a_version_that_there_is_not_is_noted():
    """Charon loads it all the same."""
    found = one(connection={"version": "3"})
    assert (found.ike_version, found.refused) == (None, None)
    assert "version" in found.notes[0]


def test_the_first_round_of_authentication_counts():
    """By its number, else by its place."""
    text = (
        "connections {\n a {\n local-b {\n round = 2\n id = second\n }\n"
        " local-a {\n round = 1\n id = first\n auth = psk\n }\n }\n}"
    )
    (found,) = read(text)
    assert (found.local.ike_id, found.local.auth) == ("first", "psk")


def test_the_second_round_is_read_too():
    """One wrong word in it, and the connection is not loaded."""
    text = "connections {\n a {\n local-a {\n auth = psk\n }\n local-b {\n auth = magic\n }\n }\n}"
    (found,) = read(text)
    assert found.local.auth == "psk"
    assert "auth cannot be read" in found.refused


def test_templates_are_inherited():
    """From a section outside of the connections."""
    text = "base {\n version = 2\n local {\n auth = psk\n }\n}\nconnections {\n a : base {\n }\n}"
    (found,) = read(text)
    assert (found.ike_version, found.local.auth) == (2, "psk")


def test_children_that_are_no_tunnels_are_left_out():
    """Bypass and drop policies."""
    assert one(child={"mode": "pass"}).children == ()


def test_ah_stands_beside_esp():
    """Charon offers both where both are named."""
    (child,) = one(child={"ah_proposals": "sha256"}).children
    assert [proposal.protocol for proposal in child.proposals] == ["esp", "ah"]


def test_an_address_may_be_asked_for():
    """Then dynamic is what nobody knows before."""
    assert one(connection={"vips": "::"}).local.has_virtual_ip
    assert not one().local.has_virtual_ip


def test_an_empty_option_in_the_wrong_section_is_ignored():
    """As strongSwan does, whether the option is compared or not."""
    for option in ("remote_ts", "hostaccess"):
        (one,) = read(swanctl(connection={option: ""}))
        (other,) = read(swanctl(connection={option: "yes"}))
        assert one.refused is None
        assert "in the wrong section" in other.refused
