"""One aiohttp session: a signed request out, a whole response back. Nothing else happens here."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path
from types import TracebackType
from typing import Self

import aiohttp
import yarl

from vpnframe.cloud.messages import Request, Response
from vpnframe.errors import SettingsError, TransportError

_MAX_BODY_BYTES = 64 * 1024 * 1024
# No `connect`: it would count the wait for a free connection of the pool as unreachable.
_TIMEOUT = aiohttp.ClientTimeout(total=60, sock_connect=10, sock_read=30)


class Transport:
    """Keeps connections open for a crawl; use as an async context manager.

    Parameters
    ----------
    ca_file : str or path, optional
        A certificate authority of its own, for an emulator or a proxy.
    timeout : aiohttp.ClientTimeout
        Connect, read and total time of one request.
    """

    def __init__(
        self, *, ca_file: str | Path | None = None, timeout: aiohttp.ClientTimeout = _TIMEOUT
    ) -> None:
        self._tls = _tls_context(ca_file)
        self._timeout = timeout
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=100, limit_per_host=0, ssl=self._tls),
            timeout=self._timeout,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=True,
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def send(self, request: Request) -> Response:
        """Send a request and read its whole answer.

        Parameters
        ----------
        request : Request
            Signed; its URL is sent as it is.

        Returns
        -------
        Response
            Whatever the server answered; redirects are not followed.

        Raises
        ------
        TransportError
            No whole answer came.
        """
        try:
            return await self._send(request)
        except TimeoutError:
            problem, is_timeout = "did not answer in time", True
        except aiohttp.ClientConnectorCertificateError:
            problem, is_timeout = "shows a certificate that cannot be trusted", False
        # A label too long to be asked for is a UnicodeError of the IDNA codec.
        except (aiohttp.ClientConnectorDNSError, UnicodeError):
            problem, is_timeout = "has no address (DNS)", False
        except aiohttp.ClientConnectorError:
            problem, is_timeout = "cannot be reached", False
        except (aiohttp.ClientError, ConnectionError, asyncio.IncompleteReadError, OSError):
            problem, is_timeout = "broke the connection", False
        # The cause is left out: its text can hold the whole signed URL.
        raise TransportError(f"{request.host} {problem}", is_timeout=is_timeout)

    async def _send(self, request: Request) -> Response:
        if self._session is None:
            raise RuntimeError("use the transport as an async context manager")
        async with self._session.request(
            request.method,
            yarl.URL(request.url, encoded=True),
            headers=request.headers,
            data=request.body or None,
            allow_redirects=False,
        ) as answer:
            headers = {name.lower(): value for name, value in answer.headers.items()}
            return Response(answer.status, headers, await _body_of(answer))


async def _body_of(answer: aiohttp.ClientResponse) -> bytes:
    """The whole body; decompressed it can be larger than it was told to be."""
    body = await answer.content.readany()
    if answer.content.at_eof() and len(body) <= _MAX_BODY_BYTES:  # mostly it comes in one piece
        return body
    pieces = bytearray(body)
    async for chunk in answer.content.iter_any():
        pieces += chunk
        if len(pieces) > _MAX_BODY_BYTES:
            break
    if len(pieces) > _MAX_BODY_BYTES:
        raise aiohttp.ClientPayloadError("the answer is too long")
    return bytes(pieces)


def _tls_context(ca_file: str | Path | None) -> ssl.SSLContext | bool:
    """Made once: a context per request costs more CPU than all else."""
    if ca_file is None:
        return True
    try:
        return ssl.create_default_context(cafile=str(ca_file))
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(f"the CA file {ca_file} cannot be read: {error}") from None
