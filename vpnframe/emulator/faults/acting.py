"""Send a faulty response over a socket as its ``wire`` specifies, then end the connection."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Iterator

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

from vpnframe.emulator.faults.wire import FaultyResponse, encode_body, encode_head

_LINGER_NOT = struct.pack("ii", 1, 0)
# Time for the client to read what was sent before a reset discards it.
_FLUSH_S = 0.01
_STEP_S = 0.02
_LOOK_S = 0.05


class WireAnswer(web.StreamResponse):
    """A server response that writes its own bytes."""

    def __init__(self, response: FaultyResponse, stopping: asyncio.Event) -> None:
        super().__init__(status=response.status)
        self._faulty = response
        self._stopping = stopping

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Send the response as its ``wire`` specifies; the server then closes the connection."""
        transport = request.transport
        if not isinstance(transport, asyncio.Transport):
            raise ConnectionResetError("the client has gone")
        await self._act(transport)
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        """Write nothing more."""

    async def _act(self, transport: asyncio.Transport) -> None:
        wire = self._faulty.wire
        body = encode_body(self._faulty)
        head = encode_head(self._faulty, body)
        await self._pause(transport, wire.delay_s)
        if wire.sent == "half the headers":
            await self._write(transport, head[: len(head) // 2], wire.headers_s / 2)
        elif wire.sent == "half the body":
            await self._write(transport, head, wire.headers_s)
            await self._write(transport, body[: len(body) // 2], wire.body_s / 2)
        elif wire.sent == "all":
            await self._write(transport, head, wire.headers_s)
            await self._write_body(transport, body)
        if wire.end == "hang":
            await self._pause(transport, float("inf"))
        elif wire.end == "reset":
            await self._pause(transport, _FLUSH_S)
            _reset(transport)

    async def _write_body(self, transport: asyncio.Transport, body: bytes) -> None:
        """Send the body; bytes beyond the announced length follow after a short pause."""
        announced = len(body) // 2 if self._faulty.wire.length == "short" else len(body)
        await self._write(transport, body[:announced], self._faulty.wire.body_s)
        if announced < len(body):
            await self._pause(transport, _FLUSH_S)
            transport.write(body[announced:])

    async def _write(self, transport: asyncio.Transport, data: bytes, seconds: float) -> None:
        """Send the data at once, or evenly over the given seconds."""
        if not seconds:
            transport.write(data)
            return
        pieces = list(_pieces(data, seconds))
        for piece in pieces:
            transport.write(piece)
            await self._pause(transport, seconds / len(pieces))

    async def _pause(self, transport: asyncio.Transport, seconds: float) -> None:
        """Wait; raise if the client disconnects or the server stops."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while (left := until - loop.time()) > 0:
            if transport.is_closing() or self._stopping.is_set():
                raise ConnectionResetError("nobody waits for the answer")
            await asyncio.sleep(min(left, _LOOK_S))


def _pieces(data: bytes, seconds: float) -> Iterator[bytes]:
    """Cut data into about one piece per step, at least two and no more than bytes."""
    n_pieces = max(2, int(seconds / _STEP_S))
    size = max(1, len(data) // n_pieces)
    for start in range(0, len(data), size):
        yield data[start : start + size]


def _reset(transport: asyncio.Transport) -> None:
    """Abort the connection: with a linger time of 0 the kernel sends RST."""
    if transport.is_closing():
        return
    connection = transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
    transport.abort()
