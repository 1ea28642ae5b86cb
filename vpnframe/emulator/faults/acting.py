"""Send a ``FaultyResponse`` over a socket, with the faults that its field ``wire`` describes."""

from __future__ import annotations

import asyncio
import socket
import struct

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

from vpnframe.emulator.faults.wire import SHARES, FaultyResponse, encode_body, encode_head

# Seconds for the client to read the sent data before a reset discards it.
_FLUSH_S = 0.01
_STEP_S = 0.02
_LOOK_S = 0.05


class WireAnswer(web.StreamResponse):
    """An aiohttp response that writes the status line, headers and body to the socket itself."""

    def __init__(self, response: FaultyResponse, stopping: asyncio.Event) -> None:
        super().__init__(status=response.status)
        self._faulty = response
        self._stopping = stopping

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Send the response as ``wire`` specifies. Afterwards, the server closes the connection."""
        transport = request.transport
        if not isinstance(transport, asyncio.Transport):
            raise ConnectionResetError("the client has closed the connection")
        await self._act(transport)
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        """Do nothing, because ``prepare`` has already sent the response."""

    async def _act(self, transport: asyncio.Transport) -> None:
        wire = self._faulty.wire
        body = encode_body(self._faulty)
        head = encode_head(self._faulty, body)
        head_share, body_share = SHARES[wire.sent]
        await self._pause(transport, wire.delay_s)
        head = head[: int(len(head) * head_share)]
        await self._write(transport, head, wire.headers_s * head_share)
        n_announced = len(body) // 2 if wire.length == "short" else len(body)
        sent = body[: int(n_announced * body_share)]
        await self._write(transport, sent, wire.body_s * body_share)
        if n_announced < len(body):
            await self._pause(transport, _FLUSH_S)
            transport.write(body[n_announced:])
        if wire.end == "hang":
            await self._pause(transport, float("inf"))
        elif wire.end == "reset":
            await self._pause(transport, _FLUSH_S)
            if not transport.is_closing():
                # With a linger time of 0 the kernel sends RST.
                connection = transport.get_extra_info("socket")
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                transport.abort()

    async def _write(self, transport: asyncio.Transport, data: bytes, seconds: float) -> None:
        """Send the data in pieces spread over ``seconds``, or all at once if ``seconds`` is 0."""
        n_pieces = max(2, int(seconds / _STEP_S)) if seconds else 1
        size = max(1, len(data) // n_pieces)
        starts = range(0, len(data), size)
        for start in starts:
            transport.write(data[start : start + size])
            await self._pause(transport, seconds / len(starts))

    async def _pause(self, transport: asyncio.Transport, seconds: float) -> None:
        """Wait; raise ConnectionResetError if the client disconnects or the server stops."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while (left := until - loop.time()) > 0:
            if transport.is_closing() or self._stopping.is_set():
                raise ConnectionResetError("the client has disconnected, or the server is stopping")
            await asyncio.sleep(min(left, _LOOK_S))
