"""Encode the outcome of a call as a response: an answer or an error, JSON or XML."""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import formatdate

from vpnframe.cloud.messages import Response
from vpnframe.emulator.encoding import Tree, encode_json, encode_xml
from vpnframe.emulator.parameters import ReceivedCall
from vpnframe.emulator.refusals import Refusal

STS_VERSION = "2015-04-01"


def write_response(
    outcome: Tree | Refusal, call: ReceivedCall, *, request_id: str, now: float, host_id: str
) -> Response:
    """Encode the response of a call."""
    headers = {"date": formatdate(now, usegmt=True), "x-acs-request-id": request_id}
    if isinstance(outcome, Refusal):
        return _write_refusal(outcome, call, headers, host_id=host_id)
    return _write(200, {"RequestId": request_id} | outcome, call, headers)


def _write(status: int, tree: Tree, call: ReceivedCall, headers: Mapping[str, str]) -> Response:
    """Encode an answer in the requested format."""
    if call.wants_json:
        kind, body = "application/json;charset=utf-8", encode_json(tree)
    else:
        kind, body = "text/xml;charset=utf-8", encode_xml(f"{call.action}Response", tree)
    return Response(status, {"content-type": kind, **headers}, body)


def _write_refusal(
    refusal: Refusal, call: ReceivedCall, headers: Mapping[str, str], *, host_id: str
) -> Response:
    """Encode an error as documented; the XML form has no ``Recommend``."""
    headers = dict(headers)
    tree: Tree = {
        "RequestId": headers["x-acs-request-id"],
        "HostId": host_id,
        "Code": refusal.code,
        "Message": refusal.message,
    }
    if refusal.retry_after_ms is not None:
        headers["x-acs-retry-after"] = str(refusal.retry_after_ms)
    if not call.wants_json:
        content = {"content-type": "text/xml;charset=utf-8", **headers}
        return Response(refusal.status, content, encode_xml("Error", tree))
    product = "Sts" if call.version == STS_VERSION else "Vpc"
    tree["Recommend"] = f"https://api.aliyun.com/troubleshoot?q={refusal.code}&product={product}"
    return _write(refusal.status, tree, call, headers)
