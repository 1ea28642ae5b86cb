"""A crawl that is cancelled, at any step, leaves no task, turn, file or socket behind."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from pathlib import Path

import pytest
from helpers import DeliveringSend, ManualClock, caller_of, crawl_account, keys_of, run_cancelled

from vpnframe.cloud.actions import Limit
from vpnframe.cloud.transport import Transport
from vpnframe.emulator import RunningEmulator, State, make_fleet, make_state, serve_in_thread
from vpnframe.emulator.faults import fault
from vpnframe.fetching.caller import Caller
from vpnframe.fetching.checkpoint import checkpoint_path, open_checkpoint
from vpnframe.fetching.crawl import Plan

FLEET = make_fleet(connections=9, regions=2, seed=4)
DOWNLOAD = "DownloadVpnConnectionConfig"
FILES = Path("/proc/self/fd")


def troubled() -> State:
    """Every kind of wait comes up: for an answer, a turn, a pause, a window."""
    state = make_state(FLEET, quotas=False)
    state.faults += [
        fault("plain-500", positions=[2], action="DescribeVpnConnections"),
        fault("throttling-400", positions=[2], action=DOWNLOAD),
        fault("slow-body", rate=1.0),
    ]
    return state


async def crawl_with_checkpoint(folder: Path, callers: list[Caller]) -> None:
    """A crawl with a checkpoint; its caller is put into the list."""
    state, manual = troubled(), ManualClock()
    with open_checkpoint(folder, purpose={}, resume=False) as checkpoint:
        callers.append(
            caller_of(
                DeliveringSend(state, manual),
                manual,
                provider=keys_of(state),
                limits={DOWNLOAD: Limit(2, per_s=60.0)},
                checkpoint=checkpoint,
                run_deadline=100_000.0,
            )
        )
        await crawl_account(callers[0])


def open_files(folder: Path) -> list[str]:
    """Files of a folder that this process has open."""
    links = [path.readlink() for path in FILES.iterdir() if path.is_symlink()]
    return [str(link) for link in links if str(link).startswith(str(folder))]


def n_in_flight(caller: Caller) -> int:
    lanes = caller.lanes.rate_limiter._lanes.values()
    return sum(lane.in_flight for lane in lanes)


def check_left_behind(folder: Path, caller: Caller) -> None:
    """No turn is taken, no file is open; the checkpoint is in order, or gone if it was empty."""
    assert n_in_flight(caller) == 0
    assert open_files(folder) == []
    if not checkpoint_path(folder).exists():
        assert caller.checkpoint is not None
        assert not caller.checkpoint.has_answers
        return
    with open_checkpoint(folder, purpose={}, resume=True) as checkpoint:
        assert checkpoint.is_resumed
    db = sqlite3.connect(checkpoint_path(folder))
    (n_open,) = db.execute("SELECT count(*) FROM calls WHERE answered_at IS NULL").fetchone()
    db.close()
    assert n_open == 0


@pytest.mark.skipif(not FILES.exists(), reason="open files are read from /proc")
def test_cancelled_at_every_step(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever the crawl waits for just then."""
    step, was_cancelled = 0, True
    while was_cancelled:
        step += 1
        folder, callers = tmp_path / str(step), list[Caller]()
        was_cancelled = run_cancelled(crawl_with_checkpoint(folder, callers), step=step)
        if callers:  # otherwise it had not begun
            check_left_behind(folder, callers[0])
    with capsys.disabled():
        print(f"\ncancelled at each of {step - 1} steps")
    assert step > 40


def n_connections(endpoint: str) -> int:
    """Established connections to a port of this machine, from the client's side."""
    port = f":{int(endpoint.rpartition(':')[2]):04X}"
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(remote.endswith(port) and state == "01" for _, _, remote, state, *_ in rows)


async def cancelled_after(cloud: RunningEmulator, n_requests: int) -> Caller:
    """A crawl over sockets, cancelled when so many requests have come in."""
    before = cloud.state.n_requests
    async with Transport() as transport:
        caller = caller_of(transport.send, ManualClock(), provider=keys_of(cloud.state))
        plan = Plan(endpoint=cloud.endpoint)
        task = asyncio.create_task(crawl_account(caller, plan))
        while cloud.state.n_requests < before + n_requests and not task.done():
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        assert asyncio.all_tasks() == {asyncio.current_task()}
    return caller


@pytest.mark.skipif(not FILES.exists(), reason="open sockets are read from /proc")
@pytest.mark.parametrize("n_requests", [0, 1, 2, 4, 6, 9, 11])
def test_cancelled_over_sockets(n_requests: int) -> None:
    """No connection stays open, and no turn taken."""
    with serve_in_thread(make_state(FLEET, quotas=False)) as cloud:
        caller = asyncio.run(cancelled_after(cloud, n_requests))
        assert n_connections(cloud.endpoint) == 0
        time.sleep(0.1)  # for the emulator to notice before it is stopped
    assert n_in_flight(caller) == 0
