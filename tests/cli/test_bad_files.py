"""Every command with every bad kind of file and stream in place of each that it has.

The cases are made from the command line itself: a new option is tried without being named here.
"""

from __future__ import annotations

import os
import re
import resource
import shutil
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from helpers import each_once

from vpnframe.cli import COMMANDS as NAMES
from vpnframe.cli import demo, load_command, main
from vpnframe.cloud.signing import Credentials
from vpnframe.emulator import make_fleet, make_state, serve_in_thread
from vpnframe.fetching.fetch import fetch
from vpnframe.inventory import read_inventory, write_inventory

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="devices as Linux has them")
COMMANDS: dict[str, Any] = {name: load_command(name) for name in NAMES}
ANSWER = '{"VpnConnectionConfig": {"LocalSubnet": "192.168.0.0/24"}}'
# What each command needs; a word in braces is a path of the fixture. A command that is not listed
# needs only an inventory.
NEEDED = {name: {"folder": "{inventory}"} for name in NAMES} | {
    "demo": {"out": "{new}"},
    "doctor": {},
    "plan": {},
    "fetch": {"out": "{new}"},
    "load": {"files": "{answer}", "out": "{new}"},
    "redact": {"source": "{answer}", "target": "{new}"},
    "show": {"folder": "{inventory}", "table": "tunnels"},
    "conflicts": {"folder": "{inventory}", "cidrs": "203.0.113.0/24"},
    "free": {"folder": "{inventory}", "within": "10.0.0.0/8", "prefix_length": "24"},
    "trace": {"folder": "{inventory}", "source": "10.0.0.1", "destination": "192.0.2.1"},
    "compare": {"folder": "{inventory}", "peer_connection": "{connection}"},
    "prune": {"folder": "{inventory}", "keep_last": "9"},
    "schema": {},
    "emulator": {},
}
# What an option needs besides, or cannot stand beside.
BESIDES = {
    ("trace", "packets"): {"source": None, "destination": None},
    ("stats", "output"): {"which": "summary"},
    ("compare", "peer"): {"peer_connection": None},
    ("audit", "out_dir"): {"by": "owner", "owner_tag": "env"},
}
NEW_FILES = {"output", "answer_key_file"}
NEW_FOLDERS = {"out", "out_dir", "sample_out", "target"}


def takes_a_file(param: Any) -> bool:
    """Whether a parameter is the name of a file or a folder, by what is said of it."""
    shown = f"{param.metavar or ''}".upper()
    return re.search(r"FILE|DIR|\bIN\b|\bOUT\b", shown) is not None


TAKEN = [(name, p) for name, one in COMMANDS.items() for p in one.params if takes_a_file(p)]
READ = [(name, p.name) for name, p in TAKEN if p.name not in NEW_FILES | NEW_FOLDERS]
WRITTEN = [(name, p.name) for name, p in TAKEN if p.name in NEW_FILES]
MADE = [(name, p.name) for name, p in TAKEN if p.name in NEW_FOLDERS]


def bound(path: Path) -> None:
    """A socket; its path may be longer than one of a socket can be."""
    here = Path.cwd()
    os.chdir(path.parent)
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(path.name)
    os.chdir(here)


def sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(2**31)


NO_FILES: dict[str, Callable[[Path], object]] = {
    "folder": Path.mkdir,
    "pipe": os.mkfifo,
    "socket": bound,
    "zeros": lambda path: path.symlink_to("/dev/zero"),
    "full": lambda path: path.symlink_to("/dev/full"),
    "null": lambda path: path.symlink_to("/dev/null"),
    "loop": lambda path: path.symlink_to(path.name),
    "nothing": lambda path: path.symlink_to("nowhere"),
}
BAD_FILES: dict[str, Callable[[Path], object]] = {
    "huge": sparse,
    "bytes": lambda path: path.write_bytes(bytes(range(256)) * 99),
    "deep JSON": lambda path: path.write_text('{"a":' + "[" * 5000 + "]" * 5000 + "}"),
    "deep TOML": lambda path: path.write_text("a = " + "[" * 5000 + "]" * 5000),
    "deep table": lambda path: path.write_text("a = " + "{b = " * 5000 + "1" + "}" * 5000),
    "long key": lambda path: path.write_text(".".join(["a"] * 50_000) + " = 1"),
    "deep section": lambda path: path.write_text("a {\n" * 5000 + "}\n" * 5000),
    "deep XML": lambda path: path.write_text("<a>" * 5000 + "</a>" * 5000),
}
NO_TARGETS = {name: NO_FILES[name] for name in ("folder", "pipe", "socket", "full", "loop")}
NO_FOLDERS = {name: NO_FILES[name] for name in ("pipe", "socket", "full", "loop")} | {
    "file": Path.touch,
}


class Hung(BaseException):
    """A command that waits for what never comes; no handler for errors takes it."""


@pytest.fixture(autouse=True)
def _no_hang() -> Iterator[None]:
    """Neither for ever, nor with all the memory that there is."""

    def hang(*_: object) -> None:
        raise Hung

    n_pages = int(Path("/proc/self/statm").read_text().split()[0])
    before = resource.getrlimit(resource.RLIMIT_AS)
    most = n_pages * resource.getpagesize() + 3 * 2**30
    resource.setrlimit(resource.RLIMIT_AS, (most, before[1]))
    handler = signal.signal(signal.SIGALRM, hang)
    signal.setitimer(signal.ITIMER_REAL, 60)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, handler)
    resource.setrlimit(resource.RLIMIT_AS, before)


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """An inventory, an answer, and an emulator that the environment names."""
    folder = tmp_path_factory.mktemp("places")
    state = make_state(make_fleet(connections=6, regions=1), quotas=False)
    with serve_in_thread(state) as cloud, pytest.MonkeyPatch.context() as patch:
        keys = Credentials(cloud.access_key_id, cloud.access_key_secret)
        # Its library reads the environment once: maybe before these are there.
        patch.setattr("vpnframe.cloud.credentials._resolve", lambda _: keys)
        patch.setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", cloud.access_key_id)
        patch.setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", cloud.access_key_secret)
        patch.setenv("VPNFRAME_ENDPOINT", cloud.endpoint)
        patch.setattr(demo, "make_fleet", lambda **_: make_fleet(connections=2, regions=1))
        inventory = fetch(endpoint=cloud.endpoint, credentials=keys)
        write_inventory(inventory, folder / "inventory")
        (folder / "vco-1.json").write_text(ANSWER)
        yield {
            "inventory": str(folder / "inventory"),
            "answer": str(folder / "vco-1.json"),
            "connection": inventory.connections["vpn_connection_id"].iloc[0],
        }


def arguments(command: str, given: dict[str, str | None]) -> list[str]:
    """The command line with these values."""
    line = [command]
    for param in COMMANDS[command].params:
        value = given.get(param.name)
        if value is not None and param.param_type_name == "argument":
            line.append(value)
        elif value is not None:
            line += [max(param.opts, key=len), value]
    return line


def run(line: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, list[str]]:
    """Run it as the entry point does; the exit code and what stands on standard error."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["vpnframe", *line])
        with pytest.raises(SystemExit) as ended:
            main()
    return ended.value.code, capsys.readouterr().err.splitlines()


def tried(
    command: str, name: str, bad: Path, places: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> tuple[int, list[str]]:
    """Run a command with a path in one place, and good ones in the others."""
    known = places | {"new": str(bad.parent / "new")}
    needed = {key: value.format(**known) for key, value in NEEDED[command].items()}
    line = arguments(command, needed | BESIDES.get((command, name), {}) | {name: str(bad)})
    return run(line, capsys)


def test_every_command_and_every_file_is_tried() -> None:
    """What is said of an option tells whether it names a file."""
    assert NEEDED.keys() == COMMANDS.keys()
    assert {p.name for _, p in TAKEN} >= {*NEW_FILES, *NEW_FOLDERS, "accounts", "packets", "files"}
    others = [(name, p) for name, one in COMMANDS.items() for p in one.params]
    forgotten = [
        (name, p.name)
        for name, p in others
        if not takes_a_file(p) and "file" in f"{getattr(p, 'help', None)}".split()
    ]
    assert forgotten == [
        ("audit", "by"), ("audit", "without_key_findings"),
    ]  # fmt: skip


@pytest.mark.parametrize(("option", "kind"), each_once(READ, [*NO_FILES, *BAD_FILES]))
def test_a_bad_file_is_one_line(
    option: tuple[str, str],
    kind: str,
    tmp_path: Path,
    places: dict[str, str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Named, with an exit code for it; nobody waits, and there is no traceback."""
    (command, name), bad = option, tmp_path / "bad.json"
    (NO_FILES | BAD_FILES)[kind](bad)
    code, said = tried(command, name, bad, places, capsys)
    is_partial = command == "redact" and kind != "folder"
    assert code == (2 if name == "config" else 4 if is_partial else 1), said
    assert [line for line in said if str(bad) in line] == said[-1:]
    assert len(said) == 1
    assert said[0].startswith("vpnframe: ")


@pytest.mark.parametrize(("option", "kind"), each_once(WRITTEN, [*NO_TARGETS]))
def test_what_cannot_be_written_to_is_one_line(
    option: tuple[str, str],
    kind: str,
    tmp_path: Path,
    places: dict[str, str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A table that goes nowhere is an error, and nothing is left beside."""
    command, name = option
    bad = tmp_path / "bad"
    NO_TARGETS[kind](bad)
    code, said = tried(command, name, bad, places, capsys)
    assert code == 1
    assert said[-1].startswith(f"vpnframe: {bad} cannot be written: ")
    assert not [line for line in said[:-1] if "cannot be written" in line]
    assert list(tmp_path.iterdir()) == [bad]


@pytest.mark.parametrize(("option", "kind"), each_once(MADE, [*NO_FOLDERS]))
def test_what_is_no_folder_is_one_line(
    option: tuple[str, str],
    kind: str,
    tmp_path: Path,
    places: dict[str, str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It is named, and stays what it is."""
    command, name = option
    bad = tmp_path / "bad"
    NO_FOLDERS[kind](bad)
    before = stat.S_IFMT(bad.lstat().st_mode)
    code, said = tried(command, name, bad, places, capsys)
    assert code == 1
    assert said[-1].startswith("vpnframe: ")
    assert str(bad) in said[-1]
    assert stat.S_IFMT(bad.lstat().st_mode) == before


def needed(command: str, places: dict[str, str], tmp_path: Path) -> list[str]:
    """A command line that works."""
    known = places | {"new": str(tmp_path / "new")}
    return arguments(command, {key: text.format(**known) for key, text in NEEDED[command].items()})


def shell(line: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Run a line of the shell, with vpnframe as a user has it."""
    known = os.environ | {"VPNFRAME": f"{sys.executable} -m vpnframe"} | environment
    command = ["/bin/sh", "-c", line]
    return subprocess.run(command, capture_output=True, check=False, env=known, timeout=120)


@pytest.mark.parametrize(("command", "kind"), each_once([*COMMANDS], ["closed", "full"]))
def test_output_that_goes_nowhere_is_one_line(
    command: str,
    kind: str,
    tmp_path: Path,
    places: dict[str, str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What was to be printed was not: never with exit code 0."""
    full = Path("/dev/full").open("w")  # noqa: SIM115  it is the command's
    monkeypatch.setattr(sys, "stdout", full if kind == "full" else None)
    code, said = run(needed(command, places, tmp_path), capsys)
    monkeypatch.undo()
    full.close()
    assert code == 1
    reason = "No space left on device" if kind == "full" else "it is closed"
    assert said[-1] == f"vpnframe: standard output cannot be written: {reason}"
    assert sum("standard output" in line for line in said) == 1


@pytest.mark.parametrize("command", ["show", "audit", "fetch"])
def test_messages_that_go_nowhere_stop_nothing(
    command: str,
    tmp_path: Path,
    places: dict[str, str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As where the log of a nightly run is on a full disk: the exit code alone says so."""
    line = needed(command, places, tmp_path)
    wanted, said = run(line, capsys)
    with Path("/dev/full").open("w", buffering=1) as full:
        monkeypatch.setattr(sys, "stderr", full)
        assert run(line, capsys)[0] == (wanted or int(bool(said)))
        monkeypatch.setattr(sys, "stderr", None)
        assert run(line, capsys)[0] == wanted
        monkeypatch.undo()


@pytest.mark.parametrize("line", ["load - --out {new}", "trace {inventory} --packets -"])
@pytest.mark.parametrize(
    ("given", "reason"), [("<&-", "is closed"), ("</dev/zero", "64 MiB is exceeded")]
)
def test_input_that_is_none_is_one_line(
    line: str, given: str, reason: str, tmp_path: Path, places: dict[str, str]
) -> None:
    """Closed, or without end."""
    wanted = line.format(**places, new=tmp_path / "new")
    done = shell(f"ulimit -v 4000000; $VPNFRAME {wanted} {given}")
    (said,) = done.stderr.decode().splitlines()
    assert (done.returncode, done.stdout) == (1, b"")
    assert "standard input cannot be read: " in said
    assert said.endswith(reason)


def test_closed_streams_of_a_real_process(places: dict[str, str]) -> None:
    """The tables go where they should, and messages never among them."""
    table = f"$VPNFRAME show {places['inventory']} tunnels -f csv --limit 1"
    plain = shell(table)
    assert plain.stderr.endswith(b"more rows are left out: raise --limit to see them\n")
    without = shell(f"{table} 2>&-")
    assert (without.returncode, without.stdout, without.stderr) == (0, plain.stdout, b"")
    closed = shell(f"{table} >&-")
    assert closed.returncode == 1
    assert closed.stderr == b"vpnframe: standard output cannot be written: it is closed\n"


def test_few_open_files(tmp_path: Path, places: dict[str, str]) -> None:
    """A fetch goes on with few connections, and says at once where there is none."""
    done = shell(f"ulimit -n 24; $VPNFRAME fetch --out {tmp_path / 'new'}")
    assert (done.returncode, done.stderr) == (0, b"")
    done = shell(f"ulimit -n 12; $VPNFRAME fetch --out {tmp_path / 'other'}")
    assert done.returncode == 1
    assert done.stderr.decode().splitlines() == [
        "vpnframe: only 12 files may be open at once: allow more, as with ulimit -n 1024"
    ]


def test_a_full_disk_leaves_the_old_table(tmp_path: Path, places: dict[str, str]) -> None:
    """One line, and nothing beside the old file."""
    path = tmp_path / "out.csv"
    path.write_text("old")
    done = shell(f"ulimit -f 1; $VPNFRAME show {places['inventory']} subnets -f csv -o {path}")
    assert done.returncode == 1
    assert done.stderr.decode() == f"vpnframe: {path} cannot be written: File too large\n"
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_clock_that_jumped_is_one_line(
    tmp_path: Path, places: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Of every command that reads an inventory, and of one that writes another snapshot."""
    inventory = tmp_path / "inventory"
    shutil.copytree(places["inventory"], inventory)
    tables = read_inventory(inventory)
    future = write_inventory(tables, inventory, now=datetime.now(UTC) + timedelta(days=1500))
    reading = [name for name, one in NEEDED.items() if one.get("folder") == "{inventory}"]
    assert reading == [name for name, one in COMMANDS.items() if one.params[0].name == "folder"]
    for command in reading:
        line = needed(command, places | {"inventory": str(inventory)}, tmp_path)
        _, said = run(line, capsys)
        told = f"snapshot {future} is dated in the future"
        assert [text for text in said if told in text] == said[:1]
    for command in ("load", "fetch"):
        line = needed(command, places | {"new": "?"}, tmp_path)
        line[line.index(str(tmp_path / "new"))] = str(inventory)
        _, said = run(line, capsys)
        assert sum(f"snapshot {future} is dated in the future" in text for text in said) == 1
