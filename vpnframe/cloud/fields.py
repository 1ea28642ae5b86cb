"""Read the fields of an API response by name, and handle unexpected types and secrets.

A field that is not requested by name is never inspected. Only :meth:`Fields.secret` and
:meth:`Fields.key_facts` read a secret: they return whether the secret is present, and facts about
the secret. For redaction, :class:`Fields` records what the redacted response contains for each
field that is read: the value if it has the requested type, else a placeholder.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Any

from vpnframe.addresses.cidr import split_cidrs
from vpnframe.errors import ResponseError
from vpnframe.model.masked import REDACTED, key_state
from vpnframe.model.psk import KeyJudge, key_facts
from vpnframe.model.records import FailureKind, KeyFacts, KeyState, Note

_ZERO = re.compile(r"0+(\.0+){0,3}(/0)?|::(/0)?", re.ASCII)
# A saved response may contain all pages of a fleet; each parsed row takes a few KiB.
MAX_ROWS = 100_000
_WHOLE = re.compile(r"\s*-?[0-9]{1,30}\s*", re.ASCII)
_DIGITS = re.compile(r"\s*-?[0-9]+(\.0*)?\s*", re.ASCII)
_FLAGS = {
    **dict.fromkeys(("true", "1", "open", "enable", "enabled"), True),
    **dict.fromkeys(("false", "0", "close", "closed", "disable", "disabled"), False),
}
_STATES = {"present": REDACTED, "masked": "****"}
_MARK = "redacted"
_KINDS = {str: "other text", bool: "true or false", int: "a number", float: "a fraction"}
# The values to keep of the fields that were read: by ``id()`` of the object, then by field name.
Reads = dict[int, dict[str, Any]]


@dataclass(slots=True, repr=False, eq=False)
class Fields:
    """One object of an API response; a value of the wrong type is read as None and noted."""

    _tree: Mapping[str, Any]
    _notes: list[Note]
    _path: str = ""
    _: KW_ONLY
    judge: KeyJudge | None = None
    reads: Reads | None = None
    # Whether a nested object was not readable; a secret that seems absent may be in it.
    is_unread: bool = field(default=False, init=False)

    @property
    def notes(self) -> tuple[Note, ...]:
        """The notes so far on values that could not be interpreted, without duplicates."""
        return tuple(dict.fromkeys(self._notes))

    def apart(self) -> Fields:
        """Return a new reader of the same object, with a separate list of notes that is empty."""
        return Fields(self._tree, [], self._path, judge=self.judge, reads=self.reads)

    def kept(self) -> Any:
        """Return a redacted copy of the object with only the fields that were read so far.

        If the copy would be empty but the object is not, it gets a placeholder field.
        """
        return _kept(self._tree, self.reads or {})

    def note(self, name: str, message: str, *, kind: FailureKind = "malformed") -> None:
        """Add a note on a field that could not be interpreted."""
        self._notes.append(Note(field=self._path + name, message=message, kind=kind))

    def text(self, *names: str) -> str | None:
        """Return the first of the named fields that is not empty, as a string."""
        for name in names:
            value, text = self._tree.get(name), ""
            if isinstance(value, str):
                text = value.strip()
            elif value is not None:
                whole = _whole(value)
                if isinstance(whole, int) and not isinstance(whole, bool):
                    text = str(whole)
                else:
                    self._note_type(name, value, "text")
            if self.reads is not None:
                self._keep(name, value if text else _stand_in(value))
            if text:
                return text
        return None

    def word(self, name: str) -> str | None:
        """Return a field that is a string or a boolean; a boolean becomes ``true`` or ``false``."""
        value = self._tree.get(name)
        if not isinstance(value, bool):
            return self.text(name)
        self._keep(name, value)
        return str(value).lower()

    def nonzero_text(self, name: str) -> str | None:
        """Return an address, CIDR block or id; None if it is all zeros, which means unset."""
        text = self.text(name)
        return None if is_zero(text) else text

    def number(self, name: str, *, bits: int = 32) -> int | None:
        """Return a whole number that was sent as a number or as a string.

        The result is None if the number is negative or greater than ``2 ** (bits - 1) - 1``, the
        maximum of a signed integer column.
        """
        value = self._tree.get(name)
        if self.reads is not None:  # keep a too large number: reading it again adds the same note
            self._keep(name, value if _DIGITS.fullmatch(str(value)) else _stand_in(value))
        number = _whole(value)
        if isinstance(number, str) and _WHOLE.fullmatch(number):
            number = int(number)
        if not isinstance(number, int) or isinstance(number, bool):
            self._note_type(name, value, "a whole number")
            return None
        if 0 <= number < 1 << (bits - 1):
            return number
        self.note(name, "is negative or too large")
        return None

    def nonzero_number(self, name: str, *, bits: int = 32) -> int | None:
        """Return a whole number; None if it is zero, which means unset."""
        return self.number(name, bits=bits) or None

    def flag(self, name: str) -> bool | None:
        """Return a boolean that was sent as a boolean, a number or a string."""
        value = self._tree.get(name)
        known = read_flag(value) if isinstance(value, str | int) else None
        if known is None:
            self._note_type(name, value, "true or false")
        if self.reads is not None:
            self._keep(name, _stand_in(value) if known is None else value)
        return known

    def subnets(self, name: str) -> tuple[str, ...]:
        """Return the CIDR blocks in a field that is a comma-separated string or a list."""
        value = self._tree.get(name)
        if self.reads is not None:
            self._keep(name, _only(str, value))
        texts = value if isinstance(value, list) else [value]
        found = [cidr for text in texts if isinstance(text, str) for cidr in split_cidrs(text)]
        if any(text is not None and not isinstance(text, str) for text in texts):
            self.note(name, "is not text")
        elif not found:
            self.note(name, "is empty: no CIDR block on this side", kind="address")
        return tuple(found)

    def texts(self, outer: str, inner: str = "") -> tuple[str, ...]:
        """Return the strings in a field that is a list, an object with a list, or one string."""
        value = self._unwrapped(outer, inner, str)
        found = value if isinstance(value, list) else [value]
        if any(is_filled_value(one) and not isinstance(one, str) for one in found):
            self.note(outer, "contains values other than text")
        return tuple(one.strip() for one in found if isinstance(one, str) and one.strip())

    def secret(self, name: str) -> KeyState | None:
        """Return whether a secret is present, masked (by asterisks or x) or absent.

        Return None if none is found, but a nested object that could contain it is unreadable.
        """
        state = key_state(self._tree.get(name))
        if state in _STATES:
            self._keep(name, _STATES[state])
        return None if self.is_unread and state == "absent" else state

    def key_facts(self, name: str, *, hints: Iterable[str]) -> KeyFacts | None:
        """Return facts about the pre-shared key in a field; None if there is no KeyJudge."""
        judge = self.judge
        if judge is None:
            return None
        # No local variable contains the key: a traceback may show the local variables.
        if judge.is_saved and self._tree.get(name) == REDACTED:
            return KeyFacts()
        try:
            return key_facts(
                self._tree.get(name),
                fingerprint_key=judge.fingerprint_key,
                hints=hints,
                known=judge.known,
            )
        except ResponseError as error:
            self.note(name, str(error))
            return KeyFacts()

    def holds(self, name: str) -> bool:
        """Check whether a field is present, even if empty."""
        self._mention(name)
        return name in self._tree

    def has(self, name: str, *members: str) -> bool:
        """Check whether a field is set, without returning its value.

        If ``members`` are given, a field that is an object counts as set only if one of these
        members is set. A member that is zero is not set: the cloud sends unset numbers as zero.
        """
        value = self._tree.get(name)
        if self.reads is not None:
            self._mention(name)
            if isinstance(value, dict):
                for member in members:
                    self._below(value, "")._mention(member)
        if not members or not isinstance(value, dict):
            return is_filled_value(value)
        for member in members:
            one = value.get(member)
            if one is not None and is_filled_value(one) and not is_zero(one):
                return True
        return False

    def shows(self, name: str, member: str) -> bool:
        """Check whether a field is an object that has ``member``, be it empty or not."""
        value = self._tree.get(name)
        return isinstance(value, dict) and member in value

    def block(self, name: str) -> Fields:
        """Return a nested object; an empty object if the field is missing or not an object."""
        if self.reads is not None:
            self._mention(name)
        value = self._tree.get(name)
        tree = value if isinstance(value, dict) else {}
        if tree is not value:
            self._note_type(name, value, "an object")
        below = self._below(tree, f"{self._path}{name}.")
        below.is_unread = self.is_unread or (tree is not value and is_filled_value(value))
        return below

    def rows(self, outer: str, inner: str, *, mark: str) -> list[Fields]:
        """Return the objects that a field contains in one of three forms.

        The field is a list of objects, or an object whose field ``inner`` is that list. Or the
        field is the only object: then it has the field ``mark`` but not the field ``inner``.
        """
        value: Any = self._tree.get(outer)
        if isinstance(value, dict) and inner not in value and mark in value:
            self._keep(outer, value)
        else:
            if isinstance(value, dict) and inner not in value and is_filled_value(value):
                self.note(outer, f"has no {inner}")
            value = self._unwrapped(outer, inner, dict)
        rows = value if isinstance(value, list) else [value] if is_filled_value(value) else []
        name, good, n_rows = f"{outer}.{inner}", [], len(rows)
        if n_rows > MAX_ROWS:
            del rows, value  # a traceback must not show them: they may contain keys
            raise ResponseError(
                f"{self._path}{name} has {n_rows:,} rows; the limit is {MAX_ROWS:,}"
            )
        for index, row in enumerate(rows):
            if isinstance(row, dict):
                good.append(self._below(row, f"{self._path}{name}[{index}]."))
            else:
                self.note(f"{name}[{index}]", "is not an object")
        return good

    def tags(self, outer: str) -> tuple[str, ...]:
        """Return resource tags, a list of ``Tag`` objects, as sorted ``key=value`` strings."""
        rows = self.rows(outer, "Tag", mark="Key")
        pairs = [(row.text("Key", "TagKey"), row.text("Value", "TagValue")) for row in rows]
        return tuple(sorted(f"{key}={value or ''}" for key, value in pairs if key))

    def _below(self, tree: Mapping[str, Any], path: str) -> Fields:
        return Fields(tree, self._notes, path, judge=self.judge, reads=self.reads)

    def _unwrapped(self, outer: str, inner: str, kind: type) -> Any:
        """Return a field's value; if the value is an object, return its member ``inner``.

        The redacted response gets this value or, for each value that is no ``kind``, a placeholder.
        """
        value: Any = self._tree.get(outer)
        is_wrapped = isinstance(value, dict)
        if self.reads is not None:
            self._keep(outer, value if is_wrapped else _only(kind, value))
            if is_wrapped:
                self._below(value, "")._keep(inner, _only(kind, value.get(inner)))
        return value.get(inner) if is_wrapped else value

    def _keep(self, name: str, kept: Any) -> None:
        """Record the value of a field in the redacted response, if the field is present."""
        if self.reads is not None and name in self._tree:
            self.reads.setdefault(id(self._tree), {})[name] = kept

    def _mention(self, name: str) -> None:
        """Record a field with its ``_stand_in``, unless the field is already recorded."""
        if self.reads is not None and name not in self.reads.get(id(self._tree), ()):
            self._keep(name, _stand_in(self._tree.get(name)))

    def _note_type(self, name: str, value: Any, wanted: str) -> None:
        if is_filled_value(value):  # the note must not reveal the value
            kind = _KINDS.get(type(value), "a list" if isinstance(value, list) else "an object")
            self.note(name, f"is {kind}, not {wanted}")


def _whole(value: Any) -> Any:
    """Convert a float such as ``86400.0`` to an int; return any other value unchanged."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def read_flag(value: object) -> bool | None:
    """Return the boolean that a string or a number represents, or None."""
    return value if isinstance(value, bool) else _FLAGS.get(str(value).strip().lower())


def is_zero(value: Any) -> bool:
    """Check whether a value is the number 0, a string "0", or an all-zero address or CIDR block."""
    if isinstance(value, str):
        text = value.strip()
        return text.startswith(("0", ":")) and bool(_ZERO.fullmatch(text))
    return isinstance(value, int | float) and not isinstance(value, bool) and value == 0


def is_filled_value(value: Any) -> bool:
    """Check whether a value contains anything but nulls, blank strings, ``{}`` and ``[]``."""
    if value is None:
        return False
    if isinstance(value, str):
        return bool(value.strip())
    below = [value]  # no recursion: an answer may be nested deeper than Python's stack
    while below:
        one = below.pop()
        if isinstance(one, dict | list):
            below += one.values() if isinstance(one, dict) else one
        elif one is not None and not (isinstance(one, str) and not one.strip()):
            return True
    return False


def _kept(value: Any, reads: Reads) -> Any:
    """Return a copy of a value with only the fields that were read."""
    if isinstance(value, list):
        return [_kept(one, reads) for one in value]
    if not isinstance(value, dict):
        return value
    kept = {name: _kept(one, reads) for name, one in sorted(reads.get(id(value), {}).items())}
    return kept if is_filled_value(kept) or not is_filled_value(value) else {**kept, _MARK: "true"}


def _stand_in(value: Any) -> Any:
    """Return a placeholder of the value's type; return objects, null, booleans and zeros as is."""
    if isinstance(value, dict) or value is None or isinstance(value, bool) or is_zero(value):
        return value
    if not is_filled_value(value):
        return [] if isinstance(value, list) else ""
    if isinstance(value, list):
        return [_MARK]
    return {int: 2, float: 0.5}.get(type(value), _MARK)


def _only(kind: type, value: Any) -> Any:
    """Apply ``_stand_in`` to a value that is not a ``kind``; in a list, to each such item."""
    if isinstance(value, list):
        return [one if isinstance(one, kind) else _stand_in(one) for one in value]
    return value if isinstance(value, kind) else _stand_in(value)
