"""Libreswan's ipsec.conf is told from strongSwan's."""

from __future__ import annotations

import pytest

from vpnframe.errors import SettingsError
from vpnframe.peers.options import CONN, CONN_OTHERS, CONN_SYNONYMS
from vpnframe.peers.reading import find_libreswan, read_peer

PLAIN = "conn a\n\tleft=192.0.2.1\n\tright=203.0.113.1\n\tauthby=secret\n\tauto=start\n"


@pytest.mark.parametrize(
    "line",
    [
        "ikev2=insist",
        "IKEv2 = yes",
        "phase2alg=aes128-sha1;modp1024",
        "salifetime=3600",
        'leftsubnets="10.0.0.0/16 10.1.0.0/16"',
        "rightsubnets={10.0.0.0/16 10.1.0.0/16}",
        "leftmodecfgclient=yes",
        "rightxauthserver=yes",
        "encapsulation=yes",
        "ipsec-interface=yes",
        "vti-interface=vti1",
        "mark-in=5/0xff",
        "sha2-truncbug=yes",
        "ike=aes128-sha1;modp1024",
        "ike=aes_gcm256-sha2_512;dh19,aes256-sha1;modp2048",
        'esp="aes256-sha2_256;modp2048"',
        "auto=ondemand",
        "authby=null",
        "dpdaction=restart_by_peer",
    ],
)
def test_a_word_of_libreswan_alone_gives_it_away(line, tmp_path):
    """Then nothing is read: one sentence names the line."""
    path = tmp_path / "ipsec.conf"
    path.write_text(f"{PLAIN}\t{line}\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"line 6: .* this is Libreswan's ipsec.conf"):
        read_peer(path)


@pytest.mark.parametrize("setup", ["protostack=netkey", "virtual-private=%v4:10.0.0.0/8"])
def test_its_setup_section_counts_too(setup):
    """In the line where it stands."""
    assert find_libreswan(f"config setup\n    {setup}\n{PLAIN}").line == 2


@pytest.mark.parametrize(
    "line",
    [
        "keyexchange=ikev2",
        "# ikev2=insist",
        "ike=aes128-sha1-modp1024!",
        "ike=aes128-sha1-modp1024 # ;modp1024",
        "leftid=ikev2=insist",
        "ike=aes128-sha1;aes256-sha1",
        "ike=aes128-sha1;modp1024\n\tleftauth=psk",
        "esp=aes128-sha1;modp1024\n\tike=aes128-sha1-modp1024!",
        "ike=aes128-sha1;modp1024\n\tmargintime=9m",
    ],
)
def test_a_file_of_strongswan_is_none_of_its(line):
    """Also one with a mistake, where the rest says whose it is."""
    assert find_libreswan(f"{PLAIN}\t{line}\n") is None


def test_no_keyword_of_strongswan_gives_a_file_away():
    """Both lists are disjoint."""
    for name in CONN | CONN_OTHERS.keys() | CONN_SYNONYMS.keys():
        assert find_libreswan(f"conn a\n\t{name}=x\n") is None, name


def test_the_line_and_the_sign_are_named():
    """A value that only Libreswan has."""
    found = find_libreswan("conn a\n\tike=aes128-sha1;modp1024\n")
    assert (found.line, found.message[:46]) == (2, "a value shows that this is Libreswan's ipsec.c")
