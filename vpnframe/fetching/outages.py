"""Wait for regions that stop responding, and warn about hosts that never respond."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

from vpnframe.cloud.rate_limits import Clock
from vpnframe.cloud.retries import backoff_s
from vpnframe.errors import TransportError

log = logging.getLogger("vpnframe")

PATIENCE_S = 45.0  # longer than most outages; a region that is silent for longer is given up
SAID_AFTER_S = 8.0  # most calls take less than one second
_LONGEST_PAUSE_S = 10.0
_A_FEW = 3  # consecutive failures; one or two are not an outage


@dataclass(slots=True)
class Line:
    """Records whether one region responds to calls.

    A region is down if it responded before, but a few consecutive calls got no response. While it
    is down, one call at a time is sent, and the other calls wait. No call waits for a region that
    never responded.
    """

    clock: Clock
    jitter: Callable[[], float]
    patience_s: float
    _trying: asyncio.Lock = field(default_factory=asyncio.Lock)
    _n_failed: int = 0
    _n_tries: int = 0
    _answered_ever: bool = False
    _silent_since: float = 0.0

    @property
    def is_down(self) -> bool:
        """Whether the region responded before, and does not respond now."""
        return self._answered_ever and self._n_failed >= _A_FEW

    @property
    def is_awaited(self) -> bool:
        """Whether calls wait: the region is down, but silent for less than ``patience_s``."""
        return self.is_down and self.clock.monotonic() - self._silent_since < self.patience_s

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """While the region is awaited, let one call at a time proceed, each after a pause."""
        if self.is_awaited:
            async with self._trying:
                if self.is_awaited:
                    self._n_tries += 1
                    jitter, cap_s = self.jitter(), _LONGEST_PAUSE_S
                    await self.clock.sleep(backoff_s(self._n_tries, jitter=jitter, cap_s=cap_s))
                    yield
                    return
        yield

    def failed(self) -> None:
        """Count a call without a response."""
        if self._n_failed == 0:
            self._silent_since = self.clock.monotonic()
        self._n_failed += 1

    def answered(self) -> None:
        """Record that the region responded."""
        self._answered_ever = True
        self._n_failed = self._n_tries = 0


class Silence:
    """Warns once about each host that has never responded; calls to such a host continue."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    @contextmanager
    def watching(self, host: str) -> Iterator[None]:
        """Warn about the host if the request times out or takes longer than ``SAID_AFTER_S``."""
        timer = asyncio.get_running_loop().call_later(SAID_AFTER_S, self._tell, host)
        try:
            yield
            self._known.add(host)
        except TransportError as error:
            if error.is_timeout:
                self._tell(host)
            raise
        finally:
            timer.cancel()

    def _tell(self, host: str) -> None:
        if host not in self._known:
            self._known.add(host)
            log.warning("%s has not responded yet; the fetch keeps trying", host)
