"""Redact API responses: keep only fields that vpnframe reads, with placeholders for keys."""

from __future__ import annotations

import re

from vpnframe.cloud import rows
from vpnframe.cloud.actions import DOWNLOAD, LIST_OF_ONE, LISTS
from vpnframe.cloud.answers import action_of, page_of
from vpnframe.cloud.fields import Fields
from vpnframe.cloud.messages import Response
from vpnframe.cloud.trees import read_tree, write_tree
from vpnframe.errors import ResponseError, StatusError
from vpnframe.model.masked import REDACTED, key_state

_READABLE = (DOWNLOAD, *LISTS, *LIST_OF_ONE)
# Pre-shared and BGP keys in JSON, in JSON within a string, and in XML, even if truncated.
_KEY = re.compile(
    rb"""["'](?:Psk|AuthKey)\\*["']\s*:\s*\\*["']([^"']*)|<(?:Psk|AuthKey)[^>]*>([^<]*)""",
    re.IGNORECASE,
)


def redact_answer(response: Response) -> bytes:
    """Return a response without secrets and without the fields that no decoder reads."""
    try:
        action = action_of(response)
    except StatusError as error:
        message = str(error).removeprefix(f"{error.code}: ")
        error_fields = {"RequestId": error.request_id, "Code": error.code, "Message": message}
        return write_tree({n: text for n, text in error_fields.items() if text is not None}, None)
    if action not in _READABLE:
        what = f"is an answer of {action}" if action else "is not a known answer"
        raise ResponseError(f"{what}; only answers of {', '.join(_READABLE)} can be redacted")
    tree, root = read_tree(response)
    answer = Fields(tree, [], reads={})
    del tree  # a traceback must not show it: it contains keys
    decoded, kept = _decoded(answer, action), answer.kept()
    if action in LISTS:  # an XML response may omit an empty list: add it
        kept.setdefault(LISTS[action].list_path[0], "")
    redacted = write_tree(kept, root)
    if _decoded(Fields(read_tree(Response(200, {}, redacted))[0], []), action) != decoded:
        raise ResponseError(
            "cannot be redacted: vpnframe would read other values in the redacted copy"
        )
    return redacted


def _decoded(answer: Fields, action: str) -> object:
    if action == DOWNLOAD:
        return rows.downloaded_connection(answer, vpn_connection_id="-")
    return page_of(answer, action)


def has_keys(body: bytes) -> bool:
    """Check whether a response, even a truncated one, has a pre-shared or BGP key in plain text."""
    # Some shells save their output as UTF-16.
    for found in _KEY.finditer(body.replace(b"\0", b"")):
        text = (found[1] or found[2] or b"").decode("utf-8", "replace").removesuffix("\\")
        if text != REDACTED and key_state(text) == "present":
            return True
    return False
