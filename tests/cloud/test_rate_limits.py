"""Pacing under a quota: literals, and a brute-force model of the server."""

from __future__ import annotations

import heapq
import math
from collections import Counter
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vpnframe.cloud.actions import Limit
from vpnframe.cloud.rate_limits import RateLimiter

ACTION = "DescribeRegions"
KEY = ("1234", "cn-shanghai", ACTION)
ELSEWHERE = ("1234", "cn-beijing", ACTION)
TINY = 1e-6


def make_pacer(count: int, *, per_s: float = 60.0, share: float = 1.0) -> RateLimiter:
    return RateLimiter(limits={ACTION: Limit(count, per_s=per_s)}, share=share)


@dataclass(frozen=True)
class Planned:
    """A call: when it is wanted, how long its answer takes, and when the server counts it."""

    arrival: float
    latency: float
    counted: float  # from 0, at sending, to 1, at the answer


PLANS = st.lists(
    st.builds(Planned, st.floats(0, 30), st.floats(0, 15), st.floats(0, 1)),
    min_size=1,
    max_size=40,
)


def simulate(rate_limiter: RateLimiter, plans: list[Planned]) -> tuple[list[float], float]:
    """Send the calls in the order of their arrival; give when each was counted, and the end."""
    now, counted = 0.0, []
    answers: list[float] = []
    for plan in sorted(plans, key=lambda one: one.arrival):
        wake = plan.arrival
        while True:
            while answers and answers[0] <= max(now, wake):
                now = max(now, heapq.heappop(answers))
                rate_limiter.finish(KEY, now=now)
            now = max(now, wake)
            delay = rate_limiter.delay(KEY, now=now)
            if delay == 0:
                break
            wake = answers[0] if delay is None else now + delay
        rate_limiter.start(KEY)
        counted.append(now + plan.counted * plan.latency)
        heapq.heappush(answers, now + plan.latency)
    return sorted(counted), max([now, *answers])


@settings(max_examples=300, deadline=None)
@given(plans=PLANS, count=st.integers(1, 7), per_s=st.sampled_from([1.0, 2.0, 10.0, 60.0]))
def test_a_sliding_window_is_never_exceeded(plans: list[Planned], count: int, per_s: float) -> None:
    """Wherever between sending and answer the server counts, any window holds the limit at most."""
    counted, _ = simulate(make_pacer(count, per_s=per_s), plans)
    spans = [late - early for early, late in zip(counted, counted[count:], strict=False)]
    assert min(spans, default=math.inf) >= per_s - TINY


@settings(max_examples=200, deadline=None)
@given(plans=PLANS, count=st.integers(1, 7), phase=st.floats(0, 10))
def test_a_fixed_window_is_never_exceeded(plans: list[Planned], count: int, phase: float) -> None:
    """Wherever the server's windows begin."""
    counted, _ = simulate(make_pacer(count, per_s=10.0), plans)
    # A call on the very edge of two windows may be put into either by rounding.
    inside = [at for at in counted if TINY < (at + phase) % 10.0 < 10.0 - TINY]
    windows = Counter(int((at + phase) // 10.0) for at in inside)
    assert max(windows.values(), default=0) <= count


@given(n=st.integers(1, 60), count=st.integers(1, 9))
def test_the_whole_quota_is_used(n: int, count: int) -> None:
    """Without latency, n calls take as many windows as they must."""
    _, end = simulate(make_pacer(count), [Planned(0.0, 0.0, 0.0)] * n)
    assert end == pytest.approx((math.ceil(n / count) - 1) * 60.0)


@given(n=st.integers(1, 60), count=st.integers(1, 9), latency=st.floats(0.01, 5))
def test_latency_costs_one_latency_per_window(n: int, count: int, latency: float) -> None:
    """A window begins again when its first answers come."""
    _, end = simulate(make_pacer(count), [Planned(0.0, latency, 0.5)] * n)
    rounds = math.ceil(n / count)
    assert end == pytest.approx((rounds - 1) * (60.0 + latency) + latency)


def test_the_window_counts_from_the_answer() -> None:
    """The server may have counted a slow call as late as its answer."""
    rate_limiter = make_pacer(1)
    rate_limiter.start(KEY)
    assert rate_limiter.delay(KEY, now=5.0) is None
    rate_limiter.finish(KEY, now=9.0)
    assert rate_limiter.delay(KEY, now=9.0) == 60.0
    assert rate_limiter.delay(KEY, now=69.0) == 0.0


def test_regions_do_not_share_a_quota() -> None:
    """A full lane holds nobody else up."""
    rate_limiter = make_pacer(1)
    rate_limiter.start(KEY)
    assert rate_limiter.delay(KEY, now=0.0) is None
    assert rate_limiter.delay(ELSEWHERE, now=0.0) == 0.0


@pytest.mark.parametrize(
    ("count", "share", "allowed"),
    [(30, 0.5, 15), (30, 1.0, 30), (30, 0.01, 1), (1, 0.5, 1), (100, 0.29, 29), (7, 0.5, 3)],
)
def test_share_of_a_quota(count: int, share: float, allowed: int) -> None:
    """Rounded down, and one call at least."""
    assert make_pacer(count, share=share).allowed(ACTION) == allowed


@pytest.mark.parametrize("share", [0.0, -0.5, 1.01, math.nan, math.inf])
def test_bad_share(share: float) -> None:
    """The value is named."""
    with pytest.raises(ValueError, match=f"at most 1, not {share}"):
        RateLimiter(share=share)


def test_published_quotas_hold_where_none_is_given() -> None:
    """Half of thirty downloads and of six hundred list calls by default."""
    rate_limiter = RateLimiter()
    assert rate_limiter.allowed("DownloadVpnConnectionConfig") == 15
    assert rate_limiter.allowed("DescribeVpnConnections") == 300


def n_free(rate_limiter: RateLimiter, now: float) -> int:
    """How many calls may go out at once."""
    n = 0
    while rate_limiter.delay(KEY, now=now) == 0.0:
        rate_limiter.start(KEY)
        n += 1
    for _ in range(n):
        rate_limiter.finish(KEY, now=now - 60.0)  # as if long ago
    return n


def test_slow_down_pauses_and_halves() -> None:
    """A tenth of a window's pause, then half the calls."""
    rate_limiter = make_pacer(16)
    rate_limiter.slow_down(KEY, now=100.0)
    assert rate_limiter.delay(KEY, now=100.0) == 6.0
    assert n_free(rate_limiter, 106.0) == 8


def test_slow_down_honours_the_pause_that_the_cloud_asks_for() -> None:
    """Its own header, and no shorter pause afterwards."""
    rate_limiter = make_pacer(16)
    rate_limiter.slow_down(KEY, now=0.0, retry_after_s=25.0)
    rate_limiter.slow_down(KEY, now=1.0, retry_after_s=2.0)
    assert rate_limiter.delay(KEY, now=1.0) == 24.0


def test_calls_throttled_together_halve_once() -> None:
    """Ten refusals of one burst are one piece of news."""
    rate_limiter = make_pacer(16)
    for n in range(10):
        rate_limiter.slow_down(KEY, now=n / 100)
    assert n_free(rate_limiter, 10.0) == 8


def test_slow_down_leaves_one_call() -> None:
    """However often it is throttled."""
    rate_limiter = make_pacer(16)
    for n in range(9):
        rate_limiter.slow_down(KEY, now=n * 7.0)
    assert n_free(rate_limiter, 9 * 7.0) == 1


def test_the_pace_recovers() -> None:
    """By an eighth of the ceiling a window, up to the ceiling."""
    rate_limiter = make_pacer(16)
    rate_limiter.slow_down(KEY, now=0.0)
    assert [n_free(rate_limiter, now) for now in (59.0, 60.0, 120.0, 240.0, 900.0)] == [
        8,
        10,
        12,
        16,
        16,
    ]


def test_slowing_one_region_slows_no_other() -> None:
    """Throttling is per key."""
    rate_limiter = make_pacer(16)
    rate_limiter.slow_down(KEY, now=0.0)
    assert rate_limiter.delay(ELSEWHERE, now=0.0) == 0.0


def test_half_of_a_quota() -> None:
    """The next call may start once the last answer has left the window."""
    rate_limiter = make_pacer(2, share=0.5)
    assert rate_limiter.delay(KEY, now=0.0) == 0.0
    rate_limiter.start(KEY)
    rate_limiter.finish(KEY, now=1.0)
    assert rate_limiter.delay(KEY, now=11.0) == 50.0
