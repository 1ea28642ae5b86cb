"""Our end as plain values, and as the other end of another VPC."""

from __future__ import annotations

from ipaddress import ip_network

import pandas as pd
import pytest
from peer_builders import CLOUD, SITE, tunnels

from vpnframe.peers.tunnels import read_tunnels, tunnels_as_peer

FACTS = pd.DataFrame(
    {
        "account_id": ["1", "1"],
        "region_id": ["cn-shanghai", "cn-shanghai"],
        "vpn_connection_id": ["vco-1", "vco-2"],
        "tunnel_index": pd.array([1, 1], dtype="Int16"),
        "psk_fingerprint": pd.array(["ab", None], dtype="str"),
        "psk_fingerprint_key_id": ["k", "k"],
    }
)


def test_values_are_plain_and_null_is_none():
    """No NA, no numpy, no arrow reaches a judgement."""
    (row,) = read_tunnels(tunnels({"ike_mode": None, "ike_lifetime_s": None}))
    assert (row.ike_mode, row.ike_lifetime_s, row.tunnel_id) == (None, None, None)
    assert type(row.ike_version) is int
    assert type(row.dpd_enabled) is bool
    assert row.vpc_subnets == ("10.0.0.0/24",)


def test_fingerprints_come_by_key():
    """Only where one was made."""
    listed = tunnels({}, {"vpn_connection_id": "vco-2"}, {"vpn_connection_id": "vco-3"})
    found = [one.psk_fingerprint for one in read_tunnels(listed, key_facts=FACTS)]
    assert found == ["ab", None, None]


def test_another_table_is_refused():
    """By the first columns that it lacks."""
    with pytest.raises(ValueError, match=r"vpn_gateway_ip.*tunnels table"):
        list(read_tunnels(tunnels({}).drop(columns=["vpn_gateway_ip"])))


def test_as_a_peer_the_cloud_is_the_local_end():
    """Its own gateway, its own blocks, its own id."""
    (found,) = tunnels_as_peer(tunnels({"vpn_gateway_ike_id": "hq"})).connections
    assert (found.local.addresses, found.local.ike_id) == ((CLOUD,), "hq")
    assert (found.remote.addresses, found.remote.ike_id) == ((SITE,), SITE)
    (child,) = found.children
    assert [one.networks for one in child.local_subnets] == [(ip_network("10.0.0.0/24"),)]
    assert found.proposals[0].dh_groups == (14,)
    assert found.proposals[0].unknown == ()


def test_as_a_peer_what_is_not_known_is_doubt():
    """A null, or a word that nobody knows, offers nothing for sure."""
    (found,) = tunnels_as_peer(
        tunnels({"ike_encryption": "rot13", "ipsec_pfs_group": None})
    ).connections
    assert found.proposals[0].unknown
    assert found.children[0].proposals[0].unknown
