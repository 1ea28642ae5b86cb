"""Send signed requests through one aiohttp session, and return whole responses."""

from __future__ import annotations

import asyncio
import errno
import os
import ssl
import zlib
from pathlib import Path
from typing import Self

import aiohttp
import yarl

from vpnframe.cloud.messages import Request, Response
from vpnframe.cloud.proxies import read_proxies
from vpnframe.errors import SettingsError, TransportError
from vpnframe.model.files import MIB, read_file

try:
    import resource
except ImportError:  # Windows has no such limit
    resource = None  # type: ignore[assignment]

# A page of 50 rows takes about 150 KiB.
_MAX_BODY_BYTES = 8 * MIB
_MAX_CONNECTIONS = 100
_OTHER_FILES = 16  # standard streams, event loop, checkpoint, name resolution
# Supported content codings, with zlib's ``wbits`` for each.
_CODINGS = {"gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}
# No `connect`: it would also limit the wait for a free connection of the pool.
_TIMEOUT = aiohttp.ClientTimeout(total=60, sock_connect=10, sock_read=30)


class _TooLongError(Exception):
    """The response exceeds the size limit."""


# Types of an exception, and the message text about the host; the first match wins.
_PROBLEMS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...] = (
    (TimeoutError, "did not answer in time"),
    (aiohttp.ClientProxyConnectionError, "cannot be reached: the proxy {proxy} does not answer"),
    (
        aiohttp.ClientHttpProxyError,
        "cannot be reached: the proxy {proxy} refuses it (HTTP {status})",
    ),
    (aiohttp.ClientConnectorCertificateError, "shows a certificate that cannot be trusted"),
    # The IDNA codec raises UnicodeError for a label that is too long.
    ((aiohttp.ClientConnectorDNSError, UnicodeError), "has no address (DNS)"),
    (aiohttp.ClientConnectorError, "cannot be reached{why}"),
    (_TooLongError, f"sent an answer of more than {_MAX_BODY_BYTES // MIB} MiB"),
    ((aiohttp.ClientError, asyncio.IncompleteReadError, OSError), "broke the connection"),
)
_CAUSES = (aiohttp.ClientError, asyncio.IncompleteReadError, OSError, UnicodeError, _TooLongError)


class Transport:
    """Send requests, directly or through a proxy; use it as an async context manager."""

    def __init__(
        self, *, ca_file: str | Path | None = None, timeout: aiohttp.ClientTimeout = _TIMEOUT
    ) -> None:
        self._tls = _tls_context(ca_file)
        self._proxies = read_proxies(os.environ)
        self._timeout = timeout
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=_most(), limit_per_host=0, ssl=self._tls),
            timeout=self._timeout,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,  # this module decompresses, with a size limit
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()

    async def send(self, request: Request) -> Response:
        """Send a request and return its whole response."""
        try:
            return await self._send(request)
        except _CAUSES as error:
            problem = next(text for causes, text in _PROBLEMS if isinstance(error, causes))
            is_timeout = isinstance(error, TimeoutError)
            is_full = getattr(error, "errno", None) in (errno.EMFILE, errno.ENFILE)
            parts = {"proxy": self._proxies.host, "status": getattr(error, "status", 0)}
            parts["why"] = ": too many files are open, see ulimit -n" if is_full else ""
        # The cause is left out: its text can contain the whole signed URL.
        raise TransportError(f"{request.host} {problem.format(**parts)}", is_timeout=is_timeout)

    async def _send(self, request: Request) -> Response:
        if self._session is None:
            raise RuntimeError("use the transport as an async context manager")
        async with self._session.request(
            request.method,
            yarl.URL(request.url, encoded=True),
            headers={**request.headers, "Accept-Encoding": ", ".join(_CODINGS)},
            data=request.body or None,
            allow_redirects=False,
            proxy=self._proxies.proxy_for(request.url),
        ) as answer:
            headers = {name.lower(): value for name, value in answer.headers.items()}
            return Response(answer.status, headers, await _body_of(answer))


async def _body_of(answer: aiohttp.ClientResponse) -> bytes:
    """Return the decompressed body; the compressed and the decompressed size are limited."""
    body = await answer.content.readany()
    if not answer.content.at_eof():  # the body usually arrives in one piece
        pieces = bytearray(body)
        async for chunk in answer.content.iter_any():
            pieces += chunk
            _check_length(len(pieces))
        body = bytes(pieces)
    _check_length(len(body))
    return _decompressed(body, answer.headers.get("Content-Encoding", "identity").lower())


def _check_length(n_bytes: int) -> None:
    if n_bytes > _MAX_BODY_BYTES:
        raise _TooLongError


def _decompressed(body: bytes, coding: str) -> bytes:
    """Decompress a body up to the size limit; raise if its encoding was not requested."""
    if coding == "identity" or not body:
        return body
    if coding not in _CODINGS:
        raise aiohttp.ClientPayloadError("the Content-Encoding was not requested")
    is_raw = coding == "deflate" and body[0] & 0x0F != zlib.DEFLATED  # some send raw deflate
    try:
        unpacker = zlib.decompressobj(-zlib.MAX_WBITS if is_raw else _CODINGS[coding])
        unpacked = unpacker.decompress(body, _MAX_BODY_BYTES + 1)
    except zlib.error:
        raise aiohttp.ClientPayloadError("the body cannot be decompressed") from None
    _check_length(len(unpacked))
    if not unpacker.eof or unpacker.unused_data:
        raise aiohttp.ClientPayloadError("the compressed body is truncated, or data follows it")
    return unpacked


def _most() -> int:
    """Return how many connections can be open at once, given the limit on open files."""
    n_files = resource.getrlimit(resource.RLIMIT_NOFILE)[0] if resource else -1
    if n_files < 0:  # no limit
        return _MAX_CONNECTIONS
    n_left = (n_files - _OTHER_FILES) // 2  # an emulator in this process needs a second file
    if n_left < 1:
        raise SettingsError(
            f"only {n_files} files may be open at once: allow more, as with ulimit -n 1024"
        )
    return min(_MAX_CONNECTIONS, n_left)


def _tls_context(ca_file: str | Path | None) -> ssl.SSLContext | bool:
    """Return one TLS context for all requests, because creating a context is slow."""
    if ca_file is None:
        return True
    try:
        # The text between the certificates may be in any language.
        body = read_file(ca_file, limit=_MAX_BODY_BYTES).decode("ascii", "ignore")
        if not body:  # with empty data, all authorities of the system would be trusted
            raise ValueError("it is empty")
        return ssl.create_default_context(cadata=body)
    except (OSError, ValueError) as error:  # an SSLError is an OSError
        problem = getattr(error, "strerror", None) or error
        raise SettingsError(f"the CA file {ca_file} cannot be read: {problem}") from None
