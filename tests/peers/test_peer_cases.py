"""Files of the other end as people reported them, against the fleets that they belong to."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pandas as pd
import pytest
from cli_helpers import vpnframe
from peer_builders import by_field, tunnels

import vpnframe as vf

CASES = Path(__file__).parents[1] / "data" / "cases"
BASE = "00-base/answers"


@cache
def fleet(answers: str) -> pd.DataFrame:
    """The tunnels of saved answers."""
    return vf.load(CASES / answers, key_facts=False).tunnels


def compared(answers: str, conf: str) -> pd.DataFrame:
    """The comparison of a fleet with a file."""
    return vf.compare_peer(fleet(answers), peer=CASES / conf)


def rows(table: pd.DataFrame, field: str) -> list[dict[str, str]]:
    """What is said of a field."""
    return table[table["field"] == field].astype(str).to_dict("records")


@pytest.mark.parametrize(
    ("conf", "result", "theirs"),
    [
        ("mask.conf", "info", "10.0.0.0/32"),
        ("swanctl.conf", "info", "10.0.0.0/32"),
        ("semi.conf", "match", "10.0.0.0/16"),
        ("swanctl-space.conf", "match", "10.0.0.0/16"),
    ],
)
def test_blocks_are_what_the_daemon_reads(conf, result, theirs):
    """A netmask is none, and what follows a block is ignored; both are told of."""
    table = compared(BASE, f"26-netmask/{conf}")
    (row,) = rows(table, "vpc_subnets")
    assert (row["result"], row["theirs"]) == (result, theirs)
    assert "ignores what follows the block" in row["reason"]
    assert rows(table, "peer_connection")[0]["result"] == "match"


def test_of_blocks_with_blanks_between_them_the_first_counts():
    """The rest of ours is not carried."""
    (row,) = rows(
        compared("17-openwrt-24435/answers", "17-openwrt-24435/ipsec.conf"), "vpc_subnets"
    )
    assert (row["result"], row["theirs"]) == ("info", "192.168.250.0/23")
    assert "narrowed to 192.168.250.0/23" in row["reason"]


@pytest.mark.parametrize("conf", ["bang", "group2", "space", "unit", "upper"])
def test_what_the_daemon_does_not_load_is_refused(conf):
    """Of a proposal that it cannot read nothing matches."""
    table = compared(BASE, f"34-lenient-values/{conf}.conf")
    (row,) = rows(table, "peer_connection")
    assert row["result"] == "mismatch"
    assert "does not load the connection" in row["reason"]
    if conf in ("bang", "group2", "space"):
        for field in ("ipsec_encryption", "ipsec_integrity", "ipsec_pfs_group"):
            assert rows(table, field)[0]["result"] == "unverifiable"


@pytest.mark.parametrize(
    ("answers", "n_pairs"), [("answers-v1", 5), ("answers-v1c", 3), ("answers-v2", 0)]
)
@pytest.mark.parametrize("conf", ["before", "after-v1", "after"])
def test_under_ikev1_one_pair_of_several_lives(answers, n_pairs, conf):
    """However the other end splits its blocks; under IKEv2 it says what is carried."""
    case = "03-cloudstack-3138"
    table = compared(f"{case}/{answers}", f"{case}/{conf}.conf")
    blocks = {row["result"] for row in rows(table, "vpc_subnets")}
    if not n_pairs:
        assert "mismatch" not in blocks
        return
    assert blocks == {"mismatch"}
    (row,) = rows(table, "selectors")
    assert (row["result"], row["ike_error"]) == ("mismatch", "INVALID_ID_INFORMATION")
    assert f"at least {n_pairs - 1} of the cloud's {n_pairs}" in row["reason"]


def test_a_section_that_others_inherit_from_is_not_anothers():
    """It has blocks of its own, its addresses, which are none of ours."""
    case = "03-cloudstack-3138"
    table = compared(f"{case}/answers-v2", f"{case}/after.conf")
    (row,) = rows(table, "peer_child")
    assert "another connection" not in row["reason"]
    assert [row["result"] for row in rows(table, "selectors")] == ["match"]


@pytest.mark.parametrize(("conf", "line"), [("issue275.conf", 10), ("issue504.conf", 6)])
def test_a_file_of_libreswan_is_known_and_not_judged(conf, line):
    """One sentence, with the line that shows it."""
    with pytest.raises(vf.SettingsError, match=rf"line {line}: .*Libreswan's ipsec.conf") as caught:
        vf.read_peer(CASES / "04-libreswan" / conf)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("conf", ["iptfs", "mlkem"])
def test_what_newer_daemons_know_is_never_a_match_or_a_mismatch(conf):
    """Whether the connection is loaded depends on the version; the rest is compared."""
    row = {
        "vpn_gateway_ip": "203.0.113.11",
        "customer_gateway_ip": "198.51.100.33",
        "ike_integrity": "hmac-sha1",
        "ike_dh_group": 2,
        "ipsec_integrity": "hmac-sha1",
        "ipsec_pfs_group": 2,
        "vpc_subnets": ["0.0.0.0/0"],
        "onprem_subnets": ["0.0.0.0/0"],
    }
    table = vf.compare_peer(tunnels(row), peer=CASES / "22-strongswan6" / f"{conf}.conf")
    table = table[table["vpn_connection_id"].notna()]
    results = by_field(table)
    assert "mismatch" not in set(results.values())
    assert results["peer_connection"] == results["peer_file"] == "unverifiable"
    assert results["ike_encryption"] == "match"
    if conf == "iptfs":
        assert results["ipsec_mode"] == "unverifiable"


def test_the_command_fails_where_the_daemon_loads_nothing(tmp_path):
    """And where it gives no verdict it says one sentence."""
    vf.write_inventory(vf.load(CASES / BASE, key_facts=False), tmp_path / "inventory")
    arguments = ("compare", tmp_path / "inventory", "--fail-on-mismatch", "--peer")
    vpnframe(*arguments, CASES / "34-lenient-values/bang.conf", code=3)
    done = vpnframe(*arguments, CASES / "04-libreswan/issue504.conf", code=1)
    assert done.stdout == b""
    assert done.stderr.count(b"Libreswan") == 1
