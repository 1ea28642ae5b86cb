"""Fault kinds with an incorrect answer, and fault kinds that change data or the clock."""

from __future__ import annotations

import codecs

from vpnframe.emulator.faults import bodies, edits
from vpnframe.emulator.faults.effects import (
    DESCRIBING,
    DOWNLOAD,
    GATEWAYS,
    LISTS,
    PAGED,
    AsXml,
    Drift,
    Edit,
    Kind,
    Rewrite,
    ShiftClock,
    Vanish,
)

_CLOCK_S = 20 * 60
_IS_STABLE = "coverage.is_stable"
_PSK_STATE = "tunnels.psk_state"
_ONLY_DOWNLOAD = frozenset({DOWNLOAD})


def _bytes(name: str, line: str, rewrite: bodies.Rewriting) -> Kind:
    return Kind(name, line, Rewrite(rewrite), "malformed")


_BODIES = (
    _bytes(
        "truncated-json",
        "half the body, with its right content-length",
        bodies.with_body(bodies.cut),
    ),
    _bytes("empty-body-200", "200 and no body", bodies.with_body(lambda _body: b"")),
    _bytes("json-list", "the answer inside a list", bodies.with_body(lambda b: b"[" + b + b"]")),
    _bytes("json-null", "the word null", bodies.with_body(lambda _body: b"null")),
    _bytes("json-empty-object", "an object without members", bodies.with_body(lambda _body: b"{}")),
    _bytes("nan", "NaN in a member that nobody reads", bodies.with_member(b'"Load":NaN')),
    _bytes("infinity", "-Infinity, likewise", bodies.with_member(b'"Load":-Infinity')),
    _bytes("huge-number", "a number of 5,000 digits", bodies.with_member(b'"Load":' + b"9" * 5000)),
    _bytes("non-utf-8", "bytes that are no UTF-8", bodies.with_member(b'"Note":"\xff\xfe\xe9"')),
    _bytes(
        "lone-surrogate", "half a surrogate pair, escaped", bodies.with_member(b'"Note":"\\ud83d"')
    ),
    _bytes("control-character", "a raw line break in text", bodies.with_member(b'"Note":"a\nb"')),
    _bytes(
        "deep-nesting",
        "20,000 lists inside each other",
        bodies.with_member(b'"Deep":' + b"[" * 20_000 + b"]" * 20_000),
    ),
    _bytes("trailing-garbage", "text behind the answer", bodies.with_body(lambda b: b + b"}{")),
    _bytes("bom", "a byte order mark first", bodies.with_body(lambda b: codecs.BOM_UTF8 + b)),
    _bytes("utf-16", "the answer in UTF-16", bodies.with_body(bodies.in_utf_16)),
    Kind("duplicate-keys", "every member twice, equal", Rewrite(bodies.with_all_twice)),
    Kind(
        "duplicate-keys-empty",
        "every block once more at the end, and empty",
        Rewrite(bodies.with_blocks_emptied_behind),
        "malformed",
        # A download would be the same as config-empty.
        actions=LISTS | {"GetCallerIdentity"},
    ),
    Kind(
        "content-type-html",
        "the true answer as text/html",
        Rewrite(bodies.with_content_type("text/html")),
    ),
    Kind(
        "content-type-absent",
        "the true answer without a content type",
        Rewrite(bodies.with_content_type(None)),
    ),
    Kind("xml", "the true answer in XML", AsXml("text/xml;charset=utf-8")),
    Kind("xml-as-json", "XML that says it is JSON", AsXml("application/json;charset=utf-8")),
    Kind(
        "code-of-success",
        'a member "Code":"200" in the true answer',
        Rewrite(bodies.with_member(b'"Code":"200"')),
    ),
)
_BLOCKS = (
    Kind("unknown-fields", "members nobody knows in all objects", Edit(edits.with_unknown_members)),
    Kind("numbers-as-text", "every number as text", Edit(edits.with_numbers_as_text)),
    Kind(
        "config-missing",
        "VpnConnectionConfig left out",
        Edit(edits.without("VpnConnectionConfig")),
        "malformed",
        actions=_ONLY_DOWNLOAD,
    ),
    Kind(
        "config-null",
        "null where VpnConnectionConfig should be",
        Edit(edits.replaced(None, "VpnConnectionConfig")),
        "empty",
        actions=_ONLY_DOWNLOAD,
    ),
    Kind(
        "config-empty",
        "both blocks of VpnConnectionConfig stand there, and hold nothing",
        Edit(edits.replaced({"IkeConfig": {}, "IpsecConfig": {}}, "VpnConnectionConfig")),
        "empty",
        actions=_ONLY_DOWNLOAD,
    ),
    Kind(
        "config-unknown",
        "VpnConnectionConfig holds members that nobody knows, and no other",
        Edit(edits.replaced({"A": {"B": "c"}}, "VpnConnectionConfig")),
        "empty",
        actions=_ONLY_DOWNLOAD,
    ),
    Kind(
        "ike-config-missing",
        "IkeConfig left out, of tunnels too",
        Edit(edits.without(*edits.IKE_NAMES)),
        "malformed",
        actions=DESCRIBING,
    ),
    Kind(
        "ipsec-config-missing",
        "IpsecConfig left out, of tunnels too",
        Edit(edits.without(*edits.IPSEC_NAMES)),
        "malformed",
        actions=DESCRIBING,
    ),
    Kind(
        "ike-config-null",
        "null where IkeConfig should be",
        Edit(edits.replaced(None, *edits.IKE_NAMES)),
        "malformed",
        actions=DESCRIBING,
    ),
    Kind(
        "ike-config-number",
        "a number where IkeConfig should be",
        Edit(edits.replaced(7, *edits.IKE_NAMES)),
        "malformed",
        actions=DESCRIBING,
    ),
    Kind(
        "list-missing",
        "the list left out",
        Edit(edits.without(*edits.LIST_NAMES)),
        "malformed",
        actions=LISTS,
    ),
    Kind(
        "list-null",
        "null where the list should be",
        Edit(edits.replaced(None, *edits.LIST_NAMES)),
        "malformed",
        actions=LISTS,
    ),
    Kind(
        "row-null",
        "null where the first row should be",
        Edit(edits.on_rows(lambda rows: [None, *rows[1:]])),
        "malformed",
        actions=LISTS,
    ),
    Kind(
        "row-without-id",
        "the first row names no id",
        Edit(edits.on_rows(edits.without_first_id)),
        "malformed",
        actions=LISTS,
    ),
    Kind(
        "row-twice",
        "the first row stands on the page twice",
        Edit(edits.on_rows(lambda rows: [rows[0], *rows])),
        actions=LISTS,
    ),
    Kind(
        "row-lost",
        "the last row is missing, yet counted",
        Edit(edits.on_rows(lambda rows: rows[:-1])),
        "malformed",
        shows_in=_IS_STABLE,
        actions=PAGED,
    ),
)
_UNLISTED = (
    Kind(
        "gateway-unlisted",
        "the first gateway of the page is not shown, and not counted",
        Edit(edits.without_first_row),
        "gone",
        shows_in=_IS_STABLE,
        actions=GATEWAYS,
    ),
)
_PSKS = (
    Kind(
        "psk-masked",
        "**** where a key should be",
        Edit(edits.replaced("****", "Psk")),
        shows_in=_PSK_STATE,
        actions=DESCRIBING,
    ),
    Kind(
        "psk-masked-tail",
        "a key of which all but two characters are masked",
        Edit(edits.replaced("pskXXXXXX", "Psk")),
        shows_in=_PSK_STATE,
        actions=DESCRIBING,
    ),
    Kind(
        "psk-absent",
        "no key in the answer",
        Edit(edits.without("Psk")),
        shows_in=_PSK_STATE,
        actions=DESCRIBING,
    ),
)
_COUNTS = (
    Kind(
        "total-count-changing",
        "TotalCount is one more than there are, on this page",
        Edit(edits.changed(edits.counted_up, "TotalCount")),
        shows_in=_IS_STABLE,
        actions=PAGED,
    ),
    Kind("total-count-absent", "no TotalCount", Edit(edits.without("TotalCount")), actions=PAGED),
    *(
        Kind(
            f"total-count-{name}",
            f"TotalCount is {value}",
            Edit(edits.replaced(value, "TotalCount")),
            "malformed",
            shows_in=_IS_STABLE,
            actions=PAGED,
        )
        for name, value in (("negative", -1), ("text", "plenty"), ("huge", 10**15))
    ),
    Kind(
        "total-count-zero",
        "TotalCount is 0, whatever the page shows",
        Edit(edits.replaced(0, "TotalCount")),
        shows_in=_IS_STABLE,
        actions=PAGED,
    ),
)


def _drift(name: str, line: str, effect: Drift) -> Kind:
    return Kind(name, line, effect, shows_in=_IS_STABLE, actions=PAGED, is_for_later_pages=True)


_TIMES = (
    Kind(
        "clock-ahead",
        "from here on the server's clock is 20 minutes ahead, its Date header with it",
        ShiftClock(_CLOCK_S),
    ),
    Kind(
        "clock-behind",
        "from here on the server's clock is 20 minutes behind, its Date header with it",
        ShiftClock(-_CLOCK_S),
    ),
    Kind(
        "connection-gone",
        "from here on the connection to be downloaded does not exist",
        Vanish(),
        "gone",
        actions=_ONLY_DOWNLOAD,
    ),
    _drift("page-drift-deleted", "the first row is deleted between pages", Drift(is_deleting=True)),
    _drift(
        "page-drift-created", "a row is created in front between pages", Drift(creates_at="start")
    ),
    _drift(
        "page-drift-hidden",
        "the first row is deleted and one created at the end between pages: TotalCount agrees",
        Drift(is_deleting=True, creates_at="end"),
    ),
)

ANSWERED_KINDS = (*_BODIES, *_BLOCKS, *_UNLISTED, *_PSKS, *_COUNTS, *_TIMES)
