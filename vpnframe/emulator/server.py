"""Serve the emulator over HTTP or HTTPS on 127.0.0.1, for async and for blocking code."""

from __future__ import annotations

import asyncio
import errno
import logging
import ssl
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from aiohttp import web

from vpnframe.cloud.messages import Request
from vpnframe.emulator.faults import FaultyResponse
from vpnframe.emulator.faults.acting import WireAnswer
from vpnframe.emulator.fleet.model import EmulatedAccount
from vpnframe.emulator.service import handle
from vpnframe.emulator.state import State

log = logging.getLogger("vpnframe")
_HOST = "127.0.0.1"
_PATIENCE_S = 30.0
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Port, latency, TLS and clock of the emulator's server."""

    port: int = 0  # 0 selects a free port
    latency_ms: float = 0.0  # delay of each answer
    is_tls: bool = False  # whether to serve HTTPS, with a certificate authority created at start
    clock: Callable[[], float] = time.time  # seconds since the epoch


@dataclass(frozen=True, slots=True)
class RunningEmulator:
    """A running emulator, with its endpoint and the accounts that can call it."""

    endpoint: str
    accounts: tuple[EmulatedAccount, ...]
    ca_file: Path | None
    state: State = field(repr=False)

    @property
    def access_key_id(self) -> str:
        """The access key id of the first account."""
        return self.accounts[0].access_key_id

    @property
    def access_key_secret(self) -> str:
        """The access key secret of the first account."""
        return self.accounts[0].access_key_secret


def announcement(running: RunningEmulator) -> dict[str, object]:
    """Return the endpoint, access keys and CA file that a client needs, to be printed as JSON."""
    names = ("account_id", "access_key_id", "access_key_secret")
    line: dict[str, object] = {
        "endpoint": running.endpoint,
        "access_key_id": running.access_key_id,
        "access_key_secret": running.access_key_secret,
        "accounts": [{name: getattr(one, name) for name in names} for one in running.accounts],
    }
    return line if running.ca_file is None else line | {"ca_file": str(running.ca_file)}


@asynccontextmanager
async def serving(
    state: State, settings: ServerSettings | None = None
) -> AsyncIterator[RunningEmulator]:
    """Serve an emulator on 127.0.0.1 while the body of the ``async with`` statement runs."""
    settings = settings or ServerSettings()
    runner = web.AppRunner(_application(state, settings), access_log=None, shutdown_timeout=1.0)
    with tempfile.TemporaryDirectory(prefix="vpnframe-ca-") as folder:
        ca_file = Path(folder) / "ca.pem" if settings.is_tls else None
        await runner.setup()
        loop = asyncio.get_running_loop()
        handler = loop.get_exception_handler()
        loop.set_exception_handler(_OpenFilesHandler())
        try:
            context = None if ca_file is None else _make_tls(ca_file)
            await web.TCPSite(runner, _HOST, settings.port, ssl_context=context).start()
            scheme = "https" if settings.is_tls else "http"
            endpoint = f"{scheme}://{_HOST}:{runner.addresses[0][1]}"
            yield RunningEmulator(endpoint, state.fleet.accounts, ca_file, state)
        finally:
            await runner.cleanup()
            loop.set_exception_handler(handler)


@contextmanager
def serve_in_thread(
    state: State, settings: ServerSettings | None = None
) -> Iterator[RunningEmulator]:
    """Serve an emulator on 127.0.0.1 from a separate thread, for blocking code.

    Examples
    --------
    >>> from vpnframe.emulator.fleet.making import make_fleet
    >>> from vpnframe.emulator.state import make_state
    >>> with serve_in_thread(make_state(make_fleet(connections=1))) as running:
    ...     print(running.endpoint.rpartition(":")[0])
    http://127.0.0.1
    """
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="vpnframe-emulator", daemon=True)
    thread.start()

    def run(coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, loop).result(_PATIENCE_S)

    served = serving(state, settings)
    try:
        running = run(served.__aenter__())
        try:
            yield running
        finally:
            run(served.__aexit__(None, None, None))
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


class _OpenFilesHandler:
    """An exception handler of the event loop that warns once if file descriptors run out."""

    def __init__(self) -> None:
        self._has_warned = False

    def __call__(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if not isinstance(error, OSError) or error.errno not in (errno.EMFILE, errno.ENFILE):
            loop.default_exception_handler(context)
        elif not self._has_warned:
            self._has_warned = True
            log.warning("emulator: no file descriptors left, connections wait (raise ulimit -n)")


def _application(state: State, settings: ServerSettings) -> web.Application:
    stopping = asyncio.Event()

    async def stop(_application: web.Application) -> None:
        stopping.set()

    async def answer(received: web.Request) -> web.StreamResponse:
        request = Request(
            method=received.method,
            # The target stays encoded: decoding it would invalidate the signature.
            url=f"{received.scheme}://{received.host}{received.raw_path}",
            headers={name.lower(): value for name, value in received.headers.items()},
            body=await received.read(),
        )
        if settings.latency_ms:
            await asyncio.sleep(settings.latency_ms / 1000)
        response = handle(state, request, settings.clock())
        if isinstance(response, FaultyResponse):
            return WireAnswer(response, stopping)
        return web.Response(
            status=response.status, headers=dict(response.headers), body=response.body
        )

    application = web.Application()
    application.on_shutdown.append(stop)
    application.router.add_route("*", "/{path:.*}", answer)
    return application


def _make_tls(ca_file: Path) -> ssl.SSLContext:
    """Create a certificate authority, write its certificate, and return a server's TLS context."""
    import trustme  # noqa: PLC0415  imported only if TLS is used

    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(ca_file))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(_HOST, "localhost").configure_cert(context)
    return context
