"""ipsec.conf: defaults, what the starter does not load, and what shares an IKE SA.

That every value is read as strongSwan reads it, :mod:`test_peer_starter` holds against it.
"""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from vpnframe.peers.ipsec_conf import ipsec_connections, parse_ipsec_conf
from vpnframe.peers.model import Lifetime
from vpnframe.peers.reading import read_peer
from vpnframe.peers.sections import Section
from vpnframe.peers.selectors import Selector


def read(text):
    """The connections of a file."""
    found = parse_ipsec_conf(text)
    assert isinstance(found, Section)
    return ipsec_connections(found)


def one(*settings):
    """The one connection of a section."""
    lines = "".join(f"\t{setting}\n" for setting in ("auto=add", *settings))
    (found,) = read(f"conn a\n{lines}")
    return found


def test_a_section_without_a_word_has_strongswans_defaults():
    """Both versions, certificates, three hours less nine minutes."""
    found = one()
    assert (found.ike_version, found.dpd_delay_s, found.refused) == (0, 0, None)
    assert (found.local.auth, found.remote.ike_id) == ("pubkey", "%any")
    assert found.lifetime == Lifetime(3 * 3600 - 540, 3 * 3600)
    (child,) = found.children
    assert child.lifetime == Lifetime(3600 - 540, 3600)
    assert [proposal.is_default for proposal in found.proposals] == [False, True]


def test_the_version_and_the_other_end_are_read():
    """As they are written."""
    found = one("right=192.0.2.1", "keyexchange=ikev2")
    assert (found.ike_version, found.remote.addresses) == (2, ("192.0.2.1",))


def test_a_section_that_is_not_added_is_never_loaded():
    """It may be there for others to inherit from."""
    (found,) = read("conn a\n\tleft=192.0.2.1\n")
    assert "never loaded" in found.refused


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("keyexchange=ikev3", "keyexchange cannot be read"),
        ("aggressive=perhaps", "aggressive cannot be read"),
        ("lifetime=1w", "lifetime cannot be read"),
        ("ike=aes128-sha256", "ike has an IKE proposal without"),
        ("ike=default", "only swanctl.conf has"),
        ("authby=magic", "authby cannot be read"),
        ("type=magic", "type cannot be read"),
        ("type=iptfs", "type cannot be read"),
        ("lifetime=3600 s", "lifetime cannot be read"),
        ("ikelifetime=86400S", "ikelifetime cannot be read"),
        ("dpddelay=1M", "dpddelay cannot be read"),
        ("ike=aes128-sha1-modp1024,!", "ike has an IKE proposal without"),
        ("ike=aes128-sha1-modp1024,", "ike has an IKE proposal without"),
        ("esp=aes128-sha1-group2", "esp has a keyword"),
        ("esp=aes128-sha1!,aes256-sha1", "esp has a keyword"),
        ('esp="aes128-sha1! "', "esp has a keyword"),
        ('ike=""', "ike has an IKE proposal without"),
        ("leftprotoport=any", "leftprotoport cannot be read"),
        ("keyingtries=many", "keyingtries cannot be read"),
        ("mobike=Yes", "mobike cannot be read"),
        ("reauth=perhaps", "reauth cannot be read"),
        ("dpdtimeout=2 m", "dpdtimeout cannot be read"),
        ("closeaction=start", "closeaction cannot be read"),
        ("leftsendcert=perhaps", "leftsendcert cannot be read"),
    ],
)
def test_what_the_starter_refuses_says_why_and_in_which_line(setting, words):
    """One wrong value, and the section is ignored."""
    found = one(setting)
    assert words in found.refused
    assert "line 3" in found.refused


def test_a_strict_list_is_all_that_is_offered():
    """Without the mark the daemon's own come after it."""
    (strict,) = one("ike=aes256-sha256-modp2048!").proposals
    assert (strict.encryption, strict.is_default) == (("aes-256-cbc",), False)
    loose = one("ike=aes256-sha256-modp2048").proposals
    assert [proposal.is_default for proposal in loose] == [False, True]


def test_ids_are_the_addresses_unless_they_are_named():
    """A mark before the remote id is about certificates."""
    found = one("left=192.0.2.1", "right=198.51.100.1", "rightid=%hq.example")
    assert (found.local.ike_id, found.remote.ike_id) == ("192.0.2.1", "hq.example")


def test_authby_counts_where_no_side_has_its_own():
    """As strongSwan has it."""
    assert one("authby=secret").remote.auth == "psk"
    found = one("authby=secret", "leftauth=psk")
    assert (found.local.auth, found.remote.auth) == ("psk", "pubkey")


@pytest.mark.parametrize(
    ("setting", "addresses"),
    [
        ("right=192.0.2.1", ("192.0.2.1",)),
        ("right=%192.0.2.1", ("192.0.2.1", "%any")),
        ("right=%defaultroute", ("%any",)),
        ("right=192.0.2.1,192.0.2.2", ("192.0.2.1", "192.0.2.2")),
        ("right=,", ("%any",)),
    ],
)
def test_addresses_may_be_several_or_any(setting, addresses):
    """With or without the mark that lets others in."""
    assert one(setting).remote.addresses == addresses


def test_subnets_that_cannot_be_read_are_skipped_and_noted():
    """Ranges among them, which are for swanctl.conf alone."""
    found = one("leftsubnet=10.0.0.0/8,nonsense,10.0.0.1-10.0.0.9", "rightprotoport=tcp/80")
    (child,) = found.children
    assert child.local_subnets == (Selector((ip_network("10.0.0.0/8"),)),)
    assert child.remote_subnets == (Selector(is_dynamic=True, is_restricted=True),)
    assert any("skips" in note for note in found.notes)


def test_unknown_keywords_are_noted_without_their_names():
    """Strongswan warns of them and goes on."""
    found = one("Canary=1")
    assert found.refused is None
    assert "ignores" in found.notes[0]
    assert "Canary" not in repr(found)


def test_sections_that_share_phase_1_are_one_with_several_children():
    """The way to several blocks under IKEv1."""
    shared = "\tright=192.0.2.1\n\tkeyexchange=ikev1\n\tauto=add\n"
    text = (
        f"conn a\n{shared}\trightsubnet=10.0.0.0/24\nconn b\n{shared}\trightsubnet=10.1.0.0/24\n"
        f"conn c\n{shared}\tikelifetime=1h\n"
    )
    first, second = read(text)
    assert [child.name for child in first.children] == ["a", "b"]
    assert [child.name for child in second.children] == ["c"]


def test_bypass_policies_have_no_child():
    """They carry nothing."""
    assert one("type=passthrough").children == ()


def test_ah_is_offered_alone():
    """Beside esp it is noted: which of them counts is not written anywhere."""
    (child,) = one("ah=sha256!").children
    assert [proposal.protocol for proposal in child.proposals] == ["ah"]
    assert "esp" in one("ah=sha256", "esp=aes128-sha256").notes[0]


def test_what_is_asked_of_keys_tells_connections_apart(tmp_path):
    """As in the daemon; equal ones are one."""
    path = tmp_path / "ipsec.conf"
    for asked, names in (("rsa-2048", ["a", "b"]), ("rsa", ["a"])):
        path.write_text(f"conn a\n\tauto=add\nconn b\n\tleftauth={asked}\n\tauto=add\n")
        assert [one.name for one in read_peer(path).connections] == names
