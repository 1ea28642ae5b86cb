"""The HTTP session, against tiny servers on loopback and the emulator."""

from __future__ import annotations

import asyncio
import gzip
import resource
import ssl
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest
import trustme
from helpers import leaks

from vpnframe.cloud import transport as module
from vpnframe.cloud.answers import decode_account_id
from vpnframe.cloud.messages import Request, Response
from vpnframe.cloud.signing import USER_AGENT, Call, Credentials, sign
from vpnframe.cloud.transport import Transport
from vpnframe.emulator import ServerSettings, make_fleet, make_state, serving
from vpnframe.errors import SettingsError, TransportError

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
SIGNED = "?Signature=canary"
Speak = Callable[[asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def tiny_server(
    speak: bytes | Speak, *, tls: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[str, list[str]]]:
    """Serve one answer, or what a coroutine writes; give the URL and the heads received."""
    heads: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                heads.append(head.decode())
                if isinstance(speak, bytes):
                    writer.write(speak)
                    await writer.drain()
                else:
                    await speak(writer)
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{port}", heads
    finally:
        server.close()
        await server.wait_closed()


async def ask(url: str, *, ca_file: Path | None = None, total_s: float = 5.0) -> Response:
    timeout = aiohttp.ClientTimeout(total=total_s)
    async with Transport(ca_file=ca_file, timeout=timeout) as transport:
        return await transport.send(Request("POST", url, {"user-agent": USER_AGENT}))


def served(speak: bytes | Speak, *, total_s: float = 5.0) -> tuple[Response, list[str]]:
    """Ask a tiny server once."""

    async def main() -> tuple[Response, list[str]]:
        async with tiny_server(speak) as (url, heads):
            return await ask(f"{url}/{SIGNED}", total_s=total_s), heads

    return asyncio.run(main())


@pytest.fixture
def tls(tmp_path: Path) -> tuple[ssl.SSLContext, Path]:
    """A server's certificate for 127.0.0.1, and the file of the authority that signed it."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    return context, tmp_path / "ca.pem"


def below(kind: type[BaseException]) -> Iterator[type[BaseException]]:
    for one in kind.__subclasses__():
        yield one
        yield from below(one)


def test_an_answer_comes_whole() -> None:
    """Status, header names in lower case, and the body."""
    body = b"HTTP/1.1 418 T\r\nX-Acs-Request-Id: R\r\nContent-Length: 3\r\n\r\nabc"
    answer, _ = served(body)
    assert (answer.status, answer.headers["x-acs-request-id"], answer.body) == (418, "R", b"abc")


def test_the_url_is_sent_as_it_is() -> None:
    """What is percent-encoded was signed so: nothing is decoded, encoded or sorted again."""
    query = "b=%2F%20%7E~%E4%B8%AD&a=1%2B1&c=%252F&a=%2a"

    async def main() -> list[str]:
        async with tiny_server(OK) as (url, heads):
            await ask(f"{url}/?{query}")
            return heads

    (head,) = asyncio.run(main())
    assert head.splitlines()[0] == f"POST /?{query} HTTP/1.1"


def test_the_user_agent_is_ours_alone() -> None:
    """So that the requests can be found in the account's audit trail."""
    _, (head,) = served(OK)
    agents = [line for line in head.splitlines() if line.lower().startswith("user-agent:")]
    assert [line.partition(": ")[2] for line in agents] == [USER_AGENT]
    assert USER_AGENT.startswith("vpnframe/")


def test_redirects_are_not_followed() -> None:
    """A signed request is sent to the host it was signed for, once."""
    moved = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
    answer, heads = served(moved)
    assert (answer.status, len(heads)) == (302, 1)


def test_cookies_are_not_kept() -> None:
    """And the connection is."""
    body = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n"

    async def main() -> list[str]:
        async with tiny_server(body) as (url, heads), Transport() as transport:
            for _ in range(2):
                await transport.send(Request("POST", url))
            return heads

    heads = asyncio.run(main())
    assert len(heads) == 2
    assert "cookie" not in heads[1].lower()


@pytest.mark.parametrize(("coding", "wbits"), [("gzip", 31), ("deflate", 15), ("deflate", -15)])
def test_a_compressed_answer_is_decompressed(coding: str, wbits: int) -> None:
    """As a proxy may send it."""
    packed = zlib.compress(b'{"a": 1}', wbits=wbits)
    answer, _ = served(answer_of(packed, coding))
    assert answer.body == b'{"a": 1}'


async def reset(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789")
    await writer.drain()
    writer.transport.abort()


async def hang_up(writer: asyncio.StreamWriter) -> None:
    writer.close()


@pytest.mark.parametrize(
    "speak",
    [
        reset,
        hang_up,
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd",
        b"this is no HTTP at all\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
    ],
    ids=["reset in the body", "hang up", "bad gzip", "no HTTP", "endless header"],
)
def test_a_broken_answer(speak: bytes | Speak) -> None:
    """One kind of error whatever broke, and nothing of the signed URL in it."""
    with pytest.raises(TransportError, match=r"^127\.0\.0\.1:\d+ broke the connection$") as caught:
        served(speak)
    assert not caught.value.is_timeout
    assert leaks(caught.value, "canary") == []
    assert caught.value.__context__ is None


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"])
def test_a_stalled_answer(head: bytes) -> None:
    """Before the first byte, or in the middle of the body."""

    async def stall(writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        await writer.drain()
        await asyncio.sleep(0.2)

    with pytest.raises(TransportError, match="did not answer in time") as caught:
        served(stall, total_s=0.05)
    assert caught.value.is_timeout
    assert leaks(caught.value, "canary") == []


def packed_zeros(n_bytes: int, wbits: int = 31) -> bytes:
    """So many zeros, packed piece by piece: some thousandth of that."""
    packer = zlib.compressobj(9, wbits=wbits)
    packed = b"".join(packer.compress(bytes(2**20)) for _ in range(n_bytes // 2**20))
    return packed + packer.flush()


def answer_of(body: bytes, coding: str = "identity") -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def pour(writer: asyncio.StreamWriter) -> None:
    """Never end."""
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"10000\r\n" + bytes(2**16) + b"\r\n")
        await writer.drain()


@pytest.mark.parametrize(
    "speak",
    [
        pour,
        answer_of(bytes(8 * 2**20 + 1)),
        answer_of(packed_zeros(9 * 2**20), "gzip"),
        answer_of(packed_zeros(9 * 2**20, wbits=-15), "deflate"),
    ],
    ids=["endless", "a byte too long", "gzip", "deflate"],
)
def test_an_answer_of_more_than_8_mib_is_cut(speak: bytes | Speak) -> None:
    """As it comes, and as it is once it is unpacked."""
    with pytest.raises(TransportError, match=r"sent an answer of more than 8 MiB$"):
        served(speak, total_s=20.0)


@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_an_answer_of_8_mib_is_not_cut(coding: str) -> None:
    """The bound is no smaller than it says."""
    body = bytes(8 * 2**20)
    answer, _ = served(answer_of(gzip.compress(body) if coding == "gzip" else body, coding))
    assert answer.body == body


def test_four_packed_answers_take_no_memory() -> None:
    """What unpacks to too much is never unpacked as a whole."""
    bomb = answer_of(packed_zeros(2**28), "gzip")

    async def main() -> list[BaseException | Response]:
        async with tiny_server(bomb) as (url, _), Transport() as transport:
            asked = [transport.send(Request("POST", url)) for _ in range(4)]
            return await asyncio.gather(*asked, return_exceptions=True)

    tracemalloc.start()
    answers = asyncio.run(main())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert all(isinstance(answer, TransportError) for answer in answers)
    assert peak < 128 * 2**20


@pytest.mark.parametrize(
    ("body", "coding"),
    [
        (gzip.compress(b"{}") + gzip.compress(b"{}"), "gzip"),
        (gzip.compress(gzip.compress(b"{}")), "gzip, gzip"),
        (b"{}", "br"),
        (gzip.compress(b"{}" * 1000)[:-9], "gzip"),
    ],
    ids=["two", "twice", "br", "cut off"],
)
def test_a_packed_answer_that_cannot_be_unpacked(body: bytes, coding: str) -> None:
    """Packed in a way that was not asked for, or not whole: never taken for an answer."""
    with pytest.raises(TransportError, match="broke the connection"):
        served(answer_of(body, coding))


def test_what_can_be_unpacked_is_asked_for() -> None:
    """What a library could undo besides, is not."""
    _, (head,) = served(OK)
    lines = [line for line in head.splitlines() if line.lower().startswith("accept-encoding:")]
    assert [line.partition(": ")[2] for line in lines] == ["gzip, deflate"]


@pytest.mark.parametrize("host", ["vpc.nowhere.invalid", "a" * 70 + ".invalid", "a..invalid"])
def test_a_host_without_an_address(host: str) -> None:
    """Also one that is no name at all."""
    with pytest.raises(TransportError, match="has no address") as caught:
        asyncio.run(ask(f"https://{host}/{SIGNED}"))
    assert host in str(caught.value)
    assert leaks(caught.value, "canary") == []


def test_a_refused_connection() -> None:
    """Nobody listens there."""

    async def main() -> None:
        async with tiny_server(OK) as (url, _):
            pass
        await ask(url)

    with pytest.raises(TransportError, match=r"^127\.0\.0\.1:\d+ cannot be reached$"):
        asyncio.run(main())


def test_a_certificate_of_the_named_authority(tls: tuple[ssl.SSLContext, Path]) -> None:
    """The CA file is what TLS trusts."""
    context, ca_file = tls

    async def main() -> Response:
        async with tiny_server(OK, tls=context) as (url, _):
            return await ask(url, ca_file=ca_file)

    assert asyncio.run(main()).body == b"{}"


def test_a_certificate_of_a_stranger(tls: tuple[ssl.SSLContext, Path]) -> None:
    """Nothing is sent, and the message says why."""
    context, _ = tls

    async def main() -> list[str]:
        async with tiny_server(OK, tls=context) as (url, heads):
            with pytest.raises(TransportError, match="certificate that cannot be trusted"):
                await ask(f"{url}/{SIGNED}")
            return heads

    assert asyncio.run(main()) == []


@pytest.mark.parametrize("content", [None, b"", b"this is no certificate"])
def test_a_bad_ca_file(tmp_path: Path, content: bytes | None) -> None:
    """It is named before anything is sent."""
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SettingsError, match=r"the CA file .*ca\.pem cannot be read"):
        Transport(ca_file=path)


def test_a_ca_file_in_another_language(tls: tuple[ssl.SSLContext, Path]) -> None:
    """What stands between the certificates is no matter."""
    context, ca_file = tls
    ca_file.write_bytes("Autorité de contrôle\n".encode() + ca_file.read_bytes())

    async def main() -> Response:
        async with tiny_server(OK, tls=context) as (url, _):
            return await ask(url, ca_file=ca_file)

    assert asyncio.run(main()).body == b"{}"


@pytest.mark.parametrize(("n_files", "expected"), [(18, 1), (24, 4), (1024, 100), (-1, 100)])
def test_no_more_connections_than_files_may_be_open(
    n_files: int, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rest of a crawl waits its turn."""
    monkeypatch.setattr(resource, "getrlimit", lambda _: (n_files, n_files))

    async def main() -> int:
        async with Transport() as transport:
            return transport._session.connector.limit

    assert asyncio.run(main()) == expected


def test_too_few_files_for_one_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said before anything is asked."""
    monkeypatch.setattr(resource, "getrlimit", lambda _: (17, 17))
    with pytest.raises(SettingsError, match="only 17 files may be open at once: allow more"):
        asyncio.run(ask("http://127.0.0.1:1"))


@pytest.mark.parametrize("kind", sorted({*below(aiohttp.ClientError)}, key=str), ids=str)
def test_every_error_of_aiohttp_is_translated(
    kind: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also one that a later version adds; those of time are time-outs."""

    async def fail(self: Transport, request: Request) -> Response:
        raise kind.__new__(kind)

    monkeypatch.setattr(Transport, "_send", fail)
    with pytest.raises(TransportError) as caught:
        asyncio.run(Transport().send(Request("GET", "https://vpc.aliyuncs.com/")))
    assert caught.value.is_timeout == issubclass(kind, TimeoutError)
    assert str(caught.value).startswith("vpc.aliyuncs.com ")


@pytest.mark.parametrize("kind", [OSError, ssl.SSLError, ConnectionResetError, BrokenPipeError])
def test_errors_of_sockets_are_translated(
    kind: type[OSError], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the operating system says."""

    async def fail(self: Transport, request: Request) -> Response:
        raise kind("canary")

    monkeypatch.setattr(Transport, "_send", fail)
    with pytest.raises(TransportError) as caught:
        asyncio.run(Transport().send(Request("GET", "https://vpc.aliyuncs.com/")))
    assert leaks(caught.value, "canary") == []


def test_waiting_for_a_free_connection_is_no_timeout() -> None:
    """Only the whole request, connecting and reading have limits: the pool may be busy."""
    limits = module._TIMEOUT
    assert (limits.total, limits.sock_connect, limits.sock_read) == (60, 10, 30)
    assert limits.connect is None


def test_a_transport_that_is_not_open() -> None:
    """A mistake of the caller, told as one."""
    with pytest.raises(RuntimeError, match="async context manager"):
        asyncio.run(Transport().send(Request("GET", "https://vpc.aliyuncs.com/")))


@pytest.mark.parametrize("is_tls", [False, True])
def test_a_signed_call_is_answered_by_the_emulator(is_tls: bool) -> None:
    """Signing, transport and decoding meet a verifier that shares no code with them."""

    async def main() -> tuple[str, str]:
        state = make_state(make_fleet(connections=1, regions=1))
        async with serving(state, ServerSettings(is_tls=is_tls)) as emulator:
            key = Credentials(emulator.access_key_id, emulator.access_key_secret)
            call = Call(emulator.endpoint, "GetCallerIdentity", "2015-04-01", {})
            request = sign(call, credentials=key, now=datetime.now(UTC), nonce="n-1")
            async with Transport(ca_file=emulator.ca_file) as transport:
                answer = await transport.send(request)
            return decode_account_id(answer), emulator.accounts[0].account_id

    found, expected = asyncio.run(main())
    assert found == expected
