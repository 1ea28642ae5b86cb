"""The commands about overlaps, on a small inventory written to disk."""

from __future__ import annotations

import dataclasses
import io
import json
from pathlib import Path

import pandas as pd
import pytest
from fleet_helpers import inventory_with, site, subnets_of, vpcs
from typer.testing import CliRunner, Result

from vpnframe import schema
from vpnframe.cli import app
from vpnframe.errors import SettingsError
from vpnframe.inventory import write_inventory

FAR = {"vpn_gateway_id": "vpn-2", "vpc_id": "vpc-2"}
SITES = (
    site("vco-a", onprem=["10.1.0.0/16"], vpc=["172.16.0.0/24"]),
    site("vco-b", onprem=["10.1.0.0/16"], vpc=["172.16.0.0/24"], peer_addresses=["198.51.100.2"]),
    site("vco-c", onprem=["10.1.2.0/24"], vpc=["172.20.0.0/24"], **FAR),
)
SILENT = site("vco-d", onprem=["0.0.0.0/0"], vpc=["0.0.0.0/0"], routing_mode="route", **FAR)


def put(folder: Path, *sites: object, status: str = "complete") -> Path:
    """Write an inventory of these sites."""
    known = inventory_with(subnets_of(*sites), status=status, vpcs=vpcs("vpc-1", "172.16.0.0/16"))
    names = schema.find("connections").names
    rows = [
        {"vpn_connection_id": s[0]["vpn_connection_id"], "connection_name": "to-lima",
         "n_tunnels": 1, "witnesses": "both"}
        for s in sites
    ]  # fmt: skip
    table = schema.build("connections", {name: [row.get(name) for row in rows] for name in names})
    write_inventory(dataclasses.replace(known, connections=table), folder)
    return folder


@pytest.fixture(scope="module")
def complete(tmp_path_factory):
    """An inventory of which all is known."""
    return put(tmp_path_factory.mktemp("complete") / "inventory", *SITES)


@pytest.fixture(scope="module")
def silent(tmp_path_factory):
    """One with a connection that is not judged."""
    return put(tmp_path_factory.mktemp("silent") / "inventory", *SITES, SILENT)


def run(*arguments: object, code: int = 0) -> Result:
    """Run a command in this process, after a look at its exit code."""
    done = CliRunner().invoke(app, [*map(str, arguments)])
    assert done.exit_code == code, (done.output, done.exception)
    return done


def table(done: Result) -> pd.DataFrame:
    """What was printed as CSV."""
    return pd.read_csv(io.BytesIO(done.stdout_bytes))


def test_overlaps_prints_what_it_is_both_ends_and_why(complete):
    """As text for a person; how many there are is on standard error."""
    done = run("overlaps", complete)
    assert done.stdout.splitlines()[0].split() == ["high", "selector_pair", "vpc-1"]
    assert "to-lima" in done.stdout
    assert "Both connections use policies of vpn-1" in done.stdout
    assert "1 of 1 overlaps: 1 high" in done.stderr


def test_overlaps_puts_the_worst_first_and_counts_the_rest(complete):
    """In every format; --limit keeps the worst."""
    pairs = table(run("overlaps", complete, "--scope", "none", "--expand", "-f", "csv"))
    assert pairs["severity"].tolist() == ["high", "info", "info"]
    done = run("overlaps", complete, "--scope", "none", "--expand", "--limit", 1)
    assert "1 of 3 overlaps: 1 high, 2 info" in done.stderr


def test_overlaps_of_one_kind(complete):
    """May be given again; an unknown one is a usage error."""
    options = ("overlaps", complete, "--scope", "none", "-f", "csv")
    assert set(table(run(*options, "--kind", "unrelated"))["kind"]) == {"unrelated"}
    assert len(table(run(*options, "--kind", "unrelated", "--kind", "selector_pair"))) == 2
    run(*options, "--kind", "fault", code=2)


def test_overlaps_against_a_file(complete, tmp_path):
    """Of blocks, one a line."""
    path = tmp_path / "ipam.txt"
    path.write_text("10.1.2.0/25\n")
    pairs = table(run("overlaps", complete, "--against", path, "-f", "csv"))
    assert set(pairs["right_side"]) == {"against"}
    assert pairs["n_pairs"].tolist() == [2, 1]


def test_overlaps_of_equal_blocks_are_one_entry(complete, tmp_path):
    """It says how many pairs it stands for, and whose; --expand lists them."""
    path = tmp_path / "ipam.txt"
    path.write_text("10.1.2.0/25\n")
    assert len(table(run("overlaps", complete, "--against", path, "--expand", "-f", "csv"))) == 3
    done = run("overlaps", complete, "--against", path)
    assert "The first of 2 equal pairs, of 2 connections: " in " ".join(done.stdout.split())
    assert "2 of 2 overlaps: 2 info; they represent 3 pairs" in done.stderr


def test_overlaps_counts_by_block(complete):
    """Instead of pairs; with neither kinds nor another table."""
    counts = table(run("overlaps", complete, "--counts", "-f", "csv"))
    assert counts["n_equal"].tolist() == [1, 1]
    assert run("overlaps", complete, "--counts").stdout.startswith("cidr")
    run("overlaps", complete, "--counts", "--kind", "onprem", code=2)


def test_overlaps_takes_what_the_user_knows(complete, tmp_path):
    """Topology, NAT and one routing domain; what is not in the fleet is an error."""
    topology, nat = tmp_path / "topology.toml", tmp_path / "nat.toml"
    topology.write_text('[[domain]]\nname = "core"\nmembers = ["vpc-1", "vpc-2"]\n')
    nat.write_text(
        '[[nat]]\nconnection = "vco-a"\nside = "onprem"\n'
        'real = "10.1.0.0/16"\nmapped = "100.65.0.0/16"\n'
    )
    joined = table(run("overlaps", complete, "--topology", topology, "-f", "csv"))
    assert set(joined["scope_id"]) == {"core"}
    assert set(joined["kind"]) == {"selector_pair", "route_domain"}
    assert table(run("overlaps", complete, "--nat", nat, "-f", "csv"))["kind"].tolist() == [
        "natted"
    ]
    assert run("overlaps", complete, "--only", "vpn-2").stdout == "no overlaps\n"
    done = run("overlaps", complete, "--only", "vpn-77", code=1)
    assert isinstance(done.exception, SettingsError)
    assert "'vpn-77'" in str(done.exception)


def test_overlaps_ends_with_4_where_not_all_is_known(silent, tmp_path):
    """A connection that is not judged, or an incomplete crawl, is said on standard error."""
    assert "1 of 4 connections is not judged" in run("overlaps", silent, code=4).stderr
    partial = put(tmp_path / "inventory", *SITES, status="partial")
    assert "NOT COMPLETE" in run("overlaps", partial, code=4).stderr


def test_conflicts_ends_with_3_on_a_collision(complete, silent):
    """Also where not all is known: what is known suffices for a yes."""
    for folder in (complete, silent):
        done = run("conflicts", folder, "10.1.0.0/16", code=3)
        assert done.stdout.startswith("high    onprem     10.1.0.0/16 is\n")
        assert "3 collisions among" in done.stderr
        assert "snapshot" in done.stderr


def test_conflicts_ends_with_4_where_a_no_is_not_certain(complete, silent):
    """And with 0 where it is."""
    assert run("conflicts", complete, "10.9.0.0/16").stdout == "no collision is known\n"
    assert "is not judged" in run("conflicts", silent, "10.9.0.0/16", code=4).stderr


def test_conflicts_knows_the_vpcs_own_blocks(complete):
    """Which no selector names; of several blocks each is answered."""
    hits = table(run("conflicts", complete, "172.16.9.0/24", "10.9.0.0/16", "-f", "csv", code=3))
    assert hits[["cidr", "kind"]].to_numpy().tolist() == [["172.16.9.0/24", "other_vpc"]]


def test_conflicts_in_one_routing_domain(complete):
    """Where the site will hang."""
    collides = run("conflicts", complete, "10.1.2.0/25", "--only", "vpn-2", "-f", "csv", code=3)
    assert set(table(collides)["cidr"]) == {"10.1.2.0/25"}
    assert table(run("conflicts", complete, "172.20.0.0/24", "--only", "vpn-1", "-f", "csv")).empty


def test_conflicts_refuses_what_is_no_block(complete):
    """With the text and what is wrong."""
    done = run("conflicts", complete, "10.1.0.1/16", code=1)
    assert "host bits" in str(done.exception)


def test_free_prints_blocks_and_their_gaps(complete):
    """And says what was looked at and what is avoided."""
    done = run("free", complete, "--count", 2, "-f", "jsonl")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["cidr"] for row in rows] == ["10.0.0.0/24", "10.0.1.0/24"]
    assert "6 blocks of 3 connections" in done.stderr
    assert "172.17.0.0/16" in done.stderr


def test_free_ends_with_4_where_not_all_is_known(silent):
    """The blocks are printed all the same."""
    assert run("free", silent, code=4).stdout


def test_free_ends_with_1_where_there_is_none(complete, tmp_path):
    """And names what fills it, with all whose it is; --only looks at less."""
    options = ("free", complete, "--within", "10.1.0.0/16")
    done = run(*options, code=1)
    assert str(done.exception) == (
        "no /24 is free in 10.1.0.0/16: 10.1.0.0/16 (on premises of vco-a and vco-b) fills it. "
        "If that is an aggregate, routed as a whole and used in part, --ignore 10.1.0.0/16 "
        "ignores it, and --ignore-shorter-than 17 all that are as large"
    )
    assert run(*options, "--only", "vpn-2", "--count", 1).stdout
    path = tmp_path / "avoid.txt"
    path.write_text("10.1.0.0/16\n")
    done = run(*options, "--only", "vpn-2", "--avoid", path, code=1)
    assert str(done.exception).endswith("10.1.0.0/16: 10.1.0.0/16 (to be avoided) fills it")


@pytest.mark.parametrize(
    ("within", "expected"),
    [
        ("172.16.0.0/24", "172.16.0.0/16 (VPC vpc-1) fills it"),
        ("172.20.0.0/24", "172.20.0.0/24 (VPC side of vco-c) fills it"),
        ("100.64.0.0/16", "100.64.0.0/10 (always avoided: the cloud's own services) fills it"),
        ("172.17.0.0/24", "172.17.0.0/16 (always avoided: Docker) fills it"),
    ],
)
def test_free_says_whose_the_block_is_that_fills_it(complete, within, expected):
    """A VPC's, a selector's, or what is avoided in any case."""
    done = run("free", complete, "--within", within, code=1)
    assert f"no /24 is free in {within}: {expected}" in str(done.exception)


def test_free_says_what_takes_the_rest_where_some_is_free(complete):
    """Fewer than asked for is said, with the largest blocks there and how many more."""
    done = run("free", complete, "--within", "10.0.0.0/15", "--prefix-length", 16)
    assert table(run("free", complete, "--within", "10.0.0.0/15", "--prefix-length", 16,
                     "-f", "csv"))["cidr"].tolist() == ["10.0.0.0/16"]  # fmt: skip
    assert "no more /16 is free in 10.0.0.0/15: it is taken by 10.1.0.0/16 (on" in done.stderr
    assert "no more" not in run("free", complete).stderr


AGGREGATE = site("vco-hub", onprem=["10.0.0.0/8"], vpc=["172.16.0.0/24"])


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    """One with an aggregate towards a site."""
    return put(tmp_path_factory.mktemp("hub") / "inventory", *SITES, AGGREGATE)


ASIDE = [("--ignore", "10.0.0.0/8"), ("--ignore-shorter-than", 9)]


@pytest.mark.parametrize("options", ASIDE)
def test_free_sets_an_aggregate_aside_and_says_so(hub, options):
    """As its own message proposes; blocks inside it stay taken."""
    message = str(run("free", hub, code=1).exception)
    assert "10.0.0.0/8 (on premises of vco-hub) fills it" in message
    assert " ".join(map(str, options)) in message
    done = run("free", hub, *options, "--count", 1, "-f", "csv")
    assert table(done)["gap"].tolist() == ["10.0.0.0/16"]
    assert "ignored: 10.0.0.0/8 (on premises of vco-hub)\n" in done.stderr
    assert ", without the ignored blocks" in done.stderr
    done = run("free", hub, *options, "--within", "10.1.0.0/16", code=1)
    assert "ignored: 10.0.0.0/8" in done.stderr
    assert "10.1.0.0/16 (on premises of vco-a and vco-b) fills it" in str(done.exception)


@pytest.mark.parametrize("options", ASIDE)
def test_conflicts_sets_an_aggregate_aside_and_says_so(hub, options):
    """The hit is gone, and its absence is told."""
    hits = table(run("conflicts", hub, "10.1.2.0/24", "-f", "csv", code=3))
    assert "10.0.0.0/8" in set(hits["hit_cidr"])
    done = run("conflicts", hub, "10.1.2.0/24", *options, "-f", "csv", code=3)
    assert set(table(done)["hit_cidr"]) == {"10.1.0.0/16", "10.1.2.0/24"}
    assert "ignored: 10.0.0.0/8 (on premises of vco-hub)\n" in done.stderr
    assert "0 collisions" in run("conflicts", hub, "10.9.0.0/16", *options).stderr


def test_set_aside_is_said_where_nothing_is(hub):
    """Neither a warning nor silence: no block is as short."""
    assert (
        "ignored: no block, as none is that large"
        in run("free", hub, "--ignore-shorter-than", 8, "--within", "11.0.0.0/8").stderr
    )
    assert "ignored" not in run("free", hub, "--within", "11.0.0.0/8").stderr


def test_a_block_to_ignore_that_nobody_has_is_an_error(hub):
    """It is named: a slip would find less than there is."""
    for command in (("free", hub), ("conflicts", hub, "10.9.0.0/16")):
        done = run(*command, "--ignore", "10.0.0.0/8", "--ignore", "10.7.0.0/16", code=1)
        assert str(done.exception).startswith("10.7.0.0/16 is to be ignored, but no selector")


@pytest.mark.parametrize(
    ("options", "code", "named"),
    [
        (("--prefix-length", 4), 2, "no block of /4 fits into 10.0.0.0/8"),
        (("--within", "10.0.0.0/33"), 1, "/33"),
    ],
)
def test_free_refuses_a_wrong_argument(complete, options, code, named):
    """A length that does not fit, a text that is no block."""
    done = run("free", complete, *options, code=code)
    assert named in f"{done.stderr}{done.exception}"
