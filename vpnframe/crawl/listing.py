"""A whole listing, page by page, without doubles and with what is missing said."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

import msgspec

from vpnframe.cloud.actions import ACTIONS, PAGE_SIZE
from vpnframe.cloud.answers import Page, decode_page
from vpnframe.crawl.caller import Caller, Place
from vpnframe.records import Failure, Note, Record, Statement

_ID_OF = {
    "DescribeCustomerGateways": "gateway_id",
    "DescribeRegions": "region_id",
    "DescribeVpnAttachments": "vpn_connection_id",
    "DescribeVpnConnections": "vpn_connection_id",
    "DescribeVpnGateways": "gateway_id",
}


@dataclass(slots=True)
class Listing:
    """What one list call gave in all its pages.

    Parameters
    ----------
    rows : dict of str to Record
        By id.
    n_expected : int
        Rows that there are, as the cloud counts them.
    failure : Failure or None
        Why it ended early.
    notes : list of Note
        Rows that could not be read.
    """

    rows: dict[str, Record] = field(default_factory=dict)
    n_expected: int = 0
    failure: Failure | None = None
    notes: list[Note] = field(default_factory=list)

    @property
    def n_collected(self) -> int:
        """Rows that came, each counted once, those that could not be read among them."""
        return len(self.rows) + len(self.notes)

    @property
    def is_stable(self) -> bool:
        """Whether as many rows were read as the cloud counts."""
        return self.failure is None and self.n_collected == self.n_expected


async def fetch_listing(caller: Caller, action: str, place: Place) -> Listing:
    """Fetch every page of a list call.

    Parameters
    ----------
    caller : Caller
        Of one account.
    action : str
        A list call.
    place : Place
        Host and region.

    Returns
    -------
    Listing
        Rows move between pages while one reads: doubles are dropped, pages are asked for until
        the count is reached or one has nothing new, and a count that does not agree is told by
        ``is_stable``.
    """
    listing, number = Listing(), 1
    while True:
        paging = {"PageNumber": str(number), "PageSize": str(PAGE_SIZE)}
        params = paging if ACTIONS[action].is_paged else {}
        page = await caller.ask(action, place, params, partial(decode_page, action=action))
        if isinstance(page, Failure):
            listing.failure = page
            return listing
        n_before = listing.n_collected
        _add(listing, page, action)
        if not ACTIONS[action].is_paged or listing.n_collected == n_before:
            return listing
        if _is_last(page, listing.n_collected):
            return listing
        number += 1


def _is_last(page: Page, n_collected: int) -> bool:
    """Whether the count is reached; without a count, whether the page was not full."""
    if page.total_count is None:
        return len(page.rows) + len(page.notes) < PAGE_SIZE
    return n_collected >= page.total_count


def _add(listing: Listing, page: Page, action: str) -> None:
    for row in page.rows:
        if isinstance(row, Statement):
            row = msgspec.structs.replace(row, request_id=page.request_id)  # noqa: PLW2901
        listing.rows.setdefault(getattr(row, _ID_OF[action]), row)
    listing.notes += page.notes
    listing.n_expected = listing.n_collected if page.total_count is None else page.total_count
