"""A whole crawl under quotas: no call too many, and hardly a second too late."""

from __future__ import annotations

import asyncio
import math
import os
import random
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from helpers import (
    ManualClock,
    action_of,
    caller_of,
    crawl_account,
    keys_of,
    params_of,
    run_virtual,
)

from vpnframe.cloud.actions import Limit
from vpnframe.cloud.messages import Request, Response
from vpnframe.cloud.rate_limits import Clock, RateLimiter, WaitingLanes
from vpnframe.cloud.transport import Transport
from vpnframe.emulator import EmulatedFleet, State, handle, make_fleet, make_state, serve_in_thread
from vpnframe.fetching.caller import Caller
from vpnframe.fetching.crawl import Plan
from vpnframe.model.records import Records

DOWNLOAD = "DownloadVpnConnectionConfig"
IS_LONG = int(os.environ.get("VPNFRAME_EXAMPLES", "100")) > 100
FLEET = (
    make_fleet(connections=5000, regions=30) if IS_LONG else make_fleet(connections=400, regions=2)
)
LIMIT, WINDOW_S = 30, 60.0
chance = random.Random(11)


def ideal_s(fleet: EmulatedFleet, *, limit: int, window_s: float) -> float:
    """The time that the quota allows for the busiest region."""
    (_, n_most), *_ = Counter(c.region_id for c in fleet.connections).most_common(1)
    return (math.ceil(n_most / limit) - 1) * window_s


@dataclass(frozen=True)
class Cloud:
    """An emulator that counts a call anywhere between its sending and its answer."""

    state: State
    manual: ManualClock
    latency_s: Callable[[], float]
    counted: Callable[[], float]
    times: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    async def send(self, request: Request) -> Response:
        """Answer one request, and note when a download was sent and answered."""
        latency_s, part = self.latency_s(), self.counted()
        times = self.times[params_of(request).get("RegionId", "")]
        is_download = action_of(request) == DOWNLOAD
        times += [self.manual.monotonic()] * is_download
        await asyncio.sleep(latency_s * part)
        answer = handle(self.state, request, self.manual.utc_now().timestamp())
        await asyncio.sleep(latency_s * (1 - part))
        times += [self.manual.monotonic()] * is_download
        return answer

    @property
    def took_s(self) -> float:
        """From the first download of a region to the last answer, in the slowest of them."""
        return max(max(times) - min(times) for times in self.times.values() if times)


def crawled(cloud: Cloud) -> Records:
    caller = caller_of(cloud.send, cloud.manual, provider=keys_of(cloud.state))
    return run_virtual(crawl_account(caller))


@pytest.mark.proof
@pytest.mark.parametrize("mode", ["sliding", "fixed"])
@pytest.mark.parametrize(
    ("latency_s", "counted"),
    [
        (lambda: 0.0, lambda: 0.0),
        (lambda: 0.5, lambda: 0.0),
        (lambda: 0.5, lambda: 1.0),
        (lambda: chance.uniform(0.0, 0.5), chance.random),
    ],
    ids=["none", "500 ms, counted first", "500 ms, counted last", "random"],
)
def test_the_whole_quota_and_not_one_call_more(
    mode: str,
    latency_s: Callable[[], float],
    counted: Callable[[], float],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Of the published quota, in both kinds of window, at any latency."""
    state = make_state(FLEET, quota_mode=mode)
    cloud = Cloud(state, ManualClock(), latency_s, counted)
    records = crawled(cloud)
    took_s = cloud.took_s
    ideal = ideal_s(FLEET, limit=LIMIT, window_s=WINDOW_S)
    with capsys.disabled():
        n, regions = len(FLEET.connections), len(FLEET.regions)
        print(f"\n{mode}: {n} in {regions} regions, {took_s:.1f} s / {ideal:.0f} s = ", end="")
        print(f"{took_s / ideal:.4f}, {state.throttled.total()} throttled")
    assert state.throttled.total() == 0
    assert took_s / ideal <= 1.02
    assert {row.status for row in records.coverage} == {"complete"}


@pytest.mark.parametrize("mode", ["sliding", "fixed"])
def test_in_real_time_over_sockets(mode: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Windows of a second; the ratio is told, and no call is throttled."""
    fleet = make_fleet(connections=65, regions=1)
    state = make_state(fleet, quota_mode=mode, quota_window_s=1.0)
    rate_limiter = RateLimiter(limits={DOWNLOAD: Limit(LIMIT, per_s=1.0)}, share=1.0)

    async def main(endpoint: str) -> float:
        async with Transport() as transport:
            lanes = WaitingLanes(rate_limiter, Clock())
            caller = Caller(send=transport.send, provider=keys_of(state), lanes=lanes)
            records = await crawl_account(caller, Plan(endpoint=endpoint))
        return records.coverage[0].elapsed_s or 0.0

    with serve_in_thread(state) as cloud:
        took_s = asyncio.run(main(cloud.endpoint))
    ideal = ideal_s(fleet, limit=LIMIT, window_s=1.0)
    with capsys.disabled():
        print(f"\n{mode}, 1 s windows: {took_s:.2f} s / {ideal:.0f} s = {took_s / ideal:.3f}")
    assert state.throttled.total() == 0
