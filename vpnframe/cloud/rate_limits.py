"""Limit the calls of each account, region and action to a share of the published quota.

A call can start if fewer calls than ``share`` times the quota are counted; it is counted from its
start until one window after its end. The server counts the call before its end, so the server's
quota holds at any latency, for fixed and for sliding windows.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from vpnframe.cloud.actions import ACTIONS, Limit

Key = tuple[str, str, str]


@dataclass(slots=True)
class _Lane:
    ceiling: int
    per_s: float
    allowed: int
    in_flight: int = 0
    answered: deque[float] = field(default_factory=deque)
    blocked_until: float = 0.0
    eased_at: float = 0.0


class RateLimiter:
    """Decide when a call can start; the methods take the current time as a parameter."""

    def __init__(self, *, limits: Mapping[str, Limit] | None = None, share: float = 0.5) -> None:
        if not 0 < share <= 1:
            raise ValueError(f"the quota share must be above 0 and at most 1, not {share}")
        self.limits = {name: action.limit for name, action in ACTIONS.items()} | dict(limits or {})
        self._share = share
        self._lanes: dict[Key, _Lane] = {}

    def allowed(self, action: str) -> int:
        """Return how many calls of an action can start in one window; it is at least one."""
        # Rounded first: in floating point 100 x 0.29 is slightly below 29.
        return max(1, int(round(self.limits[action].count * self._share, 6)))

    def delay(self, key: Key, *, now: float) -> float | None:
        """Return in how many seconds a call can start; None if another call must end first."""
        lane = self._lane(key)
        while lane.allowed < lane.ceiling and now - lane.eased_at >= lane.per_s:
            lane.eased_at += lane.per_s
            lane.allowed = min(lane.ceiling, lane.allowed + max(1, lane.ceiling // 8))
        while lane.answered and lane.answered[0] <= now - lane.per_s:
            lane.answered.popleft()
        if lane.blocked_until > now:
            return lane.blocked_until - now
        if lane.in_flight + len(lane.answered) < lane.allowed:
            return 0.0
        if lane.in_flight >= lane.allowed:
            return None
        # Index of the answered call that must leave the window before a slot is free.
        leaving = lane.in_flight + len(lane.answered) - lane.allowed
        return lane.answered[leaving] + lane.per_s - now

    def remember(self, key: Key, *, at: float) -> None:
        """Count a call that an earlier run made and that ended at ``at``.

        Pass older calls first.
        """
        self._lane(key).answered.append(at)

    def start(self, key: Key) -> None:
        """Record that a call starts now."""
        self._lane(key).in_flight += 1

    def finish(self, key: Key, *, now: float) -> None:
        """Record that a call ended with a response or a failure."""
        lane = self._lane(key)
        lane.in_flight -= 1
        lane.answered.append(now)

    def slow_down(self, key: Key, *, now: float, retry_after_s: float | None = None) -> None:
        """Halve the call rate of a throttled rate-limit key, and pause its calls.

        A call that is throttled during the pause can extend the pause but does not halve the rate
        again, because calls in flight together are often throttled together. In each later window,
        the rate recovers by one eighth of the full rate.
        """
        lane = self._lane(key)
        if now >= lane.blocked_until:
            lane.allowed = max(1, lane.allowed // 2)
        lane.eased_at = now
        pause_s = lane.per_s / 10 if retry_after_s is None else retry_after_s
        lane.blocked_until = max(lane.blocked_until, now + pause_s)

    def _lane(self, key: Key) -> _Lane:
        if key not in self._lanes:
            ceiling = self.allowed(key[2])
            self._lanes[key] = _Lane(ceiling, self.limits[key[2]].per_s, ceiling)
        return self._lanes[key]


@dataclass(frozen=True, slots=True)
class Clock:
    """Functions for monotonic time, UTC time and sleep, which tests replace."""

    monotonic: Callable[[], float] = time.monotonic
    utc_now: Callable[[], datetime] = lambda: datetime.now(UTC)
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


class WaitingLanes:
    """Let the calls of each rate-limit key wait in a queue until the rate limiter allows them."""

    def __init__(self, rate_limiter: RateLimiter, clock: Clock) -> None:
        self.rate_limiter = rate_limiter
        self._clock = clock
        self._turn: defaultdict[Key, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._answered: defaultdict[Key, asyncio.Event] = defaultdict(asyncio.Event)

    async def enter(self, key: Key) -> None:
        """Wait until a call with this rate-limit key can start, and record its start."""
        async with self._turn[key]:
            while (delay := self.rate_limiter.delay(key, now=self._clock.monotonic())) != 0:
                if delay is None:
                    self._answered[key].clear()
                    await self._answered[key].wait()
                else:
                    await self._clock.sleep(delay)
            self.rate_limiter.start(key)

    def leave(self, key: Key) -> None:
        """Record that a call ended with a response or a failure."""
        self.rate_limiter.finish(key, now=self._clock.monotonic())
        self._answered[key].set()
