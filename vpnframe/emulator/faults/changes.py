"""Change an answer of the emulator before (``Edit``) or after (``Rewrite``) it is encoded."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias, TypeGuard

from vpnframe.cloud.messages import Response
from vpnframe.emulator.encoding import Json, Tree
from vpnframe.emulator.listing import LISTS

Edit: TypeAlias = Callable[[Tree], Tree]
Rewrite: TypeAlias = Callable[[Response], Response]

LIST_NAMES = ("Regions", *(listed.path[0] for listed in LISTS.values()))
_ID_NAMES = {"RegionId", *(listed.id_name for listed in LISTS.values())}


def on_objects(change: Edit) -> Edit:
    """Return an edit that applies ``change`` to every object in an answer, innermost first."""

    def edit(tree: Mapping[str, Json]) -> Tree:
        return change({name: walk(value) for name, value in tree.items()})

    def walk(value: Json) -> Json:
        if isinstance(value, Mapping):
            return edit(value)
        return [walk(item) for item in value] if _is_list(value) else value

    return edit


def _is_list(value: Json) -> TypeGuard[Sequence[Json]]:
    return isinstance(value, Sequence) and not isinstance(value, str)


def without(*names: str) -> Edit:
    """Return a function that removes all fields with these names from an answer."""
    return on_objects(lambda tree: {n: v for n, v in tree.items() if n not in names})


def replaced(value: Json, *names: str) -> Edit:
    """Return an edit that sets the named members to ``value`` in all objects that have them."""
    return on_objects(lambda tree: {n: value if n in names else v for n, v in tree.items()})


_UNKNOWN: Mapping[str, Json] = {"Depth": [1, None, "two", {"Psk2": False}]}
with_unknown_members = on_objects(
    lambda tree: {"FutureField": "x", **tree, "FutureBlock": _UNKNOWN}
)
# Booleans stay unchanged, because their type is not exactly int.
with_numbers_as_text = on_objects(
    lambda tree: {n: str(v) if type(v) is int else v for n, v in tree.items()}
)


def counted(n_more: int) -> Edit:
    """Return a function that adds ``n_more`` to the row count ``TotalCount`` of an answer."""
    return lambda tree: {
        name: value + n_more if name == "TotalCount" and isinstance(value, int) else value
        for name, value in tree.items()
    }


def on_rows(change: Callable[[list[Json]], list[Json]]) -> Edit:
    """Return an edit that applies ``change`` to the list of rows in an answer, if it has rows."""

    def walk(value: Json) -> Json:
        if isinstance(value, Mapping):
            return {name: walk(inner) for name, inner in value.items()}
        return change(list(value)) if value and _is_list(value) else value

    return lambda tree: {n: walk(v) if n in LIST_NAMES else v for n, v in tree.items()}


def without_first_row(tree: Tree) -> Tree:
    """Remove the first row, if any, from a list answer, and adjust ``TotalCount``."""
    fewer = on_rows(lambda rows: rows[1:])(tree)
    return fewer if fewer == tree else counted(-1)(fewer)


def without_first_id(rows: list[Json]) -> list[Json]:
    """Return all rows, but without the id fields of the first row."""
    first = rows[0] if isinstance(rows[0], Mapping) else {}
    return [{n: v for n, v in first.items() if n not in _ID_NAMES}, *rows[1:]]


def with_body(change: Callable[[bytes], bytes]) -> Rewrite:
    """Return a function that replaces the body of a response by ``change(body)``."""
    return lambda response: replace(response, body=change(response.body))


def with_object(change: Callable[[bytes], bytes]) -> Rewrite:
    """Return a function that applies ``change`` to the body if it is a nonempty JSON object."""
    return with_body(lambda body: change(body) if body[:1] == b"{" and len(body) > 2 else body)


def with_member(raw: bytes) -> Rewrite:
    """Return a function that inserts the encoded member ``raw`` first in a nonempty JSON object."""
    return with_object(lambda body: b"{" + raw + b"," + body[1:])


def with_header(name: str, value: str | None) -> Rewrite:
    """Return a function that sets a header of a response, or removes it if ``value`` is None."""

    def rewrite(response: Response) -> Response:
        headers = {n: v for n, v in {**response.headers, name: value}.items() if v is not None}
        return replace(response, headers=headers)

    return rewrite


def with_page(status: int, headers: Mapping[str, str], body: bytes) -> Rewrite:
    """Return a function that replaces all of a response except its ``Date`` header."""
    return lambda written: Response(status, {**headers, "date": written.headers["date"]}, body)


@with_object
def with_empty_doubles(body: bytes) -> bytes:
    """Repeat the name of each list or object in a JSON object, with an empty value.

    The repetition stands at the end; most parsers read the last of several values with one name.
    """
    blocks = {n: type(v)() for n, v in json.loads(body).items() if isinstance(v, (dict, list))}
    return body[:-1] + b"," + json.dumps(blocks).encode()[1:] if blocks else body
