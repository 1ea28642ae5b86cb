"""Faults below HTTP, as data: what is sent, how fast, and how the connection ends.

The server executes them on a socket. Without one, ``deliver`` returns what a client would get.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Literal, TypeAlias

from vpnframe.cloud.messages import Response

Sent: TypeAlias = Literal["nothing", "half the headers", "half the body", "all"]
End: TypeAlias = Literal["close", "reset", "hang"]
Coding: TypeAlias = Literal["identity", "gzip", "mislabelled", "chunked"]
Length: TypeAlias = Literal["true", "long", "short", "text", "none"]

_EXCESS = 100


@dataclass(frozen=True, slots=True)
class Wire:
    """How an answer is sent; the defaults are a plain answer and an orderly close."""

    sent: Sent = "all"  # how much of the answer leaves the server
    # How the connection ends: an orderly close, a reset (RST), or nothing until the client gives up
    end: End = "close"
    has_notice: bool = True  # whether ``connection: close`` announces the end
    coding: Coding = "identity"  # ``mislabelled`` declares gzip, but is plain
    # Value of ``content-length``: true, too large, too small, not a number, or absent
    length: Length = "true"
    # delay_s, headers_s, body_s: seconds before the first byte, and to send headers and body
    delay_s: float = 0.0
    headers_s: float = 0.0
    body_s: float = 0.0
    status_line: str = ""  # replaces the true status line, if set


@dataclass(frozen=True, slots=True, repr=False)
class FaultyResponse(Response):
    """The answer of a call that a fault kind struck: complete, with its faults below HTTP."""

    kind: str = ""  # name of the fault kind
    wire: Wire = Wire()  # the defaults for a fault that a response can express


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a client has received, and after what time."""

    after_s: float  # seconds since the request
    # ConnectionResetError, ConnectionAbortedError (the answer ended early, or is not HTTP) or
    # TimeoutError
    outcome: Response | OSError


def deliver(response: Response, *, timeout_s: float) -> Delivery:
    """Return what a client receives of a response, for transports without a socket.

    Examples
    --------
    >>> hanging = FaultyResponse(200, {}, b"{}", kind="hang", wire=Wire(sent="nothing", end="hang"))
    >>> deliver(hanging, timeout_s=30.0)
    Delivery(after_s=30.0, outcome=TimeoutError('hang'))
    """
    if not isinstance(response, FaultyResponse):
        return Delivery(0.0, response)
    duration_s, outcome = _duration_s(response.wire), _outcome(response)
    if isinstance(outcome, TimeoutError) or duration_s > timeout_s:
        return Delivery(timeout_s, TimeoutError(response.kind))
    return Delivery(duration_s, outcome)


def _duration_s(wire: Wire) -> float:
    """Return the seconds until the last byte is sent."""
    seconds = wire.delay_s
    if wire.sent != "nothing":
        seconds += wire.headers_s * (0.5 if wire.sent == "half the headers" else 1.0)
    if wire.sent in ("half the body", "all"):
        seconds += wire.body_s * (1.0 if wire.sent == "all" else 0.5)
    return seconds


def _outcome(response: FaultyResponse) -> Response | OSError:
    """Return the final outcome, however long it takes."""
    wire = response.wire
    if wire.status_line or wire.length == "text" or wire.coding == "mislabelled":
        return ConnectionAbortedError(response.kind)
    if wire.sent != "all" or wire.length == "long":
        if wire.end == "hang":
            return TimeoutError(response.kind)
        is_reset = wire.end == "reset"
        return (ConnectionResetError if is_reset else ConnectionAbortedError)(response.kind)
    if wire.length == "short":
        return replace(response, body=response.body[: len(response.body) // 2])
    return response


def encode_head(response: FaultyResponse, body: bytes) -> bytes:
    """Encode status line and headers, with the wire's claims about the body."""
    wire = response.wire
    headers = dict(response.headers)
    if wire.coding in ("gzip", "mislabelled"):
        headers["content-encoding"] = "gzip"
    if wire.coding == "chunked":
        headers["transfer-encoding"] = "chunked"
    elif length := _claimed_length(wire, len(body)):
        headers["content-length"] = length
    if wire.has_notice:
        headers["connection"] = "close"
    phrase = HTTPStatus(response.status).phrase
    status_line = wire.status_line or f"HTTP/1.1 {response.status} {phrase}"
    lines = [status_line, *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    return "\r\n".join(lines).encode("latin-1", "replace")


def encode_body(response: FaultyResponse) -> bytes:
    """Encode the body as it is sent."""
    if response.wire.coding == "gzip":
        return gzip.compress(response.body, mtime=0)
    if response.wire.coding == "chunked":
        return b"".join(_chunks(response.body))
    return response.body


def _chunks(body: bytes, size: int = 500) -> Iterator[bytes]:
    for start in range(0, len(body), size):
        chunk = body[start : start + size]
        yield b"%x\r\n%s\r\n" % (len(chunk), chunk)
    yield b"0\r\n\r\n"


def _claimed_length(wire: Wire, length: int) -> str:
    """Return the value of ``content-length``; empty if it is absent."""
    claims: dict[Length, str] = {
        "true": str(length),
        "long": str(length + _EXCESS),
        "short": str(length // 2),
        "text": "plenty",
        "none": "",
    }
    return claims[wire.length]
