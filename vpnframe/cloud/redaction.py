"""Redact answers: keep exactly the fields that a decoder reads, without secrets.

A decoder runs over the answer while its reads are recorded; all other fields, known or unknown, are
dropped. A decoder reads only the state of a key, so the state replaces the key.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from vpnframe.cloud import actions, rows
from vpnframe.cloud.answers import action_of, decode_any_download, decode_page, rows_of
from vpnframe.cloud.fields import Fields, is_filled_value, is_zero
from vpnframe.cloud.messages import Response
from vpnframe.cloud.trees import read_tree, write_tree
from vpnframe.errors import ResponseError, StatusError
from vpnframe.model.psk import REDACTED, key_state
from vpnframe.model.records import Note

_DOWNLOAD = "DownloadVpnConnectionConfig"
_READABLE = (_DOWNLOAD, *rows.DECODERS, *actions.LIST_OF_ONE)
_MARK = "redacted"
_STATES = {"present": REDACTED, "masked": "****"}
# Keys in JSON, in JSON nested as text, and in XML, also in truncated answers.
_KEY = re.compile(
    rb"""["'](?:Psk|AuthKey)\\*["']\s*:\s*\\*["']([^"']*)|<(?:Psk|AuthKey)[^>]*>([^<]*)""",
    re.IGNORECASE,
)


def redact_answer(response: Response) -> bytes:
    """Return an answer without its secrets and without the fields that no decoder reads.

    Examples
    --------
    >>> body = b'{"VpnConnectionConfig": {"Local": "47.1.2.3", "IkeConfig": {"Psk": "a secret"}}}'
    >>> redact_answer(Response(200, {}, body)).split()
    [b'{', b'"VpnConnectionConfig":', b'{', b'"IkeConfig":', b'{', b'"Psk":', b'"present"', b'},',
     b'"Local":', b'"47.1.2.3"', b'}', b'}']
    """
    try:
        action = action_of(response)
    except StatusError as error:
        return _redact_error(error)
    if action not in _READABLE:
        what = f"is an answer of {action}" if action else "is not a known answer"
        raise ResponseError(f"{what}; {', '.join(_READABLE)} can be redacted")
    tree, root = read_tree(response)
    asked = _FieldsRead()
    _ask(_RecordingFields(tree, [], asked=asked), action)
    kept = asked.plain(tree)
    if (
        action in actions.ACTIONS and action != _DOWNLOAD
    ):  # XML may omit an empty list: its root identifies the call
        kept.setdefault(actions.ACTIONS[action].list_path[0], "")
    redacted = write_tree(kept, root)
    del tree, kept, asked  # a frame that raises must not hold them
    is_same = _decoded(Response(200, {}, redacted), action) == _decoded(response, action)
    if not is_same:
        raise ResponseError("cannot be redacted without changing what it says")
    return redacted


def _redact_error(error: StatusError) -> bytes:
    """Return the code, message and request id of an error; nothing else of it is read."""
    message = str(error).removeprefix(f"{error.code}: ")
    kept = {"RequestId": error.request_id, "Code": error.code, "Message": message}
    return write_tree({name: text for name, text in kept.items() if text is not None}, None)


def _decoded(response: Response, action: str) -> object:
    if action == _DOWNLOAD:
        return decode_any_download(response, vpn_connection_id="-")
    return decode_page(response, action=action)


def _ask(answer: Fields, action: str) -> None:
    """Read every field that the decoders of :mod:`vpnframe.cloud.answers` read."""
    answer.text("RequestId")
    if action == _DOWNLOAD:
        rows.downloaded_connection(answer, vpn_connection_id="-")
        return
    answer.number("TotalCount")
    for row in rows_of(answer, action):
        rows.DECODERS[actions.LIST_OF_ONE.get(action, action)](row)


class _FieldsRead:
    """Fields that were read from each object of one answer, keyed by the object's identity.

    A kept value that is itself an object of the answer is reduced to the fields read from it.
    """

    def __init__(self) -> None:
        self._of: dict[int, dict[str, Any]] = {}

    def of(self, tree: Mapping[str, Any]) -> dict[str, Any]:
        """Return the names of the fields read from one object, with the value kept for each."""
        return self._of.setdefault(id(tree), {})

    def plain(self, tree: Mapping[str, Any]) -> dict[str, Any]:
        """Return the object with only the fields that were read; filled if it was filled before."""
        kept = {name: self._plain(value) for name, value in sorted(self.of(tree).items())}
        if is_filled_value(tree) and not is_filled_value(kept):
            kept[_MARK] = "true"
        return kept

    def _plain(self, value: Any) -> Any:
        if isinstance(value, dict):
            return self.plain(value)
        return [self._plain(one) for one in value] if isinstance(value, list) else value


class _RecordingFields(Fields):
    """Fields that record which names are read."""

    __slots__ = ("_asked",)

    def __init__(
        self, tree: Mapping[str, Any], notes: list[Note], path: str = "", *, asked: _FieldsRead
    ) -> None:
        super().__init__(tree, notes, path)
        self._asked = asked

    def apart(self) -> Fields:
        return _RecordingFields(self._tree, [], self._path, asked=self._asked)

    def _below(self, tree: Mapping[str, Any], path: str) -> Fields:
        return _RecordingFields(tree, self._notes, path, asked=self._asked)

    def _keep(self, name: str, kept: Any) -> None:
        """Record the value to keep of a field, if the field is present."""
        if name in self._tree:
            self._asked.of(self._tree)[name] = kept

    def text(self, *names: str) -> str | None:
        for name in names:
            found = super().text(name)
            value = self._tree.get(name)
            is_shown = found is not None or value is None
            self._keep(name, value if is_shown else _stand_in(value))
            if found is not None:
                return found
        return None

    def word(self, name: str) -> str | None:
        found, value = super().word(name), self._tree.get(name)
        if isinstance(value, bool):
            self._keep(name, value)
        return found

    def number(self, name: str, *, bits: int = 32) -> int | None:
        value = self._tree.get(name)
        # A number that is too large is kept, to be reported; any other non-number is replaced.
        is_number = bool(re.fullmatch(r"\s*-?[0-9]+(\.0*)?\s*", str(value), re.ASCII))
        is_number = is_number and not isinstance(value, dict | list)
        self._keep(name, value if is_number or value is None else _stand_in(value))
        return super().number(name, bits=bits)

    def flag(self, name: str) -> bool | None:
        found, value = super().flag(name), self._tree.get(name)
        self._keep(name, _stand_in(value) if found is None else value)
        return found

    def subnets(self, name: str) -> tuple[str, ...]:
        self._keep(name, _only_texts(self._tree.get(name)))
        return super().subnets(name)

    def texts(self, outer: str, inner: str = "") -> tuple[str, ...]:
        value: Any = self._tree.get(outer)
        if isinstance(value, dict):
            if inner in value:
                self._asked.of(value)[inner] = _only_texts(value[inner])
            self._keep(outer, value)
        else:
            self._keep(outer, _only_texts(value))
        return super().texts(outer, inner)

    def secret(self, name: str) -> Any:
        state = super().secret(name)
        if state in _STATES:
            self._keep(name, _STATES[state])
        return state

    def holds(self, name: str) -> bool:
        self._mention(name)
        return super().holds(name)

    def has(self, name: str, *members: str) -> bool:
        self._mention(name)
        value = self._tree.get(name)
        if isinstance(value, dict):
            block = _RecordingFields(value, [], asked=self._asked)
            for member in members:
                block._mention(member)
        return super().has(name, *members)

    def block(self, name: str) -> Fields:
        self._mention(name)
        return super().block(name)

    def _mention(self, name: str) -> None:
        """Record that a field is present; an object is kept with the fields read from it."""
        if name not in self._asked.of(self._tree):
            self._keep(name, _stand_in(self._tree.get(name)))

    def rows(self, outer: str, inner: str, *, mark: str) -> list[Fields]:
        value: Any = self._tree.get(outer)
        if isinstance(value, dict) and inner in value:
            self._asked.of(value)[inner] = _rows(value[inner])
        self._keep(outer, value if isinstance(value, dict) else _rows(value))
        return super().rows(outer, inner, mark=mark)


def _only_texts(value: Any) -> Any:
    """Return a text or the texts of a list; a placeholder replaces each other value."""
    if isinstance(value, list):
        return [one if isinstance(one, str) else _stand_in(one) for one in value]
    return value if isinstance(value, str) else _stand_in(value)


def _rows(value: Any) -> Any:
    """Return the rows of a list; a placeholder replaces each value that is not an object."""
    if isinstance(value, list):
        return [one if isinstance(one, dict) else _stand_in(one) for one in value]
    return _stand_in(value)


def _stand_in(value: Any) -> Any:
    """Return a placeholder of the same type; objects, nulls, booleans and zeros are unchanged."""
    if isinstance(value, dict) or value is None or isinstance(value, bool) or is_zero(value):
        return value
    if not is_filled_value(value):
        return [] if isinstance(value, list) else ""
    if isinstance(value, list):
        return [_MARK]
    return {int: 2, float: 0.5}.get(type(value), _MARK)


def has_keys(body: bytes) -> bool:
    """Check whether a saved answer, even a truncated one, reveals a key, not just its state.

    Examples
    --------
    >>> has_keys(b'{"Psk": "a secret"}'), has_keys(b'{"Psk": "present"}'), has_keys(b"<Psk/>")
    (True, False, False)
    """
    # Some shells save their output as UTF-16.
    for found in _KEY.finditer(body.replace(b"\0", b"")):
        text = (found[1] or found[2] or b"").decode("utf-8", "replace").removesuffix("\\")
        if text != REDACTED and key_state(text) == "present":
            return True
    return False
