"""An outage that passes: what can be read after it is read, or --resume asks for that alone."""

from __future__ import annotations

import asyncio
import math
import os
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cli_helpers import keys_of as environment_of
from command_forks import forked_commands
from helpers import (
    DeliveringSend,
    ManualClock,
    action_of,
    caller_of,
    crawl_account,
    error_response,
    keys_of,
    params_of,
    run_virtual,
)

from vpnframe.cloud.actions import Limit
from vpnframe.cloud.messages import Request, Response
from vpnframe.emulator import EmulatedFleet, make_fleet, make_state, serve_in_thread
from vpnframe.emulator.faults import FaultyResponse, Wire
from vpnframe.fetching.checkpoint import Checkpoint, open_checkpoint
from vpnframe.fetching.crawl import Plan
from vpnframe.fetching.events import Event, RegionRead
from vpnframe.inventory import read_inventory
from vpnframe.model.records import Records

IS_LONG = int(os.environ.get("VPNFRAME_EXAMPLES", "100")) > 100
N_OUTAGES = min(50, int(os.environ.get("VPNFRAME_ROUNDS", "50" if IS_LONG else "12")))
FLEET = make_fleet(connections=40, regions=2, seed=8)
IDS = {one.vpn_connection_id for one in FLEET.connections if one.attach_type != "NO_ASSOCIATED"}
DOWNLOAD = "DownloadVpnConnectionConfig"
_ATTACHED = ("VPNGW", "CEN")


def wire(**how: str) -> Response:
    return FaultyResponse(200, {}, b"{}", kind="outage", wire=Wire(**how))  # type: ignore[arg-type]


TROUBLES = {
    "network": wire(sent="nothing", end="reset"),
    "timeout": wire(sent="nothing", end="hang"),
    "server": Response(503, {}, b"<html>Service Unavailable</html>"),
}


@dataclass
class Outage:
    """For so long nothing is answered as it should be; from the first download on, if need be."""

    begin_s: float
    length_s: float
    kind: str
    now: Callable[[], float]
    started: float = 0.0
    n_struck: int = 0

    def __call__(self, request: Request, number: int) -> Response | None:
        """As a fault of the emulator."""
        if action_of(request) == DOWNLOAD and self.begin_s == math.inf:
            self.begin_s = self.now() - self.started
        if not 0 <= self.now() - self.started - self.begin_s < self.length_s:
            return None
        self.n_struck += 1
        return TROUBLES[self.kind]


@dataclass
class Crawls:
    """Crawls of one fleet in virtual time, at a tenth of a second per answer."""

    limit: Limit
    fleet: EmulatedFleet = FLEET
    regions_read: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    end_s: float = 0.0

    def run(self, checkpoint: Checkpoint | None, *faults: Outage) -> Records:
        """Crawl it once."""
        state, manual = make_state(self.fleet, quotas=False), ManualClock()
        for fault in faults:
            fault.now = manual.monotonic
        state.faults += faults
        inner = DeliveringSend(state, manual)
        self.asked, self.regions_read = [], []

        async def send(request: Request) -> Response:
            await asyncio.sleep(0.1)
            if action_of(request) == DOWNLOAD:
                self.asked.append(params_of(request)["VpnConnectionId"])
            return await inner(request)

        async def main() -> Records:
            limits = {DOWNLOAD: self.limit}
            caller = caller_of(
                send, manual, provider=keys_of(state), checkpoint=checkpoint, limits=limits
            )
            records = await crawl_account(caller, Plan(on_event=self.take))
            self.end_s = manual.monotonic()
            return records

        return run_virtual(main())

    def take(self, event: Event) -> None:
        """Note which regions are over."""
        if isinstance(event, RegionRead):
            self.regions_read.append(event.region_id)


def downloaded(records: Records) -> set[str]:
    """Connections of which a download was read, by what is told of the others."""
    missed = {f.vpn_connection_id for f in records.failures if f.action == DOWNLOAD}
    listed = {one.vpn_connection_id for one in records.connections if one.attach_type in _ATTACHED}
    read = listed - missed
    assert sum(row.n_read for row in records.coverage) == len(read)
    return read


def is_whole(records: Records) -> bool:
    return {row.status for row in records.coverage} == {"complete"}


@pytest.mark.proof
def test_outages_at_random_moments(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of 1 to 30 s, with and without pacing, by each kind: nothing is read twice or left out."""
    chance, seen = random.Random(5), Counter[str]()
    for number in range(N_OUTAGES):
        paces = {"paced": Limit(2, per_s=1.0), "not paced": Limit(1000, per_s=1.0)}
        pace, kind = chance.choice(list(paces)), list(TROUBLES)[number % 3]
        crawls = Crawls(paces[pace])
        assert is_whole(crawls.run(None))
        length_s, begin_s = chance.uniform(1.0, 30.0), chance.uniform(0.0, crawls.end_s)
        outage = Outage(begin_s, length_s, kind, now=lambda: 0.0)
        folder = tmp_path / str(number)
        with open_checkpoint(folder, purpose={}, resume=False) as checkpoint:
            records = crawls.run(checkpoint, outage)
        assert outage.n_struck <= 60
        if is_whole(records):
            assert downloaded(records) == IDS
            seen[f"{pace}: whole at once"] += 1
            continue
        seen[f"{pace}: with --resume"] += 1
        read = downloaded(records)
        with open_checkpoint(folder, purpose={}, resume=True) as checkpoint:
            again = crawls.run(checkpoint)
        assert is_whole(again)
        assert downloaded(again) == IDS
        assert sorted(crawls.asked) == sorted(IDS - read)
    with capsys.disabled():
        print(f"\n{N_OUTAGES} outages of 1 to 30 s: {dict(sorted(seen.items()))}")
    assert sum(n for name, n in seen.items() if "at once" in name) >= 0.7 * N_OUTAGES


@pytest.mark.parametrize("kind", TROUBLES)
@pytest.mark.parametrize(
    ("length_s", "limit"), [(5.0, Limit(1000, per_s=1.0)), (8.0, Limit(2, per_s=1.0))]
)
def test_a_short_outage_costs_nothing(kind: str, length_s: float, limit: Limit) -> None:
    """It begins with the downloads; all of them are read, and few calls go out in vain."""
    crawls = Crawls(limit)
    outage = Outage(math.inf, length_s, kind, now=lambda: 0.0)
    records = crawls.run(None, outage)
    assert outage.n_struck > 0
    assert is_whole(records)
    assert not records.failures
    assert len(crawls.asked) <= len(IDS) + 60
    assert crawls.end_s <= length_s + 60


@pytest.mark.parametrize("kind", [*TROUBLES, "throttled"])
def test_what_failed_is_asked_again_when_all_else_is_read(kind: str) -> None:
    """One connection fails again and again, and works at the end of the run."""
    (chosen, *_) = sorted(IDS)
    answers = {**TROUBLES, "throttled": error_response("Throttling.User")}
    crawls, n_struck = Crawls(Limit(1000, per_s=1.0)), 0

    class Stubborn(Outage):
        def __call__(self, request: Request, number: int) -> Response | None:
            nonlocal n_struck
            is_it = params_of(request).get("VpnConnectionId") == chosen
            if not is_it or action_of(request) != DOWNLOAD or len(crawls.regions_read) == 2:
                return None
            n_struck += 1
            return answers[kind]

    records = crawls.run(None, Stubborn(0.0, math.inf, kind, now=lambda: 0.0))
    assert 3 <= n_struck <= 20
    assert len(crawls.asked) == len(IDS) + n_struck
    assert is_whole(records)
    assert not records.failures
    assert len(crawls.regions_read) == 3  # one of them twice


@pytest.mark.parametrize(
    "action",
    ["DescribeVpnGateways", "DescribeVpnConnections", "DescribeVpcs", "DescribeVpnRouteEntries"],
)
def test_a_list_that_failed_is_asked_for_again(action: str) -> None:
    """And all that depends on it; nothing that was read before is asked for twice."""
    crawls, n_struck = Crawls(Limit(1000, per_s=1.0)), 0
    others: Counter[str] = Counter()

    class Stubborn(Outage):
        def __call__(self, request: Request, number: int) -> Response | None:
            nonlocal n_struck
            if action_of(request) != action or len(crawls.regions_read) >= 2:
                others[action_of(request)] += 1
                return None
            n_struck += 1
            return TROUBLES["server"]

    records = crawls.run(None, Stubborn(0.0, math.inf, "", now=lambda: 0.0))
    assert n_struck > 0
    assert is_whole(records)
    assert not records.failures
    assert downloaded(records) == IDS
    assert sorted(crawls.asked) == sorted(IDS)
    lists = ("DescribeVpnGateways", "DescribeCustomerGateways", "DescribeVpcs")
    assert all(others[name] == 2 for name in lists)  # a page for each region


def test_a_list_that_fails_again_costs_nothing_that_was_read() -> None:
    """The first page of a listing was read; the second time not even that."""
    fleet_pages = Crawls(Limit(1000, per_s=1.0), fleet=make_fleet(connections=120, regions=1))

    class Stubborn(Outage):
        def __call__(self, request: Request, number: int) -> Response | None:
            if action_of(request) != "DescribeVpnConnections":
                return None
            is_first = params_of(request)["PageNumber"] == "1" and not fleet_pages.regions_read
            return None if is_first else TROUBLES["server"]

    records = fleet_pages.run(None, Stubborn(0.0, math.inf, "", now=lambda: 0.0))
    assert len(records.connections) >= 50
    assert len(downloaded(records)) >= 50
    assert [row.status for row in records.coverage] == ["partial"]


def test_what_does_not_pass_is_not_asked_again() -> None:
    """A refusal would be the same."""
    crawls = Crawls(Limit(1000, per_s=1.0))

    class Refused(Outage):
        def __call__(self, request: Request, number: int) -> Response | None:
            return error_response("Forbidden", 403) if action_of(request) == DOWNLOAD else None

    records = crawls.run(None, Refused(0.0, math.inf, "", now=lambda: 0.0))
    assert sorted(crawls.asked) == sorted(IDS)
    assert downloaded(records) == set()


@pytest.mark.proof
def test_outages_over_sockets(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The real command: whole at the end, or exit code 4 and --resume asks for the rest alone."""
    chance, n_whole = random.Random(6), 0
    n_outages = N_OUTAGES // 5
    state = make_state(FLEET, quotas=False)
    asked: list[str] = []

    def remember(request: Request, number: int) -> None:
        if action_of(request) == DOWNLOAD:
            asked.append(params_of(request)["VpnConnectionId"])

    with serve_in_thread(state) as cloud:
        environment = environment_of(cloud) | {
            "ALIBABA_CLOUD_ECS_METADATA_DISABLED": "true",
            "VPNFRAME_QUOTA": f"{DOWNLOAD}=8/0.5",
            "VPNFRAME_QUOTA_SHARE": "1",
        }
        with forked_commands(tmp_path / "said", environment) as commands:
            for number in range(n_outages):
                out, length_s = (
                    tmp_path / str(number),
                    chance.uniform(1.0, 30.0 if IS_LONG else 3.0),
                )
                outage = Outage(
                    chance.uniform(0.2, 2.5), length_s, ["network", "server"][number % 2],
                    now=time.monotonic, started=time.monotonic(),
                )  # fmt: skip
                state.faults[:] = [remember, outage]
                done = commands.run("fetch", "--out", out)
                if done.code == 0:
                    n_whole += 1
                else:
                    time.sleep(
                        max(0.0, outage.started + outage.begin_s + length_s - time.monotonic())
                    )
                    n_wanted, n_asked = resumable(done.code, out), len(asked)
                    assert commands.run("fetch", "--out", out, "--resume").code == 0
                    assert len(asked[n_asked:]) == n_wanted
                assert read_inventory(out).is_complete
    with capsys.disabled():
        print(f"\n{n_outages} outages over sockets: {n_whole} whole at once")


def resumable(code: int, out: Path) -> int:
    """How many downloads a run left to be asked for."""
    if code == 1:  # nothing at all could be read
        return len(IDS)
    inventory = read_inventory(out)
    assert code == 4
    assert not inventory.is_complete
    return len(IDS) - int(inventory.coverage["n_read"].sum())
