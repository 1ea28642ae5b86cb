"""A service that is down: few requests, an end in time, and everything told."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest
from helpers import (
    DeliveringSend,
    ManualClock,
    action_of,
    caller_of,
    crawl_account,
    keys_of,
    run_virtual,
    slow_after,
)

from vpnframe.cloud.messages import Request, Response
from vpnframe.emulator import make_fleet, make_state
from vpnframe.emulator.faults import KINDS, Fault, FaultPlan, fault
from vpnframe.inventory import Inventory
from vpnframe.inventory.flattening import make_tables
from vpnframe.model.records import Records

FLEET = make_fleet(connections=150, regions=3, seed=8)
# Of the others nothing is downloaded.
ATTACHED = {c.vpn_connection_id for c in FLEET.connections if c.attach_type != "NO_ASSOCIATED"}
DOWNLOAD = "DownloadVpnConnectionConfig"
DEADLINE_S = 900.0
# What a client takes for a service that is down; throttling is another matter.
DOWN = [kind.name for kind in KINDS.values() if kind.failure in ("server", "network", "timeout")]


@dataclass(frozen=True)
class Outage:
    """What a crawl made of an outage."""

    records: Records
    n_requests: int
    end_s: float


def crawled(*faults: Fault | FaultPlan, deadline_s: float = DEADLINE_S) -> Outage:
    state, manual = make_state(FLEET, quotas=False), ManualClock()
    state.faults += faults
    send = DeliveringSend(state, manual)
    caller = caller_of(send, manual, provider=keys_of(state), run_deadline=deadline_s)

    async def main() -> tuple[Records, float]:
        records = await crawl_account(caller)
        return records, asyncio.get_running_loop().time()

    records, end_s = run_virtual(main())
    return Outage(records, len(send.requests), end_s)


@pytest.fixture(scope="module")
def n_wanted() -> int:
    """Answers that a whole crawl needs: identity, regions, pages and downloads."""
    return crawled().n_requests


@pytest.mark.parametrize("name", slow_after(8, DOWN))
def test_downloads_that_all_fail_are_not_hammered(name: str, n_wanted: int) -> None:
    """The lists are read, then the service dies: every download is told, few are asked twice."""
    outage = crawled(fault(name, rate=1.0, action=DOWNLOAD))
    assert outage.n_requests <= 1.2 * n_wanted
    assert outage.end_s <= DEADLINE_S
    failures = outage.records.failures
    assert {f.kind for f in failures} <= {KINDS[name].failure, "timeout"}
    assert len({f.vpn_connection_id for f in failures}) == len(failures) == len(ATTACHED)
    assert {(row.status, row.n_read) for row in outage.records.coverage} == {("partial", 0)}


@pytest.mark.parametrize("name", DOWN)
def test_a_service_that_is_down_from_the_first_call(name: str, n_wanted: int) -> None:
    """The account has one coverage row, its calls are told, and that was all."""
    outage = crawled(fault(name, rate=1.0))
    assert outage.n_requests <= min(1.2 * n_wanted, 10)
    assert outage.end_s <= DEADLINE_S
    assert [f.action for f in outage.records.failures] == ["GetCallerIdentity", "DescribeRegions"]
    assert [row.status for row in outage.records.coverage] == ["unreachable"]
    assert not Inventory(**make_tables(outage.records)).is_complete


def test_the_worst_ratio_is_told(n_wanted: int, capsys: pytest.CaptureFixture[str]) -> None:
    """Everything but the account's own two calls fails."""

    def down(request: Request, number: int) -> Response | None:
        is_spared = action_of(request) in ("GetCallerIdentity", "DescribeRegions")
        return None if is_spared else Response(503, {}, b"")

    after_lists = crawled(fault("plain-500", rate=1.0, action=DOWNLOAD)).n_requests
    regions = crawled(down)
    with capsys.disabled():
        ratio = after_lists / n_wanted
        print(f"\n{after_lists} requests for {n_wanted} wanted answers, all failing: {ratio:.3f}")
    assert regions.n_requests <= 1.2 * n_wanted
    assert {row.status for row in regions.records.coverage} == {"unreachable"}


@pytest.mark.parametrize("deadline_s", [10.0, 70.0])
@pytest.mark.parametrize("name", ["hang", "plain-500", "throttling-503"])
def test_the_run_ends_at_its_deadline(name: str, deadline_s: float) -> None:
    """What was not asked by then is told all the same; nothing is sent afterwards."""
    outage = crawled(fault(name, rate=1.0, action=DOWNLOAD), deadline_s=deadline_s)
    assert outage.end_s <= deadline_s
    told = {f.vpn_connection_id for f in outage.records.failures}
    assert told == ATTACHED


def test_nothing_is_sent_after_the_deadline() -> None:
    """A run whose time is over asks nothing at all."""
    outage = crawled(deadline_s=0.0)
    assert outage.n_requests == 0
    assert {f.kind for f in outage.records.failures} == {"timeout"}
