"""The command line, run as its users run it: in a process of its own, against the emulator."""

from __future__ import annotations

import io
import json
import os
import re
import runpy
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from cli_helpers import keys_of, vpnframe
from typer.testing import CliRunner

import vpnframe as vf
from vpnframe.cli import COMMANDS, app, load_command
from vpnframe.cli.cloud_options import parse_quota
from vpnframe.cloud.actions import Limit
from vpnframe.cloud.messages import Response
from vpnframe.emulator import ServerSettings, make_fleet, make_state, serve_in_thread
from vpnframe.emulator.faults import fault
from vpnframe.schema.tables import STORED


@pytest.fixture(scope="module")
def cloud():
    """An emulator with 30 connections in 3 regions."""
    with serve_in_thread(make_state(make_fleet(connections=30, regions=3), quotas=False)) as cloud:
        yield cloud


@pytest.fixture(scope="module")
def inventory(tmp_path_factory, cloud):
    """An inventory folder as `vpnframe fetch` writes it."""
    folder = tmp_path_factory.mktemp("cli") / "inventory"
    vpnframe("fetch", "--out", folder, **keys_of(cloud))
    return folder


def test_help_names_every_command_and_the_first_steps():
    """A newcomer sees where to start."""
    text = vpnframe("--help").stdout.decode()
    for word in COMMANDS:
        assert f" {word} " in text
    assert "Exit codes" in text


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_and_option_is_documented(command):
    """Each command says what it does; no option stands without a word."""
    parsed = load_command(command)
    assert parsed.help.partition("\n")[0] == COMMANDS[command]
    shown = {"snapshot", "style", "output", "limit"}
    assert not [
        p.name
        for p in parsed.params
        if not getattr(p, "help", None) and p.name not in shown | {"help"}
    ]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_has_a_variable(command):
    """VPNFRAME_ and its name; the emulator's have its name in between.

    The folder to write to has a second variable, that of the folder to read.
    """
    prefix = "VPNFRAME_EMULATOR_" if command == "emulator" else "VPNFRAME_"
    for option in load_command(command).params:
        if option.param_type_name == "option" and option.name != "help":
            name = max(option.opts, key=len).removeprefix("--").replace("-", "_").upper()
            is_shared = option.name == "out" and command != "demo"
            own = prefix + name
            assert option.envvar == ([own, "VPNFRAME_INVENTORY"] if is_shared else own)


def test_fetch_writes_a_snapshot_and_says_what_it_read(tmp_path, cloud):
    """One line with the numbers, one with the place; no progress bar where no terminal is."""
    done = vpnframe("fetch", "--out", tmp_path / "new", **keys_of(cloud))
    text = done.stdout.decode()
    assert "30 connections" in text
    assert "coverage complete, 28 of 28 connections read, 2 attached to nothing" in text
    assert done.stderr == b""
    assert list((tmp_path / "new").glob("snapshots/*/snapshot.json"))


def test_fetch_from_the_lists_alone(tmp_path, cloud):
    """--downloads none makes no download."""
    vpnframe("fetch", "--out", tmp_path, "--downloads", "none", **keys_of(cloud))
    shown = vpnframe("show", tmp_path, "connections", "-f", "csv").stdout
    assert set(pd.read_csv(io.BytesIO(shown))["witnesses"]) == {"describe"}


def test_fetch_of_half_a_fleet_exits_with_4(tmp_path):
    """A dead region is said on standard error, in failures, and by the exit code."""
    state = make_state(make_fleet(connections=30, regions=3), quotas=False)
    dead = state.fleet.regions[0].region_id
    state.faults.append(fault("forbidden-ram", rate=1.0, region=dead))
    with serve_in_thread(state) as cloud:
        done = vpnframe("fetch", "--out", tmp_path, code=4, **keys_of(cloud))
    assert "NOT COMPLETE" in done.stderr.decode()
    assert dead in done.stderr.decode()
    again = vpnframe("stats", tmp_path, "summary")
    assert "NOT COMPLETE" in again.stderr.decode()


def test_fetch_names_the_permissions_that_were_refused(tmp_path):
    """On standard error, each once, with where a policy comes from; in part and altogether."""
    state = make_state(make_fleet(connections=9, regions=2), quotas=False)
    refused = ["DescribeVpcs", "DescribeCustomerGateways"]
    state.faults += [fault("forbidden-subuser", rate=1.0, action=action) for action in refused]
    with serve_in_thread(state) as cloud:
        done = vpnframe("fetch", "--out", tmp_path, code=4, **keys_of(cloud))
        line = "vpnframe: refused: vpc:DescribeCustomerGateways, vpc:DescribeVpcs; `vpnframe doctor"
        assert done.stderr.decode().count(line) == 1
        lists = ("DescribeVpnGateways", "DescribeVpnConnections", "DescribeVpnAttachments")
        state.faults += [fault("no-permission", rate=1.0, action=action) for action in lists]
        for command in (("fetch", "--out", tmp_path / "none"), ("plan",)):
            nothing = vpnframe(*command, code=1, **keys_of(cloud)).stderr.decode()
            assert "nothing could be read" in nothing
            assert all(f"vpc:{action}" in nothing for action in (*lists, refused[1]))


def test_connections_attached_to_nothing_are_no_gap(tmp_path):
    """Exit code 0, and the sentence counts them, though nothing of them can be downloaded."""
    state = make_state(make_fleet(connections=30, regions=1, seed=1), quotas=False)
    loose = [c for c in state.fleet.connections if c.attach_type == "NO_ASSOCIATED"]
    body = b'{"Code": "InvalidVpnConnectionInstanceId.NotFound", "Message": "none"}'
    missing = Response(404, {}, body)
    ids = [connection.vpn_connection_id for connection in loose]
    state.faults.append(lambda asked, _: missing if any(i in asked.url for i in ids) else None)
    with serve_in_thread(state) as cloud:
        done = vpnframe("fetch", "--out", tmp_path, **keys_of(cloud))
    n = 30 - len(loose)
    said = f"{n} of {n} connections read, {len(loose)} attached to nothing\n"
    assert loose
    assert said in done.stdout.decode()


def test_fetch_without_credentials_says_how_to_give_some(tmp_path, cloud):
    """The message names the variables; nothing is written."""
    environment = {"HOME": str(tmp_path), "VPNFRAME_ENDPOINT": cloud.endpoint}
    empty = {"ALIBABA_CLOUD_ACCESS_KEY_ID": "", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": ""}
    done = vpnframe("fetch", "--out", tmp_path / "new", code=1, **environment, **empty)
    assert "ALIBABA_CLOUD_ACCESS_KEY_ID" in done.stderr.decode()
    assert "Traceback" not in done.stderr.decode()
    assert not (tmp_path / "new").exists()


def test_fetch_with_a_wrong_secret_never_shows_it(tmp_path, cloud):
    """The cloud's error is told; the secret is not."""
    keys = keys_of(cloud) | {"ALIBABA_CLOUD_ACCESS_KEY_SECRET": "kX9wrongSecretQ7"}
    done = vpnframe("fetch", "--out", tmp_path, "--verbose", code=1, **keys)
    assert b"SignatureDoesNotMatch" in done.stderr
    assert b"kX9wrongSecretQ7" not in done.stderr + done.stdout


@pytest.mark.parametrize(
    ("option", "value", "word"),
    [
        ("--endpoint", "http://vpc.example.com", "plain HTTP"),
        ("--endpoint", "ftp", "is not a URL"),
        ("--quota-share", "0", "quota share"),
        ("--ca-file", "/nowhere.pem", "nowhere.pem"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path, cloud, option, value, word):
    """The message holds the value and the remedy."""
    done = vpnframe("fetch", "--out", tmp_path, option, value, code=1, **keys_of(cloud))
    assert word in done.stderr.decode()


@pytest.mark.parametrize("quota", ["Download", "X=1", "X=0/60", "X=1/0", "X=a/b"])
def test_a_quota_that_is_none_is_a_usage_error(tmp_path, cloud, quota):
    """--quota takes ACTION=COUNT/SECONDS alone."""
    done = vpnframe("fetch", "--out", tmp_path, "--quota", quota, code=2, **keys_of(cloud))
    assert quota.encode() in done.stderr


def test_a_quota_is_a_count_per_seconds():
    """The action's name comes first."""
    name = "DownloadVpnConnectionConfig"
    assert parse_quota(f"{name}=60/1.5") == (name, Limit(count=60, per_s=1.5))


def test_fetch_over_tls_trusts_the_named_authority(tmp_path):
    """--ca-file makes an emulator's certificate good; without it, it is not."""
    state = make_state(make_fleet(connections=3, regions=1), quotas=False)
    with serve_in_thread(state, ServerSettings(is_tls=True)) as cloud:
        keys = keys_of(cloud)
        vpnframe("fetch", "--out", tmp_path / "a", "--ca-file", cloud.ca_file, **keys)
        refused = vpnframe("fetch", "--out", tmp_path / "b", code=1, **keys)
    assert len(vf.read_inventory(tmp_path / "a").connections) == 3
    assert b"certificate" in refused.stderr


def test_plan_prints_what_a_fetch_takes(cloud):
    """As a table or in a format of its own; the sum is on standard error."""
    done = vpnframe("plan", "-f", "csv", "--quota-share", "0.25", **keys_of(cloud))
    table = pd.read_csv(io.BytesIO(done.stdout))
    assert table["n_connections"].sum() == 30
    assert set(table["allowed_per_window"]) == {250}
    told = rb"a fetch of 30 connections makes 28 downloads and takes about \d+ s; with --downloads"
    assert re.match(told + rb" none it makes \d+ calls", done.stderr)
    assert b"estimated_s" in vpnframe("plan", **keys_of(cloud)).stdout


def test_routes_can_be_left_out(cloud, tmp_path):
    """Of a plan and of a fetch; the tables stand, empty."""
    calls = vpnframe("plan", "--no-routes", "-f", "csv", **keys_of(cloud)).stdout
    assert b"DescribeVpnConnections" in calls
    assert b"Route" not in calls
    vpnframe("fetch", "--out", tmp_path, "--downloads", "none", "--no-routes", **keys_of(cloud))
    assert vpnframe("show", tmp_path, "routes", "-f", "csv").stdout.count(b"\n") == 1
    assert vpnframe("show", tmp_path, "vpcs", "-f", "csv").stdout.count(b"\n") == 1


def test_plan_of_half_a_fleet_exits_with_4():
    """And says who knows more."""
    state = make_state(make_fleet(connections=9, regions=3), quotas=False)
    dead = state.fleet.regions[0].region_id
    state.faults.append(fault("forbidden-ram", rate=1.0, region=dead))
    with serve_in_thread(state) as cloud:
        assert b"vpnframe doctor" in vpnframe("plan", code=4, **keys_of(cloud)).stderr


def test_doctor_prints_what_is_ok_and_what_is_not(cloud):
    """The remedies are on standard error; the exit code tells."""
    done = vpnframe("doctor", **keys_of(cloud))
    assert b"vpc:DownloadVpnConnectionConfig" in done.stdout
    assert done.stderr == b""
    keys = keys_of(cloud) | {"ALIBABA_CLOUD_ACCESS_KEY_SECRET": "kX9wrongSecretQ7"}
    bad = vpnframe("doctor", "-f", "csv", code=1, **keys)
    assert b"identity,missing" in bad.stdout
    assert b"use another access key" in bad.stderr
    assert b"kX9wrongSecretQ7" not in bad.stdout + bad.stderr


def test_doctor_prints_the_policy_and_what_it_reveals():
    """JSON alone on standard output, so that it can be piped; nothing is asked."""
    done = vpnframe("doctor", "--policy")
    assert [s["Effect"] for s in json.loads(done.stdout)["Statement"]] == ["Allow"]
    assert b"pre-shared keys" in done.stderr


def test_redact_names_what_it_did_not_copy(tmp_path):
    """With an exit code of its own; what it wrote loads without a warning."""
    samples = Path(__file__).parents[2] / "data" / "samples"
    done = vpnframe("redact", samples, tmp_path / "safe")
    assert b"wrote 3 files without keys to" in done.stdout
    assert b"chmod" not in vpnframe("load", tmp_path / "safe", "--out", tmp_path / "a").stderr
    (tmp_path / "vco-bad.json").write_text('{"VpnConnectionConfig": {"Psk": "hush')
    bad = vpnframe("redact", tmp_path / "vco-bad.json", tmp_path / "none", code=4)
    assert b"vco-bad.json" in bad.stderr
    assert b"hush" not in bad.stderr


def test_load_warns_of_keys_that_others_can_read(tmp_path):
    """On standard error, with the file and the remedy."""
    path = tmp_path / "vco-1.json"
    path.write_text('{"VpnConnectionConfig": {"IkeConfig": {"Psk": "hush-hush"}}}')
    path.chmod(0o644)
    done = vpnframe("load", path, "--out", tmp_path / "out")
    assert b"vco-1.json" in done.stderr
    assert b"chmod 600" in done.stderr
    assert b"hush" not in done.stderr


def test_accounts_that_cannot_be_read_are_named(tmp_path, cloud):
    """By the variable as by the option."""
    path = tmp_path / "accounts.toml"
    path.write_text('[[account]]\nname = "a"\n')
    keys = keys_of(cloud) | {"VPNFRAME_ACCOUNTS": str(path)}
    for command in (("fetch", "--out", tmp_path / "x"), ("plan",), ("doctor",)):
        done = vpnframe(*command, code=1, **keys)
        assert b"account 'a': profile or role_arn is missing" in done.stderr


INTERRUPTIBLE = (
    # A shell that runs this in the background may have told its children to ignore the signal.
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler);"
    "from vpnframe.cli import main; main()"
)


def test_ctrl_c_stops_at_once_keeps_what_was_read_and_says_how_to_go_on(tmp_path):
    """Then what it says to do reads the rest, and nothing twice."""
    state = make_state(make_fleet(connections=6, regions=1), quotas=False)
    with serve_in_thread(state) as cloud:
        options = ["fetch", "--out", str(tmp_path), "--quota", f"{DOWNLOAD}=6/3600"]
        environment = os.environ | keys_of(cloud)
        running = subprocess.Popen(
            [sys.executable, "-c", INTERRUPTIBLE, *options],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        wait_until(lambda: n_downloads(state) == 3)
        running.send_signal(signal.SIGINT)
        kept, said = running.communicate(timeout=20)  # the next download would go out in an hour
        assert running.returncode == 130
        # The third answer may still have been under way.
        (n_read,) = re.findall(rb"NOT COMPLETE, ([0-3]) of 6 known connections read", kept)
        line = said.decode().splitlines()[-1]
        told, _, command = line.partition(": ")
        assert told == "stopped; continue with"
        assert shlex.split(command) == ["vpnframe", *options, "--resume"]
        assert list((tmp_path / "_checkpoint").glob("*.sqlite"))
        resumed = ["fetch", "--out", tmp_path, "--quota", f"{DOWNLOAD}=1000/1", "--resume"]
        done = vpnframe(*resumed, **keys_of(cloud))
    assert b"6 of 6 connections read" in done.stdout
    # What was under way may have been kept, too, after the tables were written.
    assert 6 <= n_downloads(state) <= 9 - int(n_read)


DOWNLOAD = "DownloadVpnConnectionConfig"


def n_downloads(state):
    """How many configurations an emulator was asked for."""
    return sum(n for key, n in state.calls.items() if key[2] == DOWNLOAD)


def wait_until(condition):
    """Wait for another process; at most as long as a slow machine takes to start one."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("table", STORED)
def test_show_prints_every_table_in_every_format(inventory, table):
    """Each format can be read back with as many rows."""
    n_rows = pq.read_table(io.BytesIO(shown(inventory, table, "parquet"))).num_rows
    assert len(pd.read_csv(io.BytesIO(shown(inventory, table, "csv")))) == n_rows
    lines = shown(inventory, table, "jsonl").splitlines()
    assert [type(json.loads(line)) for line in lines] == [dict] * n_rows
    assert len(shown(inventory, table, "markdown").splitlines()) == n_rows + 2
    assert shown(inventory, table, "table")


def shown(inventory, table, style):
    """What `show` prints, from this process: many starts would take long."""
    done = CliRunner().invoke(app, ["show", str(inventory), table, "-f", style])
    assert done.exit_code == 0
    return done.stdout_bytes


def test_show_filters_selects_and_limits(inventory):
    """--where, --columns and --limit together; what is left out is counted."""
    done = vpnframe(
        "show", inventory, "tunnels", "--where", "ike_version == 1",
        "--columns", "ike_version,vpn_connection_id", "--limit", 2, "-f", "csv",
    )  # fmt: skip
    rows = done.stdout.decode().splitlines()
    assert rows[0] == "ike_version,vpn_connection_id"
    assert [row[:2] for row in rows[1:]] == ["1,", "1,"]
    assert "more rows" in done.stderr.decode()


@pytest.mark.parametrize(
    "where", ["nothing == 1", "ike_version ==", "@pd", "ike_version", "__import__('os')"]
)
def test_show_refuses_an_expression_that_is_no_condition(inventory, where):
    """The message shows the expression; no traceback."""
    done = vpnframe("show", inventory, "tunnels", "--where", where, code=1)
    assert b"Traceback" not in done.stderr
    assert b"where" in done.stderr


def test_show_names_the_columns_when_one_is_unknown(inventory):
    """A misspelt column is answered with those that there are."""
    done = vpnframe("show", inventory, "coverage", "--columns", "stauts", code=1)
    assert "n_expected" in done.stderr.decode()


def test_a_folder_that_is_no_inventory_is_named(tmp_path):
    """With the remedy."""
    done = vpnframe("stats", tmp_path / "nothing", code=1)
    assert "is not an inventory" in done.stderr.decode()


@pytest.mark.parametrize("which", ["summary", "algorithms", "lifetimes"])
def test_stats_prints_one_statistic(inventory, which):
    """As a table that can be read back."""
    body = vpnframe("stats", inventory, which, "-f", "csv").stdout
    assert len(pd.read_csv(io.BytesIO(body))) > 0


def test_stats_prints_all_of_them(inventory):
    """Each under its name; a format of one table needs one name."""
    text = vpnframe("stats", inventory).stdout.decode()
    assert all(name in text for name in ("SUMMARY", "ALGORITHMS", "LIFETIMES"))
    vpnframe("stats", inventory, "-f", "csv", code=2)


def test_overlaps_prints_pairs_inside_a_scope(inventory):
    """A wider scope finds as many pairs or more; an unknown one is a usage error."""
    default = vpnframe("overlaps", inventory, "-f", "csv").stdout.splitlines()
    whole = vpnframe("overlaps", inventory, "--scope", "none", "-f", "csv").stdout.splitlines()
    assert 1 < len(default) < len(whole)
    assert vpnframe("overlaps", inventory, "--scope", "gateway", code=2)


def test_output_goes_to_the_file(inventory, tmp_path):
    """--output leaves standard output empty; a folder that is not there is named."""
    target = tmp_path / "tunnels.parquet"
    done = vpnframe("show", inventory, "tunnels", "-f", "parquet", "-o", target)
    assert done.stdout == b""
    assert pq.read_table(target).num_rows > 0
    missing = tmp_path / "no" / "x.csv"
    assert b"x.csv" in vpnframe("show", inventory, "tunnels", "-o", missing, code=1).stderr


def test_load_reads_saved_answers(tmp_path):
    """Files and standard input; what cannot be read is a row, and the exit code is 4."""
    samples = Path(__file__).parents[2] / "data" / "samples"
    done = vpnframe("load", samples, "--out", tmp_path / "a")
    assert b"3 connections" in done.stdout
    (tmp_path / "vco-bad.json").write_text('{"VpnConnectionConfig": {"Loc')
    files = (samples / "cn-shanghai" / "vco-single.json", tmp_path / "vco-bad.json")
    done = vpnframe("load", *files, "--out", tmp_path / "b", code=4)
    assert b"1 failure:" in done.stderr
    assert b"vco-bad" in vpnframe("show", tmp_path / "b", "failures").stdout
    vpnframe("load", tmp_path / "*.nothing", "--out", tmp_path / "c", code=1)


def test_schema_describes_tables_and_columns():
    """All tables, or the columns of one."""
    assert b"tunnels" in vpnframe("schema").stdout
    assert b"ike_dh_group" in vpnframe("schema", "tunnels").stdout
    vpnframe("schema", "tunnel", code=2)


def test_demo_reads_its_whole_fleet(tmp_path):
    """300 connections, every one of them, under quotas and without a refused call."""
    text = vpnframe("demo", "--out", tmp_path / "demo").stdout.decode()
    assert "coverage complete, " in text
    assert all(word in text for word in ("COVERAGE", "ALGORITHMS IN USE", "OVERLAPPING SUBNETS"))
    coverage = vpnframe("show", tmp_path / "demo", "coverage", "-f", "csv").stdout
    table = pd.read_csv(io.BytesIO(coverage))
    assert (table["n_read"] + table["n_unattached"]).sum() == 300
    assert table["n_failed"].sum() == 0
    assert table["n_throttled"].sum() == 0


def test_the_emulator_announces_itself_and_stops_on_sigterm(tmp_path):
    """Its first line is JSON that a client can be pointed with; the answer key holds no secret."""
    key = tmp_path / "key.json"
    command = ["emulator", "--connections", "5", "--regions", "2", "--answer-key", str(key)]
    process = subprocess.Popen(
        [sys.executable, "-m", "vpnframe", *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    line = json.loads(process.stdout.readline())
    assert {"endpoint", "access_key_id", "access_key_secret", "accounts"} <= line.keys()
    written = json.loads(key.read_text())
    assert list(written) == ["seed", "planted", "tunnels", "counts"]
    assert len(written["tunnels"]) >= 5
    assert line["access_key_secret"] not in key.read_text()
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (0, b"", b"")


def test_a_reader_that_stops_early_is_no_error(inventory):
    """`vpnframe show ... | head -1` ends without a traceback."""
    command = f"{sys.executable} -m vpnframe show {inventory} tunnels -f jsonl | head -c 10"
    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, check=False)
    assert b"Traceback" not in done.stderr
    assert len(done.stdout) == 10


class Loading:
    """A module whose import is interrupted."""

    def __getattr__(self, name):
        raise KeyboardInterrupt


def test_ctrl_c_while_a_command_is_loading_is_one_line(monkeypatch):
    """Its module is imported when it runs."""
    monkeypatch.setitem(sys.modules, "vpnframe.cli.schema", Loading())
    done = CliRunner().invoke(app, ["schema"])
    assert done.exit_code == 130
    assert done.stderr == "vpnframe: stopped before anything was done\n"


def test_help_loads_neither_tables_nor_the_network():
    """They take longer than everything else in it."""
    code = (
        "import sys; from vpnframe.cli import app; app(['--help'], standalone_mode=False);"
        "print('loaded:', *{'pandas', 'numpy', 'pyarrow', 'aiohttp'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout.endswith(b"loaded:\n")


def test_ctrl_c_while_the_command_line_is_loading_is_one_line(monkeypatch, capsys):
    """No traceback of imports."""
    monkeypatch.setitem(sys.modules, "vpnframe.cli", Loading())
    with pytest.raises(SystemExit) as end:
        runpy.run_module("vpnframe", run_name="__main__")
    assert end.value.code == 130
    assert capsys.readouterr().err == "vpnframe: stopped before anything was done\n"


def test_the_version_is_shown():
    """As any report of a problem needs it."""
    assert vpnframe("--version").stdout == f"vpnframe {vf.__version__}\n".encode()


@pytest.mark.parametrize("command", [["fetch", "--out", "x"], ["plan"], ["doctor"]])
def test_an_empty_endpoint_is_not_the_cloud(command):
    """A variable that was to be filled in is refused before anything is asked."""
    done = vpnframe(*command, code=2, VPNFRAME_ENDPOINT="")
    assert b"VPNFRAME_ENDPOINT is empty" in done.stderr


@pytest.mark.parametrize("arguments", [["stats", ""], ["fetch", "--out", " "], ["plan", "--out="]])
def test_an_empty_argument_is_no_folder(arguments):
    """An unset variable is refused; an empty path would be the working folder."""
    done = vpnframe(*arguments, code=2)
    said = f"vpnframe: argument {len(arguments)} is empty: is a variable unset?\n"
    assert done.stderr == said.encode()
