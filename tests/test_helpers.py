"""The shared test helpers themselves."""

from __future__ import annotations

import asyncio
import time

import pytest
from helpers import (
    FakeSend,
    ManualClock,
    by_action,
    each_once,
    error_response,
    leaks,
    params_of,
    response,
    run_virtual,
)

from vpnframe.cloud.messages import Request
from vpnframe.errors import VpnframeError


def request(action: str = "DescribeRegions", query: str = "") -> Request:
    return Request("POST", f"https://vpc.test/?{query}", {"x-acs-action": action})


def test_an_hour_of_virtual_time_takes_no_time() -> None:
    """Sleeping advances the loop's clock and nothing else."""

    async def main() -> float:
        await asyncio.gather(asyncio.sleep(3600), asyncio.sleep(60))
        return asyncio.get_running_loop().time()

    started = time.monotonic()
    assert run_virtual(main()) == pytest.approx(3600)
    assert time.monotonic() - started < 60


def test_virtual_sleepers_wake_in_the_order_of_their_times() -> None:
    """The virtual clock passes through every timer on its way."""
    woken: list[tuple[str, float]] = []

    async def sleeper(name: str, seconds: float) -> None:
        await asyncio.sleep(seconds)
        woken.append((name, asyncio.get_running_loop().time()))

    async def main() -> None:
        await asyncio.gather(sleeper("late", 9.0), sleeper("early", 1.0))

    run_virtual(main())
    assert [name for name, _ in woken] == ["early", "late"]
    assert [at for _, at in woken] == pytest.approx([1.0, 9.0])


def test_a_thread_can_wake_a_virtual_loop() -> None:
    """Work in a thread is waited for in real time."""

    async def main() -> int:
        return await asyncio.to_thread(lambda: 42)

    assert run_virtual(main()) == 42


def test_manual_clock_moves_the_time_of_day_with_the_seconds() -> None:
    """Both of a crawl's clocks show the same passing of time."""
    manual = ManualClock()

    async def main() -> float:
        before = manual.clock.utc_now()
        await manual.clock.sleep(90)
        return (manual.clock.utc_now() - before).total_seconds()

    assert run_virtual(main()) == pytest.approx(90)
    assert manual.slept == [90]


def test_fake_send_uses_up_its_list_and_raises_exceptions() -> None:
    """A scripted failure is raised, a scripted response returned, in order."""
    send = FakeSend([OSError("no"), response({"a": 1})], latency_s=2.0)

    async def main() -> bytes:
        with pytest.raises(OSError, match="no"):
            await send(request())
        return (await send(request())).body

    assert run_virtual(main()) == b'{"a": 1}'
    assert send.times == pytest.approx([0.0, 2.0])


def test_fake_send_answers_by_action() -> None:
    """A mapping of actions may hold responses and callables."""
    handler = by_action(
        {"A": response("a"), "B": lambda asked: response(params_of(asked)["PageNumber"])}
    )
    send = FakeSend(handler)

    async def main() -> list[bytes]:
        asked = (request("A"), request("B", "PageNumber=7&x=%E4%B8%AD"))
        return [(await send(one)).body for one in asked]

    assert run_virtual(main()) == [b"a", b"7"]
    assert send.actions == ["A", "B"]


def test_error_response_carries_code_and_headers() -> None:
    """Header names come from keyword names."""
    made = error_response("Throttling.User", 400, x_acs_retry_after="500")
    assert made.headers == {"x-acs-retry-after": "500"}
    assert b'"Code": "Throttling.User"' in made.body


def test_leaks_finds_a_frame_of_ours_that_holds_the_secret() -> None:
    """A traceback printed with its locals would show it."""
    ours = {"__name__": "vpnframe.made_up", "VpnframeError": VpnframeError}
    exec("def f():\n    key = 'canary'\n    raise VpnframeError('no')", ours)  # noqa: S102
    with pytest.raises(VpnframeError) as caught:
        ours["f"]()  # type: ignore[operator]
    assert leaks(caught.value, "canary") == ["f"]
    assert leaks(caught.value, "another") == []


def test_leaks_finds_a_message_that_shows_the_secret() -> None:
    """The error itself comes first."""
    assert leaks(VpnframeError("canary"), "canary") == ["error"]


def test_each_value_is_tried_once_without_the_slow_ones() -> None:
    """And every combination with them."""
    params = each_once("ab", "xyz")
    quick = [p.values for p in params if not p.marks]
    assert quick == [("a", "x"), ("a", "z"), ("b", "y")]
    assert {p.values for p in params} == {(a, b) for a in "ab" for b in "xyz"}
