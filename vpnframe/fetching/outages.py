"""Handle regions that stop answering, and warn about hosts that never answer."""

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
    """The line to one region; it is down when a few calls in a row get no answer.

    While it is down, one call at a time tries it, and the others wait. Calls do not wait for a
    region that never answered.
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
        """Whether the region answered before, and does not answer now."""
        return self._answered_ever and self._n_failed >= _A_FEW

    @property
    def is_awaited(self) -> bool:
        """Whether the line is down, and calls still wait for it."""
        return self.is_down and self.clock.monotonic() - self._silent_since < self.patience_s

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Admit calls one at a time, after a pause, if the line is awaited; otherwise at once."""
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
        """Count a call that got no answer."""
        if self._n_failed == 0:
            self._silent_since = self.clock.monotonic()
        self._n_failed += 1

    def answered(self) -> None:
        """Record an answered call: the line is up."""
        self._answered_ever = True
        self._n_failed = self._n_tries = 0


class Silence:
    """Warn once about each host that has never answered; its calls continue.

    A host that answered before is not reported: a call to it may wait for a free TCP connection.
    """

    def __init__(self) -> None:
        self._known: set[str] = set()

    @contextmanager
    def watching(self, host: str) -> Iterator[None]:
        """Watch one request; warn if it times out or takes longer than ``SAID_AFTER_S``."""
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
            log.warning("%s does not answer; it is still being asked", host)
