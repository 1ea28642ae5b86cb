"""Encode an answer as the API does, in JSON or in XML."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

Json: TypeAlias = "bool | int | str | Sequence[Json] | Mapping[str, Json] | None"
Tree: TypeAlias = dict[str, Json]

_DECLARATION = "<?xml version='1.0' encoding='UTF-8'?>"


def encode_json(tree: Mapping[str, Json]) -> bytes:
    """Encode a tree as compact JSON in UTF-8.

    Examples
    --------
    >>> encode_json({"Enable": "true", "Retry": 2})
    b'{"Enable":"true","Retry":2}'
    """
    return json.dumps(tree, ensure_ascii=False, separators=(",", ":")).encode()


def encode_xml(root: str, tree: Mapping[str, Json]) -> bytes:
    """Encode a tree as XML: every scalar is text, a list repeats its element, null is omitted.

    Examples
    --------
    >>> encode_xml("Answer", {"Tags": {"Tag": [{"Key": "a<b"}]}, "On": True, "No": None})[38:]
    b'<Answer><Tags><Tag><Key>a&lt;b</Key></Tag></Tags><On>true</On></Answer>'
    """
    return (_DECLARATION + "".join(_elements(root, tree))).encode()


def _elements(name: str, value: Json) -> Iterator[str]:
    """Yield the XML elements of one named value."""
    if value is None:
        return
    if isinstance(value, Mapping):
        yield f"<{name}>"
        for child, content in value.items():
            yield from _elements(child, content)
        yield f"</{name}>"
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for item in value:
            yield from _elements(name, item)
    else:
        yield f"<{name}>{_text(value)}</{name}>"


def _text(value: bool | int | str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return html.escape(str(value), quote=False)
