"""HTTP requests and responses; ``repr`` omits headers, query and body, which hold secrets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True, repr=False)
class Request:
    """One HTTP request; its URL is already percent-encoded."""

    method: str  # ``GET`` or ``POST``
    url: str  # scheme, host, path and encoded query
    headers: Mapping[str, str] = field(default_factory=dict)  # names in lower case
    body: bytes = b""  # empty for every call that vpnframe makes

    def __repr__(self) -> str:
        return f"Request({self.method} {self.host})"

    @property
    def host(self) -> str:
        """Host and port, as in the ``host`` header."""
        return urlsplit(self.url).netloc

    @property
    def path(self) -> str:
        """The path; ``/`` if the URL has none."""
        return urlsplit(self.url).path or "/"

    @property
    def query(self) -> str:
        """The query string of the URL, still percent-encoded."""
        return urlsplit(self.url).query


@dataclass(frozen=True, slots=True, repr=False)
class Response:
    """One HTTP response with its whole body."""

    status: int  # HTTP status
    headers: Mapping[str, str] = field(default_factory=dict)  # names in lower case
    body: bytes = b""  # decompressed

    def __repr__(self) -> str:
        return f"Response({self.status}, {len(self.body)} bytes)"
