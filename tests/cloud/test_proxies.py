"""HTTPS_PROXY and NO_PROXY: a tunnel to the cloud, TLS from end to end, and nothing else."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import trustme
from helpers import leaks
from test_transport import OK, tiny_server

from vpnframe.cloud.messages import Request, Response
from vpnframe.cloud.proxies import Proxies, read_proxies
from vpnframe.cloud.transport import Transport
from vpnframe.errors import SettingsError, TransportError

HOST = "vpc.cn-shanghai.test.invalid"
URL = f"https://{HOST}/?Signature=canary"
PASSWORD = "canary-Password"
VARIABLES = ("HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy", "HTTP_PROXY", "ALL_PROXY")


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


@dataclass
class Seen:
    """What a proxy was asked, and what went through it."""

    heads: list[str] = field(default_factory=list)
    passed: bytearray = field(default_factory=bytearray)


@asynccontextmanager
async def proxy(target: str, *, answer: bytes = b"") -> AsyncIterator[tuple[str, Seen]]:
    """A proxy that connects every tunnel to one server, or gives an answer of its own."""
    seen = Seen()

    async def pump(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter, keep: Callable[[bytes], None]
    ) -> None:
        try:
            while piece := await reader.read(65536):
                keep(piece)
                writer.write(piece)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
        if answer:
            writer.write(answer)
            writer.close()
            return
        host, _, port = target.rpartition("/")[2].rpartition(":")
        there, back = await asyncio.open_connection(host, int(port))
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await asyncio.gather(
            pump(reader, back, seen.passed.extend), pump(there, writer, lambda _: None)
        )

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}", seen
    finally:
        server.close()


def certified(folder: Path, name: str) -> tuple[ssl.SSLContext, Path]:
    """A server's certificate for a name, and the file of the authority that signed it."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    return context, folder / "ca.pem"


async def ask(url: str, ca_file: Path | None = None) -> Response:
    async with Transport(ca_file=ca_file) as transport:
        return await transport.send(Request("POST", url, {}))


@pytest.mark.parametrize("form", ["http://{}", "{}", f"http://user:{PASSWORD}@{{}}"])
@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy"])
def test_the_cloud_is_asked_through_a_tunnel(
    form: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The proxy learns the host and nothing of the request."""
    context, ca_file = certified(tmp_path, HOST)

    async def main() -> tuple[Response, list[str], Seen]:
        async with tiny_server(OK, tls=context) as (url, heads), proxy(url) as (place, seen):
            monkeypatch.setenv(name, form.format(place))
            return await ask(URL, ca_file), heads, seen

    answer, (head,), seen = asyncio.run(main())
    assert answer.body == b"{}"
    assert head.startswith("POST /?Signature=canary HTTP/1.1")
    assert [one.splitlines()[0] for one in seen.heads] == [f"CONNECT {HOST}:443 HTTP/1.1"]
    assert ("Proxy-Authorization: Basic" in seen.heads[0]) == (PASSWORD in form)
    assert seen.passed[:1] == b"\x16"  # a TLS handshake
    assert b"canary" not in seen.passed
    assert "canary" not in seen.heads[0]


def test_a_proxy_that_opens_tls_is_not_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind the tunnel the certificate must be the host's own: nothing is sent."""
    context, ca_file = certified(tmp_path, "another.test.invalid")

    async def main() -> list[str]:
        async with tiny_server(OK, tls=context) as (url, heads), proxy(url) as (place, _):
            monkeypatch.setenv("HTTPS_PROXY", f"http://{place}")
            with pytest.raises(TransportError, match="certificate that cannot be trusted"):
                await ask(URL, ca_file)
            return heads

    assert asyncio.run(main()) == []


@pytest.mark.parametrize(
    "exception", ["*", HOST, ".test.invalid", "test.invalid", "*.test.invalid", f"a.b, {HOST}:443"]
)
def test_a_host_that_is_excepted_is_asked_directly(
    exception: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has no address here, and the proxy was not asked."""

    async def main() -> Seen:
        async with proxy("http://127.0.0.1:9") as (place, seen):
            monkeypatch.setenv("HTTPS_PROXY", place)
            monkeypatch.setenv("NO_PROXY", exception)
            with pytest.raises(TransportError, match="has no address"):
                await ask(URL)
            return seen

    assert asyncio.run(main()).heads == []


@pytest.mark.parametrize("is_tls", [False, True], ids=["http", "https"])
def test_this_machine_is_asked_directly(
    is_tls: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Plain HTTP or TLS, whichever variable names a proxy."""
    context, ca_file = certified(tmp_path, "127.0.0.1")

    async def main() -> tuple[Response, Seen]:
        async with (
            tiny_server(OK, tls=context if is_tls else None) as (url, _),
            proxy(url) as (place, seen),
        ):
            for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"):
                monkeypatch.setenv(name, f"http://{place}")
            return await ask(url, ca_file), seen

    answer, seen = asyncio.run(main())
    assert (answer.body, seen.heads) == (b"{}", [])


def test_a_proxy_that_refuses_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """With its status, without its password."""
    refusal = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"

    async def main() -> str:
        async with proxy("", answer=refusal) as (place, _):
            monkeypatch.setenv("HTTPS_PROXY", f"http://user:{PASSWORD}@{place}")
            with pytest.raises(TransportError) as caught:
                await ask(URL)
            assert not leaks(caught.value, PASSWORD)
            assert not leaks(caught.value, "Signature")
            return str(caught.value).replace(place, "PLACE")

    assert asyncio.run(main()) == (
        f"{HOST} cannot be reached: the proxy PLACE refuses it (HTTP 407)"
    )


def test_a_proxy_that_is_away_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not the cloud is unreachable."""
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:{PASSWORD}@127.0.0.1:9")
    with pytest.raises(TransportError, match=r"the proxy 127\.0\.0\.1:9 does not answer") as caught:
        asyncio.run(ask(URL))
    assert not leaks(caught.value, PASSWORD)


@pytest.mark.parametrize(
    ("variables", "url"),
    [
        ({}, None),
        ({"HTTP_PROXY": "http://p:1", "ALL_PROXY": "http://p:1"}, None),
        ({"HTTPS_PROXY": ""}, None),
        ({"HTTPS_PROXY": "http://upper:1", "https_proxy": "http://lower:1"}, "http://lower:1"),
        ({"HTTPS_PROXY": "https://p:1"}, "https://p:1"),
        ({"HTTPS_PROXY": " p:3128 "}, "http://p:3128"),
        ({"HTTPS_PROXY": "p", "NO_PROXY": "10.0.0.0/8"}, "http://p"),
        ({"HTTPS_PROXY": "p", "NO_PROXY": "203.0.113.0/24"}, None),
        ({"HTTPS_PROXY": "p", "no_proxy": "203.0.113.9"}, None),
        ({"HTTPS_PROXY": "p", "NO_PROXY": "203.0.113.9:8443"}, "http://p"),
        ({"HTTPS_PROXY": "p", "NO_PROXY": "3.0.113.9"}, "http://p"),
    ],
    ids=str,
)
def test_what_the_variables_mean(variables: dict[str, str], url: str | None) -> None:
    """As curl reads them, for a host given by its address."""
    assert read_proxies(variables).proxy_for("https://203.0.113.9/") == url


@pytest.mark.parametrize("text", ["socks5://p:1", "http://", "p:port", "ftp://p", "http://p:99999"])
def test_what_is_no_proxy_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is sent; not silently passed over."""
    monkeypatch.setenv("HTTPS_PROXY", text.replace("//p", f"//user:{PASSWORD}@p"))
    with pytest.raises(SettingsError, match=r"HTTPS_PROXY is .* write http://host:") as caught:
        Transport()
    assert PASSWORD not in str(caught.value)


def test_a_password_is_not_shown() -> None:
    """In no form of the settings."""
    shown = repr(Proxies(f"http://user:{PASSWORD}@p:1", ("a",)))
    assert (PASSWORD in shown, "p:1" in shown) == (False, True)
