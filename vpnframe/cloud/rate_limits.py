"""Keep the rate of calls within a share of the published quotas.

A rate-limit key is (account, region, action). A call may start when fewer than ``share x limit``
calls of its key are in flight or were answered within the last window. A call counts from its
answer, which arrives after the server counted the call: so the server's quota is respected at any
latency, whether its windows are fixed or sliding.
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
    """State of one rate-limit key: number of calls in flight, and times of the recent answers."""

    ceiling: int
    per_s: float
    allowed: int
    in_flight: int = 0
    answered: deque[float] = field(default_factory=deque)
    blocked_until: float = 0.0
    eased_at: float = 0.0


class RateLimiter:
    """Decides when a call may start; its callers pass the time."""

    def __init__(self, *, limits: Mapping[str, Limit] | None = None, share: float = 0.5) -> None:
        if not 0 < share <= 1:
            raise ValueError(f"the quota share must be above 0 and at most 1, not {share}")
        self.limits = {name: action.limit for name, action in ACTIONS.items()} | dict(limits or {})
        self._share = share
        self._lanes: dict[Key, _Lane] = {}

    def allowed(self, action: str) -> int:
        """Return how many calls of an action may start in one window, at least one."""
        # Rounded first: in floating point 100 x 0.29 is slightly below 29.
        return max(1, int(round(self.limits[action].count * self._share, 6)))

    def delay(self, key: Key, *, now: float) -> float | None:
        """Return the seconds until a call may start; None if an answer must arrive first."""
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
        """Count a call of an earlier run that may still use quota; add the oldest call first."""
        self._lane(key).answered.append(at)

    def start(self, key: Key) -> None:
        """Count a call that starts now."""
        self._lane(key).in_flight += 1

    def finish(self, key: Key, *, now: float) -> None:
        """Count the answer of a call, or its timeout."""
        lane = self._lane(key)
        lane.in_flight -= 1
        lane.answered.append(now)

    def slow_down(self, key: Key, *, now: float, retry_after_s: float | None = None) -> None:
        """Halve the rate of a rate-limit key that was throttled, and pause its calls.

        Calls in flight together are often throttled together: more of them within the pause may
        extend the pause, but do not halve the rate again. In each window, the rate recovers by one
        eighth of its ceiling.
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
    """Injectable time functions: monotonic seconds, UTC time, and sleep."""

    monotonic: Callable[[], float] = time.monotonic
    utc_now: Callable[[], datetime] = lambda: datetime.now(UTC)
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


class WaitingLanes:
    """Releases waiting calls in order, per rate-limit key, when the rate limiter allows it."""

    def __init__(self, rate_limiter: RateLimiter, clock: Clock) -> None:
        self.rate_limiter = rate_limiter
        self._clock = clock
        self._turn: defaultdict[Key, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._answered: defaultdict[Key, asyncio.Event] = defaultdict(asyncio.Event)

    async def enter(self, key: Key) -> None:
        """Wait until a call of this rate-limit key may start, and count the call."""
        async with self._turn[key]:
            while (delay := self.rate_limiter.delay(key, now=self._clock.monotonic())) != 0:
                if delay is None:
                    self._answered[key].clear()
                    await self._answered[key].wait()
                else:
                    await self._clock.sleep(delay)
            self.rate_limiter.start(key)

    def leave(self, key: Key) -> None:
        """Count the end of a call, answered or not."""
        self.rate_limiter.finish(key, now=self._clock.monotonic())
        self._answered[key].set()
