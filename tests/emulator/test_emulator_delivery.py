"""Faults below HTTP for a transport without sockets, and that a real client fares alike."""

from __future__ import annotations

import asyncio
import json
import time

import aiohttp
import pytest
from test_emulator_client import NOW, Signer, signer_of

from vpnframe.cloud.messages import Request, Response
from vpnframe.cloud.transport import Transport
from vpnframe.emulator import RunningEmulator, handle, make_fleet, make_state, serve_in_thread
from vpnframe.emulator.faults import KINDS, FaultyResponse, Wire, deliver, fault

FLEET = make_fleet(connections=3, regions=1)
WIRED = [kind for kind in KINDS.values() if kind.wire != Wire()]
PATIENCE_S = 0.25


def is_whole(body: bytes) -> bool:
    """Say whether a body is the true answer."""
    try:
        return bool(json.loads(body)["Regions"])
    except ValueError:
        return False


def struck(kind: str, *, now: float = NOW) -> Response:
    state = make_state(FLEET)
    state.faults.append(fault(kind, rate=1.0))
    return handle(state, signer_of(state).acs3("DescribeRegions", now=now), now)


@pytest.mark.parametrize(
    ("kind", "error", "after_s"),
    [
        ("reset-before", ConnectionResetError, 0.0),
        ("reset-during-body", ConnectionResetError, 0.0),
        ("close-during-headers", ConnectionAbortedError, 0.0),
        ("content-length-too-long", ConnectionAbortedError, 0.0),
        ("content-length-too-long-open", TimeoutError, 30.0),
        ("content-length-text", ConnectionAbortedError, 0.0),
        ("chunked-cut", ConnectionAbortedError, 0.0),
        ("gzip-mislabelled", ConnectionAbortedError, 0.0),
        ("status-line-garbage", ConnectionAbortedError, 0.0),
        ("hang", TimeoutError, 30.0),
        ("hang-during-body", TimeoutError, 30.0),
        ("endless-headers", TimeoutError, 30.0),
        ("endless-body", TimeoutError, 30.0),
    ],
)
def test_delivery_without_a_socket(kind: str, error: type[OSError], after_s: float) -> None:
    """A transport without sockets learns which error it is to raise, and when."""
    delivery = deliver(struck(kind), timeout_s=30.0)
    assert type(delivery.outcome) is error
    assert str(delivery.outcome) == kind
    assert delivery.after_s == after_s


@pytest.mark.parametrize(
    ("kind", "after_s"),
    [("gzip", 0), ("chunked", 0), ("slow-answer", 0.1), ("slow-headers", 0.1), ("slow-body", 0.1)],
)
def test_delivery_of_a_whole_answer(kind: str, after_s: float) -> None:
    """An answer that comes whole is delivered as it is, perhaps late."""
    delivery = deliver(struck(kind), timeout_s=30.0)
    assert isinstance(delivery.outcome, Response)
    assert is_whole(delivery.outcome.body)
    assert delivery.after_s == pytest.approx(after_s)


def test_delivery_cuts_to_the_announced_length() -> None:
    """Of a body under a length too short, the announced part is delivered."""
    response = struck("content-length-too-short")
    outcome = deliver(response, timeout_s=30.0).outcome
    assert isinstance(outcome, Response)
    assert outcome.body == response.body[: len(response.body) // 2]


def test_delivery_of_what_nothing_struck() -> None:
    """A plain response comes at once."""
    plain = Response(200, {}, b"{}")
    assert deliver(plain, timeout_s=1.0).outcome is plain
    assert deliver(plain, timeout_s=1.0).after_s == 0.0


def outcome_of(error: object) -> str:
    """Put an outcome in one word: answer, timeout or network."""
    if isinstance(error, Response):
        return "answer"
    is_timeout = isinstance(error, TimeoutError) or getattr(error, "is_timeout", False)
    return "timeout" if is_timeout else "network"


def over_a_socket(expected: dict[str, str]) -> dict[str, str]:
    """Ask through the package's own transport, all at once, each struck by another kind."""
    state = make_state(FLEET, quotas=False)
    state.faults += [fault(kind, positions=[at]) for at, kind in enumerate(expected, start=1)]

    async def ask(request: Request, hope: str) -> str:
        # Patient where an answer is to come, so that a busy machine is no failure.
        patience = aiohttp.ClientTimeout(total=PATIENCE_S if hope == "timeout" else 20.0)
        try:
            async with Transport(timeout=patience) as transport:
                return outcome_of(await transport.send(request))
        except Exception as error:  # noqa: BLE001  whatever it is, it is the result
            return outcome_of(error)

    async def ask_all(running: RunningEmulator) -> dict[str, str]:
        signer = Signer(running.access_key_id, running.access_key_secret)
        tasks = []
        for hope in expected.values():
            signed = signer.acs3("DescribeRegions", now=time.time())
            request = Request("POST", f"{running.endpoint}/?{signed.query}", signed.headers)
            tasks.append(asyncio.create_task(ask(request, hope)))
            while len(state.struck) < len(tasks):  # so that the order is the one planned
                await asyncio.sleep(0.001)
        return dict(zip(expected, await asyncio.gather(*tasks), strict=True))

    with serve_in_thread(state) as running:
        return asyncio.run(ask_all(running))


def test_socket_and_delivery_agree() -> None:
    """For every kind below HTTP, a real client and a transport without sockets fare alike."""
    # What lies behind the announced end breaks the answer for a client that reads slowly.
    kinds = [kind.name for kind in WIRED if kind.name != "content-length-too-short"]
    expected = {kind: outcome_of(deliver(struck(kind), timeout_s=30.0).outcome) for kind in kinds}
    assert over_a_socket(expected) == expected
    told = {kind: KINDS[kind].failure or "answer" for kind in kinds}
    assert expected == told


def test_repr_shows_no_body() -> None:
    """A faulty response tells as little as any other one."""
    response = struck("reset-during-body")
    assert isinstance(response, FaultyResponse)
    assert "Regions" not in repr(response)
