"""End a run before everything is read: at a deadline, or on request."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

log = logging.getLogger("vpnframe")


class Ending:
    """Request to end a run now; calls that wait for the cloud then stop waiting.

    Examples
    --------
    >>> async def call(ending):
    ...     async with ending.within(math.inf):
    ...         ending.ask()
    ...         await asyncio.sleep(3600)
    >>> asyncio.run(call(Ending()))
    Traceback (most recent call last):
    TimeoutError
    """

    def __init__(self) -> None:
        self.is_asked = False
        self._waiting: set[asyncio.Timeout] = set()

    def ask(self) -> None:
        """End the run now; call this in the thread of the event loop. Repeated calls do nothing."""
        if self.is_asked:
            return
        self.is_asked = True
        log.warning("interrupted: what was read so far is written now")
        for limit in self._waiting:
            if not limit.expired():
                limit.reschedule(asyncio.get_running_loop().time())

    @asynccontextmanager
    async def within(self, left_s: float) -> AsyncIterator[None]:
        """Run the body for at most ``left_s``, or until the end; raise TimeoutError after that."""
        async with asyncio.timeout(None if left_s == math.inf else left_s) as limit:
            self._waiting.add(limit)
            try:
                yield
            finally:
                self._waiting.discard(limit)
