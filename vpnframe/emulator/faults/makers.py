"""Faults that a test writes itself: a callable that may answer in place of the emulator.

It is called with the request and its number, counted from 1, before any other processing; the
first one that returns a response wins. Such a request counts only in ``State.n_requests``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from vpnframe.cloud.messages import Request, Response

Fault: TypeAlias = Callable[[Request, int], Response | None]
When: TypeAlias = Callable[[Request, int], bool]

_JSON = {"content-type": "application/json;charset=utf-8"}


def every(n: int) -> When:
    """Return a condition that selects every ``n``-th request.

    Examples
    --------
    >>> when = every(3)
    >>> [when(Request("GET", "http://127.0.0.1/"), number) for number in (1, 2, 3)]
    [False, False, True]
    """
    return lambda _request, number: number % n == 0


def asking_for(text: str) -> When:
    """Return a condition for requests with a text in their URL or as a header value.

    Examples
    --------
    >>> asking_for("cn-beijing")(Request("GET", "http://127.0.0.1/?RegionId=cn-beijing"), 1)
    True
    """
    return lambda request, _number: text in request.url or text in request.headers.values()


def answer_when(when: When, response: Response) -> Fault:
    """Return a fault that answers the selected requests with a fixed response."""
    return lambda request, number: response if when(request, number) else None


def throttle(when: When, *, retry_after_ms: int | None = None) -> Fault:
    """Return a fault that refuses the selected requests as over their quota."""
    headers = {} if retry_after_ms is None else {"x-acs-retry-after": str(retry_after_ms)}
    body = b'{"Code":"Throttling.User","Message":"Request was denied due to user flow control."}'
    return answer_when(when, Response(400, _JSON | headers, body))


def server_error(when: When) -> Fault:
    """Return a fault that fails the selected requests like an overloaded service."""
    body = b'{"Code":"ServiceUnavailable","Message":"The service is temporarily unavailable."}'
    return answer_when(when, Response(503, _JSON, body))


def bad_gateway(when: When) -> Fault:
    """Return a fault that answers the selected requests with a load balancer's HTML page."""
    body = b"<html><head><title>502 Bad Gateway</title></head><body>502 Bad Gateway</body></html>"
    return answer_when(when, Response(502, {"content-type": "text/html"}, body))


def truncated(when: When) -> Fault:
    """Return a fault that answers the selected requests with a truncated body."""
    body = b'{"RequestId":"0C68048B-0F70-40DA-B8AE-1B79B5CF62E3","VpnConnections":{"VpnConn'
    return answer_when(when, Response(200, _JSON, body))
