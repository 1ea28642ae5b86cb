"""One region: lists, downloads, coverage, and what became of what failed."""

from __future__ import annotations

from typing import Any

import pytest
from helpers import (
    Answer,
    Handler,
    ManualClock,
    action_of,
    caller_of,
    crawl,
    emulated,
    error_response,
    keys_of,
    params_of,
    response,
    run_virtual,
)

from vpnframe.cloud.messages import Request
from vpnframe.emulator import make_fleet, make_state
from vpnframe.emulator.faults import fault as strike
from vpnframe.errors import TransportError
from vpnframe.fetching.crawl import AccountCrawl, FleetCrawl, Plan
from vpnframe.fetching.events import ConnectionRead, ConnectionsFound, Event
from vpnframe.model.records import Coverage, Records

FLEET = make_fleet(connections=60, regions=1, seed=3)
REGION = FLEET.regions[0].region_id
LOOSE = {c.vpn_connection_id for c in FLEET.connections if c.attach_type == "NO_ASSOCIATED"}
N = len(FLEET.connections) - len(LOOSE)  # that have something to download
FIRST, SECOND = sorted({c.vpn_connection_id for c in FLEET.connections} - LOOSE)[:2]
DOWNLOAD = "DownloadVpnConnectionConfig"


def crawled(fault: Handler | None = None, **plan: Any) -> Records:
    return crawl(make_state(FLEET, quotas=False), fault=fault, plan=Plan(**plan))


def on_call(answer: Answer, *actions: str, times: int = 10**6, **params: str) -> Handler:
    """A fault for some actions with some parameters, for the first so many requests."""
    left = [times]

    def fault(request: Request) -> Any:
        asked = params_of(request)
        is_one = action_of(request) in actions and params.items() <= asked.items()
        if not is_one or left[0] == 0:
            return None
        left[0] -= 1
        return answer

    return fault


def coverage_of(records: Records) -> Coverage:
    (coverage,) = records.coverage
    return coverage


LISTS = (
    "DescribeVpnGateways",
    "DescribeVpnConnections",
    "DescribeVpnAttachments",
    "DescribeCustomerGateways",
)


def test_a_complete_region_counts_what_it_did() -> None:
    """One download per attached connection, a call per page of 50, and several pages twice."""
    coverage = coverage_of(crawled(routes=False))
    assert (coverage.status, coverage.n_expected, coverage.n_read, coverage.n_failed) == (
        "complete",
        N,
        N,
        0,
    )
    assert coverage.n_unattached == len(LOOSE) > 0
    assert N + 4 < coverage.n_calls <= N + 10
    assert (coverage.n_throttled, coverage.is_stable) == (0, True)


def test_without_downloads_the_list_rows_are_enough() -> None:
    """The same sides and algorithms, a hundredth of the calls."""
    full, quick = crawled(), crawled(downloads="none", routes=False)
    assert coverage_of(quick).status == "complete"
    assert coverage_of(quick).n_calls <= 10
    assert [(c.vpc_subnets, c.onprem_subnets) for c in quick.connections] == [
        (c.vpc_subnets, c.onprem_subnets) for c in full.connections
    ]
    assert [t.phases for c in quick.connections for t in c.tunnels] == [
        t.phases for c in full.connections for t in c.tunnels
    ]
    assert {c.witnesses for c in quick.connections} == {"describe"}
    assert all(c.request_id for c in quick.connections)


def test_a_connection_that_went_away_stays_from_its_list_row() -> None:
    """No list shows it then: a failure of kind gone, and the region is not complete."""
    state = make_state(FLEET, quotas=False)
    state.faults.append(strike("connection-gone", positions=[1]))
    records = crawl(state)
    (deleted,) = state.deleted_ids
    (failure,) = records.failures
    assert (failure.kind, failure.vpn_connection_id) == ("gone", deleted)
    assert len(records.connections) == 60
    witnesses = {c.vpn_connection_id: c.witnesses for c in records.connections}
    assert witnesses[deleted] == "describe"
    coverage = coverage_of(records)
    assert (coverage.status, coverage.n_read, coverage.n_failed) == ("partial", N - 1, 1)


def test_a_connection_that_is_not_found_though_it_is_listed_is_unavailable() -> None:
    """A 404 about what the list, asked again for it alone, still shows."""
    missing = error_response("InvalidVpnConnectionInstanceId.NotFound", 404)
    records = crawled(on_call(missing, DOWNLOAD, VpnConnectionId=FIRST))
    (failure,) = records.failures
    assert (failure.kind, failure.vpn_connection_id) == ("unavailable", FIRST)
    assert failure.message.endswith("; DescribeVpnConnections still shows it")
    coverage = coverage_of(records)
    assert (coverage.status, coverage.n_read, coverage.n_failed) == ("partial", N - 1, 1)


def test_what_cannot_be_looked_up_again_is_not_called_gone() -> None:
    """The same run listed it, and nothing says that it went away."""
    missing = error_response("InvalidVpnConnectionInstanceId.NotFound", 404)
    refused = error_response("Forbidden.RAM", 403)
    faults = [
        on_call(missing, DOWNLOAD, VpnConnectionId=FIRST),
        on_call(refused, "DescribeVpnConnections", VpnConnectionId=FIRST),
    ]
    (failure,) = crawled(lambda request: faults[0](request) or faults[1](request)).failures
    assert failure.kind == "unavailable"
    assert failure.message.endswith("failed, so it is not known whether it still shows it")


@pytest.mark.parametrize(
    "trouble",
    [
        error_response("Throttling.User", 429),
        error_response("Throttling.Api", 503),
        error_response("Throttling.User", 200),
        error_response("SystemBusy", 500),
        response("<html><body>502</body></html>", 502),
        response('{"RequestId":"0C6', 200),
    ],
    ids=["429", "503", "200 with a code", "busy", "html", "truncated"],
)
@pytest.mark.parametrize("action", [*LISTS, DOWNLOAD])
def test_trouble_that_passes_leaves_no_trace(action: str, trouble: Answer) -> None:
    """Every call recovers from two bad answers; only the count of throttled calls tells."""
    records = crawled(on_call(trouble, action, times=2))
    coverage = coverage_of(records)
    assert (coverage.status, records.failures) == ("complete", ())
    is_throttled = b"Throttling" in getattr(trouble, "body", b"")
    assert coverage.n_throttled == (2 if is_throttled else 0)


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (error_response("Forbbiden.SubUser", 403), "denied"),
        (error_response("SignatureDoesNotMatch", 400), "denied"),
        (error_response("InternalError", 500), "unreachable"),
        (error_response("Throttling.User", 400), "unreachable"),
        (response("<html></html>", 200), "unreachable"),
        (TransportError("no", is_timeout=True), "unreachable"),
    ],
    ids=["denied", "wrong key", "server", "throttled", "html", "timeout"],
)
def test_a_region_of_which_nothing_was_read(answer: Answer, status: str) -> None:
    """All lists fail: the region is not partial, it was not read at all."""
    records = crawled(on_call(answer, *LISTS))
    coverage = coverage_of(records)
    assert (coverage.status, coverage.n_read, records.connections) == (status, 0, ())
    assert records.failures


@pytest.mark.parametrize("action", LISTS)
def test_one_list_that_is_denied_costs_that_list_alone(action: str) -> None:
    """The other lists and the downloads are read, and the region is partial."""
    records = crawled(on_call(error_response("Forbidden.RAM", 403), action))
    assert coverage_of(records).status == "partial"
    assert [f.action for f in records.failures] == [action]
    if action == "DescribeVpnConnections":
        assert 0 < len(records.connections) < 60  # those on a transit router
    else:
        assert len(records.connections) == 60


def test_a_list_that_breaks_off_keeps_its_first_page() -> None:
    """Fifty connections are read; what the cloud counted beyond is told as failed."""
    fault = on_call(error_response("Forbidden.RAM", 403), "DescribeVpnConnections", PageNumber="2")
    records = crawled(fault)
    coverage = coverage_of(records)
    n_loose = sum(c.vpn_connection_id in LOOSE for c in records.connections)
    assert (coverage.status, coverage.n_expected) == ("partial", 60 - n_loose)
    assert coverage.n_read + n_loose == len(records.connections) >= 50


def test_gateways_that_break_off_keep_the_rest_of_the_region() -> None:
    """A network fault on the second page is no dead region."""
    rows = [{"VpnGatewayId": f"vpn-{n}"} for n in range(50)]
    first = response({"TotalCount": 51, "VpnGateways": {"VpnGateway": rows}})
    action = "DescribeVpnGateways"
    begins = on_call(first, action, PageNumber="1")
    breaks = on_call(TransportError("no"), action, PageNumber="2")
    records = crawled(lambda request: begins(request) or breaks(request))
    assert coverage_of(records).status == "partial"
    assert len(records.connections) == 60


def test_a_bad_row_costs_no_other() -> None:
    """A row without an id is a failure row; every other connection is read."""
    rows = [{"Name": "nameless"}, {"VpnConnectionId": FIRST, "LocalSubnet": "10.0.0.0/8"}]
    page = response({"TotalCount": 2, "VpnConnections": {"VpnConnection": rows}})
    nothing = response({"TotalCount": 0, "VpnAttachments": []})
    connections = on_call(page, "DescribeVpnConnections")
    attachments = on_call(nothing, "DescribeVpnAttachments")
    records = crawled(lambda request: connections(request) or attachments(request))
    assert [c.vpn_connection_id for c in records.connections] == [FIRST]
    assert any("VpnConnectionId" in f.message and "missing" in f.message for f in records.failures)
    coverage = coverage_of(records)
    assert (coverage.status, coverage.n_expected, coverage.n_failed) == ("partial", 2, 1)


def test_events_add_up() -> None:
    """As many downloads are told as were announced, each with its outcome."""
    told: list[Event] = []
    gone = error_response("InvalidVpnConnectionInstanceId.NotFound", 404)
    crawled(on_call(gone, DOWNLOAD, VpnConnectionId=FIRST), on_event=told.append)
    read = [event.is_read for event in told if isinstance(event, ConnectionRead)]
    assert [e.n_connections for e in told if isinstance(e, ConnectionsFound)] == [N]
    assert (len(read), read.count(False)) == (N, 1)


def test_failures_of_a_region_are_sorted_and_complete() -> None:
    """Two dead downloads are two rows, in the order of their ids, with account and region."""
    gone = error_response("InvalidVpnConnectionInstanceId.NotFound", 404)
    faults = [on_call(gone, DOWNLOAD, VpnConnectionId=i) for i in (FIRST, SECOND)]
    records = crawled(lambda request: faults[0](request) or faults[1](request))
    assert [f.vpn_connection_id for f in records.failures] == sorted([FIRST, SECOND])
    assert {f.region_id for f in records.failures} == {REGION}
    assert {f.account_id for f in records.failures} == {FLEET.accounts[0].account_id}


def test_gateways_fewer_than_counted_are_told() -> None:
    """No call fails, and yet 20 of 70 gateways were never shown."""
    rows = [{"VpnGatewayId": f"vpn-{n}"} for n in range(50)]
    few = response({"TotalCount": 70, "VpnGateways": {"VpnGateway": rows}})
    records = crawled(on_call(few, "DescribeVpnGateways"))
    assert coverage_of(records).status == "partial"
    told = [f.message for f in records.failures if f.action == "DescribeVpnGateways"]
    assert told == ["the cloud counts 70 rows, but returned 50"]


def test_the_parts_of_a_crawl_are_small_and_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """What stands as objects at a time is bounded; together they are everything, by id."""
    monkeypatch.setattr("vpnframe.fetching.packed._BLOCK", 4)
    monkeypatch.setattr("vpnframe.fetching.packed._PART", 10)
    state = make_state(FLEET, quotas=False)
    manual = ManualClock()
    caller = caller_of(emulated(state, manual), manual, provider=keys_of(state))
    fleet = FleetCrawl([AccountCrawl(caller, Plan())])

    async def run() -> None:
        await fleet.list_all()
        await fleet.download()

    run_virtual(run())
    kept, taken = list(fleet.parts()), list(fleet.parts(release=True))
    assert taken == kept
    assert [part for part in fleet.parts() if part.connections or part.gateways] == []
    found = [[c.vpn_connection_id for c in part.connections] for part in kept]
    assert max(map(len, found)) < 10 + 4
    every_id = sorted(c.vpn_connection_id for c in FLEET.connections)
    assert [i for ids in found for i in ids] == every_id
