"""Parse a JSON or XML response, or raise its error. Parsed data contain pre-shared keys."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Mapping
from typing import Any
from xml.etree.ElementTree import Element, ParseError, SubElement, tostring

import defusedxml.ElementTree
import msgspec
from defusedxml import DefusedXmlException

from vpnframe.cloud.messages import Response
from vpnframe.cloud.server_text import MASK, safe_message
from vpnframe.errors import ResponseError, StatusError

Tree = Mapping[str, Any]
_DONE_CODES = frozenset({"", "200", "OK", "Success"})
_TOO_DEEP = "the answer is nested too deeply"
_BOMS_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_CODE = re.compile(r"[A-Za-z0-9_.:-]{1,100}")
_REQUEST_ID = re.compile(r"[A-Za-z0-9-]{1,64}")


def read_tree(response: Response) -> tuple[Tree, str | None]:
    """Return the parsed response and the name of its XML root element (None for JSON)."""
    parsed = parse_body(response.body)
    # No local variable may contain the tree when an error is raised: a traceback may show it.
    if isinstance(parsed, str):
        status = "" if response.status < 300 else f" (HTTP {response.status})"
        raise ResponseError(f"{parsed}{status}", http_status=response.status)
    error = _error_in(parsed[0], response.status)
    if error is not None:
        del parsed
        raise error
    return parsed


def parse_body(body: bytes) -> tuple[Tree, str | None] | str:
    """Return the parsed body and XML root name, or an error message that omits the body."""
    if body.startswith(_BOMS_16):  # some shells save output as UTF-16
        body = body.decode("utf-16", "replace").encode("utf-8", "replace")
    text = body.removeprefix(codecs.BOM_UTF8).strip()
    if not text:
        return "the answer is empty"
    return _parsed_xml(text) if text.startswith(b"<") else _parsed_json(text)


def _parsed_json(text: bytes) -> tuple[Tree, None] | str:
    try:
        tree = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        is_cut_off = isinstance(error, msgspec.DecodeError) and "truncated" in str(error)
        tree = _leniently(text)
        if tree is None and is_cut_off:
            return f"the answer is cut off after {len(text)} bytes"
        if tree is None:
            is_deep = isinstance(error, RecursionError)
            return _TOO_DEEP if is_deep else "the answer is neither JSON nor XML"
    return (tree, None) if isinstance(tree, dict) else "the answer is JSON, but not an object"


def _leniently(text: bytes) -> object:
    """Parse JSON that contains unpaired surrogates, which msgspec refuses; None if this fails."""
    try:
        # Numbers become text, infinities null; the code that reads a number checks it.
        tree = json.loads(text, parse_int=str, parse_float=str, parse_constant=lambda _: None)
        return msgspec.json.decode(json.dumps(tree, ensure_ascii=False).encode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None


def _parsed_xml(text: bytes) -> tuple[Tree, str] | str:
    is_html = text[:200].lower().startswith((b"<!doctype html", b"<html"))
    try:
        root = defusedxml.ElementTree.fromstring(text)
        name, value = _name_of(root), _value_of(root)
    except RecursionError:
        return _TOO_DEEP
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        name, value = ("html", "") if is_html else ("", "")
    if name.lower() == "html":
        return "the answer is an HTML page, not JSON or XML"
    if not name:
        return f"the answer is XML that is cut off or not well-formed ({len(text)} bytes)"
    return (value if isinstance(value, dict) else {}), name


def _name_of(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _value_of(element: Element) -> dict[str, Any] | str:
    """Return a dict of an XML element's children, or its text if it has no children."""
    if len(element) == 0:
        return (element.text or "").strip()
    value: dict[str, Any] = {}
    for child in element:
        value.setdefault(_name_of(child), []).append(_value_of(child))
    return {name: found if len(found) > 1 else found[0] for name, found in value.items()}


def _error_in(tree: Tree, status: int) -> StatusError | ResponseError | None:
    """Return the error that a response reports by its ``Code`` or HTTP status, or None."""
    code, request_id = tree.get("Code"), tree.get("RequestId")
    code = code.strip() if isinstance(code, str) else ""
    if code not in _DONE_CODES:
        code = code if _CODE.fullmatch(code) else MASK
        message = f"{code}: {safe_message(tree.get('Message')) or 'no message'}"
        if not isinstance(request_id, str) or not _REQUEST_ID.fullmatch(request_id):
            request_id = None
        return StatusError(message, code=code, http_status=status, request_id=request_id)
    if status >= 400:
        return ResponseError(f"the answer has HTTP status {status} and no Code", http_status=status)
    return None


def write_tree(tree: Tree, root: str | None) -> bytes:
    """Serialize a parsed response: as XML if ``root`` names its root element, else as JSON."""
    if root is None:
        return json.dumps(tree, ensure_ascii=False, indent=1).encode()
    # This XML is written and not parsed, so no entity can expand.
    element = Element(root)
    _write_below(element, tree)
    return bytes(tostring(element, encoding="utf-8", xml_declaration=False))


def _write_below(element: Element, tree: Tree) -> None:
    for name, value in tree.items():
        for one in value if isinstance(value, list) else [value]:
            child = SubElement(element, name)
            if isinstance(one, dict):
                _write_below(child, one)
            else:
                child.text = str(one)
