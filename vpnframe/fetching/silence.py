"""Warn about hosts that accept a connection and do not answer, while calls still wait."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from vpnframe.errors import TransportError

log = logging.getLogger("vpnframe")

SAID_AFTER_S = 8.0  # most calls take less than one


class Silence:
    """Warn once about each host that was silent from the start; the calls themselves go on.

    A host that answered before is not reported: a call may wait for a free connection.
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
