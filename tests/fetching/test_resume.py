"""A crawl that is killed and goes on: the same result, nothing asked twice, no quota overrun."""

from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from helpers import (
    FakeSend,
    ManualClock,
    action_of,
    assert_same_inventory,
    caller_of,
    crawl_account,
    emulated,
    keys_of,
    params_of,
    run_virtual,
)

import vpnframe as vf
from vpnframe.cloud.actions import Limit
from vpnframe.cloud.messages import Request
from vpnframe.cloud.rate_limits import Clock
from vpnframe.emulator import RunningEmulator, make_fleet, make_state, serve_in_thread
from vpnframe.fetching.checkpoint import checkpoint_path, open_checkpoint
from vpnframe.inventory import Inventory, read_inventory
from vpnframe.model.records import Records, Rows

IS_LONG = int(os.environ.get("VPNFRAME_EXAMPLES", "100")) > 100
# How often a crawl is killed, in both kinds of window together.
N_KILLS = int(os.environ.get("VPNFRAME_ROUNDS", "200" if IS_LONG else "5"))
FLEET = make_fleet(connections=50, regions=2, seed=12)
DOWNLOAD = "DownloadVpnConnectionConfig"
QUOTA, WINDOW_S = 16, 0.2
# What differs between two runs in any case.
BUT = (
    *("fetched_at", "request_id", "elapsed_s", "n_calls", "n_throttled", "at", "snapshot"),
    *("psk_fingerprint", "psk_fingerprint_key_id"),
)

# One process that has imported everything forks a child for each run: a second saved each time.
FORKER = f"""
import json, os, signal, sys, time
import vpnframe as vf
import vpnframe.fetching, vpnframe.inventory, aiohttp, sqlite3, pyarrow.parquet
from vpnframe.cloud.actions import Limit
for line in sys.stdin:
    job = json.loads(line)
    pid = os.fork()
    if pid == 0:
        try:
            settings = vf.FetchSettings(
                out=job["out"], resume=job["resume"], quota_share=1.0,
                quotas={{"{DOWNLOAD}": Limit({QUOTA}, per_s={WINDOW_S})}},
            )
            keys = vf.Credentials(*job["keys"])
            vf.fetch(endpoint=job["endpoint"], credentials=keys, settings=settings)
        except BaseException as error:
            print(repr(error), file=sys.stderr, flush=True)
            os._exit(1)
        os._exit(0)
    print(pid, flush=True)
    if job["kill_after_s"] is not None:
        time.sleep(job["kill_after_s"])
        os.kill(pid, signal.SIGKILL)  # not reaped yet: the number is still its own
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""


@dataclass
class Forker:
    """Runs crawls in processes of their own."""

    process: subprocess.Popen[str]
    cloud: RunningEmulator
    downloads: list[str] = field(default_factory=list)
    pid: int = 0
    n_until_kill: int = 0

    def remember(self, request: Request, number: int) -> None:
        """Note what is downloaded; kill the run at the download that was chosen for it."""
        if action_of(request) != DOWNLOAD:
            return
        self.downloads.append(params_of(request)["VpnConnectionId"])
        self.n_until_kill -= 1
        if self.n_until_kill == 0 and self.pid:
            os.kill(self.pid, signal.SIGKILL)  # it waits for this answer: the number is its own

    def run(self, out: Path, *, resume: bool, kill_after_s: float | None = None) -> int:
        """Give the exit code; it is negative when the run was killed."""
        cloud = self.cloud
        keys = [cloud.access_key_id, cloud.access_key_secret]
        job = {"out": str(out), "endpoint": cloud.endpoint, "keys": keys, "resume": resume}
        job["kill_after_s"] = kill_after_s
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.pid = 0  # the last run's number may be another process's by now
        self.process.stdin.write(json.dumps(job) + "\n")
        self.process.stdin.flush()
        self.pid = int(self.process.stdout.readline())
        return int(self.process.stdout.readline())


@contextmanager
def forking(mode: str) -> Iterator[Forker]:
    """A forker and an emulator with quotas, which remembers what was downloaded."""
    limits = {DOWNLOAD: QUOTA}
    state = make_state(FLEET, quotas=limits, quota_window_s=WINDOW_S, quota_mode=mode)
    with serve_in_thread(state) as cloud:
        command = [sys.executable, "-c", FORKER]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            forker = Forker(process, cloud)

            state.faults.append(forker.remember)
            yield forker
            assert process.stdin is not None
            process.stdin.close()


def kept_in(out: Path, scratch: Path) -> set[str]:
    """The connections whose downloads are in the checkpoint of a killed run."""
    if not checkpoint_path(out).exists():
        return set()
    shutil.rmtree(scratch, ignore_errors=True)
    shutil.copytree(checkpoint_path(out).parent, scratch)
    db = sqlite3.connect(scratch / checkpoint_path(out).name)
    try:
        return {i for (i,) in db.execute("SELECT subject FROM answers WHERE subject != ''")}
    except sqlite3.Error:  # it died before there was a table
        return set()
    finally:
        db.close()


def is_finished(out: Path) -> bool:
    """Killed after its last step: the verified snapshot is there and the checkpoint gone."""
    kinds = [json.loads(path.read_text())["kind"] for path in out.glob("snapshots/*/snapshot.json")]
    return "full" in kinds and not checkpoint_path(out).exists()


def killed_until_done(forker: Forker, out: Path, chance: random.Random, length_s: float) -> int:
    """Kill and resume, twice at most, then let it end; nothing kept is asked for again."""
    n_killed, kept = 0, set[str]()
    while not is_finished(out):
        is_killed, is_early = n_killed < chance.choice([1, 2]), chance.random() < 0.5
        delay_s = chance.uniform(0.0, length_s) if is_killed and is_early else None
        forker.n_until_kill = chance.randint(1, 50) if is_killed and not is_early else 0
        before = len(forker.downloads)
        code = forker.run(out, resume=n_killed > 0, kill_after_s=delay_s)
        assert not kept & set(forker.downloads[before:])
        assert code in (0, -signal.SIGKILL)
        if code == 0:
            break
        n_killed += 1
        kept |= kept_in(out, out.parent / "scratch")
    return n_killed


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Inventory:
    """The fleet, read in one go."""
    out = tmp_path_factory.mktemp("undisturbed")
    with serve_in_thread(make_state(FLEET, quotas=False)) as cloud:
        keys = vf.Credentials(cloud.access_key_id, cloud.access_key_secret)
        settings = vf.FetchSettings(out=out, quotas={DOWNLOAD: Limit(1000)}, quota_share=1.0)
        vf.fetch(endpoint=cloud.endpoint, credentials=keys, settings=settings)
    return read_inventory(out)


@pytest.mark.proof
@pytest.mark.parametrize("mode", ["sliding", "fixed"])
def test_killed_and_resumed(
    mode: str, undisturbed: Inventory, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """At random moments: equal to an undisturbed crawl, nothing twice, no call throttled."""
    chance, n_killed, n_rounds = random.Random(3), 0, 0
    with forking(mode) as forker:
        forker.run(tmp_path / "warm", resume=False)
        started = time.monotonic()
        forker.run(tmp_path / "whole", resume=False)
        length_s = time.monotonic() - started
        while n_killed < N_KILLS / 2:
            n_rounds += 1
            out = tmp_path / str(n_rounds)
            n_killed += killed_until_done(forker, out, chance, length_s)
            assert_same_inventory(read_inventory(out), undisturbed, but=BUT)
            assert not checkpoint_path(out).parent.exists()
            shutil.rmtree(out)
        state = forker.cloud.state
    with capsys.disabled():
        n_more = len(forker.downloads) - (n_rounds + 2) * len(FLEET.connections)
        print(f"\n{mode}: {n_killed} kills in {n_rounds} rounds of {length_s:.2f} s, ", end="")
        print(f"{n_more} downloads were under way and asked again, ", end="")
        print(f"{state.throttled.total()} throttled")
    assert state.throttled.total() == 0
    assert n_more <= n_killed * 2 * 16


@dataclass
class Halves:
    """A crawl cancelled in the middle and gone on with by another process, in virtual time."""

    folder: Path
    mode: str

    async def run(self) -> tuple[Records, FakeSend, int]:
        """Give the records, the transport and the number of throttled calls."""
        state, manual = make_state(FLEET, quota_mode=self.mode), ManualClock()
        send = emulated(state, manual)
        send.latency_s = 0.4
        with open_checkpoint(self.folder, purpose={}, resume=False) as checkpoint:
            caller = caller_of(send, manual, provider=keys_of(state), checkpoint=checkpoint)
            task = asyncio.create_task(crawl_account(caller))
            await asyncio.sleep(7.1)
            task.cancel()
            await asyncio.wait([task])
        # Another process: its monotonic clock shows something else.
        clock = Clock(lambda: manual.monotonic() + 5000.0, manual.utc_now, manual.sleep)
        with open_checkpoint(self.folder, purpose={}, resume=True) as checkpoint:
            caller = caller_of(send, manual, provider=keys_of(state), checkpoint=checkpoint)
            caller.clock = caller.lanes._clock = clock
            now = manual.utc_now().timestamp()
            for key, at in checkpoint.earlier_calls(since=now - 60.0, now=now):
                caller.lanes.rate_limiter.remember(key, at=clock.monotonic() - (now - at))
            records = await crawl_account(caller)
        return records, send, state.throttled.total()


@pytest.mark.parametrize("mode", ["sliding", "fixed"])
def test_resumed_inside_one_window(mode: str, tmp_path: Path) -> None:
    """With the whole quota of 60 s windows: no call is throttled, and none is made twice."""
    records, send, n_throttled = run_virtual(Halves(tmp_path, mode).run())
    downloads = [params_of(r)["VpnConnectionId"] for r in send.requests if action_of(r) == DOWNLOAD]
    assert n_throttled == 0
    assert {row.status for row in records.coverage} == {"complete"}
    assert len(downloads) - len(set(downloads)) <= 2 * 16
    assert set(downloads) == {
        c.vpn_connection_id for c in FLEET.connections if c.attach_type != "NO_ASSOCIATED"
    }
    assert send.times[-1] < 200.0


def test_an_unfinished_crawl_is_not_begun_anew(tmp_path: Path) -> None:
    """Without --resume a second run is refused, and nothing is asked."""
    with open_checkpoint(tmp_path, purpose={}, resume=False) as checkpoint:
        rows = Rows(rows=(), n_expected=0, is_stable=True)
        asyncio.run(checkpoint.keep("", "cn-shanghai", "DescribeVpcs", rows))
    with serve_in_thread(make_state(FLEET)) as cloud:
        keys = vf.Credentials(cloud.access_key_id, cloud.access_key_secret)
        with pytest.raises(vf.SettingsError, match="continue it with --resume, or remove"):
            vf.fetch(
                endpoint=cloud.endpoint,
                credentials=keys,
                settings=vf.FetchSettings(out=tmp_path),
            )
        assert cloud.state.n_requests == 0
