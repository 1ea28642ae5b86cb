"""Every kind of fault at the first, middle and last call and at a tenth of all calls.

What was read equals what a run without faults reads, or whatever differs is accounted for: by a
failure row of the right kind, or where the kind says that it shows. In virtual time.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product

import msgspec
import pytest
from helpers import DeliveringSend, ManualClock, caller_of, crawl_account, keys_of, run_virtual

from vpnframe.cloud.actions import ACTIONS, RECORD_TABLES, REGION_LISTS
from vpnframe.emulator import State, make_fleet, make_state
from vpnframe.emulator.faults import KINDS, FaultPlan, Kind, fault
from vpnframe.inventory.flattening import make_tables
from vpnframe.model.records import (
    Connection,
    Coverage,
    Disagreement,
    Failure,
    Gateway,
    Records,
    RouteEntry,
    Vpc,
)

FLEET = make_fleet(connections=14, regions=2, seed=5)
IS_LONG = int(os.environ.get("VPNFRAME_EXAMPLES", "100")) > 100
PLACES = ("first", "middle", "last", "a tenth")
DEADLINE_S = 3600.0
Key = tuple[str | None, str]
Thing = Connection | Gateway | Vpc | frozenset[RouteEntry]


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small fleet has listings of several pages, too."""
    monkeypatch.setattr("vpnframe.fetching.listing.PAGE_SIZE", 4)


@dataclass(frozen=True)
class Ran:
    """A crawl under faults: what it gave, when it ended, and the emulator after it."""

    state: State
    records: Records
    end_s: float


def ran(*plans: FaultPlan, deadline_s: float = DEADLINE_S) -> Ran:
    state, manual = make_state(FLEET), ManualClock()
    state.faults += plans
    caller = caller_of(
        DeliveringSend(state, manual),
        manual,
        provider=keys_of(state),
        run_deadline=deadline_s,
        jitter=lambda: 0.5,
    )

    async def main() -> Ran:
        records = await crawl_account(caller)
        return Ran(state, records, asyncio.get_running_loop().time())

    return run_virtual(main())


@dataclass(frozen=True)
class Read:
    """What of a crawl must not depend on faults: everything but times and request ids."""

    rows: dict[Key, Thing]
    disagreements: Counter[Disagreement]
    failures: Counter[Failure]
    coverage: dict[str | None, Coverage]


def read_of(records: Records) -> Read:
    same = msgspec.structs.replace
    rows: dict[Key, Thing] = {
        (c.region_id, c.vpn_connection_id): same(c, fetched_ms=None, request_id=None)
        for c in records.connections
    }
    for action in REGION_LISTS:
        for one in getattr(records, action.table, ()) if action.table in RECORD_TABLES else ():
            rows[one.region_id, getattr(one, action.record_id)] = one
    leading: dict[Key, set[RouteEntry]] = {}
    for route in records.routes:
        here = leading.setdefault((route.region_id, route.destination_cidr), set())
        here.add(same(route, fetched_ms=None))
    rows |= {key: frozenset(routes) for key, routes in leading.items()}
    return Read(
        rows,
        Counter(records.disagreements),
        Counter(same(f, at_ms=None, request_id=None) for f in records.failures),
        {c.region_id: same(c, n_calls=0, n_throttled=0, elapsed_s=0.0) for c in records.coverage},
    )


@cache
def undisturbed() -> Read:
    return read_of(ran().records)


def differing(found: Read) -> set[Key]:
    """The rows that are not as without faults."""
    base = undisturbed()
    ids = {key for key in base.rows | found.rows if base.rows.get(key) != found.rows.get(key)}
    strange = (found.disagreements - base.disagreements) + (
        base.disagreements - found.disagreements
    )
    return ids | {(one.region_id, one.vpn_connection_id) for one in strange}


def is_told(key: Key, found: Read, failures: Counter[Failure]) -> bool:
    """Whether a failure row accounts for a row: its own, its region's or the account's."""
    region_id, row_id = key
    ids: set[str | None] = {None, row_id}
    for row in (found.rows.get(key), undisturbed().rows.get(key)):
        # What the cloud announces leads into no connection, and is listed under one all the same.
        for route in row if isinstance(row, frozenset) else ():
            ids |= {route.vpn_connection_id, route.next_hop}
    return any(
        failure.region_id in (None, region_id) and failure.vpn_connection_id in ids
        for failure in failures
    )


def without_keys(row: Thing | None) -> object:
    if not isinstance(row, Connection):
        return row
    tunnels = tuple(msgspec.structs.replace(t, psk_state="absent") for t in row.tunnels)
    return msgspec.structs.replace(row, tunnels=tunnels)


def is_shown(key: Key, kind: Kind, run: Ran, found: Read) -> bool:
    """Whether a difference shows where the kind says that it does."""
    here, base = found.coverage.get(key[0]), undisturbed().rows.get(key)
    if kind.shows_in == "tunnels.psk_state":
        return without_keys(found.rows.get(key)) == without_keys(base)
    # What the fault itself deleted or created is no gap; everything else must be marked.
    if key[1] in (*run.state.created_ids, *run.state.deleted_ids):
        return True
    return kind.shows_in == "coverage.is_stable" and here is not None and not here.is_stable


def problems_of(kind: Kind, run: Ran) -> Iterator[str]:
    """Everything that a run under a fault of this kind did wrong."""
    found, base = read_of(run.records), undisturbed()
    failures = found.failures - base.failures
    if run.end_s > DEADLINE_S:
        yield f"ended after {run.end_s} s"
    if not run.state.struck:
        yield "was not struck"
    # A connection that drifts away after it was listed is gone.
    wrong = {f.kind for f in failures} - {kind.failure, "gone" if run.state.deleted_ids else ""}
    if wrong:
        yield f"has failures of kind {wrong}"
    silent = [
        key
        for key in differing(found)
        if not is_told(key, found, failures) and not is_shown(key, kind, run, found)
    ]
    if silent:
        yield f"differs silently in {silent[:3]}"
    if found.coverage != base.coverage and not failures and kind.shows_in is None:
        yield f"coverage differs silently: {found.coverage}"
    if found != base:
        make_tables(run.records)


@cache
def n_matching(name: str, action: str | None) -> int:
    """How many calls of a run a fault of this kind could strike."""
    plan = fault(name, positions=[10**9], action=action)
    return ran(plan).state.n_matched[plan]


def plan_at(place: str, name: str, action: str | None = None) -> FaultPlan:
    n_calls = n_matching(name, action)
    if place != "a tenth":
        at = {"first": 1, "middle": (n_calls + 1) // 2, "last": n_calls}[place]
        return fault(name, positions=[at], action=action)
    numbers = range(1, n_calls + 1)
    plans = (fault(name, rate=0.1, seed=seed, action=action) for seed in range(1000))
    return next(plan for plan in plans if any(map(plan.strikes, numbers)))


def tried(place: str, action: str | None = None) -> tuple[int, list[str]]:
    """Try every kind that can happen; give how many, and what went wrong."""
    n_tried, wrong = 0, []
    for name, kind in KINDS.items():
        if action is not None and kind.actions and action not in kind.actions:
            continue
        if n_matching(name, action) == 0:  # a listing of one page cannot drift
            continue
        n_tried += 1
        run = ran(plan_at(place, name, action))
        wrong += [f"{name} at {place}: {problem}" for problem in problems_of(kind, run)]
    return n_tried, wrong


@pytest.mark.proof
@pytest.mark.parametrize(
    "place", [pytest.param(p, marks=pytest.mark.slow if p != "a tenth" else ()) for p in PLACES]
)
def test_no_fault_leaves_a_silent_gap(place: str, capsys: pytest.CaptureFixture[str]) -> None:
    """All kinds, among all calls of a crawl."""
    n_tried, wrong = tried(place)
    with capsys.disabled():
        print(f"\n{n_tried} kinds of fault at {place} of all calls: {len(wrong)} problems")
    assert wrong == []
    assert n_tried == len(KINDS)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("action", "place"),
    list(product(ACTIONS, PLACES)) if IS_LONG else [("DescribeVpnConnections", "first")],
)
def test_no_fault_of_one_call_leaves_a_silent_gap(
    action: str, place: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """All kinds that can happen to an action, among the calls of that action."""
    n_tried, wrong = tried(place, action)
    with capsys.disabled():
        print(f"\n{n_tried} kinds at {place} of {action}: {len(wrong)} problems")
    assert wrong == []
    assert n_tried > 100


@pytest.mark.parametrize("name", ["hang", "endless-body", "retry-after-hour", "throttling-400"])
@pytest.mark.parametrize("deadline_s", [5.0, 100.0])
def test_faults_without_end_keep_the_deadline(name: str, deadline_s: float) -> None:
    """Where half of all calls wait in vain, the run still ends in time, and says what it lacks."""
    run = ran(fault(name, rate=0.5), deadline_s=deadline_s)
    assert run.end_s <= deadline_s
    assert {f.kind for f in run.records.failures} <= {"timeout", KINDS[name].failure}
    assert any(row.status != "complete" for row in run.records.coverage)


def test_the_matrix_notices_a_lost_row() -> None:
    """A positive control: one connection less, and nobody says so."""
    run = ran(fault("slow-body", positions=[1]))
    spoiled = msgspec.structs.replace(run.records, connections=run.records.connections[1:])
    problems = list(problems_of(KINDS["slow-body"], Ran(run.state, spoiled, 0.0)))
    assert len(problems) == 1
    assert "differs silently" in problems[0]
