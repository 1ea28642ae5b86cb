"""Phase 2, field by field; that IKE does so, :mod:`test_peer_negotiation` shows."""

from __future__ import annotations

import pytest
from peer_builders import swanctl, tunnels

from vpnframe.peers.child_fields import child_verdicts
from vpnframe.peers.swanctl import parse_swanctl, swanctl_connections
from vpnframe.peers.tunnels import read_tunnels

SECOND = (
    "connections {\n site {\n version = 2\n proposals = aes128-sha256-modp2048\n children {\n"
    " one {\n esp_proposals = aes128-sha256\n remote_ts = 10.0.0.0/25\n"
    " local_ts = 192.168.0.0/24\n }\n"
    " two {\n esp_proposals = aes128-sha256-modp2048\n remote_ts = 10.0.0.128/25\n"
    " local_ts = 192.168.0.0/25\n }\n"
    " three {\n remote_ts = 10.9.0.0/24\n local_ts = 192.168.9.0/24\n }\n }\n }\n}\n"
)


def verdicts(ours=None, *, text=None, **changes):
    """What is said of each child and field."""
    (row,) = read_tunnels(tunnels(ours or {}))
    (connection,) = swanctl_connections(parse_swanctl(text or swanctl(**changes)))
    return {(one.child, one.field): one for one in child_verdicts(row, connection)}


def test_equal_ends_match_in_all_that_decides():
    """The lifetime is told of."""
    results = {field: one.result for (_, field), one in verdicts().items()}
    assert results.pop("ipsec_lifetime_s") == "info"
    assert set(results.values()) == {"match"}


def test_a_pfs_mismatch_tells_of_further_children():
    """The first comes up; each other has an exchange of its own at once."""
    found = verdicts(text=SECOND)
    assert found["one", "ipsec_pfs_group"].result == "works-until-rekey"
    assert "after the first" in found["one", "ipsec_pfs_group"].reason
    assert found["two", "ipsec_pfs_group"].result == "match"


def test_children_of_other_blocks_belong_to_others():
    """They are named once, and not held against ours."""
    found = verdicts(text=SECOND)
    assert [field for child, field in found if child == "three"] == ["peer_child"]
    assert found["three", "peer_child"].result == "info"


def test_what_no_child_carries_is_named():
    """Over all children of ours together."""
    found = verdicts(text=SECOND)[None, "selectors"]
    assert found.result == "info"
    assert "10.0.0.128/25 - 192.168.0.128/25" in found.reason


def test_a_connection_without_children_carries_nothing():
    """It is a mismatch of its own."""
    text = "connections {\n site {\n }\n}\n"
    assert verdicts(text=text)[None, "peer_child"].result == "mismatch"


@pytest.mark.parametrize(
    ("child", "field", "result"),
    [
        ({"esp_proposals": "aes128-sha256-modp2048-esn"}, "ipsec_esn", "unverifiable"),
        ({"sha256_96": "yes"}, "ipsec_sha256_96", "mismatch"),
        ({"mode": "transport"}, "ipsec_mode", "unverifiable"),
        ({"esp_proposals": "aes128-sha256-modpnone-modp2048"}, "ipsec_pfs_group",
         "works-until-rekey"),
        ({"esp_proposals": "aes128-sha256-odd"}, "ipsec_pfs_group", "unverifiable"),
    ],
)  # fmt: skip
def test_what_is_not_in_the_columns_has_a_line_of_its_own(child, field, result):
    """Only where it is asked for."""
    assert verdicts(child=child)["net", field].result == result
    assert result == "unverifiable" or verdicts()["net", "ipsec_encryption"].result == "match"


def test_cut_hashes_matter_for_one_hash_alone():
    """HMAC-SHA-256 it is that was once cut short."""
    ours = {"ipsec_integrity": "hmac-sha1"}
    assert ("net", "ipsec_sha256_96") not in verdicts(ours, child={"sha256_96": "yes"})


def test_a_cipher_with_integrity_needs_no_other():
    """No line on integrity then."""
    found = verdicts(
        {"ipsec_encryption": "aes-128-gcm"}, child={"esp_proposals": "aes128gcm16-modp2048"}
    )
    assert found["net", "ipsec_encryption"].result == "match"
    assert ("net", "ipsec_integrity") not in found


def test_a_group_of_ours_that_is_not_known_is_not_judged():
    """Under either version."""
    for version in (1, 2):
        found = verdicts({"ike_version": version, "ipsec_pfs_group": None})
        assert found["net", "ipsec_pfs_group"].result == "unverifiable"
