"""Fault kinds that replace the answer with a refusal, an error or a page."""

from __future__ import annotations

from collections.abc import Iterator

from vpnframe.cloud.messages import Response
from vpnframe.emulator import refusals
from vpnframe.emulator.faults.effects import (
    DOWNLOAD,
    REGIONAL,
    FailureKind,
    Kind,
    Refuse,
    Replace,
)
from vpnframe.emulator.refusals import Refusal

RETRY_AFTER_MS = 120

_HTML = {"content-type": "text/html"}
_PLAIN = {"content-type": "text/plain"}
_TOO_MANY = "Request was denied due to user flow control."
_THROTTLING_CODES = {
    "throttling": "Throttling",
    "throttling-user": "Throttling.User",
    "throttling-api": "Throttling.Api",
    "throttling-api-concurrency": "Throttling.Api.Concurrency",
    "throttling-odd-case": "THROTTLING.user",
    "rejected-throttling": "Rejected.Throttling",
}
_THROTTLING_STATUSES = (400, 429, 503, 200)


def _throttling() -> Iterator[Kind]:
    """Yield every code with every observed status, with and without a retry-after header."""
    for name, code in _THROTTLING_CODES.items():
        for status in _THROTTLING_STATUSES:
            yield Kind(
                f"{name}-{status}",
                f"{code} with HTTP status {status}",
                Refuse(Refusal(code, status, _TOO_MANY)),
                "throttled",
            )
            yield Kind(
                f"{name}-{status}-retry-after",
                f"{code} with HTTP status {status}, x-acs-retry-after: {RETRY_AFTER_MS}",
                Refuse(Refusal(code, status, _TOO_MANY, RETRY_AFTER_MS)),
                "throttled",
            )


def _odd_retry_after(word: str, value: str) -> Kind:
    return Kind(
        f"retry-after-{word}",
        f"Throttling.User with x-acs-retry-after: {value}",
        Refuse(Refusal("Throttling.User", 400, _TOO_MANY), {"x-acs-retry-after": value}),
        "throttled",
    )


def _refused(
    name: str,
    refusal: Refusal,
    failure: FailureKind,
    *,
    note: str = "",
    actions: frozenset[str] = frozenset(),
) -> Kind:
    line = f"{refusal.code} with HTTP status {refusal.status}{note}"
    return Kind(name, line, Refuse(refusal), failure, actions=actions)


def _page(
    name: str,
    line: str,
    response: Response,
    failure: FailureKind,
) -> Kind:
    return Kind(name, line, Replace(response), failure)


def _html(status: int, title: str) -> Response:
    text = f"<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
    return Response(status, _HTML, text.encode())


_THROTTLED = (
    *_throttling(),
    Kind(
        "throttling-xml",
        "Throttling.User as an XML error where JSON was asked for",
        Refuse(Refusal("Throttling.User", 400, _TOO_MANY), is_xml=True),
        "throttled",
    ),
    _odd_retry_after("hour", "3600000"),
    _odd_retry_after("zero", "0"),
    _odd_retry_after("negative", "-250"),
    _odd_retry_after("text", "soon"),
    _page("proxy-429", "429 without a Code, from a proxy", Response(429, _PLAIN), "throttled"),
)
_UNAVAILABLE = "The request has failed due to a temporary failure of the server."
_SERVER = (
    _refused(
        "internal-error-500",
        Refusal("InternalError", 500, "The request processing has failed due to some error."),
        "server",
    ),
    _refused(
        "internal-error-200",
        Refusal("InternalError", 200, "The request processing has failed due to some error."),
        "server",
        note=", a success by status alone",
    ),
    _refused("service-unavailable-503", Refusal("ServiceUnavailable", 503, _UNAVAILABLE), "server"),
    _refused("system-busy-503", Refusal("SystemBusy", 503, _UNAVAILABLE), "server"),
    _refused("system-busy-400", Refusal("SystemBusy", 400, _UNAVAILABLE), "server"),
    _refused(
        "unknown-code-500",
        Refusal("Backend.Gone", 500, _UNAVAILABLE),
        "server",
        note=", a code nobody documents",
    ),
    _page("bad-gateway-502", "a balancer's HTML page", _html(502, "502 Bad Gateway"), "server"),
    _page(
        "unavailable-503-html",
        "a balancer's HTML page with 503",
        _html(503, "503 Service Temporarily Unavailable"),
        "server",
    ),
    _page("gateway-timeout-504", "504 without a body", Response(504), "server"),
    _page(
        "plain-500", "500 with a line of text", Response(500, _PLAIN, b"upstream died"), "server"
    ),
)
_NOT_THE_API = (
    _page("html-200", "an HTML page with 200, as of a portal", _html(200, "Sign in"), "malformed"),
    _page("no-content-204", "204, no body", Response(204), "malformed"),
    _page(
        "redirect-302",
        "302 to another host, never to be followed",
        Response(302, {"location": "http://192.0.2.1/stolen"}),
        "malformed",
    ),
    _page(
        "redirect-307",
        "307 to another host, never to be followed",
        Response(307, {"location": "http://192.0.2.1/stolen"}),
        "malformed",
    ),
)
_INACTIVE_KEY = Refusal("InvalidAccessKeyId.Inactive", 400, "Specified access key is disabled.")
_ILLEGAL_TIMESTAMP = Refusal("IllegalTimestamp", 400, "The input parameter Timestamp is illegal.")
_CREDENTIALS = (
    _refused("token-expired", refusals.EXPIRED_TOKEN, "credentials"),
    _refused("nonce-used", refusals.NONCE_USED, "server"),
    _refused(
        "timestamp-expired",
        refusals.EXPIRED_TIMESTAMP,
        "credentials",
        note=", though the Date header agrees with the client",
    ),
    _refused("timestamp-illegal", _ILLEGAL_TIMESTAMP, "credentials"),
    _refused("signature-mismatch", refusals.SIGNATURE_DOES_NOT_MATCH, "credentials"),
    _refused("signature-incomplete", refusals.INCOMPLETE_SIGNATURE, "credentials"),
    _refused("access-key-unknown", refusals.UNKNOWN_ACCESS_KEY, "credentials"),
    _refused("access-key-inactive", _INACTIVE_KEY, "credentials"),
)
_NO_RIGHT = "User not authorized to operate on the specified resource."
_DENIED = (
    _refused("forbidden-ram", Refusal("Forbidden.RAM", 403, _NO_RIGHT), "denied"),
    _refused("forbidden-subuser", Refusal("Forbbiden.SubUser", 403, _NO_RIGHT), "denied"),
    _refused("no-permission", Refusal("NoPermission", 403, _NO_RIGHT), "denied"),
    _refused(
        "unknown-code-403",
        Refusal("Policy.Mismatch", 403, _NO_RIGHT),
        "denied",
        note=", a code nobody documents",
    ),
    _page("proxy-403", "403 without a Code, from a proxy", Response(403, _PLAIN), "denied"),
    _refused(
        "region-refused",
        Refusal("Forbidden", 403, "This region is not open to the account."),
        "denied",
        note=", for calls to a region",
        actions=REGIONAL,
    ),
)
_PARAMETER = (
    Kind(
        "region-unknown",
        "InvalidRegionId.NotFound with HTTP status 404, of a region that is listed",
        Refuse(refusals.UNKNOWN_REGION),
        "parameter",
        actions=REGIONAL,
    ),
    _refused("parameter-missing", refusals.missing_parameter("RegionId"), "parameter"),
    _refused("parameter-invalid", refusals.invalid_parameter("PageSize"), "parameter"),
    _refused(
        "unknown-code-400",
        Refusal("Teapot.Cold", 400, "The teapot is cold."),
        "parameter",
        note=", a code nobody documents",
    ),
)

_WRONG_HOST = Refusal(
    "InvalidOperation.NotSupportedEndpoint", 404, "The specified endpoint cannot do this operation."
)
_UNSUPPORTED = (
    _refused("endpoint-unsupported", _WRONG_HOST, "unsupported"),
    _refused("action-unknown", refusals.UNKNOWN_ACTION, "unsupported"),
)
_STILL_LISTED = ", though its list shows it"
_NOT_FOUND = (
    _refused(
        "connection-unavailable",
        refusals.UNKNOWN_CONNECTION,
        "unavailable",
        note=_STILL_LISTED,
        actions=frozenset({DOWNLOAD, "DescribeVcoRouteEntries"}),
    ),
    _refused(
        "gateway-unavailable",
        refusals.UNKNOWN_GATEWAY,
        "unavailable",
        note=_STILL_LISTED,
        actions=frozenset({"DescribeVpnRouteEntries", "DescribeVpnPbrRouteEntries"}),
    ),
)

REFUSED_KINDS = (
    *(*_THROTTLED, *_SERVER, *_NOT_THE_API, *_CREDENTIALS, *_DENIED, *_PARAMETER),
    *(*_UNSUPPORTED, *_NOT_FOUND),
)
