"""Read all pages of a list call without duplicate rows, and report what is missing."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

import msgspec

from vpnframe.cloud.actions import LISTS, PAGE_SIZE
from vpnframe.cloud.answers import Page, decode_page
from vpnframe.cloud.messages import Response
from vpnframe.cloud.notes import note_failure, odd_count
from vpnframe.cloud.retries import PASSING
from vpnframe.errors import ResponseError
from vpnframe.fetching.caller import Caller, Place
from vpnframe.fetching.packed import PackedRecords
from vpnframe.model.psk import KeyJudge
from vpnframe.model.records import Failure, Note, Row, Rows

_MOST_PASSES = 3
_MOST_IDLE = 10  # consecutive pages without a new row
_decode_row = msgspec.msgpack.Decoder(Row).decode


@dataclass(slots=True)
class Listing:
    """The rows from all pages of a list, and what is missing or uncertain."""

    rows: PackedRecords = field(default_factory=PackedRecords)  # by id
    seen: set[str] = field(default_factory=set)  # ids of the rows, while pages are read
    n_expected: int = 0  # number of rows as the cloud counts them
    failure: Failure | None = None  # why reading ended early
    doubt: Failure | None = None  # why a later pass failed; the rows of the first are unconfirmed
    notes: list[Note] = field(default_factory=list)  # rows that could not be decoded
    n_pages: int = 0  # pages of one pass
    is_agreed: bool = True  # whether a second pass, if needed, returned the same ids
    counts: set[int] = field(default_factory=set)  # the different total counts in the pages
    count_note: Note | None = None  # set if a total count is invalid, so that rows may be missing

    @property
    def n_collected(self) -> int:
        """Number of different rows that were received, including rows that could not be decoded."""
        return len(self.rows) + len(self.notes)

    @property
    def is_stable(self) -> bool:
        """Whether no call failed, and the rows agree with the cloud's count and other passes."""
        is_counted = self.n_collected == self.n_expected and self.count_note is None
        return self.failure is None and is_counted and self.is_agreed

    @property
    def is_short(self) -> bool:
        """Whether no call failed, but fewer rows were read than the cloud counts."""
        return self.failure is None and self.n_collected < self.n_expected

    @property
    def is_whole(self) -> bool:
        """Whether all pages were read, with at least as many rows as the cloud counts."""
        return self.failure is None and self.count_note is None and not self.is_short

    @property
    def may_succeed(self) -> bool:
        """Whether the list failed for a transient reason, so that a retry can succeed."""
        return self.failure is not None and self.failure.kind in PASSING

    def failures(self, action: str, *, at_ms: int) -> Iterator[Failure]:
        """Yield the failures of the list; their account and region are filled in later."""
        yield from (failure for failure in (self.failure, self.doubt) if failure)
        if self.is_short:
            message = f"the cloud counts {self.n_expected} rows, but returned {self.n_collected}"
            yield Failure(kind="malformed", message=message, action=action, at_ms=at_ms)
        odd = [odd_count(self.count_note)] if self.count_note else []
        for note in [*odd, *self.notes]:
            yield note_failure(note, action=action, at_ms=at_ms)

    def put(self, key: str, row: Row | msgspec.Raw) -> None:
        """Store a row under its id, unless a row with this id was already stored."""
        if key not in self.seen:
            self.seen.add(key)
            self.rows.put(key, row)

    def take(self, page: Page, action: str) -> None:
        """Store the rows and the total count of a page."""
        for row in page.rows:
            self.put(getattr(row, LISTS[action].record_id), row)
        self.notes += page.notes
        self.count_note = self.count_note or page.count_note
        if page.total_count is not None:
            self.counts.add(page.total_count)
            self.n_expected = page.total_count
        elif not self.counts:
            self.n_expected = self.n_collected

    def agrees(self, other: Listing) -> bool:
        """Check whether both passes are stable, with equal ids and an unchanging row count."""
        are_sound = all(one.is_stable and len(one.counts) <= 1 for one in (self, other))
        return are_sound and self.seen == other.seen


@dataclass(frozen=True, slots=True)
class ListCall:
    """A list call in one region, which reads all pages of the list."""

    caller: Caller
    action: str
    place: Place
    about: Mapping[str, str] = field(default_factory=dict)  # parameters that narrow the list
    judge: KeyJudge | None = None  # assesses the pre-shared keys in the rows

    async def recall(self) -> Listing:
        """Return the stored list, or read one; store it if its calls and counts are valid."""
        checkpoint, key = self.caller.checkpoint, self.caller.key(self.action, self.place)
        subject = "/".join(self.about.values())
        known = checkpoint.recall(*key, subject) if checkpoint else None
        if isinstance(known, Rows):
            listing = Listing(
                n_expected=known.n_expected, notes=list(known.notes), is_agreed=known.is_stable
            )
            for raw in known.rows:
                listing.put(getattr(_decode_row(raw), LISTS[self.action].record_id), raw)
        else:
            listing = await self.fetch()
            if checkpoint and not (listing.failure or listing.doubt or listing.count_note):
                kept = Rows(
                    rows=tuple(row for _, row in listing.rows.raw()),
                    n_expected=listing.n_expected,
                    is_stable=listing.is_stable,
                    notes=tuple(listing.notes),
                )
                await checkpoint.keep(*key, kept, subject=subject)
        listing.rows, listing.seen = listing.rows.in_order(), set()
        return listing

    async def fetch(self) -> Listing:
        """Read all pages, and up to two more times if the first pass may have missed rows.

        A pass over several pages may always have missed rows: if one row is deleted and another one
        is created meanwhile, a row can be missed although the number of rows is correct. If no two
        passes agree, the result has the rows of all passes.
        """
        passes = [await self.fetch_pass()]
        is_sure = passes[0].n_pages <= 1 and passes[0].is_stable
        while passes[-1].failure is None and len(passes) < _MOST_PASSES and not is_sure:
            latest = await self.fetch_pass()
            if any(one.agrees(latest) for one in passes):
                return latest
            passes.append(latest)
        return passes[0] if len(passes) == 1 else _united(passes)

    async def fetch_pass(self) -> Listing:
        """Read all pages once; if one fails, return the failure and the rows before it."""
        listing, number, n_idle = Listing(), 1, 0
        is_paged = LISTS[self.action].is_paged
        while True:
            paging = {"PageNumber": str(number), "PageSize": str(PAGE_SIZE)} if is_paged else {}
            decode = partial(self._decode, number=number)
            page = await self.caller.ask(self.action, self.place, {**self.about, **paging}, decode)
            if isinstance(page, Failure):
                listing.failure = page
                return listing
            # Without a count, an empty page after a page that was not full only confirms the end.
            was_full = listing.n_collected >= (number - 1) * PAGE_SIZE
            has_any = bool(page.rows or page.notes)
            listing.n_pages += has_any or page.total_count is not None or was_full
            n_before = len(listing.rows)
            listing.take(page, self.action)
            n_idle = 0 if len(listing.rows) > n_before else n_idle + 1
            # Without a count, only a page without new rows ends the listing.
            total = math.inf if page.total_count is None else page.total_count
            # Rows that cannot be decoded may be duplicates, and the count may be wrong.
            may_go_on = page.notes and n_idle < _MOST_IDLE and number * PAGE_SIZE < total
            # After a full page there may be more rows than counted.
            n_beyond = listing.n_collected - total
            is_full = len(page.rows) + len(page.notes) >= PAGE_SIZE
            is_reached = n_beyond == 0 or (n_beyond > 0 and not is_full)
            if is_reached or (n_idle > 0 and not may_go_on) or not is_paged:
                return listing
            number += 1

    def _decode(self, response: Response, *, number: int) -> Page:
        """Decode a page; raise ResponseError if it is empty although it should have rows."""
        page = decode_page(response, action=self.action, judge=self.judge)
        if page.rows or page.notes:
            return page
        if not LISTS[self.action].is_paged:  # every account has regions
            raise ResponseError(f"{self.action} returned an empty list, which is not plausible")
        count = page.total_count or 0
        if count > (number - 1) * PAGE_SIZE:
            raise ResponseError(f"page {number} is empty, though the cloud counts {count} rows")
        return page


def _united(passes: list[Listing]) -> Listing:
    """Combine the rows of several passes; the last pass with an id provides that id's row."""
    united = Listing(
        n_expected=max(one.n_expected for one in passes),
        # If only a later pass failed, no row is missing, but the rows are not confirmed.
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


async def explain_gone(
    failure: Failure, caller: Caller, place: Place, about: Mapping[str, str]
) -> Failure:
    """Change a failure's kind from ``gone`` to ``unavailable`` if the resource may still exist."""
    if failure.kind != "gone":
        return failure
    ((parameter, thing_id),) = about.items()
    for action in (one.name for one in LISTS.values() if parameter in one.id_fields):
        listing = await ListCall(caller, action, place, about).fetch_pass()
        if thing_id in listing.seen:
            why = f"{action} still shows it"
        elif listing.failure is not None:
            why = f"{action} failed, so it is not known whether it still shows it"
        else:
            continue
        message = f"{failure.message.rstrip('.')}; {why}"
        return msgspec.structs.replace(failure, kind="unavailable", message=message)
    return failure
