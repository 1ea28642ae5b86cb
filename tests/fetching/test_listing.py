"""Whole listings, page by page."""

from __future__ import annotations

from typing import Any

import pytest
from helpers import Answer, FakeSend, caller_of, error_response, params_of, response, run_virtual

from vpnframe.cloud.messages import Request
from vpnframe.fetching.caller import Place
from vpnframe.fetching.listing import ListCall, Listing

PLACE = Place("https://vpc.test", "cn-shanghai")


def page(ids: Any, total: Any = None) -> Answer:
    """A page of customer gateways; an id of None is a row without one."""
    rows = [{"Name": "x"} if i is None else {"CustomerGatewayId": f"cgw-{i}"} for i in ids]
    body: dict[str, Any] = {"RequestId": "REQ-7", "CustomerGateways": {"CustomerGateway": rows}}
    return response(body if total is None else body | {"TotalCount": total})


def listing_of(*answers: Answer) -> tuple[Listing, FakeSend]:
    send = FakeSend(list(answers))
    found = run_virtual(ListCall(caller_of(send), "DescribeCustomerGateways", PLACE).fetch_pass())
    return found, send


def test_pages_are_asked_for_until_the_count_is_reached() -> None:
    """Pages of 50, numbered from 1, all of one region."""
    listing, send = listing_of(page(range(50), 60), page(range(50, 60), 60))
    assert [params_of(request) for request in send.requests] == [
        {"PageNumber": n, "PageSize": "50", "RegionId": "cn-shanghai"} for n in ("1", "2")
    ]
    assert (len(listing.rows), listing.n_expected, listing.is_stable) == (60, 60, True)


def test_a_full_last_page_costs_no_further_call() -> None:
    """When the count is reached there is nothing to ask for."""
    listing, send = listing_of(page(range(50), 50))
    assert (len(send.requests), listing.is_stable) == (1, True)


def test_doubles_are_dropped_and_do_not_count() -> None:
    """A row that moved to the next page is one row, and the one behind it is still fetched."""
    listing, send = listing_of(page(range(50), 61), page(range(49, 60), 61), page([60], 61))
    assert (len(send.requests), len(listing.rows), listing.is_stable) == (3, 61, True)


def test_a_row_that_cannot_be_found_is_told() -> None:
    """After doubles, an empty page ends the listing, and the count does not agree."""
    listing, _ = listing_of(page(range(50), 60), page(range(49, 59), 60), page([], 60))
    assert (len(listing.rows), listing.n_expected, listing.is_stable) == (59, 60, False)


@pytest.mark.parametrize(("later", "n_rows"), [(55, 55), (62, 62)], ids=["shrinks", "grows"])
def test_the_last_count_is_what_there_is(later: int, n_rows: int) -> None:
    """A fleet may change while it is read."""
    listing, _ = listing_of(page(range(50), 60), page(range(50, n_rows), later))
    assert (len(listing.rows), listing.n_expected, listing.is_stable) == (n_rows, later, True)


def test_more_rows_than_counted_are_kept_and_told() -> None:
    """A row deleted after it was read stays."""
    listing, _ = listing_of(page(range(50), 60), page(range(50, 60), 58))
    assert (len(listing.rows), listing.n_expected, listing.is_stable) == (60, 58, False)


def test_without_a_count_only_an_empty_page_is_the_last() -> None:
    """TotalCount may be missing, and a server may give fewer rows a page than asked for."""
    listing, send = listing_of(page(range(20)), page(range(20, 33)), page([]))
    assert (len(send.requests), len(listing.rows), listing.is_stable) == (3, 33, True)


def test_a_page_without_a_count_leaves_that_of_the_others() -> None:
    """Wherever it stands, it neither hides a row that is missing nor casts doubt on the count."""
    first, _ = listing_of(page(range(50)), page(range(50, 60), 60))
    assert (first.n_expected, first.counts, first.is_stable) == (60, {60}, True)
    last, _ = listing_of(page(range(50), 60), page(range(50, 58)), page([]))
    assert (last.n_expected, len(last.rows), last.is_stable) == (60, 58, False)


def test_a_server_that_repeats_a_page_with_an_unreadable_row_ends_the_listing() -> None:
    """What cannot be read is nothing new for ever."""
    listing, send = listing_of(*[page([*range(49), None], 500)] * 20)
    assert len(send.requests) <= 11
    assert not listing.is_stable


@pytest.mark.parametrize("total", [None, -1, "many", 10**9, 10**15])
def test_a_repeated_page_with_an_unreadable_row_ends_whatever_the_count(total: Any) -> None:
    """Neither a count that is missing nor one that makes no sense keeps the listing going."""
    listing, send = listing_of(*[page([*range(49), None], total)] * 100)
    assert len(send.requests) <= 11
    assert len(listing.rows) == 49


@pytest.mark.parametrize("total", [-1, "many", 10**15, 1.5, True, [60]])
def test_a_count_that_makes_no_sense_counts_for_nothing(total: Any) -> None:
    """Every page is read until one has nothing new; nothing proves that these are all rows."""
    pages = [page(range(50), total), page(range(50, 60), total), page([], total)]
    listing, send = listing_of(*pages)
    assert (len(send.requests), len(listing.rows), listing.notes) == (3, 60, [])
    assert (listing.n_expected, listing.is_stable, listing.is_whole) == (60, False, False)
    (failure,) = listing.failures("DescribeCustomerGateways", at_ms=1)
    assert (failure.kind, failure.at_ms) == ("malformed", 1)
    assert failure.message.startswith("TotalCount is ")
    assert "makes no sense" in failure.message


def test_a_count_that_makes_no_sense_is_told_of_all_passes() -> None:
    """One whose first pass alone had such a count, too."""
    odd, good = [page(range(3), -1), page([], -1)], [page(range(3), 3)]
    listing, send = listed(*odd, *odd, *good)
    assert (len(send.requests), len(listing.rows), listing.is_whole) == (5, 3, False)


def test_a_count_below_a_full_page_does_not_end_the_listing() -> None:
    """A zero where nothing was counted: what stands behind the page is read all the same."""
    listing, send = listing_of(page(range(50), 0), page(range(50, 60), 0))
    assert (len(send.requests), len(listing.rows), listing.is_stable) == (2, 60, False)


@pytest.mark.parametrize("total", [None, 500])
def test_a_server_that_repeats_its_page_ends_the_listing(total: int | None) -> None:
    """A page with nothing new is the last, whatever the count says."""
    listing, send = listing_of(*[page(range(50), total)] * 3)
    assert (len(send.requests), len(listing.rows)) == (2, 50)
    assert listing.is_stable is (total is None)


def test_an_empty_fleet_is_one_call() -> None:
    """No rows, no count to reach."""
    listing, send = listing_of(page([], 0))
    assert (len(send.requests), len(listing.rows), listing.is_stable) == (1, 0, True)


def test_a_failure_in_the_middle_keeps_what_was_read() -> None:
    """The first page stays, and the failure is told."""
    listing, _ = listing_of(page(range(50), 60), error_response("Forbidden.RAM", 403))
    assert (len(listing.rows), listing.n_expected, listing.is_stable) == (50, 60, False)
    assert listing.failure is not None
    assert (listing.failure.kind, listing.failure.code) == ("denied", "Forbidden.RAM")


def test_a_row_without_an_id_is_a_note() -> None:
    """It costs no other row, counts as come, and the next page is still read."""
    listing, send = listing_of(page([*range(49), None], 51), page([50], 51))
    assert (len(send.requests), len(listing.rows), len(listing.notes)) == (2, 50, 1)
    assert listing.is_stable


def test_a_page_of_unreadable_rows_is_not_the_end() -> None:
    """What follows is still read."""
    listing, _ = listing_of(page([None] * 50, 51), page([50], 51))
    assert (list(listing.rows.ids()), len(listing.notes)) == (["cgw-50"], 50)


def test_regions_come_in_one_answer() -> None:
    """DescribeRegions takes no page and no region."""
    send = FakeSend([response({"Regions": {"Region": [{"RegionId": "cn-beijing"}]}})])
    listing = run_virtual(
        ListCall(caller_of(send), "DescribeRegions", Place("https://vpc.test")).fetch()
    )
    assert params_of(send.requests[0]) == {}
    assert (list(listing.rows.ids()), listing.is_stable) == (["cn-beijing"], True)


def test_list_rows_carry_the_request_id() -> None:
    """A connection read from its row alone can still be asked about in a support ticket."""

    def answer(request: Request) -> Answer:
        rows = [{"VpnConnectionId": "vco-1"}]
        return response(
            {"RequestId": "R-1", "TotalCount": 1, "VpnConnections": {"VpnConnection": rows}}
        )

    listing = run_virtual(
        ListCall(caller_of(FakeSend(answer)), "DescribeVpnConnections", PLACE).fetch()
    )
    (part,) = listing.rows.parts()
    assert getattr(part["vco-1"], "request_id", None) == "R-1"


def listed(*answers: Answer) -> tuple[Listing, FakeSend]:
    send = FakeSend(list(answers))
    found = run_virtual(ListCall(caller_of(send), "DescribeCustomerGateways", PLACE).fetch())
    return found, send


def test_one_page_is_read_once() -> None:
    """A listing of one page cannot shift while it is read."""
    listing, send = listed(page(range(3), 3))
    assert (len(send.requests), listing.is_stable) == (1, True)


def test_two_passes_that_agree_are_stable() -> None:
    """Several pages are read twice."""
    two = [page(range(50), 60), page(range(50, 60), 60)]
    listing, send = listed(*two, *two)
    assert (len(send.requests), len(listing.rows), listing.is_stable) == (4, 60, True)


def test_a_row_hidden_between_pages_is_found_by_another_pass() -> None:
    """Deleted on page 1, created on page 2: every count agrees, and one row was never shown."""
    first = [page(range(50), 60), page(range(51, 61), 60)]
    later = [page(range(1, 51), 60), page(range(51, 61), 60)]
    listing, send = listed(*first, *later, *later)
    assert (len(send.requests), sorted(listing.rows.ids()), listing.is_stable) == (
        6,
        sorted(f"cgw-{i}" for i in range(1, 61)),
        True,
    )


def test_three_passes_that_differ_keep_every_row_and_say_so() -> None:
    """Nothing is lost; the listing is marked."""
    passes = [[page(range(50), 51), page([50 + n], 51)] for n in range(3)]
    listing, _ = listed(*passes[0], *passes[1], *passes[2])
    assert (len(listing.rows), listing.is_stable, listing.failure) == (53, False, None)


def test_an_empty_page_that_counts_rows_is_asked_for_again() -> None:
    """It is no answer: an emptied block must not look like an empty fleet."""
    listing, send = listing_of(page([], 3), page(range(3), 3))
    assert (len(send.requests), len(listing.rows), listing.is_stable) == (2, 3, True)


def test_a_page_that_stays_empty_is_told() -> None:
    """After the last attempt it is a failure, and not an empty fleet."""
    listing, _ = listing_of(*[page([], 3)] * 5)
    assert listing.failure is not None
    assert (listing.failure.kind, listing.is_stable) == ("malformed", False)
    assert listing.failure.message == "page 1 is empty, though the cloud counts 3 rows"


def test_an_account_without_regions_is_no_answer() -> None:
    """Every account has regions: the answer is asked for again."""
    empty = response({"Regions": None})
    good = response({"Regions": {"Region": [{"RegionId": "cn-beijing"}]}})
    caller = caller_of(FakeSend([empty, good]))
    listing = run_virtual(ListCall(caller, "DescribeRegions", Place("https://vpc.test")).fetch())
    assert list(listing.rows.ids()) == ["cn-beijing"]


def test_fewer_rows_than_counted_are_read_again() -> None:
    """One page is no proof when it does not hold what it counts."""
    whole = page(range(3), 3)
    listing, send = listed(page(range(2), 3), page([], 3), whole, whole)
    assert (len(send.requests), len(listing.rows), listing.is_stable) == (4, 3, True)


def test_a_count_that_changes_between_pages_is_no_proof() -> None:
    """Two passes alike do not count when the pages of one disagree on how many there are."""
    shifting = [page(range(50), 61), page(range(50, 60), 60)]
    steady = [page(range(50), 60), page(range(50, 60), 60)]
    listing, send = listed(*shifting, *steady, *steady)
    assert (len(send.requests), len(listing.rows), listing.is_stable) == (6, 60, True)


def test_a_pass_that_fails_after_a_whole_one_is_told() -> None:
    """No row is missing, nothing confirms that, and the reason is kept."""
    two = [page(range(50), 60), page(range(50, 60), 60)]
    listing, _ = listed(*two, error_response("Forbidden.RAM", 403))
    assert (len(listing.rows), listing.failure, listing.is_stable) == (60, None, False)
    assert listing.doubt is not None
    assert listing.doubt.kind == "denied"
