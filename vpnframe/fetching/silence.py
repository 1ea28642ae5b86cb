"""A host that takes a connection and says nothing is named while it is still being asked."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from vpnframe.errors import TransportError

log = logging.getLogger("vpnframe")

SAID_AFTER_S = 8.0  # most calls take less than one


class Silence:
    """Warns once of each host that was silent from the start; the calls themselves go on.

    One that answered before is not: a call may wait for a free connection.
    """

    def __init__(self) -> None:
        self._known: set[str] = set()

    @contextmanager
    def watching(self, host: str) -> Iterator[None]:
        """Watch one request: it is told of when it times out, or takes longer than most."""
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
