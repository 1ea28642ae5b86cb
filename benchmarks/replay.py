"""An endpoint that costs little: each download is answered by the emulator once, then from memory.

    python benchmarks/replay.py CONNECTIONS REGIONS

The first line on standard output is JSON, as the emulator prints it. With the emulator itself a
benchmark of clients measures the server: it signs, checks and writes as much as they do.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time

from vpnframe.cloud.messages import Request
from vpnframe.emulator import State, make_fleet, make_state
from vpnframe.emulator.service import handle

_CONNECTION_ID = re.compile(rb"VpnConnectionId=([\w-]+)")


class Replay(asyncio.Protocol):
    """Answers requests in their order; a request has no body, or one that is all there."""

    def __init__(self, state: State, known: dict[bytes, bytes]) -> None:
        self._state, self._known = state, known
        self._waiting = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where answers go."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every request that is whole."""
        self._waiting += data
        while b"\r\n\r\n" in self._waiting:
            head, _, rest = self._waiting.partition(b"\r\n\r\n")
            n_body = length_of(head)
            if len(rest) < n_body:
                return
            self._waiting = rest[n_body:]
            self._transport.write(self._answer(head, rest[:n_body]))

    def _answer(self, head: bytes, body: bytes) -> bytes:
        is_download = b"DownloadVpnConnectionConfig" in head
        download = _CONNECTION_ID.search(head) if is_download else None
        if download and download[1] in self._known:
            return self._known[download[1]]
        answer = ask(self._state, head, body)
        if download and answer.startswith(b"HTTP/1.1 200"):
            self._known[download[1]] = answer
        return answer


def length_of(head: bytes) -> int:
    """Bytes of the body that a request announces."""
    found = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
    return int(found[1]) if found else 0


def ask(state: State, head: bytes, body: bytes) -> bytes:
    """The emulator's answer, as it goes over the wire."""
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)}
    answer = handle(
        state, Request(method, f"http://{headers['host']}{target}", headers, body), time.time()
    )
    told = {**answer.headers, "content-length": str(len(answer.body))}
    fields = "".join(f"{name}: {value}\r\n" for name, value in told.items())
    return f"HTTP/1.1 {answer.status} OK\r\n{fields}\r\n".encode("latin-1") + answer.body


async def main(connections: int, regions: int) -> None:
    """Serve until the process is ended."""
    state = make_state(make_fleet(connections=connections, regions=regions), quotas=False)
    known: dict[bytes, bytes] = {}
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Replay(state, known), "127.0.0.1", 0)
    account, port = state.fleet.accounts[0], server.sockets[0].getsockname()[1]
    told = {
        "endpoint": f"http://127.0.0.1:{port}",
        "access_key_id": account.access_key_id,
        "access_key_secret": account.access_key_secret,
    }
    print(json.dumps(told), flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
