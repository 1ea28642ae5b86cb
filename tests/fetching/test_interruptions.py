"""A fetch that is interrupted: whatever is said of what it read is true, and it can go on."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cli_helpers import keys_of
from command_forks import Commands, Done, forked_commands
from helpers import action_of, assert_same_inventory, params_of, slow_after
from typer.testing import CliRunner

import vpnframe as vf
from vpnframe.cli import app
from vpnframe.cloud.messages import Request, Response
from vpnframe.emulator import RunningEmulator, make_fleet, make_state, serve_in_thread
from vpnframe.emulator.faults import FaultyResponse, Wire
from vpnframe.errors import InventoryError
from vpnframe.inventory import Inventory, list_snapshots, read_inventory

IS_LONG = int(os.environ.get("VPNFRAME_EXAMPLES", "100")) > 100
N_ROUNDS = int(os.environ.get("VPNFRAME_ROUNDS", "200" if IS_LONG else "8"))
FLEET = make_fleet(connections=50, regions=2, seed=12)
IDS = {one.vpn_connection_id for one in FLEET.connections if one.attach_type != "NO_ASSOCIATED"}
DOWNLOAD = "DownloadVpnConnectionConfig"
BUT = (
    *("fetched_at", "request_id", "elapsed_s", "n_calls", "n_throttled", "at", "snapshot"),
    *("psk_fingerprint", "psk_fingerprint_key_id"),
)
INT, TERM, KILL = signal.SIGINT, signal.SIGTERM, signal.SIGKILL
WAYS = {"once": [INT], "twice": [INT, INT], "thrice": [INT, INT, INT], "term": [TERM]}
WAYS |= {"both": [TERM, INT], "kill": [KILL]}
HANGING = FaultyResponse(200, {}, b"{}", kind="hang", wire=Wire(sent="nothing", end="hang"))


class Cloud:
    """An emulator that remembers what was downloaded, and commands that ask it."""

    def __init__(self, running: RunningEmulator, commands: Commands) -> None:
        self.running = running
        self.commands = commands
        self.downloads: list[str] = []
        self.at_download: dict[int, list[int]] = {}
        self.is_hanging = False
        running.state.faults.append(self._remember)

    def _remember(self, request: Request, number: int) -> Response | None:
        """Note what is downloaded; send signals at the download that was chosen for them."""
        if action_of(request) != DOWNLOAD:
            return None
        self.downloads.append(params_of(request)["VpnConnectionId"])
        for signal_number in self.at_download.pop(len(self.downloads), ()):
            os.kill(self.commands.pid, signal_number)  # it waits for this answer
            self.is_hanging = True
        return HANGING if self.is_hanging else None

    def fetch(self, out: Path, *more: str, **options: Any) -> Done:
        """Fetch into a folder; the options are those of :meth:`Commands.run`."""
        self.is_hanging = False
        return self.commands.run("fetch", "--out", out, *more, **options)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A fleet that takes a second or two to read."""
    with serve_in_thread(make_state(FLEET, quotas=False)) as running:
        environment = keys_of(running) | {
            "ALIBABA_CLOUD_ECS_METADATA_DISABLED": "true",
            "VPNFRAME_QUOTA": f"{DOWNLOAD}=8/0.2",
            "VPNFRAME_QUOTA_SHARE": "1",
        }
        with forked_commands(tmp_path_factory.mktemp("said"), environment) as commands:
            yield Cloud(running, commands)


@pytest.fixture(scope="module")
def whole(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Inventory:
    """The fleet, read without any trouble."""
    out = tmp_path_factory.mktemp("whole")
    assert cloud.fetch(out).code == 0
    return read_inventory(out)


def downloaded(inventory: Inventory) -> set[str]:
    """Connections of which the table holds a download."""
    has_download = inventory.connections["witnesses"].isin(["download", "both"])
    return set(inventory.connections.loc[has_download, "vpn_connection_id"])


def check_claims(inventory: Inventory, whole: Inventory) -> None:
    """Complete is said of what equals the whole fleet, and of nothing else."""
    read, coverage = downloaded(inventory), inventory.coverage
    assert int(coverage["n_read"].sum()) == len(read)
    assert read <= IDS
    assert ("NOT COMPLETE" in repr(inventory)) is not inventory.is_complete
    if inventory.is_complete:
        assert_same_inventory(inventory, whole, but=BUT)
        assert set(coverage["status"]) == {"complete"}
    else:
        assert read < IDS or not inventory.failures.empty


def check_outputs(out: Path) -> None:
    """Each command says of the newest snapshot what its tables hold, by its exit code, too."""
    inventory = read_inventory(out)
    commands = (["stats"], ["audit"], ["show", "--format", "jsonl"])
    stats, audit, shown = (
        CliRunner().invoke(app, [name, str(out), *(["coverage"] if name == "show" else []), *more])
        for name, *more in commands
    )
    codes = (stats.exit_code, shown.exit_code, audit.exit_code)
    assert codes == (0, 0, 0 if inventory.is_complete else 4)
    for done in (stats, audit, shown):
        assert ("NOT COMPLETE" in done.stderr) is not inventory.is_complete
        assert "Traceback" not in done.stderr
    if not inventory.is_complete:
        (n_read,) = re.findall(r"NOT COMPLETE, ([0-9,]+) of", stats.stderr)
        assert int(n_read.replace(",", "")) == len(downloaded(inventory))
    rows = [json.loads(line) for line in shown.stdout.splitlines()]
    assert sum(row["n_read"] for row in rows) == len(downloaded(inventory))
    assert ({row["status"] for row in rows} == {"complete"}) is inventory.is_complete


def check_end(done: Done, out: Path, way: str) -> None:
    """The command's own end: by its signals, with what was kept and how to go on."""
    assert "Traceback" not in done.stderr
    assert "ExceptionGroup" not in done.stderr
    # Before the command takes the signal over, SIGTERM ends the process by itself.
    by_signal = {"term": {143, -TERM}, "both": {143, -TERM, 130}, "kill": {-KILL}}
    assert done.code in {0} | by_signal.get(way, {130})
    if done.code == 0:
        assert read_inventory(out).is_complete
    if done.code in (130, 143) and "written to" in done.stdout:
        assert list_snapshots(out)[-1] in done.stdout
        is_complete = read_inventory(out).is_complete
        assert ("--resume" in done.stderr) is not is_complete
        assert ("coverage complete" in done.stdout) is is_complete


@pytest.mark.slow
def test_interrupted_at_random_moments(
    cloud: Cloud, whole: Inventory, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is said of completeness is true each time, and --resume asks for the rest alone."""
    chance, seen = random.Random(7), Counter[str]()
    started = time.monotonic()
    assert cloud.fetch(tmp_path / "timed").code == 0
    length_s = time.monotonic() - started
    for number in range(N_ROUNDS):
        out, way = tmp_path / str(number), list(WAYS)[number % len(WAYS)]
        before, at_s = len(cloud.downloads), chance.uniform(0.1, 1.0) * length_s
        signals = [(at_s + n * chance.uniform(0.0, 0.1), s) for n, s in enumerate(WAYS[way])]
        if chance.random() < 0.5:
            cloud.at_download[before + chance.randint(1, len(IDS))] = WAYS[way]
            signals = []
        done = cloud.fetch(out, signals=sorted(signals))
        check_end(done, out, way)
        try:
            inventory = read_inventory(out)
        except InventoryError:
            seen["nothing written"] += 1
            kept = set()
        else:
            kept = downloaded(inventory)
            seen["complete" if inventory.is_complete else f"{len(kept) // 10}0 or more"] += 1
            check_claims(inventory, whole)
            check_outputs(out)
            if done.code in (130, 143):  # it ended by its signal, and not by itself later on
                assert inventory.failures["message"].str.endswith("the run was interrupted").all()
        n_asked = len(cloud.downloads)
        assert kept <= set(cloud.downloads[before:n_asked])
        if N_ROUNDS < 50 or number % 4 == 0:
            again = cloud.fetch(out, "--resume")
            assert again.code == 0
            check_claims(read_inventory(out), whole)
            if "nothing to resume" not in again.stderr:
                assert not kept & set(cloud.downloads[n_asked:])
        shutil.rmtree(out, ignore_errors=True)
    with capsys.disabled():
        print(f"\n{N_ROUNDS} interruptions of {length_s:.2f} s: {dict(sorted(seen.items()))}")
    if N_ROUNDS >= 50:
        assert seen.total() - seen["complete"] - seen["nothing written"] > N_ROUNDS / 4


@pytest.mark.parametrize("way", slow_after(1, [way for way in WAYS if way != "kill"]))
def test_what_was_read_is_written(way: str, cloud: Cloud, whole: Inventory, tmp_path: Path) -> None:
    """In the middle of the downloads; what was kept is said, and how to go on."""
    n_before = len(cloud.downloads)
    cloud.at_download[n_before + 30] = WAYS[way]
    done = cloud.fetch(tmp_path)
    check_end(done, tmp_path, way)
    assert "written to" in done.stdout
    inventory = read_inventory(tmp_path)
    assert len(downloaded(inventory)) >= 12  # 2 x 8 may have been under way, and the 30th was
    assert set(inventory.failures["message"]) == {"the run was interrupted"}
    check_claims(inventory, whole)
    check_outputs(tmp_path)
    n_asked = len(cloud.downloads)
    assert cloud.fetch(tmp_path, "--resume").code == 0
    assert set(cloud.downloads[n_asked:]) == IDS - downloaded(inventory)
    assert len(list_snapshots(tmp_path)) == 1  # the whole one passes over what it completes


def test_the_lists_alone_are_not_complete(cloud: Cloud, whole: Inventory, tmp_path: Path) -> None:
    """Killed at the first download: the snapshot of the lists says that nothing was downloaded."""
    cloud.at_download[len(cloud.downloads) + 1] = [KILL]
    assert cloud.fetch(tmp_path).code == -KILL
    inventory = read_inventory(tmp_path)
    assert len(inventory.connections) == len(FLEET.connections)
    assert not inventory.is_complete
    assert int(inventory.coverage["n_read"].sum()) == 0
    check_claims(inventory, whole)
    check_outputs(tmp_path)


@pytest.fixture
def heard_interrupts() -> Iterator[None]:
    """SIGINT as at a prompt; a shell in the background has it ignored."""
    before = signal.signal(INT, signal.default_int_handler)
    yield
    signal.signal(INT, before)


@pytest.mark.usefixtures("heard_interrupts")
def test_without_a_folder_an_interrupt_is_an_interrupt(cloud: Cloud) -> None:
    """Nothing is kept, so nothing is waited for."""
    keys = vf.Credentials(cloud.running.access_key_id, cloud.running.access_key_secret)

    def interrupt(event: object) -> None:
        if not told:
            os.kill(os.getpid(), INT)
        told.append(event)

    told: list[object] = []
    with pytest.raises(KeyboardInterrupt):
        vf.fetch(endpoint=cloud.running.endpoint, credentials=keys, on_event=interrupt)
    assert signal.getsignal(INT) is signal.default_int_handler


@pytest.mark.usefixtures("heard_interrupts")
def test_in_python_what_was_read_is_written_before_the_interrupt_is_raised(
    cloud: Cloud, whole: Inventory, tmp_path: Path
) -> None:
    """As in a notebook: the cell ends with KeyboardInterrupt, and the folder holds the rest."""
    keys = vf.Credentials(cloud.running.access_key_id, cloud.running.access_key_secret)

    def interrupt(event: object) -> None:
        told.append(type(event).__name__)
        if told.count("ConnectionRead") in (20, 21):
            os.kill(os.getpid(), INT)

    told: list[str] = []
    cloud.is_hanging = False
    settings = vf.FetchSettings(out=tmp_path)
    with pytest.raises(KeyboardInterrupt):
        vf.fetch(
            endpoint=cloud.running.endpoint, credentials=keys, settings=settings, on_event=interrupt
        )
    inventory = read_inventory(tmp_path)
    assert 20 <= len(downloaded(inventory)) < len(IDS)
    check_claims(inventory, whole)


@pytest.mark.slow
def test_a_checkpoint_on_a_full_disk_is_one_line(
    cloud: Cloud, whole: Inventory, tmp_path: Path
) -> None:
    """At any moment; what was kept before is not asked for again when there is room."""
    state, needed = cloud.running.state, list[int]()
    for file_bytes in range(150_000, 3_000_000, 150_000):
        out, before = tmp_path / str(file_bytes), state.n_requests
        done = cloud.fetch(out, file_bytes=file_bytes)
        n_asked = state.n_requests
        if done.code == 0:  # there was room for all of it
            break
        assert (done.code, done.stdout) == (1, "")
        assert re.fullmatch(r"vpnframe: .* cannot be written: [^\n]+\n", done.stderr)
        assert cloud.fetch(out, "--resume").code == 0
        check_claims(read_inventory(out), whole)
        needed.append(state.n_requests - n_asked)
    n_all = n_asked - before
    assert done.code == 0
    assert len(needed) > 1
    assert needed[-1] < needed[0] <= n_all
