"""A whole listing, page by page, without doubles and with what is missing said."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

from vpnframe.cloud.actions import ACTIONS, PAGE_SIZE
from vpnframe.cloud.answers import Page, decode_page
from vpnframe.crawl.caller import Caller, Place
from vpnframe.records import Failure, Note, Record

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
    def is_stable(self) -> bool:
        """Whether as many rows were read as the cloud counts."""
        return self.failure is None and len(self.rows) + len(self.notes) == self.n_expected


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
        Rows move between pages while one reads: doubles are dropped, and a count that does not
        agree is told by ``is_stable``.
    """
    listing, number, n_seen = Listing(), 1, 0
    while True:
        paging = {"PageNumber": str(number), "PageSize": str(PAGE_SIZE)}
        params = paging if ACTIONS[action].is_paged else {}
        page = await caller.ask(action, place, params, partial(decode_page, action=action))
        if isinstance(page, Failure):
            listing.failure = page
            return listing
        _add(listing, page, action)
        n_seen += len(page.rows) + len(page.notes)
        if _is_last(page, n_seen) or not ACTIONS[action].is_paged:
            return listing
        number += 1


def _is_last(page: Page, n_seen: int) -> bool:
    """Whether the count is reached; without a count, whether the page was not full."""
    if page.total_count is None:
        return len(page.rows) < PAGE_SIZE
    return n_seen >= page.total_count or not page.rows


def _add(listing: Listing, page: Page, action: str) -> None:
    for row in page.rows:
        listing.rows.setdefault(getattr(row, _ID_OF[action]), row)
    listing.notes += page.notes
    listing.n_expected = (
        len(listing.rows) + len(listing.notes) if page.total_count is None else page.total_count
    )
