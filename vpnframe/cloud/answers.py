"""Decode API responses to records by an allow-list of fields.

No record contains a pre-shared key. A record contains whether a key is present and, if a
:class:`~vpnframe.model.psk.KeyJudge` is passed, facts about the key. Only this module,
:mod:`~vpnframe.cloud.trees` and :mod:`~vpnframe.cloud.fields` see pre-shared keys.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import msgspec

from vpnframe.cloud import rows
from vpnframe.cloud.actions import ACTION_BY_KEY, DOWNLOAD, LIST_OF_ONE, LISTS
from vpnframe.cloud.fields import Fields
from vpnframe.cloud.messages import Response
from vpnframe.cloud.trees import read_tree
from vpnframe.errors import ResponseError
from vpnframe.model.psk import KeyJudge
from vpnframe.model.records import Note, Row, Statement

R = TypeVar("R", bound=Row)

# No region has 16 million of anything: a larger TotalCount makes no sense.
_COUNT_BITS = 25


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list, decoded to records."""

    rows: tuple[Row, ...]  # records; their type depends on the action
    total_count: int | None = None  # number of rows on all pages, as the answer reports it
    request_id: str | None = None  # for a support ticket
    notes: tuple[Note, ...] = ()  # on rows that could not be read at all
    # Set if the answer has an implausible total count; ``total_count`` is then None
    count_note: Note | None = None


def decode_download(
    response: Response, *, vpn_connection_id: str, judge: KeyJudge | None = None
) -> Statement:
    """Decode a response of DownloadVpnConnectionConfig to the settings of a connection."""
    answer = _fields(response, judge)
    statement = rows.downloaded_connection(answer, vpn_connection_id=vpn_connection_id)
    if not rows.says_anything(statement):
        raise ResponseError(
            "the answer has no VpnConnectionConfig with values that vpnframe can read",
            is_empty=True,
        )
    return _with_action(statement, DOWNLOAD)


def decode_page(response: Response, *, action: str, judge: KeyJudge | None = None) -> Page:
    """Decode a page of a list, or a response that describes one resource, to records."""
    return page_of(_fields(response, judge), action)


def page_of(answer: Fields, action: str) -> Page:
    """Decode a parsed response to a page of records."""
    request_id = answer.text("RequestId")
    counting = answer.apart()
    total_count = counting.number("TotalCount", bits=_COUNT_BITS)
    list_action = LIST_OF_ONE.get(action, action)
    records: list[Row] = []
    for row in _rows_of(answer, action, total_count):
        record = decode_row(list_action, row)
        if record is None:
            row.note(LISTS[list_action].id_fields[0], "is missing: this row is skipped")
        elif isinstance(record, Statement):
            records.append(msgspec.structs.replace(record, request_id=request_id))
        else:
            records.append(record)
    return Page(
        rows=tuple(records),
        total_count=total_count,
        request_id=request_id,
        notes=answer.notes,
        count_note=next(iter(counting.notes), None),
    )


def decode_row(action: str, row: Fields) -> Row | None:
    """Decode a row of a list call to a record; return None if the row has no id."""
    row, declared = row.apart(), LISTS[action]
    row_id = row.text(*declared.id_fields)
    record = declared.decode(row, row_id) if row_id and declared.decode else None
    return None if record is None else _with_action(record, action)


def _with_action(record: R, action: str) -> R:
    """Return a record whose notes name the API action that sent the values."""
    notes: tuple[Note, ...] = getattr(record, "notes", ())
    if not notes:
        return record
    named = tuple(msgspec.structs.replace(note, action=action) for note in notes)
    return msgspec.structs.replace(record, notes=named)


def _rows_of(answer: Fields, action: str, total_count: int | None) -> list[Fields]:
    """Return the rows of a response; a response that describes one resource has one row."""
    declared = LISTS[LIST_OF_ONE.get(action, action)]
    (outer, inner), id_field = declared.list_path, declared.id_fields[0]
    is_one = action in LIST_OF_ONE
    is_there = answer.text(id_field) if is_one else answer.holds(outer) or total_count == 0
    if not is_there:
        missing = id_field if is_one else outer
        raise ResponseError(f"the answer has no {missing}: is it an answer of {action}?")
    return [answer] if is_one else answer.rows(outer, inner, mark=id_field)


def decode_account_id(response: Response) -> str:
    """Return the id of the main account from a response of GetCallerIdentity."""
    account_id = _fields(response).text("AccountId")
    if account_id is None:
        raise ResponseError("the answer has no AccountId")
    return account_id


def action_of(response: Response) -> str | None:
    """Return the API action that a saved JSON or XML response belongs to; None if it is unknown."""
    tree, root = read_tree(response)
    for key, action in ACTION_BY_KEY.items():
        if key in tree:
            return action
    if root is not None:
        return root.removesuffix("Response")
    for one, list_action in LIST_OF_ONE.items():
        declared = LISTS[list_action]
        if declared.id_fields[0] in tree and any(name in tree for name in declared.shown_with):
            return one
    return "GetCallerIdentity" if {"AccountId", "Arn"} <= tree.keys() else None


def _fields(response: Response, judge: KeyJudge | None = None) -> Fields:
    return Fields(read_tree(response)[0], [], judge=judge)
