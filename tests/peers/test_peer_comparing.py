"""The comparison as a table."""

from __future__ import annotations

import pandas as pd
import pytest
from peer_builders import CLOUD, SITE, by_field, swanctl, tunnels

import vpnframe as vf
from vpnframe import schema

MIRROR = {
    "vpn_connection_id": "vco-2",
    "vpn_gateway_ip": SITE,
    "customer_gateway_ip": CLOUD,
    "vpc_subnets": ["192.168.0.0/24"],
    "onprem_subnets": ["10.0.0.0/24"],
}


def write(folder, text):
    """A file of the other end."""
    path = folder / "site.conf"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_result_is_the_table_of_its_schema(tmp_path):
    """Also when there is nothing to compare."""
    path = write(tmp_path, swanctl())
    schema.validate("peer_comparison", vf.compare_peer(tunnels({}), peer=path))
    schema.validate("peer_comparison", vf.compare_peer(tunnels(), peer=tunnels()))


def test_a_path_and_what_was_read_of_it_give_the_same(tmp_path):
    """As text, as a path, and parsed."""
    path = write(tmp_path, swanctl())
    tables = [vf.compare_peer(tunnels({}), peer=p) for p in (path, str(path), vf.read_peer(path))]
    for table in tables[1:]:
        pd.testing.assert_frame_equal(table, tables[0])


def test_mirrored_connections_of_two_vpcs_match():
    """Each is the other end of the other; a connection is not its own."""
    both = tunnels({}, MIRROR)
    found = vf.compare_peer(both, peer=both)
    assert set(found["result"]) <= {"match", "info", "unverifiable"}
    assert found.groupby("vpn_connection_id")["peer_connection"].unique().map(list).to_dict() == {
        "vco-1": ["vco-2/1"],
        "vco-2": ["vco-1/1"],
    }


def test_two_vpcs_that_differ_do_not():
    """By the words of the tables."""
    found = by_field(vf.compare_peer(tunnels({}), peer=tunnels(MIRROR | {"ike_dh_group": 2})))
    assert found["ike_dh_group"] == "mismatch"
    assert found["ike_encryption"] == "match"


def test_a_group_of_theirs_that_is_not_known_is_doubt():
    """Null is never a match."""
    peer = tunnels(MIRROR | {"ipsec_pfs_group": None, "ike_mode": None, "ike_version": None})
    found = by_field(vf.compare_peer(tunnels({}), peer=peer))
    assert found["ipsec_pfs_group"] == found["ike_version"] == "unverifiable"


def facts(second):
    """Fingerprints of both connections' keys."""
    return pd.DataFrame(
        {
            "account_id": "1",
            "region_id": "cn-shanghai",
            "vpn_connection_id": ["vco-1", "vco-2"],
            "tunnel_index": pd.array([1, 1], dtype="Int16"),
            "psk_fingerprint": ["Canary-ab", second],
            "psk_fingerprint_key_id": ["Canary-k", "Canary-k"],
        }
    )


@pytest.mark.parametrize(("second", "result"), [("Canary-ab", "match"), ("x", "mismatch")])
def test_keys_of_two_vpcs_are_compared_by_fingerprint(second, result):
    """Of which nothing is shown."""
    found = vf.compare_peer(tunnels({}), peer=tunnels(MIRROR), key_facts=facts(second))
    assert by_field(found)["psk"] == result
    assert "Canary" not in found.to_csv()


def test_connections_that_the_other_end_does_not_know_are_left_out(tmp_path):
    """Where it knows others; a tunnel beside one that it knows is told of."""
    rows = [
        {},
        {"tunnel_index": 2, "vpn_gateway_ip": "203.0.113.2"},
        {"vpn_connection_id": "vco-3", "vpn_gateway_ip": "203.0.113.3"},
    ]
    found = vf.compare_peer(tunnels(*rows), peer=write(tmp_path, swanctl()))
    assert set(found["vpn_connection_id"]) == {"vco-1"}
    second = found[found["tunnel_index"] == 2]
    assert second["result"].tolist() == ["mismatch"]


def strangers(number):
    """Tunnels of another gateway and of other customers."""
    return tunnels(
        *(
            {"vpn_connection_id": f"vco-{n}", "vpn_gateway_ip": "203.0.113.9"}
            | {"customer_gateway_ip": f"198.51.100.{100 + n}"}
            for n in range(number)
        )
    )


@pytest.mark.parametrize("number", [2, 50])
def test_a_file_that_knows_none_of_the_tunnels_is_one_row(number, tmp_path):
    """However many tunnels there are, and connections in the file."""
    text = swanctl() + swanctl(name="other", connection={"remote_addrs": "203.0.113.8"})
    found = vf.compare_peer(strangers(number), peer=write(tmp_path, text))
    assert found[["field", "result"]].to_numpy().tolist() == [["peer_connection", "mismatch"]]
    assert f"one of the {number} tunnels" in found["reason"].iloc[0]
    assert found["vpn_connection_id"].isna().all()


def test_tunnels_of_one_connection_that_the_file_does_not_know_are_one_row(tmp_path):
    """Which names the connection, and none of its tunnels."""
    away = {"vpn_gateway_ip": "203.0.113.9", "customer_gateway_ip": "198.51.100.9"}
    both = tunnels(away, away | {"tunnel_index": 2, "vpn_gateway_ip": "203.0.113.8"})
    found = vf.compare_peer(both, peer=write(tmp_path, swanctl()))
    assert found["vpn_connection_id"].tolist() == ["vco-1"]
    assert found["tunnel_index"].isna().all()


def test_what_a_file_includes_may_know_the_tunnels(tmp_path):
    """So that nothing is certain of one that knows none itself."""
    path = write(tmp_path, "include more.conf\n" + swanctl())
    found = vf.compare_peer(strangers(9), peer=path)
    assert found["result"].tolist() == ["unverifiable"]
    assert "the included file is not read" in found["reason"].iloc[0]


def test_a_sole_tunnel_that_the_file_does_not_know_is_named(tmp_path):
    """Beside the connections of the file, which belong to none."""
    text = swanctl() + swanctl(name="other", connection={"remote_addrs": "203.0.113.8"})
    found = vf.compare_peer(strangers(1), peer=write(tmp_path, text))
    assert found["vpn_connection_id"].dropna().tolist() == ["vco-0"]
    assert found["result"].tolist() == ["mismatch", "info", "info"]


def test_connections_of_the_file_that_belong_to_no_tunnel_are_told_of(tmp_path):
    """With no tunnel beside them."""
    text = swanctl() + swanctl(name="other", connection={"remote_addrs": "203.0.113.9"})
    found = vf.compare_peer(tunnels({}), peer=write(tmp_path, text))
    extra = found[found["vpn_connection_id"].isna()]
    assert extra["theirs"].tolist() == ["other"]
    assert extra["result"].tolist() == ["info"]


def test_between_rivals_nothing_is_compared(tmp_path):
    """One line says so, and names them."""
    text = swanctl() + swanctl(name="twin")
    found = vf.compare_peer(tunnels({}), peer=write(tmp_path, text))
    assert found["result"].tolist() == ["unverifiable"]
    assert "site, twin" in found["reason"].iloc[0]


def test_what_was_not_followed_or_not_understood_is_told_of(tmp_path):
    """An include, and an option that nobody knows."""
    text = "include more.conf\n" + swanctl(connection={"odd": "1"})
    found = vf.compare_peer(tunnels({}), peer=write(tmp_path, text))
    (reason,) = found.loc[found["field"] == "peer_file", "reason"]
    assert "the included file is not read" in reason
    assert "an option that strongSwan 5.9 does not have" in reason
    (row,) = found[found["field"] == "peer_connection"].to_dict("records")
    assert row["result"] == "unverifiable"
    assert "depends on the daemon's version" in row["reason"]


def test_a_connection_that_is_not_loaded_fails_whatever_it_says(tmp_path):
    """And is compared all the same."""
    path = write(tmp_path, swanctl(connection={"encap": "perhaps"}))
    found = by_field(vf.compare_peer(tunnels({}), peer=path))
    assert found["peer_connection"] == "mismatch"
    assert found["ike_encryption"] == "match"


def test_another_table_is_refused():
    """As ours and as theirs."""
    with pytest.raises(ValueError, match="tunnels table"):
        vf.compare_peer(schema.empty("gateways"), peer=tunnels())
    with pytest.raises(ValueError, match="tunnels table"):
        vf.compare_peer(tunnels(), peer=schema.empty("gateways"))
