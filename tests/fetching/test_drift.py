"""Listings that change while they are read, against a server that remembers all its states."""

from __future__ import annotations

import os
import random
from collections.abc import Iterable
from dataclasses import dataclass, field

import pytest
from helpers import Answer, FakeSend, caller_of, params_of, response, run_virtual

from vpnframe.cloud.messages import Request
from vpnframe.fetching.caller import Place
from vpnframe.fetching.listing import ListCall, Listing
from vpnframe.model.records import Gateway

pytestmark = pytest.mark.proof
PLACE = Place("https://vpc.test", "cn-shanghai")
PAGE_SIZE = 5
# Of each rate of change.
N_LISTINGS = min(2 * int(os.environ.get("VPNFRAME_EXAMPLES", "100")), 2_000)


@dataclass
class DriftingServer:
    """Pages of rows; between two calls some are deleted and some created, anywhere.

    Parameters
    ----------
    chance : random.Random
        Decides everything.
    rate : float
        How likely a change is before each page.

    Attributes
    ----------
    states : list of frozenset of str
        Every set of ids that there was.
    """

    chance: random.Random
    rate: float
    ids: list[str] = field(default_factory=list)
    states: list[frozenset[str]] = field(default_factory=list)
    n_made: int = 0

    def __post_init__(self) -> None:
        for _ in range(self.chance.randrange(26)):
            self.create()
        self.states = [frozenset(self.ids)]

    def create(self) -> None:
        """Put a new row in front, behind, or somewhere between."""
        self.n_made += 1
        at = self.chance.choice([0, len(self.ids), self.chance.randint(0, len(self.ids))])
        self.ids.insert(at, f"cgw-{self.n_made}")

    def drift(self) -> None:
        """Change what there is; each step is a state of its own."""
        while self.chance.random() < self.rate:
            if self.ids and self.chance.random() < 0.5:
                self.ids.pop(self.chance.randrange(len(self.ids)))
            else:
                self.create()
            self.states.append(frozenset(self.ids))

    def answer(self, request: Request) -> Answer:
        """Give one page of what there is now."""
        self.drift()
        start = (int(params_of(request)["PageNumber"]) - 1) * PAGE_SIZE
        rows = [{"CustomerGatewayId": i} for i in self.ids[start : start + PAGE_SIZE]]
        return response(
            {"TotalCount": len(self.ids), "CustomerGateways": {"CustomerGateway": rows}}
        )


def listed(server: DriftingServer) -> Listing:
    send = FakeSend(server.answer)
    return run_virtual(ListCall(caller_of(send), "DescribeCustomerGateways", PLACE).fetch())


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many pages of few rows."""
    monkeypatch.setattr("vpnframe.fetching.listing.PAGE_SIZE", PAGE_SIZE)


def drifting(rates: Iterable[float]) -> Iterable[tuple[DriftingServer, Listing]]:
    """Listings of seeded servers, from calm to wild."""
    for seed in range(N_LISTINGS):
        for rate in rates:
            server = DriftingServer(random.Random(f"{seed}/{rate}"), rate)
            yield server, listed(server)


def test_every_listing_that_never_was_is_marked(capsys: pytest.CaptureFixture[str]) -> None:
    """Stable ones equal a state that the server had meanwhile; nothing else is called stable."""
    n_stable = n_never = n_all = 0
    for server, listing in drifting([0.03, 0.1, 0.3]):
        is_true = frozenset(listing.rows.ids()) in server.states
        assert is_true or not listing.is_stable
        ids = [
            row.gateway_id
            for part in listing.rows.parts()
            for row in part.values()
            if isinstance(row, Gateway)
        ]
        assert len(set(ids)) == len(ids) == len(listing.rows)
        n_all, n_never, n_stable = n_all + 1, n_never + (not is_true), n_stable + listing.is_stable
    with capsys.disabled():
        print(f"\n{n_all} drifting listings: {n_stable} stable, {n_never} never were, all marked")
    assert n_stable > n_all // 10
    assert n_never > n_all // 20


def test_listings_that_do_not_drift_are_stable() -> None:
    """A quiet server is read whole, and never called unstable."""
    for server, listing in drifting([0.0]):
        assert (set(listing.rows.ids()), listing.is_stable) == (set(server.ids), True)


def test_every_row_that_stayed_is_read_or_told() -> None:
    """A row that was there all the time is missing from marked listings alone."""
    for server, listing in drifting([0.1]):
        stayed = frozenset.intersection(*server.states)
        assert stayed <= set(listing.rows.ids()) or not listing.is_stable
