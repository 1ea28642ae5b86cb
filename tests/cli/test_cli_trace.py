"""The trace command: what a person reads, what a machine reads, and the exit code."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys

import pandas as pd
import pytest
from trace_helpers import NET, VPC, WIDE, connection, make_inventory, policy, route
from typer.testing import CliRunner

import vpnframe as vf
from vpnframe.cli import app

CERTAIN = make_inventory(
    [
        connection("vco-a"),
        connection("vco-b", vpc_side=["10.0.2.0/24"], onprem_side=[WIDE]),
        connection("vco-c", tunnels=[(None, None)]),
    ],
    [
        policy("vco-a"),
        route("vco-b", WIDE),
        route("vco-a", "172.16.0.0/16"),
        route("vco-c", "172.16.0.0/16"),
    ],
)
UNKNOWN = make_inventory([connection("vco-a", is_known=None)])


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """An inventory of which all is known, and one without routes."""
    root = tmp_path_factory.mktemp("trace")
    for name, inventory in (("certain", CERTAIN), ("unknown", UNKNOWN)):
        vf.write_inventory(inventory, root / name)
    return root


def run(*arguments, code=0, given=None):
    """Run the command in this process; give its output after a look at its exit code."""
    result = CliRunner().invoke(app, ["trace", *map(str, arguments)], input=given)
    assert result.exit_code == code, result.output
    return result


def test_one_packet_is_laid_out_for_a_person(folders):
    """What is asked, what comes of it, why, and the details."""
    done = run(folders / "certain", "10.0.1.1", "192.168.1.1")
    assert done.stdout.splitlines() == [
        "10.0.1.1 -> 192.168.1.1",
        "verdict     tunnel (certain)",
        "why         the policy route 10.0.0.0/16 to 192.168.1.0/24 (priority 10) of vpn-1 leads "
        "into vco-a",
        "connection  vco-a, to vco-a",
        "tunnel      1, tun-a1, ipsec_sa_established",
        "standby     vco-a/2",
        f"route       policy {VPC} to {NET}, priority 10, weight 100",
        "router      vpn-1, vpc-1, cn-hangzhou",
    ]
    assert done.stderr == ""


def test_what_is_not_known_exits_with_4(folders):
    """And says on standard error how much is not."""
    done = run(folders / "unknown", "10.0.1.1", "192.168.1.1", code=4)
    assert "verdict     unknown (not certain)" in done.stdout
    assert done.stderr == "vpnframe: not all routes into 1 connection are known\n"


def test_a_fleet_that_was_not_read_completely_exits_with_4(tmp_path):
    """However certain the answer is of what was read."""
    inventory = make_inventory([connection("vco-a")], [policy("vco-a")])
    inventory.coverage["status"] = pd.Categorical(["partial"])
    vf.write_inventory(inventory, tmp_path)
    done = run(tmp_path, "10.0.1.1", "192.168.1.1", code=4)
    assert "verdict     tunnel (certain)" in done.stdout
    assert "coverage NOT COMPLETE" in done.stderr


def test_many_packets_come_from_a_file_or_standard_input(folders, tmp_path):
    """With a space, comma or tab between; empty lines are passed over."""
    lines = "10.0.1.1 192.168.1.1\n\n10.0.1.1,192.168.9.1\n10.0.1.1\t172.16.0.1\n"
    (tmp_path / "packets").write_text(lines)
    texts = [
        run(folders / "certain", "--packets", name, given=given, code=4).stdout
        for name, given in ((tmp_path / "packets", None), ("-", lines))
    ]
    assert texts[0] == texts[1]
    cells = [line.split()[:5] for line in texts[0].splitlines()]
    assert cells[0] == ["source", "destination", "verdict", "certainty", "connection"]
    assert [row[2:] for row in cells[1:]] == [
        ["tunnel", "certain", "vco-a/1"],
        ["dropped", "certain", "vco-b"],
        ["ambiguous", "unknown", "vco-a"],
    ]


def test_all_candidates_are_a_table(folders):
    """One line for each router that could carry the packet."""
    done = run(folders / "certain", "10.0.1.1", "192.168.1.1", "--all-candidates")
    assert done.stdout.splitlines()[1].split()[2:6] == ["tunnel", "certain", "vpn-1", "vco-a/1"]


def test_where_the_start_would_settle_it_that_is_said(tmp_path):
    """Two VPCs use the block; with a start there is nothing left to say."""
    pair = [connection("vco-a"), connection("vco-b", gateway="vpn-2", vpc="vpc-2")]
    routes = [route("vco-a", NET), route("vco-b", NET, vpn_gateway_id="vpn-2")]
    both = make_inventory(pair, routes, {"vpc-1": [VPC], "vpc-2": [VPC]})
    vf.write_inventory(both, tmp_path)
    assert "--start ID" in run(tmp_path, "10.0.1.1", "192.168.1.1", code=4).stderr
    assert run(tmp_path, "10.0.1.1", "192.168.1.1", "--start", "vpc-2").stderr == ""


def test_other_formats_have_every_column(folders):
    """As the schema has them."""
    at = (folders / "certain", "10.0.1.1", "192.168.1.1")
    (row,) = map(json.loads, run(*at, "-f", "jsonl").stdout.splitlines())
    assert list(row) == vf.schema.describe("trace")["column"].tolist()
    table = pd.read_csv(io.StringIO(run(*at, "-f", "csv").stdout))
    assert table["vpn_connection_id"].tolist() == ["vco-a"]


def test_a_start_is_handed_on(folders):
    """A wrong one is an error that names it."""
    run(folders / "certain", "172.31.0.1", "192.168.9.1", "--start", "vpc-1")
    done = CliRunner().invoke(
        app, ["trace", str(folders / "certain"), "::1", "::2", "--start", "x"]
    )
    assert "'x' is not a VPC" in str(done.exception)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["10.0.1.1"],
        ["10.0.1.1", "192.168.1.1", "--packets", "f"],
        ["1.1.1.1", "--packets", "f"],
    ],
)
def test_packets_are_asked_in_one_way(folders, arguments):
    """Two addresses or a file; anything else is a usage error."""
    done = run(folders / "certain", *arguments, code=2)
    assert "give SOURCE and DESTINATION, or --packets FILE" in " ".join(done.output.split())


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("10.0.1.1\n", "line 1 of - must have exactly a source and a destination"),
        ("10.0.1.1 1.1.1.1\na b c\n", "line 2 of - must have exactly a source and a destination"),
        ("10.0.1.1 192.168.1\n", "destination '192.168.1' at position 0 is not an IPv4"),
    ],
)
def test_a_bad_line_is_named(folders, given, message):
    """Nothing is traced, and the exit code is 1."""
    done = subprocess.run(
        [sys.executable, "-m", "vpnframe", "trace", folders / "certain", "--packets", "-"],
        input=given,
        text=True,
        capture_output=True,
        check=False,
        env=os.environ,
    )
    assert done.returncode == 1
    assert message in done.stderr
    assert done.stdout == ""
