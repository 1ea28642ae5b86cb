"""What a crawl will take, and how that stays honest while it runs."""

from __future__ import annotations

import io
import logging
from typing import Any

import pytest
from helpers import FakeSend, caller_of

import vpnframe as vf
from vpnframe import schema
from vpnframe.emulator import make_fleet, make_state, serve_in_thread
from vpnframe.emulator.faults import fault
from vpnframe.fetching.call_counts import Estimate, list_calls, seconds_until_done
from vpnframe.fetching.caller import Place
from vpnframe.fetching.crawl import AccountCrawl, FleetCrawl, Plan
from vpnframe.fetching.events import (
    ConnectionRead,
    ConnectionsFound,
    EstimateMade,
    Event,
    RegionRead,
    RegionsFound,
    RouteListRead,
    RouteListsFound,
    Throttled,
    ignore,
    sentence,
)
from vpnframe.fetching.listing import Listing
from vpnframe.fetching.progress import Progress, ProgressBar, duration
from vpnframe.fetching.regions import RegionCrawl
from vpnframe.fetching.routes import RegionRoutes
from vpnframe.model.records import Coverage, Region


def region(n: int, *, allowed: int = 15, **changes: Any) -> Estimate:
    place = {"account_id": "1", "region_id": "cn-shanghai", "status": "complete"} | changes
    return Estimate(n_connections=n, n_downloads=n, calls={}, allowed=allowed, **place)


@pytest.mark.parametrize(
    ("n", "seconds", "wait"), [(0, 0, 0), (15, 0, 0), (16, 60, 60), (150, 540, 60)]
)
def test_windows_are_waited_for_but_the_last(n: int, seconds: float, wait: float) -> None:
    """As the quota allows: one share of downloads in each window."""
    assert (region(n).downloads_s, region(n).longest_wait_s) == (seconds, wait)


def test_regions_run_beside_each_other() -> None:
    """The slowest says when all is done."""
    assert seconds_until_done([region(16), region(100), region(0)]) == 360
    assert seconds_until_done([]) == 0


def listing_of(n: int) -> Listing:
    listing = Listing(n_expected=n)
    for number in range(n):
        listing.put(f"id-{number}", Region(region_id="cn-shanghai"))
    return listing


def listed(n: int) -> AccountCrawl:
    """An account with one region of so many connections, and one that is skipped."""
    caller = caller_of(FakeSend([]), share=0.5, account_id="1")
    caller.tallies["cn-shanghai"].n_calls = 10
    here = RegionCrawl(caller, Place("https://vpc.test", "cn-shanghai"), ignore, elapsed_s=2.0)
    n_rows = {
        "DescribeVpnGateways": 1,
        "DescribeVpnConnections": n,
        "DescribeVpnAttachments": n,
        "DescribeCustomerGateways": 0,
    }
    here.listings = {action: listing_of(n) for action, n in n_rows.items()}
    here.connection_ids = [f"id-{number}" for number in range(n)]
    here.routes = RegionRoutes(caller, here.place, {})
    here.routes.n_calls["DescribeVpnPbrRouteEntries"] = 3
    skipped = Coverage(status="skipped", account_id="1", region_id="me-central-1")
    return AccountCrawl(caller, Plan(downloads="5%"), regions=[here], coverage=[skipped])


def test_calls_are_counted_from_what_the_lists_say() -> None:
    """A page is read once, several twice; a region that is not asked takes none."""
    skipped, here = FleetCrawl([listed(120)]).estimates()
    assert here.calls == {
        "DescribeVpnPbrRouteEntries": 3,
        "DescribeVpnGateways": 1,
        "DescribeVpnConnections": 6,
        "DescribeVpnAttachments": 6,
        "DescribeCustomerGateways": 1,
        "DownloadVpnConnectionConfig": 6,
    }
    assert (here.account_id, here.region_id, here.n_connections) == ("1", "cn-shanghai", 120)
    assert (here.allowed, here.latency_s, here.n_list_calls, here.lists_s) == (15, 0.2, 10, 2.0)
    assert (skipped.calls, skipped.downloads_s) == ({}, 0)
    assert [list_calls(n) for n in (0, 50, 51)] == [1, 1, 4]


@pytest.mark.parametrize(
    ("n_done", "elapsed_s", "left_s"),
    [
        (0, 0.0, 180.0),
        (15, 0.5, 179.5),
        (15, 30.0, 150.0),
        (45, 170.0, 10.0),
        (60, 181.0, 0.0),
        (15, 120.0, 240.0),  # twice as slow as planned: so will the rest be
    ],
)
def test_the_time_left_goes_by_plan_and_by_what_was_seen(
    n_done: int, elapsed_s: float, left_s: float
) -> None:
    """On time it counts down; behind it grows."""
    assert region(60).seconds_left(n_done, elapsed_s) == pytest.approx(left_s)


def test_without_windows_the_time_left_goes_by_the_pace() -> None:
    """Nothing but answers takes time then."""
    assert region(10).seconds_left(5, 3.0) == 3.0
    assert region(10, latency_s=0.2).seconds_left(0, 0.1) == 0.2


def test_the_estimate_holds_for_a_real_crawl() -> None:
    """Three windows of a fifth of a second, measured against what was promised."""
    quotas = {"DownloadVpnConnectionConfig": vf.Limit(20, per_s=0.2)}
    told: list[Event] = []
    with serve_in_thread(make_state(make_fleet(connections=40, regions=1), quotas=False)) as cloud:
        inventory = vf.fetch(
            endpoint=cloud.endpoint,
            credentials=vf.Credentials(cloud.access_key_id, cloud.access_key_secret),
            settings=vf.FetchSettings(quotas=quotas),
            on_event=told.append,
        )
    (made,) = [event for event in told if isinstance(event, EstimateMade)]
    promised = made.estimates[0].lists_s + made.estimates[0].downloads_s
    assert promised >= 0.6
    assert 0.6 <= inventory.coverage["elapsed_s"].iloc[0] < promised + 2


def test_plan_downloads_nothing_and_gives_its_table() -> None:
    """Connections, calls by action, the wait, the time, and what the lists took."""
    state = make_state(make_fleet(connections=90, regions=2), quotas=False)
    with serve_in_thread(state) as cloud:
        keys = vf.Credentials(cloud.access_key_id, cloud.access_key_secret)
        table = vf.plan(endpoint=cloud.endpoint, credentials=keys)
    schema.validate("plan", table)
    fleet = state.fleet.connections
    n_loose = sum(c.attach_type == "NO_ASSOCIATED" for c in fleet)
    assert n_loose > 0
    assert (table["n_connections"].sum(), table["n_downloads"].sum()) == (90, 90 - n_loose)
    assert not [key for key in state.calls if key[2].startswith("Download")]
    n_lists = sum(n for key, n in state.calls.items() if key[1])
    assert table["n_list_calls"].sum() == n_lists
    for row in table.itertuples():
        assert f"DownloadVpnConnectionConfig={row.n_downloads}" in row.calls.split(",")
        by_action = sum(int(call.partition("=")[2]) for call in row.calls.split(","))
        assert by_action == row.n_list_calls + row.n_downloads


def test_plan_names_the_permissions_that_are_refused(caplog: pytest.LogCaptureFixture) -> None:
    """Its table shows a status alone; the log says what is missing."""
    state = make_state(make_fleet(connections=9, regions=1), quotas=False)
    for action in ("DescribeVpcs", "DescribeVpnAttachments"):
        state.faults.append(fault("forbidden-subuser", rate=1, action=action))
    with serve_in_thread(state) as cloud:
        keys = vf.Credentials(cloud.access_key_id, cloud.access_key_secret)
        table = vf.plan(endpoint=cloud.endpoint, credentials=keys)
    assert set(table["status"]) == {"partial"}
    assert "refused: vpc:DescribeVpcs, vpc:DescribeVpnAttachments; " in caplog.text


STORY: list[Event] = [
    RegionsFound(2, account_id="1"),
    EstimateMade((region(60), region(4, region_id="eu-central-1"))),
    ConnectionsFound("cn-shanghai", 60, account_id="1"),
    ConnectionRead("cn-shanghai", True, account_id="1"),
    Throttled(3, account_id="1"),
    RegionRead("eu-central-1", "complete", account_id="1"),
]


def test_progress_says_regions_throttled_and_the_time_left() -> None:
    """By the clock it is given."""
    now = [100.0]
    progress = Progress(clock=lambda: now[0])
    for event in [*STORY, *[ConnectionRead("cn-shanghai", True, account_id="1")] * 14]:
        progress.take(event)
    now[0] = 110.0
    assert progress.sentence() == "region 1 of 2, 3 throttled, 2 min 50 s left"


def test_the_bar_shows_it_on_a_terminal() -> None:
    """With connections read of those to read."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    stream = Terminal()
    with ProgressBar(stream, clock=lambda: 0.0) as bar:
        for event in STORY:
            bar(event)
    assert "region 1 of 2, 3 throttled, 3 min 0 s left: 1/60 connections" in stream.getvalue()


def test_progress_says_how_many_lists_of_routes_are_left() -> None:
    """Of a large fleet they take minutes before the first download."""
    progress = Progress(clock=lambda: 0.0)
    for event in (
        RegionsFound(2, account_id="1"),
        RouteListsFound("cn-shanghai", 1200, account_id="1"),
    ):
        progress.take(event)
    progress.take(RouteListRead("cn-shanghai", account_id="1"))
    assert progress.sentence() == "region 0 of 2, routes 1 of 1,200"
    for _ in range(1199):
        progress.take(RouteListRead("cn-shanghai", account_id="1"))
    assert progress.sentence() == "region 0 of 2"


def test_every_event_has_a_sentence() -> None:
    """For the log."""
    routes = (
        RouteListsFound("cn-shanghai", 12, account_id="1"),
        RouteListRead("cn-shanghai", account_id="1"),
    )
    assert [sentence(event) for event in (*routes, *STORY)] == [
        "account 1: cn-shanghai has 12 lists of routes",
        "account 1: cn-shanghai: a list of routes was read",
        "account 1: 2 regions to read",
        "the lists are read; 64 downloads will take about 180 s",
        "account 1: cn-shanghai has 60 configurations to download",
        "account 1: cn-shanghai: a configuration was read",
        "account 1: 3 calls were throttled",
        "account 1: eu-central-1 is complete",
    ]


def test_the_events_go_to_the_log_and_throttled_calls_are_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """At INFO; as many as coverage counts."""
    caplog.set_level(logging.INFO, "vpnframe")
    told: list[Event] = []
    state = make_state(make_fleet(connections=12, regions=1), quota_window_s=0.2, quotas={
        "DownloadVpnConnectionConfig": 4
    }, has_retry_after=True)  # fmt: skip
    with serve_in_thread(state) as cloud:
        inventory = vf.fetch(
            endpoint=cloud.endpoint,
            credentials=vf.Credentials(cloud.access_key_id, cloud.access_key_secret),
            settings=vf.FetchSettings(quotas={"DownloadVpnConnectionConfig": vf.Limit(16, 0.2)}),
            on_event=told.append,
        )
    n_told = sum(event.n_calls for event in told if isinstance(event, Throttled))
    assert n_told == inventory.coverage["n_throttled"].sum() > 0
    assert "calls were throttled" in caplog.text
    assert all(sentence(event) in caplog.messages for event in told)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (41.6, "42 s"),
        (59.6, "1 min 0 s"),
        (754, "12 min 34 s"),
        (3599.9, "1 h 0 min"),
        (7300, "2 h 1 min"),
    ],
)
def test_durations_are_for_people(seconds: float, text: str) -> None:
    """Rounded before the units are chosen."""
    assert duration(seconds) == text
