"""``vpnframe compare``: which tunnels, which exit code, which error."""

from __future__ import annotations

import json
import re

import pytest
from cli_helpers import vpnframe
from helpers import inventory_of
from peer_builders import swanctl

from vpnframe.emulator import make_fleet, make_state
from vpnframe.inventory import read_inventory, write_inventory


@pytest.fixture(scope="module")
def inventory(tmp_path_factory):
    """An inventory folder of a small fleet."""
    folder = tmp_path_factory.mktemp("compare") / "inventory"
    fleet = make_fleet(connections=30, regions=3)
    write_inventory(inventory_of(make_state(fleet, quotas=False)), folder)
    return folder


@pytest.fixture(scope="module")
def mirror(inventory):
    """A tunnel of the inventory, and its other end as a swanctl.conf that differs in PFS."""
    tunnels = read_inventory(inventory).tunnels
    known = tunnels[(tunnels["ike_version"] == 2) & tunnels["customer_gateway_ip"].notna()]
    row = known.drop_duplicates(["vpn_gateway_ip", "customer_gateway_ip"], keep=False).iloc[0]
    settings = {"local_addrs": row["customer_gateway_ip"], "remote_addrs": row["vpn_gateway_ip"]}
    return row, swanctl(connection=settings)


def test_compare_holds_a_file_against_its_tunnel(inventory, mirror, tmp_path):
    """Only the tunnel that it belongs to; what comes of it is counted."""
    row, text = mirror
    path = tmp_path / "site.conf"
    path.write_text(text)
    arguments = ("compare", inventory, "--peer", path, "--connection", row["vpn_connection_id"])
    done = vpnframe(*arguments, "-f", "jsonl")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert {one["vpn_connection_id"] for one in rows} == {row["vpn_connection_id"]}
    assert "vpn_gateway_ip" in {one["field"] for one in rows if one["result"] == "match"}
    assert re.search(rb"\d+ match", done.stderr)
    assert b"ike_dh_group" in vpnframe(*arguments).stdout


def test_compare_exits_with_3_where_that_is_asked_for(inventory, mirror, tmp_path):
    """And with 0 otherwise."""
    path = tmp_path / "site.conf"
    path.write_text(mirror[1].replace("aes128-sha256-modp2048", "chacha20poly1305-prfsha1-ecp256"))
    vpnframe("compare", inventory, "--peer", path)
    vpnframe("compare", inventory, "--peer", path, "--fail-on-mismatch", code=3)


def test_compare_takes_another_connection_of_the_fleet(inventory, mirror):
    """One VPC to another; it is not its own other end."""
    connection = mirror[0]["vpn_connection_id"]
    done = vpnframe("compare", inventory, "--peer-connection", connection, "-f", "csv")
    assert done.stdout.startswith(b"account_id,region_id,vpn_connection_id")


def test_compare_names_what_is_not_there(inventory, tmp_path):
    """A connection, a file, and a command without an other end."""
    done = vpnframe("compare", inventory, "--peer", tmp_path / "none.conf", code=1)
    assert b"none.conf cannot be read" in done.stderr
    done = vpnframe("compare", inventory, "--peer-connection", "vco-none", code=1)
    assert b"vco-none" in done.stderr
    assert b"--peer" in vpnframe("compare", inventory, code=2).stderr
