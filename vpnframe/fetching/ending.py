"""The end of a run before everything is read: at a set time, or because it is asked for."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

log = logging.getLogger("vpnframe")


class Ending:
    """Whether a run is to end now; what waits for the cloud then stops waiting.

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
        """End it now; called in the thread of the event loop, and once is enough."""
        if self.is_asked:
            return
        self.is_asked = True
        log.warning("interrupted: what was read so far is written now")
        for limit in self._waiting:
            if not limit.expired():
                limit.reschedule(asyncio.get_running_loop().time())

    @asynccontextmanager
    async def within(self, left_s: float) -> AsyncIterator[None]:
        """Do something for so long, or until the end; TimeoutError when it was not done by then."""
        async with asyncio.timeout(None if left_s == math.inf else left_s) as limit:
            self._waiting.add(limit)
            try:
                yield
            finally:
                self._waiting.discard(limit)
