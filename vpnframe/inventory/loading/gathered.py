"""Collect the records of saved API responses; duplicate and unreadable ones become failures."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from vpnframe.cloud import retries
from vpnframe.cloud.actions import (
    ACTIONS,
    CONNECTIONS,
    DOWNLOAD,
    LIST_OF_ONE,
    LISTS,
    REGION_LISTS,
    ROUTE_LISTS,
    Action,
)
from vpnframe.cloud.answers import action_of, decode_download, decode_page
from vpnframe.cloud.messages import Response
from vpnframe.cloud.notes import note_failure, odd_count
from vpnframe.cloud.permissions import naming_permission
from vpnframe.errors import RequestError, StatusError
from vpnframe.inventory.loading.saved_routes import RouteAnswer, RouteAnswers
from vpnframe.model.key_hints import connection_words, gateway_words
from vpnframe.model.psk import KeyJudge
from vpnframe.model.records import Failure, FailureKind, Record, RouteEntry, Statement
from vpnframe.model.sources import with_attachments

# In the order of decoding: what identifies a key's owner is decoded before the keys.
READABLE = (
    *(action.name for action in REGION_LISTS if action.name != CONNECTIONS),
    *(one for one, name in LIST_OF_ONE.items() if name != CONNECTIONS),
    *ROUTE_LISTS,
    CONNECTIONS,
    *(one for one, name in LIST_OF_ONE.items() if name == CONNECTIONS),
    DOWNLOAD,
)


@dataclass(frozen=True, slots=True, repr=False)
class Saved:
    """One saved API response, with the name, stem, region and time of its file."""

    name: str
    stem: str
    region_id: str | None
    response: Response
    at_ms: int | None = None

    def failure(self, kind: FailureKind, message: str, **more: Any) -> Failure:
        """Return a failure that names the region and the time of this response."""
        return Failure(
            kind=kind, message=message, region_id=self.region_id, at_ms=self.at_ms, **more
        )


@dataclass(slots=True)
class _List:
    """Totals over the saved pages of one list call in one region."""

    n_pages: int = 0
    total: int = 0
    ids: set[str] = field(default_factory=set)
    n_unreadable: int = 0
    has_odd_count: bool = False

    @property
    def n_rows(self) -> int:
        return len(self.ids) + self.n_unreadable

    @property
    def is_whole(self) -> bool:
        return self.n_pages > 0 and self.n_rows >= self.total and not self.has_odd_count


@dataclass(slots=True)
class Gathered:
    """The records of all files by resource id, and the failures so far."""

    downloads: dict[str, Statement] = field(default_factory=dict)
    # The rows by id, as listed; by the name of the table to which they belong
    rows: dict[str, dict[str, Any]] = field(
        default_factory=lambda: {action.table: {} for action in LISTS.values()}
    )
    route_answers: RouteAnswers = field(default_factory=RouteAnswers)
    regions: dict[str, str] = field(default_factory=dict)
    lists: defaultdict[tuple[str, str | None], _List] = field(
        default_factory=lambda: defaultdict(_List)
    )
    gaps: set[str | None] = field(default_factory=set)
    lost: dict[str, str | None] = field(default_factory=dict)
    places: set[str | None] = field(default_factory=set)
    failures: list[Failure] = field(default_factory=list)
    unguarded: list[str] = field(default_factory=list)
    judge: KeyJudge | None = None

    def action_of(self, saved: Saved) -> str | None:
        """Return a response's API action. If it is unusable, add a failure instead."""
        try:
            action = action_of(saved.response)
        except RequestError as error:
            self._lose(saved, error)
            return None
        if action in READABLE:
            return action
        what = f"is an answer of {action}" if action else "is not a known answer"
        message = f"{saved.name} {what}: load only reads answers of {', '.join(READABLE)}"
        self.failures.append(saved.failure("file", message, action=action))
        return None

    def learn_words(self, action: str) -> None:
        """Set the words that keys may contain; call before decoding ``action``'s responses."""
        if self.judge is None:
            return
        if action == CONNECTIONS:
            self.judge = replace(self.judge, words=gateway_words(self.rows["gateways"].values()))
        elif action == DOWNLOAD:
            rows = with_attachments(self.rows["connections"], self.rows["attachments"])
            words = {key: connection_words(row, self.judge.words) for key, row in rows.items()}
            self.judge = replace(self.judge, words=words)

    def take(self, saved: Saved, action: str) -> None:
        """Add the records of one response; if the response is unreadable, add a failure instead."""
        try:
            if action != DOWNLOAD:
                self._take_page(saved, action)
                return
            found = decode_download(saved.response, vpn_connection_id=saved.stem, judge=self.judge)
            found = msgspec.structs.replace(found, fetched_ms=saved.at_ms)
            self.places.add(saved.region_id)
            self._keep(saved, self.downloads, {saved.stem: found})
        except RequestError as error:
            self._lose(saved, error)

    def _lose(self, saved: Saved, error: RequestError) -> None:
        """Record a failure for an unreadable response, whose connection then counts as not read."""
        self.lost[saved.stem] = saved.region_id
        kind, message = retries.classify(error).kind, f"{saved.name}: {error}"
        is_download = saved.stem.startswith("vco-")
        # Only the file's name indicates the call of a refusal.
        actions = [name for name in (*ACTIONS, *LIST_OF_ONE) if saved.stem.startswith(name)]
        if kind == "denied" and (is_download or actions):
            message = naming_permission(message, DOWNLOAD if is_download else actions[0])
        self.failures.append(
            saved.failure(
                kind,
                message,
                vpn_connection_id=saved.stem if is_download else None,
                code=error.code if isinstance(error, StatusError) else None,
                request_id=error.request_id if isinstance(error, StatusError) else None,
            )
        )

    def _take_page(self, saved: Saved, action: str) -> None:
        page = decode_page(saved.response, action=action, judge=self.judge)
        self.places.add(saved.region_id)
        is_list = action not in LIST_OF_ONE
        listed = LISTS[LIST_OF_ONE.get(action, action)]
        here = self.lists[listed.name, saved.region_id]
        rows: dict[str, Any] = {_id_of(row, listed): row for row in page.rows}
        if listed.table in ("connections", "routes"):
            stamp = {"fetched_ms": saved.at_ms}
            rows = {key: msgspec.structs.replace(row, **stamp) for key, row in rows.items()}
        here.ids |= rows.keys()
        self._keep(saved, self.rows[listed.table], rows, may_repeat=not is_list)
        if action in ROUTE_LISTS:
            routes, at = tuple(rows.values()), saved.region_id
            answer = RouteAnswer(action, routes, page.total_count, saved.stem, at)
            self.route_answers.answers.append(answer)
        count_notes = [] if page.count_note is None else [odd_count(page.count_note)]
        for note in (*page.notes, *count_notes):
            told = note_failure(note, action=action)
            message, more = f"{saved.name}: {told.message}", {"request_id": page.request_id}
            self.failures.append(saved.failure(told.kind, message, action=action, **more))
        here.n_pages += is_list
        here.total = max(here.total, page.total_count or 0)
        here.n_unreadable += len(page.notes)
        here.has_odd_count |= page.count_note is not None

    def _keep(
        self, saved: Saved, kept: dict[str, Any], rows: dict[str, Any], *, may_repeat: bool = False
    ) -> None:
        """Add the records to ``kept``; of several records with the same id, keep the first.

        Each repetition is recorded as a failure, unless ``may_repeat`` is true and the records are
        equal.
        """
        for key, row in rows.items():
            if key not in kept:
                kept[key] = row
                if saved.region_id:
                    self.regions.setdefault(key, saved.region_id)
            elif not (may_repeat and _without_source(kept[key]) == _without_source(row)):
                message = f"{saved.name} contains {key} again: the row that was read first is kept"
                self.failures.append(saved.failure("file", message))


def _id_of(row: Any, listed: Action) -> str:
    """Return what identifies a row among all rows of its table: routes have no id of their own."""
    row_id = getattr(row, listed.record_id)
    if isinstance(row, RouteEntry):
        return f"{row.vpn_gateway_id or row.vpn_connection_id or ''} {row_id}"
    return str(row_id)


def _without_source(row: Record) -> Record:
    """Return a record without its fetch time and request id."""
    known = {"fetched_ms", "request_id"} & set(row.__struct_fields__)
    return msgspec.structs.replace(row, **dict.fromkeys(known))
