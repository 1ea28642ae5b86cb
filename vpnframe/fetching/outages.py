"""Handle a region that stops answering: one call at a time tries it, and the others wait."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from vpnframe.cloud.rate_limits import Clock
from vpnframe.cloud.retries import backoff_s

# Longer than most outages; a region that is silent for longer is given up, for now.
PATIENCE_S = 45.0
_LONGEST_PAUSE_S = 10.0
_A_FEW = 3  # consecutive failures; one or two are not an outage


class Line:
    """The line to one region; it is down when a few calls in a row get no answer.

    A line that never returned an answer is not an outage: calls do not wait for such a region.
    """

    def __init__(self, clock: Clock, jitter: Callable[[], float], patience_s: float) -> None:
        self._clock = clock
        self._jitter = jitter
        self._patience_s = patience_s
        self._trying = asyncio.Lock()
        self._n_failed = 0
        self._n_tries = 0
        self._answered_ever = False
        self._silent_since = 0.0

    @property
    def is_down(self) -> bool:
        """Whether it returned answers before, and returns none now."""
        return self._answered_ever and self._n_failed >= _A_FEW

    @property
    def is_awaited(self) -> bool:
        """Whether it is down, and calls still wait for it."""
        return self.is_down and self._clock.monotonic() - self._silent_since < self._patience_s

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Admit a call: at once if the line is up, one after the other if it is awaited."""
        if self.is_awaited:
            async with self._trying:
                if self.is_awaited:
                    await self._pause()
                    yield
                    return
        yield

    async def _pause(self) -> None:
        self._n_tries += 1
        pause_s = backoff_s(self._n_tries, jitter=self._jitter(), cap_s=_LONGEST_PAUSE_S)
        await self._clock.sleep(pause_s)

    def failed(self) -> None:
        """Count a call that got no answer."""
        if self._n_failed == 0:
            self._silent_since = self._clock.monotonic()
        self._n_failed += 1

    def answered(self) -> None:
        """Record an answered call: the line is up."""
        self._answered_ever = True
        self._n_failed = self._n_tries = 0
