"""Phase 1, field by field; that IKE does so, :mod:`test_peer_negotiation` shows."""

from __future__ import annotations

from dataclasses import replace

import pytest
from peer_builders import CLOUD, SITE, swanctl, tunnels

from vpnframe.peers.ike_fields import covers, ike_verdicts, is_private
from vpnframe.peers.swanctl import parse_swanctl, swanctl_connections
from vpnframe.peers.tunnels import read_tunnels


def verdicts(ours=None, *, theirs=None, **changes):
    """What is said of each field."""
    (row,) = read_tunnels(tunnels(ours or {}))
    (connection,) = swanctl_connections(parse_swanctl(swanctl(**changes)))
    connection = replace(connection, **(theirs or {}))
    return {one.field: one for one in ike_verdicts(row, connection)}


def test_equal_ends_match_in_all_that_decides():
    """Lifetimes, dead peers and NAT are told of; the key is not compared."""
    results = {name: one.result for name, one in verdicts().items()}
    infos = {"ike_lifetime_s", "dpd_enabled", "nat_traversal_enabled"}
    assert results.pop("psk") == "unverifiable"
    assert {name for name, result in results.items() if result == "info"} == infos
    assert {result for name, result in results.items() if name not in infos} == {"match"}


@pytest.mark.parametrize(
    ("addresses", "address", "answer"),
    [
        (["192.0.2.1"], "192.0.2.1", True),
        (["192.0.2.0/24"], "192.0.2.1", True),
        (["192.0.2.0/24"], "192.0.2.9", True),
        (["192.0.2.1-192.0.2.3"], "192.0.2.3", True),
        (["192.0.2.3-192.0.2.1"], "192.0.2.2", False),
        (["192.0.2.0/255.255.255.0"], "192.0.2.1", False),
        (["192.0.2.0/24 198.51.100.0/24"], "192.0.2.1", True),
        (["hq-1.example"], "192.0.2.1", None),
        (["192.0.2.1"], "192.0.2.2", False),
        (["hq.example"], "192.0.2.1", None),
        (["%any"], "192.0.2.1", False),
        (["::1"], "192.0.2.1", False),
        ([], "192.0.2.1", False),
    ],
)
def test_addresses_blocks_and_ranges_cover(addresses, address, answer):
    """A name may; %any is none of them."""
    assert covers(addresses, address) is answer


def test_documentation_addresses_are_not_private():
    """The private ranges are those of three RFCs, not what a library calls so."""
    assert is_private(["10.1.2.3", "100.64.0.1", "fd00::1"])
    assert not is_private(["198.51.100.1"])
    assert not is_private(["hq.example"])
    assert is_private(["10.0.0.4"])
    assert not is_private(["10.0.0.4", "192.0.2.1"])
    assert not is_private([])


def test_a_private_address_stands_behind_nat():
    """What the cloud sees is another: not a mismatch, and a hint where NAT traversal is off."""
    found = verdicts({"nat_traversal_enabled": False}, connection={"local_addrs": "192.168.1.2"})
    assert found["customer_gateway_ip"].result == "unverifiable"
    assert found["nat_traversal_enabled"].result == "unverifiable"
    # Without an id of its own it goes by that address, which nobody expects.
    assert found["customer_gateway_ike_id"].result == "mismatch"


@pytest.mark.parametrize(
    ("changes", "field", "result"),
    [
        ({"remote_addrs": "203.0.113.9"}, "vpn_gateway_ip", "mismatch"),
        ({"remote_addrs": "%any"}, "vpn_gateway_ip", "info"),
        ({"remote_addrs": "cloud.example"}, "vpn_gateway_ip", "unverifiable"),
        ({"local_addrs": "%any"}, "customer_gateway_ip", "match"),
        ({"local_addrs": "198.51.100.9"}, "customer_gateway_ip", "mismatch"),
    ],
)
def test_addresses_are_crossed(changes, field, result):
    """Their remote is our gateway, their local the customer's."""
    assert verdicts(connection=changes)[field].result == result


def test_ids_are_crossed():
    """Ours local is theirs remote; without an id an end goes by its address."""
    ours = {"vpn_gateway_ike_id": "cloud", "customer_gateway_ike_id": "site"}
    right = verdicts(ours, local={"id": "site"}, remote={"id": "cloud"})
    crossed = verdicts(ours, local={"id": "cloud"}, remote={"id": "site"})
    fields = ("vpn_gateway_ike_id", "customer_gateway_ike_id")
    assert [right[field].result for field in fields] == ["match", "match"]
    assert [crossed[field].result for field in fields] == ["mismatch", "mismatch"]
    assert crossed[fields[0]].ike_error == "AUTHENTICATION_FAILED"
    assert verdicts(remote={"id": CLOUD}, local={"id": SITE})[fields[0]].result == "match"


def test_an_id_that_nobody_knows_is_not_judged():
    """Neither an id nor an address."""
    found = verdicts({"customer_gateway_ip": None})["customer_gateway_ike_id"]
    assert found.result == "unverifiable"
    found = verdicts(connection={"local_addrs": "%any"})["customer_gateway_ike_id"]
    assert found.result == "unverifiable"


@pytest.mark.parametrize(
    ("theirs", "result"),
    [
        ({"psk_fingerprint": "ab", "psk_fingerprint_key_id": "k"}, "match"),
        ({"psk_fingerprint": "cd", "psk_fingerprint_key_id": "k"}, "mismatch"),
        ({"psk_fingerprint": "ab", "psk_fingerprint_key_id": "other"}, "unverifiable"),
        ({}, "unverifiable"),
    ],
)
def test_keys_are_compared_by_fingerprints_under_one_key_alone(theirs, result):
    """Neither a fingerprint nor anything else of a key is shown."""
    (row,) = read_tunnels(tunnels({}))
    row = replace(row, psk_fingerprint="ab", psk_fingerprint_key_id="k")
    (connection,) = swanctl_connections(parse_swanctl(swanctl()))
    found = {one.field: one for one in ike_verdicts(row, replace(connection, **theirs))}["psk"]
    assert (found.result, found.ours, found.theirs) == (result, None, None)


def test_certificates_have_no_key_to_compare():
    """And are compared by the method."""
    found = verdicts({"auth_method": "certificate"}, local={"auth": "pubkey"})
    assert "psk" not in found
    assert found["auth_method"].result == "mismatch"
    both = {"local": {"auth": "pubkey"}, "remote": {"auth": "pubkey"}}
    assert verdicts({"auth_method": "certificate"}, **both)["auth_method"].result == "match"
    assert verdicts({"auth_method": "unknown"})["auth_method"].result == "unverifiable"


@pytest.mark.parametrize(
    ("column", "value", "field"),
    [
        ("ike_version", None, "ike_version"),
        ("ike_encryption", None, "ike_encryption"),
        ("ike_encryption", "rot13", "ike_encryption"),
        ("ike_integrity", "crc32", "ike_integrity"),
        ("ike_dh_group", None, "ike_dh_group"),
        ("vpn_gateway_ip", None, "vpn_gateway_ip"),
    ],
)
def test_what_is_not_known_of_ours_is_never_a_match(column, value, field):
    """A null, or a word that nobody knows."""
    assert verdicts({column: value})[field].result == "unverifiable"


def test_a_mode_means_nothing_under_ikev2():
    """Whatever the cloud returns."""
    assert "ike_mode" not in verdicts({"ike_mode": "aggressive"})


def test_the_prf_has_a_line_where_it_differs_from_integrity():
    """The cloud has one word for both."""
    assert "ike_prf" not in verdicts()
    found = verdicts(connection={"proposals": "aes128-sha256-prfsha1-modp2048"})
    assert (found["ike_integrity"].result, found["ike_prf"].result) == ("match", "mismatch")


def test_lifetimes_are_told_in_seconds_and_break_nothing():
    """Each with the word of its version."""
    found = verdicts(connection={"rekey_time": "1h", "over_time": "10m"})["ike_lifetime_s"]
    assert (found.ours, found.theirs) == ("86400 s", "rekeyed after 3600 s, ends after 4200 s")
    assert (found.result, found.ike_error) == ("info", "none")
    assert "IKEv2" in found.reason
