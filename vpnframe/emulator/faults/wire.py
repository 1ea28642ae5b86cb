"""Describe faults below HTTP: what is sent, how fast, and how the connection ends."""

from __future__ import annotations

import gzip
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Literal, TypeAlias

from vpnframe.cloud.messages import Response

Sent: TypeAlias = Literal["nothing", "half the headers", "half the body", "all"]
End: TypeAlias = Literal["close", "reset", "hang"]
Coding: TypeAlias = Literal["identity", "gzip", "mislabelled", "chunked"]
Length: TypeAlias = Literal["true", "long", "short", "text", "none"]

# Fractions of head and body that are sent.
SHARES: dict[Sent, tuple[float, float]] = {
    "nothing": (0.0, 0.0),
    "half the headers": (0.5, 0.0),
    "half the body": (1.0, 0.5),
    "all": (1.0, 1.0),
}

# How a connection ends before the whole answer is sent -> the error that the client gets.
_ERRORS: dict[End, type[OSError]] = {
    "close": ConnectionAbortedError,
    "reset": ConnectionResetError,
    "hang": TimeoutError,
}


@dataclass(frozen=True, slots=True)
class Wire:
    """How an answer is sent. By default, it is sent unchanged and the connection is then closed."""

    sent: Sent = "all"  # how much of the answer leaves the server
    # How the connection ends: an orderly close, a reset (RST), or silence until the client stops
    end: End = "close"
    has_notice: bool = True  # whether the header ``connection: close`` is sent
    coding: Coding = "identity"  # ``mislabelled`` declares a plain body as gzip
    # Value of ``content-length``: true, too large, too small, not a number, or absent
    length: Length = "true"
    # delay_s, headers_s, body_s: seconds before the first byte, for the headers, for the body
    delay_s: float = 0.0
    headers_s: float = 0.0
    body_s: float = 0.0
    status_line: str = ""  # replaces the true status line, if set


@dataclass(frozen=True, slots=True, repr=False)
class FaultyResponse(Response):
    """A full response; ``wire`` says what part is sent, how fast, and how the connection ends."""

    kind: str = ""  # name of the fault kind
    wire: Wire = Wire()  # the defaults if the fault is not below HTTP


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a client receives after it has sent a request, and when."""

    after_s: float  # seconds since the request
    # ConnectionResetError, ConnectionAbortedError (the answer ended early, or is not HTTP) or
    # TimeoutError
    outcome: Response | OSError


def deliver(response: Response, *, timeout_s: float) -> Delivery:
    """Return what a client would receive if this response were sent through a socket."""
    if not isinstance(response, FaultyResponse):
        return Delivery(0.0, response)
    wire, outcome = response.wire, _outcome(response)
    head_share, body_share = SHARES[wire.sent]
    duration_s = wire.delay_s + wire.headers_s * head_share + wire.body_s * body_share
    if isinstance(outcome, TimeoutError) or duration_s > timeout_s:
        return Delivery(timeout_s, TimeoutError(response.kind))
    return Delivery(duration_s, outcome)


def _outcome(response: FaultyResponse) -> Response | OSError:
    """Return the response or the error that the client gets, without regard to delays."""
    wire = response.wire
    if wire.status_line or wire.length == "text" or wire.coding == "mislabelled":
        return ConnectionAbortedError(response.kind)
    if wire.sent != "all" or wire.length == "long":
        return _ERRORS[wire.end](response.kind)
    if wire.length == "short":
        return replace(response, body=response.body[: len(response.body) // 2])
    return response


def encode_head(response: FaultyResponse, body: bytes) -> bytes:
    """Encode the status line and the headers, including the errors that ``wire`` specifies."""
    wire, headers = response.wire, dict(response.headers)
    if wire.coding in ("gzip", "mislabelled"):
        headers["content-encoding"] = "gzip"
    if wire.coding == "chunked":
        headers["transfer-encoding"] = "chunked"
    elif wire.length != "none":
        n_bytes = len(body)
        lengths = {"true": n_bytes, "long": n_bytes + 100, "short": n_bytes // 2, "text": "plenty"}
        headers["content-length"] = str(lengths[wire.length])
    if wire.has_notice:
        headers["connection"] = "close"
    phrase = HTTPStatus(response.status).phrase
    status_line = wire.status_line or f"HTTP/1.1 {response.status} {phrase}"
    lines = [status_line, *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    return "\r\n".join(lines).encode("latin-1", "replace")


def encode_body(response: FaultyResponse) -> bytes:
    """Encode the body in the content coding that ``wire`` specifies."""
    body = response.body
    if response.wire.coding == "gzip":
        return gzip.compress(body, mtime=0)
    if response.wire.coding == "chunked":
        chunks = (body[start : start + 500] for start in range(0, len(body), 500))
        return b"".join(b"%x\r\n%s\r\n" % (len(one), one) for one in chunks) + b"0\r\n\r\n"
    return body
