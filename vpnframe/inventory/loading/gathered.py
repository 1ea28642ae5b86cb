"""Gather saved answers one by one, and report gaps and duplicates."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TypeVar

import msgspec

from vpnframe.cloud import retries
from vpnframe.cloud.actions import ACTIONS, LIST_OF_ONE
from vpnframe.cloud.answers import decode_download, decode_page
from vpnframe.cloud.messages import Response
from vpnframe.cloud.permissions import naming_permission
from vpnframe.errors import RequestError, StatusError
from vpnframe.inventory.loading.saved_routes import ROUTE_LISTS, SavedLists
from vpnframe.model.key_hints import connection_words, gateway_words
from vpnframe.model.notes import note_failure, odd_count
from vpnframe.model.psk import KeyJudge
from vpnframe.model.records import (
    Attachment,
    Failure,
    Gateway,
    Record,
    RouteEntry,
    Statement,
    Vpc,
)
from vpnframe.model.sources import with_attachments

R = TypeVar("R", bound=Record)

DOWNLOAD = "DownloadVpnConnectionConfig"
CONNECTIONS = "DescribeVpnConnections"
# A region has one of each of these lists; route lists exist once per gateway.
OF_REGION = (
    "DescribeVpnGateways",
    "DescribeCustomerGateways",
    "DescribeVpnAttachments",
    "DescribeVpcs",
)
# In the order of decoding: what identifies a key's owner is decoded before the keys.
READABLE = (
    *OF_REGION,
    *("DescribeVpnGateway", "DescribeCustomerGateway"),
    "DescribeVpnRouteEntries",
    "DescribeVpnPbrRouteEntries",
    "DescribeVcoRouteEntries",
    CONNECTIONS,
    "DescribeVpnConnection",
    DOWNLOAD,
)


@dataclass(frozen=True, slots=True, repr=False)
class Saved:
    """One answer and its file."""

    name: str
    stem: str
    region_id: str | None
    response: Response
    at_ms: int | None = None


@dataclass(slots=True)
class _List:
    """The combined content of the saved pages of one list in one region."""

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
    """The combined content of all files, by id."""

    downloads: dict[str, Statement] = field(default_factory=dict)
    listed: dict[str, Statement] = field(default_factory=dict)
    attached: dict[str, Attachment] = field(default_factory=dict)
    gateways: dict[str, Gateway] = field(default_factory=dict)
    vpcs: dict[str, Vpc] = field(default_factory=dict)
    routes: dict[str, RouteEntry] = field(default_factory=dict)
    route_lists: SavedLists = field(default_factory=SavedLists)
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


def learn_words(action: str, known: Gathered) -> None:
    """Collect the words that keys of a call may consist of, before its answers are decoded."""
    if known.judge is not None and action == CONNECTIONS:
        known.judge = replace(known.judge, words=gateway_words(known.gateways.values()))
    if known.judge is not None and action == DOWNLOAD:
        rows = with_attachments(known.listed, known.attached)
        words = {key: connection_words(row, known.judge.words) for key, row in rows.items()}
        known.judge = replace(known.judge, words=words)


def take(saved: Saved, known: Gathered, action: str) -> None:
    """Add one answer to the gathered data, or a failure that names the file."""
    try:
        if action == DOWNLOAD:
            _take_download(saved, known)
        else:
            _take_page(saved, known, action)
    except RequestError as error:
        lose(saved, known, error)


def lose(saved: Saved, known: Gathered, error: RequestError) -> None:
    """Record a failure for an unreadable answer; it counts as missing."""
    known.lost[saved.stem] = saved.region_id
    kind, message = retries.classify(error).kind, f"{saved.name}: {error}"
    action = _action_in_name(saved.stem) if kind == "denied" else None
    known.failures.append(
        Failure(
            kind=kind,
            message=naming_permission(message, action) if action else message,
            region_id=saved.region_id,
            vpn_connection_id=saved.stem if saved.stem.startswith("vco-") else None,
            code=error.code if isinstance(error, StatusError) else None,
            request_id=error.request_id if isinstance(error, StatusError) else None,
            at_ms=saved.at_ms,
        )
    )


def _action_in_name(stem: str) -> str | None:
    """Return the call that a file's name indicates; the body of a refusal does not name it."""
    if stem.startswith("vco-"):
        return DOWNLOAD
    return next((action for action in (*ACTIONS, *LIST_OF_ONE) if stem.startswith(action)), None)


def refuse(saved: Saved, action: str | None) -> Failure:
    """Return a failure for an answer of an unsupported or unknown call."""
    what = f"is an answer of {action}" if action else "is not a known answer"
    return Failure(
        kind="file",
        message=f"{saved.name} {what}; load reads {', '.join(READABLE)}",
        region_id=saved.region_id,
        action=action,
        at_ms=saved.at_ms,
    )


def _take_download(saved: Saved, known: Gathered) -> None:
    statement = decode_download(saved.response, vpn_connection_id=saved.stem, judge=known.judge)
    statement = msgspec.structs.replace(statement, fetched_ms=saved.at_ms)
    known.places.add(saved.region_id)
    _keep(saved, known, known.downloads, {saved.stem: statement})


def _take_page(saved: Saved, known: Gathered, action: str) -> None:
    page = decode_page(saved.response, action=action, judge=known.judge)
    stamp = {"fetched_ms": saved.at_ms, "request_id": page.request_id}
    rows = page.rows
    known.places.add(saved.region_id)
    is_list = action not in LIST_OF_ONE
    listed = {
        row.vpn_connection_id: msgspec.structs.replace(row, **stamp)
        for row in rows
        if isinstance(row, Statement)
    }
    attached = {row.vpn_connection_id: row for row in rows if isinstance(row, Attachment)}
    gateways = {row.gateway_id: row for row in rows if isinstance(row, Gateway)}
    vpcs = {row.vpc_id: row for row in rows if isinstance(row, Vpc)}
    routes = {
        _route_key(row): msgspec.structs.replace(row, fetched_ms=saved.at_ms)
        for row in rows
        if isinstance(row, RouteEntry)
    }
    if action in ROUTE_LISTS:
        total, at = page.total_count, saved.region_id
        known.route_lists.add(action, routes.values(), total=total, name=saved.stem, region_id=at)
    _keep(saved, known, known.listed, listed, may_repeat=not is_list)
    _keep(saved, known, known.attached, attached)
    _keep(saved, known, known.gateways, gateways, may_repeat=not is_list)
    _keep(saved, known, known.vpcs, vpcs)
    _keep(saved, known, known.routes, routes)
    count_note = None if page.count_note is None else odd_count(page.count_note)
    for note in (*page.notes, *filter(None, [count_note])):
        failure = note_failure(note, action=action, at_ms=saved.at_ms)
        known.failures.append(
            msgspec.structs.replace(
                failure,
                message=f"{saved.name}: {failure.message}",
                region_id=saved.region_id,
                request_id=page.request_id,
            )
        )
    here = known.lists[LIST_OF_ONE.get(action, action), saved.region_id]
    here.n_pages += is_list
    here.total = max(here.total, page.total_count or 0)
    here.ids |= listed.keys() | attached.keys() | gateways.keys() | vpcs.keys()
    here.n_unreadable += len(page.notes)
    here.has_odd_count |= page.count_note is not None


def _route_key(route: RouteEntry) -> str:
    """Return a key for a route, which has no id: its gateway or connection, and its entry id."""
    return f"{route.vpn_gateway_id or route.vpn_connection_id or ''} {route.entry_id}"


def _keep(
    saved: Saved,
    known: Gathered,
    kept: dict[str, R],
    rows: dict[str, R],
    *,
    may_repeat: bool = False,
) -> None:
    """Keep the first answer for each id; record each repetition as a failure unless permitted."""
    for key, row in rows.items():
        if key not in kept:
            kept[key] = row
            if saved.region_id:
                known.regions.setdefault(key, saved.region_id)
        elif not (may_repeat and _without_source(kept[key]) == _without_source(row)):
            known.failures.append(
                Failure(
                    kind="file",
                    message=f"{saved.name} contains {key} again; the first answer is kept",
                    region_id=saved.region_id,
                    at_ms=saved.at_ms,
                )
            )


def _without_source(row: Record) -> Record:
    """Return a row without its fetch time and request id."""
    known = {"fetched_ms", "request_id"} & set(row.__struct_fields__)
    return msgspec.structs.replace(row, **dict.fromkeys(known))
