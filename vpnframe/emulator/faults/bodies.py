"""Changes to an encoded answer. Member changes skip a body that is not a JSON object."""

from __future__ import annotations

import codecs
import json
from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

from vpnframe.cloud.messages import Response

Rewriting: TypeAlias = Callable[[Response], Response]


def with_member(raw: bytes) -> Rewriting:
    """Insert a member, as raw bytes, at the beginning of the object.

    Examples
    --------
    >>> with_member(b'"Load":NaN')(Response(200, {}, b'{"Code":"OK"}')).body
    b'{"Load":NaN,"Code":"OK"}'
    """
    return _on_object(lambda body: b"{" + raw + b"," + body[1:])


def with_body(change: Callable[[bytes], bytes]) -> Rewriting:
    """Change the bytes of the body, JSON or not."""
    return lambda response: replace(response, body=change(response.body))


def with_content_type(value: str | None) -> Rewriting:
    """Set another content type, or remove it."""

    def rewrite(response: Response) -> Response:
        headers = {n: v for n, v in response.headers.items() if n != "content-type"}
        return replace(
            response, headers=headers if value is None else {"content-type": value, **headers}
        )

    return rewrite


def cut(body: bytes) -> bytes:
    """Keep the first half."""
    return body[: len(body) // 2]


def in_utf_16(body: bytes) -> bytes:
    """Encode the text in UTF-16 with a byte order mark."""
    return codecs.BOM_UTF16_LE + body.decode().encode("utf-16-le")


def _on_object(change: Callable[[bytes], bytes]) -> Rewriting:
    def rewrite(response: Response) -> Response:
        is_object = response.body.startswith(b"{") and len(response.body) > 2
        return replace(response, body=change(response.body)) if is_object else response

    return rewrite


def _all_twice(body: bytes) -> bytes:
    return body[:-1] + b"," + body[1:]


def _emptied_behind(body: bytes) -> bytes:
    """Repeat every block at the end, empty: a reader that uses the last one sees no data."""
    blocks = {name: type(value)() for name, value in json.loads(body).items() if _is_block(value)}
    return body[:-1] + b"," + json.dumps(blocks).encode()[1:] if blocks else body


def _is_block(value: object) -> bool:
    return isinstance(value, (dict, list))


with_all_twice = _on_object(_all_twice)
with_blocks_emptied_behind = _on_object(_emptied_behind)
