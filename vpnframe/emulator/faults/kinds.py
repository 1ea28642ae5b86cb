"""Define all kinds of faults that the emulator can inject."""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import product
from types import MappingProxyType
from typing import Literal

from vpnframe.emulator import refusals
from vpnframe.emulator.encoding import Json
from vpnframe.emulator.faults.changes import (
    LIST_NAMES,
    Edit,
    Rewrite,
    counted,
    on_rows,
    replaced,
    with_body,
    with_empty_doubles,
    with_header,
    with_member,
    with_numbers_as_text,
    with_object,
    with_page,
    with_unknown_members,
    without,
    without_first_id,
    without_first_row,
)
from vpnframe.emulator.faults.wire import End, Sent, Wire
from vpnframe.emulator.listing import LISTS
from vpnframe.emulator.refusals import Refusal

_ALL: frozenset[str] = frozenset()
_DOWNLOADS = frozenset({"DownloadVpnConnectionConfig"})
_DESCRIBING = _DOWNLOADS | {"DescribeVpnConnections"}
_GATEWAYS = frozenset({"DescribeVpnGateways", "DescribeCustomerGateways"})
_ON_GATEWAY = frozenset(name for name, one in LISTS.items() if "VpnGatewayId" in one.required)
_ON_CONNECTION = _DOWNLOADS | {n for n, one in LISTS.items() if "VpnConnectionId" in one.required}
_PAGED = frozenset(LISTS)
_REGIONAL = _PAGED | _DOWNLOADS
_LISTS = _PAGED | {"DescribeRegions"}


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fault that the emulator can inject.

    The clock and the resources are changed before the call is answered. Then ``edit``, ``is_xml``,
    ``rewrite`` and ``wire`` change the answer, in this order.
    """

    name: str  # lower-case words joined by hyphens
    # ``kind`` in the table of failures if the client fails because of this fault; a tolerant client
    # may not fail. None if even a strict client can read the true answer
    failure: str | None
    line: str  # one-line description of the fault
    actions: frozenset[str] = _ALL  # the API actions that can have the fault; empty if all can
    # ``table.column`` in which the fault is visible, with or without a row in the table of failures
    shows_in: str | None = None
    is_for_later_pages: bool = False  # whether only pages after the first can have the fault
    # The API error that is the answer; the call then uses up its nonce but no quota
    refusal: Refusal | None = None
    # Error in seconds of the server's clock and Date header, from this call on
    clock_s: float = 0.0
    # The permanently deleted resource: the connection that the call names, or the list's first row
    deletes: Literal["named", "first"] | None = None
    # Where a copy of the list's first row is permanently added
    creates_at: Literal["start", "end"] | None = None
    edit: Edit | None = None  # change of an answer before it is encoded; errors stay unchanged
    is_xml: bool = False  # whether the answer is sent in XML even if JSON was requested
    rewrite: Rewrite | None = None  # change of body and headers after encoding
    wire: Wire = field(default_factory=Wire)  # how the answer is sent


_THROTTLING = {
    code.lower().replace(".", "-"): code
    for code in ("Throttling", "Throttling.User", "Throttling.Api", "Throttling.Api.Concurrency")
} | {"throttling-odd-case": "THROTTLING.user", "rejected-throttling": "Rejected.Throttling"}
_RETRY_AFTER = (("hour", "3600000"), ("zero", "0"), ("negative", "-250"), ("text", "soon"))

_FAILED = "The request processing has failed due to some error."
_DOWN = "The request has failed due to a temporary failure of the server."
_NO_RIGHT = "User not authorized to operate on the specified resource."
_NOT_OPEN = "This region is not open to the account."
_INACTIVE = Refusal("InvalidAccessKeyId.Inactive", 400, "Specified access key is disabled.")
_TIMESTAMP = Refusal("IllegalTimestamp", 400, "The input parameter Timestamp is illegal.")
_TEAPOT = Refusal("Teapot.Cold", 400, "The teapot is cold.")
_WRONG_HOST = Refusal(
    "InvalidOperation.NotSupportedEndpoint", 404, "The specified endpoint cannot do this operation."
)
_BY_STATUS = ", although it is an error"
_IN_TIME = ", although the clocks of server and client agree"
_LISTED = ", although the list call shows it"
_UNDOCUMENTED = ", an undocumented code"

# Name, failure, actions, refusal, and text that is appended to ``line``.
_REFUSED = (
    ("internal-error-500", "server", _ALL, Refusal("InternalError", 500, _FAILED), ""),
    ("internal-error-200", "server", _ALL, Refusal("InternalError", 200, _FAILED), _BY_STATUS),
    ("service-unavailable-503", "server", _ALL, Refusal("ServiceUnavailable", 503, _DOWN), ""),
    ("system-busy-503", "server", _ALL, Refusal("SystemBusy", 503, _DOWN), ""),
    ("system-busy-400", "server", _ALL, Refusal("SystemBusy", 400, _DOWN), ""),
    ("unknown-code-500", "server", _ALL, Refusal("Backend.Gone", 500, _DOWN), _UNDOCUMENTED),
    ("nonce-used", "server", _ALL, refusals.NONCE_USED, ""),
    ("token-expired", "credentials", _ALL, refusals.EXPIRED_TOKEN, ""),
    ("timestamp-expired", "credentials", _ALL, refusals.EXPIRED_TIMESTAMP, _IN_TIME),
    ("timestamp-illegal", "credentials", _ALL, _TIMESTAMP, ""),
    ("signature-mismatch", "credentials", _ALL, refusals.SIGNATURE_DOES_NOT_MATCH, ""),
    ("signature-incomplete", "credentials", _ALL, refusals.INCOMPLETE_SIGNATURE, ""),
    ("access-key-unknown", "credentials", _ALL, refusals.UNKNOWN_ACCESS_KEY, ""),
    ("access-key-inactive", "credentials", _ALL, _INACTIVE, ""),
    ("forbidden-ram", "denied", _ALL, Refusal("Forbidden.RAM", 403, _NO_RIGHT), ""),
    ("forbidden-subuser", "denied", _ALL, Refusal("Forbbiden.SubUser", 403, _NO_RIGHT), ""),
    ("no-permission", "denied", _ALL, Refusal("NoPermission", 403, _NO_RIGHT), ""),
    ("unknown-code-403", "denied", _ALL, Refusal("Policy.Mismatch", 403, _NO_RIGHT), _UNDOCUMENTED),
    ("region-refused", "denied", _REGIONAL, Refusal("Forbidden", 403, _NOT_OPEN), ", for a region"),
    ("region-unknown", "parameter", _REGIONAL, refusals.UNKNOWN_REGION, ", for a listed region"),
    ("parameter-missing", "parameter", _ALL, refusals.missing_parameter("RegionId"), ""),
    ("parameter-invalid", "parameter", _ALL, refusals.invalid_parameter("PageSize"), ""),
    ("unknown-code-400", "parameter", _ALL, _TEAPOT, _UNDOCUMENTED),
    ("endpoint-unsupported", "unsupported", _ALL, _WRONG_HOST, ""),
    ("action-unknown", "unsupported", _ALL, refusals.UNKNOWN_ACTION, ""),
    ("connection-unavailable", "unavailable", _ON_CONNECTION, refusals.UNKNOWN_CONNECTION, _LISTED),
    ("gateway-unavailable", "unavailable", _ON_GATEWAY, refusals.UNKNOWN_GATEWAY, _LISTED),
)

_PAGE = "<html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>"
_HTML = {"content-type": "text/html"}
_PLAIN = {"content-type": "text/plain"}
_ELSEWHERE = {"location": "http://192.0.2.1/stolen"}
_BY_PROXY = "from a proxy, without an API error code"
_BY_BALANCER = "with an HTML page of a load balancer"
_NOT_FOLLOWED = "redirect to another host, which a client must not follow"
_NO_SERVICE = "503 Service Temporarily Unavailable"

# Name, failure, status, end of ``line``, headers, and body. The emulator still serves and counts
# the call.
_PAGES: tuple[tuple[str, str, int, str, Mapping[str, str], str], ...] = (
    ("proxy-429", "throttled", 429, _BY_PROXY, _PLAIN, ""),
    ("bad-gateway-502", "server", 502, _BY_BALANCER, _HTML, "502 Bad Gateway"),
    ("unavailable-503-html", "server", 503, _BY_BALANCER, _HTML, _NO_SERVICE),
    ("gateway-timeout-504", "server", 504, "without a body", {}, ""),
    ("plain-500", "server", 500, "with a line of plain text", _PLAIN, "upstream died"),
    ("html-200", "malformed", 200, "with an HTML login page", _HTML, "Sign in"),
    ("no-content-204", "malformed", 204, "without a body", {}, ""),
    ("redirect-302", "malformed", 302, _NOT_FOLLOWED, _ELSEWHERE, ""),
    ("redirect-307", "malformed", 307, _NOT_FOLLOWED, _ELSEWHERE, ""),
    ("proxy-403", "denied", 403, _BY_PROXY, _PLAIN, ""),
)

_TYPE = "content-type"
_NESTED = b"[" * 20_000 + b"]" * 20_000
_TRUNCATED = with_body(lambda b: b[: len(b) // 2])

# Name, line, and change of the encoded answer that makes it unreadable.
_BODIES: tuple[tuple[str, str, Rewrite], ...] = (
    ("truncated-json", "the second half of the body is missing", _TRUNCATED),
    ("empty-body-200", "HTTP 200 without a body", with_body(lambda _: b"")),
    ("json-list", "the answer inside a list", with_body(lambda b: b"[" + b + b"]")),
    ("json-null", "null instead of an object", with_body(lambda _: b"null")),
    ("json-empty-object", "an object without members", with_body(lambda _: b"{}")),
    ("nan", "NaN in an unused member", with_member(b'"Load":NaN')),
    ("infinity", "-Infinity in an unused member", with_member(b'"Load":-Infinity')),
    ("huge-number", "a number of 5,000 digits", with_member(b'"Load":' + b"9" * 5000)),
    ("non-utf-8", "bytes that are not UTF-8", with_member(b'"Note":"\xff\xfe\xe9"')),
    ("lone-surrogate", "an escaped surrogate without its pair", with_member(b'"Note":"\\ud83d"')),
    ("control-character", "a raw line break in a string", with_member(b'"Note":"a\nb"')),
    ("deep-nesting", "20,000 lists inside each other", with_member(b'"Deep":' + _NESTED)),
    ("trailing-garbage", "text after the answer", with_body(lambda b: b + b"}{")),
    ("bom", "a byte order mark before the answer", with_body(lambda b: codecs.BOM_UTF8 + b)),
    ("utf-16", "the answer in UTF-16", with_body(lambda b: b.decode().encode("utf-16"))),
)
# Name, line, and change after which even a strict client can read the true answer.
_HARMLESS: tuple[tuple[str, str, Rewrite], ...] = (
    ("duplicate-keys", "every member occurs twice", with_object(lambda b: b[:-1] + b"," + b[1:])),
    ("content-type-html", "the true answer as text/html", with_header(_TYPE, "text/html")),
    ("content-type-absent", "the true answer without a content type", with_header(_TYPE, None)),
    ("code-of-success", 'an additional member "Code":"200"', with_member(b'"Code":"200"')),
)
_XML = (
    ("xml", "the true answer in XML", "text/xml;charset=utf-8"),
    ("xml-as-json", "XML declared as JSON", "application/json;charset=utf-8"),
)

_CONFIG = "VpnConnectionConfig"
_IKE = ("IkeConfig", "TunnelIkeConfig")
_IPSEC = ("IpsecConfig", "TunnelIpsecConfig")
_COUNT = "TotalCount"
_IS_STABLE = "coverage.is_stable"
_BLANK: Mapping[str, Json] = {"IkeConfig": {}, "IpsecConfig": {}}
_STRANGE: Mapping[str, Json] = {"A": {"B": "c"}}

# (Actions, failure, ``shows_in``) -> name, line, and change of the answer, for each kind.
_EDITS: Mapping[
    tuple[frozenset[str], str | None, str | None], tuple[tuple[str, str, Edit], ...]
] = {
    (_ALL, None, None): (
        ("unknown-fields", "unknown members in all objects", with_unknown_members),
        ("numbers-as-text", "every number as a string", with_numbers_as_text),
    ),
    (_DOWNLOADS, "malformed", None): (
        ("config-missing", f"{_CONFIG} is omitted", without(_CONFIG)),
    ),
    (_DOWNLOADS, "empty", None): (
        ("config-null", f"null where {_CONFIG} should be", replaced(None, _CONFIG)),
        ("config-empty", "IkeConfig and IpsecConfig are empty", replaced(_BLANK, _CONFIG)),
        ("config-unknown", f"only unknown members in {_CONFIG}", replaced(_STRANGE, _CONFIG)),
    ),
    (_DESCRIBING, "malformed", None): (
        ("ike-config-missing", "IkeConfig is omitted, also in tunnels", without(*_IKE)),
        ("ipsec-config-missing", "IpsecConfig is omitted, also in tunnels", without(*_IPSEC)),
        ("ike-config-null", "null where IkeConfig should be", replaced(None, *_IKE)),
        ("ike-config-number", "a number where IkeConfig should be", replaced(7, *_IKE)),
    ),
    (_LISTS, "malformed", None): (
        ("list-missing", "the list is omitted", without(*LIST_NAMES)),
        ("list-null", "null where the list should be", replaced(None, *LIST_NAMES)),
        ("row-null", "null where the first row should be", on_rows(lambda r: [None, *r[1:]])),
        ("row-without-id", "the first row has no id", on_rows(without_first_id)),
    ),
    (_LISTS, None, None): (
        ("row-twice", "the page has its first row twice", on_rows(lambda r: [r[0], *r])),
    ),
    (_GATEWAYS, "gone", _IS_STABLE): (
        ("gateway-unlisted", "the list and TotalCount lack the first gateway", without_first_row),
    ),
    (_DESCRIBING, None, "tunnels.psk_state"): (
        ("psk-masked", "every pre-shared key is masked as ****", replaced("****", "Psk")),
        ("psk-masked-tail", "pre-shared keys end with XXXXXX", replaced("pskXXXXXX", "Psk")),
        ("psk-absent", "there are no pre-shared keys in the answer", without("Psk")),
    ),
    (_PAGED, "malformed", _IS_STABLE): (
        ("row-lost", "TotalCount includes a missing row", on_rows(lambda r: r[:-1])),
        ("total-count-negative", "TotalCount is -1", replaced(-1, _COUNT)),
        ("total-count-text", "TotalCount is the string plenty", replaced("plenty", _COUNT)),
        ("total-count-huge", f"TotalCount is {10**15}", replaced(10**15, _COUNT)),
    ),
    (_PAGED, None, _IS_STABLE): (
        ("total-count-changing", "TotalCount is 1 too large on this page", counted(1)),
        ("total-count-zero", "TotalCount is 0 despite the rows", replaced(0, _COUNT)),
    ),
    (_PAGED, None, None): (("total-count-absent", "no TotalCount", without(_COUNT)),),
}

_ENDS: tuple[tuple[End, str, str], ...] = (
    ("reset", "network", "the connection is reset"),
    ("close", "network", "the connection is closed"),
    ("hang", "timeout", "the server falls silent"),
)
_PLACES: tuple[tuple[str, Sent, str], ...] = (
    ("before", "nothing", "before the first byte of the answer"),
    ("during-headers", "half the headers", "in the middle of the headers"),
    ("during-body", "half the body", "in the middle of the body"),
)
_HALF: Sent = "half the body"
_SHORT_S = 0.1
_HOUR_S = 3600.0
_ICY = "ICY two hundred"
_AFTER = "after the whole answer, without the header connection: close"
_MORE = "content-length is 100 bytes too large"
_CLOSED = f"{_MORE}, and the connection is closed"
_SILENCE = f"{_MORE}, and the connection stays open"

# Name, failure, line, and how the answer is sent.
_WIRES = (
    ("reset-after", None, f"the connection is reset {_AFTER}", Wire(end="reset", has_notice=False)),
    ("close-after", None, f"the connection is closed {_AFTER}", Wire(has_notice=False)),
    ("content-length-too-long", "network", _CLOSED, Wire(length="long")),
    ("content-length-too-long-open", "timeout", _SILENCE, Wire(length="long", end="hang")),
    ("content-length-too-short", "malformed", "content-length is too small", Wire(length="short")),
    ("content-length-text", "network", "content-length is not a number", Wire(length="text")),
    ("content-length-absent", None, "content-length is absent", Wire(length="none")),
    ("slow-answer", None, f"the first byte comes after {_SHORT_S} s", Wire(delay_s=_SHORT_S)),
    ("slow-headers", None, f"the headers take {_SHORT_S} s", Wire(headers_s=_SHORT_S)),
    ("slow-body", None, f"the body takes {_SHORT_S} s", Wire(body_s=_SHORT_S)),
    ("endless-headers", "timeout", "the headers take an hour", Wire(headers_s=_HOUR_S)),
    ("endless-body", "timeout", "the body takes an hour", Wire(body_s=_HOUR_S)),
    ("gzip", None, "a compressed body", Wire(coding="gzip")),
    ("gzip-mislabelled", "network", "plain text declared as gzip", Wire(coding="mislabelled")),
    ("chunked", None, "a chunked body", Wire(coding="chunked")),
    ("chunked-cut", "network", "only half of a chunked body", Wire(coding="chunked", sent=_HALF)),
    ("status-line-garbage", "network", "a status line that is not HTTP", Wire(status_line=_ICY)),
)

# Name, line, ``deletes`` and ``creates_at`` of kinds that change the list between two of its pages.
_DRIFTS: tuple[tuple[str, str, Literal["first"] | None, Literal["start", "end"] | None], ...] = (
    ("deleted", "the first row is deleted", "first", None),
    ("created", "a row is created at the start of the list", None, "start"),
    ("hidden", "one row is deleted and one row is added, with equal TotalCount,", "first", "end"),
)


def _throttled() -> Iterator[Kind]:
    """Yield the kinds of throttling errors, which differ in code, status, format and header."""
    refused = refusals.throttled()
    for (name, code), status in product(_THROTTLING.items(), (400, 429, 503, 200)):
        line = f"{code} with HTTP status {status}"
        refusal = Refusal(code, status, refused.message)
        yield Kind(f"{name}-{status}", "throttled", line, refusal=refusal)
        later = replace(refusal, retry_after_ms=120)
        line = f"{line}, x-acs-retry-after: {later.retry_after_ms}"
        yield Kind(f"{name}-{status}-retry-after", "throttled", line, refusal=later)
    for name, value in _RETRY_AFTER:
        line = f"Throttling.User with x-acs-retry-after: {value}"
        odd = with_header("x-acs-retry-after", value)
        yield Kind(f"retry-after-{name}", "throttled", line, refusal=refused, rewrite=odd)
    line = "Throttling.User as an XML error where JSON was requested"
    yield Kind("throttling-xml", "throttled", line, refusal=refused, is_xml=True)


def _tabled() -> Iterator[Kind]:
    """Yield the injected faults that tables in this module define, such as ``_REFUSED``."""
    for name, failure, actions, refusal, note in _REFUSED:
        line = f"{refusal.code} with HTTP status {refusal.status}{note}"
        yield Kind(name, failure, line, actions, refusal=refusal)
    for name, failure, status, note, headers, text in _PAGES:
        body = _PAGE.format(text) if headers is _HTML else text
        rewrite = with_page(status, headers, body.encode())
        yield Kind(name, failure, f"HTTP {status} {note}", rewrite=rewrite)
    for name, line, rewrite in _BODIES:
        yield Kind(name, "malformed", line, rewrite=rewrite)
    for name, line, rewrite in _HARMLESS:
        yield Kind(name, None, line, rewrite=rewrite)
    for name, line, content_type in _XML:
        yield Kind(name, None, line, is_xml=True, rewrite=with_header(_TYPE, content_type))
    for (actions, reason, shows_in), rows in _EDITS.items():
        for name, line, edit in rows:
            yield Kind(name, reason, line, actions, shows_in, edit=edit)
    for name, reason, line, wire in _WIRES:
        yield Kind(name, reason, line, wire=wire)
    for (end, failure, what), (place, sent, where) in product(_ENDS, _PLACES):
        name = "hang" if (end, place) == ("hang", "before") else f"{end}-{place}"
        yield Kind(name, failure, f"{what} {where}", wire=Wire(sent=sent, end=end))
    for name, line, deletes, creates_at in _DRIFTS:
        kind = Kind(f"page-drift-{name}", None, f"{line} between pages", _PAGED, _IS_STABLE, True)
        yield replace(kind, deletes=deletes, creates_at=creates_at)


_CLOCK = "from this call on, the server's clock and Date header are 20 minutes"
_GONE = "from this call on, the connection that the call names does not exist"
_DOUBLED = "every object and list of the answer is repeated at its end, but empty"
_DOUBLING = _LISTS | {"GetCallerIdentity"}  # in a download, it would equal config-empty
_KINDS = (
    *_throttled(),
    *_tabled(),
    Kind("duplicate-keys-empty", "malformed", _DOUBLED, _DOUBLING, rewrite=with_empty_doubles),
    Kind("connection-gone", "gone", _GONE, _DOWNLOADS, deletes="named"),
    Kind("clock-ahead", None, f"{_CLOCK} ahead", clock_s=20 * 60),
    Kind("clock-behind", None, f"{_CLOCK} behind", clock_s=-20 * 60),
)
KINDS: Mapping[str, Kind] = MappingProxyType({kind.name: kind for kind in _KINDS})
