"""Fault kinds below HTTP: broken connections, slow answers, encoded bodies."""

from __future__ import annotations

from vpnframe.emulator.faults.effects import FailureKind, Kind
from vpnframe.emulator.faults.wire import End, Length, Sent, Wire

SHORT_S = 0.1
ENDLESS_S = 3600.0

_PLACES: dict[str, tuple[Sent, str]] = {
    "before": ("nothing", "before the first byte of the answer"),
    "during-headers": ("half the headers", "in the middle of the headers"),
    "during-body": ("half the body", "in the middle of the body"),
}
_ENDS: dict[End, tuple[str, FailureKind]] = {
    "reset": ("the connection is reset", "network"),
    "close": ("the connection is closed", "network"),
    "hang": ("the server falls silent", "timeout"),
}


def _ending(end: End, place: str) -> Kind:
    sent, where = _PLACES[place]
    what, failure = _ENDS[end]
    name = "hang" if (end, place) == ("hang", "before") else f"{end}-{place}"
    return Kind(name, f"{what} {where}", Wire(sent=sent, end=end), failure)


_ENDINGS = (
    *(_ending(end, place) for end in _ENDS for place in _PLACES),
    Kind(
        "reset-after",
        "the connection is reset behind the whole answer, unannounced",
        Wire(end="reset", has_notice=False),
    ),
    Kind(
        "close-after",
        "the connection is closed behind the whole answer, unannounced",
        Wire(has_notice=False),
    ),
)


def _length(
    name: str, line: str, length: Length, failure: FailureKind | None, *, end: End = "close"
) -> Kind:
    return Kind(f"content-length-{name}", line, Wire(length=length, end=end), failure)


_LENGTHS = (
    _length("too-long", "100 bytes more announced than come before the end", "long", "network"),
    _length(
        "too-long-open",
        "100 bytes more announced than come, and the connection stays open",
        "long",
        "timeout",
        end="hang",
    ),
    _length("too-short", "half the body's length announced", "short", "malformed"),
    _length("text", "no number announced", "text", "network"),
    _length("absent", "no length: the end of the connection is the end of the body", "none", None),
)
_SPEEDS = (
    Kind("slow-answer", f"the first byte comes after {SHORT_S} s", Wire(delay_s=SHORT_S)),
    Kind("slow-headers", f"the headers trickle for {SHORT_S} s", Wire(headers_s=SHORT_S)),
    Kind("slow-body", f"the body trickles for {SHORT_S} s", Wire(body_s=SHORT_S)),
    Kind(
        "endless-headers",
        "the headers trickle for an hour",
        Wire(headers_s=ENDLESS_S),
        "timeout",
    ),
    Kind("endless-body", "the body trickles for an hour", Wire(body_s=ENDLESS_S), "timeout"),
)
_CODINGS = (
    Kind("gzip", "a compressed body", Wire(coding="gzip")),
    Kind(
        "gzip-mislabelled",
        "a body that says it is compressed and is not",
        Wire(coding="mislabelled"),
        "network",
    ),
    Kind("chunked", "a chunked body", Wire(coding="chunked")),
    Kind(
        "chunked-cut",
        "a chunked body that ends in the middle",
        Wire(coding="chunked", sent="half the body"),
        "network",
    ),
    Kind(
        "status-line-garbage",
        "a status line that is no HTTP",
        Wire(status_line="ICY two hundred"),
        "network",
    ),
)

WIRE_KINDS = (*_ENDINGS, *_LENGTHS, *_SPEEDS, *_CODINGS)
