"""Encode answers and errors in JSON or XML, as the API does."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator, Mapping, Sequence
from email.utils import formatdate
from typing import TypeAlias

from vpnframe.cloud.messages import Response
from vpnframe.emulator.parameters import ReceivedCall
from vpnframe.emulator.refusals import Refusal

Json: TypeAlias = "bool | int | str | Sequence[Json] | Mapping[str, Json] | None"
Tree: TypeAlias = dict[str, Json]

STS_VERSION = "2015-04-01"
_DECLARATION = "<?xml version='1.0' encoding='UTF-8'?>"


def encode_json(tree: Mapping[str, Json]) -> bytes:
    """Encode a nested mapping as compact JSON in UTF-8."""
    return json.dumps(tree, ensure_ascii=False, separators=(",", ":")).encode()


def encode_xml(root: str, tree: Mapping[str, Json]) -> bytes:
    """Encode a nested mapping as XML. The element ``root`` encloses all others.

    Each item of a list becomes one element. Members with the value None are omitted.

    Examples
    --------
    >>> encode_xml("Answer", {"Tags": {"Tag": [{"Key": "a<b"}]}, "On": True, "No": None})[38:]
    b'<Answer><Tags><Tag><Key>a&lt;b</Key></Tag></Tags><On>true</On></Answer>'
    """
    return (_DECLARATION + "".join(_elements(root, tree))).encode()


def _elements(name: str, value: Json) -> Iterator[str]:
    """Yield the XML of one member of a mapping. Each item of a list becomes one element."""
    if isinstance(value, Mapping):
        yield f"<{name}>"
        for child, content in value.items():
            yield from _elements(child, content)
        yield f"</{name}>"
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for item in value:
            yield from _elements(name, item)
    elif value is not None:
        text = str(value).lower() if isinstance(value, bool) else str(value)
        yield f"<{name}>{html.escape(text, quote=False)}</{name}>"


def write_response(
    outcome: Tree | Refusal, call: ReceivedCall, *, request_id: str, now: float, host_id: str
) -> Response:
    """Return an answer or an error as an HTTP response in the format that the call requests."""
    headers = {"date": formatdate(now, usegmt=True), "x-acs-request-id": request_id}
    status, root = 200, f"{call.action}Response"
    tree: Tree = {"RequestId": request_id}
    if isinstance(outcome, Refusal):
        status, root, code = outcome.status, "Error", outcome.code
        tree |= {"HostId": host_id, "Code": code, "Message": outcome.message}
        if outcome.retry_after_ms is not None:
            headers["x-acs-retry-after"] = str(outcome.retry_after_ms)
        if call.wants_json:
            product = "Sts" if call.version == STS_VERSION else "Vpc"
            tree["Recommend"] = f"https://api.aliyun.com/troubleshoot?q={code}&product={product}"
    else:
        tree |= outcome
    if call.wants_json:
        kind, body = "application/json;charset=utf-8", encode_json(tree)
    else:
        kind, body = "text/xml;charset=utf-8", encode_xml(root, tree)
    return Response(status, {"content-type": kind, **headers}, body)
