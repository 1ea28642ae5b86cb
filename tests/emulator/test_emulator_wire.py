"""Fault kinds below HTTP, seen by a raw socket."""

from __future__ import annotations

import gzip
import json
import socket
import ssl
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
from test_emulator_client import signer_of

from vpnframe.cloud.messages import Request
from vpnframe.emulator import (
    RunningEmulator,
    ServerSettings,
    make_fleet,
    make_state,
    serve_in_thread,
)
from vpnframe.emulator.faults import fault

FLEET = make_fleet(connections=3, regions=1)
PATIENCE_S = 0.25


@dataclass
class Seen:
    """What a raw client saw of one answer.

    ``end`` is closed, reset or silence.
    """

    raw: bytes
    end: str
    first_s: float
    last_s: float

    @property
    def head(self) -> bytes:
        """Status line and headers; all when they never ended."""
        return self.raw.partition(b"\r\n\r\n")[0]

    @property
    def body(self) -> bytes:
        """What came behind the headers."""
        return self.raw.partition(b"\r\n\r\n")[2]

    @property
    def headers(self) -> dict[str, str]:
        """Headers by name in lower case."""
        lines = self.head.decode("latin-1").split("\r\n")[1:]
        pairs = [line.partition(": ") for line in lines]
        return {name.lower(): value for name, _, value in pairs}


def raw_bytes(request: Request) -> bytes:
    lines = [f"{request.method} /?{request.query} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in request.headers.items()]
    return "\r\n".join([*lines, "content-length: 0", "", ""]).encode()


def look(connection: socket.socket, request: Request) -> Seen:
    """Send a request and read until the connection ends or patience does."""
    connection.settimeout(PATIENCE_S)
    started = time.perf_counter()
    first_s = last_s = 0.0
    raw, end = b"", "silence"
    connection.sendall(raw_bytes(request))
    try:
        while time.perf_counter() - started < 2 * PATIENCE_S:
            piece = connection.recv(65536)
            last_s = time.perf_counter() - started
            if not piece:
                end = "closed"
                break
            first_s = first_s or last_s
            raw += piece
    except TimeoutError:
        pass
    except ConnectionResetError:
        end = "reset"
    return Seen(raw, end, first_s, last_s)


def see(kind: str, *, is_tls: bool = False) -> Seen:
    """Ask an emulator that spoils its first answer."""
    state = make_state(FLEET)
    state.faults.append(fault(kind, positions=[1]))
    with serve_in_thread(state, ServerSettings(is_tls=is_tls)) as running:
        connection = connect(running)
        with connection:
            return look(connection, signer_of(state).acs3("DescribeRegions", now=time.time()))


def connect(running: RunningEmulator) -> socket.socket:
    where = urlsplit(running.endpoint)
    assert where.hostname is not None
    assert where.port is not None
    plain = socket.create_connection((where.hostname, where.port), timeout=5)
    if running.ca_file is None:
        return plain
    context = ssl.create_default_context(cafile=str(running.ca_file))
    return context.wrap_socket(plain, server_hostname=where.hostname)


def is_whole(body: bytes) -> bool:
    """Say whether a body is the true answer."""
    try:
        return bool(json.loads(body)["Regions"])
    except ValueError:
        return False


@pytest.mark.parametrize(
    ("name", "end"), [("reset", "reset"), ("close", "closed"), ("hang", "silence")]
)
def test_ends_before_the_first_byte(name: str, end: str) -> None:
    """No byte comes."""
    seen = see("hang" if name == "hang" else f"{name}-before")
    assert (seen.raw, seen.end) == (b"", end)


@pytest.mark.parametrize(
    ("name", "end"), [("reset", "reset"), ("close", "closed"), ("hang", "silence")]
)
def test_ends_during_headers(name: str, end: str) -> None:
    """A status line comes, and not the end of the headers."""
    seen = see(f"{name}-during-headers")
    assert seen.raw.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\n\r\n" not in seen.raw
    assert seen.end == end


@pytest.mark.parametrize(
    ("name", "end"), [("reset", "reset"), ("close", "closed"), ("hang", "silence")]
)
def test_ends_during_body(name: str, end: str) -> None:
    """Half of the body comes under the length of the whole."""
    seen = see(f"{name}-during-body")
    assert len(seen.body) == int(seen.headers["content-length"]) // 2
    assert seen.end == end


@pytest.mark.parametrize(("name", "end"), [("reset", "reset"), ("close", "closed")])
def test_ends_after_the_answer(name: str, end: str) -> None:
    """The whole answer comes, and the connection ends though nobody said so."""
    seen = see(f"{name}-after")
    assert is_whole(seen.body)
    assert "connection" not in seen.headers
    assert seen.end == end


@pytest.mark.parametrize("kind", ["reset-during-body", "truncated-json", "hang"])
def test_under_tls(kind: str) -> None:
    """Under TLS the same happens."""
    seen = see(kind, is_tls=True)
    assert not is_whole(seen.body)
    # OpenSSL tells Python of a reset as of an end.
    assert (seen.end == "silence") == (kind == "hang")


@pytest.mark.parametrize(
    ("kind", "excess", "end"),
    [
        ("content-length-too-long", 100, "closed"),
        ("content-length-too-long-open", 100, "silence"),
    ],
)
def test_length_too_long(kind: str, excess: int, end: str) -> None:
    """More is announced than comes."""
    seen = see(kind)
    assert int(seen.headers["content-length"]) == len(seen.body) + excess
    assert is_whole(seen.body)
    assert seen.end == end


def test_length_too_short() -> None:
    """Half of what comes is announced."""
    seen = see("content-length-too-short")
    assert int(seen.headers["content-length"]) == len(seen.body) // 2


@pytest.mark.parametrize(("kind", "length"), [("text", "plenty"), ("absent", None)])
def test_length_is_no_number(kind: str, length: str | None) -> None:
    """No length is announced that could be read."""
    seen = see(f"content-length-{kind}")
    assert seen.headers.get("content-length") == length
    assert (is_whole(seen.body), seen.end) == (True, "closed")


def test_slow_answer() -> None:
    """The first byte comes late."""
    seen = see("slow-answer")
    assert seen.first_s >= 0.09
    assert is_whole(seen.body)


@pytest.mark.parametrize("kind", ["slow-headers", "slow-body"])
def test_slow_part(kind: str) -> None:
    """The first byte comes at once, the last one late, and the answer is whole."""
    seen = see(kind)
    assert seen.last_s - seen.first_s >= 0.07
    assert is_whole(seen.body)


@pytest.mark.parametrize(("kind", "has_head"), [("headers", False), ("body", True)])
def test_endless_part(kind: str, has_head: bool) -> None:
    """A few bytes come, and the rest would take an hour."""
    seen = see(f"endless-{kind}")
    assert seen.raw.startswith(b"H")
    assert (b"\r\n\r\n" in seen.raw) == has_head
    assert (is_whole(seen.body), seen.end) == (False, "silence")


def test_gzip() -> None:
    """The body is compressed, and announced so."""
    seen = see("gzip")
    assert seen.headers["content-encoding"] == "gzip"
    assert is_whole(gzip.decompress(seen.body))


def test_gzip_that_is_none() -> None:
    """The body is announced as compressed, and is not."""
    seen = see("gzip-mislabelled")
    assert seen.headers["content-encoding"] == "gzip"
    assert is_whole(seen.body)


@pytest.mark.parametrize(("kind", "is_ended"), [("chunked", True), ("chunked-cut", False)])
def test_chunked(kind: str, is_ended: bool) -> None:
    """The body comes in chunks, with or without the last one."""
    seen = see(kind)
    assert seen.headers["transfer-encoding"] == "chunked"
    assert "content-length" not in seen.headers
    assert seen.body.endswith(b"\r\n0\r\n\r\n") == is_ended


def test_status_line() -> None:
    """The first line is no HTTP."""
    assert see("status-line-garbage").head.startswith(b"ICY two hundred\r\n")


def test_headers_of_pure_faults_are_as_they_are() -> None:
    """What a response leaves out, the server does not put in."""
    seen = see("content-type-absent")
    assert "content-type" not in seen.headers
    assert seen.headers["connection"] == "close"
    assert is_whole(seen.body)


def test_stopping_does_not_wait_for_what_hangs() -> None:
    """An emulator that hangs and trickles stops at once, while its clients still wait."""
    state = make_state(FLEET)
    state.faults += [fault("hang", positions=[1]), fault("endless-body", positions=[2])]
    signer = signer_of(state)
    connections = []
    with serve_in_thread(state) as running:
        for _ in range(2):
            connections.append(connect(running))
            request = signer.acs3("DescribeRegions", now=time.time())
            connections[-1].sendall(raw_bytes(request))
        assert connections[1].recv(1)
        started = time.perf_counter()
    assert time.perf_counter() - started < 5  # both faults last longer
    for connection in connections:
        connection.close()


def test_the_next_connection_is_sound() -> None:
    """A spoilt answer spoils no other one."""
    state = make_state(FLEET)
    state.faults.append(fault("reset-during-headers", positions=[1]))
    signer = signer_of(state)
    with serve_in_thread(state) as running:
        with connect(running) as first:
            look(first, signer.acs3("DescribeRegions", now=time.time()))
        with connect(running) as second:
            assert is_whole(look(second, signer.acs3("DescribeRegions", now=time.time())).body)
