"""Fetch a whole listing, page by page, without duplicates, and report what is missing."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType

import msgspec

from vpnframe.cloud.actions import ACTIONS, PAGE_SIZE
from vpnframe.cloud.answers import Page, decode_page
from vpnframe.cloud.messages import Response
from vpnframe.errors import ResponseError
from vpnframe.fetching.caller import Caller, Place
from vpnframe.fetching.packed import PackedRecords
from vpnframe.model.notes import note_failure, odd_count
from vpnframe.model.psk import KeyJudge
from vpnframe.model.records import Failure, Note, Row, Rows

_ID_OF = {
    "DescribeCustomerGateways": "gateway_id",
    "DescribeRegions": "region_id",
    "DescribeVcoRouteEntries": "entry_id",
    "DescribeVpcs": "vpc_id",
    "DescribeVpnAttachments": "vpn_connection_id",
    "DescribeVpnConnections": "vpn_connection_id",
    "DescribeVpnGateways": "gateway_id",
    "DescribeVpnPbrRouteEntries": "entry_id",
    "DescribeVpnRouteEntries": "entry_id",
}
_NOTHING: Mapping[str, str] = MappingProxyType({})
_MOST_PASSES = 3
# Consecutive pages without a new row.
_MOST_IDLE = 10
_decode_row = msgspec.msgpack.Decoder(Row).decode


@dataclass(slots=True)
class Listing:
    """The result of one list call in all its pages."""

    rows: PackedRecords = field(default_factory=PackedRecords)  # by id
    seen: set[str] = field(default_factory=set)  # their ids, while pages are read
    n_expected: int = 0  # number of rows as the cloud counts them
    failure: Failure | None = None  # why it ended early
    # Why a further pass ended early: no row is missing, but that is not confirmed
    doubt: Failure | None = None
    notes: list[Note] = field(default_factory=list)  # rows that could not be decoded
    n_pages: int = 0  # pages of one pass
    is_agreed: bool = True  # whether a second pass, if needed, returned the same ids
    # The total counts of its pages; a page may have none
    counts: set[int] = field(default_factory=set)
    # An invalid count: it is then unknown whether these are all rows
    count_note: Note | None = None

    @property
    def n_collected(self) -> int:
        """Number of rows received, without duplicates, including undecodable ones."""
        return len(self.rows) + len(self.notes)

    @property
    def is_stable(self) -> bool:
        """Whether as many rows were read as the cloud counts, and two passes agree."""
        is_counted = self.n_collected == self.n_expected and self.count_note is None
        return self.failure is None and is_counted and self.is_agreed

    @property
    def is_short(self) -> bool:
        """Whether rows are missing that the cloud counts, though no call failed."""
        return self.failure is None and self.n_collected < self.n_expected

    @property
    def is_whole(self) -> bool:
        """Whether it was read to its end, and contains all rows that the cloud counts."""
        return self.failure is None and self.count_note is None and not self.is_short

    def failures(self, action: str, *, at_ms: int) -> Iterator[Failure]:
        """Yield failures for what was not read or decoded, without account and region."""
        yield from (failure for failure in (self.failure, self.doubt) if failure)
        if self.is_short:
            told = f"{self.n_expected} rows are counted, {self.n_collected} were given"
            yield Failure(kind="malformed", message=told, action=action, at_ms=at_ms)
        if self.count_note is not None:
            yield note_failure(odd_count(self.count_note), action=action, at_ms=at_ms)
        for note in self.notes:
            yield note_failure(note, action=action, at_ms=at_ms)

    def put(self, key: str, row: Row | msgspec.Raw) -> None:
        """Store a row, unless its id is already present."""
        if key not in self.seen:
            self.seen.add(key)
            self.rows.put(key, row)


async def fetch_listing(
    caller: Caller,
    action: str,
    place: Place,
    *,
    about: Mapping[str, str] = _NOTHING,
    judge: KeyJudge | None = None,
) -> Listing:
    """Fetch every page of a list call; two or three times if one pass is not conclusive.

    A deletion and a creation between two pages hide a row although all counts agree, and there may
    be fewer rows than counted. List calls are cheap.
    """
    passes = [await fetch_pass(caller, action, place, about=about, judge=judge)]
    is_sure = passes[0].n_pages <= 1 and passes[0].is_stable
    while passes[-1].failure is None and len(passes) < _MOST_PASSES and not is_sure:
        latest = await fetch_pass(caller, action, place, about=about, judge=judge)
        if any(_agree(one, latest) for one in passes):
            return latest
        passes.append(latest)
    return passes[0] if len(passes) == 1 else _united(passes)


def _agree(one: Listing, other: Listing) -> bool:
    """Check whether two passes have the same rows, as many as each of their pages counts.

    A row that appears and disappears between two pages hides another; only the count shows it.
    """
    are_sound = all(listing.is_stable and len(listing.counts) <= 1 for listing in (one, other))
    return are_sound and one.seen == other.seen


def _united(passes: list[Listing]) -> Listing:
    """Merge the rows of all passes, each as returned by its latest pass."""
    united = Listing(
        n_expected=max(one.n_expected for one in passes),
        # A pass that failed after a whole one affects agreement, not rows.
        failure=passes[0].failure,
        doubt=passes[-1].failure,
        notes=passes[-1].notes,
        n_pages=passes[0].n_pages,
        is_agreed=False,
        count_note=next((one.count_note for one in passes if one.count_note), None),
    )
    for one in reversed(passes):
        for key, row in one.rows.raw():
            united.put(key, row)
    return united


async def fetch_pass(
    caller: Caller,
    action: str,
    place: Place,
    *,
    about: Mapping[str, str] = _NOTHING,
    judge: KeyJudge | None = None,
) -> Listing:
    """Fetch every page of a list call once."""
    listing, number, n_idle = Listing(), 1, 0
    while True:
        paging = {"PageNumber": str(number), "PageSize": str(PAGE_SIZE)}
        params = {**about, **(paging if ACTIONS[action].is_paged else {})}
        decode = partial(_decode, action=action, number=number, judge=judge)
        page = await caller.ask(action, place, params, decode)
        if isinstance(page, Failure):
            listing.failure = page
            return listing
        # Without a count, an empty page after one that was not full only confirms the end.
        is_formality = page.total_count is None and listing.n_collected < (number - 1) * PAGE_SIZE
        listing.n_pages += bool(page.rows or page.notes or not is_formality)
        n_before = len(listing.rows)
        _add(listing, page, action)
        n_idle = 0 if len(listing.rows) > n_before else n_idle + 1
        # Rows that cannot be decoded may be repeated ones, and the count may be wrong.
        may_go_on = page.notes and n_idle < _MOST_IDLE and number * PAGE_SIZE < _total(page)
        is_over = (n_idle > 0 and not may_go_on) or _is_reached(listing, page)
        if is_over or not ACTIONS[action].is_paged:
            return listing
        number += 1


def _decode(response: Response, *, action: str, number: int, judge: KeyJudge | None) -> Page:
    """Decode one page; raise ResponseError, which is retried, if it lacks the rows it counts."""
    page = decode_page(response, action=action, judge=judge)
    if page.rows or page.notes:
        return page
    if not ACTIONS[action].is_paged:  # every account has regions
        raise ResponseError(f"the answer of {action} lists nothing")
    n_before = (number - 1) * PAGE_SIZE
    if page.total_count is not None and page.total_count > n_before:
        raise ResponseError(f"page {number} is empty, though {page.total_count} rows are counted")
    return page


def _is_reached(listing: Listing, page: Page) -> bool:
    """Check whether all counted rows were received; after a full page there may be more."""
    is_full = len(page.rows) + len(page.notes) >= PAGE_SIZE
    n_beyond = listing.n_collected - _total(page)
    return n_beyond == 0 or (n_beyond > 0 and not is_full)


def _total(page: Page) -> float:
    """Return the number of rows; infinity without a count, so that only an empty page ends."""
    return math.inf if page.total_count is None else page.total_count


def _add(listing: Listing, page: Page, action: str) -> None:
    for row in page.rows:
        listing.put(getattr(row, _ID_OF[action]), row)
    listing.notes += page.notes
    listing.count_note = listing.count_note or page.count_note
    if page.total_count is not None:
        listing.counts.add(page.total_count)
        listing.n_expected = page.total_count
    elif not listing.counts:
        listing.n_expected = listing.n_collected


async def recall_listing(
    caller: Caller,
    action: str,
    place: Place,
    *,
    about: Mapping[str, str] = _NOTHING,
    judge: KeyJudge | None = None,
) -> Listing:
    """Return a listing from the checkpoint if an earlier run read it, and fetch it otherwise."""
    listing = await _recall_or_fetch(caller, action, place, about, judge)
    listing.rows, listing.seen = listing.rows.in_order(), set()
    return listing


async def _recall_or_fetch(
    caller: Caller, action: str, place: Place, about: Mapping[str, str], judge: KeyJudge | None
) -> Listing:
    if caller.checkpoint is None:
        return await fetch_listing(caller, action, place, about=about, judge=judge)
    key = (caller.name, place.region_id or "", action)
    subject = "/".join(about.values())
    known = caller.checkpoint.recall(*key, subject)
    if isinstance(known, Rows):
        return _unpacked(known, action)
    listing = await fetch_listing(caller, action, place, about=about, judge=judge)
    if listing.failure is None and listing.doubt is None and listing.count_note is None:
        kept = Rows(
            rows=tuple(row for _, row in listing.rows.raw()),
            n_expected=listing.n_expected,
            is_stable=listing.is_stable,
            notes=tuple(listing.notes),
        )
        await caller.checkpoint.keep(*key, kept, subject=subject)
    return listing


def _unpacked(known: Rows, action: str) -> Listing:
    listing = Listing(
        n_expected=known.n_expected, notes=list(known.notes), is_agreed=known.is_stable
    )
    for raw in known.rows:
        listing.put(getattr(_decode_row(raw), _ID_OF[action]), raw)
    return listing
