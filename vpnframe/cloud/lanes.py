"""Injectable time, and the lanes in which calls wait for their rate limit."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from vpnframe.cloud.rate_limits import Key, RateLimiter


@dataclass(frozen=True, slots=True)
class Clock:
    """Injectable time functions: monotonic seconds, the time of day, and sleep."""

    monotonic: Callable[[], float] = time.monotonic
    utc_now: Callable[[], datetime] = lambda: datetime.now(UTC)
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


class WaitingLanes:
    """Releases the calls of a key one after the other, as soon as the rate limiter allows."""

    def __init__(self, rate_limiter: RateLimiter, clock: Clock) -> None:
        self.rate_limiter = rate_limiter
        self._clock = clock
        self._turn: defaultdict[Key, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._answered: defaultdict[Key, asyncio.Event] = defaultdict(asyncio.Event)

    async def enter(self, key: Key) -> None:
        """Wait until a call of this key may go out, and count it."""
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
